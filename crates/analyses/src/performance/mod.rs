//! How good are the predictions, how sure is that, and where are they worse?

mod answer;
mod binary;
mod curves;
mod features;
mod metric;
mod multiclass;
mod notes;
mod params;
mod regression;
mod residuals;
#[cfg(test)]
mod tests;

use equipoise_document::{Better, Section, Task, Unit};
use equipoise_kernels::Confidence;
use schemars::Schema;
use serde_json::Value;

pub use params::RawParams as Params;

use self::answer::{Answer, Support};
use self::metric::{Metric, Said};
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "performance";

/// Model performance: every metric of the task with its interval, overall, by cohort and by feature; curves,
/// calibration, thresholds, residuals.
pub struct Performance;

impl Analysis for Performance {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Model performance"
    }

    fn question(&self) -> &'static str {
        "How good are the predictions, how sure is that, and where are they worse?"
    }

    fn params_schema(&self) -> Schema {
        schemars::schema_for!(Params)
    }

    fn refuses(&self, context: &Context<'_>) -> Option<String> {
        (!context.test.frame.has_predictions()).then(|| "there are no predictions".to_owned())
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        if let Some(reason) = self.refuses(context) {
            return Err(AnalysisError::NotApplicable { analysis: ID, reason });
        }
        let raw = parse_params::<Params>(ID, params)?;
        let known = known_metrics(context.task, &raw, context.classes.len());
        let params = raw.check(&known)?;
        let mut answer = Answer {
            context,
            params: &params,
            confidence: Confidence::at(context.level()),
            section: Section::new(ID, self.title(), self.question()),
        };
        match context.task {
            Task::Binary => binary(&mut answer)?,
            Task::Multiclass => multiclass(&mut answer)?,
            Task::Regression => regression(&mut answer)?,
        }
        notes::small_cohorts(&mut answer);
        features::add(&mut answer)?;
        Ok(answer.finish())
    }
}

/// Ids of the metrics of a task, those with a number in their name included.
fn known_metrics(task: Task, raw: &Params, n_classes: usize) -> Vec<String> {
    let ids = |ids: Vec<&'static str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
    match task {
        Task::Binary => ids(binary::metrics().iter().map(|m| m.id).collect()),
        Task::Multiclass => {
            let mut known = ids(multiclass::metrics().iter().map(|m| m.id).collect());
            known.extend(raw.top_k.iter().filter(|k| (**k as usize) < n_classes).map(|k| format!("top_{k}_accuracy")));
            known
        }
        Task::Regression => {
            let mut known = ids(regression::metrics().iter().map(|m| m.id).collect());
            known.extend(raw.pinball_quantiles.iter().map(|q| pinball_id(*q)));
            known
        }
    }
}

/// `mean_pinball_loss@0_9`: a dot would end the word.
fn pinball_id(quantile: f64) -> String {
    format!("mean_pinball_loss@{quantile}").replace('.', "_")
}

/// The wanted metrics of a view.
fn said<V>(metrics: &[Metric<V>], view: &V, rows: [u64; 4], answer: &Answer<'_>) -> Vec<Said> {
    metrics.iter().filter(|m| answer.params.wants(m.id)).map(|m| m.said(view, rows)).collect()
}

fn support(answer: &Answer<'_>, n: u64, n_effective: f64) -> Support {
    Support { n, n_effective: answer.context.test.frame.is_weighted().then_some(n_effective) }
}

fn binary(answer: &mut Answer<'_>) -> Result<(), AnalysisError> {
    let frame = answer.context.test.frame;
    let metrics = binary::metrics();
    let mut cohorts = Vec::new();
    let mut all = None;
    for cohort in 0..frame.cohorts().len() {
        answer.context.check_stop()?;
        let gathered = binary::gather(frame, cohort);
        let view = binary::View::over(&gathered, answer.params, answer.confidence, answer.context.seed());
        let support = support(answer, gathered.counts.n_rows(), gathered.counts.n_effective());
        cohorts.push((support, said(&metrics, &view, gathered.counts.binary_rows(1), answer)));
        if cohort == 0 {
            all = Some(gathered);
        }
    }
    answer.add_metrics(&cohorts);
    let Some(all) = all else { return Ok(()) };
    curves::confusion(answer, &all.counts);
    if let Some(scores) = &all.scores {
        curves::of_scores(answer, scores);
    }
    notes::classes(answer, &all.counts);
    notes::calibration(answer);
    Ok(())
}

fn multiclass(answer: &mut Answer<'_>) -> Result<(), AnalysisError> {
    let frame = answer.context.test.frame;
    let k = answer.context.classes.len();
    let metrics = multiclass::metrics();
    let mut cohorts = Vec::new();
    let mut all = None;
    for cohort in 0..frame.cohorts().len() {
        answer.context.check_stop()?;
        let gathered = multiclass::gather(frame, cohort, k, answer.confidence);
        let view = multiclass::View::over(&gathered, answer.params, answer.confidence, answer.context.seed());
        let n = gathered.counts.n_rows();
        let support = support(answer, n, gathered.counts.n_effective());
        let mut said = said(&metrics, &view, [n, 0, 0, 0], answer);
        said.extend(top_k(answer, &gathered, n));
        cohorts.push((support, said));
        if cohort == 0 {
            all = Some((gathered, view));
        }
    }
    answer.add_metrics(&cohorts);
    let Some((all, view)) = all else { return Ok(()) };
    curves::by_class(answer, &all, &view);
    curves::confusion(answer, &all.counts);
    if let Some(scored) = &all.scored {
        curves::reliability(answer, &scored.confidence, "Highest probability", "Share of right predictions");
    }
    notes::classes(answer, &all.counts);
    notes::calibration(answer);
    Ok(())
}

fn top_k(answer: &Answer<'_>, gathered: &multiclass::Gathered, n: u64) -> Vec<Said> {
    let Some(scored) = &gathered.scored else { return Vec::new() };
    let k = answer.context.classes.len();
    let wanted = answer.params.top_k.iter().filter(|top| **top < k);
    wanted
        .map(|top| Said {
            id: format!("top_{top}_accuracy"),
            title: format!("Top-{top} accuracy"),
            says: format!("share of rows whose class is among the {top} with the highest probability"),
            better: Better::Higher,
            unit: Unit::Share,
            is_headline: false,
            n,
            measured: scored.losses.top_accuracy(*top, answer.confidence),
        })
        .filter(|said| answer.params.wants(&said.id))
        .collect()
}

fn regression(answer: &mut Answer<'_>) -> Result<(), AnalysisError> {
    let frame = answer.context.test.frame;
    let metrics = regression::metrics();
    let mut cohorts = Vec::new();
    let mut all = None;
    for cohort in 0..frame.cohorts().len() {
        answer.context.check_stop()?;
        let gathered = regression::gather(frame, cohort, answer.params);
        let (n, n_effective) = (gathered.sums.n_rows(), gathered.sums.n_effective());
        let view = regression::View { gathered, confidence: answer.confidence };
        let mut said = said(&metrics, &view, [n, 0, 0, 0], answer);
        let losses = answer.params.quantiles.iter().zip(&view.gathered.sums.pinball);
        said.extend(losses.map(|(q, mean)| Said {
            id: pinball_id(*q),
            title: format!("Pinball loss at {q}"),
            says: format!("mean loss of a prediction of the quantile {q}"),
            better: Better::Lower,
            unit: Unit::Target,
            is_headline: false,
            n,
            measured: mean.measure(answer.confidence),
        }));
        said.retain(|said| answer.params.wants(&said.id));
        cohorts.push((support(answer, n, n_effective), said));
        if cohort == 0 {
            all = Some(view);
        }
    }
    answer.add_metrics(&cohorts);
    let Some(all) = all else { return Ok(()) };
    residuals::add(answer, &all.gathered);
    notes::numbers(answer, &all.gathered);
    Ok(())
}
