//! `equipoise reproduce`

use anyhow::Result;
use equipoise_service::views::render_table;
use equipoise_service::{Moved, reproduce};

use crate::args::{Arguments, ReproduceArgs};
use crate::output::{Outcome, result, talk, terminal_options};
use crate::progress::world;

pub(crate) fn run(args: &ReproduceArgs, arguments: &Arguments) -> Result<Outcome> {
    let mut world = world(arguments.quiet);
    if let Some(root) = &args.root {
        world.root.clone_from(root);
    }
    let moved = Moved { data: args.data.clone(), train: args.train.clone(), model: args.model.clone() };
    let again = reproduce(&args.dir, &moved, &world)?;
    drop(world);
    for input in &again.inputs {
        talk(&format!("note: {input}"));
    }
    if let Some((before, now)) = &again.versions {
        talk(&format!("note: it was made with equipoise {before}; this is {now}"));
    }
    let n = again.n_numbers;
    if again.is_same() {
        let bytes = if again.same_bytes {
            "; the document is the same to the byte"
        } else {
            "; other parts of the document are not"
        };
        talk(&format!("all {n} numbers came out the same{bytes}"));
        return Ok(Outcome::Done);
    }
    result(&render_table(&again.table(), args.format.into(), &terminal_options(arguments))?)?;
    talk(&format!("{} of {n} numbers came out otherwise", again.differing.len()));
    Ok(Outcome::PolicyNotMet)
}
