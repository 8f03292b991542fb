//! From many judged gaps to a few notes that a person reads.
//!
//! One note for each family of metrics and column; columns without anything to worry about share one, and so do all
//! crossings and all cohorts. Nothing is lost: the table `findings` holds every gap, and a note names all of its own.

use std::collections::BTreeMap;

use equipoise_document::{EstimateId, Level, Note, Table, TableColumn};

use super::findings::{About, Family, Finding, Verdict};

/// Gaps that are named after the first one; the rest are counted.
const MOST_NAMED: usize = 4;

/// The notes, in the order of telling: by one column, crossings, cohorts, and what rests on few rows alone.
pub(super) fn notes(findings: &[Finding]) -> Vec<Note> {
    let mut by_groups: BTreeMap<(&About, Family), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_groups.entry((&finding.about, finding.family)).or_default().push(finding);
    }
    let mut by_note: BTreeMap<(bool, About, Family), Vec<&Finding>> = BTreeMap::new();
    for ((about, family), all) in by_groups {
        let is_calm = all.iter().all(|f| f.verdict != Verdict::Beyond);
        let about = match about {
            // The empty name stands for all columns that give no cause for concern.
            About::Column(_) if is_calm => About::Column(String::new()),
            about => about.clone(),
        };
        by_note.entry((all.iter().all(|f| f.small), about, family)).or_default().extend(all);
    }
    let mut notes: Vec<(bool, u8, f64, Note)> = by_note
        .into_iter()
        .filter_map(|((is_small, about, family), mut of_note)| {
            of_note.sort_by(|a, b| a.order(b));
            let rank = match about {
                About::Column(_) => 0,
                About::Crossing => 1,
                About::Cohort => 2,
            };
            Some((is_small, rank, of_note.first()?.weight, tell(&about, family, &of_note)?))
        })
        .collect();
    notes.sort_by(|a, b| {
        let level = |note: &Note| note.level != Level::Concern;
        (level(&a.3), a.0, a.1).cmp(&(level(&b.3), b.0, b.1)).then(b.2.total_cmp(&a.2))
    });
    notes.into_iter().map(|(.., note)| note).collect()
}

/// One note out of findings, the first to be told in full.
fn tell(about: &About, family: Family, findings: &[&Finding]) -> Option<Note> {
    let (first, others) = findings.split_first()?;
    let is_alone = findings.iter().all(|f| f.slice == first.slice);
    let p = if first.p.is_empty() { String::new() } else { format!(" ({})", first.p) };
    let verdict = match first.verdict {
        Verdict::Open => "the data cannot tell whether this is more than is tolerated",
        Verdict::Beyond => "this is more than is tolerated",
        Verdict::Within => "this is within what is tolerated",
    };
    let few = if first.small { ", on few rows" } else { "" };
    let mut text = format!("{} by {}: {}; {verdict}{p}{few}.", first.metric, first.slice, first.told);
    let mut say = |verdict: Verdict, small: bool, lead: &str| {
        let of: Vec<&&Finding> = others.iter().filter(|f| f.verdict == verdict && f.small == small).collect();
        if of.is_empty() {
            return;
        }
        let name = |f: &&&Finding| {
            let by = if is_alone { String::new() } else { format!(" by {}", f.slice) };
            format!("{}{by} ({})", in_sentence(&f.metric), f.gap)
        };
        // What rests on few rows and is no concern is counted where there are many.
        let most = if small && verdict != Verdict::Beyond && of.len() > MOST_NAMED { 0 } else { MOST_NAMED };
        let mut named: Vec<String> = of.iter().take(most).map(name).collect();
        if of.len() > most {
            named.push(format!("{}{} gaps", of.len() - most, if most > 0 { " more" } else { "" }));
        }
        text.push_str(&format!(" {lead}: {}.", named.join("; ")));
    };
    say(Verdict::Beyond, false, "Also more than is tolerated");
    say(Verdict::Open, false, "The data cannot tell");
    say(Verdict::Within, false, "Within what is tolerated");
    say(Verdict::Beyond, true, "On few rows, more than is tolerated");
    say(Verdict::Open, true, "On few rows, the data cannot tell");
    say(Verdict::Within, true, "On few rows, within what is tolerated");
    let beyond = findings.iter().filter(|f| f.verdict == Verdict::Beyond).count();
    if !matches!(about, About::Column(_)) && findings.len() > 1 {
        let of = if *about == About::Cohort { "within cohorts" } else { "between crossed groups" };
        text = format!("{beyond} of {} gaps {of} are more than is tolerated. {text}", findings.len());
    }
    let level = if beyond > 0 { Level::Concern } else { Level::Finding };
    let ids = findings.iter().flat_map(|f| [Some(f.difference.clone()), f.ratio.clone()]).flatten();
    Some(Note::new(level, &format!("gap_{}", family.code()), text).about(ids))
}

/// The table of all findings, in the order of telling.
pub(super) fn table(findings: &[Finding]) -> Table {
    let mut all: Vec<&Finding> = findings.iter().collect();
    all.sort_by(|a, b| a.order(b));
    let groups = |pick: fn(&(String, String)) -> &String| {
        all.iter()
            .map(move |f| f.groups.as_ref().map_or_else(|| "–".to_owned(), |g| pick(g).clone()))
            .collect::<Vec<_>>()
    };
    let ids = |pick: fn(&Finding) -> Option<EstimateId>| all.iter().map(|f| pick(f)).collect::<Vec<_>>();
    Table::new("findings", "Every gap that was judged")
        .column(TableColumn::text("metric", "Metric", all.iter().map(|f| f.metric.clone())))
        .column(TableColumn::text("grouping", "Grouping", all.iter().map(|f| f.slice.clone())))
        .column(TableColumn::estimate("difference", "Difference", ids(|f| Some(f.difference.clone()))))
        .column(TableColumn::estimate("ratio", "Ratio", ids(|f| f.ratio.clone())))
        .column(TableColumn::text("highest", "Highest group", groups(|g| &g.0)))
        .column(TableColumn::text("lowest", "Lowest group", groups(|g| &g.1)))
        .column(TableColumn::text("verdict", "Verdict", all.iter().map(|f| f.verdict.says())))
        .column(TableColumn::boolean("small", "Few rows", all.iter().map(|f| Some(f.small))))
}

/// A title within a sentence: `Error rate` as `error rate`, `ROC AUC` as it is.
pub(super) fn in_sentence(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => title.to_owned(),
    }
}
