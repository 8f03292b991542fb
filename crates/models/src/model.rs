//! What a model is, whatever its format.

use equipoise_document::Task;

use crate::{ModelError, TreeEnsemble};

/// Something that answers rows with numbers. It is always asked in batches.
pub trait Model: Send + Sync {
    /// What is known of it without asking.
    fn info(&self) -> &ModelInfo;

    /// Predictions for a batch whose columns are in the order of [`ModelInfo::inputs`].
    ///
    /// # Errors
    /// When the inputs do not fit or, for an endpoint, when it does not answer.
    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError>;

    /// The trees, when the model is an ensemble of them: exact algorithms need them.
    fn trees(&self) -> Option<&TreeEnsemble> {
        None
    }

    /// The margin as a sum over inputs, when the model is one: exact explanations need it.
    fn additive(&self) -> Option<&dyn Additive> {
        None
    }
}

/// A model whose margin (what stands before a logistic or softmax link) is a constant and one function of each input:
/// linear models, behind whatever treats every column by itself.
pub trait Additive: Send + Sync {
    /// Number of margins: one for a number or for two classes (of the second), otherwise one for each class.
    fn n_outputs(&self) -> usize;

    /// Margins in double precision, shape `(n_rows, n_outputs)`; the columns as for [`Model::predict`].
    ///
    /// # Errors
    /// When the inputs do not fit.
    fn margins(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError>;
}

/// What is known of a model without asking it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelInfo {
    /// `lightgbm`, `xgboost`, `catboost`, `ebm`, `onnx` or `endpoint`.
    pub format: String,
    /// One line for people, for example `gradient-boosted trees, 100 trees`.
    pub describes: String,
    /// What it wants, in order. Empty when it takes any columns (an endpoint).
    pub inputs: Vec<Input>,
    /// What it predicts, where its file says so.
    pub task: Option<Task>,
    /// The classes in the order of its outputs, where its file names them. For two classes, both are named
    /// and the second is the one whose probability is given.
    pub classes: Option<Vec<String>>,
}

/// One input of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name in the model. `column=value` asks for the indicator of a value of a column.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
}

/// What an input holds.
#[derive(Clone, Debug, PartialEq)]
pub enum InputKind {
    /// A number; NaN is missing.
    Number,
    /// A name out of the given ones, where the model lists them. Other names count as missing or unknown, as the
    /// format defines.
    Category(Option<Vec<String>>),
    /// Several numbers side by side: a tensor of this width that takes the features in data order.
    Tensor(usize),
}

/// A batch of rows for a model: columns in the order of [`ModelInfo::inputs`].
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// Number of rows.
    pub n_rows: usize,
    /// One per input; a tensor takes several columns in a row.
    pub columns: Vec<InputColumn<'a>>,
}

/// The values of one input.
#[derive(Clone, Copy, Debug)]
pub enum InputColumn<'a> {
    /// Numbers; NaN is missing.
    Number(&'a [f64]),
    /// Names: a code indexes `levels`, or is [`equipoise_data::MISSING`].
    Codes {
        /// One code per row.
        codes: &'a [u32],
        /// The names.
        levels: &'a [String],
    },
}

/// Answers of a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Outputs {
    /// Probability of the second of two classes, one per row.
    Probability(Vec<f64>),
    /// Probabilities of all classes, row by row: shape `(n_rows, n_classes)`.
    Probabilities {
        /// Number of classes.
        n_classes: usize,
        /// Row-major values.
        values: Vec<f64>,
    },
    /// Predicted numbers.
    Values(Vec<f64>),
    /// Predicted class names, where the model gives no probabilities.
    Labels(Vec<String>),
}
