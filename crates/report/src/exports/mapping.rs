//! Outlines of documentation: what a law or a standard asks for, what the assessment says to it, and what people have to add.

use equipoise_document::{Level, Section};
use equipoise_govern::Outcome;
use equipoise_views::parts::{self, markdown_prose as prose, markdown_text as text};

use super::{Sources, numbers};

/// An outline.
pub(super) struct Outline {
    pub(super) title: &'static str,
    /// What it is after, and what it is not.
    pub(super) about: &'static str,
    pub(super) chapters: &'static [Chapter],
}

/// A chapter with its items.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    pub(super) items: &'static [Item],
}

/// One thing that is asked for, in our own words.
pub(super) struct Item {
    /// Its number in the original.
    pub(super) id: &'static str,
    /// What is asked for.
    pub(super) asks: &'static str,
    /// What the assessment can say to it.
    pub(super) from: &'static [Answer],
    /// What only people can say; empty where nothing is left.
    pub(super) people: &'static str,
}

/// Where an answer comes from.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// The findings and the first numbers of a section.
    Section(&'static str),
    /// Name, version, kind of the model, and who answers for it.
    Identity,
    /// What the model is meant for and what not.
    Use,
    /// Rows, columns and fingerprints of the data.
    Data,
    /// Inputs and outputs of the model.
    Interface,
    /// Targets and verdicts on them.
    Targets,
    /// Metrics with their values.
    Metrics,
    /// Numbers of groups and cohorts.
    Groups,
    /// Cautions and known limits.
    Limits,
    /// Versions, seeds, fingerprints, and how to make it again.
    Provenance,
    /// Who wrote, looked through and approved it, and how that is proved.
    SignOff,
}

/// An item of an outline.
pub(super) const fn entry(id: &'static str, asks: &'static str, from: &'static [Answer], people: &'static str) -> Item {
    Item { id, asks, from, people }
}

pub(super) fn write(sources: &Sources<'_>, outline: &Outline) -> String {
    let name = text(&numbers::model_name(sources));
    let mut out = format!("# {}: {name}\n\n{}\n", outline.title, outline.about);
    let (n_answered, n) = answered(sources, outline);
    out.push_str(&format!(
        "\nOf {n} points, {n_answered} have something in this assessment. “**To be added**” marks what only people can say.\n"
    ));
    for chapter in outline.chapters {
        out.push_str(&format!("\n## {}\n", chapter.title));
        for item in chapter.items {
            out.push_str(&format!("\n### {} — {}\n\n", item.id, item.asks));
            for from in item.from {
                answer(&mut out, sources, *from);
            }
            if !item.people.is_empty() {
                out.push_str(&format!("- **To be added:** {}\n", item.people));
            }
        }
    }
    out.push_str(&format!(
        "\n---\n\nMade with Equipoise {} from the assessment `{}`.\n",
        sources.document.provenance.equipoise, sources.document_sha256
    ));
    out
}

fn answered(sources: &Sources<'_>, outline: &Outline) -> (usize, usize) {
    let items = || outline.chapters.iter().flat_map(|c| c.items);
    let has = |from: &Answer| match from {
        Answer::Section(id) => sources.document.section(id).is_some(),
        Answer::Use => sources.config.model.intended_use.is_some() || sources.config.model.not_for.is_some(),
        Answer::Targets => !sources.verdicts.is_empty(),
        Answer::Groups => !numbers::gaps(sources.document).is_empty(),
        _ => true,
    };
    (items().filter(|i| i.from.iter().any(has)).count(), items().count())
}

fn answer(out: &mut String, sources: &Sources<'_>, from: Answer) {
    let (document, config) = (sources.document, sources.config);
    let mut line = |label: &str, value: &str| out.push_str(&format!("- **{label}:** {value}\n"));
    match from {
        Answer::Section(id) => match document.section(id) {
            Some(section) => of_section(out, section),
            None => line("Not in this assessment", &format!("run it with the analysis `{id}` to have this part.")),
        },
        Answer::Identity => {
            line("Model", &text(&numbers::model_name(sources)));
            let given = [
                ("Version", &config.model.version),
                ("Provider", &config.people.organisation),
                ("Responsible", &config.people.author),
                ("Contact", &config.people.contact),
            ];
            for (label, value) in given {
                if let Some(value) = value {
                    line(label, &text(value));
                }
            }
            if let Some(model) = &document.model {
                line("Kind of model", &text(&format!("{} ({})", model.describes, model.format)));
            }
        }
        Answer::Use => {
            let given = [
                ("Summary", &config.model.summary),
                ("Intended use", &config.model.intended_use),
                ("Not for", &config.model.not_for),
            ];
            for (label, value) in given {
                if let Some(value) = value {
                    line(label, &prose(value));
                }
            }
        }
        Answer::Data => {
            for data in &document.datasets {
                let label = if data.part == "train" { "Training data" } else { "Data of this assessment" };
                line(label, &format!("{} rows, {} columns", parts::count(data.n_rows), data.columns.len()));
            }
            for input in document.provenance.inputs.iter().filter(|i| i.role != "model").take(10) {
                let sha256 = input.sha256.as_deref().unwrap_or("unknown");
                line("File", &format!("{} (SHA-256 `{sha256}`)", text(&input.name)));
            }
        }
        Answer::Interface => {
            if let Some(model) = &document.model {
                let names: Vec<&str> = model.features.iter().take(40).map(String::as_str).collect();
                let more = model.features.len().saturating_sub(names.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                line("Inputs", &text(&format!("{}{more}", names.join(", "))));
            }
            line("Output", &text(&numbers::task_words(document)));
        }
        Answer::Targets => targets(out, sources),
        Answer::Metrics => {
            for estimate in numbers::overall(document).into_iter().take(8) {
                line(&text(&parts::name_of(&estimate.id)), &parts::line(estimate));
            }
        }
        Answer::Groups => {
            let all: Vec<_> = numbers::gaps(document).into_iter().chain(numbers::of_cohorts(document)).collect();
            if all.is_empty() {
                line("Not in this assessment", "no sensitive columns and no cohorts were named.");
            }
            for estimate in all.into_iter().take(12) {
                line(&text(&parts::name_of(&estimate.id)), &parts::line(estimate));
            }
        }
        Answer::Limits => limits(out, sources),
        Answer::Provenance => {
            line(
                "Versions",
                &format!("Equipoise {}, document format {}", document.provenance.equipoise, document.schema_version),
            );
            line("Seed", &document.provenance.seed.to_string());
            line("Spec", &format!("SHA-256 `{}`", document.provenance.spec_sha256));
            if let Some(model) = numbers::input(document, "model") {
                let sha256 = model.sha256.as_deref().unwrap_or("unknown");
                line("Model file", &format!("{} (SHA-256 `{sha256}`)", text(&model.name)));
            }
            line("To make it again", "`equipoise reproduce DIR`; every number is compared");
        }
        Answer::SignOff => {
            let people = [
                ("Author", &config.people.author),
                ("Reviewer", &config.people.reviewer),
                ("Approval", &config.people.approver),
            ];
            for (label, name) in people {
                line(label, &name.as_ref().map_or_else(|| "not named".to_owned(), |name| text(name)));
            }
            if let Some(day) = numbers::day(sources) {
                line("Assessed on", day);
            }
            line("Proof", "`equipoise sign` and `equipoise verify` over this assessment");
        }
    }
}

fn of_section(out: &mut String, section: &Section) {
    const MOST: usize = 3;
    let told = parts::in_reading_order(&section.notes);
    let told = told.iter().filter(|n| matches!(n.level, Level::Concern | Level::Failure | Level::Finding)).take(MOST);
    let mut has_any = false;
    for note in told {
        has_any = true;
        out.push_str(&format!(
            "- **{}** ({}): {}\n",
            parts::level_word(note.level),
            text(&section.title),
            prose(&note.text)
        ));
    }
    if !has_any {
        for estimate in parts::headlines(section, MOST) {
            out.push_str(&format!("- **{}:** {}\n", text(&parts::name_of(&estimate.id)), parts::line(estimate)));
        }
    }
    let n = section.notes.len();
    out.push_str(&format!(
        "- {}: {} numbers, {} tables and {n} notes in the assessment's section `{}`\n",
        text(&section.title),
        parts::count(section.estimates.len() as u64),
        section.tables.len(),
        section.id
    ));
}

fn targets(out: &mut String, sources: &Sources<'_>) {
    const MOST: usize = 12;
    if sources.verdicts.is_empty() {
        out.push_str("- No targets were set; name them in the scorecard's configuration or in a policy.\n");
        return;
    }
    let n_missed = sources.verdicts.iter().filter(|v| v.outcome == Outcome::Fail).count();
    out.push_str(&format!("- **Targets:** {} set, {n_missed} not met\n", sources.verdicts.len()));
    let mut shown: Vec<_> = sources.verdicts.iter().collect();
    shown.sort_by_key(|v| std::cmp::Reverse(v.outcome));
    for verdict in shown.into_iter().take(MOST) {
        out.push_str(&format!("- {}: {}\n", verdict.outcome.word(), prose(&verdict.message)));
    }
}

fn limits(out: &mut String, sources: &Sources<'_>) {
    const MOST: usize = 8;
    for limit in &sources.config.limitations {
        out.push_str(&format!("- {}\n", prose(limit)));
    }
    let notes = numbers::notes(sources.document, &[Level::Failure, Level::Caution]);
    for (note, from) in notes.iter().take(MOST) {
        let from = if from.is_empty() { String::new() } else { format!(" ({})", text(from)) };
        out.push_str(&format!("- {}{from}\n", prose(&note.text)));
    }
    if let Some(n) = notes.len().checked_sub(MOST).filter(|n| *n > 0) {
        out.push_str(&format!("- {n} more cautions are in the assessment itself\n"));
    }
    if notes.is_empty() && sources.config.limitations.is_empty() {
        out.push_str("- The assessment found none; that is no proof that there are none.\n");
    }
}
