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

/// A model behind an address that answers with one number per row, as MLflow's flavours of boosted trees do.
#[test]
fn bare_numbers_of_an_endpoint_are_probabilities_unless_they_are_labels() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let serve = |answer: &'static str| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut length, mut line) = (0, String::new());
                while stream.read_line(&mut line).unwrap_or(0) > 2 {
                    let lower = line.to_lowercase();
                    length = lower.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap());
                    line.clear();
                }
                let mut body = vec![0; length];
                let _ = stream.read_exact(&mut body);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    answer.len()
                );
                let _ = stream.get_mut().write_all(format!("{head}{answer}").as_bytes());
            }
        });
        format!("http://{address}")
    };
    let assess_with = |answer| {
        let dir = tempfile::TempDir::new().unwrap();
        std::fs::write(dir.path().join("p.csv"), "x,y\n1,0\n2,1\n3,0\n4,1\n").unwrap();
        let mut spec = RunSpec { target: Some("y".into()), positive: Some("1".into()), ..RunSpec::default() };
        spec.data.test = "p.csv".into();
        spec.only = Some(vec!["performance".into()]);
        let protocol = Some(equipoise_service::document::EndpointProtocol::Mlflow);
        spec.model = Some(ModelSpec { source: serve(answer), protocol, ..ModelSpec::default() });
        let mut world = World::real();
        world.root = dir.path().to_path_buf();
        assess(&spec, &world).unwrap().document
    };
    // Ranked as the truth but for one pair: three of four pairs are in order.
    let shares = assess_with(r#"{"predictions": [0.2, 0.4, 0.6, 0.8]}"#);
    assert!((value(&shares, "performance.roc_auc") - 0.75).abs() < 1e-12);
    let labels = assess_with(r#"{"predictions": [0, 1, 1, 1]}"#);
    assert!((value(&labels, "performance.accuracy") - 0.75).abs() < 1e-12);
    assert!(labels.estimate(&"performance.roc_auc".parse().unwrap()).is_none_or(|e| e.value.is_none()));
}
