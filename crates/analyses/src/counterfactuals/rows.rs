//! Between columns of the data and rows of numbers: names become places in one list for each column.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipoise_counterfactuals::{Ask, CounterfactualError, Encoder, Goal};
use equipoise_data::{Column, ColumnInfo, MISSING};
use equipoise_document::ColumnType;
use equipoise_models::TreeEnsemble;
use equipoise_models::trees::FeatureKind;

use crate::Context;
use crate::explain::ask::Asker;
use crate::explain::table::Table;

/// The model's columns: what each holds, and the model behind them.
pub(crate) struct Bridge<'a> {
    pub(crate) asker: Asker<'a>,
    pub(crate) names: Vec<String>,
    /// By column: the names it may hold; none for numbers.
    pub(crate) levels: Vec<Option<Arc<[String]>>>,
}

impl<'a> Bridge<'a> {
    /// The model's columns, with every name that the data or these tables hold.
    pub(crate) fn over(context: &Context<'_>, asker: Asker<'a>, tables: &[&Table]) -> Self {
        let schema = context.test.dataset.schema();
        let infos: Vec<&ColumnInfo> = asker.binding.columns().iter().filter_map(|c| schema.columns.get(*c)).collect();
        let names = infos.iter().map(|c| c.name.clone()).collect();
        let levels = infos.iter().enumerate().map(|(place, info)| {
            if matches!(info.column_type, ColumnType::Numeric | ColumnType::Datetime) {
                return None;
            }
            let mut all: Vec<String> = info.levels.to_vec();
            for name in tables.iter().filter_map(|t| t.columns.get(place)).flat_map(occurring) {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
            Some(Arc::from(all))
        });
        Self { levels: levels.collect(), names, asker }
    }

    /// Rows one after the other, shape `(n_rows, n_columns)`.
    pub(crate) fn rows(&self, table: &Table) -> Vec<f64> {
        let columns: Vec<Vec<f64>> =
            table.columns.iter().zip(&self.levels).map(|(column, levels)| numbers(column, levels.as_deref())).collect();
        let value = |row: usize, column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
        (0..table.n_rows).flat_map(|row| columns.iter().map(move |column| value(row, column))).collect()
    }

    /// Rows as columns.
    pub(crate) fn columns(&self, rows: &[f64]) -> Vec<Column> {
        let n = self.names.len().max(1);
        let of = |place: usize| rows.iter().skip(place).step_by(n);
        let column = |(place, levels): (usize, &Option<Arc<[String]>>)| match levels {
            None => Column::Number(of(place).copied().collect()),
            Some(levels) => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
                let code = |x: &f64| if x.is_nan() { MISSING } else { *x as u32 };
                Column::Codes { codes: of(place).map(code).collect(), levels: Arc::clone(levels) }
            }
        };
        self.levels.iter().enumerate().map(column).collect()
    }

    /// A value for people.
    pub(crate) fn shown(&self, column: usize, value: f64) -> String {
        if value.is_nan() {
            return "(missing)".to_owned();
        }
        match self.levels.get(column) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
            Some(Some(levels)) => levels.get(value as usize).cloned().unwrap_or_default(),
            _ => format!("{}", value + 0.0),
        }
    }
}

impl Ask for Bridge<'_> {
    fn n_outputs(&self) -> usize {
        self.asker.n_outputs
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        self.asker.ask(&self.columns(rows)).map_err(|error| CounterfactualError::Model(Box::new(error)))
    }
}

/// Names that occur in a column.
fn occurring(column: &Column) -> Vec<String> {
    match column {
        Column::Number(_) => Vec::new(),
        Column::Codes { codes, levels } => {
            let used: BTreeSet<u32> = codes.iter().copied().collect();
            used.iter().filter_map(|c| levels.get(*c as usize)).cloned().collect()
        }
    }
}

fn numbers(column: &Column, levels: Option<&[String]>) -> Vec<f64> {
    match (column, levels) {
        (Column::Number(values), _) => values.to_vec(),
        (Column::Codes { codes, levels: own }, levels) => {
            let levels = levels.unwrap_or_default();
            let place = |name: &String| levels.iter().position(|l| l == name);
            #[allow(clippy::cast_precision_loss, reason = "a number of names")]
            let map: Vec<f64> = own.iter().map(|name| place(name).map_or(f64::NAN, |p| p as f64)).collect();
            codes.iter().map(|c| map.get(*c as usize).copied().unwrap_or(f64::NAN)).collect()
        }
    }
}

/// The model's trees over the same rows.
pub(crate) struct Trees<'a> {
    pub(crate) bridge: &'a Bridge<'a>,
    pub(crate) ensemble: &'a TreeEnsemble,
    pub(crate) template: Vec<f64>,
}

impl Trees<'_> {
    /// A goal about our classes, as one about the ensemble's outputs.
    pub(crate) fn own_goal(&self) -> impl Fn(Goal) -> Goal + Send + Sync + 'static {
        let is_reversed = self.bridge.asker.is_reversed;
        let order = self.bridge.asker.order.clone();
        // Two outputs for two classes: the one of our positive class, by itself.
        let place = if self.ensemble.n_outputs() == 2 { Some(usize::from(!is_reversed)) } else { None };
        let is_two = self.bridge.asker.n_outputs == 1;
        let class = move |k: usize| order.get(k).copied().unwrap_or(k);
        move |goal| match (goal, is_two, place, is_reversed) {
            (Goal::AtLeast(_, x), true, Some(place), _) => Goal::AtLeast(place, x),
            (Goal::AtMost(_, x) | Goal::Below(_, x), true, Some(place), _) => Goal::AtMost(place, x),
            (Goal::AtLeast(_, x), true, None, true) => Goal::AtMost(0, 1.0 - x),
            (Goal::AtMost(_, x) | Goal::Below(_, x), true, None, true) => Goal::AtLeast(0, 1.0 - x),
            (Goal::AtLeast(k, x), false, ..) => Goal::AtLeast(class(k), x),
            (Goal::Largest(k), false, ..) => Goal::Largest(class(k)),
            (Goal::NotLargest(k), false, ..) => Goal::NotLargest(class(k)),
            (goal, ..) => goal,
        }
    }

    fn input(&self, feature: usize) -> Option<usize> {
        let before = self.ensemble.features().get(..feature)?;
        let place = before.iter().filter(|f| !f.is_derived()).count();
        let name = self.bridge.asker.binding.names().nth(place)?;
        self.bridge.names.iter().position(|n| n == name)
    }
}

impl Encoder for Trees<'_> {
    fn sources(&self, feature: usize) -> Vec<usize> {
        match self.ensemble.features().get(feature).map(|f| &f.kind) {
            Some(FeatureKind::Derived(derive)) => {
                let mut all: Vec<usize> =
                    derive.sources().iter().filter(|s| **s < feature).flat_map(|s| self.sources(*s)).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
            Some(_) => self.input(feature).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn encode(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        let failed = |error: equipoise_models::ModelError| CounterfactualError::Model(Box::new(error));
        let columns = self.bridge.columns(rows);
        let inputs = self.bridge.asker.binding.inputs(&columns).map_err(failed)?;
        Ok(self.ensemble.encode(&inputs.as_inputs()).map_err(failed)?.values)
    }

    fn template(&self) -> &[f64] {
        &self.template
    }
}
