//! Sheets of paper: a card's content through the typesetter to a tagged PDF.
//!
//! The content is handed to the template as data, never as markup, so no name in a data set can be read as a command.

mod glyphs;
mod world;

use std::collections::BTreeMap;

use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

pub(crate) use glyphs::{Fonts, LONGEST_IN_CELL, LONGEST_IN_TEXT, Scribe};
use world::Paper;

use crate::ReportError;

/// Pictures and the like that the template opens by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What the document says of itself in its metadata.
pub(crate) struct Imprint {
    /// Identifies the document: the same for the same content.
    pub(crate) identity: String,
    /// When the assessment was made, in UTC: year, month, day, hour, minute, second.
    pub(crate) date: Option<[u16; 6]>,
}

/// A PDF and how many pages it has.
pub(crate) struct Typeset {
    pub(crate) bytes: Vec<u8>,
    pub(crate) n_pages: usize,
}

/// Typesets content: tagged, PDF/UA-1 and PDF/A-2a, the same bytes for the same content.
pub(crate) fn pdf(content: String, files: Files, fonts: &Fonts, imprint: &Imprint) -> Result<Typeset, ReportError> {
    let paper = Paper::new(content, files, fonts);
    let document: PagedDocument = typst::compile(&paper).output.map_err(|errors| trouble(&errors))?;
    let standards = PdfStandards::new(&[PdfStandard::Ua_1, PdfStandard::A_2a])
        .map_err(|error| ReportError::Typeset(error.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(imprint.identity.clone()),
        creator: Smart::Custom(Some(format!("Equipoise {}", env!("CARGO_PKG_VERSION")))),
        timestamp: imprint.date.and_then(timestamp),
        standards,
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|errors| trouble(&errors))?;
    let n_pages = document.pages().len();
    drop(document);
    // A server makes many: what one document left in the typesetter's memory is of no use to the next.
    typst::comemo::evict(0);
    Ok(Typeset { bytes, n_pages })
}

fn timestamp([year, month, day, hour, minute, second]: [u16; 6]) -> Option<Timestamp> {
    let small = |x: u16| u8::try_from(x).ok();
    let date = Datetime::from_ymd_hms(
        i32::from(year),
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
    )?;
    Some(Timestamp::new_utc(date))
}

fn trouble(errors: &[SourceDiagnostic]) -> ReportError {
    let said: Vec<String> = errors.iter().take(3).map(|e| e.message.to_string()).collect();
    ReportError::Typeset(said.join("; "))
}
