//! The cheapest point whose margin is high enough: best-first branch and bound over classes of values.
//!
//! A part of the search leaves each feature some of its classes. Its cost is at least the sum of the cheapest ones, and its
//! margin at most the sum over the trees of the best leaf that is still reached (Kantchelian, Tygar & Joseph 2016 bound the
//! same relaxation by mixed-integer programming). Parts are taken in the order of their cost; the first whose cheapest point
//! is granted by the model is the optimum.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::boxes::Objective;
use super::domain::Domain;
use crate::{CounterfactualError, Proof};

/// One feature of one row: what each class costs, and the value that stands for it.
pub(crate) struct Options {
    /// The class of the row's own value.
    pub(crate) home: u32,
    /// Infinite where the class holds no permitted value.
    pub(crate) costs: Vec<f64>,
    pub(crate) values: Vec<f64>,
    /// What it may be at the outset.
    pub(crate) domain: Domain,
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
pub(crate) struct Outcome {
    pub(crate) best: Option<(f64, Vec<u32>)>,
    pub(crate) proof: Proof,
}

struct Part {
    cost: f64,
    age: usize,
    domains: Vec<Domain>,
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
    pub(crate) fn run(&self, best: Option<(f64, Vec<u32>)>) -> Result<Outcome, CounterfactualError> {
        let mut best = match best {
            Some(best) => Some(best),
            None => self.greedy()?,
        };
        let mut heap = BinaryHeap::new();
        let mut age = 0;
        let root: Vec<Domain> = self.options.iter().map(|o| o.domain.clone()).collect();
        self.push(&mut heap, root, &best, &mut age);
        let mut nodes = 0;
        let (mut optimistic, mut present) = (Vec::new(), Vec::new());
        while let Some(part) = heap.pop() {
            if best.as_ref().is_some_and(|(cost, _)| part.cost >= *cost) {
                break;
            }
            if nodes >= self.max_nodes {
                return Ok(Outcome { best, proof: Proof::AtLeast(part.cost) });
            }
            nodes += 1;
            let point = self.cheapest(&part.domains);
            if self.is_enough(&point) && (self.confirm)(&point)? {
                best = Some((part.cost, point));
                break;
            }
            // The condition that is missed most decides where to cut.
            let missed = |(objective, least): &(&Objective, f64)| least - objective.at(&point, None);
            let worst = self.objectives.iter().max_by(|a, b| missed(a).total_cmp(&missed(b)));
            let Some((objective, _)) = worst else { break };
            objective.bound(&part.domains, Some(&mut optimistic));
            objective.at(&point, Some(&mut present));
            for child in self.cut(objective, &part.domains, &point, &optimistic, &present) {
                self.push(&mut heap, child, &best, &mut age);
            }
        }
        let proof = if best.is_some() { Proof::Optimal } else { Proof::Unreachable };
        Ok(Outcome { best, proof })
    }

    /// Keeps a part unless it is too dear or cannot be granted.
    fn push(
        &self,
        heap: &mut BinaryHeap<Part>,
        mut domains: Vec<Domain>,
        best: &Option<(f64, Vec<u32>)>,
        age: &mut usize,
    ) {
        let point = self.cheapest(&domains);
        let cost = self.cost(&point);
        let limit = best.as_ref().map_or(f64::INFINITY, |(cost, _)| *cost);
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
                *domain = single(domain, option.home);
            } else {
                trim(domain, option, limit - cost + option.costs[point[variable] as usize]);
            }
        }
        let can =
            |(objective, least): &(&Objective, f64)| objective.bound(&domains, None) >= least - objective.tolerance;
        if self.objectives.iter().all(can) {
            *age += 1;
            heap.push(Part { cost, age: *age, domains });
        }
    }

    fn is_enough(&self, point: &[u32]) -> bool {
        self.objectives.iter().all(|(objective, least)| objective.at(point, None) >= least - objective.tolerance)
    }

    fn cost(&self, point: &[u32]) -> f64 {
        point.iter().zip(self.options).map(|(cell, option)| option.costs[*cell as usize]).sum()
    }

    fn cheapest(&self, domains: &[Domain]) -> Vec<u32> {
        domains.iter().zip(self.options).map(|(domain, option)| cheapest(domain, option)).collect()
    }

    /// Cuts a part in two or three, near the cheapest point and away from it, at the feature in which the trees' best
    /// leaves disagree with the point by the most margin.
    fn cut(
        &self,
        objective: &Objective,
        domains: &[Domain],
        point: &[u32],
        optimistic: &[u32],
        present: &[u32],
    ) -> Vec<Vec<Domain>> {
        let mut score = vec![0.0; domains.len()];
        let mut wanted: Vec<Vec<(u32, f64)>> = vec![Vec::new(); domains.len()];
        for ((tree, best), now) in objective.trees.iter().zip(optimistic).zip(present) {
            let value = |bit: u32| tree.values.get(bit as usize).copied().unwrap_or(0.0);
            let gain = value(*best) - value(*now);
            if gain <= 0.0 {
                continue;
            }
            let off = tree.parts.iter().filter(|p| !p.reaches(tree.n_words, point[p.variable], *best));
            let off: Vec<_> = off.collect();
            #[allow(clippy::cast_precision_loss, reason = "a few features")]
            let share = gain / off.len().max(1) as f64;
            for part in off {
                let reaches = |cell: u32| part.reaches(tree.n_words, cell, *best);
                let Some(cell) = nearest(&domains[part.variable], point[part.variable], &reaches) else { continue };
                score[part.variable] += share;
                wanted[part.variable].push((cell, share));
            }
        }
        let best = (0..domains.len()).filter(|v| score[*v] > 0.0).max_by(|a, b| score[*a].total_cmp(&score[*b]));
        let Some(variable) = best.or_else(|| (0..domains.len()).find(|v| !domains[*v].is_single())) else {
            return Vec::new();
        };
        let at = point[variable];
        let pieces: Vec<Domain> = match &domains[variable] {
            Domain::Names(_) => {
                let rest = domains[variable].cells().into_iter().filter(|c| *c != at);
                let rest: Vec<u32> = rest.collect();
                let n = self.options[variable].costs.len();
                vec![Domain::names([at], n), Domain::names(rest, n)]
            }
            Domain::Range(low, high) => range_pieces(*low, *high, at, &mut wanted[variable]),
        };
        let with = |piece: Domain| {
            let mut child = domains.to_vec();
            child[variable] = piece;
            child
        };
        pieces.into_iter().map(with).collect()
    }

    /// A point that is granted, by changing again and again the feature that gains most margin for its cost, and taking
    /// back what turned out not to be needed.
    fn greedy(&self) -> Result<Option<(f64, Vec<u32>)>, CounterfactualError> {
        let mut point: Vec<u32> = self.options.iter().map(|o| o.home).collect();
        let missing = |point: &[u32]| -> f64 {
            self.objectives.iter().map(|(o, least)| (least - o.at(point, None)).max(0.0)).sum()
        };
        let mut short = missing(&point);
        let mut changed = Vec::new();
        while changed.len() < self.max_changes {
            let mut best: Option<(f64, usize, u32, f64)> = None;
            for (variable, option) in self.options.iter().enumerate() {
                let completes = |set: &Vec<usize>| set.iter().all(|v| *v == variable || changed.contains(v));
                if changed.contains(&variable) || option.domain.is_single() || self.taken.iter().any(completes) {
                    continue;
                }
                let mut trial = point.clone();
                for cell in option.domain.cells() {
                    let cost = option.costs[cell as usize];
                    if !cost.is_finite() || cell == option.home {
                        continue;
                    }
                    trial[variable] = cell;
                    let left = missing(&trial);
                    let worth = (short - left) / cost.max(1e-9);
                    if worth > 0.0 && best.is_none_or(|b| worth > b.0) {
                        best = Some((worth, variable, cell, left));
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
            let mut trial = point.clone();
            trial[variable] = self.options[variable].home;
            if missing(&trial) <= 0.0 && (self.confirm)(&trial)? {
                point = trial;
            }
        }
        Ok(Some((self.cost(&point), point)))
    }
}

fn single(domain: &Domain, cell: u32) -> Domain {
    match domain {
        Domain::Range(..) => Domain::Range(cell, cell),
        Domain::Names(words) => Domain::names([cell], words.len() * 64),
    }
}

#[allow(clippy::indexing_slicing, reason = "every class has a cost")]
fn cheapest(domain: &Domain, option: &Options) -> u32 {
    if domain.has(option.home) {
        return option.home;
    }
    match domain {
        Domain::Range(low, high) => {
            let is_open = |c: &u32| option.costs[*c as usize].is_finite();
            let near =
                if *low > option.home { (*low..=*high).find(is_open) } else { (*low..=*high).rev().find(is_open) };
            near.unwrap_or(*low)
        }
        Domain::Names(_) => {
            let cost = |c: &u32| option.costs[*c as usize];
            domain.cells().into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(option.home)
        }
    }
}

/// Takes out what costs as much as is left to spend. Costs of numbers rise away from the row's own value.
#[allow(clippy::indexing_slicing, reason = "every class has a cost")]
fn trim(domain: &mut Domain, option: &Options, spend: f64) {
    let is_in = |c: u32| option.costs[c as usize] < spend;
    match domain {
        Domain::Range(low, high) => {
            while low < high && !is_in(*low) {
                *low += 1;
            }
            while low < high && !is_in(*high) {
                *high -= 1;
            }
        }
        Domain::Names(words) => {
            let n = words.len() * 64;
            let kept: Vec<u32> = domain.cells().into_iter().filter(|c| is_in(*c)).collect();
            if !kept.is_empty() {
                *domain = Domain::names(kept, n);
            }
        }
    }
}

/// The class nearest to a point that reaches a leaf.
fn nearest(domain: &Domain, at: u32, reaches: &dyn Fn(u32) -> bool) -> Option<u32> {
    match domain {
        Domain::Range(low, high) => {
            let up = (at..=*high).find(|c| reaches(*c));
            let down = (*low..=at).rev().find(|c| reaches(*c));
            match (up, down) {
                (Some(up), Some(down)) => Some(if up - at <= at - down { up } else { down }),
                (one, other) => one.or(other),
            }
        }
        Domain::Names(_) => domain.cells().into_iter().find(|c| reaches(*c)),
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
