//! `equipoise check`

use anyhow::Result;
use equipoise_service::govern::{is_met, junit_xml, sarif_json, verdict_table};
use equipoise_service::views::{TerminalOptions, render_table};
use equipoise_service::{Asked, TrustFiles, World, judge, write_file};

use crate::args::{Arguments, CheckArgs};
use crate::output::{Outcome, result, talk, terminal_options};

pub(crate) fn run(args: &CheckArgs, arguments: &Arguments) -> Result<Outcome> {
    let asked = Asked {
        policy: args.policy.as_deref(),
        config: args.config.as_deref(),
        signatures: &args.signatures,
        trust: TrustFiles { keys: &args.trust.keys, authorities: &args.trust.authorities },
    };
    let judged = judge(&args.dir, &asked, &World::real())?;
    let name = args.policy.as_ref().or(args.config.as_ref()).map(|p| p.display().to_string()).unwrap_or_default();
    // Evidence first: it should be there when the exit code says no.
    if let Some(path) = &args.junit {
        write_file(path, junit_xml(&judged.verdicts, &name).as_bytes(), true)?;
    }
    if let Some(path) = &args.sarif {
        write_file(path, sarif_json(&judged.verdicts, &judged.policy, &name).as_bytes(), true)?;
    }
    let options = TerminalOptions { all: true, ..terminal_options(arguments) };
    result(&render_table(&verdict_table(&judged.verdicts), args.format.into(), &options)?)?;
    for trouble in &judged.troubles {
        talk(&format!("note: a signature does not count: {trouble}"));
    }
    if is_met(&judged.verdicts) {
        Ok(Outcome::Done)
    } else {
        talk("the policy is not met");
        Ok(Outcome::PolicyNotMet)
    }
}
