//! Every operator, one node at a time, against what ONNX Runtime answers (its version stands in the file).
//!
//! Of classifiers the probabilities are compared. The label here is always the class with the largest of them; the
//! runtime takes votes of support vector machines, and half of untransformed scores of trees. Left out are ensembles of
//! two classes for which the runtime departs from the operator's definition: a softmax of a single score, which it
//! skips, leaves that speak of the second class only, and two base values, of which it drops one.

use base64::Engine;
use prost::Message;
use serde_json::Value;

use super::super::graph::Graph;
use super::super::proto::ModelProto;
use super::super::tensor::{Data, Tensor, Text};

/// A value of the file. `null` is NaN.
fn tensor(value: &Value) -> Tensor {
    let list = value["data"].as_array().unwrap();
    let shape = value["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let float = |v: &Value| match v {
        Value::Null => f64::NAN,
        Value::String(s) => s.parse().unwrap(),
        v => v.as_f64().unwrap(),
    };
    let data = match value["type"].as_str().unwrap() {
        "f32" => Data::F32(list.iter().map(|v| float(v) as f32).collect()),
        "f64" => Data::F64(list.iter().map(float).collect()),
        "i64" => Data::I64(list.iter().map(|v| v.as_i64().unwrap()).collect()),
        "i32" => Data::I32(list.iter().map(|v| v.as_i64().unwrap() as i32).collect()),
        "bool" => Data::Bool(list.iter().map(|v| v.as_bool().unwrap()).collect()),
        _ => Data::Text(Text::over(list.iter().map(|v| v.as_str().unwrap().to_owned()))),
    };
    Tensor::new(shape, data).unwrap()
}

/// Whether both are the same up to 1e-5 of floats.
fn agrees(got: &Tensor, want: &Tensor) -> bool {
    let near = |g: f64, w: f64| {
        (g.is_nan() && w.is_nan()) || g.to_bits() == w.to_bits() || (g - w).abs() <= 1e-5 * w.abs() + 1e-6
    };
    let all_near = |g: &[f64], w: &[f64]| g.len() == w.len() && g.iter().zip(w).all(|(g, w)| near(*g, *w));
    got.shape == want.shape
        && match (&*got.data, &*want.data) {
            (Data::F32(g), Data::F32(w)) => {
                let wide = |v: &[f32]| v.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
                all_near(&wide(g), &wide(w))
            }
            (Data::F64(g), Data::F64(w)) => all_near(g, w),
            (g, w) => g == w,
        }
}

#[test]
fn every_operator_agrees_with_the_runtime() {
    let file: Value = serde_json::from_str(include_str!("operators.json")).unwrap();
    let mut wrong = Vec::new();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 200);
    for case in cases {
        let bytes = base64::engine::general_purpose::STANDARD.decode(case["model"].as_str().unwrap()).unwrap();
        let model = ModelProto::decode(bytes.as_slice()).unwrap();
        let graph = model.graph.as_ref().unwrap();
        let names =
            |values: &[super::super::proto::ValueInfoProto]| values.iter().map(|v| v.name.clone()).collect::<Vec<_>>();
        let given = case["inputs"].as_array().unwrap().iter().map(tensor).collect();
        let want: Vec<Tensor> = case["outputs"].as_array().unwrap().iter().map(tensor).collect();
        let name = case["name"].as_str().unwrap();
        let first = usize::from(name.contains("Classifier"));
        let got = match Graph::over(&model, graph, &names(&graph.input), &names(&graph.output)) {
            Ok(ready) => ready.run(given),
            Err(refusal) => {
                wrong.push(format!("{name}: {refusal:?}"));
                continue;
            }
        };
        match got {
            Ok(got) if got.len() == want.len() && got.iter().zip(&want).skip(first).all(|(g, w)| agrees(g, w)) => {}
            got => wrong.push(format!("{name}: {got:?}, but the runtime says {want:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
