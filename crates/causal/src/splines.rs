//! Columns bent at quantiles: a linear learner over them fits sums of curves.

/// Knots of one column.
const KNOTS: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
/// A column with fewer different values stays a straight line (and an indicator for each would be a category).
const MIN_DISTINCT: usize = 8;

/// The columns and `max(0, x − knot)` at five quantiles of each that has enough different values.
pub(crate) fn hinges(columns: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = columns.iter().map(|x| x.to_vec()).collect();
    for x in columns {
        let mut sorted = x.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        if distinct.len() < MIN_DISTINCT {
            continue;
        }
        let mut last = f64::NEG_INFINITY;
        for share in KNOTS {
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a place"
            )]
            let place = (share * (sorted.len() - 1) as f64) as usize;
            let knot = sorted.get(place).copied().unwrap_or(last);
            // A knot at the smallest value would be the column again.
            if knot > last && sorted.first().is_some_and(|first| knot > *first) {
                out.push(x.iter().map(|x| (x - knot).max(0.0)).collect());
                last = knot;
            }
        }
    }
    out
}
