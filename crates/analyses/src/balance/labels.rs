//! What counts as an outcome: classes, or parts of a numeric target.

use equipoise_document::EstimateId;

/// The labels that rows are counted by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Labels {
    /// The target column.
    pub(super) target: String,
    /// Names of all labels in the order of their codes.
    pub(super) names: Vec<String>,
    /// Codes of the labels whose shares are compared between values.
    pub(super) compared: Vec<usize>,
    /// True when the target is a number, cut into bins.
    pub(super) is_number: bool,
}

impl Labels {
    /// Adds the label to an id where there are several to tell apart.
    pub(super) fn id(&self, id: EstimateId, label: usize) -> EstimateId {
        if self.compared.len() > 1 { id.of_group(&[(self.target.as_str(), self.name(label))]) } else { id }
    }

    /// The name of a label.
    pub(super) fn name(&self, label: usize) -> &str {
        self.names.get(label).map_or("", String::as_str)
    }

    /// The compared labels in words.
    pub(super) fn words(&self) -> String {
        match self.compared.as_slice() {
            [label] => format!("`{}` = `{}`", self.target, self.name(*label)),
            _ => format!("each value of `{}`", self.target),
        }
    }
}
