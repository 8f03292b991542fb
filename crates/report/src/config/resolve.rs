//! A configuration held against a document: do the metrics, features and cohorts exist that it names?

use std::collections::BTreeSet;

use equipoise_document::{Document, EstimateId, Task};
use equipoise_govern::{Gate, IdPattern, IfMissing, Policy, Severity};

use super::{Config, Gap, Named, aml};
use crate::ReportError;
use crate::error::hint_for;

impl Config {
    /// The targets as a policy, so that the verdicts are those of every other gate. Checks on the way that all names exist.
    ///
    /// # Errors
    /// Names what is not in the document, with the nearest names that are.
    pub fn policy(&self, document: &Document) -> Result<Policy, ReportError> {
        self.check_names(document)?;
        let mut gates = Vec::new();
        for target in &self.targets {
            let cohort = target.cohort.as_deref();
            let text = if is_id(&target.of.name) {
                target.of.name.clone()
            } else {
                let id = EstimateId::new("performance", &self.metric(&target.of, "performance", document)?);
                id.within(cohort).to_string()
            };
            gates.push(Gate {
                id: IdPattern::from(text.as_str()),
                bound: target.bound,
                on: target.on,
                because: target.because.clone(),
                if_missing: target.if_missing,
                severity: target.severity,
                line: target.of.line,
            });
        }
        if let Some(bound) = self.fairness.bound {
            let kind = self.fairness.kind.unwrap_or(Gap::Difference);
            for column in self.sensitive(document) {
                for metric in &self.fairness.metrics {
                    let metric = self.metric(metric, "fairness", document)?;
                    let id = EstimateId::new("fairness", &metric).aggregated(kind.word()).by(&[&column]);
                    gates.push(Gate {
                        id: IdPattern::from(id.to_string().as_str()),
                        bound,
                        on: self.fairness.on,
                        because: None,
                        if_missing: IfMissing::Fail,
                        severity: Severity::Error,
                        line: self.fairness.line,
                    });
                }
            }
        }
        Ok(Policy { gates, ..Policy::default() })
    }

    /// The sensitive columns that are shown: those of the configuration, or all of the document.
    pub(crate) fn sensitive(&self, document: &Document) -> Vec<String> {
        if self.fairness.columns.is_empty() {
            document.spec.sensitive.iter().map(|g| g.column().to_owned()).collect()
        } else {
            self.fairness.columns.clone()
        }
    }

    /// A metric's own name in a section: scikit-learn's other names are understood, and for several classes an average over
    /// classes stands for what has one value for each.
    pub(crate) fn metric(&self, named: &Named, section: &str, document: &Document) -> Result<String, ReportError> {
        let known = metrics_of(document, section);
        let wanted = named.name.trim();
        let own = aml::other_names().get(wanted).copied().unwrap_or(wanted);
        if known.contains(own) {
            return Ok(own.to_owned());
        }
        let averaged = format!("{own}_macro");
        if document.task == Task::Multiclass && known.contains(averaged.as_str()) {
            return Ok(averaged);
        }
        let place = if named.line > 1 { format!("{}, line {}", self.place, named.line) } else { self.place.clone() };
        Err(ReportError::config(
            place,
            format!("the assessment has no metric `{wanted}` in its section `{section}`"),
            hint_for(wanted, known.iter().copied()),
        ))
    }

    fn check_names(&self, document: &Document) -> Result<(), ReportError> {
        let fail = |field: &str, problem: String, hint: String| {
            Err(ReportError::config(format!("{}: {field}", self.place), problem, hint))
        };
        let is_classification = self.model.kind.is_some_and(|kind| kind != Task::Regression);
        if self.model.kind.is_some() && is_classification != (document.task != Task::Regression) {
            let (said, is) =
                if is_classification { ("classification", "regression") } else { ("regression", "classification") };
            let problem = format!("the model is said to do {said}, and the assessment is of {is}");
            return fail("model", problem, "correct the type, or name the assessment that was meant".to_owned());
        }
        let columns: BTreeSet<&str> =
            document.datasets.iter().flat_map(|d| &d.columns).map(|c| c.name.as_str()).collect();
        for feature in self.features.iter().flatten() {
            if !columns.contains(feature.as_str()) {
                let problem = format!("the data has no column `{feature}`");
                return fail("features", problem, hint_for(feature, columns.iter().copied()));
            }
        }
        let cohorts: Vec<&str> = document.cohorts.iter().map(|c| c.name.as_str()).collect();
        let of_targets = self.targets.iter().filter_map(|t| t.cohort.as_ref());
        for cohort in self.cohorts.iter().flatten().chain(of_targets) {
            if !cohorts.contains(&cohort.as_str()) {
                let problem = format!("the assessment has no cohort `{cohort}`");
                let known = hint_for(cohort, cohorts.iter().copied());
                let hint = format!("{known}; `equipoise assess … --cohort-file FILE` reads a file of cohorts");
                return fail("cohorts", problem, hint);
            }
        }
        let sensitive: Vec<&str> = document.spec.sensitive.iter().map(|g| g.column()).collect();
        for column in &self.fairness.columns {
            if !sensitive.contains(&column.as_str()) {
                let problem = format!("the assessment has no sensitive column `{column}`");
                let known = hint_for(column, sensitive.iter().copied());
                return fail(
                    "fairness",
                    problem,
                    format!("{known}; `equipoise assess … --sensitive {column}` adds it"),
                );
            }
        }
        for metric in &self.fairness.metrics {
            self.metric(metric, "fairness", document)?;
        }
        for metric in self.metrics.iter().filter(|m| !is_id(&m.name)) {
            self.metric(metric, "performance", document)?;
        }
        Ok(())
    }
}

/// An id has a section before its first point; a metric's name has none.
fn is_id(text: &str) -> bool {
    text.split(['[', '{']).next().is_some_and(|words| words.contains('.'))
}

fn metrics_of<'a>(document: &'a Document, section: &str) -> BTreeSet<&'a str> {
    document.section(section).into_iter().flat_map(|s| &s.estimates).map(|e| e.id.metric()).collect()
}
