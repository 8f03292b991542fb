//! Exact Shapley values of trees for single calls, without a run around them.

use std::sync::Arc;

use equipoise_service::data::{DataError, Dataset};
use equipoise_service::document::DataSpec;
use equipoise_service::models::{Binding, Model, ModelError, TreeEnsemble};
use equipoise_shapley::{Background, Interaction, Method, Options, ShapleyError, TreeExplainer};
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::data::Data;
use crate::error::{exception, of_model};
use crate::native::NativeModel;

/// Trees that were made ready for explanations.
#[pyclass(frozen, module = "equipoise._equipoise")]
pub(crate) struct Explainer {
    model: Arc<dyn Model>,
    explainer: TreeExplainer,
}

/// Values row by row, and what they start from.
type Values<'py> = (Bound<'py, PyArray1<f64>>, Vec<f64>);

#[pymethods]
impl Explainer {
    /// Makes the trees of a model ready: against a background where there is one, otherwise by the training rows that each
    /// branch took. `features` are the columns for a model whose inputs have no names.
    #[new]
    #[pyo3(signature = (model, features, background=None))]
    fn new(
        py: Python<'_>,
        model: &Bound<'_, NativeModel>,
        features: Vec<String>,
        background: Option<&Bound<'_, Data>>,
    ) -> PyResult<Self> {
        let model = model.get().shared();
        let Some(trees) = model.trees() else {
            let text = "the model has no trees\nhint: `equipoise.explain` explains any model";
            return Err(exception(py, "model", text));
        };
        let rows = background.map(|data| encoded(py, model.as_ref(), trees, data, &features)).transpose()?;
        let method = match &rows {
            Some(rows) => Method::Interventional(Background { rows, weights: None }),
            None => Method::PathDependent,
        };
        let options = Options { method, ..Options::default() };
        let explainer = py.detach(|| TreeExplainer::new(trees, &options)).map_err(|e| refused(py, &e))?;
        Ok(Self { model, explainer })
    }

    /// The columns that attributions go to.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.explainer.names().to_vec()
    }

    /// Number of margins.
    #[getter]
    fn n_outputs(&self) -> usize {
        self.explainer.n_outputs()
    }

    /// What each margin is when nothing is known of a row.
    #[getter]
    fn base(&self) -> Vec<f64> {
        self.explainer.base().to_vec()
    }

    /// Attributions of margins, or of answers (against a background): shape `(n_rows, n_names, n_outputs)` row by row.
    fn values<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, Data>,
        features: Vec<String>,
        of_answers: bool,
    ) -> PyResult<Values<'py>> {
        let rows = self.encoded(py, data, &features)?;
        let found = py.detach(|| match of_answers {
            true => self.explainer.explain_answers(&rows).map(|linked| linked.attributions),
            false => self.explainer.explain(&rows),
        });
        let found = found.map_err(|e| refused(py, &e))?;
        Ok((PyArray1::from_vec(py, found.values), found.base))
    }

    /// Shapley interaction values of margins: shape `(n_rows, n_names, n_names, n_outputs)` row by row.
    fn interactions<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, Data>,
        features: Vec<String>,
    ) -> PyResult<Values<'py>> {
        let rows = self.encoded(py, data, &features)?;
        let found = py.detach(|| self.explainer.interactions(&rows, Interaction::Shapley));
        let found = found.map_err(|e| refused(py, &e))?;
        Ok((PyArray1::from_vec(py, found.values), found.base))
    }
}

impl Explainer {
    fn encoded(&self, py: Python<'_>, data: &Bound<'_, Data>, features: &[String]) -> PyResult<Vec<f64>> {
        match self.model.trees() {
            Some(trees) => encoded(py, self.model.as_ref(), trees, data, features),
            None => Ok(Vec::new()),
        }
    }
}

/// Rows as the trees see them.
fn encoded(
    py: Python<'_>,
    model: &dyn Model,
    trees: &TreeEnsemble,
    data: &Bound<'_, Data>,
    features: &[String],
) -> PyResult<Vec<f64>> {
    let dataset = data.get().dataset(py, &DataSpec::default())?;
    py.detach(|| encode(model, trees, &dataset, features)).map_err(|e| of_model(py, &e))
}

fn encode(
    model: &dyn Model,
    trees: &TreeEnsemble,
    dataset: &Dataset,
    features: &[String],
) -> Result<Vec<f64>, ModelError> {
    let binding = Binding::new(model.info(), dataset.schema(), features)?;
    let mut rows = Vec::new();
    let mut failure = None;
    let passed = dataset.for_each(binding.columns(), &mut |chunk| {
        match binding.inputs(&chunk.columns).and_then(|inputs| trees.encode(&inputs.as_inputs())) {
            Ok(encoded) => rows.extend(encoded.values),
            Err(error) => {
                failure = Some(error);
                return Err(DataError::Stopped);
            }
        }
        Ok(())
    });
    match (failure, passed) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => {
            Err(ModelError::Predict { problem: error.to_string(), hint: "check the data".to_owned() })
        }
        (None, Ok(())) => Ok(rows),
    }
}

fn refused(py: Python<'_>, error: &ShapleyError) -> PyErr {
    exception(py, "explain", &error.to_string())
}
