//! `equipoise schema`

use anyhow::Result;
use equipoise_service::schema;

use crate::args::SchemaArgs;
use crate::output::{Outcome, result};

pub(crate) fn run(args: &SchemaArgs) -> Result<Outcome> {
    result(&schema(&args.of)?)?;
    Ok(Outcome::Done)
}
