//! From margins to what a model answers.

use equipoise_document::Task;

/// What turns a margin (the sum over the trees) into a prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Link {
    /// The margin itself.
    #[default]
    Identity,
    /// `1 / (1 + exp(-scale·m))`, each output by itself.
    Logistic {
        /// LightGBM's `sigmoid`, 1 elsewhere.
        scale: f64,
    },
    /// `exp(m_k) / Σ exp(m_j)` over the outputs of a row.
    Softmax,
    /// `exp(m)`.
    Exp,
    /// `ln(1 + exp(m))`.
    Log1pExp,
    /// `sign(m)·m²`: LightGBM's `reg_sqrt`.
    SignedSquare,
    /// 1 where `m > 0`, otherwise 0.
    Step,
}

/// What the linked margins are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// A number per row.
    #[default]
    Value,
    /// The probability of the second of two classes.
    Probability,
    /// A probability per class.
    Probabilities,
}

impl Answer {
    /// The task such an answer belongs to.
    #[must_use]
    pub fn task(self) -> Task {
        match self {
            Self::Value => Task::Regression,
            Self::Probability => Task::Binary,
            Self::Probabilities => Task::Multiclass,
        }
    }
}

impl Link {
    /// Applies it in place to margins of shape `(n_rows, n_outputs)`.
    pub fn apply(self, margins: &mut [f64], n_outputs: usize) {
        let each = |margins: &mut [f64], f: &dyn Fn(f64) -> f64| margins.iter_mut().for_each(|m| *m = f(*m));
        match self {
            Self::Identity => {}
            Self::Logistic { scale } => each(margins, &|m| logistic(scale * m)),
            Self::Softmax => margins.chunks_exact_mut(n_outputs.max(1)).for_each(softmax),
            Self::Exp => each(margins, &libm::exp),
            Self::Log1pExp => each(margins, &|m| if m > 35.0 { m } else { libm::log1p(libm::exp(m)) }),
            Self::SignedSquare => each(margins, &|m| m * m.abs()),
            Self::Step => each(margins, &|m| if m > 0.0 { 1.0 } else { 0.0 }),
        }
    }
}

/// `1 / (1 + exp(-m))`.
pub(crate) fn logistic(m: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-m))
}

fn softmax(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for m in row.iter_mut() {
        *m = libm::exp(*m - largest);
        total += *m;
    }
    for m in row.iter_mut() {
        *m /= total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(link: Link, margins: &[f64], n_outputs: usize) -> Vec<f64> {
        let mut out = margins.to_vec();
        link.apply(&mut out, n_outputs);
        out
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= 1e-15 * e.abs().max(1.0), "{found:?} is not {expected:?}");
        }
    }

    #[test]
    fn links_by_hand() {
        // ln 3: odds of 3 to 1.
        assert_close(&linked(Link::Logistic { scale: 1.0 }, &[0.0, 3.0_f64.ln()], 1), &[0.5, 0.75]);
        assert_close(&linked(Link::Logistic { scale: 2.0 }, &[3.0_f64.ln() / 2.0], 1), &[0.75]);
        // Odds 1 : 2 : 5.
        assert_close(&linked(Link::Softmax, &[0.0, 2.0_f64.ln(), 5.0_f64.ln()], 3), &[1.0 / 8.0, 2.0 / 8.0, 5.0 / 8.0]);
        assert_close(&linked(Link::Exp, &[0.0, 2.0_f64.ln()], 1), &[1.0, 2.0]);
        assert_close(&linked(Link::Log1pExp, &[0.0, 800.0], 1), &[2.0_f64.ln(), 800.0]);
        assert_close(&linked(Link::SignedSquare, &[-3.0, 0.5], 1), &[-9.0, 0.25]);
        assert_close(&linked(Link::Step, &[-1.0, 0.0, 1e-9], 1), &[0.0, 0.0, 1.0]);
    }

    #[test]
    fn far_margins_stay_within_zero_and_one() {
        assert_close(&linked(Link::Logistic { scale: 1.0 }, &[-1e4, 1e4], 1), &[0.0, 1.0]);
        assert_close(&linked(Link::Softmax, &[1e4, 0.0], 2), &[1.0, 0.0]);
    }
}
