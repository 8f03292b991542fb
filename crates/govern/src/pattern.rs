//! Patterns of estimate ids: `fairness.*.ratio[*]`.

use equipoise_document::EstimateId;

/// A pattern of estimate ids, in which `*` stands for any run of characters (none included) within its part.
///
/// The parts are the dotted words, the text in `[…]` and the text in `{…}`. A part that the pattern leaves out must
/// be absent from the id, so `performance.*` speaks of all rows only, `performance.*{*}` of every cohort, and
/// `fairness.selection_rate[sex=*]` of each group of `sex`.
///
/// ```
/// use equipoise_govern::IdPattern;
///
/// let ratios: IdPattern = "fairness.*.ratio[*]".into();
/// assert!(ratios.matches(&"fairness.selection_rate.ratio[sex,race]".parse()?));
/// assert!(!ratios.matches(&"fairness.selection_rate.difference[sex]".parse()?));
/// assert!(!ratios.matches(&"fairness.selection_rate.ratio[sex]{young}".parse()?));
/// # Ok::<(), equipoise_document::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPattern {
    text: String,
    parts: Parts,
}

/// The words before the brackets, the text in `[…]` and the text in `{…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    words: Vec<String>,
    columns: Option<String>,
    cohort: Option<String>,
}

impl From<&str> for IdPattern {
    fn from(text: &str) -> Self {
        let text = text.trim();
        // One id may be written in several ways (spaces, needless quotes); the one in the document is canonical.
        let text = text.parse::<EstimateId>().map_or_else(|_| text.to_owned(), |id| id.to_string());
        Self { parts: Parts::of(&text), text }
    }
}

impl IdPattern {
    /// The pattern as text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when the pattern can match more than one id.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.text.contains('*')
    }

    /// True when the id is of this pattern.
    #[must_use]
    pub fn matches(&self, id: &EstimateId) -> bool {
        let id = id.to_string();
        if !self.is_open() {
            return id == self.text;
        }
        let id = Parts::of(&id);
        let both = |pattern: &Option<String>, text: &Option<String>| match (pattern, text) {
            (None, None) => true,
            (Some(pattern), Some(text)) => glob(pattern, text),
            _ => false,
        };
        self.parts.words.len() == id.words.len()
            && self.parts.words.iter().zip(&id.words).all(|(pattern, word)| glob(pattern, word))
            && both(&self.parts.columns, &id.columns)
            && both(&self.parts.cohort, &id.cohort)
    }
}

impl Parts {
    fn of(text: &str) -> Self {
        let words_end = text.find(['[', '{']).unwrap_or(text.len());
        let (words, rest) = text.split_at(words_end);
        let words = words.split('.').map(str::to_owned).collect();
        let (columns, rest) = match rest.strip_prefix('[') {
            Some(inside) => {
                let (columns, rest) = split_outside_quotes(inside, ']');
                (Some(columns.to_owned()), rest)
            }
            None => (None, rest),
        };
        let cohort = rest.strip_prefix('{').map(|inside| split_outside_quotes(inside, '}').0.to_owned());
        Self { words, columns, cohort }
    }
}

/// The text before the first `end` that is not in double quotes, and the text after it.
fn split_outside_quotes(text: &str, end: char) -> (&str, &str) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if c == end && !is_quoted => {
                let (before, after) = text.split_at(at);
                return (before, after.strip_prefix(end).unwrap_or(after));
            }
            _ => {}
        }
    }
    (text, "")
}

/// True when the text is of the pattern, in which `*` stands for any run of characters. Linear in the length of the
/// text for each star: the pieces between stars are looked for from left to right, the first and last at the ends.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text.strip_suffix(last) else { return false };
    for piece in middle.split('*') {
        let Some((_, after)) = text.split_once(piece) else { return false };
        text = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_of(pattern: &str, id: &str) -> bool {
        IdPattern::from(pattern).matches(&id.parse().unwrap())
    }

    #[test]
    fn each_part_is_matched_by_itself() {
        assert!(is_of("performance.*", "performance.accuracy"));
        assert!(!is_of("performance.*", "performance.accuracy{young}"));
        assert!(!is_of("performance.*", "performance.accuracy.difference"));
        assert!(is_of("performance.*{*}", "performance.accuracy{young}"));
        assert!(!is_of("performance.*{*}", "performance.accuracy"));
        assert!(is_of("*.selection_rate[sex=*]", "fairness.selection_rate[sex=Female]"));
        assert!(!is_of("*.selection_rate[sex=*]", "fairness.selection_rate[sex]"));
        assert!(is_of("fairness.*_rate.difference[*]", "fairness.selection_rate.difference[sex,race]"));
    }

    #[test]
    fn an_exact_id_may_be_written_with_spaces() {
        assert!(is_of("fairness.a.b[ sex , race ]", "fairness.a.b[sex,race]"));
    }

    #[test]
    fn brackets_in_a_quoted_name_end_nothing() {
        assert!(is_of("fairness.a[*]{x}", r#"fairness.a[job="a]{b"]{x}"#));
        assert!(!is_of("fairness.a[*]", r#"fairness.a[job="a]{b"]{x}"#));
    }

    /// The same question answered the slow way.
    fn glob_by_hand(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|n| glob_by_hand(rest, &text[n..])),
            Some((c, rest)) => text.first() == Some(c) && glob_by_hand(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn stars_match_as_the_definition_says(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(glob(&pattern, &text), glob_by_hand(&chars(&pattern), &chars(&text)));
        }
    }
}
