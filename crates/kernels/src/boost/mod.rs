//! Gradient boosting of regression trees on binned columns (Friedman 2001, doi:10.1214/aos/1013203451, with second
//! derivatives as Chen & Guestrin 2016, doi:10.1145/2939672.2939785).
//!
//! ```text
//! gain of a split = G_l²/(H_l + λ) + G_r²/(H_r + λ) − G²/(H + λ)
//! value of a leaf = −rate · G/(H + λ)          G = Σ w·first, H = Σ w·second derivative of the loss
//! ```
//!
//! Columns are cut into at most 255 bins once ([`Binned`]); every fit on any rows, target or weight then works on bytes. A
//! missing value is a bin of its own and goes where the gain is larger; codes of names are ordered by `G/H` and cut in
//! two (Fisher 1958). Sums run in row order, so that a fit is the same to the bit on every machine and for any number
//! of threads.

mod bins;
mod fit;
mod grow;
mod histogram;
mod loss;
mod split;
#[cfg(test)]
mod tests;
mod tree;

pub use bins::{Binned, BoostColumn};
pub use fit::{BoostError, Boosting, Trace};
pub use loss::Loss;
pub use tree::{BoostNode, BoostTree, Boosted, Rule};
