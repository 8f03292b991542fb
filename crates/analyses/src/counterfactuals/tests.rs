//! Small cases worked out by hand, and bad input.
#![allow(clippy::float_cmp, reason = "exact by construction")]

use std::sync::atomic::AtomicBool;

use equipoise_data::{Dataset, Frame, FrameParts, Grouping, GroupingKind, MemoryColumn, Targets};
use equipoise_document::{Cells, RunSpec, Section, Task};
use equipoise_models::{
    Additive, Binding, Input, InputColumn, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs,
};
use serde_json::{Value, json};

use super::Counterfactuals;
use crate::{Analysis, AnalysisError, Context, NoHost, Part, Quiet};

/// Approved from `income/10 + [job is not none]·2 ≥ 8` on, as a step that is not steep. It says that it is a sum, or not.
struct Bank(ModelInfo, bool);

impl Bank {
    fn new(is_sum: bool) -> Self {
        let input = |name: &str, kind| Input { name: name.to_owned(), kind };
        let inputs = vec![input("income", InputKind::Number), input("job", InputKind::Category(None))];
        Self(ModelInfo { inputs, task: Some(Task::Binary), ..ModelInfo::default() }, is_sum)
    }
}

impl Additive for Bank {
    fn n_outputs(&self) -> usize {
        1
    }

    fn margins(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        let [InputColumn::Number(income), InputColumn::Codes { codes, levels }] = batch.columns.as_slice() else {
            panic!("two columns");
        };
        let has_job = |row: usize| levels.get(codes[row] as usize).is_some_and(|name| name != "none");
        let one = |row: usize| income[row] / 10.0 + 2.0 * f64::from(u8::from(has_job(row))) - 8.0;
        Ok((0..batch.n_rows).map(one).collect())
    }
}

impl Model for Bank {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let margins = self.margins(batch)?;
        Ok(Outputs::Probability(margins.into_iter().map(|margin| 1.0 / (1.0 + libm::exp(-margin))).collect()))
    }

    fn additive(&self) -> Option<&dyn Additive> {
        if self.1 { Some(self) } else { None }
    }
}

fn answer(params: &Value) -> Result<Section, AnalysisError> {
    answer_of(false, params)
}

fn answer_of(is_sum: bool, params: &Value) -> Result<Section, AnalysisError> {
    let n = 40_usize;
    let income: Vec<f64> = (0..n).map(|i| (i * 7 % 40 + 50) as f64).collect();
    let names = ["none", "clerk", "pilot"];
    let job: Vec<String> = (0..n).map(|i| names[i % 3].to_owned()).collect();
    let sex: Vec<u16> = (0..n).map(|i| (i % 2) as u16).collect();
    let columns = vec![
        ("income".to_owned(), MemoryColumn::Numbers(income)),
        ("job".to_owned(), MemoryColumn::Names(job.into_iter().map(Some).collect())),
    ];
    let dataset = Dataset::from_columns(columns).unwrap();
    let bank = Bank::new(is_sum);
    let features = vec!["income".to_owned(), "job".to_owned()];
    let binding = Binding::new(bank.info(), dataset.schema(), &features).unwrap();
    let mut said = Vec::new();
    dataset
        .for_each(binding.columns(), &mut |chunk| {
            let inputs = binding.inputs(&chunk.columns).unwrap();
            if let Outputs::Probability(p) = bank.predict(&inputs.as_inputs()).unwrap() {
                said.extend(p);
            }
            Ok(())
        })
        .unwrap();
    let classes = vec!["no".to_owned(), "yes".to_owned()];
    let predicted: Vec<u16> = said.iter().map(|p| u16::from(*p >= 0.5)).collect();
    let kind = GroupingKind::Sensitive;
    let frame = Frame::new(FrameParts {
        task: Task::Binary,
        classes: classes.clone().into(),
        row_ids: None,
        truth: Targets::Class(predicted.clone()),
        predicted: Some(Targets::Class(predicted)),
        probability: Some(said),
        weight: None,
        groups: vec![(
            Grouping { column: "sex".into(), levels: vec!["f".to_owned(), "m".to_owned()].into(), kind },
            sex,
        )],
    })
    .unwrap();
    let spec =
        RunSpec { seed: 7, analyses: [("counterfactuals".to_owned(), params.clone())].into(), ..RunSpec::default() };
    let context = Context {
        spec: &spec,
        task: Task::Binary,
        classes: &classes,
        test: Part { frame: &frame, dataset: &dataset },
        train: None,
        features: &features,
        model: Some(&bank),
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &NoHost,
    };
    Counterfactuals.run(params, &context)
}

fn value(section: &Section, id: &str) -> f64 {
    let found = section.estimates.iter().find(|e| e.id.to_string() == id);
    found.and_then(|e| e.value).unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn a_rejected_row_by_hand() {
    // Row 0 has 50 and no job: 5 of 8. With a job it is 7, with a job and 60 it is 8.
    let params = json!({"rows": [0], "total_CFs": 1, "method": "nearest", "permitted_range": {"income": [0, 70]}});
    let section = answer(&params).unwrap();
    let table = section.table("row_0").unwrap();
    let Cells::Text(cells) = &table.get("counterfactual_1").unwrap().cells else { panic!("words") };
    assert!(cells[0].as_deref().unwrap().starts_with("yes"), "{cells:?}");
    let says = &section.blocks.iter().find(|b| b.id == "row_0").unwrap().says;
    assert!(says.contains("`income` were 60 instead of 50"), "{says}");
    assert!(says.contains("`job` were "), "{says}");
    assert_eq!(value(&section, "counterfactuals.found"), 1.0);
    assert_eq!(value(&section, "counterfactuals.validity"), 1.0);
    assert_eq!(value(&section, "counterfactuals.mean_changes"), 2.0);
}

#[test]
fn every_method_answers_and_groups_are_compared() {
    for method in ["auto", "random", "genetic", "kdtree", "nearest", "growing_spheres"] {
        let section = answer(&json!({"method": method, "total_CFs": 2, "max_rows": 20})).unwrap();
        assert!(value(&section, "counterfactuals.found") > 0.9, "{method}");
        assert_eq!(value(&section, "counterfactuals.validity"), 1.0, "{method}");
        let gap = section.estimates.iter().find(|e| e.id.to_string() == "counterfactuals.mean_cost.difference[sex]");
        assert!(gap.unwrap().interval.is_some(), "{method}");
        assert!(section.table("recourse_by_sex").is_some() && section.table("importance").is_some());
        for block in &section.blocks {
            assert!(block.table.is_empty() || section.table(&block.table).is_some(), "{}", block.id);
        }
    }
}

#[test]
fn rows_without_a_way_are_counted() {
    let params = json!({"features_to_vary": ["income"], "max_relative_change": {"income": 0.01}, "method": "random"});
    let section = answer(&params).unwrap();
    assert!(value(&section, "counterfactuals.no_recourse") > 0.5);
    assert!(section.notes.iter().any(|note| note.code == "counterfactuals.nothing_may_change"));
}

#[test]
fn what_cannot_be_used_is_said() {
    let says = |params: Value| answer(&params).unwrap_err().to_string();
    let exact = says(json!({"method": "exact"}));
    assert!(exact.contains("the model is neither made of trees nor a sum over its columns"), "{exact}");
    let class = says(json!({"desired_class": "maybe"}));
    assert!(class.contains("there is no class `maybe`\nhint: the classes are no, yes"), "{class}");
    let column = says(json!({"immutable": ["incme"]}));
    assert!(column.contains("the model takes no column `incme`\nhint: the nearest name is `income`"), "{column}");
    let name = says(json!({"permitted_range": {"job": ["pilott"]}}));
    assert!(name.contains("`job` has no category `pilott`\nhint: the nearest name is `pilot`"), "{name}");
    let both = says(json!({"immutable": ["income"], "permitted_range": {"income": [0, 9]}}));
    assert!(both.contains("the limits of `income` contradict each other"), "{both}");
    let ways = says(json!({"increase_only": ["income"], "decrease_only": ["income"]}));
    assert!(ways.contains("it may only grow and it may only shrink"), "{ways}");
    let range = says(json!({"desired_range": [1, 2]}));
    assert!(range.contains("a class is predicted, not a number"), "{range}");
    let unknown = says(json!({"totalCFs": 3}));
    assert!(unknown.contains("totalCFs"), "{unknown}");
    let row = says(json!({"rows": [400]}));
    assert!(row.contains("there is no row `400`"), "{row}");
    let cohort = says(json!({"cohort": "young"}));
    assert!(cohort.contains("there is no cohort `young`"), "{cohort}");
}

#[test]
fn limits_of_single_rows_hold() {
    let limit = json!([{"row": 0, "feature": "income", "permitted": [50, 55]}]);
    let section = answer(&json!({"rows": [0], "row_limits": limit, "method": "genetic"})).unwrap();
    assert_eq!(value(&section, "counterfactuals.no_recourse"), 1.0);
}

#[test]
fn a_sum_is_searched_exactly() {
    // Row 0: 50 and no job, 5 of 8. The scale of incomes from 50 to 89 is 10: 80 costs 3 + 0.2, a job and 60 cost 1 + 0.2 each.
    let section = answer_of(true, &json!({"rows": [0], "total_CFs": 2, "method": "exact"})).unwrap();
    assert!((value(&section, "counterfactuals.mean_cost") - 2.4).abs() < 1e-9);
    assert_eq!(value(&section, "counterfactuals.proved"), 1.0);
    let table = section.table("row_0").unwrap();
    let Cells::Text(cells) = &table.get("counterfactual_2").unwrap().cells else { panic!("words") };
    assert_eq!(cells[1].as_deref(), Some("3.20"), "{cells:?}");
    // Nothing costs less, whoever looks.
    let all = |method: &str| answer_of(true, &json!({"total_CFs": 1, "method": method})).unwrap();
    let (exact, nearest) = (all("auto"), all("nearest"));
    let cost = "counterfactuals.mean_cost";
    assert!(value(&exact, cost) <= value(&nearest, cost) + 1e-9);
    assert_eq!(value(&exact, "counterfactuals.proved"), 1.0);
}
