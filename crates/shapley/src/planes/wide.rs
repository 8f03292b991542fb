//! The same sums with instructions that look up 64 bytes at once among 128 (AVX-512 VBMI).

use std::arch::x86_64::{
    __m512i, _mm512_add_epi8, _mm512_add_epi16, _mm512_add_epi32, _mm512_and_si512, _mm512_castsi512_si256,
    _mm512_cmpeq_epu8_mask, _mm512_cmple_epu8_mask, _mm512_cmple_epu16_mask, _mm512_cvtepu32_pd,
    _mm512_extracti64x4_epi64, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_loadu_si512, _mm512_mask_add_epi8,
    _mm512_mask_mov_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_permutexvar_epi8, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_set1_pd, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_slli_epi32,
    _mm512_srli_epi16, _mm512_srli_epi32, _mm512_storeu_pd, _mm512_storeu_si512, _mm512_sub_epi16,
    _mm512_test_epi8_mask,
};

use super::{
    Batch, Cut, Desk, Filled, Made, Narrow, Planes, Program, Source, Sums, Wanted,
    narrow::{Ask, Column},
    portable,
    quantise::{Line, PLANES, n_lines},
    tally::Tally,
};
use crate::{
    block::ROWS,
    forest::{Forest, Shape},
};

/// Blocks that go through a batch's tables together: their sums fill the registers.
const GROUP: usize = 4;

/// Sums of the bytes of one plane: those at even places together with 256 times those at odd ones, and those at odd ones.
#[derive(Clone, Copy)]
struct Bytes {
    both: __m512i,
    odd: __m512i,
}

/// By plane and block.
type Counts = [[Bytes; GROUP]; PLANES];

/// Adds all tables for some blocks.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
pub(crate) fn run(planes: &Planes, forest: &Forest, blocks: &mut [Sums], desk: &mut Desk) {
    for batch in &planes.batches {
        desk.patterns.resize(batch.n_patterns * GROUP, Line([0; ROWS]));
        for group in blocks.chunks_mut(GROUP) {
            for (g, block) in group.iter().enumerate() {
                let mut place = g;
                for program in &batch.programs {
                    masks(program, forest, &block.rows, &mut desk.masks);
                    place = patterns(program, &desk.masks, place, GROUP, &mut desk.patterns);
                }
            }
            read_all(batch, &desk.patterns, group);
        }
    }
    planes.add_offsets(blocks);
}

/// Weights of some rows' patterns at each stop, one stop after the other.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
pub(crate) fn seen(program: &Program, forest: &Forest, blocks: &[(Narrow, [f64; ROWS])]) -> Vec<f64> {
    let mut tally = Tally::new(program, blocks.iter().map(|(_, weights)| weights));
    let mut all = vec![Line([0; ROWS]); program.n_patterns()];
    let mut found = Vec::new();
    for (rows, weights) in blocks {
        masks(program, forest, rows, &mut found);
        patterns(program, &found, 0, 1, &mut all);
        tally.add(program, &all, weights);
    }
    tally.weights()
}

/// [`super::made`] with wider instructions.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
pub(crate) fn made(trees: (&Forest, &Shape, &Cut), source: Source<'_>, wanted: Wanted<'_>, room: &mut Filled) -> Made {
    super::made(trees, source, wanted, room)
}

/// All targets of a batch.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
fn read_all(batch: &Batch, patterns: &[Line], group: &mut [Sums]) {
    let (mut reads, mut lines) = (batch.reads.as_slice(), batch.lines.as_slice());
    let patterns = patterns.as_chunks::<GROUP>().0;
    for target in &batch.targets {
        let zero = Bytes { both: _mm512_setzero_si512(), odd: _mm512_setzero_si512() };
        let mut counts: Counts = [[zero; GROUP]; PLANES];
        let [n_small, n_middle, n_large] = target.n_reads.map(|n| n as usize);
        let Some((some, rest)) = reads.split_at_checked(n_small) else { return };
        let Some((tables, left)) = lines.split_at_checked(n_small * PLANES) else { return };
        (reads, lines) = (rest, left);
        for (read, table) in some.iter().zip(tables.as_chunks::<PLANES>().0) {
            let Some(low) = patterns.get(read.pattern as usize) else { return };
            small(table, low, &mut counts);
        }
        let Some((some, rest)) = reads.split_at_checked(n_middle) else { return };
        let Some((tables, left)) = lines.split_at_checked(n_middle * 2 * PLANES) else { return };
        (reads, lines) = (rest, left);
        for (read, table) in some.iter().zip(tables.as_chunks::<{ 2 * PLANES }>().0) {
            let Some(low) = patterns.get(read.pattern as usize) else { return };
            middle(table, low, &mut counts);
        }
        let Some((some, rest)) = reads.split_at_checked(n_large) else { return };
        reads = rest;
        for read in some {
            let Some((table, left)) = lines.split_at_checked(n_lines(read.n_bits as usize)) else { return };
            lines = left;
            let at = read.pattern as usize;
            let (Some(low), Some(high)) = (patterns.get(at), patterns.get(at + 1)) else { return };
            large(table.as_chunks::<{ 2 * PLANES }>().0, low, high, &mut counts);
        }
        let [first, second, third] = &counts;
        for ((block, first), (second, third)) in group.iter_mut().zip(first).zip(second.iter().zip(third)) {
            if let Some(cell) = block.cells.get_mut(target.cell as usize) {
                hand_over([*first, *second, *third], target.step, cell);
            }
        }
    }
}

/// Tables of up to 64 patterns.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
#[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "arrays of one length, kept in registers")]
fn small(table: &[Line; PLANES], low: &[Line; GROUP], counts: &mut Counts) {
    for plane in 0..PLANES {
        let line = load(&table[plane]);
        for g in 0..GROUP {
            add(&mut counts[plane][g], _mm512_permutexvar_epi8(load(&low[g]), line));
        }
    }
}

/// Tables of 128 patterns.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
#[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "arrays of one length, kept in registers")]
fn middle(table: &[Line; 2 * PLANES], low: &[Line; GROUP], counts: &mut Counts) {
    for plane in 0..PLANES {
        let (one, two) = (load(&table[2 * plane]), load(&table[2 * plane + 1]));
        for g in 0..GROUP {
            add(&mut counts[plane][g], _mm512_permutex2var_epi8(one, load(&low[g]), two));
        }
    }
}

/// Larger tables, part by part of 128 patterns.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
#[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "arrays of one length, kept in registers")]
fn large(table: &[[Line; 2 * PLANES]], low: &[Line; GROUP], high: &[Line; GROUP], counts: &mut Counts) {
    let mut found = [[_mm512_setzero_si512(); GROUP]; PLANES];
    let mut part = _mm512_setzero_si512();
    for lines in table {
        for g in 0..GROUP {
            let is_here = _mm512_cmpeq_epu8_mask(load(&high[g]), part);
            let at = load(&low[g]);
            for plane in 0..PLANES {
                let one = _mm512_permutex2var_epi8(load(&lines[2 * plane]), at, load(&lines[2 * plane + 1]));
                found[plane][g] = _mm512_mask_mov_epi8(found[plane][g], is_here, one);
            }
        }
        part = _mm512_add_epi8(part, _mm512_set1_epi8(1));
    }
    for plane in 0..PLANES {
        for g in 0..GROUP {
            add(&mut counts[plane][g], found[plane][g]);
        }
    }
}

#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
fn add(count: &mut Bytes, found: __m512i) {
    count.both = _mm512_add_epi16(count.both, found);
    count.odd = _mm512_add_epi16(count.odd, _mm512_srli_epi16::<8>(found));
}

/// Adds counts, as 64-bit numbers, to the sums of a block.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
fn hand_over(planes: [Bytes; PLANES], step: f64, sums: &mut [f64; ROWS]) {
    let even = planes.map(|p| _mm512_sub_epi16(p.both, _mm512_slli_epi16::<8>(p.odd)));
    let odd = planes.map(|p| p.odd);
    let step = _mm512_set1_pd(step);
    let lower = _mm512_set1_epi32(0xffff);
    let low = |x: [__m512i; PLANES]| x.map(|x| _mm512_and_si512(x, lower));
    let high = |x: [__m512i; PLANES]| x.map(|x| _mm512_srli_epi32::<16>(x));
    let parts = [low(even), low(odd), high(even), high(odd)];
    for ([first, second, third], sums) in parts.into_iter().zip(sums.as_chunks_mut::<16>().0) {
        let whole = _mm512_add_epi32(first, _mm512_slli_epi32::<8>(second));
        let whole = _mm512_add_epi32(whole, _mm512_slli_epi32::<16>(third));
        let halves = [_mm512_castsi512_si256(whole), _mm512_extracti64x4_epi64::<1>(whole)];
        for (half, sums) in halves.into_iter().zip(sums.as_chunks_mut::<8>().0) {
            add_numbers(_mm512_cvtepu32_pd(half), step, sums);
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code, reason = "eight numbers are read from and written to an array of eight")]
fn add_numbers(x: std::arch::x86_64::__m512d, step: std::arch::x86_64::__m512d, sums: &mut [f64; 8]) {
    // SAFETY: the array is as long as the register.
    unsafe {
        let sum = _mm512_fmadd_pd(x, step, _mm512_loadu_pd(sums.as_ptr()));
        _mm512_storeu_pd(sums.as_mut_ptr(), sum);
    }
}

/// One mask for all rows, for each split and for each turn.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
fn masks(program: &Program, forest: &Forest, rows: &Narrow, out: &mut Vec<u64>) {
    out.clear();
    out.reserve(1 + program.asks.len() + program.turns.len());
    out.push(u64::MAX);
    for ask in &program.asks {
        let mask = match *ask {
            Ask::Byte { lane, most } => match rows.columns.get(lane as usize) {
                Some(Column::Bytes(line)) => {
                    #[allow(clippy::cast_possible_wrap, reason = "the bits are meant")]
                    let most = _mm512_set1_epi8(most as i8);
                    _mm512_cmple_epu8_mask(load(line), most)
                }
                _ => 0,
            },
            Ask::Word { lane, most } => match rows.columns.get(lane as usize) {
                Some(Column::Words([one, two])) => {
                    #[allow(clippy::cast_possible_wrap, reason = "the bits are meant")]
                    let most = _mm512_set1_epi16(most as i16);
                    let of = |words| u64::from(_mm512_cmple_epu16_mask(load_words(words), most));
                    of(one) | of(two) << 32
                }
                _ => 0,
            },
            Ask::ByteCode { lane, start } => {
                let lines = program.codes.get(start as usize..start as usize + 4).unwrap_or_default();
                match (rows.columns.get(lane as usize), lines) {
                    (Some(Column::Bytes(line)), [a, b, c, d]) => {
                        let codes = load(line);
                        let low = _mm512_permutex2var_epi8(load(a), codes, load(b));
                        let high = _mm512_permutex2var_epi8(load(c), codes, load(d));
                        let found = _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(codes), high);
                        _mm512_test_epi8_mask(found, found)
                    }
                    _ => 0,
                }
            }
            Ask::Code { .. } => portable::answer(*ask, program, forest, rows),
        };
        out.push(mask);
    }
    out.resize(out.len() + program.turns.len(), 0);
    super::turned(program, out);
}

/// Patterns of a tree's stops, from a place on, so many lines apart; the place after them.
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi")]
#[inline]
fn patterns(program: &Program, masks: &[u64], mut place: usize, apart: usize, out: &mut [Line]) -> usize {
    let mut left = program.bits.as_slice();
    for n_bits in &program.stops {
        let (bits, rest) = left.split_at((*n_bits as usize).min(left.len()));
        left = rest;
        let (low, high) = bits.split_at(bits.len().min(7));
        for bits in [Some(low), (!high.is_empty()).then_some(high)].into_iter().flatten() {
            let mut pattern = _mm512_setzero_si512();
            let mut bit = _mm512_set1_epi8(1);
            for mask in bits {
                let mask = masks.get(*mask as usize).copied().unwrap_or(0);
                pattern = _mm512_mask_add_epi8(pattern, mask, pattern, bit);
                bit = _mm512_add_epi8(bit, bit);
            }
            if let Some(line) = out.get_mut(place) {
                store(line, pattern);
            }
            place += apart;
        }
    }
    place
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code, reason = "64 bytes are read from an array of 64")]
fn load(line: &Line) -> __m512i {
    // SAFETY: the array is as long as the register.
    unsafe { _mm512_loadu_si512(line.0.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code, reason = "64 bytes are read from an array of 64")]
fn load_words(words: &[u16; 32]) -> __m512i {
    // SAFETY: the array is as long as the register.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code, reason = "64 bytes are written to an array of 64")]
fn store(line: &mut Line, bytes: __m512i) {
    // SAFETY: the array is as long as the register.
    unsafe { _mm512_storeu_si512(line.0.as_mut_ptr().cast(), bytes) }
}
