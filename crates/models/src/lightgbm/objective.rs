//! What a LightGBM model predicts, from its objective.

use super::Problem;
use crate::trees::{Answer, Link};

/// An objective with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Objective {
    link: Link,
    is_classifier: bool,
}

impl Objective {
    /// From the header's line, for example `binary sigmoid:1`. A model without an objective (a custom one)
    /// answers with its margin.
    pub(super) fn of(line: Option<&str>) -> Result<Self, Problem> {
        let mut words = line.unwrap_or("").split_whitespace();
        let name = words.next().unwrap_or("");
        let rest: Vec<&str> = words.collect();
        let sigmoid = rest.iter().find_map(|word| word.strip_prefix("sigmoid:")?.parse().ok());
        let logistic = Link::Logistic { scale: sigmoid.unwrap_or(1.0) };
        let value = |link| Self { link, is_classifier: false };
        let class = |link| Self { link, is_classifier: true };
        Ok(match name {
            "binary" | "multiclassova" => class(logistic),
            "multiclass" => class(Link::Softmax),
            "cross_entropy" => class(Link::Logistic { scale: 1.0 }),
            "cross_entropy_lambda" => value(Link::Log1pExp),
            "poisson" | "gamma" | "tweedie" => value(Link::Exp),
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" if rest.contains(&"sqrt") => {
                value(Link::SignedSquare)
            }
            "" | "none" | "custom" | "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" => {
                value(Link::Identity)
            }
            "lambdarank" | "rank_xendcg" => {
                return Err(format!("the objective `{name}` ranks rows within queries, which cannot be assessed"));
            }
            other => return Err(format!("the objective `{other}` is not known")),
        })
    }

    pub(super) fn link(&self) -> Link {
        self.link
    }

    pub(super) fn answer(&self, n_outputs: usize) -> Answer {
        match (self.is_classifier, n_outputs) {
            (false, _) => Answer::Value,
            (true, 1) => Answer::Probability,
            (true, _) => Answer::Probabilities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_and_their_answers() {
        let of = |line| Objective::of(Some(line)).map(|o| (o.link(), o.answer(1), o.answer(3)));
        let logistic = |scale| Link::Logistic { scale };
        let classes = |link| Ok((link, Answer::Probability, Answer::Probabilities));
        let values = |link| Ok((link, Answer::Value, Answer::Value));
        assert_eq!(of("binary sigmoid:1.5"), classes(logistic(1.5)));
        assert_eq!(of("multiclass num_class:3"), classes(Link::Softmax));
        assert_eq!(of("multiclassova num_class:3 sigmoid:2"), classes(logistic(2.0)));
        assert_eq!(of("cross_entropy"), classes(logistic(1.0)));
        assert_eq!(of("regression sqrt"), values(Link::SignedSquare));
        assert_eq!(of("regression"), values(Link::Identity));
        assert_eq!(of("quantile alpha:0.9"), values(Link::Identity));
        assert_eq!(of("tweedie tweedie_variance_power:1.5"), values(Link::Exp));
        assert_eq!(
            of("lambdarank"),
            Err("the objective `lambdarank` ranks rows within queries, which cannot be assessed".into())
        );
    }
}
