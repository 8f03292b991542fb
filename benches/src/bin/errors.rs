//! What does error analysis cost? The counterpart of `benches/peers/errors.py`, on the file that it writes.
//!
//! ```console
//! $ python benches/peers/errors.py --rows 1000000 --data DIR
//! $ cargo xtask bench errors DIR/errors-1000000.parquet
//! $ cargo xtask bench errors wide        # 40 columns x 10 levels, 1M rows, up to 3 and 4 conditions
//! $ cargo xtask bench errors null        # false discoveries over 1,000 data sets without any slice
//! $ cargo xtask bench errors power       # how often planted slices are found in 200 data sets of 32,000 rows
//! ```
//!
//! Prints CPU seconds on one thread as JSON: `load` (the columns into one byte a row), then what is asked of them again and
//! again: `tree` on all rows, honest and of a cohort, heat maps over names, widths and ranks, the exact slices, association.
//! Needs `/proc`.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark measures time and prints it")]

use std::error::Error;
use std::sync::Arc;

use equipoise_analyses::Part;
use equipoise_analyses::errors::{
    BinRule, ErrorMatrix, FinderOptions, HeatMapOptions, LossKind, MatrixOptions, Metric, RowMask, TreeOptions,
};
use equipoise_data::{Column, Dataset, Frame, FrameParts, OpenOptions, Targets};
use equipoise_document::{DataSpec, Task};
use equipoise_kernels::{
    BinnedColumn, Confidence, Draws, FrequentSlices, GrowOptions, Losses, SliceColumn, SliceMaxima, SliceOptions,
    SliceSearch, SliceTerm, find_slices, holm, members, slice_maxima, sum_losses,
};
use serde_json::{Value, json};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let what = std::env::args().nth(1).ok_or("name the file that `benches/peers/errors.py --data DIR` wrote")?;
    let threads = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let out = pool.install(|| match what.as_str() {
        "wide" => wide(),
        "null" => Ok(null(1_000)),
        "power" => Ok(power(200)),
        file => of_file(file),
    })?;
    println!("{out:#}");
    Ok(())
}

fn of_file(path: &str) -> Result<Value, Failure> {
    let dataset = Dataset::open(path, &DataSpec::default(), OpenOptions::default())?;
    let frame = frame(&dataset)?;
    let part = Part { frame: &frame, dataset: &dataset };
    let columns: Vec<String> = (0..8).map(|i| format!("c{i}")).chain((0..4).map(|i| format!("x{i}"))).collect();
    let loss = LossKind::ZeroOne;
    let options = MatrixOptions { columns, loss, cuts: vec![(BinRule::Quantile, 5)], seed: 17 };
    let matrix = ErrorMatrix::load(part, &options)?;
    let (all, n) = (RowMask::all(matrix.n_rows()), matrix.n_rows());
    // A cohort that nothing was prepared for: a third of the rows.
    let some = RowMask::over(n, |row| row % 3 == 1);
    let grow = GrowOptions { max_depth: 3, num_leaves: 31, min_child_samples: 20 };
    let tree = |honest| TreeOptions { grow, columns: None, honest };
    let metric = Metric::of_loss(loss);
    let confidence = Confidence::at(0.95);
    let map = |columns: [usize; 2], rule| HeatMapOptions {
        columns: columns.to_vec(),
        rule,
        bins: 8,
        min_rows: 20,
        metric,
        confidence,
        honest: false,
    };
    let search = SliceOptions { max_visits: u64::MAX, ..SliceOptions::default() };
    let finder = FinderOptions {
        search,
        min_support: 0.01,
        bins: 5,
        merge_overlap: 2.0,
        honest: false,
        confidence,
        permutations: (0, 0),
    };
    let found = matrix.slices(&all, &finder, &|| false);
    let shown =
        found.by_score.iter().take(10).map(|s| json!({"slice": s.says, "size": s.sums.rows, "score": s.found.score}));
    let grown = matrix.tree(&all, &tree(false));
    let leaves: Vec<Value> =
        grown.nodes.iter().map(|n| json!({"path": n.path, "rows": n.sums.rows, "errors": n.sums.loss()})).collect();
    let cells: Vec<u64> = matrix.heat_map(&all, &map([8, 9], BinRule::EqualWidth)).cells.iter().map(|c| c.n).collect();
    let frequent = matrix.frequent(&all, 5, 0.01);
    let patterns: Vec<Value> = (0..frequent.slices.len()).step_by(97).map(|i| pattern(&matrix, &frequent, i)).collect();
    Ok(json!({
        "rows": n,
        "cpu_secs": {
            "load": best_of(3, || ErrorMatrix::load(part, &options).map(|m| m.n_rows()))?,
            "tree": best_of(5, || Ok(matrix.tree(&all, &tree(false)).nodes.len()))?,
            "tree_honest": best_of(5, || Ok(matrix.tree(&all, &tree(true)).nodes.len()))?,
            "tree_of_cohort": best_of(5, || Ok(matrix.tree(&some, &tree(true)).nodes.len()))?,
            "heat_map_names": best_of(5, || Ok(matrix.heat_map(&all, &map([0, 3], BinRule::EqualWidth)).cells.len()))?,
            "heat_map_width": best_of(5, || Ok(matrix.heat_map(&all, &map([8, 9], BinRule::EqualWidth)).cells.len()))?,
            "heat_map_quantile": best_of(5, || Ok(matrix.heat_map(&all, &map([8, 9], BinRule::Quantile)).cells.len()))?,
            "heat_map_of_cohort": best_of(5, || Ok(matrix.heat_map(&some, &map([8, 9], BinRule::Quantile)).cells.len()))?,
            "slices": best_of(3, || Ok(matrix.slices(&all, &finder, &|| false).by_score.len()))?,
            "frequent": best_of(3, || Ok(matrix.frequent(&all, 5, 0.01).slices.len()))?,
            "contributions": best_of(3, || Ok(all_contributions(&frequent)))?,
            "association": best_of(1, || Ok(matrix.association(&all, 999, 400, 0.95, 17).len()))?,
        },
        "patterns": {"n": frequent.slices.len(), "some": patterns, "items": items(&matrix, &frequent)},
        "family": found.search.family.n,
        "top": shown.collect::<Vec<_>>(),
        "tree": leaves,
        "cells_width": cells,
    }))
}

/// A slice of any length, as it is compared with the peer's.
fn pattern(matrix: &ErrorMatrix, found: &FrequentSlices, place: usize) -> Value {
    let terms: Vec<String> = found.slices.get(place).iter().flat_map(|s| &s.terms).map(|t| name(matrix, t)).collect();
    let rows = found.slices.get(place).map(|s| s.sums.rows);
    json!({
        "items": terms,
        "rows": rows,
        "divergence": found.divergence(place),
        "t": found.t(place),
        "contributions": found.contributions(place),
    })
}

/// What each condition contributes over all slices.
fn items(matrix: &ErrorMatrix, found: &FrequentSlices) -> Value {
    found.global_contributions().iter().map(|(term, sum)| (name(matrix, term), json!(sum))).collect()
}

/// `c3=2`: a condition by its column and level.
fn name(matrix: &ErrorMatrix, term: &SliceTerm) -> String {
    let column = matrix.codings().get(term.column).map_or("", |c| c.name.as_str());
    format!("{column}={}", term.level)
}

/// The contributions to every slice, which of them are redundant, and the contributions over all.
fn all_contributions(found: &FrequentSlices) -> usize {
    let places = 0..found.slices.len();
    let n_kept = places.clone().filter(|i| !found.is_redundant(*i, 0.01)).count();
    places.filter_map(|i| found.contributions(i)).count() + n_kept + found.global_contributions().len()
}

/// Data sets with three planted slices: how often each of them is among the best, and clear of chance.
fn power(n_sets: u64) -> Value {
    const LEVELS: [u64; 8] = [2, 3, 4, 5, 6, 7, 9, 12];
    let n = 32_000_usize;
    let term = |column, level| SliceTerm { column, level };
    let planted = [
        (vec![term(0, 1), term(3, 2)], 0.42),
        (vec![term(1, 0), term(2, 3), term(5, 1)], 0.65),
        (vec![term(6, 4)], 0.22),
    ];
    let (mut all_clear, mut all_listed, mut clear) = (0, 0, [0; 3]);
    for set in 0..n_sets {
        let mut draws = Draws::new(set, "bench.power", 0);
        let mut codes: Vec<Vec<u8>> = Vec::new();
        for levels in LEVELS {
            // Level `k` has a share in proportion to `levels − k`.
            let one = |_| {
                let (mut at, mut level) = (draws.below(levels * (levels + 1) / 2), 0);
                while at >= levels - level {
                    at -= levels - level;
                    level += 1;
                }
                u8::try_from(level).unwrap_or(0)
            };
            codes.push((0..n).map(one).collect());
        }
        let numbers: Vec<Vec<f64>> = (0..4).map(|_| (0..n).map(|_| draws.normal()).collect()).collect();
        // Fifths of a normal distribution.
        let cut =
            |x: &f64| u8::try_from([-0.841_6, -0.253_3, 0.253_3, 0.841_6].partition_point(|e| e < x)).unwrap_or(0);
        codes.extend(numbers.iter().map(|v| v.iter().map(cut).collect()));
        let flags: Vec<u8> = (0..n)
            .map(|row| {
                let holds = |t: &SliceTerm| codes.get(t.column).and_then(|c| c.get(row)) == Some(&t.level);
                let high = numbers.first().and_then(|v| v.get(row)).is_some_and(|x| *x > 1.5);
                let base = if high { 0.3 } else { 0.08 };
                let rate =
                    planted.iter().filter(|(terms, _)| terms.iter().all(holds)).map(|p| p.1).fold(base, f64::max);
                u8::from(draws.uniform() < rate)
            })
            .collect();
        let columns = slice_columns(&codes, 12);
        let rows: Vec<u32> = (0..u32::try_from(n).unwrap_or(0)).collect();
        // Half a percent: the second slice has about 1.07 % of the rows, and of the sets that draw fewer than 1 % none may name it.
        let options = SliceOptions { min_rows: 160, k: 40, ..SliceOptions::default() };
        let found = find_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &|| false);
        let of = |terms: &[SliceTerm]| found.by_difference.iter().chain(&found.by_score).find(|s| s.terms == terms);
        let listed: Vec<bool> = planted.iter().map(|(terms, _)| of(terms).is_some()).collect();
        let is_clear = |terms: &[SliceTerm]| of(terms).is_some_and(|s| found.family.adjusted(s.p_value).1 <= 0.05);
        let sure: Vec<bool> = planted.iter().map(|(terms, _)| is_clear(terms)).collect();
        all_listed += u32::from(listed.iter().all(|l| *l));
        all_clear += u32::from(sure.iter().all(|c| *c));
        clear.iter_mut().zip(&sure).for_each(|(n, is_sure)| *n += u32::from(*is_sure));
    }
    json!({"data_sets": n_sets, "all_three_among_the_best_40": all_listed, "all_three_clear": all_clear, "each_clear": clear})
}

/// 40 columns of 10 even levels and a million rows, with one planted slice.
fn wide() -> Result<Value, Failure> {
    let (n, m) = (1_000_000, 40);
    let codes: Vec<Vec<u8>> = (0..m)
        .map(|c| {
            let mut draws = Draws::new(5, "bench.wide", c);
            (0..n).map(|_| u8::try_from(draws.below(10)).unwrap_or(0)).collect()
        })
        .collect();
    let mut draws = Draws::new(6, "bench.wide.errors", 0);
    let planted = |row: usize| [3, 17].iter().all(|c| codes.get(*c).and_then(|v| v.get(row)) == Some(&4));
    let flags: Vec<u8> = (0..n).map(|row| u8::from(draws.uniform() < if planted(row) { 0.5 } else { 0.1 })).collect();
    let columns = slice_columns(&codes, 10);
    let rows: Vec<u32> = (0..u32::try_from(n).unwrap_or(0)).collect();
    let run = |max_terms, min_rows| {
        let options = SliceOptions {
            max_terms,
            min_rows,
            max_visits: 100_000_000_000,
            always_prune: max_terms > 3,
            ..SliceOptions::default()
        };
        let found = find_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &|| false);
        (found.visits, found.complete_to, found.by_score.len(), found.family.n)
    };
    let mut out = Vec::new();
    for (max_terms, min_rows) in [(3, 10_000), (4, 10_000), (3, 500), (4, 500)] {
        let mut seen = (0, 0, 0, 0);
        let secs = best_of(1, || {
            seen = run(max_terms, min_rows);
            Ok(seen.2)
        })?;
        out.push(json!({"max_terms": max_terms, "min_rows": min_rows, "cpu_secs": secs, "visits": seen.0, "complete_to": seen.1, "slices": seen.2, "family": seen.3}));
    }
    Ok(json!({"rows": n, "columns": m, "searches": out, "peak_mib": peak_mib()}))
}

/// Data sets in which errors fall at random: how often does each way of testing find a slice?
fn null(n_sets: u64) -> Value {
    let (n, levels) = (4_000_usize, [2_u64, 3, 4, 5, 3, 2]);
    let (mut hochberg, mut yekutieli, mut permuted, mut confirmed) = (0, 0, 0, 0);
    for set in 0..n_sets {
        let mut draws = Draws::new(set, "bench.null", 0);
        let codes: Vec<Vec<u8>> =
            levels.iter().map(|k| (0..n).map(|_| u8::try_from(draws.below(*k)).unwrap_or(0)).collect()).collect();
        let flags: Vec<u8> = (0..n).map(|_| u8::from(draws.uniform() < 0.15)).collect();
        let columns = slice_columns(&codes, 5);
        let options = SliceOptions { min_rows: 40, ..SliceOptions::default() };
        let search = |rows: &[u32]| -> SliceSearch {
            find_slices(&columns, Losses::Flags(&flags), None, rows, &options, &|| false)
        };
        let all: Vec<u32> = (0..u32::try_from(n).unwrap_or(0)).collect();
        let found = search(&all);
        let any = |pick: fn((f64, f64)) -> f64| {
            found.by_difference.iter().chain(&found.by_score).any(|s| pick(found.family.adjusted(s.p_value)) <= 0.05)
        };
        hochberg += u32::from(any(|q| q.0));
        yekutieli += u32::from(any(|q| q.1));
        let maxima = slice_maxima(&columns, &flags, &all, &options, (199, set), &|| false);
        let smallest = |maxima: SliceMaxima| {
            let best = found.by_difference.iter().chain(&found.by_score);
            best.map(|s| maxima.adjusted(s.z)).fold(1.0, f64::min)
        };
        permuted += u32::from(maxima.map_or(1.0, smallest) <= 0.05);
        let (learn, rest) = all.split_at(n / 2);
        let total = sum_losses(Losses::Flags(&flags), None, rest.iter().map(|r| *r as usize));
        let p: Vec<f64> = search(learn)
            .by_score
            .iter()
            .map(|slice| {
                let words = members(&columns, &slice.terms, rest);
                let held = rest
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| words.get(i / 64).is_some_and(|word| word >> (i % 64) & 1 == 1));
                let sums = sum_losses(Losses::Flags(&flags), None, held.map(|(_, r)| *r as usize));
                let outside = total.without(&sums);
                let is_worse = sums.mean().value().unwrap_or(0.0) > outside.mean().value().unwrap_or(0.0);
                let p = sums.compare(&outside, true).map_or(1.0, |(p, _)| p);
                if is_worse { 0.5 * p } else { 1.0 - 0.5 * p }
            })
            .collect();
        confirmed += u32::from(holm(&p).iter().any(|q| *q <= 0.05));
    }
    json!({"data_sets": n_sets, "any_found": {"benjamini_hochberg": hochberg, "benjamini_yekutieli": yekutieli, "max_t": permuted, "other_half_holm": confirmed}})
}

fn slice_columns(codes: &[Vec<u8>], n: usize) -> Vec<SliceColumn<'_>> {
    let one = |codes| SliceColumn {
        column: BinnedColumn { codes, n_codes: n, missing: None, is_ordered: false },
        level_of: (0..n).map(|c| u8::try_from(c).ok()).collect(),
        n_levels: n,
    };
    codes.iter().map(|codes| one(codes.as_slice())).collect()
}

fn frame(dataset: &Dataset) -> Result<Frame, Failure> {
    let places: Result<Vec<usize>, _> = ["y_true", "y_pred"].iter().map(|c| dataset.column(c)).collect();
    let mut numbers: [Vec<u16>; 2] = Default::default();
    dataset.for_each(&places?, &mut |chunk| {
        for (into, column) in numbers.iter_mut().zip(&chunk.columns) {
            if let Column::Number(values) = column {
                into.extend(values.iter().map(|x| u16::from(*x > 0.5)));
            }
        }
        Ok(())
    })?;
    let [truth, predicted] = numbers;
    Ok(Frame::new(FrameParts {
        task: Task::Binary,
        classes: Arc::from(["0".to_owned(), "1".to_owned()]),
        row_ids: None,
        truth: Targets::Class(truth),
        predicted: Some(Targets::Class(predicted)),
        probability: None,
        weight: None,
        groups: Vec::new(),
    })?)
}

/// Least CPU seconds of some runs.
fn best_of<T>(
    times: usize,
    mut run: impl FnMut() -> Result<T, equipoise_analyses::AnalysisError>,
) -> Result<f64, Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..times {
        let before = cpu_secs()?;
        std::hint::black_box(run()?);
        best = best.min(cpu_secs()? - before);
    }
    Ok(best)
}

/// CPU time of the whole process in seconds.
fn cpu_secs() -> Result<f64, Failure> {
    let mut sum = 0.0;
    for entry in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(entry?.path().join("schedstat"))?;
        let nanoseconds: f64 = text.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
        sum += nanoseconds / 1e9;
    }
    Ok(sum)
}

/// Most memory that was resident, in MiB; 0 where it is not known.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
