//! `equipoise schema`

use anyhow::Result;
use equipoise_service::schema;

use crate::args::SchemaArgs;
use crate::output::{Outcome, result};

pub(crate) fn run(args: &SchemaArgs) -> Result<Outcome> {
    // The interface of the page is described by the server, which the service does not know.
    let text =
        if args.of == "api" { serde_json::to_string_pretty(&equipoise_server::openapi())? } else { schema(&args.of)? };
    result(&text)?;
    Ok(Outcome::Done)
}
