//! How far a run is: a bar on a terminal, log lines otherwise.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use equipoise_service::{Progress, World};
use indicatif::{ProgressBar, ProgressStyle};

/// Log lines on standard error; `EQUIPOISE_LOG` overrides what `-v` says.
pub(crate) fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("EQUIPOISE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
}

/// The real world with a bar, and Ctrl-C as the wish to stop.
pub(crate) fn world(quiet: bool) -> World {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // A second Ctrl-C does not wait for the next safe point.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    let mut world = World::real();
    world.stop = stop;
    if !quiet {
        world.progress = if std::io::stderr().is_terminal() { Box::new(Bar::new()) } else { Box::new(Lines) };
    }
    world
}

struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(1000);
        let style = ProgressStyle::with_template("{spinner} {wide_msg} {bar:20} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Progress for Bar {
    fn step(&self, says: &str) {
        self.0.set_position(0);
        self.0.set_message(says.to_owned());
    }

    fn share(&self, done: f64) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        self.0.set_position((done.clamp(0.0, 1.0) * 1000.0) as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

struct Lines;

impl Progress for Lines {
    fn step(&self, says: &str) {
        tracing::info!("{says}");
    }

    fn share(&self, _: f64) {}
}
