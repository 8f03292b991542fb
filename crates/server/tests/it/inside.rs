//! The interface without a port.

use std::sync::mpsc;

use equipoise_server::{Answer, Inside, Options};
use serde_json::{Value, json};

use crate::client::{assessment, serve};

fn ask(inside: &Inside, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let (tell, told) = mpsc::channel();
    inside.ask(method, path, body.map(|b| b.to_string()), move |answer| tell.send(answer).unwrap());
    let Answer { status, body } = told.recv().unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

#[test]
fn it_answers_as_over_a_port() {
    let dir = tempfile::tempdir().unwrap();
    let place = assessment(dir.path(), 0);
    let inside = Inside::open(&place, None).unwrap();
    let served = serve(dir, Options { places: vec![place], ..Options::default() });
    let count = json!({ "predicate": "age < 40" });
    let path = "/v1/assessments/0/count";
    let answer = ask(&inside, "POST", path, Some(count.clone()));
    assert!(answer.1["n"].as_u64().unwrap() > 0);
    assert_eq!(answer, served.post(path, &count));
    for path in ["/v1/assessments", "/v1/assessments/0/columns", "/v1/assessments/7/document"] {
        assert_eq!(ask(&inside, "GET", path, None), served.get(path));
    }
    let cohort = json!({ "name": "young", "predicate": "age < 40" });
    assert_eq!(ask(&inside, "POST", "/v1/assessments/0/cohorts", Some(cohort)).0, 201);
    assert_eq!(ask(&inside, "DELETE", "/v1/assessments/0/cohorts/young", None).0, 204);
    assert_eq!(ask(&inside, "GET", "no address", None).0, 400);
}
