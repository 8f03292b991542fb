//! How numbers become groups.

use equipoise_document::BinRule;

/// Half-open bins `[a, b)` over the real line, with names that people read.
///
/// ```
/// use equipoise_data::Bins;
///
/// let bins = Bins::from_edges(vec![25.0, 65.0]);
/// assert_eq!(bins.labels(), ["under 25", "25 to under 65", "65 and over"]);
/// assert_eq!(bins.bin(25.0), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// Inner edges, ascending and finite.
    edges: Vec<f64>,
    labels: Vec<String>,
}

impl Bins {
    /// Bins between inner edges; equal or unordered edges are put in order and doubled ones dropped.
    #[must_use]
    pub fn from_edges(mut edges: Vec<f64>) -> Self {
        edges.retain(|e| e.is_finite());
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let labels = match (edges.first(), edges.last()) {
            (Some(first), Some(last)) => {
                let inner = edges
                    .iter()
                    .zip(edges.iter().skip(1))
                    .map(|(a, b)| format!("{} to under {}", short(*a), short(*b)));
                let mut labels = vec![format!("under {}", short(*first))];
                labels.extend(inner);
                labels.push(format!("{} and over", short(*last)));
                labels
            }
            _ => vec!["all".to_owned()],
        };
        Self { edges, labels }
    }

    /// Bins by a rule, over numbers in ascending order (all of them, or a sample).
    ///
    /// Quantiles are of type 7 (linear interpolation), moved to the next number that occurs, so that a bin's edge is a
    /// number of the data. Bins that would stay empty are dropped; as many different numbers as bins, or fewer, get a bin
    /// each.
    #[must_use]
    pub fn by_rule(rule: &BinRule, sorted: &[f64]) -> Self {
        let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
            return Self::from_edges(Vec::new());
        };
        let edges = match rule {
            BinRule::Edges(edges) => return Self::from_edges(edges.clone()),
            BinRule::Widths(n) => (1..*n).map(|i| low + (high - low) * f64::from(i) / f64::from(*n)).collect(),
            BinRule::Quantiles(n) => {
                let at = |share: f64| {
                    #[allow(clippy::cast_precision_loss, reason = "a sample has at most 65,536 numbers")]
                    let place = share * (sorted.len() - 1) as f64;
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ place < len")]
                    let upper = place.ceil() as usize;
                    sorted.get(upper).copied().unwrap_or(high)
                };
                let mut distinct = sorted.to_vec();
                distinct.dedup();
                if distinct.len() <= *n as usize {
                    distinct
                } else {
                    let edges: Vec<f64> = (1..*n).map(|i| at(f64::from(i) / f64::from(*n))).collect();
                    // Where almost all numbers are the smallest, the others are a bin of their own.
                    let is_cut = edges.iter().any(|e| *e > low);
                    if is_cut { edges } else { distinct.into_iter().take(2).collect() }
                }
            }
        };
        Self::from_edges(edges.into_iter().filter(|e| *e > low && *e <= high).collect())
    }

    /// The number of the bin that holds `x`; `x` must not be NaN.
    #[must_use]
    pub fn bin(&self, x: f64) -> usize {
        self.edges.partition_point(|edge| *edge <= x)
    }

    /// The bins of many numbers, appended; a missing number gets the number of bins.
    pub fn bins_of(&self, xs: &[f64], into: &mut Vec<u16>) {
        let missing = u16::try_from(self.labels.len()).unwrap_or(u16::MAX);
        let from = into.len();
        if self.edges.len() > MOST_COMPARED {
            #[allow(clippy::cast_possible_truncation, reason = "there are fewer bins than 65,536")]
            into.extend(xs.iter().map(|x| if x.is_nan() { missing } else { self.bin(*x) as u16 }));
            return;
        }
        into.extend(xs.iter().map(|x| if x.is_nan() { missing } else { 0 }));
        let codes = into.get_mut(from..).unwrap_or_default();
        // One comparison of each number with each edge: no branch, and a missing number is never beyond an edge. As many
        // numbers at a time as stay in the nearest cache.
        for (codes, xs) in codes.chunks_mut(BLOCK).zip(xs.chunks(BLOCK)) {
            for edge in &self.edges {
                for (code, x) in codes.iter_mut().zip(xs) {
                    *code += u16::from(*x >= *edge);
                }
            }
        }
    }

    /// Names of the bins in order.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Inner edges.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }
}

/// Numbers that are compared with all edges before the next ones.
const BLOCK: usize = 1_024;

/// Edges up to which comparing with each is faster than searching.
const MOST_COMPARED: usize = 24;

/// A number in at most six significant digits, without trailing zeros.
fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let magnitude = x.abs().log10().floor();
    if !(-5.0..=14.0).contains(&magnitude) {
        return format!("{x:.5e}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 11")]
    let decimals = (5.0 - magnitude).clamp(0.0, 11.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_edges_are_numbers_that_occur() {
        let bins = Bins::by_rule(&BinRule::Quantiles(4), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        // Type 7 places 1.75, 3.5, 5.25 → the numbers at positions 2, 4, 6.
        assert_eq!(bins.edges(), [3.0, 5.0, 7.0]);
        assert_eq!([1.0, 3.0, 4.9, 8.0].map(|x| bins.bin(x)), [0, 1, 1, 3]);
    }

    #[test]
    fn many_equal_numbers_give_fewer_bins() {
        let bins = Bins::by_rule(&BinRule::Quantiles(4), &[0.0, 0.0, 0.0, 0.0, 0.0, 9.0]);
        assert_eq!(bins.labels(), ["under 9", "9 and over"]);
        let mostly_zero: Vec<f64> = std::iter::repeat_n(0.0, 90).chain((1..=10).map(f64::from)).collect();
        assert_eq!(Bins::by_rule(&BinRule::Quantiles(4), &mostly_zero).labels(), ["under 1", "1 and over"]);
        assert_eq!(Bins::by_rule(&BinRule::Quantiles(4), &[5.0, 5.0]).labels(), ["all"]);
    }

    #[test]
    fn names_are_short() {
        assert_eq!(short(12_345.678_9), "12345.7");
        assert_eq!(short(0.000_123_4), "0.0001234");
        assert_eq!(short(-2.5), "-2.5");
        assert_eq!(short(500_000.0), "500000");
    }

    proptest::proptest! {
        #[test]
        fn many_numbers_fall_where_each_falls(n in 0_usize..60, xs in proptest::collection::vec(-2.0..2.0_f64, 0..50)) {
            let edges: Vec<f64> = (0..n).map(|i| i as f64 / 30.0 - 1.0).collect();
            let bins = Bins::from_edges(edges.clone());
            let mut asked = xs;
            asked.extend(edges);
            asked.extend([f64::INFINITY, f64::NEG_INFINITY]);
            let mut found = vec![7];
            bins.bins_of(&asked, &mut found);
            let expected: Vec<u16> = asked.iter().map(|x| bins.bin(*x) as u16).collect();
            proptest::prop_assert_eq!(&found[1..], expected);
            found.clear();
            bins.bins_of(&[f64::NAN], &mut found);
            proptest::prop_assert_eq!(found, vec![bins.labels().len() as u16]);
        }
    }
}
