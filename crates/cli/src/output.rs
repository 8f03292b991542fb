//! Results go to standard output, talk goes to standard error.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use equipoise_service::ServiceError;
use equipoise_service::document::Document;
use equipoise_service::views::TerminalOptions;

use crate::args::{Arguments, ColorChoice};

/// How a command ended that could be done. The numbers are exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done = 0,
    PolicyNotMet = 1,
    Interrupted = 130,
}

/// Writes a result. A reader that has gone away (`| head`) is no error.
pub(crate) fn result(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let ending = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{ending}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::anyhow!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Writes a result that is no text.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::anyhow!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

impl Outcome {
    /// How a run ended whose document this is. A partial one is said to be so.
    pub(crate) fn of_run(document: &Document) -> Self {
        if !document.provenance.partial {
            return Self::Done;
        }
        talk("interrupted; what was answered so far was written");
        Self::Interrupted
    }
}

/// Says something that is not a result.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Tells an error and gives its exit code.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    talk(&format!("error: {error}"));
    let code = error.downcast_ref::<ServiceError>().map_or(2, ServiceError::exit_code);
    ExitCode::from(code)
}

/// How a terminal wants to be written to.
pub(crate) fn terminal_options(arguments: &Arguments) -> TerminalOptions {
    let is_terminal = std::io::stdout().is_terminal();
    #[allow(clippy::disallowed_methods, reason = "a door reads its own environment")]
    let env = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let colour = match arguments.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_terminal && env("NO_COLOR").is_none() && env("TERM").is_none_or(|term| term != "dumb"),
    };
    let from_env = || env("COLUMNS").and_then(|c| c.parse().ok());
    let from_terminal = || is_terminal.then(terminal_width).flatten();
    let width = arguments.width.or_else(from_terminal).or_else(from_env).unwrap_or(100);
    TerminalOptions { width: width.max(40), colour, ..TerminalOptions::default() }
}

fn terminal_width() -> Option<usize> {
    let columns = indicatif::TermLike::width(&indicatif_term());
    Some(usize::from(columns)).filter(|w| *w > 0)
}

fn indicatif_term() -> impl indicatif::TermLike {
    console::Term::stdout()
}
