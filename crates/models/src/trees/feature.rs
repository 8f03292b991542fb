//! What a tree can ask about.

use std::{fmt::Debug, sync::Arc};

use super::Categories;
use crate::{Inputs, ModelError};

/// A feature of an ensemble.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: FeatureKind,
}

/// What a feature holds.
#[derive(Clone, Debug)]
pub enum FeatureKind {
    /// A number; NaN is missing.
    Number,
    /// A category, compared as a code.
    Category(Categories),
    /// A number computed from other features (CatBoost's target statistics). Derived features come after
    /// all others.
    Derived(Arc<dyn Derive>),
}

/// How a derived feature is computed.
pub trait Derive: Debug + Send + Sync {
    /// Indices of the features that it is computed from.
    fn sources(&self) -> &[usize];

    /// Its values for a batch.
    ///
    /// # Errors
    /// When a column does not hold what is needed.
    fn values(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError>;

    /// The features that are computed in one go with it, and its place among them.
    fn together(&self) -> Option<(Arc<dyn Together>, usize)> {
        None
    }
}

/// Derived features that are computed together.
pub trait Together: Debug + Send + Sync {
    /// Their values for a batch, feature by feature.
    ///
    /// # Errors
    /// When a column does not hold what is needed.
    fn columns(&self, batch: &Inputs<'_>) -> Result<Vec<Vec<f64>>, ModelError>;
}

impl Feature {
    /// A feature that holds numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: FeatureKind::Number }
    }

    /// A feature that holds categories.
    pub fn category(name: impl Into<String>, categories: Categories) -> Self {
        Self { name: name.into(), kind: FeatureKind::Category(categories) }
    }

    /// True for a feature computed from others.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        matches!(self.kind, FeatureKind::Derived(_))
    }
}
