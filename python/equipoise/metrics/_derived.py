"""Functions that give one number of a `MetricFrame`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .._errors import EquipoiseError
from . import _base
from ._frame import MetricFrame

_TRANSFORMS = ("difference", "group_min", "group_max", "ratio")

_VARIANTS = {
    "true_positive_rate": ("difference", "ratio"),
    "true_negative_rate": ("difference", "ratio"),
    "false_positive_rate": ("difference", "ratio"),
    "false_negative_rate": ("difference", "ratio"),
    "selection_rate": ("difference", "ratio"),
    "accuracy_score": ("difference", "ratio", "group_min"),
    "zero_one_loss": ("difference", "ratio", "group_max"),
    "balanced_accuracy_score": ("group_min",),
    "precision_score": ("group_min",),
    "recall_score": ("group_min",),
    "roc_auc_score": ("group_min",),
    "mean_absolute_error": ("group_max",),
    "mean_squared_error": ("group_max",),
    "r2_score": ("group_min",),
    "f1_score": ("group_min",),
    "log_loss": ("group_max",),
}

GENERATED = {f"{metric}_{variant}": (metric, variant) for metric, variants in _VARIANTS.items() for variant in variants}
"""Names such as `accuracy_score_difference`, and what they are made of."""


def generated(name: str) -> Callable[..., float]:
    """The function of a name of `GENERATED`."""
    metric, variant = GENERATED[name]
    function = getattr(_base, metric, None)
    if function is None:
        import sklearn.metrics

        function = getattr(sklearn.metrics, metric)
    made = make_derived_metric(metric=function, transform=variant)
    made.__name__ = name
    return made


def make_derived_metric(
    *, metric: Callable[..., Any], transform: str, sample_param_names: list[str] | None = None
) -> Callable[..., float]:
    """A function `(y_true, y_pred, *, sensitive_features, …)` of the gap (`difference`, `ratio`) or the extreme (`group_min`,
    `group_max`) of a metric over groups. Arguments among `sample_param_names` (`sample_weight` unless given) go by row,
    `method` to the gap, and all others to the metric as they are."""
    if not callable(metric):
        raise EquipoiseError("the metric is not a function", "spec", "give a function of truth and prediction")
    try:
        has_method = "method" in inspect.signature(metric).parameters
    except ValueError:
        has_method = False
    if has_method:
        raise EquipoiseError(
            "the metric has an argument `method` of its own",
            "spec",
            "bind it first: `functools.partial(metric, method=…)`",
        )
    if transform not in _TRANSFORMS:
        raise EquipoiseError(f"there is no transform `{transform}`", "spec", f"it is one of {', '.join(_TRANSFORMS)}")
    by_row = ["sample_weight"] if sample_param_names is None else list(sample_param_names)

    def derived(y_true: Any, y_pred: Any, *, sensitive_features: Any, **parameters: Any) -> float:
        rows = {k: v for k, v in parameters.items() if k in by_row}
        of_gap = {k: v for k, v in parameters.items() if k == "method" and k not in rows}
        bound = {k: v for k, v in parameters.items() if k not in rows and k not in of_gap}
        function: Any = functools.partial(metric, **bound) if bound else metric
        frame = MetricFrame(
            metrics=function, y_true=y_true, y_pred=y_pred, sensitive_features=sensitive_features, sample_params=rows
        )
        found: float = getattr(frame, transform)(**(of_gap if transform in ("difference", "ratio") else {}))
        return found

    derived.__name__ = f"{getattr(metric, '__name__', 'metric')}_{transform}"
    derived.__doc__ = f"The {transform.replace('_', ' ')} of `{getattr(metric, '__name__', 'metric')}` over groups."
    return derived
