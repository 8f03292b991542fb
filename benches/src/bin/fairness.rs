//! What does a fairness table cost? The counterpart of `benches/peers/fairness.py`, on the file that it writes.
//!
//! ```console
//! $ python benches/peers/fairness.py --rows 1000000 --data DIR
//! $ cargo xtask bench fairness DIR/fairness.parquet
//! ```
//!
//! Prints CPU seconds on one thread as JSON: `rates` (8 metrics × 10 intersections of coded columns in memory),
//! `bootstrap` (1,000 resamples of them with percentile intervals of every number and gap, counting included), `section` (the
//! whole analysis with intervals, tests, curves and sentences), `section_resampled`, the same with scores, and with weights:
//! there, rows are resampled one by one ([`WEIGHTED_REPLICATES`] times). Needs `/proc`.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark measures time and prints it")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_analyses::fairness::{Fairness, confusion_by_group};
use equipoise_analyses::{Analysis, Context, Part, Quiet};
use equipoise_data::{Column, Dataset, Frame, FrameParts, Grouping, GroupingKind, OpenOptions, Targets};
use equipoise_document::{DataSpec, RunSpec, Task};
use equipoise_kernels::{Confusion2, Draws, Multinomial};
use serde_json::{Value, json};

const REPLICATES: usize = 1000;
const WEIGHTED_REPLICATES: usize = 200;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("name the file that `benches/peers/fairness.py --data DIR` wrote")?;
    let dataset = Dataset::open(&path, &DataSpec::default(), OpenOptions::default())?;
    let scored = frame(&dataset, true, false)?;
    let labels = frame(&dataset, false, false)?;
    let weighted = frame(&dataset, false, true)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let out = pool.install(|| -> Result<_, Failure> {
        Ok(json!({
            "rows": labels.n_rows(),
            "rates": best_of(9, || rates_again(&scored))? / f64::from(AGAIN),
            "bootstrap": best_of(5, || bootstrap(&scored))?,
            "section": best_of(3, || section(&labels, &dataset, &json!({})))?,
            "section_resampled": best_of(3, || section(&labels, &dataset, &resampled(REPLICATES)))?,
            "section_with_scores": best_of(3, || section(&scored, &dataset, &json!({})))?,
            "section_weighted": best_of(3, || section(&weighted, &dataset, &json!({})))?,
            "section_weighted_resampled": best_of(1, || section(&weighted, &dataset, &resampled(WEIGHTED_REPLICATES)))?,
        }))
    })?;
    println!("{out:#}");
    Ok(())
}

/// The eight metrics of the peers: rows, accuracy, selection rate, true and false positive rate, false negative rate,
/// precision, balanced accuracy.
fn metrics(c: &Confusion2) -> [f64; 8] {
    let or_nan = |x: Result<f64, equipoise_kernels::Undefined>| x.unwrap_or(f64::NAN);
    [
        c.total(),
        or_nan(c.accuracy()),
        or_nan(c.selection_rate()),
        or_nan(c.true_positive_rate()),
        or_nan(c.false_positive_rate()),
        or_nan(c.false_negative_rate()),
        or_nan(c.precision()),
        or_nan(c.balanced_accuracy()),
    ]
}

/// Passes in one measurement: the processor's clock is too coarse for one.
const AGAIN: u32 = 50;

fn rates_again(frame: &Frame) -> Result<f64, Failure> {
    (0..AGAIN).map(|_| rates(std::hint::black_box(frame))).sum()
}

fn rates(frame: &Frame) -> Result<f64, Failure> {
    let groups = confusion_by_group(frame, 0).ok_or("no classes")?;
    Ok(groups.iter().map(|(_, c)| metrics(&c.against_rest(1)).iter().sum::<f64>()).sum())
}

/// By group, smallest, largest, difference and ratio of each metric, and equalized odds: resampled, with 95 % quantiles.
fn bootstrap(frame: &Frame) -> Result<f64, Failure> {
    let groups = confusion_by_group(frame, 0).ok_or("no classes")?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "row counts")]
    let cells: Vec<u64> = groups.iter().flat_map(|(_, c)| c.cells().iter().map(|w| *w as u64)).collect();
    let multinomial = Multinomial::of_counts(&cells);
    let mut drawn = vec![0_u64; cells.len()];
    let n_series = 8 * (groups.len() + 4) + 2;
    let mut series: Vec<Vec<f64>> = (0..n_series).map(|_| Vec::with_capacity(REPLICATES)).collect();
    for replicate in 0..REPLICATES {
        multinomial.draw(&mut Draws::new(17, "bench", replicate as u64), &mut drawn);
        let mut ends = [(f64::INFINITY, f64::NEG_INFINITY); 8];
        let mut into = series.iter_mut();
        let mut add = |x: f64| {
            if let Some(series) = into.next() {
                series.push(x);
            }
        };
        for [tn, fp, fn_, tp] in drawn.as_chunks::<4>().0 {
            #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
            let c = Confusion2 { tp: *tp as f64, fp: *fp as f64, fn_: *fn_ as f64, tn: *tn as f64 };
            for (end, x) in ends.iter_mut().zip(metrics(&c)) {
                add(x);
                *end = (end.0.min(x), end.1.max(x));
            }
        }
        for (low, high) in ends {
            for x in [low, high, high - low, low / high] {
                add(x);
            }
        }
        let [_, _, _, t, f, ..] = ends;
        add((t.1 - t.0).max(f.1 - f.0));
        add((t.0 / t.1).min(f.0 / f.1));
    }
    Ok(series.iter_mut().map(|s| quantile(s, 0.025) + quantile(s, 0.975)).sum())
}

/// Type 7, by selection.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
    let place = share * (values.len() - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the values")]
    let below = place.floor() as usize;
    let (_, low, rest) = values.select_nth_unstable_by(below, f64::total_cmp);
    let next = rest.iter().copied().fold(f64::INFINITY, f64::min);
    *low + (next - *low) * (place - place.floor())
}

fn resampled(replicates: usize) -> Value {
    json!({ "interval": "percentile_bootstrap", "replicates": replicates })
}

fn section(frame: &Frame, dataset: &Dataset, params: &Value) -> Result<f64, Failure> {
    let spec = RunSpec { seed: 17, ..RunSpec::default() };
    let stop = AtomicBool::new(false);
    let context = Context {
        spec: &spec,
        task: Task::Binary,
        classes: &frame.classes,
        test: Part { frame, dataset },
        train: None,
        features: &[],
        model: None,
        progress: &Quiet,
        stop: &stop,
        host: &equipoise_analyses::NoHost,
    };
    #[allow(clippy::cast_precision_loss, reason = "a number of estimates")]
    Ok(Fairness.run(params, &context)?.estimates.len() as f64)
}

/// The file's columns, with scores and weights where they are wanted.
fn frame(dataset: &Dataset, with_scores: bool, with_weights: bool) -> Result<Frame, Failure> {
    let columns = ["y_true", "y_pred", "score", "weight", "sex", "race"];
    let places: Result<Vec<usize>, _> = columns.iter().map(|c| dataset.column(c)).collect();
    let mut numbers: [Vec<f64>; 4] = Default::default();
    let mut codes: [Vec<u16>; 2] = Default::default();
    dataset.for_each(&places?, &mut |chunk| {
        for (into, column) in numbers.iter_mut().zip(&chunk.columns) {
            if let Column::Number(values) = column {
                into.extend_from_slice(values);
            }
        }
        for (into, column) in codes.iter_mut().zip(chunk.columns.iter().skip(4)) {
            if let Column::Codes { codes, .. } = column {
                into.extend(codes.iter().map(|c| u16::try_from(*c).unwrap_or(u16::MAX)));
            }
        }
        Ok(())
    })?;
    let [truth, predicted, probability, weight] = numbers;
    let classes = |v: &[f64]| Targets::Class(v.iter().map(|x| u16::from(*x > 0.5)).collect());
    let groups = ["sex", "race"].iter().zip(codes).filter_map(|(name, codes)| {
        let levels = Arc::clone(&dataset.schema().get(name)?.levels);
        Some((Grouping { column: (*name).to_owned(), levels, kind: GroupingKind::Sensitive }, codes))
    });
    Ok(Frame::new(FrameParts {
        task: Task::Binary,
        classes: Arc::from(["0".to_owned(), "1".to_owned()]),
        row_ids: None,
        truth: classes(&truth),
        predicted: Some(classes(&predicted)),
        probability: with_scores.then_some(probability),
        weight: with_weights.then_some(weight),
        groups: groups.collect(),
    })?)
}

/// Least CPU seconds of some runs.
fn best_of(times: usize, run: impl Fn() -> Result<f64, Failure>) -> Result<f64, Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..times {
        let before = cpu_secs()?;
        std::hint::black_box(run()?);
        best = best.min(cpu_secs()? - before);
    }
    Ok(best)
}

/// CPU time of this thread in seconds, to the nanosecond.
fn cpu_secs() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("/proc/thread-self/schedstat is empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}
