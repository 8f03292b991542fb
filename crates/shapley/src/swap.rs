//! What trees would say if some features had other values: permutation importance and partial dependence without asking the
//! whole ensemble again.
//!
//! A value of a feature rules out leaves of a tree, whatever the other features are. As a set of bits, the leaves that all
//! features leave over are the product of one set for each feature, and exactly one bit of it: the row's leaf (the idea of
//! QuickScorer, Lucchese et al. 2015). So a feature's other values cost one product with what the *other* features leave over,
//! which is the same for all of them; trees that do not split on the feature cost nothing.

use equipoise_models::TreeEnsemble;
use equipoise_models::trees::{Comparison, FeatureKind, Node, Rule, Tree};
use rayon::prelude::*;

/// Trees are summed in so many parts, whatever the number of threads.
const PARTS: usize = 4;
/// Leaves of a tree at most.
const MOST_LEAVES: usize = 1_024;
/// Distinct codes of a feature in one tree at most.
const MOST_CODES: usize = 4_096;

/// Rows whose features can be given other values.
pub struct Swapper<'a> {
    ensemble: &'a TreeEnsemble,
    /// Feature by feature.
    columns: Vec<Vec<f64>>,
    n_rows: usize,
    margins: Vec<f64>,
}

/// Where other values come from.
#[derive(Clone, Debug)]
pub enum Donors<'d> {
    /// For each variant, the row that each row takes its values from.
    Rows(&'d [Vec<u32>]),
    /// For each variant, one value for all rows (sets of one feature).
    Values(&'d [f64]),
}

impl Donors<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Rows(orders) => orders.len(),
            Self::Values(values) => values.len(),
        }
    }
}

/// Features that change together, and their other values.
#[derive(Clone, Debug)]
pub struct Swap<'d> {
    /// The features.
    pub features: &'d [usize],
    /// Their values.
    pub donors: Donors<'d>,
}

impl<'a> Swapper<'a> {
    /// Over encoded rows (shape `(n_rows, n_features)`, see [`TreeEnsemble::encode`]). None where the trees are of a kind that
    /// this way does not know (linear leaves, features computed from others, very large trees).
    #[must_use]
    pub fn new(ensemble: &'a TreeEnsemble, rows: &[f64]) -> Option<Self> {
        let n_features = ensemble.features().len();
        let is_derived = |kind: &FeatureKind| matches!(kind, FeatureKind::Derived(_));
        let is_known = |tree: &Tree| tree.linear().is_empty() && tree.n_leaves() <= MOST_LEAVES;
        if n_features == 0
            || ensemble.features().iter().any(|f| is_derived(&f.kind))
            || !ensemble.trees().iter().all(is_known)
        {
            return None;
        }
        let n_rows = rows.len() / n_features;
        let column = |feature: usize| rows.iter().skip(feature).step_by(n_features).copied().collect();
        let columns = (0..n_features).into_par_iter().map(column).collect();
        Some(Self { ensemble, columns, n_rows, margins: ensemble.margins_of_encoded(rows) })
    }

    /// Margins of the rows as they are, shape `(n_rows, n_outputs)`.
    #[must_use]
    pub fn margins(&self) -> &[f64] {
        &self.margins
    }

    /// Margins with other values: for each swap and each of its variants, shape `(n_rows, n_outputs)`. None where a tree has
    /// more different values than this way takes.
    #[must_use]
    pub fn swapped(&self, swaps: &[Swap<'_>]) -> Option<Vec<Vec<Vec<f64>>>> {
        let trees = self.ensemble.trees();
        let n_parts = trees.len().div_ceil(trees.len().div_ceil(PARTS).max(1)).max(1);
        let parts: Option<Vec<Vec<Vec<f64>>>> = trees
            .par_chunks(trees.len().div_ceil(n_parts).max(1))
            .map(|trees| {
                let mut sums = self.zeros(swaps);
                for tree in trees {
                    self.add(tree, swaps, &mut sums)?;
                }
                Some(sums)
            })
            .collect();
        let mut parts = parts?.into_iter();
        let mut total = parts.next().unwrap_or_else(|| self.zeros(swaps));
        for part in parts {
            for (sums, more) in total.iter_mut().zip(part) {
                sums.iter_mut().zip(more).for_each(|(sum, x)| *sum += x);
            }
        }
        let scale = self.ensemble.scale();
        let width = self.margins.len();
        let finished = total.into_iter().map(|sums| {
            let variants = sums.chunks_exact(width.max(1));
            variants.map(|v| v.iter().zip(&self.margins).map(|(delta, m)| m + scale * delta).collect()).collect()
        });
        Some(finished.collect())
    }

    fn zeros(&self, swaps: &[Swap<'_>]) -> Vec<Vec<f64>> {
        swaps.iter().map(|swap| vec![0.0; self.margins.len() * swap.donors.len()]).collect()
    }

    fn add(&self, tree: &Tree, swaps: &[Swap<'_>], sums: &mut [Vec<f64>]) -> Option<()> {
        match tree.n_leaves() {
            0..=64 => self.add_words::<1>(tree, swaps, sums),
            65..=128 => self.add_words::<2>(tree, swaps, sums),
            129..=256 => self.add_words::<4>(tree, swaps, sums),
            257..=512 => self.add_words::<8>(tree, swaps, sums),
            _ => self.add_words::<16>(tree, swaps, sums),
        }
    }

    /// Adds what one tree says more with the other values.
    #[allow(clippy::indexing_slicing, reason = "a hot kernel; codes and places are made below their tables' lengths")]
    fn add_words<const W: usize>(&self, tree: &Tree, swaps: &[Swap<'_>], sums: &mut [Vec<f64>]) -> Option<()> {
        let splits = Split::<W>::all(tree, self.columns.len())?;
        // Which of the tree's features each swap changes.
        let inside: Vec<Vec<usize>> = swaps
            .iter()
            .map(|swap| (0..splits.len()).filter(|i| swap.features.contains(&splits[*i].feature)).collect())
            .collect();
        if inside.iter().all(Vec::is_empty) {
            return Some(());
        }
        let codes: Vec<Vec<u16>> = splits.iter().map(|split| split.codes(&self.columns[split.feature])).collect();
        // Sets for all rows at once, where one value is given to all.
        let given: Vec<Vec<[u64; W]>> = swaps
            .iter()
            .zip(&inside)
            .map(|(swap, inside)| match &swap.donors {
                Donors::Values(values) => values
                    .iter()
                    .map(|x| {
                        let mut all = [u64::MAX; W];
                        inside.iter().for_each(|i| and(&mut all, &splits[*i].masks[usize::from(splits[*i].code(*x))]));
                        all
                    })
                    .collect(),
                Donors::Rows(_) => Vec::new(),
            })
            .collect();
        let leaves = Leaves::of(tree, self.ensemble.n_outputs());
        let mut block = Block::<W>::new(splits.len());
        for start in (0..self.n_rows).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(self.n_rows);
            block.fill(&splits, &codes, rows.clone());
            for (((swap, inside), given), sums) in swaps.iter().zip(&inside).zip(&given).zip(sums.iter_mut()) {
                if inside.is_empty() {
                    continue;
                }
                block.leave(inside);
                let variants = sums.chunks_exact_mut(self.margins.len().max(1)).enumerate();
                match (&swap.donors, inside.as_slice()) {
                    (Donors::Rows(orders), [only]) => {
                        let (masks, codes) = (&splits[*only].masks, &codes[*only]);
                        for (variant, sums) in variants {
                            let donors = orders[variant][rows.clone()].iter();
                            let there = donors.map(|donor| &masks[usize::from(codes[*donor as usize])]);
                            leaves.add(&block, there, rows.start, sums);
                        }
                    }
                    (Donors::Rows(orders), inside) => {
                        for (variant, sums) in variants {
                            let of_donor = |donor: &u32| {
                                let mut all = [u64::MAX; W];
                                for i in inside {
                                    and(&mut all, &splits[*i].masks[usize::from(codes[*i][*donor as usize])]);
                                }
                                all
                            };
                            let there: Vec<[u64; W]> = orders[variant][rows.clone()].iter().map(of_donor).collect();
                            leaves.add(&block, there.iter(), rows.start, sums);
                        }
                    }
                    (Donors::Values(_), _) => {
                        for (variant, sums) in variants {
                            leaves.add(&block, std::iter::repeat_n(&given[variant], rows.len()), rows.start, sums);
                        }
                    }
                }
            }
        }
        Some(())
    }
}

/// Rows whose sets of leaves are held at once.
const BLOCK: usize = 256;

/// Sets of leaves of some rows of one tree.
struct Block<const W: usize> {
    /// By split: what its feature leaves over, for each row.
    masks: Vec<Vec<[u64; W]>>,
    /// By split: what the splits before it leave over; then that of all.
    before: Vec<Vec<[u64; W]>>,
    /// By split: what the splits from it on leave over.
    after: Vec<Vec<[u64; W]>>,
    /// What all features but those that change leave over.
    rest: Vec<[u64; W]>,
    /// The leaf of each row.
    now: Vec<u32>,
}

#[allow(clippy::indexing_slicing, reason = "a hot kernel; every vector has one entry per row of the block")]
impl<const W: usize> Block<W> {
    fn new(n_splits: usize) -> Self {
        let empty = vec![Vec::with_capacity(BLOCK); n_splits + 1];
        Self { masks: empty.clone(), before: empty.clone(), after: empty, rest: Vec::new(), now: Vec::new() }
    }

    fn fill(&mut self, splits: &[Split<W>], codes: &[Vec<u16>], rows: std::ops::Range<usize>) {
        let n = rows.len();
        for ((split, codes), masks) in splits.iter().zip(codes).zip(&mut self.masks) {
            masks.clear();
            masks.extend(codes[rows.clone()].iter().map(|code| split.masks[usize::from(*code)]));
        }
        let all = vec![[u64::MAX; W]; n];
        self.before[0].clone_from(&all);
        self.after[splits.len()].clone_from(&all);
        for i in 0..splits.len() {
            let (done, next) = self.before.split_at_mut(i + 1);
            product(&done[i], &self.masks[i], &mut next[0]);
        }
        for i in (0..splits.len()).rev() {
            let (here, later) = self.after.split_at_mut(i + 1);
            product(&later[0], &self.masks[i], &mut here[i]);
        }
        self.now.clear();
        self.now.extend(self.before[splits.len()].iter().map(first));
    }

    /// Sets what is left over without some of the splits.
    fn leave(&mut self, inside: &[usize]) {
        let mut rest = std::mem::take(&mut self.rest);
        if let [only] = inside {
            product(&self.before[*only], &self.after[only + 1], &mut rest);
        } else {
            rest.clear();
            rest.resize(self.now.len(), [u64::MAX; W]);
            for i in (0..self.masks.len() - 1).filter(|i| !inside.contains(i)) {
                rest.iter_mut().zip(&self.masks[i]).for_each(|(rest, mask)| and(rest, mask));
            }
        }
        self.rest = rest;
    }
}

fn product<const W: usize>(a: &[[u64; W]], b: &[[u64; W]], out: &mut Vec<[u64; W]>) {
    out.clear();
    out.extend(a.iter().zip(b).map(|(a, b)| {
        let mut both = *a;
        and(&mut both, b);
        both
    }));
}

/// What a tree's leaves say.
struct Leaves<'t> {
    values: &'t [f64],
    /// The one output it adds to; none for all.
    output: Option<usize>,
    n_outputs: usize,
}

impl<'t> Leaves<'t> {
    fn of(tree: &'t Tree, n_outputs: usize) -> Self {
        Self { values: tree.values(), output: tree.output(), n_outputs }
    }

    /// Adds what the rows of a block say more where their changed features leave over `there`.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a hot kernel; a leaf that is left over is one of the tree's")]
    fn add<'m, const W: usize>(
        &self,
        block: &Block<W>,
        there: impl Iterator<Item = &'m [u64; W]>,
        start: usize,
        sums: &mut [f64],
    ) {
        let k = self.n_outputs;
        let rows = block.rest.iter().zip(&block.now).zip(there);
        let sums = &mut sums[start * k..];
        match self.output {
            Some(output) => {
                for (((rest, now), there), sums) in rows.zip(sums.chunks_exact_mut(k)) {
                    let mut left = *rest;
                    and(&mut left, there);
                    sums[output] += self.values[first(&left) as usize] - self.values[*now as usize];
                }
            }
            None => {
                for (((rest, now), there), sums) in rows.zip(sums.chunks_exact_mut(k)) {
                    let mut left = *rest;
                    and(&mut left, there);
                    let (to, from) = (first(&left) as usize, *now as usize);
                    for (output, sum) in sums.iter_mut().enumerate() {
                        *sum += self.values[to * k + output] - self.values[from * k + output];
                    }
                }
            }
        }
    }
}

#[inline]
fn and<const W: usize>(a: &mut [u64; W], b: &[u64; W]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a &= b);
}

/// The leaf that is left over.
#[inline]
fn first<const W: usize>(left: &[u64; W]) -> u32 {
    for (word, bits) in (0_u32..).zip(left) {
        if *bits != 0 {
            return 64 * word + bits.trailing_zeros();
        }
    }
    0
}

/// What a tree asks of one feature: codes of its values, and for each code the leaves that it leaves over.
struct Split<const W: usize> {
    feature: usize,
    kind: Codes,
    masks: Vec<[u64; W]>,
}

enum Codes {
    /// Number of thresholds that a number does not go left of; then missing, then zero where it counts as missing.
    Numbers { thresholds: Vec<f64>, comparison: Comparison, zero_is_missing: bool },
    /// The category up to the largest that is listed; then any other, then missing.
    Categories { largest: u32 },
}

/// LightGBM's bound of zero, a single-precision constant.
const ZERO: f64 = 1e-35_f32 as f64;

impl<const W: usize> Split<W> {
    /// All features a tree splits on. None where one has too many codes or is split in two ways.
    fn all(tree: &Tree, n_features: usize) -> Option<Vec<Self>> {
        let sets = leaf_sets::<W>(tree);
        let mut by_feature: Vec<Vec<usize>> = vec![Vec::new(); n_features];
        for (node, what) in tree.nodes().iter().enumerate() {
            if let Node::Split { feature, .. } = what {
                by_feature.get_mut(*feature)?.push(node);
            }
        }
        let used = by_feature.iter().enumerate().filter(|(_, nodes)| !nodes.is_empty());
        used.map(|(feature, nodes)| Self::of(tree, &sets, feature, nodes)).collect()
    }

    fn of(tree: &Tree, sets: &[[u64; W]], feature: usize, nodes: &[usize]) -> Option<Self> {
        let rules: Vec<(&Rule, usize, usize)> = nodes
            .iter()
            .filter_map(|node| match tree.nodes().get(*node)? {
                Node::Split { rule, left, right, .. } => Some((rule, *left, *right)),
                Node::Leaf(_) => None,
            })
            .collect();
        let kind = Codes::over(&rules)?;
        let masks = kind.examples().into_iter().map(|x| {
            let mut mask = [u64::MAX; W];
            for (rule, left, right) in &rules {
                let out = if rule.goes_left(x) { right } else { left };
                let gone = sets.get(*out).copied().unwrap_or([0; W]);
                mask.iter_mut().zip(gone).for_each(|(m, g)| *m &= !g);
            }
            mask
        });
        let masks: Vec<[u64; W]> = masks.collect();
        (masks.len() <= MOST_CODES).then_some(Self { feature, kind, masks })
    }

    fn code(&self, x: f64) -> u16 {
        self.kind.code(x)
    }

    /// Codes of a whole column.
    fn codes(&self, values: &[f64]) -> Vec<u16> {
        match &self.kind {
            Codes::Numbers { thresholds, comparison, zero_is_missing: false } if thresholds.len() <= 24 => {
                // One threshold after the other over all rows: comparisons of many rows at once.
                let mut codes = vec![0_u16; values.len()];
                for t in thresholds {
                    let pairs = codes.iter_mut().zip(values);
                    match comparison {
                        Comparison::LessOrEqual => pairs.for_each(|(code, x)| *code += u16::from(x > t)),
                        Comparison::Less => pairs.for_each(|(code, x)| *code += u16::from(x >= t)),
                    }
                }
                let missing = self.code(f64::NAN);
                codes.iter_mut().zip(values).for_each(|(code, x)| *code = if x.is_nan() { missing } else { *code });
                codes
            }
            _ => values.iter().map(|x| self.code(*x)).collect(),
        }
    }
}

impl Codes {
    fn over(rules: &[(&Rule, usize, usize)]) -> Option<Self> {
        let mut thresholds = Vec::new();
        let mut comparisons = Vec::new();
        let mut has_zero = false;
        let mut largest: Option<u32> = None;
        for (rule, ..) in rules {
            match rule {
                Rule::Threshold { threshold, comparison, zero_is_missing, .. } => {
                    thresholds.push(*threshold);
                    comparisons.push(*comparison);
                    has_zero |= *zero_is_missing;
                }
                Rule::Categories { listed, .. } => {
                    largest = Some(largest.unwrap_or(0).max(listed.last().copied().unwrap_or(0)));
                }
            }
        }
        match (comparisons.first(), largest) {
            (Some(comparison), None) if comparisons.iter().all(|c| c == comparison) => {
                if thresholds.iter().any(|t| t.is_nan()) {
                    return None;
                }
                thresholds.sort_by(f64::total_cmp);
                thresholds.dedup();
                Some(Self::Numbers { thresholds, comparison: *comparison, zero_is_missing: has_zero })
            }
            (None, Some(largest)) if (largest as usize) + 3 <= MOST_CODES => Some(Self::Categories { largest }),
            _ => None,
        }
    }

    /// A value with each code, in the order of the codes.
    fn examples(&self) -> Vec<f64> {
        match self {
            Self::Numbers { thresholds, comparison, zero_is_missing } => {
                let mut out = match comparison {
                    // (t_{r−1}, t_r]: the threshold itself; beyond the last anything larger.
                    Comparison::LessOrEqual => {
                        let mut out = thresholds.clone();
                        out.push(f64::INFINITY);
                        out
                    }
                    // [t_{r−1}, t_r): the threshold before; below the first anything smaller.
                    Comparison::Less => {
                        let mut out = vec![f64::NEG_INFINITY];
                        out.extend(thresholds);
                        out
                    }
                };
                // A zero that counts as missing in some nodes has a code of its own, so no other example may be zero.
                if *zero_is_missing {
                    let nudge = |x: &mut f64| {
                        if (-ZERO..=ZERO).contains(x) {
                            *x = if *comparison == Comparison::LessOrEqual { -2.0 * ZERO } else { 2.0 * ZERO };
                        }
                    };
                    out.iter_mut().for_each(nudge);
                }
                out.push(f64::NAN);
                out.push(0.0);
                out
            }
            Self::Categories { largest } => {
                let mut out: Vec<f64> = (0..=*largest + 1).map(f64::from).collect();
                out.push(f64::NAN);
                out
            }
        }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are below `MOST_CODES`")]
    fn code(&self, x: f64) -> u16 {
        match self {
            Self::Numbers { thresholds, comparison, zero_is_missing } => {
                if x.is_nan() {
                    return thresholds.len() as u16 + 1;
                }
                if *zero_is_missing && (-ZERO..=ZERO).contains(&x) {
                    return thresholds.len() as u16 + 2;
                }
                let is_past = |t: &f64| match comparison {
                    Comparison::LessOrEqual => x > *t,
                    Comparison::Less => x >= *t,
                };
                if thresholds.len() <= 16 {
                    thresholds.iter().map(|t| u16::from(is_past(t))).sum()
                } else {
                    thresholds.partition_point(is_past) as u16
                }
            }
            Self::Categories { largest } => {
                if x.is_nan() {
                    return *largest as u16 + 2;
                }
                (x as u32).min(*largest + 1) as u16
            }
        }
    }
}

/// The leaves below each node, one bit each.
fn leaf_sets<const W: usize>(tree: &Tree) -> Vec<[u64; W]> {
    let mut sets = vec![[0_u64; W]; tree.nodes().len()];
    // Children may stand before or after their parents, so nodes are left in the order of leaving them.
    let mut stack = vec![(0_usize, false)];
    while let Some((node, is_leaving)) = stack.pop() {
        match tree.nodes().get(node) {
            Some(Node::Leaf(leaf)) => {
                if let Some(word) = sets.get_mut(node).and_then(|set| set.get_mut(leaf / 64)) {
                    *word |= 1 << (leaf % 64);
                }
            }
            Some(Node::Split { left, right, .. }) if is_leaving => {
                let both = [*left, *right].map(|child| sets.get(child).copied().unwrap_or([0; W]));
                let [a, b] = both;
                if let Some(set) = sets.get_mut(node) {
                    set.iter_mut().zip(a.iter().zip(b)).for_each(|(set, (a, b))| *set = a | b);
                }
            }
            Some(Node::Split { left, right, .. }) => {
                stack.push((node, true));
                stack.push((*left, false));
                stack.push((*right, false));
            }
            None => {}
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use equipoise_kernels::Draws;
    use equipoise_models::trees::{EnsembleParts, Feature, Link, Precision, TreeParts};

    use super::*;

    /// A random tree over three numbers (one with zeros as missing) and one category.
    fn tree(draws: &mut Draws, n_splits: usize, comparison: Comparison) -> Tree {
        let mut nodes = vec![Node::Leaf(0)];
        for leaf in 1..=n_splits {
            let leaves: Vec<usize> = (0..nodes.len()).filter(|i| matches!(nodes[*i], Node::Leaf(_))).collect();
            let at = leaves[draws.below(leaves.len() as u64) as usize];
            let Node::Leaf(old) = nodes[at].clone() else { continue };
            let feature = draws.below(4) as usize;
            let missing_left = draws.below(2) == 1;
            let rule = if feature == 3 {
                let listed: Vec<u32> = (0..6).filter(|_| draws.below(2) == 1).collect();
                Rule::Categories { listed: listed.into(), listed_left: draws.below(2) == 1, missing_left }
            } else {
                let threshold = draws.below(7) as f64 - 3.0;
                Rule::Threshold { threshold, comparison, zero_is_missing: feature == 1, missing_left }
            };
            let (left, right) = (nodes.len(), nodes.len() + 1);
            nodes.push(Node::Leaf(old));
            nodes.push(Node::Leaf(leaf));
            nodes[at] = Node::Split { feature, rule, left, right };
        }
        let values = (0..=n_splits).map(|_| draws.normal()).collect();
        Tree::new(TreeParts { nodes, values, output: Some(0), covers: None, linear: Vec::new() }, 1).unwrap()
    }

    fn ensemble(seed: u64, n_splits: usize, comparison: Comparison) -> TreeEnsemble {
        let mut draws = Draws::new(seed, "swap", 0);
        let names: Vec<String> = (0..6).map(|i| i.to_string()).collect();
        let categories = equipoise_models::trees::Categories::named(names);
        TreeEnsemble::new(EnsembleParts {
            features: vec![
                Feature::number("a"),
                Feature::number("b"),
                Feature::number("c"),
                Feature::category("d", categories),
            ],
            trees: (0..9).map(|_| tree(&mut draws, n_splits, comparison)).collect(),
            base: vec![0.5],
            scale: 0.25,
            link: Link::Identity,
            features_in: Precision::Double,
            sums_in: Precision::Double,
        })
        .unwrap()
    }

    fn rows(n: usize, seed: u64) -> Vec<f64> {
        let mut draws = Draws::new(seed, "rows", 0);
        (0..n * 4)
            .map(|i| match draws.below(8) {
                0 => f64::NAN,
                _ if i % 4 == 3 => draws.below(8) as f64,
                1 => 0.0,
                _ => draws.below(90) as f64 / 10.0 - 4.5,
            })
            .collect()
    }

    #[test]
    fn swapped_rows_say_what_the_ensemble_says_of_them() {
        for (n_splits, comparison) in [
            (6, Comparison::LessOrEqual),
            (40, Comparison::Less),
            (90, Comparison::LessOrEqual),
            (300, Comparison::Less),
        ] {
            let ensemble = ensemble(n_splits as u64, n_splits, comparison);
            let n = 60;
            let rows = rows(n, 3);
            let swapper = Swapper::new(&ensemble, &rows).unwrap();
            let orders: Vec<Vec<u32>> =
                vec![(0..n as u32).rev().collect(), (0..n as u32).map(|i| (i * 7) % n as u32).collect()];
            let sets: [&[usize]; 4] = [&[0], &[1], &[3], &[0, 2]];
            let swaps: Vec<Swap<'_>> =
                sets.iter().map(|features| Swap { features, donors: Donors::Rows(&orders) }).collect();
            let found = swapper.swapped(&swaps).unwrap();
            for (features, found) in sets.iter().zip(&found) {
                for (order, found) in orders.iter().zip(found) {
                    let mut moved = rows.clone();
                    for (row, donor) in order.iter().enumerate() {
                        for f in *features {
                            moved[row * 4 + f] = rows[*donor as usize * 4 + f];
                        }
                    }
                    for (found, expected) in found.iter().zip(ensemble.margins_of_encoded(&moved)) {
                        assert!((found - expected).abs() < 1e-12, "{n_splits}: {found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_value_for_all_rows() {
        let ensemble = ensemble(1, 20, Comparison::LessOrEqual);
        let rows = rows(30, 5);
        let swapper = Swapper::new(&ensemble, &rows).unwrap();
        let grid = [-3.0, 0.0, 0.5, 9.0, f64::NAN];
        let swaps = [Swap { features: &[1], donors: Donors::Values(&grid) }];
        let found = swapper.swapped(&swaps).unwrap();
        for (x, found) in grid.iter().zip(&found[0]) {
            let mut moved = rows.clone();
            moved.iter_mut().skip(1).step_by(4).for_each(|v| *v = *x);
            for (found, expected) in found.iter().zip(ensemble.margins_of_encoded(&moved)) {
                assert!((found - expected).abs() < 1e-12, "{x}");
            }
        }
    }
}
