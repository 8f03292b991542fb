//! A term as a tree: feature by feature, missing values first, then the bins halved until one is left.

use serde_json::Value;

use super::MOST_DIMENSIONS;
use super::file::{Bins, FeaturePart, Term, numbers};
use crate::trees::{Comparison, Node, Rule, TreeParts};

/// One of a term's features.
struct Dimension<'a> {
    feature: usize,
    bins: Cut<'a>,
    /// Bins with the missing and the unknown one.
    n_bins: usize,
}

enum Cut<'a> {
    Numbers(&'a [f64]),
    /// Bin of each name.
    Names(&'a [usize]),
}

pub(super) fn parts(
    term: &Term,
    features: &[FeaturePart],
    bins: &[Bins],
    n_outputs: usize,
) -> Result<TreeParts, String> {
    let order = term.term_features.len();
    if !(1..=MOST_DIMENSIONS).contains(&order) {
        return Err(format!("`term_features` has {order} names, 1 to {MOST_DIMENSIONS} are supported"));
    }
    let mut dimensions = Vec::with_capacity(order);
    for name in &term.term_features {
        let feature = features.iter().position(|f| f.name == *name);
        let Some((feature, bins)) = feature.and_then(|f| Some((f, bins.get(f)?))) else {
            return Err(format!("there is no feature `{name}`"));
        };
        if dimensions.iter().any(|d: &Dimension<'_>| d.feature == feature) {
            return Err(format!("the feature `{name}` is there twice"));
        }
        // Terms of more features use coarser bins where there are some.
        let level = |n: usize| order.min(n).saturating_sub(1);
        let (bins, n_bins) = match bins {
            Bins::Numbers { levels } => {
                let cuts = levels.get(level(levels.len())).map_or(&[][..], Vec::as_slice);
                (Cut::Numbers(cuts), cuts.len() + 3)
            }
            Bins::Names { levels, .. } => {
                let Some((of, n)) = levels.get(level(levels.len())) else {
                    return Err(format!("the feature `{name}` has no bins"));
                };
                (Cut::Names(of), n + 2)
            }
        };
        dimensions.push(Dimension { feature, bins, n_bins });
    }
    let mut scores = Vec::new();
    let shape: Vec<usize> = dimensions.iter().map(|d| d.n_bins).collect();
    flatten(&term.scores, &shape, n_outputs, &mut scores)?;
    let mut grower = Grower { dimensions, scores, n_outputs, nodes: Vec::new(), values: Vec::new(), n_leaves: 0 };
    grower.dimension(0, 0);
    let Grower { nodes, values, .. } = grower;
    let output = (n_outputs == 1).then_some(0);
    Ok(TreeParts { nodes, values, output, covers: None, linear: Vec::new() })
}

/// Nested lists as one, whose shape is checked on the way.
fn flatten(value: &Value, shape: &[usize], n_outputs: usize, out: &mut Vec<f64>) -> Result<(), String> {
    let Value::Array(values) = value else { return Err("`scores` is not a list".to_owned()) };
    let Some((n, rest)) = shape.split_first() else {
        let cell = numbers("scores", values)?;
        if cell.len() != n_outputs {
            return Err(format!("a cell of `scores` has {} values, {n_outputs} are needed", cell.len()));
        }
        out.extend(cell);
        return Ok(());
    };
    if values.len() != *n {
        return Err(format!("`scores` has {} bins where the feature has {n}", values.len()));
    }
    if rest.is_empty() && n_outputs == 1 {
        out.extend(numbers("scores", values)?);
        return Ok(());
    }
    values.iter().try_for_each(|value| flatten(value, rest, n_outputs, out))
}

struct Grower<'a> {
    dimensions: Vec<Dimension<'a>>,
    scores: Vec<f64>,
    n_outputs: usize,
    nodes: Vec<Node>,
    values: Vec<f64>,
    n_leaves: usize,
}

impl Grower<'_> {
    /// Everything below the cells that start at a place: their dimensions from this one on. Returns its node.
    fn dimension(&mut self, dimension: usize, cell: usize) -> usize {
        let Some(Dimension { feature, bins, n_bins }) = self.dimensions.get(dimension) else { return self.leaf(cell) };
        let (feature, last) = (*feature, n_bins - 1);
        // All but missing values go to the left.
        let (rule, highest) = match bins {
            Cut::Numbers(_) => (
                Rule::Threshold {
                    threshold: f64::INFINITY,
                    comparison: Comparison::LessOrEqual,
                    zero_is_missing: false,
                    missing_left: false,
                },
                last - 1,
            ),
            Cut::Names(_) => (Rule::Categories { listed: Box::new([]), listed_left: false, missing_left: false }, last),
        };
        let at = self.nodes.len();
        self.nodes.push(Node::Leaf(0));
        let left = self.bins(dimension, cell, 1, highest);
        let right = self.dimension(dimension + 1, cell);
        self.set(at, Node::Split { feature, rule, left, right });
        at
    }

    /// The bins from `low` to `high` of a dimension.
    fn bins(&mut self, dimension: usize, cell: usize, low: usize, high: usize) -> usize {
        let stride: usize = self.dimensions.iter().skip(dimension + 1).map(|d| d.n_bins).product();
        let Some(Dimension { feature, bins, .. }) = self.dimensions.get(dimension) else { return self.leaf(cell) };
        if low == high {
            return self.dimension(dimension + 1, cell + low * stride);
        }
        let (feature, middle) = (*feature, low + (high - low) / 2);
        let rule = match bins {
            // Bin `b` holds the numbers from cut `b − 2` up to, but not at, cut `b − 1`.
            Cut::Numbers(cuts) => Rule::Threshold {
                threshold: cuts.get(middle - 1).copied().unwrap_or(f64::INFINITY),
                comparison: Comparison::Less,
                zero_is_missing: false,
                missing_left: false,
            },
            // The last bin is for every other name, which goes to the right as it is not listed.
            Cut::Names(of) => Rule::Categories {
                listed: (0_u32..).zip(*of).filter(|(_, b)| (low..=middle).contains(*b)).map(|(code, _)| code).collect(),
                listed_left: true,
                missing_left: false,
            },
        };
        let at = self.nodes.len();
        self.nodes.push(Node::Leaf(0));
        let left = self.bins(dimension, cell, low, middle);
        let right = self.bins(dimension, cell, middle + 1, high);
        self.set(at, Node::Split { feature, rule, left, right });
        at
    }

    fn leaf(&mut self, cell: usize) -> usize {
        let start = cell * self.n_outputs;
        self.values.extend(self.scores.get(start..start + self.n_outputs).unwrap_or_default());
        self.nodes.push(Node::Leaf(self.n_leaves));
        self.n_leaves += 1;
        self.nodes.len() - 1
    }

    fn set(&mut self, at: usize, node: Node) {
        if let Some(place) = self.nodes.get_mut(at) {
            *place = node;
        }
    }
}
