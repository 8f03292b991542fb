//! What is said of a metric, whatever it is computed from.

use equipoise_document::{Better, Unit};
use equipoise_kernels::Measured;

/// One row of a table of metrics. `V` is what the metrics of a task are read from.
pub(super) struct Metric<V> {
    /// Stable id: scikit-learn's name where it has one.
    pub(super) id: &'static str,
    /// Title for people.
    pub(super) title: &'static str,
    /// What it is, in plain words, as a phrase.
    pub(super) says: &'static str,
    /// Which way is better.
    pub(super) better: Better,
    /// What it is measured in.
    pub(super) unit: Unit,
    /// The rows behind it.
    pub(super) over: Over,
    /// True when it is shown for every cohort.
    pub(super) is_headline: bool,
    /// The number.
    pub(super) of: fn(&V) -> Measured,
}

/// Which rows stand behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    All,
    Positives,
    Negatives,
    Selected,
    Unselected,
}

impl Over {
    /// Number of rows out of the four cells `tp, fp, fn, tn`.
    pub(super) fn count(self, [tp, fp, fn_, tn]: [u64; 4]) -> u64 {
        match self {
            Self::All => tp + fp + fn_ + tn,
            Self::Positives => tp + fn_,
            Self::Negatives => fp + tn,
            Self::Selected => tp + fp,
            Self::Unselected => fn_ + tn,
        }
    }
}

/// A metric as it stands in the section, its number taken out.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) says: String,
    pub(super) better: Better,
    pub(super) unit: Unit,
    pub(super) is_headline: bool,
    pub(super) n: u64,
    pub(super) measured: Measured,
}

impl<V> Metric<V> {
    /// Takes the number out of a view; `rows` are the four cells, or all rows in one of them.
    pub(super) fn said(&self, view: &V, rows: [u64; 4]) -> Said {
        Said {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            says: self.says.to_owned(),
            better: self.better,
            unit: self.unit.clone(),
            is_headline: self.is_headline,
            n: self.over.count(rows),
            measured: (self.of)(view),
        }
    }
}
