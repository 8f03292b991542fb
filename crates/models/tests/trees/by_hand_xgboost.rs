//! XGBoost models small enough to work out on paper, each as JSON and as UBJSON.

use equipoise_models::{Inputs, Outputs};
use serde_json::{Value, json};

use crate::support::{Column, opened, ubj, values};

/// One split of feature 0 at 0.1: 1 on the left, 2 on the right, missing left.
pub(crate) fn stump() -> Value {
    json!({
        "base_weights": [0.0, 1.0, 2.0], "categories": [], "categories_nodes": [], "categories_segments": [],
        "categories_sizes": [], "default_left": [1, 0, 0], "id": 0, "left_children": [1, -1, -1],
        "loss_changes": [1.0, 0.0, 0.0], "parents": [2_147_483_647, 0, 0], "right_children": [2, -1, -1],
        "split_conditions": [0.1, 1.0, 2.0], "split_indices": [0, 0, 0], "split_type": [0, 0, 0],
        "sum_hessian": [7.0, 3.0, 4.0],
        "tree_param": {"num_deleted": "0", "num_feature": "1", "num_nodes": "3", "size_leaf_vector": "1"}
    })
}

fn leaf(value: f64) -> Value {
    let mut tree = stump();
    for key in ["base_weights", "sum_hessian", "loss_changes"] {
        tree[key] = json!([1.0]);
    }
    for key in ["default_left", "split_indices", "split_type"] {
        tree[key] = json!([0]);
    }
    tree["left_children"] = json!([-1]);
    tree["right_children"] = json!([-1]);
    tree["split_conditions"] = json!([value]);
    tree
}

pub(crate) fn model(objective: &str, base_score: &str, trees: Vec<Value>) -> Value {
    let info: Vec<usize> = vec![0; trees.len()];
    json!({
        "learner": {
            "attributes": {},
            "feature_names": ["f0"],
            "feature_types": ["float"],
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": trees.len().to_string()},
                    "iteration_indptr": [0, 1], "tree_info": info, "trees": trees
                },
                "name": "gbtree"
            },
            "learner_model_param": {
                "base_score": base_score, "boost_from_average": "1", "num_class": "0", "num_feature": "1",
                "num_target": "1"
            },
            "objective": {"name": objective}
        },
        "version": [3, 2, 0]
    })
}

/// The same answer from both formats.
fn predict(model: &Value, column: &Column) -> Vec<f64> {
    let ask = |bytes: &[u8]| {
        let n_rows = match column {
            Column::Number(values) => values.len(),
            Column::Codes { codes, .. } => codes.len(),
        };
        let inputs = Inputs { n_rows, columns: vec![column.as_input()] };
        values(opened("tiny", bytes).unwrap().predict(&inputs).unwrap())
    };
    let answer = ask(&serde_json::to_vec(model).unwrap());
    assert_eq!(answer, ask(&ubj(model)));
    answer
}

fn number(xs: &[f64]) -> Column {
    Column::Number(xs.to_vec())
}

#[test]
fn single_precision_and_missing_values() {
    let model = model("reg:squarederror", "[5E-1]", vec![stump()]);
    // 0.1 and 0.1 + 1e-10 are the same number in single precision, which is not less than the threshold.
    let xs = [0.09, 0.1, 0.1 + 1e-10, 0.1 - 1e-10, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    assert_eq!(predict(&model, &number(&xs)), [1.5, 2.5, 2.5, 2.5, 1.5, 2.5, 1.5]);
}

#[test]
fn parallel_trees_are_summed_in_single_precision() {
    let model = model("reg:squarederror", "1.0", vec![leaf(1e-8), leaf(1e-8), leaf(0.5)]);
    // 1 + 1e-8 is 1 in single precision, twice.
    assert_eq!(predict(&model, &number(&[0.0])), [1.5]);
}

#[test]
fn objectives_have_their_own_base_and_link() {
    let ask = |objective, base| predict(&model(objective, base, vec![leaf(0.0)]), &number(&[0.0]))[0];
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    close(ask("binary:logistic", "2.5E-1"), 0.25);
    close(ask("reg:logistic", "[2.5E-1]"), 0.25);
    close(ask("count:poisson", "3"), 3.0);
    close(ask("reg:tweedie", "3"), 3.0);
    close(ask("reg:gamma", "3"), 3.0);
    close(ask("reg:absoluteerror", "-3"), -3.0);
    close(ask("binary:hinge", "0.5"), 1.0);
    close(ask("binary:logitraw", "0.5"), 0.5);
}

#[test]
fn classes_have_margins_of_their_own() {
    let trees = vec![leaf(0.0), leaf(2.0_f64.ln()), leaf(5.0_f64.ln() - 1.0)];
    let mut model = model("multi:softprob", "[0,0,1]", trees);
    model["learner"]["learner_model_param"]["num_class"] = json!("3");
    model["learner"]["gradient_booster"]["model"]["tree_info"] = json!([0, 1, 2]);
    let found = predict(&model, &number(&[0.0]));
    for (found, expected) in found.iter().zip([1.0 / 8.0, 2.0 / 8.0, 5.0 / 8.0]) {
        assert!((found - expected).abs() < 1e-6);
    }
}

#[test]
fn dropped_trees_are_weighted() {
    let mut model = model("reg:squarederror", "0", vec![stump(), leaf(3.0)]);
    let gbtree = model["learner"]["gradient_booster"].take();
    model["learner"]["gradient_booster"] = json!({"gbtree": gbtree, "name": "dart", "weight_drop": [0.5, 0.25]});
    assert_eq!(predict(&model, &number(&[0.0, 1.0])), [0.5 + 0.75, 1.0 + 0.75]);
}

/// Categories 0 and 2 go right.
pub(crate) fn categories(enc: &Value) -> Value {
    let mut tree = stump();
    tree["categories"] = json!([0, 2]);
    tree["categories_nodes"] = json!([0]);
    tree["categories_segments"] = json!([0]);
    tree["categories_sizes"] = json!([2]);
    tree["split_type"] = json!([1, 0, 0]);
    let mut model = model("reg:squarederror", "0", vec![tree]);
    model["learner"]["feature_types"] = json!(["c"]);
    if !enc.is_null() {
        model["learner"]["gradient_booster"]["model"]["cats"] =
            json!({"enc": [enc], "feature_segments": [0, 3], "sorted_idx": [0, 1, 2]});
    }
    model
}

#[test]
fn categories_by_name_number_and_code() {
    let bytes: Vec<u8> = "bacé".bytes().collect();
    let signed: Vec<i8> = bytes.iter().map(|b| *b as i8).collect();
    let model = categories(&json!({"offsets": [0, 1, 2, 5], "values": signed}));
    let names = Column::names(&[Some("b"), Some("a"), Some("cé"), Some("unheard of"), None]);
    // What is unheard of is missing, which goes left here.
    assert_eq!(predict(&model, &names), [2.0, 1.0, 2.0, 1.0, 1.0]);
    let model = categories(&json!({"type": 17, "values": [10, 20, 30]}));
    assert_eq!(predict(&model, &number(&[10.0, 20.0, 30.0, 40.0, f64::NAN])), [2.0, 1.0, 2.0, 1.0, 1.0]);
    let mut model = categories(&Value::Null);
    model["learner"]["gradient_booster"]["model"]["trees"][0]["default_left"] = json!([0, 0, 0]);
    // Without names, numbers are codes: 3 is not listed and goes left, missing goes right here.
    assert_eq!(predict(&model, &number(&[0.0, 1.0, 2.0, 3.0, f64::NAN])), [2.0, 1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn nodes_that_pruning_cut_off_are_left_out() {
    let mut tree = stump();
    for (key, more) in [
        ("left_children", json!([1, -1, -1, -1])),
        ("right_children", json!([2, -1, -1, -1])),
        ("split_conditions", json!([0.1, 1.0, 2.0, 9.0])),
        ("split_indices", json!([0, 0, 0, 0])),
        ("default_left", json!([1, 0, 0, 0])),
        ("sum_hessian", json!([7.0, 3.0, 4.0, 0.0])),
    ] {
        tree[key] = more;
    }
    let model = model("reg:squarederror", "0", vec![tree]);
    let opened = opened("tiny", &serde_json::to_vec(&model).unwrap()).unwrap();
    let tree = &opened.trees().unwrap().trees()[0];
    assert_eq!(tree.nodes().len(), 3);
    assert_eq!(tree.covers(), Some([7.0, 3.0, 4.0].as_slice()));
}

#[test]
fn linear_booster() {
    let mut model = model("binary:logistic", "0.5", vec![]);
    let ln3 = f64::from(3.0_f32.ln());
    model["learner"]["gradient_booster"] =
        json!({"model": {"boosted_rounds": 2, "weights": [ln3, -ln3]}, "name": "gblinear"});
    let found = predict(&model, &number(&[1.0, 2.0, f64::NAN]));
    for (found, expected) in found.iter().zip([0.5, 0.75, 0.25]) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }
}

#[test]
fn answers_have_the_shape_of_their_task() {
    let inputs = Inputs { n_rows: 1, columns: vec![equipoise_models::InputColumn::Number(&[0.0])] };
    let ask = |objective| {
        let model = model(objective, "0.5", vec![stump()]);
        opened("tiny", &serde_json::to_vec(&model).unwrap()).unwrap().predict(&inputs).unwrap()
    };
    assert!(matches!(ask("binary:logistic"), Outputs::Probability(_)));
    assert!(matches!(ask("reg:squarederror"), Outputs::Values(_)));
}
