//! What would an intervention change, for whom, and what speaks against it?

mod answer;
mod design;
mod differ;
mod dose;
mod effects;
mod estimate;
mod graph;
mod individual;
mod instrument;
mod params;
mod plan;
mod policy;
mod rows;
mod sensitivity;
mod treatment;
mod trust;
mod what_if;

#[cfg(test)]
mod tests;

use equipoise_causal::{CausalError, Covariates, Rows};
use equipoise_document::{Level, Section};
use equipoise_kernels::{Confidence, Stop};
use schemars::Schema;
use serde_json::Value;

pub use params::RawParams as Params;

use self::answer::Answer;
use self::design::{Design, binned};
use self::estimate::{Door, Found, Task};
use self::params::NuisanceModel;
use self::plan::{Plan, Sample};
use self::treatment::{Kind, Treatment};
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "causal";

/// Causal effects: what acting on a column would do to the outcome, with the assumptions tested.
pub struct Causal;

/// One treatment with everything that was found about it.
struct Studied<'a> {
    /// Its place among the treatments.
    place: usize,
    treatment: Treatment,
    /// The rows it was studied on.
    sample: &'a Sample,
    design: Design,
    found: Found,
    stop: Stop<'a>,
}

impl Analysis for Causal {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Causal effects"
    }

    fn question(&self) -> &'static str {
        "What would an intervention change, for whom, and how sure is that?"
    }

    fn params_schema(&self) -> Schema {
        schemars::schema_for!(Params)
    }

    fn runs_unasked(&self) -> bool {
        false
    }

    fn refuses(&self, context: &Context<'_>) -> Option<String> {
        let named = context.spec.analyses.get(ID).and_then(|p| p.get("treatment_features")).and_then(Value::as_array);
        named
            .is_none_or(Vec::is_empty)
            .then(|| "no treatment is named: give the columns to act on as `treatment_features`".to_owned())
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        let params = parse_params::<Params>(ID, params)?.check()?;
        if params.treatment_features.is_empty() {
            let reason = "no treatment is named: give the columns to act on as `treatment_features`".to_owned();
            return Err(AnalysisError::NotApplicable { analysis: ID, reason });
        }
        let plan = Plan::new(&params, context)?;
        let table = plan.read(&params, context)?;
        let mut answer = Answer {
            section: Section::new(ID, self.title(), self.question()),
            confidence: Confidence::at(params.level(context.level())),
            unit: plan.unit.clone(),
            outcome: plan.outcome.clone(),
            n_effective: None,
        };
        plan.note(&mut answer);
        let mut studied = Vec::new();
        let samples = plan.samples(&params, &table, &mut answer)?;
        for (place, (name, sample)) in params.treatment_features.iter().zip(&samples).enumerate() {
            context.progress.step(&format!("effect of {name} on {}", plan.outcome));
            context.check_stop()?;
            let values = sample.column(name)?;
            let treatment = Treatment::new(name, values, &params)?;
            two_levels_where_needed(&treatment, &params)?;
            let controls = plan.controls_of(name);
            let design = Design::over(&controls, &sample.columns, params.upper_bound_on_cat_expansion as usize);
            let mediators = plan.mediators_of(name);
            match study(place, treatment, design, (&controls, mediators), sample, &params, context)? {
                Ok(one) => studied.push(one),
                Err((treatment, error)) => effects::failed(&mut answer, &treatment, sample, &error),
            }
        }
        answer.n_effective = samples.first().and_then(Sample::n_effective);
        write(&mut answer, &studied, &plan, &params, context)?;
        Ok(answer.finish())
    }
}

/// A partially linear model and an instrument compare two levels.
fn two_levels_where_needed(treatment: &Treatment, params: &Params) -> Result<(), AnalysisError> {
    let n = treatment.n_contrasts() + 1;
    if n <= 2 {
        return Ok(());
    }
    if params.instrument.is_some() {
        let problem =
            format!("with an instrument a treatment needs two levels or numbers; `{}` has {n} levels", treatment.name);
        return Err(params::wrong(
            "instrument",
            problem,
            "put its levels together into two, or leave the instrument out",
        ));
    }
    if params.estimator == Some(params::Estimator::PartiallyLinear) {
        let problem =
            format!("`partially_linear` compares two levels or takes numbers; `{}` has {n} levels", treatment.name);
        return Err(params::wrong("estimator", problem, "use `interactive`, which compares each level with the first"));
    }
    Ok(())
}

/// Estimates one treatment; what the rows do not carry is told apart from what the caller can mend.
fn study<'a>(
    place: usize,
    treatment: Treatment,
    design: Design,
    (controls, mediators): (&[String], &[String]),
    sample: &'a Sample,
    params: &Params,
    context: &Context<'a>,
) -> Result<Result<Studied<'a>, (Treatment, CausalError)>, AnalysisError> {
    let of_trees = |names: &[String]| match params.nuisance_model {
        NuisanceModel::Automl => binned(names, &sample.columns).ok(),
        NuisanceModel::Linear => None,
    };
    let bytes = of_trees(controls);
    // The front door: mediators beside the controls, or the treatment itself where it is a number.
    let way = Design::over(mediators, &sample.columns, params.upper_bound_on_cat_expansion as usize);
    let numbers = treatment.numbers(1);
    let is_number = matches!(treatment.kind, Kind::Number { .. });
    let beside = if is_number { std::slice::from_ref(&treatment.name) } else { mediators };
    let bytes_behind = of_trees(&[controls, beside].concat());
    let mut columns_behind = design.views();
    columns_behind.extend(if is_number { vec![numbers.as_slice()] } else { way.views() });
    let behind = Covariates { columns: columns_behind, binned: bytes_behind.as_ref() };
    let door = (!mediators.is_empty()).then(|| Door { mediators: way.views(), behind: &behind });
    let covariates = Covariates { columns: design.views(), binned: bytes.as_ref() };
    let instrument = params.instrument.as_ref().map(|name| sample.numbers(name)).transpose()?;
    let stop = Stop::at(context.stop);
    let task = Task {
        params,
        treatment: &treatment,
        y: &sample.y,
        covariates: &covariates,
        instrument: instrument.as_deref(),
        door,
        rows: Rows { stop, ..sample.rows() },
        keys: &sample.keys,
        seed: context.seed(),
    };
    let found = task.run();
    drop((covariates, behind));
    Ok(match found {
        Ok(found) => Ok(Studied { place, treatment, sample, design, found, stop }),
        Err(CausalError::Stopped) => return Err(AnalysisError::Interrupted),
        Err(error) => Err((treatment, error)),
    })
}

/// Everything that follows from what was estimated: what matters most first.
fn write(
    answer: &mut Answer,
    studied: &[Studied<'_>],
    plan: &Plan,
    params: &Params,
    context: &Context<'_>,
) -> Result<(), AnalysisError> {
    effects::add(answer, studied);
    instrument::add(answer, studied);
    effects::add_mean_outcomes(answer, studied);
    effects::add_cohorts(answer, studied);
    for one in studied {
        context.check_stop()?;
        if let Kind::Number { .. } = one.treatment.kind {
            dose::add(answer, one, params);
        }
        trust::overlap(answer, one, params);
        trust::balance(answer, one);
    }
    sensitivity::add(answer, studied);
    trust::refuters(answer, studied, params, context.seed());
    context.check_stop()?;
    plan.negative_controls(answer, studied, params, context)?;
    let mut differing = Vec::new();
    for one in studied {
        context.check_stop()?;
        let effects = differ::add(answer, one, plan, params, context.seed());
        context.check_stop()?;
        policy::add(answer, one, &effects, params);
        context.check_stop()?;
        what_if::add(answer, one, &effects, params)?;
        differing.push((one, effects));
    }
    individual::write(answer, &differing, params, context)?;
    trust::nuisances(answer, studied);
    trust::encodings(answer, studied);
    if !studied.is_empty() {
        let text = "Every effect here is a causal effect only if nothing that moves both the treatment and the outcome is left \
                    out of the controls, and no control is itself changed by the treatment. No data can prove that; the \
                    sensitivity says how strong a forgotten cause would have to be.";
        answer.note(Level::Info, "assumptions", text);
    }
    Ok(())
}

impl Studied<'_> {
    fn rows(&self) -> Rows<'_> {
        Rows { stop: self.stop, ..self.sample.rows() }
    }

    fn n(&self) -> u64 {
        self.sample.y.len() as u64
    }

    /// Rows of the test data among them.
    fn n_test(&self) -> u64 {
        self.sample.test_row.iter().flatten().count() as u64
    }
}
