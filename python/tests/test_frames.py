"""Data of every library: read alike, and handed to models as it came."""

from __future__ import annotations

from typing import Any

import duckdb
import equipoise as eq
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


def asked_with(data: Any, target: Any = "repaid", **options: Any) -> tuple[eq.Assessment, Any]:
    """The assessment of a rule by age, and the first frame that the rule was asked with."""
    seen: list[Any] = []

    def model(rows: Any) -> Any:
        seen.append(rows)
        return np.where(np.asarray(rows["age"]) > 50, 0.9, 0.1)

    return eq.assess(data, target=target, model=model, only="performance", **options), seen[0]


def test_pandas_columns_come_back_as_they_were(people: pd.DataFrame) -> None:
    _, seen = asked_with(people)
    pd.testing.assert_frame_equal(seen, people.drop(columns="repaid"), check_freq=False)


def test_polars_columns_come_back_as_they_were(people: pd.DataFrame) -> None:
    frame = pl.from_pandas(people.drop(columns=["month"])).with_columns(
        day=pl.col("when").dt.date(), level=pl.col("job").cast(pl.Enum(["x", "y", "z"]))
    )
    _, seen = asked_with(frame)
    assert seen.schema == frame.drop("repaid").schema
    assert seen.equals(frame.drop("repaid"))
    lazy, _ = asked_with(frame.lazy())
    assert lazy["performance.accuracy"].n == 600


def test_rows_are_told_by_their_content(people: pd.DataFrame) -> None:
    # Whole numbers as categories are names in pandas and numbers elsewhere.
    frame = people.drop(columns=["month", "waited", "zoned", "rank"])

    def told(data: Any) -> tuple[str, str]:
        a, _ = asked_with(data)
        (rows,) = [i for i in a.document["provenance"]["inputs"] if i["role"] == "test"]
        return rows["name"], rows["sha256"]

    name, digest = told(frame)
    assert (name, len(digest)) == ("data in memory", 64)
    cities = frame["city"].cat.reorder_categories(["a", "b", "c", "z"])
    for same in (
        frame.sample(frac=1, random_state=1).sort_index(),
        frame.assign(city=cities, income=frame["income"].astype("float64")),
        pl.from_pandas(frame),
        pa.Table.from_pandas(frame),
        duckdb.connect().from_df(frame),
    ):
        assert told(same) == (name, digest)
    for other in (
        frame.iloc[::-1],
        frame.rename(columns={"income": "wage"}),
        frame.assign(visits=frame["visits"].fillna(0)),
        frame.drop(columns="flag"),
    ):
        assert told(other) != (name, digest)


@pytest.mark.parametrize("library", ["polars", "pyarrow", "duckdb", "dict"])
def test_every_library_gives_the_same_numbers(library: str, people: pd.DataFrame) -> None:
    frame = people.drop(columns=["month", "waited", "zoned"])
    made: dict[str, Any] = {
        "polars": lambda: pl.from_pandas(frame),
        "pyarrow": lambda: pa.Table.from_pandas(frame),
        "duckdb": lambda: duckdb.connect().from_df(frame),
        "dict": lambda: {name: frame[name].to_numpy() for name in ("age", "income", "repaid")},
    }
    expected, _ = asked_with(frame)
    found, _ = asked_with(made[library]())
    assert {k: v.value for k, v in found.estimates.items() if "[" not in k} == {
        k: v.value for k, v in expected.estimates.items() if "[" not in k
    }


def test_a_matrix_is_handed_on_as_a_matrix() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(200, 3)).astype(np.float32)
    truth = (matrix[:, 0] + rng.normal(size=200) > 0).astype(int)
    seen = []

    def model(rows: Any) -> Any:
        seen.append(rows)
        return (rows[:, 0] > 0).astype(int)

    a = eq.assess(matrix, target=truth, model=model, only="performance")
    assert a["performance.accuracy"].value == pytest.approx(((matrix[:, 0] > 0) == truth).mean())
    assert seen[0].dtype == np.float32
    np.testing.assert_array_equal(seen[0], matrix)


def test_a_hundred_categories_and_missing_ones() -> None:
    names = pd.CategoricalDtype([f"c{i}" for i in range(100)])
    column = pd.Series([f"c{i % 100}" if i % 7 else None for i in range(500)], dtype=names)
    frame = pd.DataFrame({"age": np.arange(500) % 90, "c": column, "repaid": np.arange(500) % 2})
    _, seen = asked_with(frame)
    pd.testing.assert_series_equal(seen["c"], column, check_names=False)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (
            pd.Series([1, "a"] * 300, dtype=object),
            "values of different types: numbers such as `1` and words such as `'a'`",
        ),
        (pd.Series([[1]] * 600), "values of the type `list`"),
        (pd.Series([1j] * 600), "complex numbers"),
    ],
)
def test_what_cannot_be_read_is_named(column: pd.Series, text: str, people: pd.DataFrame) -> None:
    frame = people.assign(odd=column)
    with pytest.raises(eq.EquipoiseError, match="odd") as raised:
        asked_with(frame)
    assert text in raised.value.message
    assert raised.value.code == "data"
    assert raised.value.hint
    asked_with(frame, drop="odd")


def test_rows_must_fit_together(people: pd.DataFrame) -> None:
    features, truth = people.drop(columns="repaid"), people["repaid"]
    with pytest.raises(eq.EquipoiseError, match="same labels in another order"):
        asked_with(features, target=truth.sample(frac=1, random_state=1))
    with pytest.raises(eq.EquipoiseError, match="599 values for 600 rows"):
        asked_with(features, target=truth.iloc[1:])
    with pytest.raises(eq.EquipoiseError, match="two columns of data have the name `age`"):
        asked_with(pd.concat([people, people[["age"]]], axis=1))
    with pytest.raises(eq.EquipoiseError, match="several levels"):
        asked_with(pd.concat({"x": people}, axis=1))
    with pytest.raises(eq.EquipoiseError, match="different lengths"):
        asked_with({"age": [1, 2], "repaid": [1]})
    with pytest.raises(eq.EquipoiseError, match=r"`builtins\.int` cannot be read"):
        asked_with(3)
    with pytest.raises(eq.EquipoiseError, match="no rows"):
        asked_with(people.iloc[:0])
