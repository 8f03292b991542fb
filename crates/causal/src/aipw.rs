//! Doubly robust scores of a treatment with levels (Robins, Rotnitzky & Zhao 1994): the interactive regression model.

use crate::CausalError;
use crate::bounds::Sensitivity;
use crate::score::{Rows, Scored, solve};

/// Out-of-fold nuisances of a treatment with levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Aipw<'a> {
    /// The outcome.
    pub y: &'a [f64],
    /// Level of each row.
    pub level: &'a [u32],
    /// `E[Y given X, D = level]` for each level.
    pub outcome: Vec<Vec<f64>>,
    /// `P(D = level given X)` for each level, already kept away from 0 and 1.
    pub chance: Vec<Vec<f64>>,
}

/// Whose effect it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody's.
    All,
    /// Those who got the level.
    Treated,
    /// Those for whom both levels were likely: weights `m·(1 − m)` (Li, Morgan & Zaslavsky 2018).
    Overlap,
}

impl Aipw<'_> {
    fn row(values: &[Vec<f64>], level: usize) -> &[f64] {
        values.get(level).map_or(&[], Vec::as_slice)
    }

    /// `Γ = g + 1[D = level]·(y − g)/m`: its mean is the outcome if everybody had the level.
    #[must_use]
    pub fn scores(&self, level: usize) -> Vec<f64> {
        let (g, m) = (Self::row(&self.outcome, level), Self::row(&self.chance, level));
        let rows = self.y.iter().zip(self.level).zip(g.iter().zip(m));
        rows.map(|((y, d), (g, m))| if *d as usize == level { g + (y - g) / m } else { *g }).collect()
    }

    /// The outcome if everybody had the level.
    ///
    /// # Errors
    /// Without rows.
    pub fn mean_outcome(&self, level: usize, rows: Rows<'_>) -> Result<Scored, CausalError> {
        solve(&vec![-1.0; self.y.len()], &self.scores(level), rows)
    }

    /// The effect of a level against a reference level: `ψ_b = Γ(level) − Γ(reference)` for everybody, and with weights
    /// `w = 1[D = level]/P(level)`, `w̄ = m/P(level)` for those who got it.
    ///
    /// # Errors
    /// When no row has the level.
    pub fn effect(
        &self,
        level: usize,
        reference: usize,
        target: Target,
        rows: Rows<'_>,
    ) -> Result<Scored, CausalError> {
        let (w, w_bar) = self.target_weights(level, reference, target, rows);
        let psi_b: Vec<f64> = self
            .parts(level, reference)
            .zip(w.iter().zip(&w_bar))
            .map(|(part, (w, w_bar))| w * (part.g1 - part.g0) + w_bar * part.correction())
            .collect();
        let mean = rows.mean(&w);
        let psi_a: Vec<f64> = w.iter().map(|w| -w / mean).collect();
        // The ratio −Σψ_b/Σψ_a has mean(ψ_a) = −1; the weights' own mean divides out.
        solve(&psi_a, &psi_b, rows)
    }

    fn parts(&self, level: usize, reference: usize) -> impl Iterator<Item = Part> {
        let (g1, g0) = (Self::row(&self.outcome, level), Self::row(&self.outcome, reference));
        let (m1, m0) = (Self::row(&self.chance, level), Self::row(&self.chance, reference));
        let rows = self.y.iter().zip(self.level).zip(g1.iter().zip(g0)).zip(m1.iter().zip(m0));
        rows.map(move |(((y, d), (g1, g0)), (m1, m0))| Part {
            y: *y,
            is_level: *d as usize == level,
            is_reference: *d as usize == reference,
            g1: *g1,
            g0: *g0,
            m1: *m1,
            m0: *m0,
        })
    }

    fn target_weights(&self, level: usize, reference: usize, target: Target, rows: Rows<'_>) -> (Vec<f64>, Vec<f64>) {
        match target {
            Target::All => (vec![1.0; self.y.len()], vec![1.0; self.y.len()]),
            Target::Treated => {
                let is_level: Vec<f64> =
                    self.parts(level, reference).map(|p| f64::from(u8::from(p.is_level))).collect();
                let share = rows.mean(&is_level);
                let w_bar = self.parts(level, reference).map(|p| p.m1 / share).collect();
                (is_level.iter().map(|d| d / share).collect(), w_bar)
            }
            Target::Overlap => {
                let h: Vec<f64> = self.parts(level, reference).map(|p| p.m1 * p.m0 / (p.m1 + p.m0)).collect();
                let mean = rows.mean(&h);
                let w: Vec<f64> = h.iter().map(|h| h / mean).collect();
                (w.clone(), w)
            }
        }
    }

    /// What an unobserved confounder would do to the effect.
    #[must_use]
    pub fn sensitivity(
        &self,
        scored: &Scored,
        level: usize,
        reference: usize,
        target: Target,
        rows: Rows<'_>,
    ) -> Sensitivity {
        let (w, w_bar) = self.target_weights(level, reference, target, rows);
        let errors: Vec<f64> = self
            .y
            .iter()
            .zip(self.level)
            .enumerate()
            .map(|(row, (y, d))| {
                let g = Self::row(&self.outcome, *d as usize).get(row).copied().unwrap_or(*y);
                (y - g) * (y - g)
            })
            .collect();
        let riesz: Vec<f64> = self
            .parts(level, reference)
            .zip(w.iter().zip(&w_bar))
            .map(|(part, (w, w_bar))| {
                let alpha = w_bar * (part.share_of_level() - part.share_of_reference());
                2.0 * w * w_bar * (1.0 / part.m1 + 1.0 / part.m0) - alpha * alpha
            })
            .collect();
        Sensitivity::interactive(scored, &errors, &riesz, rows)
    }
}

struct Part {
    y: f64,
    is_level: bool,
    is_reference: bool,
    g1: f64,
    g0: f64,
    m1: f64,
    m0: f64,
}

impl Part {
    fn share_of_level(&self) -> f64 {
        if self.is_level { 1.0 / self.m1 } else { 0.0 }
    }

    fn share_of_reference(&self) -> f64 {
        if self.is_reference { 1.0 / self.m0 } else { 0.0 }
    }

    fn correction(&self) -> f64 {
        self.share_of_level() * (self.y - self.g1) - self.share_of_reference() * (self.y - self.g0)
    }
}

/// Chances of the own level scaled so that their inverses add up to the number of rows (Hájek's weights).
#[must_use]
pub fn own_chances_normalised(aipw: &Aipw<'_>, rows: Rows<'_>) -> Vec<Vec<f64>> {
    aipw.chance
        .iter()
        .enumerate()
        .map(|(level, m)| {
            let inverse: Vec<f64> =
                m.iter().zip(aipw.level).map(|(m, d)| if *d as usize == level { 1.0 / m } else { 0.0 }).collect();
            let scale = rows.mean(&inverse);
            m.iter().map(|m| m * scale).collect()
        })
        .collect()
}
