"""Data that the tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def nhefs() -> dict[str, pd.DataFrame]:
    """The bundled sample: 1,629 people who were first examined in 1971–75."""
    return {part: pd.read_csv(ROOT / "sample" / "nhefs" / f"{part}.csv") for part in ("train", "test")}


@pytest.fixture
def people() -> pd.DataFrame:
    """Six hundred rows of every type of column that pandas has."""
    rng = np.random.default_rng(7)
    n = 600
    start = pd.Timestamp("2024-01-01")
    hours = pd.to_timedelta(rng.integers(0, 1000, n), unit="h")
    some = lambda share: rng.random(n) < share
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "income": rng.normal(50, 10, n).astype("float32"),
            "city": pd.Categorical(rng.choice(["a", "b", "c"], n), categories=["c", "a", "b", "z"], ordered=True),
            "rank": pd.Categorical(rng.choice([1, 2, 3], n)),
            "job": pd.Series(rng.choice(["x", "y", "z"], n)).where(~some(0.1)),
            "note": pd.Series(rng.choice(["p", "q"], n), dtype=object),
            "vip": some(0.3),
            "visits": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "flag": pd.array(some(0.5), dtype="boolean"),
            "when": start + hours,
            "zoned": (start + hours).tz_localize("Europe/Berlin", ambiguous=True, nonexistent="shift_forward"),
            "waited": pd.to_timedelta(rng.integers(0, 99, n), unit="m"),
            "month": pd.PeriodIndex(rng.choice(["2024-01", "2024-02"], n), freq="M"),
        }
    )
    frame.loc[some(0.1), "visits"] = pd.NA
    frame.loc[some(0.1), "flag"] = pd.NA
    frame.loc[some(0.1), "when"] = pd.NaT
    frame["repaid"] = np.where(frame["age"] + rng.normal(0, 10, n) > 50, "yes", "no")
    return frame
