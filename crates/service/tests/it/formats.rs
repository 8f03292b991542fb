//! The main job on Adult and its neighbours with each model format; needs the shared models and data.

use std::path::PathBuf;

use equipoise_service::document::{Document, GroupingSpec, ModelSpec, RunSpec};
use equipoise_service::{World, assess};

/// The shared folder, or none with a word about it.
fn shared() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "a test may be told where the data lie")]
    let from_env = std::env::var("EQUIPOISE_SHARED").ok().map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let found = from_env.into_iter().chain([beside]).find(|p| p.join("models").is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no folder `shared` beside the repository (or EQUIPOISE_SHARED)");
    }
    found
}

fn run(set: &str, model: &str, spec: RunSpec) -> Option<Document> {
    let shared = shared()?;
    let mut spec = spec;
    spec.data.test = format!("data/{set}/test.parquet");
    spec.model = Some(ModelSpec { source: format!("models/{model}"), ..ModelSpec::default() });
    spec.only = Some(vec!["performance".into()]);
    let mut world = World::real();
    world.root = shared;
    Some(assess(&spec, &world).unwrap().document)
}

fn value(document: &Document, id: &str) -> f64 {
    document.estimate(&id.parse().unwrap()).unwrap().value.unwrap()
}

/// Published test figures of each fixture (accuracy and area under the curve of the original library).
const ADULT: [(&str, f64, f64); 9] = [
    ("adult-lgbm.txt", 0.8719, 0.9278),
    ("adult-lgbm_rf.txt", 0.8634, 0.9147),
    ("adult-xgb.json", 0.8719, 0.9276),
    ("adult-xgb.ubj", 0.8719, 0.9276),
    ("adult-catboost.json", 0.8690, 0.9201),
    ("adult-sk_hgb.onnx", 0.8720, 0.9264),
    ("adult-sk_logreg.onnx", 0.8525, 0.9050),
    ("adult-sk_rf.onnx", 0.8573, 0.9072),
    ("adult-sk_mlp.onnx", 0.8571, 0.9094),
];

#[test]
fn adult_comes_out_as_in_the_original_library_for_each_format() {
    for (model, accuracy, area) in ADULT {
        let spec = RunSpec {
            target: Some("income".into()),
            positive: Some(">50K".into()),
            sensitive: vec![GroupingSpec::Column("sex".into())],
            ..RunSpec::default()
        };
        let Some(document) = run("adult", model, spec) else { return };
        assert!((value(&document, "performance.accuracy") - accuracy).abs() < 5.1e-5, "{model}");
        assert!((value(&document, "performance.roc_auc") - area).abs() < 5.1e-5, "{model}");
    }
}

#[test]
fn several_classes_come_out_as_in_the_original_library() {
    for (model, accuracy) in [
        ("digits-lgbm.txt", 0.9443),
        ("digits-xgb.json", 0.9304),
        ("digits-sk_logreg.onnx", 0.9554),
        ("digits-sk_rf.onnx", 0.9499),
    ] {
        let target = digits_target();
        let Some(document) = run("digits", model, RunSpec { target, ..RunSpec::default() }) else { return };
        assert!((value(&document, "performance.accuracy") - accuracy).abs() < 5.1e-5, "{model}");
    }
}

fn digits_target() -> Option<String> {
    let schema = std::fs::read_to_string(shared()?.join("data/digits/schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    schema["target"].as_str().map(str::to_owned)
}

#[test]
fn numbers_come_out_as_in_the_original_library() {
    for (model, error, r2) in [
        ("california_housing-lgbm.txt", 31_083.935, 0.8473),
        ("california_housing-lgbm_linear.txt", 35_022.686, 0.8178),
        ("california_housing-catboost.json", 35_604.341, 0.8119),
    ] {
        let spec = RunSpec { target: Some("median_house_value".into()), ..RunSpec::default() };
        let Some(document) = run("california_housing", model, spec) else { return };
        let mae = value(&document, "performance.mean_absolute_error");
        assert!((mae - error).abs() < 0.01, "{model}: {mae}");
        assert!((value(&document, "performance.r2") - r2).abs() < 5.1e-5, "{model}");
    }
}
