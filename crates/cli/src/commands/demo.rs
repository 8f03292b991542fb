//! `equipoise demo`

use anyhow::Result;
use equipoise_service::views::{Format, render};
use equipoise_service::{DOCUMENT_FILE, REPORT_FILE, assess, check_output, sample, save};

use crate::args::{Arguments, DemoArgs};
use crate::output::{Outcome, result, talk, terminal_options};
use crate::progress::world;

pub(crate) fn run(args: &DemoArgs, arguments: &Arguments) -> Result<Outcome> {
    let dir = &args.output;
    // The demo may be run again over its own result.
    let force = dir.join(DOCUMENT_FILE).is_file();
    check_output(dir, force)?;
    let mut world = world(arguments.quiet);
    let sample = sample::unpack()?;
    world.root = sample.path().to_path_buf();
    let assessment = assess(&sample::spec()?, &world)?;
    drop(world);
    save(&assessment, dir, force)?;
    result(&render(&assessment.document, None, None, Format::Table, &terminal_options(arguments))?)?;
    let shown = dir.display();
    talk(&format!("\nreport:  {}", dir.join(REPORT_FILE).display()));
    talk(&format!("details: equipoise show {shown} fairness"));
    talk(&format!("browser: equipoise open {shown}"));
    Ok(Outcome::of_run(&assessment.document))
}
