//! How evenly rows are spread over the combinations of sensitive groups.

use std::collections::BTreeMap;

use equipoise_data::MISSING_GROUP;
use equipoise_document::{Better, Block, BlockKind, Estimate, Level, Missing, Note, Table, TableColumn, Unit};
use equipoise_kernels::{Inequality, Merge, Tally, normal_interval, shares};

use super::answer::{Answer, id, part_name, some_of};

/// Combinations beyond this many are counted and not listed.
const MAX_LISTED: usize = 500;
/// Beyond this many possible combinations nothing is computed: most would be empty.
const MAX_POSSIBLE: usize = 100_000;

/// The groups of a combination and its rows.
type Combination = (Vec<String>, Tally);

/// Rows by combination of groups, for one part.
#[derive(Clone, Debug, Default)]
pub(super) struct Combinations {
    /// Names of the combined columns.
    pub(super) columns: Vec<String>,
    /// The groups of each column.
    pub(super) groups: Vec<Vec<String>>,
    /// Rows by combination, in mixed radix with the first column slowest.
    pub(super) rows: BTreeMap<u64, Tally>,
}

impl Combinations {
    /// All combinations of groups that are not `missing`, with their rows; none when there are too many.
    fn all(&self) -> Option<Vec<Combination>> {
        let n = self.groups.iter().try_fold(1_usize, |n, groups| n.checked_mul(groups.len()))?;
        if n > MAX_POSSIBLE {
            return None;
        }
        let one = |key: usize| {
            let mut rest = key;
            let mut names: Vec<String> = Vec::with_capacity(self.groups.len());
            for groups in self.groups.iter().rev() {
                names.push(groups.get(rest % groups.len().max(1)).cloned().unwrap_or_default());
                rest /= groups.len().max(1);
            }
            names.reverse();
            (names, self.rows.get(&(key as u64)).copied().unwrap_or_default())
        };
        Some((0..n).map(one).filter(|(names, _)| !names.iter().any(|name| name == MISSING_GROUP)).collect())
    }
}

/// Adds inequality over the combinations of each part, with those that are empty counted and named.
pub(super) fn add(answer: &mut Answer<'_>, parts: &[Combinations]) {
    let mut tables: Vec<(usize, Vec<Combination>)> = Vec::new();
    for (part, combinations) in parts.iter().enumerate() {
        let Some(all) = combinations.all() else {
            let text = format!(
                "The sensitive columns have more than {MAX_POSSIBLE} combinations of groups, so their balance was not computed; \
                 name fewer columns or cut them into fewer groups."
            );
            answer.note(0.0, Note::new(Level::Caution, "too_many_combinations", text));
            return;
        };
        add_inequality(answer, part, &combinations.columns, &all);
        tables.push((part, all));
    }
    add_table(answer, parts, &tables);
}

fn add_inequality(answer: &mut Answer<'_>, part: usize, columns: &[String], all: &[Combination]) {
    let cells: Vec<Tally> = all.iter().map(|(_, tally)| *tally).collect();
    let seen: Vec<Tally> = cells.iter().copied().filter(|t| t.w > 0.0).collect();
    let whole: Tally = cells.iter().copied().sum();
    let n_empty = cells.len() - seen.len();
    #[allow(clippy::cast_precision_loss, reason = "a number of combinations")]
    let empty = Estimate::new(id(part, "empty_combinations").by(columns), n_empty as f64, whole.n, Better::Lower);
    let about = empty.id.clone();
    answer.section.estimates.push(empty);
    let epsilon = answer.params.atkinson_epsilon;
    let indices = [
        (Inequality::Atkinson(epsilon), "atkinson_index", Unit::Plain),
        (Inequality::TheilL, "theil_l_index", Unit::Nats),
        (Inequality::TheilT, "theil_t_index", Unit::Nats),
    ];
    for (index, name, unit) in indices {
        for (cells, aggregate) in [(&cells, None), (&seen, Some("observed"))] {
            let mut metric = id(part, name);
            if let Some(aggregate) = aggregate {
                metric = metric.aggregated(aggregate);
            }
            let value = shares(cells).and_then(|p| index.of(&p));
            let why = if whole.n == 0 { Missing::Empty } else { Missing::ZeroDenominator };
            let bound = if matches!(index, Inequality::Atkinson(_)) { 1.0 } else { f64::INFINITY };
            let variance = index.variance(cells).filter(|v| *v > 0.0);
            let ends = value.zip(variance).and_then(|(v, s)| normal_interval(v, s.sqrt(), answer.confidence));
            let estimate = Estimate::from_result(metric.by(columns), value.ok_or(why), whole.n, Better::Zero)
                .with_unit(unit.clone())
                .with_interval(answer.interval(ends.map(|e| e.within(0.0, bound)), "delta"))
                .with_n_effective(answer.n_effective(whole))
                .flagged_small(cells.iter().any(|c| answer.is_small(*c)));
            answer.section.estimates.push(estimate);
        }
    }
    say(answer, part, columns, all, about);
}

fn say(
    answer: &mut Answer<'_>,
    part: usize,
    columns: &[String],
    all: &[Combination],
    about: equipoise_document::EstimateId,
) {
    let joined = |keep: &dyn Fn(&Tally) -> bool| -> Vec<String> {
        all.iter().filter(|(_, t)| keep(t)).map(|(names, _)| names.join(" · ")).collect()
    };
    let part = part_name(part);
    let columns = columns.join(" × ");
    let empty = joined(&|t| t.n == 0);
    if !empty.is_empty() {
        let text = format!(
            "{} of {} combinations of {columns} have no rows in the {part} data: {}. Nothing is known about them.",
            empty.len(),
            all.len(),
            some_of(&empty, 10)
        );
        #[allow(clippy::cast_precision_loss, reason = "a number of combinations")]
        answer.note(empty.len() as f64, Note::new(Level::Concern, "empty_combinations", text).about([about]));
    }
    let min_rows = answer.params.min_rows;
    let small = joined(&|t| t.n > 0 && t.n < min_rows);
    if !small.is_empty() {
        let text = format!(
            "{} of {} combinations of {columns} have fewer than {min_rows} rows in the {part} data: {}.",
            small.len(),
            all.len(),
            some_of(&small, 10)
        );
        #[allow(clippy::cast_precision_loss, reason = "a number of combinations")]
        answer.note(small.len() as f64, Note::new(Level::Caution, "small_groups", text));
    }
}

fn add_table(answer: &mut Answer<'_>, parts: &[Combinations], tables: &[(usize, Vec<Combination>)]) {
    let Some(columns) = parts.first().map(|p| p.columns.clone()) else { return };
    // A combination of either part, in the first part's order.
    let mut rows: Vec<(&[String], Vec<Tally>)> = Vec::new();
    let mut places: BTreeMap<&[String], usize> = BTreeMap::new();
    for (part, all) in tables {
        for (names, tally) in all {
            let place = *places.entry(names).or_insert_with(|| {
                rows.push((names, vec![Tally::default(); tables.len()]));
                rows.len() - 1
            });
            if let Some(cell) = rows.get_mut(place).and_then(|r| r.1.get_mut(*part)) {
                cell.merge_from(*tally);
            }
        }
    }
    // The smallest are what people must see.
    rows.sort_by(|a, b| a.1.first().map(|t| t.n).cmp(&b.1.first().map(|t| t.n)));
    let n_all = rows.len();
    rows.truncate(MAX_LISTED);
    let mut table = Table::new("combinations", "Rows by combination of sensitive groups, fewest first");
    for (i, column) in columns.iter().enumerate() {
        let names = rows.iter().map(|(names, _)| names.get(i).map_or("", String::as_str));
        table = table.column(TableColumn::text(column, column, names));
    }
    for (part, (_, all)) in tables.iter().enumerate() {
        let whole: Tally = all.iter().map(|(_, tally)| *tally).sum();
        let of = |r: &(&[String], Vec<Tally>)| r.1.get(part).copied().unwrap_or_default();
        let prefix = if part == 0 { "" } else { "train_" };
        table = table
            .column(TableColumn::rows(
                &format!("{prefix}n"),
                &format!("Rows ({})", part_name(part)),
                rows.iter().map(|r| of(r).n),
            ))
            .column(
                TableColumn::number(
                    &format!("{prefix}share"),
                    &format!("Share ({})", part_name(part)),
                    rows.iter().map(|r| of(r).share_of(whole)),
                )
                .with_unit(Unit::Share),
            );
    }
    answer.section.tables.push(table);
    let listed =
        if n_all > MAX_LISTED { format!(" The {MAX_LISTED} with the fewest rows are listed.") } else { String::new() };
    let says = format!(
        "How many rows each of the {n_all} combinations of {} has, fewest first; rows without one of these values are left \
         out.{listed}",
        columns.join(" × ")
    );
    let title = "Combinations of sensitive groups";
    answer.section.blocks.push(Block::new("combinations", title, "combinations", BlockKind::Table {}, says));
}
