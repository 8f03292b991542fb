//! The effect of a continuous treatment as a curve: `Y = β·b(D) + g(X) + ε` with a cubic spline `b`.

use crate::cate::{Cate, Covariance};
use crate::score::Rows;
use crate::{CausalError, Choice, CrossFit};

/// Where the spline bends, as shares of the rows.
const SHARES: [f64; 2] = [1.0 / 3.0, 2.0 / 3.0];
/// Fewer different doses than this are levels rather than a curve.
const MIN_DISTINCT: usize = 6;
/// Quantiles that stand for the spread of doses about their prediction.
const QUANTILES: usize = 64;

/// What is asked of a dose–response curve.
#[derive(Clone, Copy, Debug)]
pub struct Dose<'a> {
    /// The treatment.
    pub treatment: &'a [f64],
    /// The outcome.
    pub outcome: &'a [f64],
    /// The dose all others are compared with.
    pub reference: f64,
}

/// A dose–response curve relative to a reference dose.
#[derive(Clone, Debug, PartialEq)]
pub struct DoseCurve {
    basis: Basis,
    reference: f64,
    fit: Cate,
    /// Chi-squared statistic and degrees of freedom of "the curve is a straight line".
    pub bend: (f64, usize),
}

/// Why there is no curve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DoseError {
    /// Too few different doses.
    #[error("the treatment has too few different values for a curve")]
    FewValues,
    /// A nuisance could not be fitted.
    #[error(transparent)]
    Causal(#[from] CausalError),
}

/// Cubic spline in units of the treatment's spread about its middle: `t, t², t³, (t − k)³₊, …`.
#[derive(Clone, Debug, PartialEq)]
struct Basis {
    middle: f64,
    spread: f64,
    knots: Vec<f64>,
}

impl Basis {
    /// None for a treatment with too few different values.
    fn over(treatment: &[f64]) -> Option<Self> {
        let mut sorted = treatment.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place"
        )]
        let at = |share: f64| sorted.get((share * (sorted.len().max(1) - 1) as f64) as usize).copied();
        let (middle, low, high) = (at(0.5)?, at(0.05)?, at(0.95)?);
        let knots: Vec<f64> = SHARES.iter().filter_map(|s| at(*s)).collect();
        let n_distinct = sorted.windows(2).filter(|w| matches!(w, [a, b] if a < b)).count() + 1;
        let rises = low < high && knots.windows(2).all(|w| matches!(w, [a, b] if a < b));
        let spread = 0.5 * (high - low);
        (rises && n_distinct >= MIN_DISTINCT).then(|| Self {
            middle,
            spread,
            knots: knots.iter().map(|k| (k - middle) / spread).collect(),
        })
    }

    fn at(&self, dose: f64) -> Vec<f64> {
        let cube = |t: f64| if t > 0.0 { t * t * t } else { 0.0 };
        let t = (dose - self.middle) / self.spread;
        let mut out = vec![t, t * t, t * t * t];
        out.extend(self.knots.iter().map(|k| cube(t - k)));
        out
    }

    fn len(&self) -> usize {
        3 + self.knots.len()
    }
}

impl Dose<'_> {
    /// Takes the covariates out of the outcome and out of every function of the spline, and regresses what is left.
    ///
    /// # Errors
    /// When the treatment has too few different values, or a nuisance cannot be fitted.
    pub fn fit(&self, cross: &CrossFit<'_>, rows: Rows<'_>) -> Result<DoseCurve, DoseError> {
        let basis = Basis::over(self.treatment).ok_or(DoseError::FewValues)?;
        let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(self.treatment.len()); basis.len()];
        for d in self.treatment {
            columns.iter_mut().zip(basis.at(*d)).for_each(|(column, value)| column.push(value));
        }
        let functions: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let more = match cross.choice {
            Choice::Auto => vec![("shifted_doses", self.shifted(cross, &basis)?)],
            Choice::Plain | Choice::Linear => Vec::new(),
        };
        let mut nuisances = cross.regressions(&[self.outcome], None)?;
        nuisances.extend(cross.regressions_with(&functions, None, more)?);
        let targets: Vec<&[f64]> = std::iter::once(self.outcome).chain(functions).collect();
        let residual =
            |target: &[f64], values: &[f64]| -> Vec<f64> { target.iter().zip(values).map(|(y, p)| y - p).collect() };
        let left: Vec<Vec<f64>> = targets.iter().zip(&nuisances).map(|(t, n)| residual(t, &n.values)).collect();
        let Some((u, functions)) = left.split_first() else { return Err(DoseError::FewValues) };
        let views: Vec<&[f64]> = functions.iter().map(Vec::as_slice).collect();
        let fit = Cate::without_constant(u, &vec![1.0; u.len()], &views, Covariance::Hc3, rows);
        let bend = fit.wald(1..fit.coefficients.len());
        Ok(DoseCurve { basis, reference: self.reference, fit, bend })
    }
}

impl Dose<'_> {
    /// What each function of the spline is on average if doses spread alike about their prediction for all rows: the mean of
    /// `b(m(x) + v)` over what predictions left of the doses in other folds. A power of the dose is hard to learn from few
    /// rows; the dose itself is not, and where this holds it leaves less of the covariates in the functions.
    fn shifted(&self, cross: &CrossFit<'_>, basis: &Basis) -> Result<Vec<Vec<f64>>, CausalError> {
        let found = cross.regressions(&[self.treatment], None)?.pop().ok_or(CausalError::NoVariation)?;
        let at = |x: &[f64], row: u32| x.get(row as usize).copied().unwrap_or(0.0);
        let mut out = vec![vec![0.0; self.treatment.len()]; basis.len()];
        for fold in 0..cross.folds.k() {
            let left = |row: &u32| at(self.treatment, *row) - at(&found.values, *row);
            let points = quantiles(cross.folds.outside(fold, None).iter().map(left).collect());
            for row in cross.folds.inside(fold, None) {
                for v in &points {
                    for (to, b) in out.iter_mut().zip(basis.at(at(&found.values, row) + v)) {
                        if let Some(cell) = to.get_mut(row as usize) {
                            *cell += b / QUANTILES as f64;
                        }
                    }
                }
            }
        }
        Ok(out)
    }
}

/// [`QUANTILES`] numbers that stand for all of them.
fn quantiles(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let place = |i: usize| (2 * i + 1) * values.len() / (2 * QUANTILES);
    (0..QUANTILES).filter_map(|i| values.get(place(i)).copied()).collect()
}

impl DoseCurve {
    /// Change of the outcome from the reference dose to this one, and its standard error.
    #[must_use]
    pub fn at(&self, dose: f64) -> (f64, f64) {
        let (here, there) = (self.basis.at(dose), self.basis.at(self.reference));
        let step: Vec<f64> = here.iter().zip(&there).map(|(a, b)| a - b).collect();
        self.fit.along(&step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Covariates, Kind, simulate};

    #[test]
    fn doses_that_hang_on_nothing_have_the_mean_of_each_function() {
        let rows = simulate(Kind::Continuous, 2_000, 3, 6, true);
        let dose: Vec<f64> = (0..2_000).map(|i| f64::from(i * 7 % 2_000) / 1_000.0 - 1.0).collect();
        let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
        let folds = crate::tests::by_number(2_000, 5);
        let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Auto };
        let basis = Basis::over(&dose).unwrap();
        let asked = Dose { treatment: &dose, outcome: &rows.y, reference: 0.0 };
        for (j, values) in asked.shifted(&cross, &basis).unwrap().iter().enumerate() {
            let mean = dose.iter().map(|d| basis.at(*d)[j]).sum::<f64>() / 2_000.0;
            // The learners find a little where there is nothing.
            let off = values.iter().map(|x| (x - mean).abs()).sum::<f64>() / 2_000.0;
            assert!(off < 0.02, "{j}: {mean} {off}");
        }
    }
}
