//! How often each pattern stands in a background.

use super::{Program, n_patterns, quantise::Line};
use crate::block::ROWS;

/// Weights of patterns at each stop of a tree, one stop after the other.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Where all rows weigh the same they are counted, in four places each, so that one count need not wait for the other.
    counts: Vec<[u32; 4]>,
    /// Where they do not.
    sums: Vec<f64>,
    same: Option<f64>,
}

impl Tally {
    /// For the stops of a tree and rows of these weights; rows without weight stand last.
    pub(crate) fn new<'w>(program: &Program, mut weights: impl Iterator<Item = &'w [f64; ROWS]> + Clone) -> Self {
        let size = program.stops.iter().map(|n_bits| 1 << n_bits).sum();
        let first = weights.clone().flatten().next().copied().unwrap_or(0.0);
        let is_same = |weights: &[f64; ROWS]| weights.iter().all(|w| *w <= 0.0 || w.to_bits() == first.to_bits());
        let same = weights.all(is_same).then_some(first).filter(|w| *w > 0.0);
        let (n_counts, n_sums) = if same.is_some() { (size, 0) } else { (0, size) };
        Self { counts: vec![[0; 4]; n_counts], sums: vec![0.0; n_sums], same }
    }

    /// Adds a block.
    pub(crate) fn add(&mut self, program: &Program, patterns: &[Line], weights: &[f64; ROWS]) {
        let is_full = self.same.is_some() && weights.iter().all(|w| *w > 0.0);
        let (mut place, mut first) = (0, 0);
        for n_bits in &program.stops {
            let (size, low) = (1_usize << n_bits, patterns.get(place));
            let high = patterns.get(place + 1).filter(|_| *n_bits > 7);
            place += n_patterns(*n_bits);
            let Some(low) = low else { continue };
            if is_full && high.is_none() {
                count(self.counts.get_mut(first..first + size).unwrap_or_default(), low);
            } else {
                for (i, weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
                    // Weights are by row, patterns by byte.
                    let at = (i % 16) * 4 + i / 16;
                    let of = |line: &Line| line.0.get(at).map_or(0, |byte| usize::from(*byte));
                    let pattern = first + (of(low) | high.map_or(0, of) << 7) % size;
                    if let Some([count, ..]) = self.counts.get_mut(pattern) {
                        *count += 1;
                    }
                    if let Some(sum) = self.sums.get_mut(pattern) {
                        *sum += weight;
                    }
                }
            }
            first += size;
        }
    }

    pub(crate) fn weights(self) -> Vec<f64> {
        match self.same {
            Some(weight) => {
                self.counts.iter().map(|counts| weight * counts.iter().map(|n| f64::from(*n)).sum::<f64>()).collect()
            }
            None => self.sums,
        }
    }
}

/// Counts patterns of up to seven bits.
#[allow(clippy::indexing_slicing, reason = "the innermost loop; the length is a power of two")]
#[inline(always)]
fn count(counts: &mut [[u32; 4]], low: &Line) {
    if counts.is_empty() {
        return;
    }
    let last = counts.len() - 1;
    for four in low.0.as_chunks::<4>().0 {
        for (place, pattern) in four.iter().enumerate() {
            counts[usize::from(*pattern) & last][place] += 1;
        }
    }
}
