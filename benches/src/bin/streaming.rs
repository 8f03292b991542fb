//! A file larger than the memory allowed for it: what does a whole assessment cost beside merely decoding its columns?
//!
//! ```console
//! $ cargo build --release --bin equipoise
//! $ cargo xtask bench streaming target/release/equipoise
//! ```
//!
//! Writes 10M rows × 20 columns of Parquet with a target and a probability column to a temporary directory (seeded), decodes the
//! columns that the assessment needs and then all of them with the `parquet` crate on one thread, runs
//! `equipoise assess --only performance,fairness` as a process of its own, and prints wall time, CPU time, peak memory and
//! their ratios as JSON. Needs `/proc`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark measures time and prints it"
)]

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use equipoise_kernels::split_mix;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

const BATCH_ROWS: usize = 65_536;
/// What `assess` has to read for performance and fairness.
const NEEDED: [&str; 4] = ["repaid", "probability", "sex", "race"];

type Failure = Box<dyn Error>;

/// What is asked on the command line.
struct Asked {
    equipoise: Option<PathBuf>,
    n_rows: usize,
    folder: Option<PathBuf>,
    /// Further flags for `assess`.
    more: Vec<String>,
}

/// What something cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    wall_secs: f64,
    cpu_secs: f64,
}

fn main() -> Result<(), Failure> {
    let asked = arguments()?;
    let temporary = tempfile::tempdir()?;
    let folder = asked.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let path = folder.join(format!("loans-{}.parquet", asked.n_rows));
    if !path.exists() {
        eprintln!("writing {} rows to {}", asked.n_rows, path.display());
        write(&path, asked.n_rows)?;
    }
    let bytes = std::fs::metadata(&path)?.len();
    let needed = measure(|| decode(&path, Some(&NEEDED)))?;
    let all = measure(|| decode(&path, None))?;
    println!("{{");
    println!("  \"rows\": {}, \"columns\": 20, \"file_bytes\": {bytes},", asked.n_rows);
    println!("  \"decode_needed_columns\": {},", needed.as_json());
    print!("  \"decode_all_columns\": {}", all.as_json());
    if let Some(equipoise) = &asked.equipoise {
        let (cost, peak_bytes) = assess(equipoise, &path, &temporary.path().join("out"), &asked.more)?;
        println!(",\n  \"assess\": {}, \"assess_peak_resident_bytes\": {peak_bytes},", cost.as_json());
        println!("  \"wall_over_decoding_needed_columns\": {:.2},", cost.wall_secs / needed.wall_secs);
        println!("  \"cpu_over_decoding_needed_columns\": {:.2},", cost.cpu_secs / needed.cpu_secs);
        println!("  \"wall_over_decoding_all_columns\": {:.2},", cost.wall_secs / all.wall_secs);
        print!("  \"cpu_over_decoding_all_columns\": {:.2}", cost.cpu_secs / all.cpu_secs);
    }
    println!("\n}}");
    Ok(())
}

fn arguments() -> Result<Asked, Failure> {
    let mut asked = Asked { equipoise: None, n_rows: 10_000_000, folder: None, more: Vec::new() };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--rows" => asked.n_rows = value()?.parse()?,
            "--folder" => asked.folder = Some(value()?.into()),
            "--" => asked.more = given.by_ref().collect(),
            flag if flag.starts_with("--") => {
                return Err(format!(
                    "there is no flag `{flag}`\nhint: streaming [EQUIPOISE] [--rows N] [--folder DIR] [-- FLAGS]"
                )
                .into());
            }
            path => asked.equipoise = Some(path.into()),
        }
    }
    Ok(asked)
}

/// One seeded number in `[0, 1)` per row and column.
fn uniform(row: usize, column: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    let bits = (split_mix(split_mix(column) ^ row as u64) >> 11) as f64;
    bits / 9_007_199_254_740_992.0
}

/// Twenty columns: a target, a probability that knows something about it, two sensitive columns, names of few and of many
/// values, whole numbers, amounts with cents, and a few numbers that no encoding makes smaller.
fn write(path: &Path, n_rows: usize) -> Result<(), Failure> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = None;
    for start in (0..n_rows).step_by(BATCH_ROWS) {
        let batch = batch(start..(start + BATCH_ROWS).min(n_rows))?;
        if writer.is_none() {
            writer = Some(ArrowWriter::try_new(File::create(path)?, batch.schema(), Some(properties.clone()))?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(())
}

fn batch(rows: std::ops::Range<usize>) -> Result<RecordBatch, Failure> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
    let place = |row: usize, column: u64, n: usize| (uniform(row, column) * n as f64) as usize;
    let names = |column: u64, prefix: &str, n: usize| -> ArrayRef {
        let levels: Vec<String> = (0..n).map(|i| format!("{prefix}{i}")).collect();
        Arc::new(StringArray::from_iter_values(rows.clone().filter_map(|row| levels.get(place(row, column, n)))))
    };
    let numbers =
        |of: &dyn Fn(usize) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(rows.clone().map(of))) };
    let risk = |row: usize| 0.6 * uniform(row, 100) + 0.2 * f64::from(uniform(row, 2) < 0.5) + 0.1 * uniform(row, 101);
    let mut columns: Vec<(String, ArrayRef)> = vec![
        (
            "repaid".into(),
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|row| if uniform(row, 1) < risk(row) { "yes" } else { "no" }),
            )),
        ),
        ("probability".into(), numbers(&risk)),
        (
            "sex".into(),
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|row| if uniform(row, 2) < 0.5 { "Female" } else { "Male" }),
            )),
        ),
        ("race".into(), names(3, "group ", 5)),
        ("region".into(), names(4, "region ", 12)),
        ("occupation".into(), names(5, "occupation ", 40)),
        ("postcode".into(), names(6, "PC", 900)),
        ("purpose".into(), names(7, "purpose ", 8)),
    ];
    #[allow(clippy::cast_possible_wrap, reason = "small")]
    let whole = |column: u64, n: usize| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.clone().map(|row| place(row, column, n) as i64)))
    };
    for (column, n) in [(8, 80), (9, 60), (10, 12), (11, 1_000)] {
        columns.push((format!("count_{column}"), whole(column, n)));
    }
    for column in 12..16 {
        columns.push((format!("amount_{column}"), numbers(&|row| (uniform(row, column) * 1e6).round() / 100.0)));
    }
    for column in 16..20 {
        columns.push((format!("score_{column}"), numbers(&|row| uniform(row, column))));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// Decodes columns on one thread and drops them; returns the rows seen.
fn decode(path: &Path, columns: Option<&[&str]>) -> Result<usize, Failure> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.with_batch_size(BATCH_ROWS);
    let mask = match columns {
        Some(columns) => ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied()),
        None => ProjectionMask::all(),
    };
    let mut n_rows = 0;
    for batch in builder.with_projection(mask).build()? {
        n_rows += batch?.num_rows();
    }
    Ok(n_rows)
}

fn measure(work: impl FnOnce() -> Result<usize, Failure>) -> Result<Cost, Failure> {
    let (start, before) = (Instant::now(), cpu_secs(false)?);
    work()?;
    Ok(Cost { wall_secs: start.elapsed().as_secs_f64(), cpu_secs: cpu_secs(false)? - before })
}

/// Runs the assessment; returns what it cost and the most memory it held.
fn assess(equipoise: &Path, data: &Path, out: &Path, more: &[String]) -> Result<(Cost, u64), Failure> {
    let (start, before) = (Instant::now(), cpu_secs(true)?);
    let mut child = Command::new(equipoise)
        .args(["assess", "--quiet", "--only", "performance,fairness", "--target", "repaid", "--positive", "yes"])
        .args(["--probability", "probability", "--sensitive", "sex,race", "--data"])
        .arg(data)
        .arg("-o")
        .arg(out)
        .args(more)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|e| {
            format!("cannot start `{}`: {e}\nhint: build it with `cargo build --release`", equipoise.display())
        })?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    let status = loop {
        // The high-water mark only rises, so the last reading before the end is the peak.
        if let Some(kib) = std::fs::read_to_string(&status_file).ok().and_then(|text| field(&text, "VmHWM:")) {
            peak_kib = peak_kib.max(kib);
        }
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    if !status.success() {
        return Err(format!("the assessment failed: {status}").into());
    }
    let cost = Cost { wall_secs: start.elapsed().as_secs_f64(), cpu_secs: cpu_secs(true)? - before };
    Ok((cost, peak_kib * 1024))
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// CPU seconds of this process, or of the children that ended; in hundredths of a second.
fn cpu_secs(of_children: bool) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name may hold spaces and stands in parentheses; the fields after it are numbers, `utime` the 12th.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let first = if of_children { 13 } else { 11 };
    let ticks =
        |place: usize| fields.get(place).and_then(|f| f.parse::<f64>().ok()).ok_or("no CPU times in /proc/self/stat");
    Ok((ticks(first)? + ticks(first + 1)?) / 100.0)
}

impl Cost {
    fn as_json(self) -> String {
        format!("{{\"wall_secs\": {:.3}, \"cpu_secs\": {:.2}}}", self.wall_secs, self.cpu_secs)
    }
}
