//! For whom the effect is larger: linear effects, their spread, and single rows.

use equipoise_causal::{Cate, Covariance, ForestOptions, LinearForest};
use equipoise_document::{Axis, Better, Block, BlockKind, Level, Table, TableColumn};
use equipoise_kernels::boost::{Binned, BoostColumn};
use equipoise_kernels::{chi_squared_tail, normal_two_sided};

use super::answer::{About, Answer, number};
use super::effects::differs;
use super::params::{Direction, HeterogeneityModel, RawParams};
use super::plan::Plan;
use super::{Design, Studied};

/// One row's effect: place of the contrast, row of the test data, effect, standard error.
type OfRow = (usize, u64, f64, f64);

/// Rows there must be for each coefficient.
const ROWS_PER_COEFFICIENT: u64 = 20;
/// Bins of the picture of effects.
const BINS: usize = 20;

/// How the effect of each contrast hangs on the heterogeneity features.
pub(super) struct Differ {
    pub(super) design: Design,
    /// One per contrast; none where there are too few rows or only an instrument.
    pub(super) fits: Vec<Option<Cate>>,
    /// Effect and standard error of every row by a forest, for each contrast; empty without one.
    forests: Vec<Vec<Option<(f64, f64)>>>,
}

impl Differ {
    /// Effect and standard error of a contrast at a row.
    pub(super) fn at(&self, contrast: usize, row: usize) -> Option<(f64, f64)> {
        if let Some(forest) = self.forests.get(contrast) {
            return forest.get(row).copied().flatten();
        }
        let fit = self.fits.get(contrast)?.as_ref()?;
        let x: Vec<f64> = self.design.columns.iter().filter_map(|c| c.get(row)).copied().collect();
        Some(fit.at(&x))
    }
}

impl Differ {
    /// Difference of two contrasts' effects at a row, with the error that both make together: a fit of its own.
    pub(super) fn between(&self, one: &Studied<'_>, then: usize, now: usize, row: usize) -> Option<(f64, f64)> {
        let of = |place: usize| one.found.contrasts.get(place).map(|c| c.pseudo.as_slice());
        let (then, now) = (of(then)?, of(now)?);
        let gained: Vec<f64> = then.iter().zip(now).map(|(a, b)| a - b).collect();
        let views = self.design.views();
        let fit = Cate::fit(&gained, &vec![1.0; gained.len()], &views, Covariance::Hc1, one.rows());
        let x: Vec<f64> = views.iter().filter_map(|c| c.get(row)).copied().collect();
        Some(fit.at(&x))
    }
}

/// Fits effects by features and adds what they say.
pub(super) fn add(answer: &mut Answer, one: &Studied<'_>, plan: &Plan, params: &RawParams, seed: u64) -> Differ {
    let names = plan.heterogeneity_of(&one.treatment.name);
    let design = Design::over(&names, &one.sample.columns, params.upper_bound_on_cat_expansion as usize);
    let k = design.columns.len() as u64 + 1;
    let mut differ = Differ { design, fits: Vec::new(), forests: Vec::new() };
    if !one.found.is_direct() {
        return differ;
    }
    if one.n() < ROWS_PER_COEFFICIENT * k {
        let text = format!(
            "{} rows are too few for how the effect of `{}` hangs on {} columns; name fewer heterogeneity_features.",
            one.n(),
            one.treatment.name,
            k - 1
        );
        answer.note(Level::Caution, "too_many_heterogeneity_features", text);
        return differ;
    }
    for contrast in &one.found.contrasts {
        let views = differ.design.views();
        let fit = if one.found.estimator == "interactive" {
            Cate::fit(&contrast.pseudo, &vec![1.0; contrast.pseudo.len()], &views, Covariance::Hc1, one.rows())
        } else {
            let left = &contrast.residuals;
            Cate::fit(&left.outcome, &left.treatment, &views, Covariance::Hc1, one.rows())
        };
        differ.fits.push(Some(fit));
    }
    if params.heterogeneity_model == HeterogeneityModel::Forest {
        differ.forests = forests(one, &differ.design, params, seed);
    }
    slopes(answer, one, &differ);
    spread(answer, one, &differ);
    rows(answer, one, &differ, params);
    differ
}

/// Effects of all rows by causal forests, each row by the trees that have not seen it.
fn forests(one: &Studied<'_>, design: &Design, params: &RawParams, seed: u64) -> Vec<Vec<Option<(f64, f64)>>> {
    let columns: Vec<BoostColumn<'_>> = design.columns.iter().map(|x| BoostColumn::Number(x)).collect();
    let Ok(data) = Binned::new(&columns, 255) else { return Vec::new() };
    let options = ForestOptions { n_trees: params.forest_trees as usize, seed, ..ForestOptions::default() };
    one.found
        .contrasts
        .iter()
        .map(|contrast| {
            let views = design.views();
            let forest = LinearForest::fit(&data, &views, &contrast.residuals, &options, one.rows());
            (0..data.n_rows()).map(|row| forest.out_of_bag(&data, &views, row)).collect()
        })
        .collect()
}

/// The coefficients, and a test that all are 0.
fn slopes(answer: &mut Answer, one: &Studied<'_>, differ: &Differ) {
    let (mut contrasts, mut features, mut values, mut errors, mut lows, mut highs, mut p) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let z = answer.confidence.z();
    let mut said = Vec::new();
    for (place, fit) in differ.fits.iter().enumerate() {
        let Some(fit) = fit else { continue };
        let n_slopes = fit.coefficients.len().saturating_sub(1);
        let (statistic, df) = fit.wald(0..n_slopes);
        #[allow(clippy::cast_precision_loss, reason = "a few degrees of freedom")]
        let all = if df > 0 { chi_squared_tail(statistic, df as f64) } else { 1.0 };
        let about = About { treatment: &one.treatment.name, level: one.treatment.level(place + 1), cohort: None };
        let id = about.id("heterogeneity_p_value");
        let id = answer.add(answer.plain(id, all, one.n(), Better::Neither));
        let name = format!("{}: {}", one.treatment.name, one.treatment.contrast_name(place + 1));
        answer.note_about(Level::Info, "heterogeneity", format!("{name}: {}.", differs(all)), &[id]);
        said.push(format!("{name}: {}", differs(all)));
        let names = differ.design.names.iter().cloned().chain(std::iter::once("(constant)".to_owned()));
        for ((feature, b), se) in names.zip(&fit.coefficients).zip(fit.standard_errors()) {
            contrasts.push(one.treatment.contrast_name(place + 1));
            features.push(feature);
            // A column that says nothing new has no error and no effect of its own.
            let known = se > 0.0;
            values.push(known.then_some(*b));
            errors.push(known.then_some(se));
            lows.push(known.then_some(b - z * se));
            highs.push(known.then_some(b + z * se));
            p.push(known.then(|| normal_two_sided(b / se)));
        }
    }
    let id = format!("heterogeneity_{}", one.place);
    let table = Table::new(&id, &format!("How the effect of {} differs", one.treatment.name))
        .column(TableColumn::text("contrast", "Contrast", contrasts))
        .column(TableColumn::text("feature", "Feature", features))
        .column(TableColumn::number("slope", "Effect per unit", values))
        .column(TableColumn::number("error", "Standard error", errors))
        .column(TableColumn::number("low", "Low", lows))
        .column(TableColumn::number("high", "High", highs))
        .column(TableColumn::number("p", "p", p));
    answer.section.tables.push(table);
    let says = format!(
        "By how much the effect itself changes per unit of a feature, the others held fixed. Over all features together: {}.",
        said.join("; ")
    );
    let title = format!("For whom: {}", one.treatment.name);
    answer.section.blocks.push(Block::new(&id, &title, &id, BlockKind::Table {}, says));
}

/// How the effects of rows are spread.
fn spread(answer: &mut Answer, one: &Studied<'_>, differ: &Differ) {
    let (mut lows, mut highs, mut counts, mut series) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for place in 0..differ.fits.len() {
        let effects: Vec<f64> = (0..one.sample.y.len()).filter_map(|row| differ.at(place, row)).map(|e| e.0).collect();
        let (low, high) = effects.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), e| (a.min(*e), b.max(*e)));
        if effects.is_empty() || high <= low {
            continue;
        }
        #[allow(clippy::cast_precision_loss, reason = "a few bins")]
        let width = (high - low) / BINS as f64;
        let mut bins = vec![0_u64; BINS];
        for e in &effects {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin")]
            let bin = (((e - low) / width) as usize).min(BINS - 1);
            if let Some(count) = bins.get_mut(bin) {
                *count += 1;
            }
        }
        for (bin, count) in bins.into_iter().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "a few bins")]
            let from = low + width * bin as f64;
            lows.push(Some(from));
            highs.push(Some(from + width));
            #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
            counts.push(Some(count as f64 / effects.len() as f64));
            series.push(one.treatment.contrast_name(place + 1));
        }
    }
    if lows.is_empty() {
        return;
    }
    let id = format!("effects_of_rows_{}", one.place);
    let name = &one.treatment.name;
    let table = Table::new(&id, &format!("Effects of {name} over the rows"))
        .column(TableColumn::number("low", "From", lows))
        .column(TableColumn::number("high", "To", highs))
        .column(TableColumn::number("share", "Share of the rows", counts).with_unit(equipoise_document::Unit::Share))
        .column(TableColumn::text("contrast", "Contrast", series));
    answer.section.tables.push(table);
    let kind = BlockKind::Distribution {
        low: "low".into(),
        high: "high".into(),
        value: "share".into(),
        series: Some("contrast".into()),
        axis: Axis::titled(&format!("Change of {}", answer.outcome)),
    };
    let says = format!(
        "How the estimated effects of {name} are spread over the rows, as far as they hang on the features. They are estimates: \
         part of the spread is chance."
    );
    answer.section.blocks.push(Block::new(&id, &format!("Effects of rows: {name}"), &id, kind, says));
}

/// The rows of the test data with the largest effects.
fn rows(answer: &mut Answer, one: &Studied<'_>, differ: &Differ, params: &RawParams) {
    let z = answer.confidence.z();
    let better = if params.better == Direction::Lower { -1.0 } else { 1.0 };
    let cost = params.cost(one.place);
    let mut found: Vec<OfRow> = Vec::new();
    for place in 0..differ.fits.len() {
        for (row, id) in one.sample.test_row.iter().enumerate() {
            if let (Some(id), Some((value, se))) = (id, differ.at(place, row)) {
                found.push((place, *id, value, se));
            }
        }
    }
    if found.is_empty() || params.individual_rows == 0 {
        return;
    }
    found.sort_by(|a, b| (better * b.2).total_cmp(&(better * a.2)).then(a.1.cmp(&b.1)).then(a.0.cmp(&b.0)));
    let n_gain = found.iter().filter(|(.., value, _)| better * value > cost).count();
    let n_all = found.len();
    found.truncate(params.individual_rows as usize);
    let column = |pick: &dyn Fn(&OfRow) -> f64| found.iter().map(|f| Some(pick(f))).collect::<Vec<_>>();
    let id = format!("rows_{}", one.place);
    let name = &one.treatment.name;
    let table = Table::new(&id, &format!("Rows with the largest gains from {name}"))
        .column(TableColumn::integer("row", "Row of the test data", found.iter().map(|f| i64::try_from(f.1).ok())))
        .column(TableColumn::text("contrast", "Contrast", found.iter().map(|f| one.treatment.contrast_name(f.0 + 1))))
        .column(TableColumn::number("effect", &format!("Change of {}", answer.outcome), column(&|f| f.2)))
        .column(TableColumn::number("low", "Low", column(&|f| f.2 - z * f.3)))
        .column(TableColumn::number("high", "High", column(&|f| f.2 + z * f.3)))
        .column(TableColumn::number("gain", "Gain less cost", column(&|f| better * f.2 - cost)));
    answer.section.tables.push(table);
    let says = format!(
        "The {} rows of the test data that would gain most; counting from 0. Of {n_all} rows and levels {n_gain} would gain more \
         than the cost of {}.",
        found.len(),
        number(cost)
    );
    answer.section.blocks.push(Block::new(
        &id,
        &format!("Rows that gain most: {name}"),
        &id,
        BlockKind::Table {},
        says,
    ));
}
