//! Numbers: mergeable states, intervals, tests and seeded draws over slices.
//!
//! Nothing here knows a column's name, a file or the clock. A kernel is a small state with four verbs: start empty,
//! push a row, merge a neighbour, read the answer.

mod association;
mod balance;
mod binary;
mod binned;
pub mod boost;
mod calibration;
mod class_areas;
mod class_losses;
mod confusion;
mod cuts;
mod divergence;
mod error_tree;
mod gaps;
mod homogeneity;
mod hypergeometric;
mod inequality;
mod intervals;
mod limits;
pub mod linear;
mod loss_sums;
mod machine;
mod mean;
mod measured;
mod merge;
mod multiclass;
mod multinomial;
mod multiplicity;
mod normal;
mod ordered;
mod paired_shares;
mod placements;
mod ranking;
mod recalibration;
mod regression;
mod rng;
mod score_grid;
mod scores;
mod shrink;
mod slices;
mod special;
mod spread;
mod stop;
mod sum;
mod tally;
mod thresholds;
mod two_by_two;
mod undefined;
mod weighted_cells;

pub use association::{AssociationOptions, MutualInformation, mutual_information};
pub use balance::{Association, Measure, Split};
pub use binary::{Confusion2, Share};
pub use binned::{BinnedColumn, CodeSet};
pub use calibration::{CalibrationBin, CalibrationError, CalibrationRule, calibration_error};
pub use class_areas::ClassAreas;
pub use class_losses::ClassLosses;
pub use confusion::CellCounts;
pub use cuts::{CutBin, best_cuts};
pub use divergence::{Divergence, chi_squared_against, shares, wasserstein_1};
pub use error_tree::{GrowOptions, LossNode, LossTable, LossTree, grow};
pub use gaps::{
    Gap, GapLevels, difference_ends, difference_gap, largest_size, range_quantile, ratio_ends, ratio_gap,
    smallest_ratio,
};
pub use homogeneity::{
    HomogeneityTest, Pooled, Stratum, cochran_mantel_haenszel, equal_means, equal_rates, mantel_haenszel_difference,
    mantel_haenszel_ratio,
};
pub use hypergeometric::hypergeometric;
pub use inequality::Inequality;
pub use intervals::{
    Confidence, Ends, clopper_pearson, fisher_interval, kish, log_interval, logit_interval, mover, normal_interval,
    wilson,
};
pub use limits::{Limits, Rising};
pub use loss_sums::{LossSums, Losses, sum_losses};
pub use mean::Mean;
pub use measured::Measured;
pub use merge::Merge;
pub use multiclass::{Average, Confusion};
pub use multinomial::{Multinomial, binomial, poisson_pair};
pub use multiplicity::{benjamini_hochberg, benjamini_yekutieli, holm, max_t};
pub use normal::{
    beta_quantile, chi_squared_quantile, chi_squared_tail, normal_cdf, normal_quantile, normal_two_sided, t_cdf,
    t_quantile, t_two_sided,
};
pub use ordered::{Numbers, Ordered};
pub use paired_shares::paired_shares;
pub use placements::Placements;
pub use ranking::ScoreSummary;
pub use recalibration::Recalibration;
pub use regression::{Centres, RegressionInfluence, RegressionSpread, RegressionSums};
pub use rng::{Draws, split_mix};
pub use score_grid::ScoreGrid;
pub use scores::{Scores, Side, SortedScores, Tie};
pub use shrink::shrunken_rates;
pub use slices::{
    Family, FrequentOptions, FrequentSlice, FrequentSlices, Slice, SliceColumn, SliceMaxima, SliceOptions, SliceSearch,
    SliceTerm, find_slices, frequent_slices, members, overlap, slice_maxima,
};
pub use special::{beta_reg, gamma_q};
pub use spread::Spread;
pub use stop::Stop;
pub use sum::Sum;
pub use tally::Tally;
pub use two_by_two::{ProportionTest, compare_proportions};
pub use undefined::{Defined, Undefined, finite, ratio};
pub use weighted_cells::WeightedCells;

/// A number worked out on paper.
#[cfg(test)]
pub(crate) fn assert_close(a: Option<f64>, b: f64) {
    let a = a.unwrap();
    assert!((a - b).abs() <= 1e-12, "{a} is not {b}");
}
