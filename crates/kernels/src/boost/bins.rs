//! Columns as bytes: quantile bins of numbers, codes of names.

use super::BoostError;

/// Largest number of bins with values; bin 0 is for missing values.
pub(crate) const MAX_BINS: usize = 255;

/// A column to learn from.
#[derive(Clone, Copy, Debug)]
pub enum BoostColumn<'a> {
    /// Numbers; NaN is missing.
    Number(&'a [f64]),
    /// Names by code below `n_levels`; any other code is missing.
    Codes {
        /// One per row.
        codes: &'a [u32],
        /// Number of names.
        n_levels: usize,
    },
}

/// How a column was cut.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// Bin `b ≥ 1` holds `x ≤ edges[b − 1]` that no bin before it holds; the last bin holds the rest.
    Number { edges: Vec<f64> },
    /// Bin of each code; the rarest names may share one.
    Codes { bin_of: Vec<u8> },
}

/// Columns cut into at most 255 bins and one for missing values: a byte per row and column, and the state that all
/// fits share.
#[derive(Clone, Debug)]
pub struct Binned {
    n_rows: usize,
    cuts: Vec<Cut>,
    /// Bins in use by column, with the one for missing values.
    pub(crate) n_bins: Vec<usize>,
    /// Row by row.
    bytes: Vec<u8>,
}

impl BoostColumn<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Number(x) => x.len(),
            Self::Codes { codes, .. } => codes.len(),
        }
    }
}

impl Binned {
    /// Cuts columns into at most `max_bins` bins (2 to 255) of about as many rows each; a column with no more different
    /// numbers keeps them all.
    ///
    /// # Errors
    /// Without columns, without rows, or for columns of different lengths.
    pub fn new(columns: &[BoostColumn<'_>], max_bins: usize) -> Result<Self, BoostError> {
        let n_rows = columns.first().map_or(0, BoostColumn::len);
        if n_rows == 0 {
            return Err(BoostError::Empty);
        }
        if let Some(column) = columns.iter().position(|c| c.len() != n_rows) {
            let found = columns.get(column).map_or(0, BoostColumn::len);
            return Err(BoostError::Lengths { what: "column", found, expected: n_rows });
        }
        let max_bins = max_bins.clamp(2, MAX_BINS);
        let cuts: Vec<Cut> = columns.iter().map(|c| Cut::of(c, max_bins)).collect();
        let p = columns.len();
        let mut bytes = vec![0_u8; n_rows * p];
        for (j, (column, cut)) in columns.iter().zip(&cuts).enumerate() {
            let places = bytes.iter_mut().skip(j).step_by(p);
            match column {
                BoostColumn::Number(x) => places.zip(*x).for_each(|(to, x)| *to = cut.bin_of_number(*x)),
                BoostColumn::Codes { codes, .. } => places.zip(*codes).for_each(|(to, c)| *to = cut.bin_of_code(*c)),
            }
        }
        let n_bins = cuts.iter().map(Cut::n_bins).collect();
        Ok(Self { n_rows, cuts, n_bins, bytes })
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.cuts.len()
    }

    /// The bins of a row, one byte per column; 0 is a missing value.
    #[inline]
    #[must_use]
    pub fn bytes(&self, row: usize) -> &[u8] {
        self.row(row)
    }

    /// Number of bins of a column, with the one for missing values.
    #[must_use]
    pub fn n_bins_of(&self, column: usize) -> usize {
        self.n_bins.get(column).copied().unwrap_or(0)
    }

    /// Largest number of a bin of a column of numbers; none for its last bin, for missing values and for names.
    #[must_use]
    pub fn upper_edge(&self, column: usize, bin: usize) -> Option<f64> {
        match self.cuts.get(column)? {
            Cut::Number { edges } => edges.get(bin.checked_sub(1)?).copied(),
            Cut::Codes { .. } => None,
        }
    }

    /// The bytes of a row.
    #[inline]
    #[allow(
        clippy::indexing_slicing,
        reason = "hot loop: rows are below the number of rows, checked when a fit starts"
    )]
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        let p = self.cuts.len();
        &self.bytes[row * p..(row + 1) * p]
    }

    pub(crate) fn cut(&self, column: usize) -> Option<&Cut> {
        self.cuts.get(column)
    }
}

impl Cut {
    fn of(column: &BoostColumn<'_>, max_bins: usize) -> Self {
        match column {
            BoostColumn::Number(x) => Self::Number { edges: edges(x, max_bins) },
            BoostColumn::Codes { codes, n_levels } => Self::Codes { bin_of: bins_of_codes(codes, *n_levels, max_bins) },
        }
    }

    fn n_bins(&self) -> usize {
        match self {
            Self::Number { edges } => edges.len() + 2,
            Self::Codes { bin_of } => bin_of.iter().map(|b| usize::from(*b)).max().unwrap_or(0) + 1,
        }
    }

    pub(crate) fn bin_of_number(&self, x: f64) -> u8 {
        match self {
            Self::Number { edges } if !x.is_nan() => {
                u8::try_from(edges.partition_point(|e| *e < x) + 1).unwrap_or(u8::MAX)
            }
            _ => 0,
        }
    }

    pub(crate) fn bin_of_code(&self, code: u32) -> u8 {
        match self {
            Self::Codes { bin_of } => bin_of.get(code as usize).copied().unwrap_or(0),
            Self::Number { .. } => 0,
        }
    }
}

/// Inner edges halfway between neighbouring numbers.
fn edges(x: &[f64], max_bins: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for x in &sorted {
        match distinct.last_mut() {
            #[allow(clippy::float_cmp, reason = "the same number")]
            Some((last, n)) if *last == *x => *n += 1,
            _ => distinct.push((*x, 1)),
        }
    }
    let between = |a: f64, b: f64| {
        let middle = a + 0.5 * (b - a);
        // Neighbouring floats have nothing between them, and infinities no middle.
        if middle.is_finite() && middle < b { middle } else { a }
    };
    if distinct.len() <= max_bins {
        return distinct
            .windows(2)
            .filter_map(|w| if let [a, b] = w { Some(between(a.0, b.0)) } else { None })
            .collect();
    }
    // Fill bins to the mean of what is left; a frequent number gets a bin of its own.
    let mut edges = Vec::with_capacity(max_bins - 1);
    let (mut left, mut held) = (sorted.len(), 0);
    for w in distinct.windows(2) {
        let [(a, n), (b, _)] = w else { continue };
        held += n;
        let bins_left = max_bins - edges.len();
        if bins_left > 1 && held * bins_left >= left {
            edges.push(between(*a, *b));
            left -= held;
            held = 0;
        }
    }
    edges
}

/// Bins 1, 2, … by code; where there are more codes than bins the rarest share the last one.
fn bins_of_codes(codes: &[u32], n_levels: usize, max_bins: usize) -> Vec<u8> {
    let mut counts = vec![0_usize; n_levels];
    for code in codes {
        if let Some(n) = counts.get_mut(*code as usize) {
            *n += 1;
        }
    }
    let mut order: Vec<usize> = (0..n_levels).collect();
    if n_levels > max_bins {
        order.sort_by_key(|code| std::cmp::Reverse(counts.get(*code).copied().unwrap_or(0)));
    }
    let mut bin_of = vec![0_u8; n_levels];
    for (rank, code) in order.into_iter().enumerate() {
        if let Some(bin) = bin_of.get_mut(code) {
            *bin = u8::try_from(rank.min(max_bins - 1) + 1).unwrap_or(u8::MAX);
        }
    }
    bin_of
}
