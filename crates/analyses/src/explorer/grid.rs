//! A grid over numbers, on which counts of rows give distributions, quantiles and ranks.

use equipoise_data::SAMPLE_ROWS;

/// Points of a grid over more numbers than were sampled.
const MOST_POINTS: usize = 2_048;

/// Points `g₀ < g₁ < …`. Cell `2i + 1` holds the numbers equal to `g_i`, cell `2i` those between `g_{i−1}` and `g_i`.
///
/// Over a sample of all numbers every number is a point, and counts on the grid are the numbers themselves. Otherwise
/// the points are numbers of the sample at equal steps of rank, so that a value with a share above `1/2048` is very
/// likely a point, and what lies between two points is some `1/2048` of the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Grid {
    points: Vec<f64>,
    /// True when every number of the data is a point.
    is_exact: bool,
}

impl Grid {
    /// A grid over sampled numbers in ascending order; `n_rows` says whether they are all there are.
    pub(super) fn over(sorted: &[f64], ends: Option<(f64, f64)>, n_rows: usize) -> Self {
        let mut points: Vec<f64>;
        let is_exact = n_rows <= SAMPLE_ROWS;
        if is_exact || sorted.len() <= MOST_POINTS {
            points = sorted.to_vec();
        } else {
            let last = sorted.len() - 1;
            let at = |i: usize| sorted.get(i * last / (MOST_POINTS - 1)).copied();
            points = (0..MOST_POINTS).filter_map(at).collect();
        }
        points.extend(ends.iter().flat_map(|(low, high)| [*low, *high]));
        points.iter_mut().for_each(|x| *x += 0.0);
        points.sort_unstable_by(f64::total_cmp);
        points.dedup();
        Self { points, is_exact }
    }

    /// Number of cells.
    pub(super) fn n_cells(&self) -> usize {
        self.points.len() * 2 + 1
    }

    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The points.
    pub(super) fn points(&self) -> &[f64] {
        &self.points
    }

    /// The cell of a number that is not NaN.
    #[inline]
    pub(super) fn cell(&self, x: f64) -> usize {
        let below = self.points.partition_point(|point| *point < x);
        #[allow(clippy::float_cmp, reason = "points are numbers of the data, met again bit for bit")]
        let is_point = self.points.get(below).is_some_and(|point| *point == x);
        2 * below + usize::from(is_point)
    }

    /// The number that stands for a cell: the point, or the middle between two; none beyond the ends.
    pub(super) fn number(&self, cell: usize) -> Option<f64> {
        let above = cell / 2;
        if cell % 2 == 1 {
            return self.points.get(above).copied();
        }
        Some(f64::midpoint(*self.points.get(above.checked_sub(1)?)?, *self.points.get(above)?))
    }

    /// Cells that hold numbers in `(low, high)` of their ranks: the cells of each of `n` groups of about equal weight.
    pub(super) fn groups(weights: &[f64], n: usize) -> Vec<usize> {
        let total: f64 = weights.iter().sum();
        let mut upto = 0.0;
        #[allow(clippy::cast_precision_loss, reason = "a few groups")]
        let step = total / n as f64;
        let mut group = 0_usize;
        let mut limit = step;
        weights
            .iter()
            .map(|w| {
                // A cell belongs to the group in which its middle lies; heavy cells fill several.
                while upto + 0.5 * w >= limit - 1e-9 * total && group + 1 < n {
                    group += 1;
                    limit += step;
                }
                upto += w;
                group
            })
            .collect()
    }
}

/// Quantile of counted cells by the averaged inverse of the distribution function, and the share of rows that lie in
/// the same gap between points: how far the rank may be off (0 at a point).
pub(super) fn quantile(grid: &Grid, weights: &[f64], share: f64) -> Option<(f64, f64)> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let wanted = share.clamp(0.0, 1.0) * total;
    let slack = 1e-12 * total;
    let mut upto = 0.0;
    let mut cells = weights.iter().enumerate().filter(|(_, w)| **w > 0.0);
    while let Some((cell, w)) = cells.next() {
        if upto + w < wanted - slack {
            upto += w;
            continue;
        }
        if cell % 2 == 1 {
            let here = grid.number(cell)?;
            let is_reached = (upto + w - wanted).abs() <= slack;
            let next = if is_reached { cells.next() } else { None };
            return match next {
                Some((next, _)) if next % 2 == 1 => Some((0.5 * (here + grid.number(next)?), 0.0)),
                _ => Some((here, 0.0)),
            };
        }
        let low = grid.points.get((cell / 2).checked_sub(1)?)?;
        let high = grid.points.get(cell / 2)?;
        return Some((low + (high - low) * ((wanted - upto) / w).clamp(0.0, 1.0), w / total));
    }
    None
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn numbers_find_their_cells() {
        let grid = Grid::over(&[1.0, 2.0, 2.0, 5.0], Some((1.0, 5.0)), 4);
        assert_eq!(grid.points(), [1.0, 2.0, 5.0]);
        assert_eq!([0.0, 1.0, 1.5, 2.0, 5.0, 9.0].map(|x| grid.cell(x)), [0, 1, 2, 3, 5, 6]);
        assert_eq!(grid.number(4), Some(3.5));
        assert_eq!(grid.number(0), None);
    }

    #[test]
    fn quantiles_by_hand() {
        let grid = Grid::over(&[1.0, 2.0, 3.0, 4.0], None, 4);
        let ones = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        assert_eq!(quantile(&grid, &ones, 0.5), Some((2.5, 0.0)));
        assert_eq!(quantile(&grid, &ones, 0.25), Some((1.5, 0.0)));
        assert_eq!(quantile(&grid, &ones, 0.3), Some((2.0, 0.0)));
        assert_eq!(quantile(&grid, &ones, 1.0), Some((4.0, 0.0)));
        // 1, then four rows between 1 and 2: the median is halfway through the gap less half a row.
        let gap = [0.0, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(quantile(&grid, &gap, 0.5), Some((1.0 + 1.5 / 4.0, 0.8)));
        assert_eq!(quantile(&grid, &[0.0; 9], 0.5), None);
    }

    #[test]
    fn groups_have_about_equal_weight() {
        assert_eq!(Grid::groups(&[1.0, 1.0, 1.0, 1.0], 2), [0, 0, 1, 1]);
        assert_eq!(Grid::groups(&[10.0, 1.0, 1.0], 4), [1, 3, 3]);
    }
}
