//! How well a surrogate stands for the model: on rows it did not learn from, of all and of each cohort.

use equipoise_document::{Axis, Better, Block, BlockKind, EstimateId, Level, Note, Table, TableColumn, Unit};
use equipoise_kernels::{Confidence, Measured, Undefined, fisher_interval, kish, normal_interval, wilson};

use super::ID;
use super::groups::spearman;
use super::section::Answer;
use super::subject::Subject;
use super::surrogate::Surrogate;
use super::words::{listed, number};
use crate::AnalysisError;

/// Rows a surrogate is held against.
const ROWS: usize = 20_000;
/// Share of the answers' spread below which a surrogate is said to stand badly for the model.
const LOW: f64 = 0.9;

/// A cohort's numbers.
pub(super) struct Fidelity {
    pub(super) cohort: usize,
    pub(super) n: u64,
    pub(super) n_effective: Option<f64>,
    pub(super) r2: Measured,
    /// Share of rows with the same predicted class; classes only.
    pub(super) agreement: Option<Measured>,
    /// Spearman's correlation of the two answers; one output only.
    pub(super) rank_correlation: Option<Measured>,
}

/// Two answers to the same rows.
struct Answers<'d> {
    model: &'d [f64],
    surrogate: &'d [f64],
    weights: &'d [f64],
    n_outputs: usize,
}

/// Holds the surrogate against the model, cohort by cohort; the first is all rows.
pub(super) fn of(
    subject: &Subject<'_>,
    surrogate: &Surrogate,
    confidence: Confidence,
) -> Result<Vec<Fidelity>, AnalysisError> {
    let frame = subject.context.test.frame;
    let mut places = subject.sample(&subject.context.test, 2 * ROWS, "explain.fidelity");
    places.retain(|place| surrogate.learned.binary_search(place).is_err());
    places.truncate(ROWS);
    let rows = subject.rows_at(&places)?;
    let (model, said) = (subject.asker.ask(&rows.columns)?, surrogate.answers(&rows)?);
    let weights: Vec<f64> = frame.with_all(|all| places.iter().map(|p| all.weight_at(*p as usize)).collect());
    let k = subject.asker.n_outputs.max(1);
    let threshold = (!subject.context.classes.is_empty()).then(|| subject.context.spec.threshold.unwrap_or(0.5));
    let members = subject.members();
    let of = |cohort: usize| {
        let is_in = |place: &u32| {
            let Some(members) = cohort.checked_sub(1).and_then(|c| members.get(c)) else { return true };
            members.get(*place as usize) == Some(&true)
        };
        let inside: Vec<usize> = places.iter().enumerate().filter(|(_, p)| is_in(p)).map(|(i, _)| i).collect();
        let pick = |values: &[f64], width: usize| -> Vec<f64> {
            inside.iter().flat_map(|i| values.get(i * width..(i + 1) * width).unwrap_or_default()).copied().collect()
        };
        let (model, said, weights) = (pick(&model, k), pick(&said, k), pick(&weights, 1));
        let answers = Answers { model: &model, surrogate: &said, weights: &weights, n_outputs: k };
        let (sum, squares) = (weights.iter().sum::<f64>(), weights.iter().map(|w| w * w).sum::<f64>());
        Fidelity {
            cohort,
            n: inside.len() as u64,
            n_effective: frame.is_weighted().then(|| kish(sum, squares)),
            r2: answers.r2(confidence),
            agreement: threshold.map(|t| answers.agreement(t, confidence)),
            rank_correlation: (k == 1).then(|| answers.rank_correlation(confidence)),
        }
    };
    Ok((0..frame.cohorts().len()).map(of).collect())
}

impl Answers<'_> {
    fn n_rows(&self) -> usize {
        self.weights.len()
    }

    /// With `e_i = Σ_k (y_ik − ŷ_ik)²` and `v_i = Σ_k (y_ik − ȳ_k)²`, and weighted means over rows:
    ///
    /// ```text
    /// R² = 1 − E / V       influence of a row  ψ_i = −(e_i − E)/V + E·(v_i − V)/V²
    /// ```
    ///
    /// The standard error is `√Σ(w_i·ψ_i)² / Σw_i` (Hampel 1974).
    fn r2(&self, confidence: Confidence) -> Measured {
        let total: f64 = self.weights.iter().sum();
        if self.n_rows() == 0 || total <= 0.0 {
            return Measured::undefined(Undefined::Empty);
        }
        let k = self.n_outputs;
        let mut means = vec![0.0; k];
        for (row, weight) in self.model.chunks_exact(k).zip(self.weights) {
            means.iter_mut().zip(row).for_each(|(mean, y)| *mean += weight * y / total);
        }
        let squares = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let rows = self.model.chunks_exact(k).zip(self.surrogate.chunks_exact(k));
        let pairs: Vec<(f64, f64)> = rows.map(|(y, said)| (squares(y, said), squares(y, &means))).collect();
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| {
            pairs.iter().zip(self.weights).map(|(p, w)| w * of(p)).sum::<f64>() / total
        };
        let (e, v) = (mean(&|p| p.0), mean(&|p| p.1));
        let size = self.model.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        if v <= 1e-18 * size * size {
            return Measured::undefined(Undefined::NoVariation);
        }
        let influence = |p: &(f64, f64)| -(p.0 - e) / v + e * (p.1 - v) / (v * v);
        let squares = pairs.iter().zip(self.weights).map(|(p, w)| (w * influence(p)) * (w * influence(p)));
        let error = libm::sqrt(squares.sum::<f64>()) / total;
        let value = 1.0 - e / v;
        let ends = normal_interval(value, error, confidence).map(|ends| ends.within(f64::NEG_INFINITY, 1.0));
        Measured::new(Ok(value), ends.filter(|_| self.n_rows() > 2), "influence")
    }

    /// The class with the largest probability, or whether the threshold is reached.
    fn class(&self, row: &[f64], threshold: f64) -> usize {
        if let [p] = row {
            return usize::from(*p >= threshold);
        }
        let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter().position(|p| p.total_cmp(&best).is_eq()).unwrap_or(0)
    }

    fn agreement(&self, threshold: f64, confidence: Confidence) -> Measured {
        let k = self.n_outputs;
        let (mut same, mut total, mut squares) = (0.0, 0.0, 0.0);
        let rows = self.model.chunks_exact(k).zip(self.surrogate.chunks_exact(k));
        for ((y, said), weight) in rows.zip(self.weights) {
            if self.class(y, threshold) == self.class(said, threshold) {
                same += weight;
            }
            total += weight;
            squares += weight * weight;
        }
        if total <= 0.0 {
            return Measured::undefined(Undefined::Empty);
        }
        let share = same / total;
        Measured::new(Ok(share), wilson(share, kish(total, squares), confidence), "wilson")
    }

    /// Interval on Fisher's scale with the standard error of Bonett and Wright (2000), `√((1 + r²/2)/(n − 3))`.
    fn rank_correlation(&self, confidence: Confidence) -> Measured {
        let Some(r) = spearman(self.model, self.surrogate) else { return Measured::undefined(Undefined::NoVariation) };
        #[allow(clippy::cast_precision_loss, reason = "a few thousand rows")]
        let n = self.n_rows() as f64;
        let error = libm::sqrt((1.0 + r * r / 2.0) / (n - 3.0)) * (1.0 - r * r);
        let ends = if n > 3.0 { fisher_interval(r, error, confidence) } else { None };
        Measured::new(Ok(r), ends, "bonett_wright")
    }
}

impl Answer<'_, '_> {
    /// The surrogate's fidelity as estimates, a table and a note.
    pub(super) fn fidelity(&mut self, all: &[Fidelity]) {
        let id =
            |metric: &str, cohort: usize| EstimateId::new(ID, metric).within(self.subject.context.cohort_name(cohort));
        let name = |cohort: usize| self.subject.context.cohort_name(cohort).unwrap_or("(all rows)").to_owned();
        let ids =
            |metric: &str| -> Vec<Option<EstimateId>> { all.iter().map(|f| Some(id(metric, f.cohort))).collect() };
        let mut table = Table::new("surrogate", "How well the surrogate stands for the model")
            .column(TableColumn::text("cohort", "Rows", all.iter().map(|f| name(f.cohort))))
            .column(TableColumn::estimate("r2", "R² of the model's answers", ids("surrogate_r2")));
        if all.iter().any(|f| f.agreement.is_some()) {
            table = table.column(TableColumn::estimate("agreement", "Same class", ids("surrogate_agreement")));
        }
        if all.iter().any(|f| f.rank_correlation.is_some()) {
            let ids = ids("surrogate_rank_correlation");
            table = table.column(TableColumn::estimate("rank_correlation", "Rank correlation", ids));
        }
        let mut estimates = Vec::new();
        for f in all {
            estimates.push((id("surrogate_r2", f.cohort), f.r2, f, Unit::Plain));
            estimates.extend(f.agreement.map(|m| (id("surrogate_agreement", f.cohort), m, f, Unit::Share)));
            let rank = f.rank_correlation;
            estimates.extend(rank.map(|m| (id("surrogate_rank_correlation", f.cohort), m, f, Unit::Plain)));
        }
        let worst = all
            .iter()
            .filter_map(|f| Some((f, f.r2.value.ok()?)))
            .filter(|(_, r2)| *r2 < LOW)
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let note = match (worst, all.first()) {
            (Some((f, r2)), _) => {
                let low: Vec<&str> = all
                    .iter()
                    .filter(|f| f.r2.value.is_ok_and(|r2| r2 < LOW))
                    .map(|f| self.subject.context.cohort_name(f.cohort).unwrap_or("all rows"))
                    .collect();
                let text = format!(
                    "The surrogate stands badly for the model: on rows it did not learn from it follows only {} of the spread of the \
                     model's answers at worst (R², {}). What is said of {} explains the surrogate rather than the model.",
                    number(r2),
                    self.subject.context.cohort_name(f.cohort).map_or_else(|| "all rows".to_owned(), |c| format!("`{c}`")),
                    listed(&low)
                );
                Some(Note::new(Level::Caution, "surrogate_fidelity_low", text).about([id("surrogate_r2", f.cohort)]))
            }
            (None, Some(f)) => f.r2.value.ok().map(|r2| {
                let text = format!(
                    "A surrogate is explained in the model's place: on {} rows it did not learn from it follows {} of the spread of \
                     the model's answers (R²).",
                    f.n,
                    number(r2)
                );
                Note::new(Level::Info, "surrogate_fidelity", text).about([id("surrogate_r2", f.cohort)])
            }),
            (None, None) => None,
        };
        for (id, measured, f, unit) in estimates {
            self.estimate(id, &measured, (f.n, f.n_effective), Better::Higher, unit);
        }
        self.section.tables.push(table);
        self.section.blocks.push(Block::new(
            "surrogate",
            "How well does the surrogate stand for the model?",
            "surrogate",
            BlockKind::Dots {
                label: "cohort".into(),
                value: "r2".into(),
                series: None,
                axis: Axis::titled("R² of the model's answers"),
                reference: Some(equipoise_document::Reference::At(1.0)),
            },
            "Share of the spread of the model's answers that the surrogate follows, on rows it did not learn from; 1 is all of it.",
        ));
        if let Some(note) = note {
            self.note(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// y = 0, 1, 2, 3 and ŷ = 0, 1, 2, 2: E = 1/4, V = 5/4, R² = 4/5.
    #[test]
    fn by_hand() {
        let (model, surrogate, weights) = ([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 2.0], [1.0; 4]);
        let answers = Answers { model: &model, surrogate: &surrogate, weights: &weights, n_outputs: 1 };
        let confidence = Confidence::at(0.95);
        let r2 = answers.r2(confidence);
        assert!((r2.value.unwrap() - 0.8).abs() < 1e-12);
        // e − E = −¼, −¼, −¼, ¾ and v − V = 1, −1, −1, 1: ψ = 0.36, 0.04, 0.04, −0.44; √Σψ² / 4.
        let error = (0.36_f64.powi(2) + 2.0 * 0.04_f64.powi(2) + 0.44_f64.powi(2)).sqrt() / 4.0;
        let low = r2.ends.unwrap().low;
        assert!((low - (0.8 - confidence.z() * error)).abs() < 1e-12, "{low}");
        assert!((answers.agreement(2.5, confidence).value.unwrap() - 0.75).abs() < 1e-12);
        // Ranks 0, 1, 2, 3 and 0, 1, 2.5, 2.5.
        assert!((answers.rank_correlation(confidence).value.unwrap() - 4.5 / (5.0_f64 * 4.5).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn weight_two_is_a_row_twice() {
        let heavy = Answers { model: &[0.1, 0.9], surrogate: &[0.2, 0.7], weights: &[2.0, 1.0], n_outputs: 1 };
        let twice = Answers { model: &[0.1, 0.1, 0.9], surrogate: &[0.2, 0.2, 0.7], weights: &[1.0; 3], n_outputs: 1 };
        let at = Confidence::at(0.95);
        assert!((heavy.r2(at).value.unwrap() - twice.r2(at).value.unwrap()).abs() < 1e-12);
    }
}
