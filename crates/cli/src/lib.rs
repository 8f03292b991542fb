//! The `equipoise` command: read flags, call the service, print. A library, so that the Python package carries the same
//! command as the program.

mod args;
mod commands;
mod output;
mod progress;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};

/// Runs the command with these arguments, the first of which is the program's name. What was asked for goes to standard
/// output, everything else to standard error. Help, the version and a wrong flag end the process, as clap does.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    progress::start_log(arguments.verbose);
    let result = match &arguments.command {
        Command::Assess(a) => commands::assess::run(a, &arguments),
        Command::Show(a) => commands::show::run(a, &arguments),
        Command::Open(a) => commands::open::run(a, &arguments),
        Command::Export(a) => commands::export::run(a),
        Command::Check(a) => commands::check::run(a, &arguments),
        Command::Compare(a) => commands::compare::run(a, &arguments),
        Command::WhatIf(a) => commands::what_if::run(a, &arguments),
        Command::Demo(a) => commands::demo::run(a, &arguments),
        Command::Scorecard(a) => commands::scorecard::run(a),
        Command::Sign(a) => commands::sign::run(a, &arguments),
        Command::Verify(a) => commands::verify::run(a, &arguments),
        Command::Keygen(a) => commands::keygen::run(a),
        Command::Reproduce(a) => commands::reproduce::run(a, &arguments),
        Command::Schema(a) => commands::schema::run(a),
        Command::Completions(a) => commands::completions::run(a),
        Command::Man(a) => commands::man::run(a),
    };
    match result {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(error) => output::fail(&error),
    }
}
