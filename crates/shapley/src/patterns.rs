//! Which of the players on its way a row agrees with, for each leaf: a pattern of bits, many rows side by side.
//!
//! Bit `j` of a row's pattern at a leaf says whether the row meets all conditions of the `j`-th player asked on the way
//! there. Two leaves below one split are one stop: the pattern of the split says all of theirs, with one more bit
//! for the side where the split's player was asked before.

use crate::{
    block::{Block, ROWS},
    forest::{Child, Forest, Shape},
};

/// Most bits of a pattern.
pub(crate) const MAX_BITS: usize = 31;

/// Bits of many rows.
pub(crate) type Bits = [u32; ROWS];

/// What is done at a place of the walk.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Ask a split.
    Ask(u32),
    /// Turn to its right side.
    Turn(u32),
    /// Both leaves of a split, after it was asked.
    Pair(u32, u32),
    /// The leaf on the side that was turned to.
    Leaf { split: u32, is_left: bool, stop: u32 },
}

/// Leaves with one pattern.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// The leaves: one, or the left and the right one of a split.
    pub(crate) leaves: [Option<u32>; 2],
    /// Players by bit.
    pub(crate) players: Vec<u32>,
    /// Share of the training rows that meet the conditions of each player, for each leaf.
    pub(crate) shares: [Vec<f64>; 2],
    /// Bits of the pattern, one more than players when a pair asks a player again.
    pub(crate) n_bits: usize,
    /// The bit of the pair's player.
    pub(crate) last: usize,
}

/// The walk over a tree.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    steps: Vec<Step>,
    /// By split: the bit of its player, and whether it is asked for the first time.
    bits: Vec<(u32, bool)>,
    pub(crate) stops: Vec<Stop>,
}

/// Bits by level: of the way that is being taken, and of the answer at each level.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    patterns: Vec<Bits>,
    answers: Vec<Bits>,
}

impl Trail {
    pub(crate) fn new(depth: usize) -> Self {
        Self { patterns: vec![[0; ROWS]; depth + 1], answers: vec![[0; ROWS]; depth + 1] }
    }
}

impl Stop {
    /// The pattern of a pair's left or right leaf, from the pair's; that of a leaf by itself is its own.
    pub(crate) fn of_leaf(&self, pattern: usize, is_right: bool) -> usize {
        if self.leaves.iter().flatten().count() < 2 {
            return pattern;
        }
        let n = self.players.len();
        let answer = pattern >> (self.n_bits - 1) & 1 == 1;
        let met = answer != is_right;
        let known = pattern & ((1 << n) - 1);
        if self.n_bits == n {
            // Asked for the first time: the answer is the last player's bit.
            known & !(1 << self.last) | usize::from(met) << self.last
        } else if met {
            known
        } else {
            known & !(1 << self.last)
        }
    }
}

impl Patterns {
    /// The walk; `None` when more players are on one way than a pattern has bits.
    pub(crate) fn over(shape: &Shape) -> Option<Self> {
        if shape.n_on_path >= MAX_BITS {
            return None;
        }
        let mut out = Self { steps: Vec::new(), bits: vec![(0, false); shape.splits.len()], stops: Vec::new() };
        // Players with their shares on the way, by level.
        let mut way: Vec<(u32, f64)> = Vec::new();
        enum Task {
            Visit(Child, Option<(u32, bool)>),
            Turn(u32),
        }
        let mut tasks = vec![Task::Visit(shape.root, None)];
        while let Some(task) = tasks.pop() {
            let (child, from) = match task {
                Task::Turn(at) => {
                    out.steps.push(Step::Turn(at));
                    continue;
                }
                Task::Visit(child, from) => (child, from),
            };
            if let Some((at, is_left)) = from
                && let Some(split) = shape.splits.get(at as usize)
            {
                way.truncate(split.level as usize);
                way.push((split.player, side(split.left_share, is_left)));
            }
            let (players, shares) = gathered(&way);
            match child {
                Child::Leaf(leaf) => {
                    let stop = out.stops.len() as u32;
                    if let Some((split, is_left)) = from {
                        out.steps.push(Step::Leaf { split, is_left, stop });
                    }
                    let n_bits = players.len();
                    out.stops.push(Stop {
                        leaves: [Some(leaf), None],
                        players,
                        shares: [shares, Vec::new()],
                        n_bits,
                        last: 0,
                    });
                }
                Child::Split(at) => {
                    let Some(split) = shape.splits.get(at as usize) else { continue };
                    let known = players.iter().position(|p| *p == split.player);
                    let last = known.unwrap_or(players.len());
                    if let Some(slot) = out.bits.get_mut(at as usize) {
                        *slot = (last as u32, known.is_none());
                    }
                    out.steps.push(Step::Ask(at));
                    if let (Child::Leaf(left), Child::Leaf(right)) = (split.left, split.right) {
                        out.steps.push(Step::Pair(at, out.stops.len() as u32));
                        let mut sides = [shares.clone(), shares];
                        for (shares, is_left) in sides.iter_mut().zip([true, false]) {
                            match shares.get_mut(last) {
                                Some(share) => *share *= side(split.left_share, is_left),
                                None => shares.push(side(split.left_share, is_left)),
                            }
                        }
                        let n_bits = players.len() + 1;
                        let mut players = players;
                        if known.is_none() {
                            players.push(split.player);
                        }
                        let leaves = [Some(left), Some(right)];
                        out.stops.push(Stop { leaves, players, shares: sides, n_bits, last });
                        continue;
                    }
                    tasks.push(Task::Visit(split.right, Some((at, false))));
                    tasks.push(Task::Turn(at));
                    tasks.push(Task::Visit(split.left, Some((at, true))));
                }
            }
        }
        Some(out)
    }

    /// Tells the patterns of a block at each stop, in the order of the stops.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "the innermost loop; `over` and `Trail::new` fit each other")]
    pub(crate) fn walk(
        &self,
        forest: &Forest,
        shape: &Shape,
        block: &Block,
        trail: &mut Trail,
        mut at_stop: impl FnMut(usize, &Bits),
    ) {
        // Patterns stand one level below their split: that of the root is empty.
        if let Child::Leaf(_) = shape.root {
            at_stop(0, &[0; ROWS]);
            return;
        }
        trail.patterns[0] = [0; ROWS];
        for step in &self.steps {
            let (Step::Ask(at) | Step::Turn(at) | Step::Pair(at, _) | Step::Leaf { split: at, .. }) = *step;
            let split = &shape.splits[at as usize];
            let level = split.level as usize;
            let (bit, is_new) = self.bits[at as usize];
            match *step {
                Step::Ask(_) => {
                    trail.answers[level] = block.ask(forest, split.test);
                    if let Child::Split(_) = split.left {
                        let (above, below) = trail.patterns.split_at_mut(level + 1);
                        below[0] = met(&above[level], &trail.answers[level], bit, is_new, 0);
                    }
                }
                Step::Turn(_) => {
                    if let Child::Split(_) = split.right {
                        let (above, below) = trail.patterns.split_at_mut(level + 1);
                        below[0] = met(&above[level], &trail.answers[level], bit, is_new, 1);
                    }
                }
                Step::Pair(_, stop) => {
                    let place = self.stops[stop as usize].n_bits - 1;
                    let (pattern, answer) = (&trail.patterns[level], &trail.answers[level]);
                    let mut bits = [0; ROWS];
                    for i in 0..ROWS {
                        bits[i] = pattern[i] | answer[i] << place;
                    }
                    at_stop(stop as usize, &bits);
                }
                Step::Leaf { is_left, stop, .. } => {
                    let flip = u32::from(!is_left);
                    let bits = met(&trail.patterns[level], &trail.answers[level], bit, is_new, flip);
                    at_stop(stop as usize, &bits);
                }
            }
        }
    }
}

/// A pattern after an answer, which `flip` turns round.
#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "arrays of one length")]
fn met(pattern: &Bits, answer: &Bits, bit: u32, is_new: bool, flip: u32) -> Bits {
    let mut out = [0; ROWS];
    if is_new {
        for i in 0..ROWS {
            out[i] = pattern[i] | (answer[i] ^ flip) << bit;
        }
    } else {
        let others = !(1 << bit);
        for i in 0..ROWS {
            out[i] = pattern[i] & (others | (answer[i] ^ flip) << bit);
        }
    }
    out
}

fn side(left_share: f64, is_left: bool) -> f64 {
    if is_left { left_share } else { 1.0 - left_share }
}

/// Players in the order in which they are first asked, with their shares.
fn gathered(way: &[(u32, f64)]) -> (Vec<u32>, Vec<f64>) {
    let (mut players, mut shares): (Vec<u32>, Vec<f64>) = (Vec::new(), Vec::new());
    for (player, share) in way {
        match players.iter().position(|p| p == player).and_then(|at| shares.get_mut(at)) {
            Some(known) => *known *= share,
            None => {
                players.push(*player);
                shares.push(*share);
            }
        }
    }
    (players, shares)
}
