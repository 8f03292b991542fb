//! Does the model treat groups of people alike? See `README.md` for definitions.

mod aggregate;
mod apart;
mod bootstrap;
mod cautions;
mod cells;
mod consistency;
mod curves;
mod distances;
mod findings;
mod groups;
mod inequality;
mod merged;
mod metrics;
mod moments;
mod odds;
mod params;
mod scores;
mod strata;
mod tables;
mod worst;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use equipoise_data::GroupingKind;
use equipoise_document::{Block, Estimate, EstimateId, Interval, Level, Note, Section, Table, Task};
use equipoise_kernels::{Share, benjamini_hochberg};
use rayon::prelude::*;
use schemars::{Schema, schema_for};
use serde_json::Value;

use self::aggregate::{Gaps, Levels, Row, Settings};
use self::bootstrap::Resampled;
use self::cautions::Caution;
pub use self::cells::confusion_by_group;
use self::findings::Finding;
use self::groups::{Atoms, Slice};
use self::metrics::{Metric, Shape};
use self::params::IntervalKind;
pub use self::params::Params;
use self::scores::SortedRows;
use self::worst::Standing;
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Rates, errors and calibration by group, the gaps between groups, and how sure they are.
pub struct Fairness;

impl Analysis for Fairness {
    fn id(&self) -> &'static str {
        "fairness"
    }

    fn title(&self) -> &'static str {
        "Fairness"
    }

    fn question(&self) -> &'static str {
        "Does the model treat groups of people alike, and does it work equally well for them?"
    }

    fn params_schema(&self) -> Schema {
        schema_for!(Params)
    }

    fn refuses(&self, context: &Context<'_>) -> Option<String> {
        if groups::groupings(context.test.frame, GroupingKind::Sensitive).is_empty() {
            return Some("no sensitive columns are named, so there are no groups to compare".to_owned());
        }
        (!context.test.frame.has_predictions()).then(|| "there are no predictions to compare".to_owned())
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        if let Some(reason) = self.refuses(context) {
            return Err(AnalysisError::NotApplicable { analysis: "fairness", reason });
        }
        let params: Params = parse_params::<Params>("fairness", params)?.check(context.test.frame)?;
        let sets = groups::sets_of_columns(context.test.frame, &params)?;
        let levels = Levels::default();
        let mut report = Report::new(self, &params, &levels, context);
        for cohort in 0..context.test.frame.cohorts().len() {
            context.check_stop()?;
            report.add_cohort(context, &sets, cohort)?;
        }
        report.section.estimates.extend(consistency::consistency(context, report.settings)?);
        Ok(report.finish())
    }
}

/// The section in the making.
struct Report<'a> {
    section: Section,
    settings: Settings<'a>,
    metrics: Vec<Metric>,
    /// What findings are made of, once all p-values are known.
    looked_at: Vec<LookedAt>,
    cautions: Vec<Caution>,
    worst: Vec<Standing>,
}

/// A slice that findings are made about.
struct LookedAt {
    slice: Slice,
    /// Gaps of every metric, in the metrics' order.
    gaps: Vec<Gaps>,
    deviation: f64,
}

impl<'a> Report<'a> {
    fn new(analysis: &Fairness, params: &'a Params, levels: &'a Levels, context: &Context<'_>) -> Self {
        let frame = context.test.frame;
        let shape = Shape { task: frame.task, classes: &frame.classes, has_probability: frame.has_probability() };
        Self {
            section: Section::new(analysis.id(), analysis.title(), analysis.question()),
            settings: Settings {
                params,
                levels,
                level: context.level(),
                seed: context.seed(),
                is_weighted: frame.is_weighted(),
            },
            metrics: metrics::metrics(&shape),
            looked_at: Vec::new(),
            cautions: Vec::new(),
            worst: Vec::new(),
        }
    }

    fn add_cohort(&mut self, context: &Context<'_>, sets: &[Vec<usize>], cohort: usize) -> Result<(), AnalysisError> {
        let frame = context.test.frame;
        let atoms = Atoms::count(context, cohort)?;
        let has_scores = frame.task == Task::Binary && frame.has_probability();
        let sorted = has_scores.then(|| SortedRows::of(frame, cohort, &atoms));
        if let Some(error) = sorted.as_ref().and_then(SortedRows::binning_error).filter(|_| cohort == 0) {
            self.section.notes.push(findings::scores_in_bins(error));
        }
        let control = groups::groupings(frame, GroupingKind::Control);
        let name = context.cohort_name(cohort);
        let is_resampled = self.settings.params.interval == IntervalKind::PercentileBootstrap;
        let resampled = if is_resampled && bootstrap::applies(frame) {
            Some(Resampled::of(frame, cohort, &atoms, self.settings)?)
        } else {
            None
        };
        let (metrics, settings) = (std::mem::take(&mut self.metrics), self.settings);
        let (sorted_of, resampled_of) = (sorted.as_ref(), resampled.as_ref());
        let swept = |mut slice: Slice| {
            if let Some(sorted) = sorted_of {
                scores::sweep(sorted, &mut slice);
            }
            slice
        };
        // Curves of cohorts would crowd out those of all rows.
        let with_curves = sorted_of.filter(|_| cohort == 0);
        let made = sets.par_iter().map(|set| {
            context.check_stop()?;
            let slices = atoms.slices(frame, set, &[], name).into_par_iter().map(swept);
            Ok(slices.map(|s| OfSlice::of(s, with_curves, resampled_of, &metrics, settings)).collect())
        });
        let made = made.collect::<Result<Vec<Vec<OfSlice>>, AnalysisError>>()?;
        self.metrics = metrics;
        for (place, (set, made)) in sets.iter().zip(made).enumerate() {
            context.check_stop()?;
            for made in made {
                if place == 0 {
                    self.add_overall(&made.looked_at.slice);
                }
                self.add_slice(made);
            }
            if !control.is_empty() {
                let mut strata = atoms.slices(frame, set, &control, name);
                if let Some(sorted) = &sorted {
                    strata.iter_mut().for_each(|slice| scores::sweep(sorted, slice));
                }
                self.add_strata(&strata, resampled.as_ref());
            }
        }
        Ok(())
    }

    /// Numbers of all rows of a cohort, which groups are compared with.
    fn add_overall(&mut self, slice: &Slice) {
        let compat = self.settings.params.compat;
        for metric in &self.metrics {
            let measured = metrics::measure(metric.of, &slice.overall, compat);
            let id = slice.overall_id(&metric.id);
            self.section.estimates.push(aggregate::group_estimate(id, metric, &measured, self.settings));
        }
        if slice.overall.n_classes == 2 {
            self.section.estimates.extend(inequality::inequality(slice, self.settings));
        }
    }

    fn add_slice(&mut self, made: OfSlice) {
        let OfSlice { looked_at, estimates, intervals, tables, blocks, caution, worst } = made;
        bootstrap::replace(&mut self.section.estimates, &intervals);
        self.section.tables.extend(tables);
        self.section.blocks.extend(blocks);
        self.section.estimates.extend(estimates);
        self.cautions.push(caution);
        self.worst.extend(worst);
        self.looked_at.push(looked_at);
    }

    /// The same within strata, and pooled over them.
    fn add_strata(&mut self, strata: &[Slice], resampled: Option<&Resampled>) {
        let settings = self.settings;
        let metrics = std::mem::take(&mut self.metrics);
        let mut all_rows: Vec<Vec<Row<'_>>> = Vec::new();
        for slice in strata {
            let rests = aggregate::rests(slice);
            let rows: Vec<Row<'_>> = metrics.iter().map(|m| Row::of(m, slice, &rests, settings)).collect();
            for row in &rows {
                let id = slice.overall_id(&row.metric.id);
                let is_new = !self.section.estimates.iter().any(|e| e.id == id);
                if is_new {
                    self.section.estimates.push(aggregate::group_estimate(id, row.metric, &row.overall, settings));
                }
            }
            let (_, mut made) = estimates(slice, &rows, settings);
            if let Some(resampled) = resampled {
                bootstrap::replace(&mut made, &resampled.intervals(slice, &metrics, settings));
            }
            self.section.estimates.extend(made);
            all_rows.push(rows);
        }
        for metric in &metrics {
            self.section.estimates.extend(strata::pooled(metric, strata, settings));
        }
        let slices: Vec<&Slice> = strata.iter().collect();
        let rows: Vec<&[Row<'_>]> = all_rows.iter().map(Vec::as_slice).collect();
        if let Some(first) = slices.first() {
            let id = first.table_id("by_stratum");
            self.section.tables.extend(tables::by_group(&slices, &rows, &id, settings));
        }
        drop(all_rows);
        self.metrics = metrics;
    }

    fn finish(mut self) -> Section {
        adjust(&mut self.section.estimates, &self.metrics);
        let by_id: BTreeMap<EstimateId, Estimate> =
            self.section.estimates.iter().map(|e| (e.id.clone(), e.clone())).collect();
        let find = |id: &EstimateId| by_id.get(id).cloned();
        let mut findings: Vec<Finding> = Vec::new();
        for LookedAt { slice, gaps, deviation } in &self.looked_at {
            let rests = aggregate::rests(slice);
            let rows: Vec<Row<'_>> = self.metrics.iter().map(|m| Row::of(m, slice, &rests, self.settings)).collect();
            findings.extend(findings::of_slice(slice, &rows, gaps, &find, *deviation, self.settings));
        }
        let mut notes = merged::notes(&findings);
        if !findings.is_empty() {
            self.section.tables.push(merged::table(&findings));
        }
        // After what is told of single columns.
        if let Some(worst) = self.add_worst() {
            let is_alone = |n: &&Note| n.level == Level::Concern && n.about.iter().all(|id| id.columns().len() == 1);
            let place = notes.iter().take_while(is_alone).count();
            notes.insert(place, worst);
        }
        self.section.notes.append(&mut notes);
        self.section.notes.append(&mut cautions::notes(&self.cautions, self.settings));
        self.section.notes.sort_by_key(|n| n.level.rank());
        self.section
    }

    /// The groups that stand out, of all groupings together.
    fn add_worst(&mut self) -> Option<Note> {
        let mut worst = std::mem::take(&mut self.worst);
        let p: Vec<f64> = worst.iter().map(|s| s.estimate.p_value.as_ref().map_or(1.0, |p| p.value)).collect();
        for (standing, adjusted) in worst.iter_mut().zip(benjamini_hochberg(&p)) {
            if let Some(p) = standing.estimate.p_value.as_mut() {
                p.adjusted = Some(adjusted);
            }
        }
        worst.sort_by(|a, b| b.at_least.total_cmp(&a.at_least).then_with(|| a.estimate.id.cmp(&b.estimate.id)));
        let n_groups = worst.iter().map(|s| (&s.grouping, &s.group)).collect::<std::collections::BTreeSet<_>>().len();
        let note = worst.first().and_then(|s| findings::of_worst(s, n_groups));
        let clear = worst.iter().filter(|s| s.at_least > 0.0).count();
        worst.truncate(clear.clamp(10, 50));
        self.section.estimates.extend(worst.iter().map(|s| s.estimate.clone()));
        if !worst.is_empty() {
            self.section.tables.push(tables::worst("worst_groups", &worst));
        }
        note
    }
}

/// What is said about one slice.
struct OfSlice {
    looked_at: LookedAt,
    estimates: Vec<Estimate>,
    /// Resampled intervals, which stand for those of the numbers of all rows too.
    intervals: BTreeMap<EstimateId, Interval>,
    tables: Vec<Table>,
    blocks: Vec<Block>,
    caution: Caution,
    worst: Vec<Standing>,
}

impl OfSlice {
    fn of(
        slice: Slice,
        sorted: Option<&SortedRows>,
        resampled: Option<&Resampled>,
        metrics: &[Metric],
        settings: Settings<'_>,
    ) -> Self {
        let (mut tables, mut blocks, mut worst) = (Vec::new(), Vec::new(), Vec::new());
        let rests = aggregate::rests(&slice);
        let rows: Vec<Row<'_>> = metrics.iter().map(|m| Row::of(m, &slice, &rests, settings)).collect();
        let (gaps, mut made) = estimates(&slice, &rows, settings);
        if slice.overall.n_classes == 2 {
            made.push(inequality::between_groups(&slice, settings));
            for (share, metric) in
                [(Share::SelectionRate, "differential_fairness"), (Share::BaseRate, "differential_fairness_of_labels")]
            {
                made.push(inequality::differential_fairness(&slice, share, metric, settings));
            }
        }
        if let Some(sorted) = sorted {
            made.extend(distances::distances(sorted, &slice, settings));
            if slice.columns.len() == 1 {
                (tables, blocks) = curves::curves(sorted, &slice, settings);
            }
        }
        let intervals = resampled.map(|r| r.intervals(&slice, metrics, settings)).unwrap_or_default();
        bootstrap::replace(&mut made, &intervals);
        let versus = odds::versus_reference(&slice, &rests, settings);
        for row in rows.iter().filter(|r| r.metric.headline.is_some()) {
            worst.extend(worst::against_the_rest(&slice, row, &rests, settings));
        }
        let table_id = slice.table_id("by_group");
        tables.extend(tables::by_group(&[&slice], &[rows.as_slice()], &table_id, settings));
        tables.push(tables::gaps(&slice, &rows, &gaps, &made));
        tables.extend(tables::criteria(&slice, &made));
        tables.extend(tables::versus(&slice, &versus));
        if slice.cohort.is_none() {
            blocks.extend(tables::blocks(&slice, &table_id, &rows, settings));
        }
        let caution = Caution::of(&slice, &rows, settings);
        made.extend(versus.into_iter().flat_map(|v| v.estimates));
        drop(rows);
        let deviation = slice.overall.moments.as_ref().map_or(1.0, moments::Moments::truth_deviation);
        let looked_at = LookedAt { slice, gaps, deviation };
        Self { looked_at, estimates: made, intervals, tables, blocks, caution, worst }
    }
}

/// Estimates of a slice's groups and gaps.
fn estimates(slice: &Slice, rows: &[Row<'_>], settings: Settings<'_>) -> (Vec<Gaps>, Vec<Estimate>) {
    let mut made = Vec::new();
    let mut all_gaps = Vec::new();
    for row in rows {
        for (group, measured) in slice.groups.iter().zip(&row.groups) {
            let id = slice.group_id(&row.metric.id, group);
            made.push(aggregate::group_estimate(id, row.metric, measured, settings));
        }
        let gaps = row.gaps(1, settings);
        made.extend(aggregate::gap_estimates(row, &gaps, slice, settings));
        all_gaps.push(gaps);
    }
    made.extend(odds::parities(slice, &made));
    made.extend(odds::equalized_odds(slice, rows, settings));
    (all_gaps, made)
}

/// Benjamini–Hochberg over all tests of "no gap", each question counted once; signed comparisons are a family of their
/// own.
fn adjust(estimates: &mut [Estimate], metrics: &[Metric]) {
    let question = |e: &Estimate| {
        let id = &e.id;
        let alias = metrics.iter().find(|m| m.id == id.metric()).map_or(id.metric(), |m| m.tested_as.as_str());
        let alias = match alias {
            "demographic_parity" | "disparate_impact" | "statistical_parity_difference" => "selection_rate",
            "equal_opportunity" => "true_positive_rate",
            "predictive_equality" => "false_positive_rate",
            "predictive_parity" => "precision",
            "error_rate_parity" => "accuracy",
            other => other,
        };
        let is_pooled = id.aggregate().is_some_and(|a| a.starts_with("pooled"));
        let is_open = e.p_value.as_ref().is_some_and(|p| p.adjusted.is_none());
        is_open
            .then(|| (is_gap(id), alias.to_owned(), is_pooled, id.columns().to_vec(), id.cohort().map(str::to_owned)))
    };
    for family in [true, false] {
        let mut questions = BTreeMap::new();
        for estimate in estimates.iter() {
            if let (Some(key), Some(p)) = (question(estimate).filter(|k| k.0 == family), &estimate.p_value) {
                questions.entry(key).or_insert(p.value);
            }
        }
        let (keys, p): (Vec<_>, Vec<f64>) = questions.into_iter().unzip();
        let adjusted: BTreeMap<_, _> = keys.into_iter().zip(benjamini_hochberg(&p)).collect();
        for estimate in estimates.iter_mut() {
            let Some(value) = question(estimate).and_then(|key| adjusted.get(&key).copied()) else { continue };
            if let Some(p) = estimate.p_value.as_mut() {
                p.adjusted = Some(value);
            }
        }
    }
}

/// True for a number over several groups.
fn is_gap(id: &EstimateId) -> bool {
    id.aggregate().is_some() || id.columns().iter().any(|c| c.group.is_none())
}
