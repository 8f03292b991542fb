//! The first page: the verdict, what was assessed, and what matters most.

use equipoise_document::{Level, Note};
use equipoise_govern::Outcome;
use equipoise_views::parts;

use super::desk::Desk;
use super::node::{Node, Prose, Tone};

/// Findings on the first page at most, and of one section.
const MOST: usize = 9;
const MOST_OF_SECTION: usize = 3;
/// Letters of one fact at most, for example of hundreds of cohorts' names.
const MOST_LETTERS: usize = 600;

/// The card's title.
pub(super) fn title(desk: &Desk<'_>) -> String {
    let config = desk.config;
    let name = config.title.clone().or_else(|| config.model.name.clone());
    name.unwrap_or_else(|| parts::title(desk.document))
}

/// The verdict; it is on every card.
pub(super) fn write(desk: &mut Desk<'_>) {
    if let Some(summary) = &desk.config.model.summary {
        desk.toned(summary, Tone::Lead);
    }
    let verdicts = desk.verdicts;
    let n = verdicts.len();
    let missed: Vec<&str> = verdicts.iter().filter(|v| v.outcome == Outcome::Fail).map(|v| v.id.as_str()).collect();
    let n_warned = verdicts.iter().filter(|v| v.outcome == Outcome::Warn).count();
    let places = [("n", n.to_string()), ("k", missed.len().to_string()), ("w", n_warned.to_string())];
    let (verdict, headline) = match (n, missed.len(), n_warned) {
        (0, _, _) => ("none", "No targets were set, so there is no verdict"),
        (1, 0, 0) => ("pass", "The target is met"),
        (_, 0, 0) => ("pass", "All {n} targets are met"),
        (_, 0, _) => ("warn", "No target is missed, {w} of {n} with a warning"),
        (1, _, _) => ("fail", "The target is not met"),
        (_, 1, _) => ("fail", "1 of {n} targets is not met"),
        (_, _, _) => ("fail", "{k} of {n} targets are not met"),
    };
    let headline = desk.fill(headline, &places);
    let detail = match missed.as_slice() {
        [] => String::new(),
        missed => {
            let names: Vec<String> = missed.iter().take(3).map(|id| desk.plain(&target_name(id))).collect();
            let more = if missed.len() > 3 { " …" } else { "" };
            format!("{} {}{more}", desk.say("Not met:"), names.join("; "))
        }
    };
    let node = Node::Verdict { verdict, headline: desk.name(&headline), detail: desk.name(&detail) };
    desk.push(node);
}

/// An id in words; what is no id as it is.
pub(super) fn target_name(id: &str) -> String {
    id.parse().map_or_else(|_| id.to_owned(), |id| parts::name_of(&id))
}

/// What was assessed, and what matters most of what was found.
pub(super) fn summary(desk: &mut Desk<'_>) {
    desk.heading(1, "Summary");
    let config = desk.config;
    let (model, people) = (&config.model, &config.people);
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut given = |label: &str, value: Option<&String>| {
        if let Some(value) = value {
            rows.push((label.to_owned(), value.clone()));
        }
    };
    given("Model", model.name.as_ref());
    given("Version", model.version.as_ref());
    given("Intended use", model.intended_use.as_ref());
    given("Not for", model.not_for.as_ref());
    given("Organisation", people.organisation.as_ref());
    given("Author", people.author.as_ref());
    given("Contact", people.contact.as_ref());
    let has_name = model.name.is_some();
    for (label, value) in parts::facts(desk.document) {
        rows.push((if label == "Model" && has_name { "Kind of model" } else { label }.to_owned(), value));
    }
    let date = desk.date();
    if !date.is_empty() {
        rows.push(("Assessed on".to_owned(), date));
    }
    for (_, value) in &mut rows {
        if let Some((at, _)) = value.char_indices().nth(MOST_LETTERS) {
            value.truncate(at);
            value.push('…');
        }
    }
    let rows: Vec<(Prose, Prose)> =
        rows.iter().map(|(label, value)| (desk.name(&desk.say(label)), desk.name(value))).collect();
    desk.push(Node::Facts { rows });
    if desk.document.provenance.partial {
        let note = Note::new(
            Level::Caution,
            "partial",
            "The run was interrupted: sections are missing or hold the best so far. Nothing should be signed on its strength.",
        );
        desk.note_list(&[(&note, "")], 1);
    }
    findings(desk);
}

fn findings(desk: &mut Desk<'_>) {
    let document = desk.document;
    let mut all: Vec<(&Note, &str)> = document.notes.iter().map(|n| (n, "")).collect();
    all.extend(document.sections.iter().flat_map(|s| s.notes.iter().map(move |n| (n, s.title.as_str()))));
    let count = |level: Level| all.iter().filter(|(n, _)| n.level == level).count();
    let (n_concerns, n_cautions) = (count(Level::Concern), count(Level::Caution));
    desk.heading(2, "What was found");
    let places = [("n", n_concerns.to_string()), ("m", n_cautions.to_string())];
    let says = if n_concerns == 0 {
        desk.fill("No concerns. Cautions: {m}. The most important findings:", &places)
    } else {
        desk.fill("Concerns that somebody should look at: {n}. Cautions: {m}. The most important findings:", &places)
    };
    desk.paragraph(&says);
    let mut chosen: Vec<(&Note, &str)> = Vec::new();
    for level in [Level::Concern, Level::Failure, Level::Finding] {
        for (note, from) in all.iter().filter(|(n, _)| n.level == level) {
            let n_of_section = chosen.iter().filter(|(_, f)| f == from).count();
            if chosen.len() < MOST && n_of_section < MOST_OF_SECTION {
                chosen.push((note, from));
            }
        }
    }
    desk.note_list(&chosen, MOST);
}
