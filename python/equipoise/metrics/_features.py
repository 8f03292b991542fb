"""Columns to group by, and values as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import _equipoise
from .._errors import EquipoiseError
from ._base import squeezed

MOST = 4096
"""A range of whole numbers up to this wide is counted instead of sorted."""


@dataclass
class Feature:
    """A column to group by: a code per row, and the values in order."""

    name: str
    codes: NDArray[np.int32]
    levels: list[Any]


def features_of(given: Any, base_name: str, n_rows: int) -> list[Feature]:
    """Takes series, frames, lists, dicts and arrays apart."""
    if isinstance(given, pd.Series):
        return [_feature(given, base_name, 0, n_rows)]
    if isinstance(given, dict):
        try:
            given = pd.DataFrame.from_dict(given)
        except ValueError as error:
            raise EquipoiseError(
                f"the columns of `{base_name.rstrip('_')}s` do not make a table",
                "data",
                "give one value per row in each",
            ) from error
    if isinstance(given, pd.DataFrame):
        for label in given.columns:
            if not isinstance(label, str):
                raise EquipoiseError(
                    f"the name {label!r} of a column is a `{type(label).__name__}`", "data", "names must be strings"
                )
        return [_feature(given.iloc[:, i], base_name, i, n_rows) for i in range(given.shape[1])]
    if hasattr(given, "to_pandas"):
        return features_of(given.to_pandas(), base_name, n_rows)
    if isinstance(given, list):
        if not all(pd.api.types.is_scalar(v) for v in given):
            raise EquipoiseError(
                "a list to group by must hold single values", "data", "give several columns as a dict or frame"
            )
        return [_feature(pd.Series(given, dtype=object).infer_objects(), f"{base_name}0", None, n_rows)]
    array = np.squeeze(np.asarray(given))
    if array.ndim == 0:
        array = array.reshape(1)
    if array.ndim == 1:
        return [_feature(pd.Series(array), f"{base_name}0", None, n_rows)]
    if array.ndim == 2:
        return [_feature(pd.Series(array[:, i]), f"{base_name}{i}", None, n_rows) for i in range(array.shape[1])]
    raise EquipoiseError(f"an array to group by has {array.ndim} dimensions", "data", "give a matrix or a column")


def _feature(series: pd.Series, base_name: str, index: int | None, n_rows: int) -> Feature:
    name = base_name
    if index is not None:
        name = f"{base_name}{index}"
        if series.name is not None:
            if not isinstance(series.name, str):
                raise EquipoiseError(
                    f"the name {series.name!r} of a column is a `{type(series.name).__name__}`",
                    "data",
                    "names must be strings",
                )
            name = series.name
    if len(series) != n_rows:
        raise EquipoiseError(f"`{name}` has {len(series)} values for {n_rows} rows", "data", "give one value per row")
    codes, levels = codes_of(series)
    if len(codes) and codes.min() < 0:
        raise EquipoiseError(
            f"`{name}` has missing values", "data", "remove these rows, or give the missing ones a name of their own"
        )
    return Feature(name, codes, levels)


def codes_of(series: pd.Series) -> tuple[NDArray[np.int32], list[Any]]:
    """Each row's place among the different values, in order; −1 where missing."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _sorted(series.cat.codes.to_numpy().astype(np.int32), series.cat.categories)
    values = series.to_numpy() if isinstance(series.dtype, np.dtype) else None
    if values is not None and values.dtype.kind in "biu":
        found = integer_codes(values)
        if found is not None:
            return found[0], [values.dtype.type(v).item() for v in found[1]]
    codes, levels = pd.factorize(series)
    return _sorted(codes.astype(np.int32), levels)


def integer_codes(values: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
    """Codes of whole numbers within a narrow range."""
    if len(values) == 0:
        return None
    low = int(values.min())
    if int(values.max()) - low > MOST:
        return None
    coded = _equipoise.codes_of_integers(np.ascontiguousarray(values, dtype=np.int64) - low, MOST)
    return None if coded is None else (coded[1], coded[0] + low)


def label_codes(*arrays: NDArray[Any]) -> tuple[list[NDArray[np.int32]], NDArray[Any]] | None:
    """Labels of several arrays as places among all of their values, in order. None for what are no labels."""
    kinds = {a.dtype.kind for a in arrays}
    ends = np.cumsum([len(a) for a in arrays])[:-1]
    if kinds <= set("biuf") and "f" in kinds:
        if not all(np.isfinite(a).all() and (a == np.rint(a)).all() for a in arrays if a.dtype.kind == "f"):
            return None
        arrays = tuple(a.astype(np.int64) for a in arrays)
        kinds = {"i"}
    together = np.concatenate(arrays)
    if kinds <= set("biu"):
        found = integer_codes(together)
        if found is not None:
            return np.split(found[0], ends), found[1]
    if together.ndim != 1:
        return None
    try:
        codes, levels = pd.factorize(together)
    except TypeError:
        return None
    sorted_codes, ordered = _sorted(codes.astype(np.int32), levels)
    if (sorted_codes < 0).any():
        return None
    made = np.empty(len(ordered), dtype=object)
    made[:] = ordered
    return np.split(sorted_codes, ends), made


def _sorted(codes: NDArray[np.int32], levels: Any) -> tuple[NDArray[np.int32], list[Any]]:
    """The values that occur, in order."""
    values = [v.item() if isinstance(v, np.generic) else v for v in levels]
    used = np.zeros(len(values), dtype=bool)
    used[codes[codes >= 0]] = True
    kept = [i for i in range(len(values)) if used[i]]
    try:
        kept.sort(key=lambda i: values[i])
    except TypeError:
        kept.sort(key=lambda i: (type(values[i]).__name__, str(values[i])))
    place = np.full(len(values) + 1, -1, dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    return place[codes], [values[i] for i in kept]


def column_values(values: Any) -> NDArray[Any]:
    """Truth or predictions as an array with one row per row."""
    if isinstance(values, pd.DataFrame | pd.Series):
        return squeezed(values.to_numpy())
    return squeezed(values)
