//! `equipoise export`

use std::path::Path;

use anyhow::{Result, bail};
use equipoise_service::report::exports::Form;
use equipoise_service::views::dashboard::{Entry, static_page};
use equipoise_service::views::{Format, TerminalOptions, html, render};
use equipoise_service::{export, load, write_cohorts, write_file};

use crate::args::{ExportArgs, ExportForm};
use crate::output::{Outcome, result};

pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    if !args.with.is_empty() && !matches!(args.to, ExportForm::Html) {
        bail!(
            "`--with` puts further assessments into the dashboard only\nhint: add `--to html`, or leave `--with` out"
        );
    }
    let options = TerminalOptions { all: true, ..TerminalOptions::default() };
    let view = |format: Format| -> Result<String> { Ok(render(&load(&args.dir)?, None, None, format, &options)?) };
    let report = |form: Form| export(&args.dir, form, args.config.as_deref(), args.policy.as_deref());
    let text = match args.to {
        ExportForm::Html => dashboard_of(args)?,
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

/// The dashboard over one or more documents, named as their folders are.
fn dashboard_of(args: &ExportArgs) -> Result<String> {
    let mut documents = Vec::new();
    for (i, dir) in std::iter::once(&args.dir).chain(&args.with).enumerate() {
        documents.push((i.to_string(), name_of(dir), serde_json::to_string(&load(dir)?)?));
    }
    let entries: Vec<Entry<'_>> =
        documents.iter().map(|(id, name, document_json)| Entry { id, name, document_json }).collect();
    Ok(static_page(&entries)?)
}

fn name_of(dir: &Path) -> String {
    let name = dir.canonicalize().ok().and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| "assessment".to_owned())
}
