//! The configuration of an Azure Machine Learning scorecard: its JSON, as it is.

use std::collections::BTreeMap;

use equipoise_document::Task;
use equipoise_govern::{IfMissing, On, Severity};
use serde::Deserialize;
use serde_json::Value;

use super::{About, Config, Fairness, Gap, Named, Target, file, threshold};
use crate::ReportError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Card {
    model: Option<Model>,
    #[serde(default)]
    metrics: serde_json::Map<String, Value>,
    feature_importance: Option<Importance>,
    data_explorer: Option<Explorer>,
    fairness: Option<Gaps>,
    cohorts: Option<Vec<String>>,
    /// These parts are shown whenever the assessment has them.
    #[serde(rename = "Causal")]
    _causal: Option<Value>,
    #[serde(rename = "Counterfactuals")]
    _counterfactuals: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Model {
    model_name: Option<String>,
    model_type: Option<String>,
    model_summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Importance {
    top_n: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explorer {
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gaps {
    #[serde(default)]
    metric: Vec<String>,
    #[serde(default)]
    sensitive_features: Vec<String>,
    fairness_evaluation_kind: Option<String>,
    threshold: Option<Value>,
}

pub(super) fn read(text: &str, name: &str) -> Result<Config, ReportError> {
    let wrong = |field: &str, problem: String, hint: &str| {
        let place = if field.is_empty() { name.to_owned() } else { format!("{name}: {field}") };
        ReportError::config(place, problem, hint)
    };
    let card: Card = serde_json::from_str(text).map_err(|error| {
        let hint = "the parts are Model, Metrics, FeatureImportance, DataExplorer, Fairness and Cohorts";
        wrong("", error.to_string(), hint)
    })?;
    let plain = Config::default();
    let mut targets = Vec::new();
    let mut metrics = Vec::new();
    for (metric, wishes) in &card.metrics {
        let of = Named { name: metric.clone(), line: 1 };
        let field = format!("Metrics.{metric}");
        let asked = match wishes {
            Value::Object(fields) => {
                if let Some(other) = fields.keys().find(|k| *k != "threshold") {
                    let hint = "a metric has a `threshold` or nothing";
                    return Err(wrong(&field, format!("there is no field `{other}`"), hint));
                }
                fields.get("threshold")
            }
            Value::Null => None,
            other => return Err(wrong(&field, format!("`{other}` is not an object"), "write `{}`")),
        };
        metrics.push(of.clone());
        if let Some(asked) = asked {
            targets.push(Target {
                of,
                cohort: None,
                bound: bound(asked).map_err(|(problem, hint)| wrong(&field, problem, &hint))?,
                on: On::Value,
                because: None,
                if_missing: IfMissing::Fail,
                severity: Severity::Error,
            });
        }
    }
    let kind = match card.fairness.as_ref().and_then(|f| f.fairness_evaluation_kind.as_deref()) {
        None => None,
        Some(kind) => match kind.to_lowercase().as_str() {
            "difference" => Some(Gap::Difference),
            "ratio" => Some(Gap::Ratio),
            _ => {
                let problem = format!("`{kind}` is not known");
                return Err(wrong("Fairness.fairness_evaluation_kind", problem, "one of difference, ratio"));
            }
        },
    };
    let fairness = match card.fairness {
        None => Fairness::default(),
        Some(gaps) => {
            let asked = gaps.threshold.as_ref().map(bound).transpose();
            Fairness {
                metrics: gaps.metric.into_iter().map(|name| Named { name, line: 1 }).collect(),
                columns: gaps.sensitive_features,
                kind,
                bound: asked.map_err(|(problem, hint)| wrong("Fairness.threshold", problem, &hint))?,
                on: On::Value,
                line: 1,
            }
        }
    };
    let model = card.model.map(|m| about(m, &wrong)).transpose()?.unwrap_or_default();
    let config = Config {
        place: name.to_owned(),
        model,
        top_features: match card.feature_importance.and_then(|f| f.top_n) {
            None => plain.top_features,
            Some(n) => count(&n).ok_or_else(|| {
                wrong("FeatureImportance.top_n", format!("`{n}` is not a number of features"), "1 to 100")
            })?,
        },
        features: card.data_explorer.map(|d| d.features),
        cohorts: card.cohorts,
        metrics,
        targets,
        fairness,
        ..plain
    };
    file::check(&config)?;
    Ok(config)
}

fn about(model: Model, wrong: &dyn Fn(&str, String, &str) -> ReportError) -> Result<About, ReportError> {
    let kind = match model.model_type.as_deref().map(str::to_lowercase).as_deref() {
        None => None,
        Some("regression") => Some(Task::Regression),
        Some("multiclass") => Some(Task::Multiclass),
        Some("classification" | "binary") => Some(Task::Binary),
        Some(other) => {
            let problem = format!("`{other}` is not known");
            return Err(wrong("Model.ModelType", problem, "one of Classification, Regression"));
        }
    };
    Ok(About { name: model.model_name, kind, summary: model.model_summary, ..About::default() })
}

fn bound(value: &Value) -> Result<equipoise_govern::Bound, (String, String)> {
    match value {
        Value::String(text) => threshold::parse(text),
        other => Err((format!("`{other}` is not a threshold"), "write, for example, `\">=0.85\"`".to_owned())),
    }
}

fn count(value: &Value) -> Option<usize> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.trim().parse::<usize>().ok()
}

/// What scikit-learn calls a metric, and what it is called here.
pub(super) fn other_names() -> BTreeMap<&'static str, &'static str> {
    [
        ("accuracy_score", "accuracy"),
        ("balanced_accuracy_score", "balanced_accuracy"),
        ("precision_score", "precision"),
        ("recall_score", "recall"),
        ("f1_score", "f1"),
        ("error_rate", "zero_one_loss"),
        ("roc_auc_score", "roc_auc"),
        ("average_precision_score", "average_precision"),
        ("brier_score_loss", "brier_score"),
        ("r2_score", "r2"),
        ("mse", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("rmse", "root_mean_squared_error"),
    ]
    .into()
}
