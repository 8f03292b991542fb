//! A tree cut into stops: subtrees whose leaves are read together.
//!
//! What a row has in common with all leaves of a subtree is a pattern of bits: one for each player asked above the subtree
//! (whether the row meets all of its conditions on the way) and one for the answer at each split within. A table over these
//! patterns gives each player the sum of what all those leaves give it. A larger subtree means fewer tables and more bits;
//! the cut is the cheapest one, found from the leaves upwards.

use crate::forest::{Child, Shape};

/// Bits of a pattern at most.
pub(crate) const MOST_BITS: usize = 12;

/// Leaves with one pattern.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// By bit: the mask that it comes from (see [`Cut`]).
    pub(crate) bits: Vec<u32>,
    /// Everybody who is asked on the way to one of the leaves.
    pub(crate) players: Vec<u32>,
    pub(crate) leaves: Vec<Hanging>,
}

/// A leaf of a stop.
#[derive(Clone, Debug)]
pub(crate) struct Hanging {
    pub(crate) leaf: u32,
    pub(crate) terms: Vec<Term>,
}

/// What one player must meet to reach a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    pub(crate) player: u32,
    /// Share of the training rows that its splits let through.
    pub(crate) share: f64,
    /// Bits that are set, and bits that are clear, in the patterns that meet it.
    pub(crate) yes: u16,
    pub(crate) no: u16,
}

/// Rows that met a player's conditions before, and go one way at a split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) before: u32,
    pub(crate) split: u32,
    pub(crate) is_left: bool,
}

/// A tree cut into stops. Masks of rows are numbered: 0 is all rows, `1 + i` those that go left at split `i`, and after
/// these come the turns in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut {
    pub(crate) stops: Vec<Stop>,
    pub(crate) turns: Vec<Turn>,
}

/// A player asked on the way, with the mask of the rows that met all of its conditions.
#[derive(Clone, Copy, Debug)]
struct Known {
    player: u32,
    mask: u32,
    share: f64,
}

/// Numbers that a stop of so many players gives.
pub(crate) type Cells = fn(usize) -> usize;

/// What the cut of a tree costs for one row, in operations on registers of 16 numbers.
pub(crate) fn price_of(n_bits: usize) -> f64 {
    // Looking up, adding and widening: three bytes of 64 rows at once.
    let lookups = [0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 1.0].get(n_bits).copied();
    let lookups = lookups.unwrap_or_else(|| 1.2 * f64::from(1_u32 << (n_bits - 7).min(16)));
    (3.0 * lookups + 3.0 * 1.8) / 64.0
}

impl Cut {
    /// The cheapest cut; `None` when more players are on one way than a pattern may have bits.
    pub(crate) fn over(shape: &Shape, cells: Cells) -> Option<Self> {
        if shape.n_on_path > MOST_BITS {
            return None;
        }
        let whole = whole(shape, cells)?;
        let mut out = Self::default();
        let first_turn = 1 + shape.splits.len() as u32;
        let mut stack: Vec<(Child, Vec<Known>)> = vec![(shape.root, Vec::new())];
        while let Some((child, way)) = stack.pop() {
            let n_whole = match child {
                Child::Leaf(_) => Some(0),
                Child::Split(at) => whole.get(at as usize).copied().flatten(),
            };
            if let Some(n_splits) = n_whole {
                out.stops.push(stop(shape, child, &way, n_splits));
                continue;
            }
            let Child::Split(at) = child else { continue };
            let Some(split) = shape.splits.get(at as usize) else { continue };
            for (child, is_left) in [(split.right, false), (split.left, true)] {
                let mut way = way.clone();
                let mask = first_turn + out.turns.len() as u32;
                let share = side(split.left_share, is_left);
                let before = match way.iter_mut().find(|known| known.player == split.player) {
                    Some(known) => {
                        known.share *= share;
                        std::mem::replace(&mut known.mask, mask)
                    }
                    None => {
                        way.push(Known { player: split.player, mask, share });
                        0
                    }
                };
                out.turns.push(Turn { before, split: at, is_left });
                stack.push((child, way));
            }
        }
        Some(out)
    }

    /// The stops.
    pub(crate) fn stops(&self) -> impl Iterator<Item = &Stop> {
        self.stops.iter()
    }

    /// What reading all tables costs for one row; see [`price_of`].
    pub(crate) fn cost(&self, cells: Cells) -> f64 {
        self.stops.iter().map(|stop| cells(stop.players.len()) as f64 * price_of(stop.bits.len())).sum()
    }
}

impl Stop {
    /// For each pattern of the stop, that of one of its leaves: bit `k` for its `k`-th term.
    #[inline(always)]
    pub(crate) fn of_leaf(&self, leaf: &Hanging, out: &mut Vec<u16>) {
        out.clear();
        out.resize(1 << self.bits.len(), 0);
        for (k, term) in leaf.terms.iter().enumerate() {
            let (told, yes, bit) = (term.yes | term.no, term.yes, 1_u16 << k);
            for (pattern, own) in out.iter_mut().enumerate() {
                *own |= if pattern as u16 & told == yes { bit } else { 0 };
            }
        }
    }
}

/// By split: the number of splits of its subtree when that is one stop.
fn whole(shape: &Shape, cells: Cells) -> Option<Vec<Option<u32>>> {
    let mut names: Vec<u32> = shape.splits.iter().map(|split| split.player).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > 128 {
        return None;
    }
    let own = |player: u32| 1_u128 << names.binary_search(&player).unwrap_or(0);
    // Players asked above each split. Splits stand before those below them.
    let mut above = vec![0_u128; shape.splits.len()];
    for (at, split) in shape.splits.iter().enumerate() {
        let here = above.get(at).copied().unwrap_or(0) | own(split.player);
        for child in [split.left, split.right] {
            if let Child::Split(below) = child
                && let Some(slot) = above.get_mut(below as usize)
            {
                *slot = here;
            }
        }
    }
    let price = |n_players: u32, n_bits: usize| cells(n_players as usize) as f64 * price_of(n_bits);
    // By split: players at and below it, splits of its subtree, and what the subtree costs.
    let mut found = vec![(0_u128, 0_u32, 0.0); shape.splits.len()];
    let mut out = vec![None; shape.splits.len()];
    for (at, split) in shape.splits.iter().enumerate().rev() {
        let above = above.get(at).copied().unwrap_or(0);
        let here = above | own(split.player);
        let (mut players, mut n_splits, mut apart) = (own(split.player), 1, 0.0);
        for child in [split.left, split.right] {
            match child {
                Child::Leaf(_) => apart += price(here.count_ones(), here.count_ones() as usize),
                Child::Split(below) => {
                    let (more, n, cost) = found.get(below as usize).copied().unwrap_or_default();
                    players |= more;
                    n_splits += n;
                    apart += cost;
                }
            }
        }
        let n_bits = above.count_ones() as usize + n_splits as usize;
        let mut cost = apart;
        if n_bits <= MOST_BITS {
            let together = price((above | players).count_ones(), n_bits);
            if together <= apart {
                cost = together;
                if let Some(slot) = out.get_mut(at) {
                    *slot = Some(n_splits);
                }
            }
        }
        if let Some(slot) = found.get_mut(at) {
            *slot = (players, n_splits, cost);
        }
    }
    Some(out)
}

/// The leaves of a subtree of so many splits, which stand one after the other.
fn stop(shape: &Shape, root: Child, way: &[Known], n_splits: u32) -> Stop {
    let n_known = way.len() as u32;
    let first = if let Child::Split(at) = root { at } else { 0 };
    let mut bits: Vec<u32> = way.iter().map(|known| known.mask).collect();
    bits.extend((first..first + n_splits).map(|split| 1 + split));
    let known = way.iter().zip(0_u32..);
    let terms: Vec<Term> =
        known.map(|(known, bit)| Term { player: known.player, share: known.share, yes: 1 << bit, no: 0 }).collect();
    let mut leaves = Vec::with_capacity(n_splits as usize + 1);
    let mut stack = vec![(root, terms)];
    while let Some((child, terms)) = stack.pop() {
        match child {
            Child::Leaf(leaf) => leaves.push(Hanging { leaf, terms }),
            Child::Split(at) => {
                let Some(split) = shape.splits.get(at as usize) else { continue };
                let bit = 1_u16 << (n_known + at - first);
                for (child, is_left) in [(split.right, false), (split.left, true)] {
                    let mut terms = terms.clone();
                    let share = side(split.left_share, is_left);
                    let (yes, no) = if is_left { (bit, 0) } else { (0, bit) };
                    match terms.iter_mut().find(|term| term.player == split.player) {
                        Some(term) => {
                            term.share *= share;
                            term.yes |= yes;
                            term.no |= no;
                        }
                        None => terms.push(Term { player: split.player, share, yes, no }),
                    }
                    stack.push((child, terms));
                }
            }
        }
    }
    let mut players: Vec<u32> = leaves.iter().flat_map(|leaf| leaf.terms.iter().map(|term| term.player)).collect();
    players.sort_unstable();
    players.dedup();
    Stop { bits, players, leaves }
}

fn side(left_share: f64, is_left: bool) -> f64 {
    if is_left { left_share } else { 1.0 - left_share }
}
