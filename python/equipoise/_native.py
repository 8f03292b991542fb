"""Tree ensembles read from objects in memory, so that exact explanations apply and no row passes through Python."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _equipoise
from ._errors import EquipoiseError

if TYPE_CHECKING:
    from ._frames import Rows


def native_of(model: Any, classes: list[str], rows: Rows | None) -> _equipoise.NativeModel | None:
    """The model read into trees of our own; `None` for what must be asked."""
    kind = type(model)
    readers = {"lightgbm": _lightgbm, "xgboost": _xgboost, "catboost": _catboost}
    for base in kind.__mro__:
        reader = readers.get(base.__module__.split(".", 1)[0])
        if reader is not None:
            return _tried(partial(reader, model, classes, rows))
    if kind.__module__.startswith("sklearn."):
        parts = _pipeline(model, classes, rows) if kind.__name__ == "Pipeline" else _forest(model, classes, rows)
        return None if parts is None else _tried(lambda: _equipoise.NativeModel.forest(parts, _digest(parts)))
    return None


def _forest(model: Any, classes: list[str], rows: Rows | None) -> dict[str, Any] | None:
    from ._sklearn_trees import forest_of

    return forest_of(model, classes, rows.columns if rows else None)


def _pipeline(model: Any, classes: list[str], rows: Rows | None) -> dict[str, Any] | None:
    from ._pipelines import forest_of_pipeline

    return forest_of_pipeline(model, classes, rows)


def _digest(parts: dict[str, Any]) -> tuple[str, int]:
    """SHA-256 and size of the arrays that trees are read from, one after another under their names.

    Names of classes are left out, since they are the run's. There is no file of these bytes: the same arrays have the same
    digest in whatever process, and that is all it says.
    """
    found, size = hashlib.sha256(), 0

    def add(content: bytes) -> None:
        nonlocal size
        found.update(content)
        size += len(content)

    add(json.dumps({k: v for k, v in parts.items() if k not in ("trees", "classes")}).encode())
    for tree in parts["trees"]:
        for name, values in tree.items():
            is_array = hasattr(values, "dtype")
            add(f"{name} {values.dtype.str} {values.shape}".encode() if is_array else f"{name} {values}".encode())
            if is_array:
                add(values.tobytes())
    return found.hexdigest(), size


def _tried(read: Any) -> _equipoise.NativeModel | None:
    try:
        made: _equipoise.NativeModel | None = read()
    except EquipoiseError as error:
        # What our readers do not take (custom objectives, text features) is asked instead.
        if error.code == "model":
            return None
        raise
    return made


def _lightgbm(model: Any, classes: list[str], rows: Rows | None) -> _equipoise.NativeModel:
    booster = getattr(model, "booster_", model)
    text = booster.model_to_string()
    return _equipoise.NativeModel.read(type(model).__name__, text.encode(), "lightgbm", classes)


def _xgboost(model: Any, classes: list[str], rows: Rows | None) -> _equipoise.NativeModel:
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    try:
        best = model.best_iteration
    except AttributeError:
        best = None
    # An estimator of scikit-learn's kind writes more than its booster does: the bytes are those of the model's own file.
    content = bytes(booster.save_raw("json")) if booster is model else _saved(model.save_model)
    if best is not None and best + 1 < booster.num_boosted_rounds():
        content = _cut(content, best + 1)
    return _equipoise.NativeModel.read(type(model).__name__, content, "xgboost", classes)


def _cut(content: bytes, n_rounds: int) -> bytes:
    """The first rounds of an XGBoost model. A slice of the booster itself would lose the names of categories."""
    document = json.loads(content)
    machine = document["learner"]["gradient_booster"]
    model = (machine.get("gbtree") or machine)["model"]
    ends = model["iteration_indptr"][: n_rounds + 1]
    n_trees = ends[-1]
    model["iteration_indptr"] = ends
    for key in ("trees", "tree_info"):
        model[key] = model[key][:n_trees]
    model["gbtree_model_param"]["num_trees"] = str(n_trees)
    if "weight_drop" in machine:
        machine["weight_drop"] = machine["weight_drop"][:n_trees]
    return json.dumps(document).encode()


def _catboost(model: Any, classes: list[str], rows: Rows | None) -> _equipoise.NativeModel:
    pool = None
    categorical = list(model.get_cat_feature_indices())
    if categorical and rows is not None:
        from catboost import Pool

        # Hashes of categories get their names from the rows at hand.
        names = [str(name) for name in model.feature_names_]
        pool = Pool(_with_words(rows.original, names, categorical), cat_features=categorical)
    content = _saved(partial(model.save_model, format="json", pool=pool))
    return _equipoise.NativeModel.read(type(model).__name__, content, "catboost", classes)


def _saved(save: Callable[[str], Any]) -> bytes:
    """What a model writes to a file."""
    with tempfile.TemporaryDirectory(prefix="equipoise-") as folder:
        path = os.path.join(folder, "model.json")
        save(path)
        with open(path, "rb") as file:
            return file.read()


def _with_words(frame: Any, names: list[str], categorical: list[int]) -> Any:
    if hasattr(frame, "loc"):
        return frame[names]
    return frame[:, : len(names)]
