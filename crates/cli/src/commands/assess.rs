//! `equipoise assess`

use anyhow::{Result, anyhow};
use equipoise_service::document::{CohortSpec, ColumnType, EndpointProtocol, GroupingSpec, ModelSpec, RunSpec, Task};
use equipoise_service::views::{Format, render};
use equipoise_service::{
    REPORT_FILE, World, assess, assess_with_cohorts, check_output, read_cohorts, read_spec, save, write_spec,
};
use serde::de::DeserializeOwned;

use crate::args::{Arguments, AssessArgs, FormatArg};
use crate::output::{Outcome, result, talk, terminal_options};
use crate::progress::world;

pub(crate) fn run(args: &AssessArgs, arguments: &Arguments) -> Result<Outcome> {
    let mut spec = spec_from(args)?;
    if args.print_spec {
        if let Some(path) = &args.cohort_file {
            let of_model = spec.model.as_ref().map(|m| m.classes.as_slice()).filter(|c| !c.is_empty());
            let classes = of_model.unwrap_or(&spec.classes).to_vec();
            spec.cohorts.extend(read_cohorts(path, &classes)?);
        }
        result(&write_spec(&spec)?)?;
        return Ok(Outcome::Done);
    }
    let Some(dir) = &args.output else { return Err(anyhow!("no output directory\nhint: name one with `-o DIR`")) };
    // Before any work: a taken place should not cost a run.
    check_output(dir, args.force)?;
    let world = World { resume: args.resume.clone(), ..world(arguments.quiet) };
    let assessment = match &args.cohort_file {
        Some(path) => assess_with_cohorts(&spec, path, &world)?,
        None => assess(&spec, &world)?,
    };
    drop(world);
    save(&assessment, dir, args.force)?;
    let text = render(&assessment.document, None, None, args.format.into(), &terminal_options(arguments))?;
    result(&text)?;
    talk(&format!("report: {}", dir.join(REPORT_FILE).display()));
    Ok(Outcome::of_run(&assessment.document))
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Table => Self::Table,
            FormatArg::Json => Self::Json,
            FormatArg::Csv => Self::Csv,
            FormatArg::Md => Self::Markdown,
        }
    }
}

/// The spec file with the flags over it.
fn spec_from(args: &AssessArgs) -> Result<RunSpec> {
    let mut spec = match &args.spec {
        Some(path) => read_spec(path)?,
        None => RunSpec::default(),
    };
    if let Some(data) = &args.data {
        spec.data.test.clone_from(data);
    }
    set(&mut spec.data.train, args.train.as_ref());
    set(&mut spec.data.format, args.data_format.as_ref());
    set(&mut spec.data.delimiter, args.delimiter.as_ref());
    set_list(&mut spec.data.missing_values, &args.missing);
    for pair in &args.types {
        let (column, name) = split(pair, "--type", "COLUMN=TYPE, for example `zip=categorical`")?;
        let kind: ColumnType = word(name, "--type", "numeric, categorical, boolean, datetime or text")?;
        spec.data.types.insert(column.to_owned(), kind);
    }
    model_from(args, &mut spec)?;
    set(&mut spec.target, args.target.as_ref());
    set(&mut spec.positive, args.positive.as_ref());
    if let Some(task) = &args.task {
        spec.task = Some(word::<Task>(task, "--task", "binary, multiclass or regression")?);
    }
    set(&mut spec.prediction, args.prediction.as_ref());
    set_list(&mut spec.probability, &args.probability);
    set_list(&mut spec.classes, &args.classes);
    set(&mut spec.threshold, args.threshold.as_ref());
    set(&mut spec.weight, args.weight.as_ref());
    let columns = |names: &[String]| names.iter().cloned().map(GroupingSpec::Column).collect::<Vec<_>>();
    set_list(&mut spec.sensitive, &columns(&args.sensitive));
    set_list(&mut spec.control, &columns(&args.control));
    if !args.features.is_empty() {
        spec.features = Some(args.features.clone());
    }
    set_list(&mut spec.id, &args.id);
    set_list(&mut spec.drop, &args.drop);
    if !args.only.is_empty() {
        spec.only = Some(args.only.clone());
    }
    for pair in &args.cohorts {
        let (name, predicate) = split(pair, "--cohort", "NAME=SQL, for example `young=age < 25`")?;
        spec.cohorts.retain(|c| c.name != name);
        spec.cohorts.push(CohortSpec { name: name.to_owned(), predicate: predicate.to_owned() });
    }
    spec.complements |= args.complements;
    if let Some(seed) = args.seed {
        spec.seed = seed;
    }
    set(&mut spec.level, args.level.as_ref());
    Ok(spec)
}

fn model_from(args: &AssessArgs, spec: &mut RunSpec) -> Result<()> {
    if let Some(source) = &args.model {
        spec.model.get_or_insert_with(ModelSpec::default).source.clone_from(source);
    }
    let asks = args.protocol.is_some() || args.model_name.is_some() || args.authorization_env.is_some();
    let Some(model) = &mut spec.model else {
        return if asks {
            Err(anyhow!("an endpoint is described but no model is named\nhint: add `--model URL`"))
        } else {
            Ok(())
        };
    };
    if let Some(protocol) = &args.protocol {
        model.protocol = Some(word::<EndpointProtocol>(protocol, "--protocol", "v2 or mlflow")?);
    }
    set(&mut model.name, args.model_name.as_ref());
    set(&mut model.authorization_env, args.authorization_env.as_ref());
    if !args.classes.is_empty() {
        model.classes.clone_from(&args.classes);
    }
    Ok(())
}

fn set<T: Clone>(field: &mut Option<T>, flag: Option<&T>) {
    if let Some(value) = flag {
        *field = Some(value.clone());
    }
}

fn set_list<T: Clone>(field: &mut Vec<T>, flag: &[T]) {
    if !flag.is_empty() {
        *field = flag.to_vec();
    }
}

/// A word of a closed set, by the spelling of the spec.
fn word<T: DeserializeOwned>(text: &str, flag: &str, expected: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| anyhow!("{flag}: `{text}` is not known\nhint: one of {expected}"))
}

fn split<'a>(pair: &'a str, flag: &str, expected: &str) -> Result<(&'a str, &'a str)> {
    let parts = pair.split_once('=').map(|(a, b)| (a.trim(), b.trim()));
    parts
        .filter(|(a, b)| !a.is_empty() && !b.is_empty())
        .ok_or_else(|| anyhow!("{flag}: `{pair}` cannot be read\nhint: write {expected}"))
}
