//! How much a single column tells of the target: what is too good to be true may leak it.

use equipoise_document::Missing;
use equipoise_kernels::{Confidence, Ends, Tally, logit_interval, normal_interval, wilson};

use super::answer::Given;
use super::counts::{Counted, TargetSums};

/// The area under the ROC curve of the numbers themselves as a score of the last of two labels, ties half, with DeLong's
/// variance over the cells and an interval symmetric on the logit (Wilson's at 0 and 1). Above one half however the
/// column is turned: `max(A, 1 − A)`.
///
/// Rows in the same gap between two points count as ties, which moves the area towards one half by at most half their share.
pub(super) fn area(counted: &Counted, confidence: Confidence) -> (Given, bool) {
    let n_values = counted.n_cells().saturating_sub(1);
    let both = |label: usize| (0..n_values).map(move |cell| counted.at(cell, label));
    let negatives: Tally = both(0).sum();
    let positives: Tally = both(1).sum();
    let n: Tally = [negatives, positives].into_iter().sum();
    let absent = |why| (Given { value: Err(why), ends: None, method: "", n }, false);
    if n.n == 0 {
        return absent(Missing::Empty);
    }
    if positives.w <= 0.0 {
        return absent(Missing::NoPositives);
    }
    if negatives.w <= 0.0 {
        return absent(Missing::NoNegatives);
    }
    let mut below = 0.0;
    let mut wins = 0.0;
    for (neg, pos) in both(0).zip(both(1)) {
        wins += pos.w * (below + 0.5 * neg.w);
        below += neg.w;
    }
    let area = wins / (positives.w * negatives.w);
    let (mut below_n, mut below_p) = (0.0, 0.0);
    let (mut of_p, mut of_n) = (0.0, 0.0);
    for (neg, pos) in both(0).zip(both(1)) {
        let placed = (below_n + 0.5 * neg.w) / negatives.w - area;
        of_p += pos.ww * placed * placed;
        let placed = (positives.w - below_p - 0.5 * pos.w) / positives.w - area;
        of_n += neg.ww * placed * placed;
        below_n += neg.w;
        below_p += pos.w;
    }
    let unbiased = |t: Tally| t.n_effective().filter(|n| *n > 1.0).map_or(1.0, |n| n / (n - 1.0));
    let variance = unbiased(positives) * of_p / (positives.w * positives.w)
        + unbiased(negatives) * of_n / (negatives.w * negatives.w);
    let is_falling = area < 0.5;
    let value = if is_falling { 1.0 - area } else { area };
    let se = variance.sqrt();
    let (ends, method) = match logit_interval(value, se, confidence).filter(|_| se > 0.0) {
        Some(ends) => (Some(ends), "delong_logit"),
        None => {
            let least = positives.n_effective().zip(negatives.n_effective()).map(|(p, n)| p.min(n));
            (least.and_then(|n| wilson(value, n, confidence)), "wilson")
        }
    };
    (Given { value: Ok(value), ends, method, n }, is_falling)
}

/// Share of what is to be known of the labels that the column tells, each row foretold by the other rows only.
///
/// With `n_cy` the rows of cell `c` with label `y` and `q_y` the share of the label among all rows:
///
/// ```text
/// p(y given c, without the row) = (n_cy − 1 + q_y) / (n_c − 1 + 1)
/// information = Σ rows ln( p / q_y ) / Σ rows −ln q_y
/// ```
///
/// It is Theil's uncertainty coefficient `I(X;Y)/H(Y)` cross-validated: a column with a value of its own for every row tells
/// nothing (0), where the plain coefficient is 1. Counts are scaled to the effective number of rows. The interval is the mean
/// log ratio's, ± z standard errors. Groups of cells for numbers, values for names; missing values are a cell.
pub(super) fn information(cells: &[Vec<Tally>], confidence: Confidence) -> Given {
    let n: Tally = cells.iter().flatten().copied().sum();
    let absent = |why| Given { value: Err(why), ends: None, method: "", n };
    let (Some(effective), true) = (n.n_effective(), n.w > 0.0) else {
        return absent(if n.n == 0 { Missing::Empty } else { Missing::ZeroWeight });
    };
    let n_labels = cells.first().map_or(0, Vec::len);
    let of_label = |y: usize| cells.iter().filter_map(|c| c.get(y)).copied().sum::<Tally>();
    let shares: Vec<f64> = (0..n_labels).map(|y| of_label(y).w / n.w).collect();
    let entropy: f64 = shares.iter().filter(|q| **q > 0.0).map(|q| -q * libm::log(*q)).sum();
    if entropy <= 0.0 {
        return absent(Missing::OneClass);
    }
    let scale = effective / n.w;
    let (mut sum, mut of_squares, mut first) = (0.0, 0.0, 0.0);
    for cell in cells {
        let whole: f64 = cell.iter().map(|t| t.w).sum::<f64>() * scale;
        for (t, q) in cell.iter().zip(&shares).filter(|(t, _)| t.w > 0.0) {
            let p = ((t.w * scale - 1.0).max(0.0) + q) / ((whole - 1.0).max(0.0) + 1.0);
            let gain = libm::log(p / q);
            sum += t.w * gain;
            first += t.ww * gain;
            of_squares += t.ww * gain * gain;
        }
    }
    let mean = sum / n.w;
    let variance = (of_squares - 2.0 * mean * first + mean * mean * n.ww).max(0.0) / (n.w * n.w);
    let value = mean / entropy;
    let ends = normal_interval(value, variance.sqrt() / entropy, confidence);
    Given { value: Ok(value), ends: ends.map(|e| Ends { low: e.low, high: e.high.min(1.0) }), method: "influence", n }
}

/// Share of a numeric target's variance that the column tells, each row foretold by the others of its group:
/// `1 − Σ groups n/(n−1)·SS / SS of all` (a group of one row is foretold by the mean of all). Counts are scaled to the
/// effective number of rows. The interval is that of a squared correlation (Olkin & Finn 1995,
/// doi:10.1037/0033-2909.118.1.155): `se = 2·R·(1 − R²)/√n`.
pub(super) fn explained(groups: &[TargetSums], confidence: Confidence) -> Given {
    let n: Tally = groups.iter().map(|g| g.tally).sum();
    let absent = |why| Given { value: Err(why), ends: None, method: "", n };
    let (Some(effective), true) = (n.n_effective(), n.w > 0.0) else {
        return absent(if n.n == 0 { Missing::Empty } else { Missing::ZeroWeight });
    };
    let (first, second) = groups.iter().fold((0.0, 0.0), |(a, b), g| (a + g.first, b + g.second));
    let mean = first / n.w;
    let all = second - n.w * mean * mean;
    if all <= 1e-12 * second.abs() {
        return absent(Missing::NoVariation);
    }
    let scale = effective / n.w;
    let mut left = 0.0;
    for g in groups.iter().filter(|g| g.tally.w > 0.0) {
        let w = g.tally.w;
        let own = (g.second - g.first * g.first / w).max(0.0);
        let rows = w * scale;
        left += if rows > 1.0 + 1e-9 { own * rows / (rows - 1.0) } else { own + w * (g.first / w - mean).powi(2) };
    }
    let value = 1.0 - left / all;
    let r2 = value.clamp(0.0, 1.0);
    let se = 2.0 * r2.sqrt() * (1.0 - r2) / effective.sqrt();
    let ends = normal_interval(value, se, confidence).map(|e| Ends { low: e.low, high: e.high.min(1.0) });
    Given { value: Ok(value), ends: ends.filter(|_| se > 0.0), method: "olkin_finn", n }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(counts: &[[u64; 2]]) -> Vec<Vec<Tally>> {
        counts.iter().map(|c| c.iter().map(|n| Tally::of(*n)).collect()).collect()
    }

    #[test]
    fn information_by_hand() {
        let c = Confidence::at(0.95);
        // Two pure cells of 50: each row is foretold with (49 + ½)/50, so ln(0.99·2)/ln 2.
        let pure = information(&cells(&[[50, 0], [0, 50]]), c).value.unwrap();
        assert!((pure - (0.99_f64 * 2.0).ln() / 2.0_f64.ln()).abs() < 1e-12);
        // A value for every row tells nothing: (0 + ½)/1 is the base rate.
        let own: Vec<[u64; 2]> = (0..100).map(|i| if i % 2 == 0 { [1, 0] } else { [0, 1] }).collect();
        assert!(information(&cells(&own), c).value.unwrap().abs() < 1e-12);
        assert_eq!(information(&cells(&[[5, 0], [7, 0]]), c).value, Err(Missing::OneClass));
    }

    #[test]
    fn explained_by_hand() {
        let group = |values: &[f64]| TargetSums {
            tally: Tally::of(values.len() as u64),
            first: values.iter().sum(),
            second: values.iter().map(|y| y * y).sum(),
        };
        // Groups {1, 3} and {7, 9}: SS within 2 + 2, times 2/(2 − 1) = 8; SS of all 16 + 4 + 4 + 16 = 40.
        let given = explained(&[group(&[1.0, 3.0]), group(&[7.0, 9.0])], Confidence::at(0.95));
        assert!((given.value.unwrap() - (1.0 - 8.0 / 40.0)).abs() < 1e-12);
        // Each row alone: foretold by the mean of all, 0.
        let alone = [1.0, 3.0, 7.0, 9.0].map(|y| group(&[y]));
        assert!(explained(&alone, Confidence::at(0.95)).value.unwrap().abs() < 1e-12);
    }
}
