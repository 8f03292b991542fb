//! What an instrument says: for whom, how strongly, and what holds even where it is weak.

use equipoise_causal::Region;
use equipoise_document::{Better, Block, BlockKind, Estimate, Interval, Level, Missing, Table, TableColumn};

use super::Studied;
use super::answer::{About, Answer, number};

/// F below which an instrument is called weak (Staiger & Stock 1997).
const WEAK: f64 = 10.0;

/// The instrument's strength and the interval of Anderson and Rubin, for each effect that was estimated by one.
pub(super) fn add(answer: &mut Answer, studied: &[Studied<'_>]) {
    let (mut effects, mut strengths, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    for one in studied {
        for (place, contrast) in one.found.contrasts.iter().enumerate() {
            let Some((f, test)) = &contrast.instrument else { continue };
            let name = &one.treatment.name;
            let about = About { treatment: name, level: one.treatment.level(place + 1), cohort: None };
            let id = answer.add(answer.plain(about.id("first_stage_f"), *f, one.n(), Better::Higher));
            let (level, verdict) = if *f < WEAK {
                (Level::Caution, "weak: below 10 the estimate and its usual interval cannot be relied on")
            } else {
                (Level::Info, "strong enough")
            };
            let text = format!("The instrument moves `{name}` with F = {}: {verdict}.", number(*f));
            answer.note_about(level, "instrument_strength", text, std::slice::from_ref(&id));
            strengths.push(Some(id));
            tests.push(Some(region(
                answer,
                one,
                &about,
                contrast.average.theta,
                test.region(answer.confidence.level()),
            )));
            effects.push(format!("{name}: {}", one.treatment.contrast_name(place + 1)));
            if one.found.estimator == "local" {
                let text = format!(
                    "Treatment and instrument both have two levels: the effect of `{name}` is that on the rows whose `{name}` the \
                     instrument decides, provided that it moves none of them the other way. Nothing is said of rows that would \
                     have it always or never."
                );
                answer.note(Level::Info, "local_effect", text);
            }
        }
    }
    if effects.is_empty() {
        return;
    }
    let table = Table::new("instrument", "The instrument")
        .column(TableColumn::text("effect", "Effect of", effects))
        .column(TableColumn::estimate("strength", "First stage F", strengths))
        .column(TableColumn::estimate("robust", "Anderson–Rubin interval", tests));
    answer.section.tables.push(table);
    let says = "How strongly the instrument moves the treatment, and the effects that a test keeps which holds its level however \
                weak the instrument is. Where it is strong this is the usual interval, nearly.";
    answer.section.blocks.push(Block::new("instrument", "The instrument", "instrument", BlockKind::Table {}, says));
}

fn region(
    answer: &mut Answer,
    one: &Studied<'_>,
    about: &About<'_>,
    theta: f64,
    region: Region,
) -> equipoise_document::EstimateId {
    let id = about.id("anderson_rubin");
    let name = &one.treatment.name;
    let (estimate, kept) = match region {
        Region::Between(low, high) => {
            let interval = Interval::new(low, high, answer.confidence.level(), "anderson_rubin");
            let estimate = Estimate::new(id, theta, one.n(), Better::Neither)
                .with_unit(answer.unit.clone())
                .with_interval(Some(interval))
                .with_n_effective(answer.n_effective);
            (estimate, None)
        }
        Region::Beyond(low, high) => {
            let kept = format!("at most {} or at least {}", answer.change(low), answer.change(high));
            (Estimate::absent(id, Missing::NotFinite, one.n(), Better::Neither), Some(kept))
        }
        Region::Everything => {
            (Estimate::absent(id, Missing::NotFinite, one.n(), Better::Neither), Some("of any size".to_owned()))
        }
    };
    let id = answer.add(estimate);
    if let Some(kept) = kept {
        let text = format!(
            "The instrument is too weak to bound the effect of `{name}`: a test that holds its level however weak the instrument \
             is keeps effects {kept}."
        );
        answer.note_about(Level::Caution, "unbounded_effect", text, std::slice::from_ref(&id));
    }
    id
}
