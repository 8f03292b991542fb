//! `equipoise check`

use anyhow::Result;
use equipoise_service::govern::{is_met, junit_xml, sarif_json, verdict_table};
use equipoise_service::views::{TerminalOptions, render_table};
use equipoise_service::{check, write_file};

use crate::args::{Arguments, CheckArgs};
use crate::output::{Outcome, result, talk, terminal_options};

pub(crate) fn run(args: &CheckArgs, arguments: &Arguments) -> Result<Outcome> {
    let (policy, verdicts) = check(&args.dir, &args.policy)?;
    let name = args.policy.display().to_string();
    // Evidence first: it should be there when the exit code says no.
    if let Some(path) = &args.junit {
        write_file(path, junit_xml(&verdicts, &name).as_bytes(), true)?;
    }
    if let Some(path) = &args.sarif {
        write_file(path, sarif_json(&verdicts, &policy, &name).as_bytes(), true)?;
    }
    let options = TerminalOptions { all: true, ..terminal_options(arguments) };
    result(&render_table(&verdict_table(&verdicts), args.format.into(), &options)?)?;
    if is_met(&verdicts) {
        Ok(Outcome::Done)
    } else {
        talk("the policy is not met");
        Ok(Outcome::PolicyNotMet)
    }
}
