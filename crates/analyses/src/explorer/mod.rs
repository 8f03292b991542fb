//! What is in the data, and what in it deserves a second look before any model is judged?

mod answer;
mod columns;
mod contrast;
mod copies;
mod counts;
mod distance;
mod doubtful;
mod drift;
mod grid;
mod holes;
mod leakage;
mod moments;
mod pairs;
mod params;
mod pass;
mod picked;
mod power;
mod profile;
mod sketch;
#[cfg(test)]
mod tests;
mod together;
mod values;

use equipoise_data::Schema;
use equipoise_document::{Level, Note, Section, Task};
use equipoise_kernels::Confidence;
use schemars::Schema as JsonSchema;
use serde_json::Value;

pub use params::Params;

use self::answer::Answer;
use self::columns::{Kind, Looked};
use self::counts::{Counted, Counts, MOST_LABELS, Plan, Way};
use self::drift::Side;
use self::picked::Picked;
use self::values::Series;
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "explorer";

/// Data explorer: profile of every column, suspects, distributions by cohort, pairs of columns.
pub struct Explorer;

impl Analysis for Explorer {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Data"
    }

    fn question(&self) -> &'static str {
        "What is in the data, and what deserves a second look before any model is judged?"
    }

    fn params_schema(&self) -> JsonSchema {
        schemars::schema_for!(Params)
    }

    fn refuses(&self, _: &Context<'_>) -> Option<String> {
        None
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        let params = parse_params::<Params>(ID, params)?.check()?;
        let schema = context.test.dataset.schema();
        let train_schema = context.train.map(|t| t.dataset.schema());
        let columns = columns::all(context.spec, context.features, schema, train_schema);
        columns::drawn(&params, &columns, &[])?;
        check_pairs(&params, &columns)?;
        let target = context.spec.target.clone().unwrap_or_else(|| "target".to_owned());

        context.progress.step("profile of every column");
        let plans = pass::plans(&columns, &context.test, context.train.as_ref());
        // Without columns there is nothing to be a copy in.
        let way = Way { hashes_rows: columns.iter().any(Looked::is_content), ..way(context) };
        let counts = pass::count(&context.test, 0, &plans, way, context)?;
        let train = Training::count(&columns, &plans, context)?;

        let section = Section::new(ID, self.title(), self.question());
        let is_weighted = context.test.frame.is_weighted();
        let mut answer = Answer::new(section, &params, Confidence::at(context.level()), is_weighted);
        let level = |place: usize, cell: usize| level_name(schema, place, cell).unwrap_or_default();
        let profiles = profile::of_all(&answer, &columns, &plans, &counts.columns, &level);
        let n_left_out =
            (context.test.dataset.n_rows() - context.test.frame.n_rows().min(context.test.dataset.n_rows())) as u64;
        profile::add(&mut answer, &profiles, n_left_out);
        let powers = leakage::add(&mut answer, &profiles, context.task, &target);
        let (drawn, n_not_drawn) = columns::drawn(&params, &columns, &powers)?;
        let cohorts = count_cohorts(&plans, &drawn, context)?;
        copies::add(&mut answer, &counts, train.as_ref().map(|t| &t.counts), &target);
        if let (Some(train), Some(train_schema)) = (&train, train_schema) {
            let test: Vec<Side<'_>> =
                plans.iter().zip(&counts.columns).map(|(plan, counted)| Side { plan, counted, schema }).collect();
            drift::add(&mut answer, &columns, &test, &train.sides(train_schema));
        }
        doubtful::add(&mut answer, context, &target)?;
        draw(&mut answer, context, &profiles, &drawn, &counts, &cohorts, train.as_ref());
        contrast::add(&mut answer, context, &profiles, &drawn, &counts, &cohorts);
        look_at_pairs(&mut answer, context, &columns, &profiles, &powers, &target)?;
        let texts = columns.iter().filter(|c| c.kind() == Kind::Text && c.is_input());
        let texts: Vec<&str> = texts.map(|c| c.name.as_str()).collect();
        values::note_left_out(&mut answer, drawn.len(), n_not_drawn, &texts);
        Ok(answer.finish())
    }
}

/// Pairs that were asked for must be there.
fn check_pairs(params: &Params, columns: &[Looked]) -> Result<(), AnalysisError> {
    for (a, b) in &params.pairs {
        for name in [a, b] {
            let place = columns::find(columns, name, "pairs")?;
            if columns.get(place).is_some_and(|c| c.kind() == Kind::Text) {
                let problem = format!("column `{name}` holds free text");
                return params::wrong("pairs", problem, "name columns of numbers, names or true/false");
            }
        }
        if a == b {
            return params::wrong("pairs", format!("`{a}` is paired with itself"), "name two columns");
        }
    }
    Ok(())
}

/// Adds what is seen of two columns at a time: copies and functions, association, joint distributions, missing values.
fn look_at_pairs(
    answer: &mut Answer<'_>,
    context: &Context<'_>,
    columns: &[Looked],
    profiles: &[profile::Profile<'_>],
    powers: &[leakage::Power],
    target: &str,
) -> Result<(), AnalysisError> {
    context.progress.step("pairs of columns");
    let (chosen, n_left) = together::chosen(answer.params, columns, powers);
    let place_of = |at: &usize| columns.get(*at).map(|c| c.place);
    let asked: Vec<usize> = chosen.iter().filter_map(place_of).collect();
    let most = answer.params.pair_rows as usize;
    let mut picked = Picked::from(&context.test, &asked, most, context)?;
    let relations = together::related(&picked, &chosen, profiles);
    let known = together::add_related(answer, &relations, &chosen, profiles, target);
    let folded = together::folded(&mut picked, &chosen, profiles);
    context.check_stop()?;
    let pairs = together::all(answer, &picked);
    together::add(answer, profiles, &chosen, &pairs, &picked, &known);
    let schema = context.test.dataset.schema();
    let level = |place: usize, code: u32| {
        let column = columns.get(place).map_or(usize::MAX, |c| c.place);
        level_name(schema, column, code as usize).unwrap_or_else(|| "(other)".to_owned())
    };
    together::draw(answer, profiles, &chosen, &pairs, &picked, &known, &level);
    if !folded.is_empty() {
        let text = format!(
            "In pairs, the values of {} beyond the 49 most frequent are one value `(other)`.",
            answer::some_of(&folded, 8)
        );
        answer.note(0.0, Note::new(Level::Info, "folded_in_pairs", text));
    }
    if n_left > 0 {
        let text = format!(
            "{n_left} columns were left out of the association of pairs: the target, sensitive columns and the {} most telling ones \
             are in it. `pair_columns` sets how many.",
            chosen.len()
        );
        answer.note(0.0, Note::new(Level::Info, "columns_not_paired", text));
    }
    let places = holes::with_holes(profiles);
    if !places.is_empty() {
        let asked: Vec<usize> = places.iter().filter_map(place_of).collect();
        let picked = Picked::from(&context.test, &asked, most, context)?;
        let at: Vec<usize> = (0..places.len()).collect();
        holes::add_together(answer, profiles, &places, &holes::together(&picked, &at));
        let positive = context.classes.last().map_or("", String::as_str);
        holes::add_target(answer, profiles, &places, context.task, target, positive);
    }
    Ok(())
}

/// How the first pass is made.
fn way(context: &Context<'_>) -> Way {
    let is_number = context.task == Task::Regression;
    let schema = context.test.dataset.schema();
    let target = context.spec.target.as_ref().and_then(|name| schema.get(name));
    let middle = target.and_then(|info| info.sample.get(info.sample.len() / 2).copied()).unwrap_or(0.0);
    Way {
        n_labels: if is_number { 1 } else { context.classes.len().clamp(1, MOST_LABELS) },
        target_shift: is_number.then_some(middle),
        is_weighted: context.test.frame.is_weighted(),
        hashes_rows: true,
        hashes_truth: true,
    }
}

/// What was counted of the training data.
struct Training {
    plans: Vec<Option<Plan>>,
    counts: Counts,
    /// Place of each column's counts.
    places: Vec<Option<usize>>,
}

impl Training {
    fn count(columns: &[Looked], plans: &[Plan], context: &Context<'_>) -> Result<Option<Self>, AnalysisError> {
        let Some(part) = &context.train else { return Ok(None) };
        context.progress.step("profile of the training data");
        let plans = pass::for_train(columns, plans, part);
        let mut next = 0;
        let places = plans.iter().map(|plan| {
            plan.as_ref().map(|_| {
                next += 1;
                next - 1
            })
        });
        let places = places.collect();
        // Rows can only be met again where the training data has every column.
        let has_all = columns.iter().zip(&plans).all(|(c, plan)| !c.is_content() || plan.is_some());
        let asked: Vec<Plan> = plans.iter().flatten().cloned().collect();
        let way = Way {
            n_labels: 1,
            target_shift: None,
            is_weighted: part.frame.is_weighted(),
            hashes_rows: has_all,
            hashes_truth: false,
        };
        let counts = pass::count(part, 0, &asked, way, context)?;
        Ok(Some(Self { plans, counts, places }))
    }

    fn column(&self, place: usize) -> Option<&Counted> {
        self.counts.columns.get((*self.places.get(place)?)?)
    }

    fn sides<'a>(&'a self, schema: &'a Schema) -> Vec<Option<Side<'a>>> {
        let one = |(place, plan): (usize, &'a Option<Plan>)| {
            Some(Side { plan: plan.as_ref()?, counted: self.column(place)?, schema })
        };
        self.plans.iter().enumerate().map(one).collect()
    }
}

/// Counts of the drawn columns for every cohort but the one of all rows.
fn count_cohorts(plans: &[Plan], drawn: &[usize], context: &Context<'_>) -> Result<Vec<Counts>, AnalysisError> {
    let asked: Vec<Plan> = drawn.iter().filter_map(|place| plans.get(*place)).cloned().collect();
    let way = Way {
        n_labels: 1,
        target_shift: None,
        is_weighted: context.test.frame.is_weighted(),
        hashes_rows: false,
        hashes_truth: false,
    };
    (1..context.test.frame.cohorts().len())
        .map(|cohort| pass::count(&context.test, cohort, &asked, way, context))
        .collect()
}

/// Draws the distributions of all rows, of each cohort and of the training data.
fn draw(
    answer: &mut Answer<'_>,
    context: &Context<'_>,
    profiles: &[profile::Profile<'_>],
    drawn: &[usize],
    counts: &Counts,
    cohorts: &[Counts],
    train: Option<&Training>,
) {
    let mut series = vec![Series {
        name: if cohorts.is_empty() && train.is_some() { "test".to_owned() } else { "all".to_owned() },
        cohort: None,
        prefix: "",
        counted: drawn.iter().map(|place| counts.columns.get(*place)).collect(),
    }];
    for (i, counted) in cohorts.iter().enumerate() {
        let name = context.cohort_name(i + 1).unwrap_or_default().to_owned();
        series.push(Series {
            cohort: Some(name.clone()),
            name,
            prefix: "",
            counted: (0..drawn.len()).map(|at| counted.columns.get(at)).collect(),
        });
    }
    let of_train = series.len();
    if let Some(train) = train {
        series.push(Series {
            name: "training data".to_owned(),
            cohort: None,
            prefix: "train_",
            counted: drawn.iter().map(|place| train.column(*place)).collect(),
        });
    }
    let schema = context.test.dataset.schema();
    let train_schema = context.train.map(|t| t.dataset.schema());
    let level = |place: usize, series: usize, cell: usize| {
        let plan = profiles.get(place)?.plan.place;
        match (series == of_train, train, train_schema) {
            (true, Some(train), Some(schema)) => level_name(schema, train.plans.get(place)?.as_ref()?.place, cell),
            _ => level_name(schema, plan, cell),
        }
    };
    values::add(answer, profiles, drawn, &series, &level);
}

fn level_name(schema: &Schema, place: usize, cell: usize) -> Option<String> {
    schema.columns.get(place)?.levels.get(cell).cloned()
}
