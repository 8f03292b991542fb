//! The cheapest point whose margin is high enough: best-first branch and bound over classes of values.
//!
//! A part of the search leaves each feature some of its classes. Its cost is at least the sum of the cheapest ones, and its
//! margin at most the sum over the trees of the best leaf that is still reached (Kantchelian, Tygar & Joseph 2016 bound the
//! same relaxation by mixed-integer programming). Parts are taken in the order of their cost; the first whose cheapest point
//! is granted by the model is the optimum.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::boxes::Objective;
use super::domain::{Domain, Room, Sets};
use crate::{CounterfactualError, Proof};

/// One feature of one row: what each class costs, and the value that stands for it.
pub(crate) struct Options {
    /// The class of the row's own value.
    pub(crate) home: u32,
    /// Infinite where the class holds no permitted value.
    pub(crate) costs: Vec<f64>,
    pub(crate) values: Vec<f64>,
    /// Classes that are permitted, ascending.
    pub(crate) open: Vec<u32>,
    /// They are numbers, of which what lies between two is taken as one.
    pub(crate) is_range: bool,
}

/// All that a search is given.
pub(crate) struct Search<'a> {
    /// Conditions that must hold together, each with the least margin.
    pub(crate) objectives: &'a [(&'a Objective, f64)],
    pub(crate) options: &'a [Options],
    pub(crate) max_changes: usize,
    /// Sets of features that may not all change.
    pub(crate) taken: &'a [Vec<usize>],
    pub(crate) max_nodes: usize,
    /// Whether the model grants the wish at a point.
    pub(crate) confirm: &'a dyn Fn(&[u32]) -> Result<bool, CounterfactualError>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub(crate) struct Outcome<T> {
    pub(crate) best: Option<(f64, Vec<T>)>,
    pub(crate) proof: Proof,
}

struct Part {
    cost: f64,
    age: usize,
    domains: Box<[Domain]>,
}

/// What a search works with.
struct Desk<'a> {
    sets: Sets<'a>,
    room: Room,
    heap: BinaryHeap<Part>,
    age: usize,
    best: Option<(f64, Vec<u32>)>,
}

impl Desk<'_> {
    fn limit(&self) -> f64 {
        self.best.as_ref().map_or(f64::INFINITY, |(cost, _)| *cost)
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Part {}
impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Part {
    // The cheapest is the greatest; among equals the youngest, which is the deepest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.cost.total_cmp(&self.cost).then(self.age.cmp(&other.age))
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "every feature has options and a domain; points and leaves are made to size"
)]
impl Search<'_> {
    /// Searches; `best` is what is known already.
    pub(crate) fn run(&self, best: Option<(f64, Vec<u32>)>) -> Result<Outcome<u32>, CounterfactualError> {
        let sets = Sets::over(self.objectives.iter().map(|(objective, _)| *objective).collect());
        let mut desk = Desk { sets, room: Room::default(), heap: BinaryHeap::new(), age: 0, best };
        if desk.best.is_none() {
            desk.best = self.greedy(&mut desk.room)?;
        }
        let root = (0..self.options.len()).map(|variable| self.start(variable, &mut desk.sets)).collect();
        self.push(&mut desk, root);
        let mut nodes = 0;
        let (mut optimistic, mut present) = (Vec::new(), Vec::new());
        while let Some(part) = desk.heap.pop() {
            if part.cost >= desk.limit() {
                break;
            }
            if nodes >= self.max_nodes {
                return Ok(Outcome { best: desk.best, proof: Proof::AtLeast(part.cost) });
            }
            nodes += 1;
            let point = self.cheapest(&part.domains, &desk.sets);
            if self.is_enough(&point, &mut desk.room) && (self.confirm)(&point)? {
                desk.best = Some((part.cost, point));
                break;
            }
            // The condition that is missed most decides where to cut.
            let mut worst: Option<(usize, f64)> = None;
            for (place, (objective, least)) in self.objectives.iter().enumerate() {
                let missed = least - objective.at(&point, &mut desk.room, None);
                if worst.is_none_or(|(_, most)| missed > most) {
                    worst = Some((place, missed));
                }
            }
            let Some((place, _)) = worst else { break };
            let objective = self.objectives[place].0;
            objective.bound(&part.domains, &desk.sets, place, &mut desk.room, Some(&mut optimistic));
            objective.at(&point, &mut desk.room, Some(&mut present));
            for child in self.cut(objective, &part.domains, &point, (&optimistic, &present), &mut desk.sets) {
                self.push(&mut desk, child);
            }
        }
        let proof = if desk.best.is_some() { Proof::Optimal } else { Proof::Unreachable };
        Ok(Outcome { best: desk.best, proof })
    }

    /// What a feature may be at the outset.
    fn start(&self, variable: usize, sets: &mut Sets<'_>) -> Domain {
        let option = &self.options[variable];
        match (option.is_range, option.open.first(), option.open.last()) {
            (true, Some(low), Some(high)) => Domain::Range(*low, *high),
            _ => sets.of(variable, option.open.clone()),
        }
    }

    /// Keeps a part unless it is too dear or cannot be granted.
    fn push(&self, desk: &mut Desk<'_>, mut domains: Box<[Domain]>) {
        let point = self.cheapest(&domains, &desk.sets);
        let cost = self.cost(&point);
        let limit = desk.limit();
        if cost.is_infinite() || cost >= limit {
            return;
        }
        let changed: Vec<usize> = (0..point.len()).filter(|v| point[*v] != self.options[*v].home).collect();
        if changed.len() > self.max_changes || self.taken.iter().any(|set| set.iter().all(|v| changed.contains(v))) {
            return;
        }
        let is_full = changed.len() == self.max_changes;
        for (variable, domain) in domains.iter_mut().enumerate() {
            let option = &self.options[variable];
            if is_full && point[variable] == option.home {
                *domain = single(*domain, variable, option.home, &mut desk.sets);
            } else {
                let spend = limit - cost + option.costs[point[variable] as usize];
                *domain = trim(*domain, variable, option, spend, &mut desk.sets);
            }
        }
        for (place, (objective, least)) in self.objectives.iter().enumerate() {
            if objective.bound(&domains, &desk.sets, place, &mut desk.room, None) < least - objective.tolerance {
                return;
            }
        }
        desk.age += 1;
        desk.heap.push(Part { cost, age: desk.age, domains });
    }

    fn is_enough(&self, point: &[u32], room: &mut Room) -> bool {
        self.objectives.iter().all(|(objective, least)| objective.at(point, room, None) >= least - objective.tolerance)
    }

    fn cost(&self, point: &[u32]) -> f64 {
        point.iter().zip(self.options).map(|(cell, option)| option.costs[*cell as usize]).sum()
    }

    fn cheapest(&self, domains: &[Domain], sets: &Sets<'_>) -> Vec<u32> {
        domains.iter().zip(self.options).map(|(domain, option)| cheapest(*domain, option, sets)).collect()
    }

    /// Cuts a part in two or three, near the cheapest point and away from it, at the feature in which the trees' best
    /// leaves disagree with the point by the most margin.
    fn cut(
        &self,
        objective: &Objective,
        domains: &[Domain],
        point: &[u32],
        (optimistic, present): (&[u32], &[u32]),
        sets: &mut Sets<'_>,
    ) -> Vec<Box<[Domain]>> {
        let mut score = vec![0.0; domains.len()];
        let mut wanted: Vec<Vec<(u32, f64)>> = vec![Vec::new(); domains.len()];
        let mut off: Vec<(usize, (u32, u32))> = Vec::new();
        for ((tree, best), now) in objective.trees.iter().zip(optimistic).zip(present) {
            let value = |bit: u32| tree.values.get(bit as usize).copied().unwrap_or(0.0);
            let gain = value(*best) - value(*now);
            if gain <= 0.0 {
                continue;
            }
            off.clear();
            let missed = tree.parts.iter().filter(|p| !p.reaches(tree.n_words, point[p.variable], *best));
            off.extend(missed.filter_map(|p| Some((p.variable, *p.spans.get(*best as usize)?))));
            #[allow(clippy::cast_precision_loss, reason = "a few features")]
            let share = gain / off.len().max(1) as f64;
            for (variable, (first, last)) in &off {
                score[*variable] += share;
                if let Domain::Range(low, high) = domains[*variable] {
                    // The class of the leaf that is nearest to the point.
                    let cell = point[*variable].max(*first).min(*last).clamp(low, high);
                    wanted[*variable].push((cell, share));
                }
            }
        }
        let best = (0..domains.len())
            .filter(|v| score[*v] > 0.0 && !sets.is_single(domains[*v]))
            .max_by(|a, b| score[*a].total_cmp(&score[*b]));
        let Some(variable) = best.or_else(|| (0..domains.len()).find(|v| !sets.is_single(domains[*v]))) else {
            return Vec::new();
        };
        let at = point[variable];
        let pieces: Vec<Domain> = match domains[variable] {
            Domain::Names(set) => {
                let rest: Vec<u32> = sets.cells(set).iter().copied().filter(|c| *c != at).collect();
                vec![sets.of(variable, vec![at]), sets.of(variable, rest)]
            }
            Domain::Range(low, high) => range_pieces(low, high, at, &mut wanted[variable]),
        };
        let with = |piece: Domain| {
            let mut child: Box<[Domain]> = domains.into();
            child[variable] = piece;
            child
        };
        pieces.into_iter().map(with).collect()
    }

    /// How much is missing at a point.
    fn missing(&self, point: &[u32], room: &mut Room) -> f64 {
        self.objectives.iter().map(|(o, least)| (least - o.at(point, room, None)).max(0.0)).sum()
    }

    /// How much is missing with a feature at each of its permitted classes, the others at a point.
    fn missing_along(&self, point: &[u32], variable: usize, room: &mut Room) -> Vec<f64> {
        let cells = &self.options[variable].open;
        let mut all = vec![0.0; cells.len()];
        for (objective, least) in self.objectives {
            let values = objective.along(point, variable, cells, room);
            all.iter_mut().zip(values).for_each(|(sum, value): (&mut f64, f64)| *sum += (least - value).max(0.0));
        }
        all
    }

    /// A point that is granted, by changing again and again the feature that gains most margin for its cost, and taking
    /// back or making smaller what turned out not to be needed.
    fn greedy(&self, room: &mut Room) -> Result<Option<(f64, Vec<u32>)>, CounterfactualError> {
        let mut point: Vec<u32> = self.options.iter().map(|o| o.home).collect();
        let mut short = self.missing(&point, room);
        let mut changed = Vec::new();
        while changed.len() < self.max_changes {
            let mut best: Option<(f64, usize, u32, f64)> = None;
            for (variable, option) in self.options.iter().enumerate() {
                let completes = |set: &Vec<usize>| set.iter().all(|v| *v == variable || changed.contains(v));
                if changed.contains(&variable) || option.open.len() < 2 || self.taken.iter().any(completes) {
                    continue;
                }
                for (cell, left) in option.open.iter().zip(self.missing_along(&point, variable, room)) {
                    let worth = (short - left) / option.costs[*cell as usize].max(1e-9);
                    if *cell != option.home && worth > 0.0 && best.is_none_or(|b| worth > b.0) {
                        best = Some((worth, variable, *cell, left));
                    }
                }
            }
            let Some((_, variable, cell, left)) = best else { return Ok(None) };
            point[variable] = cell;
            changed.push(variable);
            short = left;
            if short <= 0.0 {
                break;
            }
        }
        let is_taken = |point: &[u32]| {
            let is_off = |v: &usize| point[*v] != self.options[*v].home;
            self.taken.iter().any(|set| set.iter().all(is_off))
        };
        if short > 0.0 || is_taken(&point) || !(self.confirm)(&point)? {
            return Ok(None);
        }
        for variable in changed {
            // The cheapest class that still is enough.
            let option = &self.options[variable];
            let enough = option.open.iter().zip(self.missing_along(&point, variable, room)).filter(|c| c.1 <= 0.0);
            let cost = |cell: &u32| option.costs[*cell as usize];
            let cheapest = enough.map(|(cell, _)| *cell).min_by(|a, b| cost(a).total_cmp(&cost(b)));
            let Some(cell) = cheapest.filter(|cell| cost(cell) < cost(&point[variable])) else { continue };
            let mut trial = point.clone();
            trial[variable] = cell;
            if (self.confirm)(&trial)? {
                point = trial;
            }
        }
        Ok(Some((self.cost(&point), point)))
    }
}

fn single(domain: Domain, variable: usize, cell: u32, sets: &mut Sets<'_>) -> Domain {
    match domain {
        Domain::Range(..) => Domain::Range(cell, cell),
        Domain::Names(_) => sets.of(variable, vec![cell]),
    }
}

#[allow(clippy::indexing_slicing, reason = "every class has a cost")]
fn cheapest(domain: Domain, option: &Options, sets: &Sets<'_>) -> u32 {
    if sets.has(domain, option.home) {
        return option.home;
    }
    match domain {
        Domain::Range(low, high) => {
            let is_open = |c: &u32| option.costs[*c as usize].is_finite();
            let near = if low > option.home { (low..=high).find(is_open) } else { (low..=high).rev().find(is_open) };
            near.unwrap_or(low)
        }
        Domain::Names(set) => {
            let cost = |c: &u32| option.costs[*c as usize];
            let cells = sets.cells(set).iter().copied();
            cells.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(option.home)
        }
    }
}

/// Takes out what costs as much as is left to spend. Costs of numbers rise away from the row's own value.
#[allow(clippy::indexing_slicing, reason = "every class has a cost")]
fn trim(domain: Domain, variable: usize, option: &Options, spend: f64, sets: &mut Sets<'_>) -> Domain {
    let is_in = |c: u32| option.costs[c as usize] < spend;
    match domain {
        Domain::Range(mut low, mut high) => {
            while low < high && !is_in(low) {
                low += 1;
            }
            while low < high && !is_in(high) {
                high -= 1;
            }
            Domain::Range(low, high)
        }
        Domain::Names(set) => {
            let cells = sets.cells(set);
            if cells.iter().all(|c| is_in(*c)) {
                return domain;
            }
            let kept: Vec<u32> = cells.iter().copied().filter(|c| is_in(*c)).collect();
            if kept.is_empty() { domain } else { sets.of(variable, kept) }
        }
    }
}

/// Two pieces on this and that side of where most margin is wanted; around the point where nothing is.
fn range_pieces(low: u32, high: u32, at: u32, wanted: &mut [(u32, f64)]) -> Vec<Domain> {
    let up: f64 = wanted.iter().filter(|w| w.0 > at).map(|w| w.1).sum();
    let down: f64 = wanted.iter().filter(|w| w.0 < at).map(|w| w.1).sum();
    wanted.sort_by_key(|w| w.0.abs_diff(at));
    let is_up = up >= down;
    let total = if is_up { up } else { down };
    let mut sum = 0.0;
    let mut cut = None;
    for (cell, weight) in wanted.iter().filter(|w| (w.0 > at) == is_up && w.0 != at) {
        sum += weight;
        if sum >= 0.5 * total {
            cut = Some(*cell);
            break;
        }
    }
    match cut {
        Some(cell) if is_up => vec![Domain::Range(low, cell - 1), Domain::Range(cell, high)],
        Some(cell) => vec![Domain::Range(cell + 1, high), Domain::Range(low, cell)],
        None => {
            let mut pieces = vec![Domain::Range(at, at)];
            if at > low {
                pieces.push(Domain::Range(low, at - 1));
            }
            if at < high {
                pieces.push(Domain::Range(at + 1, high));
            }
            pieces
        }
    }
}
