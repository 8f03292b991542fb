"""Trees behind encoders and scalers: the reading gives the pipeline's own predictions, on thresholds and of unknown names too."""

from __future__ import annotations

from typing import Any

import equipoise as eq
import numpy as np
import pandas as pd
import pytest
from equipoise._equipoise import NativeModel
from equipoise._frames import rows_of
from equipoise._models import PythonModel, model_of
from equipoise._pipelines import _largest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)


def people(n: int, seed: int, unknown: bool = False) -> pd.DataFrame:
    """Numbers on a coarse grid, so that rows fall on thresholds, with missing values; and names, some of which are new."""
    rng = np.random.default_rng(seed)
    some = lambda share: rng.random(n) < share
    jobs = [f"job {i}" for i in range(40)] + (["astronaut", "diver"] if unknown else [])
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "income": np.where(some(0.1), np.nan, np.round(rng.gamma(2, 20, n))),
            "debt": np.where(some(0.1), np.nan, np.round(rng.normal(0, 1, n), 1)),
            "job": pd.Series(rng.choice(jobs, n), dtype=object).where(~some(0.1), np.nan),
            "rank": rng.choice([1, 2, 3, 7] + ([9] if unknown else []), n),
            "note": rng.choice(["p", "q"], n),
        }
    )
    frame["score"] = (
        frame["age"] / 20
        + frame["debt"].fillna(1) ** 2
        + frame["job"].isin(jobs[:9]) * 2
        + frame["job"].isna()
        + (frame["rank"] == 7) * 2
        + rng.normal(0, 0.3, n)
    )
    return frame


FEATURES = ["age", "income", "debt", "job", "rank", "note"]


def truth(frame: pd.DataFrame, kind: str) -> np.ndarray:
    if kind == "number":
        return frame["score"].to_numpy()
    cuts = [-np.inf, 4, np.inf] if kind == "two" else [-np.inf, 3, 5, np.inf]
    return np.asarray(pd.cut(frame["score"], cuts, labels=["lo", "mid", "hi"][: len(cuts) - 1]).astype(str))


def prepared(scaler: Any, drop: str | None = None, fill: str = "?") -> ColumnTransformer:
    names = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=fill),
        OneHotEncoder(handle_unknown="ignore", drop=drop, sparse_output=False),
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), scaler)
    return make_column_transformer(
        (numbers, ["income", "age", "debt"]), (names, ["job"]), (OneHotEncoder(handle_unknown="ignore"), ["rank"])
    )


def answers_of(model: Any, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What the reading says, and what the object does."""
    rows = rows_of(frame[FEATURES], "data")
    native = model_of(model, rows, None, [])
    assert isinstance(native, NativeModel), f"{type(model[-1]).__name__} was not read natively"
    kind, _, found = native.predict(rows.data, rows.columns)
    own = np.asarray(model.predict_proba(frame) if hasattr(model, "predict_proba") else model.predict(frame))
    if kind == "probability":
        found = np.column_stack([1 - found, found])
    return found.reshape(own.shape), own


MODELS = [
    (LGBMClassifier(n_estimators=20, verbose=-1), "two", StandardScaler(), None),
    (LGBMClassifier(n_estimators=10, verbose=-1), "three", MinMaxScaler(), "first"),
    (LGBMRegressor(n_estimators=20, verbose=-1), "number", RobustScaler(), "if_binary"),
    (
        LGBMRegressor(
            n_estimators=8, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, feature_fraction=0.6, verbose=-1
        ),
        "number",
        MaxAbsScaler(),
        None,
    ),
    (RandomForestClassifier(10, max_depth=9, random_state=0), "three", StandardScaler(), None),
    (ExtraTreesRegressor(10, max_depth=9, random_state=0), "number", MaxAbsScaler(), None),
    (GradientBoostingClassifier(n_estimators=20, random_state=0), "two", RobustScaler(), None),
    (HistGradientBoostingClassifier(max_iter=20), "two", StandardScaler(), None),
]


@pytest.mark.parametrize(("model", "kind", "scaler", "drop"), MODELS, ids=lambda v: str(v).split("(")[0])
def test_trees_behind_encoders_are_exact(model: Any, kind: str, scaler: Any, drop: str | None) -> None:
    train, test = people(1500, 1), people(3000, 2, unknown=True)
    # A missing job counts as a job that others have, so that a missing and an unknown name part.
    pipeline = Pipeline([("prepare", prepared(scaler, drop, "job 3")), ("model", model)])
    pipeline.fit(train[FEATURES], truth(train, kind))
    with pytest.warns(UserWarning) if drop else _quiet():
        found, own = answers_of(pipeline, test)
    np.testing.assert_allclose(found, own, rtol=1e-12, atol=1e-12)


def _quiet() -> Any:
    import contextlib

    return contextlib.nullcontext()


def test_codes_and_missing_numbers_are_exact() -> None:
    train, test = people(1500, 3), people(3000, 4, unknown=True)
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=np.nan)
    prepare = make_column_transformer((codes, ["job", "note"]), ("passthrough", ["income", "debt"]), remainder="drop")
    for model in (LGBMClassifier(n_estimators=20, verbose=-1), HistGradientBoostingClassifier(max_iter=20)):
        pipeline = make_pipeline(prepare, model).fit(train[FEATURES], truth(train, "two"))
        found, own = answers_of(pipeline, test)
        np.testing.assert_allclose(found, own, rtol=1e-12, atol=1e-12)


def test_the_largest_double_that_is_answered_yes() -> None:
    rng = np.random.default_rng(5)
    thresholds = np.concatenate([rng.normal(size=200), rng.normal(size=200) * 1e-12, [0.0, 1e300, -1e300]])
    for mean, scale in ((0.0, 1.0), (1e6, 3.7), (-3.3, 1e-9), (0.1, 0.3)):
        scaled = lambda x, mean=mean, scale=scale: (x - mean) / scale
        found = _largest(scaled, thresholds)
        with np.errstate(over="ignore"):
            assert (scaled(found) <= thresholds).all()
            above = np.nextafter(found, np.inf)
            assert (np.isinf(found) | (scaled(above) > thresholds)).all()
    single = lambda x: np.asarray((x - 0.1) / 0.3, dtype=np.float32).astype(np.float64)
    found = _largest(single, thresholds[:200])
    assert (single(found) <= thresholds[:200]).all() and (single(np.nextafter(found, 9e9)) > thresholds[:200]).all()


def test_attributions_and_counterfactuals_are_of_the_callers_columns_and_exact() -> None:
    train, test = people(1500, 6), people(200, 7)
    pipeline = Pipeline(
        [("prepare", prepared(StandardScaler())), ("model", LGBMClassifier(n_estimators=15, verbose=-1))]
    )
    pipeline.fit(train[FEATURES], truth(train, "two"))
    frames = {"train": train, "test": test}
    train, test = (f[FEATURES].assign(y=truth(f, "two")) for f in frames.values())
    a = eq.explain(test, train=train, model=pipeline, target="y")
    assert a.document["model"]["features"] == FEATURES
    found = a.artifact("attributions")[FEATURES]
    assert (found["note"] == 0).all()
    # Efficiency, against the pipeline's own margin: what a row's attributions add up to differs from it by the base alone.
    margin = pipeline.predict_proba(test[FEATURES])
    margin = np.log(margin[:, 1] / margin[:, 0])
    base = margin - found.sum(axis=1).to_numpy()
    assert np.ptp(base) < 1e-5  # the file holds single precision
    b = eq.counterfactuals(test, train=train, model=pipeline, target="y", method="exact", rows=[0, 1, 2], total_cfs=1)
    rows = b.artifact("counterfactuals")
    assert len(rows) == 3 and set(rows["proof"]) == {"optimal"}
    flipped = pipeline.predict(rows[FEATURES])
    assert (flipped != pipeline.predict(test.loc[rows["row"], FEATURES])).all()


def test_what_trees_do_not_hold_is_asked() -> None:
    train = people(400, 8)

    def taken(prepare: Any, model: Any = None, frame: pd.DataFrame = train) -> Any:
        pipeline = make_pipeline(prepare, model or LGBMClassifier(n_estimators=3, verbose=-1))
        pipeline.fit(frame[FEATURES], truth(frame, "two"))
        return model_of(pipeline, rows_of(frame[FEATURES], "data"), None, [])

    numbers = ["age", "income", "debt"]
    as_both = make_column_transformer((StandardScaler(), ["rank"]), (OneHotEncoder(), ["rank"]))
    assert isinstance(taken(as_both), PythonModel)
    assert isinstance(taken(make_column_transformer((KBinsDiscretizer(3), ["age"]))), PythonModel)
    rare = OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist")
    assert isinstance(taken(make_column_transformer((rare, ["job"]))), PythonModel)
    flagged = make_column_transformer((SimpleImputer(add_indicator=True), numbers))
    assert isinstance(taken(flagged), PythonModel)
    # scikit-learn scales single-precision columns in single precision.
    small = train.astype({"income": "float32"})
    assert isinstance(taken(make_column_transformer((StandardScaler(), ["income"])), frame=small), PythonModel)
    assert isinstance(taken(make_column_transformer((MinMaxScaler(clip=True), ["age"]))), PythonModel)
    # The first transformer gives its columns other names, by which the second takes one.
    first = ColumnTransformer([("kept", "passthrough", ["age", "income"])]).set_output(transform="pandas")
    second = ColumnTransformer([("scaled", StandardScaler(), ["kept__age"])])
    assert isinstance(taken(make_pipeline(first, second)), PythonModel)
    # An encoder that refuses what it does not know must be the one to say so.
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["rank", "note"])), LGBMClassifier(n_estimators=3, verbose=-1)
    )
    pipeline.fit(train[FEATURES], truth(train, "two"))
    assert isinstance(model_of(pipeline, rows_of(train[FEATURES], "data"), None, []), NativeModel)
    odd = people(50, 9, unknown=True)
    odd.loc[0, "rank"] = 9
    with pytest.raises(ValueError, match="unknown categories"):
        eq.assess(odd[FEATURES].assign(y=truth(odd, "two")), model=pipeline, target="y", only="performance")
