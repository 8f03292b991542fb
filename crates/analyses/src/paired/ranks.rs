//! Numbers of the order of scores and of bins of probabilities, each with the influence of every row on it.

use equipoise_kernels::{Placements, Undefined, ratio};

use super::influence::Influence;
use super::scored::Scored;

/// Bins of the calibration errors of either section, and whether a bin holds its right edge.
const BINS_OF_PERFORMANCE: (u32, bool) = (15, true);
const BINS_OF_FAIRNESS: (u32, bool) = (10, false);
/// Share of the highest scores whose lift is compared.
const LIFT_SHARE: f64 = 0.1;
/// Share of the rows on either side of a cut that tell how many are positive there.
const NEIGHBOURHOOD: f64 = 0.025;

/// The number of this name; none when it is not known or does not exist for these rows.
pub(super) fn of(section: &str, metric: &str, rows: &Scored) -> Option<Influence> {
    match (section, metric) {
        (_, "roc_auc") => area(rows),
        (_, "gini") => {
            let area = area(rows)?;
            let twice = area.rows.into_iter().map(|x| 2.0 * x).collect();
            Some(Influence { value: 2.0 * area.value - 1.0, rows: twice, is_mean: false })
        }
        (_, "ks_statistic") => kolmogorov_smirnov(rows),
        (_, "lift") => lift(rows),
        ("fairness", "expected_calibration_error") => calibration(rows, BINS_OF_FAIRNESS, false),
        (_, "expected_calibration_error") => calibration(rows, BINS_OF_PERFORMANCE, false),
        (_, "maximum_calibration_error") => calibration(rows, BINS_OF_PERFORMANCE, true),
        _ => None,
    }
}

/// The area under the ROC curve: a row's placement value `v` (DeLong, DeLong & Clarke-Pearson 1988) has the influence
/// `(v − area) / share of its class`.
fn area(rows: &Scored) -> Option<Influence> {
    let is_positive = rows.is_positive();
    let placements = Placements::of(&is_positive, &rows.probability, rows.weight.as_deref()).ok()?;
    let [negative, positive] = weights(rows);
    let total = negative + positive;
    let influence = |(v, y): (&f64, &bool)| (v - placements.area()) * total / if *y { positive } else { negative };
    let influences = placements.values().iter().zip(&is_positive).map(influence).collect();
    Some(Influence { value: placements.area(), rows: influences, is_mean: false })
}

/// The largest distance between the score distributions `F₁` and `F₀` of the classes. Where it is reached at the score
/// `t`, with `F₀(t) > F₁(t)` or the other sign, a row of class `c` has the influence
/// `±(1{s ≤ t} − F_c(t)) / share of its class`.
fn kolmogorov_smirnov(rows: &Scored) -> Option<Influence> {
    let [negative, positive] = weights(rows);
    if negative <= 0.0 || positive <= 0.0 {
        return None;
    }
    let (mut below, mut best, mut at) = ([0.0, 0.0], ([0.0, 0.0], 0.0_f64), f64::NEG_INFINITY);
    for tie in ties(&ascending(rows), rows) {
        for i in tie {
            let [n, p] = &mut below;
            *(if is_positive(rows, *i) { p } else { n }) += rows.weight_at(*i);
        }
        let shares = [below[0] / negative, below[1] / positive];
        if (shares[0] - shares[1]).abs() > best.1.abs() {
            best = (shares, shares[0] - shares[1]);
            at = tie.first().map_or(at, |i| score(rows, *i));
        }
    }
    let ([of_negative, of_positive], distance) = best;
    let total = negative + positive;
    let influence = |i: usize| {
        let is_below = f64::from(u8::from(score(rows, i) <= at));
        let raw = if is_positive(rows, i) {
            -(is_below - of_positive) * total / positive
        } else {
            (is_below - of_negative) * total / negative
        };
        raw * 1_f64.copysign(distance)
    };
    Some(Influence { value: distance.abs(), rows: (0..rows.classes.len()).map(influence).collect(), is_mean: false })
}

/// Lift: the share of positives `T/q` among the share `q` of the weight that scores highest, over the base rate `π`. With
/// the cut `c`, `m` the share of positives around it and `h = 1{s > c}` (in part at the cut), the influence of a row is
///
/// ```text
/// ( h·(y − m) + q·m − T ) / (q·π)  −  lift·(y − π)/π
/// ```
fn lift(rows: &Scored) -> Option<Influence> {
    let [negative, positive] = weights(rows);
    let total = negative + positive;
    let order = ascending(rows);
    let base = ratio(positive, total, Undefined::ZeroWeight).ok().filter(|base| *base > 0.0)?;
    let cut = (1.0 - LIFT_SHARE) * total;
    let mut chosen = vec![0.0; rows.classes.len()];
    let (mut below, mut around, mut positive_around) = (0.0, 0.0, 0.0);
    for tie in ties(&order, rows) {
        let weight: f64 = tie.iter().map(|i| rows.weight_at(*i)).sum();
        let part = if weight > 0.0 { 1.0 - ((cut - below) / weight).clamp(0.0, 1.0) } else { 0.0 };
        let is_near = (below + 0.5 * weight - cut).abs() <= NEIGHBOURHOOD * total || (part > 0.0 && part < 1.0);
        for i in tie {
            if let Some(h) = chosen.get_mut(*i) {
                *h = part;
            }
            if is_near {
                around += rows.weight_at(*i);
                positive_around += if is_positive(rows, *i) { rows.weight_at(*i) } else { 0.0 };
            }
        }
        below += weight;
    }
    let at_cut = if around > 0.0 { positive_around / around } else { base };
    let y = |i: usize| f64::from(u8::from(is_positive(rows, i)));
    let taken: f64 = chosen.iter().enumerate().map(|(i, h)| h * y(i) * rows.weight_at(i)).sum::<f64>() / total;
    let value = taken / (LIFT_SHARE * base);
    let influence = |(i, h): (usize, &f64)| {
        (h * (y(i) - at_cut) + LIFT_SHARE * at_cut - taken) / (LIFT_SHARE * base) - value * (y(i) - base) / base
    };
    Some(Influence { value, rows: chosen.iter().enumerate().map(influence).collect(), is_mean: false })
}

/// Expected or maximum calibration error over bins of equal width, the signs of the bins' gaps and the widest bin taken as
/// they are. With `±` the sign of a row's bin, `p − y` summed over the bin or over all:
///
/// ```text
/// expected   ±(p − y)
/// maximum    ±(p − y − gap) / share of the widest bin, and 0 outside of it
/// ```
fn calibration(rows: &Scored, (n, holds_right): (u32, bool), is_maximum: bool) -> Option<Influence> {
    let n_bins = usize::try_from(n).ok()?;
    if rows.probability.is_empty() || rows.probability.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let edge = |i: usize| i as f64 / f64::from(n);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability times a few bins")]
    let bin_of = |p: f64| {
        let near = ((p * f64::from(n)) as usize).min(n_bins - 1);
        // The same comparison with the same edges as where the number was made.
        match holds_right {
            true if near > 0 && p <= edge(near) => near - 1,
            true if p > edge(near + 1) => (near + 1).min(n_bins - 1),
            _ => near,
        }
    };
    let y = |i: usize| f64::from(u8::from(is_positive(rows, i)));
    let mut bins = vec![(0.0, 0.0); n_bins];
    for (i, p) in rows.probability.iter().enumerate() {
        if let Some((weight, gap)) = bins.get_mut(bin_of(*p)) {
            *weight += rows.weight_at(i);
            *gap += rows.weight_at(i) * (p - y(i));
        }
    }
    let total: f64 = bins.iter().map(|(w, _)| w).sum();
    let bin = |p: f64| bins.get(bin_of(p)).copied().unwrap_or_default();
    if !is_maximum {
        let value = bins.iter().map(|(_, gap)| gap.abs()).sum::<f64>() / total;
        let influence = |(i, p): (usize, &f64)| (p - y(i)) * 1_f64.copysign(bin(*p).1);
        let influences = rows.probability.iter().enumerate().map(influence).collect();
        return Some(Influence { value, rows: influences, is_mean: false }).filter(|_| total > 0.0);
    }
    let gaps = bins.iter().enumerate().filter(|(_, (w, _))| *w > 0.0).map(|(b, (w, gap))| (b, *w, gap / w));
    let (widest, weight, gap) = gaps.max_by(|a, b| a.2.abs().total_cmp(&b.2.abs()))?;
    let influence = |(i, p): (usize, &f64)| {
        if bin_of(*p) == widest { (p - y(i) - gap) * 1_f64.copysign(gap) * total / weight } else { 0.0 }
    };
    Some(Influence {
        value: gap.abs(),
        rows: rows.probability.iter().enumerate().map(influence).collect(),
        is_mean: false,
    })
}

/// Weight of the first and of the second class.
fn weights(rows: &Scored) -> [f64; 2] {
    let mut both = [0.0; 2];
    for i in 0..rows.classes.len() {
        let [n, p] = &mut both;
        *(if is_positive(rows, i) { p } else { n }) += rows.weight_at(i);
    }
    both
}

fn score(rows: &Scored, i: usize) -> f64 {
    rows.probability.get(i).copied().unwrap_or(0.0)
}

fn is_positive(rows: &Scored, i: usize) -> bool {
    rows.classes.get(i).is_some_and(|class| *class == 1)
}

fn ascending(rows: &Scored) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.classes.len().min(rows.probability.len())).collect();
    order.sort_unstable_by(|i, j| score(rows, *i).total_cmp(&score(rows, *j)));
    order
}

/// Rows of one score, ascending; −0 and 0 are the same.
fn ties<'a>(order: &'a [usize], rows: &'a Scored) -> impl Iterator<Item = &'a [usize]> {
    order.chunk_by(|i, j| score(rows, *i) >= score(rows, *j))
}
