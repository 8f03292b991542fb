"""Linear models of scikit-learn, also behind encoders and scalers: their margins are sums over the caller's columns, so that
exact explanations apply although the model is asked in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LINEAR = {
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "ElasticNet",
    "ElasticNetCV",
    "BayesianRidge",
    "ARDRegression",
    "HuberRegressor",
    "TheilSenRegressor",
    "QuantileRegressor",
    "Lars",
    "LassoLars",
    "SGDRegressor",
    "LinearSVR",
}

_LOGISTIC = {"LogisticRegression", "LogisticRegressionCV"}

_BY_COLUMN = {
    "Binarizer",
    "FeatureUnion",
    "GenericUnivariateSelect",
    "KBinsDiscretizer",
    "MaxAbsScaler",
    "MinMaxScaler",
    "MissingIndicator",
    "OneHotEncoder",
    "OrdinalEncoder",
    "PowerTransformer",
    "QuantileTransformer",
    "RobustScaler",
    "SelectFdr",
    "SelectFpr",
    "SelectFromModel",
    "SelectFwe",
    "SelectKBest",
    "SelectPercentile",
    "SimpleImputer",
    "SplineTransformer",
    "StandardScaler",
    "TargetEncoder",
    "VarianceThreshold",
}
"""Transformers each of whose outputs depends on one column alone. Chains of them do so too."""


def margins_of(model: Any, classes: list[str] | None) -> tuple[int, Callable[[Any], Any]] | None:
    """The number of margins and the function that gives them; none where they are no sum over columns."""
    *before, last = steps_of(model)
    if not type(last).__module__.startswith("sklearn.") or not all(_goes_by_column(step) for step in before):
        return None
    name = type(last).__name__
    if name in _LINEAR and len(getattr(getattr(last, "coef_", None), "shape", ())) == 1:
        return 1, model.predict
    # One regression for each class, normalised afterwards, is not what a softmax of margins gives.
    if name in _LOGISTIC and classes is not None and (len(classes) == 2 or _is_multinomial(last)):
        return (1 if len(classes) == 2 else len(classes)), model.decision_function
    return None


def steps_of(model: Any) -> list[Any]:
    """The steps of a pipeline, and of pipelines in it; any other model is one step."""
    steps = getattr(model, "steps", None)
    if type(model).__name__ == "Pipeline" and isinstance(steps, list):
        return [s for _, step in steps for s in steps_of(step)]
    return [model]


def _is_multinomial(model: Any) -> bool:
    return getattr(model, "solver", "lbfgs") != "liblinear" and getattr(model, "multi_class", "auto") in (
        "auto",
        "deprecated",
        "multinomial",
        None,
    )


def _goes_by_column(step: Any) -> bool:
    if step is None or isinstance(step, str):
        return step in (None, "passthrough", "drop")
    name = type(step).__name__
    if not type(step).__module__.startswith("sklearn."):
        return False
    if name == "ColumnTransformer":
        return all(
            _goes_by_column(inner) for _, transformer, _ in step.transformers_ for inner in steps_of(transformer)
        )
    if name == "FeatureUnion":
        return all(
            _goes_by_column(inner) for _, transformer in step.transformer_list for inner in steps_of(transformer)
        )
    if name == "FunctionTransformer":
        return step.func is None
    return name in _BY_COLUMN
