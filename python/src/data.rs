//! Data frames on their way in: Arrow streams as they are, and columns that Python took apart.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampNanosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Int32Type, Schema};
use equipoise_service::data::Dataset;
use equipoise_service::document::DataSpec;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyRecordBatch;

use crate::error;

/// Rows in memory, as Arrow record batches. They are shared, so the same data can be used any number of times.
#[pyclass(frozen, module = "equipoise._equipoise")]
pub(crate) struct Data {
    batches: Vec<RecordBatch>,
}

/// A column by its kind, with its values and, for codes, its names.
type Column<'py> = (String, String, Bound<'py, PyAny>, Option<Vec<String>>);

#[pymethods]
impl Data {
    /// Rows of anything that speaks the Arrow PyCapsule interface.
    #[staticmethod]
    fn from_arrow(stream: AnyRecordBatch) -> PyResult<Self> {
        let (batches, schema) = stream.into_table()?.into_inner();
        // Without a batch the columns would be lost, and the message would be about the wrong thing.
        let batches = if batches.is_empty() { vec![RecordBatch::new_empty(schema)] } else { batches };
        Ok(Self { batches })
    }

    /// Rows of columns: `number` (doubles, NaN is missing), `boolean` (0, 1, and −1 for missing), `datetime` (nanoseconds
    /// since 1970, the smallest integer for missing) and `codes` (places in a list of names, −1 for missing).
    #[staticmethod]
    fn from_columns(py: Python<'_>, columns: Vec<Column<'_>>, n_rows: usize) -> PyResult<Self> {
        let mut fields = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for (name, kind, values, levels) in columns {
            let array = array_of(py, &kind, &values, levels)?;
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
        let batch = batch.map_err(|e| error::exception(py, "data", &lower_first(&e.to_string())))?;
        Ok(Self { batches: vec![batch] })
    }

    /// These columns and those of other data with as many rows.
    fn beside(&self, py: Python<'_>, other: &Bound<'_, Self>) -> PyResult<Self> {
        let failed = |e: arrow::error::ArrowError| error::exception(py, "data", &lower_first(&e.to_string()));
        let whole = |batches: &[RecordBatch]| match batches {
            [only] => Ok(only.clone()),
            _ => batches.first().map_or_else(
                || Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))),
                |first| concat_batches(&first.schema(), batches),
            ),
        };
        let (ours, theirs) = (whole(&self.batches).map_err(failed)?, whole(&other.get().batches).map_err(failed)?);
        let (our_schema, their_schema) = (ours.schema(), theirs.schema());
        let fields = our_schema.fields().iter().chain(their_schema.fields()).map(Arc::clone);
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = ours.columns().iter().chain(theirs.columns()).cloned().collect();
        Ok(Self { batches: vec![RecordBatch::try_new(schema, columns).map_err(failed)?] })
    }

    /// Number of rows.
    #[getter]
    fn n_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        let first = self.batches.first();
        first.map(|b| b.schema().fields().iter().map(|f| f.name().clone()).collect()).unwrap_or_default()
    }
}

impl Data {
    /// The rows as passes see them.
    pub(crate) fn dataset(&self, py: Python<'_>, spec: &DataSpec) -> PyResult<Dataset> {
        py.detach(|| Dataset::from_batches(&self.batches, spec)).map_err(|e| error::of_data(py, &e))
    }
}

fn array_of(py: Python<'_>, kind: &str, values: &Bound<'_, PyAny>, levels: Option<Vec<String>>) -> PyResult<ArrayRef> {
    Ok(match kind {
        "number" => {
            let values: PyReadonlyArray1<'_, f64> = values.extract()?;
            Arc::new(Float64Array::from(values.as_array().to_vec()))
        }
        "boolean" => {
            let values: PyReadonlyArray1<'_, i8> = values.extract()?;
            let known = |v: &i8| (*v >= 0).then_some(*v == 1);
            Arc::new(values.as_array().iter().map(known).collect::<BooleanArray>())
        }
        "datetime" => {
            let values: PyReadonlyArray1<'_, i64> = values.extract()?;
            let known = |v: &i64| (*v != i64::MIN).then_some(*v);
            Arc::new(values.as_array().iter().map(known).collect::<TimestampNanosecondArray>())
        }
        _ => {
            let values: PyReadonlyArray1<'_, i32> = values.extract()?;
            let known = |v: &i32| (*v >= 0).then_some(*v);
            let keys: Int32Array = values.as_array().iter().map(known).collect();
            let names = StringArray::from(levels.unwrap_or_default());
            let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(names));
            Arc::new(array.map_err(|e| error::exception(py, "data", &lower_first(&e.to_string())))?)
        }
    })
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
