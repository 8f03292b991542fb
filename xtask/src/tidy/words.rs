//! Rules about words: nothing of one machine, no promise without a reason.

use super::Finding;
use crate::repo::TextFile;

/// Places on one machine, and addresses that only one network reaches. The first letters are apart so that this
/// file keeps its own rule.
const OF_ONE_MACHINE: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("C:", "\\Us", "ers"),
];
const HOSTS: &[&str] = &[
    concat!("index.cra", "tes.io"),
    concat!("static.cra", "tes.io"),
    concat!("registry.np", "mjs.org"),
    concat!("files.python", "hosted.org"),
    concat!("://1", "0."),
    concat!("://19", "2.168."),
    concat!(".int", "ernal/"),
];
const PROMISES: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK"), concat!("WI", "P")];

/// Files whose text comes from elsewhere.
fn is_foreign(path: &str) -> bool {
    path.ends_with("LICENSE")
        || path.contains("/tests/data/schemas/")
        || path.ends_with(".csv")
        || path.ends_with("/model.txt")
        || path == "Cargo.lock"
}

/// Checks every line of every text file.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let mut out = Vec::new();
    for file in files.iter().filter(|f| !is_foreign(&f.path)) {
        for (i, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, i + 1);
            if let Some(path) = OF_ONE_MACHINE.iter().find(|p| starts_a_path(line, p)) {
                out.push(Finding {
                    place: place.clone(),
                    problem: format!("`{path}…` is a path of one machine"),
                    hint: "use a path from the repository's root, or a temporary directory made by the program".into(),
                });
            }
            if let Some(host) = HOSTS.iter().find(|h| line.contains(**h)) {
                out.push(Finding {
                    place: place.clone(),
                    problem: format!("`{host}` is the address of a registry or of one network"),
                    hint: "name the package and leave its source to the tool".into(),
                });
            }
            if let Some(word) = PROMISES.iter().find(|w| is_bare_promise(line, w)) {
                out.push(Finding {
                    place,
                    problem: format!("`{word}` without a reason"),
                    hint: format!("do it, or say why not yet: `{word}(reason): …`"),
                });
            }
        }
    }
    out
}

/// True when the path begins a word; inside an address or after a variable it belongs to no machine.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '}' | ')'))
    })
}

/// True when the word stands alone and is not followed by a reason in brackets.
fn is_bare_promise(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if before.is_some_and(is_word) || after.chars().next().is_some_and(is_word) {
            return false;
        }
        let reason = after.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or("", |(reason, _)| reason);
        reason.trim().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(line: &str) -> Vec<String> {
        let file = TextFile { path: "a.rs".into(), text: format!("first\n{line}\n") };
        check(&[file]).into_iter().map(|f| format!("{}: {}", f.place, f.problem)).collect()
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        let line = format!("open(\"/{}/ada/x.csv\")", "home");
        assert_eq!(problems(&line), [format!("a.rs:2: `/{}/…` is a path of one machine", "home")]);
        assert_eq!(problems(&format!("see https://example.org/{}/x", "home")), Vec::<String>::new());
    }

    #[test]
    fn a_registry_host_is_found() {
        assert_eq!(problems(&format!("https://registry.{}.org/x", "npmjs")).len(), 1);
    }

    #[test]
    fn a_promise_needs_a_reason() {
        let word = format!("{}DO", "TO");
        assert_eq!(problems(&format!("// {word}: later")), [format!("a.rs:2: `{word}` without a reason")]);
        assert_eq!(problems(&format!("// {word}(): later")).len(), 1);
        assert_eq!(problems(&format!("// {word}(needs format 2): later")), Vec::<String>::new());
        assert_eq!(problems(&format!("let MASTO{word}N = 1")), Vec::<String>::new());
    }
}
