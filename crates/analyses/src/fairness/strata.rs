//! Comparisons within strata of control columns, pooled over them.

use equipoise_document::{Better, Estimate, EstimateId, PValue, Unit};
use equipoise_kernels::{
    Pooled, Share, Stratum, cochran_mantel_haenszel, largest_size, mantel_haenszel_difference, mantel_haenszel_ratio,
    smallest_ratio,
};

use super::aggregate::{Settings, interval, share_behind};
use super::groups::Slice;
use super::metrics::{Metric, Of, measure};

/// Largest pooled difference and smallest pooled ratio between two groups, over all strata of one grouping, with the
/// Cochran–Mantel–Haenszel test. Only for rates.
pub(super) fn pooled(metric: &Metric, strata: &[Slice], settings: Settings<'_>) -> Vec<Estimate> {
    let (Of::Share { share, .. }, Some(first)) = (metric.of, strata.first()) else { return Vec::new() };
    if share == Share::Jaccard {
        return Vec::new();
    }
    let mut names: Vec<&Vec<String>> = strata.iter().flat_map(|s| s.groups.iter().map(|g| &g.labels)).collect();
    names.sort();
    names.dedup();
    // (hits, rows) of every group in every stratum; a group that is not there has no rows.
    let mut n = 0;
    let tables: Vec<Vec<(f64, f64)>> = strata
        .iter()
        .map(|slice| {
            names
                .iter()
                .map(|name| {
                    let group = slice.groups.iter().find(|g| g.labels == **name);
                    let measured = group.and_then(|g| measure(metric.of, &g.counted, None).ok());
                    n += measured.as_ref().map_or(0, |m| m.n);
                    measured.and_then(|m| share_behind(&m.limits)).unwrap_or((0.0, 0.0))
                })
                .collect()
        })
        .collect();
    let mut differences = Vec::new();
    let mut ratios = Vec::new();
    for a in 0..names.len() {
        for b in a + 1..names.len() {
            let of = |table: &Vec<(f64, f64)>| {
                let (k1, n1) = table.get(a).copied().unwrap_or_default();
                let (k2, n2) = table.get(b).copied().unwrap_or_default();
                Stratum { k1, n1, k2, n2 }
            };
            let pairs: Vec<Stratum> = tables.iter().map(of).collect();
            differences.extend(mantel_haenszel_difference(&pairs));
            ratios.extend(mantel_haenszel_ratio(&pairs));
        }
    }
    let levels = settings.levels.all_pairs(names.len(), 1, settings.level);
    let p_value = cochran_mantel_haenszel(&tables).map(|test| PValue {
        value: test.p_value,
        adjusted: None,
        method: test.method.to_owned(),
    });
    let id = |aggregate: &str| {
        EstimateId::new("fairness", &metric.id).aggregated(aggregate).by(&first.columns).within(first.cohort.as_deref())
    };
    let fold = |x: f64| if x > 1.0 { 1.0 / x } else { x };
    let ends = |p: &Pooled, f: fn(Pooled, equipoise_kernels::Confidence) -> equipoise_kernels::Ends| {
        (f(*p, levels.pointwise), f(*p, levels.joint))
    };
    let mut all = Vec::new();
    if let Some(value) = differences.iter().map(|d| d.value.abs()).reduce(f64::max) {
        let ends = largest_size(differences.iter().map(|d| ends(d, Pooled::difference_ends)));
        all.push(
            Estimate::new(id("pooled_difference"), value, n, Better::Zero)
                .with_interval(ends.map(|e| interval(e, settings.level, "mantel_haenszel_sato")))
                .with_unit(Unit::Share)
                .with_p_value(p_value.clone()),
        );
    }
    if let Some(value) = ratios.iter().map(|r| fold(r.value)).reduce(f64::min) {
        let ends = smallest_ratio(ratios.iter().map(|r| ends(r, Pooled::ratio_ends)));
        all.push(
            Estimate::new(id("pooled_ratio"), value, n, Better::One)
                .with_interval(ends.map(|e| interval(e, settings.level, "mantel_haenszel_greenland_robins")))
                .with_p_value(p_value),
        );
    }
    all
}
