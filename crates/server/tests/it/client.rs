//! A server over the bundled sample, and a client that has its token.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use equipoise_server::{Options, Server};
use equipoise_service::{World, assess, sample, save};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Served {
    pub(crate) port: u16,
    pub(crate) token: String,
    pub(crate) dir: TempDir,
}

/// Assesses the sample's performance into a folder.
pub(crate) fn assessment(dir: &Path, seed: u64) -> PathBuf {
    let mut spec = sample::spec().unwrap();
    spec.only = Some(vec!["performance".to_owned()]);
    spec.seed = seed;
    let files = sample::unpack().unwrap();
    let world = World { root: files.path().to_path_buf(), ..World::real() };
    let place = dir.join(format!("sample-{seed}"));
    save(&assess(&spec, &world).unwrap(), &place, false).unwrap();
    place
}

/// Serves two assessments of the sample until the test's process ends.
pub(crate) fn served(options: Options) -> Served {
    let dir = tempfile::tempdir().unwrap();
    let places = vec![assessment(dir.path(), 0), assessment(dir.path(), 1)];
    serve(dir, Options { places, ..options })
}

pub(crate) fn serve(dir: TempDir, options: Options) -> Served {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::bind(&options).await.unwrap();
            tell.send(server.url()).unwrap();
            server.run(std::future::pending()).await.unwrap();
        });
    });
    let url = told.recv().unwrap();
    let port = url.split(['/', ':']).find_map(|part| part.parse().ok()).unwrap();
    let token = url.split_once("token=").unwrap().1.to_owned();
    Served { port, token, dir }
}

impl Served {
    pub(crate) fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).build().into()
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let asked = Self::agent().get(self.address(path)).header("Authorization", self.bearer());
        read(asked.call().unwrap())
    }

    pub(crate) fn delete(&self, path: &str) -> (u16, Value) {
        let asked = Self::agent().delete(self.address(path)).header("Authorization", self.bearer());
        read(asked.call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let asked = Self::agent().post(self.address(path)).header("Authorization", self.bearer());
        read(asked.send_json(body).unwrap())
    }
}

pub(crate) fn read(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
