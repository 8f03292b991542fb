//! Effects of all rows of the test data, and what is best done with each, as tables beside the document.

use equipoise_data::{TableFile, TableFileError};

use super::Studied;
use super::answer::Answer;
use super::differ::Differ;
use super::params::{Direction, RawParams};
use super::policy::step_of;
use super::treatment::Kind;
use crate::{AnalysisError, Context};

/// Rows written at once.
const AT_ONCE: usize = 65_536;

/// The effect of a contrast on a row.
struct OfRow {
    row: u64,
    contrast: usize,
    effect: f64,
    error: f64,
}

/// What is best done with a row, against leaving it at the reference.
struct Chosen {
    row: u64,
    action: usize,
    gain: f64,
    error: f64,
}

/// Writes `individual_effects` and `individual_policy`, where the host keeps tables and some row has an effect of its own: with
/// more columns that effects could hang on than rows there is no fit of them.
pub(super) fn write(
    answer: &Answer,
    all: &[(&Studied<'_>, Differ)],
    params: &RawParams,
    context: &Context<'_>,
) -> Result<(), AnalysisError> {
    let names: Vec<String> = all.iter().map(|(one, _)| one.treatment.name.clone()).collect();
    let z = answer.confidence.z();
    if all.iter().all(|(one, differ)| effects(one, differ).is_empty()) {
        return Ok(());
    }
    if let Some(mut writer) = context.host.artifact("individual_effects").map_err(failed("individual_effects"))? {
        let contrasts = collect(all, |(one, _)| {
            (1..=one.treatment.n_contrasts()).map(|place| one.treatment.contrast_name(place)).collect()
        });
        for (place, (one, differ)) in all.iter().enumerate() {
            for rows in effects(one, differ).chunks(AT_ONCE) {
                let column = |of: &dyn Fn(&OfRow) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
                let mut part = TableFile::new();
                part.integers("row", rows.iter().map(|r| i64::try_from(r.row).unwrap_or(-1)).collect());
                part.names("treatment", &vec![code(place); rows.len()], &names);
                let said = |r: &OfRow| one.treatment.contrast_name(r.contrast + 1);
                part.names(
                    "contrast",
                    &rows.iter().map(|r| code_of(&contrasts, &said(r))).collect::<Vec<u16>>(),
                    &contrasts,
                );
                part.numbers("effect", column(&|r| r.effect));
                part.numbers("standard_error", column(&|r| r.error));
                part.numbers("low", column(&|r| r.effect - z * r.error));
                part.numbers("high", column(&|r| r.effect + z * r.error));
                writer.push(part).map_err(failed("individual_effects"))?;
            }
        }
        writer.finish().map_err(failed("individual_effects"))?;
    }
    if all.iter().all(|(one, differ)| policy(one, differ, params).is_empty()) {
        return Ok(());
    }
    if let Some(mut writer) = context.host.artifact("individual_policy").map_err(failed("individual_policy"))? {
        let actions = collect(all, |(one, _)| actions(one));
        for (place, (one, differ)) in all.iter().enumerate() {
            let own = self::actions(one);
            for rows in policy(one, differ, params).chunks(AT_ONCE) {
                let column = |of: &dyn Fn(&Chosen) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
                let mut part = TableFile::new();
                part.integers("row", rows.iter().map(|r| i64::try_from(r.row).unwrap_or(-1)).collect());
                part.names("treatment", &vec![code(place); rows.len()], &names);
                let said = |r: &Chosen| own.get(r.action).map_or(0, |name| code_of(&actions, name));
                part.names("action", &rows.iter().map(said).collect::<Vec<u16>>(), &actions);
                part.numbers("gain_less_cost", column(&|r| r.gain));
                part.numbers("low", column(&|r| r.gain - z * r.error));
                part.numbers("high", column(&|r| r.gain + z * r.error));
                writer.push(part).map_err(failed("individual_policy"))?;
            }
        }
        writer.finish().map_err(failed("individual_policy"))?;
    }
    Ok(())
}

fn failed(name: &'static str) -> impl Fn(TableFileError) -> AnalysisError {
    move |error| AnalysisError::Artifact { name, problem: error.to_string() }
}

/// Different names in the order in which they come.
fn collect<T>(all: &[T], of: impl Fn(&T) -> Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in all.iter().flat_map(of) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn code(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

fn code_of(names: &[String], name: &str) -> u16 {
    names.iter().position(|n| n == name).map_or(u16::MAX, code)
}

/// Effects of the rows of the test data.
fn effects(one: &Studied<'_>, differ: &Differ) -> Vec<OfRow> {
    let mut found = Vec::new();
    for (place, row) in one.sample.test_row.iter().enumerate() {
        let Some(row) = *row else { continue };
        for contrast in 0..differ.fits.len() {
            if let Some((effect, error)) = differ.at(contrast, place) {
                found.push(OfRow { row, contrast, effect, error });
            }
        }
    }
    found
}

/// The actions in words; the first is to leave a row at the reference.
fn actions(one: &Studied<'_>) -> Vec<String> {
    let name = &one.treatment.name;
    match &one.treatment.kind {
        Kind::Levels { names, .. } => names.iter().map(|level| format!("{name} = {level}")).collect(),
        Kind::Number { .. } => ["leave", "raise", "lower"].map(|way| format!("{way} {name}")).to_vec(),
    }
}

/// The action with the largest gain less cost for each row; the first where none gains.
fn policy(one: &Studied<'_>, differ: &Differ, params: &RawParams) -> Vec<Chosen> {
    let better = if params.better == Direction::Lower { -1.0 } else { 1.0 };
    let cost = params.cost(one.place);
    let step = step_of(one);
    let mut found = Vec::new();
    for (place, row) in one.sample.test_row.iter().enumerate() {
        let Some(row) = *row else { continue };
        let effects: Option<Vec<(f64, f64)>> = (0..differ.fits.len()).map(|c| differ.at(c, place)).collect();
        let Some(effects) = effects.filter(|e| !e.is_empty()) else { continue };
        let offers: Vec<(f64, f64)> = match (&one.treatment.kind, effects.as_slice()) {
            (Kind::Number { .. }, [(effect, error), ..]) => {
                let gain = better * step * effect;
                vec![(gain - cost, step * error), (-gain - cost, step * error)]
            }
            _ => effects.iter().map(|(effect, error)| (better * effect - cost, *error)).collect(),
        };
        let mut chosen = Chosen { row, action: 0, gain: 0.0, error: 0.0 };
        for (action, (gain, error)) in offers.into_iter().enumerate() {
            if gain > chosen.gain {
                chosen = Chosen { row, action: action + 1, gain, error };
            }
        }
        found.push(chosen);
    }
    found
}
