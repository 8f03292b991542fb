//! `equipoise compare`

use anyhow::Result;
use equipoise_service::compare;
use equipoise_service::govern::comparison_table;
use equipoise_service::views::{TerminalOptions, render_table};

use crate::args::{Arguments, CompareArgs};
use crate::output::{Outcome, result, talk, terminal_options};

pub(crate) fn run(args: &CompareArgs, arguments: &Arguments) -> Result<Outcome> {
    let comparison = compare(&args.a, &args.b)?;
    for note in &comparison.notes {
        talk(&format!("note: {}", note.text));
    }
    let options = TerminalOptions { all: args.all, ..terminal_options(arguments) };
    result(&render_table(&comparison_table(&comparison), args.format.into(), &options)?)?;
    Ok(Outcome::Done)
}
