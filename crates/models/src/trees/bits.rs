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
    EnsembleParts, Node, Precision, Rule, Tree,
    encode::in_precision,
    machine::Machine,
    plan::{Key, Lane, LaneKind, key_of_threshold, lane_of},
    ranks::{ROWS, Thresholds},
};

/// Leaves that fit into the narrow bits of a row.
const NARROW_LEAVES: usize = 32;

/// Leaves that fit into the wide bits of a row.
const WIDE_LEAVES: usize = 64;

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
    tables: Vec<u64>,
    machine: Machine,
}

/// A lane with its thresholds in ascending order, which is empty for categories.
#[derive(Clone, Debug)]
pub(super) struct RankLane<K> {
    pub lane: Lane,
    thresholds: Thresholds<K>,
}

/// A tree as questions.
#[derive(Clone, Debug)]
pub(super) struct BitTree {
    questions: Questions,
    categories: Vec<TableQuestion>,
    values: Vec<f64>,
}

/// Questions about numbers, in as many bits as there are leaves.
#[derive(Clone, Debug)]
enum Questions {
    Narrow(Vec<Question<u32>>),
    Wide(Vec<Question<u64>>),
}

/// Rows whose rank is higher go right, which strikes out these leaves.
#[derive(Clone, Copy, Debug)]
struct Question<L> {
    lane: u32,
    rank: i16,
    struck: L,
}

/// One bit for each leaf of a tree.
trait Leaves: Copy {
    const ALL: Self;
    /// These leaves without the struck ones, if `is_right`.
    fn without(self, struck: Self, is_right: bool) -> Self;
    /// The leaves that are in both.
    fn and(self, wide: u64) -> Self;
    /// Number of the first leaf.
    fn first(self) -> usize;
}

impl Leaves for u32 {
    const ALL: Self = Self::MAX;

    #[inline(always)]
    fn without(self, struck: Self, is_right: bool) -> Self {
        // Masks instead of a choice: the shape that compiles to vector instructions.
        self & !(Self::from(is_right).wrapping_neg() & struck)
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "narrow trees use the lower half")]
    fn and(self, wide: u64) -> Self {
        self & wide as Self
    }

    #[inline(always)]
    fn first(self) -> usize {
        self.trailing_zeros() as usize
    }
}

impl Leaves for u64 {
    const ALL: Self = Self::MAX;

    #[inline(always)]
    fn without(self, struck: Self, is_right: bool) -> Self {
        self & !(Self::from(is_right).wrapping_neg() & struck)
    }

    #[inline(always)]
    fn and(self, wide: u64) -> Self {
        self & wide
    }

    #[inline(always)]
    fn first(self) -> usize {
        self.trailing_zeros() as usize
    }
}

/// Rows keep the leaves that the table says.
#[derive(Clone, Copy, Debug)]
struct TableQuestion {
    lane: u32,
    table: u32,
}

impl<K: Key> RankLane<K> {
    /// Where keys stand among the thresholds; the code itself for a category.
    #[inline(always)]
    fn ranks(&self, keys: &[K; ROWS]) -> Ranks {
        match self.lane.kind {
            LaneKind::Number { .. } => self.thresholds.ranks(keys),
            LaneKind::Category { .. } => keys.map(|key| i16::try_from(key.code()).unwrap_or(i16::MAX)),
        }
    }
}

impl<K: Key> Bits<K> {
    pub(super) fn over(parts: &EnsembleParts) -> Self {
        Self::on(Machine::found(), parts)
    }

    fn on(machine: Machine, parts: &EnsembleParts) -> Self {
        let is_small = |tree: &Tree| is_small(tree, machine);
        let mut lanes: BTreeMap<Lane, Vec<K>> = BTreeMap::new();
        for tree in parts.trees.iter().filter(|tree| is_small(tree)) {
            for (lane, rule) in questions(tree, parts) {
                let thresholds = lanes.entry(lane).or_default();
                if let Rule::Threshold { threshold, comparison, .. } = rule {
                    thresholds.push(key_of_threshold(*threshold, *comparison));
                }
            }
        }
        let lanes: Vec<RankLane<K>> = lanes
            .into_iter()
            .map(|(lane, thresholds)| RankLane { lane, thresholds: Thresholds::of(thresholds) })
            .filter(|lane| match lane.lane.kind {
                LaneKind::Number { .. } => lane.thresholds.len() < i16::MAX as usize,
                LaneKind::Category { other } => other as usize + 2 <= MAX_CODES,
            })
            .collect();
        let places = lanes.iter().zip(0..).map(|(lane, place)| (lane.lane, place)).collect();
        let mut bits = Self { lanes, trees: Vec::new(), tables: Vec::new(), machine };
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
        let mut made = Made::default();
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
        Some(made.into_tree())
    }

    fn ask(&mut self, made: &mut Made, place: u32, lane: Lane, rule: &Rule, struck: u64) -> Option<()> {
        match (rule, lane.kind) {
            (Rule::Threshold { threshold, comparison, .. }, _) => {
                let key: K = key_of_threshold(*threshold, *comparison);
                let thresholds = &self.lanes.get(place as usize)?.thresholds;
                let rank = thresholds.find(&key)?;
                made.numbers.push(Question { lane: place, rank, struck });
            }
            (Rule::Categories { missing_left, .. }, LaneKind::Category { other }) => {
                let table = u32::try_from(self.tables.len()).ok()?;
                made.categories.push(TableQuestion { lane: place, table });
                let left = (0..=other).map(|code| rule.goes_left(f64::from(code))).chain([*missing_left]);
                self.tables.extend(left.map(|is_left| if is_left { u64::MAX } else { !struck }));
            }
            (Rule::Categories { .. }, LaneKind::Number { .. }) => return None,
        }
        Some(())
    }

    /// Fills the ranks of one lane, which lie `n_lanes` apart for every sixteen keys.
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(super) fn fill(&self, lane: &RankLane<K>, place: usize, keys: &[K], ranks: &mut [Ranks]) {
        let slots = ranks.iter_mut().skip(place).step_by(self.lanes.len().max(1));
        for (slot, keys) in slots.zip(keys.chunks(ROWS)) {
            let keys = std::array::from_fn(|row| keys.get(row).copied().unwrap_or_default());
            *slot = match self.machine {
                Machine::Any => lane.ranks(&keys),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `Machine::all` has seen these instructions.
                Machine::Avx2 => unsafe { ranks_avx2(lane, &keys) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Machine::Avx512 => unsafe { ranks_avx512(lane, &keys) },
            };
        }
    }

    /// Adds a tree's values to sums in the order of rows, `stride` apart.
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(super) fn add(&self, tree: &BitTree, ranks: &[Ranks], sums: &mut [f64], stride: usize, sums_in: Precision) {
        match self.machine {
            Machine::Any => self.add_on(tree, ranks, sums, stride, sums_in),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Machine::all` has seen these instructions.
            Machine::Avx2 => unsafe { self.add_avx2(tree, ranks, sums, stride, sums_in) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Machine::Avx512 => unsafe { self.add_avx512(tree, ranks, sums, stride, sums_in) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1")]
    fn add_avx2(&self, tree: &BitTree, ranks: &[Ranks], sums: &mut [f64], stride: usize, sums_in: Precision) {
        self.add_on(tree, ranks, sums, stride, sums_in);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,avx512f,avx512vl,avx512bw,avx512dq")]
    fn add_avx512(&self, tree: &BitTree, ranks: &[Ranks], sums: &mut [f64], stride: usize, sums_in: Precision) {
        self.add_on(tree, ranks, sums, stride, sums_in);
    }

    #[inline(always)]
    fn add_on(&self, tree: &BitTree, ranks: &[Ranks], sums: &mut [f64], stride: usize, sums_in: Precision) {
        let single = |sum, x| in_precision(Precision::Single, sum + x);
        let double = |sum: f64, x: f64| sum + x;
        match (&tree.questions, sums_in) {
            (Questions::Narrow(asked), Precision::Single) => self.add_asked(asked, tree, ranks, sums, stride, single),
            (Questions::Narrow(asked), Precision::Double) => self.add_asked(asked, tree, ranks, sums, stride, double),
            (Questions::Wide(asked), Precision::Single) => self.add_asked(asked, tree, ranks, sums, stride, single),
            (Questions::Wide(asked), Precision::Double) => self.add_asked(asked, tree, ranks, sums, stride, double),
        }
    }

    #[inline(always)]
    fn add_asked<L: Leaves>(
        &self,
        asked: &[Question<L>],
        tree: &BitTree,
        ranks: &[Ranks],
        sums: &mut [f64],
        stride: usize,
        plus: impl Fn(f64, f64) -> f64,
    ) {
        let blocks = ranks.chunks_exact(self.lanes.len().max(1));
        for (ranks, sums) in blocks.zip(sums.chunks_mut(ROWS * stride)) {
            let left = self.left(asked, &tree.categories, ranks);
            for (sum, left) in sums.iter_mut().step_by(stride).zip(left) {
                let value = tree.values.get(left.first());
                *sum = plus(*sum, value.copied().unwrap_or(0.0));
            }
        }
    }

    /// The leaves that are left to each of sixteen rows.
    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "see below")]
    #[allow(clippy::indexing_slicing, reason = "the innermost loop; `Bits::over` keeps lanes and tables in range")]
    fn left<L: Leaves>(&self, asked: &[Question<L>], categories: &[TableQuestion], ranks: &[Ranks]) -> [L; ROWS] {
        let mut left = [L::ALL; ROWS];
        for question in asked {
            // A copy and indices: the shape that compiles to vector instructions.
            let ranks = ranks[question.lane as usize];
            for row in 0..ROWS {
                left[row] = left[row].without(question.struck, ranks[row] > question.rank);
            }
        }
        for question in categories {
            let table = &self.tables[question.table as usize..];
            for (left, code) in left.iter_mut().zip(&ranks[question.lane as usize]) {
                #[allow(clippy::cast_sign_loss, reason = "codes are not negative")]
                let code = *code as usize;
                *left = left.and(table[code]);
            }
        }
        left
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1")]
fn ranks_avx2<K: Key>(lane: &RankLane<K>, keys: &[K; ROWS]) -> Ranks {
    lane.ranks(keys)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,avx512f,avx512vl,avx512bw,avx512dq")]
fn ranks_avx512<K: Key>(lane: &RankLane<K>, keys: &[K; ROWS]) -> Ranks {
    lane.ranks(keys)
}

/// A tree while its questions are collected.
#[derive(Default)]
struct Made {
    numbers: Vec<Question<u64>>,
    categories: Vec<TableQuestion>,
    values: Vec<f64>,
}

impl Made {
    fn into_tree(self) -> BitTree {
        let Self { numbers, categories, values } = self;
        let questions = if values.len() <= NARROW_LEAVES {
            #[allow(clippy::cast_possible_truncation, reason = "leaves have the lower bits")]
            let narrow = |q: Question<u64>| Question { lane: q.lane, rank: q.rank, struck: q.struck as u32 };
            Questions::Narrow(numbers.into_iter().map(narrow).collect())
        } else {
            Questions::Wide(numbers)
        };
        BitTree { questions, categories, values }
    }
}

/// A tree that fits: few leaves, one output, plain values.
fn is_small(tree: &Tree, machine: Machine) -> bool {
    let most = if machine.is_wide() { WIDE_LEAVES } else { NARROW_LEAVES };
    tree.n_leaves() <= most && tree.output().is_some() && tree.linear().is_empty()
}

fn questions<'a>(tree: &'a Tree, parts: &EnsembleParts) -> impl Iterator<Item = (Lane, &'a Rule)> {
    tree.nodes().iter().filter_map(move |node| match node {
        Node::Split { feature, rule, .. } => Some((lane_of(*feature, rule, parts), rule)),
        Node::Leaf(_) => None,
    })
}

/// The lowest `n` bits.
fn ones(n: u32) -> u64 {
    1_u64.checked_shl(n).map_or(u64::MAX, |bit| bit - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trees::{Comparison, Feature, FeatureKind, Link, TreeParts};

    const N_FEATURES: usize = 3;

    /// A tree of `cuts.len() + 1` leaves: each cut splits the leaf that it names.
    fn tree(cuts: &[(usize, usize, i32, bool, bool)]) -> Tree {
        let mut nodes = vec![Node::Leaf(0)];
        let mut leaves = vec![0];
        for (at, feature, threshold, missing_left, is_less) in cuts {
            let node = leaves.remove(at % leaves.len());
            let comparison = if *is_less { Comparison::Less } else { Comparison::LessOrEqual };
            let rule = Rule::Threshold {
                threshold: f64::from(*threshold) / 2.0,
                comparison,
                zero_is_missing: false,
                missing_left: *missing_left,
            };
            let (left, right) = (nodes.len(), nodes.len() + 1);
            nodes[node] = Node::Split { feature: feature % N_FEATURES, rule, left, right };
            nodes.extend([Node::Leaf(0), Node::Leaf(0)]);
            leaves.extend([left, right]);
        }
        let mut n_leaves = 0;
        for node in &mut nodes {
            if let Node::Leaf(leaf) = node {
                *leaf = n_leaves;
                n_leaves += 1;
            }
        }
        let values = (0..n_leaves).map(|leaf| leaf as f64 + 0.25).collect();
        Tree::new(TreeParts { nodes, values, output: Some(0), covers: None, linear: Vec::new() }, 1).unwrap()
    }

    fn walk(tree: &Tree, row: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            match &tree.nodes()[at] {
                Node::Leaf(leaf) => return tree.values()[*leaf],
                Node::Split { feature, rule, left, right } => {
                    at = if rule.goes_left(row[*feature]) { *left } else { *right };
                }
            }
        }
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![8 => (-40..40).prop_map(|x| f64::from(x) / 4.0), 1 => Just(f64::NAN), 1 => -1e9..1e9]
    }

    proptest! {
        #[test]
        fn questions_lead_to_the_leaf_that_a_walk_ends_in(
            trees in prop::collection::vec(
                prop::collection::vec((0..64_usize, 0..N_FEATURES, -20..20, any::<bool>(), any::<bool>()), 0..64), 1..4),
            rows in prop::collection::vec(prop::collection::vec(number(), N_FEATURES), 1..40),
        ) {
            let features = ["a", "b", "c"].map(|name| Feature { name: name.to_owned(), kind: FeatureKind::Number });
            let parts = EnsembleParts {
                features: features.into(),
                trees: trees.iter().map(|cuts| tree(cuts)).collect(),
                base: vec![0.0],
                scale: 1.0,
                link: Link::default(),
                features_in: Precision::Double,
                sums_in: Precision::Double,
            };
            for machine in Machine::all() {
                let bits: Bits<i64> = Bits::on(machine, &parts);
                let mut ranks = vec![[0; ROWS]; rows.len().div_ceil(ROWS) * bits.lanes.len().max(1)];
                for (place, lane) in bits.lanes.iter().enumerate() {
                    let keys: Vec<i64> = rows.iter().map(|row| lane.lane.kind.key(row[lane.lane.feature])).collect();
                    bits.fill(lane, place, &keys, &mut ranks);
                }
                for (tree, small) in parts.trees.iter().zip(&bits.trees) {
                    let most = if machine.is_wide() { WIDE_LEAVES } else { NARROW_LEAVES };
                    prop_assert_eq!(small.is_some(), tree.n_leaves() <= most);
                    let Some(small) = small else { continue };
                    let mut sums = vec![0.0; rows.len()];
                    bits.add(small, &ranks, &mut sums, 1, Precision::Double);
                    for (sum, row) in sums.iter().zip(&rows) {
                        prop_assert_eq!(sum.to_bits(), walk(tree, row).to_bits(), "{:?}", machine);
                    }
                }
            }
        }
    }
}
