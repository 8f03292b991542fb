//! What would make probabilities right: the logistic recalibration of a model.

use libm::{exp, log, log1p, sqrt};

use crate::scores::Side;
use crate::{Confidence, Measured, SortedScores, Undefined, normal_interval};

/// More distinct probabilities than this are put together by neighbours: the cost stays bounded, and with this many the
/// log-odds within a group differ so little that the answer moves by less than the sixth digit.
const MOST_POINTS: usize = 1 << 16;
const MOST_STEPS: usize = 100;
/// One step moves no row's log-odds by more: where nearly all probabilities are 0 or 1 the curvature says nothing.
const MOST_MOVED: f64 = 4.0;
/// A slope or intercept beyond this is on its way to infinity: the probabilities separate the classes.
const MOST: f64 = 1e4;

/// The logistic recalibration of predicted probabilities (Cox 1958; Van Calster et al. 2016,
/// doi:10.1016/j.jclinepi.2015.12.005). With `x = ln(p / (1 − p))`, `p` kept away from 0 and 1 by the machine epsilon:
///
/// ```text
/// slope        b of   ln(odds of y) = a + b·x,   fitted by maximum likelihood
/// intercept    a of   ln(odds of y) = a + x,     the slope held at 1
/// ```
///
/// A calibrated model has slope 1 and intercept 0; a slope below 1 says that its probabilities are too extreme, an
/// intercept above 0 that they are too low. The intervals are normal with Huber's sandwich for the standard error, which
/// is right under weights and where the logistic form is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recalibration {
    /// The slope.
    pub slope: Measured,
    /// The intercept.
    pub intercept: Measured,
}

/// Rows of about the same log-odds.
#[derive(Clone, Copy, Debug)]
struct Point {
    x: f64,
    positive: Side,
    negative: Side,
}

impl SortedScores {
    /// Slope and intercept of the logistic recalibration.
    #[must_use]
    pub fn recalibration(&self, confidence: Confidence) -> Recalibration {
        let none = |why| Recalibration { slope: Measured::undefined(why), intercept: Measured::undefined(why) };
        if let Err(why) = self.check() {
            return none(why);
        }
        if self.positive().weight <= 0.0 {
            return none(Undefined::NoPositives);
        }
        if self.negative().weight <= 0.0 {
            return none(Undefined::NoNegatives);
        }
        let points = self.points();
        let is_constant = points.len() < 2;
        let slope = if is_constant { Err(Undefined::NoVariation) } else { fit(&points, true) };
        Recalibration {
            slope: measured(slope.map(|f| (f.b, f.se_b)), confidence),
            intercept: measured(fit(&points, false).map(|f| (f.a, f.se_a)), confidence),
        }
    }

    fn points(&self) -> Vec<Point> {
        let mut n_ties = 0;
        self.for_each_tie(|_| n_ties += 1);
        let together = usize::max(1, n_ties / MOST_POINTS + usize::from(n_ties % MOST_POINTS > 0));
        let mut points: Vec<Point> = Vec::with_capacity(n_ties / together + 1);
        let (mut n, mut sum) = (0, 0.0);
        self.for_each_tie(|tie| {
            let p = tie.score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            let x = log(p) - log1p(-p);
            let weight = tie.positive.weight + tie.negative.weight;
            match points.last_mut().filter(|_| n % together > 0) {
                Some(last) => {
                    sum += weight * x;
                    last.positive.add(tie.positive);
                    last.negative.add(tie.negative);
                    last.x = sum / (last.positive.weight + last.negative.weight);
                }
                None => {
                    sum = weight * x;
                    points.push(Point { x, positive: tie.positive, negative: tie.negative });
                }
            }
            n += 1;
        });
        points
    }
}

fn measured(found: Result<(f64, f64), Undefined>, confidence: Confidence) -> Measured {
    match found {
        Ok((value, se)) => Measured::new(Ok(value), normal_interval(value, se, confidence), "sandwich"),
        Err(why) => Measured::undefined(why),
    }
}

struct Fit {
    a: f64,
    b: f64,
    se_a: f64,
    se_b: f64,
}

/// Sums over the points at some `a` and `b`.
#[derive(Default)]
struct Sums {
    likelihood: f64,
    /// Slopes of the log-likelihood.
    gradient: [f64; 2],
    /// `Σ w·μ(1 − μ)·(1, x)(1, x)ᵀ` as its entries 11, 12, 22.
    information: [f64; 3],
    /// `Σ w²·(y − μ)²·(1, x)(1, x)ᵀ`.
    squares: [f64; 3],
}

fn sums(points: &[Point], a: f64, b: f64) -> Sums {
    let mut sums = Sums::default();
    for Point { x, positive, negative } in points {
        let eta = a + b * x;
        // ln(1 + e^η) and 1/(1 + e^−η), from the side where nothing overflows.
        let tail = exp(-eta.abs());
        let softplus = eta.max(0.0) + log1p(tail);
        let mean = if eta >= 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
        let weight = positive.weight + negative.weight;
        sums.likelihood += positive.weight * eta - weight * softplus;
        let slope = positive.weight - weight * mean;
        let information = weight * mean * (1.0 - mean);
        let squares = positive.squares * (1.0 - mean) * (1.0 - mean) + negative.squares * mean * mean;
        for (to, by) in sums.gradient.iter_mut().zip([1.0, *x]) {
            *to += slope * by;
        }
        for ((to, square), by) in sums.information.iter_mut().zip(&mut sums.squares).zip([1.0, *x, x * x]) {
            *to += information * by;
            *square += squares * by;
        }
    }
    sums
}

/// Newton's method with steps halved until the likelihood rises; the likelihood is concave.
fn fit(points: &[Point], has_slope: bool) -> Result<Fit, Undefined> {
    let (mut a, mut b) = (0.0, 1.0);
    let mut at = sums(points, a, b);
    let widest = points.iter().fold(0.0, |widest: f64, point| widest.max(point.x.abs()));
    for _ in 0..MOST_STEPS {
        let (by_a, by_b) = step(&at, has_slope).ok_or(Undefined::NotFinite)?;
        let mut share = f64::min(1.0, MOST_MOVED / (by_a.abs() + by_b.abs() * widest).max(f64::MIN_POSITIVE));
        let next = loop {
            let (next_a, next_b) = (a + share * by_a, b + share * by_b);
            let next = sums(points, next_a, next_b);
            if next.likelihood >= at.likelihood || share < 1e-10 {
                (a, b) = (next_a, next_b);
                break next;
            }
            share *= 0.5;
        };
        at = next;
        if a.abs() > MOST || b.abs() > MOST || !at.likelihood.is_finite() {
            return Err(Undefined::NotFinite);
        }
        if share * by_a.abs() <= 1e-11 * (1.0 + a.abs()) && share * by_b.abs() <= 1e-11 * (1.0 + b.abs()) {
            let [vaa, vbb] = variances(&at, has_slope).ok_or(Undefined::NotFinite)?;
            return Ok(Fit { a, b, se_a: sqrt(vaa), se_b: sqrt(vbb) });
        }
    }
    Err(Undefined::NotFinite)
}

fn step(at: &Sums, has_slope: bool) -> Option<(f64, f64)> {
    let ([ga, gb], [haa, hab, hbb]) = (at.gradient, at.information);
    if !has_slope {
        return (haa > 0.0).then(|| (ga / haa, 0.0));
    }
    let determinant = haa * hbb - hab * hab;
    let is_regular = determinant > 1e-14 * haa * hbb;
    is_regular.then(|| ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant))
}

/// `H⁻¹·B·H⁻¹` of the intercept and the slope.
fn variances(at: &Sums, has_slope: bool) -> Option<[f64; 2]> {
    let ([haa, hab, hbb], [qaa, qab, qbb]) = (at.information, at.squares);
    if !has_slope {
        return (haa > 0.0).then(|| [qaa / (haa * haa), 0.0]);
    }
    let determinant = haa * hbb - hab * hab;
    let of = |u: f64, v: f64| (u * u * qaa + 2.0 * u * v * qab + v * v * qbb) / (determinant * determinant);
    (determinant > 0.0).then(|| [of(hbb, -hab), of(-hab, haa)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draws, Scores};

    fn of(rows: &[(f64, u32, u32)]) -> Recalibration {
        let mut scores = Scores::default();
        for (p, positive, negative) in rows {
            scores.push_rows((0..*positive).map(|_| (true, *p)), None);
            scores.push_rows((0..*negative).map(|_| (false, *p)), None);
        }
        scores.sorted().recalibration(Confidence::default())
    }

    fn logit(p: f64) -> f64 {
        (p / (1.0 - p)).ln()
    }

    #[test]
    fn two_probabilities_by_hand() {
        // Two points are met exactly: 20 of 50 at 0.2 and 30 of 50 at 0.8.
        let found = of(&[(0.2, 20, 30), (0.8, 30, 20)]).slope;
        let distance = logit(0.8) - logit(0.2);
        let slope = (logit(0.6) - logit(0.4)) / distance;
        // Each observed logit has variance 1/(n·p·q) = 1/12.
        let half = 1.959_963_984_540_054 * (2.0_f64 / 12.0).sqrt() / distance;
        assert!((found.value.unwrap() - slope).abs() < 1e-12);
        let ends = found.ends.unwrap();
        assert!((ends.low - (slope - half)).abs() < 1e-9 && (ends.high - (slope + half)).abs() < 1e-9, "{ends:?}");
    }

    #[test]
    fn one_probability_by_hand() {
        // 20 of 40 at 0.3: every log-odds must rise from logit 0.3 to 0.
        let found = of(&[(0.3, 20, 20)]);
        assert_eq!(found.slope.value, Err(Undefined::NoVariation));
        assert!((found.intercept.value.unwrap() + logit(0.3)).abs() < 1e-12);
        let half = 1.959_963_984_540_054 * (1.0_f64 / 10.0).sqrt();
        assert!((found.intercept.ends.unwrap().high - (half - logit(0.3))).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_answer_says_why() {
        assert_eq!(of(&[(0.2, 3, 0)]).slope.value, Err(Undefined::NoNegatives));
        assert_eq!(of(&[(0.2, 0, 3)]).intercept.value, Err(Undefined::NoPositives));
        assert_eq!(of(&[(0.2, 0, 9), (0.8, 9, 0)]).slope.value, Err(Undefined::NotFinite));
        // 0 and 1 are as far as numbers go, and still have an answer.
        assert!(of(&[(0.0, 1, 9), (1.0, 9, 1)]).slope.value.unwrap() > 0.0);
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice() {
        let rows = [(true, 0.9), (false, 0.3), (true, 0.4), (false, 0.7), (true, 0.65), (false, 0.1)];
        let mut heavy = Scores::default();
        heavy.push_rows(rows.iter().copied(), Some(&[2.0, 1.0, 1.0, 2.0, 1.0, 1.0]));
        let mut many = Scores::default();
        many.push_rows(rows.iter().chain([&rows[0], &rows[3]]).copied(), None);
        let (a, b) =
            (heavy.sorted().recalibration(Confidence::default()), many.sorted().recalibration(Confidence::default()));
        assert!((a.slope.value.unwrap() - b.slope.value.unwrap()).abs() < 1e-12);
        assert!((a.intercept.value.unwrap() - b.intercept.value.unwrap()).abs() < 1e-12);
    }

    /// Probabilities that are twice too extreme and half a logit too low, and how often the intervals hold that.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut draws = Draws::new(4, "recalibration", 0);
        let mut slopes = 0;
        for _ in 0..300 {
            let mut scores = Scores::default();
            let rows: Vec<(bool, f64)> = (0..400)
                .map(|_| {
                    let x = 2.0 * draws.normal();
                    (draws.uniform() < 1.0 / (1.0 + (-0.5 * x - 0.5).exp()), 1.0 / (1.0 + (-x).exp()))
                })
                .collect();
            scores.push_rows(rows.iter().copied(), None);
            let found = scores.sorted().recalibration(Confidence::default());
            slopes += u32::from(found.slope.ends.unwrap().contains(0.5));
        }
        assert!((276..=296).contains(&slopes), "{slopes} of 300");
    }
}
