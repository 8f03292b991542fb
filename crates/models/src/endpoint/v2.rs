//! The Open Inference Protocol, version 2: tensors by column, or one tensor for all.

use serde_json::{Value, json};

use super::address::Address;
use super::answer::Answer;
use super::http::Client;
use super::mlflow::cell;
use crate::{Input, InputColumn, InputKind, Inputs, ModelError};

/// An input the server says it has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declared {
    name: String,
    datatype: String,
    /// Numbers per row.
    width: usize,
}

/// What the server tells about a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Signature {
    /// Empty when it tells nothing.
    pub(super) inputs: Vec<Declared>,
}

impl Declared {
    /// As an input of the model.
    pub(super) fn input(&self) -> Input {
        let kind = match (self.width, self.datatype.as_str()) {
            (1, "BYTES") => InputKind::Category(None),
            (1, _) => InputKind::Number,
            (width, _) => InputKind::Tensor(width),
        };
        Input { name: self.name.clone(), kind }
    }
}

/// Asks what the model takes. A server need not say.
pub(super) fn signature(client: &Client, address: &Address) -> Result<Signature, ModelError> {
    let metadata = client.get(&address.base)?;
    let listed = metadata.as_ref().and_then(|value| value.get("inputs")?.as_array());
    let inputs: Option<Vec<Declared>> = listed.and_then(|inputs| inputs.iter().map(declared).collect());
    Ok(Signature { inputs: inputs.unwrap_or_default() })
}

/// An input, if it is one that can be filled.
fn declared(value: &Value) -> Option<Declared> {
    let datatype = value.get("datatype")?.as_str()?;
    let is_known = ["FP64", "FP32", "FP16", "BYTES", "BOOL"].contains(&datatype)
        || datatype.starts_with("INT")
        || datatype.starts_with("UINT");
    let shape = value.get("shape")?.as_array()?;
    let width = match shape.as_slice() {
        [] | [_] => 1,
        [_, rest @ ..] => rest.iter().try_fold(1usize, |n, dim| {
            n.checked_mul(usize::try_from(dim.as_i64()?).ok().filter(|&dim| dim > 0 && dim <= 1 << 20)?)
        })?,
    };
    let name = value.get("name")?.as_str()?.to_owned();
    (is_known && width <= 1 << 20).then(|| Declared { name, datatype: datatype.to_owned(), width })
}

/// The body for rows `start..end`.
pub(super) fn request(
    signature: &Signature,
    features: &[String],
    rows: &Inputs<'_>,
    start: usize,
    end: usize,
) -> Result<Value, String> {
    let n_rows = end - start;
    let mut rest = rows.columns.iter();
    let mut tensor = |name: &str, datatype: Option<&str>, width: usize| -> Result<Value, String> {
        let columns: Vec<&InputColumn<'_>> = rest.by_ref().take(width).collect();
        if columns.len() != width {
            return Err(format!("the endpoint takes more columns than the {} it is given", rows.columns.len()));
        }
        let is_text = columns.iter().any(|column| matches!(column, InputColumn::Codes { .. }));
        let datatype = datatype.unwrap_or(if is_text { "BYTES" } else { "FP64" });
        let data: Vec<Value> =
            (start..end).flat_map(|row| columns.iter().map(move |column| typed(cell(column, row), datatype))).collect();
        let mut tensor = json!({ "name": name, "datatype": datatype, "shape": [n_rows, width], "data": data });
        if let (Some(map), "BYTES") = (tensor.as_object_mut(), datatype) {
            map.insert("parameters".to_owned(), json!({ "content_type": "str" }));
        }
        Ok(tensor)
    };
    let tensors: Result<Vec<Value>, String> = if signature.inputs.is_empty() {
        if features.len() != rows.columns.len() {
            return Err(format!("the endpoint takes {} columns, but is given {}", features.len(), rows.columns.len()));
        }
        features.iter().map(|name| tensor(name, None, 1)).collect()
    } else {
        signature.inputs.iter().map(|d| tensor(&d.name, Some(&d.datatype), d.width)).collect()
    };
    let mut body = json!({ "inputs": tensors? });
    if let (Some(map), true) = (body.as_object_mut(), signature.inputs.is_empty()) {
        // Tells servers that know data frames to put the columns together.
        map.insert("parameters".to_owned(), json!({ "content_type": "pd" }));
    }
    Ok(body)
}

/// A value as its tensor's type wants it.
fn typed(value: Value, datatype: &str) -> Value {
    match (datatype, &value) {
        ("BYTES", Value::Number(number)) => number.to_string().into(),
        ("BYTES", Value::Bool(b)) => b.to_string().into(),
        ("BOOL", Value::Number(number)) => number.as_f64().map_or(Value::Null, |x| (x.abs() > 0.0).into()),
        ("FP64" | "FP32" | "FP16", Value::Number(number)) => number.as_f64().map_or(Value::Null, Value::from),
        _ => value,
    }
}

/// What the answer holds: probabilities before classes before numbers.
pub(super) fn answer(value: &Value, n_rows: usize) -> Result<Answer, String> {
    let outputs = value.get("outputs").and_then(Value::as_array).ok_or("answers without `outputs`")?;
    let text = |output: &Value, key: &str| output.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let rank = |output: &&Value| {
        let is_float = text(output, "datatype").starts_with("FP");
        let says_so = text(output, "name").to_lowercase().contains("prob");
        let is_wide = output.get("shape").and_then(Value::as_array).is_some_and(|shape| shape.len() > 1);
        match (is_float, says_so, is_wide) {
            (true, true, _) => 0,
            (true, false, true) => 1,
            (false, ..) => 2,
            (true, false, false) => 3,
        }
    };
    let output = outputs.iter().min_by_key(rank).ok_or("answers without `outputs`")?;
    let mut flat = Vec::new();
    flatten(output.get("data").ok_or("answers an output without `data`")?, &mut flat, 0)?;
    let width = flat.len().checked_div(n_rows).filter(|&w| w > 0 && w * n_rows == flat.len());
    let width = width.ok_or_else(|| format!("answers {} predictions for {n_rows} rows", flat.len()))?;
    if text(output, "datatype") == "BYTES" || flat.iter().any(|v| v.is_string() || v.is_boolean()) {
        if width != 1 {
            return Err(format!("answers {width} names per row"));
        }
        let name = |v: &&Value| match v {
            Value::String(name) => Some(name.clone()),
            Value::Bool(name) => Some(name.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let names: Option<Vec<String>> = flat.iter().map(name).collect();
        return Ok(Answer::Names(names.ok_or("has no prediction for some rows")?));
    }
    let values: Option<Vec<f64>> = flat.iter().map(|v| v.as_f64()).collect();
    let values = values.ok_or("has no number for some rows")?;
    if width > 1 {
        return Ok(Answer::Table { width, values });
    }
    let is_float = text(output, "datatype").starts_with("FP");
    let is_probability = is_float && text(output, "name").to_lowercase().contains("prob");
    Ok(Answer::Numbers { values, are_whole: !is_float, is_probability })
}

/// The elements of lists in lists.
fn flatten<'v>(value: &'v Value, out: &mut Vec<&'v Value>, depth: usize) -> Result<(), String> {
    match value {
        Value::Array(list) if depth < 8 => list.iter().try_for_each(|value| flatten(value, out, depth + 1)),
        Value::Array(_) => Err("answers lists nested too deep".to_owned()),
        other => {
            out.push(other);
            Ok(())
        }
    }
}
