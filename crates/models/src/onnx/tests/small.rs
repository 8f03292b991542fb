//! Small models made in memory.

use prost::Message;

use super::super::OnnxModel;
use super::super::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetId, TensorProto, TensorShapeProto,
    TensorType, TypeProto, ValueInfoProto,
};
use super::super::tensor::element;
use crate::{Input, InputColumn, InputKind, Inputs, Model, ModelError, Outputs};

pub(super) fn value(name: &str, elem_type: i32, width: Option<i64>) -> ValueInfoProto {
    let dim = |dim_value| Dimension { dim_value };
    let shape = Some(TensorShapeProto { dim: vec![dim(None), dim(width)] });
    let tensor_type = Some(TensorType { elem_type, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type, sequence_type: None }) }
}

pub(super) fn node(
    domain: &str,
    op_type: &str,
    input: &[&str],
    output: &[&str],
    attribute: Vec<AttributeProto>,
) -> NodeProto {
    let texts = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    NodeProto {
        input: texts(input),
        output: texts(output),
        name: format!("my_{op_type}"),
        op_type: op_type.into(),
        attribute,
        domain: domain.into(),
    }
}

pub(super) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.to_vec(), r#type: 7, ..AttributeProto::default() }
}

pub(super) fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    AttributeProto { name: name.into(), floats: floats.to_vec(), r#type: 6, ..AttributeProto::default() }
}

pub(super) fn texts(name: &str, texts: &[&str]) -> AttributeProto {
    let strings = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
    AttributeProto { name: name.into(), strings, r#type: 8, ..AttributeProto::default() }
}

pub(super) fn constant(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    let data_type = element::INT64;
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

pub(super) fn model(graph: GraphProto) -> ModelProto {
    let set = |domain: &str, version| OperatorSetId { domain: domain.into(), version };
    ModelProto {
        ir_version: 8,
        producer_name: "test".into(),
        graph: Some(graph),
        opset_import: vec![set("", 18), set("ai.onnx.ml", 3)],
        metadata_props: Vec::new(),
    }
}

/// One stump: class 1 with probability 3/4 where `age` is above 30, else 1/4.
pub(super) fn stump() -> ModelProto {
    let attributes = vec![
        ints("nodes_treeids", &[0, 0, 0]),
        ints("nodes_nodeids", &[0, 1, 2]),
        ints("nodes_featureids", &[0, 0, 0]),
        ints("nodes_truenodeids", &[1, 0, 0]),
        ints("nodes_falsenodeids", &[2, 0, 0]),
        floats("nodes_values", &[30.0, 0.0, 0.0]),
        texts("nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]),
        ints("class_treeids", &[0, 0, 0, 0]),
        ints("class_nodeids", &[1, 1, 2, 2]),
        ints("class_ids", &[0, 1, 0, 1]),
        floats("class_weights", &[0.75, 0.25, 0.25, 0.75]),
        texts("classlabels_strings", &["no", "yes"]),
    ];
    model(GraphProto {
        node: vec![
            node(
                "",
                "Concat",
                &["age", "pay"],
                &["both"],
                vec![AttributeProto { name: "axis".into(), i: 1, r#type: 2, ..AttributeProto::default() }],
            ),
            node("ai.onnx.ml", "TreeEnsembleClassifier", &["both"], &["label", "probabilities"], attributes),
        ],
        input: vec![value("age", element::FLOAT, Some(1)), value("pay", element::FLOAT, Some(1))],
        output: vec![value("label", element::STRING, None), value("probabilities", element::FLOAT, Some(2))],
        ..GraphProto::default()
    })
}

pub(super) fn open(model: &ModelProto) -> Result<OnnxModel, ModelError> {
    OnnxModel::from_bytes("credit.onnx", &model.encode_to_vec())
}

#[test]
fn a_stump_by_hand() {
    let model = open(&stump()).unwrap();
    let number = |name: &str| Input { name: name.into(), kind: InputKind::Number };
    assert_eq!(model.info().inputs, [number("age"), number("pay")]);
    assert_eq!(model.info().classes, Some(vec!["no".to_owned(), "yes".to_owned()]));
    assert_eq!(model.info().task, Some(equipoise_document::Task::Binary));
    assert_eq!(model.info().describes, "a decision tree in ONNX by test");
    // A missing age is not at most 30, so it goes with those above.
    let (age, pay) = ([30.0, 30.5, f64::NAN], [0.0; 3]);
    let batch = Inputs { n_rows: 3, columns: vec![InputColumn::Number(&age), InputColumn::Number(&pay)] };
    assert_eq!(model.predict(&batch).unwrap(), Outputs::Probability(vec![0.25, 0.75, 0.75]));
    let none = Inputs { n_rows: 0, columns: vec![InputColumn::Number(&[]), InputColumn::Number(&[])] };
    assert_eq!(model.predict(&none).unwrap(), Outputs::Probability(Vec::new()));
}

#[test]
fn a_spec_may_name_the_classes() {
    let bytes = stump().encode_to_vec();
    let spec = |classes: &[&str]| equipoise_document::ModelSpec {
        classes: classes.iter().map(|c| (*c).to_owned()).collect(),
        ..equipoise_document::ModelSpec::default()
    };
    let model = super::super::read("m.onnx", &bytes, &spec(&["bad", "good"])).unwrap();
    assert_eq!(model.info().classes, Some(vec!["bad".to_owned(), "good".to_owned()]));
    let error = super::super::read("m.onnx", &bytes, &spec(&["a", "b", "c"])).err().unwrap();
    assert_eq!(
        error.to_string(),
        "`m.onnx`: 3 classes are named for a model with 2\nhint: name the classes in the order of the model's outputs"
    );
}
