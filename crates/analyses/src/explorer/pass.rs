//! The passes over rows: columns in batches whose states fit in memory.

use equipoise_data::{ColumnInfo, Dataset};
use equipoise_document::ColumnType;

use super::columns::{Kind, Looked, kind_of};
use super::counts::{Counts, Cut, Plan, Way};
use super::grid::Grid;
use super::sketch::hash_text;
use crate::context::Part;
use crate::{AnalysisError, Context};

/// Bytes of one state of a batch of columns; a few states are under way at once.
const BATCH_BYTES: usize = 32 << 20;
/// Columns of a batch: what a pass from file holds of each partition.
const BATCH_COLUMNS: usize = 64;
/// Groups of equal weight by which a numeric target is averaged over a numeric column.
const TARGET_GROUPS: usize = 64;

/// The cells of every column of the test data; numbers of both parts share their grid.
pub(super) fn plans(columns: &[Looked], test: &Part<'_>, train: Option<&Part<'_>>) -> Vec<Plan> {
    let one = |looked: &Looked| {
        let info = test.dataset.schema().columns.get(looked.place);
        let other = looked.train.zip(train).and_then(|(place, t)| {
            let info = t.dataset.schema().columns.get(place)?;
            Some((info, t.dataset))
        });
        Plan {
            place: looked.place,
            cut: info.map_or(Cut::Text, |info| cut(info, test.dataset, other)),
            shift: info.map_or(0.0, shift),
            seed: hash_text(&looked.name),
            is_feature: looked.is_input(),
            is_content: looked.is_content(),
        }
    };
    columns.iter().map(one).collect()
}

/// The same for the training data: grids as they are, names by its own levels.
pub(super) fn for_train(columns: &[Looked], plans: &[Plan], train: &Part<'_>) -> Vec<Option<Plan>> {
    let one = |(looked, plan): (&Looked, &Plan)| {
        let place = looked.train?;
        let info = train.dataset.schema().columns.get(place)?;
        let cut = match (&plan.cut, kind_of(info.column_type)) {
            (Cut::Levels(_), Kind::Names) => levels(info),
            (cut, _) => cut.clone(),
        };
        Some(Plan { place, cut, ..plan.clone() })
    };
    columns.iter().zip(plans).map(one).collect()
}

/// Sums are centred on the middle of the sample.
fn shift(info: &ColumnInfo) -> f64 {
    info.sample.get(info.sample.len() / 2).copied().unwrap_or(0.0)
}

fn levels(info: &ColumnInfo) -> Cut {
    Cut::Levels(info.levels.iter().map(|level| hash_text(level)).collect())
}

fn cut(info: &ColumnInfo, dataset: &Dataset, other: Option<(&ColumnInfo, &Dataset)>) -> Cut {
    match info.column_type {
        ColumnType::Categorical | ColumnType::Boolean => levels(info),
        ColumnType::Text => Cut::Text,
        ColumnType::Numeric | ColumnType::Datetime => {
            let mut sample = info.sample.to_vec();
            let mut n_rows = dataset.n_rows();
            let mut ends: Vec<f64> = info.min.into_iter().chain(info.max).collect();
            if let Some((info, dataset)) = other {
                sample.extend(info.sample.iter());
                sample.sort_unstable_by(f64::total_cmp);
                n_rows = n_rows.max(dataset.n_rows());
                ends.extend(info.min.into_iter().chain(info.max));
            }
            let low = ends.iter().copied().reduce(f64::min);
            let grid = Grid::over(&sample, low.zip(ends.iter().copied().reduce(f64::max)), n_rows);
            let mut weights = vec![0.0; grid.n_cells()];
            for x in info.sample.iter() {
                if let Some(w) = weights.get_mut(grid.cell(*x)) {
                    *w += 1.0;
                }
            }
            let mut groups = Grid::groups(&weights, TARGET_GROUPS);
            let last = groups.last().map_or(0, |g| g + 1);
            groups.push(last);
            let groups = groups.into_iter().map(|g| u16::try_from(g).unwrap_or(u16::MAX)).collect();
            Cut::Grid(grid, groups)
        }
    }
}

/// Counts all planned columns of a cohort's rows.
pub(super) fn count(
    part: &Part<'_>,
    cohort: usize,
    plans: &[Plan],
    way: Way,
    context: &Context<'_>,
) -> Result<Counts, AnalysisError> {
    let mut all = Counts::default();
    let mut rest = plans;
    while !rest.is_empty() {
        context.check_stop()?;
        #[allow(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        context.progress.share(1.0 - rest.len() as f64 / plans.len() as f64);
        let mut bytes = 0;
        let fits = |plan: &Plan| {
            bytes += plan.bytes(way);
            bytes <= BATCH_BYTES
        };
        let n = rest.iter().take(BATCH_COLUMNS).map(fits).take_while(|fits| *fits).count().max(1).min(rest.len());
        let (batch, later) = rest.split_at(n);
        rest = later;
        let asked: Vec<usize> = batch.iter().map(|plan| plan.place).collect();
        // The truth is hashed once.
        let way = Way { hashes_truth: way.hashes_truth && all.columns.is_empty(), ..way };
        let start = || Counts::new(batch, way);
        let push = |counts: &mut Counts, rows: &equipoise_data::Rows<'_>, columns: &[equipoise_data::Column]| {
            counts.push(batch, way, rows, columns);
        };
        let counted = part.frame.reduce_with(cohort, part.dataset, &asked, start, push)?;
        for (hashes, more) in [(&mut all.rows, counted.rows), (&mut all.features, counted.features)] {
            if hashes.is_empty() {
                *hashes = more;
            } else {
                hashes.iter_mut().zip(more).for_each(|(row, more)| *row = row.wrapping_add(more));
            }
        }
        all.truths.extend(counted.truths);
        all.columns.extend(counted.columns);
    }
    Ok(all)
}
