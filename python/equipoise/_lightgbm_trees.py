"""LightGBM's trees as arrays for the core, where they stand behind transformers of scikit-learn: by itself its text is read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_IDENTITY = {"regression", "regression_l1", "huber", "fair", "quantile", "mape"}
_EXP = {"poisson", "gamma", "tweedie"}


def forest_of(model: Any, classes: list[str]) -> dict[str, Any] | None:
    """The ensemble as arrays; `None` with a part that they do not hold (names, linear leaves, zeros as missing ones)."""
    document = getattr(model, "booster_", model).dump_model()
    n_outputs = document["num_tree_per_iteration"]
    objective, *settings = document.get("objective", "").split()
    link = _link(objective, settings, n_outputs)
    infos = document["tree_info"]
    trees = [_tree(info["tree_structure"], i % n_outputs) for i, info in enumerate(infos)]
    if link is None or not trees or None in trees:
        return None
    answer, link_name, link_scale = link
    return {
        "features": [(name, None) for name in document["feature_names"]],
        "is_other_known": False,
        "trees": trees,
        "base": [0.0] * n_outputs,
        "scale": n_outputs / len(trees) if document.get("average_output") else 1.0,
        "link": link_name,
        "link_scale": link_scale,
        "answer": answer,
        "is_single": False,
        "describes": f"gradient-boosted trees, {len(trees)} trees",
        "classes": classes or None,
    }


def _link(objective: str, settings: list[str], n_outputs: int) -> tuple[str, str, float] | None:
    """The kind of answer, the link and its scale."""
    if objective in ("binary", "cross_entropy") and n_outputs == 1:
        given = dict(s.split(":", 1) for s in settings if ":" in s)
        return "probability", "logistic", float(given.get("sigmoid", 1.0))
    if objective == "multiclass":
        return "probabilities", "softmax", 1.0
    # Roots of the target are squared afterwards.
    if objective in _IDENTITY and "sqrt" not in settings:
        return "value", "identity", 1.0
    return ("value", "exp", 1.0) if objective in _EXP else None


def _tree(root: dict[str, Any], output: int) -> dict[str, Any] | None:
    nodes = [root]
    left, right = [], []
    for node in nodes:
        if "split_feature" not in node:
            if "leaf_const" in node:
                return None
            left.append(-1)
            right.append(-1)
            continue
        if node["decision_type"] != "<=" or node["missing_type"] not in ("None", "NaN"):
            return None
        left.append(len(nodes))
        right.append(len(nodes) + 1)
        nodes += [node["left_child"], node["right_child"]]
    n = len(nodes)

    def each(key: str, other: float) -> NDArray[np.float64]:
        return np.array([node.get(key, other) for node in nodes], dtype=np.float64)

    threshold = each("threshold", 0.0)
    # Where none were missing in training, a missing number counts as zero.
    missing_left = [
        node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
        for node in nodes
        if "split_feature" in node
    ]
    is_split = np.array(left) >= 0
    towards = np.zeros(n, dtype=np.uint8)
    towards[is_split] = missing_left
    return {
        "left": np.array(left, dtype=np.int64),
        "right": np.array(right, dtype=np.int64),
        "feature": each("split_feature", -1).astype(np.int64),
        "threshold": threshold,
        "missing_left": towards,
        "cover": np.where(is_split, each("internal_count", 1.0), each("leaf_count", 1.0)),
        "values": each("leaf_value", 0.0).reshape(-1, 1),
        "bitset": np.full(n, -1, dtype=np.int64),
        "bitsets": np.zeros((0, 8), dtype=np.uint32),
        "output": output,
    }
