//! What people read when a file cannot be used.

use equipoise_document::ModelSpec;
use equipoise_models::{InputColumn, Inputs, open};
use serde_json::{Value, json};

use crate::{
    by_hand_catboost, by_hand_lightgbm, by_hand_xgboost,
    support::{lightgbm_text, opened},
};

fn message(path: &str, bytes: &[u8]) -> String {
    opened(path, bytes).err().map_or("no error".to_owned(), |error| error.to_string())
}

fn of_json(model: &Value) -> String {
    message("model.json", &serde_json::to_vec(model).unwrap())
}

#[test]
fn formats_that_are_not_read() {
    assert_eq!(message("m.txt", b""), "`m.txt`: the file is empty\nhint: save the model again");
    assert_eq!(
        message("m.cbm", b"CBM1\0\0"),
        "`m.cbm`: this is CatBoost's binary format, which only CatBoost reads\n\
         hint: save the model as JSON: `model.save_model(\"model.json\", format=\"json\")`"
    );
    assert_eq!(
        message("m.pkl", b"\x80\x04\x95"),
        "`m.pkl`: this is a pickled Python object, which would have to be run to be read\n\
         hint: export scikit-learn models to ONNX with skl2onnx, and save boosted trees in their library's own format"
    );
    assert!(message("m.joblib", b"whatever").contains("pickled Python object"));
    assert!(message("m.bin", b"binf\0").contains("XGBoost's old binary format"));
    assert_eq!(
        message("m.json", b"{\"a\": 1}"),
        "`m.json`: the format of the model is not recognised\n\
         hint: LightGBM text, XGBoost JSON or UBJSON, CatBoost JSON, InterpretML's EBM JSON and ONNX are read; the spec's `format` names one"
    );
    let spec = ModelSpec { format: Some("pmml".into()), ..ModelSpec::default() };
    assert_eq!(
        open("m.xml", b"<PMML/>", &spec).err().unwrap().to_string(),
        "`m.xml`: the model format `pmml` is not known\nhint: the formats are lightgbm, xgboost, catboost, ebm and onnx"
    );
}

#[test]
fn lightgbm_files_that_are_damaged() {
    let text = lightgbm_text("regression", 1, &[by_hand_lightgbm::stump(8)], "");
    let ask = |from: &str, to: &str| message("m.txt", text.replacen(from, to, 1).as_bytes());
    let damaged = |problem: &str| {
        format!(
            "`m.txt` is not a readable LightGBM model: {problem}\n\
             hint: save the model again with `booster.save_model(...)`"
        )
    };
    assert_eq!(ask("end of trees", ""), damaged("line 39: the file ends without `end of trees`"));
    assert_eq!(ask("left_child=-1", "left_child=-1 2"), damaged("line 19: `left_child` has 2 values, 1 are needed"));
    assert_eq!(ask("threshold=0.5", "threshold=half"), damaged("line 17: `threshold` holds `half`"));
    assert_eq!(
        ask("left_child=-1", "left_child=0"),
        damaged("line 12: tree 0: node 0 is reached twice (the nodes form a cycle or share a branch)")
    );
    assert_eq!(
        ask("feature_names=f0", "feature_names=a b"),
        damaged("line 8: `feature_names` has 2 names, 1 are needed")
    );
    assert_eq!(
        ask("num_leaves=2", "num_leaves=4000000000"),
        damaged("line 21: `leaf_value` has 2 values, but `num_leaves` is 4000000000")
    );
    assert_eq!(message("m.txt", b"tree\nversion=\xff"), damaged("line 2: the text is not UTF-8"));
    assert_eq!(
        ask("objective=regression", "objective=lambdarank"),
        "`m.txt`: the objective `lambdarank` ranks rows within queries, which cannot be assessed\n\
         hint: train with a regression, binary or multiclass objective"
    );
}

#[test]
fn xgboost_files_that_are_damaged_or_too_much() {
    let model = || by_hand_xgboost::model("reg:squarederror", "0.5", vec![by_hand_xgboost::stump()]);
    let damaged = |problem: &str| {
        format!(
            "`model.json` is not a readable XGBoost model: {problem}\n\
             hint: save the model again with `booster.save_model(\"model.json\")`"
        )
    };
    let mut short = model();
    short["learner"]["gradient_booster"]["model"]["trees"][0]["default_left"] = json!([1]);
    assert_eq!(
        of_json(&short),
        damaged("`learner.gradient_booster.model.trees[0].default_left` has 1 values, 3 are needed")
    );
    let mut lost = model();
    lost["learner"]["gradient_booster"]["model"]["trees"][0]["right_children"] = json!([3, -1, -1]);
    assert_eq!(of_json(&lost), damaged("tree 0: node 0 has the child 3, which does not exist"));
    let mut base = model();
    base["learner"]["learner_model_param"]["base_score"] = json!("half");
    assert_eq!(of_json(&base), damaged("`learner.learner_model_param.base_score` is `half`, a number is needed"));
    let mut missing = model();
    missing["learner"].as_object_mut().unwrap().remove("objective");
    assert_eq!(of_json(&missing), damaged("`learner` has no field `objective`"));
    assert_eq!(
        message("model.json", b"{\"learner\": {\n\"a\": "),
        damaged("EOF while parsing a value at line 2 column 5")
    );
    assert!(message("m.ubj", b"{L\0\0\0\0\0\0\0\x07learner[q").contains("byte 18: `0x71` is not the mark of a value"));
    let mut ranks = model();
    ranks["learner"]["objective"]["name"] = json!("rank:ndcg");
    assert_eq!(
        of_json(&ranks),
        "`model.json`: the objective `rank:ndcg` ranks rows within groups, which cannot be assessed\n\
         hint: train with a regression, binary or multiclass objective"
    );
    let mut targets = model();
    targets["learner"]["learner_model_param"]["num_target"] = json!("2");
    assert_eq!(
        of_json(&targets),
        "`model.json`: the model predicts several targets at once\nhint: train one model per target"
    );
}

#[test]
fn catboost_files_that_are_damaged_or_too_much() {
    let model = || by_hand_catboost::two_splits("AsIs");
    let mut leaves = model();
    leaves["oblivious_trees"][0]["leaf_values"] = json!([1, 2, 3, 4, 5]);
    assert_eq!(
        of_json(&leaves),
        "`model.json` is not a readable CatBoost model: `oblivious_trees[0]` has 5 leaf values, which does not fit \
         2 splits and 1 outputs\nhint: save the model again with `model.save_model(\"model.json\", format=\"json\")`"
    );
    let mut text = model();
    text["features_info"]["text_features"] = json!([{}]);
    assert_eq!(
        of_json(&text),
        "`model.json`: the model reads text or embedding features\n\
         hint: train without `text_features` and `embedding_features`, or serve the model from an endpoint"
    );
    let mut statistics = model();
    statistics["features_info"]["ctrs"] = json!([{
        "identifier": "of month", "ctr_type": "Borders", "borders": [1], "prior_numerator": 0.5,
        "prior_denomerator": 1, "shift": 0, "scale": 10, "elements": []
    }]);
    assert_eq!(
        of_json(&statistics),
        "`model.json`: the file does not hold the target statistics `of month`\n\
         hint: save the model as JSON from Python with its training pool, or train with a large `one_hot_max_size`"
    );
    let mut lost = model();
    lost["oblivious_trees"][0]["splits"][0]["float_feature_index"] = json!(9);
    assert!(of_json(&lost).contains("`oblivious_trees[0]`: a split asks for a number that does not exist"));
}

#[test]
fn rows_that_do_not_fit() {
    let text = lightgbm_text("regression", 1, &[by_hand_lightgbm::stump(8)], "");
    let model = opened("m.txt", text.as_bytes()).unwrap();
    let ask = |columns: Vec<InputColumn<'_>>| {
        model.predict(&Inputs { n_rows: 2, columns }).err().map(|error| error.to_string()).unwrap()
    };
    assert_eq!(
        ask(vec![]),
        "the model cannot answer: 0 columns were given, 1 are needed\n\
         hint: give the columns in the order of the model's inputs"
    );
    assert_eq!(
        ask(vec![InputColumn::Number(&[1.0])]),
        "the model cannot answer: the column `f0` has 1 values for 2 rows\nhint: give one value per row"
    );
    let levels = ["1".to_owned(), "high".to_owned()];
    assert_eq!(
        ask(vec![InputColumn::Codes { codes: &[0, 1], levels: &levels }]),
        "the model cannot answer: the column `f0` holds the name `high`, but the model wants numbers\n\
         hint: encode the column as it was encoded when the model was trained"
    );
    let spec = ModelSpec { classes: vec!["a".into()], ..ModelSpec::default() };
    let text = lightgbm_text("binary sigmoid:1", 1, &[by_hand_lightgbm::stump(8)], "");
    assert_eq!(
        open("m.txt", text.as_bytes(), &spec).err().unwrap().to_string(),
        "`m.txt`: 1 classes are named for a model with 2\nhint: name the classes in the order of the model's outputs"
    );
}
