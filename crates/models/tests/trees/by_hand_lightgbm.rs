//! LightGBM models small enough to work out on paper.

use equipoise_document::ModelSpec;
use equipoise_models::{Inputs, Model, Outputs, open};

use crate::support::{Column, lightgbm_text, opened, values};

/// One split of feature 0 at 0.5: 1 on the left, 2 on the right.
pub(crate) fn stump(decision_type: u8) -> String {
    format!(
        "num_leaves=2\nnum_cat=0\nsplit_feature=0\nsplit_gain=1\nthreshold=0.5\ndecision_type={decision_type}\n\
         left_child=-1\nright_child=-2\nleaf_value=1 2\nleaf_weight=3 4\nleaf_count=3 4\ninternal_value=0\n\
         internal_weight=0\ninternal_count=7\nis_linear=0\nshrinkage=1\n"
    )
}

/// A leaf that is always reached.
fn leaf(value: f64) -> String {
    format!("num_leaves=1\nnum_cat=0\nleaf_value={value}\nshrinkage=1\n")
}

/// Categories 0 and 2 of feature 0 go left.
pub(crate) fn categories() -> String {
    "num_leaves=2\nnum_cat=1\nsplit_feature=0\nthreshold=0\ndecision_type=1\nleft_child=-1\nright_child=-2\n\
     leaf_value=1 2\nleaf_count=3 4\ninternal_count=7\ncat_boundaries=0 1\ncat_threshold=5\nis_linear=0\nshrinkage=1\n"
        .to_owned()
}

fn predict(model: &str, columns: &[Column]) -> Vec<f64> {
    let model = opened("tiny.txt", model.as_bytes()).unwrap();
    asked(model.as_ref(), columns)
}

fn asked(model: &dyn Model, columns: &[Column]) -> Vec<f64> {
    let n_rows = match &columns[0] {
        Column::Number(values) => values.len(),
        Column::Codes { codes, .. } => codes.len(),
    };
    let inputs = Inputs { n_rows, columns: columns.iter().map(Column::as_input).collect() };
    values(model.predict(&inputs).unwrap())
}

#[test]
fn missing_values() {
    let xs = [0.5, 0.6, 0.0, f64::NAN];
    let ask =
        |decision| predict(&lightgbm_text("regression", 1, &[stump(decision)], ""), &[Column::Number(xs.to_vec())]);
    // No missing values in training: NaN is zero, which is left of 0.5.
    assert_eq!(ask(0), [1.0, 2.0, 1.0, 1.0]);
    // Zero is missing and goes right, or left where the second bit says so.
    assert_eq!(ask(4), [1.0, 2.0, 2.0, 2.0]);
    assert_eq!(ask(4 | 2), [1.0, 2.0, 1.0, 1.0]);
    // NaN is missing.
    assert_eq!(ask(8), [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(ask(8 | 2), [1.0, 2.0, 1.0, 1.0]);
}

#[test]
fn categories_by_name() {
    let model = lightgbm_text("regression", 1, &[categories()], "pandas_categorical:[[\"b\", \"a\", \"c\"]]\n");
    let column = Column::names(&[Some("a"), Some("b"), Some("c"), Some("unheard of"), None]);
    assert_eq!(predict(&model, &[column]), [2.0, 1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn categories_that_are_numbers_or_booleans() {
    let numbers = lightgbm_text("regression", 1, &[categories()], "pandas_categorical:[[10, 20, 30]]\n");
    let column = Column::Number(vec![10.0, 20.0, 30.0, 40.0, f64::NAN]);
    assert_eq!(predict(&numbers, &[column]), [1.0, 2.0, 1.0, 2.0, 2.0]);
    let booleans = lightgbm_text("regression", 1, &[categories()], "pandas_categorical:[[false, true]]\n");
    assert_eq!(predict(&booleans, &[Column::names(&[Some("false"), Some("true"), None])]), [1.0, 2.0, 2.0]);
}

#[test]
fn categories_without_names_are_codes() {
    let model = lightgbm_text("regression", 1, &[categories()], "pandas_categorical:null\n");
    let column = Column::Number(vec![0.0, 1.0, 2.9, 40.0, -1.0, f64::NAN]);
    assert_eq!(predict(&model, &[column]), [1.0, 2.0, 1.0, 2.0, 2.0, 2.0]);
}

#[test]
fn linear_leaves() {
    let tree = "num_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=0.5\ndecision_type=8\nleft_child=-1\nright_child=-2\n\
        leaf_value=1 2\nleaf_count=3 4\ninternal_count=7\nis_linear=1\nleaf_const=10 20\nnum_features=0 2\n\
        leaf_features=  0 1 \nleaf_coeff=  3 5 \nshrinkage=1\n";
    let model = lightgbm_text("regression", 2, &[tree.to_owned()], "");
    let columns = [Column::Number(vec![0.0, 2.0, 2.0]), Column::Number(vec![1.0, 4.0, f64::NAN])];
    // 10; 20 + 3·2 + 5·4; the plain value, for a number is missing.
    assert_eq!(predict(&model, &columns), [10.0, 46.0, 2.0]);
}

#[test]
fn random_forest_averages_and_links() {
    let model = lightgbm_text("binary sigmoid:1\naverage_output", 1, &[leaf(0.0), leaf(2.0 * 3.0_f64.ln())], "");
    let model = opened("tiny.txt", model.as_bytes()).unwrap();
    // The mean of 0 and 2·ln 3 is ln 3: odds of 3 to 1.
    assert!((asked(model.as_ref(), &[Column::Number(vec![1.0])])[0] - 0.75).abs() < 1e-15);
    assert_eq!(model.info().describes, "random forest, 2 trees");
}

#[test]
fn boosted_trees_are_summed_and_classes_take_turns() {
    // Dropout leaves its weights in the leaves: a file of dart is one of gbdt.
    assert_eq!(
        predict(&lightgbm_text("regression", 1, &[stump(0), leaf(0.25)], ""), &[Column::Number(vec![0.0, 1.0])]),
        [1.25, 2.25]
    );
    let trees = [leaf(0.0), leaf(2.0_f64.ln()), leaf(5.0_f64.ln())];
    let model = lightgbm_text("multiclass num_class:3", 1, &trees, "")
        .replace("num_tree_per_iteration=1", "num_tree_per_iteration=3");
    let spec = ModelSpec { classes: vec!["x".into(), "y".into(), "z".into()], ..ModelSpec::default() };
    let model = open("tiny.txt", model.as_bytes(), &spec).unwrap();
    let inputs = Inputs { n_rows: 1, columns: vec![equipoise_models::InputColumn::Number(&[1.0])] };
    let Outputs::Probabilities { n_classes: 3, values } = model.predict(&inputs).unwrap() else { panic!() };
    for (found, expected) in values.iter().zip([1.0 / 8.0, 2.0 / 8.0, 5.0 / 8.0]) {
        assert!((found - expected).abs() < 1e-15);
    }
    assert_eq!(model.info().classes.as_deref(), Some(spec.classes.as_slice()));
}

#[test]
fn trees_can_be_read_for_explanations() {
    let model = lightgbm_text("regression", 1, &[stump(8)], "");
    let model = opened("tiny.txt", model.as_bytes()).unwrap();
    let trees = model.trees().unwrap();
    let tree = &trees.trees()[0];
    assert_eq!(tree.covers(), Some([7.0, 3.0, 4.0].as_slice()));
    assert_eq!(tree.values(), [1.0, 2.0]);
    assert_eq!((tree.n_leaves(), tree.depth(), tree.output()), (2, 1, Some(0)));
    assert_eq!(tree.leaf_of(&[0.5]), Some(0));
    assert_eq!(tree.leaf_of(&[0.6]), Some(1));
    assert_eq!(trees.features()[0].name, "f0");
}
