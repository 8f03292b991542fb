//! `equipoise export`

use std::path::Path;

use anyhow::Result;
use equipoise_service::document::Document;
use equipoise_service::report::exports::Form;
use equipoise_service::views::dashboard::{Entry, static_page};
use equipoise_service::views::{Format, TerminalOptions, html, render};
use equipoise_service::{export, load, write_cohorts, write_file};

use crate::args::{ExportArgs, ExportForm};
use crate::output::{Outcome, result};

pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let options = TerminalOptions { all: true, ..TerminalOptions::default() };
    let view = |format: Format| -> Result<String> { Ok(render(&load(&args.dir)?, None, None, format, &options)?) };
    let report = |form: Form| export(&args.dir, form, args.config.as_deref(), args.policy.as_deref());
    let text = match args.to {
        ExportForm::Html => dashboard_of(&args.dir, &load(&args.dir)?)?,
        ExportForm::Report => html(&load(&args.dir)?),
        ExportForm::Csv => view(Format::Csv)?,
        ExportForm::Json => view(Format::Json)?,
        ExportForm::Md => view(Format::Markdown)?,
        ExportForm::RaiCohorts => write_cohorts(&load(&args.dir)?)?,
        ExportForm::ModelCard => report(Form::ModelCard)?,
        ExportForm::ModelCardJson => report(Form::ModelCardJson)?,
        ExportForm::AnnexIv => report(Form::AnnexIv)?,
        ExportForm::MlBom => report(Form::MlBom)?,
        ExportForm::NistAiRmf => report(Form::NistAiRmf)?,
        ExportForm::Iso42001 => report(Form::Iso42001)?,
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
