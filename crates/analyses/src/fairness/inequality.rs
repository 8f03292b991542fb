//! How unevenly the model's benefit is spread over people, and differential fairness.

use equipoise_document::{Better, Estimate, Missing, Unit};
use equipoise_kernels::{Confidence, Draws, Ends, Limits, Multinomial, Share, ratio_ends, smallest_ratio};

use super::aggregate::{Settings, interval};
use super::groups::{Counted, Slice};

/// Weights of benefit 0 (wrongly refused), 1 (right) and 2 (wrongly granted): `b = ŷ − y + 1`.
fn benefits(counted: &Counted) -> ([f64; 3], [f64; 3]) {
    let [cells, squares, _] = counted.against_rest(1);
    ([cells.fn_, cells.tp + cells.tn, cells.fp], [squares.fn_, squares.tp + squares.tn, squares.fp])
}

/// Generalised entropy of benefits `b` with mean `μ` (Speicher et al. 2018, equation 2):
///
/// ```text
/// α ∉ {0, 1}   mean[ (b/μ)^α − 1 ] / (α(α − 1))
/// α = 1        mean[ (b/μ)·ln(b/μ) ]     (Theil; 0·ln 0 = 0)
/// α = 0        −mean[ ln(b/μ) ]          (undefined when a benefit is 0)
/// ```
pub(super) fn generalized_entropy(weights: &[(f64, f64)], alpha: f64) -> Result<f64, Missing> {
    let total: f64 = weights.iter().map(|(w, _)| w).sum();
    if total <= 0.0 {
        return Err(Missing::Empty);
    }
    let mean = weights.iter().map(|(w, b)| w * b).sum::<f64>() / total;
    if mean <= 0.0 {
        return Err(Missing::ZeroDenominator);
    }
    let over = |f: &dyn Fn(f64) -> f64| {
        weights.iter().filter(|(w, _)| *w > 0.0).map(|(w, b)| w * f(b / mean)).sum::<f64>() / total
    };
    let value = if (alpha - 1.0).abs() < 1e-12 {
        over(&|r| if r > 0.0 { r * libm::log(r) } else { 0.0 })
    } else if alpha.abs() < 1e-12 {
        if weights.iter().any(|(w, b)| *w > 0.0 && *b <= 0.0) {
            return Err(Missing::NoVariation);
        }
        -over(&libm::log)
    } else {
        over(&|r| libm::pow(r, alpha) - 1.0) / (alpha * (alpha - 1.0))
    };
    Ok(value.max(0.0))
}

/// Individual inequality of a slice's rows and its part between groups.
pub(super) fn inequality(slice: &Slice, settings: Settings<'_>) -> Vec<Estimate> {
    let (weights, squares) = benefits(&slice.overall);
    let n = slice.overall.rows();
    let entropy = |alpha: f64| move |w: [f64; 3]| generalized_entropy(&[(w[0], 0.0), (w[1], 1.0), (w[2], 2.0)], alpha);
    let make = |metric: &str, f: &dyn Fn([f64; 3]) -> Result<f64, Missing>| {
        let limits = delta(weights, squares, f, slice.overall.n_effective());
        let ends = limits.as_ref().ok().and_then(|l| l.ends(Confidence::at(settings.level)));
        Estimate::from_result(slice.overall_id(metric), limits.map(|l| l.value()), n, Better::Zero)
            .with_interval(ends.map(|e| interval(e, settings.level, "delta_log")))
    };
    vec![
        make("generalized_entropy_index", &entropy(2.0)),
        make("theil_index", &entropy(1.0)).with_unit(Unit::Nats),
        make("coefficient_of_variation", &|w| entropy(2.0)(w).map(|g| (2.0 * g).sqrt())),
    ]
}

/// Delta method over three weights, slopes by central differences.
fn delta(
    weights: [f64; 3],
    squares: [f64; 3],
    f: &dyn Fn([f64; 3]) -> Result<f64, Missing>,
    n: f64,
) -> Result<Limits, Missing> {
    let value = f(weights)?;
    let total: f64 = weights.iter().sum();
    let mut variance = 0.0;
    for (i, square) in squares.iter().enumerate().filter(|(_, s)| **s > 0.0) {
        let h = 1e-6 * total;
        let at = |step: f64| {
            let mut moved = weights;
            if let Some(w) = moved.get_mut(i) {
                *w = (*w + step).max(0.0);
            }
            f(moved)
        };
        let slope = (at(h)? - at(-h)?) / (2.0 * h);
        variance += square * slope * slope;
    }
    Ok(Limits::Positive { value, se: variance.sqrt(), df: n - 1.0 })
}

/// The part of the generalised entropy (α = 2) that lies between groups: everybody has the mean benefit of their group.
///
/// It is a squared distance, so chance alone makes it positive. Its interval reflects resampled values about the value
/// towards 0 and takes their upper quantile as it is: at 0 it holds 0, elsewhere it is at least as wide as it must be.
pub(super) fn between_groups(slice: &Slice, settings: Settings<'_>) -> Estimate {
    let per_group: Vec<[f64; 3]> = slice.groups.iter().map(|g| benefits(&g.counted).0).collect();
    let value = between(&per_group);
    let n = slice.overall.rows();
    let ends = value.ok().and_then(|value| {
        if settings.is_weighted {
            return None;
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "without weights these are row counts"
        )]
        let cells: Vec<u64> = per_group.iter().flatten().map(|w| *w as u64).collect();
        let multinomial = Multinomial::of_counts(&cells);
        let mut drawn = vec![0_u64; cells.len()];
        let mut draws = Draws::new(settings.seed, "fairness.between_group_entropy", 0);
        let mut values: Vec<f64> = (0..settings.params.replicates)
            .filter_map(|_| {
                multinomial.draw(&mut draws, &mut drawn);
                #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
                let groups: Vec<[f64; 3]> =
                    drawn.as_chunks::<3>().0.iter().map(|[a, b, c]| [*a as f64, *b as f64, *c as f64]).collect();
                between(&groups).ok()
            })
            .collect();
        reflected(value, &mut values, settings.level)
    });
    Estimate::from_result(slice.id("between_group_generalized_entropy_index"), value, n, Better::Zero)
        .with_interval(ends.map(|e| interval(e, settings.level, "reflected_bootstrap")))
}

fn between(groups: &[[f64; 3]]) -> Result<f64, Missing> {
    let means: Vec<(f64, f64)> = groups
        .iter()
        .map(|[a, b, c]| (a + b + c, b + 2.0 * c))
        .filter(|(w, _)| *w > 0.0)
        .map(|(w, sum)| (w, sum / w))
        .collect();
    if means.len() < 2 {
        return Err(Missing::FewerThanTwoGroups);
    }
    generalized_entropy(&means, 2.0)
}

/// Ends of a number that cannot be negative and is pushed up by chance, out of resampled values.
pub(super) fn reflected(value: f64, values: &mut [f64], level: f64) -> Option<Ends> {
    values.sort_by(f64::total_cmp);
    let high = quantile(values, 0.5 + 0.5 * level)?;
    Some(Ends { low: (2.0 * value - high).clamp(0.0, value), high: high.max(value) })
}

/// Quantile of type 7 of ascending numbers.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
    let place = share * sorted.len().checked_sub(1)? as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the slice")]
    let below = place.floor() as usize;
    let (low, high) = (sorted.get(below)?, sorted.get(below + 1).or(sorted.get(below))?);
    Some(low + (high - low) * (place - place.floor()))
}

/// Smoothed empirical differential fairness (Foulds et al. 2020, definition 4.1 with α = ½): the largest absolute
/// logarithm of a ratio between two groups of the chances of either decision, `p = (k + ½) / (n + 1)`.
pub(super) fn differential_fairness(slice: &Slice, share: Share, metric: &str, settings: Settings<'_>) -> Estimate {
    let smoothed: Vec<(f64, f64)> = slice
        .groups
        .iter()
        .map(|g| {
            let [cells, squares, _] = g.counted.against_rest(1);
            (
                (share.top(&cells) + 0.5) / (share.bottom(&cells) + 1.0),
                equipoise_kernels::kish(cells.total(), squares.total()),
            )
        })
        .collect();
    let n = slice.overall.rows();
    if smoothed.len() < 2 {
        return Estimate::absent(slice.id(metric), Missing::FewerThanTwoGroups, n, Better::Zero);
    }
    let sides = |of: &dyn Fn(f64) -> f64| -> Vec<Limits> {
        smoothed.iter().map(|(p, n)| Limits::Share { share: of(*p), n: *n }).collect()
    };
    let (yes, no) = (sides(&|p| p), sides(&|p| 1.0 - p));
    let levels = settings.levels.all_pairs(smoothed.len(), 2, settings.level);
    let mut epsilon: f64 = 0.0;
    let mut ends = Vec::new();
    for side in [&yes, &no] {
        for (i, a) in side.iter().enumerate() {
            for b in side.iter().skip(i + 1) {
                epsilon = epsilon.max(libm::log(a.value() / b.value()).abs());
                let at = |c: Confidence| Some(ratio_ends((a.value(), a.ends(c)?), (b.value(), b.ends(c)?)));
                ends.extend(at(levels.pointwise).zip(at(levels.joint)));
            }
        }
    }
    // The smallest ratio min(ρ, 1/ρ) is exp(−ε).
    let ends =
        smallest_ratio(ends).filter(|e| e.low > 0.0).map(|e| Ends { low: -libm::log(e.high), high: -libm::log(e.low) });
    Estimate::new(slice.id(metric), epsilon, n, Better::Zero).with_unit(Unit::Nats).with_interval(
        ends.map(|e| {
            interval(Ends { low: e.low.max(0.0), high: e.high }, settings.level, "mover_ratio_smallest_of_pairs")
        }),
    )
}
