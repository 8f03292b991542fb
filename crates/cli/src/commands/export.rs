//! `equipoise export`

use anyhow::Result;
use equipoise_service::views::{Format, TerminalOptions, html, render};
use equipoise_service::{load, write_cohorts, write_file};

use crate::args::{ExportArgs, ExportForm};
use crate::output::{Outcome, result};

pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let document = load(&args.dir)?;
    let options = TerminalOptions { all: true, ..TerminalOptions::default() };
    let text = match args.to {
        ExportForm::Html => html(&document),
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
