"""Rates of decisions, with fairlearn's names and arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import EquipoiseError


def squeezed(values: Any) -> NDArray[Any]:
    """An array without dimensions of length one; a single value stays an array."""
    array = np.asarray(values)
    if array.size == 1:
        return array.reshape(1)
    return np.squeeze(array) if array.size else array


def check_lengths(*arrays: Any) -> None:
    """All arrays have as many rows as the first."""
    lengths = [len(a) for a in arrays if a is not None]
    if len(set(lengths)) > 1:
        raise EquipoiseError(
            f"the inputs have different lengths: {', '.join(map(str, lengths))}",
            "data",
            "give one value per row in each",
        )


def positive_of(labels: NDArray[Any], pos_label: Any) -> Any:
    """The label that counts as positive, of at most two."""
    if pos_label is None:
        found = set(labels.tolist())
        if not (found <= {0, 1} or found <= {-1, 1}):
            raise EquipoiseError(
                "without `pos_label` the values must be 0 and 1, or -1 and 1",
                "data",
                f"name the positive one of {', '.join(f'`{v}`' for v in labels.tolist()[:5])} with `pos_label`",
            )
        return 1
    if len(labels) > 2:
        raise EquipoiseError(
            f"there are {len(labels)} different values where at most two are expected",
            "data",
            "compare one class with the rest",
        )
    if len(labels) == 2 and pos_label not in labels.tolist():
        raise EquipoiseError(
            f"`pos_label` {pos_label!r} does not occur",
            "data",
            f"the values are {', '.join(map(repr, labels.tolist()))}",
        )
    return pos_label


def _cells(y_true: Any, y_pred: Any, sample_weight: Any, pos_label: Any) -> tuple[float, float, float, float]:
    """Weighted true positives, false negatives, false positives and true negatives."""
    truth, predicted = squeezed(y_true), squeezed(y_pred)
    weight = None if sample_weight is None else squeezed(sample_weight)
    check_lengths(truth, predicted, weight)
    positive = positive_of(np.unique(np.concatenate([truth.ravel(), predicted.ravel()])), pos_label)
    t, p = truth == positive, predicted == positive
    w = np.ones(len(truth)) if weight is None else weight.astype(np.float64)
    return float(w[t & p].sum()), float(w[t & ~p].sum()), float(w[~t & p].sum()), float(w[~t & ~p].sum())


def _share(part: float, rest: float) -> float:
    # fairlearn's convention for a rate over nothing.
    return part / (part + rest) if part + rest else 0.0


def true_positive_rate(y_true: Any, y_pred: Any, sample_weight: Any = None, pos_label: Any = None) -> float:
    """Share predicted positive among those who are: `tp / (tp + fn)`.

    >>> true_positive_rate([1, 1, 0], [1, 0, 0])
    0.5
    """
    tp, fn, _, _ = _cells(y_true, y_pred, sample_weight, pos_label)
    return _share(tp, fn)


def false_negative_rate(y_true: Any, y_pred: Any, sample_weight: Any = None, pos_label: Any = None) -> float:
    """Share predicted negative among those who are positive: `fn / (tp + fn)`."""
    tp, fn, _, _ = _cells(y_true, y_pred, sample_weight, pos_label)
    return _share(fn, tp)


def false_positive_rate(y_true: Any, y_pred: Any, sample_weight: Any = None, pos_label: Any = None) -> float:
    """Share predicted positive among those who are negative: `fp / (fp + tn)`."""
    _, _, fp, tn = _cells(y_true, y_pred, sample_weight, pos_label)
    return _share(fp, tn)


def true_negative_rate(y_true: Any, y_pred: Any, sample_weight: Any = None, pos_label: Any = None) -> float:
    """Share predicted negative among those who are: `tn / (fp + tn)`."""
    _, _, fp, tn = _cells(y_true, y_pred, sample_weight, pos_label)
    return _share(tn, fp)


def count(y_true: Any, y_pred: Any) -> int:
    """Number of rows."""
    check_lengths(y_true, y_pred)
    return len(y_true)


def mean_prediction(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Weighted mean of the predictions."""
    predicted = squeezed(y_pred)
    weight = np.ones(len(predicted)) if sample_weight is None else squeezed(sample_weight)
    return float(np.dot(predicted, weight) / weight.sum())


def selection_rate(y_true: Any, y_pred: Any, *, pos_label: Any = 1, sample_weight: Any = None) -> float:
    """Weighted share of rows predicted to be `pos_label`."""
    selected = squeezed(y_pred) == pos_label
    if len(selected) == 0:
        raise EquipoiseError("there are no predictions", "data", "give at least one row")
    weight = np.ones(len(selected)) if sample_weight is None else squeezed(sample_weight)
    return float(np.dot(selected, weight) / weight.sum())
