#![allow(clippy::float_cmp, reason = "tests that mean it")]

mod coverage;
mod forest;
mod graph;
mod hand;
mod hidden;
mod oracle;
mod policy;

use crate::{Choice, Covariates, CrossFit, Folds, Residuals, Rows, Simulated};

/// Residuals of a simulated set with least squares on `row % 5`.
fn plain_residuals(rows: &Simulated, folds: &Folds) -> Residuals {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let found = cross.regressions(&[&rows.y, &rows.d], None).unwrap();
    Residuals::new(&rows.y, &rows.d, &found[0].values, &found[1].values)
}

pub(crate) fn by_number(n: usize, k: usize) -> Folds {
    Folds::given((0..n).map(|i| (i % k) as u8).collect()).unwrap()
}
