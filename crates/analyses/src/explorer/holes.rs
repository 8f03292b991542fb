//! Which columns are missing together, and whether missing values tell the target.

use equipoise_document::{Better, BlockKind, ColumnRole, Level, Note, Table, TableColumn, Task, Unit};
use equipoise_kernels::{
    Ends, Merge, Tally, benjamini_hochberg, compare_proportions, fisher_interval, mover, normal_two_sided, t_quantile,
    wilson,
};

use super::answer::{Answer, Given, adjusted, id, of, percent, some_of};
use super::leakage::grouped_cells;
use super::picked::Picked;
use super::profile::Profile;

/// Columns with missing values that are looked at in pairs: those with most.
const MOST_COLUMNS: usize = 60;
/// Pairs that are shown.
const MOST_PAIRS: usize = 30;

/// Counts of which of a few columns are missing together: all, each, and each pair.
#[derive(Clone, Debug, Default)]
pub(super) struct Together {
    whole: Tally,
    each: Vec<Tally>,
    pairs: Vec<Tally>,
}

impl Merge for Together {
    fn merge_from(&mut self, other: Self) {
        self.whole.merge_from(other.whole);
        self.each.merge_from(other.each);
        self.pairs.merge_from(other.pairs);
    }
}

/// Places among the profiles of the columns with some values missing and some there, most missing first.
pub(super) fn with_holes(profiles: &[Profile<'_>]) -> Vec<usize> {
    let has_both = |p: &Profile<'_>| p.n_missing.n > 0 && p.n_missing.n < p.whole.n;
    let is_used = |p: &Profile<'_>| {
        !p.looked.has(ColumnRole::Target) && (p.looked.is_input() || p.looked.has(ColumnRole::Sensitive))
    };
    let mut places: Vec<usize> =
        (0..profiles.len()).filter(|place| profiles.get(*place).is_some_and(|p| has_both(p) && is_used(p))).collect();
    let weight = |place: &usize| profiles.get(*place).map_or(0.0, |p| p.n_missing.w);
    places.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.cmp(b)));
    places.truncate(MOST_COLUMNS);
    places
}

/// Counts the picked rows; `at` are the columns' places among the picked ones.
pub(super) fn together(picked: &Picked, at: &[usize]) -> Together {
    let n = at.len();
    let mut state =
        Together { whole: Tally::default(), each: vec![Tally::default(); n], pairs: vec![Tally::default(); n * n] };
    let columns: Vec<_> = at.iter().filter_map(|at| picked.columns.get(*at)).collect();
    let mut holes = Vec::new();
    for row in 0..picked.len() {
        let w = picked.weight_at(row);
        state.whole.push(w);
        holes.clear();
        holes.extend(columns.iter().enumerate().filter(|(_, c)| c.is_missing(row)).map(|(i, _)| i));
        for (k, i) in holes.iter().enumerate() {
            if let Some(t) = state.each.get_mut(*i) {
                t.push(w);
            }
            for j in holes.iter().skip(k + 1) {
                if let Some(t) = state.pairs.get_mut(i * n + j) {
                    t.push(w);
                }
            }
        }
    }
    state
}

/// Adds the pairs of columns whose missing values go together: φ of the two indicators with Fisher's z interval.
pub(super) fn add_together(answer: &mut Answer<'_>, profiles: &[Profile<'_>], places: &[usize], counted: &Together) {
    let n = places.len();
    let name = |i: usize| places.get(i).and_then(|p| profiles.get(*p)).map_or("", |p| p.looked.name.as_str());
    let Some(effective) = counted.whole.n_effective() else { return };
    let mut found = Vec::new();
    for i in 0..n {
        for j in i + 1..n {
            let share = |t: Option<&Tally>| t.copied().unwrap_or_default().w / counted.whole.w;
            let (p, q) = (share(counted.each.get(i)), share(counted.each.get(j)));
            let both = share(counted.pairs.get(i * n + j));
            let spread = (p * (1.0 - p) * q * (1.0 - q)).sqrt();
            if spread.is_nan() || spread <= 0.0 || effective <= 3.0 {
                continue;
            }
            let phi = ((both - p * q) / spread).clamp(-1.0, 1.0);
            let se = (1.0 - phi * phi) / (effective - 3.0).sqrt();
            let ends = fisher_interval(phi, se, answer.confidence);
            found.push((i, j, phi, ends, normal_two_sided(phi * effective.sqrt()), both));
        }
    }
    if found.is_empty() {
        return;
    }
    let p_adjusted = benjamini_hochberg(&found.iter().map(|f| f.4).collect::<Vec<_>>());
    let mut lines: Vec<_> = found.into_iter().zip(p_adjusted).collect();
    let key = |phi: f64| (phi.abs() * 1e9).round();
    lines.sort_by(|(a, _), (b, _)| key(b.2).total_cmp(&key(a.2)).then((a.0, a.1).cmp(&(b.0, b.1))));
    let n_pairs = lines.len();
    lines.truncate(MOST_PAIRS);
    let mut ids = Vec::new();
    for ((i, j, phi, ends, p, _), p_adjusted) in &lines {
        let given = Given { value: Ok(*phi), ends: *ends, method: "fisher_z", n: counted.whole };
        let estimate = answer
            .estimate(id("missing_together").by(&[name(*i), name(*j)]), given, Better::Neither)
            .with_p_value(adjusted(*p, *p_adjusted, "phi"));
        ids.push(Some(answer.add(estimate)));
    }
    let table = Table::new("missing_together", "Values missing together")
        .column(TableColumn::text("a", "Column", lines.iter().map(|(f, _)| name(f.0))))
        .column(TableColumn::text("b", "and", lines.iter().map(|(f, _)| name(f.1))))
        .column(
            TableColumn::number("both", "Both missing", lines.iter().map(|(f, _)| Some(f.5))).with_unit(Unit::Share),
        )
        .column(TableColumn::estimate("phi", "Correlation", ids))
        .column(TableColumn::number("p", "Adjusted p", lines.iter().map(|(_, p)| Some(*p))));
    answer.table(table);
    let says = format!(
        "Whether two columns are missing in the same rows: 1 always together, 0 by chance, below 0 rarely. {} of {n_pairs} pairs.",
        lines.len()
    );
    answer.block("missing_together", "Values missing together", "missing_together", BlockKind::Table {}, says);
    let tied: Vec<String> =
        lines.iter().filter(|(f, _)| f.2 >= 0.9).map(|(f, _)| format!("{} and {}", name(f.0), name(f.1))).collect();
    if !tied.is_empty() {
        let text = format!("Missing in nearly the same rows: {}.", some_of(&tied, 5));
        answer.note(10.0, Note::new(Level::Finding, "missing_together", text));
    }
}

/// Adds the difference of the target between rows without and with a value: of the share of the second of two classes
/// (Newcombe's interval), or of the mean of a number (Welch's interval). Several classes are in the information of
/// each column, where missing values are a cell.
pub(super) fn add_target(
    answer: &mut Answer<'_>,
    profiles: &[Profile<'_>],
    places: &[usize],
    task: Task,
    target: &str,
    positive: &str,
) {
    let mut found = Vec::new();
    for place in places {
        let Some(profile) = profiles.get(*place) else { continue };
        let gap = match task {
            Task::Binary => share_gap(answer, profile),
            Task::Regression => mean_gap(answer, profile),
            Task::Multiclass => None,
        };
        found.extend(gap.map(|gap| (profile, gap)));
    }
    if found.is_empty() {
        return;
    }
    let p_adjusted = benjamini_hochberg(&found.iter().map(|(_, g)| g.p).collect::<Vec<_>>());
    let (mut names, mut with, mut without, mut rows, mut ids, mut ps) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut telling: Vec<(f64, String, String)> = Vec::new();
    for ((profile, gap), p_adjusted) in found.into_iter().zip(p_adjusted) {
        let name = profile.looked.name.as_str();
        let size = gap.given.value.unwrap_or(0.0);
        let estimate = answer
            .estimate(of("missing_target_difference", name), gap.given, Better::Zero)
            .with_p_value(adjusted(gap.p, p_adjusted, gap.test));
        let estimate = if task == Task::Binary { estimate } else { estimate.with_unit(Unit::Target) };
        ids.push(Some(answer.add(estimate)));
        names.push(name.to_owned());
        rows.push(profile.n_missing.n);
        without.push(Some(gap.without));
        with.push(Some(gap.with));
        ps.push(Some(p_adjusted));
        if p_adjusted < 0.01 && (task != Task::Binary || size.abs() >= 0.05) {
            let words = if task == Task::Binary {
                format!("{} without a value against {} with one", percent(gap.without), percent(gap.with))
            } else {
                format!("{} against {}", super::answer::short(gap.without), super::answer::short(gap.with))
            };
            telling.push((size.abs(), name.to_owned(), words));
        }
    }
    let unit = if task == Task::Binary { Unit::Share } else { Unit::Target };
    let table = Table::new("missing_target", &format!("Missing values and {target}"))
        .column(TableColumn::text("column", "Column", names))
        .column(TableColumn::rows("n", "Missing rows", rows))
        .column(TableColumn::number("without", "Where missing", without).with_unit(unit.clone()))
        .column(TableColumn::number("with", "Where there", with).with_unit(unit))
        .column(TableColumn::estimate("difference", "Difference", ids))
        .column(TableColumn::number("p", "Adjusted p", ps));
    answer.table(table);
    let what = if task == Task::Binary {
        format!("the share of rows with `{target}` = `{positive}`")
    } else {
        format!("the mean of `{target}`")
    };
    let says = format!(
        "Whether a missing value tells the target: {what} where the column has no value, and where it has one."
    );
    answer.block(
        "missing_target",
        &format!("Missing values and {target}"),
        "missing_target",
        BlockKind::Table {},
        says,
    );
    telling.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    for (size, name, words) in telling.into_iter().take(5) {
        let text = format!(
            "Missing values of `{name}` tell `{target}`: {words}. Filling them in without a trace loses that, and if they are \
             missing because of the outcome it leaks."
        );
        let about = [of("missing_target_difference", &name)];
        answer.note(55.0 + size.min(1.0), Note::new(Level::Caution, "missing_tells_target", text).about(about));
    }
}

struct Gap {
    given: Given,
    with: f64,
    without: f64,
    p: f64,
    test: &'static str,
}

fn share_gap(answer: &Answer<'_>, profile: &Profile<'_>) -> Option<Gap> {
    let cells = grouped_cells(profile);
    let (without, with) = cells.split_last()?;
    let without = [without.first().copied()?, without.get(1).copied()?];
    let of_label = |y: usize| with.iter().filter_map(|c| c.get(y)).copied().sum::<Tally>();
    let with = [of_label(0), of_label(1)];
    gap_of_shares(answer, without, with)
}

fn gap_of_shares(answer: &Answer<'_>, without: [Tally; 2], with: [Tally; 2]) -> Option<Gap> {
    let whole = |pair: [Tally; 2]| pair.into_iter().sum::<Tally>();
    let (a, b) = (whole(without), whole(with));
    let (p, q) = (without[1].share_of(a)?, with[1].share_of(b)?);
    let (n_a, n_b) = (a.n_effective()?, b.n_effective()?);
    let ends = mover(&[(1.0, p, wilson(p, n_a, answer.confidence)?), (-1.0, q, wilson(q, n_b, answer.confidence)?)]);
    let (value, test) = if answer.is_weighted {
        let variance = p * (1.0 - p) / n_a + q * (1.0 - q) / n_b;
        (if variance > 0.0 { normal_two_sided((p - q) / variance.sqrt()) } else { 1.0 }, "wald")
    } else {
        let test = compare_proportions(without[1].n, a.n, with[1].n, b.n)?;
        (test.p_value, test.method)
    };
    let n = [a, b].into_iter().sum();
    Some(Gap { given: Given { value: Ok(p - q), ends, method: "newcombe", n }, with: q, without: p, p: value, test })
}

/// Means of a numeric target without and with a value, with Welch's interval and test.
fn mean_gap(answer: &Answer<'_>, profile: &Profile<'_>) -> Option<Gap> {
    let (without, with) = profile.counted.targets.split_last()?;
    let with = with.iter().fold(super::counts::TargetSums::default(), |mut sum, g| {
        sum.merge_from(*g);
        sum
    });
    let moments = |g: &super::counts::TargetSums| {
        let n = g.tally.n_effective().filter(|n| *n > 1.0)?;
        let mean = g.first / g.tally.w;
        let variance = ((g.second / g.tally.w - mean * mean).max(0.0)) * n / (n - 1.0);
        Some((mean, variance / n, n))
    };
    let ((a, va, na), (b, vb, nb)) = (moments(without)?, moments(&with)?);
    let se = (va + vb).sqrt();
    if se.is_nan() || se <= 0.0 {
        return None;
    }
    let df = (va + vb).powi(2) / (va * va / (na - 1.0) + vb * vb / (nb - 1.0));
    let half = t_quantile(0.5 + 0.5 * answer.confidence.level(), df) * se;
    let gap = a - b;
    let shift = profile.plan_shift();
    Some(Gap {
        given: Given {
            value: Ok(gap),
            ends: Some(Ends { low: gap - half, high: gap + half }),
            method: "welch",
            n: [without.tally, with.tally].into_iter().sum(),
        },
        with: b + shift,
        without: a + shift,
        p: equipoise_kernels::t_two_sided(gap / se, df),
        test: "welch",
    })
}
