//! The values of a column in both parts of the data, side by side by name.

use equipoise_data::MISSING_GROUP;
use equipoise_kernels::{Merge, Split, Spread, Tally};

/// Name of the values that are not shown one by one.
pub(super) const OTHER: &str = "(other)";

/// A column's values and who has them.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    /// The column.
    pub(super) column: String,
    /// Whether its groups must be treated fairly.
    pub(super) is_sensitive: bool,
    /// Whether its groups were cut to be of equal size, so that their sizes say nothing.
    pub(super) is_quantiles: bool,
    /// Names of the values, those of missing ones and of the rest last.
    pub(super) names: Vec<String>,
    /// By part (test, then train where there is one): what was seen of each value.
    pub(super) parts: Vec<Vec<Value>>,
}

/// What was seen of one value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Value {
    /// Rows by label.
    pub(super) labels: Vec<Tally>,
    /// The numeric target's mean.
    pub(super) mean: Spread,
}

impl Value {
    /// All rows of the value.
    pub(super) fn whole(&self) -> Tally {
        self.labels.iter().copied().sum()
    }

    /// Rows with and without a label.
    pub(super) fn split(&self, label: usize) -> Split {
        let mut split = Split::default();
        for (i, tally) in self.labels.iter().enumerate() {
            if i == label { split.with.merge_from(*tally) } else { split.without.merge_from(*tally) }
        }
        split
    }

    fn add(&mut self, other: &Self) {
        self.labels.merge_from(other.labels.clone());
        self.mean.merge_from(other.mean);
    }
}

impl Observed {
    /// Lines up what was seen in each part by the values' names; values that no part has are left out.
    pub(super) fn line_up(column: &str, seen: &[Vec<(String, Value)>]) -> Self {
        let mut names: Vec<String> = Vec::new();
        for (name, value) in seen.iter().flatten() {
            if value.whole().n > 0 && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names.sort_by_key(|name| name == MISSING_GROUP);
        let one = |name: &String, part: &Vec<(String, Value)>| {
            part.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let parts = seen.iter().map(|part| names.iter().map(|name| one(name, part)).collect()).collect();
        Self { column: column.to_owned(), is_sensitive: false, is_quantiles: false, names, parts }
    }

    /// The same with only the `top` most frequent values (in the first part) by name, when there are more than `max`; the
    /// second number is how many were put together.
    pub(super) fn folded(&self, max: usize, top: usize) -> (Self, usize) {
        let n_values = self.names.iter().filter(|name| *name != MISSING_GROUP).count();
        if n_values <= max {
            return (self.clone(), 0);
        }
        let size = |place: usize| self.parts.first().and_then(|p| p.get(place)).map_or(0.0, |v| v.whole().w);
        let mut order: Vec<usize> = (0..self.names.len()).filter(|i| !self.is_missing(*i)).collect();
        order.sort_by(|a, b| size(*b).total_cmp(&size(*a)).then(a.cmp(b)));
        let mut shown: Vec<usize> = order.iter().copied().take(top).collect();
        shown.sort_unstable();
        let name = |i: &usize| self.names.get(*i).cloned().unwrap_or_default();
        let mut names: Vec<String> = shown.iter().map(name).collect();
        names.push(OTHER.to_owned());
        let missing = (0..self.names.len()).find(|i| self.is_missing(*i));
        names.extend(missing.iter().map(name));
        let fold = |part: &Vec<Value>| {
            let get = |i: usize| part.get(i).cloned().unwrap_or_default();
            let mut values: Vec<Value> = shown.iter().map(|i| get(*i)).collect();
            let mut rest = Value::default();
            for i in order.iter().skip(top) {
                rest.add(&get(*i));
            }
            values.push(rest);
            values.extend(missing.map(get));
            values
        };
        let parts = self.parts.iter().map(fold).collect();
        (Self { names, parts, ..self.clone() }, n_values - top)
    }

    fn is_missing(&self, place: usize) -> bool {
        self.names.get(place).is_some_and(|name| name == MISSING_GROUP)
    }

    /// True for a value that rows have by themselves: neither missing nor the rest.
    pub(super) fn is_named(&self, place: usize) -> bool {
        self.names.get(place).is_some_and(|name| name != MISSING_GROUP && name != OTHER)
    }

    /// Names and rows of a part, without missing values.
    pub(super) fn present(&self, part: usize) -> Vec<(&str, Tally)> {
        let values = self.parts.get(part).into_iter().flatten();
        let all = self.names.iter().map(String::as_str).zip(values.map(Value::whole));
        all.filter(|(name, _)| *name != MISSING_GROUP).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(n: u64) -> Value {
        Value { labels: vec![Tally::of(n), Tally::of(1)], mean: Spread::default() }
    }

    fn seen(values: &[(&str, u64)]) -> Vec<(String, Value)> {
        values.iter().map(|(name, n)| ((*name).to_owned(), value(*n))).collect()
    }

    #[test]
    fn parts_are_matched_by_name() {
        let test = seen(&[("b", 3), (MISSING_GROUP, 1), ("a", 2)]);
        let train = seen(&[("c", 5), ("a", 7)]);
        let observed = Observed::line_up("x", &[test, train]);
        assert_eq!(observed.names, ["b", "a", "c", MISSING_GROUP]);
        let sizes = |part: usize| observed.parts[part].iter().map(|v| v.whole().n).collect::<Vec<_>>();
        assert_eq!(sizes(0), [4, 3, 0, 2]);
        assert_eq!(sizes(1), [0, 8, 6, 0]);
    }

    #[test]
    fn the_rest_is_one_value() {
        let test = seen(&[("a", 1), ("b", 9), ("c", 5), ("d", 2), (MISSING_GROUP, 1)]);
        let (folded, n) = Observed::line_up("x", &[test]).folded(3, 2);
        assert_eq!((folded.names.clone(), n), (vec!["b".into(), "c".into(), OTHER.into(), MISSING_GROUP.into()], 2));
        assert_eq!(folded.parts[0].iter().map(|v| v.whole().n).collect::<Vec<_>>(), [10, 6, 5, 2]);
        assert!(folded.is_named(1) && !folded.is_named(2) && !folded.is_named(3));
    }
}
