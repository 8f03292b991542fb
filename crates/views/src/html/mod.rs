//! A document as one HTML file: no script, nothing fetched, readable without a server.
//!
//! The first screen says what was assessed and what to know first. A section for each analysis follows, every
//! chart with its sentence and its table, and at the end what is needed to make the same document again. It is
//! also well-formed XML.

mod notes;
mod opening;
mod provenance;
mod section;
mod table;

use equipoise_document::Document;

use crate::escape::{anchor, escape};
use crate::svg::palette;
use crate::words;

/// What one page may hold: more is in the document itself.
const MOST_TABLE_ROWS: usize = 200;

/// The document as a page.
///
/// ```
/// # let json = r#"{"schema_version": "1.0", "spec": {"data": {"test": "loans.csv"}}, "task": "binary",
/// #   "datasets": [], "provenance": {"equipoise": "0.1.0", "seed": 0, "spec_sha256": "", "inputs": []},
/// #   "sections": []}"#;
/// let document = equipoise_document::Document::from_json(json).expect("a document");
/// let page = equipoise_views::html(&document);
/// assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("<script"));
/// ```
#[must_use]
pub fn html(document: &Document) -> String {
    let title = escape(&words::title(document));
    let mut page = String::with_capacity(64 * 1024);
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    page.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:; base-uri 'none'; form-action 'none'\"/>\n",
    );
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    page.push_str("<meta name=\"referrer\" content=\"no-referrer\"/>\n");
    page.push_str(&format!("<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n", style()));
    page.push_str("<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    let anchors: Vec<String> = document.sections.iter().enumerate().map(|(i, s)| anchor(&s.id, i + 1)).collect();
    opening::write_header(document, &title, &mut page);
    page.push_str("<div class=\"layout\">\n");
    write_contents(document, &anchors, &mut page);
    page.push_str("<main id=\"main\" tabindex=\"-1\">\n");
    opening::write_summary(document, &anchors, &mut page);
    for (section, anchor) in document.sections.iter().zip(&anchors) {
        section::write(section, anchor, &mut page);
    }
    provenance::write(document, &mut page);
    page.push_str("</main>\n</div>\n");
    page.push_str(&format!(
        "<footer class=\"foot\">Made by Equipoise {}. Shares are shown in percent; policies and data files use 0 to \
         1. Brackets hold {} intervals unless a table says otherwise.</footer>\n</body>\n</html>\n",
        escape(&document.provenance.equipoise),
        escape(&level(document.spec.level()))
    ));
    page
}

fn level(level: f64) -> String {
    let percent = format!("{:.2}", level * 100.0);
    format!("{}\u{a0}%", percent.trim_end_matches('0').trim_end_matches('.'))
}

fn style() -> String {
    format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n{}\n@media print{{:root{{{}}}}}\n{}\n",
        palette::properties(false),
        palette::properties(true),
        palette::style(true),
        palette::properties(false),
        include_str!("style.css")
    )
}

fn write_contents(document: &Document, anchors: &[String], page: &mut String) {
    page.push_str(
        "<nav class=\"contents\" aria-label=\"Contents\">\n<ol>\n<li><a href=\"#summary\">In short</a></li>\n",
    );
    for (section, anchor) in document.sections.iter().zip(anchors) {
        let n_concerns = section.notes.iter().filter(|n| n.level == equipoise_document::Level::Concern).count();
        let count = match n_concerns {
            0 => String::new(),
            1 => " <span class=\"count\">1 concern</span>".to_owned(),
            n => format!(" <span class=\"count\">{n} concerns</span>"),
        };
        page.push_str(&format!("<li><a href=\"#{anchor}\">{}</a>{count}</li>\n", text(&section.title)));
    }
    page.push_str("<li><a href=\"#provenance\">Provenance</a></li>\n</ol>\n</nav>\n");
}

/// Words from the document: escaped, and apart from the direction of what is around them.
fn text(words: &str) -> String {
    let escaped = escape(words);
    if words.is_ascii() { escaped } else { format!("<bdi>{escaped}</bdi>") }
}

/// Sentences from the document, in which names stand in backticks.
fn prose(sentences: &str) -> String {
    let parts: Vec<&str> = sentences.split('`').collect();
    // An even number of parts has a backtick without its partner: then none is taken for a sign.
    if parts.len().is_multiple_of(2) {
        return text(sentences);
    }
    let part = |(i, part): (usize, &&str)| match (i.is_multiple_of(2), part.is_empty()) {
        (_, true) => String::new(),
        (true, false) => escape(part),
        (false, false) => format!("<code>{}</code>", text(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_backticks_are_code() {
        assert_eq!(prose("`a<b` is in `c`."), "<code>a&lt;b</code> is in <code>c</code>.");
        assert_eq!(prose("a ` alone"), "a ` alone");
        assert_eq!(text("naïve"), "<bdi>naïve</bdi>");
    }
}
