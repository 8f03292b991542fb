//! `equipoise scorecard`

use anyhow::Result;
use equipoise_service::govern::Outcome as Judged;
use equipoise_service::{CardSpec, scorecard, write_file};

use crate::args::ScorecardArgs;
use crate::output::{Outcome, bytes, talk};

pub(crate) fn run(args: &ScorecardArgs) -> Result<Outcome> {
    let spec = CardSpec {
        config: args.config.as_deref(),
        policy: args.policy.as_deref(),
        cohorts: args.cohort_file.as_deref(),
        fonts: &args.fonts,
    };
    let (card, verdicts) = scorecard(&args.dir, &spec)?;
    for note in &card.notes {
        talk(&format!("note: {}", note.text));
    }
    let n_missed = verdicts.iter().filter(|v| v.outcome == Judged::Fail).count();
    let targets = match (verdicts.len(), n_missed) {
        (0, _) => "no targets".to_owned(),
        (n, 0) => format!("all {n} targets met"),
        (n, k) => format!("{k} of {n} targets not met"),
    };
    if args.output.as_os_str() == "-" {
        bytes(&card.pdf)?;
    } else {
        write_file(&args.output, &card.pdf, args.force)?;
    }
    talk(&format!("{} pages; {targets}", card.n_pages));
    Ok(Outcome::Done)
}
