//! Tables for tests, and models made of text.

use std::{fs::File, path::PathBuf};

use arrow::{
    array::{AsArray, RecordBatch},
    compute::{cast, concat_batches},
    datatypes::{DataType, Float64Type},
};
use equipoise_data::MISSING;
use equipoise_document::ModelSpec;
use equipoise_models::{InputColumn, Inputs, Model, ModelError, Outputs, open};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Where real data and models are, if they are.
#[allow(clippy::disallowed_methods, reason = "tests may be told where their data is")]
pub(crate) fn shared() -> Option<PathBuf> {
    let given = std::env::var("EQUIPOISE_SHARED").ok().map(PathBuf::from);
    let path = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    path.join("models").is_dir().then_some(path)
}

/// A column of a table.
pub(crate) enum Column {
    Number(Vec<f64>),
    Codes { codes: Vec<u32>, levels: Vec<String> },
}

/// Named columns.
pub(crate) struct Table {
    pub(crate) n_rows: usize,
    pub(crate) columns: Vec<(String, Column)>,
}

impl Column {
    /// Codes of names in sorted order, as data brings them.
    pub(crate) fn names(values: &[Option<&str>]) -> Self {
        let mut levels: Vec<&str> = values.iter().copied().flatten().collect();
        levels.sort_unstable();
        levels.dedup();
        let code = |value: &Option<&str>| {
            value.and_then(|v| levels.binary_search(&v).ok()).map_or(MISSING, |i| u32::try_from(i).unwrap())
        };
        let codes = values.iter().map(code).collect();
        Self::Codes { codes, levels: levels.into_iter().map(str::to_owned).collect() }
    }

    pub(crate) fn as_input(&self) -> InputColumn<'_> {
        match self {
            Self::Number(values) => InputColumn::Number(values),
            Self::Codes { codes, levels } => InputColumn::Codes { codes, levels },
        }
    }
}

impl Table {
    pub(crate) fn read(path: &std::path::Path) -> Self {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
            let column = if matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8) {
                let array = cast(array, &DataType::Utf8).unwrap();
                Column::names(&array.as_string::<i32>().iter().collect::<Vec<_>>())
            } else {
                let array = cast(array, &DataType::Float64).unwrap();
                let array = array.as_primitive::<Float64Type>();
                Column::Number(array.iter().map(|x| x.unwrap_or(f64::NAN)).collect())
            };
            (field.name().clone(), column)
        });
        Self { n_rows: batch.num_rows(), columns: columns.collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, column)| column)
    }

    pub(crate) fn numbers(&self, name: &str) -> Option<&[f64]> {
        match self.get(name)? {
            Column::Number(values) => Some(values),
            Column::Codes { .. } => None,
        }
    }

    /// The columns that a model asks for.
    pub(crate) fn inputs(&self, model: &dyn Model) -> Inputs<'_> {
        let column = |name: &str| self.get(name).unwrap_or_else(|| panic!("there is no column `{name}`")).as_input();
        let columns = model.info().inputs.iter().map(|input| column(&input.name)).collect();
        Inputs { n_rows: self.n_rows, columns }
    }
}

pub(crate) fn opened(name: &str, bytes: &[u8]) -> Result<Box<dyn Model>, ModelError> {
    open(name, bytes, &ModelSpec::default())
}

/// The numbers of an answer.
pub(crate) fn values(outputs: Outputs) -> Vec<f64> {
    match outputs {
        Outputs::Probability(values) | Outputs::Values(values) | Outputs::Probabilities { values, .. } => values,
        Outputs::Labels(labels) => panic!("labels: {labels:?}"),
    }
}

/// A file as LightGBM writes it, with features `f0`, `f1`, …
pub(crate) fn lightgbm_text(objective: &str, n_features: usize, trees: &[String], tail: &str) -> String {
    let list = |item: &dyn Fn(usize) -> String| (0..n_features).map(item).collect::<Vec<_>>().join(" ");
    let trees: String = trees.iter().enumerate().map(|(i, tree)| format!("Tree={i}\n{tree}\n\n")).collect();
    format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\n\
         objective={objective}\nfeature_names={}\nfeature_infos={}\ntree_sizes=0\n\n{trees}end of trees\n\n\
         feature_importances:\nf0=1\n\nparameters:\n[boosting: gbdt]\nend of parameters\n\n{tail}",
        n_features - 1,
        list(&|i| format!("f{i}")),
        list(&|_| "[0:1]".to_owned()),
    )
}

/// Universal Binary JSON as XGBoost writes it: lists of numbers with a type and a length, other lists with a
/// length, objects without.
pub(crate) fn ubj(value: &serde_json::Value) -> Vec<u8> {
    use serde_json::Value;
    fn text(out: &mut Vec<u8>, text: &str) {
        out.push(b'L');
        out.extend((text.len() as i64).to_be_bytes());
        out.extend(text.as_bytes());
    }
    fn write(out: &mut Vec<u8>, value: &Value) {
        match value {
            Value::Null => out.push(b'Z'),
            Value::Bool(is_true) => out.push(if *is_true { b'T' } else { b'F' }),
            Value::Number(n) if n.is_i64() => {
                out.push(b'L');
                out.extend(n.as_i64().unwrap().to_be_bytes());
            }
            Value::Number(n) => {
                out.push(b'd');
                out.extend((n.as_f64().unwrap() as f32).to_be_bytes());
            }
            Value::String(s) => {
                out.push(b'S');
                text(out, s);
            }
            Value::Array(values) => {
                out.push(b'[');
                let all = |is: fn(&Value) -> bool| !values.is_empty() && values.iter().all(is);
                let (kind, width) = if all(|v| v.is_i64()) { (Some(b'l'), 4) } else { (None, 0) };
                let kind = if kind.is_none() && all(Value::is_number) { Some(b'd') } else { kind };
                if let Some(kind) = kind {
                    out.extend([b'$', kind]);
                }
                out.extend(b"#L");
                out.extend((values.len() as i64).to_be_bytes());
                for value in values {
                    match kind {
                        Some(_) if width == 4 => out.extend((value.as_i64().unwrap() as i32).to_be_bytes()),
                        Some(_) => out.extend((value.as_f64().unwrap() as f32).to_be_bytes()),
                        None => write(out, value),
                    }
                }
            }
            Value::Object(entries) => {
                out.push(b'{');
                for (key, value) in entries {
                    text(out, key);
                    write(out, value);
                }
                out.push(b'}');
            }
        }
    }
    let mut out = Vec::new();
    write(&mut out, value);
    out
}
