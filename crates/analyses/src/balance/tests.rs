//! Small cases worked out by hand, laws, and a real data set against pandas and SciPy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_data::{
    Column, Dataset, Frame, FrameParts, Grouping, GroupingKind, MISSING_GROUP, MemoryColumn, OpenOptions, Targets,
};
use equipoise_document::{DataSpec, Estimate, EstimateId, GroupingSpec, Level, Missing, RunSpec, Section, Task};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Balance;
use crate::{Analysis, AnalysisError, Context, Part, Quiet};

/// Rows of one part as a test writes them down.
#[derive(Clone, Default)]
struct Written {
    columns: Vec<(&'static str, Vec<Option<&'static str>>)>,
    measured: Vec<(&'static str, Vec<f64>)>,
    classes: Vec<u16>,
    numbers: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Written {
    fn part(&self, sensitive: &[&str], names: &[&str]) -> (Dataset, Frame) {
        let mut columns: Vec<(String, MemoryColumn)> = self
            .columns
            .iter()
            .map(|(name, values)| {
                let values = values.iter().map(|v| v.map(str::to_owned)).collect();
                ((*name).to_owned(), MemoryColumn::Names(values))
            })
            .collect();
        let is_number = !self.numbers.is_empty();
        for (name, values) in &self.measured {
            columns.push(((*name).to_owned(), MemoryColumn::Numbers(values.clone())));
        }
        if is_number {
            columns.push(("y".to_owned(), MemoryColumn::Numbers(self.numbers.clone())));
        }
        let dataset = Dataset::from_columns(columns).unwrap();
        let groups = sensitive.iter().map(|name| grouping(&dataset, name)).collect();
        let task = if is_number {
            Task::Regression
        } else if names.len() == 2 {
            Task::Binary
        } else {
            Task::Multiclass
        };
        let frame = Frame::new(FrameParts {
            task,
            classes: names.iter().map(|n| (*n).to_owned()).collect(),
            row_ids: None,
            truth: if is_number { Targets::Value(self.numbers.clone()) } else { Targets::Class(self.classes.clone()) },
            predicted: None,
            probability: None,
            weight: self.weights.clone(),
            groups,
        });
        (dataset, frame.unwrap())
    }
}

fn grouping(dataset: &Dataset, name: &str) -> (Grouping, Vec<u16>) {
    let column = dataset.column(name).unwrap();
    let mut levels = dataset.schema().columns[column].levels.to_vec();
    let missing = u16::try_from(levels.len()).unwrap();
    levels.push(MISSING_GROUP.to_owned());
    let mut codes = Vec::new();
    dataset
        .for_each(&[column], &mut |chunk| {
            let Column::Codes { codes: of_chunk, .. } = &chunk.columns[0] else { panic!("names") };
            codes.extend(of_chunk.iter().map(|c| u16::try_from(*c).unwrap_or(missing)));
            Ok(())
        })
        .unwrap();
    (Grouping { column: name.to_owned(), levels: levels.into(), kind: GroupingKind::Sensitive }, codes)
}

/// What a test asks.
#[derive(Clone)]
struct Asked<'a> {
    test: &'a Written,
    train: Option<&'a Written>,
    sensitive: &'a [&'a str],
    classes: &'a [&'a str],
    params: Value,
}

impl Asked<'_> {
    fn run(&self) -> Result<Section, AnalysisError> {
        let (dataset, frame) = self.test.part(self.sensitive, self.classes);
        let train = self.train.map(|train| train.part(self.sensitive, self.classes));
        assess(&(dataset, frame), train.as_ref(), self.sensitive, "y", &self.params)
    }
}

fn assess(
    test: &(Dataset, Frame),
    train: Option<&(Dataset, Frame)>,
    sensitive: &[&str],
    target: &str,
    params: &Value,
) -> Result<Section, AnalysisError> {
    let spec = RunSpec {
        target: Some(target.to_owned()),
        sensitive: sensitive.iter().map(|s| GroupingSpec::Column((*s).to_owned())).collect(),
        ..RunSpec::default()
    };
    let features: Vec<String> = test.0.schema().names().filter(|n| *n != target).map(str::to_owned).collect();
    let context = Context {
        spec: &spec,
        task: test.1.task,
        classes: &test.1.classes,
        test: part_of(test),
        train: train.map(part_of),
        features: &features,
        model: None,
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &crate::NoHost,
    };
    Balance.run(params, &context)
}

fn part_of(part: &(Dataset, Frame)) -> Part<'_> {
    Part { frame: &part.1, dataset: &part.0 }
}

fn id(text: &str) -> EstimateId {
    text.parse().unwrap()
}

fn find<'a>(section: &'a Section, text: &str) -> &'a Estimate {
    section.estimate(&id(text)).unwrap_or_else(|| panic!("no estimate `{text}`"))
}

fn value(section: &Section, text: &str) -> f64 {
    let estimate = find(section, text);
    estimate.value.unwrap_or_else(|| panic!("`{text}` is missing: {:?}", estimate.missing))
}

fn close(section: &Section, text: &str, expected: f64) {
    let found = value(section, text);
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "`{text}` is {found}, not {expected}");
}

/// `n` rows of each of several kinds.
fn rows(kinds: &[(usize, Option<&'static str>, Option<&'static str>, u16)]) -> Written {
    let mut written = Written { columns: vec![("sex", Vec::new()), ("job", Vec::new())], ..Written::default() };
    for (n, sex, job, class) in kinds {
        for _ in 0..*n {
            written.columns[0].1.push(*sex);
            written.columns[1].1.push(*job);
            written.classes.push(*class);
        }
    }
    written
}

const NO: u16 = 0;
const YES: u16 = 1;

/// 40 women, 30 of them repaid; 60 men, 20 of them repaid; ten women and no man have no job written down.
fn loans() -> Written {
    rows(&[
        (30, Some("Female"), Some("clerk"), YES),
        (10, Some("Female"), None, NO),
        (20, Some("Male"), Some("clerk"), YES),
        (40, Some("Male"), Some("cook"), NO),
    ])
}

fn ask(test: &Written) -> Asked<'_> {
    Asked { test, train: None, sensitive: &["sex"], classes: &["no", "yes"], params: json!({}) }
}

#[test]
fn loans_by_hand() {
    let section = ask(&loans()).run().unwrap();
    close(&section, "balance.class_share[y=yes]", 50.0 / 100.0);
    close(&section, "balance.imbalance_ratio", 1.0);
    close(&section, "balance.share[sex=Female]", 40.0 / 100.0);
    close(&section, "balance.base_rate[sex=Female]", 30.0 / 40.0);
    close(&section, "balance.base_rate[sex=Male]", 20.0 / 60.0);
    close(&section, "balance.statistical_parity.difference[sex=Female,sex=Male]", 30.0 / 40.0 - 20.0 / 60.0);
    close(&section, "balance.statistical_parity.difference[sex]", 30.0 / 40.0 - 20.0 / 60.0);
    // z = 4.0825 with pooled share one half: see the test of two proportions.
    let p = find(&section, "balance.statistical_parity.difference[sex]").p_value.clone().unwrap();
    assert!((p.value - 4.455_709_060_402_25e-5).abs() < 1e-15);
    assert_eq!(p.method, "two_proportion_z, benjamini_hochberg");
    // Shares 0.4 and 0.6 against one half each.
    close(&section, "balance.total_variation.uniform[sex]", 0.1);
    close(&section, "balance.chi_squared.uniform[sex]", 4.0);
    close(&section, "balance.missing_share[job]", 10.0 / 100.0);
    close(&section, "balance.missing_share[job,sex=Female]", 10.0 / 40.0);
    close(&section, "balance.missing_share.difference[job,sex]", 0.25);
    let concern = section.notes.first().unwrap();
    assert_eq!((concern.level, concern.code.as_str()), (Level::Concern, "outcome_gap"));
    assert_eq!(
        concern.text,
        "In the test data, before any model, `y` is `yes` for 75.0 % of rows where `sex` is `Female` and for 33.3 % where it is \
         `Male`: a gap of 41.7 points [21.9, 56.8] (adjusted p < 0.001)."
    );
}

/// The gaps of the other measures of association for the same hundred loans, on paper.
#[test]
fn measures_by_hand() {
    let section = ask(&loans()).run().unwrap();
    let table = serde_json::to_value(section.table("pairs[sex]").unwrap()).unwrap();
    let cell = |column: &str| {
        let columns = table["columns"].as_array().unwrap();
        columns.iter().find(|c| c["id"] == column).unwrap()["values"][0].as_f64().unwrap()
    };
    let expected = [
        ("pointwise_mutual_information", (0.75_f64 / (20.0 / 60.0)).ln()),
        ("sorensen_dice", 0.6 / 0.9 - 0.4 / 1.1),
        ("jaccard", 0.3 / 0.6 - 0.2 / 0.9),
        ("log_likelihood_ratio", (30.0_f64 / 20.0).ln()),
        // One of two values: φ of the other is its negative.
        ("phi", 2.0 * 1000.0 / 6_000_000_f64.sqrt()),
        ("z", 4.082_482_904_638_63),
    ];
    for (column, expected) in expected {
        assert!((cell(column) - expected).abs() < 1e-12, "{column}: {} is not {expected}", cell(column));
    }
}

#[test]
fn train_stands_beside_test() {
    let train = rows(&[
        (50, Some("Female"), Some("cook"), YES),
        (25, Some("Male"), Some("cook"), YES),
        (25, Some("Other"), Some("cook"), NO),
    ]);
    let test = loans();
    let section = Asked { train: Some(&train), ..ask(&test) }.run().unwrap();
    close(&section, "balance.train_share[sex=Female]", 0.5);
    close(&section, "balance.train_base_rate[sex=Male]", 1.0);
    close(&section, "balance.train_class_share[y=no]", 0.25);
    close(&section, "balance.train_statistical_parity.difference[sex=Female,sex=Male]", 0.0);
    // Test 0.4, 0.6, 0 against train 0.5, 0.25, 0.25.
    close(&section, "balance.total_variation.train[sex]", 0.35);
    close(&section, "balance.kl_divergence.train[sex]", 0.4 * 0.8_f64.ln() + 0.6 * 2.4_f64.ln());
    // 2×3 table with rows 40 60 0 and 50 25 25: Σ (o−e)²/e = 2·25/45 + 2·17.5²/42.5 + 2·12.5²/12.5.
    close(&section, "balance.chi_squared.train[sex]", 2.0 * 25.0 / 45.0 + 2.0 * 306.25 / 42.5 + 25.0);
    // `Other` never occurs in the test data: cross-entropy would be infinite.
    assert_eq!(find(&section, "balance.cross_entropy.train[sex]").missing, Some(Missing::ZeroDenominator));
    close(&section, "balance.share[sex=Other]", 0.0);
    assert_eq!(find(&section, "balance.base_rate[sex=Other]").missing, Some(Missing::Empty));
}

#[test]
fn numbers_are_compared_by_value() {
    let (mut test, mut train) = (loans(), loans());
    test.measured = vec![("age", (0..100).map(|i| f64::from(20 + i % 2 * 40)).collect())];
    train.measured = vec![("age", vec![20.0; 100])];
    let section = Asked { train: Some(&train), ..ask(&test) }.run().unwrap();
    close(&section, "balance.wasserstein.train[age]", 20.0);
}

#[test]
fn a_reference_is_held_against_both_parts() {
    let test = loans();
    let params = json!({ "reference": { "sex": { "Female": 0.51, "Male": 0.49 } } });
    let section = Asked { params, ..ask(&test) }.run().unwrap();
    close(&section, "balance.infinity_norm.reference[sex]", 0.11);
    close(&section, "balance.chi_squared.reference[sex]", 121.0 / 51.0 + 121.0 / 49.0);
    let note = section.notes.iter().find(|n| n.code == "representation_gap").unwrap();
    assert_eq!(note.level, Level::Concern);
    assert!(
        note.text.contains("against 49.0 % in the given shares")
            || note.text.contains("against 51.0 % in the given shares"),
        "{}",
        note.text
    );

    let params = json!({ "reference": { "sex": { "Female": 0.5, "Diverse": 0.5 } } });
    let section = Asked { params, ..ask(&test) }.run().unwrap();
    assert_eq!(find(&section, "balance.kl_divergence.reference[sex]").missing, Some(Missing::ZeroDenominator));
    close(&section, "balance.total_variation.reference[sex]", 0.6);
    let codes: Vec<&str> = section.notes.iter().map(|n| n.code.as_str()).collect();
    assert!(codes.contains(&"reference_incomplete") && codes.contains(&"reference_not_seen"), "{codes:?}");
}

#[test]
fn wrong_parameters_are_named() {
    let test = loans();
    let fail = |params: Value| Asked { params, ..ask(&test) }.run().unwrap_err().to_string();
    assert!(
        fail(json!({ "reference": { "age": { "old": 1.0 } } }))
            .starts_with("analyses.balance.reference.age: `age` is not looked at")
    );
    assert!(fail(json!({ "labels": ["maybe"] })).contains("the classes of `y` are no, yes"));
    assert!(fail(json!({ "colums": ["sex"] })).contains("unknown field `colums`"));
    assert!(fail(json!({ "columns": ["jop"] })).contains("column `jop` is not in the dataset"));
    assert!(fail(json!({ "target_bins": 1 })).contains("a target cannot be cut into `1`"));
}

/// Women and men, clerks and cooks: no woman cooks. Sizes 40, 0, 20, 40 over their mean 25.
#[test]
fn empty_combinations_are_named() {
    let mut test = loans();
    test.columns[1].1.iter_mut().for_each(|job| *job = job.or(Some("clerk")));
    let section = Asked { sensitive: &["sex", "job"], ..ask(&test) }.run().unwrap();
    close(&section, "balance.empty_combinations[sex,job]", 1.0);
    close(&section, "balance.atkinson_index[sex,job]", 1.0);
    assert_eq!(find(&section, "balance.theil_l_index[sex,job]").missing, Some(Missing::ZeroDenominator));
    let t = (2.0 * 1.6 * 1.6_f64.ln() + 0.8 * 0.8_f64.ln()) / 4.0;
    close(&section, "balance.theil_t_index[sex,job]", t);
    // Observed ones only, as the Responsible AI Toolbox counts: 40, 20, 40 over their mean 100/3.
    close(&section, "balance.atkinson_index.observed[sex,job]", 1.0 - (1.2_f64 * 0.6 * 1.2).cbrt());
    close(&section, "balance.theil_l_index.observed[sex,job]", -(1.2_f64 * 0.6 * 1.2).ln() / 3.0);
    let note = section.notes.iter().find(|n| n.code == "empty_combinations").unwrap();
    assert_eq!(
        note.text,
        "1 of 4 combinations of sex × job have no rows in the test data: `Female · cook`. Nothing is known about them."
    );
}

#[test]
fn few_rows_are_flagged_and_not_picked() {
    let test = rows(&[
        (40, Some("Female"), Some("a"), YES),
        (40, Some("Female"), Some("a"), NO),
        (50, Some("Male"), Some("a"), YES),
        (30, Some("Male"), Some("a"), NO),
        (2, Some("Other"), Some("a"), NO),
    ]);
    let section = ask(&test).run().unwrap();
    assert!(find(&section, "balance.base_rate[sex=Other]").small);
    assert!(find(&section, "balance.statistical_parity.difference[sex=Male,sex=Other]").small);
    close(&section, "balance.statistical_parity.difference[sex]", 50.0 / 80.0 - 40.0 / 80.0);
    assert!(section.notes.iter().any(|n| n.code == "small_groups" && n.text.contains("`Other (2)`")));
}

#[test]
fn every_class_of_several_is_compared() {
    let test = rows(&[
        (30, Some("Female"), Some("a"), 0),
        (30, Some("Female"), Some("a"), 2),
        (30, Some("Male"), Some("a"), 1),
        (10, Some("Male"), Some("a"), 2),
    ]);
    let section = Asked { classes: &["a", "b", "c"], ..ask(&test) }.run().unwrap();
    close(&section, "balance.base_rate[sex=Female,y=c]", 0.5);
    close(&section, "balance.statistical_parity.difference[sex=Female,sex=Male,y=b]", -0.75);
    close(&section, "balance.statistical_parity.difference[sex,y=b]", 0.75);
    close(&section, "balance.imbalance_ratio", 4.0 / 3.0);
}

/// Numbers 1, 2, 3, 4 for women and 11, 12, 13, 14 for men; the median cut puts all men above.
#[test]
fn a_numeric_target_has_means_and_halves() {
    let mut test = rows(&[(4, Some("Female"), Some("a"), 0), (4, Some("Male"), Some("a"), 0)]);
    test.classes.clear();
    test.numbers = vec![1.0, 2.0, 3.0, 4.0, 11.0, 12.0, 13.0, 14.0];
    let section = Asked { classes: &[], params: json!({ "min_rows": 2 }), ..ask(&test) }.run().unwrap();
    close(&section, "balance.target_mean[sex=Female]", 2.5);
    close(&section, "balance.target_mean[sex=Male]", 12.5);
    // t with 3 degrees of freedom is 3.1824; s²/n = (5/3)/4.
    let interval = find(&section, "balance.target_mean[sex=Male]").interval.clone().unwrap();
    assert!((interval.high - 12.5 - 3.182_446_305_284_263 * (5.0_f64 / 12.0).sqrt()).abs() < 1e-9);
    close(&section, "balance.base_rate[sex=Male]", 1.0);
    close(&section, "balance.statistical_parity.difference[sex]", 1.0);
}

#[test]
fn many_values_are_put_together() {
    let names: Vec<&'static str> = (0..60).map(|i| &*Box::leak(format!("v{i:02}").into_boxed_str())).collect();
    let kinds: Vec<_> =
        names.iter().enumerate().map(|(i, name)| (1 + i, Some("Female"), Some(*name), u16::from(i % 2 == 0))).collect();
    let test = rows(&kinds);
    let section = ask(&test).run().unwrap();
    let shown = section.estimates.iter().filter(|e| e.id.metric() == "share" && e.id.columns()[0].column == "job");
    assert_eq!(shown.count(), 21);
    // The 40 rarest have 1 + … + 40 = 820 of 1830 rows.
    close(&section, "balance.share[job=(other)]", 820.0 / 1830.0);
    assert!(section.notes.iter().any(|n| n.code == "many_values"));
    // Distances are over all sixty values.
    let kl: f64 = (1..=60).map(|i| f64::from(i) / 1830.0).map(|p| p * (60.0 * p).ln()).sum();
    close(&section, "balance.kl_divergence.uniform[job]", kl);
}

/// All numbers of a section by id, without those that count rows.
fn numbers(section: &Section) -> BTreeMap<String, Option<f64>> {
    section.estimates.iter().map(|e| (e.id.to_string(), e.value)).collect()
}

fn nearly(a: &BTreeMap<String, Option<f64>>, b: &BTreeMap<String, Option<f64>>) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for ((id, a), b) in a.iter().zip(b.values()) {
        match (a, b) {
            (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{}: {} {}", id, a, b),
            _ => prop_assert_eq!(a, b, "{}", id),
        }
    }
    Ok(())
}

fn random_rows() -> impl Strategy<Value = Vec<(u8, u8, u16, f64)>> {
    prop::collection::vec((0_u8..4, 0_u8..3, 0_u16..2, 0.5..3.0_f64), 2..80)
}

fn written(rows: &[(u8, u8, u16, f64)], is_weighted: bool) -> Written {
    let sexes = [Some("f"), Some("m"), Some("x"), None];
    let jobs = [Some("a"), Some("b"), None];
    Written {
        columns: vec![
            ("sex", rows.iter().map(|r| sexes[usize::from(r.0)]).collect()),
            ("job", rows.iter().map(|r| jobs[usize::from(r.1)]).collect()),
        ],
        classes: rows.iter().map(|r| r.2).collect(),
        weights: is_weighted.then(|| rows.iter().map(|r| r.3).collect()),
        ..Written::default()
    }
}

fn few(test: &Written) -> Section {
    Asked { params: json!({ "min_rows": 1 }), ..ask(test) }.run().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn row_order_does_not_matter(rows in random_rows(), turn in 0_usize..80, is_weighted: bool) {
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        turned.reverse();
        nearly(&numbers(&few(&written(&rows, is_weighted))), &numbers(&few(&written(&turned, is_weighted))))?;
    }

    /// Weight 2 on every row, weight 1 on every row twice, and no weights on every row twice: the same numbers, but for
    /// χ², which knows how many rows there are.
    #[test]
    fn weight_two_is_a_row_twice(rows in random_rows()) {
        let heavy: Vec<_> = rows.iter().map(|r| (r.0, r.1, r.2, 2.0)).collect();
        let twice: Vec<_> = rows.iter().flat_map(|r| [*r, *r]).collect();
        let of = |written: &Written| {
            let mut numbers = numbers(&few(written));
            numbers.retain(|id, _| !id.contains("chi_squared"));
            numbers
        };
        nearly(&of(&written(&heavy, true)), &of(&written(&twice, false)))?;
    }

    /// A gap is that of the other direction with its sign turned, whatever the groups are called.
    #[test]
    fn renamed_groups_swap(rows in random_rows()) {
        let renamed: Vec<_> = rows.iter().map(|r| (match r.0 { 0 => 1, 1 => 0, g => g }, r.1, r.2, r.3)).collect();
        let (there, back) = (few(&written(&rows, false)), few(&written(&renamed, false)));
        let gap = "balance.statistical_parity.difference[sex=f,sex=m]";
        if let (Some(a), Some(b)) = (there.estimate(&id(gap)), back.estimate(&id(gap))) {
            prop_assert!((a.value.unwrap() + b.value.unwrap()).abs() < 1e-12);
            let (x, y) = (a.interval.clone().unwrap(), b.interval.clone().unwrap());
            prop_assert!((x.low + y.high).abs() < 1e-12 && (x.high + y.low).abs() < 1e-12);
        }
        let largest = "balance.statistical_parity.difference[sex]";
        prop_assert_eq!(find(&there, largest).value.map(|v| (v * 1e9).round()), find(&back, largest).value.map(|v| (v * 1e9).round()));
    }

    /// Every estimate is named once and every table cell names one that exists.
    #[test]
    fn the_section_holds_together(rows in random_rows(), is_weighted: bool) {
        let test = written(&rows, is_weighted);
        let section = Asked { train: Some(&test), sensitive: &["sex", "job"], ..ask(&test) }.run().unwrap();
        let ids: std::collections::BTreeSet<_> = section.estimates.iter().map(|e| e.id.clone()).collect();
        prop_assert_eq!(ids.len(), section.estimates.len());
        for table in &section.tables {
            for column in &table.columns {
                prop_assert_eq!(column.cells.len(), table.n_rows());
                if let equipoise_document::Cells::Estimate(cells) = &column.cells {
                    for cell in cells.iter().flatten() {
                        prop_assert!(ids.contains(cell), "{} has no estimate", cell);
                    }
                }
            }
        }
        prop_assert_eq!(&section.blocks[0].id, "classes");
        prop_assert_eq!(&section.blocks[1].id, "largest_gaps");
        for block in &section.blocks {
            prop_assert!(section.table(&block.table).is_some(), "{}", block.table);
        }
        for estimate in &section.estimates {
            prop_assert!(estimate.value.is_some() != estimate.missing.is_some());
        }
    }
}

/// Adult's parts against `cases/balance/adult.json` (pandas and SciPy).
mod adult {
    use super::*;

    fn oracle() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/balance/adult.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// The shared data; absent on a machine without it.
    fn part(name: &str, is_weighted: bool) -> Option<(Dataset, Frame)> {
        let path = format!("{}/../../../shared/data/adult/{name}.parquet", env!("CARGO_MANIFEST_DIR"));
        if !std::path::Path::new(&path).exists() {
            eprintln!("skipped: the shared data is not here");
            return None;
        }
        let dataset = Dataset::open(&path, &DataSpec::default(), OpenOptions::default()).unwrap();
        let groups = ["sex", "race"].map(|name| grouping(&dataset, name)).into();
        let (income, weight) = (dataset.column("income").unwrap(), dataset.column("fnlwgt").unwrap());
        let classes: Arc<[String]> = dataset.schema().columns[income].levels.clone();
        let (mut truth, mut weights) = (Vec::new(), Vec::new());
        dataset
            .for_each(&[income, weight], &mut |chunk| {
                let (Column::Codes { codes, .. }, Column::Number(w)) = (&chunk.columns[0], &chunk.columns[1]) else {
                    panic!()
                };
                truth.extend(codes.iter().map(|c| u16::try_from(*c).unwrap()));
                weights.extend_from_slice(w);
                Ok(())
            })
            .unwrap();
        let frame = Frame::new(FrameParts {
            task: Task::Binary,
            classes,
            row_ids: None,
            truth: Targets::Class(truth),
            predicted: None,
            probability: None,
            weight: is_weighted.then_some(weights),
            groups,
        });
        Some((dataset, frame.unwrap()))
    }

    fn agree(what: &str, ours: Option<f64>, theirs: &Value, tolerance: f64) {
        match (ours, theirs.as_f64()) {
            (Some(ours), Some(theirs)) => {
                assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{what}: {ours} is not {theirs}");
            }
            (ours, theirs) => assert_eq!(ours, theirs, "{what}"),
        }
    }

    #[test]
    fn every_number_agrees_with_pandas_and_scipy() {
        let (Some(test), Some(train)) = (part("test", false), part("train", false)) else { return };
        let params = json!({ "reference": { "sex": { "Female": 0.51, "Male": 0.49 } } });
        let section = assess(&test, Some(&train), &["sex", "race"], "income", &params).unwrap();
        let oracle = oracle();
        for (part, prefix) in [("test", ""), ("train", "train_")] {
            let expected = &oracle[part];
            for (column, of_column) in expected["columns"].as_object().unwrap() {
                for v in of_column["values"].as_array().unwrap() {
                    let name = v["value"].as_str().unwrap();
                    let group = EstimateId::new("balance", &format!("{prefix}share")).of_group(&[(column, name)]);
                    let estimate = section.estimate(&group).unwrap();
                    agree(&group.to_string(), estimate.value, &v["share"], 1e-12);
                    let interval = estimate.interval.as_ref().unwrap();
                    agree("low", Some(interval.low), &v["share_wilson"][0], 1e-9);
                    agree("high", Some(interval.high), &v["share_wilson"][1], 1e-9);
                    let group = EstimateId::new("balance", &format!("{prefix}base_rate")).of_group(&[(column, name)]);
                    agree(&group.to_string(), section.estimate(&group).unwrap().value, &v["base_rate"], 1e-12);
                }
                for reference in ["uniform", "reference", "train"] {
                    for (metric, expected) in of_column[reference].as_object().into_iter().flatten() {
                        let id = EstimateId::new("balance", &format!("{prefix}{metric}"))
                            .aggregated(reference)
                            .by(&[column]);
                        let estimate = section.estimate(&id).unwrap();
                        if metric == "chi_squared" {
                            agree(&id.to_string(), estimate.value, &expected["statistic"], 1e-9);
                            agree(
                                &id.to_string(),
                                estimate.p_value.as_ref().map(|p| p.value),
                                &expected["p_value"],
                                1e-9,
                            );
                        } else {
                            agree(&id.to_string(), estimate.value, expected, 1e-10);
                        }
                    }
                }
            }
            let combinations = &expected["combinations"];
            for metric in ["atkinson_index", "theil_l_index", "theil_t_index"] {
                let id = EstimateId::new("balance", &format!("{prefix}{metric}")).by(&["sex", "race"]);
                agree(&id.to_string(), section.estimate(&id).unwrap().value, &combinations[metric], 1e-10);
            }
            let missing = &expected["missing_workclass"];
            for sex in ["Female", "Male"] {
                let id = EstimateId::new("balance", &format!("{prefix}missing_share"))
                    .by(&["workclass"])
                    .of_group(&[("sex", sex)]);
                agree(&id.to_string(), section.estimate(&id).unwrap().value, &missing[sex], 1e-12);
            }
            let id = EstimateId::new("balance", &format!("{prefix}missing_share"))
                .aggregated("difference")
                .by(&["workclass", "sex"]);
            let gap = section.estimate(&id).unwrap();
            agree("missing p", gap.p_value.as_ref().map(|p| p.value), &missing["p_value"], 1e-6);
            let interval = gap.interval.as_ref().unwrap();
            agree("missing low", Some(interval.low), &missing["newcombe"][0], 1e-9);
            agree("missing high", Some(interval.high), &missing["newcombe"][1], 1e-9);
        }
    }

    /// Gaps of all measures with their tests, for pairs of sex, race and workclass in the test data.
    #[test]
    fn every_pair_agrees() {
        let Some(test) = part("test", false) else { return };
        let section = assess(&test, None, &["sex", "race"], "income", &json!({})).unwrap();
        let oracle = oracle();
        let mut n_compared = 0;
        for column in ["sex", "race", "workclass"] {
            let table = serde_json::to_value(section.table(&format!("pairs[{column}]")).unwrap()).unwrap();
            let columns = table["columns"].as_array().unwrap();
            let cells =
                |name: &str| columns.iter().find(|c| c["id"] == name).map(|c| c["values"].as_array().unwrap().clone());
            let (a, b) = (cells("a").unwrap(), cells("b").unwrap());
            for expected in oracle["test"]["columns"][column]["pairs"].as_array().unwrap() {
                let row = (0..a.len()).find(|i| a[*i] == expected["a"] && b[*i] == expected["b"]).unwrap();
                for (measure, gap) in expected["gap"].as_object().unwrap() {
                    let cell = cells(measure).unwrap()[row].clone();
                    let ours = match cell.as_str() {
                        Some(text) => find(&section, text).value,
                        None => cell.as_f64(),
                    };
                    agree(&format!("{column} {measure} {expected}"), ours, gap, 1e-9);
                    n_compared += 1;
                }
                agree("p", cells("p_value").unwrap()[row].as_f64(), &expected["p_value"], 1e-6);
                agree("adjusted", cells("adjusted_p_value").unwrap()[row].as_f64(), &expected["adjusted"], 1e-6);
                if let Some(low) = cells("low") {
                    agree("low", low[row].as_f64(), &expected["newcombe"][0], 1e-9);
                }
            }
        }
        assert_eq!(n_compared, 6 * (1 + 10 + 28));
    }

    /// Linearised standard errors against resampled ones, within four Monte-Carlo standard errors and 1 %.
    #[test]
    fn standard_errors_agree_with_resampling() {
        use equipoise_kernels::{Measure, Split, Tally};
        let oracle = oracle();
        let names = [
            "statistical_parity",
            "pointwise_mutual_information",
            "sorensen_dice",
            "jaccard",
            "log_likelihood_ratio",
            "phi",
        ];
        let count = |v: &Value, share: &str| (v[share].as_f64().unwrap() * v["n"].as_f64().unwrap()).round();
        let mut n_compared = 0;
        for column in ["sex", "race", "workclass"] {
            let of_column = &oracle["test"]["columns"][column];
            let values = of_column["values"].as_array().unwrap();
            let split = |v: &Value| {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers")]
                let (yes, n) = (count(v, "base_rate") as u64, v["n"].as_u64().unwrap());
                Split { with: Tally::of(yes), without: Tally::of(n - yes) }
            };
            let all = Split {
                with: values.iter().map(|v| split(v).with).sum(),
                without: values.iter().map(|v| split(v).without).sum(),
            };
            let of = |name: &Value| split(values.iter().find(|v| v["value"] == *name).unwrap());
            for pair in of_column["pairs"].as_array().unwrap() {
                for (name, measure) in names.iter().zip(Measure::ALL) {
                    let Some(resampled) = pair["standard_error"][name].as_f64() else { continue };
                    let ours = measure.gap_variance(of(&pair["a"]), of(&pair["b"]), all).unwrap().sqrt();
                    // A standard error from 20,000 replicates is known to 0.5 %.
                    assert!((ours / resampled - 1.0).abs() < 0.03, "{column} {name}: {ours} is not {resampled}");
                    n_compared += 1;
                }
            }
        }
        assert!(n_compared >= 6 * 5, "{n_compared}");
    }

    #[test]
    fn weights_are_those_of_pandas() {
        let Some(test) = part("test", true) else { return };
        let section = assess(&test, None, &["sex", "race"], "income", &json!({})).unwrap();
        for column in ["sex", "race", "workclass", "education"] {
            for v in oracle()["test"]["columns"][column]["values"].as_array().unwrap() {
                let name = v["value"].as_str().unwrap();
                for (metric, expected) in [("share", "weighted_share"), ("base_rate", "weighted_base_rate")] {
                    let id = EstimateId::new("balance", metric).of_group(&[(column, name)]);
                    agree(&id.to_string(), section.estimate(&id).unwrap().value, &v[expected], 1e-9);
                }
            }
        }
    }
}
