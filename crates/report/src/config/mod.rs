//! What a scorecard shows, and the targets it is held against.

mod aml;
mod file;
mod resolve;
mod threshold;

use std::collections::BTreeMap;

use equipoise_document::Task;
use equipoise_govern::{Bound, IfMissing, On, Severity};

pub use file::ConfigFile;

use crate::ReportError;

/// The sections of a scorecard by name, in their usual order. The title and the verdict are always there.
pub const SECTIONS: [&str; 15] = [
    "summary",
    "targets",
    "performance",
    "data",
    "cohorts",
    "errors",
    "fairness",
    "importance",
    "counterfactuals",
    "causal",
    "other",
    "limitations",
    "terms",
    "provenance",
    "sign_off",
];

/// A checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// File that it was read from, for messages.
    pub(crate) place: String,
    pub(crate) title: Option<String>,
    pub(crate) model: About,
    pub(crate) people: People,
    pub(crate) limitations: Vec<String>,
    pub(crate) look: Look,
    /// Sections in their order, and whether somebody asked for exactly these.
    pub(crate) sections: Vec<String>,
    pub(crate) are_sections_asked: bool,
    /// Features in the part about importance at most.
    pub(crate) top_features: usize,
    /// Features of the part about data; the most important ones where absent.
    pub(crate) features: Option<Vec<String>>,
    /// Cohorts that are shown; all where absent.
    pub(crate) cohorts: Option<Vec<String>>,
    /// How many of the best and of the worst parts of the rows are shown.
    pub(crate) extremes: usize,
    /// Groups in a table at most.
    pub(crate) max_groups: usize,
    /// Metrics that come first.
    pub(crate) metrics: Vec<Named>,
    pub(crate) targets: Vec<Target>,
    pub(crate) fairness: Fairness,
}

/// What people say about the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct About {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<Task>,
    pub(crate) summary: Option<String>,
    pub(crate) intended_use: Option<String>,
    pub(crate) not_for: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) licence: Option<String>,
}

/// Who answers for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct People {
    pub(crate) organisation: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) reviewer: Option<String>,
    pub(crate) approver: Option<String>,
    pub(crate) contact: Option<String>,
}

/// How it looks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) language: String,
    /// Other words for the fixed words of the card.
    pub(crate) words: BTreeMap<String, String>,
    pub(crate) paper: String,
    pub(crate) accent: String,
    pub(crate) pass: String,
    pub(crate) warn: String,
    pub(crate) fail: String,
    pub(crate) logo: Option<String>,
    pub(crate) logo_alt: Option<String>,
    pub(crate) fonts: Vec<String>,
}

/// A metric as somebody wrote it, with the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) line: u32,
}

/// A number and what it must satisfy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    /// A metric's name or an estimate's id.
    pub(crate) of: Named,
    pub(crate) cohort: Option<String>,
    pub(crate) bound: Bound,
    pub(crate) on: On,
    pub(crate) because: Option<String>,
    pub(crate) if_missing: IfMissing,
    pub(crate) severity: Severity,
}

/// What the part about fairness shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fairness {
    pub(crate) metrics: Vec<Named>,
    /// Sensitive columns; all where empty.
    pub(crate) columns: Vec<String>,
    /// `difference` or `ratio`; both are shown where absent.
    pub(crate) kind: Option<Gap>,
    pub(crate) bound: Option<Bound>,
    pub(crate) on: On,
    pub(crate) line: u32,
}

/// How two groups are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gap {
    /// The highest group minus the lowest.
    Difference,
    /// The lowest group over the highest.
    Ratio,
}

impl Gap {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Difference => "difference",
            Self::Ratio => "ratio",
        }
    }
}

impl Default for Look {
    fn default() -> Self {
        let colour = str::to_owned;
        Self {
            language: "en".to_owned(),
            words: BTreeMap::new(),
            paper: "a4".to_owned(),
            accent: colour("#1f4e8c"),
            pass: colour("#0b5c45"),
            warn: colour("#7a5200"),
            fail: colour("#9c2f10"),
            logo: None,
            logo_alt: None,
            fonts: Vec::new(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            place: "scorecard configuration".to_owned(),
            title: None,
            model: About::default(),
            people: People::default(),
            limitations: Vec::new(),
            look: Look::default(),
            sections: SECTIONS.map(str::to_owned).to_vec(),
            are_sections_asked: false,
            top_features: 10,
            features: None,
            cohorts: None,
            extremes: 3,
            max_groups: 20,
            metrics: Vec::new(),
            targets: Vec::new(),
            fairness: Fairness::default(),
        }
    }
}

impl Config {
    /// Reads a configuration: the JSON of an Azure Machine Learning scorecard where the name ends in `.json`, TOML otherwise.
    ///
    /// ```
    /// use equipoise_report::Config;
    ///
    /// let config = Config::read("[[target]]\nmetric = \"accuracy\"\nthreshold = \">=0.85\"\n", "card.toml")?;
    /// assert!(Config::read("{\"Metrics\": {\"accuracy_score\": {\"threshold\": \">=0.85\"}}}", "card.json").is_ok());
    /// let error = Config::read("[[target]]\nmetric = \"accuracy\"\nthreshold = \"good\"\n", "card.toml").unwrap_err();
    /// assert!(error.to_string().starts_with("card.toml, line 1: `good` is not a threshold"));
    /// # Ok::<(), equipoise_report::ReportError>(())
    /// ```
    ///
    /// # Errors
    /// Names the field that cannot be, and how to mend it.
    pub fn read(text: &str, name: &str) -> Result<Self, ReportError> {
        let is_json = std::path::Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        if is_json { aml::read(text, name) } else { file::read(text, name) }
    }

    /// The file of the logo, as it is written in the configuration.
    #[must_use]
    pub fn logo(&self) -> Option<&str> {
        self.look.logo.as_deref()
    }

    /// Files of fonts, as they are written in the configuration.
    #[must_use]
    pub fn fonts(&self) -> &[String] {
        &self.look.fonts
    }
}
