//! Trees laid out for explanation: questions about ranks, and who is asked by each split.

use std::collections::BTreeMap;

use equipoise_models::{
    TreeEnsemble,
    trees::{Comparison, FeatureKind, Node, Rule, Tree},
};

use crate::{ShapleyError, players::Roster};

/// Splits on one way from the root.
pub(crate) const MAX_DEPTH: usize = 2048;

/// What a batch of rows is asked for once: the rank of a number among the thresholds it is held against, or a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Ranks of a number. Missing is before or after all.
    Number { feature: usize, missing_left: bool, zero_is_missing: bool, is_less: bool },
    /// Codes of a category; missing is `other + 1`.
    Category { feature: usize, other: u32 },
}

/// A question at a split, with the lane it is put to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Test {
    /// Left when the rank is at most this.
    Number { lane: u32, rank: i32 },
    /// Left when the bit of the code is set, in these words of [`Forest::words`].
    Category { lane: u32, start: u32, n_words: u32 },
}

/// A split or leaf that a split leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Child {
    Split(u32),
    Leaf(u32),
}

/// A split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Split {
    pub(crate) test: Test,
    pub(crate) player: u32,
    /// Splits above it.
    pub(crate) level: u32,
    /// The level of the nearest split above that asks the same player, which the last way down from counts.
    pub(crate) ancestor: Option<u32>,
    pub(crate) left: Child,
    pub(crate) right: Child,
    /// Share of the training rows at this split that went left.
    pub(crate) left_share: f64,
}

/// A tree: its splits, every one before those below it and the left ones before the right ones.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) splits: Vec<Split>,
    pub(crate) root: Child,
    /// Shape `(n_leaves, width)`, scaled.
    pub(crate) values: Vec<f64>,
    pub(crate) output: Option<usize>,
    /// Splits on the longest way.
    pub(crate) depth: usize,
    /// Most distinct players on one way.
    pub(crate) n_on_path: usize,
}

/// All trees, and the lanes that their questions are put to.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    pub(crate) n_features: usize,
    pub(crate) n_outputs: usize,
    pub(crate) base: Vec<f64>,
    pub(crate) lanes: Vec<Lane>,
    /// By lane: thresholds in ascending order, empty for categories.
    pub(crate) thresholds: Vec<Vec<f64>>,
    pub(crate) words: Vec<u64>,
    pub(crate) trees: Vec<Shape>,
}

impl Forest {
    /// Lays the trees out. `covers` are taken instead of the trees' own when given; with `needs_covers` they must be
    /// there.
    pub(crate) fn over(
        ensemble: &TreeEnsemble,
        roster: &Roster,
        covers: Option<&[Vec<f64>]>,
        needs_covers: bool,
    ) -> Result<Self, ShapleyError> {
        let (mut lanes, mut thresholds) = lanes_of(ensemble);
        if lanes.is_empty() {
            // Trees without a split: rows are still counted by their lanes.
            lanes.push(Lane::Number { feature: 0, missing_left: true, zero_is_missing: false, is_less: false });
            thresholds.push(Vec::new());
        }
        let mut forest = Self {
            n_features: ensemble.features().len(),
            n_outputs: ensemble.n_outputs(),
            base: ensemble.base().to_vec(),
            words: Vec::new(),
            trees: Vec::with_capacity(ensemble.trees().len()),
            lanes,
            thresholds,
        };
        for (index, tree) in ensemble.trees().iter().enumerate() {
            if !tree.linear().is_empty() {
                return Err(ShapleyError::LinearLeaves { tree: index });
            }
            if tree.depth() > MAX_DEPTH {
                return Err(ShapleyError::TooDeep { tree: index, depth: tree.depth(), limit: MAX_DEPTH });
            }
            let covers = covers.and_then(|all| all.get(index)).map(Vec::as_slice).or(tree.covers());
            if needs_covers {
                check_covers(index, tree, covers)?;
            }
            let shape = forest.shape(ensemble, roster, tree, covers);
            forest.trees.push(shape);
        }
        Ok(forest)
    }

    fn shape(&mut self, ensemble: &TreeEnsemble, roster: &Roster, tree: &Tree, covers: Option<&[f64]>) -> Shape {
        let mut shape = Shape {
            splits: Vec::new(),
            root: Child::Leaf(0),
            values: tree.values().iter().map(|v| v * ensemble.scale()).collect(),
            output: tree.output(),
            depth: tree.depth(),
            n_on_path: 0,
        };
        // A node to visit, its level, and the split with the side that leads to it.
        let mut stack = vec![(0_usize, 0_usize, None)];
        // Players of the splits on the way to the current node.
        let mut path: Vec<u32> = Vec::new();
        while let Some((at, level, from)) = stack.pop() {
            path.truncate(level);
            let child = match tree.nodes().get(at) {
                Some(Node::Split { feature, rule, left, right }) => {
                    let player = roster.player_of.get(*feature).map_or(0, |p| *p as u32);
                    let place = shape.splits.len() as u32;
                    shape.splits.push(Split {
                        test: self.test(ensemble, *feature, rule),
                        player,
                        level: level as u32,
                        ancestor: path.iter().rposition(|p| *p == player).map(|l| l as u32),
                        left: Child::Leaf(0),
                        right: Child::Leaf(0),
                        left_share: covers.map_or(0.5, |covers| share(covers, *left, *right)),
                    });
                    path.push(player);
                    stack.push((*right, level + 1, Some((place, false))));
                    stack.push((*left, level + 1, Some((place, true))));
                    Child::Split(place)
                }
                Some(Node::Leaf(leaf)) => {
                    let mut players = path.clone();
                    players.sort_unstable();
                    players.dedup();
                    shape.n_on_path = shape.n_on_path.max(players.len());
                    Child::Leaf(*leaf as u32)
                }
                None => continue,
            };
            match from {
                None => shape.root = child,
                Some((place, is_left)) => {
                    if let Some(split) = shape.splits.get_mut(place as usize) {
                        *(if is_left { &mut split.left } else { &mut split.right }) = child;
                    }
                }
            }
        }
        shape
    }

    fn test(&mut self, ensemble: &TreeEnsemble, feature: usize, rule: &Rule) -> Test {
        let lane = lane_of(ensemble, feature, rule);
        let place = self.lanes.binary_search(&lane).unwrap_or(0);
        match rule {
            Rule::Threshold { threshold, .. } => {
                let thresholds = self.thresholds.get(place).map_or(&[][..], Vec::as_slice);
                // No number is at most NaN: only those go left that are missing, whose rank is -1.
                let rank = if threshold.is_nan() { -1 } else { thresholds.partition_point(|t| t < threshold) as i32 };
                Test::Number { lane: place as u32, rank }
            }
            Rule::Categories { .. } => {
                let Lane::Category { other, .. } = lane else { return Test::Number { lane: 0, rank: -1 } };
                let n_words = (other as usize + 2).div_ceil(64);
                let start = self.words.len();
                self.words.resize(start + n_words, 0);
                for code in 0..=other + 1 {
                    let x = if code > other { f64::NAN } else { f64::from(code) };
                    if rule.goes_left(x)
                        && let Some(word) = self.words.get_mut(start + (code >> 6) as usize)
                    {
                        *word |= 1 << (code & 63);
                    }
                }
                Test::Category { lane: place as u32, start: start as u32, n_words: n_words as u32 }
            }
        }
    }
}

impl Shape {
    /// Values in each leaf.
    pub(crate) fn width(&self, n_outputs: usize) -> usize {
        if self.output.is_some() { 1 } else { n_outputs }
    }
}

/// Share that goes left; halves where nothing is known.
fn share(covers: &[f64], left: usize, right: usize) -> f64 {
    let of = |node: usize| covers.get(node).copied().unwrap_or(0.0);
    let total = of(left) + of(right);
    if total > 0.0 { of(left) / total } else { 0.5 }
}

fn check_covers(index: usize, tree: &Tree, covers: Option<&[f64]>) -> Result<(), ShapleyError> {
    let covers = covers.ok_or(ShapleyError::NoCovers { tree: index })?;
    match covers.iter().position(|c| !c.is_finite() || *c < 0.0) {
        Some(node) => {
            let cover = covers.get(node).copied().unwrap_or(f64::NAN);
            Err(ShapleyError::BadCover { tree: index, node, cover })
        }
        None if covers.len() == tree.nodes().len() => Ok(()),
        None => Err(ShapleyError::NoCovers { tree: index }),
    }
}

fn lane_of(ensemble: &TreeEnsemble, feature: usize, rule: &Rule) -> Lane {
    match rule {
        Rule::Threshold { comparison, zero_is_missing, missing_left, .. } => Lane::Number {
            feature,
            missing_left: *missing_left,
            zero_is_missing: *zero_is_missing,
            is_less: *comparison == Comparison::Less,
        },
        Rule::Categories { .. } => {
            let other = match ensemble.features().get(feature).map(|f| &f.kind) {
                Some(FeatureKind::Category(categories)) => categories.other(),
                _ => 0,
            };
            Lane::Category { feature, other }
        }
    }
}

/// Lanes in order, with the thresholds that numbers are held against.
fn lanes_of(ensemble: &TreeEnsemble) -> (Vec<Lane>, Vec<Vec<f64>>) {
    let mut lanes: BTreeMap<Lane, Vec<f64>> = BTreeMap::new();
    for node in ensemble.trees().iter().flat_map(Tree::nodes) {
        if let Node::Split { feature, rule, .. } = node {
            let thresholds = lanes.entry(lane_of(ensemble, *feature, rule)).or_default();
            if let Rule::Threshold { threshold, .. } = rule
                && !threshold.is_nan()
            {
                thresholds.push(*threshold);
            }
        }
    }
    for thresholds in lanes.values_mut() {
        thresholds.sort_unstable_by(f64::total_cmp);
        // Equal numbers are one threshold: zero has two signs.
        thresholds.dedup_by(|a, b| a <= b);
    }
    lanes.into_iter().unzip()
}
