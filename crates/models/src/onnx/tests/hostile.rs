//! Files that are broken or mean harm are refused in words, in little time and memory.

use proptest::prelude::*;
use prost::Message;

use super::super::OnnxModel;
use super::super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntry, TensorProto};
use super::super::tensor::element;
use super::small::{constant, ints, model, node, open, stump, texts, value};
use crate::{InputColumn, Inputs, Model};

/// What is said when the model is opened and asked for two rows.
fn said(model: &ModelProto) -> String {
    let opened = match open(model) {
        Ok(opened) => opened,
        Err(error) => return error.to_string(),
    };
    let values = [1.0, 2.0];
    let columns = opened.info().inputs.iter().map(|_| InputColumn::Number(&values)).collect();
    match opened.predict(&Inputs { n_rows: 2, columns }) {
        Ok(outputs) => panic!("answered {outputs:?}"),
        Err(error) => error.to_string(),
    }
}

/// A model of one input `x` and output `y`.
fn graph(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
    model(GraphProto {
        node: nodes,
        initializer,
        input: vec![value("x", element::FLOAT, Some(1))],
        output: vec![value("y", element::FLOAT, Some(1))],
        ..GraphProto::default()
    })
}

fn changed(change: impl FnOnce(&mut Vec<AttributeProto>)) -> ModelProto {
    let mut model = stump();
    change(&mut model.graph.as_mut().unwrap().node[1].attribute);
    model
}

fn replaced(with: AttributeProto) -> ModelProto {
    changed(|attributes| {
        attributes.retain(|a| a.name != with.name);
        attributes.push(with);
    })
}

#[test]
fn messages() {
    let big = 1_i64 << 40;
    let external = TensorProto {
        data_location: 1,
        external_data: vec![StringStringEntry { key: "location".into(), value: "../../etc/passwd".into() }],
        ..constant("c", &[1], &[])
    };
    let uses_c = || vec![node("", "Add", &["x", "c"], &["y"], Vec::new())];
    let cases = [
        graph(vec![node("", "Loop", &["x"], &["y"], Vec::new())], Vec::new()),
        graph(vec![node("my.own", "Magic", &["x"], &["y"], Vec::new())], Vec::new()),
        graph(
            vec![node("", "Relu", &["z"], &["y"], Vec::new()), node("", "Relu", &["y"], &["z"], Vec::new())],
            Vec::new(),
        ),
        graph(vec![node("", "Relu", &["z"], &["y"], Vec::new())], Vec::new()),
        graph(
            vec![node("", "Relu", &["x"], &["y"], Vec::new()), node("", "Abs", &["x"], &["y"], Vec::new())],
            Vec::new(),
        ),
        graph(uses_c(), vec![external]),
        graph(uses_c(), vec![constant("c", &[big, big, big], &[1])]),
        graph(uses_c(), vec![constant("c", &[-1], &[1])]),
        graph(uses_c(), vec![constant("c", &[2], &[1, 2])]),
        graph(vec![node("", "ConstantOfShape", &["c"], &["y"], Vec::new())], vec![constant("c", &[2], &[big, big])]),
        graph(vec![node("", "Reshape", &["x", "c"], &["y"], Vec::new())], vec![constant("c", &[3], &[big, big, -1])]),
        graph(vec![node("", "Expand", &["x", "c"], &["y"], Vec::new())], vec![constant("c", &[2], &[1, big])]),
        graph(vec![node("", "Gather", &["x", "c"], &["y"], Vec::new())], vec![constant("c", &[1], &[99])]),
        model(GraphProto::default()),
        replaced(ints("nodes_truenodeids", &[1, 0])),
        replaced(ints("nodes_truenodeids", &[0, 0, 0])),
        replaced(ints("nodes_truenodeids", &[2, 0, 0])),
        replaced(ints("nodes_truenodeids", &[9, 0, 0])),
        replaced(ints("nodes_featureids", &[5, 0, 0])),
        replaced(ints("nodes_featureids", &[-5, 0, 0])),
        replaced(ints("nodes_nodeids", &[0, 1, 1])),
        replaced(ints("class_ids", &[0, 1, 0, 7])),
        replaced(texts("nodes_modes", &["BRANCH_MAYBE", "LEAF", "LEAF"])),
    ];
    insta::assert_snapshot!(cases.iter().map(said).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn a_long_chain_is_no_deep_recursion() {
    let name = |i: usize| {
        if i == 0 {
            "x".to_owned()
        } else if i == 50_000 {
            "y".to_owned()
        } else {
            format!("v{i}")
        }
    };
    let nodes = (0..50_000).map(|i| node("", "Relu", &[&name(i)], &[&name(i + 1)], Vec::new())).collect();
    let opened = open(&graph(nodes, Vec::new())).unwrap();
    let answer = opened.predict(&Inputs { n_rows: 1, columns: vec![InputColumn::Number(&[-1.0])] }).unwrap();
    assert_eq!(answer, crate::Outputs::Values(vec![0.0]));
}

#[test]
fn many_large_values_are_not_kept() {
    // Each node asks for 6 million numbers; held together they would be 600 million.
    let mut nodes: Vec<NodeProto> =
        (0..100).map(|i| node("", "ConstantOfShape", &["c"], &[&format!("v{i}")], Vec::new())).collect();
    let names: Vec<String> = (0..100).map(|i| format!("v{i}")).collect();
    nodes.push(node("", "Sum", &names.iter().map(String::as_str).collect::<Vec<_>>(), &["y"], Vec::new()));
    let said = said(&graph(nodes, vec![constant("c", &[1], &[6_000_000])]));
    assert!(said.contains("more than 8 million numbers"), "{said}");
}

/// Opening and asking must end without a panic, whatever the bytes.
fn survives(bytes: &[u8]) {
    if let Ok(model) = OnnxModel::from_bytes("m.onnx", bytes) {
        let values = [1.0, f64::NAN];
        let columns = model.info().inputs.iter().map(|_| InputColumn::Number(&values)).collect();
        let _ = model.predict(&Inputs { n_rows: 2, columns });
    }
}

#[test]
fn every_truncation_is_survived() {
    let bytes = stump().encode_to_vec();
    for n in 0..bytes.len() {
        survives(&bytes[..n]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn flipped_bytes_are_survived(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = stump().encode_to_vec();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        survives(&bytes);
    }

    #[test]
    fn numbers_of_any_size_are_survived(dims in proptest::collection::vec(any::<i64>(), 0..4), which in 0usize..6, axis in any::<i64>()) {
        let op = ["Reshape", "ConstantOfShape", "Expand", "Gather", "Unsqueeze", "Squeeze"][which];
        let inputs: &[&str] = if op == "ConstantOfShape" { &["c"] } else { &["x", "c"] };
        let axis = AttributeProto { name: "axis".into(), i: axis, r#type: 2, ..AttributeProto::default() };
        let c = constant("c", &[dims.len() as i64], &dims);
        survives(&graph(vec![node("", op, inputs, &["y"], vec![axis])], vec![c]).encode_to_vec());
    }

    #[test]
    fn slices_of_any_size_are_survived(start in any::<i64>(), end in any::<i64>(), step in any::<i64>(), axis in -3i64..3) {
        let one = |name: &str, v| constant(name, &[1], &[v]);
        let constants = vec![one("a", start), one("b", end), one("c", axis), one("d", step)];
        let slice = node("", "Slice", &["x", "a", "b", "c", "d"], &["y"], Vec::new());
        survives(&graph(vec![slice], constants).encode_to_vec());
    }

    #[test]
    fn windows_of_any_size_are_survived(kernel in any::<i64>(), stride in any::<i64>(), pad in any::<i64>(), small in 1i64..4) {
        for (k, s, p) in [(kernel, stride, pad), (small, stride, pad), (small, small, pad), (1 << 20, 1, 1 << 20)] {
            let attributes = || vec![ints("kernel_shape", &[k, k]), ints("strides", &[s, s]), ints("pads", &[p, p, p, p])];
            let pool = |op: &str| node("", op, &["p"], &["y"], attributes());
            let shape = constant("c", &[4], &[1, 1, 1, -1]);
            let reshape = || node("", "Reshape", &["x", "c"], &["p"], Vec::new());
            survives(&graph(vec![reshape(), pool("MaxPool")], vec![shape.clone()]).encode_to_vec());
            let w = constant("w", &[1, 1, 1, 1], &[1]);
            let conv = node("", "Conv", &["p", "w"], &["y"], attributes());
            survives(&graph(vec![reshape(), conv], vec![shape, w]).encode_to_vec());
        }
    }
}
