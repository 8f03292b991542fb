//! From the numbers of groups to gaps between them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use equipoise_document::{Better, Estimate, Interval, Missing, PValue, Unit};
use equipoise_kernels::{
    Confidence, Draws, Ends, Gap, GapLevels, HomogeneityTest, Limits, Merge, difference_ends, difference_gap,
    equal_means, equal_rates, largest_size, ratio_ends, ratio_gap, smallest_ratio,
};

use super::groups::{Counted, Slice};
use super::metrics::{Measure, Measured, Metric, Of, measure};
use super::params::{Params, SmallGroups};

/// A metric of all groups of a slice.
pub(super) struct Row<'a> {
    pub metric: &'a Metric,
    pub overall: Measured,
    pub groups: Vec<Measured>,
    /// Each group's complement, where the metric is a quotient of sums.
    rest: Vec<Measured>,
    /// Variance of each group's number minus that of all rows, where it is not.
    to_overall: Vec<Option<f64>>,
    /// Which groups take part in gaps.
    takes_part: Vec<bool>,
}

/// Gaps of a metric over the groups of a slice.
pub(super) struct Gaps {
    pub difference: Result<Gap, Missing>,
    pub ratio: Result<Gap, Missing>,
    pub test: Option<HomogeneityTest>,
}

/// Levels of the ends of gaps, by number of groups, families and level: the studentised range is an integral, and every
/// metric of a slice asks for the same few.
#[derive(Debug, Default)]
pub(super) struct Levels(Mutex<BTreeMap<(usize, u32, u64), GapLevels>>);

impl Levels {
    /// See [`GapLevels::all_pairs`].
    pub(super) fn all_pairs(&self, n_groups: usize, families: u32, level: f64) -> GapLevels {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (n_groups, families, level.to_bits());
        *known.entry(key).or_insert_with(|| GapLevels::all_pairs(n_groups, families, level))
    }
}

/// What all aggregates need to know.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    pub params: &'a Params,
    pub levels: &'a Levels,
    pub level: f64,
    pub seed: u64,
    pub is_weighted: bool,
}

impl<'a> Row<'a> {
    pub(super) fn of(metric: &'a Metric, slice: &Slice, rests: &[Counted], settings: Settings<'_>) -> Self {
        let compat = settings.params.compat;
        let overall = measure(metric.of, &slice.overall, compat);
        let groups: Vec<Measured> = slice.groups.iter().map(|g| measure(metric.of, &g.counted, compat)).collect();
        let is_quotient = overall.as_ref().is_ok_and(|m| m.bottom.is_some());
        let rest = if is_quotient { rests.iter().map(|r| measure(metric.of, r, compat)).collect() } else { Vec::new() };
        let variance = |counted: &Counted| match metric.of {
            Of::RocAuc => counted.auc.as_ref()?.variance_to(slice.overall.auc.as_ref()?),
            Of::R2 => counted.moments.as_ref()?.r2_variance_to(slice.overall.moments.as_ref()?),
            _ => None,
        };
        let to_overall = slice.groups.iter().map(|g| variance(&g.counted)).collect();
        let takes_part = slice
            .groups
            .iter()
            .map(|g| settings.params.small_groups == SmallGroups::Keep || g.counted.rows() >= settings.params.min_rows)
            .collect();
        Self { metric, overall, groups, rest, to_overall, takes_part }
    }

    /// Groups with a number that take part in gaps, by place.
    pub(super) fn live(&self) -> Vec<(usize, &Measure)> {
        let groups = self.groups.iter().zip(&self.takes_part).enumerate();
        groups
            .filter(|(_, (_, takes_part))| **takes_part)
            .filter_map(|(i, (g, _))| Some((i, g.as_ref().ok()?)))
            .collect()
    }

    /// Difference and ratio between groups with the test of no gap.
    pub(super) fn gaps(&self, families: u32, settings: Settings<'_>) -> Gaps {
        let live = self.live();
        if live.len() < 2 {
            let none = || Err(Missing::FewerThanTwoGroups);
            return Gaps { difference: none(), ratio: none(), test: None };
        }
        let limits: Vec<Limits> = live.iter().map(|(_, m)| m.limits.clone()).collect();
        let levels = settings.levels.all_pairs(limits.len(), families, settings.level);
        let placed = |gap: Gap| Gap {
            lowest: live.get(gap.lowest).map_or(0, |g| g.0),
            highest: live.get(gap.highest).map_or(0, |g| g.0),
            ..gap
        };
        let difference = difference_gap(&limits, levels).map(placed).ok_or(Missing::FewerThanTwoGroups);
        let ratio = ratio_gap(&limits, levels).map(placed).ok_or(Missing::ZeroDenominator);
        Gaps { difference, ratio, test: self.test(&limits, settings) }
    }

    fn test(&self, limits: &[Limits], settings: Settings<'_>) -> Option<HomogeneityTest> {
        let shares: Option<Vec<(f64, f64)>> = limits.iter().map(share_behind).collect();
        if let Some(shares) = shares {
            let mut draws = Draws::new(settings.seed, "fairness.permutation", 0);
            return equal_rates(&shares, &mut draws);
        }
        let means: Option<Vec<(f64, f64, f64)>> =
            limits.iter().map(|l| Some((l.value(), spread_of(l)?, l.degrees()))).collect();
        equal_means(&means?)
    }

    /// Largest distance of a group from all rows, and smallest ratio with them.
    pub(super) fn to_overall(&self, settings: Settings<'_>) -> [Result<(f64, Option<Ends>), Missing>; 2] {
        let live = self.live();
        let overall = match &self.overall {
            Ok(overall) if live.len() >= 2 => overall,
            Ok(_) => return [Err(Missing::FewerThanTwoGroups), Err(Missing::FewerThanTwoGroups)],
            Err(why) => return [Err(*why), Err(*why)],
        };
        let all = overall.value();
        let levels = GapLevels::to_common(live.len(), 1, settings.level);
        let difference = live.iter().map(|(_, g)| (g.value() - all).abs()).fold(0.0, f64::max);
        let fold = |x: f64| if x > 1.0 { 1.0 / x } else { x };
        let ratio = live.iter().map(|(_, g)| fold(g.value() / all)).fold(f64::INFINITY, f64::min);
        let pairs: Vec<Option<[(Ends, Ends); 2]>> =
            live.iter().map(|(i, g)| self.compared_with_all(*i, g, overall, levels)).collect();
        let ends = |which: usize| -> Option<Vec<(Ends, Ends)>> {
            pairs.iter().map(|p| p.as_ref().and_then(|p| p.get(which)).copied()).collect()
        };
        let ratio = if self.metric.has_ratio() && all > 0.0 {
            Ok((ratio, ends(1).and_then(smallest_ratio)))
        } else {
            Err(Missing::ZeroDenominator)
        };
        [Ok((difference, ends(0).and_then(largest_size))), ratio]
    }

    /// Ends of the difference and of the ratio of one group with all rows, pointwise and joint.
    ///
    /// A quotient of sums over all rows is the mean of the group's and its complement's, weighted by their denominators'
    /// shares `π` and `1 − π`, so that `θ_g − θ = (1 − π)(θ_g − θ_rest)` and `θ / θ_g = π + (1 − π)·θ_rest / θ_g`.
    fn compared_with_all(
        &self,
        place: usize,
        group: &Measure,
        overall: &Measure,
        levels: GapLevels,
    ) -> Option<[(Ends, Ends); 2]> {
        if let (Some(bottom), Some(all)) = (group.bottom, overall.bottom.filter(|b| *b > 0.0)) {
            let share = (bottom / all).min(1.0);
            let Some(Ok(rest)) = self.rest.get(place) else { return None };
            let at = |confidence: Confidence| {
                let (mine, theirs) = (group.limits.ends(confidence)?, rest.limits.ends(confidence)?);
                let difference = difference_ends((group.value(), mine), (rest.value(), theirs));
                let ratio = ratio_ends((rest.value(), theirs), (group.value(), mine));
                Some((
                    Ends { low: difference.low * (1.0 - share), high: difference.high * (1.0 - share) },
                    ratio.map_falling(|r| 1.0 / (share + (1.0 - share) * r)),
                ))
            };
            let (pointwise, joint) = (at(levels.pointwise)?, at(levels.joint)?);
            return Some([(pointwise.0, joint.0), (pointwise.1, joint.1)]);
        }
        let variance = match self.to_overall.get(place).copied().flatten() {
            Some(variance) => variance,
            // Of what is left (macro averages, F₁ and the like) the groups' covariance with all rows is not known: the
            // group's own share of the variance is an upper bound where groups do not differ wildly.
            None => group.limits.variance()?,
        };
        let se = variance.sqrt();
        let (d, all) = (group.value() - overall.value(), overall.value());
        let at = |confidence: Confidence| {
            let half = confidence.z() * se;
            let difference = Ends { low: d - half, high: d + half };
            let relative = half / all.abs().max(f64::MIN_POSITIVE);
            let ratio = group.value() / all;
            (difference, Ends { low: (ratio - relative).max(0.0), high: ratio + relative })
        };
        let (pointwise, joint) = (at(levels.pointwise), at(levels.joint));
        Some([(pointwise.0, joint.0), (pointwise.1, joint.1)])
    }

    /// Smallest and largest number of a group: the outer end is pointwise, the inner one joint.
    pub(super) fn extremes(&self, settings: Settings<'_>) -> Result<[(f64, Option<Ends>); 2], Missing> {
        let live = self.live();
        if live.is_empty() {
            return Err(self.groups.iter().find_map(|g| g.as_ref().err().copied()).unwrap_or(Missing::Empty));
        }
        let pointwise = Confidence::at(settings.level);
        #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
        let joint = Confidence::at(pointwise.level().powf(1.0 / live.len() as f64));
        let levels = GapLevels { pointwise, joint };
        let ends: Option<Vec<(Ends, Ends)>> =
            live.iter().map(|(_, m)| Some((m.limits.ends(levels.pointwise)?, m.limits.ends(levels.joint)?))).collect();
        let values = || live.iter().map(|(_, m)| m.value());
        let over = |pick: fn(&(Ends, Ends)) -> f64, best: fn(f64, f64) -> f64| {
            ends.as_ref().and_then(|e| e.iter().map(pick).reduce(best))
        };
        let both = |low: Option<f64>, high: Option<f64>| Some(Ends { low: low?, high: high? });
        let smallest = both(over(|e| e.0.low, f64::min), over(|e| e.1.high, f64::min));
        let largest = both(over(|e| e.1.low, f64::max), over(|e| e.0.high, f64::max));
        let min = values().fold(f64::INFINITY, f64::min);
        let max = values().fold(f64::NEG_INFINITY, f64::max);
        Ok([(min, smallest), (max, largest)])
    }

    /// Names of groups without a number, and why.
    pub(super) fn left_out(&self) -> Vec<(usize, Missing)> {
        self.groups.iter().enumerate().filter_map(|(i, g)| Some((i, g.as_ref().err().copied()?))).collect()
    }
}

/// The share of rows that a number is a function of, as (hits, rows).
pub(super) fn share_behind(limits: &Limits) -> Option<(f64, f64)> {
    match limits {
        Limits::Share { share, n } => Some((share * n, *n)),
        Limits::Through(_, inner) => share_behind(inner),
        Limits::Mean { .. } | Limits::Positive { .. } | Limits::Unit { .. } | Limits::Sum(_) => None,
    }
}

/// Variance of a number; where the data show no spread (all right, all wrong) that of a share with two more of each.
fn spread_of(limits: &Limits) -> Option<f64> {
    match limits {
        Limits::Unit { value, se, n } if *se <= 0.0 => {
            let share = (value * n + 2.0) / (n + 4.0);
            Some(share * (1.0 - share) / n)
        }
        Limits::Sum(terms) => terms
            .iter()
            .map(|(c, term)| match term {
                Limits::Share { share, n } => {
                    let share = (share * n + 0.5) / (n + 1.0);
                    Some(c * c * share * (1.0 - share) / n)
                }
                other => spread_of(other).map(|v| c * c * v),
            })
            .sum(),
        other => other.variance(),
    }
}

/// What lies outside of each group: merged from both sides, so that the cost grows with the number of groups only.
pub(super) fn rests(slice: &Slice) -> Vec<Counted> {
    let mut after = vec![Counted::default()];
    for group in slice.groups.iter().rev() {
        let mut next = group.counted.clone();
        if let Some(last) = after.last() {
            next.merge_from(last.clone());
        }
        after.push(next);
    }
    after.reverse();
    let mut before = Counted::default();
    slice
        .groups
        .iter()
        .zip(after.into_iter().skip(1))
        .map(|(group, after)| {
            let mut rest = before.clone();
            rest.merge_from(after);
            before.merge_from(group.counted.clone());
            rest
        })
        .collect()
}

/// Estimates of a metric's gaps.
pub(super) fn gap_estimates(row: &Row<'_>, gaps: &Gaps, slice: &Slice, settings: Settings<'_>) -> Vec<Estimate> {
    let metric = row.metric;
    let n: u64 = row.live().iter().map(|(_, m)| m.n).sum();
    let small = row.live().iter().any(|(_, m)| m.n < settings.params.min_rows);
    let p_value = gaps.test.as_ref().map(p_value);
    let id = |aggregate: &str| slice.id(&metric.id).aggregated(aggregate);
    let finish = |estimate: Estimate, ends: Option<Ends>, unit: &Unit, method: &str| {
        estimate
            .with_interval(ends.map(|e| interval(e, settings.level, method)))
            .with_unit(unit.clone())
            .flagged_small(small)
    };
    let of_gap = |aggregate: &str, gap: &Result<Gap, Missing>, better: Better, unit: &Unit, method: &str| {
        let value = gap.as_ref().map(|g| g.value).map_err(|why| *why);
        let ends = gap.as_ref().ok().and_then(|g| g.ends);
        let estimate = Estimate::from_result(id(aggregate), value, n, better);
        finish(estimate, ends, unit, method).with_p_value(p_value.clone())
    };
    let two = row.live().len() == 2;
    let is_share = matches!(row.metric.of, Of::Share { .. });
    let method = match (two, is_share) {
        (true, true) => "newcombe_folded",
        (true, false) => "mover_folded",
        (false, _) => "mover_largest_of_pairs",
    };
    let ratio_method = if two { "mover_ratio_folded" } else { "mover_ratio_smallest_of_pairs" };
    let mut all = vec![of_gap("difference", &gaps.difference, Better::Zero, &metric.unit, method)];
    if metric.has_ratio() {
        all.push(of_gap("ratio", &gaps.ratio, Better::One, &Unit::Plain, ratio_method));
    }
    let [difference, ratio] = row.to_overall(settings);
    let mut to_overall = |aggregate: &str, found: Result<(f64, Option<Ends>), Missing>, better: Better, unit: &Unit| {
        let ends = found.as_ref().ok().and_then(|f| f.1);
        let estimate = Estimate::from_result(id(aggregate), found.map(|f| f.0), n, better);
        all.push(finish(estimate, ends, unit, "mover_to_rest").with_p_value(p_value.clone()));
    };
    to_overall("difference_to_overall", difference, Better::Zero, &metric.unit);
    if metric.has_ratio() {
        to_overall("ratio_to_overall", ratio, Better::One, &Unit::Plain);
    }
    let extremes = row.extremes(settings);
    for (place, aggregate) in ["group_min", "group_max"].into_iter().enumerate() {
        let found = extremes.as_ref().map_err(|why| *why).map(|e| e.get(place).copied());
        let ends = found.ok().flatten().and_then(|f| f.1);
        let value = found.and_then(|f| f.map(|f| f.0).ok_or(Missing::Empty));
        let estimate = Estimate::from_result(id(aggregate), value, n, metric.better);
        all.push(finish(estimate, ends, &metric.unit, "extreme_of_groups"));
    }
    all
}

/// An estimate of a group's own number.
pub(super) fn group_estimate(
    id: equipoise_document::EstimateId,
    metric: &Metric,
    measured: &Measured,
    settings: Settings<'_>,
) -> Estimate {
    let n = measured.as_ref().map_or(0, |m| m.n);
    let value = measured.as_ref().map(Measure::value).map_err(|why| *why);
    let ends = measured.as_ref().ok().and_then(|m| m.limits.ends(Confidence::at(settings.level)));
    let method = measured.as_ref().map_or("", |m| m.method);
    let n_effective = measured.as_ref().ok().filter(|_| settings.is_weighted).map(|m| m.n_effective);
    Estimate::from_result(id, value, n, metric.better)
        .with_interval(ends.map(|e| interval(e, settings.level, method)))
        .with_unit(metric.unit.clone())
        .with_n_effective(n_effective)
        .flagged_small(n < settings.params.min_rows)
}

pub(super) fn interval(ends: Ends, level: f64, method: &str) -> Interval {
    Interval::new(ends.low, ends.high, level, method)
}

pub(super) fn p_value(test: &HomogeneityTest) -> PValue {
    PValue { value: test.p_value, adjusted: None, method: test.method.to_owned() }
}
