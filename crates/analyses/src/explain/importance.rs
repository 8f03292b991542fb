//! Permutation importance: how much worse the predictions fit when a feature's values are shuffled among the rows.

use equipoise_data::{Column, Frame};
use equipoise_kernels::{Draws, Ends, Mean, Placements, normal_quantile, split_mix, t_quantile};

use super::ask::Asker;
use super::score::{Metric, Scored};
use super::subject::Subject;
use super::table::{Table, take};
use crate::AnalysisError;

/// Folds of the jackknife.
const FOLDS: u8 = 20;

/// A feature or group with what its shuffling costs.
pub(super) struct Importance {
    /// Its features.
    pub(super) features: Vec<usize>,
    /// Mean loss of fit over shuffles; none where the metric is undefined.
    pub(super) value: Option<f64>,
    pub(super) ends: Option<Ends>,
    pub(super) method: &'static str,
}

/// What permutation importance found.
pub(super) struct Permuted {
    pub(super) metric: Metric,
    pub(super) n_rows: u64,
    /// The metric over the unshuffled rows.
    pub(super) baseline: Option<f64>,
    /// Features first, groups after them.
    pub(super) all: Vec<Importance>,
}

/// Truth of the rows that are shuffled.
struct Truth {
    classes: Vec<u16>,
    values: Vec<f64>,
    weight: Option<Vec<f64>>,
    folds: Vec<u8>,
    n_classes: usize,
    threshold: f64,
}

impl Truth {
    fn of(frame: &Frame, places: &[u32], subject: &Subject<'_>) -> Self {
        let pick = |place: &u32| *place as usize;
        frame.with_all(|rows| Self {
            classes: places.iter().filter_map(|p| rows.truth.classes().get(pick(p)).copied()).collect(),
            values: places.iter().filter_map(|p| rows.truth.values().get(pick(p)).copied()).collect(),
            weight: rows.weight.map(|_| places.iter().map(|p| rows.weight_at(pick(p))).collect()),
            #[allow(clippy::cast_possible_truncation, reason = "below the number of folds")]
            folds: places.iter().map(|p| (split_mix(u64::from(*p)) % u64::from(FOLDS)) as u8).collect(),
            n_classes: subject.context.classes.len(),
            threshold: subject.context.spec.threshold.unwrap_or(0.5),
        })
    }

    fn scored<'t>(&'t self, answers: &'t [f64], n_outputs: usize) -> Scored<'t> {
        Scored {
            classes: &self.classes,
            values: &self.values,
            answers,
            n_outputs,
            n_classes: self.n_classes,
            weight: self.weight.as_deref(),
            threshold: self.threshold,
            without: None,
        }
    }
}

/// Answers the model's predictions with some columns taken from other rows.
pub(super) trait Shuffled {
    /// The unshuffled answers, shape `(n_rows, n_outputs)`.
    fn plain(&self) -> &[f64];

    /// The answers when the columns of each set come from other rows: by set and order. None where this way cannot tell.
    fn with(&self, sets: &[Vec<usize>], orders: &[Vec<Vec<u32>>]) -> Result<Option<Vec<Vec<Vec<f64>>>>, AnalysisError>;

    /// Sets whose answers fit into memory together.
    fn sets_at_once(&self, repeats: usize) -> usize;
}

/// Any model: all rows are asked again.
pub(super) struct Asked<'a> {
    asker: &'a Asker<'a>,
    rows: &'a Table,
    plain: Vec<f64>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(asker: &'a Asker<'a>, rows: &'a Table) -> Result<Self, AnalysisError> {
        Ok(Self { asker, rows, plain: asker.ask(&rows.columns)? })
    }

    fn one(&self, features: &[usize], order: &[u32]) -> Result<Vec<f64>, AnalysisError> {
        let order: Vec<usize> = order.iter().map(|row| *row as usize).collect();
        let column = |(place, column): (usize, &Column)| {
            if features.contains(&place) { take(column, &order) } else { column.clone() }
        };
        let columns: Vec<Column> = self.rows.columns.iter().enumerate().map(column).collect();
        self.asker.ask(&columns)
    }
}

impl Shuffled for Asked<'_> {
    fn plain(&self) -> &[f64] {
        &self.plain
    }

    fn with(&self, sets: &[Vec<usize>], orders: &[Vec<Vec<u32>>]) -> Result<Option<Vec<Vec<Vec<f64>>>>, AnalysisError> {
        let of_set = |(set, orders): (&Vec<usize>, &Vec<Vec<u32>>)| orders.iter().map(|o| self.one(set, o)).collect();
        let all: Result<Vec<Vec<Vec<f64>>>, AnalysisError> = sets.iter().zip(orders).map(of_set).collect();
        Ok(Some(all?))
    }

    fn sets_at_once(&self, _: usize) -> usize {
        1
    }
}

/// Shuffles features one by one and groups together.
pub(super) fn run(
    subject: &Subject<'_>,
    places: &[u32],
    model: &dyn Shuffled,
    features: &[usize],
    groups: &[Vec<usize>],
) -> Result<Option<Permuted>, AnalysisError> {
    let truth = Truth::of(subject.context.test.frame, places, subject);
    let metric = subject.params.metric;
    let k = subject.asker.n_outputs;
    let plain = truth.scored(model.plain(), k);
    let baseline = metric.of(&plain);
    let spread = Spread::over(metric, &plain, &truth);
    let singles = features.iter().map(|f| vec![*f]);
    let sets: Vec<Vec<usize>> = singles.chain(groups.iter().cloned()).collect();
    let mut all = Vec::with_capacity(sets.len());
    let repeats = subject.params.repeats;
    let at_once = model.sets_at_once(repeats);
    for (chunk, some) in sets.chunks(at_once).enumerate() {
        subject.context.check_stop()?;
        // A feature is shuffled in the same way whatever stands beside it.
        let name = |set: usize| match some.get(set).map(Vec::as_slice) {
            Some([feature]) => *feature,
            _ => subject.n_features() + chunk * at_once + set,
        };
        let order = |set: usize, repeat: usize| {
            let index = (name(set) * 10_000 + repeat) as u64;
            shuffled(places.len(), &mut Draws::new(subject.context.seed(), "explain.permutation", index))
        };
        let orders: Vec<Vec<Vec<u32>>> =
            (0..some.len()).map(|set| (0..repeats).map(|repeat| order(set, repeat)).collect()).collect();
        let Some(answers) = model.with(some, &orders)? else { return Ok(None) };
        for (features, answers) in some.iter().zip(answers) {
            let after = |answers: &[f64]| metric.of(&truth.scored(answers, k));
            let losses = answers.iter().filter_map(|a| Some(metric.lost(baseline?, after(a)?)));
            let losses: Vec<f64> = losses.collect();
            let error = answers.first().and_then(|a| spread.error(metric, &truth.scored(a, k), &truth));
            all.push(importance(features.clone(), &losses, error, subject.context.level()));
        }
        #[allow(clippy::cast_precision_loss, reason = "a share for the eye")]
        subject.context.progress.share(all.len() as f64 / sets.len() as f64);
    }
    Ok(Some(Permuted { metric, n_rows: places.len() as u64, baseline, all }))
}

/// Mean over shuffles, its interval out of two variances: that of sampling rows and that of shuffling.
fn importance(features: Vec<usize>, losses: &[f64], rows: Option<f64>, level: f64) -> Importance {
    #[allow(clippy::cast_precision_loss, reason = "a few shuffles")]
    let n = losses.len() as f64;
    if losses.is_empty() {
        return Importance { features, value: None, ends: None, method: "" };
    }
    let value = losses.iter().sum::<f64>() / n;
    let shuffles = losses.iter().map(|x| (x - value) * (x - value)).sum::<f64>() / (n - 1.0).max(1.0) / n;
    let (variance, quantile) = match rows {
        Some(rows) => (rows * rows + shuffles, normal_quantile(0.5 + 0.5 * level)),
        None if n > 1.0 => (shuffles, t_quantile(0.5 + 0.5 * level, n - 1.0)),
        None => return Importance { features, value: Some(value), ends: None, method: "" },
    };
    let half = quantile * libm::sqrt(variance);
    let ends = half.is_finite().then_some(Ends { low: value - half, high: value + half });
    Importance {
        features,
        value: Some(value),
        ends,
        method: if rows.is_some() { "rows_and_shuffles" } else { "shuffles" },
    }
}

/// A random order (Fisher and Yates).
fn shuffled(n: usize, draws: &mut Draws) -> Vec<u32> {
    let mut order: Vec<u32> = (0_u32..).take(n).collect();
    for last in (1..n).rev() {
        #[allow(clippy::cast_possible_truncation, reason = "below the number of rows")]
        let other = draws.below(last as u64 + 1) as usize;
        order.swap(last, other);
    }
    order
}

/// What the error of a loss of fit needs of the unshuffled rows.
enum Spread {
    /// The metric is a mean of these losses.
    Losses(Vec<f64>),
    /// The area under the ROC curve (DeLong).
    Area(Option<Placements>),
    /// Any other: the metric with each fold left out.
    Folds(Vec<Option<f64>>),
}

impl Spread {
    fn over(metric: Metric, plain: &Scored<'_>, truth: &Truth) -> Self {
        if let Some(losses) = plain.losses(metric) {
            return Self::Losses(losses);
        }
        match metric {
            Metric::RocAuc => {
                Self::Area(Placements::of(&positives(truth), plain.answers, truth.weight.as_deref()).ok())
            }
            _ => Self::Folds(folds(metric, plain, truth)),
        }
    }

    /// Standard error of the loss of fit, over samples of rows.
    fn error(&self, metric: Metric, after: &Scored<'_>, truth: &Truth) -> Option<f64> {
        let weight = truth.weight.as_deref();
        match self {
            Self::Losses(before) => {
                let after = after.losses(metric)?;
                let lost: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
                let mut mean = Mean::default();
                mean.push_all(&lost, weight);
                mean.standard_error()
            }
            Self::Area(before) => {
                let is_positive = positives(truth);
                let after = Placements::of(&is_positive, after.answers, weight).ok()?;
                before.as_ref()?.standard_error_to(&after, &is_positive, weight).ok()
            }
            Self::Folds(before) => {
                let after = folds(metric, after, truth);
                let lost: Option<Vec<f64>> =
                    before.iter().zip(&after).map(|(b, a)| Some(metric.lost((*b)?, (*a)?))).collect();
                let lost = lost?;
                #[allow(clippy::cast_precision_loss, reason = "a few folds")]
                let n = lost.len() as f64;
                let mean = lost.iter().sum::<f64>() / n;
                Some(libm::sqrt((n - 1.0) / n * lost.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>()))
            }
        }
    }
}

fn positives(truth: &Truth) -> Vec<bool> {
    truth.classes.iter().map(|c| *c == 1).collect()
}

fn folds(metric: Metric, scored: &Scored<'_>, truth: &Truth) -> Vec<Option<f64>> {
    (0..FOLDS).map(|fold| metric.of(&Scored { without: Some((&truth.folds, fold)), ..*scored })).collect()
}
