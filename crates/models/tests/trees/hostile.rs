//! Damaged and hostile files: never a panic, never unbounded memory or time.

use equipoise_models::{InputColumn, InputKind, Inputs, Model, ModelError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    by_hand_catboost, by_hand_lightgbm, by_hand_xgboost,
    support::{lightgbm_text, opened, ubj},
};

/// One small model of each format, with numbers and categories.
fn models() -> Vec<(&'static str, Vec<u8>)> {
    let trees = [by_hand_lightgbm::stump(6), by_hand_lightgbm::stump(10)];
    let xgboost = by_hand_xgboost::categories(&json!({"offsets": [0, 1, 2, 3], "values": [97, 98, 99]}));
    vec![
        ("lightgbm", lightgbm_text("binary sigmoid:1", 2, &trees, "").into_bytes()),
        (
            "lightgbm categories",
            lightgbm_text(
                "regression",
                1,
                &[by_hand_lightgbm::categories()],
                "pandas_categorical:[[\"a\", 1, true]]\n",
            )
            .into_bytes(),
        ),
        ("xgboost json", serde_json::to_vec(&xgboost).unwrap()),
        ("xgboost ubj", ubj(&xgboost)),
        ("catboost", serde_json::to_vec(&by_hand_catboost::two_splits("AsTrue")).unwrap()),
    ]
}

/// A model that was read answers, or says why it cannot.
fn ask(model: &dyn Model) {
    let numbers = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300];
    let levels = ["a".to_owned(), "2".to_owned()];
    let codes = [0, 1, u32::MAX, 7, 0];
    let column = |kind: &InputKind| match kind {
        InputKind::Category(_) => InputColumn::Codes { codes: &codes, levels: &levels },
        InputKind::Number | InputKind::Tensor(_) => InputColumn::Number(&numbers),
    };
    let columns = model.info().inputs.iter().map(|input| column(&input.kind)).collect();
    let _ = model.predict(&Inputs { n_rows: 5, columns });
}

fn try_open(bytes: &[u8]) -> Option<ModelError> {
    match opened("damaged", bytes) {
        Ok(model) => {
            ask(model.as_ref());
            None
        }
        Err(error) => {
            assert!(error.to_string().contains("\nhint: "), "{error}");
            Some(error)
        }
    }
}

#[test]
fn every_truncation_is_an_error_or_a_model() {
    for (name, bytes) in models() {
        assert!(try_open(&bytes).is_none(), "{name}");
        for end in 0..bytes.len() {
            let error = try_open(&bytes[..end]);
            // What can be cut off a text without harm is the categories' line and the end of the file.
            assert!(error.is_some() || name.starts_with("lightgbm"), "{name} at {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_are_an_error_or_a_model(
        which in 0_usize..5,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = models().swap_remove(which).1;
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        try_open(&bytes);
    }

    #[test]
    fn digits_in_place_of_digits_are_an_error_or_a_model(
        which in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), b'0'..=b'9'), 1..8),
    ) {
        let mut bytes = models().swap_remove(which).1;
        let digits: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
        for (place, digit) in changes {
            bytes[digits[place.index(digits.len())]] = digit;
        }
        try_open(&bytes);
    }

    #[test]
    fn bytes_of_any_kind_are_an_error(start in 0_usize..6, rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let starts: [&[u8]; 6] = [b"", b"tree\n", b"{L", b"{\"learner\":", b"{\"features_info\":", b"{i"];
        let bytes = [starts[start], &rest].concat();
        prop_assert!(try_open(&bytes).is_some());
    }
}

fn lightgbm_problem(from: &str, to: &str) -> String {
    let text = lightgbm_text("regression", 1, &[by_hand_lightgbm::categories()], "");
    assert!(text.contains(from), "{from}");
    try_open(text.replacen(from, to, 1).as_bytes()).map_or("no error".to_owned(), |error| error.to_string())
}

#[test]
fn huge_counts_are_not_believed() {
    assert!(lightgbm_problem("num_leaves=2", "num_leaves=4000000000").contains("`num_leaves` is 4000000000"));
    assert!(lightgbm_problem("max_feature_idx=0", "max_feature_idx=4000000000").contains("4000000001 are needed"));
    assert!(lightgbm_problem("num_tree_per_iteration=1", "num_tree_per_iteration=99999").contains("a multiple of"));
    let mut model = by_hand_xgboost::model("multi:softprob", "0.5", vec![by_hand_xgboost::stump()]);
    model["learner"]["learner_model_param"]["num_class"] = json!("4000000000");
    let error = try_open(&serde_json::to_vec(&model).unwrap()).unwrap().to_string();
    assert!(error.contains("holds 1 trees or weights for 4000000000 classes"), "{error}");
    let mut model = by_hand_xgboost::model("reg:squarederror", "0.5", vec![by_hand_xgboost::stump()]);
    model["learner"]["learner_model_param"]["num_feature"] = json!("4000000000");
    model["learner"]["feature_names"] = json!([]);
    assert!(try_open(&serde_json::to_vec(&model).unwrap()).is_some());
    // A list that declares a terabyte, of which four bytes follow.
    let mut bytes = b"{L\0\0\0\0\0\0\0\x07learner[$d#L\0\0\x01\0\0\0\0\0".to_vec();
    bytes.extend([0, 0, 0, 0]);
    assert!(try_open(&bytes).unwrap().to_string().contains("more bytes are needed"));
    // So many nulls would need no byte each.
    assert!(try_open(b"{i\x07learner[$Z#L\x0f\xff\xff\xff\xff\xff\xff\xff").is_some());
}

#[test]
fn deep_nesting_is_not_followed() {
    let ubj: Vec<u8> = b"{i\x07learner".iter().copied().chain(std::iter::repeat_n(b'[', 1_000_000)).collect();
    assert!(try_open(&ubj).unwrap().to_string().contains("nested more than 64 deep"));
    let maps: Vec<u8> = std::iter::repeat_n(*b"{i\x01a", 200_000).flatten().collect();
    assert!(try_open(&maps).unwrap().to_string().contains("nested more than 64 deep"));
    let json = format!("{{\"learner\":{}", "[".repeat(1_000_000));
    assert!(try_open(json.as_bytes()).unwrap().to_string().contains("recursion limit"));
    let nested = format!("{{\"features_info\":{{}},\"trees\":[{}", "{\"left\":".repeat(100_000));
    assert!(try_open(nested.as_bytes()).is_some());
}

#[test]
fn cycles_and_lost_children_are_found() {
    assert!(lightgbm_problem("left_child=-1", "left_child=0").contains("node 0 is reached twice"));
    assert!(lightgbm_problem("left_child=-1", "left_child=-2").contains("reached twice"));
    assert!(lightgbm_problem("left_child=-1", "left_child=-3").contains("node 0 has the child -3"));
    assert!(lightgbm_problem("left_child=-1", "left_child=9223372036854775807").contains("has the child"));
    assert!(lightgbm_problem("left_child=-1", "left_child=-9223372036854775808").contains("has the child"));
    assert!(lightgbm_problem("split_feature=0", "split_feature=7").contains("feature 7"));
    assert!(lightgbm_problem("cat_boundaries=0 1", "cat_boundaries=0 9").contains("category set"));
    assert!(lightgbm_problem("threshold=0", "threshold=1e30").contains("category set"));
    let xgboost = |key: &str, values: Value| {
        let mut model = by_hand_xgboost::model("reg:squarederror", "0.5", vec![by_hand_xgboost::stump()]);
        model["learner"]["gradient_booster"]["model"]["trees"][0][key] = values;
        try_open(&serde_json::to_vec(&model).unwrap()).map_or("no error".to_owned(), |error| error.to_string())
    };
    assert!(xgboost("left_children", json!([0, -1, -1])).contains("node 0 is reached twice"));
    assert!(xgboost("left_children", json!([2, -1, -1])).contains("node 2 is reached twice"));
    assert!(xgboost("right_children", json!([3, -1, -1])).contains("node 0 has the child 3"));
    assert!(xgboost("right_children", json!([-2, -1, -1])).contains("node 0 has the child -2"));
    assert!(xgboost("right_children", json!([2, -1])).contains("has 2 values, 3 are needed"));
    assert!(xgboost("split_indices", json!([1, 0, 0])).contains("splits feature 1"));
    assert!(xgboost("split_indices", json!([0.5, 0, 0])).contains("not a whole number"));
    assert!(xgboost("left_children", json!([])).contains("needed"));
}

#[test]
fn category_sets_cannot_be_used_again_and_again() {
    let mut model = by_hand_xgboost::categories(&Value::Null);
    let tree = &mut model["learner"]["gradient_booster"]["model"]["trees"][0];
    tree["categories_nodes"] = json!([0, 1]);
    tree["categories_segments"] = json!([0, 0]);
    tree["categories_sizes"] = json!([2, 2]);
    let error = try_open(&serde_json::to_vec(&model).unwrap()).unwrap().to_string();
    assert!(error.contains("holds 2 values, 4 are needed"), "{error}");
}

#[test]
fn numbers_that_are_none() {
    // A threshold that is no number sends everything right, as in the library.
    let text = lightgbm_text("regression", 1, &[by_hand_lightgbm::stump(8)], "");
    let model = opened("tiny", text.replace("threshold=0.5", "threshold=nan").as_bytes()).unwrap();
    let columns = vec![InputColumn::Number(&[0.0, f64::INFINITY, f64::NAN])];
    let found = crate::support::values(model.predict(&Inputs { n_rows: 3, columns }).unwrap());
    assert_eq!(found, [2.0, 2.0, 2.0]);
}
