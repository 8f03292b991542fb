//! How to look at a table. Blocks name columns and never copy numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EstimateId;

/// A way to look at a table of the same section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// Id within the section.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// What is to be seen, in one or two sentences; it is also the chart's text for screen readers.
    pub says: String,
    /// The table; empty for text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub table: String,
    /// The kind of picture and the columns it takes.
    #[serde(flatten)]
    pub kind: BlockKind,
}

/// The kinds of pictures. The set is closed, so every view draws every analysis. Each field names a column
/// of the block's table. A column of estimates brings its intervals along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BlockKind {
    /// Words only (`says`).
    Text {},
    /// The table itself.
    Table {},
    /// One bar a row; bars of the same label stand side by side by series.
    Bars {
        /// Labels.
        label: String,
        /// Lengths (numbers or estimates).
        value: String,
        /// Groups of bars.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<String>,
        /// The value axis.
        #[serde(default)]
        axis: Axis,
    },
    /// One dot with its interval a row.
    Dots {
        /// Labels.
        label: String,
        /// Places of the dots (numbers or estimates).
        value: String,
        /// Kinds of dots.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<String>,
        /// The value axis.
        #[serde(default)]
        axis: Axis,
        /// A line to compare with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    },
    /// Lines through points in row order, one for each series, with a band where there are ends.
    Curve {
        /// Horizontal places.
        x: String,
        /// Vertical places.
        y: String,
        /// Lower end of the band.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        low: Option<String>,
        /// Upper end of the band.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        high: Option<String>,
        /// Kinds of lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<String>,
        /// The horizontal axis.
        #[serde(default)]
        x_axis: Axis,
        /// The vertical axis.
        #[serde(default)]
        y_axis: Axis,
        /// A line to compare with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    },
    /// Coloured cells over two columns of labels.
    HeatMap {
        /// Columns of the grid.
        x: String,
        /// Rows of the grid.
        y: String,
        /// Colour (numbers or estimates).
        value: String,
        /// The colour scale.
        #[serde(default)]
        axis: Axis,
    },
    /// A square of counts, for example truth by prediction.
    Matrix {
        /// Rows, for example the truth.
        row: String,
        /// Columns, for example the prediction.
        column: String,
        /// Cells.
        value: String,
    },
    /// Nodes with parents.
    Tree {
        /// Node id.
        node: String,
        /// Parent's id; missing at the root.
        parent: String,
        /// Text of the node.
        label: String,
        /// Colour.
        value: String,
        /// Size.
        weight: String,
        /// Further columns that are told of each node, where there is room for them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more: Vec<String>,
    },
    /// Histogram bins.
    Distribution {
        /// Left edge of the bin.
        low: String,
        /// Right edge of the bin.
        high: String,
        /// Height: count or share.
        value: String,
        /// Kinds of histograms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<String>,
        /// The horizontal axis.
        #[serde(default)]
        axis: Axis,
    },
    /// A box plot for each row: whiskers, quartiles and median.
    Boxes {
        /// Labels.
        label: String,
        /// Ends of the lower whiskers.
        low: String,
        /// Lower quartiles.
        q1: String,
        /// Medians (numbers or estimates).
        median: String,
        /// Upper quartiles.
        q3: String,
        /// Ends of the upper whiskers.
        high: String,
        /// How many rows lie beyond the whiskers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outliers: Option<String>,
        /// Rows with the same value here share an axis; all of them do where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        panel: Option<String>,
        /// The value axis.
        #[serde(default)]
        axis: Axis,
    },
    /// Bars in order of size.
    Ranking {
        /// Labels.
        label: String,
        /// Lengths (numbers or estimates).
        value: String,
        /// The value axis.
        #[serde(default)]
        axis: Axis,
    },
    /// Steps from a base to a result.
    Waterfall {
        /// Labels of the steps.
        label: String,
        /// Sizes of the steps.
        value: String,
    },
    /// Points.
    Scatter {
        /// Horizontal places.
        x: String,
        /// Vertical places.
        y: String,
        /// Colour.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        colour: Option<String>,
        /// The horizontal axis.
        #[serde(default)]
        x_axis: Axis,
        /// The vertical axis.
        #[serde(default)]
        y_axis: Axis,
    },
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    /// Title for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Linear or logarithmic.
    #[serde(default)]
    pub scale: Scale,
    /// Ends of the axis; from the data where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<(f64, f64)>,
}

/// How an axis runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal ratios.
    Log,
}

/// A line to compare with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// `y = x`.
    Diagonal,
    /// A fixed place, for example 1 for a ratio.
    At(f64),
    /// The value of an estimate of the same section.
    Estimate(EstimateId),
}

impl Axis {
    /// An axis with a title.
    #[must_use]
    pub fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// Fixes the ends.
    #[must_use]
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.domain = Some((low, high));
        self
    }
}

impl Block {
    /// A picture of a table.
    #[must_use]
    pub fn new(id: &str, title: &str, table: &str, kind: BlockKind, says: impl Into<String>) -> Self {
        Self { id: id.to_owned(), title: title.to_owned(), says: says.into(), table: table.to_owned(), kind }
    }
}
