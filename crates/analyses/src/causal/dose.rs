//! The effect of a number as a curve.

use equipoise_causal::{Choice, Covariates, CrossFit, Dose, DoseError};
use equipoise_document::{Axis, Block, BlockKind, Level, Reference, Table, TableColumn};
use equipoise_kernels::chi_squared_tail;

use super::Studied;
use super::answer::{Answer, number, p_in_words};
use super::params::{NuisanceModel, RawParams};
use super::treatment::Kind;

/// Points of the curve.
const POINTS: u32 = 25;

/// Adds the dose–response curve of a treatment that is a number.
pub(super) fn add(answer: &mut Answer, one: &Studied<'_>, params: &RawParams) {
    let Kind::Number { values } = &one.treatment.kind else { return };
    if !one.found.is_direct() {
        return;
    }
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
    let at = |share: f64| sorted.get((share * (sorted.len().max(1) - 1) as f64) as usize).copied().unwrap_or(0.0);
    let (low, reference, high) = (at(0.05), at(0.5), at(0.95));
    let covariates = Covariates { columns: one.design.views(), binned: None };
    let choice = match params.nuisance_model {
        NuisanceModel::Linear => Choice::Linear,
        // Bends of the controls matter for bends of the treatment; trees are left out: bytes are not kept this long.
        NuisanceModel::Automl => Choice::Auto,
    };
    let cross = CrossFit { covariates: &covariates, folds: &one.found.folds, rows: one.rows(), choice };
    let curve = match (Dose { treatment: values, outcome: &one.sample.y, reference }).fit(&cross, one.rows()) {
        Ok(curve) => curve,
        Err(DoseError::FewValues) => return,
        Err(error) => {
            let text = format!("No dose–response curve of `{}` can be drawn: {error}.", one.treatment.name);
            answer.note(Level::Failure, "no_dose_response", text);
            return;
        }
    };
    let z = answer.confidence.z();
    let (mut doses, mut changes, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for point in 0..POINTS {
        let dose = low + (high - low) * f64::from(point) / f64::from(POINTS - 1);
        let (value, se) = curve.at(dose);
        doses.push(Some(dose));
        changes.push(Some(value));
        lows.push(Some(value - z * se));
        highs.push(Some(value + z * se));
    }
    let name = &one.treatment.name;
    let id = format!("dose_response_{}", one.place);
    let table = Table::new(&id, &format!("Dose and response of {name}"))
        .column(TableColumn::number("dose", name, doses))
        .column(TableColumn::number("change", &format!("Change of {}", answer.outcome), changes))
        .column(TableColumn::number("low", "Low", lows))
        .column(TableColumn::number("high", "High", highs));
    answer.section.tables.push(table);
    #[allow(clippy::cast_precision_loss, reason = "a few degrees of freedom")]
    let p = chi_squared_tail(curve.bend.0, curve.bend.1 as f64);
    let bends = if p < 0.05 { "The curve bends" } else { "A straight line would do" };
    let says = format!(
        "How {} would change if everybody had another value of {name}, compared with its middle ({}), over the middle nine \
         tenths of its values. {bends} ({}).",
        answer.outcome,
        number(reference),
        p_in_words(p)
    );
    let kind = BlockKind::Curve {
        x: "dose".into(),
        y: "change".into(),
        low: Some("low".into()),
        high: Some("high".into()),
        series: None,
        x_axis: Axis::titled(name),
        y_axis: Axis::titled(&format!("Change of {}", answer.outcome)),
        reference: Some(Reference::At(0.0)),
    };
    answer.section.blocks.push(Block::new(&id, &format!("Dose and response: {name}"), &id, kind, says));
}
