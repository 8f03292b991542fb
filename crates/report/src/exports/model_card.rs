//! A model card in Markdown, with the metadata in YAML that Hugging Face reads.

use equipoise_document::{ColumnRole, Document, Estimate, Level, Task};
use equipoise_govern::Outcome;
use equipoise_views::parts::{self, markdown_prose as prose, markdown_text as text};
use serde_json::Value;

use super::{Sources, numbers};
use crate::ReportError;

/// What is written where only people know.
const ASKED: &str = "_To be written:_";

pub(super) fn write(sources: &Sources<'_>) -> Result<String, ReportError> {
    let mut out = metadata(sources)?;
    let (document, config) = (sources.document, sources.config);
    let name = numbers::model_name(sources);
    out.push_str(&format!("# Model card: {}\n\n", text(&name)));
    out.push_str(&match &config.model.summary {
        Some(summary) => format!("{}\n", prose(summary)),
        None => format!("{ASKED} what the model does, and for whom.\n"),
    });
    section(&mut out, "Model details");
    let people = &config.people;
    let mut details = vec![
        ("Developed by", people.organisation.clone().or_else(|| people.author.clone())),
        ("Version", config.model.version.clone()),
        ("Licence", config.model.licence.clone()),
        ("Contact", people.contact.clone()),
    ];
    if let Some(model) = &document.model {
        details.push((
            "Kind of model",
            Some(format!("{} ({}), {} inputs", model.describes, model.format, model.features.len())),
        ));
    }
    details.push(("Predicts", Some(numbers::task_words(document))));
    for (label, value) in details {
        let value = value.map_or_else(|| format!("{ASKED} …"), |v| text(&v));
        out.push_str(&format!("- **{label}:** {value}\n"));
    }
    section(&mut out, "Uses");
    asked(
        &mut out,
        "Intended use",
        config.model.intended_use.as_deref(),
        "what the model is meant for, and who acts on what it says.",
    );
    asked(&mut out, "Out of scope", config.model.not_for.as_deref(), "what it must not be used for.");
    limits(&mut out, sources);
    data(&mut out, document);
    evaluation(&mut out, sources);
    section(&mut out, "How to see it all");
    let level = document.spec.level() * 100.0;
    out.push_str(&format!(
        "This card was made with Equipoise {} from the assessment `{}`. Intervals are at {level} %. `equipoise reproduce` makes the \
         assessment again, and `equipoise verify` says whether it is the one that was signed.\n",
        document.provenance.equipoise, sources.document_sha256
    ));
    Ok(out)
}

fn section(out: &mut String, title: &str) {
    out.push_str(&format!("\n## {title}\n\n"));
}

fn asked(out: &mut String, label: &str, given: Option<&str>, question: &str) {
    let said = given.map_or_else(|| format!("{ASKED} {question}"), prose);
    out.push_str(&format!("- **{label}:** {said}\n"));
}

fn limits(out: &mut String, sources: &Sources<'_>) {
    const MOST: usize = 12;
    section(out, "Bias, risks and limitations");
    for limit in &sources.config.limitations {
        out.push_str(&format!("- {}\n", prose(limit)));
    }
    let notes = numbers::notes(sources.document, &[Level::Failure, Level::Concern, Level::Caution]);
    for (note, from) in notes.iter().take(MOST) {
        let from = if from.is_empty() { String::new() } else { format!(" ({})", text(from)) };
        out.push_str(&format!("- **{}:** {}{from}\n", parts::level_word(note.level), prose(&note.text)));
    }
    if let Some(n) = notes.len().checked_sub(MOST).filter(|n| *n > 0) {
        out.push_str(&format!("- {n} more are in the assessment itself.\n"));
    }
    if notes.is_empty() && sources.config.limitations.is_empty() {
        out.push_str("The assessment found none; that is no proof that there are none.\n");
    }
}

fn data(out: &mut String, document: &Document) {
    section(out, "Data");
    for data in &document.datasets {
        let use_of = if data.part == "train" { "Training data" } else { "Evaluation data" };
        let inputs: Vec<String> = document
            .provenance
            .inputs
            .iter()
            .filter(|i| i.role == data.part)
            .take(5)
            .map(|i| match &i.sha256 {
                Some(sha256) => format!("{} (SHA-256 `{sha256}`)", text(&i.name)),
                None => text(&i.name),
            })
            .collect();
        out.push_str(&format!(
            "- **{use_of}:** {} rows, {} columns; {}\n",
            parts::count(data.n_rows),
            data.columns.len(),
            inputs.join(", ")
        ));
    }
    let sensitive = numbers::columns(document, ColumnRole::Sensitive);
    if !sensitive.is_empty() {
        out.push_str(&format!("- **Groups were compared by:** {}\n", text(&parts::joined(&sensitive))));
    }
    out.push_str(&format!(
        "- **Where the data come from:** {ASKED} who collected them, when, from whom, and with what consent.\n"
    ));
}

fn evaluation(out: &mut String, sources: &Sources<'_>) {
    let document = sources.document;
    section(out, "Evaluation");
    table(out, "Performance", &numbers::overall(document));
    table(out, "Cohorts", &numbers::of_cohorts(document));
    table(out, "Differences between groups", &numbers::gaps(document));
    if sources.verdicts.is_empty() {
        return;
    }
    out.push_str("### Targets\n\n| Verdict | Number | Asked |\n| --- | --- | --- |\n");
    for verdict in sources.verdicts {
        let sign = match verdict.outcome {
            Outcome::Pass => "✓ pass",
            Outcome::Warn => "! warn",
            Outcome::Fail => "✗ fail",
        };
        let name = verdict.id.parse().map_or_else(|_| verdict.id.clone(), |id| parts::name_of(&id));
        out.push_str(&format!("| {sign} | {} | {} |\n", text(&name), text(&verdict.asks)));
    }
}

fn table(out: &mut String, title: &str, estimates: &[&Estimate]) {
    const MOST: usize = 40;
    if estimates.is_empty() {
        return;
    }
    out.push_str(&format!("### {title}\n\n| Number | Value | Rows |\n| --- | ---: | ---: |\n"));
    for estimate in estimates.iter().take(MOST) {
        let sign = if estimate.small { " †" } else { "" };
        out.push_str(&format!(
            "| {} | {}{sign} | {} |\n",
            text(&parts::name_of(&estimate.id)),
            parts::line(estimate),
            parts::count(estimate.n)
        ));
    }
    out.push('\n');
    if let Some(n) = estimates.len().checked_sub(MOST).filter(|n| *n > 0) {
        out.push_str(&format!("{n} more are in the assessment itself.\n\n"));
    }
    if estimates.iter().take(MOST).any(|e| e.small) {
        out.push_str("† few rows stand behind this number; do not rely on it\n\n");
    }
}

/// The YAML between the lines of dashes. A JSON string is a YAML string too.
fn metadata(sources: &Sources<'_>) -> Result<String, ReportError> {
    let (document, config) = (sources.document, sources.config);
    let quoted = |text: &str| serde_json::to_string(text);
    let (task, task_name) = match document.task {
        Task::Binary | Task::Multiclass => ("tabular-classification", "Tabular classification"),
        Task::Regression => ("tabular-regression", "Tabular regression"),
    };
    let mut out = String::from("---\n");
    if let Some(licence) = &config.model.licence {
        out.push_str(&format!("license: {}\n", quoted(&licence.to_lowercase())?));
    }
    if let Some(model) = &document.model
        && model.format != "endpoint"
    {
        out.push_str(&format!("library_name: {}\n", quoted(&model.format)?));
    }
    out.push_str(&format!("pipeline_tag: {task}\ntags:\n- {task}\n- responsible-ai\n- equipoise\n"));
    let overall = numbers::overall(document);
    if !overall.is_empty() {
        out.push_str("metrics:\n");
        for estimate in &overall {
            out.push_str(&format!("- {}\n", estimate.id.metric()));
        }
        let data = numbers::input(document, "test").map_or("test", |i| i.name.as_str());
        out.push_str(&format!(
            "model-index:\n- name: {}\n  results:\n  - task:\n      type: {task}\n      name: {task_name}\n    dataset:\n      \
             type: {}\n      name: {}\n      split: test\n    metrics:\n",
            quoted(&numbers::model_name(sources))?,
            quoted(data)?,
            quoted(data)?
        ));
        for estimate in &overall {
            let value = estimate.value.map_or(Value::Null, Value::from);
            out.push_str(&format!(
                "    - type: {}\n      value: {value}\n      name: {}\n",
                estimate.id.metric(),
                quoted(&parts::name_of(&estimate.id))?
            ));
        }
    }
    out.push_str("---\n\n");
    Ok(out)
}
