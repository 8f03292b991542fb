//! What the numbers mean, in sentences.

use equipoise_document::{Estimate, Interval, Level, Missing, Note, Unit};

use super::aggregate::{Gaps, Row, Settings};
use super::groups::{Group, Slice};
use super::metrics::Headline;
use super::tables::{plain, show_value};
use super::worst::Standing;

/// The rank of a gap among findings.
fn rank(slice: &Slice, difference: &Estimate) -> u8 {
    match (difference.small, &slice.cohort, slice.columns.len()) {
        (true, ..) => 3,
        (false, Some(_), _) => 2,
        (false, None, 0 | 1) => 0,
        (false, None, _) => 1,
    }
}

/// How far a gap is surely beyond what is tolerated, relative to it.
fn weight(difference: &Estimate, tolerance: f64) -> f64 {
    let surely = difference.interval.as_ref().map(|i| i.low).or(difference.value);
    surely.filter(|_| tolerance > 0.0).map_or(0.0, |value| value / tolerance - 1.0)
}

/// A note with how bad it is, for ordering.
pub(super) struct Finding {
    pub note: Note,
    /// What is told first: all rows by one column, then intersections, then cohorts, then what rests on few rows.
    pub rank: u8,
    /// How far beyond the tolerance, relative to it; negative within.
    pub weight: f64,
}

/// How a gap stands to what is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The whole interval lies beyond the tolerance and the test agrees.
    Beyond,
    /// The whole interval lies within.
    Within,
    /// The data do not tell.
    Open,
}

/// Judges a difference.
pub(super) fn judge_difference(estimate: &Estimate, tolerance: f64) -> Verdict {
    judge(estimate, |i| i.low > tolerance, |i| i.high <= tolerance)
}

/// Judges a ratio.
pub(super) fn judge_ratio(estimate: &Estimate, tolerance: f64) -> Verdict {
    judge(estimate, |i| i.high < tolerance, |i| i.low >= tolerance)
}

fn judge(estimate: &Estimate, beyond: impl Fn(&Interval) -> bool, within: impl Fn(&Interval) -> bool) -> Verdict {
    let Some(interval) = &estimate.interval else { return Verdict::Open };
    let is_significant = estimate.p_value.as_ref().is_none_or(|p| p.adjusted.unwrap_or(p.value) < 0.05);
    if beyond(interval) && is_significant {
        Verdict::Beyond
    } else if within(interval) {
        Verdict::Within
    } else {
        Verdict::Open
    }
}

/// One finding for each headline metric of a slice. `find` gives a finished estimate, with its adjusted p-value.
pub(super) fn of_slice(
    slice: &Slice,
    rows: &[Row<'_>],
    gaps: &[Gaps],
    find: &dyn Fn(&equipoise_document::EstimateId) -> Option<Estimate>,
    deviation: f64,
    settings: Settings<'_>,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for (row, gaps) in rows.iter().zip(gaps) {
        let wanted = match row.metric.headline {
            Some(Headline::Allocation) => settings.params.is_about_allocation(),
            Some(Headline::Quality) => settings.params.is_about_quality(),
            None => false,
        };
        if wanted {
            all.extend(of_metric(slice, row, gaps, find, deviation, settings));
        }
    }
    if settings.params.is_about_allocation() {
        all.extend(of_odds(slice, find, settings));
    }
    all
}

fn of_metric(
    slice: &Slice,
    row: &Row<'_>,
    gaps: &Gaps,
    find: &dyn Fn(&equipoise_document::EstimateId) -> Option<Estimate>,
    deviation: f64,
    settings: Settings<'_>,
) -> Option<Finding> {
    let metric = row.metric;
    let gap = gaps.difference.as_ref().ok()?;
    let difference = find(&slice.id(&metric.id).aggregated("difference"))?;
    // Differences in the target's unit are judged against its spread.
    let is_target = metric.unit == Unit::Target;
    let tolerance = settings.params.difference_tolerance * if is_target { deviation } else { 1.0 };
    let is_error = metric.id == "mean_absolute_error";
    let ratio = find(&slice.id(&metric.id).aggregated("ratio"));
    let by_ratio = ratio.as_ref().map(|r| judge_ratio(r, settings.params.ratio_tolerance));
    let by_difference = judge_difference(&difference, tolerance);
    // The four-fifths rule speaks of selection rates; errors in the target's unit are compared by their ratio.
    let is_selection = metric.id.starts_with("selection_rate");
    let verdict = match (is_selection, is_error, by_ratio) {
        (true, _, Some(Verdict::Beyond)) => Verdict::Beyond,
        (_, true, Some(by_ratio)) => by_ratio,
        _ => by_difference,
    };
    let name = |place: usize| slice.groups.get(place).map_or_else(String::new, Group::name);
    let of = |place: usize| {
        let n = row.groups.get(place).and_then(|g| g.as_ref().ok()).map_or(0, |m| m.n);
        let value =
            row.groups.get(place).and_then(|g| g.as_ref().ok()).map_or(f64::NAN, super::metrics::Measure::value);
        format!("{} of {} ({} rows)", show_value(value, &metric.unit), name(place), thousands(n))
    };
    let mut text = format!(
        "{} by {}: {} against {}, a gap of {}",
        metric.title,
        slice.title(),
        of(gap.highest),
        of(gap.lowest),
        with_ends(&difference, &metric.unit)
    );
    if let Some(ratio) = ratio.as_ref().filter(|r| r.value.is_some() && (is_selection || is_error)) {
        text.push_str(&format!(", a ratio of {}", with_ends(ratio, &Unit::Plain)));
    }
    text.push_str(&conclude(verdict, &difference));
    let (rank, weight) = (rank(slice, &difference), weight(&difference, tolerance));
    let code = format!("gap_{}", metric.id.split('@').next().unwrap_or_default());
    let about = [Some(difference.id), ratio.map(|r| r.id)].into_iter().flatten();
    Some(Finding { note: Note::new(level(verdict), &code, text).about(about), rank, weight })
}

fn of_odds(
    slice: &Slice,
    find: &dyn Fn(&equipoise_document::EstimateId) -> Option<Estimate>,
    settings: Settings<'_>,
) -> Option<Finding> {
    let odds = find(&slice.id("equalized_odds").aggregated("difference"))?;
    odds.value?;
    let verdict = judge_difference(&odds, settings.params.difference_tolerance);
    let mut text = format!(
        "Equalized odds by {}: true or false positive rates lie up to {} apart",
        slice.title(),
        with_ends(&odds, &Unit::Share)
    );
    text.push_str(&conclude(verdict, &odds));
    let (rank, weight) = (rank(slice, &odds), weight(&odds, settings.params.difference_tolerance));
    Some(Finding { note: Note::new(level(verdict), "gap_equalized_odds", text).about([odds.id]), rank, weight })
}

fn level(verdict: Verdict) -> Level {
    match verdict {
        Verdict::Beyond => Level::Concern,
        Verdict::Within | Verdict::Open => Level::Finding,
    }
}

fn conclude(verdict: Verdict, estimate: &Estimate) -> String {
    let p = estimate.p_value.as_ref().map(|p| p.adjusted.unwrap_or(p.value));
    let p =
        p.map_or_else(String::new, |p| if p < 0.001 { " (p < 0.001)".to_owned() } else { format!(" (p = {p:.3})") });
    match verdict {
        Verdict::Beyond => format!("; this is more than is tolerated{p}."),
        Verdict::Within => format!("; this is within what is tolerated{p}."),
        Verdict::Open => format!("; the data cannot tell whether this is more than is tolerated{p}."),
    }
}

fn with_ends(estimate: &Estimate, unit: &Unit) -> String {
    let Some(value) = estimate.value else { return "nothing that can be told".to_owned() };
    // A gap of shares is in percentage points.
    let show = |x: f64| if *unit == Unit::Share { format!("{:.1}", 100.0 * x) } else { plain(x) };
    let word = if *unit == Unit::Share { " points" } else { "" };
    match &estimate.interval {
        Some(i) => format!("{}{word} ({} to {})", show(value), show(i.low), show(i.high)),
        None => format!("{}{word}", show(value)),
    }
}

/// `12,345`
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// The finding about the group that stands out most.
pub(super) fn of_worst(standing: &Standing, how_many: usize) -> Option<Finding> {
    let p = standing.estimate.p_value.as_ref()?.adjusted?;
    if standing.at_least <= 0.0 || p >= 0.05 {
        return None;
    }
    let value = standing.estimate.value?;
    let show =
        |x: f64| if standing.estimate.unit == Unit::Share { format!("{:.1} points", 100.0 * x) } else { plain(x) };
    let text = format!(
        "Of {how_many} groups looked at, {} ({}, {} rows) stands out most: its {} differs from all others' by {}, surely by {} (p = {} after adjustment).",
        standing.group,
        standing.grouping,
        thousands(standing.n),
        standing.title.to_lowercase(),
        show(value),
        show(standing.at_least),
        if p < 0.001 { "less than 0.001".to_owned() } else { format!("{p:.3}") },
    );
    let note = Note::new(Level::Concern, "worst_group", text).about([standing.estimate.id.clone()]);
    Some(Finding { note, rank: 0, weight: 0.0 })
}

/// What it means that scores were counted in bins.
pub(super) fn scores_in_bins(error: f64) -> Note {
    let text = format!(
        "There are more than a million rows: areas under curves and distances of scores are computed from narrow bins of \
         scores. The area of all rows is within {error:.1e} of that of the rows one by one."
    );
    Note::new(Level::Info, "scores_binned", text)
}

/// Cautions about small groups, groups without a number and combinations that have no rows.
pub(super) fn cautions(slice: &Slice, rows: &[Row<'_>], settings: Settings<'_>) -> Vec<Note> {
    let mut all = Vec::new();
    let list = |names: &[String]| {
        let shown = names.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
    };
    let small: Vec<String> =
        slice.groups.iter().filter(|g| g.counted.rows() < settings.params.min_rows).map(Group::name).collect();
    if !small.is_empty() {
        let text = format!(
            "{} of {} groups by {} have fewer than {} rows: {}.",
            small.len(),
            slice.groups.len(),
            slice.title(),
            settings.params.min_rows,
            list(&small)
        );
        all.push(Note::new(Level::Caution, "small_groups", text));
    }
    let mut undefined: Vec<(Missing, Vec<String>, Vec<String>)> = Vec::new();
    for row in rows {
        for (place, why) in row.left_out() {
            let group = slice.groups.get(place).map_or_else(String::new, Group::name);
            let place = match undefined.iter_mut().find(|(w, ..)| *w == why) {
                Some(place) => place,
                None => {
                    undefined.push((why, Vec::new(), Vec::new()));
                    let Some(last) = undefined.last_mut() else { continue };
                    last
                }
            };
            if !place.1.contains(&group) {
                place.1.push(group);
            }
            if !place.2.contains(&row.metric.title) {
                place.2.push(row.metric.title.clone());
            }
        }
    }
    for (why, groups, metrics) in undefined {
        let text = format!(
            "By {}, {} have no value for {} because {}; they take no part in those gaps.",
            slice.title(),
            list(&groups),
            metrics.join(", ").to_lowercase(),
            why.says()
        );
        all.push(Note::new(Level::Caution, "undefined_groups", text));
    }
    if !slice.absent.is_empty() {
        let text =
            format!("By {}, {} combinations have no rows: {}.", slice.title(), slice.absent.len(), list(&slice.absent));
        all.push(Note::new(Level::Info, "absent_groups", text));
    }
    all
}
