//! `equipoise open`

use std::io::IsTerminal as _;
use std::process::{Command, Stdio};

use anyhow::Result;
use equipoise_server::{Options, serve};

use crate::args::{Arguments, OpenArgs};
use crate::output::{Outcome, result, talk};

pub(crate) fn run(args: &OpenArgs, arguments: &Arguments) -> Result<Outcome> {
    let options = Options {
        places: args.dirs.clone(),
        port: args.port,
        base_path: args.base_path.clone().unwrap_or_default(),
        allowed_hosts: args.allow_host.clone(),
        token: None,
    };
    serve(&options, |url| {
        let _ = result(url);
        if !arguments.quiet {
            talk("The address holds a token: whoever knows it sees the assessment. Ctrl-C stops.");
        }
        if !args.no_browser && std::io::stdout().is_terminal() {
            show(url);
        }
    })?;
    Ok(Outcome::Done)
}

/// Asks the desktop for its browser; without one, the printed address is enough.
fn show(url: &str) {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(target_os = "windows") {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(before).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.spawn();
}
