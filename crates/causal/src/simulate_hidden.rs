//! Rows whose treatment has a cause that is not among the covariates, with what identifies its effect nevertheless.

use crate::simulate::{bell, six_digits, squash, uniform};

/// What identifies the effect beside the hidden cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenCause {
    /// An instrument that is a number, for a treatment that is one; `θ = 0.5`.
    Instrument,
    /// The same, so weak that its interval cannot be relied on.
    WeakInstrument,
    /// An instrument of two levels that moves the treatment of some rows.
    Compliance,
    /// A mediator that carries the whole effect of a treatment with two levels.
    Mediator,
}

/// Simulated rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    /// The outcome.
    pub y: Vec<f64>,
    /// The treatment.
    pub d: Vec<f64>,
    /// The instrument or the mediator.
    pub z: Vec<f64>,
    /// The covariates.
    pub x: Vec<Vec<f64>>,
    /// The true effect on each row.
    pub effect: Vec<f64>,
    /// How much each row counts for what is estimated: the chance that the instrument moves it; 1 for everybody's effect.
    pub share: Vec<f64>,
}

/// `n` rows with five covariates; with `linear` all laws but the chances are straight.
#[must_use]
#[allow(clippy::indexing_slicing, reason = "five covariates; all columns hold n rows")]
pub fn simulate_hidden(kind: HiddenCause, n: usize, seed: u64, linear: bool) -> Hidden {
    let x: Vec<Vec<f64>> = (0..5).map(|j| bell(seed, 10 + j, n).iter().map(|x| six_digits(*x)).collect()).collect();
    let (e1, e2, e3) = (bell(seed, 1, n), bell(seed, 2, n), bell(seed, 3, n));
    let (u, w) = (uniform(seed, 4, n), uniform(seed, 5, n));
    let g = |i: usize| {
        if linear { 0.5 * x[0][i] - 0.3 * x[2][i] } else { squash(3.0 * x[0][i]) + 0.4 * x[2][i].abs() }
    };
    let mut out =
        Hidden { y: Vec::new(), d: Vec::new(), z: Vec::new(), x: Vec::new(), effect: Vec::new(), share: Vec::new() };
    for i in 0..n {
        let hidden = u[i] - 0.5;
        let (z, d, effect, share, rest) = match kind {
            HiddenCause::Instrument | HiddenCause::WeakInstrument => {
                let z = 0.5 * g(i) + e1[i];
                let strength = if kind == HiddenCause::Instrument { 1.0 } else { 0.05 };
                (z, strength * z + 0.7 * g(i) + 3.0 * hidden + e2[i], 0.5, 1.0, 6.0 * hidden)
            }
            HiddenCause::Compliance => {
                let z = f64::from(u8::from(w[i] < 0.2 + 0.6 * squash(x[0][i])));
                // Rows take the treatment by a threshold on the hidden cause, which the instrument raises by the share.
                let share = if x[1][i] > 0.0 { 0.6 } else { 0.3 };
                let d = f64::from(u8::from(u[i] < 0.15 + 0.2 * squash(x[2][i]) + share * z));
                (z, d, 0.5 + 0.5 * x[1][i], share, 3.0 * hidden)
            }
            HiddenCause::Mediator => {
                let d = f64::from(u8::from(w[i] < 0.05 + 0.9 * squash(x[0][i] + 2.0 * hidden)));
                let slope = if linear { 1.0 } else { 1.0 + 0.5 * squash(2.0 * x[1][i]) };
                let z = 0.8 * d + 0.5 * g(i) + e1[i];
                (z, d, 0.8 * slope, 1.0, slope * z + 2.0 * hidden - 0.8 * slope * d)
            }
        };
        out.y.push(six_digits(effect * d + g(i) + rest + e3[i]));
        out.d.push(six_digits(d));
        out.z.push(six_digits(z));
        out.effect.push(effect);
        out.share.push(share);
    }
    out.x = x;
    out
}
