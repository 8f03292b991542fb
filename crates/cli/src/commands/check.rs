//! `equipoise check`

use anyhow::Result;
use equipoise_service::govern::{is_met, junit_xml, sarif_json, verdict_table};
use equipoise_service::views::{TerminalOptions, render_table};
use equipoise_service::{Asked, World, judge, write_file};

use crate::args::{Arguments, CheckArgs};
use crate::output::{Outcome, result, talk, terminal_options};

pub(crate) fn run(args: &CheckArgs, arguments: &Arguments) -> Result<Outcome> {
    let now = (World::real().now)();
    let asked = Asked { policy: args.policy.as_deref(), config: args.config.as_deref(), now: Some(&now) };
    let (policy, verdicts) = judge(&args.dir, &asked)?;
    let name = args.policy.as_ref().or(args.config.as_ref()).map(|p| p.display().to_string()).unwrap_or_default();
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
