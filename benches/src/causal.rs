//! What the measurements of effects share: nuisances of simulated rows, and the CPU time of a task.

use std::error::Error;

use equipoise_causal::{Aipw, Choice, Covariates, CrossFit, Folds, Nuisance, Residuals, Rows, Simulated};
use equipoise_kernels::boost::{Binned, BoostColumn};

/// What went wrong.
pub type Failure = Box<dyn Error>;

/// CPU time of all threads of this process.
fn cpu_seconds() -> Result<f64, Failure> {
    let mut nanos = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let line = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += line.split_whitespace().next().ok_or("no CPU time")?.parse::<u64>()?;
    }
    Ok(std::time::Duration::from_nanos(nanos).as_secs_f64())
}

/// The least CPU time of some runs, and what the last one found.
///
/// # Errors
/// What a run fails with, and a system that does not tell CPU times.
pub fn timed<T>(repeats: u32, mut run: impl FnMut() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..repeats {
        let start = cpu_seconds()?;
        last = Some(run()?);
        best = best.min(cpu_seconds()? - start);
    }
    Ok((best, last.ok_or("nothing ran")?))
}

/// CPU time of a task that is over before the clock ticks: of `times` runs together, divided by them.
///
/// # Errors
/// What a run fails with, and a system that does not tell CPU times.
pub fn timed_often<T>(times: u32, mut run: impl FnMut() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let (seconds, last) = timed(1, || {
        let mut last = None;
        for _ in 0..times {
            last = Some(run()?);
        }
        last.ok_or_else(|| "nothing ran".into())
    })?;
    Ok((seconds / f64::from(times), last))
}

/// Most memory that this process has held, in bytes.
///
/// # Errors
/// A system that does not tell it.
pub fn peak_bytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmHWM")).ok_or("no peak")?;
    Ok(1024 * line.split_whitespace().nth(1).ok_or("no peak")?.parse::<u64>()?)
}

/// Five folds by row number.
///
/// # Errors
/// Fewer than five rows.
pub fn folds(n: usize) -> Result<Folds, Failure> {
    Ok(Folds::given((0..n).map(|i| u8::try_from(i % 5).unwrap_or(0)).collect())?)
}

/// Columns as bytes.
///
/// # Errors
/// Without rows.
pub fn binned(x: &[Vec<f64>], bins: usize) -> Result<Binned, Failure> {
    Ok(Binned::new(&x.iter().map(|x| BoostColumn::Number(x)).collect::<Vec<_>>(), bins)?)
}

/// Covariates of all learners that a choice tries.
///
/// # Errors
/// Without rows.
pub fn bytes_for(x: &[Vec<f64>], choice: Choice) -> Result<Option<Binned>, Failure> {
    (choice == Choice::Auto).then(|| binned(x, 255)).transpose()
}

/// Residuals of a continuous treatment, and its nuisances.
///
/// # Errors
/// What a nuisance fails with.
pub fn residuals(rows: &Simulated, folds: &Folds, choice: Choice) -> Result<(Residuals, Vec<Nuisance>), Failure> {
    let bytes = bytes_for(&rows.x, choice)?;
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: bytes.as_ref() };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice };
    let found = cross.regressions(&[&rows.y, &rows.d], None)?;
    let [y, d] = found.as_slice() else { return Err("two targets".into()) };
    Ok((Residuals::new(&rows.y, &rows.d, &y.values, &d.values), found))
}

/// Residuals of a binary treatment by its chance.
///
/// # Errors
/// What a nuisance fails with.
pub fn residuals_of_levels(rows: &Simulated, folds: &Folds) -> Result<Residuals, Failure> {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let y = cross.regressions(&[&rows.y], None)?.pop().ok_or("one target")?;
    Ok(Residuals::new(&rows.y, &rows.d, &y.values, &cross.chance(&rows.d)?.values))
}

/// Doubly robust scores of a binary target by the levels of a treatment or an instrument, and the nuisances.
///
/// # Errors
/// What a nuisance fails with.
pub fn interactive<'a>(
    y: &'a [f64],
    level: &'a [u32],
    x: &[Vec<f64>],
    folds: &Folds,
    choice: Choice,
) -> Result<(Aipw<'a>, Vec<Nuisance>), Failure> {
    let bytes = bytes_for(x, choice)?;
    let covariates = Covariates { columns: x.iter().map(Vec::as_slice).collect(), binned: bytes.as_ref() };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice };
    let mut named = Vec::new();
    for arm in 0..2 {
        let subset: Vec<bool> = level.iter().map(|d| *d == arm).collect();
        named.push(cross.regressions(&[y], Some(&subset))?.pop().ok_or("one target")?);
    }
    let outcome = named.iter().map(|n| n.values.clone()).collect();
    let chance = cross.chance(&level.iter().map(|l| f64::from(*l)).collect::<Vec<f64>>())?;
    let m: Vec<f64> = chance.values.iter().map(|m| m.clamp(0.01, 0.99)).collect();
    named.push(chance);
    Ok((Aipw { y, level, outcome, chance: vec![m.iter().map(|m| 1.0 - m).collect(), m] }, named))
}

/// Levels of a treatment of 0 and 1.
#[must_use]
pub fn levels(d: &[f64]) -> Vec<u32> {
    d.iter().map(|d| u32::from(*d > 0.5)).collect()
}
