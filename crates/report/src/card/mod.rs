//! The scorecard: what a document says, in the order in which people who will never open a notebook read it.

mod cohorts;
mod data;
mod desk;
mod errors;
mod explain;
mod fairness;
mod generic;
mod limits;
mod node;
mod opening;
mod performance;
mod provenance;
mod rows;
mod sign_off;
mod targets;
mod terms;

use equipoise_document::{Document, Level, Note};
use equipoise_govern::Verdict;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::tongue::Tongue;
use crate::typeset::{self, Fonts, Imprint, Scribe};
use crate::{Config, ReportError};
use desk::Desk;
use node::{Node, Prose};

/// Letters of the title at the head of every page at most.
const MOST_RUNNING: usize = 80;

/// What the caller read from files and clocks.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// Name and bytes of the logo.
    pub logo: Option<(String, Vec<u8>)>,
    /// Names and bytes of fonts, in the order in which letters are looked for.
    pub fonts: Vec<(String, Vec<u8>)>,
    /// When the assessment was finished, in RFC 3339.
    pub date: Option<String>,
    /// SHA-256 of the document's bytes, in hexadecimal digits.
    pub document_sha256: String,
}

/// A finished scorecard.
#[derive(Clone, Debug)]
pub struct Scorecard {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// Number of pages.
    pub n_pages: usize,
    /// What the reader is told about the card itself, such as letters that no font has.
    pub notes: Vec<Note>,
}

/// The words and numbers of a card, as the template reads them.
#[derive(Serialize)]
struct Content<'a> {
    title: String,
    /// The title with places to break it.
    heading: Prose,
    genre: String,
    running: String,
    maker: String,
    date: String,
    description: String,
    authors: Vec<String>,
    keywords: Vec<String>,
    look: Look<'a>,
    nodes: Vec<Node>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Look<'a> {
    accent: &'a str,
    pass: &'a str,
    warn: &'a str,
    fail: &'a str,
    paper: &'a str,
    lang: &'a str,
    families: Vec<String>,
    logo: Option<String>,
    logo_alt: String,
}

/// Makes a scorecard of a document and the verdicts on it. The same arguments give the same bytes.
///
/// # Errors
/// When the configuration names what the document does not have, or logo or fonts cannot be used.
pub fn scorecard(
    document: &Document,
    verdicts: &[Verdict],
    config: &Config,
    assets: &Assets,
) -> Result<Scorecard, ReportError> {
    // The names are checked here too, for callers that bring verdicts of their own.
    config.policy(document)?;
    let fonts = Fonts::with(&assets.fonts)?;
    let tongue = Tongue::new(&config.look.language, &config.look.words);
    let mut desk = Desk::new(document, verdicts, config, assets, &tongue, Scribe::new(&fonts));
    opening::write(&mut desk);
    for section in &config.sections {
        write_section(&mut desk, section);
    }
    let mut notes = desk.notes();
    if !tongue.is_known() {
        let text = format!(
            "The fixed words of the card are in English: there are none for `{}`. Give them under `look.words`.",
            config.look.language
        );
        notes.push(Note::new(Level::Caution, "no_words", text));
    }
    let look = Look {
        accent: &config.look.accent,
        pass: &config.look.pass,
        warn: &config.look.warn,
        fail: &config.look.fail,
        paper: &config.look.paper,
        lang: &config.look.language,
        families: fonts.families(),
        logo: desk.logo()?,
        logo_alt: desk.plain(config.look.logo_alt.as_deref().unwrap_or("Logo")),
    };
    let name = opening::title(&desk);
    let title = desk.plain(&name);
    let heading = desk.name(&name);
    let running = match title.char_indices().nth(MOST_RUNNING) {
        Some((at, _)) => format!("{}…", title.get(..at).unwrap_or_default()),
        None => title.clone(),
    };
    let people = [&config.people.author, &config.people.organisation];
    let authors = people.into_iter().flatten().map(|name| desk.plain(name)).collect();
    let content = Content {
        genre: tongue.say("Responsible AI scorecard"),
        running,
        heading,
        maker: desk.maker(),
        date: desk.date(),
        description: equipoise_views::parts::title(document),
        title,
        authors,
        keywords: vec!["responsible AI".to_owned(), "model assessment".to_owned()],
        look,
        nodes: desk.take_nodes(),
    };
    let text = serde_json::to_string(&content)?;
    let imprint = Imprint {
        identity: format!("{}-{}", assets.document_sha256, hex::encode(Sha256::digest(text.as_bytes()))),
        date: assets.date.as_deref().and_then(moment),
    };
    let made = typeset::pdf(text, desk.into_files(), &fonts, &imprint)?;
    Ok(Scorecard { pdf: made.bytes, n_pages: made.n_pages, notes })
}

fn write_section(desk: &mut Desk<'_>, section: &str) {
    match section {
        "summary" => opening::summary(desk),
        "targets" => targets::write(desk),
        "performance" => performance::write(desk),
        "data" => data::write(desk),
        "cohorts" => cohorts::write(desk),
        "errors" => errors::write(desk),
        "fairness" => fairness::write(desk),
        "importance" => explain::write(desk),
        "counterfactuals" => generic::named(desk, "counterfactuals", "Counterfactual examples", 6),
        "causal" => generic::named(desk, "causal", "Causal effects", 8),
        "other" => generic::others(desk),
        "limitations" => limits::write(desk),
        "terms" => terms::write(desk),
        "provenance" => provenance::write(desk),
        _ => sign_off::write(desk),
    }
}

/// Year, month, day, hour, minute and second of a time in RFC 3339.
fn moment(text: &str) -> Option<[u16; 6]> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let civil = time.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let small = |x: i8| u16::try_from(x).ok();
    Some([
        u16::try_from(civil.year()).ok()?,
        small(civil.month())?,
        small(civil.day())?,
        small(civil.hour())?,
        small(civil.minute())?,
        small(civil.second())?,
    ])
}
