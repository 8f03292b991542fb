//! Rules about files: how long they are, how their lines end, and what stands beside them.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::TextFile;

/// Longest file outside tests, in lines.
const MAX_LINES: usize = 700;
/// Endings of files written by hand as program text.
const CODE: &[&str] = &["rs", "py", "ts", "tsx", "js", "css"];
/// Texts that others wrote: they are kept as they are.
const FOREIGN: &[&str] = &["LICENSE", "sample/nhefs/model.txt"];

/// Checks lengths, line ends and companions.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let mut out = Vec::new();
    for file in files.iter().filter(|f| !is_foreign(f)) {
        out.extend(length(file));
        out.extend(line_ends(file));
    }
    out.extend(readmes(files));
    out
}

fn is_foreign(file: &TextFile) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    FOREIGN.iter().any(|foreign| *foreign == name || *foreign == file.path)
}

/// Program text has one idea per file, and an idea fits in 700 lines. Tests are not counted.
fn length(file: &TextFile) -> Option<Finding> {
    let is_test =
        file.path.contains("/tests/") || file.path.ends_with("/tests.rs") || file.path.contains("/generated/");
    if is_test || !CODE.contains(&file.extension()) {
        return None;
    }
    let n_lines = file.text.lines().take_while(|line| line.trim_end() != "#[cfg(test)]").count();
    (n_lines > MAX_LINES).then(|| Finding {
        place: file.path.clone(),
        problem: format!("{n_lines} lines outside tests; the limit is {MAX_LINES}"),
        hint: "split it: one idea per file".into(),
    })
}

/// No white space at a line's end, no carriage return, and a newline at the end.
fn line_ends(file: &TextFile) -> Vec<Finding> {
    // A snapshot or a golden file shows what the program printed, as it was printed.
    if matches!(file.extension(), "snap" | "stdout" | "stderr" | "trycmd" | "csv" | "tsv") || file.text.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (i, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            out.push(Finding {
                place: format!("{}:{}", file.path, i + 1),
                problem: "white space at the end of the line".into(),
                hint: "remove it".into(),
            });
        }
    }
    if !file.text.ends_with('\n') {
        out.push(Finding {
            place: file.path.clone(),
            problem: "the last line does not end".into(),
            hint: "end the file with one newline".into(),
        });
    }
    out
}

/// Each analysis says which question it answers, and when not to use it.
fn readmes(files: &[TextFile]) -> Vec<Finding> {
    let inside = |path: &str| -> Option<String> {
        let rest = path.strip_prefix("crates/analyses/src/")?;
        rest.split_once('/').map(|(folder, _)| folder.to_owned())
    };
    let analyses: BTreeSet<String> =
        files.iter().filter(|f| f.path.ends_with("/mod.rs")).filter_map(|f| inside(&f.path)).collect();
    analyses
        .into_iter()
        .filter_map(|folder| {
            let wanted = format!("crates/analyses/src/{folder}/README.md");
            let readme = files.iter().find(|f| f.path == wanted);
            let problem = match readme {
                None => "there is no README.md".to_owned(),
                Some(text) if !text.text.to_lowercase().contains("when not to use") => {
                    "README.md does not say when not to use it".to_owned()
                }
                Some(_) => return None,
            };
            Some(Finding {
                place: format!("crates/analyses/src/{folder}"),
                problem,
                hint: "write the question, the definitions, the assumptions and a part `When not to use it`".into(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: impl Into<String>) -> TextFile {
        TextFile { path: path.into(), text: text.into() }
    }

    fn problems(files: &[TextFile]) -> Vec<String> {
        check(files).into_iter().map(|f| format!("{}: {}", f.place, f.problem)).collect()
    }

    #[test]
    fn a_file_of_700_lines_passes_and_one_of_701_does_not() {
        assert_eq!(problems(&[file("a/src/x.rs", "x\n".repeat(700))]), Vec::<String>::new());
        let found = problems(&[file("a/src/x.rs", "x\n".repeat(701))]);
        assert_eq!(found, ["a/src/x.rs: 701 lines outside tests; the limit is 700"]);
    }

    #[test]
    fn tests_are_not_counted() {
        let text = format!("{}#[cfg(test)]\n{}", "x\n".repeat(600), "y\n".repeat(600));
        assert_eq!(
            problems(&[file("a/src/x.rs", text), file("a/src/tests.rs", "y\n".repeat(900))]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn white_space_at_an_end_is_found_with_its_line() {
        let found = problems(&[file("a.md", "one\ntwo \n")]);
        assert_eq!(found, ["a.md:2: white space at the end of the line"]);
        assert_eq!(problems(&[file("a.md", "one\r\n")]), ["a.md:1: white space at the end of the line"]);
        assert_eq!(problems(&[file("a.md", "one")]), ["a.md: the last line does not end"]);
    }

    #[test]
    fn an_analysis_says_when_not_to_use_it() {
        let code = file("crates/analyses/src/fairness/mod.rs", "x\n");
        assert_eq!(problems(std::slice::from_ref(&code)), ["crates/analyses/src/fairness: there is no README.md"]);
        let readme = file("crates/analyses/src/fairness/README.md", "# Fairness\n");
        let found = problems(&[code.clone(), readme]);
        assert_eq!(found, ["crates/analyses/src/fairness: README.md does not say when not to use it"]);
        let readme = file("crates/analyses/src/fairness/README.md", "## When not to use it\n");
        assert_eq!(problems(&[code, readme]), Vec::<String>::new());
    }
}
