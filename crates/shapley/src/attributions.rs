//! What comes out.

/// Attributions of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributions {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of columns or features.
    pub n_features: usize,
    /// Number of outputs (margins).
    pub n_outputs: usize,
    /// Shape `(n_rows, n_features, n_outputs)`.
    pub values: Vec<f64>,
    /// What each output is when nothing is known of a row: the attributions of a row sum to its margin minus this.
    pub base: Vec<f64>,
}

/// Interaction values of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interactions {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of columns or features.
    pub n_features: usize,
    /// Number of outputs (margins).
    pub n_outputs: usize,
    /// Shape `(n_rows, n_features, n_features, n_outputs)`, symmetric.
    pub values: Vec<f64>,
    /// What each output is when nothing is known of a row.
    pub base: Vec<f64>,
}

/// Attributions of what a model answers (a probability) instead of its margin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkedAttributions {
    /// Their values, exact for the background that was given where nothing had to be drawn; `base` is the mean answer to it.
    pub attributions: Attributions,
    /// Standard error of each value as an estimate for this background, the same shape: orders of the columns were drawn for
    /// rows that differ from background rows in many columns. `None` when all values are exact.
    pub sampling_errors: Option<Vec<f64>>,
    /// Standard error of each value as an estimate for the population that the background rows were drawn from: the spread
    /// between background rows. The same shape as the values; `None` for a background of one row.
    pub standard_errors: Option<Vec<f64>>,
}

impl Attributions {
    /// The attribution of one feature in one row to one output.
    #[must_use]
    pub fn get(&self, row: usize, feature: usize, output: usize) -> Option<f64> {
        let is_inside = feature < self.n_features && output < self.n_outputs;
        let at = (row * self.n_features + feature) * self.n_outputs + output;
        is_inside.then(|| self.values.get(at).copied()).flatten()
    }

    /// One row after the other, each of shape `(n_features, n_outputs)`.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact((self.n_features * self.n_outputs).max(1))
    }
}

impl Interactions {
    /// The interaction of two features in one row for one output.
    #[must_use]
    pub fn get(&self, row: usize, one: usize, other: usize, output: usize) -> Option<f64> {
        let is_inside = one < self.n_features && other < self.n_features && output < self.n_outputs;
        let at = ((row * self.n_features + one) * self.n_features + other) * self.n_outputs + output;
        is_inside.then(|| self.values.get(at).copied()).flatten()
    }
}
