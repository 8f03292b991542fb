//! Controls as numbers: indicators of levels and of missing values, rare levels put together.

use std::collections::BTreeMap;

use equipoise_data::MISSING;
use equipoise_kernels::boost::{Binned, BoostColumn, BoostError};

use super::rows::Values;

/// Rows below which a level of a control is put together with the other rare ones.
const RARE: usize = 10;

/// Controls in the forms that learners want.
pub(super) struct Design {
    /// Names of the columns.
    pub(super) names: Vec<String>,
    /// The control each column was made of.
    pub(super) sources: Vec<String>,
    /// The columns; no missing values.
    pub(super) columns: Vec<Vec<f64>>,
    /// What was done to the controls.
    pub(super) made: Made,
}

/// What people should know of how controls were encoded.
#[derive(Default)]
pub(super) struct Made {
    /// Controls with rare levels put together, and how many.
    pub(super) rare: Vec<(String, usize)>,
    /// Controls whose missing values became an indicator or a level, and how many rows.
    pub(super) missing: Vec<(String, usize)>,
    /// Controls without variation.
    pub(super) constant: Vec<String>,
}

impl Design {
    /// Encodes the named controls. `max_levels` is the largest number of columns out of one control.
    pub(super) fn over(names: &[String], columns: &BTreeMap<String, Values>, max_levels: usize) -> Self {
        let mut design = Self { names: Vec::new(), sources: Vec::new(), columns: Vec::new(), made: Made::default() };
        for name in names {
            let before = design.columns.len();
            match columns.get(name) {
                Some(Values::Numbers(x)) => design.numbers(name, x),
                Some(Values::Names(codes, levels)) => design.names(name, codes, levels, max_levels),
                None => {}
            }
            if design.columns.len() == before {
                design.made.constant.push(name.clone());
            }
        }
        design
    }

    /// The columns as slices.
    pub(super) fn views(&self) -> Vec<&[f64]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    fn push(&mut self, source: &str, name: String, column: Vec<f64>) {
        let mut rest = column.iter();
        let first = rest.next().copied().unwrap_or(0.0);
        if rest.any(|x| (x - first).abs() > 0.0) {
            self.names.push(name);
            self.sources.push(source.to_owned());
            self.columns.push(column);
        }
    }

    fn numbers(&mut self, name: &str, x: &[f64]) {
        let known: Vec<f64> = x.iter().copied().filter(|x| x.is_finite()).collect();
        let n_missing = x.len() - known.len();
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let mean = if known.is_empty() { 0.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        self.push(name, name.to_owned(), x.iter().map(|x| if x.is_finite() { *x } else { mean }).collect());
        if n_missing > 0 {
            self.made.missing.push((name.to_owned(), n_missing));
            let flags = x.iter().map(|x| if x.is_finite() { 0.0 } else { 1.0 }).collect();
            self.push(name, format!("{name} is missing"), flags);
        }
    }

    fn names(&mut self, name: &str, codes: &[u32], levels: &[String], max_levels: usize) {
        let mut counts = vec![0_usize; levels.len()];
        let mut n_missing = 0;
        for code in codes {
            match counts.get_mut(*code as usize) {
                Some(n) => *n += 1,
                None => n_missing += 1,
            }
        }
        if n_missing > 0 {
            self.made.missing.push((name.to_owned(), n_missing));
        }
        // The most frequent first (then by name): it is what the others are compared with.
        let mut order: Vec<(usize, &String, u32)> = Vec::new();
        for (code, (n, level)) in counts.iter().zip(levels).enumerate() {
            if *n > 0 {
                order.push((*n, level, u32::try_from(code).unwrap_or(MISSING)));
            }
        }
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let kept = order.iter().take(max_levels).take_while(|(n, ..)| *n >= RARE).count().max(1);
        let rare: Vec<u32> = order.iter().skip(kept).map(|(.., code)| *code).collect();
        if !rare.is_empty() {
            self.made.rare.push((name.to_owned(), rare.len()));
        }
        for (_, level, code) in order.iter().take(kept).skip(1) {
            let column = codes.iter().map(|c| f64::from(u8::from(c == code))).collect();
            self.push(name, format!("{name} = {level}"), column);
        }
        if !rare.is_empty() {
            let column = codes.iter().map(|c| f64::from(u8::from(rare.contains(c)))).collect();
            self.push(name, format!("{name} is rare"), column);
        }
        if n_missing > 0 {
            let column = codes.iter().map(|c| f64::from(u8::from(*c as usize >= levels.len()))).collect();
            self.push(name, format!("{name} is missing"), column);
        }
    }
}

/// Controls as bytes for trees, with missing values and names as they are.
pub(super) fn binned(names: &[String], columns: &BTreeMap<String, Values>) -> Result<Binned, BoostError> {
    let views: Vec<BoostColumn<'_>> = names
        .iter()
        .filter_map(|name| columns.get(name))
        .map(|values| match values {
            Values::Numbers(x) => BoostColumn::Number(x),
            Values::Names(codes, levels) => BoostColumn::Codes { codes, n_levels: levels.len() },
        })
        .collect();
    Binned::new(&views, 255)
}
