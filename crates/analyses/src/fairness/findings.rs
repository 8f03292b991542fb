//! What the gaps of one metric between the groups of one slice mean.

use equipoise_document::{Estimate, EstimateId, Interval, Level, Note, Unit};

use super::aggregate::{Gaps, Row, Settings};
use super::groups::{Group, Slice};
use super::metrics::{Headline, Metric};
use super::tables::{plain, ratio, show_value};
use super::worst::Standing;

/// What a finding speaks of; one note tells all findings of a family about the same groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    SelectionRate,
    ErrorRates,
    Predictions,
    Quality,
}

impl Family {
    fn of(metric: &Metric) -> Option<Self> {
        Some(match (metric.headline?, metric.id.as_str()) {
            (Headline::Quality, _) => Self::Quality,
            (Headline::Allocation, "mean_prediction") => Self::Predictions,
            (Headline::Allocation, id) if id.starts_with("selection_rate") => Self::SelectionRate,
            (Headline::Allocation, _) => Self::ErrorRates,
        })
    }

    /// The end of the note's code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::SelectionRate => "selection_rate",
            Self::ErrorRates => "error_rates",
            Self::Predictions => "predictions",
            Self::Quality => "quality",
        }
    }
}

/// Which groups a finding is about, in the order of telling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// All rows, by one column.
    Column(String),
    /// All rows, by several columns together.
    Crossing,
    /// The rows of a cohort.
    Cohort,
}

/// How a gap stands to what is tolerated, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// The whole interval lies beyond the tolerance and the test agrees.
    Beyond,
    /// The data do not tell.
    Open,
    /// The whole interval lies within.
    Within,
}

impl Verdict {
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Beyond => "more than is tolerated",
            Self::Open => "the data cannot tell",
            Self::Within => "within what is tolerated",
        }
    }
}

/// One gap, judged.
pub(super) struct Finding {
    pub family: Family,
    pub about: About,
    /// The grouping in words: `sex and race, cohort young`.
    pub slice: String,
    /// The metric's title.
    pub metric: String,
    pub difference: EstimateId,
    pub ratio: Option<EstimateId>,
    /// Highest and lowest group by name; none for a number that is made of several gaps.
    pub groups: Option<(String, String)>,
    /// `93.6 % of 55 and over (78 rows) against 0.6 % of under 40 (169 rows), a gap of 93.0 points (82.6 to 96.7)`
    pub told: String,
    /// `93.0 points, 82.6 to 96.7`
    pub gap: String,
    /// `p < 0.001`, or empty.
    pub p: String,
    pub verdict: Verdict,
    /// True when a group has too few rows.
    pub small: bool,
    /// How far the gap is surely beyond the tolerance, relative to it; negative within.
    pub weight: f64,
}

impl Finding {
    /// For sorting: what is more than is tolerated, then the rest; of either what rests on few rows comes last, then the
    /// worse comes first, then what names its groups.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |f: &Self| (f.verdict != Verdict::Beyond, f.small, f.verdict, f.groups.is_none());
        key(self).cmp(&key(other)).then(other.weight.total_cmp(&self.weight))
    }
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
    find: &dyn Fn(&EstimateId) -> Option<Estimate>,
    deviation: f64,
    settings: Settings<'_>,
) -> Vec<Finding> {
    let wanted = |row: &&(&Row<'_>, &Gaps)| match row.0.metric.headline {
        Some(Headline::Allocation) => settings.params.is_about_allocation(),
        Some(Headline::Quality) => settings.params.is_about_quality(),
        None => false,
    };
    let pairs: Vec<(&Row<'_>, &Gaps)> = rows.iter().zip(gaps).collect();
    let mut all: Vec<Finding> = pairs
        .iter()
        .filter(wanted)
        .filter_map(|(row, gaps)| of_metric(slice, row, gaps, find, deviation, settings))
        .collect();
    if settings.params.is_about_allocation() {
        all.extend(of_odds(slice, find, settings));
    }
    all
}

fn about(slice: &Slice) -> About {
    match (&slice.cohort, slice.columns.as_slice()) {
        (Some(_), _) => About::Cohort,
        (None, [column]) => About::Column(column.clone()),
        (None, _) => About::Crossing,
    }
}

fn of_metric(
    slice: &Slice,
    row: &Row<'_>,
    gaps: &Gaps,
    find: &dyn Fn(&EstimateId) -> Option<Estimate>,
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
    let of_ratio = find(&slice.id(&metric.id).aggregated("ratio"));
    let by_ratio = of_ratio.as_ref().map(|r| judge_ratio(r, settings.params.ratio_tolerance));
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
        let measure = row.groups.get(place).and_then(|g| g.as_ref().ok());
        let (value, n) = measure.map_or((f64::NAN, 0), |m| (m.value(), m.n));
        let rows = if n == 1 { "row" } else { "rows" };
        format!("{} of {} ({} {rows})", show_value(value, &metric.unit), name(place), thousands(n))
    };
    let gap_text = with_ends(&difference, &metric.unit);
    let mut told = format!("{} against {}, a gap of {}", of(gap.highest), of(gap.lowest), bracketed(&gap_text));
    if let Some(of_ratio) = of_ratio.as_ref().filter(|r| r.value.is_some() && (is_selection || is_error)) {
        told.push_str(&format!(", a ratio of {}", bracketed(&with_ends(of_ratio, &Unit::Plain))));
    }
    Some(Finding {
        family: Family::of(metric)?,
        about: about(slice),
        slice: slice.title(),
        metric: metric.title.clone(),
        groups: Some((name(gap.highest), name(gap.lowest))),
        told,
        gap: gap_text,
        p: p_text(&difference),
        verdict,
        small: difference.small,
        weight: weight(&difference, tolerance),
        ratio: of_ratio.map(|r| r.id),
        difference: difference.id,
    })
}

fn of_odds(slice: &Slice, find: &dyn Fn(&EstimateId) -> Option<Estimate>, settings: Settings<'_>) -> Option<Finding> {
    let odds = find(&slice.id("equalized_odds").aggregated("difference"))?;
    odds.value?;
    let gap = with_ends(&odds, &Unit::Share);
    Some(Finding {
        family: Family::ErrorRates,
        about: about(slice),
        slice: slice.title(),
        metric: "Equalized odds".to_owned(),
        groups: None,
        told: format!("true or false positive rates lie up to {} apart", bracketed(&gap)),
        gap,
        p: p_text(&odds),
        verdict: judge_difference(&odds, settings.params.difference_tolerance),
        small: odds.small,
        weight: weight(&odds, settings.params.difference_tolerance),
        ratio: None,
        difference: odds.id,
    })
}

/// How far a gap is surely beyond what is tolerated, relative to it.
fn weight(difference: &Estimate, tolerance: f64) -> f64 {
    let surely = difference.interval.as_ref().map(|i| i.low).or(difference.value);
    surely.filter(|_| tolerance > 0.0).map_or(0.0, |value| value / tolerance - 1.0)
}

fn p_text(estimate: &Estimate) -> String {
    estimate.p_value.as_ref().map_or_else(String::new, |p| p_words(p.adjusted.unwrap_or(p.value)))
}

fn p_words(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}

/// `93.0 points, 82.6 to 96.7`
fn with_ends(estimate: &Estimate, unit: &Unit) -> String {
    let Some(value) = estimate.value else { return "nothing that can be told".to_owned() };
    let is_ratio = estimate.id.aggregate() == Some("ratio");
    // A gap of shares is in percentage points.
    let show = |x: f64| match unit {
        Unit::Share => format!("{:.1}", 100.0 * x),
        _ if is_ratio => ratio(x),
        _ => plain(x),
    };
    let word = if *unit == Unit::Share { " points" } else { "" };
    match &estimate.interval {
        Some(i) => format!("{}{word}, {} to {}", show(value), show(i.low), show(i.high)),
        None => format!("{}{word}", show(value)),
    }
}

/// `93.0 points (82.6 to 96.7)`
fn bracketed(gap: &str) -> String {
    gap.split_once(", ").map_or_else(|| gap.to_owned(), |(value, ends)| format!("{value} ({ends})"))
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
pub(super) fn of_worst(standing: &Standing, how_many: usize) -> Option<Note> {
    let p = standing.estimate.p_value.as_ref()?.adjusted?;
    if standing.at_least <= 0.0 || p >= 0.05 {
        return None;
    }
    let value = standing.estimate.value?;
    let show =
        |x: f64| if standing.estimate.unit == Unit::Share { format!("{:.1} points", 100.0 * x) } else { plain(x) };
    let text = format!(
        "Of {how_many} groups looked at, {} ({}, {} rows) stands out most: its {} differs from all others' by {}, \
         surely by {} ({} after adjustment).",
        standing.group,
        standing.grouping,
        thousands(standing.n),
        super::merged::in_sentence(&standing.title),
        show(value),
        show(standing.at_least),
        p_words(p),
    );
    Some(Note::new(Level::Concern, "worst_group", text).about([standing.estimate.id.clone()]))
}

/// What it means that scores were counted in bins.
pub(super) fn scores_in_bins(error: f64) -> Note {
    let text = format!(
        "There are more than a million rows: areas under curves and distances of scores are computed from narrow bins of \
         scores. The area of all rows is within {error:.1e} of that of the rows one by one."
    );
    Note::new(Level::Info, "scores_binned", text)
}
