//! The `equipoise` command: read flags, call the service, print.

mod allocator;
mod args;
mod commands;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};

fn main() -> ExitCode {
    allocator::keep_freed_pages();
    let arguments = Arguments::parse();
    progress::start_log(arguments.verbose);
    let result = match &arguments.command {
        Command::Assess(a) => commands::assess::run(a, &arguments),
        Command::Show(a) => commands::show::run(a, &arguments),
        Command::Export(a) => commands::export::run(a),
        Command::Check(a) => commands::check::run(a, &arguments),
        Command::Compare(a) => commands::compare::run(a, &arguments),
        Command::WhatIf(a) => commands::what_if::run(a, &arguments),
        Command::Demo(a) => commands::demo::run(a, &arguments),
        Command::Schema(a) => commands::schema::run(a),
        Command::Completions(a) => commands::completions::run(a),
        Command::Man(a) => commands::man::run(a),
    };
    match result {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(error) => output::fail(&error),
    }
}
