//! What the card does not say, and what to be careful with.

use equipoise_document::{Level, Note};

use super::desk::Desk;
use super::node::Node;

/// Cautions at most.
const MOST: usize = 16;

pub(super) fn write(desk: &mut Desk<'_>) {
    desk.heading(1, "Limitations");
    let given: Vec<String> = desk.config.limitations.clone();
    let mut items: Vec<_> = given.iter().map(|text| desk.prose(text)).collect();
    for fixed in FIXED {
        let text = desk.say(fixed);
        items.push(desk.prose(&text));
    }
    if desk.document.datasets.iter().all(|d| d.part != "train") {
        let text = desk.say("No training data were given, so nothing here speaks of drift or of memory.");
        items.push(desk.prose(&text));
    }
    desk.push(Node::List { items });
    let document = desk.document;
    let own = document.notes.iter().map(|n| (n, ""));
    let of_sections = document.sections.iter().flat_map(|s| s.notes.iter().map(move |n| (n, s.title.as_str())));
    let mut cautions: Vec<(&Note, &str)> =
        own.chain(of_sections).filter(|(n, _)| matches!(n.level, Level::Caution | Level::Failure)).collect();
    cautions.sort_by_key(|(n, _)| n.level.rank());
    if !cautions.is_empty() {
        desk.heading(2, "Cautions of this assessment");
        desk.note_list(&cautions, MOST);
    }
}

const FIXED: [&str; 3] = [
    "The numbers describe the rows that were assessed. They hold for others only as far as those are like these.",
    "An interval says how much chance alone could move a number. It does not cover wrong labels, a biased choice of rows, or a \
     world that has changed since.",
    "That groups are treated alike in one sense can exclude that they are in another. Which sense matters is a decision of \
     people, not of this card.",
];
