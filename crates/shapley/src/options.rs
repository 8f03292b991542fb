//! What is explained, and by which definition.

/// How trees are explained.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// What an absent column is replaced by.
    pub method: Method<'a>,
    /// Width of the numbers it computes with.
    pub precision: Precision,
    /// Who shares the prediction.
    pub players: Players<'a>,
    /// Group of each of those that attributions go to ([`crate::TreeExplainer::names`]), for Owen's values (1977) instead of
    /// Shapley's: groups share the prediction, and the members of a group what the group gets, so that columns which belong
    /// together are never split by others. Empty for no groups. Exact as the others; path-dependent on trees of up to 12
    /// columns on a way.
    pub groups: &'a [usize],
    /// Decides what is drawn where something must be ([`crate::TreeExplainer::explain_answers`] of many columns).
    pub seed: u64,
    /// Bytes that prepared tables may take. Where they would take more, the same numbers are computed row by row.
    pub memory_budget: usize,
    /// About how many rows will be explained, which decides how much preparation pays. The values are the same within
    /// the precision.
    pub expected_rows: usize,
}

impl Default for Options<'_> {
    /// Path-dependent, fast, by column, with tables of at most 1 GiB, for many rows.
    fn default() -> Self {
        Self {
            method: Method::PathDependent,
            precision: Precision::Fast,
            players: Players::Columns,
            groups: &[],
            seed: 0,
            memory_budget: 1 << 30,
            expected_rows: usize::MAX,
        }
    }
}

/// What an absent column is replaced by, which is what defines the game.
#[derive(Clone, Copy, Debug)]
pub enum Method<'a> {
    /// Both branches of a split, weighted by the training rows that took them (Lundberg and others, 2020,
    /// "From local explanations to global understanding with explainable AI for trees",
    /// doi:10.1038/s42256-019-0138-9, algorithm 1). Needs no background, and follows correlations as far as the trees do.
    PathDependent,
    /// As [`Method::PathDependent`], with branches weighted by these rows instead of what the model's file says: for
    /// formats that do not keep training weights (ONNX). A split that no row reaches weighs both branches alike.
    PathDependentOver(Background<'a>),
    /// The values of background rows: `v(S) = Σ_b w_b·f(x_S, b_N\S) / Σ_b w_b`. True to the model, whatever is
    /// correlated in the data.
    Interventional(Background<'a>),
}

/// Rows that stand for a population.
#[derive(Clone, Copy, Debug)]
pub struct Background<'a> {
    /// Row by row, as [`equipoise_models::TreeEnsemble::encode`] makes them.
    pub rows: &'a [f64],
    /// One weight per row, or equal weights.
    pub weights: Option<&'a [f64]>,
}

/// Width of the numbers that attributions are computed with. Sums over trees are always 64 bits wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits within a tree: relative error of some 1e-7 of the largest attribution.
    #[default]
    Fast,
    /// 64 bits throughout: relative error of some 1e-14.
    Exact,
}

/// Who shares the prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Players<'a> {
    /// The columns of the data. A feature that is computed from a column (an indicator, a target statistic) belongs
    /// to its column: all conditions on it are one player, who is present or absent as a whole. A feature that is
    /// computed from several columns is a player of its own, whose share is divided evenly among these columns, as
    /// CatBoost does.
    #[default]
    Columns,
    /// The features as the trees see them, derived ones included, each by itself.
    Features,
    /// As [`Players::Columns`], with several of the model's inputs as one player: a model whose inputs are the
    /// indicators of a column is explained by the column.
    Groups {
        /// For each feature that is not derived, the group that it belongs to.
        of: &'a [usize],
        /// Name of each group.
        names: &'a [String],
    },
}

/// Which index of interaction between two players.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interaction {
    /// Shapley interaction index, `Φ_ij = ½ Σ_S |S|!(n−|S|−2)!/(n−1)! · Δ_ij(S)` for `i ≠ j`, and on the diagonal what
    /// is left of the Shapley value: `Φ_ii = φ_i − Σ_j Φ_ij`, so that rows sum to the Shapley values. As in `shap`
    /// and XGBoost.
    #[default]
    Shapley,
    /// Shapley–Taylor index of order two (Sundararajan, Dhamdhere and Agarwal, 2020, "The Shapley Taylor interaction
    /// index"): `v({i}) − v(∅)` on the diagonal, and `(2/n) Σ_S Δ_ij(S)/C(n−1, |S|)` for each pair, half of it in
    /// each of the two cells. All cells sum to prediction minus base.
    ShapleyTaylor,
}
