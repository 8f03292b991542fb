//! Notes as a list, each with its level in words.

use equipoise_document::{Level, Note};

use super::{prose, text};
use crate::words;

/// A list of notes; each may link to the section it is from.
pub(super) fn write<'a>(notes: impl IntoIterator<Item = (&'a Note, Option<(&'a str, &'a str)>)>, page: &mut String) {
    page.push_str("<ul class=\"notes\">\n");
    for (note, from) in notes {
        let link = from.map_or_else(String::new, |(anchor, title)| {
            format!(" <a class=\"from\" href=\"#{anchor}\">{}</a>", text(title))
        });
        page.push_str(&format!(
            "<li class=\"note {}\"><span class=\"level\">{}</span><span class=\"says\">{}{link}</span></li>\n",
            class(note.level),
            words::level_word(note.level),
            prose(&note.text)
        ));
    }
    page.push_str("</ul>\n");
}

fn class(level: Level) -> &'static str {
    match level {
        Level::Concern => "concern",
        Level::Failure => "failure",
        Level::Caution => "caution",
        Level::Finding => "finding",
        Level::Info => "info",
    }
}
