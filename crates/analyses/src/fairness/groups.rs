//! Groups: combinations of sensitive values, inside strata of control values where asked.

use std::collections::{BTreeMap, BTreeSet};

use equipoise_data::{Frame, GroupingKind, Rows};
use equipoise_document::{EstimateId, Task};
use equipoise_kernels::{Confusion, Confusion2, Merge};

use super::cells::{CellTable, Keys};
use super::moments::Moments;
use super::params::{Intersections, NamedIntersections, Params, wrong};
use super::scores::AucSums;
use crate::counted::Cell;
use crate::{AnalysisError, Context};

/// Everything that was counted of some rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub n_classes: usize,
    /// Truth by prediction, row-major, the truth counting slowly.
    pub cells: Vec<Cell>,
    pub moments: Option<Moments>,
    /// Filled by a sweep over sorted scores; not merged.
    pub auc: Option<AucSums>,
}

impl Counted {
    pub(super) fn rows(&self) -> u64 {
        self.cells.iter().map(|c| c.rows).sum()
    }

    pub(super) fn weight(&self) -> f64 {
        self.cells.iter().map(|c| c.weight).sum()
    }

    pub(super) fn n_effective(&self) -> f64 {
        equipoise_kernels::kish(self.weight(), self.cells.iter().map(|c| c.squares).sum())
    }

    fn matrix(&self, of: impl Fn(&Cell) -> f64) -> Confusion {
        Confusion::from_cells(self.n_classes, self.cells.iter().map(of).collect())
    }

    pub(super) fn weights(&self) -> Confusion {
        self.matrix(|c| c.weight)
    }

    pub(super) fn squares(&self) -> Confusion {
        self.matrix(|c| c.squares)
    }

    /// Weights of one class against the rest.
    pub(super) fn weights_against_rest(&self, class: usize) -> Confusion2 {
        if let ([tn, fp, fn_, tp], 1, 2) = (self.cells.as_slice(), class, self.n_classes) {
            return Confusion2 { tp: tp.weight, fp: fp.weight, fn_: fn_.weight, tn: tn.weight };
        }
        self.weights().against_rest(class)
    }

    /// One class against the rest: weights, squared weights and rows.
    pub(super) fn against_rest(&self, class: usize) -> [Confusion2; 3] {
        #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
        let rows = |c: &Cell| c.rows as f64;
        if let ([tn, fp, fn_, tp], 1, 2) = (self.cells.as_slice(), class, self.n_classes) {
            let of = |f: &dyn Fn(&Cell) -> f64| Confusion2 { tp: f(tp), fp: f(fp), fn_: f(fn_), tn: f(tn) };
            return [of(&|c| c.weight), of(&|c| c.squares), of(&rows)];
        }
        [self.weights().against_rest(class), self.squares().against_rest(class), self.matrix(rows).against_rest(class)]
    }
}

impl Merge for Counted {
    fn merge_from(&mut self, other: Self) {
        let Self { n_classes, cells, moments, auc: _ } = other;
        self.n_classes = self.n_classes.max(n_classes);
        self.cells.merge_from(cells);
        self.moments.merge_from(moments);
        self.auc = None;
    }
}

/// The observed combinations of all groupings of a frame within a cohort.
pub(super) struct Atoms {
    keys: Keys,
    /// Group keys in order.
    ids: Vec<u64>,
    /// Group codes of each, by grouping.
    codes: Vec<Vec<u16>>,
    counted: Vec<Counted>,
}

/// One group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Its value of each sensitive column.
    pub labels: Vec<String>,
    pub counted: Counted,
}

/// Groups that are compared with each other: all rows, or one stratum of the control columns.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// The sensitive columns.
    pub columns: Vec<String>,
    /// The stratum: values of the control columns.
    pub stratum: Vec<(String, String)>,
    pub groups: Vec<Group>,
    /// Combinations of groups that have no rows here.
    pub absent: Vec<String>,
    pub overall: Counted,
    /// Group of each atom; none outside the stratum.
    pub of_atom: Vec<Option<u32>>,
    /// For ids.
    pub cohort: Option<String>,
}

impl Group {
    /// `Female` or `Female, Black`.
    pub(super) fn name(&self) -> String {
        self.labels.join(", ")
    }
}

impl Slice {
    /// Id of a group's number.
    pub(super) fn group_id(&self, metric: &str, group: &Group) -> EstimateId {
        let labels = self.columns.iter().cloned().zip(group.labels.iter().cloned());
        let all: Vec<(String, String)> = self.stratum.iter().cloned().chain(labels).collect();
        EstimateId::new("fairness", metric).of_group(&all).within(self.cohort.as_deref())
    }

    /// Id of a number over the slice's groups.
    pub(super) fn id(&self, metric: &str) -> EstimateId {
        EstimateId::new("fairness", metric).of_group(&self.stratum).by(&self.columns).within(self.cohort.as_deref())
    }

    /// Id of the number of all of the slice's rows.
    pub(super) fn overall_id(&self, metric: &str) -> EstimateId {
        EstimateId::new("fairness", metric).of_group(&self.stratum).within(self.cohort.as_deref())
    }

    /// `sex and race`, with the stratum and the cohort where there is one.
    pub(super) fn title(&self) -> String {
        let mut title = self.columns.join(" and ");
        for (column, value) in &self.stratum {
            title.push_str(&format!(", {column} {value}"));
        }
        if let Some(cohort) = &self.cohort {
            title.push_str(&format!(", cohort {cohort}"));
        }
        title
    }

    /// Words for ids of tables: `sex_race`.
    pub(super) fn table_id(&self, what: &str) -> String {
        let mut id = format!("{what}[{}]", self.columns.join(","));
        if let Some(cohort) = &self.cohort {
            id.push_str(&format!("{{{cohort}}}"));
        }
        id
    }
}

impl Atoms {
    /// Counts a cohort's rows.
    ///
    /// # Errors
    /// When the groupings have more combinations than can be told apart.
    pub(super) fn count(ctx: &Context<'_>, cohort: usize) -> Result<Self, AnalysisError> {
        let frame = ctx.test.frame;
        let keys = Keys::of(frame).ok_or_else(|| {
            let problem = "the sensitive and control columns have too many combinations".to_owned();
            wrong("intersections", problem, "leave out a column, or cut numbers into fewer bins")
        })?;
        let n_classes = usize::try_from(keys.n_classes).unwrap_or(1);
        let mut by_group: BTreeMap<u64, Counted> = BTreeMap::new();
        for (key, cell) in CellTable::count(frame, cohort, &keys) {
            let counted = by_group.entry(key / keys.n_cells()).or_insert_with(|| Counted {
                n_classes,
                cells: vec![Cell::default(); n_classes * n_classes],
                ..Counted::default()
            });
            let place = usize::try_from(key % keys.n_cells()).unwrap_or(0);
            if let Some(place) = counted.cells.get_mut(place) {
                place.merge_from(cell);
            }
        }
        let (ids, counted): (Vec<u64>, Vec<Counted>) = by_group.into_iter().unzip();
        let codes = ids.iter().map(|id| keys.codes(*id)).collect();
        let mut atoms = Self { keys, ids, codes, counted };
        atoms.add_moments(ctx, cohort);
        Ok(atoms)
    }

    /// The second pass, where there is more than counts.
    fn add_moments(&mut self, ctx: &Context<'_>, cohort: usize) {
        let frame = ctx.test.frame;
        let is_regression = frame.task == Task::Regression;
        if !(is_regression || (frame.task == Task::Binary && frame.has_probability())) {
            return;
        }
        let origin = if is_regression { frame.reduce(cohort, Origin::default, Origin::push).mean() } else { 0.0 };
        let start = || vec![Moments::starting(origin, frame.task); self.ids.len()];
        let moments = frame.reduce(cohort, start, |moments, rows| {
            let atoms = self.of_rows(rows);
            let predicted = rows.predicted.map(|p| p.values()).unwrap_or_default();
            for (i, atom) in atoms.into_iter().enumerate() {
                let Some(into) = atom.and_then(|a| moments.get_mut(a as usize)) else { continue };
                let w = rows.weight_at(i);
                if is_regression {
                    if let (Some(y), Some(p)) = (rows.truth.values().get(i), predicted.get(i)) {
                        into.push_value(*y, *p, w);
                    }
                } else if let (Some(y), Some(p)) =
                    (rows.truth.classes().get(i), rows.probability.and_then(|p| p.get(i)))
                {
                    into.push_binary(*y == 1, *p, w);
                }
            }
        });
        for (counted, moments) in self.counted.iter_mut().zip(moments) {
            counted.moments = Some(moments);
        }
    }

    /// The atom of each row; none for a combination that does not occur.
    pub(super) fn of_rows(&self, rows: &Rows<'_>) -> Vec<Option<u32>> {
        let mut keys = vec![0_u64; rows.len()];
        self.keys.of_groups(rows, 0, &mut keys);
        let dense: Option<Vec<Option<u32>>> = self.ids.last().filter(|last| **last < 65_536).map(|last| {
            let mut dense = vec![None; usize::try_from(*last).unwrap_or(0) + 1];
            for (atom, id) in (0_u32..).zip(&self.ids) {
                if let Some(place) = usize::try_from(*id).ok().and_then(|id| dense.get_mut(id)) {
                    *place = Some(atom);
                }
            }
            dense
        });
        let find = |key: &u64| match &dense {
            Some(dense) => usize::try_from(*key).ok().and_then(|key| dense.get(key).copied().flatten()),
            None => self.ids.binary_search(key).ok().and_then(|place| u32::try_from(place).ok()),
        };
        keys.iter().map(find).collect()
    }

    /// Cells of one atom.
    pub(super) fn n_cells(&self) -> usize {
        usize::try_from(self.keys.n_cells()).unwrap_or(1)
    }

    /// Number of classes.
    pub(super) fn n_classes(&self) -> usize {
        usize::try_from(self.keys.n_classes).unwrap_or(1)
    }

    /// Rows of every cell of every atom.
    pub(super) fn row_counts(&self) -> Vec<u64> {
        self.counted.iter().flat_map(|c| c.cells.iter().map(|c| c.rows)).collect()
    }

    /// Number of atoms.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The groups of some groupings: all rows as one slice, or one slice for each observed stratum.
    pub(super) fn slices(
        &self,
        frame: &Frame,
        sensitive: &[usize],
        control: &[usize],
        cohort: Option<&str>,
    ) -> Vec<Slice> {
        let part = |atom: usize, groupings: &[usize]| -> Vec<u16> {
            let codes = self.codes.get(atom).map(Vec::as_slice).unwrap_or_default();
            groupings.iter().filter_map(|g| codes.get(*g).copied()).collect()
        };
        let label = |grouping: usize, code: u16| {
            let levels = frame.groupings().get(grouping).map(|g| g.levels.as_ref()).unwrap_or_default();
            levels.get(usize::from(code)).cloned().unwrap_or_else(|| code.to_string())
        };
        let column = |grouping: &usize| frame.groupings().get(*grouping).map_or_else(String::new, |g| g.column.clone());
        let labels = |groupings: &[usize], codes: &[u16]| -> Vec<String> {
            groupings.iter().zip(codes).map(|(g, c)| label(*g, *c)).collect()
        };
        let columns: Vec<String> = sensitive.iter().map(column).collect();
        let mut strata: BTreeMap<Vec<u16>, BTreeMap<Vec<u16>, Vec<usize>>> = BTreeMap::new();
        for atom in 0..self.len() {
            let (stratum, group) = (part(atom, control), part(atom, sensitive));
            strata.entry(stratum).or_default().entry(group).or_default().push(atom);
        }
        // What could occur: every observed value of each column with every other.
        let observed: Vec<BTreeSet<u16>> =
            sensitive.iter().map(|g| self.codes.iter().filter_map(|c| c.get(*g).copied()).collect()).collect();
        let possible = crossing(&observed, 2000);
        strata
            .into_iter()
            .map(|(stratum, members)| {
                let mut of_atom = vec![None; self.len()];
                let mut overall = Counted::default();
                let absent = possible.iter().filter(|codes| !members.contains_key(*codes));
                let absent = absent.map(|codes| labels(sensitive, codes).join(", ")).collect();
                let groups = (0_u32..)
                    .zip(members)
                    .map(|(place, (codes, atoms))| {
                        let mut counted = Counted::default();
                        for atom in atoms {
                            if let Some(place_of) = of_atom.get_mut(atom) {
                                *place_of = Some(place);
                            }
                            if let Some(of_atom) = self.counted.get(atom) {
                                counted.merge_from(of_atom.clone());
                            }
                        }
                        overall.merge_from(counted.clone());
                        Group { labels: labels(sensitive, &codes), counted }
                    })
                    .collect();
                let values = labels(control, &stratum);
                let stratum = control.iter().map(column).zip(values).collect();
                let cohort = cohort.map(str::to_owned);
                Slice { columns: columns.clone(), stratum, groups, absent, overall, of_atom, cohort }
            })
            .collect()
    }
}

/// All combinations; empty when there are more than `limit`.
fn crossing(levels: &[BTreeSet<u16>], limit: usize) -> Vec<Vec<u16>> {
    let size = levels.iter().try_fold(1_usize, |n, l| n.checked_mul(l.len())).unwrap_or(usize::MAX);
    if size > limit {
        return Vec::new();
    }
    levels.iter().fold(vec![Vec::new()], |all, level| {
        let longer = |head: &Vec<u16>| {
            let head = head.clone();
            level.iter().map(move |code| head.iter().copied().chain([*code]).collect())
        };
        all.iter().flat_map(longer).collect()
    })
}

/// The mean truth, from which moments are taken.
#[derive(Default)]
struct Origin {
    rows: u64,
    sum: equipoise_kernels::Sum,
}

impl Origin {
    fn push(&mut self, rows: &Rows<'_>) {
        self.rows += rows.len() as u64;
        rows.truth.values().iter().for_each(|y| self.sum.push(*y));
    }

    #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
    fn mean(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.sum.value() / self.rows as f64 }
    }
}

impl Merge for Origin {
    fn merge_from(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum.merge_from(other.sum);
    }
}

/// Groupings of one kind, by index.
pub(super) fn groupings(frame: &Frame, kind: GroupingKind) -> Vec<usize> {
    (0..).zip(frame.groupings()).filter(|(_, g)| g.kind == kind).map(|(i, _)| i).collect()
}

/// Sets of sensitive columns to group by: each alone, then the crossings.
///
/// # Errors
/// When an asked crossing has more than `max_groups` possible groups and more rows than that fall into them.
pub(super) fn sets_of_columns(frame: &Frame, params: &Params) -> Result<Vec<Vec<usize>>, AnalysisError> {
    let alone = groupings(frame, GroupingKind::Sensitive);
    let size = |set: &[usize]| {
        set.iter().filter_map(|g| frame.groupings().get(*g)).fold(1_u64, |n, g| n.saturating_mul(g.levels.len() as u64))
    };
    let limit = u64::from(params.max_groups);
    let mut sets: Vec<Vec<usize>> = alone.iter().map(|g| vec![*g]).collect();
    for set in &sets {
        refuse_too_many(frame, set, size(set), limit)?;
    }
    let crossings: Vec<Vec<usize>> = match &params.intersections {
        Intersections::Named(NamedIntersections::None) => Vec::new(),
        Intersections::Named(NamedIntersections::Auto) => {
            let mut crossings: Vec<Vec<usize>> = Vec::new();
            for (i, a) in alone.iter().enumerate() {
                crossings.extend(alone.iter().skip(i + 1).map(|b| vec![*a, *b]));
            }
            if alone.len() > 2 {
                crossings.push(alone.clone());
            }
            crossings.retain(|set| size(set) <= limit);
            crossings
        }
        Intersections::Named(NamedIntersections::All) => {
            let n = u32::try_from(alone.len()).unwrap_or(32).min(16);
            let mut crossings: Vec<Vec<usize>> = (0..1_u32 << n)
                .map(|bits| (0..).zip(&alone).filter(|(i, _)| bits >> i & 1 == 1).map(|(_, g)| *g).collect())
                .filter(|set: &Vec<usize>| set.len() > 1)
                .collect();
            crossings.sort_by_key(|set| (set.len(), set.clone()));
            crossings
        }
        Intersections::Columns(lists) => lists
            .iter()
            .map(|list| {
                alone
                    .iter()
                    .copied()
                    .filter(|g| frame.groupings().get(*g).is_some_and(|g| list.contains(&g.column)))
                    .collect()
            })
            .collect(),
    };
    for set in crossings {
        refuse_too_many(frame, &set, size(&set), limit)?;
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn refuse_too_many(frame: &Frame, set: &[usize], size: u64, limit: u64) -> Result<(), AnalysisError> {
    if size <= limit {
        return Ok(());
    }
    let names: Vec<&str> = set.iter().filter_map(|g| frame.groupings().get(*g)).map(|g| g.column.as_str()).collect();
    let problem = format!("`{}` makes {size} groups, more than {limit}", names.join("` × `"));
    Err(wrong(
        "max_groups",
        problem,
        "cut numbers into fewer bins, name the intersections you need, or raise `max_groups`",
    ))
}
