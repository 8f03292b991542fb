//! The chores of the repository: `cargo xtask codegen`, `cargo xtask tidy`, `cargo xtask bench`.

mod bench;
mod codegen;
mod repo;
mod tidy;

use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  codegen            writes the files that are made from Rust types (schema/)
  codegen --check    fails when one of them is stale
  tidy               checks the crate graph and the house rules
  bench              lists the benchmarks
  bench NAME [ARG…]  runs one of them
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = repo::root();
    let done = match words.as_slice() {
        ["codegen"] => codegen::write(&root),
        ["codegen", "--check"] => codegen::check(&root),
        ["tidy"] => tidy::run(&root),
        ["bench"] => bench::list(&root),
        ["bench", name, rest @ ..] => bench::run(&root, name, rest),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(said) => {
            // A closed pipe is the reader's choice and no failure of the task.
            let _ = write!(std::io::stdout(), "{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}
