//! Which group stands out most, when many are looked at.

use equipoise_document::{Better, Estimate, Missing, PValue};
use equipoise_kernels::{
    Confidence, Draws, Ends, GapLevels, Limits, benjamini_hochberg, difference_ends, equal_means, equal_rates,
};

use super::aggregate::{Row, Settings, interval, share_behind};
use super::groups::{Counted, Slice};
use super::metrics::{Measure, measure};

/// A group that does worse than all others together.
pub(super) struct Standing {
    pub grouping: String,
    pub group: String,
    pub title: String,
    pub n: u64,
    /// Group minus all others.
    pub estimate: Estimate,
    /// How much worse at least, with all groups of the grouping taken together.
    pub at_least: f64,
}

/// Every group against all others for a metric, with p-values adjusted over the groups; the worse first.
///
/// "Worse" is the metric's own direction; where it has none, any difference counts.
pub(super) fn against_the_rest(
    slice: &Slice,
    row: &Row<'_>,
    rests: &[Counted],
    settings: Settings<'_>,
) -> Vec<Standing> {
    let compat = settings.params.compat;
    let live: Vec<(usize, &Measure, Measure)> = row
        .live()
        .into_iter()
        .filter_map(|(i, m)| Some((i, m, measure(row.metric.of, rests.get(i)?, compat).ok()?)))
        .collect();
    if live.len() < 2 {
        return Vec::new();
    }
    let levels = GapLevels::to_common(live.len(), 1, settings.level);
    let p: Vec<f64> = live.iter().map(|(_, a, b)| p_value(&a.limits, &b.limits, settings).unwrap_or(1.0)).collect();
    let adjusted = benjamini_hochberg(&p);
    let mut all = Vec::new();
    for (((place, mine, rest), p), adjusted) in live.iter().zip(p).zip(adjusted) {
        let Some(group) = slice.groups.get(*place) else { continue };
        let at = |confidence: Confidence| -> Option<Ends> {
            let ends = (mine.limits.ends(confidence)?, rest.limits.ends(confidence)?);
            Some(difference_ends((mine.value(), ends.0), (rest.value(), ends.1)))
        };
        let (Some(pointwise), Some(joint)) = (at(levels.pointwise), at(levels.joint)) else { continue };
        let at_least = match row.metric.better {
            Better::Higher => -joint.high,
            Better::Lower => joint.low,
            Better::Zero | Better::One | Better::Neither => joint.low.max(-joint.high),
        };
        let value = mine.value() - rest.value();
        let id = slice.group_id(&row.metric.id, group).aggregated("difference_to_rest");
        let estimate = Estimate::from_result(id, Ok::<f64, Missing>(value), mine.n, Better::Zero)
            .with_interval(Some(interval(pointwise, settings.level, "mover_to_rest")))
            .with_unit(row.metric.unit.clone())
            .with_p_value(Some(PValue { value: p, adjusted: Some(adjusted), method: "benjamini_hochberg".to_owned() }))
            .flagged_small(mine.n < settings.params.min_rows);
        all.push(Standing {
            grouping: slice.columns.join(" and "),
            group: group.name(),
            title: row.metric.title.clone(),
            n: group.counted.rows(),
            estimate,
            at_least,
        });
    }
    all
}

fn p_value(a: &Limits, b: &Limits, settings: Settings<'_>) -> Option<f64> {
    if let (Some(x), Some(y)) = (share_behind(a), share_behind(b)) {
        let mut draws = Draws::new(settings.seed, "fairness.permutation", 0);
        return equal_rates(&[x, y], &mut draws).map(|t| t.p_value);
    }
    let of = |l: &Limits| Some((l.value(), l.variance()?, l.degrees()));
    equal_means(&[of(a)?, of(b)?]).map(|t| t.p_value)
}
