//! One pass over the rows: explains them part by part, writes every attribution down, and keeps what is shown.

use equipoise_data::{DataError, TableFile};
use equipoise_document::{Level, Note};

use super::explainer::{Explained, Explainer};
use super::params::problem;
use super::subject::Subject;
use super::summary::Summary;
use super::table::{Table, joined, take};
use crate::AnalysisError;

/// Attributions that are in memory at once.
const AT_ONCE: usize = 2_000_000;
/// Rows whose attributions are kept for figures and comparisons.
pub(super) const KEPT: usize = 1_000;

/// Rows with their attributions that were kept.
#[derive(Default)]
pub(super) struct Kept {
    /// Places in the frame, ascending.
    pub(super) places: Vec<u32>,
    pub(super) rows: Option<Table>,
    /// Shape `(n_rows, n_features, n_outputs)`.
    pub(super) values: Vec<f64>,
}

/// What the pass found.
pub(super) struct Found {
    pub(super) summary: Summary,
    pub(super) kept: Kept,
    pub(super) base: Vec<f64>,
    pub(super) n_rows: u64,
    /// Largest distance of base and attributions from what the model says.
    pub(super) additivity: f64,
    /// Largest size of what the model says, to hold it against.
    pub(super) scale: f64,
    /// Mean over rows of the relative error that was reached; none for exact methods.
    pub(super) error: Option<f64>,
    pub(super) worst_error: f64,
    /// Rows that did not reach the asked precision.
    pub(super) n_unreached: u64,
    pub(super) notes: Vec<Note>,
}

/// Explains all rows, or a sample of them.
pub(super) fn run(subject: &Subject<'_>, explainer: &Explainer<'_>) -> Result<Found, AnalysisError> {
    let context = subject.context;
    let frame = context.test.frame;
    let n_all = frame.n_rows();
    let mut pass = Pass::new(subject, explainer)?;
    let n_wanted = n_all.min(explainer.max_rows);
    let keep = subject.sample(&context.test, n_wanted.min(KEPT), "explain.rows");
    pass.keep = keep;
    if n_wanted < n_all {
        // The rows that are kept for figures are the first of the sample, so that a larger sample holds a smaller one.
        let places = subject.sample(&context.test, n_wanted, "explain.rows");
        let rows = subject.rows_at(&places)?;
        pass.all(&rows, &places)?;
        let text = format!(
            "{} of {} rows are explained, a sample drawn by the run's seed; `max_rows` asks for more.",
            pass.found.n_rows, n_all
        );
        pass.found.notes.push(Subject::note(Level::Info, "rows_sampled", text));
    } else {
        let mut failure = None;
        let result = context.test.dataset.for_each(&subject.columns, &mut |chunk| {
            let (places, in_chunk) = places(frame.row_ids(), chunk.start, chunk.n_rows, n_all);
            let columns = if in_chunk.len() == chunk.n_rows {
                chunk.columns.clone()
            } else {
                chunk.columns.iter().map(|c| take(c, &in_chunk)).collect()
            };
            let table = Table { columns, n_rows: places.len() };
            pass.all(&table, &places).map_err(|error| {
                failure = Some(error);
                DataError::Stopped
            })
        });
        match (result, failure) {
            (_, Some(failure)) => return Err(failure),
            (Err(error), None) => return Err(error.into()),
            (Ok(()), None) => {}
        }
    }
    pass.finish()
}

/// Places in the frame of a chunk's rows, and where those rows lie in the chunk.
#[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits")]
fn places(row_ids: Option<&[u32]>, start: usize, n: usize, n_frame: usize) -> (Vec<u32>, Vec<usize>) {
    match row_ids {
        None => {
            let end = (start + n).min(n_frame);
            ((start as u32..end as u32).collect(), (0..end.saturating_sub(start)).collect())
        }
        Some(ids) => {
            let at = |row: usize| ids.partition_point(|id| (*id as usize) < row);
            let range = at(start)..at(start + n);
            let rows = ids.get(range.clone()).unwrap_or_default().iter();
            let in_chunk = rows.map(|id| *id as usize - start).collect();
            (range.map(|p| p as u32).collect(), in_chunk)
        }
    }
}

struct Pass<'s, 'a, 'w> {
    subject: &'s Subject<'a>,
    explainer: &'s Explainer<'a>,
    writer: Option<Box<dyn crate::ArtifactWriter + 'w>>,
    names: Vec<String>,
    keep: Vec<u32>,
    kept_parts: Vec<Table>,
    members: Vec<Vec<bool>>,
    weights: Option<Vec<f64>>,
    started: Option<f64>,
    is_over: bool,
    sum_error: f64,
    found: Found,
}

impl<'s, 'a> Pass<'s, 'a, 'a> {
    fn new(subject: &'s Subject<'a>, explainer: &'s Explainer<'a>) -> Result<Self, AnalysisError> {
        let context = subject.context;
        let frame = context.test.frame;
        let members = subject.members();
        let weights = frame.with_all(|rows| rows.weight.map(<[f64]>::to_vec));
        let writer = context.host.artifact("attributions").map_err(written)?;
        Ok(Self {
            subject,
            explainer,
            writer,
            names: column_names(subject, explainer.n_outputs),
            keep: Vec::new(),
            kept_parts: Vec::new(),
            members,
            weights,
            started: subject.params.max_secs.and_then(|_| context.host.seconds()),
            is_over: false,
            sum_error: 0.0,
            found: Found {
                summary: Summary::new(subject, explainer.n_outputs),
                kept: Kept::default(),
                base: Vec::new(),
                n_rows: 0,
                additivity: 0.0,
                scale: 0.0,
                error: None,
                worst_error: 0.0,
                n_unreached: 0,
                notes: Vec::new(),
            },
        })
    }

    /// Explains a table in parts that fit into memory.
    fn all(&mut self, rows: &Table, places: &[u32]) -> Result<(), AnalysisError> {
        let width = (self.subject.n_features() * self.explainer.n_outputs).max(1);
        let at_once = if self.explainer.is_asked() { 8 } else { (AT_ONCE / width).clamp(64, 65_536) };
        for start in (0..rows.n_rows).step_by(at_once) {
            self.subject.context.check_stop()?;
            if self.is_late() {
                return Ok(());
            }
            let range = start..(start + at_once).min(rows.n_rows);
            let some = places.get(range.clone()).unwrap_or_default();
            if range.len() == rows.n_rows {
                self.part(rows, some)?;
            } else {
                self.part(&rows.take(&range.collect::<Vec<_>>()), some)?;
            }
            #[allow(clippy::cast_precision_loss, reason = "a share for the eye")]
            let share =
                self.found.n_rows as f64 / self.subject.context.test.frame.n_rows().min(self.explainer.max_rows) as f64;
            self.subject.context.progress.share(share);
        }
        Ok(())
    }

    /// True once the user's seconds are over; at least one part is always explained.
    fn is_late(&mut self) -> bool {
        let now = self.started.and_then(|_| self.subject.context.host.seconds());
        if let (Some(now), Some(started), Some(most)) = (now, self.started, self.subject.params.max_secs)
            && now - started > most
            && self.found.n_rows > 0
        {
            if !self.is_over {
                let text = format!(
                    "After {most} seconds {} rows were explained; the others were left out.",
                    self.found.n_rows
                );
                self.found.notes.push(Subject::note(Level::Caution, "out_of_time", text));
            }
            self.is_over = true;
        }
        self.is_over
    }

    fn part(&mut self, rows: &Table, places: &[u32]) -> Result<(), AnalysisError> {
        let explained = self.explainer.explain(self.subject, rows, places)?;
        self.check(&explained);
        let weights: Option<Vec<f64>> = self
            .weights
            .as_ref()
            .map(|all| places.iter().map(|p| all.get(*p as usize).copied().unwrap_or(0.0)).collect());
        self.found.summary.push(rows, places, &explained, weights.as_deref(), &self.members);
        self.keep(rows, places, &explained);
        if self.writer.is_some() {
            self.write(places, &explained)?;
        }
        self.found.n_rows += places.len() as u64;
        self.found.base = explained.base;
        Ok(())
    }

    /// Additivity and error of a part.
    fn check(&mut self, explained: &Explained) {
        let k = self.explainer.n_outputs;
        for (row, totals) in explained.totals.chunks_exact(k.max(1)).enumerate() {
            let values = explained.row(row);
            for (output, (total, base)) in totals.iter().zip(&explained.base).enumerate() {
                let sum: f64 = values.iter().skip(output).step_by(k).sum();
                self.found.additivity = self.found.additivity.max((base + sum - total).abs());
                self.found.scale = self.found.scale.max(total.abs());
            }
        }
        for error in &explained.reached {
            self.sum_error += error;
            self.found.worst_error = self.found.worst_error.max(*error);
            self.found.n_unreached += u64::from(*error > self.subject.params.precision);
            self.found.error = Some(0.0);
        }
    }

    fn keep(&mut self, rows: &Table, places: &[u32], explained: &Explained) {
        let wanted = |place: &u32| self.keep.binary_search(place).is_ok();
        let in_part: Vec<usize> = places.iter().enumerate().filter(|(_, p)| wanted(p)).map(|(i, _)| i).collect();
        if in_part.is_empty() {
            return;
        }
        self.found.kept.places.extend(in_part.iter().filter_map(|i| places.get(*i)));
        for row in &in_part {
            self.found.kept.values.extend_from_slice(explained.row(*row));
        }
        self.kept_parts.push(rows.take(&in_part));
    }

    fn write(&mut self, places: &[u32], explained: &Explained) -> Result<(), AnalysisError> {
        let k = self.explainer.n_outputs;
        let width = self.subject.n_features() * k;
        let mut file = TableFile::new();
        let rows = self.subject.dataset_rows(places);
        file.integers("row", rows.into_iter().map(i64::from).collect());
        let mut names = self.names.iter();
        let column = |values: &[f64], width: usize, place: usize| {
            values.iter().skip(place).step_by(width.max(1)).copied().collect::<Vec<f64>>()
        };
        for output in 0..k {
            if let Some(name) = names.next() {
                let base = explained.base.get(output).copied().unwrap_or(f64::NAN);
                file.numbers(name, vec![base; explained.n_rows]);
            }
        }
        for place in 0..width {
            if let Some(name) = names.next() {
                file.numbers(name, column(&explained.values, width, place));
            }
        }
        if !explained.errors.is_empty() {
            for place in 0..width {
                if let Some(name) = names.next() {
                    file.numbers(name, column(&explained.errors, width, place));
                }
            }
        }
        match &mut self.writer {
            Some(writer) => writer.push(file).map_err(written),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Found, AnalysisError> {
        if self.found.n_rows == 0 {
            return problem("max_rows", "no row was explained".to_owned(), "check the data and the budgets");
        }
        if let Some(writer) = self.writer.take() {
            writer.finish().map_err(written)?;
        }
        let mut columns: Vec<Vec<equipoise_data::Column>> = vec![Vec::new(); self.subject.n_features()];
        let n_rows = self.kept_parts.iter().map(|p| p.n_rows).sum();
        for part in self.kept_parts {
            columns.iter_mut().zip(part.columns).for_each(|(all, column)| all.push(column));
        }
        self.found.kept.rows = Some(Table { columns: columns.into_iter().map(joined).collect(), n_rows });
        if self.found.error.is_some() {
            #[allow(clippy::cast_precision_loss, reason = "a mean over rows")]
            let mean = self.sum_error / self.found.n_rows as f64;
            self.found.error = Some(mean);
        }
        Ok(self.found)
    }
}

/// Names of the artifact's columns after `row`: bases, attributions, standard errors.
fn column_names(subject: &Subject<'_>, n_outputs: usize) -> Vec<String> {
    let of = |name: &str, output: usize| {
        if n_outputs == 1 { name.to_owned() } else { format!("{name}|{}", subject.output_name(output)) }
    };
    let mut names: Vec<String> = (0..n_outputs).map(|k| of("_base", k)).collect();
    for suffix in ["", "|se"] {
        for feature in &subject.names {
            for output in 0..n_outputs {
                let name = format!("{}{suffix}", of(feature, output));
                // `row` is taken.
                names.push(if name == "row" { "row|attribution".to_owned() } else { name });
            }
        }
    }
    names
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn written(error: equipoise_data::TableFileError) -> AnalysisError {
    AnalysisError::Artifact { name: "attributions", problem: error.to_string() }
}
