//! Path-dependent attributions of any tree in one sweep down and up, many rows side by side.
//!
//! A leaf of value `v` plays the game `v(S) = v ∏_{k∈S} o_k ∏_{k∉S} z_k` over the players on its path, with `o_k` 1 when
//! the row meets all of player `k`'s conditions there, and `z_k` the share of training rows that its splits let
//! through. Shapley's weights are integrals over the chance `t` that a player is present, so
//!
//! ```text
//! φ_j = v ∫₀¹ (o_j − z_j) ∏_{k≠j} (t·o_k + (1−t)·z_k) dt
//! ```
//!
//! Gauss–Legendre with `⌈d/2⌉` nodes is exact for these polynomials of degree `d − 1` (the idea of quadrature is
//! Jiang and others', 2025, as in shapiq). With `f_k = t·o_k + (1−t)·z_k`, the quotient `ρ_k = (o_k − z_k)/f_k` is
//! `(1−z_k)/(t + (1−t)·z_k)` where the row meets the conditions and `−1/(1−t)` where it does not. On the way down
//! each split multiplies the product by its factor; on the way up the sums `S` of `v·∏f` over leaves are gathered, and
//! each way down from a split gives its player `Σ_t w_t·S·(ρ − ρ')`, where `ρ'` is of the nearest split above that asks
//! the same player (0 where there is none). Nothing is divided by `z` or `o`, so splits that no training row took need
//! no special case; and sums for rows that meet the conditions and rows that do not are kept apart, so that nothing
//! cancels.
//!
//! Cost: some ten operations for each split and node of the quadrature, whatever the depth.

use crate::{
    block::{Block, ROWS},
    forest::{Child, Forest, Shape},
    quadrature::{gauss_legendre, nodes_for},
};

/// A number that sweeps are computed with.
pub(crate) trait Real:
    Copy
    + Default
    + Send
    + Sync
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::AddAssign
{
    fn of(x: f64) -> Self;
    fn of_bit(bit: u32) -> Self;
    fn double(self) -> f64;
    /// `self·b + c`, rounded once where the machine can.
    fn times_plus<const FUSED: bool>(self, b: Self, c: Self) -> Self;

    /// Adds what stands in a table, of a length that is a power of two, at each pattern.
    ///
    /// # Safety
    /// The machine has AVX-512 F, VL, BW and DQ, AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "only called where the instructions were found")]
    unsafe fn read_avx512(table: &[Self], bits: &[u32; ROWS], share: &mut [Self; ROWS]);
}

macro_rules! real {
    ($type:ty, $read:expr) => {
        impl Real for $type {
            #[inline(always)]
            #[allow(clippy::cast_possible_truncation, reason = "the width that was asked for")]
            fn of(x: f64) -> Self {
                x as Self
            }
            #[inline(always)]
            fn of_bit(bit: u32) -> Self {
                bit as i32 as Self
            }
            #[inline(always)]
            fn double(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn times_plus<const FUSED: bool>(self, b: Self, c: Self) -> Self {
                if FUSED { self.mul_add(b, c) } else { self * b + c }
            }
            #[cfg(target_arch = "x86_64")]
            #[inline(always)]
            #[allow(unsafe_code, reason = "only called where the instructions were found")]
            unsafe fn read_avx512(table: &[Self], bits: &[u32; ROWS], share: &mut [Self; ROWS]) {
                let read: unsafe fn(&[Self], &[u32; ROWS], &mut [Self; ROWS]) = $read;
                // SAFETY: as the caller promises.
                unsafe { read(table, bits, share) }
            }
        }
    };
}
real!(f32, crate::machine::permute::read);
real!(f64, crate::machine::read_any);

/// One number per row of a block.
type Row<T> = [T; ROWS];

/// What is done next. Splits by their place in [`Shape::splits`].
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Ask; then the left leaf, or down to the left.
    Enter(u32),
    /// Both sides are leaves: ask and be done.
    Pair(u32),
    /// Back from the left; then the right leaf, or down to the right.
    AfterLeft(u32),
    /// Back from the right.
    AfterRight(u32),
}

/// Constants of a split at one node of the quadrature.
#[derive(Clone, Copy, Debug, Default)]
struct Factor<T> {
    /// What presence adds: `t/f'`, with `f'` of the player's split above where the row meets that.
    present: T,
    /// Factor of the left side when absent: `(1−t)·share`; below another split of the player, `t/f'·share`.
    share: T,
    /// `ρ` on the left where the row meets the conditions.
    left: T,
    /// The same on the right.
    right: T,
    /// The same of the player's split above.
    above: T,
    /// `ρ` where the row does not meet the conditions.
    unmet: T,
}

/// A tree ready to be swept.
#[derive(Clone, Debug)]
pub(crate) struct Sweep<T> {
    events: Vec<Event>,
    /// Weights of the nodes of the quadrature.
    start: Vec<T>,
    /// By split and node.
    factors: Vec<Factor<T>>,
    values: Vec<T>,
    width: usize,
    /// Who gets anything.
    pub(crate) players: Vec<u32>,
}

/// What one thread needs.
#[derive(Clone, Debug)]
pub(crate) struct Scratch<T> {
    /// Products and sums by level and node.
    products: Vec<Row<T>>,
    sums: Vec<Row<T>>,
    /// Whether a row meets the conditions on the way down that is being taken, by level.
    on: Vec<Row<T>>,
}

impl<T: Real> Scratch<T> {
    /// For trees of up to this depth and number of nodes of the quadrature.
    pub(crate) fn new(depth: usize, n_nodes: usize) -> Self {
        let row = [T::default(); ROWS];
        Self {
            products: vec![row; (depth + 1) * n_nodes],
            sums: vec![row; (depth + 1) * n_nodes],
            on: vec![row; depth + 1],
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(depth: usize, n_nodes: usize) -> usize {
        size_of::<Row<T>>() * (depth + 1) * (2 * n_nodes + 1)
    }
}

impl<T: Real> Sweep<T> {
    pub(crate) fn over(shape: &Shape, n_outputs: usize) -> Self {
        let rule = gauss_legendre(Self::n_nodes(shape));
        let mut factors = Vec::with_capacity(shape.splits.len() * rule.len());
        for (split, z) in shape.splits.iter().zip(&aboves(shape)) {
            for (t, _) in &rule {
                let (r, unmet) = (split.left_share, -1.0 / (1.0 - t));
                let rho = |z: f64| (1.0 - z) / (t + (1.0 - t) * z);
                let present = t / (t + (1.0 - t) * z);
                factors.push(Factor {
                    present: T::of(present),
                    share: T::of(if split.ancestor.is_some() { present * r } else { (1.0 - t) * r }),
                    left: T::of(rho(z * r)),
                    right: T::of(rho(z * (1.0 - r))),
                    above: T::of(rho(*z)),
                    unmet: T::of(unmet),
                });
            }
        }
        let mut players: Vec<u32> = shape.splits.iter().map(|s| s.player).collect();
        players.sort_unstable();
        players.dedup();
        Self {
            events: events(shape),
            start: rule.iter().map(|(_, w)| T::of(*w)).collect(),
            factors,
            values: shape.values.iter().map(|v| T::of(*v)).collect(),
            width: shape.width(n_outputs),
            players,
        }
    }

    /// Nodes of the quadrature that a tree needs.
    pub(crate) fn n_nodes(shape: &Shape) -> usize {
        nodes_for(shape.n_on_path.saturating_sub(1))
    }

    /// Bytes that the constants of a tree take.
    pub(crate) fn bytes(shape: &Shape) -> usize {
        shape.splits.len() * Self::n_nodes(shape) * size_of::<Factor<T>>()
    }

    /// Attributions of a block to one of the tree's outputs, added to `shares` by player.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "the innermost loop; `over` keeps every index in range")]
    #[allow(clippy::too_many_lines, reason = "four events of one walk, which share their state")]
    pub(crate) fn add<const FUSED: bool>(
        &self,
        forest: &Forest,
        shape: &Shape,
        block: &Block,
        output: usize,
        scratch: &mut Scratch<T>,
        shares: &mut [Row<T>],
    ) {
        let n = self.start.len();
        let Scratch { products, sums, on } = scratch;
        for (product, start) in products.iter_mut().zip(&self.start) {
            *product = [*start; ROWS];
        }
        for event in &self.events {
            let (Event::Enter(at) | Event::Pair(at) | Event::AfterLeft(at) | Event::AfterRight(at)) = *event;
            let split = &shape.splits[at as usize];
            let factors = &self.factors[at as usize * n..(at as usize + 1) * n];
            let here = split.level as usize * n;
            let value = |child: Child| match child {
                Child::Leaf(leaf) => self.values[leaf as usize * self.width + output],
                Child::Split(_) => T::default(),
            };
            let level = split.level as usize;
            let old = match split.ancestor {
                Some(above) => on[above as usize],
                None => [T::of(1.0); ROWS],
            };
            let share = &mut shares[split.player as usize];
            match *event {
                Event::Enter(_) | Event::Pair(_) => {
                    let left = block.ask(forest, split.test);
                    let mut met = [T::default(); ROWS];
                    for i in 0..ROWS {
                        met[i] = T::of_bit(left[i]) * old[i];
                    }
                    on[level] = met;
                    let (above, below) = products.split_at_mut(here + n);
                    let above = &above[here..];
                    let r = T::of(split.left_share);
                    if matches!(event, Event::Pair(_)) {
                        let (v, w) = (value(split.left), value(split.right));
                        let mut dots = [[T::default(); ROWS]; 5];
                        for q in 0..n {
                            let f = factors[q];
                            let (p, sum) = (&above[q], &mut sums[here + q]);
                            for i in 0..ROWS {
                                let absent = if split.ancestor.is_some() { r - old[i] * f.share } else { f.share };
                                let down = p[i] * met[i].times_plus::<FUSED>(f.present, absent);
                                let (a, b) = (v * down, w * (p[i] - down));
                                sum[i] = a + b;
                                dots[0][i] = a.times_plus::<FUSED>(f.left, dots[0][i]);
                                dots[1][i] = a.times_plus::<FUSED>(f.unmet, dots[1][i]);
                                dots[2][i] = b.times_plus::<FUSED>(f.right, dots[2][i]);
                                dots[3][i] = b.times_plus::<FUSED>(f.unmet, dots[3][i]);
                                dots[4][i] = (a + b).times_plus::<FUSED>(f.above, dots[4][i]);
                            }
                        }
                        let [left, left_unmet, right, right_unmet, above] = &dots;
                        for i in 0..ROWS {
                            share[i] += chosen(met[i], left[i], left_unmet[i])
                                + chosen(old[i] - met[i], right[i], right_unmet[i])
                                - chosen(old[i], above[i], left_unmet[i] + right_unmet[i]);
                        }
                        continue;
                    }
                    for q in 0..n {
                        let f = factors[q];
                        let (p, next) = (&above[q], &mut below[q]);
                        for i in 0..ROWS {
                            let absent = if split.ancestor.is_some() { r - old[i] * f.share } else { f.share };
                            next[i] = p[i] * met[i].times_plus::<FUSED>(f.present, absent);
                        }
                    }
                    if let Child::Split(_) = split.left {
                        continue;
                    }
                    let v = value(split.left);
                    let mut dots = [[T::default(); ROWS]; 2];
                    for q in 0..n {
                        let (p, sum) = (&below[q], &mut sums[here + q]);
                        for i in 0..ROWS {
                            let s = v * p[i];
                            sum[i] = s;
                            dots[0][i] = s.times_plus::<FUSED>(factors[q].left, dots[0][i]);
                            dots[1][i] = s.times_plus::<FUSED>(factors[q].unmet, dots[1][i]);
                        }
                    }
                    for i in 0..ROWS {
                        share[i] += chosen(met[i], dots[0][i], dots[1][i]);
                        // From here on the way to the right.
                        on[level][i] = old[i] - met[i];
                    }
                    for q in 0..n {
                        for i in 0..ROWS {
                            below[q][i] = above[q][i] - below[q][i];
                        }
                    }
                    // Two leaves are a pair, so that a split follows on the right.
                }
                Event::AfterLeft(_) => {
                    let mut dots = [[T::default(); ROWS]; 2];
                    let (upper, lower) = sums.split_at_mut(here + n);
                    for q in 0..n {
                        for i in 0..ROWS {
                            let s = lower[q][i];
                            upper[here + q][i] = s;
                            dots[0][i] = s.times_plus::<FUSED>(factors[q].left, dots[0][i]);
                            dots[1][i] = s.times_plus::<FUSED>(factors[q].unmet, dots[1][i]);
                        }
                    }
                    let met = &mut on[level];
                    for i in 0..ROWS {
                        share[i] += chosen(met[i], dots[0][i], dots[1][i]);
                        met[i] = old[i] - met[i];
                    }
                    let (above, below) = products.split_at_mut(here + n);
                    if let Child::Split(_) = split.right {
                        for q in 0..n {
                            for i in 0..ROWS {
                                below[q][i] = above[here + q][i] - below[q][i];
                            }
                        }
                        continue;
                    }
                    let w = value(split.right);
                    let mut dots = [[T::default(); ROWS]; 4];
                    for q in 0..n {
                        for i in 0..ROWS {
                            let b = w * (above[here + q][i] - below[q][i]);
                            let s = upper[here + q][i] + b;
                            upper[here + q][i] = s;
                            dots[0][i] = b.times_plus::<FUSED>(factors[q].right, dots[0][i]);
                            dots[1][i] = b.times_plus::<FUSED>(factors[q].unmet, dots[1][i]);
                            dots[2][i] = s.times_plus::<FUSED>(factors[q].above, dots[2][i]);
                            dots[3][i] = s.times_plus::<FUSED>(factors[q].unmet, dots[3][i]);
                        }
                    }
                    for i in 0..ROWS {
                        share[i] += chosen(met[i], dots[0][i], dots[1][i]) - chosen(old[i], dots[2][i], dots[3][i]);
                    }
                }
                Event::AfterRight(_) => {
                    let mut dots = [[T::default(); ROWS]; 4];
                    let (upper, lower) = sums.split_at_mut(here + n);
                    for q in 0..n {
                        for i in 0..ROWS {
                            let b = lower[q][i];
                            let s = upper[here + q][i] + b;
                            upper[here + q][i] = s;
                            dots[0][i] = b.times_plus::<FUSED>(factors[q].right, dots[0][i]);
                            dots[1][i] = b.times_plus::<FUSED>(factors[q].unmet, dots[1][i]);
                            dots[2][i] = s.times_plus::<FUSED>(factors[q].above, dots[2][i]);
                            dots[3][i] = s.times_plus::<FUSED>(factors[q].unmet, dots[3][i]);
                        }
                    }
                    let met = &on[level];
                    for i in 0..ROWS {
                        share[i] += chosen(met[i], dots[0][i], dots[1][i]) - chosen(old[i], dots[2][i], dots[3][i]);
                    }
                }
            }
        }
    }
}

/// One of two sums, where `met` is 1 or 0.
#[inline(always)]
fn chosen<T: Real>(met: T, yes: T, no: T) -> T {
    met * yes + (T::of(1.0) - met) * no
}

/// By split: share of training rows that the conditions of its player above it let through.
fn aboves(shape: &Shape) -> Vec<f64> {
    // Shares of the way that is being taken, by level.
    let mut ways: Vec<f64> = vec![1.0; shape.depth + 1];
    let mut out = vec![1.0; shape.splits.len()];
    let mut stack = vec![(shape.root, None::<(usize, f64)>)];
    while let Some((child, from)) = stack.pop() {
        if let Some((level, z)) = from
            && let Some(way) = ways.get_mut(level)
        {
            *way = z;
        }
        let Child::Split(at) = child else { continue };
        let Some(split) = shape.splits.get(at as usize) else { continue };
        let z = split.ancestor.and_then(|level| ways.get(level as usize)).copied().unwrap_or(1.0);
        if let Some(slot) = out.get_mut(at as usize) {
            *slot = z;
        }
        let level = split.level as usize;
        stack.push((split.right, Some((level, z * (1.0 - split.left_share)))));
        stack.push((split.left, Some((level, z * split.left_share))));
    }
    out
}

/// The order of work: down to the left, down to the right, up.
fn events(shape: &Shape) -> Vec<Event> {
    let mut out = Vec::with_capacity(2 * shape.splits.len());
    let Child::Split(root) = shape.root else { return out };
    let mut stack = vec![Event::Enter(root)];
    while let Some(event) = stack.pop() {
        let (Event::Enter(at) | Event::Pair(at) | Event::AfterLeft(at) | Event::AfterRight(at)) = event;
        let Some(split) = shape.splits.get(at as usize) else { continue };
        match (event, split.left, split.right) {
            (Event::Enter(_), Child::Leaf(_), Child::Leaf(_)) => out.push(Event::Pair(at)),
            (Event::Enter(_), Child::Split(left), _) => {
                out.push(event);
                stack.push(Event::AfterLeft(at));
                stack.push(Event::Enter(left));
            }
            (Event::Enter(_) | Event::AfterLeft(_), _, Child::Split(right)) => {
                out.push(event);
                stack.push(Event::AfterRight(at));
                stack.push(Event::Enter(right));
            }
            _ => out.push(event),
        }
    }
    out
}
