//! Text on a terminal: its width, its cleaning, its wrapping and its ink.

use unicode_width::UnicodeWidthStr;

/// A piece of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) ink: Ink,
}

/// How a piece is inked when colour is wanted. Ink is never the only sign of anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ink {
    #[default]
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Blue,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Red => Some("1;31"),
            Self::Yellow => Some("1;33"),
            Self::Green => Some("32"),
            Self::Blue => Some("34"),
        }
    }
}

/// A piece of text.
pub(super) fn piece(text: impl Into<String>, ink: Ink) -> Piece {
    Piece { text: text.into(), ink }
}

/// The lines written so far, none wider than the width.
pub(super) struct Page {
    width: usize,
    colour: bool,
    unicode: bool,
    out: String,
}

impl Page {
    pub(super) fn new(width: usize, colour: bool, unicode: bool) -> Self {
        Self { width: width.max(1), colour, unicode, out: String::new() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn is_unicode(&self) -> bool {
        self.unicode
    }

    /// Writes a line; what does not fit is cut.
    pub(super) fn line(&mut self, pieces: &[Piece]) {
        let last = pieces.iter().rposition(|p| !p.text.trim_end().is_empty());
        let mut left = self.width;
        for (i, piece) in pieces.iter().enumerate() {
            if last.is_none_or(|last| i > last) || left == 0 {
                break;
            }
            let text = if last == Some(i) { piece.text.trim_end() } else { &piece.text };
            let text = clip(text, left);
            left = left.saturating_sub(text.width());
            let text = text.replace('\u{2007}', " ");
            let text = if self.unicode { text } else { text.chars().map(to_ascii).collect() };
            match piece.ink.code().filter(|_| self.colour && !text.trim().is_empty()) {
                Some(code) => self.out.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m")),
                None => self.out.push_str(&text),
            }
        }
        self.out.push('\n');
    }

    /// Writes words, wrapped, behind a first piece and an indent.
    pub(super) fn paragraph(&mut self, first: &Piece, text: &str, indent: usize, ink: Ink) {
        let first_width = first.text.width();
        let indent = indent.min(self.width / 2);
        let room = self.width.saturating_sub(indent).max(1);
        let is_alone = first_width + 8 > self.width;
        if is_alone {
            self.line(std::slice::from_ref(first));
        }
        let lead = if is_alone { 0 } else { first_width.saturating_sub(indent) };
        // The first line is shorter by what its lead takes beyond the indent: a word of that width stands in.
        let padded = format!("{}{}", "\u{2007}".repeat(lead), clean(text));
        for (i, line) in wrap_keeping_lead(&padded, lead, room).into_iter().enumerate() {
            let body = piece(line, ink);
            if i == 0 && !is_alone {
                self.line(&[first.clone(), piece(" ".repeat(indent.saturating_sub(first_width)), Ink::Plain), body]);
            } else {
                self.line(&[piece(" ".repeat(indent), Ink::Plain), body]);
            }
        }
    }

    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(super) fn finish(self) -> String {
        let trimmed = self.out.trim_end_matches('\n');
        format!("{trimmed}\n")
    }
}

fn wrap_keeping_lead(padded: &str, lead: usize, room: usize) -> Vec<String> {
    let mut lines = wrap(padded, room);
    if let Some(first) = lines.first_mut() {
        *first = first.chars().skip(lead.min(room)).collect();
    }
    lines
}

/// One-to-one replacements for terminals that have ASCII only.
fn to_ascii(c: char) -> char {
    match c {
        '–' | '−' | '─' | '—' | '·' | '•' => '-',
        '…' => '~',
        '│' | '┊' | '├' | '┤' | '╂' | '┼' => '|',
        '└' => '`',
        '░' => '.',
        '▒' => ':',
        '▓' => '%',
        '≤' => '<',
        '●' => 'o',
        '█' | '▉' | '▊' | '▋' | '▌' | '▍' | '▎' | '▏' => '#',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '²' => '2',
        '³' => '3',
        '×' => 'x',
        other => other,
    }
}

/// Names may hold anything: control characters and those that turn the direction of text around become `�`,
/// no-break spaces become spaces.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{a0}' | '\n' | '\t' | '\r' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' => {
                '\u{fffd}'
            }
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to the width with `…` at its end where it is wider.
pub(super) fn clip(text: &str, limit: usize) -> String {
    if text.width() <= limit {
        return text.to_owned();
    }
    let (head, _) = split_at_width(text, limit.saturating_sub(1));
    format!("{head}{}", if limit == 0 { "" } else { "…" })
}

/// The longest beginning that takes at most `limit` columns, and the rest.
fn split_at_width(text: &str, limit: usize) -> (&str, &str) {
    let mut end = 0;
    // A character takes no column or more; a run of such that take none is cut off after a while.
    for (seen, (at, c)) in text.char_indices().enumerate() {
        let next = at + c.len_utf8();
        let is_fitting = text.get(..next).is_some_and(|head| head.width() <= limit);
        if !is_fitting || seen > 8 * limit + 16 {
            break;
        }
        end = next;
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Where a compound name may be broken: after one of these.
const JOINTS: [char; 4] = ['-', '/', '_', ','];

/// The width of the widest part that should not be broken.
pub(super) fn widest_part(text: &str) -> usize {
    text.split(' ').flat_map(|word| word.split_inclusive(JOINTS)).map(width).max().unwrap_or(0)
}

/// The text in lines of at most `limit` columns, broken at spaces, within words that are wider.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if joined.width() <= limit {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while rest.width() > limit {
            let (head, tail) = split_at_width(rest, limit);
            if head.is_empty() || tail.is_empty() {
                // Not even one character fits.
                rest = "";
                lines.push("…".to_owned());
                break;
            }
            // Compound names are broken at their joints where they have some.
            let joint = head.rfind(JOINTS).map(|at| at + 1).filter(|at| *at > 1);
            let (head, tail) = joint.and_then(|at| rest.split_at_checked(at)).unwrap_or((head, tail));
            lines.push(head.to_owned());
            rest = tail;
        }
        line = rest.to_owned();
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_never_overflows() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("Asian-Pac-Islander", 12), ["Asian-Pac-", "Islander"]);
        assert_eq!(wrap("", 4), [""]);
        assert!(wrap("日本語日本語", 5).iter().all(|l| l.width() <= 5));
        assert_eq!(wrap("日", 1), ["…", ""][..1]);
    }

    #[test]
    fn clipping_says_that_it_did() {
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("abc", 0), "");
    }

    #[test]
    fn escape_codes_in_names_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
    }

    #[test]
    fn a_paragraph_hangs_behind_its_lead() {
        let mut page = Page::new(24, false, true);
        page.paragraph(&piece("! Concern  ", Ink::Red), "one two three four five", 2, Ink::Plain);
        assert_eq!(page.finish(), "! Concern  one two three\n  four five\n");
    }
}
