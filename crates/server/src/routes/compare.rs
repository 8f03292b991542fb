//! Two assessments number by number.

use axum::extract::State;
use equipoise_service::document::{Better, Interval, Unit};
use equipoise_service::govern::{Change, Comparison};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Query, blocking, json};
use crate::Shared;

/// Which two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct Two {
    /// The number of the first.
    a: String,
    /// The number of the second.
    b: String,
}

/// One number of both.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct PairView {
    /// The id of the estimate.
    id: String,
    unit: Unit,
    /// In the first; none where it is missing.
    a: Option<f64>,
    /// In the second; none where it is missing.
    b: Option<f64>,
    /// The second minus the first.
    difference: Option<f64>,
    /// Interval of the difference, with its method.
    interval: Option<Interval>,
    better: Better,
    /// `same`, `better`, `worse`, `different`, `unclear` or `missing`.
    change: &'static str,
}

/// Two assessments number by number.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ComparisonView {
    /// What happened, in a sentence.
    says: String,
    /// The numbers that both have.
    rows: Vec<PairView>,
    /// What must be known to read them.
    notes: Vec<equipoise_service::document::Note>,
    /// Ids that only the first has.
    only_a: Vec<String>,
    /// Ids that only the second has.
    only_b: Vec<String>,
}

pub(crate) async fn compare(State(shared): State<Shared>, Query(two): Query<Two>) -> Answer<ComparisonView> {
    let (a, b) = (shared.assessment(&two.a)?, shared.assessment(&two.b)?);
    let names = (a.name.clone(), b.name.clone());
    let comparison = blocking(move || equipoise_service::compare(&a.place, &b.place)).await?;
    json(view(&comparison, &names.0, &names.1))
}

fn view(comparison: &Comparison, a: &str, b: &str) -> ComparisonView {
    let count = |change: Change| comparison.pairs.iter().filter(|p| p.change == change).count();
    let says = format!(
        "Of {} numbers that both have, {} are better in {b}, {} are worse, {} are the same as in {a}; of the others the \
         difference may be chance.",
        comparison.pairs.len(),
        count(Change::Better),
        count(Change::Worse),
        count(Change::Same),
    );
    let rows = comparison.pairs.iter().map(|pair| PairView {
        id: pair.id.to_string(),
        unit: pair.unit.clone(),
        a: pair.a.ok(),
        b: pair.b.ok(),
        difference: pair.difference,
        interval: pair.interval.clone(),
        better: pair.better,
        change: pair.change.word(),
    });
    ComparisonView {
        says,
        rows: rows.collect(),
        notes: comparison.notes.clone(),
        only_a: comparison.only_a.iter().map(ToString::to_string).collect(),
        only_b: comparison.only_b.iter().map(ToString::to_string).collect(),
    }
}
