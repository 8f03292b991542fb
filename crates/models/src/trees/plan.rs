//! Trees as the evaluator wants them: small nodes side by side, and one integer comparison per step.
//!
//! A number becomes an integer with the same order (its *key*), so that `x <= t` is a comparison of integers
//! and `x < t` is the same with the next lower key. A missing value becomes the lowest key in columns for
//! nodes that send missing left, and the highest key in columns for nodes that send it right: a feature has
//! one *lane* for each way its nodes treat missing values. A category keeps its code; its nodes look it up
//! in a bit table, where other and missing values have bits of their own. Children lie side by side, so a
//! step is `child + goes_right`, without a branch.

use std::collections::BTreeMap;

use super::{
    Comparison, EnsembleError, EnsembleParts, FeatureKind, Node, Precision, Rule, Tree,
    bits::{BitTree, Bits},
    tree::is_zero,
};

/// Bounds on what hostile files could blow up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// 32-bit words of category tables.
    pub words: usize,
    /// Nodes of one tree.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // 256 MiB of tables; node indices and lanes have 31 bits.
        Self { words: 1 << 26, nodes: 1 << 30 }
    }
}

/// An integer with the order of the numbers.
pub(super) trait Key: Copy + Ord + Default + Send + Sync {
    const LOWEST: Self;
    const HIGHEST: Self;
    fn of(x: f64) -> Self;
    fn below(self) -> Self;
    /// How far above another key this one is; that one is not higher.
    fn above(self, lower: Self) -> u64;
    fn from_code(code: u32) -> Self;
    fn code(self) -> u32;
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "bit patterns")]
impl Key for i64 {
    const LOWEST: Self = i64::MIN;
    const HIGHEST: Self = i64::MAX;

    #[inline]
    fn of(x: f64) -> Self {
        // Adding zero makes negative zero positive. Negative numbers count down from -1.
        let bits = (x + 0.0).to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    }

    fn below(self) -> Self {
        self.saturating_sub(1)
    }

    #[inline]
    fn above(self, lower: Self) -> u64 {
        self.wrapping_sub(lower) as u64
    }

    #[inline]
    fn from_code(code: u32) -> Self {
        i64::from(code)
    }

    #[inline]
    fn code(self) -> u32 {
        self as u32
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "bit patterns")]
impl Key for i32 {
    const LOWEST: Self = i32::MIN;
    const HIGHEST: Self = i32::MAX;

    #[inline]
    fn of(x: f64) -> Self {
        let bits = (x as f32 + 0.0).to_bits() as i32;
        bits ^ (((bits >> 31) as u32) >> 1) as i32
    }

    fn below(self) -> Self {
        self.saturating_sub(1)
    }

    #[inline]
    fn above(self, lower: Self) -> u64 {
        u64::from(self.wrapping_sub(lower) as u32)
    }

    #[inline]
    fn from_code(code: u32) -> Self {
        code as i32
    }

    #[inline]
    fn code(self) -> u32 {
        self as u32
    }
}

/// A column of a block of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub feature: usize,
    pub kind: LaneKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LaneKind {
    Number { missing_left: bool, zero_is_missing: bool },
    Category { other: u32 },
}

impl LaneKind {
    /// Key of a number.
    #[inline]
    pub(super) fn key<K: Key>(self, x: f64) -> K {
        match self {
            Self::Number { missing_left, zero_is_missing } => {
                if x.is_nan() || (zero_is_missing && is_zero(x)) {
                    return if missing_left { K::LOWEST } else { K::HIGHEST };
                }
                K::of(x)
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are encoded whole")]
            Self::Category { other } => {
                if x.is_nan() {
                    self.key_of_code(u32::MAX)
                } else {
                    self.key_of_code((x as u32).min(other))
                }
            }
        }
    }

    /// Key of a code: the missing one comes after the other one.
    #[inline]
    pub(super) fn key_of_code<K: Key>(self, code: u32) -> K {
        match self {
            Self::Number { .. } => K::HIGHEST,
            Self::Category { other } => K::from_code(code.min(other + 1)),
        }
    }
}

/// A node: where to look, what to compare with, and where the left child is. The top bit of the lane marks a
/// category node, whose key is where its bits begin. A leaf leads to itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<K> {
    pub key: K,
    pub lane: u32,
    pub child: u32,
}

/// Marks category nodes in [`Step::lane`].
pub(super) const CATEGORY: u32 = 1 << 31;

/// A tree made of steps.
#[derive(Clone, Debug)]
pub(super) struct Steps<K> {
    pub steps: Vec<Step<K>>,
    /// By step: the leaf it is, or `u32::MAX`.
    pub leaves: Vec<u32>,
    /// By step: the leaf's value when the tree has one output.
    pub values: Vec<f64>,
    pub depth: usize,
    pub has_categories: bool,
}

/// All trees, made of steps or, where they are small, of questions.
#[derive(Clone, Debug)]
pub(super) struct Compiled<K> {
    pub bits: Bits<K>,
    pub lanes: Vec<Lane>,
    /// By tree: its steps, unless it is small.
    pub trees: Vec<Option<Steps<K>>>,
    /// Bits of category nodes: 1 goes right.
    pub words: Vec<u32>,
}

/// The evaluator's trees in the ensemble's precision.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Double(Compiled<i64>),
    Single(Compiled<i32>),
}

impl Plan {
    pub(super) fn over(parts: &EnsembleParts, limits: Limits) -> Result<Self, EnsembleError> {
        Ok(match parts.features_in {
            Precision::Double => Self::Double(Compiled::over(parts, limits)?),
            Precision::Single => Self::Single(Compiled::over(parts, limits)?),
        })
    }
}

impl<K: Key> Compiled<K> {
    fn over(parts: &EnsembleParts, limits: Limits) -> Result<Self, EnsembleError> {
        let bits = Bits::over(parts);
        let lanes = lanes_of(parts, &bits.trees);
        // Words begin with one that category-free steps may read.
        let mut words = vec![0];
        let mut trees = Vec::with_capacity(parts.trees.len());
        for (tree, small) in parts.trees.iter().zip(&bits.trees) {
            trees.push(match small {
                Some(_) => None,
                None => Some(steps_of(tree, parts, &lanes, &mut words, limits)?),
            });
        }
        Ok(Self { bits, lanes: lanes.into_keys().collect(), trees, words })
    }
}

pub(super) fn lane_of(feature: usize, rule: &Rule, parts: &EnsembleParts) -> Lane {
    let kind = match (rule, parts.features.get(feature).map(|f| &f.kind)) {
        (Rule::Threshold { missing_left, zero_is_missing, .. }, _) => {
            LaneKind::Number { missing_left: *missing_left, zero_is_missing: *zero_is_missing }
        }
        (Rule::Categories { .. }, Some(FeatureKind::Category(categories))) => {
            LaneKind::Category { other: categories.other() }
        }
        (Rule::Categories { .. }, _) => LaneKind::Category { other: 0 },
    };
    Lane { feature, kind }
}

/// The lanes of trees that are walked.
fn lanes_of(parts: &EnsembleParts, small: &[Option<BitTree>]) -> BTreeMap<Lane, u32> {
    let mut lanes = BTreeMap::new();
    let walked = parts.trees.iter().zip(small).filter(|(_, small)| small.is_none());
    for node in walked.flat_map(|(tree, _)| tree.nodes()) {
        if let Node::Split { feature, rule, .. } = node {
            lanes.insert(lane_of(*feature, rule, parts), 0);
        }
    }
    for (index, lane) in (0..).zip(lanes.values_mut()) {
        *lane = index;
    }
    lanes
}

/// Lays a tree out breadth first, so that the children of a node lie side by side.
fn steps_of<K: Key>(
    tree: &Tree,
    parts: &EnsembleParts,
    lanes: &BTreeMap<Lane, u32>,
    words: &mut Vec<u32>,
    limits: Limits,
) -> Result<Steps<K>, EnsembleError> {
    let n_nodes = tree.nodes().len();
    if n_nodes > limits.nodes {
        return Err(EnsembleError::TooLarge { what: "nodes in one tree", count: n_nodes, limit: limits.nodes });
    }
    let mut order = Vec::with_capacity(n_nodes);
    order.push(0);
    let mut out = Steps {
        steps: Vec::with_capacity(n_nodes),
        leaves: vec![u32::MAX; n_nodes],
        values: vec![0.0; n_nodes],
        depth: tree.depth(),
        has_categories: false,
    };
    let mut at = 0;
    while let Some(node) = order.get(at).and_then(|index: &usize| tree.nodes().get(*index)) {
        let here = u32::try_from(at).unwrap_or(u32::MAX);
        let step = match node {
            Node::Leaf(leaf) => {
                if let Some(slot) = out.leaves.get_mut(at) {
                    *slot = u32::try_from(*leaf).unwrap_or(u32::MAX);
                }
                if let (Some(slot), Some(value)) = (out.values.get_mut(at), tree.values().get(*leaf))
                    && tree.output().is_some()
                {
                    *slot = *value;
                }
                Step { key: K::HIGHEST, lane: 0, child: here }
            }
            Node::Split { feature, rule, left, right } => {
                let child = u32::try_from(order.len()).unwrap_or(u32::MAX);
                order.push(*left);
                order.push(*right);
                let lane = lane_of(*feature, rule, parts);
                let lane_idx = lanes.get(&lane).copied().unwrap_or(0);
                match rule {
                    Rule::Threshold { threshold, comparison, .. } => {
                        Step { key: key_of_threshold(*threshold, *comparison), lane: lane_idx, child }
                    }
                    Rule::Categories { .. } => {
                        out.has_categories = true;
                        let key = K::from_code(u32::try_from(words.len()).unwrap_or(u32::MAX));
                        push_bits(words, rule, lane.kind, limits)?;
                        Step { key, lane: lane_idx | CATEGORY, child }
                    }
                }
            }
        };
        out.steps.push(step);
        at += 1;
    }
    Ok(out)
}

/// The highest key that goes left. No number is at most NaN, so NaN lets only missing values left.
pub(super) fn key_of_threshold<K: Key>(threshold: f64, comparison: Comparison) -> K {
    if threshold.is_nan() {
        return K::LOWEST;
    }
    match comparison {
        Comparison::LessOrEqual => K::of(threshold),
        Comparison::Less => K::of(threshold).below(),
    }
}

fn push_bits(words: &mut Vec<u32>, rule: &Rule, kind: LaneKind, limits: Limits) -> Result<(), EnsembleError> {
    let (Rule::Categories { listed, listed_left, missing_left }, LaneKind::Category { other }) = (rule, kind) else {
        return Ok(());
    };
    let n_words = (other as usize + 2).div_ceil(32);
    let count = words.len() + n_words;
    if count > limits.words {
        return Err(EnsembleError::TooLarge { what: "words of category sets", count, limit: limits.words });
    }
    // All categories go where those that are not listed go, then the listed ones and missing are set.
    let start = words.len();
    words.resize(count, if *listed_left { u32::MAX } else { 0 });
    let mut set = |code: u32, right: bool| {
        if let Some(word) = words.get_mut(start + (code >> 5) as usize) {
            let bit = 1 << (code & 31);
            if right { *word |= bit } else { *word &= !bit }
        }
    };
    for code in listed {
        set(*code, !listed_left);
    }
    set(other + 1, !missing_left);
    Ok(())
}
