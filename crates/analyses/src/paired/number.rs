//! Numbers over groups: of all of them together, or their gaps.

use equipoise_kernels::Confusion;

use super::label::Label;

/// A wanted number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    /// Places of the groups that it is about.
    pub members: Vec<usize>,
    pub what: What,
}

/// What is asked of the groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    /// The metric of all their rows.
    Whole(Label),
    /// How the metric differs among them.
    Gap(Label, Aggregate),
    /// How true and false positive rates differ among them.
    Odds(Odds),
}

/// One number out of the groups' numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aggregate {
    /// Largest minus smallest.
    Difference,
    /// Smallest over largest.
    Ratio,
    /// Largest distance of a group from all rows.
    DifferenceToOverall,
    /// Smallest ratio of a group with all rows, the smaller of the two on top.
    RatioToOverall,
    GroupMin,
    GroupMax,
}

/// How the gaps of the two rates become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Odds {
    /// The larger gap, or the smaller ratio.
    Worst(Aggregate),
    Mean(Aggregate),
}

impl Aggregate {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "difference" => Self::Difference,
            "ratio" => Self::Ratio,
            "difference_to_overall" => Self::DifferenceToOverall,
            "ratio_to_overall" => Self::RatioToOverall,
            "group_min" => Self::GroupMin,
            "group_max" => Self::GroupMax,
            _ => return None,
        })
    }

    fn is_ratio(self) -> bool {
        matches!(self, Self::Ratio | Self::RatioToOverall)
    }

    /// NaN for fewer than two groups, when a group's number is, and where a ratio is undefined.
    pub(super) fn of(self, groups: &[f64], overall: f64) -> f64 {
        if groups.len() < 2 || groups.iter().any(|x| x.is_nan()) {
            return f64::NAN;
        }
        let low = groups.iter().copied().fold(f64::INFINITY, f64::min);
        let high = groups.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if self.is_ratio() && (low < 0.0 || high <= 0.0) {
            return f64::NAN;
        }
        let fold = |x: f64| if x > 1.0 { 1.0 / x } else { x };
        match self {
            Self::Difference => high - low,
            Self::Ratio => low / high,
            // The farthest group is the lowest or the highest.
            Self::DifferenceToOverall if overall.is_finite() => (overall - low).abs().max((high - overall).abs()),
            Self::RatioToOverall if overall > 0.0 => fold(low / overall).min(fold(high / overall)),
            Self::DifferenceToOverall | Self::RatioToOverall => f64::NAN,
            Self::GroupMin => low,
            Self::GroupMax => high,
        }
    }
}

impl Odds {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "difference_mean" => Self::Mean(Aggregate::Difference),
            "ratio_mean" => Self::Mean(Aggregate::Ratio),
            "difference" | "ratio" | "difference_to_overall" | "ratio_to_overall" => {
                Self::Worst(Aggregate::named(name)?)
            }
            _ => return None,
        })
    }
}

impl What {
    /// The metrics that it is made of.
    pub(super) fn labels(self) -> Vec<Label> {
        use equipoise_kernels::Share::{FalsePositiveRate, TruePositiveRate};
        match self {
            Self::Whole(label) | Self::Gap(label, _) => vec![label],
            Self::Odds(_) => {
                [TruePositiveRate, FalsePositiveRate].map(|share| Label::Share { class: 1, share }).to_vec()
            }
        }
    }
}

/// What one model does in every group, and the metrics read from it.
pub(super) struct Side {
    counts: Vec<Confusion>,
    /// By metric, by group; NaN where undefined.
    values: Vec<Vec<f64>>,
}

impl Side {
    pub(super) fn of(counts: Vec<Confusion>, labels: &[Label]) -> Self {
        let values = labels.iter().map(|label| counts.iter().map(|c| label.of(c)).collect()).collect();
        Self { counts, values }
    }

    /// By metric, whether each group has a number.
    pub(super) fn live(&self) -> Vec<Vec<bool>> {
        self.values.iter().map(|values| values.iter().map(|v| v.is_finite()).collect()).collect()
    }

    /// The number; NaN where it is undefined. `live` says which groups take part in gaps: those that have a number in the
    /// rows as they are. A replicate in which such a group has none has no gap.
    pub(super) fn number(&self, number: &Number, labels: &[Label], live: &[Vec<bool>]) -> f64 {
        match number.what {
            What::Whole(label) => self.whole(label, &number.members, labels),
            What::Gap(label, aggregate) => self.gap(label, aggregate, &number.members, labels, live),
            What::Odds(odds) => {
                let gaps = |aggregate| {
                    let of = |label| self.gap(label, aggregate, &number.members, labels, live);
                    let mut gaps = number.what.labels().into_iter().map(of);
                    (gaps.next().unwrap_or(f64::NAN), gaps.next().unwrap_or(f64::NAN))
                };
                match odds {
                    Odds::Mean(aggregate) => {
                        let (t, f) = gaps(aggregate);
                        0.5 * (t + f)
                    }
                    Odds::Worst(aggregate) => match (gaps(aggregate), aggregate.is_ratio()) {
                        // `max` would pass over a number that is not there.
                        ((t, f), _) if t.is_nan() || f.is_nan() => f64::NAN,
                        ((t, f), true) => t.min(f),
                        ((t, f), false) => t.max(f),
                    },
                }
            }
        }
    }

    fn values_of(&self, label: Label, labels: &[Label]) -> &[f64] {
        let place = labels.iter().position(|l| *l == label);
        place.and_then(|place| self.values.get(place)).map(Vec::as_slice).unwrap_or_default()
    }

    fn whole(&self, label: Label, members: &[usize], labels: &[Label]) -> f64 {
        if let [one] = members {
            return self.values_of(label, labels).get(*one).copied().unwrap_or(f64::NAN);
        }
        let k = self.counts.first().map_or(0, Confusion::n_classes);
        let mut cells = vec![0.0; k * k];
        for counts in members.iter().filter_map(|m| self.counts.get(*m)) {
            for (sum, cell) in cells.iter_mut().zip(counts.cells()) {
                *sum += cell;
            }
        }
        label.of(&Confusion::from_cells(k, cells))
    }

    fn gap(&self, label: Label, aggregate: Aggregate, members: &[usize], labels: &[Label], live: &[Vec<bool>]) -> f64 {
        let takes_part = labels.iter().position(|l| *l == label).and_then(|place| live.get(place));
        let takes_part = |m: &usize| takes_part.and_then(|live| live.get(*m)).copied().unwrap_or(false);
        let values = self.values_of(label, labels);
        let groups: Vec<f64> =
            members.iter().filter(|m| takes_part(m)).filter_map(|m| values.get(*m)).copied().collect();
        let overall = match aggregate {
            Aggregate::DifferenceToOverall | Aggregate::RatioToOverall => self.whole(label, members, labels),
            _ => f64::NAN,
        };
        aggregate.of(&groups, overall)
    }
}
