"""Models of every library: trees read natively give the library's own predictions; the rest is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import equipoise as eq
import numpy as np
import pandas as pd
import pytest
from equipoise._equipoise import NativeModel
from equipoise._frames import rows_of
from equipoise._models import model_of
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def data(n: int, with_names: bool = False, missing: float = 0.05) -> pd.DataFrame:
    """Correlated numbers on a coarse grid, so that rows fall on thresholds; names where they are asked for."""
    rng = np.random.default_rng(n)
    frame = pd.DataFrame({f"n{i}": np.round(rng.normal(size=n), 1) for i in range(5)})
    frame["n4"] += frame["n0"]
    if missing:
        frame = frame.mask(rng.random(frame.shape) < missing)
    if with_names:
        names = rng.choice([f"v{i}" for i in range(12)], n)
        frame["c"] = pd.Categorical(
            np.where(rng.random(n) < missing, None, names), categories=[f"v{i}" for i in range(12)]
        )
        frame["b"] = pd.Categorical(rng.choice(["u", "w"], n))
    return frame


def truth(frame: pd.DataFrame, kind: str) -> np.ndarray:
    rng = np.random.default_rng(9)
    score = frame["n0"].fillna(0) + frame["n1"].fillna(0) ** 2 + rng.normal(0, 0.5, len(frame))
    if "c" in frame:
        score = score + frame["c"].astype("category").cat.codes % 3
    if kind == "number":
        return score.to_numpy()
    if kind == "count":
        return np.round(np.exp(score / 3)).to_numpy()
    cuts = [-np.inf, 1.0, np.inf] if kind == "two" else [-np.inf, 0.5, 1.5, np.inf]
    return np.asarray(pd.cut(score, cuts, labels=["lo", "mid", "hi"][: len(cuts) - 1]).astype(str))


def largest_difference(model: Any, frame: pd.DataFrame) -> float:
    """Between the native reading and the object itself."""
    rows = rows_of(frame, "data")
    native = model_of(model, rows, None, [])
    assert isinstance(native, NativeModel), f"{type(model).__name__} was not read natively"
    kind, _, found = native.predict(rows.data, rows.columns)
    own = np.asarray(model.predict_proba(frame) if hasattr(model, "predict_proba") else model.predict(frame))
    if kind == "probability":
        found = np.column_stack([1 - found, found])
    return float(np.abs(found.reshape(own.shape) - own).max())


SKLEARN = [
    (DecisionTreeClassifier(max_depth=6), "two", 0.05),
    (DecisionTreeClassifier(criterion="entropy", class_weight="balanced"), "three", 0.0),
    (DecisionTreeRegressor(max_depth=6), "number", 0.05),
    (RandomForestClassifier(20, max_depth=8), "two", 0.05),
    (RandomForestClassifier(20, max_depth=8), "three", 0.05),
    (RandomForestRegressor(10), "number", 0.0),
    (ExtraTreesClassifier(20), "two", 0.0),
    (ExtraTreesRegressor(10, max_depth=6), "number", 0.0),
    (GradientBoostingClassifier(n_estimators=20), "two", 0.0),
    (GradientBoostingClassifier(n_estimators=20, loss="exponential"), "two", 0.0),
    (GradientBoostingClassifier(n_estimators=10), "three", 0.0),
    (GradientBoostingClassifier(n_estimators=10, init="zero"), "two", 0.0),
    (GradientBoostingRegressor(n_estimators=20, loss="huber"), "number", 0.0),
    (HistGradientBoostingClassifier(max_iter=20), "two", 0.05),
    (HistGradientBoostingClassifier(max_iter=10), "three", 0.05),
    (HistGradientBoostingRegressor(max_iter=20), "number", 0.05),
    (HistGradientBoostingRegressor(max_iter=20, loss="poisson"), "count", 0.05),
]


@pytest.mark.parametrize(("model", "kind", "missing"), SKLEARN, ids=lambda v: str(v).split("(")[0])
def test_trees_of_scikit_learn_are_exact(model: Any, kind: str, missing: float) -> None:
    train, test = data(800, missing=missing), data(500, missing=missing)
    model.fit(train, truth(train, kind))
    assert largest_difference(model, test) < 1e-12


def test_categories_of_histogram_boosting_are_exact() -> None:
    train, test = data(2000, with_names=True), data(1500, with_names=True)
    model = HistGradientBoostingClassifier(max_iter=40, categorical_features="from_dtype")
    model.fit(train, truth(train, "two"))
    assert largest_difference(model, test) < 1e-12
    # By place, as whole numbers.
    as_codes = lambda frame: np.column_stack([frame["c"].cat.codes.replace(-1, np.nan), frame[["n0", "n1"]]])
    model = HistGradientBoostingClassifier(max_iter=40, categorical_features=[0])
    model.fit(as_codes(train), truth(train, "two"))
    assert largest_difference(model, as_codes(test)) < 1e-12


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_lightgbm_is_exact(kind: str) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    train, test = data(2000, with_names=True), data(1500, with_names=True)
    made = lightgbm.LGBMRegressor if kind == "number" else lightgbm.LGBMClassifier
    model = made(n_estimators=20, verbose=-1).fit(train, truth(train, kind))
    assert largest_difference(model, test) < 1e-12
    if kind == "number":
        assert largest_difference(model.booster_, test) < 1e-12


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_xgboost_is_exact_to_single_precision(kind: str) -> None:
    xgboost = pytest.importorskip("xgboost")
    train, test = data(2000, with_names=True), data(1500, with_names=True)
    target = truth(train, kind)
    if kind == "number":
        model = xgboost.XGBRegressor(n_estimators=20, enable_categorical=True).fit(train, target)
    else:
        codes = pd.Categorical(target).codes
        model = xgboost.XGBClassifier(n_estimators=20, early_stopping_rounds=3, enable_categorical=True)
        # Labels of other rows: training stops early, and predictions use the best round alone.
        model.fit(train, codes, eval_set=[(train.iloc[:300], codes[300:600])], verbose=False)
        assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    assert largest_difference(model, test) < 2e-6


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_catboost_is_exact(kind: str) -> None:
    catboost = pytest.importorskip("catboost")
    train, test = data(2000, with_names=True), data(1500, with_names=True)
    for frame in (train, test):
        frame["c"] = frame["c"].astype(object).where(frame["c"].notna(), "none").astype(str)
        frame["b"] = frame["b"].astype(str)
    made = catboost.CatBoostRegressor if kind == "number" else catboost.CatBoostClassifier
    model = made(iterations=20, verbose=0, cat_features=["c", "b"], allow_writing_files=False)
    model.fit(train, truth(train, kind))
    assert largest_difference(model, test) < 1e-12


def test_a_pipeline_is_explained_on_the_columns_of_the_caller() -> None:
    train, test = data(600, with_names=True, missing=0.0), data(300, with_names=True, missing=0.0)
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["c", "b"]), remainder=StandardScaler()),
        LogisticRegression(),
    )
    pipeline.fit(train, truth(train, "two"))
    expected = (pipeline.predict(test) == truth(test, "two")).mean()
    a = eq.assess(test.assign(y=truth(test, "two")), model=pipeline, target="y", only=["performance", "explain"])
    assert a["performance.accuracy"].value == pytest.approx(expected)
    assert {i.split("[")[1].rstrip("]") for i in a.estimates if i.startswith("explain.mean_abs_attribution[")} <= set(
        test
    )
    assert a.document["model"]["describes"] == "ColumnTransformer → LogisticRegression"
    assert set(a.document["model"]["features"]) == set(test)


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_linear_pipelines_are_explained_exactly(kind: str) -> None:
    train, test = data(600, with_names=True), data(200, with_names=True)
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(), KBinsDiscretizer(4)), ["n0", "n1"]),
        (OneHotEncoder(handle_unknown="ignore"), ["c", "b"]),
        remainder=make_pipeline(SimpleImputer(), StandardScaler()),
    )
    model = make_pipeline(prepare, LinearRegression() if kind == "number" else LogisticRegression(max_iter=500))
    model.fit(train, truth(train, kind))
    background = train.head(50)
    a = eq.explain(
        test.assign(y=truth(test, kind)), train=background.assign(y=truth(background, kind)), model=model, target="y"
    )
    assert a["explain.additivity_error"].value == pytest.approx(0, abs=1e-9)
    margin = model.predict if kind == "number" else model.decision_function
    # An additive model's attribution is what swapping the column for the background's changes on average.
    found = a.artifact("attributions")
    for column in ("n0", "c"):
        swapped = pd.concat([test.assign(**{column: v}) for v in background[column]], ignore_index=True)
        if column == "c":
            swapped["c"] = pd.Categorical(swapped["c"], categories=test["c"].cat.categories)
        expected = margin(test) - margin(swapped).reshape(len(background), len(test), -1).squeeze().mean(axis=0)
        names = [c for c in found if c == column or c.startswith(f"{column}|")]
        np.testing.assert_allclose(found[names].to_numpy().reshape(expected.shape), expected, atol=1e-9)


def test_a_pipeline_that_mixes_columns_is_not_taken_for_a_sum() -> None:
    train = data(300, missing=0.0)
    model = make_pipeline(PolynomialFeatures(2, interaction_only=True), LogisticRegression(max_iter=500))
    model.fit(train, truth(train, "two"))
    taken = model_of(model, rows_of(train, "data"), None, [])
    assert taken.n_margins is None


def test_a_classifier_without_probabilities_gives_labels() -> None:
    train = data(500, missing=0.0)
    model = LinearSVC().fit(train, truth(train, "three"))
    a = eq.assess(train.assign(y=truth(train, "three")), model=model, target="y", only="performance")
    assert a["performance.accuracy"].value == pytest.approx((model.predict(train) == truth(train, "three")).mean())


def test_the_positive_class_may_be_the_first() -> None:
    train = data(500, missing=0.0)
    model = LogisticRegression().fit(train, truth(train, "two"))
    frame = train.assign(y=truth(train, "two"))
    a = eq.assess(frame, model=model, target="y", positive="lo", only="performance")
    predicted = a.artifact("predictions")
    np.testing.assert_allclose(predicted["_probability"], model.predict_proba(train)[:, 0], atol=1e-12)


def test_a_model_fitted_on_a_matrix_is_asked_with_one(recwarn: pytest.WarningsRecorder) -> None:
    train = data(300, missing=0.0)
    model = LogisticRegression().fit(train.to_numpy(), truth(train, "two"))
    eq.assess(train.assign(y=truth(train, "two")), model=model, target="y", only="performance")
    assert [w for w in recwarn if "feature names" in str(w.message)] == []


class Odd:
    """A classifier whose answers have another shape than they should."""

    classes_ = np.array(["lo", "mid"])

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def predict_proba(self, rows: Any) -> Any:
        return self.answer(len(rows))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda n: np.full((n, 3), 1 / 3), "gave 3 probabilities per row, but has 2 classes"),
        (lambda n: np.full((n - 1, 2), 0.5), "answers for"),
        (lambda n: np.full((n, 2), 0.7), "no probabilities"),
        (lambda n: 0.5, "a single value"),
        (lambda n: np.zeros((n, 2, 2)), "shape"),
        (lambda n: np.full((n, 2), "x"), "words such as `x`"),
    ],
)
def test_answers_of_a_wrong_shape_are_told(answer: Any, text: str) -> None:
    frame = data(100, missing=0.0)
    with pytest.raises(eq.EquipoiseError, match=text) as raised:
        eq.assess(frame.assign(y=truth(frame, "two")), model=Odd(answer), target="y")
    assert raised.value.code == "model"
    assert raised.value.hint


def test_a_model_that_does_not_fit_is_told_early() -> None:
    frame = data(200, missing=0.0)
    target = truth(frame, "two")
    with pytest.raises(eq.EquipoiseError, match="is not fitted"):
        eq.assess(frame.assign(y=target), model=RandomForestClassifier(), target="y")
    with pytest.raises(eq.EquipoiseError, match="is not fitted"):
        eq.assess(frame.assign(y=target), model=make_pipeline(StandardScaler(), LogisticRegression()), target="y")
    leaky = RandomForestClassifier(3).fit(frame.assign(y=target == "hi"), target)
    with pytest.raises(eq.EquipoiseError, match="the target `y` is a feature of the model"):
        eq.assess(frame.assign(y=target), model=leaky, target="y")
    for make in (RandomForestClassifier, LogisticRegression):
        other = make().fit(frame.rename(columns={"n1": "m1"}), target)
        with pytest.raises(eq.EquipoiseError, match="m1") as raised:
            eq.assess(frame.assign(y=target), model=other, target="y")
        assert raised.value.code == "model"
    with pytest.raises(eq.EquipoiseError, match="cannot be asked"):
        eq.assess(frame.assign(y=target), model=object(), target="y")


def test_a_function_is_asked_within_a_budget() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(3000, 8)), columns=list("abcdefgh"))
    frame["y"] = (frame["a"] * frame["b"] + frame["c"] > 0).astype(int)
    asked = 0

    def model(rows: pd.DataFrame) -> np.ndarray:
        nonlocal asked
        asked += len(rows)
        return 1 / (1 + np.exp(-(rows["a"] * rows["b"] + rows["c"] * np.abs(rows["d"]) + rows["e"] ** 2)))

    a = eq.assess(frame, model=model, target="y", classes=[0, 1], only="explain")
    assert asked < 250_000
    assert 0 < a["explain.relative_standard_error"].value < 0.2
    assert a["explain.mean_abs_attribution[c]"].n == 25
    asked = 0
    more = eq.explain(frame, model=model, target="y", classes=[0, 1], max_rows=40, max_calls=10_000)
    assert more["explain.mean_abs_attribution[c]"].n == 40
    assert more["explain.model_calls"].value < a["explain.model_calls"].value
    # What is read natively has no such budget.
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(frame[list("abcdefgh")], frame["y"])
    native = eq.assess(frame, model=tree, target="y", only="explain")
    assert "analyses" not in native.document["spec"]
    assert native["explain.mean_abs_attribution[c]"].n == 3000


def fingerprint_of(model: Any, frame: pd.DataFrame, kind: str) -> tuple[str | None, int | None, bool]:
    """The digest and size that an assessment tells its model by, and whether it says that there is none."""
    a = eq.assess(frame.assign(y=truth(frame, kind)), model=model, target="y", only="performance")
    (told,) = [i for i in a.document["provenance"]["inputs"] if i["role"] == "model"]
    is_said = any(note["code"] == "provenance.model_asked" for note in a.document["notes"])
    return told.get("sha256"), told.get("bytes"), is_said


def test_a_model_in_memory_has_the_fingerprint_of_its_file(tmp_path: Path) -> None:
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    train = data(600, missing=0.0)
    found = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(train, truth(train, "two"))
    found.booster_.save_model(tmp_path / "model.txt")
    boosted = xgboost.XGBRegressor(n_estimators=5).fit(train, truth(train, "number"))
    boosted.save_model(tmp_path / "model.json")
    for model, name, kind in ((found, "model.txt", "two"), (boosted, "model.json", "number")):
        content = (tmp_path / name).read_bytes()
        in_memory = fingerprint_of(model, train, kind)
        assert in_memory == (hashlib.sha256(content).hexdigest(), len(content), False)
        assert fingerprint_of(str(tmp_path / name), train, kind) == in_memory


def test_trees_of_scikit_learn_are_told_by_their_arrays_and_what_is_asked_by_nothing() -> None:
    train = data(600, missing=0.0)
    y = truth(train, "two")
    forest = lambda seed: RandomForestClassifier(5, max_depth=5, random_state=seed).fit(train, y)
    first, again, other = (fingerprint_of(forest(seed), train, "two") for seed in (1, 1, 2))
    assert first == again
    assert len(first[0] or "") == 64 and first[2] is False
    assert first[0] != other[0]
    behind = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1)).fit(train, y)
    assert fingerprint_of(behind, train, "two")[0] not in (None, first[0])
    assert fingerprint_of(LogisticRegression().fit(train, y), train, "two") == (None, None, True)
