//! Small trees without walking: every question is asked of sixteen rows at once, and each answer strikes out
//! leaves (Lucchese and others, 2015, "QuickScorer: a fast algorithm to rank documents with additive ensembles
//! of regression trees", doi:10.1145/2766462.2767733).
//!
//! Leaves are numbered from left to right and a row starts with all of them. A row that goes right at a node
//! strikes out the leaves on that node's left. The first leaf that is left at the end is the one it falls into:
//! what stands before it was struck out by the nodes on its way, and nodes elsewhere only strike out leaves
//! below themselves. Numbers are replaced by their rank among a lane's thresholds, found once per row, so that
//! a question compares 16-bit numbers.

use std::collections::BTreeMap;

use super::{
    EnsembleParts, Node, Rule, Tree,
    plan::{Key, Lane, LaneKind, key_of_threshold, lane_of},
};

/// Rows that are asked at once.
pub(super) const ROWS: usize = 16;

/// Leaves that fit into the bits of a row.
const MAX_LEAVES: usize = 32;

/// Codes of a category that a table is made for.
const MAX_CODES: usize = 256;

/// Ranks of the values of one lane in sixteen rows.
pub(super) type Ranks = [i16; ROWS];

/// The small trees of an ensemble.
#[derive(Clone, Debug)]
pub(super) struct Bits<K> {
    pub lanes: Vec<RankLane<K>>,
    /// By tree: its questions, where it is small enough.
    pub trees: Vec<Option<BitTree>>,
    /// Leaves that are left, by code, for each question about a category.
    tables: Vec<u32>,
}

/// A lane with its thresholds in ascending order, which is empty for categories.
#[derive(Clone, Debug)]
pub(super) struct RankLane<K> {
    pub lane: Lane,
    thresholds: Vec<K>,
}

/// A tree as questions.
#[derive(Clone, Debug)]
pub(super) struct BitTree {
    numbers: Vec<Question>,
    categories: Vec<TableQuestion>,
    values: Vec<f64>,
}

/// Rows whose rank is higher go right, which strikes out these leaves.
#[derive(Clone, Copy, Debug)]
struct Question {
    lane: u32,
    rank: i16,
    struck: u32,
}

/// Rows keep the leaves that the table says.
#[derive(Clone, Copy, Debug)]
struct TableQuestion {
    lane: u32,
    table: u32,
}

impl<K: Key> RankLane<K> {
    /// Number of thresholds below a key; the code itself for a category.
    #[inline]
    pub(super) fn rank(&self, key: K) -> i16 {
        let rank = match self.lane.kind {
            LaneKind::Number { .. } => self.thresholds.partition_point(|t| *t < key),
            LaneKind::Category { .. } => key.code() as usize,
        };
        i16::try_from(rank).unwrap_or(i16::MAX)
    }
}

impl<K: Key> Bits<K> {
    pub(super) fn over(parts: &EnsembleParts) -> Self {
        let mut lanes: BTreeMap<Lane, Vec<K>> = BTreeMap::new();
        for tree in parts.trees.iter().filter(|tree| is_small(tree)) {
            for (lane, rule) in questions(tree, parts) {
                let thresholds = lanes.entry(lane).or_default();
                if let Rule::Threshold { threshold, comparison, .. } = rule {
                    thresholds.push(key_of_threshold(*threshold, *comparison));
                }
            }
        }
        for thresholds in lanes.values_mut() {
            thresholds.sort_unstable();
            thresholds.dedup();
        }
        lanes.retain(|lane, thresholds| match lane.kind {
            LaneKind::Number { .. } => thresholds.len() < i16::MAX as usize,
            LaneKind::Category { other } => other as usize + 2 <= MAX_CODES,
        });
        let places = lanes.keys().zip(0..).map(|(lane, place)| (*lane, place)).collect();
        let lanes: Vec<RankLane<K>> =
            lanes.into_iter().map(|(lane, thresholds)| RankLane { lane, thresholds }).collect();
        let mut bits = Self { lanes, trees: Vec::new(), tables: Vec::new() };
        for tree in &parts.trees {
            let made = if is_small(tree) { bits.tree(tree, parts, &places) } else { None };
            bits.trees.push(made);
        }
        bits
    }

    /// A tree's questions; `None` when one of them is about a lane that is too large.
    fn tree(&mut self, tree: &Tree, parts: &EnsembleParts, places: &BTreeMap<Lane, u32>) -> Option<BitTree> {
        let before = self.tables.len();
        let made = self.try_tree(tree, parts, places);
        if made.is_none() {
            self.tables.truncate(before);
        }
        made
    }

    fn try_tree(&mut self, tree: &Tree, parts: &EnsembleParts, places: &BTreeMap<Lane, u32>) -> Option<BitTree> {
        let mut made = BitTree { numbers: Vec::new(), categories: Vec::new(), values: Vec::new() };
        // From left to right: a node on the stack with the number of leaves before it, or a node whose left
        // side is done.
        let mut stack = vec![(0_usize, None)];
        while let Some((at, left_from)) = stack.pop() {
            let n_before = u32::try_from(made.values.len()).ok()?;
            match (tree.nodes().get(at)?, left_from) {
                (Node::Leaf(leaf), _) => made.values.push(*tree.values().get(*leaf)?),
                (Node::Split { left, .. }, None) => {
                    stack.push((at, Some(n_before)));
                    stack.push((*left, None));
                }
                (Node::Split { feature, rule, right, .. }, Some(start)) => {
                    // The leaves from `start` on are those on the left.
                    let struck = ones(n_before) & !ones(start);
                    let lane = lane_of(*feature, rule, parts);
                    let place = *places.get(&lane)?;
                    self.ask(&mut made, place, lane, rule, struck)?;
                    stack.push((*right, None));
                }
            }
        }
        Some(made)
    }

    fn ask(&mut self, made: &mut BitTree, place: u32, lane: Lane, rule: &Rule, struck: u32) -> Option<()> {
        match (rule, lane.kind) {
            (Rule::Threshold { threshold, comparison, .. }, _) => {
                let key: K = key_of_threshold(*threshold, *comparison);
                let thresholds = &self.lanes.get(place as usize)?.thresholds;
                let rank = i16::try_from(thresholds.binary_search(&key).ok()?).ok()?;
                made.numbers.push(Question { lane: place, rank, struck });
            }
            (Rule::Categories { missing_left, .. }, LaneKind::Category { other }) => {
                let table = u32::try_from(self.tables.len()).ok()?;
                made.categories.push(TableQuestion { lane: place, table });
                let left = (0..=other).map(|code| rule.goes_left(f64::from(code))).chain([*missing_left]);
                self.tables.extend(left.map(|is_left| if is_left { u32::MAX } else { !struck }));
            }
            (Rule::Categories { .. }, LaneKind::Number { .. }) => return None,
        }
        Some(())
    }

    /// Adds a tree's values to sums in the order of rows, `stride` apart.
    #[inline]
    pub(super) fn add(
        &self,
        tree: &BitTree,
        ranks: &[Ranks],
        sums: &mut [f64],
        stride: usize,
        plus: impl Fn(f64, f64) -> f64,
    ) {
        let blocks = ranks.chunks_exact(self.lanes.len().max(1));
        for (ranks, sums) in blocks.zip(sums.chunks_mut(ROWS * stride)) {
            let left = self.left(tree, ranks);
            for (sum, left) in sums.iter_mut().step_by(stride).zip(left) {
                let value = tree.values.get(left.trailing_zeros() as usize);
                *sum = plus(*sum, value.copied().unwrap_or(0.0));
            }
        }
    }

    /// The leaves that are left to each of sixteen rows.
    #[inline(never)]
    #[allow(clippy::needless_range_loop, reason = "see below")]
    #[allow(clippy::indexing_slicing, reason = "the innermost loop; `Bits::over` keeps lanes and tables in range")]
    fn left(&self, tree: &BitTree, ranks: &[Ranks]) -> [u32; ROWS] {
        let mut left = [u32::MAX; ROWS];
        for question in &tree.numbers {
            // A copy, indices and masks instead of a choice: the shape that compiles to vector instructions.
            let ranks = ranks[question.lane as usize];
            for row in 0..ROWS {
                let right = u32::from(ranks[row] > question.rank);
                left[row] &= !(right.wrapping_neg() & question.struck);
            }
        }
        for question in &tree.categories {
            let table = &self.tables[question.table as usize..];
            for (left, code) in left.iter_mut().zip(&ranks[question.lane as usize]) {
                #[allow(clippy::cast_sign_loss, reason = "codes are not negative")]
                let code = *code as usize;
                *left &= table[code];
            }
        }
        left
    }
}

/// A tree that fits: few leaves, one output, plain values.
fn is_small(tree: &Tree) -> bool {
    tree.n_leaves() <= MAX_LEAVES && tree.output().is_some() && tree.linear().is_empty()
}

fn questions<'a>(tree: &'a Tree, parts: &EnsembleParts) -> impl Iterator<Item = (Lane, &'a Rule)> {
    tree.nodes().iter().filter_map(move |node| match node {
        Node::Split { feature, rule, .. } => Some((lane_of(*feature, rule, parts), rule)),
        Node::Leaf(_) => None,
    })
}

/// The lowest `n` bits.
fn ones(n: u32) -> u32 {
    1_u32.checked_shl(n).map_or(u32::MAX, |bit| bit - 1)
}
