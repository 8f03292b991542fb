//! The average effects, overall and by cohort.

use equipoise_causal::CausalError;
use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, Level, Missing, PValue, Reference, Table, TableColumn,
};
use equipoise_kernels::benjamini_hochberg;

use super::Studied;
use super::answer::{About, Answer, p_in_words, p_value};
use super::plan::Sample;
use super::treatment::{Kind, Treatment};

/// Says why a treatment has no effect here, and that the rest is true.
pub(super) fn failed(answer: &mut Answer, treatment: &Treatment, sample: &Sample, error: &CausalError) {
    let n = sample.y.len() as u64;
    let mut ids = Vec::new();
    for contrast in 1..=treatment.n_contrasts() {
        let about = About { treatment: &treatment.name, level: treatment.level(contrast), cohort: None };
        let id = about.id("average_effect");
        ids.push(answer.add(Estimate::absent(id, Missing::NoVariation, n, Better::Neither)));
    }
    let (code, text) = match error {
        CausalError::NoVariation => (
            "perfectly_predicted",
            format!(
                "The controls say exactly which rows got `{}`: there is nothing to compare, and no effect can be estimated. \
                 Look for a control that is the treatment under another name.",
                treatment.name
            ),
        ),
        other => ("no_estimate", format!("No effect of `{}` can be estimated: {other}.", treatment.name)),
    };
    answer.note_about(Level::Failure, code, text, &ids);
}

/// The table of effects, its picture, and a sentence for each.
pub(super) fn add(answer: &mut Answer, studied: &[Studied<'_>]) {
    let mut p = Vec::new();
    for one in studied {
        p.extend(one.found.contrasts.iter().map(|c| p_value(c.average.theta, c.average.se)));
    }
    let adjusted = benjamini_hochberg(&p);
    let mut tests = p.iter().zip(&adjusted);
    let (mut treatments, mut contrasts, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let (mut average, mut treated, mut overlap) = (Vec::new(), Vec::new(), Vec::new());
    let (mut errors, mut p_values, mut lowest, mut highest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in studied {
        for (place, contrast) in one.found.contrasts.iter().enumerate() {
            let level = one.treatment.level(place + 1);
            let about = About { treatment: &one.treatment.name, level, cohort: None };
            let (theta, se) = (contrast.average.theta, contrast.average.se);
            let (p, adjusted) = tests.next().map_or((1.0, 1.0), |(p, a)| (*p, *a));
            let method = one.found.method();
            let p_of = PValue { value: p, adjusted: Some(adjusted), method: "normal, benjamini_hochberg".to_owned() };
            let estimate = answer.effect(about.id("average_effect"), theta, se, one.n(), method);
            let id = answer.add(estimate.with_p_value(Some(p_of)));
            say(answer, one, place, theta, se, p, &id);
            average.push(Some(id));
            let side = |answer: &mut Answer, name: &str, of: &Option<equipoise_causal::Repeated>| {
                let of = of.as_ref()?;
                let estimate = answer.effect(about.id(name), of.theta, of.se, one.n(), "cross_fitted");
                Some(answer.add(estimate))
            };
            treated.push(side(answer, "effect_on_treated", &contrast.treated));
            overlap.push(side(answer, "effect_on_overlap", &contrast.overlap));
            treatments.push(one.treatment.name.clone());
            contrasts.push(one.treatment.contrast_name(place + 1));
            names.push(format!("{}: {}", one.treatment.name, one.treatment.contrast_name(place + 1)));
            errors.push(Some(se));
            p_values.push(Some(p));
            lowest.push(Some(contrast.average.range.0));
            highest.push(Some(contrast.average.range.1));
        }
    }
    if average.is_empty() {
        return;
    }
    let table = Table::new("effects", "Effects")
        .column(TableColumn::text("effect", "Effect of", names))
        .column(TableColumn::text("treatment", "Treatment", treatments))
        .column(TableColumn::text("contrast", "Contrast", contrasts))
        .column(TableColumn::estimate("average", "On average", average))
        .column(TableColumn::number("error", "Standard error", errors))
        .column(TableColumn::number("p", "p", p_values))
        .column(TableColumn::estimate("treated", "On those treated", treated))
        .column(TableColumn::estimate("overlap", "Where both were likely", overlap))
        .column(TableColumn::number("lowest", "Lowest split", lowest))
        .column(TableColumn::number("highest", "Highest split", highest));
    answer.section.tables.push(table);
    let axis = Axis::titled(&format!("Change of {}", answer.outcome));
    let kind = BlockKind::Dots {
        label: "effect".into(),
        value: "average".into(),
        series: None,
        axis,
        reference: Some(Reference::At(0.0)),
    };
    let says = format!(
        "By how much {} would change if everybody got the treatment, or one unit more of it, rather than not. The line marks \
         no effect.",
        answer.outcome
    );
    answer.section.blocks.push(Block::new("effects", "Average effects", "effects", kind, says));
    let all = Block::new("effects_table", "Effects in numbers", "effects", BlockKind::Table {}, "All effects.");
    answer.section.blocks.push(all);
}

/// The outcome if everybody had each level.
pub(super) fn add_mean_outcomes(answer: &mut Answer, studied: &[Studied<'_>]) {
    let (mut labels, mut treatments, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for one in studied {
        for (place, (theta, se)) in one.found.mean_outcomes.iter().enumerate() {
            let level = one.treatment.level(place);
            let about = About { treatment: &one.treatment.name, level, cohort: None };
            let estimate = answer.effect(about.id("mean_outcome"), *theta, *se, one.n(), "cross_fitted");
            ids.push(Some(answer.add(estimate)));
            labels.push(format!("{} = {}", one.treatment.name, level.unwrap_or_default()));
            treatments.push(one.treatment.name.clone());
        }
    }
    if ids.is_empty() {
        return;
    }
    let table = Table::new("mean_outcomes", "If everybody had the same")
        .column(TableColumn::text("level", "Everybody has", labels))
        .column(TableColumn::text("treatment", "Treatment", treatments))
        .column(TableColumn::estimate("outcome", &format!("{} on average", answer.outcome), ids));
    answer.section.tables.push(table);
    let kind = BlockKind::Dots {
        label: "level".into(),
        value: "outcome".into(),
        series: None,
        axis: Axis::titled(&answer.outcome),
        reference: None,
    };
    let says = format!("The average of {} if everybody had the same level of a treatment.", answer.outcome);
    answer.section.blocks.push(Block::new("mean_outcomes", "If everybody had the same", "mean_outcomes", kind, says));
}

/// One effect in plain words.
fn say(
    answer: &mut Answer,
    one: &Studied<'_>,
    place: usize,
    theta: f64,
    se: f64,
    p: f64,
    id: &equipoise_document::EstimateId,
) {
    let name = &one.treatment.name;
    let doing = match (&one.treatment.kind, one.treatment.level(place + 1), one.treatment.reference()) {
        (Kind::Levels { .. }, Some(level), Some(reference)) if one.found.estimator == "local" => {
            format!("If the rows whose `{name}` the instrument decides had {level} instead of {reference}")
        }
        (Kind::Levels { .. }, Some(level), Some(reference)) => {
            format!("If everybody had `{name}` = {level} instead of {reference}")
        }
        _ => format!("If `{name}` were one unit higher for everybody"),
    };
    let certain = if p < 1.0 - answer.confidence.level() {
        ""
    } else {
        " The interval holds 0: these rows do not show that it would change at all."
    };
    let text = format!(
        "{doing}, {} would {} on average ({}), provided that {}.{certain}",
        answer.outcome,
        answer.moves(theta),
        answer.interval_in_words(theta, se),
        one.found.proviso()
    );
    answer.note_about(Level::Finding, "average_effect", text, std::slice::from_ref(id));
}

/// Effects within each cohort.
pub(super) fn add_cohorts(answer: &mut Answer, studied: &[Studied<'_>]) {
    let (mut labels, mut cohorts, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let mut said = Vec::new();
    let mut numbers = Vec::new();
    for one in studied {
        if !one.found.is_direct() && !one.sample.cohorts.is_empty() {
            let text = format!(
                "Effects of `{}` within cohorts are not estimated {}.",
                one.treatment.name,
                one.found.by_what()
            );
            answer.note(Level::Info, "no_cohort_effects", text);
            continue;
        }
        for (place, contrast) in one.found.contrasts.iter().enumerate() {
            for (cohort, members) in &one.sample.cohorts {
                let n = members.iter().filter(|m| **m).count();
                let about = About {
                    treatment: &one.treatment.name,
                    level: one.treatment.level(place + 1),
                    cohort: Some(cohort),
                };
                let id = about.id("average_effect");
                let found = match one.found.estimator {
                    "interactive" => mean_within(&contrast.pseudo, members, one),
                    "partially_linear" => contrast.residuals.within(members, one.rows()).map(|s| (s.theta, s.se)),
                    _ => None,
                };
                let estimate = match found.filter(|_| n >= 2) {
                    Some((theta, se)) => answer.effect(id, theta, se, n as u64, "cross_fitted").flagged_small(n < 30),
                    None => Estimate::absent(id, Missing::BelowMinSize, n as u64, Better::Neither),
                };
                let id = answer.add(estimate);
                labels.push(format!("{}: {}", one.treatment.name, one.treatment.contrast_name(place + 1)));
                cohorts.push(cohort.clone());
                numbers.push(n as u64);
                if let Some((theta, se)) = found {
                    let text = format!("{cohort}: {} ({})", answer.change(theta), answer.interval_in_words(theta, se));
                    said.push(text);
                }
                ids.push(Some(id));
            }
        }
    }
    if ids.is_empty() {
        return;
    }
    let title = "Effects by cohort, in rows of the test data";
    let table = Table::new("cohorts", title)
        .column(TableColumn::text("effect", "Effect of", labels))
        .column(TableColumn::text("cohort", "Cohort", cohorts))
        .column(TableColumn::rows("n", "Rows of the test data", numbers))
        .column(TableColumn::estimate("average", "On average", ids));
    answer.section.tables.push(table);
    let kind = BlockKind::Dots {
        label: "cohort".into(),
        value: "average".into(),
        series: Some("effect".into()),
        axis: Axis::titled(&format!("Change of {}", answer.outcome)),
        reference: Some(Reference::At(0.0)),
    };
    let (n_test, n_all) = studied.iter().map(|one| (one.n_test(), one.n())).max().unwrap_or_default();
    let rows = if n_test < n_all {
        format!(
            "Cohorts are made of the test data: effects within them rest on their own rows among its {n_test} rows, the averages \
             over everybody on all {n_all} rows of test and training data."
        )
    } else {
        format!("Effects within cohorts rest on their own rows among the {n_test} rows of the test data.")
    };
    answer.note(Level::Info, "cohort_rows", rows.clone());
    let says = format!("The average effect within each cohort. {rows} {}.", said.join("; "));
    answer.section.blocks.push(Block::new("cohorts", title, "cohorts", kind, says));
}

/// Mean of doubly robust numbers within some rows, and its standard error.
fn mean_within(pseudo: &[f64], members: &[bool], one: &Studied<'_>) -> Option<(f64, f64)> {
    let rows = one.rows();
    let share: Vec<f64> = members.iter().map(|m| f64::from(u8::from(*m))).collect();
    let psi_a: Vec<f64> = share.iter().map(|s| -s).collect();
    let psi_b: Vec<f64> = pseudo.iter().zip(&share).map(|(p, s)| p * s).collect();
    equipoise_causal::solve(&psi_a, &psi_b, rows).ok().map(|s| (s.theta, s.se))
}

/// A p-value of several numbers at once in words.
pub(super) fn differs(p: f64) -> String {
    if p < 0.05 {
        format!("effects differ between rows ({})", p_in_words(p))
    } else {
        format!("there is no sign that effects differ between rows ({})", p_in_words(p))
    }
}
