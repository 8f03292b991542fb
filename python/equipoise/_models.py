"""A model of any library as the core asks it: read natively where its trees can be, asked in Python otherwise."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _equipoise
from ._additive import margins_of
from ._columns import label, plain
from ._errors import EquipoiseError
from ._frames import Rows

Answer = tuple[str, Any]
"""`("probabilities", matrix)`, `("values", array)` or `("labels", list of str)`."""


class PythonModel:
    """A Python object that is asked in batches, on the thread that called."""

    def __init__(self, model: Any, rebuild: Callable[[Sequence[str], int, Any], Any] | None) -> None:
        self.model = model
        self.rebuild = rebuild or _plain_frame
        self.format = "python"
        self.describes = _described(model)
        self.inputs = names_of(model)
        self.classes = classes_of(model)
        self.task = _task_of(model, self.classes)
        self._ask, self._takes_matrix = _way_to_ask(model)
        found = margins_of(model, self.classes)
        self.n_margins = None if found is None else found[0]
        self._margins = None if found is None else found[1]

    def ask(self, names: Sequence[str], n_rows: int, columns: Sequence[Any]) -> Answer:
        """Called by the core with a batch."""
        return self.answer(self._frame(names, n_rows, columns), n_rows)

    def margins(self, names: Sequence[str], n_rows: int, columns: Sequence[Any]) -> Answer:
        """Called by the core for what stands before the link, row by row."""
        if self._margins is None:
            raise EquipoiseError(f"`{self.describes}` has no margins", "model", "ask for another `method`")
        found = np.asarray(self._margins(self._frame(names, n_rows, columns)), dtype=np.float64)
        return "values", np.ascontiguousarray(found).reshape(-1)

    def _frame(self, names: Sequence[str], n_rows: int, columns: Sequence[Any]) -> Any:
        if _is_network(self.model):
            columns = [_numbers(name, c, self.describes) for name, c in zip(names, columns, strict=True)]
        if self._takes_matrix:
            return np.column_stack([plain(c) for c in columns]) if columns else np.empty((n_rows, 0))
        return self.rebuild(names, n_rows, columns)

    def answer(self, frame: Any, n_rows: int) -> Answer:
        """What the model says of a frame."""
        return _checked(self._ask(frame), n_rows, self.classes, self.describes)


Model = _equipoise.NativeModel | PythonModel


def model_of(model: Any, rows: Rows | None, target: str | None, classes: Sequence[str]) -> Model:
    """The model as the core takes it.

    A tree ensemble that is read natively is held against the object's own predictions on some rows first; where the two
    differ, a warning says so and the object is asked instead.
    """
    if isinstance(model, _equipoise.NativeModel | PythonModel):
        return model
    check_fitted(model)
    asked = PythonModel(model, rows.rebuild if rows else None)
    if classes:
        asked.classes = list(classes)
    if target is not None and asked.inputs is not None and target in asked.inputs:
        raise EquipoiseError(
            f"the target `{target}` is a feature of the model",
            "model",
            "fit the model without the column that it is meant to predict",
        )
    if rows is not None and asked.inputs is not None and not set(asked.inputs) <= set(rows.columns):
        asked.inputs = _unsanitised(asked.inputs, rows.columns)
    from ._native import native_of

    native = native_of(model, asked.classes or [], rows)
    if native is None:
        return asked
    if rows is not None and not _agrees(native, asked, rows, target):
        warnings.warn(
            f"`{asked.describes}` is asked through Python: reading its trees gave other predictions than its own. "
            "Explanations of it are sampled, not exact.",
            stacklevel=4,
        )
        return asked
    return native


def check_fitted(model: Any) -> None:
    """Says so early when an estimator was not fitted."""
    is_fitted = getattr(model, "is_fitted", None)
    if type(model).__module__.startswith("catboost") and callable(is_fitted) and not is_fitted():
        raise _not_fitted(model)
    if not hasattr(model, "get_params") or not hasattr(model, "fit") or "sklearn" not in sys.modules:
        return
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise _not_fitted(model) from error
    except TypeError:
        return


def _not_fitted(model: Any) -> EquipoiseError:
    return EquipoiseError(f"the model `{type(model).__name__}` is not fitted", "model", "call its `fit` first")


def names_of(model: Any) -> list[str] | None:
    """The columns that a model was fitted on, where it knows them."""
    for attribute in ("feature_names_in_", "feature_names_", "feature_name_", "feature_names"):
        try:
            names = getattr(model, attribute, None)
        except Exception:
            # A property may be there and not answer: XGBoost's has nothing to say after a fit on a matrix.
            continue
        if names is not None and not callable(names) and len(names) > 0:
            return [str(name) for name in names]
    feature_name = getattr(model, "feature_name", None)
    if callable(feature_name):
        return [str(name) for name in feature_name()]
    return None


def classes_of(model: Any) -> list[str] | None:
    """A classifier's classes in the order of its outputs."""
    try:
        classes = getattr(model, "classes_", None)
    except Exception:
        return None
    if classes is None or len(classes) == 0 or _is_regressor(model):
        return None
    if isinstance(classes, list) and isinstance(classes[0], np.ndarray):
        raise EquipoiseError(
            f"`{_described(model)}` predicts several outputs", "model", "wrap it in a function that answers one of them"
        )
    return [label(c) for c in classes]


def _is_regressor(model: Any) -> bool:
    if "sklearn" in sys.modules and hasattr(model, "get_params"):
        from sklearn.base import is_regressor

        try:
            return bool(is_regressor(model))
        except Exception:
            return False
    return False


def _task_of(model: Any, classes: list[str] | None) -> str | None:
    if classes is not None:
        return "binary" if len(classes) == 2 else "multiclass" if len(classes) > 2 else None
    return "regression" if _is_regressor(model) else None


def _described(model: Any) -> str:
    named_steps = getattr(model, "steps", None)
    if isinstance(named_steps, list) and named_steps and isinstance(named_steps[0], tuple):
        return " → ".join(type(step).__name__ for _, step in named_steps if step is not None and step != "passthrough")
    name = getattr(model, "__name__", None)
    return name if isinstance(name, str) else type(model).__name__


def _way_to_ask(model: Any) -> tuple[Callable[[Any], Any], bool]:
    """How a model is asked, and whether it takes a bare matrix."""
    root = type(model).__module__.split(".", 1)[0]
    if root == "xgboost" and type(model).__name__ == "Booster":
        import xgboost

        return (lambda frame: model.predict(xgboost.DMatrix(frame, enable_categorical=True))), False
    if _is_torch(model):
        return _torch(model), True
    if _is_network(model):
        return (lambda matrix: model.predict(np.asarray(matrix, dtype=np.float32), verbose=0)), True
    # Fitted on a matrix: names would only be warned about.
    is_nameless = hasattr(model, "n_features_in_") and names_of(model) is None and hasattr(model, "get_params")
    probabilities = getattr(model, "predict_proba", None)
    if callable(probabilities) and not _is_regressor(model):
        return probabilities, is_nameless
    predict = getattr(model, "predict", None)
    if callable(predict):
        return predict, is_nameless
    if callable(model):
        return model, False
    raise EquipoiseError(
        f"an object of the type `{type(model).__module__}.{type(model).__qualname__}` cannot be asked for predictions",
        "model",
        "give an estimator with `predict` or `predict_proba`, a function of a data frame, or the path of a model file",
    )


def _is_torch(model: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _is_network(model: Any) -> bool:
    root = type(model).__module__.split(".", 1)[0]
    return _is_torch(model) or (root in ("keras", "tensorflow", "tf_keras") and hasattr(model, "predict"))


def _numbers(name: str, values: Any, who: str) -> Any:
    """A column for a network, which takes numbers alone: false and true are 0 and 1."""
    if not isinstance(values, tuple):
        return values
    codes, levels = values
    if not set(levels) <= {"false", "true"}:
        raise EquipoiseError(
            f"`{who}` takes numbers, but `{name}` holds words",
            "model",
            "give a function of a data frame that turns its columns into the inputs of the network",
        )
    known = np.array([*(float(level == "true") for level in levels), np.nan])
    return known[np.minimum(codes, len(levels)).astype(np.int64)]


def _torch(model: Any) -> Callable[[Any], Any]:
    import torch

    def ask(matrix: NDArray[Any]) -> Any:
        model.eval()
        first = next(iter(model.parameters()), None)
        rows = torch.as_tensor(np.asarray(matrix, dtype=np.float32))
        with torch.no_grad():
            return model(rows if first is None else rows.to(first.device))

    return ask


def _plain_frame(names: Sequence[str], n_rows: int, columns: Sequence[Any]) -> Any:
    """Data from a file: a pandas frame where pandas is installed, otherwise a dict of columns."""
    made = {name: plain(values) for name, values in zip(names, columns, strict=True)}
    try:
        import pandas as pd
    except ImportError:
        return made
    return pd.DataFrame(made, index=pd.RangeIndex(n_rows))


def _checked(answer: Any, n_rows: int, classes: list[str] | None, who: str) -> Answer:
    if hasattr(answer, "detach") and hasattr(answer, "cpu"):
        answer = answer.detach().cpu().numpy()
    values = np.asarray(answer)
    if values.ndim == 0 or len(values) != n_rows:
        found = "a single value" if values.ndim == 0 else f"{len(values)} answers"
        raise EquipoiseError(
            f"`{who}` gave {found} for {n_rows} rows", "model", "it must answer each row of the data frame it is handed"
        )
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1 and values.dtype.kind in "fiu":
        return "values", np.ascontiguousarray(values, dtype=np.float64)
    if values.ndim == 1:
        place: dict[Any, int] = {}
        places = [place.setdefault(v, len(place)) for v in values.tolist()]
        names = [label(v) for v in place]
        return "labels", [names[i] for i in places]
    if values.ndim != 2:
        raise EquipoiseError(
            f"`{who}` gave an array of the shape {values.shape}",
            "model",
            "one number per row, or one per row and class",
        )
    if values.dtype.kind not in "fiub":
        raise EquipoiseError(
            f"`{who}` gave words such as `{values.flat[0]}` where probabilities are expected",
            "model",
            "one number per row and class; labels are an array of one dimension",
        )
    if classes is not None and values.shape[1] != len(classes):
        raise EquipoiseError(
            f"`{who}` gave {values.shape[1]} probabilities per row, but has {len(classes)} classes",
            "model",
            "`predict_proba` must give a column for each class, in the order of `classes_`",
        )
    probabilities = np.ascontiguousarray(values, dtype=np.float64)
    sums = probabilities.sum(axis=1)
    wrong = ~((np.abs(sums - 1) < 1e-3) | np.isnan(sums)) | (probabilities < -1e-9).any(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        shown = ", ".join(f"{p:.4g}" for p in probabilities[row][:6])
        raise EquipoiseError(
            f"`{who}` gave what are no probabilities, for example {shown} with the sum {sums[row]:.6g}",
            "model",
            "apply a softmax to scores first; one probability per class and row",
        )
    return "probabilities", probabilities


def _unsanitised(names: list[str], columns: list[str]) -> list[str]:
    """LightGBM writes `_` for signs it cannot hold: the columns that are meant, where all are found."""
    plain_names = {"".join(c if c.isalnum() else "_" for c in column): column for column in columns}
    return [
        name if name in columns else plain_names.get("".join(c if c.isalnum() else "_" for c in name), name)
        for name in names
    ]


def _agrees(native: _equipoise.NativeModel, asked: PythonModel, rows: Rows, target: str | None) -> bool:
    n = rows.data.n_rows
    places = np.unique(np.linspace(0, n - 1, min(n, 64)).astype(np.int64))
    data, part = rows.picked(places)
    features = [c for c in data.columns if c != target] if asked.inputs is None else asked.inputs
    kind, _, found = native.predict(data, features)
    names = asked.inputs if asked.inputs is not None else [name for name, _ in native.inputs]
    if not set(names) <= set(data.columns):
        names = features
    try:
        frame = np.asarray(part) if asked._takes_matrix and not hasattr(part, "columns") else part[names]
        if asked._takes_matrix:
            frame = np.asarray(frame)
        own_kind, own = asked.answer(frame, len(places))
    except EquipoiseError:
        raise
    except (KeyError, IndexError, TypeError):
        # Columns that only the reader can place: it is taken at its word.
        return True
    if own_kind == "labels":
        return False
    if kind == "probability":
        found = np.column_stack([1 - found, found])
    expected = np.asarray(own)
    if kind == "probability" and expected.ndim == 1:
        expected = np.column_stack([1 - expected, expected])
    found = found.reshape(expected.shape) if found.size == expected.size else found
    return found.shape == expected.shape and bool(np.allclose(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True))
