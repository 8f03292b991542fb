//! Cases worked out by hand, laws, and the numbers of other libraries.
#![allow(clippy::float_cmp, reason = "small whole numbers divide exactly alike")]
#![allow(clippy::needless_pass_by_value, reason = "parameters are written where they are used")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_data::{Dataset, Frame, FrameParts, Grouping, GroupingKind, MemoryColumn, Targets};
use equipoise_document::{Cells, Estimate, EstimateId, Level, Missing, RunSpec, Section, Task};
use equipoise_kernels::Draws;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Fairness;
use crate::{Analysis, AnalysisError, Context, Part, Quiet};

/// Rows of a two-class case: groups by column, truth, decision, probability, weight.
#[derive(Clone, Default)]
struct Case {
    columns: Vec<(&'static str, GroupingKind)>,
    groups: Vec<Vec<&'static str>>,
    truth: Vec<u16>,
    predicted: Vec<u16>,
    probability: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
}

impl Case {
    fn by(columns: &[&'static str]) -> Self {
        let columns: Vec<_> = columns.iter().map(|c| (*c, GroupingKind::Sensitive)).collect();
        Self { groups: vec![Vec::new(); columns.len()], columns, ..Self::default() }
    }

    fn controlled_by(mut self, column: &'static str) -> Self {
        self.columns.push((column, GroupingKind::Control));
        self.groups.push(Vec::new());
        self
    }

    fn rows(mut self, times: usize, groups: &[&'static str], truth: u16, predicted: u16) -> Self {
        for _ in 0..times {
            for (column, group) in self.groups.iter_mut().zip(groups) {
                column.push(group);
            }
            self.truth.push(truth);
            self.predicted.push(predicted);
        }
        self
    }

    /// `tp, fp, fn, tn` rows of a group.
    fn cells(self, groups: &[&'static str], [tp, fp, fn_, tn]: [usize; 4]) -> Self {
        self.rows(tp, groups, 1, 1).rows(fp, groups, 0, 1).rows(fn_, groups, 1, 0).rows(tn, groups, 0, 0)
    }

    fn reordered(&self, order: &[usize]) -> Self {
        let pick = |v: &[u16]| order.iter().map(|i| v[*i]).collect::<Vec<_>>();
        let real = |v: &Option<Vec<f64>>| v.as_ref().map(|v| order.iter().map(|i| v[*i]).collect());
        Self {
            columns: self.columns.clone(),
            groups: self.groups.iter().map(|g| order.iter().map(|i| g[*i]).collect()).collect(),
            truth: pick(&self.truth),
            predicted: pick(&self.predicted),
            probability: real(&self.probability),
            weight: real(&self.weight),
        }
    }

    fn frame(&self) -> Frame {
        let groups = self
            .columns
            .iter()
            .zip(&self.groups)
            .map(|((column, kind), values)| {
                let mut levels: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
                levels.sort();
                levels.dedup();
                let codes = values.iter().map(|v| levels.iter().position(|l| l == v).unwrap() as u16).collect();
                (Grouping { column: (*column).to_owned(), levels: levels.into(), kind: *kind }, codes)
            })
            .collect();
        Frame::new(FrameParts {
            task: Task::Binary,
            classes: Arc::from(["no".to_owned(), "yes".to_owned()]),
            row_ids: None,
            truth: Targets::Class(self.truth.clone()),
            predicted: Some(Targets::Class(self.predicted.clone())),
            probability: self.probability.clone(),
            weight: self.weight.clone(),
            groups,
        })
        .unwrap()
    }

    fn run(&self, params: impl std::borrow::Borrow<Value>) -> Section {
        run(&self.frame(), params.borrow()).unwrap()
    }
}

/// A dataset of one column, for cases that do not look at features.
fn plain_dataset(n: usize) -> Dataset {
    Dataset::from_columns(vec![("x".to_owned(), MemoryColumn::Numbers(vec![0.0; n]))]).unwrap()
}

fn run(frame: &Frame, params: &Value) -> Result<Section, AnalysisError> {
    run_with(frame, &plain_dataset(frame.n_rows()), &[], params)
}

fn run_with(frame: &Frame, dataset: &Dataset, features: &[String], params: &Value) -> Result<Section, AnalysisError> {
    let spec = RunSpec { seed: 17, ..RunSpec::default() };
    let stop = AtomicBool::new(false);
    let context = Context {
        spec: &spec,
        task: frame.task,
        classes: &frame.classes,
        test: Part { frame, dataset },
        train: None,
        features,
        model: None,
        progress: &Quiet,
        stop: &stop,
        host: &crate::NoHost,
    };
    Fairness.run(params, &context)
}

fn get(section: &Section, id: &str) -> Estimate {
    let id = id.parse().unwrap();
    section.estimate(&id).cloned().unwrap_or_else(|| panic!("no estimate `{id}`"))
}

fn value(section: &Section, id: &str) -> f64 {
    get(section, id).value.unwrap()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
}

/// Women: 30 tp, 10 fp, 20 fn, 40 tn. Men: 60 tp, 20 fp, 10 fn, 60 tn.
fn loans() -> Case {
    Case::by(&["sex"]).cells(&["F"], [30, 10, 20, 40]).cells(&["M"], [60, 20, 10, 60])
}

#[test]
fn two_groups_by_hand() {
    let s = loans().run(json!({ "reference": "largest" }));
    close(value(&s, "fairness.selection_rate[sex=F]"), 40.0 / 100.0);
    close(value(&s, "fairness.selection_rate[sex=M]"), 80.0 / 150.0);
    close(value(&s, "fairness.selection_rate.difference[sex]"), 80.0 / 150.0 - 0.4);
    close(value(&s, "fairness.demographic_parity.ratio[sex]"), 0.4 / (80.0 / 150.0));
    close(value(&s, "fairness.true_positive_rate.group_min[sex]"), 30.0 / 50.0);
    // TPR 0.6 and 6/7; FPR 0.2 and 0.25.
    close(value(&s, "fairness.equalized_odds.difference[sex]"), 6.0 / 7.0 - 0.6);
    close(value(&s, "fairness.equalized_odds.difference_mean[sex]"), 0.5 * (6.0 / 7.0 - 0.6 + 0.05));
    close(value(&s, "fairness.equalized_odds.ratio[sex]"), 0.7);
    // Overall 120 of 250 selected: 0.08 from the women's rate.
    close(value(&s, "fairness.selection_rate.difference_to_overall[sex]"), 0.08);
    close(value(&s, "fairness.selection_rate.ratio_to_overall[sex]"), 0.4 / 0.48);
    // Against the men, the larger group.
    close(value(&s, "fairness.disparate_impact[sex=F]"), 0.75);
    close(value(&s, "fairness.average_odds_difference[sex=F]"), 0.5 * (0.6 - 6.0 / 7.0 - 0.05));
    close(value(&s, "fairness.average_abs_odds_difference[sex=F]"), 0.5 * (6.0 / 7.0 - 0.6 + 0.05));
    // 20 wrongly refused for 10 wrongly granted; 10 for 20.
    close(value(&s, "fairness.treatment_equality[sex=F]"), 2.0);
    close(value(&s, "fairness.treatment_equality.difference[sex]"), 1.5);
}

#[test]
fn every_gap_has_an_interval_and_an_adjusted_p_value() {
    let s = scored(400).run(json!({}));
    for estimate in s.estimates.iter().filter(|e| e.value.is_some() && e.id.columns().iter().any(|c| c.group.is_none()))
    {
        let is_extreme = estimate.id.aggregate().is_some_and(|a| a.starts_with("group_"));
        let describes = estimate.id.metric().contains("entropy") || estimate.id.metric().contains("differential");
        assert!(estimate.interval.is_some(), "{}", estimate.id);
        if !is_extreme && !describes {
            let p = estimate.p_value.as_ref().unwrap_or_else(|| panic!("{}", estimate.id));
            let adjusted = p.adjusted.unwrap_or_else(|| panic!("{}", estimate.id));
            assert!(adjusted >= p.value * (1.0 - 1e-12) && adjusted <= 1.0, "{}", estimate.id);
        }
        let (i, value) = (estimate.interval.as_ref().unwrap(), estimate.value.unwrap());
        assert!(i.low <= value + 1e-9 && value <= i.high + 1e-9, "{}: {value} {i:?}", estimate.id);
    }
}

#[test]
fn every_table_cell_and_block_has_something_behind_it() {
    let s = scored(300).controlled().run(json!({}));
    for table in &s.tables {
        for column in &table.columns {
            assert_eq!(column.cells.len(), table.n_rows(), "{} {}", table.id, column.id);
            if let equipoise_document::Cells::Estimate(ids) = &column.cells {
                for id in ids.iter().flatten() {
                    assert!(s.estimate(id).is_some(), "{}: {id}", table.id);
                }
            }
        }
    }
    for block in &s.blocks {
        assert!(s.table(&block.table).is_some(), "{}", block.table);
    }
    let mut ids: Vec<&EstimateId> = s.estimates.iter().map(|e| &e.id).collect();
    ids.sort();
    assert!(ids.windows(2).all(|w| w[0] != w[1]), "{:?}", ids.windows(2).find(|w| w[0] == w[1]));
    let mut tables: Vec<&str> = s.tables.iter().map(|t| t.id.as_str()).collect();
    tables.sort_unstable();
    assert!(tables.windows(2).all(|w| w[0] != w[1]));
}

#[test]
fn a_rate_over_nothing_is_missing_and_takes_no_part() {
    let case =
        Case::by(&["g"]).cells(&["a"], [30, 10, 20, 40]).cells(&["b"], [0, 10, 0, 40]).cells(&["c"], [10, 20, 10, 10]);
    let s = case.run(json!({}));
    assert_eq!(get(&s, "fairness.true_positive_rate[g=b]").missing, Some(Missing::NoPositives));
    close(value(&s, "fairness.true_positive_rate.difference[g]"), 0.6 - 0.5);
    assert!(s.notes.iter().any(|n| n.code == "undefined_groups" && n.text.contains("`b`")));
    // fairlearn takes the 0/0 for 0.
    let s = case.run(json!({ "compat": "fairlearn" }));
    close(value(&s, "fairness.true_positive_rate.difference[g]"), 0.6);
    close(value(&s, "fairness.true_positive_rate.ratio[g]"), 0.0);
    close(value(&s, "fairness.balanced_accuracy[g=b]"), 0.8);
}

#[test]
fn entropy_by_hand() {
    // Benefits: 2 of 0, 4 of 1, 2 of 2: mean 1; squares (0 + 4 + 8)/8 = 1.5 → GEI(2) = (1.5 − 1)/2 = 0.25.
    let s = Case::by(&["g"]).cells(&["a"], [2, 2, 0, 0]).cells(&["b"], [1, 0, 2, 1]).run(json!({}));
    close(value(&s, "fairness.generalized_entropy_index"), 0.25);
    close(value(&s, "fairness.coefficient_of_variation"), 0.5_f64.sqrt());
    // Theil: 2 of 8 at 2·ln 2.
    close(value(&s, "fairness.theil_index"), 2.0 * 2.0 * 2.0_f64.ln() / 8.0);
    // Means 6/4 and 2/4: ((2.25 + 0.25)/2 − 1)/2.
    close(value(&s, "fairness.between_group_generalized_entropy_index[g]"), 0.125);
    // Smoothed rates (4 + ½)/5 and (1 + ½)/5: the larger of ln 3 and ln(3.5/0.5).
    close(value(&s, "fairness.differential_fairness[g]"), 7.0_f64.ln());
}

#[test]
fn entropy_splits_into_within_and_between() {
    use super::inequality::generalized_entropy;
    let groups = [[3.0, 20.0, 7.0], [10.0, 5.0, 1.0], [0.0, 8.0, 2.0]];
    let benefits = |g: &[f64; 3]| [(g[0], 0.0), (g[1], 1.0), (g[2], 2.0)];
    let all: Vec<(f64, f64)> = groups.iter().flat_map(benefits).collect();
    let total: f64 = all.iter().map(|x| x.0).sum();
    let mean = all.iter().map(|x| x.0 * x.1).sum::<f64>() / total;
    for alpha in [2.0, 1.0, 3.0] {
        let mut within = 0.0;
        let mut means = Vec::new();
        for g in &groups {
            let n: f64 = g.iter().sum();
            let m = (g[1] + 2.0 * g[2]) / n;
            within += n / total * (m / mean).powf(alpha) * generalized_entropy(&benefits(g), alpha).unwrap();
            means.push((n, m));
        }
        close(generalized_entropy(&all, alpha).unwrap(), within + generalized_entropy(&means, alpha).unwrap());
    }
}

#[test]
fn berkeley_is_no_gap_within_departments() {
    // Bickel, Hammel & O'Connell (1975): admitted and refused by department.
    let mut case = Case::by(&["sex"]).controlled_by("department");
    for (department, m, m_no, f, f_no) in [
        ("A", 512, 313, 89, 19),
        ("B", 353, 207, 17, 8),
        ("C", 120, 205, 202, 391),
        ("D", 138, 279, 131, 244),
        ("E", 53, 138, 94, 299),
        ("F", 22, 351, 24, 317),
    ] {
        case = case.rows(m, &["M", department], 1, 1).rows(m_no, &["M", department], 0, 0);
        case = case.rows(f, &["F", department], 1, 1).rows(f_no, &["F", department], 0, 0);
    }
    let s = case.run(json!({}));
    // 44.5 % of men and 30.4 % of women were admitted; within departments the difference is 1.8 points, of no weight.
    close(value(&s, "fairness.selection_rate.difference[sex]"), 1198.0 / 2691.0 - 557.0 / 1835.0);
    let pooled = get(&s, "fairness.selection_rate.pooled_difference[sex]");
    assert!((pooled.value.unwrap() - 0.0176).abs() < 0.002, "{pooled:?}");
    assert_eq!(pooled.interval.as_ref().unwrap().low, 0.0);
    let p = pooled.p_value.unwrap();
    assert!((p.value - 0.2169).abs() < 1e-4, "{p:?}");
    close(value(&s, "fairness.selection_rate[department=A,sex=F]"), 89.0 / 108.0);
    close(value(&s, "fairness.selection_rate.difference[department=A,sex]"), 89.0 / 108.0 - 512.0 / 825.0);
}

#[test]
fn a_hidden_intersection_is_found() {
    // Alone, neither column shows anything; crossed, one cell of four is refused twice as often.
    let mut draws = Draws::new(1, "hidden", 0);
    let mut case = Case::by(&["sex", "race"]);
    for i in 0..4000 {
        let (sex, race) = (["F", "M"][i % 2], ["a", "b"][i / 2 % 2]);
        let rate = match (sex, race) {
            ("F", "a") | ("M", "b") => 0.65,
            _ => 0.35,
        };
        case = case.rows(1, &[sex, race], u16::from(draws.uniform() < 0.5), u16::from(draws.uniform() < rate));
    }
    let s = case.run(json!({ "harm": "allocation" }));
    let alone = get(&s, "fairness.selection_rate.difference[sex]");
    assert!(alone.interval.as_ref().unwrap().low < 0.03 && alone.value.unwrap() < 0.08);
    let crossed = get(&s, "fairness.selection_rate.difference[sex,race]");
    assert!(crossed.interval.as_ref().unwrap().low > 0.2);
    let note = s.notes.iter().find(|n| n.code == "worst_group").unwrap();
    assert_eq!(note.level, Level::Concern);
    assert!(note.text.contains("sex and race"), "{}", note.text);
    assert_eq!(s.notes[0].level, Level::Concern);
}

#[test]
fn little_data_cannot_tell() {
    let s = Case::by(&["sex"]).cells(&["F"], [3, 1, 4, 2]).cells(&["M"], [5, 2, 2, 2]).run(json!({}));
    let note = s.notes.iter().find(|n| n.code == "gap_selection_rate").unwrap();
    assert_eq!(note.level, Level::Finding);
    assert!(note.text.contains("cannot tell"), "{}", note.text);
    assert!(s.notes.iter().any(|n| n.code == "small_groups"));
    assert!(get(&s, "fairness.selection_rate.difference[sex]").small);
}

#[test]
fn equal_groups_are_found_to_be_equal() {
    let s = Case::by(&["sex"]).cells(&["F"], [900, 300, 600, 1200]).cells(&["M"], [900, 300, 600, 1200]).run(json!({}));
    let note = s.notes.iter().find(|n| n.code == "gap_selection_rate").unwrap();
    assert!(note.text.contains("within what is tolerated"), "{}", note.text);
    assert!(s.notes.iter().all(|n| n.level != Level::Concern));
}

#[test]
fn findings_are_told_together_and_none_is_lost() {
    // By sex the rates are far apart (selection 66 % against 22 %); by hand there is no gap at all.
    let mut case = Case::by(&["sex", "hand"]);
    for hand in ["left", "right"] {
        case = case.cells(&["F", hand], [200, 20, 300, 480]).cells(&["M", hand], [460, 200, 40, 300]);
    }
    let s = case.run(json!({}));
    let of = |code: &str| s.notes.iter().filter(|n| n.code == code).collect::<Vec<_>>();
    // Concern by sex, none by hand, and the crossing.
    let rates = of("gap_selection_rate");
    assert_eq!(rates.iter().map(|n| n.level).collect::<Vec<_>>(), [Level::Concern, Level::Concern, Level::Finding]);
    assert!(
        rates[0].text.starts_with("Selection rate by sex: 66.0 % of M (2,000 rows) against 22.0 % of F"),
        "{}",
        rates[0].text
    );
    assert!(rates[1].text.starts_with("Selection rate by sex and hand"), "{}", rates[1].text);
    assert!(rates[2].text.starts_with("Selection rate by hand"), "{}", rates[2].text);
    let odds = of("gap_error_rates");
    assert!(odds[0].text.contains("Also more than is tolerated: ") && odds[0].text.contains("equalized odds ("));
    assert!(s.notes.len() <= 12, "{}", s.notes.len());
    // Every gap is in the table, and the notes name each once.
    let table = s.table("findings").unwrap();
    let told: usize = s.notes.iter().filter(|n| n.code.starts_with("gap_")).map(|n| n.about.len()).sum();
    let Cells::Estimate(ratios) = &table.get("ratio").unwrap().cells else { panic!("ratios") };
    assert_eq!(told, table.n_rows() + ratios.iter().flatten().count());
    // By sex, by hand and by both: selection rate, two error rates, equalized odds, accuracy and precision.
    assert_eq!(table.n_rows(), 3 * 6);
}

#[test]
fn small_ratios_are_written_out() {
    use super::tables::{plain, ratio};
    assert_eq!([ratio(0.00632), ratio(0.0001), ratio(0.0), ratio(0.5)], ["0.006", "less than 0.001", "0.000", "0.500"]);
    assert_eq!(
        [plain(0.00632), plain(0.000_123_4), plain(12.34), plain(0.0)],
        ["0.00632", "0.000123", "12.3", "0.000"]
    );
}

#[test]
fn wrong_parameters_are_named() {
    let case = loans();
    let says = |params: Value| run(&case.frame(), &params).unwrap_err().to_string();
    assert_eq!(
        says(json!({ "intersections": [["sex", "race"]] })),
        "analyses.fairness.intersections: `race` is not a sensitive column\nhint: the sensitive columns are `sex`"
    );
    assert_eq!(
        says(json!({ "reference": { "sex": "X" } })),
        "analyses.fairness.reference: `X` is not a group of `sex`\nhint: its groups are `F`, `M`"
    );
    assert!(says(json!({ "max_groups": 1 })).starts_with("analyses.fairness.max_groups: `1` groups"));
    assert!(says(json!({ "tolerance": 1 })).contains("unknown field `tolerance`"));
    assert_eq!(
        says(json!({ "replicates": 5 })),
        "analyses.fairness.replicates: `5` replicates cannot be drawn\nhint: take 100 to 100000"
    );
}

#[test]
fn without_sensitive_columns_there_is_no_question() {
    let case = Case::by(&[]).rows(3, &[], 1, 1);
    let error = run(&case.frame(), &json!({})).unwrap_err().to_string();
    assert_eq!(
        error,
        "the analysis `fairness` does not apply: no sensitive columns are named, so there are no groups to compare"
    );
}

/// Rows with scores, two sensitive columns.
fn scored(n: usize) -> Case {
    let mut draws = Draws::new(5, "scored", 0);
    let mut case = Case::by(&["sex", "race"]);
    let mut probability = Vec::new();
    for _ in 0..n {
        let sex = ["F", "M"][draws.below(2) as usize];
        let race = ["a", "b", "c"][draws.below(3) as usize];
        let p = (draws.uniform() + if sex == "M" { 0.1 } else { 0.0 }).min(1.0);
        let p = (p * 50.0).round() / 50.0;
        case = case.rows(1, &[sex, race], u16::from(draws.uniform() < p), u16::from(p >= 0.5));
        probability.push(p);
    }
    case.probability = Some(probability);
    case
}

impl Case {
    /// A control column with three strata in turn.
    fn controlled(mut self) -> Self {
        self.columns.push(("region", GroupingKind::Control));
        self.groups.push((0..self.truth.len()).map(|i| ["north", "south", "west"][i % 3]).collect());
        self
    }
}

type Number = (String, Option<f64>, Option<(f64, f64)>, Option<f64>);

/// All estimates by id, as far as values, intervals and p-values go.
fn numbers(section: &Section) -> Vec<Number> {
    section
        .estimates
        .iter()
        .map(|e| {
            let ends = e.interval.as_ref().map(|i| (i.low, i.high));
            (e.id.to_string(), e.value, ends, e.p_value.as_ref().and_then(|p| p.adjusted))
        })
        .collect()
}

fn same(a: &Section, b: &Section, tolerance: f64) {
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len());
    let near = |x: f64, y: f64| (x - y).abs() <= tolerance * y.abs().max(1.0);
    for (x, y) in a.iter().zip(&b) {
        assert_eq!(x.0, y.0);
        let ok = match (x.1, y.1) {
            (Some(p), Some(q)) => near(p, q),
            (p, q) => p == q,
        };
        let ends = match (x.2, y.2) {
            (Some(p), Some(q)) => near(p.0, q.0) && near(p.1, q.1),
            (p, q) => p == q,
        };
        assert!(ok && ends, "{x:?} is not {y:?}");
    }
}

#[test]
fn row_order_changes_nothing() {
    let case = scored(500).controlled();
    let mut order: Vec<usize> = (0..500).collect();
    let mut draws = Draws::new(2, "order", 0);
    for i in (1..500).rev() {
        order.swap(i, draws.below(i as u64 + 1) as usize);
    }
    same(&case.run(json!({})), &case.reordered(&order).run(json!({})), 1e-9);
}

#[test]
fn weight_two_is_a_row_twice() {
    let mut weighted = scored(300);
    weighted.weight = Some((0..300).map(|i| 1.0 + (i % 2) as f64).collect());
    let twice: Vec<usize> = (0..300).flat_map(|i| vec![i; 1 + i % 2]).collect();
    let mut repeated = weighted.reordered(&twice);
    repeated.weight = None;
    let (a, b) = (weighted.run(json!({})), repeated.run(json!({})));
    for estimate in &b.estimates {
        let other = a.estimate(&estimate.id).unwrap();
        match (estimate.value, other.value) {
            (Some(x), Some(y)) => assert!((x - y).abs() < 1e-9, "{}: {x} {y}", estimate.id),
            (x, y) => assert_eq!(x, y, "{}", estimate.id),
        }
    }
}

#[test]
fn equal_weights_are_no_weights() {
    let case = scored(300);
    let mut weighted = case.clone();
    weighted.weight = Some(vec![1.0; 300]);
    let (a, b) = (case.run(json!({})), weighted.run(json!({})));
    for estimate in a.estimates.iter().filter(|e| !e.id.metric().starts_with("between_group")) {
        let other = b.estimate(&estimate.id).unwrap();
        assert_eq!(estimate.value, other.value, "{}", estimate.id);
        if let (Some(x), Some(y)) = (&estimate.interval, &other.interval) {
            assert!((x.low - y.low).abs() < 1e-9 && (x.high - y.high).abs() < 1e-9, "{}", estimate.id);
        }
    }
}

#[test]
fn many_partitions_are_one_whole() {
    // More rows than one partition holds, counted densely and, with a wide third column, by map.
    let n = 150_000;
    let names: Vec<&'static str> = (0..2100).map(|i| &*Box::leak(format!("v{i:04}").into_boxed_str())).collect();
    let build = |wide: bool| {
        let mut case = if wide { Case::by(&["sex", "wide"]) } else { Case::by(&["sex"]) };
        for i in 0..n {
            let sex = if i % 3 == 0 { "F" } else { "M" };
            let truth = u16::from(i % 5 < 2);
            let predicted = u16::from(i % 7 < 3);
            let groups = [sex, names[i * 7919 % 2100]];
            case = case.rows(1, &groups[..if wide { 2 } else { 1 }], truth, predicted);
        }
        case
    };
    let narrow = build(false).run(json!({}));
    let wide = run(&build(true).frame(), &json!({ "intersections": "none", "max_groups": 5000 })).unwrap();
    for metric in ["selection_rate", "true_positive_rate", "precision"] {
        for group in ["F", "M"] {
            let id = format!("fairness.{metric}[sex={group}]");
            assert_eq!(value(&narrow, &id), value(&wide, &id));
        }
    }
    let rows = (0..n).filter(|i| i % 3 == 0);
    let selected = rows.clone().filter(|i| i % 7 < 3).count() as f64;
    assert_eq!(value(&narrow, "fairness.selection_rate[sex=F]"), selected / rows.count() as f64);
}

#[test]
fn cohorts_are_looked_at_on_their_own() {
    let case = loans();
    let mut frame = case.frame();
    let members: Vec<bool> = (0..frame.n_rows()).map(|i| case.truth[i] == 1).collect();
    frame.add_cohort("repaid", "repaid = 1", &members);
    let s = run(&frame, &json!({})).unwrap();
    close(value(&s, "fairness.selection_rate[sex=F]{repaid}"), 0.6);
    close(value(&s, "fairness.selection_rate.difference[sex]{repaid}"), 6.0 / 7.0 - 0.6);
    assert_eq!(get(&s, "fairness.false_positive_rate[sex=F]{repaid}").missing, Some(Missing::NoNegatives));
}

#[test]
fn people_alike_treated_alike_are_consistent() {
    // Two clusters far apart; all decisions equal within one, alternating within the other.
    let n = 200;
    let mut case = Case::by(&["g"]);
    for i in 0..n {
        let decision = if i < 100 { 1 } else { u16::from(i % 2 == 0) };
        case = case.rows(1, &[["a", "b"][i % 2]], decision, decision);
    }
    let place: Vec<f64> = (0..n).map(|i| if i < 100 { i as f64 * 0.001 } else { 1000.0 }).collect();
    let dataset = Dataset::from_columns(vec![("x".to_owned(), MemoryColumn::Numbers(place))]).unwrap();
    let s = run_with(&case.frame(), &dataset, &["x".to_owned()], &json!({})).unwrap();
    // First cluster: 0 apart. Second: 99 equally near others, 49 or 50 with the same decision: 50/99 apart.
    close(value(&s, "fairness.consistency"), 1.0 - 0.5 * 50.0 / 99.0);
}

#[test]
fn resampled_intervals_are_those_of_resampled_rows() {
    let case = loans();
    let params = json!({ "interval": "percentile_bootstrap", "replicates": 4000 });
    let counted = case.run(&params);
    let mut weighted = case.clone();
    weighted.weight = Some(vec![1.0; 250]);
    let repeated = weighted.run(&params);
    weighted.weight = Some((0..250).map(|i| 1.0 + 1e-9 * f64::from(i)).collect());
    let streamed = weighted.run(&params);
    // Rows drawn one by one.
    let mut draws = Draws::new(3, "rows", 0);
    let mut gaps: Vec<f64> = (0..4000)
        .map(|_| {
            let mut sums = [[0.0; 2]; 2];
            for _ in 0..250 {
                let row = draws.below(250) as usize;
                let sums = &mut sums[usize::from(case.groups[0][row] == "M")];
                sums[0] += f64::from(case.predicted[row]);
                sums[1] += 1.0;
            }
            (sums[0][0] / sums[0][1] - sums[1][0] / sums[1][1]).abs()
        })
        .collect();
    gaps.sort_by(f64::total_cmp);
    for section in [counted, repeated, streamed] {
        let i = get(&section, "fairness.selection_rate.difference[sex]").interval.unwrap();
        assert_eq!(i.method, "percentile_bootstrap");
        // A quantile's error at 4,000 draws is some 0.004 here.
        assert!(
            (i.low - gaps[100]).abs() < 0.015 && (i.high - gaps[3900]).abs() < 0.015,
            "{i:?} {} {}",
            gaps[100],
            gaps[3900]
        );
        assert_eq!(
            get(&section, "fairness.equalized_odds.difference[sex]").interval.unwrap().method,
            "percentile_bootstrap"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn distance_to_all_is_never_more_than_between_groups(
        cells in prop::collection::vec((0_usize..9, 0_usize..9, 0_usize..9, 0_usize..9), 2..5)
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let mut case = Case::by(&["g"]);
        for (name, (tp, fp, fn_, tn)) in names.iter().zip(&cells) {
            case = case.cells(&[name], [*tp, *fp, *fn_, *tn]).rows(1, &[name], 0, 0);
        }
        let s = case.run(json!({}));
        for metric in ["selection_rate", "accuracy", "true_positive_rate", "precision", "f1"] {
            let of = |aggregate: &str| get(&s, &format!("fairness.{metric}.{aggregate}[g]")).value;
            if let (Some(all), Some(between)) = (of("difference_to_overall"), of("difference")) {
                prop_assert!(all <= between + 1e-12);
            }
        }
    }

    #[test]
    fn renamed_groups_change_names_only(cells in prop::collection::vec((1_usize..9, 1_usize..9, 1_usize..9, 1_usize..9), 3)) {
        let build = |names: [&'static str; 3]| {
            names.iter().zip(&cells).fold(Case::by(&["g"]), |case, (name, (a, b, c, d))| case.cells(&[name], [*a, *b, *c, *d]))
        };
        let (one, two) = (build(["a", "b", "c"]).run(json!({})), build(["z", "x", "y"]).run(json!({})));
        for (from, to) in [("a", "z"), ("b", "x"), ("c", "y")] {
            prop_assert_eq!(
                get(&one, &format!("fairness.f1[g={from}]")).value,
                get(&two, &format!("fairness.f1[g={to}]")).value
            );
        }
        for id in ["fairness.f1.difference[g]", "fairness.equalized_odds.ratio[g]", "fairness.accuracy.ratio_to_overall[g]"] {
            prop_assert_eq!(get(&one, id).value, get(&two, id).value);
        }
    }
}

mod oracles;
