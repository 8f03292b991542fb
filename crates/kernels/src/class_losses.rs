//! Losses of probabilities over several classes, row by row.

use libm::log;

use crate::{Confidence, Mean, Measured, Merge, Scores, Side, Undefined, kish, wilson};

/// What one pass over the probabilities of `k` classes gathers.
#[derive(Clone, Debug)]
pub struct ClassLosses {
    k: usize,
    /// Mean of `−ln(probability of the true class)`, clipped at the machine epsilon.
    pub log_loss: Mean,
    /// Mean of `Σ (p − 1{class is true})²` over the classes, not halved.
    pub brier_score: Mean,
    /// Rows whose true class has the highest probability, the second highest, …
    ranks: Vec<Side>,
    /// The highest probability of each row with whether its class is the true one.
    pub confidence: Scores,
}

impl ClassLosses {
    /// Nothing seen yet, `k` classes.
    #[must_use]
    pub fn among(k: usize) -> Self {
        Self {
            k,
            log_loss: Mean::default(),
            brier_score: Mean::default(),
            ranks: vec![Side::default(); k],
            confidence: Scores::default(),
        }
    }

    /// Takes in rows: `probability` is `(n_rows, k)` row-major. Of equal probabilities the later class goes first, as in
    /// scikit-learn's top-k accuracy.
    pub fn push_rows(&mut self, truth: &[u16], probability: &[f64], weight: Option<&[f64]>) {
        let k = self.k.max(1);
        let (mut losses, mut squares) = (Vec::with_capacity(truth.len()), Vec::with_capacity(truth.len()));
        let mut tops = Vec::with_capacity(truth.len());
        let mut weights = weight.into_iter().flatten();
        for (truth, row) in truth.iter().zip(probability.chunks_exact(k)) {
            let truth = usize::from(*truth);
            let own = row.get(truth).copied().unwrap_or(f64::NAN);
            losses.push(-log(own.clamp(f64::EPSILON, 1.0)));
            squares.push(row.iter().map(|p| p * p).sum::<f64>() - own * own + (1.0 - own) * (1.0 - own));
            let ahead = |(class, p): (usize, &f64)| *p > own || (*p >= own && class > truth);
            let rank = row.iter().enumerate().filter(|other| ahead(*other)).count();
            let w = weights.next().copied().unwrap_or(1.0);
            if let Some(side) = self.ranks.get_mut(rank) {
                side.add(Side { rows: 1, weight: w, squares: w * w });
            }
            let top = row.iter().copied().fold(0.0, f64::max);
            tops.push((own >= top, top.min(1.0)));
        }
        self.log_loss.push_all(&losses, weight);
        self.brier_score.push_all(&squares, weight);
        self.confidence.push_rows(tops.into_iter(), weight);
    }

    /// Share of rows whose true class is among the `n` with the highest probability, with Wilson's interval.
    #[must_use]
    pub fn top_accuracy(&self, n: usize, confidence: Confidence) -> Measured {
        let sum = |ranks: &[Side]| {
            ranks.iter().fold(Side::default(), |mut sum, side| {
                sum.add(*side);
                sum
            })
        };
        let all = sum(&self.ranks);
        if all.weight <= 0.0 {
            return Measured::undefined(if all.rows == 0 { Undefined::Empty } else { Undefined::ZeroWeight });
        }
        let share = sum(self.ranks.get(..n.min(self.k)).unwrap_or_default()).weight / all.weight;
        Measured::new(Ok(share), wilson(share, kish(all.weight, all.squares), confidence), "wilson")
    }
}

impl Merge for ClassLosses {
    fn merge_from(&mut self, other: Self) {
        let Self { k: _, log_loss, brier_score, ranks, confidence } = other;
        self.log_loss.merge_from(log_loss);
        self.brier_score.merge_from(brier_score);
        for (mine, theirs) in self.ranks.iter_mut().zip(ranks) {
            mine.add(theirs);
        }
        self.confidence.merge_from(confidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_rows_by_hand() {
        let mut losses = ClassLosses::among(3);
        losses.push_rows(&[0, 1, 2], &[0.5, 0.3, 0.2, 0.6, 0.3, 0.1, 0.4, 0.4, 0.2], None);
        let near = |x: f64, y: f64| assert!((x - y).abs() < 1e-14, "{x} {y}");
        near(losses.log_loss.value().unwrap(), -(0.5_f64.ln() + 0.3_f64.ln() + 0.2_f64.ln()) / 3.0);
        near(
            losses.brier_score.value().unwrap(),
            ((0.25 + 0.09 + 0.04) + (0.36 + 0.49 + 0.01) + (0.16 + 0.16 + 0.64)) / 3.0,
        );
        let top = |n| losses.top_accuracy(n, Confidence::default()).value.unwrap();
        near(top(1), 1.0 / 3.0);
        near(top(2), 2.0 / 3.0);
        near(top(3), 1.0);
    }
}
