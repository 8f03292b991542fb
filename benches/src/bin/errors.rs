//! What does error analysis cost? The counterpart of `benches/peers/errors.py`, on the file that it writes.
//!
//! ```console
//! $ python benches/peers/errors.py --rows 1000000 --data DIR
//! $ cargo xtask bench errors DIR/errors-1000000.parquet
//! $ cargo xtask bench errors wide        # 40 columns x 10 levels, 1M rows, up to 3 and 4 conditions
//! $ cargo xtask bench errors null        # false discoveries over 1,000 data sets without any slice
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
    BinnedColumn, Confidence, Draws, GrowOptions, Losses, SliceColumn, SliceOptions, SliceSearch, find_slices, holm,
    members, sum_losses,
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
    let finder = FinderOptions { search, min_support: 0.01, bins: 5, merge_overlap: 2.0, honest: false, confidence };
    let found = matrix.slices(&all, &finder, &|| false);
    let shown =
        found.by_score.iter().take(10).map(|s| json!({"slice": s.says, "size": s.sums.rows, "score": s.found.score}));
    let grown = matrix.tree(&all, &tree(false));
    let leaves: Vec<Value> =
        grown.nodes.iter().map(|n| json!({"path": n.path, "rows": n.sums.rows, "errors": n.sums.loss()})).collect();
    let cells: Vec<u64> = matrix.heat_map(&all, &map([8, 9], BinRule::EqualWidth)).cells.iter().map(|c| c.n).collect();
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
            "association": best_of(1, || Ok(matrix.association(&all, 999, 400, 0.95, 17).len()))?,
        },
        "family": found.search.family.n,
        "top": shown.collect::<Vec<_>>(),
        "tree": leaves,
        "cells_width": cells,
    }))
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
    let (mut hochberg, mut yekutieli, mut confirmed) = (0, 0, 0);
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
    json!({"data_sets": n_sets, "any_found": {"benjamini_hochberg": hochberg, "benjamini_yekutieli": yekutieli, "other_half_holm": confirmed}})
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
