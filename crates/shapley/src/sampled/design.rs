//! Which coalitions are asked for.

use std::collections::BTreeSet;

use equipoise_kernels::Draws;

use crate::Coalition;

/// Pairs of a coalition and its complement, drawn without replacement by their leverage in KernelSHAP's regression
/// (Musco and Witter 2025): every size of coalition gets the same number of draws, so that a coalition of `s` out of `d`
/// has a chance proportional to `1 / C(d, s)`, and a size whose coalitions run out leaves its share to the others.
/// A design that grows keeps what it had.
pub(super) struct PairedDesign {
    n_players: usize,
    /// By size from 1 to `d / 2`: the smaller (or, of equal ones, the one without player 0) of each pair.
    drawn: Vec<BTreeSet<Coalition>>,
    draws: Draws,
}

impl PairedDesign {
    pub(super) fn new(n_players: usize, draws: Draws) -> Self {
        Self { n_players, drawn: vec![BTreeSet::new(); n_players / 2], draws }
    }

    /// Number of pairs there are, apart from everybody and nobody: `2^(d−1) − 1`.
    pub(super) fn n_all(n_players: usize) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a few hundred players")]
        let exponent = n_players as f64 - 1.0;
        libm::exp2(exponent) - 1.0
    }

    /// Grows to `n_pairs` and returns one coalition of each new pair.
    pub(super) fn grow(&mut self, n_pairs: usize) -> Vec<Coalition> {
        let wanted = self.wanted(n_pairs);
        let mut added = Vec::new();
        for (place, n) in wanted.into_iter().enumerate() {
            let size = place + 1;
            while self.drawn.get(place).is_some_and(|drawn| drawn.len() < n) {
                let mut coalition = self.draw(size);
                if 2 * size == self.n_players && coalition.has(0) {
                    coalition = coalition.complement(self.n_players);
                }
                if self.drawn.get_mut(place).is_some_and(|drawn| drawn.insert(coalition.clone())) {
                    added.push(coalition);
                }
            }
        }
        added
    }

    /// How many pairs of each size a design of `n_pairs` has.
    #[allow(clippy::cast_precision_loss, reason = "counts of coalitions that are asked for")]
    fn wanted(&mut self, n_pairs: usize) -> Vec<usize> {
        let d = self.n_players;
        let sizes = d / 2;
        let is_middle = |size: usize| 2 * size == d;
        let room: Vec<f64> = (1..=sizes).map(|s| binomial(d, s) / if is_middle(s) { 2.0 } else { 1.0 }).collect();
        // Sizes s and d − s share a pair; the middle size has only itself.
        let share: Vec<f64> = (1..=sizes).map(|s| if is_middle(s) { 1.0 } else { 2.0 }).collect();
        let mut left = (n_pairs as f64).min(room.iter().sum());
        let mut counts = vec![0.0; sizes];
        let mut open: Vec<usize> = (0..sizes).collect();
        while left > 0.0 && !open.is_empty() {
            let total: f64 = open.iter().filter_map(|i| share.get(*i)).sum();
            let at = |values: &[f64], i: usize| values.get(i).copied().unwrap_or(0.0);
            let full: Vec<usize> =
                open.iter().copied().filter(|i| at(&share, *i) / total * left >= at(&room, *i)).collect();
            let (closing, is_last) = if full.is_empty() { (open.clone(), true) } else { (full, false) };
            let available = left;
            for i in &closing {
                let n = if is_last { at(&share, *i) / total * available } else { at(&room, *i) };
                left -= n;
                if let Some(count) = counts.get_mut(*i) {
                    *count = n;
                }
            }
            open.retain(|i| !closing.contains(i));
            if is_last {
                break;
            }
        }
        // Systematic rounding: the counts sum to the wanted number.
        let offset = self.draws.uniform();
        let mut sum = offset;
        let mut out = Vec::with_capacity(sizes);
        for ((count, room), drawn) in counts.iter().zip(&room).zip(&self.drawn) {
            let before = libm::floor(sum + 1e-9);
            sum += count;
            let n = (libm::floor(sum + 1e-9) - before).min(*room);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the asked number"
            )]
            out.push((n as usize).max(drawn.len()));
        }
        out
    }

    /// A random coalition of a size (Floyd's sampling).
    fn draw(&mut self, size: usize) -> Coalition {
        let d = self.n_players;
        let mut coalition = Coalition::nobody(d);
        for last in d - size..d {
            #[allow(clippy::cast_possible_truncation, reason = "below the number of players")]
            let pick = self.draws.below(last as u64 + 1) as usize;
            coalition.insert(if coalition.has(pick) { last } else { pick });
        }
        coalition
    }
}

#[allow(clippy::cast_precision_loss, reason = "a few hundred players")]
fn binomial(n: usize, k: usize) -> f64 {
    libm::round((0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(d: usize) -> PairedDesign {
        PairedDesign::new(d, Draws::new(7, "design", 0))
    }

    #[test]
    fn a_full_design_has_every_pair_once() {
        for d in 2..=9 {
            let n_all = (1_usize << (d - 1)) - 1;
            let mut design = design(d);
            let mut all = design.grow(n_all / 2);
            all.extend(design.grow(10 * n_all));
            assert_eq!(all.len(), n_all, "{d}");
            let both: BTreeSet<Coalition> = all.iter().flat_map(|c| [c.clone(), c.complement(d)]).collect();
            assert_eq!(both.len(), 2 * n_all, "{d}");
        }
    }

    #[test]
    fn sizes_get_equal_shares_until_they_run_out() {
        // 14 players, 64 pairs: the singles take their 14; 2 to 6 and half of 7 share 50 as 2 : 2 : 2 : 2 : 2 : 1.
        let added = design(14).grow(64);
        assert_eq!(added.len(), 64);
        let count = |size: usize| added.iter().filter(|c| c.n_members() == size).count();
        assert!((9..=14).contains(&count(1)) && (9..=11).contains(&count(2)) && (4..=7).contains(&count(7)));
    }
}
