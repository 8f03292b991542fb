//! A second pass for what is no count: means of scores, losses and errors, and what R² needs, by combination of groups.

use equipoise_document::{Missing, Task};
use equipoise_kernels::{Limits, Merge, Rising};

/// A number that is averaged over rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Two classes: the probability; regression: the prediction.
    Prediction,
    /// Two classes: `(p − y)²`; regression: `(ŷ − y)²`.
    SquaredError,
    /// Two classes: `−ln` of the probability of what happened, clipped at the machine epsilon; regression: `|ŷ − y|`.
    Loss,
    /// Regression: `ŷ − y`.
    Error,
    /// Regression: `max(ŷ − y, 0)`.
    Over,
    /// Regression: `max(y − ŷ, 0)`.
    Under,
}

const N_COLUMNS: usize = 6;

/// Weighted sums of one group. Predictions and truths are taken from a common origin, so that a large level does not
/// swallow a small spread. *Stable* for any cut of the rows (1e-10 relative).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Moments {
    pub rows: u64,
    pub weight: f64,
    pub squares: f64,
    /// Origin of predictions and truths.
    origin: f64,
    /// `Σ w·x`, `Σ w²·x`, `Σ w²·x²` by column.
    sums: [[f64; 3]; N_COLUMNS],
    /// `Σ w·tʲ`, j = 0, 1, 2, with `t` the truth from the origin.
    truth: [f64; 3],
    /// `Σ w²·e^(2i)·tʲ`, i + j/2 ≤ 2: what the variance of R² needs. Rows i = 0, 1, 2.
    mixed: [[f64; 5]; 3],
    /// Calibration: `Σ w`, `Σ w·p`, `Σ w·y` and `Σ w²` in ten equal bins, `[a, b)`, the last closed.
    pub bins: Option<Box<[[f64; 4]; 10]>>,
}

impl Moments {
    pub(super) fn starting(origin: f64, task: Task) -> Self {
        let bins = (task == Task::Binary).then(|| Box::new([[0.0; 4]; 10]));
        Self { origin, bins, ..Self::default() }
    }

    /// A row with two classes.
    pub(super) fn push_binary(&mut self, is_positive: bool, p: f64, w: f64) {
        let y = f64::from(u8::from(is_positive));
        let chance = (if is_positive { p } else { 1.0 - p }).max(f64::EPSILON);
        self.rows += 1;
        self.weight += w;
        self.squares += w * w;
        let columns = [p, (p - y) * (p - y), -libm::log(chance.min(1.0 - f64::EPSILON))];
        self.add(&columns, w);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "probabilities are within 0 and 1")]
        let bin = ((p * 10.0) as usize).min(9);
        if let Some(bin) = self.bins.as_mut().and_then(|b| b.get_mut(bin)) {
            for (sum, x) in bin.iter_mut().zip([w, w * p, w * y, w * w]) {
                *sum += x;
            }
        }
    }

    /// A row of a regression.
    pub(super) fn push_value(&mut self, y: f64, prediction: f64, w: f64) {
        let e = prediction - y;
        let t = y - self.origin;
        self.rows += 1;
        self.weight += w;
        self.squares += w * w;
        self.add(&[prediction - self.origin, e * e, e.abs(), e, e.max(0.0), (-e).max(0.0)], w);
        let powers = [1.0, t, t * t, t * t * t, t * t * t * t];
        for (sum, power) in self.truth.iter_mut().zip(powers) {
            *sum += w * power;
        }
        for (row, factor) in self.mixed.iter_mut().zip([1.0, e * e, e * e * e * e]) {
            for (sum, power) in row.iter_mut().zip(powers) {
                *sum += w * w * factor * power;
            }
        }
    }

    fn add(&mut self, columns: &[f64], w: f64) {
        for (sums, x) in self.sums.iter_mut().zip(columns) {
            let [one, two, three] = sums;
            *one += w * x;
            *two += w * w * x;
            *three += w * w * x * x;
        }
    }

    /// Kish's effective number of rows.
    pub(super) fn n_effective(&self) -> f64 {
        equipoise_kernels::kish(self.weight, self.squares)
    }

    /// Standard deviation of the truth.
    pub(super) fn truth_deviation(&self) -> f64 {
        let [w, t, tt] = self.truth;
        if w > 0.0 { (tt / w - t / w * (t / w)).max(0.0).sqrt() } else { 0.0 }
    }

    /// A mean with its standard error `√( n/(n−1) · Σ w²(x − m)² ) / Σ w`.
    pub(super) fn mean(&self, column: Column, is_regression: bool) -> Result<Limits, Missing> {
        let [wx, wwx, wwxx] = self.sums.get(column as usize).copied().unwrap_or_default();
        if self.rows == 0 {
            return Err(Missing::Empty);
        }
        if self.weight <= 0.0 {
            return Err(Missing::ZeroWeight);
        }
        let mean = wx / self.weight;
        let n = self.n_effective();
        let spread = (wwxx - 2.0 * mean * wwx + mean * mean * self.squares).max(0.0);
        // Sums of squares of nearly equal numbers leave only rounding behind.
        let spread = if spread <= 1e-13 * wwxx { 0.0 } else { spread };
        let df = n - 1.0;
        let se = if df > 0.0 { (spread * n / df).sqrt() / self.weight } else { 0.0 };
        Ok(match (column, is_regression) {
            (Column::Prediction, true) => Limits::Mean { mean: mean + self.origin, se, df },
            (Column::Prediction, false) => Limits::Unit { value: mean, se, n },
            (Column::Error, _) => Limits::Mean { mean, se, df },
            (Column::SquaredError | Column::Loss | Column::Over | Column::Under, _) => {
                Limits::Positive { value: mean, se, df }
            }
        })
    }

    /// Root mean squared error.
    pub(super) fn root_mean_squared_error(&self) -> Result<Limits, Missing> {
        Ok(Limits::Through(Rising::Root, Box::new(self.mean(Column::SquaredError, true)?)))
    }

    /// `R² = 1 − Σ w·e² / Σ w·(y − ȳ)²` with the standard error of its influence function
    /// `−(e² − (1 − R²)(y − ȳ)²) / (Σ w·(y − ȳ)²)`.
    pub(super) fn r2(&self) -> Result<Limits, Missing> {
        let shape = self.r2_shape()?;
        Ok(Limits::Mean {
            mean: 1.0 - shape.unexplained,
            se: self.r2_product(&shape, &shape).max(0.0).sqrt(),
            df: self.n_effective() - 1.0,
        })
    }

    /// Variance of this group's R² minus that of all rows, which include the group.
    pub(super) fn r2_variance_to(&self, all: &Self) -> Option<f64> {
        let (mine, theirs) = (self.r2_shape().ok()?, all.r2_shape().ok()?);
        let variance =
            self.r2_product(&mine, &mine) + all.r2_product(&theirs, &theirs) - 2.0 * self.r2_product(&mine, &theirs);
        (variance >= 0.0).then_some(variance)
    }

    fn r2_shape(&self) -> Result<R2Shape, Missing> {
        if self.rows < 2 {
            return Err(if self.rows == 0 { Missing::Empty } else { Missing::BelowMinSize });
        }
        let [w, t, tt] = self.truth;
        if w <= 0.0 {
            return Err(Missing::ZeroWeight);
        }
        let total = tt - t * t / w;
        if total <= 1e-13 * tt {
            return Err(Missing::NoVariation);
        }
        let [errors, ..] = self.sums.get(Column::SquaredError as usize).copied().unwrap_or_default();
        Ok(R2Shape { unexplained: errors / total, centre: t / w, total })
    }

    /// `Σ w²·φ·φ'` over this group's rows of two influence functions.
    fn r2_product(&self, a: &R2Shape, b: &R2Shape) -> f64 {
        let [plain, with_square, with_fourth] = &self.mixed;
        let sum = |row: &[f64; 5], polynomial: &[f64]| row.iter().zip(polynomial).map(|(s, c)| s * c).sum::<f64>();
        let (p, q) = (a.parabola(), b.parabola());
        let both: [f64; 3] = [p[0] + q[0], p[1] + q[1], p[2] + q[2]];
        let mut product = [0.0; 5];
        for (i, x) in p.iter().enumerate() {
            for (j, y) in q.iter().enumerate() {
                if let Some(place) = product.get_mut(i + j) {
                    *place += x * y;
                }
            }
        }
        (with_fourth[0] - sum(with_square, &both) + sum(plain, &product)) / (a.total * b.total)
    }
}

struct R2Shape {
    unexplained: f64,
    centre: f64,
    total: f64,
}

impl R2Shape {
    /// `(1 − R²)·(t − t̄)²` by powers of `t`.
    fn parabola(&self) -> [f64; 3] {
        let (u, c) = (self.unexplained, self.centre);
        [u * c * c, -2.0 * u * c, u]
    }
}

impl Merge for Moments {
    fn merge_from(&mut self, other: Self) {
        let Self { rows, weight, squares, origin, sums, truth, mixed, bins } = other;
        if self.rows == 0 {
            self.origin = origin;
        }
        self.rows += rows;
        self.weight += weight;
        self.squares += squares;
        add_all(self.sums.as_flattened_mut(), sums.as_flattened());
        add_all(&mut self.truth, &truth);
        add_all(self.mixed.as_flattened_mut(), mixed.as_flattened());
        match (self.bins.as_mut(), bins) {
            (Some(mine), Some(theirs)) => add_all(mine.as_flattened_mut(), theirs.as_flattened()),
            (None, Some(theirs)) => self.bins = Some(theirs),
            (_, None) => {}
        }
    }
}

fn add_all(mine: &mut [f64], theirs: &[f64]) {
    for (a, b) in mine.iter_mut().zip(theirs) {
        *a += b;
    }
}
