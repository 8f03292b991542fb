//! Effects of interventions from historical rows: slices in, numbers out.
//!
//! The order of work is always the same: [`Folds`], nuisances fitted out of fold ([`CrossFit`]), a linear score
//! ([`Scored`]), and then what would make the number wrong: overlap, balance, sensitivity, refutations.
//!
//! ```text
//! score       ψ(θ) = ψ_a·θ + ψ_b            (Chernozhukov et al. 2018, doi:10.1111/ectj.12097)
//! estimate    θ̂ = −Σ w·ψ_b / Σ w·ψ_a
//! error       se² = Σ w²·ψ(θ̂)² / (Σ w·ψ_a)²   influence of a row: −ψ/J, J = Σ w·ψ_a / Σ w
//! ```

mod aipw;
mod anderson_rubin;
mod balance;
mod bounds;
mod cate;
mod dose;
mod error;
mod folds;
mod forest;
mod forest_line;
mod front_door;
mod graph;
mod instrument;
mod linear_robustness;
mod logit;
mod nuisance;
mod overlap;
mod plr;
mod policy;
mod refute;
mod repeat;
mod score;
mod simulate;
mod simulate_hidden;
mod splines;
mod stack;
#[cfg(test)]
mod tests;

pub use aipw::{Aipw, Target, own_chances_normalised};
pub use anderson_rubin::{AndersonRubin, Region};
pub use balance::{Balance, standardised_difference};
pub use bounds::{Bound, Bounds, Contour, Sensitivity};
pub use cate::{Cate, Covariance};
pub use dose::{Dose, DoseCurve, DoseError};
pub use error::CausalError;
pub use folds::Folds;
pub use forest::{CausalForest, ForestOptions};
pub use forest_line::LinearForest;
pub use front_door::{FrontDoor, Way};
pub use graph::{BadControl, Dag, DagError, Instrument};
pub use instrument::Iv;
pub use linear_robustness::{EValue, LinearRobustness};
pub use nuisance::{Choice, Covariates, CrossFit, Nuisance, Quality, Tried};
pub use overlap::Overlap;
pub use plr::Residuals;
pub use policy::{Policy, PolicyNode, PolicyOptions, PolicyValue, evaluate, held_out};
pub use refute::{Refutation, Refuter, refute};
pub use repeat::{Repeated, aggregate};
pub use score::{Rows, Scored, solve};
pub use simulate::{Kind, Simulated, simulate};
pub use simulate_hidden::{Hidden, HiddenCause, simulate_hidden};
