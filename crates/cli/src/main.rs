//! The `equipoise` command.

mod allocator;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::keep_freed_pages();
    equipoise_cli::run(std::env::args_os())
}
