//! Which numbers a feature may take between two ends: any, or multiples of a step.

/// The numbers that a feature can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Grid {
    /// Any number.
    #[default]
    Any,
    /// Multiples of a step: 1 for whole numbers, 0.01 for two decimals.
    Step(f64),
}

impl Grid {
    /// Numbers with this many decimals.
    #[must_use]
    pub fn decimals(n: u32) -> Self {
        Self::Step(libm::pow(10.0, -f64::from(n.min(12))))
    }

    /// The `k`-th multiple. A tenth is `1 / 10` and not `0.1` times one, so that it prints as people write it.
    fn multiple(step: f64, k: f64) -> f64 {
        let per_unit = libm::round(1.0 / step);
        if step < 1.0 && (per_unit * step - 1.0).abs() < 1e-9 { k / per_unit } else { k * step }
    }

    /// The smallest permitted number that is not below `x`.
    #[must_use]
    pub fn at_least(self, x: f64) -> f64 {
        let Self::Step(step) = self else { return x };
        let mut k = libm::ceil(x / step);
        if !k.is_finite() || k.abs() > 4e15 {
            return x;
        }
        while Self::multiple(step, k - 1.0) >= x {
            k -= 1.0;
        }
        while Self::multiple(step, k) < x {
            k += 1.0;
        }
        Self::multiple(step, k) + 0.0
    }

    /// The largest permitted number that is not above `x`.
    #[must_use]
    pub fn at_most(self, x: f64) -> f64 {
        -self.at_least(-x) + 0.0
    }

    /// The permitted number nearest to `x` within the ends.
    #[must_use]
    pub fn nearest(self, x: f64, low: f64, high: f64) -> Option<f64> {
        let x = x.clamp(low, high.max(low));
        let (up, down) = (self.at_least(x), self.at_most(x));
        let is_in = |v: &f64| *v >= low && *v <= high;
        match (Some(up).filter(is_in), Some(down).filter(is_in)) {
            (Some(up), Some(down)) => Some(if up - x < x - down { up } else { down }),
            (one, other) => one.or(other),
        }
    }

    /// How many numbers there are between two ends, where that is finite.
    #[must_use]
    pub fn count(self, low: f64, high: f64) -> Option<f64> {
        match self {
            Self::Any => None,
            Self::Step(step) => Some((libm::floor(high / step + 1e-9) - libm::ceil(low / step - 1e-9) + 1.0).max(0.0)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn multiples_print_as_people_write_them() {
        assert_eq!(Grid::decimals(1).at_least(0.21).to_string(), "0.3");
        assert_eq!(Grid::decimals(2).at_most(0.299).to_string(), "0.29");
        assert_eq!(Grid::Step(5.0).at_least(11.0), 15.0);
        assert_eq!(Grid::Step(5.0).at_most(-11.0), -15.0);
        assert_eq!(Grid::Any.at_least(0.21), 0.21);
    }

    #[test]
    fn the_nearest_stays_within_the_ends() {
        // 2.4 is nearest to 2, which is outside of [2.2, 9]; 3 is the nearest inside.
        assert_eq!(Grid::Step(1.0).nearest(2.4, 2.2, 9.0), Some(3.0));
        assert_eq!(Grid::Step(1.0).nearest(2.4, 2.2, 2.8), None);
        assert_eq!(Grid::Step(1.0).count(2.2, 2.8), Some(0.0));
        assert_eq!(Grid::decimals(1).count(0.0, 1.0), Some(11.0));
    }
}
