//! The analyses one after another, and what an interruption leaves of them.

use std::sync::atomic::Ordering;

use equipoise_analyses::{Analysis, AnalysisError, Context};
use equipoise_document::{Level, Note, Section};
use serde_json::Value;

use crate::ServiceError;

/// What the analyses answered.
pub(crate) struct Answers {
    /// One section for each that has an answer.
    pub(crate) sections: Vec<Section>,
    /// What was left out, and why.
    pub(crate) notes: Vec<Note>,
    /// True when the run was interrupted before its end.
    pub(crate) is_partial: bool,
}

/// Runs analyses in order. `by_name` says that they were asked for by name, so that one that does not apply is an error.
///
/// Once the user wants to stop, none is begun. One that can say something by then answers with it and says in a note what is
/// missing; one that cannot is left out.
///
/// # Errors
/// That of the first analysis that fails; an interruption when there is no answer yet.
pub(crate) fn collect(
    asked: &[&'static dyn Analysis],
    by_name: bool,
    context: &Context<'_>,
) -> Result<Answers, ServiceError> {
    let is_stopped = || context.stop.load(Ordering::Relaxed);
    let empty = Value::Object(serde_json::Map::new());
    let mut answers = Answers { sections: Vec::new(), notes: Vec::new(), is_partial: false };
    let mut cut = Cut::default();
    for analysis in asked {
        let params = context.spec.analyses.get(analysis.id());
        if !by_name && !analysis.runs_unasked() && params.is_none() {
            continue;
        }
        if let Some(reason) = analysis.refuses(context) {
            if by_name {
                return Err(AnalysisError::NotApplicable { analysis: analysis.id(), reason }.into());
            }
            let text = format!("{} was left out: {reason}", analysis.title());
            answers.notes.push(Note::new(Level::Info, "analysis_left_out", text));
            continue;
        }
        if is_stopped() {
            cut.not_begun.push(analysis.title());
            continue;
        }
        context.progress.step(&format!("{}: {}", analysis.id(), analysis.question()));
        match analysis.run(params.unwrap_or(&empty), context).map_err(ServiceError::from) {
            Ok(mut section) => {
                // Worst first, and otherwise in the order of the analysis.
                section.notes.sort_by_key(|n| n.level.rank());
                answers.sections.push(section);
                cut.cut_short = is_stopped().then_some(analysis.title());
            }
            // Once the user wants to stop, a model that no longer answers is part of stopping.
            Err(error) if error.is_interruption() || is_stopped() => cut.given_up = Some(analysis.title()),
            Err(error) => return Err(error),
        }
    }
    if !is_stopped() {
        return Ok(answers);
    }
    if answers.sections.is_empty() {
        return Err(ServiceError::Interrupted);
    }
    answers.is_partial = true;
    answers.notes.insert(0, Note::new(Level::Failure, "interrupted", cut.text()));
    Ok(answers)
}

/// Where an interruption came.
#[derive(Default)]
struct Cut {
    /// The analysis that answered when it came: maybe with the best so far.
    cut_short: Option<&'static str>,
    /// The analysis that had no answer yet.
    given_up: Option<&'static str>,
    not_begun: Vec<&'static str>,
}

impl Cut {
    fn text(&self) -> String {
        let mut text = "The run was interrupted; what is here holds, and is not all that was asked.".to_owned();
        if let Some(title) = self.cut_short {
            text += &format!(" It came during “{title}”, whose notes say whether it is complete.");
        }
        if let Some(title) = self.given_up {
            text += &format!(" It came during “{title}”, which had no answer yet.");
        }
        if !self.not_begun.is_empty() {
            text += &format!(" Not begun: {}.", self.not_begun.join(", "));
        }
        text
    }
}
