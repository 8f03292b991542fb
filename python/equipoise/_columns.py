"""One column taken apart into a kind, values and names, and put together again as it was."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import EquipoiseError

Restore = Callable[[Any], Any]
"""Makes a column of the caller's type out of doubles, or out of a pair of codes and names."""

_NAT = np.iinfo(np.int64).min


@dataclass
class Column:
    """A column as the core takes it."""

    name: str
    kind: str
    values: NDArray[Any]
    levels: list[str] | None
    restore: Restore

    @property
    def raw(self) -> tuple[str, str, NDArray[Any], list[str] | None]:
        return self.name, self.kind, self.values, self.levels


def label(value: Any) -> str:
    """A value in the spelling that classes and levels have everywhere: `true`, `3`, `2.5`, `yes`."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    return str(value)


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def plain(values: Any) -> NDArray[Any]:
    """Doubles as they are; codes and names as an array of names with None for missing."""
    if not isinstance(values, tuple):
        return np.asarray(values)
    codes, levels = values
    names: NDArray[Any] = np.array([*levels, None], dtype=object)
    found: NDArray[Any] = names[np.minimum(codes, len(levels)).astype(np.int64)]
    return found


def column_of(name: str, values: NDArray[Any]) -> Column:
    """A column of a NumPy array."""
    kind = values.dtype.kind
    if values.ndim != 1:
        raise EquipoiseError(f"`{name}` has {values.ndim} dimensions", "data", "give one value per row")
    if kind in "iuf":
        dtype = values.dtype
        return Column(name, "number", _doubles(values), None, lambda v: _as_numbers(plain(v), dtype))
    if kind == "b":
        return Column(name, "boolean", values.astype(np.int8), None, _as_booleans)
    if kind == "M":
        return Column(name, "datetime", _nanoseconds(values), None, lambda v: _as_moments(v, values.dtype))
    if kind == "m":
        seconds = values.astype("timedelta64[ns]").astype(np.int64) / 1e9
        seconds[np.isnat(values)] = np.nan
        return Column(name, "number", seconds, None, lambda v: np.asarray(v * 1e9).astype("timedelta64[ns]"))
    if kind in "US":
        words, codes = np.unique(values.astype(str), return_inverse=True)
        levels = [str(w) for w in words]
        return Column(name, "codes", codes.astype(np.int32), levels, lambda v: plain(v).astype(values.dtype))
    if kind == "O":
        return _of_objects(name, values)
    raise EquipoiseError(
        f"`{name}` holds values of the type `{values.dtype}`, which cannot be read",
        "data",
        "turn it into numbers, words, booleans or dates, or name it in `drop`",
    )


def pandas_column(name: str, series: Any) -> Column:
    """A column of a pandas data frame."""
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        levels = [label(c) for c in dtype.categories]
        if len(set(levels)) < len(levels):
            twice = next(text for i, text in enumerate(levels) if text in levels[:i])
            raise EquipoiseError(
                f"the categories of `{name}` have two of the name `{twice}`",
                "data",
                f"give them different names: `df['{name}'] = df['{name}'].astype(str)`",
            )
        codes = series.cat.codes.to_numpy().astype(np.int32)
        return Column(name, "codes", codes, levels, restore_pandas(series))
    if isinstance(dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
        dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype) and not _is_object(dtype):
        known = ~series.isna().to_numpy()
        values = np.full(len(series), -1, dtype=np.int8)
        values[known] = series[known].to_numpy(dtype=bool)
        return Column(name, "boolean", values, None, restore_pandas(series))
    if pd.api.types.is_complex_dtype(dtype):
        raise EquipoiseError(f"`{name}` holds complex numbers", "data", "give their parts as columns of their own")
    if pd.api.types.is_numeric_dtype(dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Column(name, "number", _doubles(values), None, restore_pandas(series))
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = series.dt.tz_convert("UTC").dt.tz_localize(None)
        return Column(name, "datetime", _nanoseconds(utc.to_numpy()), None, restore_pandas(series))
    if pd.api.types.is_datetime64_dtype(dtype):
        return Column(name, "datetime", _nanoseconds(series.to_numpy()), None, restore_pandas(series))
    if pd.api.types.is_timedelta64_dtype(dtype):
        return Column(name, "number", series.dt.total_seconds().to_numpy(), None, restore_pandas(series))
    if pd.api.types.is_string_dtype(dtype) and not _is_object(dtype):
        codes, words = pd.factorize(series)
        return Column(name, "codes", codes.astype(np.int32), [str(w) for w in words], restore_pandas(series))
    if _is_object(dtype):
        taken = _of_objects(name, series.to_numpy(), pd.factorize)
        restore = taken.restore
        # Otherwise pandas would make its own guess at what the objects are.
        taken.restore = lambda values: pd.Series(restore(values), dtype=object)
        return taken
    # Periods, intervals and the like: told apart by their text.
    codes, values = pd.factorize(series)
    found = list(values)
    return Column(name, "codes", codes.astype(np.int32), [str(v) for v in found], _restore_values(found, object, None))


def restore_pandas(series: Any) -> Restore:
    """How values become a pandas column of this type again."""
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        places = {label(c): i for i, c in enumerate(dtype.categories)}

        def category(values: Any) -> Any:
            codes, levels = values if isinstance(values, tuple) else _named(values)
            known = np.array([*(places.get(level, -1) for level in levels), -1], dtype=np.int64)
            return pd.Categorical.from_codes(known[np.minimum(codes, len(levels)).astype(np.int64)], dtype=dtype)

        return category
    if pd.api.types.is_bool_dtype(dtype) and not _is_object(dtype):
        is_plain = isinstance(dtype, np.dtype)
        return lambda values: _as_booleans(values) if is_plain else pd.array(_as_booleans(values), dtype=dtype)
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return lambda values: _as_numbers(plain(values), dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return lambda values: pd.Series(_as_moments(values, np.dtype("M8[ns]"))).dt.tz_localize("UTC").astype(dtype)
    if pd.api.types.is_datetime64_dtype(dtype):
        return lambda values: pd.Series(_as_moments(values, np.dtype("M8[ns]"))).astype(dtype)
    if pd.api.types.is_timedelta64_dtype(dtype):
        return lambda values: pd.Series(pd.to_timedelta(values, unit="s")).astype(dtype)
    if pd.api.types.is_numeric_dtype(dtype):

        def nullable(values: Any) -> Any:
            numbers = np.asarray(plain(values), dtype=np.float64)
            is_whole = pd.api.types.is_integer_dtype(dtype)
            if is_whole and not _is_whole(numbers[~np.isnan(numbers)]):
                return numbers
            return pd.Series(numbers, dtype="Float64").astype(dtype) if is_whole else pd.array(numbers, dtype=dtype)

        return nullable
    if pd.api.types.is_string_dtype(dtype) and not _is_object(dtype):
        return lambda values: pd.array(plain(values), dtype=dtype)
    return lambda values: pd.Series(plain(values), dtype=object)


def _is_object(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _of_objects(name: str, values: NDArray[Any], factorize: Callable[..., Any] | None = None) -> Column:
    """A column of Python objects, which must be of one kind."""
    try:
        codes, found = factorize(values) if factorize else _factorized(values)
    except TypeError:
        first = next(v for v in values if not is_missing(v))
        raise EquipoiseError(
            f"`{name}` holds values of the type `{type(first).__name__}`, which cannot be read",
            "data",
            f"make columns of its parts, or leave it out: `drop=['{name}']`",
        ) from None
    distinct = list(found)
    nothing = next((v for v, c in zip(values, codes, strict=True) if c < 0), None) if (codes < 0).any() else None
    kinds: dict[str, Any] = {}
    for value in distinct:
        kinds.setdefault(_kind(value), value)
    if len(kinds) > 1:
        (a, x), (b, y), *_ = kinds.items()
        raise EquipoiseError(
            f"`{name}` holds values of different types: {a} such as `{x!r}` and {b} such as `{y!r}`",
            "data",
            f"make them one type, for example `df['{name}'] = df['{name}'].astype(str)`",
        )
    kind = next(iter(kinds), "words")
    codes = np.asarray(codes, dtype=np.int32)
    if kind == "words":
        return Column(name, "codes", codes, [str(v) for v in distinct], _restore_values(distinct, object, nothing))
    known = codes >= 0
    if kind == "booleans":
        truth = np.array([*(bool(v) for v in distinct), False])
        marks = np.where(known, truth[codes], -1).astype(np.int8)
        return Column(name, "boolean", marks, None, lambda v: _as_objects(_as_booleans(v), v, nothing))
    if kind == "dates":
        moments = np.array(
            [np.datetime64(v.isoformat().split("+")[0], "ns") for v in distinct] + [np.datetime64("NaT")]
        )
        return Column(
            name, "datetime", _nanoseconds(moments[codes]), None, lambda v: _as_moments(v, np.dtype("M8[ns]"))
        )
    if kind == "numbers":
        numbers = np.array([*(float(v) for v in distinct), math.nan])
        is_whole = all(isinstance(v, int | np.integer) for v in distinct)
        dtype = np.dtype(np.int64 if is_whole else np.float64)
        return Column(
            name, "number", _doubles(numbers[codes]), None, lambda v: _as_numbers(plain(v), dtype).astype(object)
        )
    raise EquipoiseError(
        f"`{name}` holds {kind}, which cannot be read",
        "data",
        f"make columns of its parts, or leave it out: `drop=['{name}']`",
    )


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "words"
    if isinstance(value, bool | np.bool_):
        return "booleans"
    if isinstance(value, int | float | np.integer | np.floating | decimal.Decimal):
        return "numbers"
    if isinstance(value, datetime.date | datetime.datetime):
        return "dates"
    return f"values of the type `{type(value).__name__}`"


def _factorized(values: NDArray[Any]) -> tuple[NDArray[np.int32], list[Any]]:
    place: dict[Any, int] = {}
    codes = np.empty(len(values), dtype=np.int32)
    for row, value in enumerate(values):
        # 1 and True are one key of a dict, but not one value.
        codes[row] = -1 if is_missing(value) else place.setdefault((type(value), value), len(place))
    return codes, [value for _, value in place]


def _restore_values(found: Sequence[Any], dtype: Any, nothing: Any) -> Restore:
    by_name = {str(v): v for v in found}

    def restore(values: Any) -> NDArray[Any]:
        if not isinstance(values, tuple):
            return plain(values)
        codes, levels = values
        objects = np.empty(len(levels) + 1, dtype=dtype)
        objects[:-1] = [by_name.get(level, level) for level in levels]
        objects[-1] = nothing
        return np.asarray(objects[np.minimum(codes, len(levels)).astype(np.int64)])

    return restore


def _doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, dtype=np.float64)


def _nanoseconds(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.ascontiguousarray(values.astype("M8[ns]").astype(np.int64))


def _is_whole(values: NDArray[Any]) -> bool:
    return bool(np.all(np.isfinite(values)) and np.all(values == np.rint(values)))


def _as_numbers(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Doubles in their own type where that loses nothing: a made-up row may hold half of a whole number."""
    if dtype.kind == "f":
        return np.asarray(values, dtype=dtype)
    if not _is_whole(values):
        return values
    info = np.iinfo(dtype)
    is_inside = values.size == 0 or (values.min() >= info.min and values.max() <= info.max)
    return values.astype(dtype) if is_inside else values


def _as_booleans(values: Any) -> NDArray[Any]:
    if not isinstance(values, tuple):
        numbers = np.asarray(values)
        return numbers == 1 if not np.isnan(numbers).any() else _as_objects(numbers == 1, numbers, None)
    codes, levels = values
    truth = np.array([*(level == "true" for level in levels), False])
    places = np.minimum(codes, len(levels)).astype(np.int64)
    found = truth[places]
    return found if (places < len(levels)).all() else _as_objects(found, values, None)


def _as_objects(found: NDArray[Any], values: Any, nothing: Any) -> NDArray[Any]:
    objects = np.asarray(found).astype(object)
    lost = values[0] >= len(values[1]) if isinstance(values, tuple) else np.isnan(values)
    objects[lost] = nothing
    return objects


def _as_moments(seconds: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    known = np.isfinite(seconds)
    # Microseconds are what a double holds of seconds since 1970.
    micro = np.full(len(seconds), _NAT, dtype=np.int64)
    micro[known] = np.rint(seconds[known] * 1e6)
    return micro.view("M8[us]").astype(dtype)


def _named(numbers: NDArray[np.float64]) -> tuple[NDArray[Any], list[str]]:
    found, codes = np.unique(numbers, return_inverse=True)
    return codes, [label(float(v)) for v in found]
