"""Metrics as functions of counts and sums, so that one pass over the rows serves them all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
"""Weighted confusion counts, shape `(…, n_classes, n_classes)`: truth by rows."""
Sums = NDArray[np.float64]
"""Weighted sums, shape `(…, 8)`: weight, y, y², p, |e|, e², e, rows."""


@dataclass(frozen=True)
class Plan:
    """What a recognised metric needs."""

    kind: str
    """`rows`, `labels`, `decision` (two labels and a positive one), `selected` or `numbers`."""
    formula: Callable[..., NDArray[np.float64]]
    pos_label: Any = None
    nothing: float = 0.0
    """The value of a rate over nothing."""


def _over(part: Counts, whole: Counts, nothing: float) -> Counts:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole != 0, part / whole, nothing)


def _cells(c: Counts, positive: int) -> tuple[Counts, Counts, Counts, Counts]:
    tp = c[..., positive, positive]
    fn = c[..., positive, :].sum(-1) - tp
    fp = c[..., :, positive].sum(-1) - tp
    return tp, fn, fp, c.sum((-1, -2)) - tp - fn - fp


def _true_positive_rate(c: Counts, positive: int, nothing: float) -> Counts:
    tp, fn, _, _ = _cells(c, positive)
    return _over(tp, tp + fn, nothing)


def _false_negative_rate(c: Counts, positive: int, nothing: float) -> Counts:
    tp, fn, _, _ = _cells(c, positive)
    return _over(fn, tp + fn, nothing)


def _false_positive_rate(c: Counts, positive: int, nothing: float) -> Counts:
    _, _, fp, tn = _cells(c, positive)
    return _over(fp, fp + tn, nothing)


def _true_negative_rate(c: Counts, positive: int, nothing: float) -> Counts:
    _, _, fp, tn = _cells(c, positive)
    return _over(tn, fp + tn, nothing)


def _precision(c: Counts, positive: int, nothing: float) -> Counts:
    tp, _, fp, _ = _cells(c, positive)
    return _over(tp, tp + fp, nothing)


def _f1(c: Counts, positive: int, nothing: float) -> Counts:
    tp, fn, fp, _ = _cells(c, positive)
    return _over(2 * tp, 2 * tp + fp + fn, nothing)


def _accuracy(c: Counts, nothing: float) -> Counts:
    return _over(np.trace(c, axis1=-2, axis2=-1), c.sum((-1, -2)), np.nan)


def _loss(c: Counts, nothing: float) -> Counts:
    return 1 - _accuracy(c, nothing)


def _balanced_accuracy(c: Counts, nothing: float) -> Counts:
    rows = c.sum(-1)
    recall = _over(np.diagonal(c, axis1=-2, axis2=-1), rows, 0.0)
    return _over(recall.sum(-1), (rows != 0).sum(-1), np.nan)


def _selected(c: Counts, positive: int, nothing: float) -> Counts:
    part = c[..., :, positive].sum(-1) if positive >= 0 else np.zeros(c.shape[:-2])
    return _over(part, c.sum((-1, -2)), np.nan)


def _mean(place: int) -> Callable[[Sums, float], Sums]:
    return lambda s, nothing: _over(s[..., place], s[..., 0], np.nan)


def _root(s: Sums, nothing: float) -> Sums:
    return np.sqrt(_over(s[..., 5], s[..., 0], np.nan))


def _r2(s: Sums, nothing: float) -> Sums:
    spread = s[..., 2] - _over(s[..., 1] ** 2, s[..., 0], 0.0)
    scale = np.abs(s[..., 2]) + 1e-300
    is_flat = spread <= 1e-12 * scale
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - s[..., 5] / spread
    # scikit-learn's convention for a truth that does not vary.
    found = np.where(is_flat, np.where(s[..., 5] <= 1e-12 * scale, 1.0, 0.0), found)
    return np.where(s[..., 7] < 2, np.nan, found)


def _rows(c: Counts, nothing: float) -> Counts:
    found: Counts = c.sum((-1, -2))
    return found


_OURS: dict[str, tuple[str, Callable[..., Counts]]] = {
    "true_positive_rate": ("decision", _true_positive_rate),
    "false_negative_rate": ("decision", _false_negative_rate),
    "false_positive_rate": ("decision", _false_positive_rate),
    "true_negative_rate": ("decision", _true_negative_rate),
    "selection_rate": ("selected", _selected),
    "mean_prediction": ("numbers", _mean(3)),
    "count": ("rows", _rows),
}

_SKLEARN: dict[str, tuple[str, Callable[..., Counts]]] = {
    "accuracy_score": ("labels", _accuracy),
    "zero_one_loss": ("labels", _loss),
    "balanced_accuracy_score": ("labels", _balanced_accuracy),
    "precision_score": ("decision", _precision),
    "recall_score": ("decision", _true_positive_rate),
    "f1_score": ("decision", _f1),
    "mean_absolute_error": ("numbers", _mean(4)),
    "mean_squared_error": ("numbers", _mean(5)),
    "root_mean_squared_error": ("numbers", _root),
    "r2_score": ("numbers", _r2),
}

_WARNS = {"precision_score", "recall_score", "f1_score"}


def plan_of(function: Any) -> Plan | None:
    """How a metric follows from counts or sums; none for a function that must be called."""
    keywords: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        if function.args:
            return None
        keywords = {**function.keywords, **keywords}
        function = function.func
    module, name = getattr(function, "__module__", "") or "", getattr(function, "__name__", "")
    if getattr(function, "__qualname__", name) != name:
        return None
    if name in _OURS and (module.startswith("equipoise.metrics.") or module.startswith("fairlearn.metrics.")):
        kind, formula = _OURS[name]
        allowed = {"selected": {"pos_label"}, "decision": {"pos_label"}}.get(kind, set())
        if set(keywords) - allowed:
            return None
        positive = keywords.get("pos_label", 1 if kind == "selected" else None)
        return Plan(kind, formula, positive)
    if name in _SKLEARN and module.startswith("sklearn.metrics."):
        kind, formula = _SKLEARN[name]
        if set(keywords) - ({"pos_label", "zero_division"} if name in _WARNS else set()):
            return None
        nothing = keywords.get("zero_division", 0.0)
        if nothing == "warn":
            nothing = 0.0
        return Plan(kind, formula, keywords.get("pos_label", 1 if name in _WARNS else None), float(nothing))
    return None
