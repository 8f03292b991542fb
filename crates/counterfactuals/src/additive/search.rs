//! The cheapest values whose gains add up to enough: a knapsack with several choices for each feature.
//!
//! The bound of a part is the relaxation that lets a feature stop anywhere on the lower hull of its gains and costs: sides are
//! taken in the order of cost per gain until enough is gained (Sinha and Zoltners 1979). At most one feature stops between two of
//! its values, and there the part is cut. With several conditions the dearest of their bounds counts.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::curve::{Curve, Piece, Span};
use crate::exact::search::Outcome;
use crate::space::is_same;
use crate::{CounterfactualError, Proof};

/// Whether the model grants the wish with these values, and what they cost.
type Confirm<'a> = dyn Fn(&[f64]) -> Result<(bool, f64), CounterfactualError> + 'a;

/// All that a search is given.
pub(crate) struct Search<'a> {
    pub(crate) curves: &'a [Curve],
    /// By condition: what has to be gained.
    pub(crate) needed: &'a [f64],
    /// By condition: what rounding may make of the sum.
    pub(crate) tolerance: f64,
    pub(crate) max_changes: usize,
    /// Sets of features that may not all change.
    pub(crate) taken: &'a [Vec<usize>],
    pub(crate) max_nodes: usize,
    pub(crate) confirm: &'a Confirm<'a>,
}

struct Part {
    cost: f64,
    age: usize,
    pieces: Vec<Rc<Piece>>,
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

/// The relaxation of a part for one condition.
struct Relaxed {
    cost: f64,
    values: Vec<f64>,
    /// The feature that stops on a side: the side's end, and how far it gets.
    stops: Option<(usize, f64, f64)>,
    /// What the whole side gains.
    reach: f64,
}

/// What a part must cost less than; sums that differ by rounding alone count as the same.
fn limit(best: &Option<(f64, Vec<f64>)>) -> f64 {
    best.as_ref().map_or(f64::INFINITY, |(cost, _)| cost - 1e-12 * (1.0 + cost))
}

#[allow(clippy::indexing_slicing, reason = "every feature has a curve, a piece and a value")]
impl Search<'_> {
    pub(crate) fn run(&self) -> Result<Outcome<f64>, CounterfactualError> {
        let mut best: Option<(f64, Vec<f64>)> = None;
        let mut heap = BinaryHeap::new();
        let mut age = 0;
        let root: Option<Vec<Rc<Piece>>> =
            self.curves.iter().map(|curve| curve.piece(curve.all(), self.needed.len())).collect();
        if let Some(root) = root {
            self.push(&mut heap, root, &best, &mut age);
        }
        let mut nodes = 0;
        while let Some(part) = heap.pop() {
            if part.cost >= limit(&best) {
                break;
            }
            if nodes >= self.max_nodes {
                return Ok(Outcome { best, proof: Proof::AtLeast(part.cost) });
            }
            nodes += 1;
            let Some((condition, relaxed)) = self.dearest(&part.pieces) else { continue };
            let rounded = self.rounded(&part.pieces, &relaxed, 0.0);
            // The relaxation aims a tolerance below what is needed; where the model minds, a little more is tried.
            let mut is_met = false;
            for more in [0.0, 1.0, 3.0] {
                let reach = relaxed.reach.max(f64::MIN_POSITIVE);
                let tried = self.rounded(&part.pieces, &relaxed, more * self.tolerance / reach);
                if (more > 0.0 && tried == rounded) || !self.is_allowed(&tried) {
                    continue;
                }
                let (is_granted, cost) = (self.confirm)(&tried)?;
                if is_granted {
                    if best.as_ref().is_none_or(|(known, _)| cost < *known) {
                        best = Some((cost, tried));
                    }
                    is_met = true;
                    break;
                }
                if relaxed.stops.is_none() {
                    break;
                }
            }
            // Where any number may stop the relaxation, what was granted is the part's cheapest within the tolerance.
            if is_met && relaxed.stops.is_some_and(|(v, ..)| self.curves[v].is_smooth(&part.pieces[v].span)) {
                continue;
            }
            for (variable, span) in self.cut(&part.pieces, condition, &relaxed, &rounded) {
                let Some(piece) = self.curves[variable].piece(span, self.needed.len()) else { continue };
                let mut pieces = part.pieces.clone();
                pieces[variable] = piece;
                self.push(&mut heap, pieces, &best, &mut age);
            }
        }
        let proof = if best.is_some() { Proof::Optimal } else { Proof::Unreachable };
        Ok(Outcome { best, proof })
    }

    /// Keeps a part unless it is too dear or cannot be granted.
    fn push(
        &self,
        heap: &mut BinaryHeap<Part>,
        pieces: Vec<Rc<Piece>>,
        best: &Option<(f64, Vec<f64>)>,
        age: &mut usize,
    ) {
        let must = |v: &usize| !self.curves[*v].may_stay(&pieces[*v].span);
        let n_must = (0..pieces.len()).filter(must).count();
        if n_must > self.max_changes || self.taken.iter().any(|set| set.iter().all(must)) {
            return;
        }
        let Some((_, relaxed)) = self.dearest(&pieces) else { return };
        if relaxed.cost < limit(best) {
            *age += 1;
            heap.push(Part { cost: relaxed.cost, age: *age, pieces });
        }
    }

    /// The condition whose relaxation costs most; none where one cannot be met.
    fn dearest(&self, pieces: &[Rc<Piece>]) -> Option<(usize, Relaxed)> {
        let mut dearest: Option<(usize, Relaxed)> = None;
        for condition in 0..self.needed.len() {
            let relaxed = self.relaxed(pieces, condition)?;
            if dearest.as_ref().is_none_or(|(_, known)| relaxed.cost > known.cost) {
                dearest = Some((condition, relaxed));
            }
        }
        dearest
    }

    fn relaxed(&self, pieces: &[Rc<Piece>], condition: usize) -> Option<Relaxed> {
        let mut values: Vec<f64> = pieces.iter().map(|piece| piece.cheapest).collect();
        let mut cost: f64 = pieces.iter().map(|piece| piece.cost).sum();
        let gained: f64 = pieces.iter().map(|piece| piece.starts[condition]).sum();
        let mut missing = self.needed[condition] - self.tolerance - gained;
        if missing <= 0.0 {
            return Some(Relaxed { cost, values, stops: None, reach: 0.0 });
        }
        let mut sides: Vec<(usize, usize)> = Vec::new();
        for (variable, piece) in pieces.iter().enumerate() {
            sides.extend((0..piece.edges[condition].len()).map(|place| (variable, place)));
        }
        let edge = |(variable, place): &(usize, usize)| pieces[*variable].edges[condition][*place];
        let per_gain = |side: &(usize, usize)| edge(side).cost / edge(side).gain;
        sides.sort_by(|a, b| per_gain(a).total_cmp(&per_gain(b)).then(a.cmp(b)));
        for side in sides {
            let edge = edge(&side);
            if edge.gain < missing {
                (missing, cost) = (missing - edge.gain, cost + edge.cost);
                values[side.0] = edge.to;
                continue;
            }
            let share = missing / edge.gain;
            let stops = (share < 1.0).then_some((side.0, edge.to, share));
            if stops.is_none() {
                values[side.0] = edge.to;
            }
            return Some(Relaxed { cost: cost + edge.cost * share, values, stops, reach: edge.gain });
        }
        None
    }

    /// The relaxation's values with the one that stops between two of its values moved on to where it gains enough, and `more`.
    fn rounded(&self, pieces: &[Rc<Piece>], relaxed: &Relaxed, more: f64) -> Vec<f64> {
        let mut values = relaxed.values.clone();
        if let Some((variable, to, share)) = relaxed.stops {
            let from = values[variable];
            values[variable] = self.curves[variable].beyond(&pieces[variable].span, from, to, share + more);
        }
        values
    }

    fn changed(&self, values: &[f64]) -> Vec<usize> {
        (0..values.len()).filter(|v| !is_same(values[*v], self.curves[*v].present())).collect()
    }

    fn is_allowed(&self, values: &[f64]) -> bool {
        let changed = self.changed(values);
        !changed.is_empty()
            && changed.len() <= self.max_changes
            && !self.taken.iter().any(|set| set.iter().all(|v| changed.contains(v)))
    }

    /// Parts without the relaxation's values: at the feature that stops between two of its values, or, where none does, at one
    /// that breaks a limit or is in the way of another condition.
    fn cut(&self, pieces: &[Rc<Piece>], condition: usize, relaxed: &Relaxed, rounded: &[f64]) -> Vec<(usize, Span)> {
        let on = |variable: usize, spans: Vec<Span>| spans.into_iter().map(|span| (variable, span)).collect();
        if let Some((variable, to, share)) = relaxed.stops {
            let spans = self.curves[variable].split(&pieces[variable].span, condition, to, share);
            return on(variable, spans);
        }
        let is_open = |v: &usize| !self.curves[*v].is_single(&pieces[*v].span);
        let may_stay = |v: &usize| self.curves[*v].may_stay(&pieces[*v].span);
        let changed = self.changed(rounded);
        if !self.is_allowed(rounded) && !changed.is_empty() {
            if let Some(variable) = changed.into_iter().find(|v| may_stay(v) && is_open(v)) {
                let curve = &self.curves[variable];
                return on(variable, curve.apart(&pieces[variable].span, curve.present()));
            }
            return Vec::new();
        }
        let most = (0..pieces.len()).filter(is_open).max_by(|a, b| {
            let reach = |v: &usize| pieces[*v].edges.iter().flatten().map(|edge| edge.gain).fold(0.0, f64::max);
            reach(a).total_cmp(&reach(b)).then(b.cmp(a))
        });
        let Some(variable) = most else { return Vec::new() };
        on(variable, self.curves[variable].apart(&pieces[variable].span, rounded[variable]))
    }
}
