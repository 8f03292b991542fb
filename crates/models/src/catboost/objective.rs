//! What a CatBoost model predicts, from its loss function.

use super::Refusal;
use crate::trees::{Answer, Link};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Objective {
    pub link: Link,
    pub answer: Answer,
}

impl Objective {
    pub(super) fn of(loss: Option<&str>, n_classes: Option<usize>, n_outputs: usize) -> Result<Self, Refusal> {
        let logistic = Link::Logistic { scale: 1.0 };
        let (link, answer) = match (loss, n_outputs) {
            (Some("Logloss" | "CrossEntropy" | "Focal"), 1) => (logistic, Answer::Probability),
            (Some("MultiClass"), 2..) => (Link::Softmax, Answer::Probabilities),
            (Some("MultiClassOneVsAll"), 2..) => (logistic, Answer::Probabilities),
            (Some("Poisson" | "Tweedie"), 1) => (Link::Exp, Answer::Value),
            (
                Some(
                    "RMSE" | "MAE" | "Quantile" | "LogLinQuantile" | "MAPE" | "Huber" | "Lq" | "Expectile" | "LogCosh",
                ),
                1,
            ) => (Link::Identity, Answer::Value),
            (Some(loss), _) => {
                return Err(Refusal::Unsupported {
                    problem: format!("the loss function `{loss}` with {n_outputs} outputs is not supported"),
                    hint: "train with a regression, binary or multiclass loss function",
                });
            }
            (None, 1) if n_classes == Some(2) => (logistic, Answer::Probability),
            (None, 1) => (Link::Identity, Answer::Value),
            (None, _) => (Link::Softmax, Answer::Probabilities),
        };
        Ok(Self { link, answer })
    }
}
