//! The `gblinear` booster: a linear model per output.

use super::{Refusal, value::Field};
use crate::{
    Additive, Input, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs,
    trees::{Answer, Link, numbers, outputs_of},
};

/// `margin_k = base_k + bias_k + Σ weight_jk·x_j`, in single precision; missing values are left out of the
/// sum.
#[derive(Clone, Debug)]
pub(super) struct LinearModel {
    info: ModelInfo,
    /// Feature by feature, then the biases: shape `(n_features + 1, n_outputs)`.
    weights: Vec<f32>,
    base: Vec<f32>,
    link: Link,
    answer: Answer,
}

#[allow(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
impl LinearModel {
    pub(super) fn new(
        names: &[String],
        weights: &Field<'_>,
        base: &[f64],
        link: Link,
        answer: Answer,
        classes: Option<Vec<String>>,
    ) -> Result<Self, Refusal> {
        let expected = (names.len() + 1).saturating_mul(base.len());
        let weights = weights.numbers_of(expected)?.iter().map(|w| *w as f32).collect();
        let input = |name: &String| Input { name: name.clone(), kind: InputKind::Number };
        let info = ModelInfo {
            format: "xgboost".into(),
            describes: format!("linear model, {} features", names.len()),
            inputs: names.iter().map(input).collect(),
            task: Some(answer.task()),
            classes,
        };
        Ok(Self { info, weights, base: base.iter().map(|b| *b as f32).collect(), link, answer })
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
impl Model for LinearModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let (n_outputs, n_features) = (self.base.len(), self.info.inputs.len());
        if batch.columns.len() != n_features {
            return Err(wrong_columns(batch.columns.len(), n_features));
        }
        let biases = self.weights.get(n_features * n_outputs..).unwrap_or_default();
        let start: Vec<f32> = self.base.iter().zip(biases).map(|(base, bias)| bias + base).collect();
        let mut sums = start.repeat(batch.n_rows);
        let weights = self.weights.chunks_exact(n_outputs);
        for ((input, column), weights) in self.info.inputs.iter().zip(&batch.columns).zip(weights) {
            let values = numbers(&input.name, column)?;
            for (x, row) in values.iter().zip(sums.chunks_exact_mut(n_outputs)) {
                if !x.is_nan() {
                    row.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * *x as f32);
                }
            }
        }
        let mut margins: Vec<f64> = sums.into_iter().map(f64::from).collect();
        self.link.apply(&mut margins, n_outputs);
        Ok(outputs_of(self.answer, margins, n_outputs))
    }

    fn additive(&self) -> Option<&dyn Additive> {
        Some(self)
    }
}

impl Additive for LinearModel {
    fn n_outputs(&self) -> usize {
        self.base.len()
    }

    fn margins(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        let (n_outputs, n_features) = (self.base.len(), self.info.inputs.len());
        if batch.columns.len() != n_features {
            return Err(wrong_columns(batch.columns.len(), n_features));
        }
        let biases = self.weights.get(n_features * n_outputs..).unwrap_or_default();
        let start: Vec<f64> =
            self.base.iter().zip(biases).map(|(base, bias)| f64::from(*base) + f64::from(*bias)).collect();
        let mut sums = start.repeat(batch.n_rows);
        let weights = self.weights.chunks_exact(n_outputs);
        for ((input, column), weights) in self.info.inputs.iter().zip(&batch.columns).zip(weights) {
            let values = numbers(&input.name, column)?;
            for (x, row) in values.iter().zip(sums.chunks_exact_mut(n_outputs)) {
                if !x.is_nan() {
                    row.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += f64::from(*weight) * x);
                }
            }
        }
        Ok(sums)
    }
}

fn wrong_columns(found: usize, expected: usize) -> ModelError {
    ModelError::Predict {
        problem: format!("{found} columns were given, {expected} are needed"),
        hint: "give the columns in the order of the model's inputs".into(),
    }
}
