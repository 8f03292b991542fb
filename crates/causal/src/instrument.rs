//! Effects by an instrument: for numbers, and for those whom a yes/no instrument moves.

use crate::CausalError;
use crate::aipw::Aipw;
use crate::anderson_rubin::AndersonRubin;
use crate::plr::Residuals;
use crate::score::{Rows, Scored, solve};

/// An instrument's estimate, how strong the instrument is, and what holds even where it is weak.
#[derive(Clone, Debug, PartialEq)]
pub struct Iv {
    /// The estimate.
    pub scored: Scored,
    /// F statistic of the instrument's effect on the treatment (robust, one instrument).
    pub first_stage_f: f64,
    /// The test of single values.
    pub test: AndersonRubin,
}

impl Iv {
    fn new(psi_a: &[f64], psi_b: &[f64], first: &Scored, rows: Rows<'_>) -> Result<Self, CausalError> {
        let scored = solve(psi_a, psi_b, rows)?;
        let t = first.theta / first.se;
        Ok(Self { scored, first_stage_f: t * t, test: AndersonRubin::of(psi_a, psi_b, rows) })
    }

    /// Partially linear IV: `ψ_a = −r·v`, `ψ_b = r·u` with `r` what is left of the instrument, `v` of the treatment and `u` of
    /// the outcome.
    ///
    /// # Errors
    /// When the instrument does not move the treatment.
    pub fn partially_linear(left: &Residuals, instrument: &[f64], rows: Rows<'_>) -> Result<Self, CausalError> {
        let times =
            |x: &[f64], sign: f64| -> Vec<f64> { instrument.iter().zip(x).map(|(r, x)| sign * r * x).collect() };
        let first = Residuals { outcome: left.treatment.clone(), treatment: instrument.to_vec() };
        Self::new(&times(&left.treatment, -1.0), &times(&left.outcome, 1.0), &first.partialling_out(rows)?, rows)
    }

    /// The effect on those whom an instrument of two levels moves (Imbens & Angrist 1994, doi:10.2307/2951620; the score is that
    /// of Chernozhukov et al. 2018, §5.2): the doubly robust effect of the instrument on the outcome over that on the treatment.
    /// Both hold the instrument as their level; nobody may be moved the other way.
    ///
    /// # Errors
    /// When the instrument does not move the treatment.
    pub fn interactive(outcome: &Aipw<'_>, uptake: &Aipw<'_>, rows: Rows<'_>) -> Result<Self, CausalError> {
        let moved = |of: &Aipw<'_>, sign: f64| -> Vec<f64> {
            of.scores(1).iter().zip(of.scores(0)).map(|(one, zero)| sign * (one - zero)).collect()
        };
        let first = uptake.effect(1, 0, crate::Target::All, rows)?;
        Self::new(&moved(uptake, -1.0), &moved(outcome, 1.0), &first, rows)
    }
}
