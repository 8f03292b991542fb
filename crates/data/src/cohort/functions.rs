//! The functions that a predicate may call: those of one row that always give the same answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DataFusionError, TableReference};
use datafusion_expr::planner::{ContextProvider, ExprPlanner};
use datafusion_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, Volatility, WindowUDF};

/// Functions by name, with what the planner asks of a catalogue.
pub(crate) struct Functions {
    steady: BTreeMap<String, Arc<ScalarUDF>>,
    unsteady: Vec<String>,
    planners: Vec<Arc<dyn ExprPlanner>>,
    options: ConfigOptions,
}

/// Functions that look behind the values: at types, metadata or the file.
const INTERNAL: [&str; 14] = [
    "arrow_cast",
    "arrow_try_cast",
    "arrow_field",
    "arrow_metadata",
    "arrow_typeof",
    "cast_to_type",
    "try_cast_to_type",
    "with_metadata",
    "get_field",
    "file_row_index",
    "input_file_name",
    "named_struct",
    "struct",
    "version",
];

impl Default for Functions {
    fn default() -> Self {
        use datafusion_functions::{core, datetime, math, regex, string, unicode};
        let mut steady = BTreeMap::new();
        let mut unsteady = Vec::new();
        let all = [core::functions(), math::functions(), string::functions(), unicode::functions()];
        for function in all.into_iter().flatten().chain(datetime::functions()).chain(regex::functions()) {
            let names = || std::iter::once(function.name()).chain(function.aliases().iter().map(String::as_str));
            if INTERNAL.contains(&function.name()) {
                continue;
            }
            match function.signature().volatility {
                Volatility::Immutable => steady.extend(names().map(|n| (n.to_owned(), Arc::clone(&function)))),
                Volatility::Stable | Volatility::Volatile => unsteady.extend(names().map(str::to_owned)),
            }
        }
        let planners: Vec<Arc<dyn ExprPlanner>> = vec![
            Arc::new(core::planner::CoreFunctionPlanner::default()),
            Arc::new(datetime::planner::DatetimeFunctionPlanner),
            Arc::new(unicode::planner::UnicodeFunctionPlanner),
        ];
        Self { steady, unsteady, planners, options: ConfigOptions::default() }
    }
}

impl Functions {
    pub(crate) fn get(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.steady.get(name).cloned()
    }

    /// True for `now`, `random` and their like.
    pub(crate) fn is_unsteady(&self, name: &str) -> bool {
        self.unsteady.iter().any(|n| n == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.steady.keys().map(String::as_str)
    }
}

impl ContextProvider for Functions {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>, DataFusionError> {
        Err(DataFusionError::Plan(format!("there is no table `{name}`")))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.get(name)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, _name: &str) -> Option<Arc<AggregateUDF>> {
        None
    }

    fn get_window_meta(&self, _name: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.steady.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
