//! How strong a forgotten cause would have to be.

use equipoise_causal::{EValue, LinearRobustness};
use equipoise_document::{Axis, Better, Block, BlockKind, Level, Table, TableColumn, Unit};

use super::Studied;
use super::answer::{About, Answer, percent};

/// Strengths of the contour, shares of what the controls leave unexplained.
const GRID: [f64; 8] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3];

/// Robustness values, E-values, and the contour of each effect.
pub(super) fn add(answer: &mut Answer, studied: &[Studied<'_>]) {
    let (mut effects, mut rv, mut rva, mut e, mut e_limit, mut linear) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // One-sided: the bound on the side of no effect.
    let level = 0.5 + 0.5 * answer.confidence.level();
    for one in studied {
        for (place, contrast) in one.found.contrasts.iter().enumerate() {
            let Some(sensitivity) = &contrast.sensitivity else { continue };
            let name = format!("{}: {}", one.treatment.name, one.treatment.contrast_name(place + 1));
            let about = About { treatment: &one.treatment.name, level: one.treatment.level(place + 1), cohort: None };
            let value = sensitivity.robustness_value(0.0);
            let of_interval = sensitivity.robustness_value_of_interval(0.0, level);
            let mut add = |metric: &str, value: f64, unit: Unit| {
                let estimate = answer.plain(about.id(metric), value, one.n(), Better::Higher).with_unit(unit);
                Some(answer.add(estimate))
            };
            rv.push(add("robustness_value", value, Unit::Share));
            rva.push(add("robustness_value_of_interval", of_interval, Unit::Share));
            let sd = spread(&one.sample.y, one);
            let found = EValue::of_difference(contrast.scored.theta, contrast.scored.se, sd);
            e.push(add("e_value", found.estimate, Unit::Plain));
            e_limit.push(add("e_value_of_interval", found.interval, Unit::Plain));
            #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
            let df = one.n() as f64 - one.design.columns.len() as f64 - 2.0;
            linear.push(
                (df > 2.0)
                    .then(|| {
                        let scored = contrast.residuals.partialling_out(one.rows());
                        scored
                            .map(|s| {
                                LinearRobustness::new(s.theta, s.se, df, 1.0, 1.0 - answer.confidence.level()).value
                            })
                            .ok()
                    })
                    .flatten(),
            );
            say(answer, &name, value, of_interval, &rv);
            if place == 0 {
                contour(answer, one, sensitivity, level);
            }
            effects.push(name);
        }
    }
    if effects.is_empty() {
        return;
    }
    let table = Table::new("sensitivity", "How strong a forgotten cause would have to be")
        .column(TableColumn::text("effect", "Effect of", effects))
        .column(TableColumn::estimate("rv", "To take the estimate to 0", rv))
        .column(TableColumn::estimate("rva", "To take its interval to 0", rva))
        .column(TableColumn::number("linear", "By least squares", linear).with_unit(Unit::Share))
        .column(TableColumn::estimate("e", "E-value", e))
        .column(TableColumn::estimate("e_limit", "E-value of the interval", e_limit));
    answer.section.tables.push(table);
    let says = "The robustness value is the share of what the controls leave unexplained, of the outcome and of the treatment \
                alike, that a forgotten cause would have to explain to take the estimate (or the nearer end of its interval) to \
                0. The E-value is the risk ratio by which it would have to go with both. Larger is safer; what a strong \
                control explains is a yardstick.";
    let title = "How strong a forgotten cause would have to be";
    answer.section.blocks.push(Block::new("sensitivity", title, "sensitivity", BlockKind::Table {}, says));
}

fn say(
    answer: &mut Answer,
    name: &str,
    value: f64,
    of_interval: f64,
    about: &[Option<equipoise_document::EstimateId>],
) {
    let interval = if of_interval > 0.0 {
        format!("{} would take its interval there", percent(of_interval))
    } else {
        "its interval holds 0 as it is".to_owned()
    };
    let text = format!(
        "A forgotten cause that explains {} of what the controls leave unexplained, of the treatment and of the outcome, would \
         take the effect of {name} to 0; {interval}.",
        percent(value)
    );
    let ids: Vec<_> = about.last().cloned().flatten().into_iter().collect();
    answer.note_about(Level::Info, "robustness", text, &ids);
}

/// Standard deviation of the outcome.
fn spread(y: &[f64], one: &Studied<'_>) -> f64 {
    let mean = one.rows().mean(y);
    libm::sqrt(one.rows().mean(&y.iter().map(|y| (y - mean) * (y - mean)).collect::<Vec<f64>>()))
}

/// The bound nearest to no effect over a grid of strengths.
fn contour(answer: &mut Answer, one: &Studied<'_>, sensitivity: &equipoise_causal::Sensitivity, level: f64) {
    let found = sensitivity.contour(&GRID, &GRID, 0.0, level);
    let labels: Vec<String> = GRID.iter().map(|g| percent(*g)).collect();
    let grid = || labels.iter().flat_map(|y| labels.iter().map(move |x| (x.clone(), y.clone())));
    let id = format!("contour_{}", one.place);
    let name = &one.treatment.name;
    let table = Table::new(&id, &format!("Effect of {name} beside a forgotten cause"))
        .column(TableColumn::text("treatment", "Explains of the treatment", grid().map(|(x, _)| x)))
        .column(TableColumn::text("outcome", "Explains of the outcome", grid().map(|(_, y)| y)))
        .column(TableColumn::number("bound", "Effect at worst", found.theta.iter().copied().map(Some)))
        .column(TableColumn::number("limit", "End of its interval", found.ci.iter().copied().map(Some)));
    answer.section.tables.push(table);
    let kind = BlockKind::HeatMap {
        x: "treatment".into(),
        y: "outcome".into(),
        value: "bound".into(),
        axis: Axis::titled("Effect at worst"),
    };
    let says = format!(
        "The effect of {name} ({}) that would be left if a forgotten cause explained these shares of what the controls leave \
         unexplained, in the direction that hurts most.",
        one.treatment.contrast_name(1)
    );
    answer.section.blocks.push(Block::new(&id, &format!("A forgotten cause: {name}"), &id, kind, says));
}
