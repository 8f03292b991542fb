"""scikit-learn's trees, forests and boosted trees as arrays for the core.

The arrays are those that scikit-learn predicts from. A tree compares single-precision values with double-precision
thresholds; histogram boosting compares doubles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._columns import is_missing, label

_SINGLE = {"DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"}
_FORESTS = {"RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"}
_BOOSTED = {"GradientBoostingClassifier", "GradientBoostingRegressor"}
_HISTOGRAM = {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"}

_NO_BITSETS = np.zeros((0, 8), dtype=np.uint32)


def forest_of(model: Any, classes: list[str], columns: list[str] | None) -> dict[str, Any] | None:
    """The ensemble as arrays; `None` for models of other kinds, or with a part that trees do not hold."""
    name = type(model).__name__
    if name in _SINGLE | _FORESTS:
        trees = [model] if name in _SINGLE else model.estimators_
        return _averaged(model, [t.tree_ for t in trees], classes)
    if name in _BOOSTED:
        return _boosted(model, classes)
    if name in _HISTOGRAM:
        return _histogram(model, classes)
    return None


def _names(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    return [f"x{i}" for i in range(model.n_features_in_)] if names is None else [str(n) for n in names]


def _described(kind: str, n_trees: int) -> str:
    return f"{kind}, {n_trees} {'tree' if n_trees == 1 else 'trees'}"


def _averaged(model: Any, trees: list[Any], classes: list[str]) -> dict[str, Any] | None:
    if model.n_outputs_ != 1:
        return None
    is_classifier = hasattr(model, "classes_")
    n_classes = len(model.classes_) if is_classifier else 1
    if is_classifier and n_classes < 2:
        return None
    is_binary = is_classifier and n_classes == 2

    def values(tree: Any) -> NDArray[np.float64]:
        found = np.asarray(tree.value[:, 0, :], dtype=np.float64)
        if is_classifier:
            found = found / found.sum(axis=1, keepdims=True)
        return found[:, 1:] if is_binary else found

    answer = "probability" if is_binary else "probabilities" if is_classifier else "value"
    kind = "decision tree" if len(trees) == 1 else "forest of decision trees"
    return {
        "features": [(name, None) for name in _names(model)],
        "is_other_known": False,
        "trees": [_tree(t, values(t), 0 if answer != "probabilities" else None) for t in trees],
        "base": [0.0] * (n_classes if answer == "probabilities" else 1),
        "scale": 1.0 / len(trees),
        "link": "identity",
        "link_scale": 1.0,
        "answer": answer,
        "is_single": True,
        "describes": _described(kind, len(trees)),
        "classes": classes or None,
    }


def _boosted(model: Any, classes: list[str]) -> dict[str, Any] | None:
    is_dummy = type(model.init_).__name__.startswith("Dummy") or model.init_ == "zero"
    if not is_dummy:
        return None
    raw = np.asarray(model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32)), dtype=np.float64)
    base = [float(b) for b in raw.ravel()]
    trees = [
        _tree(regressor.tree_, regressor.tree_.value[:, 0, :] * model.learning_rate, output)
        for stage in model.estimators_
        for output, regressor in enumerate(stage)
    ]
    is_classifier = hasattr(model, "classes_")
    loss = model.loss
    if is_classifier:
        link = "logistic" if len(base) == 1 else "softmax"
    elif loss in ("squared_error", "absolute_error", "huber", "quantile"):
        link = "identity"
    else:
        return None
    return {
        "features": [(name, None) for name in _names(model)],
        "is_other_known": False,
        "trees": trees,
        "base": base,
        "scale": 1.0,
        "link": link,
        # The exponential loss is about half of the log-odds.
        "link_scale": 2.0 if loss == "exponential" else 1.0,
        "answer": "value" if not is_classifier else "probability" if len(base) == 1 else "probabilities",
        "is_single": True,
        "describes": _described("gradient-boosted trees", len(trees)),
        "classes": classes or None,
    }


def _tree(tree: Any, values: NDArray[Any], output: int | None) -> dict[str, Any]:
    nodes = tree.__getstate__()["nodes"]
    n = tree.node_count
    missing_left = nodes["missing_go_to_left"] if "missing_go_to_left" in (nodes.dtype.names or ()) else np.zeros(n)
    return {
        "left": _integers(tree.children_left),
        "right": _integers(tree.children_right),
        "feature": _integers(tree.feature),
        "threshold": np.ascontiguousarray(tree.threshold, dtype=np.float64),
        "missing_left": np.ascontiguousarray(missing_left, dtype=np.uint8),
        "cover": np.ascontiguousarray(tree.weighted_n_node_samples, dtype=np.float64),
        "values": np.ascontiguousarray(values, dtype=np.float64),
        "bitset": np.full(n, -1, dtype=np.int64),
        "bitsets": _NO_BITSETS,
        "output": output,
    }


def _histogram(model: Any, classes: list[str]) -> dict[str, Any] | None:
    is_classifier = hasattr(model, "classes_")
    base = [float(b) for b in np.asarray(model._baseline_prediction).ravel()]
    if is_classifier:
        link = "logistic" if len(base) == 1 else "softmax"
    else:
        link = {"poisson": "exp", "gamma": "exp"}.get(model.loss, "identity")
    placed = _features(model)
    if placed is None:
        return None
    features, place = placed
    trees = []
    for stage in model._predictors:
        for output, predictor in enumerate(stage):
            nodes = predictor.nodes
            is_leaf = nodes["is_leaf"].astype(bool)
            is_category = nodes["is_categorical"].astype(bool) & ~is_leaf
            trees.append(
                {
                    "left": np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
                    "right": np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
                    "feature": np.asarray(place, dtype=np.int64)[nodes["feature_idx"].astype(np.int64)],
                    "threshold": np.ascontiguousarray(nodes["num_threshold"], dtype=np.float64),
                    "missing_left": np.ascontiguousarray(nodes["missing_go_to_left"], dtype=np.uint8),
                    "cover": np.ascontiguousarray(nodes["count"], dtype=np.float64),
                    "values": np.ascontiguousarray(nodes["value"], dtype=np.float64).reshape(-1, 1),
                    "bitset": np.where(is_category, nodes["bitset_idx"].astype(np.int64), -1),
                    "bitsets": np.ascontiguousarray(predictor.raw_left_cat_bitsets, dtype=np.uint32).reshape(-1, 8),
                    "output": output,
                }
            )
    return {
        "features": features,
        "is_other_known": False,
        "trees": trees,
        "base": base,
        "scale": 1.0,
        "link": link,
        "link_scale": 1.0,
        "answer": "value" if not is_classifier else "probability" if len(base) == 1 else "probabilities",
        "is_single": False,
        "describes": _described("gradient-boosted trees", len(trees)),
        "classes": classes or None,
    }


def _features(model: Any) -> tuple[list[tuple[str, list[str] | None]], list[int]] | None:
    """The features in the caller's order with their categories, and the place of each of the trees' columns among them."""
    names = _names(model)
    is_categorical = getattr(model, "is_categorical_", None)
    features: list[tuple[str, list[str] | None]] = [(name, None) for name in names]
    if is_categorical is None or not np.any(is_categorical):
        return features, list(range(len(names)))
    prepared = getattr(model, "_preprocessor", None)
    if prepared is None:
        # Categories are whole numbers; those that did not occur in training count as missing.
        for i in map(int, np.flatnonzero(is_categorical)):
            known = {int(v) for v in model._bin_mapper.bin_thresholds_[i]}
            features[i] = (names[i], [str(v) if v in known else f"\x00{v}" for v in range(max(known, default=-1) + 1)])
        return features, list(range(len(names)))
    # Encoded columns come first.
    encoder = prepared.named_transformers_["encoder"]
    mask = np.asarray(model._is_categorical_remapped) if hasattr(model, "_is_categorical_remapped") else None
    transformers = {name: columns for name, _, columns in prepared.transformers_}
    encoded = _places(transformers["encoder"], names)
    rest = _places(transformers["numerical"], names)
    if mask is not None and len(encoded) + len(rest) != len(names):
        return None
    for i, categories in zip(encoded, encoder.categories_, strict=True):
        features[i] = (names[i], [label(c) if not is_missing(c) else "\x00" for c in categories])
    return features, [*encoded, *rest]


def _places(columns: Any, names: list[str]) -> list[int]:
    if isinstance(columns, slice):
        return list(range(len(names)))[columns]
    array = np.asarray(columns)
    if array.dtype == bool:
        return [int(i) for i in np.flatnonzero(array)]
    if array.dtype.kind in "iu":
        return [int(i) for i in array]
    return [names.index(str(c)) for c in array]


def _integers(values: Any) -> NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.int64)
