//! What the outcome of a row would have been with another value of the treatment.

use equipoise_document::{Block, BlockKind, Table, TableColumn};

use super::Studied;
use super::answer::Answer;
use super::differ::Differ;
use super::params::{NewValue, RawParams, wrong};
use super::treatment::Kind;
use crate::AnalysisError;

/// The value a row has, and the change of its outcome with its standard error.
type Changed = (String, (f64, f64));

/// Adds the table of changes to single rows of one treatment.
pub(super) fn add(
    answer: &mut Answer,
    one: &Studied<'_>,
    differ: &Differ,
    params: &RawParams,
) -> Result<(), AnalysisError> {
    let (mut rows, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    let (mut now, mut then, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let z = answer.confidence.z();
    for asked in params.what_if.iter().filter(|w| w.treatment == one.treatment.name) {
        let Some(row) = one.sample.test_row.iter().position(|r| *r == Some(asked.row)) else {
            let problem = format!("row {} of the test data has no outcome or treatment, or is not there", asked.row);
            return Err(wrong("what_if", problem, "rows are counted from 0"));
        };
        let Some((before, change)) = change(one, differ, row, &asked.value)? else { continue };
        let outcome = one.sample.y.get(row).copied().unwrap_or(0.0);
        rows.push(i64::try_from(asked.row).ok());
        from.push(before);
        to.push(asked.value.said());
        now.push(Some(outcome));
        then.push(Some(outcome + change.0));
        lows.push(Some(outcome + change.0 - z * change.1));
        highs.push(Some(outcome + change.0 + z * change.1));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let id = format!("what_if_{}", one.place);
    let name = &one.treatment.name;
    let table = Table::new(&id, &format!("What if {name} were different"))
        .column(TableColumn::integer("row", "Row of the test data", rows))
        .column(TableColumn::text("from", &format!("{name} is"), from))
        .column(TableColumn::text("to", "and were", to))
        .column(TableColumn::number("now", &format!("{} is", answer.outcome), now))
        .column(TableColumn::number("then", "and would be", then))
        .column(TableColumn::number("low", "Low", lows))
        .column(TableColumn::number("high", "High", highs));
    answer.section.tables.push(table);
    let says = "The outcome of single rows under another treatment: what happened, plus the effect at the row's features. The \
                interval is that of the mean effect at such features, not of the single row's fate.";
    answer.section.blocks.push(Block::new(&id, &format!("What if: {name}"), &id, BlockKind::Table {}, says));
    Ok(())
}

/// The value a row has, and the change of its outcome with its standard error.
fn change(one: &Studied<'_>, differ: &Differ, row: usize, value: &NewValue) -> Result<Option<Changed>, AnalysisError> {
    match &one.treatment.kind {
        Kind::Number { values } => {
            let NewValue::Number(new) = value else {
                let problem = format!("`{}` is a number; `{}` is not", one.treatment.name, value.said());
                return Err(wrong("what_if", problem, "give a number"));
            };
            let old = values.get(row).copied().unwrap_or(0.0);
            Ok(differ.at(0, row).map(|(theta, se)| (old.to_string(), ((new - old) * theta, (new - old).abs() * se))))
        }
        Kind::Levels { of, names } => {
            let Some(new) = names.iter().position(|l| *l == value.said()) else {
                let known = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                let problem = format!("`{}` is not a level of `{}`", value.said(), one.treatment.name);
                return Err(wrong("what_if", problem, format!("the levels are {known}")));
            };
            let old = of.get(row).map_or(0, |l| *l as usize);
            let change = match (new.checked_sub(1), old.checked_sub(1)) {
                _ if new == old => Some((0.0, 0.0)),
                (Some(then), None) => differ.at(then, row),
                (None, Some(now)) => differ.at(now, row).map(|(effect, se)| (-effect, se)),
                (then, now) => then.zip(now).and_then(|(then, now)| differ.between(one, then, now, row)),
            };
            Ok(change.map(|change| (names.get(old).cloned().unwrap_or_default(), change)))
        }
    }
}
