//! What covariates say of outcome and treatment, predicted for each row by a fit that has not seen it.

use equipoise_kernels::Merge as _;
use equipoise_kernels::boost::{Binned, Boosting, Loss};
use equipoise_kernels::linear::{
    Centre, Gram, LinearFit, Logistic, choose_lasso, choose_logistic, lasso, lasso_path, log_path,
};
use rayon::prelude::*;

use crate::{CausalError, Folds, Rows, logit, splines, stack};

/// Rows times columns beyond which the penalty of a logistic regression is chosen on every so-many-th row only; at least as
/// many rows as [`FEWEST_PENALTY_ROWS`] are taken.
const PENALTY_CELLS: usize = 400_000;
const FEWEST_PENALTY_ROWS: usize = 4_000;
/// Trees after which boosting ends even if it still gains.
const MAX_TREES: u32 = 500;
/// Chances of the log loss are kept this far from 0 and 1.
const LEAST_CHANCE: f64 = 1e-9;
/// Rows of a fold that are read before those of the next one.
const AT_ONCE: usize = 256;
/// Blocks that are summed side by side.
const BLOCKS: usize = 16;
/// Rows whose logarithms are taken together.
const LOG_ROWS: usize = 32;

/// The covariates in every form a learner wants.
pub struct Covariates<'a> {
    /// Numbers, indicators of levels and of missing values; no missing values in them.
    pub columns: Vec<&'a [f64]>,
    /// The same as bytes, with missing values and names as they are; absent where nothing is boosted.
    pub binned: Option<&'a Binned>,
}

/// Which learners are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Ordinary least squares and maximum likelihood.
    Plain,
    /// The lasso and the ridge of a logistic regression, penalties by cross-validation.
    Linear,
    /// The lasso on columns and on hinges, and boosting, stacked by their cross-validated error.
    Auto,
}

/// A learner that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its name.
    pub learner: &'static str,
    /// Mean squared error or log loss out of fold.
    pub loss: f64,
    /// Its part in the stack.
    pub weight: f64,
}

/// How good out-of-fold predictions are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quality {
    /// Share of the variance that is explained.
    RSquared(f64),
    /// Log loss, and that of the mean.
    LogLoss {
        /// Of the predictions.
        loss: f64,
        /// Of the mean alone.
        of_mean: f64,
    },
}

/// Out-of-fold predictions of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Nuisance {
    /// One per row.
    pub values: Vec<f64>,
    /// The learners, best first.
    pub tried: Vec<Tried>,
    /// How good they are on the rows that count.
    pub quality: Quality,
    /// Whether maximum likelihood ran away because the covariates part the classes; a small ridge held it.
    pub separated: bool,
}

/// Fits and predicts over folds.
pub struct CrossFit<'a> {
    /// What is known of each row.
    pub covariates: &'a Covariates<'a>,
    /// The folds.
    pub folds: &'a Folds,
    /// What rows count for, and whether the work is still wanted.
    pub rows: Rows<'a>,
    /// Which learners.
    pub choice: Choice,
}

struct Candidate {
    learner: &'static str,
    values: Vec<f64>,
    separated: bool,
}

/// Cross products of columns by fold, and of all folds.
struct Sums {
    centre: Centre,
    parts: Vec<Gram>,
    total: Gram,
}

impl Sums {
    fn over(columns: &[&[f64]], cross: &CrossFit<'_>, subset: Option<&[bool]>) -> Self {
        let centre = Centre::near_means(columns, cross.rows.weight);
        let rows: Vec<Vec<u32>> = (0..cross.folds.k()).map(|fold| cross.folds.inside(fold, subset)).collect();
        let none = || vec![Gram::empty(columns.len()); rows.len()];
        let of_block = |block: (usize, usize)| {
            let mut parts = none();
            if !cross.rows.stop.is_asked() {
                for (fold, rows) in Folds::in_turn(&rows, AT_ONCE, block) {
                    if let Some(part) = parts.get_mut(fold) {
                        part.push(columns, &centre, cross.rows.weight, rows);
                    }
                }
            }
            parts
        };
        // The number of blocks follows from that of the rows alone, and so do the sums to the bit.
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let step = longest.div_ceil(BLOCKS).next_multiple_of(AT_ONCE).max(AT_ONCE);
        let blocks: Vec<(usize, usize)> = (0..longest).step_by(step).map(|start| (start, start + step)).collect();
        let found: Vec<Vec<Gram>> = blocks.into_par_iter().map(of_block).collect();
        let mut parts = none();
        for more in found {
            parts.iter_mut().zip(more).for_each(|(part, more)| part.merge_from(more));
        }
        let mut total = Gram::empty(columns.len());
        for part in &parts {
            total.merge_from(part.clone());
        }
        Self { centre, parts, total }
    }
}

impl CrossFit<'_> {
    /// `E[target given X]` for each target, fitted on the rows of `subset` (an arm of the treatment) and predicted for all
    /// rows. Cross products are summed once for all targets and folds.
    ///
    /// # Errors
    /// When a fold leaves too few rows, boosting refuses a value, or the work is no longer wanted.
    pub fn regressions(&self, targets: &[&[f64]], subset: Option<&[bool]>) -> Result<Vec<Nuisance>, CausalError> {
        self.regressions_with(targets, subset, Vec::new())
    }

    /// As [`CrossFit::regressions`], with predictions of every target beside those of the learners: the stack takes of them what
    /// they are worth.
    pub(crate) fn regressions_with(
        &self,
        targets: &[&[f64]],
        subset: Option<&[bool]>,
        more: Vec<(&'static str, Vec<Vec<f64>>)>,
    ) -> Result<Vec<Nuisance>, CausalError> {
        self.check(subset)?;
        let plain = self.choice == Choice::Plain;
        let mut candidates: Vec<Vec<Candidate>> = targets.iter().map(|_| Vec::new()).collect();
        let mut offer = |learner: &'static str, all: Vec<Vec<f64>>| {
            for (list, values) in candidates.iter_mut().zip(all) {
                list.push(Candidate { learner, values, separated: false });
            }
        };
        let name = if plain { "least_squares" } else { "lasso" };
        offer(name, self.linear(&self.covariates.columns, targets, subset, plain));
        self.go_on()?;
        if self.choice == Choice::Auto {
            let hinges = splines::hinges(&self.covariates.columns);
            let views: Vec<&[f64]> = hinges.iter().map(Vec::as_slice).collect();
            offer("hinges", self.linear(&views, targets, subset, false));
            self.go_on()?;
            if let Some(binned) = self.covariates.binned {
                let boosted: Result<Vec<_>, _> =
                    targets.iter().map(|y| self.boosted(binned, y, subset, Loss::Squared)).collect();
                offer("boosting", boosted?);
                self.go_on()?;
            }
        }
        for (learner, all) in more {
            offer(learner, all);
        }
        let found = candidates.into_iter().zip(targets).map(|(list, y)| self.settle(&list, y, subset, Loss::Squared));
        Ok(found.collect())
    }

    /// `P(target = 1 given X)`.
    ///
    /// # Errors
    /// When a fold leaves too few rows, boosting refuses a value, or the work is no longer wanted.
    pub fn chance(&self, target: &[f64]) -> Result<Nuisance, CausalError> {
        self.check(None)?;
        let columns = &self.covariates.columns;
        let mut list = match self.choice {
            Choice::Plain => vec![self.logistic("logistic", columns, target, None)],
            Choice::Linear | Choice::Auto => {
                vec![self.logistic("logistic_ridge", columns, target, self.penalty(columns, target, 10))]
            }
        };
        self.go_on()?;
        if self.choice == Choice::Auto {
            let hinges = splines::hinges(columns);
            let views: Vec<&[f64]> = hinges.iter().map(Vec::as_slice).collect();
            let penalty = self.penalty(&views, target, 4);
            self.go_on()?;
            list.push(self.logistic("logistic_hinges", &views, target, penalty));
            self.go_on()?;
            if let Some(binned) = self.covariates.binned {
                let values = self.boosted(binned, target, None, Loss::Logistic)?;
                self.go_on()?;
                list.push(Candidate { learner: "boosting", values, separated: false });
            }
        }
        Ok(self.settle(&list, target, None, Loss::Logistic))
    }

    fn go_on(&self) -> Result<(), CausalError> {
        if self.rows.stop.is_asked() { Err(CausalError::Stopped) } else { Ok(()) }
    }

    fn check(&self, subset: Option<&[bool]>) -> Result<(), CausalError> {
        let is_in = |row: &u32| subset.is_none_or(|s| s.get(*row as usize).copied().unwrap_or(false));
        let counts: Vec<usize> =
            self.folds.rows().iter().map(|rows| rows.iter().filter(|row| is_in(row)).count()).collect();
        let total: usize = counts.iter().sum();
        for inside in counts {
            let n = total - inside;
            if n < 2 {
                return Err(CausalError::TooFewRows { rows: n, folds: self.folds.k() });
            }
        }
        Ok(())
    }

    /// Each covariate in turn as a target beside `y`, with all the others as predictors: `E[y given others]` and
    /// `E[covariate given others]`. One pass sums the cross products of all; what follows costs no further one. The learners
    /// are the linear ones, whatever the choice.
    ///
    /// # Errors
    /// When a fold leaves too few rows.
    pub fn each_in_turn(&self, y: &[f64]) -> Result<Vec<[Nuisance; 2]>, CausalError> {
        self.check(None)?;
        let x = &self.covariates.columns;
        let columns: Vec<&[f64]> = x.iter().copied().chain([y]).collect();
        let sums = Sums::over(&columns, self, None);
        let plain = self.choice == Choice::Plain;
        let learner = if plain { "least_squares" } else { "lasso" };
        let of_column = |column: usize| {
            let predictors: Vec<usize> = (0..x.len()).filter(|j| *j != column).collect();
            [x.len(), column].map(|target| {
                let values = self.out_of_fold(&columns, &sums, &predictors, target, plain);
                let list = [Candidate { learner, values, separated: false }];
                self.settle(&list, columns.get(target).copied().unwrap_or_default(), None, Loss::Squared)
            })
        };
        Ok((0..x.len()).into_par_iter().map(of_column).collect())
    }

    /// Least squares or the lasso of every target, out of fold.
    fn linear(&self, x: &[&[f64]], targets: &[&[f64]], subset: Option<&[bool]>, plain: bool) -> Vec<Vec<f64>> {
        let columns: Vec<&[f64]> = x.iter().chain(targets).copied().collect();
        let sums = Sums::over(&columns, self, subset);
        let predictors: Vec<usize> = (0..x.len()).collect();
        let of_target = |target: usize| self.out_of_fold(&columns, &sums, &predictors, target, plain);
        (x.len()..columns.len()).into_par_iter().map(of_target).collect()
    }

    /// One target out of fold from sums of cross products.
    fn out_of_fold(
        &self,
        columns: &[&[f64]],
        sums: &Sums,
        predictors: &[usize],
        target: usize,
        plain: bool,
    ) -> Vec<f64> {
        let Sums { centre, parts, total } = sums;
        let mut values = vec![0.0; self.folds.n_rows()];
        if self.rows.stop.is_asked() {
            return values;
        }
        let penalty = if plain {
            None
        } else {
            let path = lasso_path(total, centre, predictors, target);
            choose_lasso(total, parts, centre, predictors, target, &path).map(|c| c.penalty)
        };
        let x: Vec<&[f64]> = predictors.iter().filter_map(|p| columns.get(*p)).copied().collect();
        let fit = |part: &Gram| {
            let rest = total.minus(part);
            match penalty {
                None => LinearFit::ols(&rest, centre, predictors, target),
                Some(penalty) => lasso(&rest, centre, predictors, target, penalty),
            }
        };
        let fits: Vec<LinearFit> = parts.iter().map(fit).collect();
        for (fold, rows) in Folds::in_turn(self.folds.rows(), AT_ONCE, (0, self.folds.n_rows())) {
            if let Some(fit) = fits.get(fold) {
                put(&mut values, rows, &fit.predict(&x, rows));
            }
        }
        values
    }

    fn penalty(&self, columns: &[&[f64]], target: &[f64], n: usize) -> Option<f64> {
        // `1/C` for C from 1e-4 to 1e4, as the toolbox has it; strong penalties first.
        let path = log_path(1e4, 1e-8, n);
        let wanted = (PENALTY_CELLS / columns.len().max(1)).max(FEWEST_PENALTY_ROWS);
        let step = self.folds.n_rows().div_ceil(wanted).max(1);
        let parts: Vec<Vec<u32>> =
            self.folds.rows().iter().map(|rows| rows.iter().copied().step_by(step).collect()).collect();
        choose_logistic(columns, target, self.rows.weight, &parts, &path).map(|c| c.penalty)
    }

    fn logistic(&self, learner: &'static str, columns: &[&[f64]], target: &[f64], penalty: Option<f64>) -> Candidate {
        let everything: Vec<u32> = (0..u32::try_from(self.folds.n_rows()).unwrap_or(u32::MAX)).collect();
        let fit = |penalty: f64, start: Option<&[f64]>, rows: &[u32]| {
            Logistic { penalty, start }.fit(columns, target, self.rows.weight, rows)
        };
        let mut penalty = penalty.unwrap_or(0.0);
        if let Some(values) = logit::chances(columns, target, self.rows.weight, self.folds, penalty) {
            return Candidate { learner, values, separated: false };
        }
        let mut whole = fit(penalty, None, &everything);
        let mut separated = whole.separated;
        loop {
            if separated && penalty == 0.0 {
                // A ridge of one row holds what would run away to infinity.
                penalty = 1.0;
                whole = fit(penalty, None, &everything);
            }
            let fits: Vec<_> = (0..self.folds.k())
                .into_par_iter()
                .map(|fold| fit(penalty, Some(whole.solution()), &self.folds.outside(fold, None)))
                .collect();
            if penalty == 0.0 && fits.iter().any(|f| f.separated) {
                separated = true;
                continue;
            }
            let mut values = vec![0.0; self.folds.n_rows()];
            for (fit, rows) in fits.iter().zip(self.folds.rows()) {
                put(&mut values, rows, &fit.predict(columns, rows));
            }
            return Candidate { learner, values, separated };
        }
    }

    /// Boosting with one number of trees for all folds, the one with the smallest loss on the rows left out.
    fn boosted(
        &self,
        binned: &Binned,
        target: &[f64],
        subset: Option<&[bool]>,
        loss: Loss,
    ) -> Result<Vec<f64>, CausalError> {
        let n = subset.map_or(self.folds.n_rows(), |s| s.iter().filter(|s| **s).count());
        // Small leaves need many rows to be worth anything.
        let task = Boosting {
            loss,
            n_trees: MAX_TREES,
            learning_rate: if n < 5_000 { 0.05 } else { 0.1 },
            max_leaves: if n < 5_000 { 8 } else { 15 },
            patience: Some(20),
            ..Boosting::default()
        };
        let fits: Vec<_> = (0..self.folds.k())
            .into_par_iter()
            .map(|fold| {
                let (rows, watched) = (self.folds.outside(fold, subset), self.folds.inside(fold, subset));
                task.run_until(self.rows.stop, binned, target, self.rows.weight, &rows, &watched)
            })
            .collect::<Result<_, _>>()?;
        let longest = fits.iter().map(|(_, trace)| trace.losses.len()).max().unwrap_or(1);
        let mean_loss = |n_trees: usize| -> f64 {
            fits.iter().filter_map(|(_, trace)| trace.losses.get(n_trees).or(trace.losses.last())).sum()
        };
        let mut best = (0, f64::INFINITY);
        for n_trees in 0..longest {
            let loss = mean_loss(n_trees);
            if loss < best.1 {
                best = (n_trees, loss);
            }
        }
        let mut values = vec![0.0; self.folds.n_rows()];
        for ((model, _), rows) in fits.iter().zip(self.folds.rows()) {
            let scores = model.scores(binned, rows, best.0);
            put(&mut values, rows, &scores.iter().map(|s| loss.predicted(*s)).collect::<Vec<f64>>());
        }
        Ok(values)
    }

    /// One candidate, or the stack of several, and how good it is.
    fn settle(&self, list: &[Candidate], target: &[f64], subset: Option<&[bool]>, loss: Loss) -> Nuisance {
        let rows: Vec<u32> = (0..self.folds.k()).flat_map(|fold| self.folds.inside(fold, subset)).collect();
        let predictions: Vec<&[f64]> = list.iter().map(|c| c.values.as_slice()).collect();
        let weights =
            if list.len() == 1 { vec![1.0] } else { stack::weights(&predictions, target, self.rows.weight, &rows) };
        let mut values = vec![0.0; self.folds.n_rows()];
        for (candidate, weight) in list.iter().zip(&weights) {
            values.iter_mut().zip(&candidate.values).for_each(|(sum, x)| *sum += weight * x);
        }
        let loss_of = |values: &[f64]| self.loss(values, target, &rows, loss);
        let mut tried: Vec<Tried> = list
            .iter()
            .zip(&weights)
            .map(|(c, weight)| Tried { learner: c.learner, loss: loss_of(&c.values), weight: *weight })
            .collect();
        let reached = match tried.as_slice() {
            [only] => only.loss,
            _ => loss_of(&values),
        };
        tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        let of_mean = self.loss_of_mean(target, &rows, loss);
        let quality = match loss {
            Loss::Squared => Quality::RSquared(1.0 - reached / of_mean),
            Loss::Logistic => Quality::LogLoss { loss: reached, of_mean },
        };
        Nuisance { values, tried, quality, separated: list.iter().any(|c| c.separated) }
    }

    fn mean(&self, target: &[f64], rows: &[u32]) -> f64 {
        let (mut top, mut all) = (0.0, 0.0);
        for row in rows {
            let w = self.rows.weight.map_or(1.0, |w| w.get(*row as usize).copied().unwrap_or(0.0));
            top += w * target.get(*row as usize).copied().unwrap_or(0.0);
            all += w;
        }
        top / all
    }

    /// What the mean alone would lose.
    fn loss_of_mean(&self, target: &[f64], rows: &[u32], loss: Loss) -> f64 {
        let mean = self.mean(target, rows);
        match loss {
            Loss::Squared => self.loss(&vec![mean; target.len()], target, rows, loss),
            Loss::Logistic => {
                let p = mean.clamp(LEAST_CHANCE, 1.0 - LEAST_CHANCE);
                -(mean * libm::log(p) + (1.0 - mean) * libm::log1p(-p))
            }
        }
    }

    /// Weighted mean squared error or log loss.
    fn loss(&self, values: &[f64], target: &[f64], rows: &[u32], loss: Loss) -> f64 {
        let at = |x: &[f64], row: u32| x.get(row as usize).copied().unwrap_or(0.0);
        let (mut top, mut all) = (0.0, 0.0);
        for rows in rows.chunks(LOG_ROWS) {
            // Logarithms of rows that count alike are that of one product, which stays within what a float holds.
            let mut product = 1.0;
            for row in rows {
                let (y, p) = (at(target, *row), at(values, *row));
                let w = self.rows.weight.map_or(1.0, |w| at(w, *row));
                all += w;
                match loss {
                    Loss::Squared => top += w * (y - p) * (y - p),
                    Loss::Logistic => {
                        let p = p.clamp(LEAST_CHANCE, 1.0 - LEAST_CHANCE);
                        match (y, self.rows.weight) {
                            (0.0, None) => product *= 1.0 - p,
                            (1.0, None) => product *= p,
                            _ => top -= w * (y * libm::log(p) + (1.0 - y) * libm::log1p(-p)),
                        }
                    }
                }
            }
            top -= libm::log(product);
        }
        top / all
    }
}

fn put(to: &mut [f64], rows: &[u32], values: &[f64]) {
    for (row, value) in rows.iter().zip(values) {
        if let Some(place) = to.get_mut(*row as usize) {
            *place = *value;
        }
    }
}
