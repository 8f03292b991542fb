//! Values of a partition in the form that analyses see.

use std::sync::Arc;

use crate::strings::Interner;
use crate::values::{Values, as_boolean};
use crate::{Column, MISSING};

/// How the values of one column become a [`Column`].
#[derive(Clone, Debug)]
pub(crate) enum Encoder {
    Numbers,
    /// Names with levels known for the whole dataset.
    Levels {
        levels: Arc<[String]>,
        codes: Interner,
    },
    /// `true` and `false` in whatever case.
    Booleans {
        levels: Arc<[String]>,
    },
    /// Names with levels of each chunk.
    Text,
}

impl Encoder {
    pub(crate) fn levels(levels: &Arc<[String]>) -> Self {
        Self::Levels { levels: Arc::clone(levels), codes: levels.iter().map(String::as_str).collect() }
    }

    pub(crate) fn booleans(levels: &Arc<[String]>) -> Self {
        Self::Booleans { levels: Arc::clone(levels) }
    }

    /// The dataset's code of a name; `None` for a name that was not there when the dataset was opened.
    pub(crate) fn code(&self, name: &str) -> Option<u32> {
        match self {
            Self::Levels { codes, .. } => codes.find(name),
            Self::Booleans { .. } => as_boolean(name).map(u32::from),
            Self::Numbers | Self::Text => None,
        }
    }

    /// The dataset's codes of a partition's names, in the order of its own codes.
    pub(crate) fn codes<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<Arc<[u32]>> {
        let mut codes = Vec::new();
        names.try_for_each(|name| self.code(name).map(|code| codes.push(code)))?;
        Some(codes.into())
    }

    /// Encodes; `None` when the values cannot be of the dataset that was opened.
    pub(crate) fn encode(&self, values: Values) -> Option<Column> {
        match (self, values) {
            (Self::Numbers, Values::Numbers(values)) => Some(Column::Number(values.into())),
            (Self::Levels { levels, .. } | Self::Booleans { levels }, Values::Names { codes, levels: local }) => {
                let code_of = self.codes(local.iter())?;
                let mut codes = codes;
                codes.iter_mut().for_each(|c| *c = code_of.get(*c as usize).copied().unwrap_or(MISSING));
                Some(Column::Codes { codes: codes.into(), levels: Arc::clone(levels) })
            }
            (Self::Text, Values::Names { codes, levels }) => {
                let levels = levels.iter().map(str::to_owned).collect();
                Some(Column::Codes { codes: codes.into(), levels })
            }
            (Self::Numbers, Values::Names { .. }) | (_, Values::Numbers(_)) => None,
        }
    }
}
