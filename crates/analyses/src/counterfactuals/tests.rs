//! Small cases worked out by hand, and bad input.
#![allow(clippy::float_cmp, reason = "exact by construction")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use equipoise_data::{
    Dataset, Frame, FrameParts, Grouping, GroupingKind, MemoryColumn, TableFile, TableFileError, TableWriter, Targets,
};
use equipoise_document::{Cells, RunSpec, Section, Task};
use equipoise_models::{
    Additive, Binding, Input, InputColumn, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs,
};
use serde_json::{Value, json};

use super::Counterfactuals;
use crate::{Analysis, AnalysisError, ArtifactWriter, Context, Host, Journal, NoHost, Part, Quiet};

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
    answer_with(40, is_sum, params, &NoHost, &AtomicBool::new(false))
}

fn answer_with(
    n: usize,
    is_sum: bool,
    params: &Value,
    host: &dyn Host,
    stop: &AtomicBool,
) -> Result<Section, AnalysisError> {
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
        stop,
        host,
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
    for method in ["auto", "random", "genetic", "kdtree", "nearest", "growing_spheres", "gradient"] {
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
    let both = says(json!({"method": "exact", "max_isolation": 1.5}));
    assert!(both.contains("proves what is cheapest, not what is plausible too"), "{both}");
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

#[test]
fn what_is_plausible_costs_more_and_lies_nearer_to_the_data() {
    let all = |params: &Value| answer(params).unwrap();
    let free = all(&json!({"total_CFs": 1}));
    let near = all(&json!({"total_CFs": 1, "max_distance": 0.0}));
    // At most as far as a row that occurs, which is 0 away.
    assert_eq!(value(&near, "counterfactuals.plausibility"), 0.0);
    assert!(value(&near, "counterfactuals.mean_cost") >= value(&free, "counterfactuals.mean_cost") - 1e-9);
    assert!(value(&free, "counterfactuals.fifth_distance") >= value(&free, "counterfactuals.plausibility"));
    assert!((0.0..=1.0).contains(&value(&free, "counterfactuals.isolated")));
}

/// A host that keeps files and journals, and wishes to stop after some records.
struct Keeper<'a> {
    journals: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    files: Mutex<Vec<Vec<u8>>>,
    n_kept: AtomicUsize,
    stop_after: usize,
    stop: &'a AtomicBool,
}

struct Kept<'a>(&'a Keeper<'a>, String);
struct Writing<'a>(&'a Keeper<'a>, TableWriter<Vec<u8>>);

impl Host for Keeper<'_> {
    fn artifact(&self, _: &str) -> Result<Option<Box<dyn ArtifactWriter + '_>>, TableFileError> {
        Ok(Some(Box::new(Writing(self, TableWriter::new(Vec::new())))))
    }

    fn journal(&self, name: &str, key: &str) -> Result<Option<Box<dyn Journal + '_>>, TableFileError> {
        Ok(Some(Box::new(Kept(self, format!("{name}-{key}")))))
    }

    fn seconds(&self) -> Option<f64> {
        None
    }
}

impl Journal for Kept<'_> {
    fn take(&mut self) -> Vec<Vec<u8>> {
        self.0.journals.lock().unwrap().get(&self.1).cloned().unwrap_or_default()
    }

    fn push(&mut self, record: &[u8]) -> Result<(), TableFileError> {
        self.0.journals.lock().unwrap().entry(self.1.clone()).or_default().push(record.to_vec());
        if self.0.n_kept.fetch_add(1, Ordering::Relaxed) + 1 == self.0.stop_after {
            self.0.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl ArtifactWriter for Writing<'_> {
    fn push(&mut self, part: TableFile) -> Result<(), TableFileError> {
        self.1.push(part)
    }

    fn finish(self: Box<Self>) -> Result<(), TableFileError> {
        let bytes = self.1.finish()?;
        self.0.files.lock().unwrap().push(bytes);
        Ok(())
    }
}

#[test]
fn an_interrupted_run_is_taken_up_again_with_the_same_bytes() {
    let stop = AtomicBool::new(false);
    let keeper = |stop_after| Keeper {
        journals: Mutex::default(),
        files: Mutex::default(),
        n_kept: AtomicUsize::new(0),
        stop_after,
        stop: &stop,
    };
    let params = json!({"which": "all", "method": "genetic", "total_CFs": 2, "desired_class": "yes"});
    let ask = |params: &Value, host: &dyn Host| answer_with(200, false, params, host, &stop);
    let whole = keeper(usize::MAX);
    let expected = ask(&params, &whole).unwrap();
    // 200 rows are four parts of 64; it is stopped after two of them.
    let cut = keeper(2);
    assert!(matches!(ask(&params, &cut), Err(AnalysisError::Interrupted)));
    assert!(cut.files.lock().unwrap().is_empty());
    stop.store(false, Ordering::Relaxed);
    let again = ask(&params, &cut).unwrap();
    assert_eq!(cut.n_kept.load(Ordering::Relaxed), 4, "two parts were searched again");
    assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&expected).unwrap());
    assert_eq!(*cut.files.lock().unwrap(), *whole.files.lock().unwrap());
    // Other parameters are other work, and what is damaged is searched again.
    let other = json!({"which": "all", "method": "genetic", "total_CFs": 1, "desired_class": "yes"});
    ask(&other, &cut).unwrap();
    assert_eq!(cut.n_kept.load(Ordering::Relaxed), 8);
    for records in cut.journals.lock().unwrap().values_mut() {
        records[1].truncate(20);
    }
    let mended = ask(&params, &cut).unwrap();
    assert_eq!(cut.n_kept.load(Ordering::Relaxed), 9);
    assert_eq!(serde_json::to_string(&mended).unwrap(), serde_json::to_string(&expected).unwrap());
}
