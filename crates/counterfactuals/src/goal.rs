//! What is wished for, and whether an answer grants it.

use crate::CounterfactualError;

/// What a model answers with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answers {
    /// The probability of the second of two classes, which is predicted from a threshold on.
    Probability {
        /// The threshold.
        threshold: f64,
    },
    /// A probability (or score) for each class; the first largest is predicted.
    Classes {
        /// Number of classes.
        n: usize,
    },
    /// A number.
    Value,
}

/// What is wished for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// The other one of two classes.
    Opposite,
    /// This class.
    Class(usize),
    /// Any class but the present one.
    AnyOther,
    /// A number between two ends, both included.
    Range(f64, f64),
    /// A class with at least this probability.
    Probability(usize, f64),
}

/// A wish for one row, as a condition on the model's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// An answer is not below a number.
    AtLeast(usize, f64),
    /// An answer is not above a number.
    AtMost(usize, f64),
    /// An answer is below a number.
    Below(usize, f64),
    /// The answer lies between two ends.
    Within(f64, f64),
    /// A class has the first largest answer.
    Largest(usize),
    /// Another class than this has the first largest answer.
    NotLargest(usize),
}

impl Answers {
    /// Numbers per row.
    #[must_use]
    pub fn n_outputs(self) -> usize {
        match self {
            Self::Classes { n } => n,
            Self::Probability { .. } | Self::Value => 1,
        }
    }

    /// The predicted class; 0 for numbers.
    #[must_use]
    pub fn class(self, answer: &[f64]) -> usize {
        match self {
            Self::Value => 0,
            Self::Probability { threshold } => usize::from(answer.first().is_some_and(|p| *p >= threshold)),
            Self::Classes { .. } => first_largest(answer),
        }
    }
}

fn first_largest(answer: &[f64]) -> usize {
    let mut best = (f64::NEG_INFINITY, 0);
    for (k, x) in answer.iter().enumerate() {
        if *x > best.0 {
            best = (*x, k);
        }
    }
    best.1
}

impl Wish {
    /// The condition for a row with this answer.
    ///
    /// # Errors
    /// [`CounterfactualError::Wish`] when the wish does not fit the kind of answers.
    pub fn goal(self, answers: Answers, present: &[f64]) -> Result<Goal, CounterfactualError> {
        let n_classes = match answers {
            Answers::Value => 0,
            Answers::Probability { .. } => 2,
            Answers::Classes { n } => n,
        };
        let wrong = |problem: String, hint: &str| Err(CounterfactualError::Wish { problem, hint: hint.to_owned() });
        if let Self::Class(class) | Self::Probability(class, _) = self
            && class >= n_classes
        {
            return wrong(format!("there is no class number {class} among {n_classes}"), "name one of the classes");
        }
        let present = answers.class(present);
        match (answers, self) {
            (Answers::Value, Self::Range(low, high)) if low <= high => Ok(Goal::Within(low, high)),
            (Answers::Value, Self::Range(low, high)) => {
                wrong(format!("the desired range begins at {low} and ends at {high}"), "swap its ends")
            }
            (Answers::Value, _) => wrong("a number is predicted, so there is no class".into(), "give `desired_range`"),
            (_, Self::Range(..)) => wrong("a class is predicted, so there is no range".into(), "give `desired_class`"),
            (Answers::Probability { threshold }, Self::Class(class)) => Ok(of_two(class, threshold)),
            (Answers::Probability { threshold }, Self::Opposite | Self::AnyOther) => Ok(of_two(1 - present, threshold)),
            (_, Self::Probability(_, p)) if !(0.0..=1.0).contains(&p) => {
                wrong(format!("{p} is not a probability"), "take a number between 0 and 1")
            }
            (Answers::Probability { .. }, Self::Probability(1, p)) => Ok(Goal::AtLeast(0, p)),
            (Answers::Probability { .. }, Self::Probability(_, p)) => Ok(Goal::AtMost(0, 1.0 - p)),
            (Answers::Classes { .. }, Self::Probability(class, p)) => Ok(Goal::AtLeast(class, p)),
            (Answers::Classes { .. }, Self::Class(class)) => Ok(Goal::Largest(class)),
            (Answers::Classes { .. }, Self::AnyOther) => Ok(Goal::NotLargest(present)),
            (Answers::Classes { n: 2 }, Self::Opposite) => Ok(Goal::NotLargest(present)),
            (Answers::Classes { n }, Self::Opposite) => {
                wrong(format!("there is no opposite among {n} classes"), "name a class, or ask for `other`")
            }
        }
    }
}

fn of_two(class: usize, threshold: f64) -> Goal {
    if class == 1 { Goal::AtLeast(0, threshold) } else { Goal::Below(0, threshold) }
}

impl Goal {
    /// What tells goals apart.
    pub(crate) fn key(self) -> [u64; 3] {
        match self {
            Self::AtLeast(k, x) => [0, k as u64, x.to_bits()],
            Self::AtMost(k, x) => [1, k as u64, x.to_bits()],
            Self::Below(k, x) => [2, k as u64, x.to_bits()],
            Self::Within(low, high) => [3, low.to_bits(), high.to_bits()],
            Self::Largest(k) => [4, k as u64, 0],
            Self::NotLargest(k) => [5, k as u64, 0],
        }
    }

    /// Whether an answer grants it.
    #[must_use]
    pub fn holds(self, answer: &[f64]) -> bool {
        let of = |k: usize| answer.get(k).copied().unwrap_or(f64::NAN);
        match self {
            Self::AtLeast(k, x) => of(k) >= x,
            Self::AtMost(k, x) => of(k) <= x,
            Self::Below(k, x) => of(k) < x,
            Self::Within(low, high) => of(0) >= low && of(0) <= high,
            Self::Largest(k) => first_largest(answer) == k,
            Self::NotLargest(k) => first_largest(answer) != k,
        }
    }

    /// How far an answer is from granting it: 0 where it does.
    #[must_use]
    pub fn shortfall(self, answer: &[f64]) -> f64 {
        if self.holds(answer) {
            return 0.0;
        }
        let of = |k: usize| answer.get(k).copied().unwrap_or(f64::NAN);
        let others = |k: usize| {
            answer.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, x)| *x).fold(f64::NEG_INFINITY, f64::max)
        };
        let gap = match self {
            Self::AtLeast(k, x) => x - of(k),
            Self::AtMost(k, x) | Self::Below(k, x) => of(k) - x,
            Self::Within(low, high) => (low - of(0)).max(of(0) - high),
            Self::Largest(k) => others(k) - of(k),
            Self::NotLargest(k) => of(k) - others(k),
        };
        gap.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_of_two_classes() {
        let answers = Answers::Probability { threshold: 0.5 };
        let goal = Wish::Opposite.goal(answers, &[0.2]).unwrap();
        assert_eq!(goal, Goal::AtLeast(0, 0.5));
        assert!(goal.holds(&[0.5]) && !goal.holds(&[0.49]));
        assert!((goal.shortfall(&[0.2]) - 0.3).abs() < 1e-15);
        let back = Wish::Opposite.goal(answers, &[0.5]).unwrap();
        assert!(back.holds(&[0.49]) && !back.holds(&[0.5]));
        let sure = Wish::Probability(0, 0.9).goal(answers, &[0.5]).unwrap();
        assert!(sure.holds(&[0.09]) && !sure.holds(&[0.11]));
    }

    #[test]
    fn wishes_of_several_classes_and_numbers() {
        let classes = Answers::Classes { n: 3 };
        assert!(Wish::Opposite.goal(classes, &[0.1, 0.2, 0.7]).is_err());
        assert!(Wish::Class(3).goal(classes, &[0.1, 0.2, 0.7]).is_err());
        let other = Wish::AnyOther.goal(classes, &[0.1, 0.2, 0.7]).unwrap();
        assert!(other.holds(&[0.4, 0.2, 0.4]) && !other.holds(&[0.1, 0.2, 0.7]));
        assert!(Wish::Range(2.0, 1.0).goal(Answers::Value, &[0.0]).is_err());
        assert!(Wish::Class(1).goal(Answers::Value, &[0.0]).is_err());
        let within = Wish::Range(1.0, 2.0).goal(Answers::Value, &[0.0]).unwrap();
        assert_eq!((within.shortfall(&[0.5]), within.shortfall(&[2.5]), within.shortfall(&[2.0])), (0.5, 0.5, 0.0));
    }
}
