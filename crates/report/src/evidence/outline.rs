//! Where a document was changed: a short digest of each of its parts.
//!
//! Each part is a list of items (an estimate, a table, a note), and each item has 48 bits of its SHA-256. That is enough to point
//! at what differs and short enough to sign; whether anything differs at all is decided by the whole file's digest.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use equipoise_document::Document;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Digests of the items of each part, eight characters each, one after the other.
pub(super) type Outline = BTreeMap<String, String>;

/// Characters of an item's digest.
const WIDTH: usize = 8;
/// Changed items that are named of one part.
const MOST_NAMED: usize = 12;

/// A part's items: a name for people, and the digest.
type Items = Vec<(String, String)>;

pub(super) fn of(document: &Document) -> Outline {
    let joined = |items: Items| items.into_iter().map(|(_, digest)| digest).collect::<String>();
    parts(document).into_iter().map(|(part, items)| (part, joined(items))).collect()
}

/// What is not as it was, in words.
pub(super) fn changes(signed: &Outline, document: &Document) -> Vec<String> {
    let now = parts(document);
    let mut out = Vec::new();
    for (part, items) in &now {
        let Some(before) = signed.get(part) else {
            out.push(format!("{part}: it was not there when it was signed"));
            continue;
        };
        let before = digests(before);
        let new: Vec<&str> = items
            .iter()
            .filter(|(_, digest)| !before.contains(&digest.as_str()))
            .map(|(name, _)| name.as_str())
            .collect();
        let n_gone = before.iter().filter(|b| items.iter().all(|(_, digest)| digest != *b)).count();
        if !new.is_empty() {
            let named: Vec<String> = new.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
            let more = new.len().saturating_sub(MOST_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            out.push(format!("{part}: changed or added: {}{more}", named.join(", ")));
        }
        let n_removed = (before.len()).saturating_sub(items.len());
        if n_removed > 0 {
            out.push(format!("{part}: {n_removed} of {} items were removed", before.len()));
        } else if new.is_empty() && n_gone == 0 && before.iter().zip(items).any(|(b, (_, digest))| b != digest) {
            out.push(format!("{part}: the order was changed"));
        }
    }
    for part in signed.keys().filter(|part| !now.contains_key(*part)) {
        out.push(format!("{part}: it was removed"));
    }
    out
}

fn digests(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((one, after)) = rest.split_at_checked(WIDTH) {
        out.push(one);
        rest = after;
    }
    out
}

fn parts(document: &Document) -> BTreeMap<String, Items> {
    let mut out: BTreeMap<String, Items> = BTreeMap::new();
    let one = |name: &str, digest: String| vec![(name.to_owned(), digest)];
    out.insert("spec".to_owned(), one("spec", short(&document.spec)));
    out.insert("provenance".to_owned(), one("provenance", short(&document.provenance)));
    out.insert("data".to_owned(), one("data", short(&(&document.datasets, &document.classes, document.task))));
    out.insert("model".to_owned(), one("model", short(&document.model)));
    out.insert("cohorts".to_owned(), document.cohorts.iter().map(|c| (c.name.clone(), short(c))).collect());
    out.insert("notes".to_owned(), document.notes.iter().map(|n| (n.code.clone(), short(n))).collect());
    out.insert("files".to_owned(), document.artifacts.iter().map(|a| (a.name.clone(), short(a))).collect());
    for section in &document.sections {
        let id = &section.id;
        let about = (&section.id, &section.title, &section.question);
        out.insert(format!("section {id}"), one("title and question", short(&about)));
        out.insert(format!("section {id}, notes"), section.notes.iter().map(|n| (n.code.clone(), short(n))).collect());
        let estimates = section.estimates.iter().map(|e| (e.id.to_string(), short(e)));
        out.insert(format!("section {id}, numbers"), estimates.collect());
        out.insert(format!("section {id}, tables"), section.tables.iter().map(|t| (t.id.clone(), short(t))).collect());
        out.insert(
            format!("section {id}, pictures"),
            section.blocks.iter().map(|b| (b.id.clone(), short(b))).collect(),
        );
    }
    out
}

/// Eight characters of base 64: 48 bits of the SHA-256 of the value as JSON.
fn short(value: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let digest = Sha256::digest(&bytes);
    STANDARD.encode(digest.get(..6).unwrap_or_default())
}
