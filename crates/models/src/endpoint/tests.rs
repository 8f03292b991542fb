//! Against a real server on this machine that answers as each test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use equipoise_document::{EndpointProtocol, ModelSpec};
use serde_json::{Value, json};

use super::*;
use crate::InputColumn;

/// What came in.
#[derive(Clone, Debug)]
struct Request {
    /// How many came before.
    number: usize,
    line: String,
    headers: Vec<(String, String)>,
    body: Value,
}

/// What goes out.
struct Reply {
    status: u16,
    headers: &'static str,
    body: String,
    delay: Duration,
}

impl Reply {
    fn json(value: &Value) -> Self {
        Self::text(200, &value.to_string())
    }

    fn text(status: u16, body: &str) -> Self {
        Self { status, headers: "", body: body.to_owned(), delay: Duration::ZERO }
    }
}

/// A server; it is left to the end of the test process.
struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn answering(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, count, reply) = (Arc::clone(&seen), Arc::new(AtomicUsize::new(0)), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, count, reply) = (Arc::clone(&log), Arc::clone(&count), Arc::clone(&reply));
                std::thread::spawn(move || {
                    let request = read(&stream, &count);
                    log.lock().unwrap().push(request.clone());
                    write(&stream, &reply(&request));
                });
            }
        });
        Self { address, seen }
    }

    fn requests(&self) -> Vec<Request> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_by_key(|r| r.number);
        seen
    }
}

fn read(stream: &TcpStream, count: &AtomicUsize) -> Request {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let number = count.fetch_add(1, Ordering::SeqCst);
    Request {
        number,
        line: line.trim().to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

fn write(mut stream: &TcpStream, reply: &Reply) {
    std::thread::sleep(reply.delay);
    let (status, headers, body) = (reply.status, reply.headers, &reply.body);
    let n = body.len();
    // The other side may have given up.
    let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {n}\r\nConnection: close\r\n{headers}\r\n{body}");
}

fn features() -> Vec<String> {
    vec!["age".to_owned(), "sex".to_owned()]
}

const AGES: [f64; 3] = [25.0, 38.5, f64::NAN];

fn ask(spec: &ModelSpec, authorization: Option<&str>) -> Result<Outputs, ModelError> {
    let model = open(spec, &features(), authorization.map(str::to_owned))?;
    let levels = ["Female".to_owned(), "Male".to_owned()];
    let codes = [1, 0, u32::MAX];
    let columns = vec![InputColumn::Number(&AGES), InputColumn::Codes { codes: &codes, levels: &levels }];
    model.predict(&Inputs { n_rows: 3, columns })
}

fn mlflow(server: &Server) -> ModelSpec {
    ModelSpec { source: format!("{}/invocations", server.address), tries: Some(1), ..ModelSpec::default() }
}

fn v2(server: &Server) -> ModelSpec {
    ModelSpec {
        source: server.address.clone(),
        name: Some("credit".to_owned()),
        tries: Some(1),
        ..ModelSpec::default()
    }
}

/// A message with the port of this run taken out.
fn message(error: &ModelError) -> String {
    let text = error.to_string();
    match text.split_once("127.0.0.1:") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}127.0.0.1:PORT{rest}")
        }
        None => text,
    }
}

#[track_caller]
fn refused(server: &Server, spec: &ModelSpec) -> String {
    let error = ask(spec, Some("Bearer s3cret")).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
    let _ = server;
    message(&error)
}

#[test]
fn mlflow_asks_with_a_split_frame_and_reads_probabilities() {
    let server = Server::answering(|_| Reply::json(&json!({ "predictions": [[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]] })));
    assert_eq!(ask(&mlflow(&server), Some("Bearer s3cret")).unwrap(), Outputs::Probability(vec![0.25, 0.5, 1.0]));
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /invocations HTTP/1.1");
    assert!(request.headers.contains(&("authorization".to_owned(), "Bearer s3cret".to_owned())));
    let frame = json!({ "columns": ["age", "sex"], "data": [[25, "Male"], [38.5, "Female"], [null, null]] });
    assert_eq!(request.body, json!({ "dataframe_split": frame }));
}

#[test]
fn mlflow_answers_in_every_form() {
    let outputs = |predictions: Value, classes: &[&str]| {
        let server = Server::answering(move |_| Reply::json(&json!({ "predictions": predictions })));
        let classes = classes.iter().map(|c| (*c).to_owned()).collect();
        ask(&ModelSpec { classes, ..mlflow(&server) }, None).unwrap()
    };
    let labels = |names: [&str; 3]| Outputs::Labels(names.map(str::to_owned).to_vec());
    assert_eq!(outputs(json!([1.5, 2.0, -3.0]), &[]), Outputs::Values(vec![1.5, 2.0, -3.0]));
    assert_eq!(outputs(json!([[1.5], [2.0], [3.0]]), &[]), Outputs::Values(vec![1.5, 2.0, 3.0]));
    assert_eq!(outputs(json!(["a", "b", "a"]), &[]), labels(["a", "b", "a"]));
    assert_eq!(outputs(json!([0.5, 0.25, 1.0]), &["no", "yes"]), Outputs::Probability(vec![0.5, 0.25, 1.0]));
    // Whole numbers are classes: by their text, else by their place.
    assert_eq!(outputs(json!([0, 1, 1]), &["no", "yes"]), labels(["no", "yes", "yes"]));
    assert_eq!(outputs(json!([2, 1, 1]), &["1", "2"]), labels(["2", "1", "1"]));
    let maps = json!([{"no": 0.75, "yes": 0.25}, {"yes": 1.0, "no": 0.0}, {"no": 0.5, "yes": 0.5}]);
    assert_eq!(outputs(maps, &["no", "yes"]), Outputs::Probability(vec![0.25, 1.0, 0.5]));
    let three = json!([{"proba": [1.0, 0.0, 0.0]}, {"proba": [0.25, 0.5, 0.25]}, {"proba": [0.0, 0.0, 1.0]}]);
    let values = vec![1.0, 0.0, 0.0, 0.25, 0.5, 0.25, 0.0, 0.0, 1.0];
    assert_eq!(outputs(three, &["x", "y", "z"]), Outputs::Probabilities { n_classes: 3, values });
}

#[test]
fn v2_sends_a_tensor_per_column_and_prefers_probabilities() {
    let server = Server::answering(|request| {
        if request.line.starts_with("GET") {
            return Reply::text(404, "{}");
        }
        Reply::json(&json!({ "outputs": [
            { "name": "label", "datatype": "INT64", "shape": [3], "data": [0, 0, 1] },
            { "name": "probabilities", "datatype": "FP32", "shape": [3, 2], "data": [0.75, 0.25, 0.5, 0.5, 0.25, 0.75] },
        ]}))
    });
    assert_eq!(ask(&v2(&server), None).unwrap(), Outputs::Probability(vec![0.25, 0.5, 0.75]));
    let requests = server.requests();
    assert_eq!(requests[0].line, "GET /v2/models/credit HTTP/1.1");
    assert_eq!(requests[1].line, "POST /v2/models/credit/infer HTTP/1.1");
    let age = json!({ "name": "age", "datatype": "FP64", "shape": [3, 1], "data": [25.0, 38.5, null] });
    let parameters = json!({ "content_type": "str" });
    let data = json!(["Male", "Female", null]);
    let sex = json!({ "name": "sex", "datatype": "BYTES", "shape": [3, 1], "data": data, "parameters": parameters });
    assert_eq!(requests[1].body["inputs"], json!([age, sex]));
}

#[test]
fn v2_declares_the_inputs_that_the_server_tells() {
    let server = Server::answering(|request| {
        if request.line.starts_with("GET") {
            return Reply::json(&json!({ "name": "credit", "inputs": [
                { "name": "age", "datatype": "INT64", "shape": [-1, 1] },
                { "name": "sex", "datatype": "BYTES", "shape": [-1] },
                { "name": "rest", "datatype": "FP32", "shape": [-1, 4] },
            ]}));
        }
        Reply::text(500, "")
    });
    let model = open(&v2(&server), &features(), None).unwrap();
    let input = |name: &str, kind| Input { name: name.to_owned(), kind };
    let wanted = [
        input("age", crate::InputKind::Number),
        input("sex", crate::InputKind::Category(None)),
        input("rest", crate::InputKind::Tensor(4)),
    ];
    assert_eq!(model.info().inputs, wanted);
}

#[test]
fn batches_come_back_in_order_whatever_the_concurrency() {
    // Each row's answer is its own age; early batches are the slowest.
    let server = Server::answering(|request| {
        let rows = request.body["dataframe_split"]["data"].as_array().unwrap().clone();
        let ages: Vec<Value> = rows.iter().map(|row| json!(row[0].as_f64().unwrap() + 0.5)).collect();
        let delay = Duration::from_millis(60_u64.saturating_sub(rows[0][0].as_u64().unwrap()));
        Reply { delay, ..Reply::json(&json!({ "predictions": ages })) }
    });
    let ages: Vec<f64> = (0..50).map(f64::from).collect();
    for concurrency in [1, 4, 50] {
        let spec = ModelSpec { batch_rows: Some(7), concurrency: Some(concurrency), ..mlflow(&server) };
        let model = open(&spec, &["age".to_owned()], None).unwrap();
        let outputs = model.predict(&Inputs { n_rows: 50, columns: vec![InputColumn::Number(&ages)] }).unwrap();
        assert_eq!(outputs, Outputs::Values(ages.iter().map(|age| age + 0.5).collect()));
    }
    assert_eq!(server.requests().len(), 3 * 8);
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::answering(|request| match request.number {
        0 => Reply { headers: "Retry-After: 0\r\n", ..Reply::text(503, "busy") },
        1 => Reply { headers: "Retry-After: 0\r\n", ..Reply::text(429, "") },
        _ => Reply::json(&json!({ "predictions": [1.0, 2.0, 3.5] })),
    });
    let spec = ModelSpec { tries: Some(3), ..mlflow(&server) };
    assert_eq!(ask(&spec, None).unwrap(), Outputs::Values(vec![1.0, 2.0, 3.5]));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_redirect_is_not_followed_and_the_header_goes_nowhere_else() {
    let other = Server::answering(|_| Reply::json(&json!({ "predictions": [1.0, 2.0, 3.0] })));
    for status in [301, 302, 303, 307, 308] {
        // Headers of a reply live as long as the program.
        let location: &'static str = format!("Location: {}/invocations\r\n", other.address).leak();
        let server = Server::answering(move |_| Reply { headers: location, ..Reply::text(status, "") });
        for spec in [mlflow(&server), v2(&server)] {
            let error = ask(&spec, Some("Bearer s3cret")).unwrap_err().to_string();
            assert!(error.contains(&format!("sends to another address (status {status})")), "{error}");
            assert!(error.contains("hint: give the final address") && !error.contains("s3cret"), "{error}");
        }
    }
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}

#[test]
fn pauses_grow_and_do_not_depend_on_chance() {
    for attempt in 1..8 {
        let full = 0.25 * f64::from(1 << (attempt - 1));
        for row in [0, 1000, 2000] {
            let waits = http::pause(row, attempt);
            assert!((full / 2.0..=full).contains(&waits), "{waits}");
            assert_eq!(waits.to_bits(), http::pause(row, attempt).to_bits());
        }
    }
    assert_ne!(http::pause(0, 1).to_bits(), http::pause(1000, 1).to_bits());
}

#[test]
fn credentials_in_the_address_are_sent_and_never_shown() {
    let server = Server::answering(|_| Reply::text(401, "who is ann:p@ss?"));
    let spec = mlflow(&server);
    let source = spec.source.replace("http://", "http://ann:p%40ss@") + "?key=hidden";
    let error = ask(&ModelSpec { source, ..spec }, None).unwrap_err();
    insta::assert_snapshot!(message(&error));
    let headers = &server.requests()[0].headers;
    // `ann:p@ss` in base 64.
    assert!(headers.contains(&("authorization".to_owned(), "Basic YW5uOnBAc3M=".to_owned())), "{headers:?}");
    assert!(server.requests()[0].line.contains("?key=hidden"));
    assert_eq!(shown_address("https://u:p@h.example:8/a/b?token=1#x"), "https://h.example:8/a/b");
}

#[test]
fn messages() {
    let mut said = Vec::new();
    let mut tell = |reply: fn() -> Reply, change: fn(ModelSpec) -> ModelSpec| {
        let server = Server::answering(move |_| reply());
        said.push(refused(&server, &change(mlflow(&server))));
    };
    let same = |spec| spec;
    tell(|| Reply::text(401, "no Bearer s3cret here"), same);
    tell(|| Reply::text(400, "{\"message\": \"bad token s3cret,\n column `sex` is missing\"}"), same);
    tell(|| Reply::text(404, ""), same);
    tell(|| Reply::text(302, ""), same);
    tell(|| Reply::text(413, ""), same);
    tell(|| Reply::text(429, ""), same);
    tell(
        || Reply { headers: "Retry-After: 0\r\n", ..Reply::text(503, "<html>") },
        |s| ModelSpec { tries: Some(2), ..s },
    );
    tell(|| Reply::text(200, "<!DOCTYPE html><p>log in"), same);
    tell(|| Reply::text(200, ""), same);
    tell(|| Reply::text(200, "ok"), same);
    tell(|| Reply::text(200, "{\"predictions\": [NaN, 1.0, 2.0]}"), same);
    tell(|| Reply::text(200, "{\"answer\": 1}"), same);
    tell(|| Reply::text(200, "{\"predictions\": [1.0, 2.0]}"), same);
    tell(|| Reply::text(200, "{\"predictions\": [1.0, null, 2.0]}"), same);
    tell(|| Reply::text(200, "{\"predictions\": [[0.5, 0.5], [0.9, 0.3], [1.0, 0.0]]}"), same);
    tell(|| Reply::text(200, "{\"predictions\": [[0.5, 0.5], [1.0], [1.0, 0.0]]}"), same);
    let yes_no = |s| ModelSpec { classes: vec!["no".into(), "yes".into()], ..s };
    tell(|| Reply::text(200, "{\"predictions\": [0.5, 1.5, 0.0]}"), yes_no);
    tell(|| Reply::text(200, "{\"predictions\": [\"yes\", \"maybe\", \"no\"]}"), yes_no);
    tell(|| Reply::text(200, "{\"predictions\": [[1, 0, 0], [1, 0, 0], [1, 0, 0]]}"), yes_no);
    tell(
        || Reply { delay: Duration::from_secs(2), ..Reply::text(200, "{}") },
        |s| ModelSpec { timeout_secs: Some(0.1), ..s },
    );
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn messages_before_any_answer() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut said = Vec::new();
    for (source, change) in [
        (format!("http://{free}/invocations"), ModelSpec { tries: Some(2), ..ModelSpec::default() }),
        (format!("http://{free}"), ModelSpec::default()),
        ("ftp://models.example".to_owned(), ModelSpec::default()),
        ("http://".to_owned(), ModelSpec::default()),
        (format!("http://{free}/invocations"), ModelSpec { timeout_secs: Some(-1.0), ..ModelSpec::default() }),
    ] {
        said.push(message(&ask(&ModelSpec { source, ..change }, None).unwrap_err()));
    }
    let spec = ModelSpec { source: format!("http://{free}/invocations"), ..ModelSpec::default() };
    said.push(message(&ask(&spec, Some("Bearer a\nb")).unwrap_err()));
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn an_endless_answer_is_cut_off() {
    let server = Server::answering(|_| Reply::text(200, &" ".repeat((64 << 20) + 10)));
    assert!(refused(&server, &mlflow(&server)).contains("answers more than 64 MiB"));
}

#[test]
fn addresses_by_protocol() {
    let base = |source: &str, name: Option<&str>, protocol| {
        let spec = ModelSpec { source: source.into(), name: name.map(Into::into), protocol, ..ModelSpec::default() };
        Address::of(&spec).unwrap().base
    };
    let (v2, mlflow) = (Some(EndpointProtocol::V2), Some(EndpointProtocol::Mlflow));
    assert_eq!(base("http://h:1/v2/models/a/infer", None, None), "http://h:1/v2/models/a");
    assert_eq!(base("http://h:1/", Some("a b"), v2), "http://h:1/v2/models/a%20b");
    assert_eq!(base("http://h:1/v2", Some("a"), None), "http://h:1/v2/models/a");
    assert_eq!(base("https://h/m", None, mlflow), "https://h/m/invocations");
    assert_eq!(base("https://h/m/invocations", None, None), "https://h/m/invocations");
}
