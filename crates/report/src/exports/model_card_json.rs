//! The Model Card Toolkit's JSON, schema 0.0.2.

use equipoise_document::{Estimate, Level};
use equipoise_views::parts;
use serde_json::{Map, Value, json};

use super::{Sources, numbers};
use crate::ReportError;

pub(super) fn write(sources: &Sources<'_>) -> Result<String, ReportError> {
    let (document, config) = (sources.document, sources.config);
    let mut details = Map::new();
    details.insert("name".to_owned(), numbers::model_name(sources).into());
    details.insert("overview".to_owned(), parts::title(document).into());
    if let Some(summary) = &config.model.summary {
        details.insert("documentation".to_owned(), summary.clone().into());
    }
    let owners: Vec<Value> = owners(sources);
    if !owners.is_empty() {
        details.insert("owners".to_owned(), owners.into());
    }
    let mut version = Map::new();
    if let Some(name) = &config.model.version {
        version.insert("name".to_owned(), name.clone().into());
    }
    if let Some(day) = numbers::day(sources) {
        version.insert("date".to_owned(), day.into());
    }
    if !version.is_empty() {
        details.insert("version".to_owned(), version.into());
    }
    if let Some(licence) = &config.model.licence {
        details.insert("licenses".to_owned(), json!([{ "identifier": licence }]));
    }
    if let Some(model) = numbers::input(document, "model") {
        details.insert("path".to_owned(), model.name.clone().into());
    }
    let card = json!({
        "schema_version": "0.0.2",
        "model_details": details,
        "model_parameters": parameters(sources),
        "quantitative_analysis": { "performance_metrics": metrics(sources) },
        "considerations": considerations(sources),
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&card)?))
}

fn owners(sources: &Sources<'_>) -> Vec<Value> {
    let people = &sources.config.people;
    let contact = people.contact.clone();
    let names = [&people.organisation, &people.author].into_iter().flatten();
    names
        .map(|name| {
            let mut owner = json!({ "name": name });
            if let (Some(contact), Some(owner)) = (&contact, owner.as_object_mut()) {
                owner.insert("contact".to_owned(), contact.clone().into());
            }
            owner
        })
        .collect()
}

fn parameters(sources: &Sources<'_>) -> Value {
    let document = sources.document;
    let sensitive: Vec<&str> = document.spec.sensitive.iter().map(|g| g.column()).collect();
    let data: Vec<Value> = document
        .datasets
        .iter()
        .map(|d| {
            let use_of = if d.part == "train" { "used for training" } else { "used for this assessment" };
            json!({
                "name": numbers::input(document, &d.part).map_or(d.part.as_str(), |i| i.name.as_str()),
                "description": format!("{} rows, {} columns, {use_of}", parts::count(d.n_rows), d.columns.len()),
                "sensitive": { "sensitive_data": sensitive },
            })
        })
        .collect();
    let mut out = json!({ "data": data, "output_format": numbers::task_words(document) });
    if let (Some(model), Some(out)) = (&document.model, out.as_object_mut()) {
        out.insert("model_architecture".to_owned(), format!("{} ({})", model.describes, model.format).into());
        out.insert("input_format".to_owned(), format!("{} columns", model.features.len()).into());
        let kinds = document.datasets.first().map(|d| &d.columns);
        let kind = |name: &str| {
            let column = kinds.and_then(|columns| columns.iter().find(|c| c.name == name));
            column.and_then(|c| serde_json::to_value(c.column_type).ok()).and_then(|v| v.as_str().map(str::to_owned))
        };
        let map: Vec<Value> = model
            .features
            .iter()
            .map(|name| json!({ "key": name, "value": kind(name).unwrap_or_else(|| "unknown".to_owned()) }))
            .collect();
        out.insert("input_format_map".to_owned(), map.into());
    }
    out
}

fn metrics(sources: &Sources<'_>) -> Vec<Value> {
    let document = sources.document;
    let all = numbers::overall(document)
        .into_iter()
        .chain(numbers::of_cohorts(document))
        .chain(numbers::of_groups(document))
        .chain(numbers::gaps(document));
    all.map(metric).collect()
}

fn metric(estimate: &Estimate) -> Value {
    let aggregate = estimate.id.aggregate().map(|a| format!(", {a}")).unwrap_or_default();
    let mut out = json!({
        "type": format!("{}{aggregate}", estimate.id.metric()),
        "value": estimate.value.map(|v| v.to_string()).unwrap_or_default(),
    });
    if let Some(out) = out.as_object_mut() {
        if let Some(slice) = numbers::slice(estimate) {
            out.insert("slice".to_owned(), slice.into());
        }
        if let Some(i) = &estimate.interval {
            let ends = json!({ "lower_bound": i.low.to_string(), "upper_bound": i.high.to_string() });
            out.insert("confidence_interval".to_owned(), ends);
        }
    }
    out
}

fn considerations(sources: &Sources<'_>) -> Value {
    let (document, config) = (sources.document, sources.config);
    let plain = |text: &str| text.replace('`', "");
    let described = |texts: Vec<String>| texts.into_iter().map(|t| json!({ "description": t })).collect::<Vec<_>>();
    let mut limits: Vec<String> = config.limitations.clone();
    limits.extend(config.model.not_for.iter().map(|text| format!("Not for: {text}")));
    limits.extend(numbers::notes(document, &[Level::Failure, Level::Caution]).iter().map(|(n, _)| plain(&n.text)));
    let tradeoffs = numbers::notes(document, &[Level::Concern]);
    let (of_fairness, others): (Vec<_>, Vec<_>) =
        tradeoffs.into_iter().partition(|(_, from)| document.section("fairness").is_some_and(|s| s.title == *from));
    let risks: Vec<Value> = of_fairness.iter().map(|(n, _)| json!({ "name": plain(&n.text) })).collect();
    let mut out = json!({
        "limitations": described(limits),
        "tradeoffs": described(others.iter().map(|(n, _)| plain(&n.text)).collect()),
        "ethical_considerations": risks,
    });
    if let (Some(text), Some(out)) = (&config.model.intended_use, out.as_object_mut()) {
        out.insert("use_cases".to_owned(), described(vec![text.clone()]).into());
    }
    out
}
