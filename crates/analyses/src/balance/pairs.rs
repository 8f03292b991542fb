//! How the outcome differs between two values of a column, before any model.

use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, Interval, Level, Missing, Note, PValue, Reference, Table, TableColumn,
    Unit,
};
use equipoise_kernels::{
    Association, Ends, Measure, Split, Tally, benjamini_hochberg, compare_proportions, mover, normal_two_sided, wilson,
};

use super::answer::{Answer, id, p_in_words, part_name, percent};
use super::labels::Labels;
use super::observed::{Observed, Value};
use super::values::table_id;

/// Pairs beyond this many are left out of a column's table, smallest gaps first.
const MAX_PAIRS: usize = 200;

/// Two values of a column, compared on one label.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) label: usize,
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) rows: (Tally, Tally),
    /// `P(label | a) − P(label | b)`.
    pub(super) gap: Option<f64>,
    pub(super) ends: Option<Ends>,
    pub(super) z: Option<f64>,
    pub(super) p_value: Option<f64>,
    pub(super) adjusted: Option<f64>,
    pub(super) method: &'static str,
    /// Gaps of the other measures, in the order of [`Measure::ALL`].
    pub(super) measures: Vec<Option<f64>>,
    /// Gap of the rank correlation that counts ties.
    pub(super) kendall: Option<f64>,
}

/// The largest gap of a column on one label.
#[derive(Clone, Debug)]
pub(super) struct Largest {
    pub(super) column: String,
    pub(super) is_sensitive: bool,
    pub(super) label: usize,
    pub(super) names: (String, String),
    /// The share with the label in each.
    pub(super) rates: (f64, f64),
    pub(super) estimate: Estimate,
}

/// All pairs of named values on every compared label, with p-values adjusted over all of them together.
pub(super) fn compare(answer: &Answer<'_>, observed: &Observed, part: usize, labels: &Labels) -> Vec<Pair> {
    let values: &[Value] = observed.parts.get(part).map_or(&[], Vec::as_slice);
    let mut pairs = Vec::new();
    for label in &labels.compared {
        let splits: Vec<Split> = values.iter().map(|v| v.split(*label)).collect();
        let all = Split { with: splits.iter().map(|s| s.with).sum(), without: splits.iter().map(|s| s.without).sum() };
        let named = || splits.iter().enumerate().filter(|(i, s)| observed.is_named(*i) && s.whole().w > 0.0);
        for (a, of_a) in named() {
            for (b, of_b) in named().filter(|(b, _)| *b > a) {
                pairs.push(pair(answer, *label, (a, *of_a), (b, *of_b), all));
            }
        }
    }
    let p_values: Vec<f64> = pairs.iter().filter_map(|p| p.p_value).collect();
    let adjusted = benjamini_hochberg(&p_values);
    for (pair, adjusted) in pairs.iter_mut().filter(|p| p.p_value.is_some()).zip(adjusted) {
        pair.adjusted = Some(adjusted);
    }
    pairs
}

fn pair(answer: &Answer<'_>, label: usize, (a, of_a): (usize, Split), (b, of_b): (usize, Split), all: Split) -> Pair {
    let measure = Measure::StatisticalParity;
    let gap = measure.gap(of_a, of_b, all);
    let share = |s: Split| {
        let p = s.with.share_of(s.whole())?;
        Some((p, wilson(p, s.whole().n_effective()?, answer.confidence)?))
    };
    let newcombe = share(of_a).zip(share(of_b)).and_then(|((p, a), (q, b))| mover(&[(1.0, p, a), (-1.0, q, b)]));
    let (z, p_value, method) = if answer.is_weighted {
        // Exact and pooled tests know no weights: the linearised variance does.
        let variance = measure.gap_variance(of_a, of_b, all).filter(|v| *v > 0.0);
        let z = gap.zip(variance).map(|(gap, variance)| gap / variance.sqrt());
        (z, z.map(normal_two_sided), "wald_linearised")
    } else {
        match compare_proportions(of_a.with.n, of_a.whole().n, of_b.with.n, of_b.whole().n) {
            Some(test) => (test.z, Some(test.p_value), test.method),
            None => (None, None, ""),
        }
    };
    let kendall = |s: Split| Association::between(s, all)?.kendall_with_ties(all.whole().w);
    Pair {
        label,
        a,
        b,
        rows: (of_a.whole(), of_b.whole()),
        gap,
        ends: newcombe,
        z,
        p_value,
        adjusted: None,
        method,
        measures: Measure::ALL.iter().map(|m| m.gap(of_a, of_b, all)).collect(),
        kendall: kendall(of_a).zip(kendall(of_b)).map(|(a, b)| a - b),
    }
}

impl Pair {
    fn is_small(&self, answer: &Answer<'_>) -> bool {
        answer.is_small(self.rows.0) || answer.is_small(self.rows.1)
    }

    fn estimate(&self, answer: &Answer<'_>, id: equipoise_document::EstimateId, sign: f64) -> Estimate {
        let (rows_a, rows_b) = self.rows;
        let ends = self.ends.map(|e| if sign < 0.0 { e.map_falling(|x| -x) } else { e });
        let value = self.gap.map(|gap| sign * gap).ok_or(Missing::ZeroWeight);
        let p_value = self.p_value.map(|value| PValue {
            value,
            adjusted: self.adjusted,
            method: format!("{}, benjamini_hochberg", self.method),
        });
        let whole: Tally = [rows_a, rows_b].into_iter().sum();
        Estimate::from_result(id, value, whole.n, Better::Zero)
            .with_unit(Unit::Share)
            .with_interval(answer.interval(ends, "newcombe"))
            .with_n_effective(answer.n_effective(whole))
            .with_p_value(p_value)
            .flagged_small(self.is_small(answer))
    }
}

/// Adds the pairs of a column with table and picture.
pub(super) fn add(answer: &mut Answer<'_>, observed: &Observed, part: usize, labels: &Labels, pairs: Vec<Pair>) {
    let column = observed.column.as_str();
    // The training data's pairs are shown only where groups must be treated fairly.
    if part > 0 && !observed.is_sensitive {
        return;
    }
    let n_pairs = pairs.len();
    let pairs = with_largest_gaps(pairs);
    let name = |i: usize| observed.names.get(i).cloned().unwrap_or_default();
    let ids: Vec<_> = pairs
        .iter()
        .map(|pair| {
            let groups = [(column, name(pair.a)), (column, name(pair.b))];
            labels.id(id(part, "statistical_parity").aggregated("difference").of_group(&groups), pair.label)
        })
        .collect();
    let title = format!("Pairs of values of {column} ({} data)", part_name(part));
    let table_id = table_id(if part == 0 { "pairs" } else { "train_pairs" }, column);
    let mut table = Table::new(&table_id, &title)
        .column(TableColumn::text("a", "A", pairs.iter().map(|p| name(p.a))))
        .column(TableColumn::text("b", "B", pairs.iter().map(|p| name(p.b))));
    if labels.compared.len() > 1 {
        table = table.column(TableColumn::text("label", &labels.target, pairs.iter().map(|p| labels.name(p.label))));
    }
    if observed.is_sensitive {
        for (pair, id) in pairs.iter().zip(&ids) {
            let estimate = pair.estimate(answer, id.clone(), 1.0);
            answer.section.estimates.push(estimate);
        }
        table = table.column(TableColumn::estimate("statistical_parity", TITLES[0], ids.into_iter().map(Some)));
    } else {
        let share = |id, title, of: fn(&Pair) -> Option<f64>| {
            TableColumn::number(id, title, pairs.iter().map(of)).with_unit(Unit::Share)
        };
        table = table
            .column(share("statistical_parity", TITLES[0], |p| p.gap))
            .column(share("low", "Lower end", |p| p.ends.map(|e| e.low)))
            .column(share("high", "Upper end", |p| p.ends.map(|e| e.high)));
    }
    table = table
        .column(TableColumn::number("z", "z", pairs.iter().map(|p| p.z)))
        .column(TableColumn::number("p_value", "p", pairs.iter().map(|p| p.p_value)))
        .column(TableColumn::number("adjusted_p_value", "p adjusted", pairs.iter().map(|p| p.adjusted)));
    let others = [
        ("pointwise_mutual_information", Unit::Nats),
        ("sorensen_dice", Unit::Plain),
        ("jaccard", Unit::Plain),
        ("log_likelihood_ratio", Unit::Nats),
        ("phi", Unit::Plain),
    ];
    for (place, (id, unit)) in others.into_iter().enumerate() {
        let gaps = pairs.iter().map(|p| p.measures.get(place + 1).copied().flatten());
        let title = TITLES.get(place + 1).copied().unwrap_or_default();
        table = table.column(TableColumn::number(id, title, gaps).with_unit(unit));
    }
    table =
        table.column(TableColumn::number("kendall_with_ties", "Kendall with ties", pairs.iter().map(|p| p.kendall)));
    answer.section.tables.push(table);
    if part == 0 && labels.compared.len() == 1 && observed.parts.first().is_some_and(|p| p.len() > 2) {
        let map = BlockKind::HeatMap {
            x: "b".into(),
            y: "a".into(),
            value: "statistical_parity".into(),
            axis: Axis::titled("share in A less share in B"),
        };
        let left_out = if n_pairs > MAX_PAIRS {
            format!(" The {MAX_PAIRS} largest of {n_pairs} gaps are shown.")
        } else {
            String::new()
        };
        let says = format!(
            "The share of rows with {} in A less that in B, for each pair of values of `{column}`.{left_out}",
            labels.words()
        );
        let title = format!("Gaps between values of {column}");
        answer.section.blocks.push(Block::new(&table_id, &title, &table_id, map, says));
    }
}

/// Headings of the measures' gaps, in the order of [`Measure::ALL`].
const TITLES: [&str; 6] =
    ["Statistical parity difference", "Mutual information", "Sørensen–Dice", "Jaccard", "Log-likelihood ratio", "φ"];

/// The pairs with the largest gaps, in their order.
fn with_largest_gaps(pairs: Vec<Pair>) -> Vec<Pair> {
    if pairs.len() <= MAX_PAIRS {
        return pairs;
    }
    let size = |pair: &Pair| pair.gap.map_or(-1.0, f64::abs);
    let mut sizes: Vec<f64> = pairs.iter().map(size).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    let least = sizes.get(MAX_PAIRS - 1).copied().unwrap_or(0.0);
    pairs.into_iter().filter(|pair| size(pair) >= least).take(MAX_PAIRS).collect()
}

/// The largest gap of each label between two values that have enough rows.
pub(super) fn largest(
    answer: &Answer<'_>,
    observed: &Observed,
    part: usize,
    labels: &Labels,
    pairs: &[Pair],
) -> Vec<Largest> {
    labels.compared.iter().map(|label| largest_of(answer, observed, part, labels, *label, pairs)).collect()
}

fn largest_of(
    answer: &Answer<'_>,
    observed: &Observed,
    part: usize,
    labels: &Labels,
    label: usize,
    pairs: &[Pair],
) -> Largest {
    let column = observed.column.as_str();
    let metric = id(part, "statistical_parity").aggregated("difference").by(&[column]);
    let metric = labels.id(metric, label);
    let enough = pairs.iter().filter(|p| p.label == label && p.gap.is_some() && !p.is_small(answer));
    let size = |pair: &&Pair| pair.gap.map_or(-1.0, f64::abs);
    let found = enough.max_by(|a, b| size(a).total_cmp(&size(b)).then((b.a, b.b).cmp(&(a.a, a.b))));
    let name = |i: usize| observed.names.get(i).cloned().unwrap_or_default();
    let (names, rates, estimate) = match found {
        Some(pair) => {
            let is_up = pair.gap.is_some_and(|gap| gap >= 0.0);
            let (more, less) = if is_up { (pair.a, pair.b) } else { (pair.b, pair.a) };
            let rate = |place: usize| {
                let value = observed.parts.get(part).and_then(|values| values.get(place));
                value.and_then(|v| v.split(label).with.share_of(v.whole())).unwrap_or(0.0)
            };
            let estimate = pair.estimate(answer, metric, if is_up { 1.0 } else { -1.0 });
            ((name(more), name(less)), (rate(more), rate(less)), estimate)
        }
        None => {
            let n = pairs.iter().filter(|p| p.label == label).count();
            let why = if n == 0 { Missing::FewerThanTwoGroups } else { Missing::BelowMinSize };
            let rows = observed.parts.get(part).into_iter().flatten().map(|v| v.whole().n).sum();
            let absent = Estimate::absent(metric, why, rows, Better::Zero).with_unit(Unit::Share);
            (Default::default(), (0.0, 0.0), absent)
        }
    };
    Largest { column: column.to_owned(), is_sensitive: observed.is_sensitive, label, names, rates, estimate }
}

/// Adds the largest gaps of all columns: their table, their picture and what they say.
pub(super) fn add_largest(answer: &mut Answer<'_>, part: usize, mut all: Vec<Largest>, labels: &Labels) {
    let size = |l: &Largest| l.estimate.value.unwrap_or(-1.0);
    all.sort_by(|a, b| b.is_sensitive.cmp(&a.is_sensitive).then(size(b).total_cmp(&size(a))));
    for one in &all {
        say(answer, part, one, labels);
    }
    let table_id = if part == 0 { "largest_gaps" } else { "train_largest_gaps" };
    let title = format!("Largest gap of each column ({} data)", part_name(part));
    let mut table = Table::new(table_id, &title)
        .column(TableColumn::text("column", "Column", all.iter().map(|l| l.column.as_str())))
        .column(TableColumn::text("a", "More often in", all.iter().map(|l| l.names.0.as_str())))
        .column(TableColumn::text("b", "Less often in", all.iter().map(|l| l.names.1.as_str())));
    if labels.compared.len() > 1 {
        table = table.column(TableColumn::text("label", &labels.target, all.iter().map(|l| labels.name(l.label))));
    }
    let adjusted = |l: &Largest| l.estimate.p_value.as_ref().and_then(|p| p.adjusted);
    table = table
        .column(TableColumn::estimate("difference", TITLES[0], all.iter().map(|l| Some(l.estimate.id.clone()))))
        .column(TableColumn::number("adjusted_p_value", "p adjusted", all.iter().map(adjusted)));
    answer.section.tables.push(table);
    answer.section.estimates.extend(all.into_iter().map(|l| l.estimate));
    let dots = BlockKind::Dots {
        label: "column".into(),
        value: "difference".into(),
        series: (labels.compared.len() > 1).then(|| "label".into()),
        axis: Axis::titled("largest difference of shares"),
        reference: Some(Reference::At(0.0)),
    };
    let says = format!(
        "The largest difference between two values of each column in the share of rows with {}, before any model; values \
         with fewer than {} rows are left out.",
        labels.words(),
        answer.params.min_rows
    );
    answer.section.blocks.push(Block::new(table_id, &title, table_id, dots, says));
}

fn say(answer: &mut Answer<'_>, part: usize, one: &Largest, labels: &Labels) {
    let Estimate { id, value: Some(gap), interval: Some(Interval { low, high, level, .. }), p_value, .. } =
        &one.estimate
    else {
        return;
    };
    if !one.is_sensitive {
        return;
    }
    let adjusted = p_value.as_ref().and_then(|p| p.adjusted).unwrap_or(1.0);
    let is_clear = adjusted < 1.0 - level;
    let is_concern = is_clear && *gap >= answer.params.concern_from;
    let (a, b) = &one.names;
    let sure = if is_clear { "" } else { " Chance alone would often give as much." };
    let points = |share: f64| format!("{:.1}", share * 100.0);
    let text = format!(
        "In the {} data, before any model, `{}` is `{}` for {} of rows where `{}` is `{a}` and for {} where it is `{b}`: a gap of {} \
         points [{}, {}] (adjusted {}).{sure}",
        part_name(part),
        labels.target,
        labels.name(one.label),
        percent(one.rates.0),
        one.column,
        percent(one.rates.1),
        points(*gap),
        points(*low),
        points(*high),
        p_in_words(adjusted),
    );
    let level = if is_concern { Level::Concern } else { Level::Finding };
    let note = Note::new(level, "outcome_gap", text).about([id.clone()]);
    answer.note(*gap, note);
}
