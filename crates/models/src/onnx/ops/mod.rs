//! The supported operators. Each is a function from a node's attributes to a kernel; a kernel maps values to values.

mod elementwise;
mod encode;
mod image;
mod layout;
mod linear;
mod reduce;
mod scale;
mod scores;
mod shape;
mod svm;
mod text;
pub(crate) mod trees;

use std::sync::Arc;

pub(crate) use super::attributes::Attributes;
pub(crate) use super::tensor::{Data, Fault, Tensor, Text, count, element};
pub(crate) use scores::PostTransform;
pub(crate) use trees::FlatTrees;

/// What a node computes.
pub(crate) type Run = Box<dyn Fn(&Args<'_>) -> Result<Vec<Tensor>, Fault> + Send + Sync>;

/// A node ready to run.
pub(crate) struct Kernel {
    /// Its work.
    pub(crate) run: Run,
    /// Its trees, when it is an ensemble of them.
    pub(crate) trees: Option<Arc<FlatTrees>>,
}

impl Kernel {
    /// A kernel with one output.
    fn one(run: impl Fn(&Args<'_>) -> Result<Tensor, Fault> + Send + Sync + 'static) -> Self {
        Self::many(move |args| Ok(vec![run(args)?]))
    }

    /// A kernel with several outputs.
    fn many(run: impl Fn(&Args<'_>) -> Result<Vec<Tensor>, Fault> + Send + Sync + 'static) -> Self {
        Self { run: Box::new(run), trees: None }
    }
}

/// The inputs of a node; an optional one may be absent.
pub(crate) struct Args<'a>(pub(crate) Vec<Option<&'a Tensor>>);

impl<'a> Args<'a> {
    /// The input with this number.
    pub(crate) fn get(&self, index: usize) -> Option<&'a Tensor> {
        self.0.get(index).copied().flatten()
    }

    /// The input with this number, which the operator cannot do without.
    pub(crate) fn need(&self, index: usize) -> Result<&'a Tensor, Fault> {
        self.get(index).ok_or_else(|| Fault::Problem(format!("its input {index} is missing")))
    }

    /// All that are given.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a Tensor> + '_ {
        self.0.iter().copied().flatten()
    }
}

/// What became of looking up an operator.
pub(crate) enum Lookup {
    /// Ready.
    Kernel(Kernel),
    /// There is no such operator here.
    Unknown,
}

/// The kernel of an operator.
///
/// # Errors
/// When its attributes make no sense.
pub(crate) fn kernel(domain: &str, op_type: &str, a: &Attributes<'_>) -> Result<Lookup, String> {
    let kernel = match domain {
        "" | "ai.onnx" => match op_type {
            "Concat" => layout::concat(a),
            "Reshape" => shape::reshape(a),
            "Flatten" => shape::flatten(a),
            "Squeeze" => shape::squeeze(a),
            "Unsqueeze" => shape::unsqueeze(a),
            "Identity" | "Dropout" => shape::identity(),
            "Shape" => shape::shape(a),
            "Size" => shape::size(),
            "Cast" => layout::cast(a)?,
            "CastLike" => layout::cast_like(),
            "Constant" => layout::constant(a)?,
            "ConstantOfShape" => layout::constant_of_shape(a)?,
            "Transpose" => layout::transpose(a)?,
            "Gather" => layout::gather(a),
            "Slice" => layout::slice(a),
            "Expand" => layout::expand(),
            "Where" => layout::choose(),
            "MatMul" => linear::matmul(),
            "Gemm" => linear::gemm(a),
            "ArgMax" => reduce::arg_extreme(a, true),
            "ArgMin" => reduce::arg_extreme(a, false),
            "Softmax" => reduce::softmax(a, false),
            "LogSoftmax" => reduce::softmax(a, true),
            "ReduceSum" => reduce::reduce(a, reduce::Fold::Sum),
            "ReduceMean" => reduce::reduce(a, reduce::Fold::Mean),
            "ReduceMax" => reduce::reduce(a, reduce::Fold::Max),
            "ReduceMin" => reduce::reduce(a, reduce::Fold::Min),
            "ReduceProd" => reduce::reduce(a, reduce::Fold::Prod),
            "ReduceL1" => reduce::reduce(a, reduce::Fold::L1),
            "ReduceL2" => reduce::reduce(a, reduce::Fold::L2),
            "ReduceSumSquare" => reduce::reduce(a, reduce::Fold::SumSquare),
            "ReduceLogSumExp" => reduce::reduce(a, reduce::Fold::LogSumExp),
            "Conv" => image::conv(a)?,
            "MaxPool" => image::pool(a, image::Pool::Max)?,
            "AveragePool" => image::pool(a, image::Pool::Average)?,
            "GlobalAveragePool" => image::global_pool(image::Pool::Average),
            "GlobalMaxPool" => image::global_pool(image::Pool::Max),
            "BatchNormalization" => image::batch_normalization(a),
            "StringNormalizer" => text::string_normalizer(a)?,
            "TfIdfVectorizer" => text::tf_idf(a)?,
            _ => match elementwise::kernel(op_type, a)? {
                Some(kernel) => kernel,
                None => return Ok(Lookup::Unknown),
            },
        },
        "ai.onnx.ml" => match op_type {
            "ArrayFeatureExtractor" => layout::array_feature_extractor(),
            "Binarizer" => scale::binarizer(a),
            "CategoryMapper" => encode::category_mapper(a)?,
            "FeatureVectorizer" => layout::feature_vectorizer(),
            "Imputer" => scale::imputer(a)?,
            "LabelEncoder" => encode::label_encoder(a)?,
            "LinearClassifier" => linear::classifier(a)?,
            "LinearRegressor" => linear::regressor(a)?,
            "Normalizer" => scale::normalizer(a)?,
            "OneHotEncoder" => encode::one_hot(a)?,
            "Scaler" => scale::scaler(a),
            "SVMClassifier" => svm::classifier(a)?,
            "SVMRegressor" => svm::regressor(a)?,
            "TreeEnsemble" => trees::ensemble(a)?,
            "TreeEnsembleClassifier" => trees::classifier(a)?,
            "TreeEnsembleRegressor" => trees::regressor(a)?,
            // The list of maps is kept as the matrix it came from; the class names are read from the node.
            "ZipMap" => shape::identity(),
            _ => return Ok(Lookup::Unknown),
        },
        "com.microsoft" => match op_type {
            "Tokenizer" => text::tokenizer(a)?,
            _ => return Ok(Lookup::Unknown),
        },
        _ => return Ok(Lookup::Unknown),
    };
    Ok(Lookup::Kernel(kernel))
}

/// An axis counted from the end when negative, as an index below `rank`.
pub(crate) fn axis_index(axis: i64, rank: usize) -> Result<usize, Fault> {
    let signed = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(signed)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| Fault::Problem(format!("the axis {axis} does not exist in a value of {rank} dimensions")))
}

/// `(outer, length, inner)`: the number of elements before, along and after an axis.
pub(crate) fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    let outer = shape.iter().take(axis).product();
    let inner = shape.iter().skip(axis + 1).product();
    (outer, shape.get(axis).copied().unwrap_or(1), inner)
}
