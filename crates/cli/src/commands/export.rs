//! `equipoise export`

use std::path::Path;

use anyhow::Result;
use equipoise_service::document::Document;
use equipoise_service::views::dashboard::{Entry, static_page};
use equipoise_service::views::{Format, TerminalOptions, html, render};
use equipoise_service::{load, write_cohorts, write_file};

use crate::args::{ExportArgs, ExportForm};
use crate::output::{Outcome, result};

pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let document = load(&args.dir)?;
    let options = TerminalOptions { all: true, ..TerminalOptions::default() };
    let text = match args.to {
        ExportForm::Html => dashboard_of(&args.dir, &document)?,
        ExportForm::Report => html(&document),
        ExportForm::Csv => render(&document, None, None, Format::Csv, &options)?,
        ExportForm::Json => render(&document, None, None, Format::Json, &options)?,
        ExportForm::Md => render(&document, None, None, Format::Markdown, &options)?,
        ExportForm::RaiCohorts => write_cohorts(&document)?,
    };
    if args.output.as_os_str() == "-" {
        result(&text)?;
    } else {
        write_file(&args.output, text.as_bytes(), args.force)?;
    }
    Ok(Outcome::Done)
}

/// The dashboard, named as the folder is.
fn dashboard_of(dir: &Path, document: &Document) -> Result<String> {
    let name = dir.canonicalize().ok().and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()));
    let json = render(document, None, None, Format::Json, &TerminalOptions::default())?;
    let entry = Entry { id: "0", name: name.as_deref().unwrap_or("assessment"), document_json: &json };
    Ok(static_page(&[entry])?)
}
