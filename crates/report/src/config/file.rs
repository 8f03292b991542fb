//! The configuration as TOML.

use std::collections::BTreeMap;

use equipoise_document::Task;
use equipoise_govern::{Bound, IfMissing, On, Severity};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{About, Config, Fairness, Gap, Look, Named, People, SECTIONS, Target, threshold};
use crate::ReportError;
use crate::error::hint_for;

/// A scorecard's configuration as it is written, for its JSON Schema; [`Config::read`] reads and checks it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// Title of the card.
    title: Option<String>,
    /// Sections in the order in which they are shown.
    sections: Option<Vec<String>>,
    /// Features in the part about importance at most (default 10).
    top_features: Option<usize>,
    /// Features of the part about data; the most important ones by default.
    features: Option<Vec<String>>,
    /// Cohorts that are shown; all by default.
    cohorts: Option<Vec<String>>,
    /// How many of the best and of the worst parts of the rows are shown (default 3).
    extremes: Option<usize>,
    /// Groups in a table at most (default 20).
    max_groups: Option<usize>,
    /// Metrics that are shown first, without a target.
    metrics: Vec<String>,
    /// What people know to be limits of the model.
    limitations: Vec<String>,
    /// The model in people's words.
    model: ModelFile,
    /// Who answers for it.
    people: PeopleFile,
    /// How it looks.
    look: LookFile,
    /// What groups are compared in.
    fairness: FairnessFile,
    /// Numbers and what they must satisfy.
    #[schemars(with = "Vec<TargetFile>")]
    target: Vec<Spanned<TargetFile>>,
}

/// The model in people's words.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Model")]
struct ModelFile {
    /// Its name.
    name: Option<String>,
    /// What it does and for whom.
    summary: Option<String>,
    /// What it is meant for.
    intended_use: Option<String>,
    /// What it must not be used for.
    not_for: Option<String>,
    /// Its version.
    version: Option<String>,
    /// Its licence, as an SPDX identifier.
    licence: Option<String>,
}

/// Who answers for it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "People")]
struct PeopleFile {
    /// The organisation.
    organisation: Option<String>,
    /// Who made the assessment.
    author: Option<String>,
    /// Who looked through it.
    reviewer: Option<String>,
    /// Who decides on the model's use.
    approver: Option<String>,
    /// Where questions go.
    contact: Option<String>,
}

/// How it looks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Look")]
struct LookFile {
    /// Language of the fixed words: `en`, `de`, or another with `words`.
    language: Option<String>,
    /// Other words for the fixed words of the card, by the English ones.
    words: BTreeMap<String, String>,
    /// `a4`, `us-letter` or another paper of the typesetter.
    paper: Option<String>,
    /// Colour of lines, as `#rrggbb`.
    accent: Option<String>,
    /// Colour of what is passed.
    pass: Option<String>,
    /// Colour of warnings.
    warn: Option<String>,
    /// Colour of what fails.
    fail: Option<String>,
    /// A picture file (SVG, PNG, JPEG) beside the configuration.
    logo: Option<String>,
    /// What the logo shows.
    logo_alt: Option<String>,
    /// Font files beside the configuration, for letters that the usual fonts lack.
    fonts: Vec<String>,
}

/// What groups are compared in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Fairness")]
struct FairnessFile {
    /// Metrics.
    metrics: Vec<String>,
    /// Sensitive columns; all by default.
    columns: Vec<String>,
    /// `difference` or `ratio`.
    kind: Option<Gap>,
    /// What each of these gaps must satisfy, for example `<=0.1`.
    threshold: Option<String>,
    /// Which end of the gap must satisfy it.
    on: On,
}

/// A number and what it must satisfy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Target")]
struct TargetFile {
    /// A metric of the model's performance, for example `accuracy`.
    metric: Option<String>,
    /// Or any number by its id, for example `fairness.selection_rate.difference[sex]`.
    id: Option<String>,
    /// The cohort in which the metric is judged; all rows by default.
    cohort: Option<String>,
    /// For example `>=0.85`, `0.8 to 1.25`.
    threshold: Option<String>,
    /// The number may not be below this.
    min: Option<f64>,
    /// The number may not be above this.
    max: Option<f64>,
    /// Which end of the number must satisfy it.
    on: On,
    /// Why the target is there.
    because: Option<String>,
    /// What to conclude when there is no number.
    if_missing: IfMissing,
    /// What a missed target means.
    severity: Severity,
}

pub(super) fn read(text: &str, name: &str) -> Result<Config, ReportError> {
    let line_of = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
    };
    let file: ConfigFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        let problem = error.message().trim().replace('\n', "; ");
        ReportError::config(format!("{name}, line {line}"), problem, "`equipoise schema scorecard` lists every field")
    })?;
    let targets = file.target.into_iter().map(|raw| {
        let line = line_of(raw.span().start);
        target(raw.into_inner(), line, name)
    });
    let targets = targets.collect::<Result<Vec<_>, _>>()?;
    let plain = Config::default();
    let named = |names: Vec<String>| names.into_iter().map(|name| Named { name, line: 1 }).collect::<Vec<_>>();
    let ModelFile { name: model_name, summary, intended_use, not_for, version, licence } = file.model;
    let PeopleFile { organisation, author, reviewer, approver, contact } = file.people;
    let bound = match &file.fairness.threshold {
        Some(text) => Some(
            threshold::parse(text)
                .map_err(|(problem, hint)| ReportError::config(format!("{name}: fairness"), problem, hint))?,
        ),
        None => None,
    };
    let config = Config {
        place: name.to_owned(),
        title: file.title,
        model: About { name: model_name, kind: None::<Task>, summary, intended_use, not_for, version, licence },
        people: People { organisation, author, reviewer, approver, contact },
        limitations: file.limitations,
        look: look(file.look, name)?,
        are_sections_asked: file.sections.is_some(),
        sections: file.sections.unwrap_or(plain.sections),
        top_features: file.top_features.unwrap_or(plain.top_features),
        features: file.features,
        cohorts: file.cohorts,
        extremes: file.extremes.unwrap_or(plain.extremes),
        max_groups: file.max_groups.unwrap_or(plain.max_groups),
        metrics: named(file.metrics),
        targets,
        fairness: Fairness {
            metrics: named(file.fairness.metrics),
            columns: file.fairness.columns,
            kind: file.fairness.kind,
            bound,
            on: file.fairness.on,
            line: 1,
        },
    };
    check(&config)?;
    Ok(config)
}

fn target(raw: TargetFile, line: u32, name: &str) -> Result<Target, ReportError> {
    let place = || format!("{name}, line {line}");
    let fail = |problem: String, hint: &str| Err(ReportError::config(place(), problem, hint));
    let what = match (raw.metric, raw.id) {
        (Some(what), None) | (None, Some(what)) => what,
        (Some(_), Some(_)) => return fail("a target has `metric` and `id`".to_owned(), "leave one of them out"),
        (None, None) => {
            return fail("a target names no number".to_owned(), "add, for example, `metric = \"accuracy\"`");
        }
    };
    let bound = match (&raw.threshold, raw.min, raw.max) {
        (Some(text), None, None) => {
            threshold::parse(text).map_err(|(problem, hint)| ReportError::config(place(), problem, hint))?
        }
        (None, Some(min), None) if min.is_finite() => Bound::Min(min),
        (None, None, Some(max)) if max.is_finite() => Bound::Max(max),
        (None, Some(min), Some(max)) if min <= max && min.is_finite() && max.is_finite() => Bound::Between(min, max),
        (None, None, None) => {
            return fail(format!("the target for `{what}` has no threshold"), "add `threshold = \">=0.85\"`");
        }
        (Some(_), _, _) => {
            return fail(format!("the target for `{what}` has `threshold` beside `min` or `max`"), "leave one out");
        }
        _ => {
            let hint = "`min` is at most `max`, and both are finite";
            return fail(format!("no number can be between the ends of the target for `{what}`"), hint);
        }
    };
    Ok(Target {
        of: Named { name: what, line },
        cohort: raw.cohort,
        bound,
        on: raw.on,
        because: raw.because.map(|b| b.trim().to_owned()).filter(|b| !b.is_empty()),
        if_missing: raw.if_missing,
        severity: raw.severity,
    })
}

fn look(raw: LookFile, name: &str) -> Result<Look, ReportError> {
    let plain = Look::default();
    let colour = |field: &str, given: Option<String>, usual: String| match given {
        Some(text) if is_colour(&text) => Ok(text),
        Some(text) => Err(ReportError::config(
            format!("{name}: look.{field}"),
            format!("`{text}` is not a colour"),
            "write it as `#rrggbb`, for example `#1f4e8c`",
        )),
        None => Ok(usual),
    };
    let language = raw.language.unwrap_or(plain.language);
    let is_code = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    if !is_code {
        return Err(ReportError::config(
            format!("{name}: look.language"),
            format!("`{language}` is not the code of a language"),
            "write two or three small letters, for example `de`",
        ));
    }
    let paper = raw.paper.unwrap_or(plain.paper).to_lowercase();
    if !PAPERS.contains(&paper.as_str()) {
        return Err(ReportError::config(
            format!("{name}: look.paper"),
            format!("`{paper}` is not a paper"),
            hint_for(&paper, PAPERS),
        ));
    }
    Ok(Look {
        language,
        words: raw.words,
        paper,
        accent: colour("accent", raw.accent, plain.accent)?,
        pass: colour("pass", raw.pass, plain.pass)?,
        warn: colour("warn", raw.warn, plain.warn)?,
        fail: colour("fail", raw.fail, plain.fail)?,
        logo: raw.logo,
        logo_alt: raw.logo_alt,
        fonts: raw.fonts,
    })
}

/// Papers on which the card's tables have room.
const PAPERS: [&str; 6] = ["a4", "us-letter", "us-legal", "a3", "iso-b5", "jis-b5"];

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

pub(super) fn check(config: &Config) -> Result<(), ReportError> {
    for (i, section) in config.sections.iter().enumerate() {
        if !SECTIONS.contains(&section.as_str()) {
            return Err(ReportError::config(
                format!("{}: sections", config.place),
                format!("there is no section `{section}` in a scorecard"),
                hint_for(section, SECTIONS),
            ));
        }
        if config.sections.iter().take(i).any(|s| s == section) {
            return Err(ReportError::config(
                format!("{}: sections", config.place),
                format!("`{section}` is named twice"),
                "leave one out",
            ));
        }
    }
    for (field, n, most) in [
        ("top_features", config.top_features, 100),
        ("max_groups", config.max_groups, 500),
        ("extremes", config.extremes, 50),
    ] {
        if n == 0 || n > most {
            let problem = format!("`{n}` is out of range");
            return Err(ReportError::config(format!("{}: {field}", config.place), problem, format!("1 to {most}")));
        }
    }
    Ok(())
}
