//! Parquet files of the shared folder as columns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use equipoise_data::{Column, ColumnInfo, MISSING, Schema};
use equipoise_document::ColumnType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The shared folder, if it is here.
pub(super) fn shared() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    if path.join("models").is_dir() {
        Some(path.to_path_buf())
    } else {
        eprintln!("skipped: the shared fixtures are not here");
        None
    }
}

/// A table read whole.
pub(super) struct Table {
    pub(super) schema: Schema,
    pub(super) columns: Vec<Column>,
}

impl Table {
    pub(super) fn read(path: &Path) -> Self {
        let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let arrow_schema = Arc::clone(builder.schema());
        let batches: Vec<_> = builder.with_batch_size(1 << 20).build().unwrap().map(Result::unwrap).collect();
        let batch = arrow::compute::concat_batches(&arrow_schema, &batches).unwrap();
        let mut table = Self { schema: Schema::default(), columns: Vec::new() };
        for (field, array) in arrow_schema.fields().iter().zip(batch.columns()) {
            table.push(field.name(), array);
        }
        table
    }

    pub(super) fn numbers(&self, name: &str) -> Vec<f64> {
        let index = self.schema.index_of(name).unwrap_or_else(|| panic!("no column {name}"));
        match &self.columns[index] {
            Column::Number(v) => v.to_vec(),
            Column::Codes { .. } => panic!("{name} holds names"),
        }
    }

    fn push(&mut self, name: &str, array: &dyn Array) {
        let texts: Option<Vec<Option<String>>> = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
                let texts = arrow::compute::cast(array, &DataType::Utf8).unwrap();
                Some(texts.as_string::<i32>().iter().map(|t| t.map(str::to_owned)).collect())
            }
            DataType::Boolean => Some(array.as_boolean().iter().map(|b| b.map(|b| b.to_string())).collect()),
            _ => None,
        };
        let (column_type, levels, column) = match texts {
            Some(texts) => {
                let mut levels: Vec<String> = texts.iter().flatten().cloned().collect();
                levels.sort();
                levels.dedup();
                let code = |t: &Option<String>| t.as_ref().map_or(MISSING, |t| levels.binary_search(t).unwrap() as u32);
                let codes: Vec<u32> = texts.iter().map(code).collect();
                let levels: Arc<[String]> = levels.into();
                let column = Column::Codes { codes: codes.into(), levels: Arc::clone(&levels) };
                (ColumnType::Categorical, levels, column)
            }
            None => {
                let numbers = arrow::compute::cast(array, &DataType::Float64).unwrap();
                let numbers: Vec<f64> =
                    numbers.as_primitive::<Float64Type>().iter().map(|x| x.unwrap_or(f64::NAN)).collect();
                (ColumnType::Numeric, Vec::new().into(), Column::Number(numbers.into()))
            }
        };
        self.add(name, column_type, levels, column);
    }

    pub(super) fn add(&mut self, name: &str, column_type: ColumnType, levels: Arc<[String]>, column: Column) {
        self.schema.columns.push(ColumnInfo {
            name: name.to_owned(),
            column_type,
            levels,
            n_missing: 0,
            n_infinite: 0,
            min: None,
            max: None,
            sample: Vec::new().into(),
        });
        self.columns.push(column);
    }
}
