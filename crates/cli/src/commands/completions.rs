//! `equipoise completions`

use anyhow::Result;
use clap::CommandFactory as _;

use crate::args::{Arguments, CompletionsArgs};
use crate::output::{Outcome, result};

pub(crate) fn run(args: &CompletionsArgs) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "equipoise", &mut script);
    result(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}
