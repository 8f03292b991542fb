//! Who is in the data, and how does the outcome differ before any model?

mod answer;
mod classes;
mod combinations;
mod counts;
mod distance;
mod labels;
mod missing;
mod numbers;
mod observed;
mod pairs;
mod params;
mod plan;
#[cfg(test)]
mod tests;
mod values;

use equipoise_document::{Level, Note, Section, Task};
use equipoise_kernels::Confidence;
use schemars::Schema;
use serde_json::Value;

pub use params::Params;

use self::answer::{Answer, part_name, some_of};
use self::counts::Counts;
use self::observed::Observed;
use self::plan::{Given, PartPlan, Plan};
use crate::context::Part;
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "balance";

/// Data balance: shares of groups, gaps of the outcome between them, distances from a reference, missing values.
pub struct Balance;

impl Analysis for Balance {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Data balance"
    }

    fn question(&self) -> &'static str {
        "Who is in the data, and how does the outcome differ before any model?"
    }

    fn params_schema(&self) -> Schema {
        schemars::schema_for!(Params)
    }

    fn refuses(&self, _: &Context<'_>) -> Option<String> {
        None
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        let params = parse_params::<Params>(ID, params)?.check()?;
        let parts: Vec<&Part<'_>> = std::iter::once(&context.test).chain(&context.train).collect();
        let schemas: Vec<_> = parts.iter().map(|part| part.dataset.schema()).collect();
        let given = Given {
            spec: context.spec,
            task: context.task,
            classes: context.classes,
            features: context.features,
            groupings: context.test.frame.groupings(),
            schemas: &schemas,
        };
        let plan = Plan::over(&params, &given)?;
        let mut counted = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            context.progress.step(&format!("data balance of the {} data", part_name(i)));
            context.check_stop()?;
            let of_part = plan.part(part.frame, part.dataset.schema());
            let counts = count(part, &of_part)?;
            counted.push((of_part, counts));
        }
        let section = Section::new(ID, self.title(), self.question());
        let is_weighted = context.test.frame.is_weighted();
        let mut answer = Answer::new(section, &params, Confidence::at(context.level()), is_weighted);
        if context.task != Task::Regression {
            let frames: Vec<_> = parts.iter().map(|part| part.frame).collect();
            classes::add(&mut answer, &plan.labels.target, context.classes, &frames);
        }
        write(&mut answer, &plan, &counted, &schemas, context.features);
        Ok(answer.finish())
    }
}

/// One pass over the rows of a part.
fn count(part: &Part<'_>, plan: &PartPlan) -> Result<Counts, AnalysisError> {
    let start = || plan.start(part.frame.is_weighted());
    Ok(part.frame.reduce_with(0, part.dataset, &plan.asked, start, |counts, rows, columns| {
        plan.push(counts, rows, columns);
    })?)
}

/// Everything that follows from what was counted: what matters most first, features that are not sensitive last.
fn write(
    answer: &mut Answer<'_>,
    plan: &Plan,
    counted: &[(PartPlan, Counts)],
    schemas: &[&equipoise_data::Schema],
    features: &[String],
) {
    let columns = plan.observed(counted);
    let folded: Vec<Observed> = columns.iter().map(|column| fold(answer, column)).collect();
    let mut pairs: Vec<Vec<_>> = Vec::new();
    for part in 0..counted.len() {
        let of_part: Vec<_> = folded.iter().map(|column| pairs::compare(answer, column, part, &plan.labels)).collect();
        let both = folded.iter().zip(&of_part);
        let largest =
            both.flat_map(|(column, pairs)| pairs::largest(answer, column, part, &plan.labels, pairs)).collect();
        pairs::add_largest(answer, part, largest, &plan.labels);
        pairs.push(of_part);
    }
    let mut show = |answer: &mut Answer<'_>, place: usize, column: &Observed| {
        values::add_shares(answer, column);
        values::add_outcomes(answer, column, &plan.labels);
        for (part, pairs) in pairs.iter_mut().enumerate() {
            let pairs = pairs.get_mut(place).map(std::mem::take).unwrap_or_default();
            pairs::add(answer, column, part, &plan.labels, pairs);
        }
        note_small(answer, column);
    };
    for (place, column) in folded.iter().enumerate().filter(|(_, column)| column.is_sensitive) {
        show(answer, place, column);
    }
    distance::add(answer, &columns);
    combinations::add(answer, &plan.combinations(counted));
    let holes: Vec<_> = counted.iter().enumerate().flat_map(|(i, (part, counts))| part.holes(i, counts)).collect();
    missing::add(answer, &holes);
    if let [test, train] = schemas {
        numbers::add(answer, features, test, train);
    }
    for (place, column) in folded.iter().enumerate().filter(|(_, column)| !column.is_sensitive) {
        show(answer, place, column);
    }
    for note in &plan.notes {
        answer.note(0.0, note.clone());
    }
    if columns.iter().any(|c| !c.is_quantiles) {
        let text = "Distances from equal shares describe; they are no aim: equal shares are rarely what the population has. \
                    Give its shares with the parameter `reference`.";
        answer.note(0.0, Note::new(Level::Info, "uniform_reference", text));
    }
}

/// The values that are shown, with a note where not all are.
fn fold(answer: &mut Answer<'_>, column: &Observed) -> Observed {
    let (max, top) = (answer.params.max_values as usize, answer.params.top_values as usize);
    let (folded, n_others) = column.folded(max, top);
    if n_others > 0 {
        let text = format!(
            "`{}` has {} values: the {top} most frequent are shown by name and the other {n_others} together as `{}`.",
            column.column,
            top + n_others,
            observed::OTHER
        );
        answer.note(0.0, Note::new(Level::Info, "many_values", text));
    }
    folded
}

/// Names the groups of sensitive columns that have few rows.
fn note_small(answer: &mut Answer<'_>, column: &Observed) {
    if !column.is_sensitive {
        return;
    }
    for (part, values) in column.parts.iter().enumerate() {
        let is_small = |n: u64| n < answer.params.min_rows;
        let small: Vec<String> = column
            .names
            .iter()
            .zip(values)
            .filter(|(_, value)| is_small(value.whole().n))
            .map(|(name, value)| format!("{name} ({})", value.whole().n))
            .collect();
        if !small.is_empty() {
            let text = format!(
                "Groups of `{}` with fewer than {} of the {} rows of the {} data: {}. Their numbers are flagged and left out of \
                 the largest gap.",
                column.column,
                answer.params.min_rows,
                plan::n_rows(column, part),
                part_name(part),
                some_of(&small, 10)
            );
            #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
            answer.note(small.len() as f64, Note::new(Level::Caution, "small_groups", text));
        }
    }
}
