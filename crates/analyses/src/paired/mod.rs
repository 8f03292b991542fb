//! Intervals of the differences between two assessments of the same rows; see the `README.md` beside this file.

mod alike;
mod cohorts;
mod error;
mod gaps;
mod influence;
mod joint;
mod label;
mod number;
mod ranks;
mod resample;
mod rows;
mod scored;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use equipoise_data::Frame;
use equipoise_document::{EstimateId, Interval, Selector, Task};

pub use error::PairedError;
use joint::Joint;
use number::{Aggregate, Number, Odds, What};
use scored::Scored;
use settings::{Difference, Settings};

/// One number of two assessments of the same rows.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedDifference {
    /// Its id.
    pub id: EstimateId,
    /// The number in the first assessment, computed anew from its rows.
    pub a: f64,
    /// The number in the second.
    pub b: f64,
    /// Interval of `b − a`.
    pub interval: Interval,
}

/// Intervals of `b − a` for the wanted numbers, out of two models' predictions for the same rows.
///
/// In the order of `wanted`; ids that it does not know, numbers that do not exist for these rows and cohorts are left out.
/// The same seed gives the same intervals, whatever else is wanted and for any number of threads; with `a` and `b`
/// swapped the ends change places and signs.
///
/// # Errors
/// When the two do not hold the same rows with the same truth, weights and groups, or `level` is not between 0 and 1.
///
/// ```
/// use std::sync::Arc;
///
/// use equipoise_analyses::paired::paired_intervals;
/// use equipoise_data::{Frame, FrameParts, Targets};
/// use equipoise_document::{EstimateId, Task};
///
/// let model = |predicted: Vec<f64>| {
///     Frame::new(FrameParts {
///         task: Task::Regression,
///         classes: Arc::from([]),
///         row_ids: None,
///         truth: Targets::Value(vec![1.0, 2.0, 3.0]),
///         predicted: Some(Targets::Value(predicted)),
///         probability: None,
///         weight: None,
///         groups: Vec::new(),
///     })
/// };
/// let (a, b) = (model(vec![1.5, 2.5, 3.5])?, model(vec![1.25, 2.25, 3.25])?);
/// let wanted = [EstimateId::new("performance", "mean_absolute_error")];
/// let intervals = paired_intervals(&a, &b, &wanted, 0.95, 17)?;
/// // Every row is better by a quarter.
/// assert_eq!((intervals[0].1.low, intervals[0].1.high), (-0.25, -0.25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn paired_intervals(
    a: &Frame,
    b: &Frame,
    wanted: &[EstimateId],
    level: f64,
    seed: u64,
) -> Result<Vec<(EstimateId, Interval)>, PairedError> {
    let differences = paired_differences(a, b, wanted, level, seed)?;
    Ok(differences.into_iter().map(|d| (d.id, d.interval)).collect())
}

/// As [`paired_intervals`], with the two numbers as they follow from the rows: where one is not what its document says,
/// the document was made by other conventions (small groups excluded, another library's), and the interval is not of
/// its difference.
///
/// # Errors
/// As [`paired_intervals`].
pub fn paired_differences(
    a: &Frame,
    b: &Frame,
    wanted: &[EstimateId],
    level: f64,
    seed: u64,
) -> Result<Vec<PairedDifference>, PairedError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(PairedError::Level { level: level.to_string() });
    }
    alike::check(a, b)?;
    let pair = Pair { a, b, settings: Settings { level, seed, is_weighted: a.is_weighted() } };
    let mut found: BTreeMap<usize, Difference> = BTreeMap::new();
    for (columns, places) in by(wanted, pair.columns_of(wanted)?) {
        pair.labels(&columns, &places, &mut found);
    }
    let selectors = wanted.iter().map(|id| Some(id.columns().to_vec()).filter(|_| is_candidate(id)));
    for (selectors, places) in by(wanted, selectors.collect()) {
        pair.rows(&selectors, &places, &mut found);
        pair.score_gaps(&selectors, &places, &mut found);
    }
    pair.cohorts(wanted, &mut found)?;
    let made = |(place, id): (usize, &EstimateId)| {
        let Difference { a, b, interval } = found.remove(&place)?;
        let is_finite = interval.low.is_finite() && interval.high.is_finite();
        is_finite.then(|| PairedDifference { id: id.clone(), a, b, interval })
    };
    Ok(wanted.iter().enumerate().filter_map(made).collect())
}

/// True for ids of the sections that are known, about all rows or groups of the run.
fn is_candidate(id: &EstimateId) -> bool {
    let is_known = match id.section() {
        "fairness" => true,
        // Features are split in their own way.
        "performance" => id.columns().is_empty(),
        _ => false,
    };
    is_known && id.cohort().is_none()
}

/// Wanted ids with their places by a key; those without one are left out.
fn by<K: Ord>(wanted: &[EstimateId], keys: Vec<Option<K>>) -> BTreeMap<K, Vec<(usize, &EstimateId)>> {
    let mut all: BTreeMap<K, Vec<(usize, &EstimateId)>> = BTreeMap::new();
    for ((place, id), key) in wanted.iter().enumerate().zip(keys) {
        if let Some(key) = key {
            all.entry(key).or_default().push((place, id));
        }
    }
    all
}

struct Pair<'a> {
    a: &'a Frame,
    b: &'a Frame,
    settings: Settings,
}

impl Pair<'_> {
    /// Places of each wanted id's columns among the groupings; none for an id that is not to be answered.
    fn columns_of(&self, wanted: &[EstimateId]) -> Result<Vec<Option<Vec<usize>>>, PairedError> {
        let mut checked: BTreeMap<&str, Option<usize>> = BTreeMap::new();
        for selector in wanted.iter().filter(|id| is_candidate(id)).flat_map(EstimateId::columns) {
            if checked.contains_key(selector.column.as_str()) {
                continue;
            }
            let place = |frame: &Frame| frame.groupings().iter().position(|g| g.column == selector.column);
            let places = place(self.a).zip(place(self.b));
            if let Some(places) = places {
                alike::check_groups(self.a, self.b, places)?;
            }
            checked.insert(&selector.column, places.map(|(in_a, _)| in_a));
        }
        let places = |id: &EstimateId| -> Option<Vec<usize>> {
            id.columns().iter().map(|s| checked.get(s.column.as_str()).copied().flatten()).collect()
        };
        Ok(wanted.iter().map(|id| places(id).filter(|_| is_candidate(id))).collect())
    }

    /// Numbers of labels, for groups by these columns.
    fn labels(&self, columns: &[usize], wanted: &[(usize, &EstimateId)], found: &mut BTreeMap<usize, Difference>) {
        let whats: Vec<(usize, What, &EstimateId)> =
            wanted.iter().filter_map(|(place, id)| Some((*place, self.what(id)?, *id))).collect();
        if whats.is_empty() {
            return;
        }
        let Some(joint) = Joint::count(self.a, self.b, columns) else { return };
        let numbers: Vec<(usize, Number)> = whats
            .into_iter()
            .filter_map(|(place, what, id)| Some((place, Number { members: self.members(&joint, columns, id)?, what })))
            .collect();
        let (places, numbers): (Vec<usize>, Vec<Number>) = numbers.into_iter().unzip();
        let differences = resample::differences(&joint, &numbers, &self.settings);
        found.extend(places.into_iter().zip(differences).filter_map(|(place, d)| Some((place, d?))));
    }

    /// What an id asks for, where it is a number of labels.
    fn what(&self, id: &EstimateId) -> Option<What> {
        let is_split = id.columns().iter().any(|selector| selector.group.is_none());
        let label = || label::find(id.section(), id.metric(), self.a.task, &self.a.classes);
        match id.aggregate() {
            None if !is_split => Some(What::Whole(label()?)),
            Some(name) if is_split && id.metric() == "equalized_odds" => {
                Odds::named(name).filter(|_| self.a.task == Task::Binary).map(What::Odds)
            }
            Some(name) if is_split => Some(What::Gap(label()?, Aggregate::named(name)?)),
            _ => None,
        }
    }

    /// Groups that an id is about; none when it names one that the column does not have.
    fn members(&self, joint: &Joint, columns: &[usize], id: &EstimateId) -> Option<Vec<usize>> {
        let codes: Option<Vec<Option<u16>>> =
            id.columns().iter().zip(columns).map(|(selector, place)| self.code(selector, *place)).collect();
        let codes = codes?;
        let is_member = |group: &[u16]| codes.iter().zip(group).all(|(code, found)| code.is_none_or(|c| c == *found));
        let members = joint.groups.iter().enumerate().filter(|(_, group)| is_member(group));
        Some(members.map(|(place, _)| place).collect())
    }

    /// The code of a selector's group: the inner `Option` is none when it selects all groups.
    fn code(&self, selector: &Selector, grouping: usize) -> Option<Option<u16>> {
        let Some(group) = &selector.group else { return Some(None) };
        let levels = &self.a.groupings().get(grouping)?.levels;
        let code = levels.iter().position(|level| level == group)?;
        u16::try_from(code).ok().map(Some)
    }

    /// Numbers of scores and of predicted numbers, for the rows in one group.
    fn rows(&self, selectors: &[Selector], wanted: &[(usize, &EstimateId)], found: &mut BTreeMap<usize, Difference>) {
        let wanted: Vec<&(usize, &EstimateId)> =
            wanted.iter().filter(|(place, id)| id.aggregate().is_none() && !found.contains_key(place)).collect();
        let groups: Option<Vec<(usize, u16)>> = selectors
            .iter()
            .map(|selector| {
                let place = self.a.groupings().iter().position(|g| g.column == selector.column)?;
                Some((place, self.code(selector, place)??))
            })
            .collect();
        let (Some(groups), false) = (groups, wanted.is_empty()) else { return };
        let [a, b] = [self.a, self.b].map(|frame| Scored::of(frame, &groups, self.a));
        for (place, id) in wanted {
            if let Some(difference) = rows::difference(id.section(), id.metric(), self.a.task, [&a, &b], &self.settings)
            {
                found.insert(*place, difference);
            }
        }
    }
    /// Gaps in numbers of scores and of predicted numbers between the groups that these columns make.
    fn score_gaps(
        &self,
        selectors: &[Selector],
        wanted: &[(usize, &EstimateId)],
        found: &mut BTreeMap<usize, Difference>,
    ) {
        let mut by_metric: BTreeMap<(&str, &str), Vec<(usize, Aggregate)>> = BTreeMap::new();
        for (place, id) in wanted.iter().filter(|(place, _)| !found.contains_key(place)) {
            if let Some(aggregate) = id.aggregate().and_then(Aggregate::named) {
                by_metric.entry((id.section(), id.metric())).or_default().push((*place, aggregate));
            }
        }
        let places: Option<Vec<usize>> =
            selectors.iter().map(|s| self.a.groupings().iter().position(|g| g.column == s.column)).collect();
        let (Some(places), false) = (places.filter(|p| !p.is_empty()), by_metric.is_empty()) else { return };
        let codes: Option<Vec<Option<u16>>> = selectors.iter().zip(&places).map(|(s, p)| self.code(s, *p)).collect();
        let Some(codes) = codes else { return };
        let keep = |group: &[u16]| codes.iter().zip(group).all(|(code, found)| code.is_none_or(|c| c == *found));
        let groups = self.a.with_all(|rows| {
            let columns: Vec<&[u16]> = places.iter().map(|place| rows.groups(*place)).collect();
            gaps::places_by_group(&columns, &keep)
        });
        // The rows of the stratum, and where each group's rows lie among them.
        let mut members: Vec<usize> = groups.values().flatten().copied().collect();
        members.sort_unstable();
        let among: Vec<Vec<usize>> = groups
            .values()
            .map(|rows| rows.iter().filter_map(|row| members.binary_search(row).ok()).collect())
            .collect();
        let all = [self.a, self.b].map(|frame| Scored::at(frame, &members));
        let parts: Vec<[Scored; 2]> =
            groups.values().map(|rows| [self.a, self.b].map(|frame| Scored::at(frame, rows))).collect();
        let weight = |i: usize| all[0].weight_at(i);
        for ((section, metric), of_metric) in by_metric {
            let of = |rows: &[Scored; 2]| -> Option<[influence::Influence; 2]> {
                let [a, b] = rows;
                Some([influence::of(section, metric, self.a.task, a)?, influence::of(section, metric, self.a.task, b)?])
            };
            let Some(overall) = of(&all) else { continue };
            let part = |(rows, places): (&[Scored; 2], &'_ Vec<usize>)| Some((of(rows)?, places.clone()));
            let live: Vec<([influence::Influence; 2], Vec<usize>)> =
                parts.iter().zip(&among).filter_map(part).collect();
            let live: Vec<gaps::Part<'_>> =
                live.iter().map(|(own, places)| gaps::Part { places, own: own.clone() }).collect();
            let aggregates: Vec<Aggregate> = of_metric.iter().map(|(_, aggregate)| *aggregate).collect();
            let differences = gaps::Gaps::of(&live, &overall, &weight).differences(&aggregates, &self.settings);
            found.extend(of_metric.iter().zip(differences).filter_map(|((place, _), d)| Some((*place, d?))));
        }
    }

    /// The same for the rows of each cohort that holds the same rows for both models.
    fn cohorts(&self, wanted: &[EstimateId], found: &mut BTreeMap<usize, Difference>) -> Result<(), PairedError> {
        for (name, places) in cohorts::named(wanted) {
            let Some((a, b)) = cohorts::frames(self.a, self.b, name) else { continue };
            let ids: Vec<EstimateId> = places.iter().filter_map(|i| wanted.get(*i)).map(cohorts::without).collect();
            let Settings { level, seed, .. } = self.settings;
            for difference in paired_differences(&a, &b, &ids, level, seed)? {
                let PairedDifference { id, a, b, interval } = difference;
                let place = ids.iter().position(|other| *other == id).and_then(|i| places.get(i));
                found.extend(place.map(|place| (*place, Difference { a, b, interval })));
            }
        }
        Ok(())
    }
}
