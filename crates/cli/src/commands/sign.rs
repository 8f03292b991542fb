//! `equipoise sign`

use anyhow::Result;
use equipoise_service::report::evidence::Role;
use equipoise_service::{SignSpec, sign, write_file};

use crate::args::{Arguments, RoleArg, SignArgs};
use crate::output::{Outcome, result, talk};
use crate::progress::world;

pub(crate) fn run(args: &SignArgs, arguments: &Arguments) -> Result<Outcome> {
    let spec = SignSpec {
        key: args.key.clone(),
        chain: args.chain.as_deref(),
        with: &args.with,
        role: match args.role {
            RoleArg::Author => Role::Author,
            RoleArg::Reviewer => Role::Reviewer,
            RoleArg::Approver => Role::Approver,
        },
        name: args.name.clone(),
        comment: args.comment.clone(),
    };
    let envelope = sign(&args.dir, &spec, &world(arguments.quiet))?;
    if args.output.as_os_str() == "-" {
        result(&envelope)?;
    } else {
        write_file(&args.output, envelope.as_bytes(), args.force)?;
        talk(&format!(
            "signed; verify it with: equipoise verify {} --signature {} --key KEY",
            args.dir.display(),
            args.output.display()
        ));
    }
    Ok(Outcome::Done)
}
