//! What the card was made from, and how to make it again.

use equipoise_views::parts;

use super::desk::Desk;
use super::node::{CellText, Head, Node, Prose};

/// Inputs and files in the tables at most.
const MOST: usize = 20;
/// Lines of the spec at most.
const MOST_LINES: usize = 48;

pub(super) fn write(desk: &mut Desk<'_>) {
    desk.heading(1, "Provenance");
    let says = desk.say("The same spec and the same inputs give the same numbers again.");
    desk.paragraph(&says);
    let made = &desk.document.provenance;
    let level = format!("{} %", desk.document.spec.level() * 100.0);
    let facts = [
        ("Equipoise", made.equipoise.clone()),
        ("Document format", desk.document.schema_version.clone()),
        ("Seed", made.seed.to_string()),
        ("Level of intervals", level),
        ("SHA-256 of the assessment", format!("`{}`", desk.assets.document_sha256)),
        ("SHA-256 of the spec", format!("`{}`", made.spec_sha256)),
    ];
    let rows: Vec<(Prose, Prose)> =
        facts.iter().map(|(label, value)| (desk.name(&desk.say(label)), desk.prose(value))).collect();
    desk.push(Node::Facts { rows });
    inputs(desk);
    artifacts(desk);
    desk.heading(2, "How to make it again");
    let says = desk.say(
        "`equipoise reproduce DIR` runs the stored spec on the same inputs and says of every number whether it came out the same. \
         The spec:",
    );
    desk.paragraph(&says);
    let spec = serde_json::to_string_pretty(&desk.document.spec).unwrap_or_default();
    let mut lines: Vec<String> = spec.lines().map(|line| shortened(&desk.plain_line(line))).collect();
    let n_more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if n_more > 0 {
        lines.push(desk.fill("… {n} more lines are in the assessment itself", &[("n", n_more.to_string())]));
    }
    desk.push(Node::Code { text: lines.join("\n") });
}

/// A line that has room on the paper.
fn shortened(line: &str) -> String {
    const MOST: usize = 96;
    if line.chars().count() <= MOST {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(MOST).collect::<String>())
    }
}

fn inputs(desk: &mut Desk<'_>) {
    let inputs = &desk.document.provenance.inputs;
    let rows: Vec<[String; 4]> = inputs
        .iter()
        .map(|i| {
            [
                i.role.clone(),
                i.name.clone(),
                i.bytes.map(parts::count).unwrap_or_default(),
                i.sha256.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(desk, "What was read", ["Role", "Name", "Bytes", "SHA-256"], &rows);
}

fn artifacts(desk: &mut Desk<'_>) {
    let files = &desk.document.artifacts;
    let rows: Vec<[String; 4]> =
        files.iter().map(|a| ["result".to_owned(), a.name.clone(), parts::count(a.n_rows), a.sha256.clone()]).collect();
    table(desk, "Files beside the assessment", ["Role", "Name", "Rows", "SHA-256"], &rows);
}

fn table(desk: &mut Desk<'_>, title: &str, heads: [&str; 4], all: &[[String; 4]]) {
    if all.is_empty() {
        return;
    }
    let shares = [0, 2, 0, 4];
    let columns = heads.iter().zip(shares).enumerate();
    let columns: Vec<Head> =
        columns.map(|(i, (head, share))| Head { title: desk.name(&desk.say(head)), numeric: i == 2, share }).collect();
    let rows = all.iter().take(MOST).map(|cells| {
        let cell = |(i, text): (usize, &String)| {
            let text = if i == 3 && !text.is_empty() { desk.prose(&format!("`{text}`")) } else { desk.name(text) };
            CellText { text, ..CellText::default() }
        };
        cells.iter().enumerate().map(cell).collect()
    });
    let rows = rows.collect();
    let mut legend = Vec::new();
    if all.len() > MOST {
        let says = desk.fill("{n} more rows are in the assessment itself.", &[("n", (all.len() - MOST).to_string())]);
        legend.push(desk.prose(&says));
    }
    let title = desk.name(&desk.say(title));
    desk.push(Node::Table { title, columns, rows, legend });
}
