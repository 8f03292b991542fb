//! Prediction: blocks of rows that stay in the cache, tree by tree, several rows at once.

use rayon::prelude::*;

use super::{
    EnsembleParts, Precision, Tree,
    bits::Ranks,
    encode::{Encoding, in_precision},
    plan::{CATEGORY, Compiled, Key, Lane, Plan, Step, Steps},
    ranks::ROWS,
};

/// Rows that walk down a tree side by side.
const ABREAST: usize = 8;

/// Bytes of keys in one block.
const BLOCK_BYTES: usize = 24 * 1024;

/// Margins of a batch, shape `(n_rows, n_outputs)`.
pub(super) fn margins(plan: &Plan, parts: &EnsembleParts, n_rows: usize, columns: &[Encoding<'_>]) -> Vec<f64> {
    match plan {
        Plan::Double(compiled) => run(compiled, parts, n_rows, &Columns(columns)),
        Plan::Single(compiled) => run(compiled, parts, n_rows, &Columns(columns)),
    }
}

/// Margins of encoded rows, shape `(n_rows, n_outputs)`.
pub(super) fn margins_of_encoded(plan: &Plan, parts: &EnsembleParts, n_rows: usize, values: &[f64]) -> Vec<f64> {
    let rows = Rows { values, n_features: parts.features.len() };
    match plan {
        Plan::Double(compiled) => run(compiled, parts, n_rows, &rows),
        Plan::Single(compiled) => run(compiled, parts, n_rows, &rows),
    }
}

/// Where the rows of a block come from.
trait Source: Sync {
    /// Writes the keys of one lane for the rows from `start`, `stride` apart.
    fn keys<K: Key>(&self, lane: Lane, start: usize, n: usize, out: &mut [K], stride: usize);

    /// A feature of a row as a number.
    fn number(&self, row: usize, feature: usize) -> f64;
}

struct Columns<'a>(&'a [Encoding<'a>]);

impl Source for Columns<'_> {
    fn keys<K: Key>(&self, lane: Lane, start: usize, n: usize, out: &mut [K], stride: usize) {
        let slots = out.iter_mut().step_by(stride);
        match self.0.get(lane.feature) {
            Some(Encoding::Numbers(values)) => {
                let values = values.get(start..start + n).unwrap_or_default();
                for (slot, x) in slots.zip(values) {
                    *slot = lane.kind.key(*x);
                }
            }
            Some(codes) => {
                for (slot, row) in slots.zip(start..start + n) {
                    *slot = lane.kind.key_of_code(codes.code(row));
                }
            }
            None => {}
        }
    }

    fn number(&self, row: usize, feature: usize) -> f64 {
        match self.0.get(feature) {
            Some(Encoding::Numbers(values)) => values.get(row).copied().unwrap_or(f64::NAN),
            Some(Encoding::Codes { .. } | Encoding::Mapped(_)) | None => f64::NAN,
        }
    }
}

struct Rows<'a> {
    values: &'a [f64],
    n_features: usize,
}

impl Source for Rows<'_> {
    fn keys<K: Key>(&self, lane: Lane, start: usize, n: usize, out: &mut [K], stride: usize) {
        let rows = self.values.chunks_exact(self.n_features.max(1)).skip(start).take(n);
        for (slot, row) in out.iter_mut().step_by(stride).zip(rows) {
            *slot = lane.kind.key(row.get(lane.feature).copied().unwrap_or(f64::NAN));
        }
    }

    fn number(&self, row: usize, feature: usize) -> f64 {
        self.values.get(row * self.n_features + feature).copied().unwrap_or(f64::NAN)
    }
}

#[allow(clippy::float_cmp, reason = "a scale of exactly 1 is no scale")]
fn run<K: Key, S: Source>(compiled: &Compiled<K>, parts: &EnsembleParts, n_rows: usize, source: &S) -> Vec<f64> {
    let n_outputs = parts.base.len();
    let (stride, n_ranks) = (compiled.lanes.len(), compiled.bits.lanes.len());
    let row_bytes = stride * size_of::<K>() + n_ranks * size_of::<i16>();
    let block_rows = (BLOCK_BYTES / row_bytes.max(1)).clamp(ROWS, 256).next_multiple_of(ROWS);
    let mut margins = vec![0.0; n_rows.saturating_mul(n_outputs)];
    // XGBoost adds its leaves to the base, one after the other; the order matters in single precision.
    let is_from_base = parts.sums_in == Precision::Single && parts.scale == 1.0;
    let scratch = || Scratch {
        keys: vec![K::default(); block_rows * stride.max(1)],
        at: vec![0; block_rows],
        ranks: vec![[0; ROWS]; block_rows / ROWS * n_ranks.max(1)],
    };
    margins.par_chunks_mut(block_rows * n_outputs).enumerate().for_each_init(scratch, |scratch, (block, out)| {
        let start = block * block_rows;
        let n = out.len() / n_outputs;
        scratch.fill(compiled, source, start, n);
        if is_from_base {
            out.chunks_exact_mut(n_outputs).for_each(|row| row.copy_from_slice(&parts.base));
        }
        let trees = compiled.trees.iter().zip(&compiled.bits.trees).zip(&parts.trees);
        for ((steps, small), tree) in trees {
            match (steps, small) {
                (_, Some(small)) => {
                    let sums = out.get_mut(tree.output().unwrap_or(0)..).unwrap_or_default();
                    compiled.bits.add(small, &scratch.ranks, sums, n_outputs, parts.sums_in);
                }
                (Some(steps), None) => {
                    let at = scratch.walk(steps, &compiled.words, stride, n);
                    let block = Block { steps, tree, at, start, n_outputs, source };
                    match parts.sums_in {
                        Precision::Double => block.add(out, |sum, x| sum + x),
                        Precision::Single => block.add(out, plus_single),
                    }
                }
                (None, None) => {}
            }
        }
        if is_from_base {
            return;
        }
        for row in out.chunks_exact_mut(n_outputs) {
            for (sum, base) in row.iter_mut().zip(&parts.base) {
                *sum = in_precision(parts.sums_in, base + parts.scale * *sum);
            }
        }
    });
    margins
}

fn plus_single(sum: f64, x: f64) -> f64 {
    in_precision(Precision::Single, sum + x)
}

/// What one thread needs for a block of rows.
struct Scratch<K> {
    /// Keys row by row.
    keys: Vec<K>,
    /// Steps that rows have reached.
    at: Vec<u32>,
    /// Ranks by sixteen rows and then by lane.
    ranks: Vec<Ranks>,
}

impl<K: Key> Scratch<K> {
    fn fill<S: Source>(&mut self, compiled: &Compiled<K>, source: &S, start: usize, n: usize) {
        for (place, lane) in compiled.bits.lanes.iter().enumerate() {
            // The keys are borrowed for a lane at a time, one beside the other.
            source.keys(lane.lane, start, n, &mut self.keys, 1);
            compiled.bits.fill(lane, place, self.keys.get(..n).unwrap_or_default(), &mut self.ranks);
        }
        let stride = compiled.lanes.len();
        for (place, lane) in compiled.lanes.iter().enumerate() {
            source.keys(*lane, start, n, self.keys.get_mut(place..).unwrap_or_default(), stride);
        }
    }

    /// The steps that the rows of a block end on.
    fn walk(&mut self, steps: &Steps<K>, words: &[u32], stride: usize, n: usize) -> &[u32] {
        let at = self.at.get_mut(..n.next_multiple_of(ABREAST)).unwrap_or_default();
        if steps.has_categories {
            walk::<K, true>(steps, words, &self.keys, stride.max(1), at);
        } else {
            walk::<K, false>(steps, words, &self.keys, stride.max(1), at);
        }
        self.at.get(..n).unwrap_or_default()
    }
}

/// Leads each row of a block to its leaf: `at` becomes the index of the step it ends on.
#[allow(clippy::indexing_slicing, reason = "the innermost loop; `Tree::new` and `Plan` keep every index in range")]
fn walk<K: Key, const CATEGORIES: bool>(tree: &Steps<K>, words: &[u32], keys: &[K], stride: usize, at: &mut [u32]) {
    let steps = tree.steps.as_slice();
    for (at, rows) in at.chunks_exact_mut(ABREAST).zip(keys.chunks_exact(ABREAST * stride)) {
        let rows: [&[K]; ABREAST] = std::array::from_fn(|i| &rows[i * stride..(i + 1) * stride]);
        let mut here = [0_u32; ABREAST];
        for _ in 0..tree.depth {
            let mut moved = 0;
            for (here, row) in here.iter_mut().zip(rows) {
                let next = step::<K, CATEGORIES>(steps[*here as usize], words, row);
                moved |= next ^ *here;
                *here = next;
            }
            if moved == 0 {
                break;
            }
        }
        at.copy_from_slice(&here);
    }
}

/// One step down. A step that is a leaf leads to itself, for no key is higher than the highest.
#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "the innermost loop; `Tree::new` and `Plan` keep every index in range")]
fn step<K: Key, const CATEGORIES: bool>(step: Step<K>, words: &[u32], row: &[K]) -> u32 {
    if !CATEGORIES {
        return step.child + u32::from(row[step.lane as usize] > step.key);
    }
    let key = row[(step.lane & !CATEGORY) as usize];
    let is_category = step.lane >= CATEGORY;
    // Both answers are computed and one is taken, so that there is no branch to guess.
    let word = if is_category { step.key.code() + (key.code() >> 5) } else { 0 };
    let bit = (words[word as usize] >> (key.code() & 31)) & 1;
    let higher = u32::from(key > step.key);
    step.child + if is_category { bit } else { higher }
}

/// What a tree says about a block of rows.
struct Block<'a, K, S> {
    steps: &'a Steps<K>,
    tree: &'a Tree,
    at: &'a [u32],
    start: usize,
    n_outputs: usize,
    source: &'a S,
}

impl<K: Key, S: Source> Block<'_, K, S> {
    #[inline]
    fn add(&self, out: &mut [f64], plus: impl Fn(f64, f64) -> f64) {
        match self.tree.output() {
            Some(output) if self.tree.linear().is_empty() => {
                let sums = out.iter_mut().skip(output).step_by(self.n_outputs);
                for (sum, at) in sums.zip(self.at) {
                    *sum = plus(*sum, self.steps.values.get(*at as usize).copied().unwrap_or(0.0));
                }
            }
            Some(output) => {
                let sums = out.iter_mut().skip(output).step_by(self.n_outputs);
                for ((sum, at), row) in sums.zip(self.at).zip(self.start..) {
                    *sum = plus(*sum, self.linear(*at, row));
                }
            }
            None => {
                for (sums, at) in out.chunks_exact_mut(self.n_outputs).zip(self.at) {
                    let leaf = self.steps.leaves.get(*at as usize).map_or(0, |leaf| *leaf as usize);
                    let values = self.tree.values().get(leaf * self.n_outputs..).unwrap_or_default();
                    for (sum, x) in sums.iter_mut().zip(values) {
                        *sum = plus(*sum, *x);
                    }
                }
            }
        }
    }

    /// Value of a leaf with a linear model, which falls back to the constant when a number is missing.
    fn linear(&self, at: u32, row: usize) -> f64 {
        let leaf = self.steps.leaves.get(at as usize).map_or(0, |leaf| *leaf as usize);
        let constant = self.steps.values.get(at as usize).copied().unwrap_or(0.0);
        let Some(model) = self.tree.linear().get(leaf) else { return constant };
        let mut value = model.constant;
        for (feature, coefficient) in &model.terms {
            let x = self.source.number(row, *feature);
            if x.is_nan() {
                return constant;
            }
            value += coefficient * x;
        }
        value
    }
}
