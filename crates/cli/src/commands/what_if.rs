//! `equipoise what-if`

use anyhow::{Result, anyhow};
use equipoise_service::views::{TerminalOptions, render};
use equipoise_service::{WHAT_IF, load, read_spec, what_if};
use serde_json::{Map, Value, json};

use crate::args::{Arguments, WhatIfArgs};
use crate::output::{Outcome, result, terminal_options};
use crate::progress::world;

pub(crate) fn run(args: &WhatIfArgs, arguments: &Arguments) -> Result<Outcome> {
    let spec = if args.spec.is_dir() { load(&args.spec)?.spec } else { read_spec(&args.spec)? };
    let params = params(args)?;
    let world = world(arguments.quiet);
    let document = what_if(&spec, params, &world)?;
    drop(world);
    let options = TerminalOptions { all: args.all, ..terminal_options(arguments) };
    result(&render(&document, Some(WHAT_IF), None, args.format.into(), &options)?)?;
    Ok(Outcome::Done)
}

/// The flags as parameters of the analysis.
fn params(args: &WhatIfArgs) -> Result<Value> {
    let mut params = Map::new();
    let mut put = |name: &str, value: Value| params.insert(name.to_owned(), value);
    if let Some(row) = args.row {
        put("row", json!(row));
    }
    if let Some(cohort) = &args.cohort {
        put("cohort", json!(cohort));
    }
    if let Some(threshold) = args.threshold {
        put("threshold", json!(threshold));
    }
    if args.false_positive.is_some() || args.false_negative.is_some() {
        let (false_positive, false_negative) = (args.false_positive.unwrap_or(1.0), args.false_negative.unwrap_or(1.0));
        put("costs", json!({ "false_positive": false_positive, "false_negative": false_negative }));
    }
    let mut set = Map::new();
    for pair in &args.set {
        let (column, value) = split(pair, "--set", "COLUMN=VALUE, for example `hours_per_week=45`")?;
        set.insert(column.to_owned(), json!(value));
    }
    put("set", Value::Object(set));
    for (name, flag, pairs) in [("shift", "--shift", &args.shift), ("scale", "--scale", &args.scale)] {
        let mut all = Map::new();
        for pair in pairs {
            let (column, text) = split(pair, flag, "COLUMN=NUMBER, for example `hours_per_week=5`")?;
            let number: f64 = text
                .parse()
                .map_err(|_| anyhow!("{flag}: `{text}` is not a number\nhint: for example `{flag} {column}=5`"))?;
            all.insert(column.to_owned(), json!(number));
        }
        put(name, Value::Object(all));
    }
    Ok(Value::Object(params))
}

fn split<'a>(pair: &'a str, flag: &str, expected: &str) -> Result<(&'a str, &'a str)> {
    let parts = pair.split_once('=').map(|(a, b)| (a.trim(), b.trim()));
    parts
        .filter(|(a, _)| !a.is_empty())
        .ok_or_else(|| anyhow!("{flag}: `{pair}` cannot be read\nhint: write {expected}"))
}
