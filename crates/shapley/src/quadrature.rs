//! Gauss–Legendre quadrature on the unit interval.

/// Nodes and weights of the rule with `n` nodes on `[0, 1]`: exact for polynomials of degree up to `2n − 1`. Nodes
/// ascend, weights sum to 1.
///
/// Newton's iteration on the Legendre polynomial of degree `n`, from `cos(π(i + ¾)/(n + ½))`.
pub(crate) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let size = n as f64;
    let mut rule: Vec<(f64, f64)> = (0..n)
        .map(|i| {
            let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (size + 0.5));
            for _ in 0..8 {
                let (value, slope) = legendre(n, x);
                x -= value / slope;
            }
            let (_, slope) = legendre(n, x);
            // From [-1, 1] to [0, 1]: the node moves and the weight halves.
            ((1.0 + x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect();
    rule.reverse();
    rule
}

/// The Legendre polynomial of degree `n > 0` and its slope.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

/// Nodes that a polynomial of this degree needs, at least one.
pub(crate) fn nodes_for(degree: usize) -> usize {
    degree / 2 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_powers_up_to_its_degree() {
        for n in 1..40 {
            let rule = gauss_legendre(n);
            for power in 0..2 * n {
                let found: f64 = rule.iter().map(|(t, w)| w * t.powi(power as i32)).sum();
                let expected = 1.0 / (power as f64 + 1.0);
                assert!((found - expected).abs() < 1e-14, "{n} nodes, power {power}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn two_nodes_by_hand() {
        let [(a, u), (b, v)] = gauss_legendre(2)[..] else { panic!("not two") };
        let half = 0.5 / 3.0_f64.sqrt();
        assert!((a - (0.5 - half)).abs() < 1e-15 && (b - (0.5 + half)).abs() < 1e-15);
        assert!((u - 0.5).abs() < 1e-15 && (v - 0.5).abs() < 1e-15);
    }
}
