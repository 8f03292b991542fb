"""`eq.assess` and the analyses by name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import _equipoise
from ._assessment import Assessment
from ._columns import label
from ._errors import EquipoiseError, unknown
from ._frames import Rows, as_array, extra_columns, library_of, rows_of
from ._models import Model, PythonModel, model_of
from ._progress import Told, progress_of

IN_MEMORY = "data in memory"

BUDGET = {"max_rows": 25, "background": 30, "max_calls": 100_000, "importance_rows": 400, "grid": 10, "interactions": 3}
"""What explanations may ask of a model that answers in Python, unless other parameters are given: an answer of it costs a
thousand times what one of trees that are read costs. The section says how near the attributions came
(`explain.relative_standard_error`), and a note where that is not near enough."""


def assess(
    data: Any,
    *,
    target: Any,
    model: Any = None,
    sensitive: Any = None,
    control: Any = None,
    train: Any = None,
    prediction: Any = None,
    probability: Any = None,
    features: Sequence[str] | None = None,
    weight: Any = None,
    positive: Any = None,
    classes: Sequence[Any] | None = None,
    task: str | None = None,
    threshold: float | None = None,
    cohorts: Mapping[str, str] | None = None,
    complements: bool = False,
    id: str | Sequence[str] | None = None,
    drop: str | Sequence[str] | None = None,
    only: str | Sequence[str] | None = None,
    analyses: Mapping[str, Mapping[str, Any]] | None = None,
    types: Mapping[str, str] | None = None,
    missing_values: Sequence[str] | None = None,
    level: float | None = None,
    seed: int = 0,
    progress: bool | Callable[[str | None, float | None], None] | None = None,
) -> Assessment:
    """Assesses a model, or predictions, on data.

    Args:
        data: The rows to assess: a data frame of pandas, polars or pyarrow, a DuckDB relation, a NumPy matrix (its columns
            are `x0`, `x1`, …), a dict of columns, or the path of a file.
        target: The column that holds the truth, or its values.
        model: An estimator with `predict` or `predict_proba`, a function of a data frame, or the path of a model file.
            LightGBM, XGBoost and CatBoost models and scikit-learn's trees, forests and boosted trees are read natively, so
            that exact explanations apply. Everything else is asked in batches, on frames with the caller's own column types.
        sensitive: Columns whose groups must be treated fairly: names; a dict of a name to a number of quantile bins or to
            edges; or the values themselves as a series, a data frame or a dict of columns. They need not be features.
        control: Columns within whose strata groups are compared, in the same forms.
        train: The rows the model was trained on, as `data`.
        prediction: Instead of a model, the column of predictions, or their values.
        probability: Instead of a model, the column(s) of probabilities, or their values (one column per class).
        features: The model's inputs, where it does not know them; all columns without another role otherwise.
        weight: The column of row weights, or their values.
        positive: The class that counts as positive, of two.
        classes: The classes in the order of the probabilities.
        task: `binary`, `multiclass` or `regression`; inferred otherwise.
        threshold: A probability at or above it is a positive prediction (0.5).
        cohorts: Named parts of the rows, as SQL: `{"young": "age < 25"}`. Beside the columns, `_true`, `_predicted`,
            `_probability`, `_error`, `_outcome` and `_index` can be used.
        complements: Also the rows outside of each cohort.
        id: Columns that only name a row.
        drop: Columns to leave out altogether.
        only: The analyses to run (`equipoise.analyses()` lists them); all that apply otherwise.
        analyses: Parameters by analysis: `{"explain": {"method": "kernel"}}`.
        types: Column types that inference should not decide: `{"zip": "categorical"}`.
        missing_values: Words that stand for a missing value.
        level: Coverage of intervals (0.95).
        seed: Seed of every random draw; the same seed and inputs give the same bytes.
        progress: True or False, or a function of what begins (words) and how far it is (a share); by default a bar where
            there is somebody to see it.

    Raises:
        EquipoiseError: What can be put right, with a code and a hint. An exception that the model raises comes as it is.
        Interrupted: Ctrl-C; its `assessment` holds what was answered by then.
    """
    spec: dict[str, Any] = {"data": {"test": IN_MEMORY}, "seed": seed}
    dropped = _words(drop)
    rows, train_rows = _rows(data, "data", spec["data"], "test", dropped), None
    if train is not None:
        train_rows = _rows(train, "the training data", spec["data"], "train", dropped)
    extra: dict[str, Any] = {}
    spec["target"] = target_name = _name_or_values(target, "target", extra)
    if prediction is not None:
        spec["prediction"] = _name_or_values(prediction, "prediction", extra)
    if probability is not None:
        spec["probability"] = _probability(probability, extra)
    if weight is not None:
        spec["weight"] = _name_or_values(weight, "weight", extra)
    spec["sensitive"] = _groupings(sensitive, "sensitive", extra)
    spec["control"] = _groupings(control, "control", extra)
    if rows is not None:
        for name in spec["sensitive"] + spec["control"]:
            known = name if isinstance(name, str) else name["column"]
            if known not in rows.columns and known not in extra:
                raise unknown("column", known, rows.columns, "column")
        if target_name not in rows.columns and target_name not in extra:
            raise _no_target(target_name, rows.columns)
        own = list(rows.columns)
        rows = extra_columns(rows, extra)
        # What is given beside the data is not an input of the model.
        if extra and features is None:
            roles = {*_words(id), *_words(drop), target_name}
            taken = {spec.get("prediction"), spec.get("weight"), *spec.get("probability", [])}
            features = [c for c in own if c not in roles | taken]
    elif extra:
        raise EquipoiseError(
            "values were given beside data that is a file",
            "data",
            "name columns of the file, or read it into a data frame",
        )
    if features is not None:
        spec["features"] = [str(f) for f in features]
        if target_name in spec["features"]:
            raise EquipoiseError(
                f"the target `{target_name}` is among `features`",
                "spec",
                "a model must not read what it is meant to predict",
            )
    for key, value in (("task", task), ("threshold", threshold), ("level", level)):
        if value is not None:
            spec[key] = value
    if positive is not None:
        spec["positive"] = label(positive)
    if classes is not None:
        spec["classes"] = [label(c) for c in classes]
    spec["complements"] = complements
    # What the core never sees need not be dropped by it.
    spec["id"], spec["drop"] = _words(id), [c for c in dropped if rows is None or c in rows.columns]
    spec["cohorts"] = [{"name": name, "where": where} for name, where in (cohorts or {}).items()]
    if only is not None:
        spec["only"] = _words(only)
    spec["analyses"] = {name: dict(parameters) for name, parameters in (analyses or {}).items()}
    spec["data"]["types"] = dict(types or {})
    spec["data"]["missing_values"] = list(missing_values or [])
    if model is None and prediction is None and probability is None:
        raise EquipoiseError(
            "there is neither a model nor a prediction", "spec", "give one of `model`, `prediction` and `probability`"
        )
    taken_model = _model(model, rows, target_name, spec)
    if isinstance(taken_model, PythonModel) and taken_model.n_margins is None:
        spec["analyses"]["explain"] = _within_budget(spec["analyses"].get("explain", {}))
    told = progress_of(progress)
    try:
        core = _equipoise.assess(
            json.dumps(spec, default=_plainly),
            rows.data if rows else None,
            train_rows.data if train_rows else None,
            taken_model,
            told,
        )
    finally:
        if isinstance(told, Told):
            told.close()
    return Assessment(core, model=taken_model, rows=rows, train=train_rows)


def analyses() -> dict[str, str]:
    """The analyses and the questions they answer.

    >>> import equipoise as eq
    >>> "fairness" in eq.analyses()
    True
    """
    return {name: question for name, _, question in _equipoise.analyses()}


def explain(data: Any, *, model: Any, target: Any, **options: Any) -> Assessment:
    """What drives the predictions: `assess` with the analysis `explain` alone. Other keyword arguments are its parameters
    (`method`, `background`, `rows`, …) or those of `assess`."""
    return _alone("explain", data, model, target, options)


def errors(data: Any, *, target: Any, model: Any = None, **options: Any) -> Assessment:
    """Where the model is wrong: `assess` with the analysis `errors` alone."""
    return _alone("errors", data, model, target, options)


def fairness(data: Any, *, target: Any, sensitive: Any, model: Any = None, **options: Any) -> Assessment:
    """How groups are treated: `assess` with the analysis `fairness` alone."""
    return _alone("fairness", data, model, target, {"sensitive": sensitive, **options})


def counterfactuals(data: Any, *, model: Any, target: Any, **options: Any) -> Assessment:
    """What would have changed a prediction: `assess` with the analysis `counterfactuals` alone."""
    return _alone("counterfactuals", data, model, target, options)


def causal(data: Any, *, target: Any, treatment: str | Sequence[str], **options: Any) -> Assessment:
    """What acting would change: `assess` with the analysis `causal` alone.

    `treatment` names the column(s) that could be acted on, the target is the outcome. It needs no model: without one the target
    stands in for the prediction, which this analysis does not use.
    """
    if not {"model", "prediction", "probability"} & set(options):
        outcome = target
        if isinstance(target, str):
            if isinstance(data, str | os.PathLike):
                raise EquipoiseError(
                    "the outcome of a file cannot stand in for a prediction",
                    "spec",
                    "read the file into a data frame first",
                )
            outcome = _column(data, target)
        options["prediction"] = as_array(outcome)
    treatments = [treatment] if isinstance(treatment, str) else list(treatment)
    return _alone("causal", data, options.pop("model", None), target, {"treatment_features": treatments, **options})


def _column(data: Any, name: str) -> Any:
    columns = list(data) if isinstance(data, Mapping) else list(getattr(data, "columns", []))
    if library_of(data) == "pyarrow":
        columns = list(data.column_names)
    if name not in [str(c) for c in columns]:
        raise _no_target(name, [str(c) for c in columns])
    return data.select(name).df()[name] if library_of(data) == "duckdb" else data[name]


_ASSESS = set(assess.__kwdefaults__ or {}) | {"target", "data", "model"}


def _alone(analysis: str, data: Any, model: Any, target: Any, options: Mapping[str, Any]) -> Assessment:
    of_assess = {k: v for k, v in options.items() if k in _ASSESS}
    parameters = {k: v for k, v in options.items() if k not in _ASSESS}
    merged = {analysis: {**of_assess.pop("analyses", {}).get(analysis, {}), **parameters}}
    return assess(data, model=model, target=target, only=[analysis], analyses=merged, **of_assess)


def _rows(data: Any, role: str, spec: dict[str, Any], part: str, drop: Sequence[str]) -> Rows | None:
    if isinstance(data, str | os.PathLike):
        spec[part] = os.fspath(data)
        return None
    spec[part] = IN_MEMORY
    return rows_of(data, role, drop)


def _model(model: Any, rows: Rows | None, target: str, spec: dict[str, Any]) -> Model | None:
    if model is None:
        return None
    if isinstance(model, str | os.PathLike):
        spec["model"] = {"source": os.fspath(model)}
        return None
    taken = model_of(model, rows, target, spec.get("classes", []))
    shown = taken.describes if isinstance(taken, PythonModel) else type(model).__name__
    spec["model"] = {"source": shown, "classes": taken.classes or []}
    # A model that knows its inputs needs no list of features, and one list must not contradict the other.
    if isinstance(taken, PythonModel) and taken.inputs is None and "features" in spec:
        taken.inputs = spec["features"]
    return taken


def _within_budget(given: Mapping[str, Any]) -> dict[str, Any]:
    # A surrogate learns from its background, and is asked instead of the model.
    is_surrogate = given.get("method") == "surrogate"
    return {**{k: v for k, v in BUDGET.items() if not (is_surrogate and k == "background")}, **given}


def _name_or_values(value: Any, role: str, extra: dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    name = getattr(value, "name", None)
    name = str(name) if isinstance(name, str) else role
    if library_of(value) == "pandas" and value.ndim == 2:
        if value.shape[1] != 1:
            raise EquipoiseError(f"`{role}` has {value.shape[1]} columns", role, "give one column")
        value = value.iloc[:, 0]
        name = str(value.name)
    extra[name] = value
    return name


def _probability(value: Any, extra: dict[str, Any]) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return list(value)
    import numpy as np

    values = np.asarray(value)
    if values.ndim == 1:
        extra["probability"] = values
        return ["probability"]
    names = [f"probability_{i}" for i in range(values.shape[1])]
    extra.update((name, values[:, i]) for i, name in enumerate(names))
    return names


def _groupings(value: Any, role: str, extra: dict[str, Any]) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [_binned(str(name), rule, extra) for name, rule in value.items()]
    if library_of(value) in ("pandas", "polars") and getattr(value, "columns", None) is not None:
        for name in value.columns:
            extra[str(name)] = value[name]
        return [str(name) for name in value.columns]
    if isinstance(value, Iterable) and not hasattr(value, "dtype"):
        listed = list(value)
        if all(isinstance(v, str | Mapping) for v in listed) and len(listed) <= 100:
            return [v if isinstance(v, str) else dict(v) for v in listed]
    return [_name_or_values(value, role, extra)]


def _binned(name: str, rule: Any, extra: dict[str, Any]) -> Any:
    if rule is None:
        return name
    if isinstance(rule, int):
        return {"column": name, "quantiles": rule}
    if isinstance(rule, list | tuple) and len(rule) <= 100 and all(isinstance(v, int | float) for v in rule):
        return {"column": name, "edges": [float(v) for v in rule]}
    extra[name] = rule
    return name


def _words(value: str | Sequence[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]


def _plainly(value: Any) -> Any:
    """NumPy's numbers and arrays in parameters."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"`{type(value).__name__}` cannot be a parameter")


def _no_target(name: str, columns: list[str]) -> EquipoiseError:
    near = unknown("column", name, columns, "column")
    return EquipoiseError(f"column `{name}` is not in the data", "column", near.hint)
