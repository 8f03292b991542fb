"""Data on its way in, and batches on their way back to a model in the caller's own library and column types."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _equipoise
from ._columns import Column, Restore, column_of, pandas_column, restore_pandas
from ._errors import EquipoiseError

Batch = Sequence[Any]
"""For each column an array of doubles, or a pair of codes and names."""


class Rows:
    """Rows in memory: as the core reads them, and how to make batches of the same kind again."""

    def __init__(
        self, data: _equipoise.Data, original: Any, rebuild: Callable[[Sequence[str], int, Batch], Any]
    ) -> None:
        self.data = data
        self.original = original
        self.rebuild = rebuild
        """Makes a frame of these columns out of a batch."""

    @property
    def columns(self) -> list[str]:
        return self.data.columns

    def picked(self, places: np.ndarray[Any, Any]) -> tuple[_equipoise.Data, Any]:
        """Some rows: as the core reads them, and as the caller's library holds them."""
        part = _picked(self.original, places)
        return rows_of(part, "data").data, part


def library_of(value: Any) -> str:
    """`pandas`, `polars`, `numpy`, …: where the class of a value comes from."""
    return type(value).__module__.split(".", 1)[0]


def rows_of(value: Any, role: str, drop: Sequence[str] = ()) -> Rows:
    """Takes a data frame of any kind apart. Columns of `drop` are left out, so that they may hold anything."""
    library = library_of(value)
    if library == "pandas":
        if drop and value.ndim == 2:
            value = value[[label for label in value.columns if str(label) not in drop]]
        return _from_pandas(value, role)
    if library == "polars":
        return _from_polars(value)
    if library == "numpy":
        return _from_numpy(value, role)
    if isinstance(value, Mapping):
        return _from_mapping({name: v for name, v in value.items() if str(name) not in drop}, role)
    if hasattr(value, "__arrow_c_stream__"):
        return _from_arrow(value)
    raise EquipoiseError(
        f"{role} of the type `{type(value).__module__}.{type(value).__qualname__}` cannot be read",
        "data",
        "give a data frame of pandas, polars or pyarrow, a DuckDB relation, a NumPy matrix, a dict of columns, or the "
        "path of a file",
    )


def _from_pandas(frame: Any, role: str) -> Rows:
    if frame.ndim == 1:
        frame = frame.to_frame()
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise EquipoiseError(
            f"{role} has column names of several levels",
            "data",
            "join them: `df.columns = ['_'.join(map(str, c)) for c in df.columns]`",
        )
    names = {str(label): label for label in frame.columns}
    if len(names) < frame.shape[1]:
        twice = [str(label) for label in frame.columns[frame.columns.duplicated()]]
        shown = f"`{twice[0]}`" if twice else "a name"
        raise EquipoiseError(f"two columns of {role} have the name {shown}", "data", "rename one of them")
    parts = [pandas_column(str(label), frame[label]) for label in frame.columns]
    restores = {part.name: part.restore for part in parts}
    data = _equipoise.Data.from_columns([part.raw for part in parts], len(frame))

    def rebuild(columns: Sequence[str], n_rows: int, batch: Batch) -> Any:
        import pandas as pd

        made = {names[name]: restores[name](values) for name, values in zip(columns, batch, strict=True)}
        return pd.DataFrame(made, index=pd.RangeIndex(n_rows), copy=False)

    return Rows(data, frame, rebuild)


def _from_polars(frame: Any) -> Rows:
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.Series):
        frame = frame.to_frame()
    schema = frame.schema

    def series(name: str, values: Any) -> Any:
        dtype = schema[name]
        if isinstance(values, tuple):
            codes, levels = values
            places = pl.Series(name, codes).cast(pl.Int64)
            places = places.set(places >= len(levels), None)
            words = (
                pl.Series(name, levels, dtype=pl.String).gather(places)
                if levels
                else pl.Series(name, [None] * len(codes))
            )
            if dtype == pl.Boolean:
                return (words == "true").alias(name)
            return words.cast(dtype)
        numbers = pl.Series(name, values).fill_nan(None)
        if dtype.is_temporal():
            seconds = (numbers * 1e6).round().cast(pl.Int64)
            if dtype == pl.Duration:
                return seconds.cast(pl.Duration("us")).cast(dtype)
            if dtype == pl.Time:
                return (seconds * 1000).cast(pl.Time)
            moments = seconds.cast(pl.Datetime("us"))
            zone = getattr(dtype, "time_zone", None)
            return moments.dt.replace_time_zone("UTC").cast(dtype) if zone else moments.cast(dtype)
        if dtype.is_integer():
            whole = numbers.drop_nulls()
            # A number between the whole ones stays one: only a made-up row holds it.
            return numbers.cast(dtype) if (whole == whole.round()).all() else numbers
        return numbers.cast(dtype)

    def rebuild(columns: Sequence[str], n_rows: int, batch: Batch) -> Any:
        return pl.DataFrame([series(name, values) for name, values in zip(columns, batch, strict=True)])

    return Rows(_equipoise.Data.from_arrow(frame), frame, rebuild)


def _from_numpy(matrix: Any, role: str) -> Rows:
    if matrix.dtype.names:
        return _from_mapping({name: matrix[name] for name in matrix.dtype.names}, role)
    if matrix.ndim != 2:
        raise EquipoiseError(
            f"{role} is an array of {matrix.ndim} dimensions",
            "data",
            "give a matrix of rows and columns, or a dict of columns",
        )
    parts = [column_of(f"x{i}", matrix[:, i]) for i in range(matrix.shape[1])]
    dtype = matrix.dtype

    def rebuild(columns: Sequence[str], n_rows: int, batch: Batch) -> Any:
        values = {part.name: part.restore for part in parts}
        made = [np.asarray(values[name](column)) for name, column in zip(columns, batch, strict=True)]
        stacked = np.column_stack(made) if made else np.empty((n_rows, 0))
        return stacked.astype(dtype) if dtype.kind in "fO" else stacked

    return Rows(_equipoise.Data.from_columns([part.raw for part in parts], len(matrix)), matrix, rebuild)


def _from_mapping(columns: Mapping[Any, Any], role: str) -> Rows:
    arrays = {str(name): as_array(values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        (first, n), *rest = lengths.items()
        other, m = next((name, k) for name, k in rest if k != n)
        raise EquipoiseError(
            f"the columns of {role} have different lengths: `{first}` has {n} rows, `{other}` has {m}",
            "data",
            "give as many values in each",
        )
    parts = {name: column_of(name, values) for name, values in arrays.items()}
    n_rows = next(iter(lengths.values()), 0)
    data = _equipoise.Data.from_columns([part.raw for part in parts.values()], n_rows)

    def rebuild(columns: Sequence[str], n_rows: int, batch: Batch) -> Any:
        return {name: np.asarray(parts[name].restore(values)) for name, values in zip(columns, batch, strict=True)}

    return Rows(data, arrays, rebuild)


def _from_arrow(table: Any) -> Rows:
    """pyarrow, DuckDB and others. Models are handed pandas frames of the columns' types, as these libraries make them."""
    if library_of(table) == "duckdb" or hasattr(table, "fetch_arrow_table"):
        fetch = getattr(table, "to_arrow_table", None) or table.fetch_arrow_table
        table = fetch()
    data = _equipoise.Data.from_arrow(table)
    restores: dict[str, Restore] = {}

    def rebuild(columns: Sequence[str], n_rows: int, batch: Batch) -> Any:
        try:
            import pandas as pd
        except ImportError:
            from ._columns import plain

            return {name: plain(values) for name, values in zip(columns, batch, strict=True)}
        if not restores:
            restores.update(_pandas_restores(table))
        made = {name: restores[name](values) for name, values in zip(columns, batch, strict=True)}
        return pd.DataFrame(made, index=pd.RangeIndex(n_rows), copy=False)

    return Rows(data, table, rebuild)


def _pandas_restores(table: Any) -> dict[str, Restore]:
    head = table.slice(0, 50).to_pandas() if hasattr(table, "slice") else sys.modules["pandas"].DataFrame()
    return {str(name): restore_pandas(head[name]) for name in head.columns}


def as_array(values: Any) -> np.ndarray[Any, Any]:
    """Values of one column as an array."""
    if library_of(values) == "pandas":
        return np.asarray(values)
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    if isinstance(values, np.ndarray):
        return values
    values = list(values)
    kinds = {type(v) for v in values if v is not None}
    # A list of words and numbers would become words in silence.
    if len(kinds) > 1 and not all(issubclass(k, (int, float, np.number, np.bool_)) for k in kinds):
        made = np.empty(len(values), dtype=object)
        made[:] = values
        return made
    return np.asarray(values, dtype=object if any(v is None for v in values) else None)


def _picked(frame: Any, places: np.ndarray[Any, Any]) -> Any:
    library = library_of(frame)
    if library == "pandas":
        return frame.iloc[places]
    if library == "numpy":
        return frame[places]
    if isinstance(frame, Mapping):
        return {name: values[places] for name, values in frame.items()}
    if library == "polars":
        return frame[places.tolist()]
    return frame.take(places.tolist())


def extra_columns(rows: Rows, named: Mapping[str, Any]) -> Rows:
    """The same rows with columns beside them that were given as arrays."""
    parts: list[Column] = []
    for name, values in named.items():
        n_rows = len(values)
        if n_rows != rows.data.n_rows:
            raise EquipoiseError(
                f"`{name}` has {n_rows} values for {rows.data.n_rows} rows", "data", "give one value per row"
            )
        if name in rows.columns:
            raise EquipoiseError(
                f"`{name}` was given as values, and is also a column of the data",
                "data",
                f"leave out one of them: drop the column, or name it: `'{name}'`",
            )
        is_series = library_of(values) == "pandas"
        if is_series and library_of(rows.original) == "pandas" and not values.index.equals(rows.original.index):
            alike = (
                "the same labels in another order" if set(values.index) == set(rows.original.index) else "other labels"
            )
            raise EquipoiseError(
                f"the index of `{name}` is not that of the data: it has {alike}",
                "data",
                f"put them in the same order: `{name} = {name}.loc[data.index]`, or call `.reset_index(drop=True)` on both",
            )
        parts.append(pandas_column(name, values) if is_series else column_of(name, as_array(values)))
    if not parts:
        return rows
    beside = _equipoise.Data.from_columns([part.raw for part in parts], rows.data.n_rows)
    return Rows(rows.data.beside(beside), rows.original, rows.rebuild)
