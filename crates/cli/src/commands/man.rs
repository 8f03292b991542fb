//! `equipoise man`

use anyhow::Result;
use clap::CommandFactory as _;

use crate::args::{Arguments, ManArgs};
use crate::output::{Outcome, result};

pub(crate) fn run(_: &ManArgs) -> Result<Outcome> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    result(&String::from_utf8_lossy(&page))?;
    Ok(Outcome::Done)
}
