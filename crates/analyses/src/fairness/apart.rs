//! How far apart the scores and the ROC curves of groups lie, over all pairs of groups at once.

use rayon::prelude::*;

/// Most groups that are compared pair by pair.
pub(super) const MOST_GROUPS: usize = 12;

/// Weight of the negatives or positives of a group at a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    pub score: f64,
    pub group: usize,
    pub is_positive: bool,
    pub weight: f64,
}

/// A straight piece of a ROC curve, from where the last one ended to `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// False positive rate at its end.
    pub x: f64,
    /// True positive rate at its start, which may lie above the end of the last piece.
    pub y: f64,
    pub slope: f64,
}

/// Weights of the negatives and positives of each group.
pub(super) fn sides(rows: impl Iterator<Item = Scored>, n_groups: usize) -> Vec<[f64; 2]> {
    let mut sides = vec![[0.0; 2]; n_groups];
    for row in rows {
        if let Some(side) = sides.get_mut(row.group).and_then(|s| s.get_mut(usize::from(row.is_positive))) {
            *side += row.weight;
        }
    }
    sides
}

/// The largest distances over all pairs of at most [`MOST_GROUPS`] groups: Kolmogorov–Smirnov `sup |F − G|`,
/// Wasserstein-1 `∫ |F − G|`, and the area between ROC curves. `rows` ascend by score, in any order within a tie. A
/// group without rows, or without one of the classes for the curves, takes no part; none with fewer than two groups.
pub(super) fn largest(rows: impl DoubleEndedIterator<Item = Scored> + Clone, n_groups: usize) -> [Option<f64>; 3] {
    let sides = sides(rows.clone(), n_groups);
    let [ks, area] = score_distances(rows.clone(), &sides);
    let curves = roc_curves(rows, &sides);
    let curves: Vec<&[Piece]> = curves.iter().map(Vec::as_slice).filter(|c| !c.is_empty()).collect();
    let pairs: Vec<(&[Piece], &[Piece])> =
        curves.iter().enumerate().flat_map(|(i, a)| curves.iter().skip(i + 1).map(|b| (*a, *b))).collect();
    [ks, area, pairs.into_par_iter().map(|(a, b)| area_between(a, b)).reduce_with(f64::max)]
}

/// Kolmogorov–Smirnov and Wasserstein-1, each of the pair that is furthest apart. One sweep serves all pairs: where a
/// group's share of scores rises, its distance to every other group has held since the later of their last rises.
fn score_distances(rows: impl Iterator<Item = Scored>, sides: &[[f64; 2]]) -> [Option<f64>; 2] {
    let totals: Vec<f64> = sides.iter().map(|[negative, positive]| negative + positive).collect();
    let (mut passed, mut share, mut last) = ([0.0; MOST_GROUPS], [0.0_f64; MOST_GROUPS], [0.0_f64; MOST_GROUPS]);
    let mut areas = [[0.0_f64; MOST_GROUPS]; MOST_GROUPS];
    let mut furthest = [[0.0_f64; MOST_GROUPS]; MOST_GROUPS];
    let mut now = f64::NEG_INFINITY;
    let mut risen = 0_u32;
    let mut settle = |risen: u32, share: &[f64; MOST_GROUPS]| {
        let mut left = risen;
        while left != 0 {
            let group = left.trailing_zeros() as usize;
            left &= left - 1;
            let (Some(distances), Some(mine)) = (furthest.get_mut(group), share.get(group)) else { continue };
            for (distance, theirs) in distances.iter_mut().zip(share) {
                *distance = distance.max((mine - theirs).abs());
            }
        }
    };
    for row in rows {
        if row.score > now {
            settle(risen, &share);
            (now, risen) = (row.score, 0);
        }
        let (Some(areas), Some(passed), Some(total)) =
            (areas.get_mut(row.group), passed.get_mut(row.group), totals.get(row.group))
        else {
            continue;
        };
        let (Some(mine), Some(since)) = (share.get(row.group).copied(), last.get(row.group).copied()) else { continue };
        if risen & (1 << row.group) == 0 {
            for ((area, theirs), rose) in areas.iter_mut().zip(&share).zip(&last) {
                *area += (mine - theirs).abs() * (now - since.max(*rose));
            }
            risen |= 1 << row.group;
        }
        *passed += row.weight;
        if let (Some(share), Some(last)) = (share.get_mut(row.group), last.get_mut(row.group)) {
            (*share, *last) = (*passed / total, now);
        }
    }
    settle(risen, &share);
    let live: Vec<usize> =
        (0_usize..).zip(&totals).filter(|(_, total)| **total > 0.0).map(|(group, _)| group).collect();
    let largest = |of: &dyn Fn(usize, usize) -> f64| {
        let pairs = live.iter().enumerate().flat_map(|(i, a)| live.iter().skip(i + 1).map(move |b| (*a, *b)));
        pairs.map(|(a, b)| of(a, b)).reduce(f64::max)
    };
    let at = |table: &[[f64; MOST_GROUPS]; MOST_GROUPS], a: usize, b: usize| {
        table.get(a).and_then(|row| row.get(b)).copied().unwrap_or(0.0)
    };
    [
        largest(&|a, b| at(&furthest, a, b).max(at(&furthest, b, a))),
        largest(&|a, b| at(&areas, a, b) + at(&areas, b, a)),
    ]
}

/// The ROC curve of each group, from left to right; empty for a group that lacks a class.
pub(super) fn roc_curves(rows: impl DoubleEndedIterator<Item = Scored>, sides: &[[f64; 2]]) -> Vec<Vec<Piece>> {
    struct Walk {
        score: f64,
        passed: [f64; 2],
        at: [f64; 2],
        pieces: Vec<Piece>,
    }
    let rise = |walk: &mut Walk, [negatives, positives]: &[f64; 2]| {
        let [x0, y0] = walk.at;
        let [x, y] = [walk.passed[0] / negatives, walk.passed[1] / positives];
        if x > x0 {
            walk.pieces.push(Piece { x, y: y0, slope: (y - y0) / (x - x0) });
        }
        walk.at = [x, y];
    };
    let start = || Walk { score: f64::NAN, passed: [0.0; 2], at: [0.0; 2], pieces: Vec::new() };
    let mut walks: Vec<Walk> = sides.iter().map(|_| start()).collect();
    for row in rows.rev() {
        let (Some(walk), Some(sides)) = (walks.get_mut(row.group), sides.get(row.group)) else { continue };
        if walk.score > row.score {
            rise(walk, sides);
        }
        walk.score = row.score;
        if let Some(passed) = walk.passed.get_mut(usize::from(row.is_positive)) {
            *passed += row.weight;
        }
    }
    walks
        .into_iter()
        .zip(sides)
        .map(|(mut walk, sides)| {
            if sides.iter().any(|side| *side <= 0.0) {
                return Vec::new();
            }
            rise(&mut walk, sides);
            walk.pieces
        })
        .collect()
}

/// Area between two ROC curves, `∫ |ROC_a(t) − ROC_b(t)| dt` (Gardner, Brooks & Baker 2019).
fn area_between(a: &[Piece], b: &[Piece]) -> f64 {
    let (mut a, mut b) = (a.iter(), b.iter());
    let (mut next_a, mut next_b) = (a.next(), b.next());
    let (mut from, mut area) = (0.0_f64, 0.0);
    let (mut at_a, mut at_b) = (next_a.map_or(0.0, |p| p.y), next_b.map_or(0.0, |p| p.y));
    while let (Some(p), Some(q)) = (next_a, next_b) {
        let to = p.x.min(q.x);
        let width = to - from;
        let d0 = at_a - at_b;
        (at_a, at_b) = (at_a + p.slope * width, at_b + q.slope * width);
        let d1 = at_a - at_b;
        let size = d0.abs() + d1.abs();
        // Lines that cross leave two triangles.
        let mean = if d0 * d1 >= 0.0 { 0.5 * size } else { 0.5 * (d0 * d0 + d1 * d1) / size };
        area += mean * width;
        if p.x <= to {
            next_a = a.next();
            at_a = next_a.map_or(at_a, |p| p.y);
        }
        if q.x <= to {
            next_b = b.next();
            at_b = next_b.map_or(at_b, |q| q.y);
        }
        from = to;
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Scores with the weights of negatives and positives there, for each group.
    fn rows(groups: &[&[(f64, f64, f64)]]) -> Vec<Scored> {
        let mut rows = Vec::new();
        for (group, points) in groups.iter().enumerate() {
            for (score, negative, positive) in *points {
                for (is_positive, weight) in [(false, *negative), (true, *positive)] {
                    rows.push(Scored { score: *score, group, is_positive, weight });
                }
            }
        }
        rows.retain(|row| row.weight > 0.0);
        rows.sort_by(|a, b| a.score.total_cmp(&b.score));
        rows
    }

    fn of(groups: &[&[(f64, f64, f64)]]) -> [Option<f64>; 3] {
        largest(rows(groups).into_iter(), groups.len())
    }

    #[test]
    fn distances_by_hand() {
        // Halves at 0.2 and 0.6 against halves at 0.2 and 0.8: F − G is ½ from 0.6 to 0.8.
        let [ks, w1, _] = of(&[&[(0.2, 1.0, 0.0), (0.6, 0.0, 1.0)], &[(0.2, 2.0, 0.0), (0.8, 0.0, 2.0)]]);
        assert!((ks.unwrap() - 0.5).abs() < 1e-15 && (w1.unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(of(&[&[(0.2, 1.0, 1.0)], &[]]), [None; 3]);
        assert_eq!(of(&[&[(0.2, 1.0, 1.0)], &[], &[(0.2, 2.0, 2.0)]]), [Some(0.0); 3]);
    }

    #[test]
    fn the_area_between_a_perfect_and_a_blind_curve_is_one_half() {
        let perfect: &[(f64, f64, f64)] = &[(0.1, 5.0, 0.0), (0.9, 0.0, 5.0)];
        let abroca = |a, b| of(&[a, b])[2];
        assert!((abroca(perfect, &[(0.5, 3.0, 3.0)]).unwrap() - 0.5).abs() < 1e-15);
        assert!(abroca(perfect, perfect).unwrap() < 1e-15);
        // Crossing curves: one is right below ½ of negatives, the other above; the difference of areas is 0, the area
        // between them is not.
        let left: &[_] = &[(0.1, 1.0, 0.0), (0.2, 0.0, 1.0), (0.5, 1.0, 0.0), (0.9, 0.0, 1.0)];
        let right: &[_] = &[(0.1, 0.0, 1.0), (0.2, 1.0, 0.0), (0.5, 0.0, 3.0), (0.9, 1.0, 0.0)];
        assert!(abroca(left, right).unwrap() > 0.25);
        assert_eq!(abroca(left, &[(0.3, 0.0, 2.0)]), None);
    }

    /// Distribution functions and ROC curves read off point by point.
    fn by_definition(rows: &[Scored], n_groups: usize) -> [Option<f64>; 3] {
        let share = |group: usize, side: Option<bool>, from: &dyn Fn(f64) -> bool| {
            let all = rows.iter().filter(|r| r.group == group && side.is_none_or(|s| s == r.is_positive));
            let (some, total) = all.fold((0.0, 0.0), |(some, total), r| {
                (if from(r.score) { some + r.weight } else { some }, total + r.weight)
            });
            (total > 0.0).then_some(some / total)
        };
        let mut scores: Vec<f64> = rows.iter().map(|r| r.score).collect();
        scores.dedup();
        let roc = |group: usize, t: f64| -> Option<f64> {
            share(group, Some(false), &|_| true)?;
            // The last threshold with at most `t` false positives, and the first with more.
            let at = |s: f64| Some((share(group, Some(false), &|x| x >= s)?, share(group, Some(true), &|x| x >= s)?));
            let mut points = vec![(0.0, share(group, Some(true), &|x| x > 2.0)?)];
            points.extend(scores.iter().rev().filter_map(|s| at(*s)));
            let before = points.iter().rev().find(|p| p.0 <= t)?;
            let after = points.iter().find(|p| p.0 > t);
            Some(after.map_or(before.1, |a| before.1 + (a.1 - before.1) * (t - before.0) / (a.0 - before.0)))
        };
        let mut best = [None::<f64>; 3];
        for a in 0..n_groups {
            for b in a + 1..n_groups {
                let gap = |s: f64| Some((share(a, None, &|x| x <= s)? - share(b, None, &|x| x <= s)?).abs());
                let ks = scores.iter().filter_map(|s| gap(*s)).reduce(f64::max);
                let w1 = gap(0.0).map(|_| scores.windows(2).map(|w| gap(w[0]).unwrap() * (w[1] - w[0])).sum::<f64>());
                let steps = 20_000;
                let middle = |i: i32| (f64::from(i) + 0.5) / f64::from(steps);
                let differs = |i: i32| Some((roc(a, middle(i))? - roc(b, middle(i))?).abs() / f64::from(steps));
                let area: Option<f64> = (0..steps).map(differs).sum();
                for (best, found) in best.iter_mut().zip([ks, w1, area]) {
                    *best = best.iter().copied().chain(found).reduce(f64::max);
                }
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn distances_are_those_of_the_definition(
            given in prop::collection::vec((0_u8..8, 0_usize..4, any::<bool>(), 1_u8..4), 0..24)
        ) {
            let mut rows: Vec<Scored> = given
                .iter()
                .map(|(score, group, is_positive, weight)| Scored {
                    score: f64::from(*score) / 8.0,
                    group: *group,
                    is_positive: *is_positive,
                    weight: f64::from(*weight),
                })
                .collect();
            rows.sort_by(|a, b| a.score.total_cmp(&b.score));
            let found = largest(rows.iter().copied(), 4);
            for ((found, defined), tolerance) in found.into_iter().zip(by_definition(&rows, 4)).zip([1e-12, 1e-12, 2e-4]) {
                prop_assert_eq!(found.is_some(), defined.is_some());
                if let (Some(found), Some(defined)) = (found, defined) {
                    prop_assert!((found - defined).abs() < tolerance, "{} {}", found, defined);
                }
            }
        }
    }
}
