//! Models that are read into our own structures, without asking Python.

use std::sync::Arc;

use equipoise_service::ContentDigest;
use equipoise_service::data::DataError;
use equipoise_service::document::{DataSpec, ModelSpec};
use equipoise_service::models::{
    self, Additive, Binding, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs, TreeEnsemble,
};
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::data::Data;
use crate::error;
use crate::forest::{ForestModel, ForestParts};

/// A model that answers without Python.
#[pyclass(frozen, module = "equipoise._equipoise")]
pub(crate) struct NativeModel {
    model: Arc<dyn Model>,
    content: Option<ContentDigest>,
}

#[pymethods]
impl NativeModel {
    /// Reads what a library saves: LightGBM's text, XGBoost's and CatBoost's JSON, ONNX. `classes` are in the order of the
    /// outputs.
    #[staticmethod]
    fn read(
        py: Python<'_>,
        name: &str,
        content: &[u8],
        format: Option<String>,
        classes: Vec<String>,
    ) -> PyResult<Self> {
        let spec = ModelSpec { source: name.to_owned(), format, classes, ..ModelSpec::default() };
        let model = py.detach(|| models::open(name, content, &spec)).map_err(|e| error::of_model(py, &e))?;
        Ok(Self { model: Arc::from(model), content: Some(ContentDigest::of(content)) })
    }

    /// Trees that scikit-learn grew, taken from its arrays; `content` is the SHA-256 of what tells them and its size.
    #[staticmethod]
    #[pyo3(signature = (parts, content=None))]
    fn forest(py: Python<'_>, parts: ForestParts<'_>, content: Option<(String, u64)>) -> PyResult<Self> {
        let model = ForestModel::over(parts).map_err(|text| error::exception(py, "model", &text))?;
        let content = content.map(|(sha256, bytes)| ContentDigest { sha256, bytes });
        Ok(Self { model: Arc::new(model), content })
    }

    /// What it was read from, for example `lightgbm`.
    #[getter]
    fn format(&self) -> &str {
        &self.model.info().format
    }

    /// One line for people.
    #[getter]
    fn describes(&self) -> &str {
        &self.model.info().describes
    }

    /// Its classes in the order of its outputs, where it names them.
    #[getter]
    fn classes(&self) -> Option<Vec<String>> {
        self.model.info().classes.clone()
    }

    /// Names of its inputs in order, and whether each holds names.
    #[getter]
    fn inputs(&self) -> Vec<(String, bool)> {
        let inputs = self.model.info().inputs.iter();
        inputs.map(|input| (input.name.clone(), matches!(input.kind, InputKind::Category(_)))).collect()
    }

    /// What it says of rows: the kind of the answer, the number of classes, and the values row by row.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, Data>,
        features: Vec<String>,
    ) -> PyResult<(&'static str, usize, Bound<'py, PyArray1<f64>>)> {
        let dataset = data.get().dataset(py, &DataSpec::default())?;
        let model = &self.model;
        let asked = py.detach(|| -> Result<_, ModelError> {
            let binding = Binding::new(model.info(), dataset.schema(), &features)?;
            let mut found = ("values", 1, Vec::new());
            let mut failure = None;
            let passed = dataset.for_each(binding.columns(), &mut |chunk| {
                let outputs = binding.inputs(&chunk.columns).and_then(|inputs| model.predict(&inputs.as_inputs()));
                match outputs {
                    Ok(outputs) => add(&mut found, outputs),
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
                (None, Ok(())) => Ok(found),
            }
        });
        let (kind, n_classes, values) = asked.map_err(|e| error::of_model(py, &e))?;
        Ok((kind, n_classes, PyArray1::from_vec(py, values)))
    }
}

fn add(found: &mut (&'static str, usize, Vec<f64>), outputs: Outputs) {
    let (kind, n_classes, values) = match outputs {
        Outputs::Probability(values) => ("probability", 2, values),
        Outputs::Probabilities { n_classes, values } => ("probabilities", n_classes, values),
        Outputs::Values(values) => ("values", 1, values),
        Outputs::Labels(_) => ("labels", 0, Vec::new()),
    };
    found.0 = kind;
    found.1 = n_classes;
    found.2.extend(values);
}

impl NativeModel {
    /// The model itself.
    pub(crate) fn shared(&self) -> Arc<dyn Model> {
        Arc::clone(&self.model)
    }

    /// What it was read from.
    pub(crate) fn content(&self) -> Option<ContentDigest> {
        self.content.clone()
    }

    /// A handle for one run.
    pub(crate) fn model(&self) -> Box<dyn Model> {
        Box::new(Handle(Arc::clone(&self.model)))
    }
}

/// A model that is shared with Python.
struct Handle(Arc<dyn Model>);

impl Model for Handle {
    fn info(&self) -> &ModelInfo {
        self.0.info()
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        self.0.predict(batch)
    }

    fn trees(&self) -> Option<&TreeEnsemble> {
        self.0.trees()
    }

    fn additive(&self) -> Option<&dyn Additive> {
        self.0.additive()
    }
}
