//! The widest instructions of the machine that it runs on, chosen when it runs.
//!
//! The same loops are compiled several times, for AVX-512, for AVX2 and for what every processor of its kind has (which
//! on 64-bit ARM includes NEON). The results are the same within rounding: products and sums are fused where the
//! machine can.

use crate::{
    Interaction,
    block::{Block, ROWS},
    forest::{Forest, Shape},
    interactions::{PairScratch, Pairs},
    patterns::{Bits, Trail},
    planes::{self, Cut, Desk, Filled, Made, Narrow, Planes, Program, Source, Sums, Wanted},
    reference::Betas,
    sweep::{Real, Scratch, Sweep},
    tables::Tables,
};

/// Instructions to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// What every processor of its kind has.
    Any,
    /// 256 bits with fused products.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 512 bits, with instructions that look up bytes.
    #[cfg(target_arch = "x86_64")]
    Avx512Bytes,
}

/// Whether fused products are cheap without asking.
const FUSED: bool = cfg!(target_arch = "aarch64");

impl Machine {
    /// The best that this one has.
    pub(crate) fn found() -> Self {
        Self::all().into_iter().next_back().unwrap_or(Self::Any)
    }

    /// All that this one has, the best last.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Any];
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                all.push(Self::Avx2);
                let features = std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512vl")
                    && std::is_x86_feature_detected!("avx512bw")
                    && std::is_x86_feature_detected!("avx512dq");
                if features {
                    all.push(Self::Avx512);
                    if std::is_x86_feature_detected!("avx512vbmi") {
                        all.push(Self::Avx512Bytes);
                    }
                }
            }
        }
        all
    }

    /// Whether tables of bytes are the fastest.
    pub(crate) fn reads_bytes(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bytes => true,
            _ => false,
        }
    }

    /// [`crate::planes::Planes`], added for some blocks.
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn planes(self, planes: &Planes, forest: &Forest, blocks: &mut [Sums], desk: &mut Desk) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` has seen these instructions.
            Self::Avx512Bytes => unsafe { planes::run_wide(planes, forest, blocks, desk) },
            _ => planes::run_anywhere(planes, forest, blocks, desk),
        }
    }

    /// Weights of the patterns of some rows at each stop of a tree, one stop after the other.
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn seen(self, program: &Program, forest: &Forest, blocks: &[(Narrow, [f64; ROWS])]) -> Vec<f64> {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` has seen these instructions.
            Self::Avx512Bytes => unsafe { planes::seen_wide(program, forest, blocks) },
            _ => planes::seen_anywhere(program, forest, blocks),
        }
    }

    /// Tables of bytes of one tree.
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn made(
        self,
        trees: (&Forest, &Shape, &Cut),
        source: Source<'_>,
        wanted: Wanted<'_>,
        room: &mut Filled,
    ) -> Made {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` has seen these instructions.
            Self::Avx512Bytes => unsafe { planes::made_wide(trees, source, wanted, room) },
            _ => planes::made(trees, source, wanted, room),
        }
    }

    /// What reading a table of 32-bit numbers costs for one row, by the bits of its patterns, in operations on whole
    /// registers of 16 numbers.
    pub(crate) fn reading(self, n_bits: usize) -> f64 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 | Self::Avx512Bytes => match n_bits {
                0..=5 => 3.5 / 16.0,
                6 => 5.5 / 16.0,
                7 => 10.0 / 16.0,
                8 => 19.0 / 16.0,
                _ => 2.5,
            },
            _ => 1.5,
        }
    }

    /// What a sweep costs for one row at one split and one node of the quadrature, likewise.
    pub(crate) fn sweeping(self) -> f64 {
        match self {
            Self::Any => 4.0 * 10.0 / 16.0,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 2.0 * 10.0 / 16.0,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 | Self::Avx512Bytes => 10.0 / 16.0,
        }
    }

    /// [`Sweep::add`].
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn sweep<T: Real>(
        self,
        sweep: &Sweep<T>,
        (forest, shape): (&Forest, &Shape),
        block: &Block,
        output: usize,
        scratch: &mut Scratch<T>,
        shares: &mut [[T; ROWS]],
    ) {
        match self {
            Self::Any => sweep.add::<FUSED>(forest, shape, block, output, scratch, shares),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` has seen these instructions.
            Self::Avx2 => unsafe { sweep_avx2(sweep, forest, shape, block, output, scratch, shares) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx512 | Self::Avx512Bytes => unsafe {
                sweep_avx512(sweep, forest, shape, block, output, scratch, shares);
            },
        }
    }

    /// [`Tables::add`].
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn tables<T: Real>(
        self,
        tables: &Tables<T>,
        trees: (&Forest, &Shape),
        block: &Block,
        place: usize,
        room: &mut TableRoom,
        shares: &mut [[T; ROWS]],
    ) {
        match self {
            Self::Any => tables.add(trees, block, place, &room.betas, &mut room.trail, shares, read_any),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` has seen these instructions.
            Self::Avx2 => unsafe { tables_avx2(tables, trees, block, place, room, shares) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx512 | Self::Avx512Bytes => unsafe { tables_avx512(tables, trees, block, place, room, shares) },
        }
    }

    /// [`Pairs::add`].
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn pairs<T: Real>(
        self,
        pairs: &Pairs,
        (forest, shape): (&Forest, &Shape),
        block: &Block,
        (place, index): (usize, Interaction),
        scratch: &mut PairScratch<T>,
    ) {
        match self {
            Self::Any => pairs.add::<T, FUSED>(forest, shape, block, place, index, scratch),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` has seen these instructions.
            Self::Avx2 => unsafe { pairs_avx2(pairs, forest, shape, block, place, index, scratch) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx512 | Self::Avx512Bytes => unsafe {
                pairs_avx512(pairs, forest, shape, block, place, index, scratch);
            },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn sweep_avx2<T: Real>(
    sweep: &Sweep<T>,
    forest: &Forest,
    shape: &Shape,
    block: &Block,
    output: usize,
    scratch: &mut Scratch<T>,
    shares: &mut [[T; ROWS]],
) {
    sweep.add::<true>(forest, shape, block, output, scratch, shares);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
fn sweep_avx512<T: Real>(
    sweep: &Sweep<T>,
    forest: &Forest,
    shape: &Shape,
    block: &Block,
    output: usize,
    scratch: &mut Scratch<T>,
    shares: &mut [[T; ROWS]],
) {
    sweep.add::<true>(forest, shape, block, output, scratch, shares);
}

/// What one thread needs to read tables.
#[derive(Clone, Debug)]
pub(crate) struct TableRoom {
    pub(crate) betas: Betas,
    pub(crate) trail: Trail,
}

/// Adds what stands in a table at each pattern.
#[inline(always)]
pub(crate) fn read_any<T: Real>(table: &[T], bits: &Bits, share: &mut [T; ROWS]) {
    for (share, pattern) in share.iter_mut().zip(bits) {
        *share += table.get(*pattern as usize).copied().unwrap_or_default();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn tables_avx2<T: Real>(
    tables: &Tables<T>,
    trees: (&Forest, &Shape),
    block: &Block,
    place: usize,
    room: &mut TableRoom,
    shares: &mut [[T; ROWS]],
) {
    tables.add(trees, block, place, &room.betas, &mut room.trail, shares, read_any);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
#[allow(unsafe_code, reason = "this function is compiled for the same instructions")]
fn tables_avx512<T: Real>(
    tables: &Tables<T>,
    trees: (&Forest, &Shape),
    block: &Block,
    place: usize,
    room: &mut TableRoom,
    shares: &mut [[T; ROWS]],
) {
    let read = |table: &[T], bits: &Bits, share: &mut [T; ROWS]| {
        // SAFETY: whoever runs this has these instructions.
        unsafe { T::read_avx512(table, bits, share) }
    };
    tables.add(trees, block, place, &room.betas, &mut room.trail, shares, read);
}

/// Reading a table with instructions that look up 32 numbers at once.
#[cfg(target_arch = "x86_64")]
pub(crate) mod permute {
    use super::{Bits, ROWS, read_any};
    use std::arch::x86_64::{
        __m512, __m512i, _mm512_add_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_blend_ps,
        _mm512_permutex2var_ps, _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_storeu_ps, _mm512_test_epi32_mask,
    };

    /// Tables of up to this many numbers are held in registers.
    const MOST: usize = 256;

    /// Adds what stands in a table at each pattern. The table's length is a power of two and no pattern is beyond it.
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
    #[inline]
    pub(crate) fn read(table: &[f32], bits: &Bits, share: &mut [f32; ROWS]) {
        match table.len() {
            16 => read_sized::<1>(table, bits, share),
            32 => read_sized::<2>(table, bits, share),
            64 => read_sized::<4>(table, bits, share),
            128 => read_sized::<8>(table, bits, share),
            MOST => read_sized::<16>(table, bits, share),
            0..16 => {
                let mut padded = [0.0; 16];
                padded.iter_mut().zip(table).for_each(|(slot, x)| *slot = *x);
                read_sized::<1>(&padded, bits, share);
            }
            _ => read_any(table, bits, share),
        }
    }

    /// Tables of `N` registers.
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
    #[inline]
    fn read_sized<const N: usize>(table: &[f32], bits: &Bits, share: &mut [f32; ROWS]) {
        let mut registers = [load([0.0; 16]); N];
        for (register, part) in registers.iter_mut().zip(table.as_chunks::<16>().0) {
            *register = load(*part);
        }
        let lanes = share.as_chunks_mut::<16>().0.iter_mut().zip(bits.as_chunks::<16>().0);
        for (share, bits) in lanes {
            let at = load_bits(*bits);
            let found = look_up(&registers, at);
            *share = store(_mm512_add_ps(load(*share), found));
        }
    }

    /// The number at each index: two registers at a time, halved bit by bit.
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
    #[inline]
    fn look_up<const N: usize>(registers: &[__m512; N], at: __m512i) -> __m512 {
        if let [only] = registers.as_slice() {
            return _mm512_permutexvar_ps(at, *only);
        }
        let mut found = [load([0.0; 16]); 8];
        let mut left = N / 2;
        for (found, pair) in found.iter_mut().zip(registers.as_chunks::<2>().0) {
            let [low, high] = *pair;
            *found = _mm512_permutex2var_ps(low, at, high);
        }
        let mut bit = 32;
        while left > 1 {
            let is_set = _mm512_test_epi32_mask(at, _mm512_set1_epi32(bit));
            left /= 2;
            for i in 0..left {
                if let (Some(low), Some(high)) = (found.get(2 * i).copied(), found.get(2 * i + 1).copied())
                    && let Some(slot) = found.get_mut(i)
                {
                    *slot = _mm512_mask_blend_ps(is_set, low, high);
                }
            }
            bit <<= 1;
        }
        found[0]
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    #[allow(unsafe_code, reason = "sixteen numbers are read from an array of sixteen")]
    fn load(values: [f32; 16]) -> __m512 {
        // SAFETY: the array is as long as the register.
        unsafe { _mm512_loadu_ps(values.as_ptr()) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    #[allow(unsafe_code, reason = "sixteen numbers are read from an array of sixteen")]
    fn load_bits(values: [u32; 16]) -> __m512i {
        // SAFETY: the array is as long as the register.
        unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    #[allow(unsafe_code, reason = "sixteen numbers are written to an array of sixteen")]
    fn store(values: __m512) -> [f32; 16] {
        let mut out = [0.0; 16];
        // SAFETY: the array is as long as the register.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), values) };
        out
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn pairs_avx2<T: Real>(
    pairs: &Pairs,
    forest: &Forest,
    shape: &Shape,
    block: &Block,
    place: usize,
    index: Interaction,
    scratch: &mut PairScratch<T>,
) {
    pairs.add::<T, true>(forest, shape, block, place, index, scratch);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
fn pairs_avx512<T: Real>(
    pairs: &Pairs,
    forest: &Forest,
    shape: &Shape,
    block: &Block,
    place: usize,
    index: Interaction,
    scratch: &mut PairScratch<T>,
) {
    pairs.add::<T, true>(forest, shape, block, place, index, scratch);
}
