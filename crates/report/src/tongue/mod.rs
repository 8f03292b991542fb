//! The fixed words of a card in other languages. Sentences that analyses wrote stay as they are in the document.

mod de;

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
        self.language == "en" || !self.own.is_empty() || !self.table().is_empty()
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        match self.language.as_str() {
            "de" => de::WORDS,
            _ => &[],
        }
    }

    /// A fixed word or sentence, given in English.
    pub(crate) fn say(&self, english: &str) -> String {
        if let Some(own) = self.own.get(english) {
            return own.clone();
        }
        let known = self.table().iter().find(|(key, _)| *key == english);
        known.map_or(english, |(_, word)| word).to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of a sentence, such as `{n}`.
    fn places(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = text.split('{').skip(1).filter_map(|p| p.split('}').next()).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_word_keeps_its_places_and_is_there_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (english, word) in de::WORDS {
            assert_eq!(places(english), places(word), "{english}");
            assert!(!word.is_empty() && seen.insert(english), "{english}");
        }
    }

    #[test]
    fn own_words_come_first() {
        let own = BTreeMap::from([("Targets".to_owned(), "Vorgaben".to_owned())]);
        let tongue = Tongue::new("de", &own);
        assert_eq!(tongue.say("Targets"), "Vorgaben");
        assert_eq!(
            tongue.fill("{n} rows, {m} columns", &[("n", "3".into()), ("m", "4".into())]),
            "3 Zeilen, 4 Spalten"
        );
        assert_eq!(Tongue::new("xx", &BTreeMap::new()).say("Targets"), "Targets");
    }
}
