//! What can go wrong when a report is made.

/// A report that cannot be made as asked.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The configuration cannot be read or names what is not there.
    #[error("{place}: {problem}\nhint: {hint}")]
    Config {
        /// File and field.
        place: String,
        /// What is wrong.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// A file that the configuration names cannot be used.
    #[error("`{path}`: {problem}\nhint: {hint}")]
    Asset {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// The typesetter refuses.
    #[error("the report cannot be typeset: {0}\nhint: leave out logo and fonts to see whether they are the cause")]
    Typeset(String),
    /// A key, certificate or signature cannot be read.
    #[error("{what}: {problem}\nhint: {hint}")]
    Evidence {
        /// Which.
        what: String,
        /// What is wrong.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// A signature that could be read is not valid by anybody who is trusted.
    #[error(
        "the signature is not valid: {0}\nhint: either it was changed, or it was made with a key that is not among those named by `--key` and `--ca`"
    )]
    Invalid(String),
    /// A result cannot be written as JSON.
    #[error("the report cannot be written as json: {0}\nhint: the document holds a number that is not finite")]
    Json(#[from] serde_json::Error),
}

impl ReportError {
    pub(crate) fn config(place: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Config { place: place.into(), problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn evidence(what: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Evidence { what: what.into(), problem: problem.into(), hint: hint.into() }
    }
}

/// Names what there is, the nearest first: `the nearest name is …; there are …`.
pub(crate) fn hint_for<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let known: Vec<&str> = known.into_iter().collect();
    let mut listed: Vec<String> = known.iter().take(MOST).map(|n| format!("`{n}`")).collect();
    if known.len() > MOST {
        listed.push(format!("{} more", known.len() - MOST));
    }
    let list = match listed.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => return "there are none".to_owned(),
    };
    let wanted = wanted.to_lowercase();
    let nearest = known
        .iter()
        .map(|name| {
            let known = name.to_lowercase();
            let is_slip = wanted.len() > 1 && strsim::damerau_levenshtein(&wanted, &known) == 1;
            (strsim::jaro_winkler(&wanted, &known).max(if is_slip { 0.9 } else { 0.0 }), *name)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("the nearest name is `{name}`; there are {list}"),
        None => format!("there are {list}"),
    }
}
