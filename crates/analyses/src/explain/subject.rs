//! What is explained: the model, its columns, the rows, and the rows that stand for the population.

use equipoise_data::{Column, ColumnInfo, Dataset, Rows};
use equipoise_document::{ColumnType, Level, Note, Task};
use equipoise_kernels::{Draws, Merge, split_mix};
use equipoise_models::{Model, ModelError};

use super::ask::Asker;
use super::coalitions::Population;
use super::params::{Params, problem};
use super::table::Table;
use crate::{AnalysisError, Context, Part};

/// Model calls, and values in them, that attributions take unless more are allowed.
const CALLS: u64 = 4_000_000;
const VALUES: u64 = 64_000_000;

/// Everything the parts of the analysis share.
pub(super) struct Subject<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) params: &'a Params,
    pub(super) asker: Asker<'a>,
    /// Columns of the test data the model takes, ascending: the players.
    pub(super) columns: Vec<usize>,
    pub(super) names: Vec<String>,
    /// Place among the players of each of the model's inputs.
    pub(super) player_of_input: Vec<usize>,
}

/// Rows of a cohort, gathered part by part.
#[derive(Default)]
struct Ids(Vec<u64>);

impl Merge for Ids {
    fn merge_from(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        params: &'a Params,
        model: &'a dyn Model,
    ) -> Result<Self, AnalysisError> {
        let asker = Asker::new(context, model)?;
        let columns = asker.binding.columns().to_vec();
        let schema = context.test.dataset.schema();
        let names: Vec<String> =
            columns.iter().filter_map(|c| schema.columns.get(*c)).map(|c| c.name.clone()).collect();
        let place = |name: &str| names.iter().position(|n| n == name).unwrap_or(0);
        let player_of_input = asker.binding.names().map(place).collect();
        Ok(Self { context, params, asker, columns, names, player_of_input })
    }

    /// Model calls that attributions may take: as many as were allowed, or what wide rows leave of a bound on values.
    pub(super) fn max_calls(&self) -> u64 {
        let usual = || (VALUES / (self.names.len() as u64).max(1)).min(CALLS);
        self.params.max_calls.unwrap_or_else(usual)
    }

    pub(super) fn n_features(&self) -> usize {
        self.names.len()
    }

    pub(super) fn info(&self, feature: usize) -> Option<&ColumnInfo> {
        let column = self.columns.get(feature)?;
        self.context.test.dataset.schema().columns.get(*column)
    }

    pub(super) fn is_numeric(&self, feature: usize) -> bool {
        self.info(feature).is_some_and(|c| matches!(c.column_type, ColumnType::Numeric | ColumnType::Datetime))
    }

    pub(super) fn name(&self, feature: usize) -> &str {
        self.names.get(feature).map_or("", String::as_str)
    }

    /// The place of a feature that people name.
    pub(super) fn feature(&self, parameter: &str, name: &str) -> Result<usize, AnalysisError> {
        let Some(place) = self.names.iter().position(|n| n == name) else {
            let near = equipoise_data::nearest(name, self.names.iter().map(String::as_str));
            let hint = near.map_or_else(
                || format!("the model takes {}", self.names.iter().take(20).cloned().collect::<Vec<_>>().join(", ")),
                |near| format!("the nearest name is `{near}`"),
            );
            return problem(parameter, format!("the model takes no column `{name}`"), hint);
        };
        Ok(place)
    }

    /// What each output is called: the class, or the prediction.
    pub(super) fn output_name(&self, output: usize) -> String {
        match self.context.task {
            Task::Regression => "prediction".to_owned(),
            Task::Binary => self.context.classes.get(1).cloned().unwrap_or_default(),
            Task::Multiclass => self.context.classes.get(output).cloned().unwrap_or_default(),
        }
    }

    /// Dataset rows of the places of the frame.
    pub(super) fn dataset_rows(&self, places: &[u32]) -> Vec<u32> {
        match self.context.test.frame.row_ids() {
            None => places.to_vec(),
            Some(ids) => places.iter().filter_map(|p| ids.get(*p as usize).copied()).collect(),
        }
    }

    /// The rows at some places of the frame.
    pub(super) fn rows_at(&self, places: &[u32]) -> Result<Table, AnalysisError> {
        Ok(Table::read(self.context.test.dataset, &self.columns, &self.dataset_rows(places))?)
    }

    /// At most `n` places of a frame, the same for the same seed whatever the order of work; ascending.
    pub(super) fn sample(&self, part: &Part<'_>, n: usize, stream: &str) -> Vec<u32> {
        let n_rows = part.frame.n_rows();
        let all = || (0..u32::try_from(n_rows).unwrap_or(u32::MAX)).collect::<Vec<u32>>();
        if n_rows <= n {
            return all();
        }
        let key = Draws::new(self.context.seed(), stream, 0).bits();
        let mut hashed: Vec<(u64, u32)> =
            all().into_iter().map(|place| (split_mix(key ^ u64::from(place)), place)).collect();
        hashed.select_nth_unstable(n.saturating_sub(1));
        let mut places: Vec<u32> = hashed.into_iter().take(n).map(|(_, place)| place).collect();
        places.sort_unstable();
        places
    }

    /// Rows that stand for the population: of the training data where there is some, else of the test data.
    pub(super) fn population(&self, n: usize) -> Result<Population, AnalysisError> {
        let (part, columns) = match &self.context.train {
            Some(train) => (train, self.columns_of(train.dataset)?),
            None => (&self.context.test, self.columns.clone()),
        };
        let places = self.sample(part, n, "explain.background");
        let rows: Vec<u32> = match part.frame.row_ids() {
            None => places.clone(),
            Some(ids) => places.iter().filter_map(|p| ids.get(*p as usize).copied()).collect(),
        };
        let mut table = Table::read(part.dataset, &columns, &rows)?;
        if self.context.train.is_some() {
            self.check_kinds(&mut table)?;
        }
        let mut weights: Vec<f64> =
            part.frame.with_all(|all| places.iter().map(|p| all.weight_at(*p as usize)).collect());
        let total: f64 = weights.iter().sum();
        if total > 0.0 {
            weights.iter_mut().for_each(|w| *w /= total);
        } else {
            #[allow(clippy::cast_precision_loss, reason = "a few hundred rows")]
            let even = 1.0 / weights.len().max(1) as f64;
            weights.iter_mut().for_each(|w| *w = even);
        }
        if let Some((column, level)) = self.asker.unseen(&self.names, &table.columns) {
            return Err(AnalysisError::Model(ModelError::Mismatch {
                detail: format!("the background holds `{level}` in `{column}`, which the model does not know"),
                hint: "take the background from the data the model was trained on (`--train`), or mend the value"
                    .to_owned(),
            }));
        }
        Ok(Population { table, weights })
    }

    /// The same columns in the training data.
    fn columns_of(&self, dataset: &Dataset) -> Result<Vec<usize>, AnalysisError> {
        self.names.iter().map(|name| Ok(dataset.column(name)?)).collect()
    }

    /// Columns of another kind than in the test data cannot stand in for its values.
    fn check_kinds(&self, table: &mut Table) -> Result<(), AnalysisError> {
        for (feature, column) in table.columns.iter().enumerate() {
            let is_number = matches!(column, Column::Number(_));
            if is_number != self.is_numeric(feature) {
                let (name, kinds) = (self.name(feature), ["names", "numbers"]);
                let found = kinds.get(usize::from(is_number)).copied().unwrap_or_default();
                return Err(AnalysisError::Model(ModelError::Mismatch {
                    detail: format!("`{name}` holds {found} in the training data, but not in the test data"),
                    hint: format!("set its type under `data.types`, for example `{name} = \"categorical\"`"),
                }));
            }
        }
        Ok(())
    }

    /// By cohort after the first (which is all rows): whether each row of the frame is in it.
    pub(super) fn members(&self) -> Vec<Vec<bool>> {
        let frame = self.context.test.frame;
        let member = |cohort: usize| {
            let push = |ids: &mut Ids, rows: &Rows<'_>| ids.0.extend((0..rows.len()).map(|i| rows.id(i)));
            let ids = frame.reduce(cohort, Ids::default, push);
            let mut members = vec![false; frame.n_rows()];
            for id in ids.0 {
                if let Some(member) = usize::try_from(id).ok().and_then(|i| members.get_mut(i)) {
                    *member = true;
                }
            }
            members
        };
        (1..frame.cohorts().len()).map(member).collect()
    }

    /// The output that curves are drawn for: the only one, or the class that is predicted most often.
    pub(super) fn frequent_output(&self) -> usize {
        if self.context.task != Task::Multiclass {
            return 0;
        }
        let mut counts = vec![0_u64; self.asker.n_outputs];
        self.context.test.frame.with_all(|rows| {
            for class in rows.predicted.map_or(&[][..], |p| p.classes()) {
                if let Some(count) = counts.get_mut(usize::from(*class)) {
                    *count += 1;
                }
            }
        });
        let most = counts.iter().max().copied().unwrap_or(0);
        counts.iter().position(|n| *n == most).unwrap_or(0)
    }

    /// A note of this analysis.
    pub(super) fn note(level: Level, code: &str, text: impl Into<String>) -> Note {
        Note::new(level, code, text)
    }
}
