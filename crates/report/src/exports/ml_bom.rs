//! CycloneDX 1.6: the model, the data it was judged on, and its card, as a bill of materials.

use equipoise_document::{ColumnRole, DatasetSummary, Estimate, InputFingerprint, Level, Task};
use equipoise_views::parts;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Sources, numbers};
use crate::ReportError;

const MODEL: &str = "model";

pub(super) fn write(sources: &Sources<'_>) -> Result<String, ReportError> {
    let document = sources.document;
    let components: Vec<Value> =
        document.datasets.iter().map(|d| dataset(sources, d)).chain(std::iter::once(assessment(sources))).collect();
    let depends: Vec<String> = document.datasets.iter().map(|d| reference(&d.part)).collect();
    let mut metadata = json!({
        "tools": { "components": [{
            "type": "application",
            "name": "equipoise",
            "version": document.provenance.equipoise,
        }] },
        "component": model(sources),
    });
    if let (Some(date), Some(metadata)) = (sources.date, metadata.as_object_mut()) {
        metadata.insert("timestamp".to_owned(), date.into());
    }
    let bom = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(sources.document_sha256),
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [{ "ref": MODEL, "dependsOn": depends }],
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&bom)?))
}

fn reference(part: &str) -> String {
    format!("data-{part}")
}

/// A UUID (version 8: made from a digest) of the assessment, so that the same assessment has the same number.
fn serial(document_sha256: &str) -> String {
    let mut bytes: Vec<u8> = Sha256::digest(document_sha256.as_bytes()).iter().take(16).copied().collect();
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x80;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let hex = hex::encode(bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn hashes(input: Option<&InputFingerprint>) -> Option<Value> {
    let sha256 = input?.sha256.as_ref()?;
    Some(json!([{ "alg": "SHA-256", "content": sha256 }]))
}

fn model(sources: &Sources<'_>) -> Value {
    let (document, config) = (sources.document, sources.config);
    let input = numbers::input(document, "model");
    let mut out = json!({
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": numbers::model_name(sources),
        "modelCard": card(sources),
    });
    let Some(fields) = out.as_object_mut() else { return out };
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("version", config.model.version.clone().map(Value::from));
    add("description", config.model.summary.clone().map(Value::from));
    add("supplier", config.people.organisation.as_ref().map(|name| json!({ "name": name })));
    add("licenses", config.model.licence.as_ref().map(|name| json!([{ "license": { "name": name } }])));
    add("hashes", hashes(input));
    out
}

/// The assessment itself: the evidence behind the card.
fn assessment(sources: &Sources<'_>) -> Value {
    json!({
        "type": "file",
        "bom-ref": "assessment",
        "name": "document.json",
        "description": "The assessment that the model card was made from",
        "hashes": [{ "alg": "SHA-256", "content": sources.document_sha256 }],
    })
}

fn dataset(sources: &Sources<'_>, data: &DatasetSummary) -> Value {
    let document = sources.document;
    let inputs: Vec<&InputFingerprint> = document.provenance.inputs.iter().filter(|i| i.role == data.part).collect();
    let name = inputs.first().map_or(data.part.as_str(), |i| i.name.as_str());
    let sensitive: Vec<&str> = numbers::columns(document, ColumnRole::Sensitive);
    let use_of = if data.part == "train" { "Rows the model was trained on" } else { "Rows the model was assessed on" };
    let mut out = json!({
        "type": "data",
        "bom-ref": reference(&data.part),
        "name": name,
        "data": [{
            "type": "dataset",
            "name": name,
            "sensitiveData": sensitive,
            "description": format!("{use_of}: {} rows, {} columns", parts::count(data.n_rows), data.columns.len()),
        }],
    });
    // Several files have no digest in common; each of them is in the assessment.
    if let ([one], Some(fields)) = (inputs.as_slice(), out.as_object_mut())
        && let Some(hashes) = hashes(Some(one))
    {
        fields.insert("hashes".to_owned(), hashes);
    }
    out
}

fn card(sources: &Sources<'_>) -> Value {
    let document = sources.document;
    let task = match document.task {
        Task::Binary | Task::Multiclass => "classification",
        Task::Regression => "regression",
    };
    let mut parameters = json!({
        "approach": { "type": "supervised" },
        "task": task,
        "datasets": document.datasets.iter().map(|d| json!({ "ref": reference(&d.part) })).collect::<Vec<_>>(),
        "inputs": [{ "format": "tabular" }],
        "outputs": [{ "format": numbers::task_words(document) }],
    });
    if let (Some(model), Some(fields)) = (&document.model, parameters.as_object_mut()) {
        fields.insert("architectureFamily".to_owned(), model.format.clone().into());
        fields.insert("modelArchitecture".to_owned(), model.describes.clone().into());
    }
    let metrics =
        numbers::overall(document).into_iter().chain(numbers::of_cohorts(document)).chain(numbers::gaps(document));
    json!({
        "modelParameters": parameters,
        "quantitativeAnalysis": { "performanceMetrics": metrics.map(metric).collect::<Vec<_>>() },
        "considerations": considerations(sources),
    })
}

fn metric(estimate: &Estimate) -> Value {
    let aggregate = estimate.id.aggregate().map(|a| format!(", {a}")).unwrap_or_default();
    let mut fields = Map::new();
    fields.insert("type".to_owned(), format!("{}{aggregate}", estimate.id.metric()).into());
    fields.insert("value".to_owned(), estimate.value.map(|v| v.to_string()).unwrap_or_default().into());
    if let Some(slice) = numbers::slice(estimate) {
        fields.insert("slice".to_owned(), slice.into());
    }
    if let Some(i) = &estimate.interval {
        let ends = json!({ "lowerBound": i.low.to_string(), "upperBound": i.high.to_string() });
        fields.insert("confidenceInterval".to_owned(), ends);
    }
    fields.into()
}

fn considerations(sources: &Sources<'_>) -> Value {
    let (document, config) = (sources.document, sources.config);
    let plain = |text: &str| text.replace('`', "");
    let mut limits: Vec<String> = config.limitations.clone();
    limits.extend(config.model.not_for.iter().map(|text| format!("Not for: {text}")));
    limits.extend(numbers::notes(document, &[Level::Failure, Level::Caution]).iter().map(|(n, _)| plain(&n.text)));
    let concerns = numbers::notes(document, &[Level::Concern]);
    let is_of_fairness = |from: &str| document.section("fairness").is_some_and(|s| s.title == from);
    let risks: Vec<Value> = concerns
        .iter()
        .filter(|(_, from)| !is_of_fairness(from))
        .map(|(n, _)| json!({ "name": plain(&n.text) }))
        .collect();
    let groups: Vec<Value> = document
        .spec
        .sensitive
        .iter()
        .map(|g| {
            let quoted = format!("`{}`", g.column());
            let harms: Vec<String> = concerns
                .iter()
                .filter(|(n, from)| {
                    is_of_fairness(from) && (n.text.contains(&quoted) || n.text.contains(&format!("by {}", g.column())))
                })
                .map(|(n, _)| plain(&n.text))
                .collect();
            let harms = if harms.is_empty() { "No concern was found.".to_owned() } else { harms.join(" ") };
            json!({ "groupAtRisk": format!("groups by {}", g.column()), "harms": harms })
        })
        .collect();
    let mut out = json!({
        "technicalLimitations": limits,
        "ethicalConsiderations": risks,
        "fairnessAssessments": groups,
    });
    if let (Some(text), Some(fields)) = (&config.model.intended_use, out.as_object_mut()) {
        fields.insert("useCases".to_owned(), json!([text]));
    }
    out
}
