//! Recognises a model file by its content and reads it.

use equipoise_document::ModelSpec;

use crate::{Model, ModelError, catboost, ebm, lightgbm, onnx, xgboost};

/// Formats that are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    LightGbm,
    XgBoost,
    CatBoost,
    CatBoostBinary,
    XgBoostBinary,
    Ebm,
    Onnx,
    Pickle,
}

/// Reads a model from the bytes of its file. The format is recognised from the content unless the spec names
/// it: `lightgbm`, `xgboost`, `catboost`, `ebm` or `onnx`.
///
/// # Errors
/// When the content is damaged, asks for what is not supported, or is of no known format. Each error says
/// how to mend it.
pub fn open(path: &str, bytes: &[u8], spec: &ModelSpec) -> Result<Box<dyn Model>, ModelError> {
    let unsupported = |problem: &str, hint: &str| {
        Err(ModelError::Unsupported { path: path.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() })
    };
    if bytes.is_empty() {
        return unsupported("the file is empty", "save the model again");
    }
    let format = match spec.format.as_deref() {
        Some("lightgbm") => Some(Format::LightGbm),
        Some("xgboost") => Some(Format::XgBoost),
        Some("catboost") if !is_catboost_binary(bytes) => Some(Format::CatBoost),
        Some("onnx") => Some(Format::Onnx),
        Some("ebm") => Some(Format::Ebm),
        Some(other) if other != "catboost" => {
            let problem = format!("the model format `{other}` is not known");
            return unsupported(&problem, "the formats are lightgbm, xgboost, catboost, ebm and onnx");
        }
        _ => recognise(path, bytes),
    };
    match format {
        Some(Format::LightGbm) => Ok(Box::new(lightgbm::read(path, bytes, spec)?)),
        Some(Format::XgBoost) => xgboost::read(path, bytes, spec),
        Some(Format::CatBoost) => Ok(Box::new(catboost::read(path, bytes, spec)?)),
        Some(Format::CatBoostBinary) => unsupported(
            "this is CatBoost's binary format, which only CatBoost reads",
            "save the model as JSON: `model.save_model(\"model.json\", format=\"json\")`",
        ),
        Some(Format::XgBoostBinary) => unsupported(
            "this is XGBoost's old binary format, which the library itself no longer writes",
            "load it with XGBoost up to version 3.0 and save it as JSON: `booster.save_model(\"model.json\")`",
        ),
        Some(Format::Pickle) => unsupported(
            "this is a pickled Python object, which would have to be run to be read",
            "export scikit-learn models to ONNX with skl2onnx, and save boosted trees in their library's own format",
        ),
        Some(Format::Ebm) => Ok(Box::new(ebm::read(path, bytes, spec)?)),
        Some(Format::Onnx) => Ok(Box::new(onnx::read(path, bytes, spec)?)),
        None => unsupported(
            "the format of the model is not recognised",
            "LightGBM text, XGBoost JSON or UBJSON, CatBoost JSON, InterpretML's EBM JSON and ONNX are read; the spec's `format` names one",
        ),
    }
}

fn is_catboost_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(b"CBM1")
}

fn recognise(path: &str, bytes: &[u8]) -> Option<Format> {
    if is_catboost_binary(bytes) {
        return Some(Format::CatBoostBinary);
    }
    if bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n") || bytes == b"tree" {
        return Some(Format::LightGbm);
    }
    if xgboost::is_ubj(bytes) {
        return Some(Format::XgBoost);
    }
    if bytes.starts_with(b"binf") || bytes.starts_with(b"bs64") {
        return Some(Format::XgBoostBinary);
    }
    // Pickle protocols 2 to 5; joblib may compress with zlib, gzip, xz or lz4.
    let is_pickle = matches!(bytes, [0x80, 2..=5, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    let ends = |endings: &[&str]| endings.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    if is_pickle || ends(&[".pkl", ".pickle", ".joblib"]) {
        return Some(Format::Pickle);
    }
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
        return recognise_json(bytes);
    }
    // A protocol buffer whose first field is the IR version.
    (matches!(bytes, [0x08, ..]) || ends(&[".onnx"])).then_some(Format::Onnx)
}

/// By the keys of the outermost object, in whatever order they come. A file that breaks off is recognised by
/// what can still be seen.
fn recognise_json(bytes: &[u8]) -> Option<Format> {
    let has = |key: &str| {
        let quoted = format!("\"{key}\"");
        bytes.windows(quoted.len()).any(|window| window == quoted.as_bytes())
    };
    if has("ebm") && has("outputs") {
        return Some(Format::Ebm);
    }
    if has("learner") {
        return Some(Format::XgBoost);
    }
    (has("oblivious_trees") || has("features_info")).then_some(Format::CatBoost)
}
