//! How far apart the scores and the ROC curves of two groups lie, and curves by group.

use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, Missing, PValue, Reference, Table, TableColumn, Unit,
};
use equipoise_kernels::{Confidence, Draws, Multinomial, wilson};

use super::aggregate::{Settings, interval};
use super::groups::Slice;
use super::inequality::reflected;
use super::scores::SortedRows;

/// Most groups whose curves are compared pair by pair.
const MOST_GROUPS: usize = 12;
/// Bins of equal size that scores are resampled in.
const BINS: usize = 64;
/// Resamples of curves.
const REPLICATES: usize = 200;

/// Weight of negatives and positives at one score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub score: f64,
    pub sides: [f64; 2],
}

impl Point {
    fn weight(&self) -> f64 {
        let [negative, positive] = self.sides;
        negative + positive
    }
}

/// The scores of each group of a slice in ascending order, ties together.
pub(super) fn points_by_group(sorted: &SortedRows, slice: &Slice) -> Vec<Vec<Point>> {
    let mut all: Vec<Vec<Point>> = vec![Vec::new(); slice.groups.len()];
    for row in &sorted.rows {
        let Some(group) = slice.of_atom.get(row.atom as usize).copied().flatten() else { continue };
        let Some(points) = all.get_mut(group as usize) else { continue };
        if points.last().is_none_or(|last| last.score < row.score) {
            points.push(Point { score: row.score, sides: [0.0; 2] });
        }
        if let Some(side) = points.last_mut().and_then(|p| p.sides.get_mut(usize::from(row.is_positive))) {
            *side += row.weight;
        }
    }
    all
}

/// Kolmogorov–Smirnov and Wasserstein-1 distance of two groups' scores: `sup |F − G|` and `∫ |F − G|`. None when one is
/// empty.
pub(super) fn score_distances(a: &[Point], b: &[Point]) -> Option<(f64, f64)> {
    let total = |p: &[Point]| p.iter().map(Point::weight).sum::<f64>();
    let (of_a, of_b) = (total(a), total(b));
    if of_a <= 0.0 || of_b <= 0.0 {
        return None;
    }
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let (mut f, mut g, mut ks, mut area): (f64, f64, f64, f64) = (0.0, 0.0, 0.0, 0.0);
    let mut last: Option<f64> = None;
    while let Some(score) = match (a.peek(), b.peek()) {
        (Some(x), Some(y)) => Some(x.score.min(y.score)),
        (Some(x), None) => Some(x.score),
        (None, Some(y)) => Some(y.score),
        (None, None) => None,
    } {
        if let Some(last) = last {
            area += (f - g).abs() * (score - last);
        }
        if let Some(point) = a.next_if(|p| p.score <= score) {
            f += point.weight() / of_a;
        }
        if let Some(point) = b.next_if(|p| p.score <= score) {
            g += point.weight() / of_b;
        }
        ks = ks.max((f - g).abs());
        last = Some(score);
    }
    Some((ks, area))
}

/// A ROC curve as straight pieces `(x₀, y₀, x₁, y₁)` with `x₀ < x₁`, from left to right.
fn roc_pieces(points: &[Point]) -> Option<Vec<[f64; 4]>> {
    let [negatives, positives] =
        points.iter().fold([0.0, 0.0], |[n, p], point| [n + point.sides[0], p + point.sides[1]]);
    if negatives <= 0.0 || positives <= 0.0 {
        return None;
    }
    let (mut x, mut y) = (0.0, 0.0);
    let mut pieces = Vec::new();
    for point in points.iter().rev() {
        let (x1, y1) = (x + point.sides[0] / negatives, y + point.sides[1] / positives);
        if x1 > x {
            pieces.push([x, y, x1, y1]);
        }
        (x, y) = (x1, y1);
    }
    Some(pieces)
}

/// Area between two ROC curves, `∫ |ROC_a(t) − ROC_b(t)| dt` (Gardner, Brooks & Baker 2019). None when one of the groups
/// lacks a class.
pub(super) fn abroca(a: &[Point], b: &[Point]) -> Option<f64> {
    let (a, b) = (roc_pieces(a)?, roc_pieces(b)?);
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let at = |piece: &[f64; 4], x: f64| {
        let [x0, y0, x1, y1] = piece;
        y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    };
    let (mut from, mut area) = (0.0_f64, 0.0);
    while let (Some(p), Some(q)) = (a.peek(), b.peek()) {
        let to = p[2].min(q[2]);
        let (d0, d1) = (at(p, from) - at(q, from), at(p, to) - at(q, to));
        let size = d0.abs() + d1.abs();
        // Lines that cross leave two triangles.
        let mean = if d0 * d1 >= 0.0 { 0.5 * size } else { 0.5 * (d0 * d0 + d1 * d1) / size };
        area += mean * (to - from);
        let (p_ends, q_ends) = (p[2] <= to, q[2] <= to);
        if p_ends {
            a.next();
        }
        if q_ends {
            b.next();
        }
        from = to;
    }
    Some(area)
}

/// The largest distances over all pairs of groups: Kolmogorov–Smirnov, Wasserstein-1, area between ROC curves.
fn largest(groups: &[Vec<Point>]) -> [Option<f64>; 3] {
    let mut best: [Option<f64>; 3] = [None; 3];
    for (i, a) in groups.iter().enumerate() {
        for b in groups.iter().skip(i + 1) {
            let scores = score_distances(a, b);
            let found = [scores.map(|s| s.0), scores.map(|s| s.1), abroca(a, b)];
            for (best, found) in best.iter_mut().zip(found) {
                *best = best.iter().copied().chain(found).reduce(f64::max);
            }
        }
    }
    best
}

/// Estimates of the distances, with resampled intervals and p-values of "all groups alike".
pub(super) fn distances(slice: &Slice, groups: &[Vec<Point>], settings: Settings<'_>) -> Vec<Estimate> {
    let n = slice.overall.rows();
    let metrics = [
        ("score_ks_distance", Unit::Share),
        ("score_wasserstein_distance", Unit::Share),
        ("area_between_roc_curves", Unit::Share),
    ];
    let found = if groups.len() <= MOST_GROUPS { largest(groups) } else { [None; 3] };
    let resampled = found.iter().any(Option::is_some).then(|| resample(slice, groups, settings));
    let (mut values, null, binned) = resampled.unwrap_or_default();
    metrics
        .into_iter()
        .enumerate()
        .map(|(i, (metric, unit))| {
            let Some(value) = found.get(i).copied().flatten() else {
                return Estimate::absent(slice.id(metric), Missing::FewerThanTwoGroups, n, Better::Zero);
            };
            let ends = values.get_mut(i).and_then(|v| reflected(value, v, settings.level));
            let beyond = null.get(i).zip(binned.get(i).copied().flatten()).map(|(null, seen)| {
                let beyond = null.iter().filter(|x| **x >= seen * (1.0 - 1e-9)).count();
                #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
                let value = (1 + beyond) as f64 / (1 + null.len()) as f64;
                PValue { value, adjusted: None, method: "resampling".to_owned() }
            });
            Estimate::new(slice.id(metric), value, n, Better::Zero)
                .with_unit(unit)
                .with_interval(ends.map(|e| interval(e, settings.level, "reflected_bootstrap")))
                .with_p_value(beyond)
        })
        .collect()
}

type Resampled = (Vec<Vec<f64>>, Vec<Vec<f64>>, [Option<f64>; 3]);

/// Resamples scores in bins of equal size: distances, distances when all groups are alike, and the distances in bins.
fn resample(slice: &Slice, groups: &[Vec<Point>], settings: Settings<'_>) -> Resampled {
    let edges = edges(groups);
    let binned: Vec<Vec<Point>> = groups.iter().map(|g| into_bins(g, &edges)).collect();
    // Resampled sizes are the effective numbers of rows; shares are kept to a millionth of a row's weight.
    let size = |place: usize| {
        let n = slice.groups.get(place).map_or(0.0, |g| g.counted.n_effective());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
        let n = n.round() as u64;
        n
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weights are not negative")]
    let whole = |w: f64| (w * 1e6).round() as u64;
    let flat = |points: &[Point]| -> Vec<u64> { points.iter().flat_map(|p| p.sides.map(whole)).collect() };
    let own: Vec<Multinomial> = (0..).zip(&binned).map(|(i, g)| Multinomial::of_size(size(i), &flat(g))).collect();
    let mut pooled = vec![0_u64; 2 * edges.len()];
    for group in &binned {
        for (sum, w) in pooled.iter_mut().zip(flat(group)) {
            *sum += w;
        }
    }
    let alike: Vec<Multinomial> = (0..groups.len()).map(|i| Multinomial::of_size(size(i), &pooled)).collect();
    let draw = |from: &[Multinomial], stream: &str| -> Vec<Vec<f64>> {
        let mut draws = Draws::new(settings.seed, stream, 0);
        let mut counts = vec![0_u64; 2 * edges.len()];
        let mut all = vec![Vec::new(); 3];
        for _ in 0..REPLICATES {
            let drawn: Vec<Vec<Point>> = from
                .iter()
                .map(|m| {
                    m.draw(&mut draws, &mut counts);
                    #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
                    let sides = |pair: &[u64; 2]| pair.map(|c| c as f64);
                    edges
                        .iter()
                        .zip(counts.as_chunks::<2>().0)
                        .map(|(e, c)| Point { score: *e, sides: sides(c) })
                        .collect()
                })
                .collect();
            for (all, found) in all.iter_mut().zip(largest(&drawn)) {
                all.extend(found);
            }
        }
        all
    };
    (draw(&own, "fairness.curves"), draw(&alike, "fairness.curves_alike"), largest(&binned))
}

/// Scores that cut all rows into bins of about equal weight; a bin is named by its largest score.
fn edges(groups: &[Vec<Point>]) -> Vec<f64> {
    let mut all: Vec<(f64, f64)> = groups.iter().flatten().map(|p| (p.score, p.weight())).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = all.iter().map(|p| p.1).sum();
    let mut edges: Vec<f64> = Vec::with_capacity(BINS);
    let mut sum = 0.0;
    for (score, w) in &all {
        sum += w;
        #[allow(clippy::cast_precision_loss, reason = "a small number of bins")]
        let due = total * (edges.len() + 1) as f64 / BINS as f64;
        if sum >= due * (1.0 - 1e-12) && edges.len() < BINS && edges.last().is_none_or(|last| last < score) {
            edges.push(*score);
        }
    }
    if let Some((last, _)) = all.last()
        && edges.last().is_none_or(|e| e < last)
    {
        edges.push(*last);
    }
    edges
}

fn into_bins(points: &[Point], edges: &[f64]) -> Vec<Point> {
    let mut bins: Vec<Point> = edges.iter().map(|e| Point { score: *e, sides: [0.0; 2] }).collect();
    for point in points {
        let bin = edges.partition_point(|e| *e < point.score);
        if let Some(bin) = bins.get_mut(bin) {
            for (sum, w) in bin.sides.iter_mut().zip(point.sides) {
                *sum += w;
            }
        }
    }
    bins
}

/// ROC curves, calibration and a sweep over thresholds, by group, with their pictures.
pub(super) fn curves(slice: &Slice, groups: &[Vec<Point>], settings: Settings<'_>) -> (Vec<Table>, Vec<Block>) {
    if groups.len() > MOST_GROUPS || groups.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let named = || slice.groups.iter().map(super::groups::Group::name).zip(groups);
    let mut roc: Vec<(String, f64, f64)> = Vec::new();
    for (name, points) in named() {
        let Some(pieces) = roc_pieces(points) else { continue };
        // At most some hundred points a curve: those where the curve has moved by a hundredth.
        let mut last = (-1.0, -1.0);
        let ends = pieces.last().map(|p| (p[2], p[3]));
        for point in pieces.iter().map(|p| (p[0], p[1])).chain(ends) {
            if (point.0 - last.0) + (point.1 - last.1) >= 0.01 || Some(point) == ends {
                roc.push((name.clone(), point.0, point.1));
                last = point;
            }
        }
    }
    let id = |what: &str| slice.table_id(what);
    let roc_table = Table::new(&id("roc"), &format!("ROC curves by {}", slice.title()))
        .column(TableColumn::text("group", "Group", roc.iter().map(|r| r.0.clone())))
        .column(
            TableColumn::number("false_positive_rate", "False positive rate", roc.iter().map(|r| Some(r.1)))
                .with_unit(Unit::Share),
        )
        .column(
            TableColumn::number("true_positive_rate", "True positive rate", roc.iter().map(|r| Some(r.2)))
                .with_unit(Unit::Share),
        );
    let calibration = calibration(slice, settings);
    let sweep = sweep(slice, groups);
    let share = |title: &str| Axis::titled(title).within(0.0, 1.0);
    let curve = |x: &str, y: &str, ends: bool, titles: (&str, &str), reference: Option<Reference>| BlockKind::Curve {
        x: x.to_owned(),
        y: y.to_owned(),
        low: ends.then(|| "low".to_owned()),
        high: ends.then(|| "high".to_owned()),
        series: Some("group".to_owned()),
        x_axis: share(titles.0),
        y_axis: share(titles.1),
        reference,
    };
    let by = slice.title();
    let blocks = vec![
        Block::new(
            &id("roc"),
            &format!("ROC curves by {by}"),
            &id("roc"),
            curve(
                "false_positive_rate",
                "true_positive_rate",
                false,
                ("False positive rate", "True positive rate"),
                Some(Reference::Diagonal),
            ),
            "Where curves lie apart, no threshold gives all groups the same rates.",
        ),
        Block::new(
            &id("calibration"),
            &format!("Calibration by {by}"),
            &id("calibration"),
            curve("predicted", "observed", true, ("Mean prediction", "Share of positives"), Some(Reference::Diagonal)),
            "A group whose curve lies above the line has more positives than the model says.",
        ),
        Block::new(
            &id("thresholds"),
            &format!("Selection rate by threshold and {by}"),
            &id("thresholds"),
            curve("threshold", "selection_rate", false, ("Threshold", "Selection rate"), None),
            "How many of each group would be selected if the threshold were another.",
        ),
    ];
    (vec![roc_table, calibration, sweep], blocks)
}

fn calibration(slice: &Slice, settings: Settings<'_>) -> Table {
    let mut rows: Vec<(String, [Option<f64>; 5])> = Vec::new();
    for group in &slice.groups {
        let bins = group.counted.moments.as_ref().and_then(|m| m.bins.as_deref());
        for [w, p, y, squares] in bins.into_iter().flatten().filter(|[w, ..]| *w > 0.0) {
            let n = equipoise_kernels::kish(*w, *squares);
            let ends = wilson(y / w, n, Confidence::at(settings.level));
            let ends = [ends.map(|e| e.low), ends.map(|e| e.high)];
            rows.push((group.name(), [Some(p / w), Some(y / w), ends[0], ends[1], Some(*w)]));
        }
    }
    let number = |id: &str, title: &str, place: usize| {
        TableColumn::number(id, title, rows.iter().map(|r| r.1.get(place).copied().flatten()))
    };
    let share = |id: &str, title: &str, place: usize| number(id, title, place).with_unit(Unit::Share);
    Table::new(&slice.table_id("calibration"), &format!("Calibration by {}", slice.title()))
        .column(TableColumn::text("group", "Group", rows.iter().map(|r| r.0.clone())))
        .column(share("predicted", "Mean prediction", 0))
        .column(share("observed", "Share of positives", 1))
        .column(share("low", "Lower end", 2))
        .column(share("high", "Upper end", 3))
        .column(number("weight", "Weight", 4))
}

/// Rates at 19 thresholds; a score at or above the threshold is selected.
fn sweep(slice: &Slice, groups: &[Vec<Point>]) -> Table {
    let mut rows: Vec<(String, f64, [Option<f64>; 3])> = Vec::new();
    for (group, points) in slice.groups.iter().zip(groups) {
        let all = points.iter().fold([0.0, 0.0], |[n, p], x| [n + x.sides[0], p + x.sides[1]]);
        for step in 1..20 {
            let threshold = f64::from(step) / 20.0;
            let from = points.partition_point(|p| p.score < threshold);
            let above = points.iter().skip(from).fold([0.0, 0.0], |[n, p], x| [n + x.sides[0], p + x.sides[1]]);
            let share = |a: f64, b: f64| (b > 0.0).then(|| a / b);
            let rates = [share(above[0] + above[1], all[0] + all[1]), share(above[1], all[1]), share(above[0], all[0])];
            rows.push((group.name(), threshold, rates));
        }
    }
    let rate = |id: &str, title: &str, place: usize| {
        TableColumn::number(id, title, rows.iter().map(|r| r.2.get(place).copied().flatten())).with_unit(Unit::Share)
    };
    Table::new(&slice.table_id("thresholds"), &format!("Rates by threshold and {}", slice.title()))
        .column(TableColumn::text("group", "Group", rows.iter().map(|r| r.0.clone())))
        .column(TableColumn::number("threshold", "Threshold", rows.iter().map(|r| Some(r.1))).with_unit(Unit::Share))
        .column(rate("selection_rate", "Selection rate", 0))
        .column(rate("true_positive_rate", "True positive rate", 1))
        .column(rate("false_positive_rate", "False positive rate", 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(list: &[(f64, f64, f64)]) -> Vec<Point> {
        list.iter().map(|(score, n, p)| Point { score: *score, sides: [*n, *p] }).collect()
    }

    #[test]
    fn distances_by_hand() {
        // Halves at 0.2 and 0.6 against halves at 0.2 and 0.8: F − G is ½ from 0.6 to 0.8.
        let a = points(&[(0.2, 1.0, 0.0), (0.6, 0.0, 1.0)]);
        let b = points(&[(0.2, 2.0, 0.0), (0.8, 0.0, 2.0)]);
        let (ks, w1) = score_distances(&a, &b).unwrap();
        assert!((ks - 0.5).abs() < 1e-15 && (w1 - 0.1).abs() < 1e-15);
        assert_eq!(score_distances(&a, &[]), None);
    }

    #[test]
    fn the_area_between_a_perfect_and_a_blind_curve_is_one_half() {
        let perfect = points(&[(0.1, 5.0, 0.0), (0.9, 0.0, 5.0)]);
        let blind = points(&[(0.5, 3.0, 3.0)]);
        assert!((abroca(&perfect, &blind).unwrap() - 0.5).abs() < 1e-15);
        assert!(abroca(&perfect, &perfect).unwrap() < 1e-15);
        // Crossing curves: one is right below ½ of negatives, the other above; the difference of areas is 0, the area
        // between them is not.
        let left = points(&[(0.1, 1.0, 0.0), (0.2, 0.0, 1.0), (0.5, 1.0, 0.0), (0.9, 0.0, 1.0)]);
        let right = points(&[(0.1, 0.0, 1.0), (0.2, 1.0, 0.0), (0.5, 0.0, 3.0), (0.9, 1.0, 0.0)]);
        assert!(abroca(&left, &right).unwrap() > 0.25);
        assert_eq!(abroca(&left, &points(&[(0.3, 0.0, 2.0)])), None);
    }
}
