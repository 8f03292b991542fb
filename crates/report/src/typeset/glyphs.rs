//! Fonts, and which characters they can show.
//!
//! A character that no font has would be printed as an empty box, and two names of such characters would look the same. It is
//! written by its code instead, and the reader is told which characters these are.

use std::collections::BTreeSet;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use crate::ReportError;

/// The family of the text, which is always there.
pub(crate) const SERIF: &str = "Libertinus Serif";
/// The family of code, which also has letters that the text's family lacks.
pub(crate) const MONO: &str = "DejaVu Sans Mono";

/// Longest run of characters without a glyph that is written out.
const MOST_CODES: usize = 12;
/// A word longer than this may be broken in the narrow columns of a table.
pub(crate) const LONGEST_IN_CELL: usize = 22;
/// A word longer than this may be broken in a paragraph. Ids are shorter, so that they can be copied as they are.
pub(crate) const LONGEST_IN_TEXT: usize = 56;
/// Where a line may break without a hyphen.
const BREAK: char = '\u{200b}';

/// The fonts that may be used.
pub(crate) struct Fonts {
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
    /// Families of the fonts that were given, in their order.
    own: Vec<String>,
}

impl Fonts {
    /// The fonts that come with the program, and those that were given: name and bytes of each file.
    pub(crate) fn with(given: &[(String, Vec<u8>)]) -> Result<Self, ReportError> {
        let mut fonts: Vec<Font> = typst_assets::fonts()
            .flat_map(|data| Font::iter(Bytes::new(data)))
            .filter(|font| [SERIF, MONO].contains(&font.info().family.as_str()))
            .collect();
        let mut own: Vec<String> = Vec::new();
        for (name, bytes) in given {
            let before = fonts.len();
            fonts.extend(Font::iter(Bytes::new(bytes.clone())));
            let new = fonts.get(before..).unwrap_or_default();
            if new.is_empty() {
                return Err(ReportError::Asset {
                    path: name.clone(),
                    problem: "it is not a font".to_owned(),
                    hint: "give an OpenType or TrueType file (.otf, .ttf, .ttc)".to_owned(),
                });
            }
            for font in new {
                if !own.contains(&font.info().family) {
                    own.push(font.info().family.clone());
                }
            }
        }
        let book = LazyHash::new(FontBook::from_fonts(&fonts));
        Ok(Self { fonts, book, own })
    }

    pub(super) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub(super) fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    /// Families in the order in which a letter is looked for.
    pub(crate) fn families(&self) -> Vec<String> {
        std::iter::once(SERIF).chain(self.own.iter().map(String::as_str)).chain([MONO]).map(str::to_owned).collect()
    }

    fn has(&self, c: char) -> bool {
        self.fonts.iter().any(|font| font.info().coverage.contains(c as u32))
    }
}

/// Writes texts so that every character can be shown, and remembers those that cannot.
pub(crate) struct Scribe<'a> {
    fonts: &'a Fonts,
    hidden: BTreeSet<char>,
}

impl<'a> Scribe<'a> {
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, hidden: BTreeSet::new() }
    }

    /// Characters that were written by their codes.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = char> + '_ {
        self.hidden.iter().copied()
    }

    /// The text with what cannot be shown as `[U+4E2D]`. Characters that steer the direction of what is around them, and other
    /// controls, go.
    pub(crate) fn shown(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut run = 0;
        for c in text.chars() {
            match c {
                '\n' | '\t' | '\r' => out.push(' '),
                c if c.is_ascii() && !c.is_control() => {
                    out.push(c);
                    run = 0;
                }
                c if is_silent(c) => {}
                c if self.fonts.has(c) => {
                    out.push(c);
                    run = 0;
                }
                c => {
                    self.hidden.insert(c);
                    run += 1;
                    if run <= MOST_CODES {
                        out.push_str(&format!("[U+{:04X}]", c as u32));
                    } else if run == MOST_CODES + 1 {
                        out.push('…');
                    }
                }
            }
        }
        out
    }

    /// The same with places to break words that no line is long enough for.
    pub(crate) fn breakable(&mut self, text: &str, longest: usize) -> String {
        let shown = self.shown(text);
        if shown.split(' ').all(|word| word.chars().count() <= longest) {
            return shown;
        }
        shown.split(' ').map(|word| broken(word, longest)).collect::<Vec<_>>().join(" ")
    }
}

fn broken(word: &str, longest: usize) -> String {
    if word.chars().count() <= longest {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len() + 12);
    let mut since = 0;
    for c in word.chars() {
        out.push(c);
        since += 1;
        let is_seam = matches!(c, '_' | '-' | '/' | '.' | ',' | '=' | ':' | ';' | ']' | '}') && since >= 6;
        if is_seam || since >= LONGEST_IN_CELL - 4 {
            out.push(BREAK);
            since = 0;
        }
    }
    out.trim_end_matches(BREAK).to_owned()
}

/// Controls, marks of direction and other characters without a shape of their own.
fn is_silent(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fffe}' | '\u{ffff}')
        || u32::from(c) >= 0xe_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_written_by_its_code() {
        let fonts = Fonts::with(&[]).unwrap();
        let mut scribe = Scribe::new(&fonts);
        assert_eq!(scribe.shown("职 α ä"), "[U+804C] α ä");
        assert_eq!(scribe.hidden().collect::<String>(), "职");
    }

    #[test]
    fn hebrew_and_arabic_have_letters() {
        let fonts = Fonts::with(&[]).unwrap();
        let mut scribe = Scribe::new(&fonts);
        assert_eq!(scribe.shown("שלום العمر"), "שלום العمر");
        assert_eq!(scribe.hidden().count(), 0);
    }

    #[test]
    fn controls_and_marks_of_direction_go() {
        let fonts = Fonts::with(&[]).unwrap();
        assert_eq!(Scribe::new(&fonts).shown("a\u{202e}b\u{7}c\nd"), "abc d");
    }

    #[test]
    fn a_word_of_two_hundred_letters_can_be_broken() {
        let fonts = Fonts::with(&[]).unwrap();
        let text = Scribe::new(&fonts).breakable(&"x".repeat(200), LONGEST_IN_CELL);
        assert!(text.split(BREAK).all(|part| part.chars().count() <= LONGEST_IN_CELL), "{text}");
        assert_eq!(text.replace(BREAK, ""), "x".repeat(200));
        assert_eq!(Scribe::new(&fonts).breakable("short words stay", LONGEST_IN_TEXT), "short words stay");
    }

    #[test]
    fn a_file_that_is_no_font_is_named() {
        let error = Fonts::with(&[("logo.png".to_owned(), vec![1, 2, 3])]).err().unwrap();
        assert!(error.to_string().starts_with("`logo.png`: it is not a font\nhint: "), "{error}");
    }
}
