mod hidden;
mod individual;
mod known;
mod refused;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use equipoise_causal::{Kind, simulate};
use equipoise_data::{Dataset, Frame, FrameParts, MemoryColumn, OpenOptions, Targets};
use equipoise_document::{DataSpec, Estimate, GroupingSpec, RunSpec, Section, Task};
use serde_json::{Value, json};

use super::Causal;
use crate::{Analysis, AnalysisError, Context, Part, Quiet};

/// A run over rows in memory.
struct Run {
    task: Task,
    classes: Vec<String>,
    truth: Targets,
    weight: Option<Vec<f64>>,
    columns: Vec<(String, MemoryColumn)>,
    cohorts: Vec<(String, Vec<bool>)>,
    sensitive: Vec<GroupingSpec>,
    immutable: Vec<String>,
    params: Value,
}

impl Run {
    fn new(y: Vec<f64>, columns: Vec<(&str, MemoryColumn)>, params: Value) -> Self {
        Self {
            task: Task::Regression,
            classes: Vec::new(),
            truth: Targets::Value(y),
            weight: None,
            columns: columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect(),
            cohorts: Vec::new(),
            sensitive: Vec::new(),
            immutable: Vec::new(),
            params,
        }
    }

    fn answer(self) -> Result<Section, AnalysisError> {
        self.answer_beside(&crate::NoHost)
    }

    fn answer_beside(self, host: &dyn crate::Host) -> Result<Section, AnalysisError> {
        let features: Vec<String> = self.columns.iter().map(|c| c.0.clone()).collect();
        let dataset = Dataset::from_columns(self.columns).unwrap();
        let mut frame = frame(self.task, self.classes.clone(), self.truth, self.weight);
        for (name, members) in &self.cohorts {
            frame.add_cohort(name, "", members);
        }
        let spec = RunSpec {
            target: Some("y".to_owned()),
            sensitive: self.sensitive,
            seed: 7,
            analyses: [
                ("causal".to_owned(), self.params.clone()),
                ("counterfactuals".to_owned(), json!({ "immutable": self.immutable })),
            ]
            .into(),
            ..RunSpec::default()
        };
        let context = Context {
            spec: &spec,
            task: self.task,
            classes: &self.classes,
            test: Part { frame: &frame, dataset: &dataset },
            train: None,
            features: &features,
            model: None,
            progress: &Quiet,
            stop: &AtomicBool::new(false),
            host,
        };
        let section = Causal.run(&self.params, &context)?;
        check(&section);
        Ok(section)
    }
}

fn frame(task: Task, classes: Vec<String>, truth: Targets, weight: Option<Vec<f64>>) -> Frame {
    Frame::new(FrameParts {
        task,
        classes: classes.into(),
        row_ids: None,
        truth,
        predicted: None,
        probability: None,
        weight,
        groups: Vec::new(),
    })
    .unwrap()
}

/// A file assessed as a whole with an outcome that is one of its columns.
fn of_file(path: &Path, params: &Value) -> Section {
    let spec = DataSpec::default();
    let dataset = Dataset::open(&path.to_string_lossy(), &spec, OpenOptions::default()).unwrap();
    let frame = frame(Task::Regression, Vec::new(), Targets::Value(vec![0.0; dataset.n_rows()]), None);
    let spec = RunSpec { target: Some("(none)".to_owned()), seed: 1971, ..RunSpec::default() };
    let context = Context {
        spec: &spec,
        task: Task::Regression,
        classes: &[],
        test: Part { frame: &frame, dataset: &dataset },
        train: None,
        features: &[],
        model: None,
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &crate::NoHost,
    };
    let section = Causal.run(params, &context).unwrap();
    check(&section);
    section
}

/// Ids are unique, tables are whole, blocks and notes point at what is there.
fn check(section: &Section) {
    let mut ids: Vec<String> = section.estimates.iter().map(|e| e.id.to_string()).collect();
    ids.sort();
    let n = ids.len();
    ids.dedup();
    assert_eq!(n, ids.len(), "ids are unique");
    for table in &section.tables {
        assert!(table.columns.iter().all(|c| c.cells.len() == table.n_rows()), "{}", table.id);
    }
    for block in &section.blocks {
        assert!(section.table(&block.table).is_some(), "{}", block.id);
        assert!(block.says.ends_with(['.', ')']), "{}", block.says);
    }
    for id in section.notes.iter().flat_map(|n| &n.about) {
        assert!(section.estimate(id).is_some(), "{id}");
    }
}

fn estimate<'a>(section: &'a Section, id: &str) -> &'a Estimate {
    section.estimate(&id.parse().unwrap()).unwrap_or_else(|| panic!("{id} is not in the section"))
}

fn value(section: &Section, id: &str) -> f64 {
    estimate(section, id).value.unwrap()
}

fn covers(section: &Section, id: &str, truth: f64) -> bool {
    let interval = estimate(section, id).interval.clone().unwrap();
    interval.low <= truth && truth <= interval.high
}

fn codes(section: &Section) -> Vec<&str> {
    section.notes.iter().map(|n| n.code.as_str()).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Simulated rows as columns `d`, `x0`, …
fn simulated(kind: Kind, n: usize, seed: u64, params: Value) -> Run {
    let rows = simulate(kind, n, 5, seed, true);
    let mut run = Run::new(rows.y, vec![("d", MemoryColumn::Numbers(rows.d))], params);
    for (j, x) in rows.x.into_iter().enumerate() {
        run.columns.push((format!("x{j}"), MemoryColumn::Numbers(x)));
    }
    run
}

#[test]
fn a_number_moves_the_outcome_by_half() {
    let params = json!({ "treatment_features": ["d"], "what_if": [{ "row": 3, "treatment": "d", "value": 2.0 }] });
    let section = simulated(Kind::Continuous, 1500, 1, params).answer().unwrap();
    assert!(covers(&section, "causal.average_effect[d]", 0.5));
    for table in
        ["effects", "dose_response_0", "sensitivity", "contour_0", "refuters", "policy_0", "what_if_0", "rows_0"]
    {
        assert!(section.table(table).is_some_and(|t| t.n_rows() > 0), "{table}");
    }
    assert!(value(&section, "causal.robustness_value[d]") > 0.2);
    let text = &section.notes.iter().find(|n| n.code == "average_effect").unwrap().text;
    assert!(text.starts_with("If `d` were one unit higher for everybody, y would rise by 0."), "{text}");
}

#[test]
fn levels_cohorts_and_a_policy() {
    let mut run = simulated(
        Kind::Binary,
        2000,
        2,
        json!({ "treatment_features": ["d"], "heterogeneity_features": ["x1", "x3"], "treatment_cost": 0.5,
                "what_if": [{ "row": 0, "treatment": "d", "value": 1 }] }),
    );
    let high: Vec<bool> = match &run.columns[2].1 {
        MemoryColumn::Numbers(x) => x.iter().map(|x| *x > 0.5).collect(),
        _ => panic!("numbers"),
    };
    run.cohorts.push(("high".to_owned(), high.clone()));
    run.cohorts.push(("low".to_owned(), high.iter().map(|h| !h).collect()));
    let section = run.answer().unwrap();
    assert!(covers(&section, "causal.average_effect[d=1]", 0.75));
    let (high, low) =
        (value(&section, "causal.average_effect[d=1]{high}"), value(&section, "causal.average_effect[d=1]{low}"));
    assert!(high > low + 0.3, "{high} {low}");
    // Treating where the effect beats the cost is worth more than treating nobody or everybody.
    assert!(value(&section, "causal.policy_gain_over_all[d=0]") > 0.2);
    assert!(value(&section, "causal.policy_gain_over_all[d=1]") > 0.0);
    assert!(value(&section, "causal.heterogeneity_p_value[d=1]") < 0.001);
    let table = section.table("cohorts").unwrap();
    assert_eq!(table.title, "Effects by cohort, in rows of the test data");
    assert!(codes(&section).contains(&"cohort_rows"));
    for table in ["overlap_0", "balance_0", "cohorts", "heterogeneity_0", "effects_of_rows_0", "nuisances"] {
        assert!(section.table(table).is_some_and(|t| t.n_rows() > 0), "{table}");
    }
    assert!(value(&section, "causal.largest_imbalance[d]") < 0.1);
}

#[test]
fn a_forest_finds_for_whom() {
    let params = json!({ "treatment_features": ["d"], "heterogeneity_model": "forest", "forest_trees": 100, "n_rep": 1,
                         "heterogeneity_features": ["x1", "x3"], "individual_rows": 2000 });
    let section = simulated(Kind::Binary, 2000, 2, params).answer().unwrap();
    let truth = simulate(Kind::Binary, 2000, 5, 2, true).effect;
    let table = section.table("rows_0").unwrap();
    let numbers = |id: &str| match &table.get(id).unwrap().cells {
        equipoise_document::Cells::Number(x) => x.iter().map(|x| x.unwrap()).collect::<Vec<f64>>(),
        equipoise_document::Cells::Integer(x) => x.iter().map(|x| x.unwrap() as f64).collect(),
        _ => panic!("numbers"),
    };
    let (rows, effects) = (numbers("row"), numbers("effect"));
    let error: f64 =
        rows.iter().zip(&effects).map(|(r, e)| (e - truth[*r as usize]).powi(2)).sum::<f64>() / rows.len() as f64;
    assert!(rows.len() > 1900 && error.sqrt() < 0.4, "{} {}", rows.len(), error.sqrt());
}

#[test]
fn three_levels_by_name_and_a_share_as_outcome() {
    // The chance of yes is 0.2, 0.5 and 0.7 by level, with the level dealt out: differences 0.3 and 0.5.
    let mut draws = equipoise_kernels::Draws::new(3, "levels", 0);
    let n = 3000;
    let levels = ["none", "some", "more"];
    let (mut names, mut truth, mut x) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let level = draws.below(3) as usize;
        names.push(Some(levels[level].to_owned()));
        truth.push(u16::from(draws.uniform() < [0.2, 0.5, 0.7][level]));
        x.push(draws.normal());
    }
    let params = json!({ "treatment_features": ["t"], "reference": { "t": "none" }, "n_rep": 1 });
    let mut run =
        Run::new(Vec::new(), vec![("t", MemoryColumn::Names(names)), ("x", MemoryColumn::Numbers(x))], params);
    (run.task, run.classes) = (Task::Binary, vec!["no".to_owned(), "yes".to_owned()]);
    run.truth = Targets::Class(truth);
    run.sensitive = vec![GroupingSpec::Column("t".to_owned())];
    run.immutable = vec!["t".to_owned()];
    let section = run.answer().unwrap();
    assert!(
        covers(&section, "causal.average_effect[t=some]", 0.3)
            && covers(&section, "causal.average_effect[t=more]", 0.5)
    );
    let text = &section.notes.iter().find(|n| n.code == "average_effect").unwrap().text;
    assert!(text.contains("y = yes would rise by") && text.contains("points on average"), "{text}");
    assert!(codes(&section).contains(&"sensitive_treatment") && codes(&section).contains(&"immutable_treatment"));
}

#[test]
fn an_instrument_finds_what_a_hidden_cause_bends() {
    let mut draws = equipoise_kernels::Draws::new(5, "instrument", 0);
    let n = 3000;
    let (mut y, mut d, mut z, mut x) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let (hidden, instrument, seen) = (draws.normal(), draws.normal(), draws.normal());
        let dose = instrument + seen + hidden + draws.normal();
        y.push(0.5 * dose + 2.0 * hidden + seen + draws.normal());
        d.push(dose);
        z.push(instrument);
        x.push(seen);
    }
    let columns = |x: Vec<f64>, d: Vec<f64>, z: Vec<f64>| {
        vec![("d", MemoryColumn::Numbers(d)), ("z", MemoryColumn::Numbers(z)), ("x", MemoryColumn::Numbers(x))]
    };
    let without = json!({ "treatment_features": ["d"], "control_features": ["x"] });
    let naive = Run::new(y.clone(), columns(x.clone(), d.clone(), z.clone()), without).answer().unwrap();
    let with = json!({ "treatment_features": ["d"], "control_features": ["x"], "instrument": "z" });
    let found = Run::new(y, columns(x, d, z), with).answer().unwrap();
    assert!(!covers(&naive, "causal.average_effect[d]", 0.5) && covers(&found, "causal.average_effect[d]", 0.5));
    assert!(codes(&found).contains(&"instrument_strength"));
}

#[test]
fn missing_values_rare_names_weights_and_clusters() {
    let mut run = simulated(
        Kind::Continuous,
        1200,
        6,
        json!({ "treatment_features": ["d"], "clusters": "home", "nuisance_model": "automl", "n_rep": 1,
                "negative_controls": ["old"] }),
    );
    run.weight = Some((0..1200).map(|i| 1.0 + f64::from(i % 3)).collect());
    let hole = |values: &mut MemoryColumn, every: usize| {
        if let MemoryColumn::Numbers(x) = values {
            x.iter_mut().step_by(every).for_each(|x| *x = f64::NAN);
        }
    };
    hole(&mut run.columns[4].1, 10);
    hole(&mut run.columns[0].1, 100);
    let names =
        (0..1200).map(|i| (i % 50 != 0).then(|| if i % 400 == 1 { format!("rare{i}") } else { "usual".to_owned() }));
    run.columns.push(("town".to_owned(), MemoryColumn::Names(names.collect())));
    run.columns.push(("home".to_owned(), MemoryColumn::Numbers((0..1200).map(|i| f64::from(i / 3)).collect())));
    let mut draws = equipoise_kernels::Draws::new(1, "old", 0);
    run.columns.push(("old".to_owned(), MemoryColumn::Numbers((0..1200).map(|_| draws.normal()).collect())));
    let section = run.answer().unwrap();
    let codes = codes(&section);
    for code in ["missing_controls", "rare_levels", "rows_without_treatment", "negative_control"] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert!(estimate(&section, "causal.average_effect[d]").n_effective.is_some());
    assert!((value(&section, "causal.average_effect[d]") - 0.5).abs() < 0.2);
}
