//! What an XGBoost model predicts, from its objective.

use super::{Refusal, value::Field};
use crate::trees::{Answer, Link};

/// How base scores and margins are related to predictions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Objective {
    link: Link,
    answer: Answer,
    base: Base,
}

/// From the base score to a margin.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Base {
    Margin,
    Probability,
    Positive,
}

impl Objective {
    pub(super) fn read(field: &Field<'_>, n_outputs: usize) -> Result<Self, Refusal> {
        Self::of(field.at("name")?.text()?, n_outputs)
    }

    fn of(name: &str, n_outputs: usize) -> Result<Self, Refusal> {
        let logistic = Link::Logistic { scale: 1.0 };
        let (link, answer, base) = match name {
            "reg:squarederror"
            | "reg:linear"
            | "reg:squaredlogerror"
            | "reg:pseudohubererror"
            | "reg:absoluteerror"
            | "reg:quantileerror" => (Link::Identity, Answer::Value, Base::Margin),
            "reg:logistic" => (logistic, Answer::Value, Base::Probability),
            // The library answers `binary:logitraw` with the margin; its probability is what can be assessed.
            "binary:logistic" | "binary:logitraw" => (logistic, Answer::Probability, Base::Probability),
            "binary:hinge" => (Link::Step, Answer::Probability, Base::Margin),
            "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
                (Link::Exp, Answer::Value, Base::Positive)
            }
            "multi:softprob" | "multi:softmax" => (Link::Softmax, Answer::Probabilities, Base::Margin),
            name if name.starts_with("rank:") => {
                return Err(Refusal::Unsupported {
                    problem: format!("the objective `{name}` ranks rows within groups, which cannot be assessed"),
                    hint: "train with a regression, binary or multiclass objective",
                });
            }
            other => {
                return Err(Refusal::Unsupported {
                    problem: format!("the objective `{other}` is not known"),
                    hint: "train with one of the library's regression, binary or multiclass objectives",
                });
            }
        };
        if (answer == Answer::Probabilities) != (n_outputs > 1) {
            return Err(Refusal::Malformed(format!("the objective `{name}` does not fit `num_class` {n_outputs}")));
        }
        Ok(Self { link, answer, base })
    }

    pub(super) fn link(&self) -> Link {
        self.link
    }

    pub(super) fn answer(&self) -> Answer {
        self.answer
    }

    /// Margins of the outputs without any tree, in single precision.
    pub(super) fn base(&self, scores: &[f64], n_outputs: usize) -> Result<Vec<f64>, Refusal> {
        let scores = match scores {
            [score] => vec![*score; n_outputs],
            scores => scores.to_vec(),
        };
        if scores.len() != n_outputs {
            return Err(Refusal::Malformed(format!(
                "`learner.learner_model_param.base_score` has {} values, {n_outputs} are needed",
                scores.len()
            )));
        }
        let margin = |score: f64| {
            #[allow(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
            let score = score as f32;
            let margin = match self.base {
                Base::Margin => score,
                Base::Probability => -libm::logf(1.0 / score - 1.0),
                Base::Positive => libm::logf(score),
            };
            if margin.is_finite() {
                return Ok(f64::from(margin));
            }
            Err(Refusal::Malformed(format!(
                "`learner.learner_model_param.base_score` is {score}, which the objective does not allow"
            )))
        };
        scores.into_iter().map(margin).collect()
    }
}
