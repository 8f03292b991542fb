//! `equipoise verify`

use anyhow::{Result, anyhow};
use equipoise_service::views::{TerminalOptions, render_table};
use equipoise_service::{TrustFiles, verify};

use crate::args::{Arguments, VerifyArgs};
use crate::output::{Outcome, result, talk, terminal_options};
use crate::progress::world;

pub(crate) fn run(args: &VerifyArgs, arguments: &Arguments) -> Result<Outcome> {
    if args.trust.keys.is_empty() && args.trust.authorities.is_empty() {
        return Err(anyhow!(
            "nobody is trusted\nhint: name the signer's public key with `--key FILE`, or an authority's certificate with `--ca FILE`"
        ));
    }
    let trust = TrustFiles { keys: &args.trust.keys, authorities: &args.trust.authorities };
    let verification = verify(&args.dir, &args.signature, &args.with, trust, &world(arguments.quiet))?;
    let options = TerminalOptions { all: true, ..terminal_options(arguments) };
    result(&render_table(&verification.table(), args.format.into(), &options)?)?;
    let said = &verification.verified.statement.predicate;
    let name = verification.verified.certified_name.as_ref().or(said.name.as_ref());
    let name = name.map(|n| format!(" by {n}")).unwrap_or_default();
    talk(&format!(
        "signed{name} as {} on {} with the key {}",
        said.role.word(),
        said.signed,
        verification.verified.key
    ));
    if let Some(comment) = &said.comment {
        talk(&format!("comment: {comment}"));
    }
    for change in &verification.changes {
        talk(&format!("changed: {change}"));
    }
    if verification.is_intact() {
        talk("the signature is valid, and everything that was signed is the same");
        Ok(Outcome::Done)
    } else {
        talk("the signature is valid, but not everything that was signed is the same");
        Ok(Outcome::PolicyNotMet)
    }
}
