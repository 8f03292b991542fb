//! What classifiers do with raw scores: a transform to probabilities, and the class with the largest.

use super::elementwise::sigmoid;
use super::{Attributes, Data, Fault, Tensor, Text, count};

/// The `post_transform` of the `ai.onnx.ml` operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostTransform {
    None,
    Logistic,
    Softmax,
    /// As softmax, but a score of exactly 0 stays 0.
    SoftmaxZero,
    /// The quantile function of the normal distribution.
    Probit,
}

impl PostTransform {
    /// As the attribute says.
    pub(crate) fn of(a: &Attributes<'_>) -> Result<Self, String> {
        Ok(match a.text("post_transform", "NONE")?.as_str() {
            "NONE" => Self::None,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX" => Self::Softmax,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "PROBIT" => Self::Probit,
            other => return Err(format!("`post_transform` is `{other}`, which does not exist")),
        })
    }

    /// By the number that the operator `TreeEnsemble` uses.
    pub(crate) fn numbered(number: i64) -> Result<Self, String> {
        Ok(match number {
            0 => Self::None,
            1 => Self::Softmax,
            2 => Self::Logistic,
            3 => Self::SoftmaxZero,
            4 => Self::Probit,
            _ => return Err(format!("`post_transform` is {number}, which does not exist")),
        })
    }

    /// Transforms scores in place, row by row.
    #[allow(clippy::float_cmp, reason = "SOFTMAX_ZERO is defined by scores of exactly 0")]
    pub(crate) fn apply(self, scores: &mut [f32], width: usize) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|s| *s = sigmoid(f64::from(*s)) as f32),
            Self::Probit => scores.iter_mut().for_each(|s| *s = probit(*s)),
            Self::Softmax => scores.chunks_exact_mut(width.max(1)).for_each(|row| softmax(row, |_| true)),
            Self::SoftmaxZero => {
                scores.chunks_exact_mut(width.max(1)).for_each(|row| softmax(row, |s| s.abs() > 1e-7));
            }
        }
    }
}

/// Softmax over the entries that take part; the others become 0.
pub(crate) fn softmax(row: &mut [f32], takes_part: impl Fn(f32) -> bool) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0f64;
    for s in row.iter_mut() {
        *s = if takes_part(*s) { libm::exp(f64::from(*s) - f64::from(largest)) as f32 } else { 0.0 };
        total += f64::from(*s);
    }
    if total > 0.0 {
        row.iter_mut().for_each(|s| *s = (f64::from(*s) / total) as f32);
    }
}

/// The normal quantile by Winitzki's approximation of the inverse error function, which is what the reference runtime
/// computes.
fn probit(p: f32) -> f32 {
    let x = 2.0 * p - 1.0;
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = libm::logf((1.0 - x) * (1.0 + x));
    let v = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    let inverse = sign * (-v + (v * v - log / 0.147).sqrt()).sqrt();
    std::f32::consts::SQRT_2 * inverse
}

/// Names of the classes.
#[derive(Clone, Debug)]
pub(crate) enum Labels {
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

impl Labels {
    /// From `classlabels_strings` or the attribute `ints`.
    pub(crate) fn of(a: &Attributes<'_>, ints: &str) -> Result<Self, String> {
        let texts = a.texts("classlabels_strings")?;
        let labels = if texts.is_empty() { Self::Numbers(a.ints(ints)) } else { Self::Texts(texts) };
        if labels.len() == 0 { Err("it names no classes".to_owned()) } else { Ok(labels) }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers(v) => v.len(),
            Self::Texts(v) => v.len(),
        }
    }

    /// The chosen ones, as a value.
    pub(crate) fn pick(&self, chosen: &[usize]) -> Result<Tensor, Fault> {
        let data = match self {
            Self::Numbers(v) => Data::I64(chosen.iter().filter_map(|&i| v.get(i).copied()).collect()),
            Self::Texts(v) => {
                Data::Text(Text { codes: chosen.iter().map(|&i| i as u32).collect(), levels: v.as_slice().into() })
            }
        };
        Tensor::new(vec![chosen.len()], data)
    }
}

/// Number of classes when no intercepts tell how many sets of weights there are.
pub(crate) fn class_names_count(labels: &Labels) -> Result<usize, String> {
    if labels.len() == 0 { Err("it names no classes".to_owned()) } else { Ok(labels.len()) }
}

/// Class and probabilities from `width` raw scores per row. A single score of two classes is the second one's.
pub(crate) fn finish(
    labels: &Labels,
    transform: PostTransform,
    scores: Vec<f32>,
    n_rows: usize,
    width: usize,
) -> Result<Vec<Tensor>, Fault> {
    let scores = if width == 1 && labels.len() == 2 {
        count(&[n_rows, 2])?;
        both_classes(&scores, transform)
    } else {
        let mut scores = scores;
        transform.apply(&mut scores, width);
        scores
    };
    let width = if width == 1 { labels.len().min(2) } else { width };
    let chosen: Vec<usize> = scores.chunks_exact(width.max(1)).map(largest).collect();
    Ok(vec![labels.pick(&chosen)?, Tensor::new(vec![n_rows, width], Data::F32(scores))?])
}

/// Scores of both classes from the second one's raw score.
fn both_classes(scores: &[f32], transform: PostTransform) -> Vec<f32> {
    let pair = |&s: &f32| match transform {
        PostTransform::Logistic => [sigmoid(-f64::from(s)) as f32, sigmoid(f64::from(s)) as f32],
        PostTransform::Probit => [1.0 - probit(s), probit(s)],
        PostTransform::None => [1.0 - s, s],
        PostTransform::Softmax | PostTransform::SoftmaxZero => {
            let mut row = [-s, s];
            softmax(&mut row, |_| true);
            row
        }
    };
    scores.iter().flat_map(pair).collect()
}

/// Index of the largest entry, the first one of equals.
pub(crate) fn largest(row: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, &s) in row.iter().enumerate() {
        if s > best.1 {
            best = (i, s);
        }
    }
    best.0
}
