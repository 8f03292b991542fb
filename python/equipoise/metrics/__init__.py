"""Metrics by group with fairlearn's names, arguments and values: change the import and keep the code.

    >>> from equipoise.metrics import MetricFrame, selection_rate, true_positive_rate
    >>> frame = MetricFrame(
    ...     metrics={"selected": selection_rate, "found": true_positive_rate},
    ...     y_true=[1, 1, 0, 1, 0, 0], y_pred=[1, 0, 0, 1, 1, 0], sensitive_features=["a", "a", "a", "b", "b", "b"],
    ... )
    >>> frame.by_group["found"].to_dict()
    {'a': 0.5, 'b': 1.0}
    >>> float(frame.difference()["selected"])
    0.3333333333333333

Metrics that are functions of counts or of sums (scikit-learn's and fairlearn's own functions are recognised) come from one pass
over the rows for all groups and metrics together; any other function is called once for each group.

As in fairlearn, a rate over nothing is 0 here. `MetricFrame(..., undefined="nan")` shows it as missing, and `equipoise.assess`
never shows it as anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._base import (
    count,
    false_negative_rate,
    false_positive_rate,
    mean_prediction,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from ._derived import GENERATED, generated, make_derived_metric
from ._fairness import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equal_opportunity_ratio,
    equalized_odds_difference,
    equalized_odds_ratio,
)
from ._frame import MetricFrame
from ._plots import plot_model_comparison, plot_roc_curve_by_group

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MetricFrame",
    "count",
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "false_negative_rate",
    "false_positive_rate",
    "make_derived_metric",
    "mean_prediction",
    "plot_model_comparison",
    "plot_roc_curve_by_group",
    "selection_rate",
    "true_negative_rate",
    "true_positive_rate",
]


def __getattr__(name: str) -> Callable[..., Any]:
    """`accuracy_score_difference` and its kin, made of scikit-learn's functions when they are first asked for."""
    if name in GENERATED:
        globals()[name] = generated(name)
        made: Callable[..., Any] = globals()[name]
        return made
    raise AttributeError(f"module 'equipoise.metrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *GENERATED])
