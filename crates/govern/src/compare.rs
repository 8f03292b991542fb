//! Two documents side by side: two models on the same rows, or two versions of one.

use std::collections::BTreeMap;

use equipoise_document::{
    Better, Document, Estimate, EstimateId, Interval, Level, Missing, Note, Table, TableColumn, Unit,
};

/// Two documents side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The numbers that both have, in the order of the first document.
    pub pairs: Vec<Pair>,
    /// Ids that only the first has, in its order.
    pub only_a: Vec<EstimateId>,
    /// Ids that only the second has, in its order.
    pub only_b: Vec<EstimateId>,
    /// True when both were made from the same test rows, by their fingerprints.
    pub same_rows: bool,
    /// What must be known to read the numbers.
    pub notes: Vec<Note>,
}

/// One number in both documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Its id.
    pub id: EstimateId,
    /// What it is measured in.
    pub unit: Unit,
    /// In the first document.
    pub a: Result<f64, Missing>,
    /// In the second document.
    pub b: Result<f64, Missing>,
    /// The second minus the first; absent when either is.
    pub difference: Option<f64>,
    /// Interval of the difference, with its method: `mover_unpaired` from the two intervals, or what
    /// [`Comparison::set_interval`] was given.
    pub interval: Option<Interval>,
    /// Which way is better.
    pub better: Better,
    /// What happened from the first to the second.
    pub change: Change,
}

/// What happened from the first document to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The very same number.
    Same,
    /// Better, and the interval of the difference leaves out zero.
    Better,
    /// Worse, and the interval of the difference leaves out zero.
    Worse,
    /// Different, but neither way is better.
    Different,
    /// The interval of the difference holds zero, or there is none.
    Unclear,
    /// A number is missing.
    Missing,
}

impl Change {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Different => "different",
            Self::Unclear => "unclear",
            Self::Missing => "missing",
        }
    }
}

/// Puts two documents side by side by the ids of their numbers.
///
/// The interval of a difference `d = b − a` is made from the two intervals `[la, ua]` and `[lb, ub]` by the method of
/// variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27:1693, eq. 4), which treats the two
/// numbers as independent:
///
/// ```text
/// low  = d − √((b − lb)² + (ua − a)²)
/// high = d + √((ub − b)² + (a − la)²)
/// ```
///
/// For two Wilson intervals it is Newcombe's interval. Two numbers from the same rows usually rise and fall together;
/// then this interval is wider than it need be, a note says so, and a paired one can be put in its place with
/// [`Comparison::set_interval`].
#[must_use]
pub fn compare(a: &Document, b: &Document) -> Comparison {
    let in_b: BTreeMap<&EstimateId, &Estimate> = b.estimates().map(|e| (&e.id, e)).collect();
    let in_a: BTreeMap<&EstimateId, &Estimate> = a.estimates().map(|e| (&e.id, e)).collect();
    let pairs = a.estimates().filter_map(|ea| in_b.get(&ea.id).map(|eb| Pair::of(ea, eb))).collect();
    let only = |here: &Document, there: &BTreeMap<&EstimateId, &Estimate>| {
        here.estimates().map(|e| &e.id).filter(|id| !there.contains_key(id)).cloned().collect::<Vec<_>>()
    };
    let (only_a, only_b) = (only(a, &in_b), only(b, &in_a));
    let same_rows = is_same_input(a, b, "test");
    let mut out = Comparison { pairs, only_a, only_b, same_rows, notes: Vec::new() };
    out.notes = notes(a, b, &out);
    out
}

impl Comparison {
    /// The pair with this id.
    #[must_use]
    pub fn pair(&self, id: &EstimateId) -> Option<&Pair> {
        self.pairs.iter().find(|p| p.id == *id)
    }

    /// Replaces the interval of one difference, for example by one from paired resampling of the same rows, and
    /// judges the change anew. Answers whether there is such a pair with a difference.
    pub fn set_interval(&mut self, id: &EstimateId, interval: Interval) -> bool {
        let Some(pair) = self.pairs.iter_mut().find(|p| p.id == *id && p.difference.is_some()) else { return false };
        pair.interval = Some(interval).filter(|i| i.low.is_finite() && i.high.is_finite());
        pair.change = pair.judge();
        if !self.pairs.iter().any(Pair::is_unpaired) {
            self.notes.retain(|note| note.code != UNPAIRED);
        }
        true
    }
}

impl Pair {
    fn of(a: &Estimate, b: &Estimate) -> Self {
        let number = |e: &Estimate| e.value.ok_or(e.missing.unwrap_or(Missing::NotFinite));
        let (number_a, number_b) = (number(a), number(b));
        let difference = match (number_a, number_b) {
            (Ok(a), Ok(b)) => Some(b - a).filter(|d| d.is_finite()),
            _ => None,
        };
        let mut pair = Self {
            id: a.id.clone(),
            unit: a.unit.clone(),
            a: number_a,
            b: number_b,
            difference,
            interval: unpaired(a, b),
            better: a.better,
            change: Change::Missing,
        };
        pair.change = pair.judge();
        pair
    }

    fn is_unpaired(&self) -> bool {
        self.interval.as_ref().is_some_and(|i| i.method == METHOD)
    }

    fn judge(&self) -> Change {
        let (Ok(a), Ok(b), Some(difference)) = (self.a, self.b, self.difference) else { return Change::Missing };
        if a.to_bits() == b.to_bits() || difference.abs() <= 0.0 {
            return Change::Same;
        }
        let Some(interval) = self.interval.as_ref().filter(|i| i.low > 0.0 || i.high < 0.0) else {
            return Change::Unclear;
        };
        let has_risen = interval.low > 0.0;
        // A gap around a target (0 or 1) shrinks when it comes nearer from its own side; across it, nothing is sure.
        let towards = |target: f64| match (a.max(b) <= target, a.min(b) >= target) {
            (true, _) => Some(has_risen),
            (_, true) => Some(!has_risen),
            _ => None,
        };
        let is_better = match self.better {
            Better::Higher => Some(has_risen),
            Better::Lower => Some(!has_risen),
            Better::Zero => towards(0.0),
            Better::One => towards(1.0),
            Better::Neither => return Change::Different,
        };
        match is_better {
            Some(true) => Change::Better,
            Some(false) => Change::Worse,
            None => Change::Unclear,
        }
    }
}

const METHOD: &str = "mover_unpaired";
const UNPAIRED: &str = "unpaired_intervals";

/// The interval of `b − a` from the intervals of both, as if independent; absent unless both have the same level.
fn unpaired(a: &Estimate, b: &Estimate) -> Option<Interval> {
    let (x, y) = (a.value?, b.value?);
    let (i, j) = (a.interval.as_ref()?, b.interval.as_ref()?);
    if (i.level - j.level).abs() > 1e-9 {
        return None;
    }
    // An interval of a gap may leave out its own number; a distance is never negative.
    let distance = |from: f64, to: f64| (to - from).max(0.0);
    let below = distance(j.low, y).hypot(distance(x, i.high));
    let above = distance(y, j.high).hypot(distance(i.low, x));
    let d = y - x;
    Some(Interval::new(d - below, d + above, i.level, METHOD)).filter(|i| i.low.is_finite() && i.high.is_finite())
}

/// True when both documents have this input with the same SHA-256.
fn is_same_input(a: &Document, b: &Document, role: &str) -> bool {
    let hashes = |d: &Document| {
        let inputs = d.provenance.inputs.iter().filter(|i| i.role == role);
        inputs.map(|i| i.sha256.clone()).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
    };
    hashes(a).is_some_and(|found| Some(found) == hashes(b))
}

fn notes(a: &Document, b: &Document, comparison: &Comparison) -> Vec<Note> {
    let mut out = Vec::new();
    if a.task != b.task {
        let text = "The two assessments are of different tasks; numbers of the same name may mean different things.";
        out.push(Note::new(Level::Caution, "different_tasks", text));
    }
    if a.classes != b.classes && a.task == b.task {
        let text = "The two assessments have other classes, or another class is the positive one.";
        out.push(Note::new(Level::Caution, "different_classes", text));
    }
    if !comparison.same_rows {
        let text = "The two assessments were made from different test rows; a difference may come from the rows.";
        out.push(Note::new(Level::Caution, "different_rows", text));
    } else if comparison.pairs.iter().any(Pair::is_unpaired) {
        let text = "Both assessments are of the same rows, but the intervals of the differences treat them as \
                    independent; they are usually wider than they need be.";
        out.push(Note::new(Level::Info, UNPAIRED, text));
    }
    let intervals: Vec<&Interval> = comparison.pairs.iter().filter_map(|p| p.interval.as_ref()).collect();
    let by_chance: f64 = intervals.iter().map(|i| 1.0 - i.level).sum();
    if by_chance >= 1.0 {
        let text = format!(
            "{} differences have an interval; if nothing had changed, about {by_chance:.0} of them would leave out zero \
             by chance alone.",
            intervals.len()
        );
        out.push(Note::new(Level::Info, "many_differences", text));
    }
    if comparison.pairs.is_empty() {
        let text = "The two assessments have no number in common.";
        out.push(Note::new(Level::Caution, "nothing_in_common", text));
    }
    out
}

/// The comparison as a table that every view can draw.
#[must_use]
pub fn comparison_table(comparison: &Comparison) -> Table {
    let method = |p: &Pair| p.interval.as_ref().map(|i| i.method.clone()).unwrap_or_default();
    let pairs = &comparison.pairs;
    let interval = |p: &Pair, end: fn(&Interval) -> f64| p.interval.as_ref().map(end);
    Table::new("comparison", "Side by side")
        .column(TableColumn::text("id", "Number", pairs.iter().map(|p| p.id.to_string())))
        .column(TableColumn::number("a", "First", pairs.iter().map(|p| p.a.ok())))
        .column(TableColumn::number("b", "Second", pairs.iter().map(|p| p.b.ok())))
        .column(TableColumn::number("difference", "Difference", pairs.iter().map(|p| p.difference)))
        .column(TableColumn::number("low", "From", pairs.iter().map(|p| interval(p, |i| i.low))))
        .column(TableColumn::number("high", "To", pairs.iter().map(|p| interval(p, |i| i.high))))
        .column(TableColumn::text("change", "Change", pairs.iter().map(|p| p.change.word())))
        .column(TableColumn::text("method", "Interval by", pairs.iter().map(method)))
}
