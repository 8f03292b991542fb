//! One tree of the file.

use std::collections::BTreeMap;

use super::{Problem, text::Block};
use crate::trees::{Categories, Comparison, LinearLeaf, Node, Rule, Tree, TreeParts};

/// A tree's arrays. Invariant: their lengths fit together.
pub(super) struct RawTree {
    line: usize,
    splits: Vec<RawSplit>,
    leaf_values: Vec<f64>,
    leaf_counts: Option<Vec<f64>>,
    linear: Vec<LinearLeaf>,
}

struct RawSplit {
    feature: usize,
    left: i64,
    right: i64,
    count: f64,
    rule: RawRule,
}

enum RawRule {
    Number { threshold: f64, missing: Missing, default_left: bool },
    Category(Vec<i64>),
}

#[derive(Clone, Copy)]
enum Missing {
    None,
    Zero,
    Nan,
}

/// Bits of `decision_type`.
const IS_CATEGORY: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

impl RawTree {
    pub(super) fn read(block: &Block<'_>) -> Result<Self, Problem> {
        let line = block.start;
        let leaf_values: Vec<f64> = block.values("leaf_value")?;
        let n_leaves = block.count("num_leaves")?;
        if leaf_values.len() != n_leaves || n_leaves == 0 {
            let at = block.line_of("leaf_value");
            return Err(format!(
                "line {at}: `leaf_value` has {} values, but `num_leaves` is {n_leaves}",
                leaf_values.len()
            ));
        }
        let n_splits = n_leaves - 1;
        let leaf_counts = if block.has("leaf_count") && (n_splits == 0 || block.has("internal_count")) {
            let counts: Vec<f64> = block.values("leaf_count")?;
            (counts.len() == n_leaves).then_some(counts)
        } else {
            None
        };
        Ok(Self {
            line,
            splits: splits(block, n_splits)?,
            leaf_counts,
            linear: linear_leaves(block, n_leaves)?,
            leaf_values,
        })
    }

    /// Features split by categories with the codes in their sets.
    pub(super) fn category_splits(&self) -> impl Iterator<Item = (usize, &[i64])> {
        self.splits.iter().filter_map(|split| match &split.rule {
            RawRule::Category(codes) => Some((split.feature, codes.as_slice())),
            RawRule::Number { .. } => None,
        })
    }

    /// The tree in the common form.
    pub(super) fn finish(
        &self,
        index: usize,
        output: usize,
        n_features: usize,
        categories: &BTreeMap<usize, Categories>,
    ) -> Result<Tree, Problem> {
        let problem = |what: String| format!("line {}: tree {index}: {what}", self.line);
        let n_splits = self.splits.len();
        let n_leaves = self.leaf_values.len();
        let child = |node: usize, code: i64| {
            let found = if code >= 0 {
                usize::try_from(code).ok().filter(|c| *c < n_splits)
            } else {
                usize::try_from(!code).ok().filter(|leaf| *leaf < n_leaves).map(|leaf| n_splits + leaf)
            };
            found.ok_or_else(|| problem(format!("node {node} has the child {code}, which does not exist")))
        };
        let mut nodes = Vec::with_capacity(n_splits + n_leaves);
        for (node, split) in self.splits.iter().enumerate() {
            if split.feature >= n_features {
                return Err(problem(format!(
                    "node {node} splits feature {}, but there are {n_features} features",
                    split.feature
                )));
            }
            let rule = split.rule.finish(categories.get(&split.feature)).ok_or_else(|| {
                problem(format!("node {node} splits feature {} both by number and by category", split.feature))
            })?;
            let (left, right) = (child(node, split.left)?, child(node, split.right)?);
            nodes.push(Node::Split { feature: split.feature, rule, left, right });
        }
        nodes.extend((0..n_leaves).map(Node::Leaf));
        let covers = self.leaf_counts.as_ref().map(|leaf_counts| {
            self.splits.iter().map(|split| split.count).chain(leaf_counts.iter().copied()).collect()
        });
        let parts = TreeParts {
            nodes,
            values: self.leaf_values.clone(),
            output: Some(output),
            covers,
            linear: self.linear.clone(),
        };
        for (feature, _) in parts.linear.iter().flat_map(|leaf| &leaf.terms) {
            if *feature >= n_features || categories.contains_key(feature) {
                return Err(problem(format!("a linear leaf uses feature {feature}, which is not a number")));
            }
        }
        Tree::new(parts, 1).map_err(|error| problem(error.to_string()))
    }
}

impl RawRule {
    fn finish(&self, categories: Option<&Categories>) -> Option<Rule> {
        match (self, categories) {
            (Self::Number { threshold, missing, default_left }, None) => Some(Rule::Threshold {
                threshold: *threshold,
                comparison: Comparison::LessOrEqual,
                zero_is_missing: matches!(missing, Missing::Zero),
                missing_left: match missing {
                    // NaN is taken for zero where training met no missing values.
                    Missing::None => 0.0 <= *threshold,
                    Missing::Zero | Missing::Nan => *default_left,
                },
            }),
            (Self::Category(codes), Some(categories)) => {
                let mut listed: Vec<u32> = if categories.is_unknown_missing() {
                    // Codes index the names; what lies beyond them cannot occur.
                    let code = |c: &i64| u32::try_from(*c).ok().filter(|c| *c < categories.other());
                    codes.iter().filter_map(code).collect()
                } else {
                    codes.iter().filter_map(|code| categories.code(Some(&code.to_string()))).collect()
                };
                listed.sort_unstable();
                listed.dedup();
                Some(Rule::Categories { listed: listed.into(), listed_left: true, missing_left: false })
            }
            (Self::Number { .. }, Some(_)) | (Self::Category(_), None) => None,
        }
    }
}

fn splits(block: &Block<'_>, n_splits: usize) -> Result<Vec<RawSplit>, Problem> {
    if n_splits == 0 {
        return Ok(Vec::new());
    }
    let features: Vec<usize> = block.list("split_feature", n_splits)?;
    let thresholds: Vec<f64> = block.list("threshold", n_splits)?;
    let decisions: Vec<u8> = block.list("decision_type", n_splits)?;
    let left: Vec<i64> = block.list("left_child", n_splits)?;
    let right: Vec<i64> = block.list("right_child", n_splits)?;
    let counts =
        if block.has("internal_count") { block.list("internal_count", n_splits)? } else { vec![0.0; n_splits] };
    let boundaries: Vec<usize> = block.values("cat_boundaries")?;
    let words: Vec<u32> = block.values("cat_threshold")?;
    // Each set belongs to one split; sets used again and again could ask for far more memory than the file
    // has bytes.
    let is_category = |decision: &&u8| **decision & IS_CATEGORY != 0;
    if decisions.iter().filter(is_category).count() >= boundaries.len().max(1) {
        let line = block.line_of("cat_boundaries");
        return Err(format!("line {line}: `cat_boundaries` has fewer sets than there are splits by category"));
    }
    let mut used = vec![false; boundaries.len()];
    let columns = features.iter().zip(thresholds).zip(decisions).zip(left).zip(right).zip(counts);
    columns
        .map(|(((((feature, threshold), decision), left), right), count)| {
            let rule = if decision & IS_CATEGORY != 0 {
                let codes = codes_in(&boundaries, &words, threshold, &mut used).ok_or_else(|| {
                    let line = block.line_of("cat_boundaries");
                    format!(
                        "line {line}: `cat_boundaries` and `cat_threshold` do not hold the category set {threshold}"
                    )
                })?;
                RawRule::Category(codes)
            } else {
                let missing = match (decision >> 2) & 3 {
                    0 => Missing::None,
                    1 => Missing::Zero,
                    2 => Missing::Nan,
                    _ => {
                        let line = block.line_of("decision_type");
                        return Err(format!("line {line}: `decision_type` holds `{decision}`, which is not known"));
                    }
                };
                RawRule::Number { threshold, missing, default_left: decision & DEFAULT_LEFT != 0 }
            };
            Ok(RawSplit { feature: *feature, left, right, count, rule })
        })
        .collect()
}

/// The codes whose bits are set in one of a tree's sets, which is then used up.
fn codes_in(boundaries: &[usize], words: &[u32], set: f64, used: &mut [bool]) -> Option<Vec<i64>> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is out of range is not found")]
    let index = (set >= 0.0 && set.fract() == 0.0).then_some(set as usize)?;
    if std::mem::replace(used.get_mut(index)?, true) {
        return None;
    }
    let (start, end) = (*boundaries.get(index)?, *boundaries.get(index.checked_add(1)?)?);
    let mut codes = Vec::new();
    for (word, base) in words.get(start..end)?.iter().zip((0_i64..).step_by(32)) {
        codes.extend((0..32).filter(|bit| word >> bit & 1 == 1).map(|bit| base + bit));
    }
    Some(codes)
}

fn linear_leaves(block: &Block<'_>, n_leaves: usize) -> Result<Vec<LinearLeaf>, Problem> {
    if block.text("is_linear").map(str::trim) != Some("1") {
        return Ok(Vec::new());
    }
    let constants: Vec<f64> = block.list("leaf_const", n_leaves)?;
    let counts: Vec<usize> = block.list("num_features", n_leaves)?;
    let features: Vec<usize> = block.values("leaf_features")?;
    let coefficients: Vec<f64> = block.list("leaf_coeff", features.len())?;
    let total = counts.iter().fold(0_usize, |sum, n| sum.saturating_add(*n));
    if total != features.len() {
        let line = block.line_of("leaf_features");
        return Err(format!("line {line}: `leaf_features` has {} values, {total} are needed", features.len()));
    }
    let mut terms = features.into_iter().zip(coefficients);
    let leaf = |(constant, n): (f64, usize)| LinearLeaf { constant, terms: terms.by_ref().take(n).collect() };
    Ok(constants.into_iter().zip(counts).map(leaf).collect())
}
