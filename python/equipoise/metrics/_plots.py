"""Two charts on matplotlib axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._errors import EquipoiseError
from ._features import features_of


def plot_model_comparison(
    *,
    y_preds: Any,
    x_axis_metric: Callable[..., float],
    y_axis_metric: Callable[..., float],
    y_true: Any = None,
    sensitive_features: Any = None,
    ax: Any = None,
    axis_labels: bool | tuple[str, str] = True,
    point_labels: bool = False,
    point_labels_position: tuple[float, float] | None = None,
    legend: bool = False,
    legend_kwargs: Mapping[str, Any] | None = None,
    show_plot: bool = False,
    **kwargs: Any,
) -> Any:
    """One point for each model, or each set of predictions (a dict by name): one metric over another. Gives the axes."""
    import matplotlib.pyplot as plt

    models = dict(y_preds) if isinstance(y_preds, Mapping) else {str(i): p for i, p in enumerate(_listed(y_preds))}
    if ax is None:
        ax = plt.figure().add_subplot()

    def value(metric: Callable[..., float], predicted: Any) -> float:
        try:
            return metric(y_true, predicted, sensitive_features=sensitive_features)
        except TypeError:
            return metric(y_true, predicted)

    for name, predicted in models.items():
        x, y = value(x_axis_metric, predicted), value(y_axis_metric, predicted)
        ax.scatter(x, y, label=name, **kwargs)
        if point_labels:
            dx, dy = point_labels_position or (0.0, 0.0)
            ax.annotate(name, (x + dx, y + dy))
    if axis_labels:
        words = axis_labels if isinstance(axis_labels, tuple) else (_said(x_axis_metric), _said(y_axis_metric))
        ax.set_xlabel(words[0])
        ax.set_ylabel(words[1])
    if legend:
        ax.legend(**(legend_kwargs or {}))
    if show_plot:
        plt.show()
    return ax


def _listed(y_preds: Any) -> list[Any]:
    if isinstance(y_preds, list | tuple) and y_preds and not np.isscalar(y_preds[0]):
        return list(y_preds)
    array = np.asarray(y_preds)
    if array.ndim > 2:
        raise EquipoiseError(f"`y_preds` has {array.ndim} dimensions", "data", "give a dict of a name to predictions")
    return [array] if array.ndim == 1 else list(array)


def _said(metric: Callable[..., Any]) -> str:
    words = getattr(metric, "__name__", "metric").replace("_", " ")
    return words[:1].upper() + words[1:]


def plot_roc_curve_by_group(
    y_true: Any,
    y_score: Any,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    sample_weight: Any = None,
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """A ROC curve for each group, with the area under it in the legend. Gives the axes."""
    import matplotlib.pyplot as plt
    from sklearn.metrics import auc, roc_curve

    truth, score = np.asarray(y_true), np.asarray(y_score)
    features = features_of(sensitive_features, "sensitive_feature_", len(truth))
    if len(features) != 1:
        raise EquipoiseError("curves are drawn by one column", "data", "give a single column of groups")
    if ax is None:
        ax = plt.figure().add_subplot()
    for code, level in enumerate(features[0].levels):
        rows = features[0].codes == code
        weight = None if sample_weight is None else np.asarray(sample_weight)[rows]
        x, y, _ = roc_curve(truth[rows], score[rows], pos_label=pos_label, sample_weight=weight)
        ax.plot(x, y, label=f"{level} (AUC = {auc(x, y):.2f})", **kwargs)
    ax.plot([0, 1], [0, 1], linestyle=":", color="grey")
    ax.set_xlabel("False positive rate")
    ax.set_ylabel("True positive rate")
    ax.legend()
    return ax
