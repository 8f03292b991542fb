//! Who is refused.

use equipoise_server::{Options, ServeError, Shared};
use serde_json::Value;

use crate::client::{Served, read, served};

#[test]
fn only_who_has_the_token_and_comes_from_here_is_answered() {
    let served = served(Options {
        base_path: "/proxy/80".to_owned(),
        allowed_hosts: vec!["hub.example".to_owned()],
        ..Options::default()
    });
    let agent = Served::agent();
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let mut asked = agent.get(served.address(path));
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        let (status, body) = read(asked.call().unwrap());
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let list = "/v1/assessments";
    let bearer = format!("Bearer {}", served.token);
    let with =
        |name: &'static str, value: &'static str| ask(list, &[("Authorization", bearer.as_str()), (name, value)]);
    let refused = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(ask(list, &[]), refused(401, "no_token"));
    assert_eq!(ask(list, &[("Authorization", "Bearer 00")]), refused(401, "no_token"));
    assert_eq!(ask("/", &[]), refused(401, "no_token"));
    assert_eq!(ask(list, &[("Authorization", &bearer)]).0, 200);
    assert_eq!(ask(&format!("{list}?token={}", served.token), &[]).0, 200);
    assert_eq!(ask(&format!("/proxy/80{list}"), &[("Authorization", &bearer)]).0, 200);
    assert_eq!(ask(&format!("/proxy/80/?token={}", served.token), &[]).0, 200);

    assert_eq!(with("Host", "evil.example"), refused(403, "foreign_host"));
    assert_eq!(with("Host", "127.0.0.1.evil.example"), refused(403, "foreign_host"));
    assert_eq!(with("Origin", "https://evil.example"), refused(403, "foreign_origin"));
    assert_eq!(with("Origin", "null"), refused(403, "foreign_origin"));
    assert_eq!(with("Host", "hub.example").0, 200);
    assert_eq!(with("Origin", "http://localhost:3000").0, 200);
}

#[test]
fn the_page_may_load_nothing_from_elsewhere() {
    let served = served(Options::default());
    let response = Served::agent().get(served.address(&format!("/?token={}", served.token))).call().unwrap();
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    let (status, text) = read(response);
    assert!(status == 200 && matches!(&text, Value::String(html) if html.contains("<html")));
}

#[test]
fn a_link_without_the_token_shows_the_page_and_no_result() {
    let served = served(Options { base_path: "/proxy/80".to_owned(), ..Options::default() });
    let ask = |path: &str| {
        let asked = Served::agent().get(served.address(path)).header("Accept", "text/html,*/*");
        read(asked.call().unwrap())
    };
    for path in ["/", "/proxy/80", "/proxy/80/"] {
        let (status, said) = ask(path);
        assert_eq!(status, 401, "{path}");
        // A program that was built without the page refuses as ever.
        let text = said.as_str().map_or_else(|| said["error"]["code"].to_string(), str::to_owned);
        assert!(text.contains("equipoise-config") || text.contains("no_token"), "{path}: {text}");
        assert!(!text.contains(&served.token) && !text.contains("sample-0"), "{path}");
    }
    assert_eq!(ask("/v1/assessments").1["error"]["code"], "no_token");
    assert_eq!(ask("/v1/openapi.json").0, 401);
}

#[test]
fn wrong_options_are_named() {
    let open = |options: Options| Shared::open(&options).err().map(|e| e.to_string()).unwrap();
    assert!(open(Options::default()).contains("no assessment is named"));
    assert!(open(Options { base_path: "proxy/".into(), ..Options::default() }).contains("`proxy/` is no base path"));
    let nowhere = open(Options { places: vec!["nowhere".into()], ..Options::default() });
    assert!(nowhere.contains("nowhere") && nowhere.contains("hint:"), "{nowhere}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let places = vec![crate::client::assessment(dir.path(), 0)];
    let options = Options { places: places.clone(), port: taken.local_addr().unwrap().port(), ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bound = runtime.block_on(equipoise_server::Server::bind(&options)).err();
    assert!(matches!(bound, Some(ServeError::Port { .. })));
    let twice = Options { places: vec![places[0].clone(), places[0].clone()], ..Options::default() };
    assert!(open(twice).contains("named twice"));
}
