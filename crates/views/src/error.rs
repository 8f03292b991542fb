//! What can go wrong when a document is drawn.

/// A view that cannot be drawn as asked.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// There is no section with this id.
    #[error("section `{wanted}` is not in the document\nhint: {hint}")]
    UnknownSection {
        /// The id that was asked for.
        wanted: String,
        /// What there is.
        hint: String,
    },
    /// There is no table with this id.
    #[error("table `{wanted}` is not in {place}\nhint: {hint}")]
    UnknownTable {
        /// The id that was asked for.
        wanted: String,
        /// Where it was looked for.
        place: String,
        /// What there is.
        hint: String,
    },
    /// Several sections have a table with this id.
    #[error("table `{wanted}` is in several sections\nhint: name the section too: {sections}")]
    AmbiguousTable {
        /// The id that was asked for.
        wanted: String,
        /// The sections that have one.
        sections: String,
    },
    /// The page of the dashboard is not in this build.
    #[error(
        "the dashboard is not in this build\nhint: run `make web`, which needs Node, and build again; the plain report \
         needs neither (`--to report`)"
    )]
    NoDashboard,
    /// The document cannot be written as JSON.
    #[error("the result cannot be written as json: {0}\nhint: the document holds a number that is not finite")]
    Json(#[from] serde_json::Error),
}

/// Names what there is, the nearest first: `the nearest name is …; there are …`.
pub(crate) fn hint_for<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return "there are none".to_owned();
    }
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let list = listed(&known);
    match nearest {
        Some((_, name)) => format!("the nearest name is `{name}`; there are {list}"),
        None => format!("there are {list}"),
    }
}

/// `` `a`, `b` and `c` ``, at most twenty names.
pub(crate) fn listed(names: &[&str]) -> String {
    const MOST: usize = 20;
    let mut quoted: Vec<String> = names.iter().take(MOST).map(|n| format!("`{n}`")).collect();
    if names.len() > MOST {
        quoted.push(format!("{} more", names.len() - MOST));
    }
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first() {
        let hint = hint_for("fairnes", ["performance", "fairness"]);
        assert_eq!(hint, "the nearest name is `fairness`; there are `performance` and `fairness`");
        assert_eq!(hint_for("zzz", ["performance"]), "there are `performance`");
        assert_eq!(hint_for("zzz", []), "there are none");
    }
}
