//! Named criteria: demographic parity, equal opportunity, equalized odds, and signed comparisons with a reference group.

use equipoise_document::{Better, Estimate, Missing, PValue, Unit};
use equipoise_kernels::{Confidence, Ends, Limits, difference_ends, equal_rates, ratio_ends};

use super::aggregate::{Gaps, Row, Settings, interval};
use super::groups::{Counted, Slice};
use super::metrics::{Measured, Of, measure};
use super::params::{NamedReference, Reference};
use equipoise_kernels::{Draws, Share};

/// Criteria that are a metric's gap under another name.
const PARITIES: &[(&str, &str)] = &[
    ("demographic_parity", "selection_rate"),
    ("equal_opportunity", "true_positive_rate"),
    ("predictive_equality", "false_positive_rate"),
    ("predictive_parity", "precision"),
    ("error_rate_parity", "zero_one_loss"),
];

/// The named criteria out of estimates of gaps that were made before.
pub(super) fn parities(slice: &Slice, made: &[Estimate]) -> Vec<Estimate> {
    let mut all = Vec::new();
    for (name, metric) in PARITIES {
        for aggregate in ["difference", "ratio"] {
            let source = slice.id(metric).aggregated(aggregate);
            if let Some(estimate) = made.iter().find(|e| e.id == source) {
                all.push(Estimate { id: slice.id(name).aggregated(aggregate), ..estimate.clone() });
            }
        }
    }
    all
}

/// Equalized odds: the larger of the gaps in true and false positive rates, or their mean.
///
/// Positive and negative rows are independent. The worst case is the largest of many differences again: its outer end is
/// the larger of the two pointwise outer ends, its inner end the larger of inner ends that hold jointly for both rates.
/// Ends of the mean are the means of ends that hold jointly, which is more than needed. The p-value is Šidák's for the
/// smaller of the two.
pub(super) fn equalized_odds(slice: &Slice, rows: &[Row<'_>], settings: Settings<'_>) -> Vec<Estimate> {
    let find = |id: &str| rows.iter().find(|r| r.metric.id == id);
    let (Some(tpr), Some(fpr)) = (find("true_positive_rate"), find("false_positive_rate")) else {
        return Vec::new();
    };
    let (t, f) = (tpr.gaps(2, settings), fpr.gaps(2, settings));
    let n: u64 = [tpr, fpr].iter().flat_map(|r| r.live()).map(|(_, m)| m.n).sum();
    let small = [tpr, fpr].iter().flat_map(|r| r.live()).any(|(_, m)| m.n < settings.params.min_rows);
    let p = |gaps: &Gaps| gaps.test.as_ref().map(|t| t.p_value);
    let p_value = match (p(&t), p(&f)) {
        (Some(a), Some(b)) => {
            let least = a.min(b);
            let value = 1.0 - (1.0 - least) * (1.0 - least);
            Some(PValue { value, adjusted: None, method: "sidak_of_two".to_owned() })
        }
        _ => None,
    };
    let make = |aggregate: &str, better: Better, of: Result<(f64, Option<Ends>), Missing>, method: &str| {
        let ends = of.as_ref().ok().and_then(|x| x.1).map(|e| interval(e, settings.level, method));
        Estimate::from_result(slice.id("equalized_odds").aggregated(aggregate), of.map(|x| x.0), n, better)
            .with_interval(ends)
            .with_p_value(p_value.clone())
            .flagged_small(small)
    };
    let combine = |a: &Result<equipoise_kernels::Gap, Missing>,
                   b: &Result<equipoise_kernels::Gap, Missing>,
                   with: &dyn Fn(f64, f64) -> f64| {
        let (a, b) = (a.as_ref().map_err(|w| *w)?, b.as_ref().map_err(|w| *w)?);
        let ends = match (a.ends, b.ends) {
            (Some(x), Some(y)) => Some(Ends { low: with(x.low, y.low), high: with(x.high, y.high) }),
            _ => None,
        };
        Ok((with(a.value, b.value), ends))
    };
    // For means both ends of both gaps have to hold at once.
    let strict = Settings { level: settings.level.sqrt(), ..settings };
    let (t_strict, f_strict) = (tpr.gaps(1, strict), fpr.gaps(1, strict));
    let mean = |a: f64, b: f64| 0.5 * (a + b);
    let mut all = vec![
        make("difference", Better::Zero, combine(&t.difference, &f.difference, &f64::max), "mover_largest_of_pairs"),
        make("ratio", Better::One, combine(&t.ratio, &f.ratio, &f64::min), "mover_ratio_smallest_of_pairs"),
        make("difference_mean", Better::Zero, combine(&t_strict.difference, &f_strict.difference, &mean), "joint_ends"),
        make("ratio_mean", Better::One, combine(&t_strict.ratio, &f_strict.ratio, &mean), "joint_ends"),
    ];
    let (t, f) = (tpr.to_overall(strict), fpr.to_overall(strict));
    let names = [("difference_to_overall", Better::Zero), ("ratio_to_overall", Better::One)];
    for (((aggregate, better), a), b) in names.into_iter().zip(t).zip(f) {
        let with: fn(f64, f64) -> f64 = if better == Better::Zero { f64::max } else { f64::min };
        let both = a.and_then(|a| b.map(|b| (a, b))).map(|((a, a_ends), (b, b_ends))| {
            let ends = a_ends.zip(b_ends).map(|(x, y)| Ends { low: with(x.low, y.low), high: with(x.high, y.high) });
            (with(a, b), ends)
        });
        all.push(make(aggregate, better, both, "mover_to_rest"));
    }
    all
}

/// A group against its reference, with the sign that says who is favoured: group minus reference, group over reference.
pub(super) struct Versus {
    /// The group's place in the slice.
    pub group: usize,
    /// The reference in words.
    pub reference: String,
    pub estimates: Vec<Estimate>,
}

/// Every group against the reference.
pub(super) fn versus_reference(slice: &Slice, rests: &[Counted], settings: Settings<'_>) -> Vec<Versus> {
    if slice.groups.len() < 2 || slice.overall.n_classes != 2 {
        return Vec::new();
    }
    let largest = (0..slice.groups.len()).max_by_key(|i| {
        let rows = slice.groups.get(*i).map_or(0, |g| g.counted.rows());
        (rows, std::cmp::Reverse(*i))
    });
    let named = match &settings.params.reference {
        Reference::Named(NamedReference::Rest) => None,
        Reference::Named(NamedReference::BetweenGroups | NamedReference::Largest) => largest,
        Reference::Groups(groups) => {
            let is_it = |labels: &[String]| {
                slice.columns.iter().zip(labels).all(|(c, l)| groups.get(c).is_none_or(|wanted| wanted == l))
            };
            let any_named = slice.columns.iter().any(|c| groups.contains_key(c));
            // Of an intersection with some columns unnamed: the largest group that fits.
            let fitting = (0..slice.groups.len())
                .filter(|i| any_named && slice.groups.get(*i).is_some_and(|g| is_it(&g.labels)))
                .max_by_key(|i| (slice.groups.get(*i).map_or(0, |g| g.counted.rows()), std::cmp::Reverse(*i)));
            fitting.or(largest)
        }
    };
    let mut all = Vec::new();
    for (place, group) in slice.groups.iter().enumerate() {
        let reference = match named {
            Some(reference) if reference == place => continue,
            Some(reference) => slice.groups.get(reference).map(|g| (g.name(), &g.counted)),
            None => rests.get(place).map(|rest| ("all others".to_owned(), rest)),
        };
        let Some((name, reference)) = reference else { continue };
        let estimates = signed(slice, group, reference, settings);
        all.push(Versus { group: place, reference: name, estimates });
    }
    all
}

fn signed(slice: &Slice, group: &super::groups::Group, reference: &Counted, settings: Settings<'_>) -> Vec<Estimate> {
    let compat = settings.params.compat;
    let both = |share: Share| -> (Measured, Measured) {
        let of = Of::Share { class: 1, share };
        (measure(of, &group.counted, compat), measure(of, reference, compat))
    };
    let confidence = Confidence::at(settings.level);
    let n = group.counted.rows() + reference.rows();
    let make = |metric: &str, value: Result<f64, Missing>, ends: Option<Ends>, better: Better, method: &str| {
        Estimate::from_result(slice.group_id(metric, group), value, n, better)
            .with_interval(ends.map(|e| interval(e, settings.level, method)))
            .flagged_small(group.counted.rows() < settings.params.min_rows)
    };
    let test = |share: Share| -> Option<PValue> {
        let (Ok(a), Ok(b)) = both(share) else { return None };
        let behind = |m: &super::metrics::Measure| super::aggregate::share_behind(&m.limits);
        let mut draws = Draws::new(settings.seed, "fairness.permutation", 0);
        equal_rates(&[behind(&a)?, behind(&b)?], &mut draws).as_ref().map(super::aggregate::p_value)
    };
    // Statistical parity and disparate impact.
    let (a, b) = both(Share::SelectionRate);
    let parity = a.as_ref().map_err(|w| *w).and_then(|a| b.as_ref().map(|b| (a, b)).map_err(|w| *w));
    let ends = parity.ok().and_then(|(a, b)| Some((a, a.limits.ends(confidence)?, b, b.limits.ends(confidence)?)));
    let difference = parity.map(|(a, b)| a.value() - b.value());
    let impact = parity
        .and_then(|(a, b)| if b.value() > 0.0 { Ok(a.value() / b.value()) } else { Err(Missing::ZeroDenominator) });
    let mut all = vec![
        make(
            "statistical_parity_difference",
            difference,
            ends.map(|(a, ea, b, eb)| difference_ends((a.value(), ea), (b.value(), eb))),
            Better::Zero,
            "newcombe",
        )
        .with_p_value(test(Share::SelectionRate)),
        make(
            "disparate_impact",
            impact,
            ends.map(|(a, ea, b, eb)| ratio_ends((a.value(), ea), (b.value(), eb))),
            Better::One,
            "mover_ratio",
        )
        .with_p_value(test(Share::SelectionRate)),
    ];
    // Sums and differences of the four rates behind odds: positive and negative rows of two groups are independent.
    let weighted = |terms: &[(f64, Share, bool)]| -> Result<Limits, Missing> {
        let mut parts = Vec::new();
        for (c, share, is_group) in terms {
            let (a, b) = both(*share);
            parts.push((*c, (if *is_group { a } else { b })?.limits));
        }
        Ok(Limits::Sum(parts))
    };
    let sum_of = |metric: &str, first: Share, second: Share| {
        let limits = weighted(&[(0.5, first, true), (-0.5, first, false), (0.5, second, true), (-0.5, second, false)]);
        let ends = limits.as_ref().ok().and_then(|l| l.ends(confidence));
        make(metric, limits.map(|l| l.value()), ends, Better::Zero, "mover_wilson").with_unit(Unit::Plain)
    };
    all.push(sum_of("average_odds_difference", Share::TruePositiveRate, Share::FalsePositiveRate));
    all.push(sum_of("average_predictive_value_difference", Share::Precision, Share::FalseOmissionRate));
    all.push(absolute_odds(slice, group, &both, settings, n));
    all
}

/// `½(|ΔTPR| + |ΔFPR|)`; its ends are the halved sums of ends that hold jointly.
fn absolute_odds(
    slice: &Slice,
    group: &super::groups::Group,
    both: &dyn Fn(Share) -> (Measured, Measured),
    settings: Settings<'_>,
    n: u64,
) -> Estimate {
    let joint = Confidence::at(settings.level.sqrt());
    let side = |share: Share| -> Result<(f64, Option<Ends>), Missing> {
        let (a, b) = both(share);
        let (a, b) = (a?, b?);
        let ends = a.limits.ends(joint).zip(b.limits.ends(joint)).map(|(x, y)| {
            let d = difference_ends((a.value(), x), (b.value(), y));
            Ends { low: d.low.max(-d.high).max(0.0), high: d.low.abs().max(d.high.abs()) }
        });
        Ok(((a.value() - b.value()).abs(), ends))
    };
    let found = side(Share::TruePositiveRate).and_then(|t| side(Share::FalsePositiveRate).map(|f| (t, f)));
    let ends = found
        .as_ref()
        .ok()
        .and_then(|(t, f)| t.1.zip(f.1))
        .map(|(t, f)| Ends { low: 0.5 * (t.low + f.low), high: 0.5 * (t.high + f.high) });
    Estimate::from_result(
        slice.group_id("average_abs_odds_difference", group),
        found.map(|(t, f)| 0.5 * (t.0 + f.0)),
        n,
        Better::Zero,
    )
    .with_interval(ends.map(|e| interval(e, settings.level, "joint_ends")))
    .flagged_small(group.counted.rows() < settings.params.min_rows)
}
