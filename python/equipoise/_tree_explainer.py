"""`TreeExplainer` with shap's calls, from the trees that Equipoise reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import _equipoise
from ._errors import EquipoiseError
from ._frames import library_of, rows_of
from ._models import PythonModel, check_fitted, classes_of, names_of
from ._native import native_of


@dataclass
class Explanation:
    """Attributions with the fields of `shap.Explanation`, for where shap is not installed."""

    values: NDArray[np.float64]
    base_values: NDArray[np.float64]
    data: Any = None
    feature_names: list[str] = field(default_factory=list)
    display_data: Any = None
    output_names: list[str] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the values."""
        return tuple(self.values.shape)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: Any) -> Explanation:
        rows = key if isinstance(key, tuple) else (key,)
        data = None if self.data is None else self.data[rows[:2]]
        names = self.feature_names
        if len(rows) > 1 and not isinstance(rows[1], int | np.integer):
            names = list(np.asarray(names, dtype=object)[rows[1]])
        base = self.base_values[(rows[0], *rows[2:])] if self.base_values.ndim > len(rows[2:]) else self.base_values
        return Explanation(self.values[key], base, data, names, None, self.output_names)


class TreeExplainer:
    """Exact Shapley values of tree ensembles, called as shap's.

    Args:
        model: A LightGBM, XGBoost or CatBoost model, or a tree, forest or boosted trees of scikit-learn.
        data: Background rows. With them, absent features take the background's values (`interventional`); without, both
            branches are taken in proportion to the training rows (`tree_path_dependent`).
        feature_perturbation: `interventional`, `tree_path_dependent` or `auto` (by whether there are background rows).
        model_output: `raw` explains the sum of the trees (log-odds for boosted classifiers), `probability` what the model
            answers; the latter needs background rows.
        feature_names: Names of the columns of a matrix.

    Calling it gives a `shap.Explanation` where shap is installed (`shap.plots` takes it), else an `Explanation` with the
    same fields. A binary forest of scikit-learn has two outputs, as it has in shap.
    """

    def __init__(
        self,
        model: Any,
        data: Any = None,
        feature_perturbation: Literal["auto", "interventional", "tree_path_dependent"] = "auto",
        model_output: Literal["raw", "probability"] = "raw",
        feature_names: list[str] | None = None,
    ) -> None:
        if feature_perturbation not in ("auto", "interventional", "tree_path_dependent"):
            raise EquipoiseError(
                f"there is no `feature_perturbation` {feature_perturbation!r}",
                "spec",
                "it is `interventional` or `tree_path_dependent`",
            )
        if model_output not in ("raw", "probability", "predict_proba"):
            raise EquipoiseError(f"there is no `model_output` {model_output!r}", "spec", "it is `raw` or `probability`")
        if feature_perturbation == "interventional" and data is None:
            raise EquipoiseError(
                "`interventional` needs background rows", "spec", "give some of the training rows as `data`"
            )
        self.feature_names = feature_names
        self._of_answers = model_output != "raw"
        if self._of_answers and data is None:
            raise EquipoiseError("probabilities are explained against background rows", "spec", "give some as `data`")
        background = None
        if data is not None and feature_perturbation != "tree_path_dependent":
            background = rows_of(self._named(data), "the background")
        if isinstance(model, _equipoise.NativeModel):
            native: _equipoise.NativeModel | None = model
        else:
            check_fitted(model)
            native = native_of(model, classes_of(model) or [], background)
        if native is None or isinstance(model, PythonModel):
            raise EquipoiseError(
                f"`{type(model).__name__}` is not read as trees", "model", "`equipoise.explain` explains any model"
            )
        self.model = native
        self._inputs = [name for name, _ in native.inputs]
        self._names = names_of(model) or self._inputs
        columns = background.columns if background is not None else self._names
        self._explainer = _equipoise.Explainer(native, columns, background.data if background is not None else None)
        self._base = np.asarray(self._explainer.base)
        if self._of_answers and background is not None:
            data_of_one, _ = background.picked(np.zeros(1, dtype=np.int64))
            self._base = np.asarray(self._explainer.values(data_of_one, background.columns, True)[1])
        # shap gives both classes of a forest that averages probabilities.
        self._is_mirrored = native.format == "scikit-learn" and native.classes is not None and _averages(model)

    @property
    def expected_value(self) -> Any:
        """What the attributions start from: a number, or one for each output."""
        base = self._based(self._base)
        return float(base[0]) if len(base) == 1 else base

    def shap_values(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """Attributions, shape `(n_rows, n_columns)`, with a third axis for several outputs."""
        values, _, _ = self._values(X)
        return values

    def shap_interaction_values(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """Interactions of pairs; the diagonal holds what a column does alone. They sum to the attributions."""
        rows = rows_of(self._named(X), "the rows")
        flat, _ = self._explainer.interactions(rows.data, rows.columns)
        n = len(self._explainer.names)
        values = self._ordered(flat.reshape(rows.data.n_rows, n, n, -1), axes=(1, 2), columns=rows.columns)
        values = np.concatenate([-values, values], axis=-1) if self._is_mirrored else values
        return values[..., 0] if values.shape[-1] == 1 else values

    def __call__(self, X: Any, interactions: bool = False) -> Any:
        """Attributions of rows as an `Explanation`."""
        values, base, names = self._values(X)
        if interactions:
            values = self.shap_interaction_values(X)
        shown = _matrix(X)
        base_values = np.broadcast_to(
            base[0] if len(base) == 1 else base, (len(values), *(() if len(base) == 1 else base.shape))
        )
        made = {
            "values": values,
            "base_values": np.array(base_values),
            "data": shown,
            "feature_names": names,
            "output_names": self.model.classes if len(base) > 1 else None,
        }
        try:
            import shap
        except ImportError:
            return Explanation(**made)
        return shap.Explanation(**made)

    def _values(self, X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
        rows = rows_of(self._named(X), "the rows")
        flat, base = self._explainer.values(rows.data, rows.columns, self._of_answers)
        values = flat.reshape(rows.data.n_rows, len(self._explainer.names), -1)
        values = self._ordered(values, axes=(1,), columns=rows.columns)
        values = np.concatenate([-values, values], axis=-1) if self._is_mirrored else values
        names = self.feature_names or (rows.columns if self._fits(rows.columns) else self._names)
        return (values[..., 0] if values.shape[-1] == 1 else values), self._based(np.asarray(base)), names

    def _ordered(self, values: NDArray[Any], axes: tuple[int, ...], columns: list[str]) -> NDArray[Any]:
        """In the order of the caller's columns, where these are the model's."""
        names = self._explainer.names
        if self._fits(columns) and set(columns) == set(names) and columns != names:
            order = [names.index(c) for c in columns]
            for axis in axes:
                values = np.take(values, order, axis=axis)
        return values

    def _fits(self, columns: list[str]) -> bool:
        return len(columns) == len(self._explainer.names)

    def _based(self, base: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([1 - base, base]) if self._is_mirrored else base

    def _named(self, X: Any) -> Any:
        """A matrix under the model's own names, so that columns are found by place."""
        if library_of(X) == "scipy":
            X = X.toarray()
        if isinstance(X, list):
            X = np.asarray(X)
        if isinstance(X, np.ndarray) and X.dtype.names is None:
            X = X.reshape(1, -1) if X.ndim == 1 else X
            names = getattr(self, "_inputs", None) or [f"x{i}" for i in range(X.shape[1])]
            if len(names) == X.shape[1]:
                return {name: X[:, i] for i, name in enumerate(names)}
        return X


def _averages(model: Any) -> bool:
    name = type(model).__name__
    is_forest = "Forest" in name or "ExtraTree" in name or name == "DecisionTreeClassifier"
    return is_forest and len(getattr(model, "classes_", ())) == 2


def _matrix(X: Any) -> Any:
    if hasattr(X, "to_numpy"):
        return X.to_numpy()
    if isinstance(X, dict):
        return np.column_stack([np.asarray(v, dtype=object) for v in X.values()])
    return np.asarray(X)
