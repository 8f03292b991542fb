//! LightGBM's text format (`Booster.save_model`), versions 3 and 4.

mod objective;
mod text;
mod tree;

use std::collections::BTreeMap;

use equipoise_document::ModelSpec;

use self::{
    objective::Objective,
    text::{Block, File},
    tree::RawTree,
};
use crate::{
    ModelError,
    trees::{Categories, EnsembleParts, Feature, Precision, TreeModel, checked_classes},
};

/// What is wrong and where, for whoever knows the file's name.
pub(crate) type Problem = String;

const FORMAT: &str = "LightGBM";

/// Reads a model.
///
/// Categories are matched by the names in the `pandas_categorical` line; a value that is not among them is
/// missing, as in the library. Without that line categories are whole numbers. A missing category goes
/// right, as in the library.
///
/// # Errors
/// Says which line of the file is wrong, or what the model asks for that is not supported.
pub(crate) fn read(path: &str, bytes: &[u8], spec: &ModelSpec) -> Result<TreeModel, ModelError> {
    let malformed = |problem: Problem| ModelError::Malformed {
        path: path.to_owned(),
        format: FORMAT,
        problem,
        hint: "save the model again with `booster.save_model(...)`".into(),
    };
    let file = File::parse(bytes).map_err(malformed)?;
    let header = Header::read(&file.header).map_err(malformed)?;
    let objective = Objective::of(file.header.text("objective")).map_err(|problem| ModelError::Unsupported {
        path: path.to_owned(),
        problem,
        hint: "train with a regression, binary or multiclass objective".into(),
    })?;
    let parts = ensemble(&file, &header, &objective).map_err(malformed)?;
    let (answer, n_outputs) = (objective.answer(header.n_outputs), header.n_outputs);
    let classes = checked_classes(path, answer, n_outputs, &spec.classes, None)?;
    let describes = if header.is_average { "random forest" } else { "gradient-boosted trees" };
    TreeModel::new(FORMAT, path, describes, parts, answer, classes)
}

struct Header {
    n_outputs: usize,
    names: Vec<String>,
    infos: Vec<String>,
    is_average: bool,
}

impl Header {
    fn read(block: &Block<'_>) -> Result<Self, Problem> {
        let n_features = block.count("max_feature_idx")?.saturating_add(1);
        let words = |key| block.text(key).unwrap_or("").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let names = words("feature_names");
        if names.len() != n_features {
            let line = block.line_of("feature_names");
            return Err(format!("line {line}: `feature_names` has {} names, {n_features} are needed", names.len()));
        }
        let n_outputs = block.count("num_tree_per_iteration")?;
        if n_outputs == 0 || n_outputs > 100_000 {
            let line = block.line_of("num_tree_per_iteration");
            return Err(format!("line {line}: `num_tree_per_iteration` is {n_outputs}, 1 to 100000 are supported"));
        }
        Ok(Self { n_outputs, names, infos: words("feature_infos"), is_average: block.has("average_output") })
    }
}

fn ensemble(file: &File<'_>, header: &Header, objective: &Objective) -> Result<EnsembleParts, Problem> {
    let raw = file.trees.iter().map(RawTree::read).collect::<Result<Vec<_>, _>>()?;
    if raw.is_empty() || !raw.len().is_multiple_of(header.n_outputs) {
        return Err(format!("there are {} trees, a multiple of {} is needed", raw.len(), header.n_outputs));
    }
    let mut categories = categories_of(file, header, &raw)?;
    let mut trees = Vec::with_capacity(raw.len());
    for (index, tree) in raw.iter().enumerate() {
        trees.push(tree.finish(index, index % header.n_outputs, header.names.len(), &categories)?);
    }
    let features = header.names.iter().enumerate();
    let features = features.map(|(index, name)| match categories.remove(&index) {
        Some(categories) => Feature::category(name.clone(), categories),
        None => Feature::number(name.clone()),
    });
    let n_rounds = raw.len() / header.n_outputs;
    #[allow(clippy::cast_precision_loss, reason = "a number of trees")]
    let scale = if header.is_average { 1.0 / n_rounds as f64 } else { 1.0 };
    Ok(EnsembleParts {
        features: features.collect(),
        trees,
        base: vec![0.0; header.n_outputs],
        scale,
        link: objective.link(),
        features_in: Precision::Double,
        sums_in: Precision::Double,
    })
}

/// Which features hold categories, and which ones.
fn categories_of(file: &File<'_>, header: &Header, trees: &[RawTree]) -> Result<BTreeMap<usize, Categories>, Problem> {
    let mut split: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for (feature, codes) in trees.iter().flat_map(RawTree::category_splits) {
        split.entry(feature).or_default().extend(codes);
    }
    let lists = file.pandas_categories()?;
    if lists.is_empty() {
        return Ok(split
            .into_iter()
            .map(|(feature, mut codes)| {
                codes.sort_unstable();
                codes.dedup();
                (feature, Categories::integers(&codes))
            })
            .collect());
    }
    let features = file.categorical_features(header.names.len()).unwrap_or_else(|| {
        // Older files do not say; features with categories have a list of codes instead of a range.
        let has_list = |info: &str| !info.starts_with('[') && info != "none";
        let listed = header.infos.iter().enumerate().filter(|(_, info)| has_list(info)).map(|(i, _)| i);
        let mut all: Vec<usize> = listed.chain(split.keys().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    });
    if features.len() != lists.len() || split.keys().any(|f| features.binary_search(f).is_err()) {
        return Err(format!(
            "`pandas_categorical` lists the categories of {} features, but {} features hold categories",
            lists.len(),
            features.len().max(split.len())
        ));
    }
    Ok(features.into_iter().zip(lists.into_iter().map(Categories::named)).collect())
}
