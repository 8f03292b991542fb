//! The effect of a treatment whose causes nobody measured, through what lies on its way (Pearl 1995, doi:10.1093/biomet/82.4.669).
//!
//! With mediators `M` that carry the whole effect and controls `X`:
//!
//! ```text
//! ψ(d) = E[ Σ_m P(m given d, X) · Σ_e E[Y given m, e, X]·P(e given X) ]
//! ```
//!
//! For levels the doubly robust score of Fulcher, Shpitser, Marealle & Tchetgen Tchetgen (2020, doi:10.1111/rssb.12345), the
//! ratio of the mediators' densities turned into one of chances by Bayes' rule. For numbers the product of the treatment's
//! effects on the mediators and theirs on the outcome, each partially linear.

use equipoise_kernels::linear::Cholesky;

use crate::score::{Rows, Scored, solve};
use crate::{CausalError, CrossFit, Nuisance};

/// Out-of-fold nuisances of the front door for a treatment with levels.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontDoor<'a> {
    /// The outcome.
    pub y: &'a [f64],
    /// Level of each row.
    pub level: &'a [u32],
    /// `E[Y given M, X, D = e]` for each level.
    pub outcome: Vec<Vec<f64>>,
    /// `P(D = e given X)` for each level, kept away from 0 and 1.
    pub chance: Vec<Vec<f64>>,
    /// `P(D = e given M, X)` for each level, kept away from 0 and 1.
    pub chance_behind: Vec<Vec<f64>>,
    /// `E[outcome of e at M given X, D = d]`, by `d` and then by `e`.
    pub through: Vec<Vec<Vec<f64>>>,
}

/// What was predicted, and how.
pub(crate) type Named = Vec<(String, Nuisance)>;

impl<'a> FrontDoor<'a> {
    /// Fits all nuisances: `cross` knows the controls, `behind` the controls and the mediators, on the same folds. Chances
    /// are kept `trim` from 0 and 1.
    ///
    /// # Errors
    /// When a fold leaves too few rows of a level.
    pub fn fit(
        cross: &CrossFit<'_>,
        behind: &CrossFit<'_>,
        y: &'a [f64],
        level: &'a [u32],
        n_levels: usize,
        trim: f64,
    ) -> Result<(Self, Named), CausalError> {
        let mut named = Vec::new();
        let has = |d: usize| -> Vec<bool> { level.iter().map(|l| *l as usize == d).collect() };
        let mut outcome = Vec::new();
        for d in 0..n_levels {
            let found = behind.regressions(&[y], Some(&has(d)))?.pop().ok_or(CausalError::NoVariation)?;
            outcome.push(found.values.clone());
            named.push((format!("outcome by mediators at level {d}"), found));
        }
        let mut chances = |cross: &CrossFit<'_>, says: &str| -> Result<Vec<Vec<f64>>, CausalError> {
            let mut all: Vec<Vec<f64>> = Vec::new();
            for d in usize::from(n_levels == 2)..n_levels {
                let target: Vec<f64> = has(d).iter().map(|h| f64::from(u8::from(*h))).collect();
                let found = cross.chance(&target)?;
                all.push(found.values.iter().map(|m| m.clamp(trim, 1.0 - trim)).collect());
                named.push((format!("chance of level {d} by {says}"), found));
            }
            if let ([only], 2) = (all.as_slice(), n_levels) {
                let other = only.iter().map(|m| 1.0 - m).collect();
                all.insert(0, other);
            }
            Ok(all)
        };
        let (chance, chance_behind) = (chances(cross, "controls")?, chances(behind, "controls and mediators")?);
        let mut through = Vec::new();
        for d in 0..n_levels {
            let targets: Vec<&[f64]> = outcome.iter().map(Vec::as_slice).collect();
            let found = cross.regressions(&targets, Some(&has(d)))?;
            through.push(found.into_iter().map(|n| n.values).collect());
        }
        Ok((Self { y, level, outcome, chance, chance_behind, through }, named))
    }

    /// Numbers whose mean is the outcome if everybody had the level.
    #[must_use]
    pub fn scores(&self, level: usize) -> Vec<f64> {
        let at = |x: &[Vec<f64>], of: usize, row: usize| x.get(of).and_then(|x| x.get(row)).copied().unwrap_or(0.0);
        let own_way = self.through.get(level).map_or(&[][..], Vec::as_slice);
        let score = |(row, (y, own)): (usize, (&f64, &u32))| {
            let own = *own as usize;
            let (m, behind) = (at(&self.chance, level, row), at(&self.chance_behind, level, row));
            let ratio = behind / at(&self.chance_behind, own, row) * at(&self.chance, own, row) / m;
            let mut mixed = 0.0;
            if own == level {
                // What the row's own mediators say beyond those that its level leads to, over all levels of the direct side.
                for other in 0..self.chance.len() {
                    let more = at(&self.outcome, other, row) - at(own_way, other, row);
                    mixed += at(&self.chance, other, row) * more / m;
                }
            }
            ratio * (y - at(&self.outcome, own, row)) + mixed + at(own_way, own, row)
        };
        self.y.iter().zip(self.level).enumerate().map(score).collect()
    }

    /// The effect of a level against a reference level.
    ///
    /// # Errors
    /// Without rows.
    pub fn effect(&self, level: usize, reference: usize, rows: Rows<'_>) -> Result<Scored, CausalError> {
        let gained: Vec<f64> =
            self.scores(level).iter().zip(self.scores(reference)).map(|(one, zero)| one - zero).collect();
        solve(&vec![-1.0; gained.len()], &gained, rows)
    }
}

/// What is left of everything that a way through mediators is estimated from.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// `D − E[D given X]`.
    pub treatment: Vec<f64>,
    /// `M − E[M given X]` for each mediator.
    pub mediators: Vec<Vec<f64>>,
    /// `M − E[M given D, X]` for each mediator.
    pub mediators_behind: Vec<Vec<f64>>,
    /// `Y − E[Y given D, X]`.
    pub outcome_behind: Vec<f64>,
}

impl Way {
    /// `θ = Σ α·β`: `α` of the treatment on each mediator, `β` of each mediator on the outcome beside the others; the influence
    /// of a row is `Σ β·(influence of α) + α·(influence of β)`.
    ///
    /// # Errors
    /// When nothing is left of the treatment or of all mediators.
    #[allow(clippy::indexing_slicing, reason = "hot loop: every mediator has every row")]
    pub fn effect(&self, rows: Rows<'_>) -> Result<Scored, CausalError> {
        let (n, k) = (self.outcome_behind.len(), self.mediators.len());
        let v = &self.treatment;
        let square = rows.mean(&v.iter().map(|v| v * v).collect::<Vec<f64>>());
        let product = |a: &[f64], b: &[f64]| rows.mean(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>());
        let alpha: Vec<f64> = self.mediators.iter().map(|m| product(v, m) / square).collect();
        let behind = &self.mediators_behind;
        let factor = Cholesky::of(k, |i, j| product(&behind[i], &behind[j]));
        let beta = factor.solve(&behind.iter().map(|m| product(m, &self.outcome_behind)).collect::<Vec<f64>>());
        // α'·(Σ m·m')⁻¹, with which the errors of β are weighed.
        let weighed = factor.solve(&alpha);
        let theta: f64 = alpha.iter().zip(&beta).map(|(a, b)| a * b).sum();
        if !theta.is_finite() || factor.rank() == 0 {
            return Err(CausalError::NoVariation);
        }
        let influence: Vec<f64> = (0..n)
            .map(|row| {
                let first: f64 =
                    (0..k).map(|j| beta[j] * v[row] * (self.mediators[j][row] - alpha[j] * v[row]) / square).sum();
                let error = self.outcome_behind[row] - (0..k).map(|j| beta[j] * behind[j][row]).sum::<f64>();
                first + error * (0..k).map(|j| weighed[j] * behind[j][row]).sum::<f64>()
            })
            .collect();
        Ok(Scored { theta, se: rows.standard_error(&influence), j: -1.0, influence })
    }
}
