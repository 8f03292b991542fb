//! From columns to the graph's inputs, block by block, and from its output back.

use std::sync::Arc;

use equipoise_data::MISSING;

use super::ops::{Data, Fault, Tensor, Text};
use super::signature::{GraphInput, GraphOutput, Meaning};
use super::tensor::element;
use crate::{InputColumn, Inputs, Outputs};

/// How a missing name is spelled for encoders that list such a level; the empty text otherwise, as in ONNX Runtime.
const MISSING_NAMES: [&str; 10] =
    ["", "(missing)", "missing", "nan", "NaN", "None", "NA", "N/A", "<NA>", "__missing__"];

/// The columns of a batch, matched with the graph's inputs.
pub(crate) struct Gathered<'a> {
    /// Per input, one column or as many as a tensor is wide.
    columns: Vec<Vec<Column<'a>>>,
}

/// One column as the graph wants it.
enum Column<'a> {
    Numbers(&'a [f64]),
    /// Codes into the levels; a missing one is the last level.
    Texts(&'a [u32], Arc<[String]>),
    /// Numbers where texts are wanted.
    Spelled(Text),
}

impl<'a> Gathered<'a> {
    /// Matches columns and inputs.
    pub(crate) fn over(inputs: &[GraphInput], batch: &Inputs<'a>) -> Result<Self, Fault> {
        let n_fixed: usize = inputs.iter().map(|input| input.width).sum();
        let n_open = inputs.iter().filter(|input| input.width == 0).count();
        let given = batch.columns.len();
        if (n_open == 0 && given != n_fixed) || n_open > 1 || given < n_fixed + n_open {
            return Err(format!("it takes {n_fixed} columns, but is given {given}").into());
        }
        let mut rest = batch.columns.iter();
        let columns: Result<Vec<Vec<Column<'a>>>, Fault> = inputs
            .iter()
            .map(|input| {
                let width = if input.width == 0 { given - n_fixed } else { input.width };
                rest.by_ref().take(width).map(|column| fitted(input, column, batch.n_rows)).collect()
            })
            .collect();
        Ok(Self { columns: columns? })
    }

    /// The inputs for rows `start..end`, padded with the last row to `n_rows` where the file insists on that many.
    pub(crate) fn block(
        &self,
        inputs: &[GraphInput],
        start: usize,
        end: usize,
        n_rows: usize,
    ) -> Result<Vec<Tensor>, Fault> {
        inputs
            .iter()
            .zip(&self.columns)
            .map(|(input, columns)| {
                let mut shape = vec![n_rows];
                if input.width == 0 {
                    shape.push(columns.len());
                } else {
                    shape.extend(&input.row);
                }
                Tensor::new(shape, block_data(input, columns, start, end, n_rows)?)
            })
            .collect()
    }
}

/// A column as this input wants it.
fn fitted<'a>(input: &GraphInput, column: &InputColumn<'a>, n_rows: usize) -> Result<Column<'a>, Fault> {
    let name = &input.name;
    let n_given = match column {
        InputColumn::Number(v) => v.len(),
        InputColumn::Codes { codes, .. } => codes.len(),
    };
    if n_given != n_rows {
        return Err(format!("the input `{name}` has {n_given} values for {n_rows} rows").into());
    }
    match *column {
        InputColumn::Number(v) if input.element == element::STRING => {
            let missing = missing_name(input);
            let spell = |&x: &f64| if x.is_nan() { missing.to_owned() } else { crate::bind::spelled(x) };
            Ok(Column::Spelled(Text::over(v.iter().map(spell))))
        }
        InputColumn::Number(v) => {
            let is_whole = [element::INT64, element::INT32, element::BOOL].contains(&input.element);
            if is_whole && let Some(bad) = v.iter().position(|x| !x.is_finite() || x.fract() != 0.0) {
                let shown = v.get(bad).copied().unwrap_or(f64::NAN);
                let shown = if shown.is_nan() { "a missing value".to_owned() } else { format!("`{shown}`") };
                return Err(format!("the input `{name}` takes whole numbers, but row {bad} has {shown}").into());
            }
            Ok(Column::Numbers(v))
        }
        InputColumn::Codes { codes, levels } if input.element == element::STRING => {
            let all: Vec<String> =
                levels.iter().cloned().chain(std::iter::once(missing_name(input).to_owned())).collect();
            Ok(Column::Texts(codes, all.into()))
        }
        InputColumn::Codes { .. } => Err(format!("the input `{name}` takes numbers, but is given names").into()),
    }
}

/// The text that stands for a missing name.
fn missing_name(input: &GraphInput) -> &'static str {
    let known = |name: &&&str| input.levels.as_ref().is_some_and(|levels| levels.iter().any(|level| level == **name));
    MISSING_NAMES.iter().find(known).copied().unwrap_or("")
}

/// Row-major elements of a block.
fn block_data(
    input: &GraphInput,
    columns: &[Column<'_>],
    start: usize,
    end: usize,
    n_rows: usize,
) -> Result<Data, Fault> {
    // Rows past the end repeat the last one.
    let row = |i: usize| (start + i).min(end.saturating_sub(1));
    if input.element == element::STRING {
        if let [Column::Texts(codes, levels)] = columns {
            let missing = levels.len().saturating_sub(1) as u32;
            let code = |i: usize| codes.get(row(i)).copied().filter(|&code| code != MISSING).unwrap_or(missing);
            return Ok(Data::Text(Text { codes: (0..n_rows).map(code).collect(), levels: Arc::clone(levels) }));
        }
        let texts = (0..n_rows).flat_map(|i| columns.iter().map(move |column| column.text(row(i))));
        return Ok(Data::Text(Text::over(texts)));
    }
    let numbers: Option<Vec<&[f64]>> =
        columns.iter().map(|column| if let Column::Numbers(v) = column { Some(*v) } else { None }).collect();
    let numbers = numbers.ok_or("names are given where numbers are needed")?;
    let value = |i: usize, v: &[f64]| v.get(row(i)).copied().unwrap_or(f64::NAN);
    macro_rules! rows {
        ($convert:expr) => {
            (0..n_rows).flat_map(|i| numbers.iter().map(move |v| $convert(value(i, v)))).collect()
        };
    }
    Ok(match input.element {
        element::FLOAT => Data::F32(rows!(|x| x as f32)),
        element::DOUBLE => Data::F64(rows!(|x: f64| x)),
        element::INT64 => Data::I64(rows!(|x| x as i64)),
        element::INT32 => Data::I32(rows!(|x| x as i32)),
        _ => Data::Bool(rows!(|x: f64| x.abs() > 0.0)),
    })
}

impl Column<'_> {
    fn text(&self, row: usize) -> String {
        match self {
            Self::Texts(codes, levels) => {
                let code = codes.get(row).copied().unwrap_or(MISSING);
                levels.get(code as usize).or(levels.last()).cloned().unwrap_or_default()
            }
            Self::Spelled(text) => {
                let code = text.codes.get(row).copied().unwrap_or(MISSING);
                text.levels.get(code as usize).cloned().unwrap_or_default()
            }
            Self::Numbers(_) => String::new(),
        }
    }
}

/// The answers of all blocks as one.
pub(crate) fn outputs(
    blocks: &[Vec<Tensor>],
    output: &GraphOutput,
    n_rows: usize,
    is_padded: bool,
) -> Result<Outputs, Fault> {
    let parts: Vec<&Tensor> = blocks.iter().flatten().collect();
    if output.meaning == Meaning::Labels {
        let mut labels: Vec<String> = Vec::with_capacity(n_rows);
        for part in parts {
            match &*part.data {
                Data::Text(text) => labels.extend(text.iter().map(str::to_owned)),
                Data::I64(v) => labels.extend(v.iter().map(i64::to_string)),
                Data::I32(v) => labels.extend(v.iter().map(i32::to_string)),
                Data::Bool(v) => labels.extend(v.iter().map(bool::to_string)),
                other => return Err(format!("its labels are {}", other.kind()).into()),
            }
        }
        expect_rows(&output.name, labels.len(), n_rows, is_padded)?;
        labels.truncate(n_rows);
        return Ok(Outputs::Labels(labels));
    }
    let mut values: Vec<f64> = Vec::new();
    for part in &parts {
        match &*part.data {
            Data::F32(v) => values.extend(v.iter().map(|&x| f64::from(x))),
            Data::F64(v) => values.extend(v),
            other => return Err(format!("its output `{}` holds {}", output.name, other.kind()).into()),
        }
    }
    let widths: std::collections::BTreeSet<usize> = parts
        .iter()
        .map(|part| match part.shape.as_slice() {
            [] | [_] => 1,
            [_, rest @ ..] => rest.iter().product(),
        })
        .collect();
    let width = match widths.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => output.classes.as_ref().map(Vec::len).or(output.width).unwrap_or(1).max(1),
        [width] if *width > 0 => *width,
        _ => return Err(format!("its output `{}` has another shape in every block of rows", output.name).into()),
    };
    expect_rows(&output.name, values.len() / width, n_rows, is_padded)?;
    values.truncate(n_rows * width);
    match (output.meaning, width) {
        (Meaning::Values, 1) => Ok(Outputs::Values(values)),
        (Meaning::Values, _) => Err(format!(
            "its output `{}` has {width} numbers per row; it is neither one prediction nor probabilities",
            output.name
        )
        .into()),
        (_, 1) => Ok(Outputs::Probability(values)),
        (_, 2) => Ok(Outputs::Probability(values.chunks_exact(2).filter_map(|pair| pair.last().copied()).collect())),
        (_, n_classes) => Ok(Outputs::Probabilities { n_classes, values }),
    }
}

/// A model that insists on a number of rows may answer for rows that pad its last block.
fn expect_rows(name: &str, n_given: usize, n_rows: usize, is_padded: bool) -> Result<(), Fault> {
    if n_given < n_rows || (n_given > n_rows && !is_padded) {
        return Err(format!("its output `{name}` answers {n_given} of {n_rows} rows").into());
    }
    Ok(())
}
