//! Small tables bound to small models by hand.

use std::sync::Arc;

use super::*;

fn info(inputs: &[(&str, InputKind)]) -> ModelInfo {
    let inputs = inputs.iter().map(|(name, kind)| Input { name: (*name).to_owned(), kind: kind.clone() }).collect();
    ModelInfo { inputs, ..ModelInfo::default() }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn column(name: &str, column_type: ColumnType, levels: &[&str]) -> ColumnInfo {
    ColumnInfo {
        name: name.to_owned(),
        column_type,
        levels: texts(levels).into(),
        n_missing: 0,
        n_infinite: 0,
        min: None,
        max: None,
        sample: Vec::new().into(),
    }
}

/// Columns 0 age, 1 sex, 2 grade (names that are numbers), 3 member (boolean), 4 pay rate, 5 zip (number).
fn schema() -> Schema {
    Schema {
        columns: vec![
            column("age", ColumnType::Numeric, &[]),
            column("sex", ColumnType::Categorical, &["Female", "Male"]),
            column("grade", ColumnType::Categorical, &["1", "2.5"]),
            column("member", ColumnType::Boolean, &["false", "true"]),
            column("pay rate", ColumnType::Numeric, &[]),
            column("zip", ColumnType::Numeric, &[]),
        ],
    }
}

fn data(index: usize) -> Column {
    let codes =
        |codes: &[u32]| Column::Codes { codes: codes.into(), levels: Arc::clone(&schema().columns[index].levels) };
    match index {
        0 => Column::Number([30.0, f64::NAN, 50.5].into()),
        1 => codes(&[1, 0, MISSING]),
        2 => codes(&[0, 1, MISSING]),
        3 => codes(&[1, 0, 1]),
        4 => Column::Number([1.0, 2.0, 3.0].into()),
        _ => Column::Number([10_115.0, 80_331.0, f64::NAN].into()),
    }
}

/// What the model is handed: numbers (NaN as −1) or names (`-` where missing).
fn bound(info: &ModelInfo, features: &[&str]) -> Vec<Vec<String>> {
    let binding = Binding::new(info, &schema(), &texts(features)).unwrap();
    let columns: Vec<Column> = binding.columns().iter().map(|&i| data(i)).collect();
    let inputs = binding.inputs(&columns).unwrap();
    let batch = inputs.as_inputs();
    assert_eq!(batch.n_rows, 3);
    let shown = batch.columns.iter().map(|column| match column {
        InputColumn::Number(v) => v.iter().map(|x| if x.is_nan() { "NaN".to_owned() } else { x.to_string() }).collect(),
        InputColumn::Codes { codes, levels } => {
            codes.iter().map(|&c| levels.get(c as usize).cloned().unwrap_or_else(|| "-".to_owned())).collect()
        }
    });
    shown.collect()
}

const NUMBER: InputKind = InputKind::Number;

#[test]
fn by_name_in_the_order_of_the_model() {
    let info = info(&[("sex", InputKind::Category(None)), ("age", NUMBER)]);
    assert_eq!(bound(&info, &["age", "sex", "zip"]), [["Male", "Female", "-"], ["30", "NaN", "50.5"]]);
    // A named input may take a column that is not among the features.
    assert_eq!(bound(&info, &["zip"])[1], ["30", "NaN", "50.5"]);
    let binding = Binding::new(&info, &schema(), &texts(&["age", "sex", "zip"])).unwrap();
    assert_eq!(binding.columns(), [0, 1]);
    assert_eq!(binding.names().collect::<Vec<_>>(), ["sex", "age"]);
}

#[test]
fn indicators_of_values() {
    // Missing is no value, and neither is one that these rows do not hold.
    let equals = info(&[("sex=Male", NUMBER), ("sex=Other", NUMBER), ("grade=2.5", NUMBER), ("zip=10115", NUMBER)]);
    assert_eq!(bound(&equals, &[]), [["1", "0", "0"], ["0", "0", "0"], ["0", "1", "0"], ["1", "0", "0"]]);
    let pandas = info(&[("sex_Male", NUMBER), ("sex_Other", NUMBER), ("member_True", NUMBER), ("grade_1.0", NUMBER)]);
    assert_eq!(bound(&pandas, &[]), [["1", "0", "0"], ["0", "0", "0"], ["1", "0", "1"], ["1", "0", "0"]]);
    let prefixed = info(&[("cat__sex_Female", NUMBER), ("num__age", NUMBER)]);
    assert_eq!(bound(&prefixed, &[]), [["0", "1", "0"], ["30", "NaN", "50.5"]]);
}

#[test]
fn an_indicator_that_could_be_two_is_not_guessed() {
    let mut schema = schema();
    schema.columns.push(column("sex_Male", ColumnType::Categorical, &["x_1", "y"]));
    schema.columns.push(column("sex", ColumnType::Categorical, &["Male_x_1"]));
    schema.columns[1].levels = texts(&["Male_x_1"]).into();
    let error = Binding::new(&info(&[("sex_Male_x_1", NUMBER)]), &schema, &[]).unwrap_err();
    assert!(matches!(error, ModelError::Mismatch { .. }), "{error}");
}

#[test]
fn names_that_libraries_have_to_change() {
    let info = info(&[("pay_rate", NUMBER)]);
    assert_eq!(bound(&info, &["pay rate"]), [["1", "2", "3"]]);
}

#[test]
fn numbers_and_names_for_one_another() {
    let numbers = info(&[("grade", NUMBER), ("member", NUMBER)]);
    assert_eq!(bound(&numbers, &[]), [["1", "2.5", "NaN"], ["1", "0", "1"]]);
    let names = info(&[("zip", InputKind::Category(None))]);
    assert_eq!(bound(&names, &[]), [["10115", "80331", "-"]]);
    // The model's own spelling of the same number, and of the same boolean.
    let listed = |names: &[&str]| InputKind::Category(Some(texts(names)));
    let spelled =
        info(&[("zip", listed(&["10115.0"])), ("member", listed(&["True", "False"])), ("grade", listed(&["1.0"]))]);
    assert_eq!(bound(&spelled, &[]), [["10115.0", "80331", "-"], ["True", "False", "True"], ["1.0", "2.5", "-"]]);
}

#[test]
fn unnamed_inputs_take_the_features_in_order() {
    let want = [["1", "2", "3"], ["30", "NaN", "50.5"]];
    assert_eq!(bound(&info(&[("f0", NUMBER), ("f1", NUMBER)]), &["pay rate", "age"]), want);
    assert_eq!(bound(&info(&[("Column_0", NUMBER), ("Column_1", NUMBER)]), &["pay rate", "age"]), want);
}

#[test]
fn a_tensor_takes_the_features_in_order() {
    let want = [["1", "2", "3"], ["1", "2.5", "NaN"], ["30", "NaN", "50.5"]];
    assert_eq!(bound(&info(&[("X", InputKind::Tensor(3))]), &["pay rate", "grade", "age"]), want);
    // Of any width.
    assert_eq!(bound(&info(&[("X", InputKind::Tensor(0))]), &["pay rate", "grade", "age"]), want);
    // What a named input takes is not left for the tensor.
    let mixed = info(&[("age", NUMBER), ("X", InputKind::Tensor(2))]);
    assert_eq!(bound(&mixed, &["pay rate", "age", "grade"]), [want[2], want[0], want[1]]);
}

#[test]
fn an_endpoint_takes_everything_as_it_is() {
    assert_eq!(bound(&info(&[]), &["sex", "age"]), [["Male", "Female", "-"], ["30", "NaN", "50.5"]]);
}

#[test]
fn texts_are_read_as_numbers_chunk_by_chunk() {
    let schema = Schema { columns: vec![column("note", ColumnType::Text, &[])] };
    let binding = Binding::new(&info(&[("note", NUMBER)]), &schema, &[]).unwrap();
    let chunk = |levels: &[&str]| [Column::Codes { codes: [0].into(), levels: texts(levels).into() }];
    assert!(binding.inputs(&chunk(&["1.5"])).is_ok());
    let error = binding.inputs(&chunk(&["soon"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model's features do not match the data\n\
         the model wants numbers for `note`, but the data has names, for example `soon`\n\
         hint: encode the column as in training, or assess the whole pipeline with its encoder"
    );
}

#[test]
fn messages() {
    let many: Vec<String> = (0..14).map(|i| format!("feature_{i}")).collect();
    let many: Vec<(&str, InputKind)> = many.iter().map(|name| (name.as_str(), NUMBER)).collect();
    let said = |inputs: &[(&str, InputKind)], features: &[&str]| {
        Binding::new(&info(inputs), &schema(), &texts(features)).unwrap_err().to_string()
    };
    let messages = [
        said(
            &[("agee", NUMBER), ("Sex", InputKind::Category(None)), ("height", NUMBER), ("zip", NUMBER)],
            &["age", "zip"],
        ),
        said(&many, &["age", "sex", "grade", "member", "pay rate", "zip"]),
        said(&[("sex", NUMBER)], &[]),
        said(&[("X", InputKind::Tensor(64))], &["age", "zip"]),
        said(&[("age", NUMBER)], &["membr"]),
    ];
    insta::assert_snapshot!(messages.join("\n\n"));
}
