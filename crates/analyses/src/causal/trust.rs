//! What speaks for and against the effects: overlap, balance, nuisances, refuters.

use equipoise_causal::{Overlap, Quality, Refuter, Residuals, refute, standardised_difference};
use equipoise_document::{Axis, Better, Block, BlockKind, Level, Reference, Table, TableColumn, Unit};

use super::Studied;
use super::answer::{About, Answer, number, percent};
use super::params::RawParams;
use super::treatment::Kind;

/// Bins of the picture of chances.
const BINS: u32 = 20;
/// Covariates shown in the picture of balance.
const MAX_BALANCE: usize = 40;

/// How the chances of each level are spread in the rows that got it and in those that did not.
pub(super) fn overlap(answer: &mut Answer, one: &Studied<'_>, params: &RawParams) {
    let Kind::Levels { of, .. } = &one.treatment.kind else { return };
    let (mut lows, mut highs, mut shares, mut series) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let name = &one.treatment.name;
    let mut said = Vec::new();
    for (place, contrast) in one.found.contrasts.iter().enumerate() {
        let Some(chance) = &contrast.chance else { continue };
        let level = one.treatment.level(place + 1).unwrap_or_default();
        let is_level: Vec<bool> = of.iter().map(|l| *l as usize == place + 1).collect();
        let found = Overlap::of(chance, &is_level, params.trim, one.rows());
        for (arm, label) in [(true, format!("got {level}")), (false, format!("did not get {level}"))] {
            let mut counts = vec![0_u32; BINS as usize];
            let mut n = 0_u32;
            for (m, is) in chance.iter().zip(&is_level).filter(|(_, is)| **is == arm) {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin")]
                let bin = ((m * f64::from(BINS)) as usize).min(BINS as usize - 1);
                if let Some(count) = counts.get_mut(bin) {
                    *count += u32::from(*is == arm);
                }
                n += 1;
            }
            for (bin, count) in (0_u32..).zip(counts) {
                lows.push(Some(f64::from(bin) / f64::from(BINS)));
                highs.push(Some(f64::from(bin + 1) / f64::from(BINS)));
                shares.push((n > 0).then(|| f64::from(count) / f64::from(n)));
                series.push(label.clone());
            }
        }
        let about = About { treatment: name, level: Some(level), cohort: None };
        let id = about.id("share_without_overlap");
        let estimate = answer.plain(id, found.share_beyond(), found.n, Better::Lower).with_unit(Unit::Share);
        let id = answer.add(estimate);
        let text = format!(
            "Chances of {name} = {level} run from {} to {}; {} of the rows lie within {} of 0 or 1. Weighted by inverse \
             chances, the {} rows that got it count as {}, the {} others as {}.",
            percent(found.range.0),
            percent(found.range.1),
            percent(found.share_beyond()),
            percent(params.trim),
            found.arms.0,
            number(found.effective.0),
            found.arms.1,
            number(found.effective.1)
        );
        said.push(text.clone());
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let weak = found.effective.0 < 0.1 * found.arms.0 as f64 || found.effective.1 < 0.1 * found.arms.1 as f64;
        if found.share_beyond() > 0.1 || weak {
            let text = format!(
                "Many kinds of rows got only one side of `{name}`: {text} The average effect over everybody rests on few rows; \
                 the effect on those treated, or where both were likely, is the safer number."
            );
            answer.note_about(Level::Caution, "no_overlap", text, &[id]);
        }
    }
    if lows.is_empty() {
        return;
    }
    let id = format!("overlap_{}", one.place);
    let table = Table::new(&id, &format!("Chances of {name}"))
        .column(TableColumn::number("low", "From", lows).with_unit(Unit::Share))
        .column(TableColumn::number("high", "To", highs).with_unit(Unit::Share))
        .column(TableColumn::number("share", "Share of the rows", shares).with_unit(Unit::Share))
        .column(TableColumn::text("rows", "Rows", series));
    answer.section.tables.push(table);
    let kind = BlockKind::Distribution {
        low: "low".into(),
        high: "high".into(),
        value: "share".into(),
        series: Some("rows".into()),
        axis: Axis::titled("Chance given the controls").within(0.0, 1.0),
    };
    answer.section.blocks.push(Block::new(&id, &format!("Overlap: {name}"), &id, kind, said.join(" ")));
}

/// Differences of the controls between levels before and after weighting.
pub(super) fn balance(answer: &mut Answer, one: &Studied<'_>) {
    let Kind::Levels { of, .. } = &one.treatment.kind else { return };
    if one.found.estimator != "interactive" {
        return;
    }
    let mut found = Vec::new();
    for place in 1..=one.treatment.n_contrasts() {
        let has = |l: usize| -> Vec<bool> { of.iter().map(|o| *o as usize == l).collect() };
        let (level, reference) = (has(place), has(0));
        for (name, x) in one.design.names.iter().zip(&one.design.columns) {
            let of = standardised_difference(x, &level, &reference, &one.found.inverse, one.rows());
            found.push((place, name.clone(), of));
        }
    }
    let largest = |pick: &dyn Fn(&equipoise_causal::Balance) -> f64| {
        found.iter().fold((0.0_f64, String::new()), |best, (_, name, of)| {
            if pick(of).abs() > best.0 { (pick(of).abs(), name.clone()) } else { best }
        })
    };
    let (before, after) = (largest(&|b| b.before), largest(&|b| b.after));
    let name = &one.treatment.name;
    let about = About { treatment: name, level: None, cohort: None };
    let estimate = answer.plain(about.id("largest_imbalance"), after.0, one.n(), Better::Zero);
    let estimate_id = answer.add(estimate);
    if after.0 > 0.1 {
        let text = format!(
            "After weighting the levels of `{name}` still differ by {} standard deviations in `{}` (before: up to {} in `{}`); \
             beyond 0.1 the controls are not balanced, and much hangs on the outcome model.",
            number(after.0),
            after.1,
            number(before.0),
            before.1
        );
        answer.note_about(Level::Caution, "imbalance", text, &[estimate_id]);
    }
    let n_all = found.len();
    found.sort_by(|a, b| b.2.before.abs().total_cmp(&a.2.before.abs()).then(a.1.cmp(&b.1)).then(a.0.cmp(&b.0)));
    found.truncate(MAX_BALANCE);
    let label = |place: usize, column: &str| {
        if one.treatment.n_contrasts() == 1 {
            column.to_owned()
        } else {
            format!("{column} ({})", one.treatment.contrast_name(place))
        }
    };
    let id = format!("balance_{}", one.place);
    let twice = |pick: &dyn Fn(&equipoise_causal::Balance) -> [f64; 2]| {
        found.iter().flat_map(|(_, _, of)| pick(of)).map(Some).collect::<Vec<_>>()
    };
    let table = Table::new(&id, &format!("Balance of the controls over {name}"))
        .column(TableColumn::text(
            "control",
            "Control",
            found.iter().flat_map(|(p, n, _)| [label(*p, n), label(*p, n)]),
        ))
        .column(TableColumn::text("rows", "Rows", found.iter().flat_map(|_| ["as they are", "weighted"])))
        .column(TableColumn::number("difference", "Standardised difference", twice(&|of| [of.before, of.after])));
    answer.section.tables.push(table);
    let kind = BlockKind::Dots {
        label: "control".into(),
        value: "difference".into(),
        series: Some("rows".into()),
        axis: Axis::titled("Difference in standard deviations"),
        reference: Some(Reference::At(0.0)),
    };
    let shown =
        if n_all > found.len() { format!(" The {} largest of {n_all} are shown.", found.len()) } else { String::new() };
    let says = format!(
        "How much the controls differ between the levels of {name}, as the rows are and with each row weighted by the inverse \
         chance of what it got. The largest difference falls from {} to {}.{shown}",
        number(before.0),
        number(after.0)
    );
    answer.section.blocks.push(Block::new(&id, &format!("Balance: {name}"), &id, kind, says));
}

/// Attempts to break the effects.
pub(super) fn refuters(answer: &mut Answer, studied: &[Studied<'_>], params: &RawParams, seed: u64) {
    let (mut effects, mut tries, mut means, mut lows, mut highs, mut looked, mut p) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let all = [
        (Refuter::Placebo, "treatment dealt out anew"),
        (Refuter::DummyOutcome, "outcome replaced by chance"),
        (Refuter::RandomCommonCause, "a control of pure chance added"),
        (Refuter::Subset(0.8), "only four fifths of the rows"),
        (Refuter::Bootstrap, "rows drawn with replacement"),
    ];
    for one in studied {
        for (place, contrast) in one.found.contrasts.iter().enumerate() {
            let theta = contrast.scored.theta;
            let name = format!("{}: {}", one.treatment.name, one.treatment.contrast_name(place + 1));
            // What works on rows alone takes the doubly robust numbers; their mean is the effect.
            let ones = Residuals { outcome: contrast.pseudo.clone(), treatment: vec![1.0; contrast.pseudo.len()] };
            let linear = contrast.residuals.partialling_out(one.rows()).map_or(theta, |s| s.theta);
            for (refuter, says) in all {
                let (residuals, estimate) = match refuter {
                    Refuter::Subset(_) | Refuter::Bootstrap => (&ones, theta),
                    _ => (&contrast.residuals, linear),
                };
                // With an instrument or mediators what is left of outcome and treatment does not give the effect.
                if !one.found.is_direct() && !matches!(refuter, Refuter::Subset(_) | Refuter::Bootstrap) {
                    continue;
                }
                let n = params.simulations as usize;
                let Some(found) = refute(residuals, estimate, refuter, n, seed, one.rows()) else { continue };
                effects.push(name.clone());
                tries.push(says.to_owned());
                means.push(Some(found.mean));
                lows.push(Some(found.range.0));
                highs.push(Some(found.range.1));
                looked.push(Some(if refuter.should_vanish() { 0.0 } else { estimate }));
                p.push(Some(found.p_value));
                if found.p_value < 0.01 {
                    let expected = if refuter.should_vanish() { "should vanish" } else { "should stay" };
                    let text = format!(
                        "The effect of {name} {expected} with the {says}, but is {} on average there (p = {}).",
                        answer.change(found.mean),
                        number(found.p_value)
                    );
                    answer.note(Level::Concern, "refuted", text);
                }
            }
        }
    }
    if effects.is_empty() {
        return;
    }
    let table = Table::new("refuters", "Attempts to break the effects")
        .column(TableColumn::text("effect", "Effect of", effects))
        .column(TableColumn::text("attempt", "Attempt", tries))
        .column(TableColumn::number("expected", "Should be", looked))
        .column(TableColumn::number("mean", "Is on average", means))
        .column(TableColumn::number("low", "2.5 % of the simulations", lows))
        .column(TableColumn::number("high", "97.5 %", highs))
        .column(TableColumn::number("p", "p", p));
    answer.section.tables.push(table);
    let says = format!(
        "Each attempt is simulated {} times with the nuisances kept. With a treatment or outcome of pure chance the effect \
         should be 0; with a further control of chance, fewer rows or rows drawn anew it should stay. A small p says that it \
         does not. Passing is no proof: none of these finds a cause that was left out.",
        params.simulations
    );
    let block = Block::new("refuters", "Attempts to break the effects", "refuters", BlockKind::Table {}, says);
    answer.section.blocks.push(block);
}

/// How outcome and treatment were predicted from the controls.
pub(super) fn nuisances(answer: &mut Answer, studied: &[Studied<'_>]) {
    let (mut treatments, mut whats, mut learners, mut qualities, mut measures) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in studied {
        for (what, nuisance) in &one.found.nuisances {
            treatments.push(one.treatment.name.clone());
            whats.push(what.clone());
            let share = |t: &equipoise_causal::Tried| {
                if t.weight >= 0.995 { t.learner.to_owned() } else { format!("{} of {}", percent(t.weight), t.learner) }
            };
            let mut used: Vec<_> = nuisance.tried.iter().filter(|t| t.weight > 0.005).collect();
            used.sort_by(|a, b| b.weight.total_cmp(&a.weight));
            learners.push(used.into_iter().map(share).collect::<Vec<_>>().join(" + "));
            let (value, measure) = match nuisance.quality {
                Quality::RSquared(r) => (r, "R²".to_owned()),
                Quality::LogLoss { loss, of_mean } => {
                    (loss, format!("log loss ({} without controls)", number(of_mean)))
                }
            };
            qualities.push(Some(value));
            measures.push(measure);
            if nuisance.separated {
                let text = format!(
                    "The controls almost part the rows with and without `{}` ({what}); a small ridge holds the regression, and \
                     overlap should be looked at first.",
                    one.treatment.name
                );
                answer.note(Level::Caution, "separated", text);
            }
        }
    }
    if whats.is_empty() {
        return;
    }
    let table = Table::new("nuisances", "Predictions from the controls")
        .column(TableColumn::text("treatment", "Treatment", treatments))
        .column(TableColumn::text("predicted", "Predicted", whats))
        .column(TableColumn::text("learner", "Learner", learners))
        .column(TableColumn::number("quality", "Out of fold", qualities))
        .column(TableColumn::text("measure", "Measure", measures));
    answer.section.tables.push(table);
    let says = "What the controls say of outcome and treatment, predicted for each row by a fit that had not seen it, and the \
                learner that won or the shares of the stack. A treatment that is predicted almost perfectly leaves nothing to \
                compare.";
    let block = Block::new("nuisances", "Predictions from the controls", "nuisances", BlockKind::Table {}, says);
    answer.section.blocks.push(block);
}

/// What was done to the controls, said once.
pub(super) fn encodings(answer: &mut Answer, studied: &[Studied<'_>]) {
    let Some(one) = studied.first() else { return };
    let made = &one.design.made;
    let list = |all: &[(String, usize)], what: &str| {
        all.iter().take(8).map(|(name, n)| format!("`{name}` ({n} {what})")).collect::<Vec<_>>().join(", ")
    };
    if !made.missing.is_empty() {
        let text = format!(
            "Missing values of controls are kept: a number gets its mean and an indicator, a name a level of its own. {}.",
            list(&made.missing, "rows")
        );
        answer.note(Level::Info, "missing_controls", text);
    }
    if !made.rare.is_empty() {
        let text = format!("Rare levels of controls are put together as one. {}.", list(&made.rare, "levels"));
        answer.note(Level::Info, "rare_levels", text);
    }
    if !made.constant.is_empty() {
        let text = format!(
            "Controls with one value only are left out: {}.",
            made.constant.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
        );
        answer.note(Level::Info, "constant_controls", text);
    }
}
