//! Whether every kind of row had a chance of either treatment.

use crate::Rows;

/// How the chances of a level are spread, before they are kept away from 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// Smallest and largest chance.
    pub range: (f64, f64),
    /// Rows whose chance is below the bound or above one minus the bound.
    pub n_beyond: u64,
    /// Rows.
    pub n: u64,
    /// Rows with the level, and without.
    pub arms: (u64, u64),
    /// Kish's effective number of rows with and without the level under inverse chances.
    pub effective: (f64, f64),
}

impl Overlap {
    /// Looks at the chances `m` of a level; `is_level` says who got it.
    #[must_use]
    pub fn of(m: &[f64], is_level: &[bool], bound: f64, rows: Rows<'_>) -> Self {
        let mut range = (f64::INFINITY, f64::NEG_INFINITY);
        let mut n_beyond = 0;
        let mut arms = (0, 0);
        let mut sums = [(0.0, 0.0); 2];
        for (row, (m, is_level)) in m.iter().zip(is_level).enumerate() {
            range = (range.0.min(*m), range.1.max(*m));
            n_beyond += u64::from(*m < bound || *m > 1.0 - bound);
            let kept = m.clamp(bound, 1.0 - bound);
            let (arm, own) = if *is_level { (&mut arms.0, kept) } else { (&mut arms.1, 1.0 - kept) };
            *arm += 1;
            let w = rows.weight_of(row) / own;
            let [with, without] = &mut sums;
            let sum = if *is_level { with } else { without };
            *sum = (sum.0 + w, sum.1 + w * w);
        }
        let kish = |(a, b): (f64, f64)| if b > 0.0 { a * a / b } else { 0.0 };
        let [with, without] = sums;
        Self { range, n_beyond, n: m.len() as u64, arms, effective: (kish(with), kish(without)) }
    }

    /// Share of the rows beyond the bound.
    #[must_use]
    pub fn share_beyond(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let share = self.n_beyond as f64 / self.n as f64;
        share
    }
}
