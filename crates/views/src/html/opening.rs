//! The first screen: what was assessed, what to know first, the numbers that stand for each section.

use equipoise_document::{Document, Estimate, Level, Note};

use super::{notes, table, text};
use crate::format::{count, p_value};
use crate::frame::Written;
use crate::words;

/// Notes on the first screen, in all and of one section; the sections have them all.
const MOST_NOTES: usize = 9;
const MOST_OF_SECTION: usize = 4;
/// A note with the anchor and the title of its section; the document's own notes have none.
type From<'a> = (&'a Note, Option<(&'a str, &'a str)>);

/// Numbers of a section on the first screen.
const MOST_HEADLINES: usize = 6;

pub(super) fn write_header(document: &Document, title: &str, page: &mut String) {
    page.push_str(&format!(
        "<header class=\"head\">\n<p class=\"brand\">Equipoise</p>\n<h1>{title}</h1>\n<dl class=\"facts\">\n"
    ));
    for (label, value) in words::facts(document) {
        page.push_str(&format!("<div><dt>{label}</dt><dd>{}</dd></div>\n", text(&value)));
    }
    page.push_str("</dl>\n</header>\n");
}

pub(super) fn write_summary(document: &Document, anchors: &[String], page: &mut String) {
    page.push_str("<section id=\"summary\" aria-labelledby=\"summary-h\">\n<h2 id=\"summary-h\">In short</h2>\n");
    let own = document.notes.iter().map(|note| (note, None));
    let from_sections = document.sections.iter().zip(anchors).flat_map(|(section, anchor)| {
        section.notes.iter().map(move |note| (note, Some((anchor.as_str(), section.title.as_str()))))
    });
    let mut all: Vec<From<'_>> = own.chain(from_sections).filter(|(n, _)| n.level != Level::Info).collect();
    let in_order = words::in_reading_order(all.iter().map(|(n, _)| *n));
    all.sort_by_key(|(note, _)| in_order.iter().position(|n| std::ptr::eq(*n, *note)));
    page.push_str(&format!("<p class=\"lead\">{}</p>\n", verdict(all.iter().map(|(n, _)| n.level))));
    let shown = first_of_each(&all);
    if !shown.is_empty() {
        notes::write(shown.iter().copied(), page);
    }
    if let Some(n_more) = all.len().checked_sub(shown.len()).filter(|n| *n > 0) {
        page.push_str(&format!("<p class=\"more\">… and {n_more} more, in the sections below.</p>\n"));
    }
    write_headlines(document, anchors, page);
    page.push_str("</section>\n");
}

/// The first notes, not too many of one section.
fn first_of_each<'a>(all: &[From<'a>]) -> Vec<From<'a>> {
    let mut taken: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let is_within = |(_, from): &&From<'a>| {
        let n = taken.entry(from.map_or("", |(anchor, _)| anchor)).or_default();
        *n += 1;
        *n <= MOST_OF_SECTION
    };
    all.iter().filter(is_within).take(MOST_NOTES).copied().collect()
}

/// How many notes there are of each level, in a sentence.
fn verdict(levels: impl Iterator<Item = Level>) -> String {
    let levels: Vec<Level> = levels.collect();
    let number = |level: Level, one: &str, many: &str| {
        let n = levels.iter().filter(|l| **l == level).count();
        match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        }
    };
    let Some(concerns) =
        number(Level::Concern, "concern that somebody should look at", "concerns that somebody should look at")
    else {
        let rest = others(number);
        return if rest.is_empty() {
            "Nothing was found that calls for attention.".to_owned()
        } else {
            format!("No concerns; {rest}.")
        };
    };
    let rest = others(number);
    if rest.is_empty() { format!("{concerns}.") } else { format!("{concerns}; {rest}.") }
}

fn others(number: impl Fn(Level, &str, &str) -> Option<String>) -> String {
    let parts = [
        number(Level::Failure, "part that could not be done", "parts that could not be done"),
        number(Level::Caution, "caution", "cautions"),
        number(Level::Finding, "other finding", "other findings"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    words::joined(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn write_headlines(document: &Document, anchors: &[String], page: &mut String) {
    let groups: Vec<(&str, &str, Vec<&Estimate>)> = document
        .sections
        .iter()
        .zip(anchors)
        .map(|(s, anchor)| (s.title.as_str(), anchor.as_str(), words::headlines(s, MOST_HEADLINES)))
        .filter(|(_, _, estimates)| !estimates.is_empty())
        .collect();
    if groups.is_empty() {
        return;
    }
    page.push_str("<div class=\"cards\">\n");
    for (title, anchor, estimates) in groups {
        page.push_str(&format!("<div class=\"card\">\n<h3><a href=\"#{anchor}\">{}</a></h3>\n", text(title)));
        write_estimates(&estimates, page);
        page.push_str("</div>\n");
    }
    page.push_str("</div>\n");
}

/// Estimates with their names: value, interval, rows, which way is better.
pub(super) fn write_estimates(estimates: &[&Estimate], page: &mut String) {
    let has_p = estimates.iter().any(|e| e.p_value.is_some());
    page.push_str(
        "<table class=\"key\">\n<thead><tr><th scope=\"col\">Number</th><th scope=\"col\" class=\"n\">Value</th>",
    );
    page.push_str(if has_p { "<th scope=\"col\" class=\"n\">p</th>" } else { "" });
    page.push_str("</tr></thead>\n<tbody>\n");
    let mut has_small = false;
    for estimate in estimates {
        has_small |= estimate.small;
        let better = words::better_words(estimate.better);
        let better = if better.is_empty() { String::new() } else { format!(" · {better}") };
        let hint = format!("<span class=\"hint\">{} rows{better}</span>", count(estimate.n));
        let p = estimate.p_value.as_ref().map(|p| p_value(p.adjusted.unwrap_or(p.value))).unwrap_or_default();
        let p = if has_p { format!("<td class=\"n\">{}</td>", crate::escape::escape(&p)) } else { String::new() };
        page.push_str(&format!(
            "<tr><th scope=\"row\">{}{hint}</th>{}{p}</tr>\n",
            text(&words::name_of(&estimate.id)),
            table::number_cell(&Written::of_estimate(estimate))
        ));
    }
    page.push_str("</tbody>\n</table>\n");
    if has_small {
        page.push_str(&format!("<p class=\"legend\">† {}</p>\n", words::SMALL));
    }
}
