"""Gaps that have names of their own."""

from __future__ import annotations

from typing import Any, Literal

from .._errors import EquipoiseError
from ._base import false_positive_rate, selection_rate, true_positive_rate
from ._frame import Method, MetricFrame

Aggregate = Literal["worst_case", "mean"]


def _frame(metric: Any, y_true: Any, y_pred: Any, sensitive_features: Any, sample_weight: Any) -> MetricFrame:
    weights = {"sample_weight": sample_weight}
    parameters = {name: weights for name in metric} if isinstance(metric, dict) else weights
    return MetricFrame(
        metrics=metric, y_true=y_true, y_pred=y_pred, sensitive_features=sensitive_features, sample_params=parameters
    )


def demographic_parity_difference(
    y_true: Any, y_pred: Any, *, sensitive_features: Any, method: Method = "between_groups", sample_weight: Any = None
) -> float:
    """Largest difference of selection rates between groups, or of a group to all rows.

    >>> demographic_parity_difference([1, 1, 0, 0], [1, 1, 0, 1], sensitive_features=["a", "a", "b", "b"])
    0.5
    """
    return float(_frame(selection_rate, y_true, y_pred, sensitive_features, sample_weight).difference(method=method))


def demographic_parity_ratio(
    y_true: Any, y_pred: Any, *, sensitive_features: Any, method: Method = "between_groups", sample_weight: Any = None
) -> float:
    """Smallest ratio of selection rates."""
    return float(_frame(selection_rate, y_true, y_pred, sensitive_features, sample_weight).ratio(method=method))


def equal_opportunity_difference(
    y_true: Any, y_pred: Any, *, sensitive_features: Any, method: Method = "between_groups", sample_weight: Any = None
) -> float:
    """Largest difference of true positive rates."""
    return float(
        _frame(true_positive_rate, y_true, y_pred, sensitive_features, sample_weight).difference(method=method)
    )


def equal_opportunity_ratio(
    y_true: Any, y_pred: Any, *, sensitive_features: Any, method: Method = "between_groups", sample_weight: Any = None
) -> float:
    """Smallest ratio of true positive rates."""
    return float(_frame(true_positive_rate, y_true, y_pred, sensitive_features, sample_weight).ratio(method=method))


_ODDS = {"tpr": true_positive_rate, "fpr": false_positive_rate}


def equalized_odds_difference(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    method: Method = "between_groups",
    sample_weight: Any = None,
    agg: Aggregate = "worst_case",
) -> float:
    """The larger of the differences of true and of false positive rates, or their mean."""
    _check(agg)
    found = _frame(_ODDS, y_true, y_pred, sensitive_features, sample_weight).difference(method=method)
    return float(found.max(skipna=False) if agg == "worst_case" else found.mean())


def equalized_odds_ratio(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    method: Method = "between_groups",
    sample_weight: Any = None,
    agg: Aggregate = "worst_case",
) -> float:
    """The smaller of the ratios of true and of false positive rates, or their mean."""
    _check(agg)
    found = _frame(_ODDS, y_true, y_pred, sensitive_features, sample_weight).ratio(method=method)
    return float(found.min() if agg == "worst_case" else found.mean())


def _check(agg: str) -> None:
    if agg not in ("worst_case", "mean"):
        raise EquipoiseError(f"`agg` cannot be {agg!r}", "spec", "it is `worst_case` or `mean`")
