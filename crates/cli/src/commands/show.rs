//! `equipoise show`

use anyhow::Result;
use equipoise_service::load;
use equipoise_service::views::{TerminalOptions, render};

use crate::args::{Arguments, ShowArgs};
use crate::output::{Outcome, result, terminal_options};

pub(crate) fn run(args: &ShowArgs, arguments: &Arguments) -> Result<Outcome> {
    let document = load(&args.dir)?;
    let options = TerminalOptions { all: args.all, ..terminal_options(arguments) };
    result(&render(&document, args.section.as_deref(), args.table.as_deref(), args.format.into(), &options)?)?;
    Ok(Outcome::Done)
}
