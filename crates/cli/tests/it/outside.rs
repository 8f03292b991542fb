//! What happens outside of the program while it runs: servers, Ctrl-C, a disk that is full.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::helpers::{Place, people};

/// A process that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server beside this file and its port; none where there is no Python.
fn python_server() -> Option<(Server, String)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/open_inference_server.py");
    let started = Command::new("python3").arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let Ok(child) = started else {
        eprintln!("skipped: there is no `python3` to run a server of the Open Inference Protocol");
        return None;
    };
    let mut server = Server(child);
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    Some((server, port.trim().to_owned()))
}

/// The people with the probability that the server's model gives them.
fn scored_people() -> Vec<u8> {
    let text = String::from_utf8(people()).unwrap();
    let mut lines = text.lines();
    let mut out = format!("{},scored\n", lines.next().unwrap());
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let (age, bonus) = (cells[1].parse::<f64>().unwrap(), if cells[2] == "male" { 0.5 } else { -0.5 });
        out += &format!("{line},{:?}\n", 1.0 / (1.0 + (-(0.1 * (age - 40.0) + bonus)).exp()));
    }
    out.into_bytes()
}

fn numbers(place: &Place, dir: &str) -> Vec<(String, Option<f64>)> {
    let document = std::fs::read(place.path().join(dir).join("document.json")).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let estimates = document["sections"][0]["estimates"].as_array().unwrap().clone();
    estimates.iter().map(|e| (e["id"].as_str().unwrap().to_owned(), e["value"].as_f64())).collect()
}

#[test]
fn a_server_of_the_open_inference_protocol_gives_the_numbers_of_its_probabilities() {
    let Some((_server, port)) = python_server() else { return };
    let place = Place::with(&[("p.csv", &scored_people())]);
    let assess = "assess --data p.csv --target repaid --positive 1 --only performance";
    let by_column = place.run(&format!("{assess} --probability scored --drop id,said,chance -o column"));
    assert_eq!(by_column.code, Some(0), "{}", by_column.err);
    let model = format!("--model http://127.0.0.1:{port} --protocol v2 --model-name credit --classes 0,1");
    let by_server = place.run(&format!("{assess} {model} --drop id,said,chance,scored -o server"));
    assert_eq!(by_server.code, Some(0), "{}", by_server.err);
    let (a, b) = (numbers(&place, "column"), numbers(&place, "server"));
    assert!(a.iter().any(|(id, value)| id == "performance.roc_auc" && value.is_some()));
    let of_all = |all: &[(String, Option<f64>)]| -> Vec<(String, Option<f64>)> {
        all.iter().filter(|(id, _)| !id.contains('[')).cloned().collect()
    };
    let (a, b) = (of_all(&a), of_all(&b));
    assert_eq!(a.len(), b.len());
    for ((id, x), (other, y)) in a.iter().zip(&b) {
        assert_eq!(id, other);
        assert!(x.zip(*y).map_or(x == y, |(x, y)| (x - y).abs() < 1e-9), "{id}: {x:?} {y:?}");
    }
    // A model that it does not have.
    let other = model.replace("credit", "debit");
    let wrong = place.run(&format!("{assess} {other} --drop id,said,chance,scored -o wrong"));
    assert_eq!(wrong.code, Some(2), "{}", wrong.out);
    assert!(wrong.err.contains("knows no model there (status 404)") && wrong.err.contains("hint:"), "{}", wrong.err);
}

/// The program is asked to stop while a model's server thinks; then the server answers.
#[test]
fn an_interrupted_run_ends_with_130_and_leaves_nothing() {
    let place = Place::with(&[("p.csv", &people())]);
    let before = place.entries();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/invocations", listener.local_addr().unwrap());
    let (asked, was_asked) = channel();
    let (go, may_go) = channel::<()>();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(n) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = n.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let n_rows = body["dataframe_split"]["data"].as_array().unwrap().len();
            asked.send(()).unwrap();
            let _ = may_go.recv_timeout(Duration::from_secs(20));
            let answer = serde_json::json!({ "predictions": vec![0.25; n_rows] }).to_string();
            let n = answer.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {n}\r\nConnection: close\r\n\r\n{answer}");
        }
    });
    let line = format!(
        "assess --data p.csv --target repaid --positive 1 --model {address} --classes 0,1 --drop id,said,chance -o out"
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_equipoise"))
        .args(line.split(' '))
        .current_dir(place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    was_asked.recv_timeout(Duration::from_secs(60)).unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
    go.send(()).unwrap();
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert_eq!(place.entries(), before, "nothing is left behind: {said}");
}

/// A search that would take years is interrupted: the best slices so far are written, and marked as partial.
#[test]
fn an_interrupted_search_leaves_the_best_so_far() {
    let mut csv = "truth,said".to_owned();
    let names: Vec<String> = (0..28).map(|i| format!("c{i}")).collect();
    csv += &format!(",{}\n", names.join(","));
    let mut state = 3_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..4_000 {
        let cells: Vec<String> = (0..28).map(|_| format!("v{}", next(5))).collect();
        let truth = next(2);
        let said = truth ^ u64::from(next(100) < if cells[3] == "v1" && cells[9] == "v0" { 80 } else { 10 });
        csv += &format!("{truth},{said},{}\n", cells.join(","));
    }
    let spec = "target = \"truth\"\nprediction = \"said\"\n[data]\ntest = \"t.csv\"\n[analyses.errors]\nmax_terms = 6\n\
                min_support = 0.0\nmin_slice_rows = 1\nmax_visits = 9000000000000000000\n";
    let place = Place::with(&[("t.csv", csv.as_bytes()), ("run.toml", spec.as_bytes())]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_equipoise"))
        .args(["-v", "assess", "run.toml", "-o", "out"])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    while !said.contains("errors: slices") {
        assert!(err.read_line(&mut said).unwrap() > 0, "{said}");
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("interrupted; what was answered so far was written"), "{said}");
    assert!(shown.contains("The run was interrupted"), "{shown}");
    let document = std::fs::read(place.path().join("out/document.json")).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["provenance"]["partial"], true);
    assert_eq!(document["notes"][0]["code"], "interrupted");
    let sections = document["sections"].as_array().unwrap();
    let errors = sections.iter().find(|s| s["id"] == "errors").unwrap();
    let codes: Vec<&str> = errors["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect();
    assert_eq!(codes[..2], ["partial_search", "interrupted"]);
    assert!(errors["tables"].as_array().unwrap().iter().any(|t| t["id"] == "slices"));
    assert!(sections.iter().all(|s| s["id"] != "fairness"));
}

/// Writes beyond the limit fail as they do on a full disk (the signal that comes with the limit is ignored).
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let place = Place::with(&[("p.csv", &people())]);
    let assess = "assess --data p.csv --target repaid --positive 1 --probability chance --sensitive sex --drop id,said";
    let limited = |blocks: u32, line: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {line}");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_equipoise")])
            .current_dir(place.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // Blocks of 512 or 1,024 bytes: nothing fits, the document does not, the report does not.
    for blocks in [0, 16, 200] {
        let (code, said) = limited(blocks, &format!("{assess} -o out"));
        assert_eq!(code, Some(2), "{blocks} blocks: {said}");
        assert!(said.contains("cannot write") && said.contains("hint:"), "{blocks} blocks: {said}");
        assert_eq!(place.entries(), ["p.csv"], "{blocks} blocks");
    }
    // What is there stays as it is.
    assert_eq!(place.run(&format!("{assess} -o out")).code, Some(0));
    let document = || std::fs::read(place.path().join("out/document.json")).unwrap();
    let before = document();
    let (code, said) = limited(16, &format!("{assess} --seed 5 -o out --force"));
    assert_eq!((code, place.entries()), (Some(2), vec!["out".to_owned(), "p.csv".to_owned()]), "{said}");
    assert_eq!(document(), before);
    let (code, said) = limited(4, "export out --to report -o page.html");
    assert_eq!((code, place.entries()), (Some(2), vec!["out".to_owned(), "p.csv".to_owned()]), "{said}");
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let place = Place::with(&[("p.csv", &people())]);
    let assess = "assess --data p.csv --target repaid --prediction said --only performance -o out";
    assert_eq!(place.run(assess).code, Some(0));
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no `/dev/full`");
        return;
    };
    let output = Command::new(env!("CARGO_BIN_EXE_equipoise"))
        .args(["show", "out", "performance"])
        .current_dir(place.path())
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
}

/// Counterfactuals of many rows are interrupted; the same command takes them up and leaves the bytes of a run in one go.
#[test]
fn an_interrupted_run_is_taken_up_again() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample/nhefs");
    let spec = std::fs::read_to_string(format!("{sample}/spec.toml")).unwrap().replace("sample/nhefs", sample);
    let spec = spec.replace(&format!("test = \"{sample}/test.csv\""), &format!("test = \"{sample}/train.csv\""));
    // No generation is the last before the sixtieth.
    let spec = format!(
        "{spec}\n[analyses.counterfactuals]\nmethod = \"genetic\"\nmaxiterations = 60\nthresh = -1e9\nmax_rows = 640\n"
    );
    let place = Place::with(&[("run.toml", spec.as_bytes())]);
    let assess = |out: &str| format!("assess run.toml --only counterfactuals -o {out}");
    let whole = place.run(&assess("whole"));
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    let mut child = Command::new(env!("CARGO_BIN_EXE_equipoise"))
        .args(format!("{} --resume so-far", assess("out")).split(' '))
        .current_dir(place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let folder = place.path().join("so-far");
    let kept = || {
        let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        files.map(|file| file.metadata().map_or(0, |m| m.len())).sum::<u64>()
    };
    while kept() == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before anything was kept");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let so_far = kept();
    assert!(so_far > 0);
    let again = place.run(&format!("{} --force --resume so-far", assess("out")));
    assert_eq!(again.code, Some(0), "{}", again.err);
    let document = |out: &str| std::fs::read(place.path().join(out).join("document.json")).unwrap();
    assert!(document("whole") == document("out"), "the documents differ");
    assert_eq!(kept(), 0, "what was kept is no longer needed");
}
