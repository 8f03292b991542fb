//! Areas under curves when there are several classes.

use libm::sqrt;

use crate::{Confidence, Measured, Undefined, kish, logit_interval, wilson};

/// Areas over several classes, each with the interval of its influence function.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassAreas {
    /// Area under the ROC curve of each class against the rest.
    pub roc_auc: Vec<Measured>,
    /// Average precision of each class against the rest.
    pub average_precision: Vec<Measured>,
    /// Mean of the classes' areas.
    pub ovr_macro: Measured,
    /// The classes' areas, weighted by how often each is true.
    pub ovr_weighted: Measured,
    /// Mean over ordered pairs of classes of the area that tells the one from the other by the one's probability (Hand &
    /// Till 2001, doi:10.1023/A:1010920819831).
    pub ovo_macro: Measured,
    /// As before, pairs weighted by how often either class is true.
    pub ovo_weighted: Measured,
    /// Mean of the classes' average precisions.
    pub average_precision_macro: Measured,
}

/// A number made of every row's influence: `value + Σ w·influence / Σ w`.
struct Influenced {
    value: f64,
    influence: Vec<f64>,
}

impl Influenced {
    fn nothing(n: usize) -> Self {
        Self { value: 0.0, influence: vec![0.0; n] }
    }

    #[inline]
    fn add(&mut self, row: usize, x: f64) {
        if let Some(sum) = self.influence.get_mut(row) {
            *sum += x;
        }
    }
}

struct Rows<'a> {
    truth: &'a [u16],
    weight: Option<&'a [f64]>,
    total: f64,
    squares: f64,
    /// Weight by true class.
    of_class: Vec<f64>,
}

impl Rows<'_> {
    #[inline]
    fn weight(&self, row: usize) -> f64 {
        self.weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0))
    }

    #[inline]
    fn class(&self, row: usize) -> usize {
        self.truth.get(row).copied().map_or(usize::MAX, usize::from)
    }

    fn measure(&self, number: &Influenced, confidence: Confidence) -> Measured {
        let sum: f64 = number
            .influence
            .iter()
            .enumerate()
            .map(|(row, x)| {
                let wx = self.weight(row) * x;
                wx * wx
            })
            .sum();
        let se = sqrt(sum) / self.total;
        let ends = logit_interval(number.value, se, confidence).filter(|_| se > 0.0);
        match ends {
            Some(ends) => Measured::new(Ok(number.value), Some(ends), "influence_logit"),
            None => {
                let n = kish(self.total, self.squares);
                Measured::new(Ok(number.value), wilson(number.value, n, confidence), "wilson")
            }
        }
    }
}

impl ClassAreas {
    /// Areas from probabilities `(n_rows, k)` row-major. One sort per class; some 40 bytes a row while it runs.
    ///
    /// Averages run over the classes that occur; a single class, or a probability that is not a finite number, leaves
    /// everything undefined.
    #[must_use]
    #[allow(clippy::needless_range_loop, reason = "classes index several arrays at once")]
    pub fn of(k: usize, truth: &[u16], probability: &[f64], weight: Option<&[f64]>, confidence: Confidence) -> Self {
        let n = truth.len();
        let mut rows = Rows { truth, weight, total: 0.0, squares: 0.0, of_class: vec![0.0; k] };
        for row in 0..n {
            let w = rows.weight(row);
            rows.total += w;
            rows.squares += w * w;
            let class = rows.class(row);
            if let Some(sum) = rows.of_class.get_mut(class) {
                *sum += w;
            }
        }
        let classes: Vec<usize> = (0..k).filter(|c| rows.of_class.get(*c).is_some_and(|w| *w > 0.0)).collect();
        let problem = if n == 0 {
            Some(Undefined::Empty)
        } else if rows.total <= 0.0 {
            Some(Undefined::ZeroWeight)
        } else if probability.iter().any(|p| !p.is_finite()) {
            Some(Undefined::NotFinite)
        } else if classes.len() < 2 {
            Some(Undefined::OneClass)
        } else {
            None
        };
        let mut out = Self::undefined(k, problem.unwrap_or(Undefined::NoPositives));
        if problem.is_some() {
            return out;
        }
        let mut ovr_macro = Influenced::nothing(n);
        let mut ovr_weighted = Influenced::nothing(n);
        let mut ovo_macro = Influenced::nothing(n);
        let mut ovo_weighted = Influenced::nothing(n);
        let mut ap_macro = Influenced::nothing(n);
        #[allow(clippy::cast_precision_loss, reason = "a number of classes")]
        let n_classes = classes.len() as f64;
        let per_pair = 1.0 / (n_classes * (n_classes - 1.0));
        // A pair's weight is the share of rows in either class; over ordered pairs these shares sum to 2(k − 1).
        let all_pairs = 2.0 * (n_classes - 1.0);
        for &class in &classes {
            let order = sorted_by_class(k, class, n, probability);
            let walked = walk_values(&order, &rows, class, &classes);
            let share = walked.positive / rows.total;
            ovr_macro.value += walked.auc / n_classes;
            ovr_weighted.value += walked.auc * share;
            ap_macro.value += walked.average_precision / n_classes;
            for (j, auc) in classes.iter().zip(&walked.auc_against) {
                if *j != class {
                    let weight = (walked.positive + rows.of_class.get(*j).copied().unwrap_or(0.0)) / rows.total;
                    ovo_macro.value += auc * per_pair;
                    ovo_weighted.value += auc * weight / all_pairs;
                }
            }
            let mut own = Influenced { value: walked.auc, influence: vec![0.0; n] };
            let mut own_ap = Influenced { value: walked.average_precision, influence: vec![0.0; n] };
            walk_influences(&order, &rows, class, &classes, &walked, |row, seen| {
                own.add(row, seen.auc);
                own_ap.add(row, seen.average_precision);
                ovr_macro.add(row, seen.auc / n_classes);
                // The shares that weigh the classes are estimated too.
                let by_share = if rows.class(row) == class { walked.auc } else { 0.0 };
                ovr_weighted.add(row, seen.auc * share + by_share);
                ap_macro.add(row, seen.average_precision / n_classes);
                ovo_macro.add(row, seen.ovo * per_pair);
                ovo_weighted.add(row, seen.ovo_weighted / all_pairs);
            });
            if let (Some(auc), Some(ap)) = (out.roc_auc.get_mut(class), out.average_precision.get_mut(class)) {
                *auc = rows.measure(&own, confidence);
                *ap = rows.measure(&own_ap, confidence);
            }
        }
        for x in &mut ovr_weighted.influence {
            *x -= ovr_weighted.value;
        }
        out.ovr_macro = rows.measure(&ovr_macro, confidence);
        out.ovr_weighted = rows.measure(&ovr_weighted, confidence);
        out.ovo_macro = rows.measure(&ovo_macro, confidence);
        out.ovo_weighted = rows.measure(&ovo_weighted, confidence);
        out.average_precision_macro = rows.measure(&ap_macro, confidence);
        out
    }

    fn undefined(k: usize, why: Undefined) -> Self {
        let none = Measured::undefined(why);
        Self {
            roc_auc: vec![none; k],
            average_precision: vec![none; k],
            ovr_macro: none,
            ovr_weighted: none,
            ovo_macro: none,
            ovo_weighted: none,
            average_precision_macro: none,
        }
    }
}

/// Rows by ascending probability of a class.
fn sorted_by_class(k: usize, class: usize, n: usize, probability: &[f64]) -> Vec<(f64, u32)> {
    let mut order: Vec<(f64, u32)> = probability
        .chunks_exact(k.max(1))
        .take(n)
        .zip(0_u32..)
        .map(|(row, i)| (row.get(class).copied().unwrap_or(0.0) + 0.0, i))
        .collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order
}

/// Areas of one class against the rest and against each other class.
struct Walked {
    positive: f64,
    auc: f64,
    average_precision: f64,
    auc_against: Vec<f64>,
}

#[allow(clippy::float_cmp, reason = "equal scores are ties")]
fn ties(order: &[(f64, u32)]) -> impl Iterator<Item = &[(f64, u32)]> {
    order.chunk_by(|a, b| a.0 == b.0)
}

fn walk_values(order: &[(f64, u32)], rows: &Rows<'_>, class: usize, classes: &[usize]) -> Walked {
    let k = rows.of_class.len();
    let positive = rows.of_class.get(class).copied().unwrap_or(0.0);
    let mut below = vec![0.0; k];
    let mut here = vec![0.0; k];
    let (mut below_all, mut ap) = (0.0, 0.0);
    let mut good = vec![0.0; classes.len()];
    for tie in ties(order) {
        here.iter_mut().for_each(|w| *w = 0.0);
        for (_, row) in tie {
            if let Some(sum) = here.get_mut(rows.class(*row as usize)) {
                *sum += rows.weight(*row as usize);
            }
        }
        let own = here.get(class).copied().unwrap_or(0.0);
        if own > 0.0 {
            for (j, good) in classes.iter().zip(&mut good) {
                if let (Some(b), Some(h)) = (below.get(*j), here.get(*j)) {
                    *good += own * (b + 0.5 * h);
                }
            }
            let own_above = positive - below.get(class).copied().unwrap_or(0.0);
            ap += own * own_above / (rows.total - below_all);
        }
        for (b, h) in below.iter_mut().zip(&here) {
            *b += h;
            below_all += h;
        }
    }
    let (mut auc, mut auc_against) = (0.0, Vec::with_capacity(classes.len()));
    for (j, good) in classes.iter().zip(good) {
        if *j != class {
            auc += good;
        }
        auc_against.push(good / (positive * rows.of_class.get(*j).copied().unwrap_or(0.0)));
    }
    Walked { positive, auc: auc / (positive * (rows.total - positive)), average_precision: ap / positive, auc_against }
}

/// What a row contributes: see `SortedScores` for the formulas against the rest.
struct Seen {
    auc: f64,
    average_precision: f64,
    /// Sum over the pairs the row takes part in.
    ovo: f64,
    /// As before, each pair times its share of rows; that the shares are estimated too is neglected.
    ovo_weighted: f64,
}

fn walk_influences(
    order: &[(f64, u32)],
    rows: &Rows<'_>,
    class: usize,
    classes: &[usize],
    walked: &Walked,
    mut see: impl FnMut(usize, &Seen),
) {
    let k = rows.of_class.len();
    let (total, positive) = (rows.total, walked.positive);
    let negative = total - positive;
    let (share, rest) = (positive / total, negative / total);
    let mut below = vec![0.0; k];
    let mut here = vec![0.0; k];
    let mut against = vec![(0.0, 0.0); k];
    for (j, auc) in classes.iter().zip(&walked.auc_against) {
        if let Some(place) = against.get_mut(*j) {
            *place = (*auc, rows.of_class.get(*j).copied().unwrap_or(0.0));
        }
    }
    let (mut below_all, mut a, mut b) = (0.0, 0.0, 0.0);
    for tie in ties(order) {
        here.iter_mut().for_each(|w| *w = 0.0);
        for (_, row) in tie {
            if let Some(sum) = here.get_mut(rows.class(*row as usize)) {
                *sum += rows.weight(*row as usize);
            }
        }
        let own = here.get(class).copied().unwrap_or(0.0);
        let own_below = below.get(class).copied().unwrap_or(0.0);
        let here_all: f64 = here.iter().sum();
        let mut precision = 0.0;
        if own > 0.0 {
            precision = (positive - own_below) / (total - below_all);
            a += own / (total - below_all);
            b += own / (total - below_all) * precision;
        }
        let mut of_positive = None;
        for (_, row) in tie {
            let (row, j) = (*row as usize, rows.class(*row as usize));
            let seen = if j == class {
                let (ovo, ovo_weighted) = *of_positive.get_or_insert_with(|| {
                    let mut sums = (0.0, 0.0);
                    for j in classes.iter().filter(|j| **j != class) {
                        let (Some((auc, weight)), Some(b), Some(h)) = (against.get(*j), below.get(*j), here.get(*j))
                        else {
                            continue;
                        };
                        let x = ((b + 0.5 * h) / weight - auc) / share;
                        sums.0 += x;
                        sums.1 += x * (positive + weight) / total;
                    }
                    sums
                });
                let placement = (below_all - own_below + 0.5 * (here_all - own)) / negative;
                Seen {
                    auc: (placement - walked.auc) / share,
                    average_precision: (precision - walked.average_precision + a - b) / share,
                    ovo,
                    ovo_weighted,
                }
            } else {
                let placement = (positive - own_below - 0.5 * own) / positive;
                let (auc, weight) = against.get(j).copied().unwrap_or((0.0, 1.0));
                let x = (placement - auc) / (weight / total);
                Seen {
                    auc: (placement - walked.auc) / rest,
                    average_precision: -b / share,
                    ovo: x,
                    ovo_weighted: x * (positive + weight) / total,
                }
            };
            if rows.weight(row) > 0.0 {
                see(row, &seen);
            }
        }
        for (b, h) in below.iter_mut().zip(&here) {
            *b += h;
        }
        below_all += here_all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draws, Scores};

    fn sample(n: usize, seed: u64) -> (Vec<u16>, Vec<f64>, Vec<f64>) {
        let mut draws = Draws::new(seed, "classes", 0);
        let (mut truth, mut probability, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            let class = [0, 0, 1, 2][usize::try_from(draws.below(4)).unwrap()];
            let raw: Vec<f64> = (0..3).map(|c| (draws.normal() + if c == class { 1.0 } else { 0.0 }).exp()).collect();
            let sum: f64 = raw.iter().sum();
            truth.push(u16::try_from(class).unwrap());
            probability.extend(raw.iter().map(|x| (x / sum * 50.0).round() / 50.0));
            weight.push(1.0 + draws.uniform());
        }
        (truth, probability, weight)
    }

    #[test]
    fn one_against_the_rest_agrees_with_the_binary_kernel() {
        let (truth, probability, weight) = sample(400, 1);
        let areas = ClassAreas::of(3, &truth, &probability, Some(&weight), Confidence::default());
        for class in 0..3_u16 {
            let mut scores = Scores::default();
            let rows = truth.iter().zip(probability.chunks(3)).map(|(t, p)| (*t == class, p[usize::from(class)]));
            scores.push_rows(rows, Some(&weight));
            let summary = scores.sorted().summary(Confidence::default());
            let (auc, ap) = (areas.roc_auc[usize::from(class)], areas.average_precision[usize::from(class)]);
            assert!((auc.value.unwrap() - summary.roc_auc.value.unwrap()).abs() < 1e-12);
            assert!((ap.value.unwrap() - summary.average_precision.value.unwrap()).abs() < 1e-12);
            // DeLong divides by n − 1; otherwise the intervals are the same.
            assert!((auc.ends.unwrap().low - summary.roc_auc.ends.unwrap().low).abs() < 2e-3);
            assert!((ap.ends.unwrap().low - summary.average_precision.ends.unwrap().low).abs() < 1e-9);
        }
    }

    #[test]
    fn one_against_one_by_brute_force() {
        let (truth, probability, weight) = sample(60, 2);
        let areas = ClassAreas::of(3, &truth, &probability, Some(&weight), Confidence::default());
        let total: f64 = weight.iter().sum();
        let (mut plain, mut weighted, mut weights) = (0.0, 0.0, 0.0);
        for i in 0..3_u16 {
            for j in (0..3_u16).filter(|j| *j != i) {
                let (mut good, mut pairs) = (0.0, 0.0);
                for a in (0..60).filter(|r| truth[*r] == i) {
                    for b in (0..60).filter(|r| truth[*r] == j) {
                        let (s, t) = (probability[a * 3 + usize::from(i)], probability[b * 3 + usize::from(i)]);
                        let w = weight[a] * weight[b];
                        pairs += w;
                        good += w * if s > t {
                            1.0
                        } else if s < t {
                            0.0
                        } else {
                            0.5
                        };
                    }
                }
                let share =
                    (0..60).filter(|r| truth[*r] == i || truth[*r] == j).map(|r| weight[r]).sum::<f64>() / total;
                plain += good / pairs / 6.0;
                weighted += good / pairs * share;
                weights += share;
            }
        }
        assert!((areas.ovo_macro.value.unwrap() - plain).abs() < 1e-12);
        assert!((areas.ovo_weighted.value.unwrap() - weighted / weights).abs() < 1e-12);
    }

    #[test]
    fn intervals_cover() {
        let (truth, probability, _) = sample(100_000, 3);
        let whole = ClassAreas::of(3, &truth, &probability, None, Confidence::default());
        let picks: [fn(&ClassAreas) -> Measured; 5] =
            [|a| a.ovr_macro, |a| a.ovr_weighted, |a| a.ovo_macro, |a| a.ovo_weighted, |a| a.average_precision_macro];
        let mut covered = [0_u32; 5];
        for seed in 0..600 {
            let (truth, probability, _) = sample(250, 100 + seed);
            let areas = ClassAreas::of(3, &truth, &probability, None, Confidence::default());
            for (pick, covered) in picks.iter().zip(&mut covered) {
                *covered += u32::from(pick(&areas).ends.unwrap().contains(pick(&whole).value.unwrap()));
            }
        }
        assert!(covered.iter().all(|c| (550..=588).contains(c)), "{covered:?}");
    }

    #[test]
    fn one_class_is_undefined() {
        let areas = ClassAreas::of(2, &[1, 1], &[0.1, 0.9, 0.2, 0.8], None, Confidence::default());
        assert_eq!(areas.ovr_macro.value, Err(Undefined::OneClass));
    }
}
