//! Numeric features: does the test data have the values that the training data has?

use equipoise_data::Schema;
use equipoise_document::{Better, Block, BlockKind, ColumnType, Estimate, Missing, Table, TableColumn};
use equipoise_kernels::wasserstein_1;

use super::answer::{Answer, id};

/// Adds the distance between test and training values of every numeric feature.
pub(super) fn add(answer: &mut Answer<'_>, features: &[String], test: &Schema, train: &Schema) {
    let is_number = |name: &&String| {
        let is_number = |schema: &Schema| schema.get(name).is_some_and(|c| c.column_type == ColumnType::Numeric);
        is_number(test) && is_number(train)
    };
    let columns: Vec<&String> = features.iter().filter(is_number).collect();
    if columns.is_empty() {
        return;
    }
    let (mut medians, mut train_medians, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for column in &columns {
        let sample = |schema: &Schema| schema.get(column).map(|c| c.sample.clone()).unwrap_or_default();
        let (ours, theirs) = (sample(test), sample(train));
        let id = id(0, "wasserstein").aggregated("train").by(&[column]);
        let value = wasserstein_1(&ours, &theirs).ok_or(Missing::Empty);
        answer.section.estimates.push(Estimate::from_result(id.clone(), value, ours.len() as u64, Better::Zero));
        medians.push(median(&ours));
        train_medians.push(median(&theirs));
        ids.push(Some(id));
    }
    let table = Table::new("numbers", "Numeric features in the test and the training data")
        .column(TableColumn::text("column", "Column", columns.iter().map(|c| c.as_str())))
        .column(TableColumn::number("median", "Median (test)", medians))
        .column(TableColumn::number("train_median", "Median (train)", train_medians))
        .column(TableColumn::estimate("wasserstein", "Wasserstein distance", ids));
    answer.section.tables.push(table);
    let says = "How far the values of each numeric feature in the test data lie from those in the training data, in the feature's \
                own unit: the area between the two distribution functions. Weights do not enter.";
    answer.section.blocks.push(Block::new("numbers", "Numeric features", "numbers", BlockKind::Table {}, says));
}

/// The middle of sorted numbers.
fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied()?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted.get(middle - 1).copied()?, upper)) }
}
