//! CatBoost models small enough to work out on paper.

use equipoise_models::Inputs;
use serde_json::{Value, json};

use crate::support::{Column, opened, values};

/// Lower half of CityHash64 of `mar` and `may`, as CatBoost 1.2.10 writes them.
const MAR: i64 = 3_269_511_968;
const MAY: i64 = 4_039_899_883;

fn features(nan: &str) -> Value {
    json!({
        "float_features": [{
            "borders": [0.5], "feature_id": "x", "feature_index": 0, "feature_name": "x", "flat_feature_index": 0,
            "has_nans": true, "nan_value_treatment": nan
        }],
        "categorical_features": [{
            "feature_id": "month", "feature_index": 0, "feature_name": "month", "flat_feature_index": 1,
            "values": [MAR - (1_i64 << 32)]
        }],
        "cat_features_hash": [{"hash": MAR, "value": "mar"}, {"hash": MAY, "value": "may"}]
    })
}

fn above() -> Value {
    json!({"border": 0.5, "float_feature_index": 0, "split_index": 0, "split_type": "FloatFeature"})
}

fn is_march() -> Value {
    json!({"cat_feature_index": 0, "value": MAR - (1_i64 << 32), "split_index": 1, "split_type": "OneHotFeature"})
}

pub(crate) fn model(nan: &str, loss: &str, tree: Value) -> Value {
    json!({
        "features_info": features(nan),
        "model_info": {"params": {"loss_function": {"type": loss, "params": {}}}},
        "oblivious_trees": [tree],
        "scale_and_bias": [2, [100]]
    })
}

/// `x > 0.5` is bit 0, `month = mar` is bit 1.
pub(crate) fn two_splits(nan: &str) -> Value {
    let tree = json!({"leaf_values": [1, 2, 3, 4], "leaf_weights": [1, 2, 3, 4], "splits": [above(), is_march()]});
    model(nan, "RMSE", tree)
}

fn predict(model: &Value, xs: &[f64], months: &[Option<&str>]) -> Vec<f64> {
    let (x, month) = (Column::Number(xs.to_vec()), Column::names(months));
    let inputs = Inputs { n_rows: xs.len(), columns: vec![x.as_input(), month.as_input()] };
    values(opened("tiny.json", &serde_json::to_vec(model).unwrap()).unwrap().predict(&inputs).unwrap())
}

const XS: [f64; 5] = [0.5, 0.6, 0.5, 0.6, f64::NAN];
const MONTHS: [Option<&str>; 5] = [Some("may"), None, Some("mar"), Some("mar"), Some("unheard of")];

#[test]
fn bits_scale_and_bias() {
    // Twice the leaf and a hundred more.
    assert_eq!(predict(&two_splits("AsFalse"), &XS, &MONTHS), [102.0, 104.0, 106.0, 108.0, 102.0]);
    assert_eq!(predict(&two_splits("AsIs"), &XS, &MONTHS), [102.0, 104.0, 106.0, 108.0, 102.0]);
    assert_eq!(predict(&two_splits("AsTrue"), &XS, &MONTHS), [102.0, 104.0, 106.0, 108.0, 104.0]);
    let opened = opened("tiny.json", &serde_json::to_vec(&two_splits("AsIs")).unwrap()).unwrap();
    // Root: month = mar. Below: x > 0.5.
    let covers = opened.trees().unwrap().trees()[0].covers().unwrap();
    assert_eq!(covers, [10.0, 3.0, 7.0, 1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn missing_categories_are_a_text() {
    // CityHash64("(missing)") is what the one-hot value of such a model is; found through its own hash.
    let mut model = two_splits("AsIs");
    model["features_info"]["ctrs"] = json!([]);
    assert_eq!(predict(&model, &[0.0, 0.0], &[None, Some("(missing)")]), [102.0, 102.0]);
}

#[test]
fn classes_side_by_side() {
    let ln = f64::ln;
    let tree = json!({
        "leaf_values": [0.0, ln(2.0), ln(5.0), ln(5.0), ln(2.0), 0.0], "leaf_weights": [1, 1], "splits": [above()]
    });
    let mut model = model("AsIs", "MultiClass", tree);
    model["scale_and_bias"] = json!([1, [0, 0, 0]]);
    model["model_info"]["class_params"] = json!({"class_names": ["a", "b", "c"]});
    let found = predict(&model, &[0.0, 1.0], &[None, None]);
    for (found, expected) in found.iter().zip([0.125, 0.25, 0.625, 0.625, 0.25, 0.125]) {
        assert!((found - expected).abs() < 1e-15);
    }
    let opened = opened("tiny.json", &serde_json::to_vec(&model).unwrap()).unwrap();
    assert_eq!(opened.info().classes.as_deref().unwrap(), ["a", "b", "c"]);
}

#[test]
fn trees_of_any_shape() {
    let mut model = two_splits("AsIs");
    model.as_object_mut().unwrap().remove("oblivious_trees");
    let leaf = |value: f64, weight: f64| json!({"value": value, "weight": weight});
    model["trees"] = json!([{
        "split": above(),
        "left": leaf(1.0, 2.0),
        "right": {"split": is_march(), "left": leaf(2.0, 3.0), "right": leaf(3.0, 4.0)}
    }]);
    assert_eq!(predict(&model, &XS, &MONTHS), [102.0, 104.0, 102.0, 106.0, 102.0]);
}

/// What the library combines hashes with.
fn combined(hash: i64) -> u64 {
    const MAGIC: u64 = 0x4906_ba49_4954_cb65;
    let extended = i64::from(hash as u32 as i32) as u64;
    MAGIC.wrapping_mul(MAGIC.wrapping_mul(extended))
}

#[test]
fn target_statistics() {
    let ask = |kind: &str, stride: usize, march: Value, denominator: f64, border: f64| {
        let mut model = two_splits("AsIs");
        let mut table = vec![json!(combined(MAR).to_string())];
        table.extend(march.as_array().unwrap().clone());
        table.push(json!(u64::MAX.to_string()));
        table.extend(march.as_array().unwrap().clone());
        model["ctr_data"] =
            json!({"of month": {"hash_map": table, "hash_stride": stride, "counter_denominator": denominator}});
        model["features_info"]["ctrs"] = json!([{
            "identifier": "of month", "ctr_type": kind, "borders": [border], "prior_numerator": 0.5,
            "prior_denomerator": 1, "shift": 0, "scale": 10, "target_border_idx": 0,
            "elements": [{"cat_feature_index": 0, "combination_element": "cat_feature_value"}]
        }]);
        let split = json!({"border": border, "ctr_target_border_idx": 0, "split_index": 2, "split_type": "OnlineCtr"});
        model["oblivious_trees"] = json!([{"leaf_values": [0, 1], "leaf_weights": [1, 1], "splits": [split]}]);
        predict(&model, &[0.0, 0.0], &[Some("mar"), Some("may")])
    };
    // March was positive in 3 of 4 rows: (3 + 0.5) / (4 + 1) · 10 = 7. Unseen: 0.5 / 1 · 10 = 5.
    assert_eq!(ask("Borders", 3, json!([1, 3]), 0.0, 6.9), [102.0, 100.0]);
    assert_eq!(ask("Borders", 3, json!([1, 3]), 0.0, 7.1), [100.0, 100.0]);
    assert_eq!(ask("Borders", 3, json!([1, 3]), 0.0, 4.9), [102.0, 102.0]);
    // Class 0 in 1 of 4 rows: (1 + 0.5) / 5 · 10 = 3.
    assert_eq!(ask("Buckets", 3, json!([1, 3]), 0.0, 2.9), [102.0, 102.0]);
    assert_eq!(ask("Buckets", 3, json!([1, 3]), 0.0, 3.1), [100.0, 102.0]);
    // The target's sum is 2.5 over 4 rows: (2.5 + 0.5) / 5 · 10 = 6.
    assert_eq!(ask("BinarizedTargetMeanValue", 3, json!([2.5, 4]), 0.0, 5.9), [102.0, 100.0]);
    // March is 4 of 9 rows: (4 + 0.5) / (9 + 1) · 10 = 4.5; unseen 0.5 / 10 · 10 = 0.5.
    assert_eq!(ask("Counter", 2, json!([4]), 9.0, 4.4), [102.0, 100.0]);
    assert_eq!(ask("Counter", 2, json!([4]), 9.0, 4.6), [100.0, 100.0]);
    assert_eq!(ask("Counter", 2, json!([4]), 9.0, 0.4), [102.0, 102.0]);
}
