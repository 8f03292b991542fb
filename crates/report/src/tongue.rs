//! The fixed words of a card in other languages. Sentences that analyses wrote stay as they are in the document.

use std::collections::BTreeMap;

/// A language's words for the card.
pub(crate) struct Tongue {
    language: String,
    own: BTreeMap<String, String>,
}

impl Tongue {
    /// The words of a language; those that the configuration gives come first.
    pub(crate) fn new(language: &str, own: &BTreeMap<String, String>) -> Self {
        Self { language: language.to_owned(), own: own.clone() }
    }

    /// True when there are words for the language.
    pub(crate) fn is_known(&self) -> bool {
        self.language == "en" || !self.own.is_empty()
    }

    /// A fixed word or sentence, given in English.
    pub(crate) fn say(&self, english: &str) -> String {
        self.own.get(english).cloned().unwrap_or_else(|| english.to_owned())
    }

    /// A fixed sentence whose places, such as `{n}`, are filled.
    pub(crate) fn fill(&self, english: &str, places: &[(&str, String)]) -> String {
        let mut out = self.say(english);
        for (place, value) in places {
            out = out.replace(&format!("{{{place}}}"), value);
        }
        out
    }
}
