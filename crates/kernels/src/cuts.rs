//! The best way to cut an ordered run of bins into a few pieces.

/// Rows, weight and weighted loss of one bin, in the order of the values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CutBin {
    /// Number of rows.
    pub rows: u64,
    /// Sum of weights.
    pub weight: f64,
    /// Weighted sum of the loss.
    pub loss: f64,
}

/// Cuts a run of bins into at most `pieces` pieces of at least `min_rows` rows each so that the loss differs as much as
/// possible between pieces: the largest `Σ (Σw·e)²/Σw`, found exactly by dynamic programming (Fisher 1958,
/// doi:10.1080/01621459.1958.10501479), at a cost of `pieces·bins²`. Fewer pieces where more explain nothing.
///
/// The answer is the place of the first bin of each piece but the first.
///
/// ```
/// use equipoise_kernels::{CutBin, best_cuts};
///
/// let bin = |loss: f64| CutBin { rows: 10, weight: 10.0, loss };
/// // Errors of ten rows each: high in the middle.
/// assert_eq!(best_cuts(&[bin(1.0), bin(1.0), bin(7.0), bin(1.0)], 3, 5), [2, 3]);
/// ```
#[must_use]
#[allow(clippy::indexing_slicing, reason = "a dynamic program over tables whose sizes are set two lines above")]
pub fn best_cuts(bins: &[CutBin], pieces: usize, min_rows: u64) -> Vec<usize> {
    let n = bins.len();
    let mut sums = vec![CutBin::default()];
    for bin in bins {
        let last = sums[sums.len() - 1];
        sums.push(CutBin { rows: last.rows + bin.rows, weight: last.weight + bin.weight, loss: last.loss + bin.loss });
    }
    // What bins `i..j` as one piece explain; none when they have too few rows.
    let explained = |i: usize, j: usize| {
        let (a, b) = (sums[i], sums[j]);
        let (weight, loss) = (b.weight - a.weight, b.loss - a.loss);
        let enough = b.rows - a.rows >= min_rows.max(1);
        enough.then(|| if weight > 0.0 { loss * loss / weight } else { 0.0 })
    };
    // best[j]: bins 0..j in the pieces so far; from[k][j]: where the last of k + 1 pieces begins.
    let mut best: Vec<Option<f64>> = (0..=n).map(|j| if j > 0 { explained(0, j) } else { None }).collect();
    let mut from: Vec<Vec<usize>> = vec![vec![0; n + 1]];
    let mut reached = vec![best[n]];
    for _ in 1..pieces.max(1) {
        let mut next = vec![None; n + 1];
        let mut start = vec![0; n + 1];
        for j in 1..=n {
            for i in 1..j {
                if let (Some(head), Some(tail)) = (best[i], explained(i, j)) {
                    let value = head + tail;
                    if next[j].is_none_or(|best| value > best) {
                        (next[j], start[j]) = (Some(value), i);
                    }
                }
            }
        }
        best = next;
        reached.push(best[n]);
        from.push(start);
    }
    // More pieces only where they explain more than rounding.
    let mut chosen = 0;
    for k in 1..reached.len() {
        if let (Some(more), Some(so_far)) = (reached[k], reached[chosen])
            && more > so_far * (1.0 + 1e-12) + 1e-300
        {
            chosen = k;
        }
    }
    let mut cuts = Vec::new();
    let mut end = n;
    for k in (1..=chosen).rev() {
        end = from[k][end];
        cuts.push(end);
    }
    cuts.reverse();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bins(rows: &[(u64, u64)]) -> Vec<CutBin> {
        rows.iter().map(|(n, e)| CutBin { rows: *n, weight: *n as f64, loss: *e as f64 }).collect()
    }

    #[test]
    fn nothing_to_cut() {
        assert!(best_cuts(&[], 5, 1).is_empty());
        assert!(best_cuts(&bins(&[(10, 3)]), 5, 1).is_empty());
        assert!(best_cuts(&bins(&[(10, 3), (10, 3), (20, 6)]), 5, 1).is_empty(), "equal rates need no cut");
        assert!(best_cuts(&bins(&[(10, 0), (10, 9)]), 2, 11).is_empty(), "pieces would be too small");
    }

    proptest! {
        #[test]
        fn no_other_cuts_explain_more(rows in prop::collection::vec((0_u64..9, 0_u64..9), 1..9), pieces in 1_usize..5, min_rows in 1_u64..6) {
            let rows: Vec<(u64, u64)> = rows.into_iter().map(|(n, e)| (n + e, e)).collect();
            let bins = bins(&rows);
            let value = |cuts: &[usize]| -> Option<f64> {
                let edges: Vec<usize> = std::iter::once(0).chain(cuts.iter().copied()).chain([rows.len()]).collect();
                edges.windows(2).map(|w| {
                    let (n, e) = rows[w[0]..w[1]].iter().fold((0, 0), |(n, e), r| (n + r.0, e + r.1));
                    (n >= min_rows && w[0] < w[1]).then(|| (e * e) as f64 / n as f64)
                }).sum()
            };
            let mine = best_cuts(&bins, pieces, min_rows);
            prop_assert!(mine.len() < pieces.max(1));
            let all: Vec<Vec<usize>> = (0_u32..1 << (rows.len() - 1))
                .map(|s| (1..rows.len()).filter(|i| s >> (i - 1) & 1 == 1).collect::<Vec<_>>())
                .filter(|cuts| cuts.len() < pieces)
                .collect();
            let best = all.iter().filter_map(|cuts| value(cuts)).fold(f64::NEG_INFINITY, f64::max);
            if let Some(mine) = value(&mine) {
                prop_assert!((mine - best).abs() < 1e-9);
            } else {
                prop_assert!(best < 0.0);
            }
        }
    }
}
