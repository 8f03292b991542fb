//! What is asked, and what must come back.

use std::time::Duration;

use equipoise_server::Options;
use serde_json::{Value, json};

use crate::client::{Served, assessment, read, serve, served};

fn n_of(value: &Value) -> u64 {
    value["n"].as_u64().unwrap()
}

/// The value of an estimate of a section.
fn estimate(section: &Value, id: &str) -> f64 {
    let found = section["estimates"].as_array().unwrap().iter().find(|e| e["id"] == id);
    found.unwrap_or_else(|| panic!("no {id}"))["value"].as_f64().unwrap()
}

#[test]
fn an_assessment_is_listed_and_its_document_is_sent_once() {
    let served = served(Options::default());
    let (status, list) = served.get("/v1/assessments");
    assert_eq!((status, list.as_array().unwrap().len()), (200, 2));
    assert_eq!((&list[0]["id"], &list[0]["name"], &list[0]["live"]), (&json!("0"), &json!("sample-0"), &json!(true)));

    let bearer = format!("Bearer {}", served.token);
    let ask = || Served::agent().get(served.address("/v1/assessments/0/document")).header("Authorization", &bearer);
    let response = ask().call().unwrap();
    let tag = response.headers().get("etag").unwrap().to_str().unwrap().to_owned();
    let (status, document) = read(response);
    assert_eq!((status, &document["task"]), (200, &json!("binary")));
    assert_eq!(read(ask().header("If-None-Match", &tag).call().unwrap()).0, 304);
    assert_eq!(served.get("/v1/assessments/7/document").0, 404);
}

#[test]
fn rows_are_counted_paged_and_sorted() {
    let served = served(Options::default());
    let (_, columns) = served.get("/v1/assessments/0/columns");
    let named = |name: &str| columns.as_array().unwrap().iter().find(|c| c["name"] == name).cloned().unwrap();
    assert_eq!(named("age")["type"], "number");
    assert_eq!(named("_outcome")["levels"], json!(["tn", "fp", "fn", "tp"]));

    let count = |predicate: Value| served.post("/v1/assessments/0/count", &json!({ "predicate": predicate })).1;
    let all = count(Value::Null);
    let (young, old) = (count(json!("age < 40")), count(json!("age >= 40")));
    assert!(n_of(&young) > 0 && n_of(&old) > 0);
    assert_eq!(n_of(&young) + n_of(&old), n_of(&all));
    assert_eq!(all["share"], 1.0);
    let wrong = |c: &Value| c["n_wrong"].as_u64().unwrap();
    assert_eq!(wrong(&young) + wrong(&old), wrong(&all));
    assert_eq!(young["error_rate"].as_f64().unwrap(), wrong(&young) as f64 / n_of(&young) as f64);

    let page = |query: &str| served.get(&format!("/v1/assessments/0/rows?{query}")).1;
    let by_age = page("predicate=age%20%3C%2040&sort=age&descending=true&limit=1000&columns=age,_error");
    assert_eq!(by_age["columns"], json!(["_index", "age", "_error"]));
    assert_eq!(by_age["n"], young["n"]);
    let rows = by_age["rows"].as_array().unwrap();
    let ages: Vec<f64> = rows.iter().map(|r| r[1].as_f64().unwrap()).collect();
    assert_eq!(ages.len() as u64, n_of(&young));
    assert!(ages.is_sorted_by(|a, b| a >= b) && ages.iter().all(|a| *a < 40.0));
    assert_eq!(rows.iter().filter(|r| r[2] == 1).count() as u64, wrong(&young));
    // Pages cut the same order.
    let second = page("predicate=age%20%3C%2040&sort=age&descending=true&limit=7&offset=7&columns=age,_error");
    assert_eq!(second["rows"].as_array().unwrap()[..], rows[7..14]);
    // The order of names, and of what the model said.
    let by_chance = page("sort=_probability&limit=1000&columns=_probability");
    let chances: Vec<f64> = by_chance["rows"].as_array().unwrap().iter().map(|r| r[1].as_f64().unwrap()).collect();
    assert!(chances.len() > 100 && chances.is_sorted());

    let (status, refused) = served.get("/v1/assessments/0/rows?sort=agee");
    assert_eq!((status, refused["error"]["hint"].as_str().unwrap().contains("age")), (422, true));
    let (status, refused) = served.post("/v1/assessments/0/count", &json!({ "predicate": "age <" }));
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("cohort")));
    assert_eq!(served.post("/v1/assessments/0/count", &json!({ "predicat": "age < 4" })).0, 422);
}

#[test]
fn a_section_of_some_rows_is_the_one_of_a_cohort() {
    let served = served(Options::default());
    let ask = |predicate: Value| {
        let asked = json!({ "analysis": "performance", "predicate": predicate });
        let (status, job) = served.post("/v1/assessments/0/sections?wait=60", &asked);
        assert_eq!((status, &job["status"]), (200, &json!("done")), "{job}");
        job["section"].clone()
    };
    // The document's own answer, asked again.
    let document = served.get("/v1/assessments/0/document").1;
    assert_eq!(ask(Value::Null), document["sections"][0]);
    let young = ask(json!("age < 40"));
    let count = served.post("/v1/assessments/0/count", &json!({ "predicate": "age < 40" })).1;
    let accuracy = 1.0 - count["error_rate"].as_f64().unwrap();
    assert!((estimate(&young, "performance.accuracy") - accuracy).abs() < 1e-12);

    let (status, refused) = served.post("/v1/assessments/0/sections", &json!({ "analysis": "performence" }));
    assert_eq!(status, 422);
    assert!(refused["error"]["hint"].as_str().unwrap().contains("`performance`"), "{refused}");
    let nobody = json!({ "analysis": "performance", "predicate": "age > 900" });
    assert_eq!(served.post("/v1/assessments/0/sections?wait=60", &nobody).0, 422);
}

#[test]
fn a_kept_answer_survives() {
    let served = served(Options::default());
    let asked = json!({ "analysis": "performance", "predicate": "age < 40", "keep": true });
    let (_, job) = served.post("/v1/assessments/0/sections?wait=60", &asked);
    // Another server over the same folder, as after a restart.
    let Served { dir, .. } = served;
    let places = vec![dir.path().join("sample-0")];
    let again = serve(dir, Options { places, ..Options::default() });
    let (_, kept) = again.get("/v1/assessments/0/kept");
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["section"]), (1, &job["section"]));
}

#[test]
fn kept_answers_and_pins_survive_until_they_are_let_go() {
    let served = served(Options::default());
    let edit = json!({ "row": 3, "set": { "age": 70 }, "keep": true });
    let (status, job) = served.post("/v1/assessments/0/what-if?wait=60", &edit);
    assert_eq!(status, 200, "{job}");
    let pins = "/v1/assessments/0/pins";
    let new = json!({ "row": 3, "set": { "age": 70, "sex": "female" }, "says": "1 (0.71)" });
    let (status, pin) = served.post(pins, &new);
    assert_eq!((status, &pin["set"], &pin["says"]), (201, &new["set"], &new["says"]), "{pin}");
    let (status, refused) = served.post(pins, &json!({ "row": 3, "set": { "agee": 1 } }));
    assert_eq!((status, &refused["error"]["hint"]), (422, &json!("the nearest name is `age`")), "{refused}");
    assert_eq!(served.post(pins, &json!({ "row": 3, "sets": {} })).0, 422);

    // Another server over the same folder, as after a restart.
    let Served { dir, .. } = served;
    let places = vec![dir.path().join("sample-0")];
    let again = serve(dir, Options { places, ..Options::default() });
    assert_eq!(again.get(pins).1, json!([pin]));
    let (_, kept) = again.get("/v1/assessments/0/kept");
    assert_eq!((&kept[0]["analysis"], &kept[0]["section"]), (&json!("what_if"), &job["section"]));
    let gone = |path: String| (again.delete(&path).0, again.delete(&path).0);
    assert_eq!(gone(format!("{pins}/{}", pin["pin"])), (204, 404));
    assert_eq!(gone(format!("/v1/assessments/0/kept/{}", kept[0]["job"].as_str().unwrap())), (204, 404));
    assert_eq!((again.get(pins).1, again.get("/v1/assessments/0/kept").1), (json!([]), json!([])));
}

#[test]
fn cohorts_are_saved_and_deleted() {
    let served = served(Options::default());
    let path = "/v1/assessments/0/cohorts";
    let before = served.get(path).1.as_array().unwrap().len();
    let young = json!({ "name": "under 40", "predicate": "age < 40" });
    let (status, saved) = served.post(path, &young);
    assert_eq!((status, &saved["source"]), (201, &json!("saved")));
    assert_eq!(served.post(path, &young).0, 409);
    assert_eq!(served.post(path, &json!({ "name": "x", "predicate": "agee < 4" })).0, 422);
    assert_eq!(served.post(path, &json!({ "name": " ", "predicate": "age < 4" })).0, 422);
    let after = served.get(path).1;
    assert_eq!(after.as_array().unwrap().len(), before + 1);
    assert_eq!(after.as_array().unwrap().last().unwrap(), &saved);
    assert_eq!(served.delete("/v1/assessments/0/cohorts/under%2040").0, 204);
    assert_eq!(served.delete("/v1/assessments/0/cohorts/under%2040").0, 404);
    assert_eq!(served.get(path).1.as_array().unwrap().len(), before);
}

#[test]
fn the_model_answers_for_rows_as_in_the_data() {
    let served = served(Options::default());
    let (_, page) = served.get("/v1/assessments/0/rows?limit=20");
    let names: Vec<String> = serde_json::from_value(page["columns"].clone()).unwrap();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    let rows = page["rows"].as_array().unwrap();
    let given: Vec<Value> = rows
        .iter()
        .map(|row| {
            let cells = names.iter().zip(row.as_array().unwrap()).filter(|(n, _)| !n.starts_with('_'));
            Value::Object(cells.map(|(n, v)| (n.clone(), v.clone())).collect())
        })
        .collect();
    let (status, answer) = served.post("/v1/assessments/0/predict", &json!({ "rows": given }));
    assert_eq!(status, 200, "{answer}");
    for (row, said) in rows.iter().zip(answer["predictions"].as_array().unwrap()) {
        assert_eq!(said["predicted"], row[at("_predicted")]);
        assert_eq!(said["probability"][1], row[at("_probability")]);
    }
    let (status, refused) = served.post("/v1/assessments/0/predict", &json!({ "rows": [{ "agee": 3 }] }));
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("data")));
    let (status, refused) = served.post("/v1/assessments/0/predict", &json!({ "rows": [{ "age": "old" }] }));
    assert!(status == 422 && refused["error"]["message"].as_str().unwrap().contains("`age` of row 1"), "{refused}");
}

#[test]
fn what_if_and_counterfactuals_answer_for_a_row() {
    let served = served(Options::default());
    let (status, job) = served.post("/v1/assessments/0/what-if?wait=60", &json!({ "row": 3, "set": { "age": 70 } }));
    assert_eq!((status, &job["section"]["id"]), (200, &json!("what_if")), "{job}");
    let asked = json!({ "row": 3, "params": { "total_CFs": 2, "method": "random" } });
    let (status, job) = served.post("/v1/assessments/0/counterfactuals?wait=60", &asked);
    assert_eq!((status, &job["section"]["id"]), (200, &json!("counterfactuals")), "{job}");
}

#[test]
fn long_work_tells_how_far_it_is_and_can_be_stopped() {
    let served = served(Options::default());
    // Model-agnostic explanations of every row: long enough to be seen.
    let asked = json!({ "analysis": "explain", "params": {}, "predicate": null });
    let (status, job) = served.post("/v1/assessments/0/sections?wait=0", &asked);
    assert_eq!((status, &job["status"]), (202, &json!("running")));
    let path = format!("/v1/jobs/{}", job["job"].as_str().unwrap());
    assert_eq!(served.delete(&path).0, 204);
    let mut asked = 0;
    let ended = loop {
        let (_, view) = served.get(&path);
        if view["status"] != "running" {
            break view["status"].clone();
        }
        asked += 1;
        assert!(asked < 3_000, "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended == "cancelled" || ended == "done", "{ended}");

    let (_, job) = served.post("/v1/assessments/0/sections?wait=0", &json!({ "analysis": "performance" }));
    let path = format!("/v1/jobs/{}/events", job["job"].as_str().unwrap());
    let (_, told) = served.get(&path);
    let Value::String(told) = told else { panic!("no events") };
    let events: Vec<Value> =
        told.lines().filter_map(|l| serde_json::from_str(l.strip_prefix("data:")?.trim()).ok()).collect();
    assert_eq!(events.last().unwrap()["status"], "done", "{told}");
    assert!(events.last().unwrap()["section"].is_object());
    assert_eq!(served.get("/v1/jobs/999").0, 404);
}

#[test]
fn two_assessments_are_compared() {
    let served = served(Options::default());
    let (status, comparison) = served.get("/v1/compare?a=0&b=1");
    assert_eq!(status, 200);
    let rows = comparison["rows"].as_array().unwrap();
    let accuracy = rows.iter().find(|r| r["id"] == "performance.accuracy").unwrap();
    assert_eq!((&accuracy["difference"], &accuracy["change"]), (&json!(0.0), &json!("same")));
    assert_eq!(served.get("/v1/compare?a=0").0, 400);
    assert_eq!(served.get("/v1/compare?a=0&b=9").0, 404);
}

#[test]
fn what_cannot_be_asked_any_more_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let place = assessment(dir.path(), 0);
    let path = place.join("document.json");
    let text = std::fs::read_to_string(&path).unwrap().replace("sample/nhefs/test.csv", "gone/test.csv");
    std::fs::write(&path, text).unwrap();
    let served = serve(dir, Options { places: vec![place], ..Options::default() });
    let (_, list) = served.get("/v1/assessments");
    assert_eq!(list[0]["live"], false);
    assert!(list[0]["why_not_live"].as_str().unwrap().contains("gone/test.csv"));
    assert_eq!(served.get("/v1/assessments/0/document").0, 200);
    let (status, refused) = served.post("/v1/assessments/0/count", &json!({ "predicate": null }));
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("not_live")), "{refused}");
}

#[test]
fn every_route_is_described_and_every_description_is_answered() {
    let served = served(Options::default());
    let (_, api) = served.get("/v1/openapi.json");
    assert_eq!(api["openapi"], "3.1.0");
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(api["components"]["schemas"][name].is_object(), "{name} is not there");
    }
    for (path, methods) in api["paths"].as_object().unwrap() {
        let real = path.replace("{id}", "0").replace("{job}", "1").replace("{name}", "x").replace("{pin}", "0");
        for method in methods.as_object().unwrap().keys() {
            let (status, _) = match method.as_str() {
                "get" => served.get(&real),
                "delete" => served.delete(&real),
                _ => served.post(&real, &json!({})),
            };
            assert_ne!(status, 405, "{method} {path}");
        }
    }
}

#[test]
fn the_committed_description_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/api.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_default()).unwrap_or_default();
    assert!(
        committed == equipoise_server::openapi(),
        "schema/api.json is stale: run `equipoise schema api > schema/api.json`"
    );
}
