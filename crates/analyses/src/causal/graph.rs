//! What a graph that the user drew says of the controls.

use std::collections::BTreeMap;

use equipoise_causal::{BadControl, Dag, DagError};
use equipoise_data::{Schema, unknown_column};
use equipoise_document::Level;

use super::params::{DagSpec, RawParams, wrong};
use crate::AnalysisError;

/// Level, code and text of a note to come.
pub(super) type Said = (Level, &'static str, String);

fn refuse(error: &DagError) -> AnalysisError {
    let text = error.to_string();
    let (problem, hint) = text.split_once("\nhint: ").unwrap_or((&text, "draw the graph with `cause -> effect`"));
    wrong("dag", problem, hint)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// What the graph says of one treatment.
pub(super) struct Held {
    /// What is held fixed.
    pub(super) controls: Vec<String>,
    /// What carries the whole effect, where the front door identifies it.
    pub(super) mediators: Vec<String>,
}

/// The controls of each treatment by the graph, and mediators where no controls identify its effect.
pub(super) fn controls(
    spec: &DagSpec,
    params: &RawParams,
    outcome: &str,
    schema: &Schema,
    notes: &mut Vec<Said>,
) -> Result<BTreeMap<String, Held>, AnalysisError> {
    let dag = Dag::parse(&spec.edges, &spec.unobserved).map_err(|e| refuse(&e))?;
    if let Some(name) = dag.observed().find(|n| schema.get(n).is_none()) {
        return Err(unknown_column(name, schema).into());
    }
    let mut controls = BTreeMap::new();
    for treatment in &params.treatment_features {
        let held = of_treatment(&dag, params, treatment, outcome, notes)?;
        controls.insert(treatment.clone(), held);
    }
    Ok(controls)
}

fn of_treatment(
    dag: &Dag,
    params: &RawParams,
    treatment: &str,
    outcome: &str,
    notes: &mut Vec<Said>,
) -> Result<Held, AnalysisError> {
    let only = |controls: Vec<String>| Held { controls, mediators: Vec::new() };
    let check = |e: DagError| refuse(&e);
    if let Some(name) = &params.instrument {
        let found = dag.instruments(treatment, outcome).map_err(check)?;
        let Some(instrument) = found.into_iter().find(|i| i.name == *name) else {
            let problem =
                format!("by the graph `{name}` is no instrument for the effect of `{treatment}` on `{outcome}`");
            return Err(wrong("instrument", problem, "an instrument reaches the outcome only through the treatment"));
        };
        let text = format!(
            "By the graph `{name}` is an instrument for the effect of `{treatment}` when {} is held fixed.",
            listed(&instrument.given)
        );
        notes.push((Level::Info, "adjustment_set", text));
        return Ok(only(instrument.given));
    }
    let back_door = dag.back_door(treatment, outcome).map_err(check)?;
    let Some(set) = back_door else {
        if let Some(mediators) = dag.front_door(treatment, outcome).map_err(check)? {
            let ignored =
                if params.control_features.is_some() { " `control_features` are not held fixed." } else { "" };
            let text = format!(
                "By the graph no controls identify the effect of `{treatment}` on `{outcome}`, but the way through {} does (front \
                 door): the whole effect must go through it.{ignored}",
                listed(&mediators)
            );
            notes.push((Level::Info, "adjustment_set", text));
            return Ok(Held { controls: Vec::new(), mediators });
        }
        let problem = format!("by the graph no columns identify the effect of `{treatment}` on `{outcome}`");
        let instruments = dag.instruments(treatment, outcome).map_err(check)?;
        let hint = instruments.first().map_or_else(
            || "measure a common cause of the two, or find a column that only moves the treatment".to_owned(),
            |i| format!("`{0}` is an instrument in it: set instrument = \"{0}\"", i.name),
        );
        return Err(wrong("dag", problem, hint));
    };
    let Some(asked) = &params.control_features else {
        let text = format!(
            "By the graph, holding {} fixed identifies the effect of `{treatment}` on `{outcome}` (back-door criterion).",
            listed(&set)
        );
        notes.push((Level::Info, "adjustment_set", text));
        return Ok(only(set));
    };
    let bad = dag.bad_controls(treatment, outcome, asked).map_err(check)?;
    for (name, why) in &bad {
        let why = match why {
            BadControl::Mediator => "lies on the way from the treatment to the outcome",
            BadControl::Descendant => "is changed by the treatment",
            BadControl::EffectOfOutcome => "is an effect of the outcome",
            BadControl::Collider => "opens a way between the two when it is held fixed",
        };
        let text = format!("By the graph `{name}` {why}: it is a bad control of `{treatment}` and is not held fixed.");
        notes.push((Level::Caution, "bad_control", text));
    }
    let kept: Vec<String> =
        asked.iter().filter(|n| *n != treatment && !bad.iter().any(|(b, _)| b == *n)).cloned().collect();
    if !dag.identifies(treatment, outcome, &kept).map_err(check)? {
        let problem =
            format!("by the graph, holding {} fixed does not identify the effect of `{treatment}`", listed(&kept));
        return Err(wrong("control_features", problem, format!("hold {} fixed", listed(&set))));
    }
    Ok(only(kept))
}
