"""`equipoise.TreeExplainer` against shap's own where that is installed, and against what attributions must be."""

from __future__ import annotations

import itertools
import math
from typing import Any

import equipoise as eq
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from test_models import data, truth

TRAIN, TEST = data(400, missing=0.0), data(60, missing=0.0)


def fitted(name: str) -> Any:
    if name == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        return lightgbm.LGBMClassifier(n_estimators=15, verbose=-1).fit(TRAIN, truth(TRAIN, "two"))
    if name == "three classes":
        lightgbm = pytest.importorskip("lightgbm")
        return lightgbm.LGBMClassifier(n_estimators=8, verbose=-1).fit(TRAIN, truth(TRAIN, "three"))
    if name == "xgboost":
        xgboost = pytest.importorskip("xgboost")
        return xgboost.XGBRegressor(n_estimators=15, max_depth=4).fit(TRAIN, truth(TRAIN, "number"))
    kinds = {
        "forest": RandomForestClassifier(8, max_depth=5, random_state=1).fit(TRAIN, truth(TRAIN, "two")),
        "forest of numbers": RandomForestRegressor(8, max_depth=5, random_state=1).fit(TRAIN, truth(TRAIN, "number")),
        "boosted": GradientBoostingClassifier(n_estimators=10).fit(TRAIN, truth(TRAIN, "two")),
        "histogram": HistGradientBoostingClassifier(max_iter=10).fit(TRAIN, truth(TRAIN, "two")),
    }
    return kinds[name]


MODELS = ["lightgbm", "three classes", "xgboost", "forest", "forest of numbers", "boosted", "histogram"]


@pytest.mark.parametrize("name", MODELS)
def test_the_same_as_shap(name: str) -> None:
    shap = pytest.importorskip("shap")
    model = fitted(name)
    ours = eq.TreeExplainer(model)
    try:
        theirs = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        expected = theirs.shap_values(TEST, check_additivity=False)
    except Exception as error:
        pytest.skip(f"shap cannot: {error}")
    found = ours.shap_values(TEST)
    assert found.shape == np.asarray(expected).shape
    np.testing.assert_allclose(found, expected, atol=2e-4)
    base = np.ravel(theirs.expected_value)
    np.testing.assert_allclose(ours.expected_value, base if base.size > 1 else base[0], atol=2e-4)
    assert isinstance(ours(TEST), shap.Explanation)


def margin(name: str, model: Any, rows: pd.DataFrame) -> np.ndarray:
    """What is explained, shape `(n_rows, n_outputs)`."""
    if name in ("forest of numbers", "xgboost"):
        return model.predict(rows)[:, None]
    if name == "forest":
        return model.predict_proba(rows)
    if name == "three classes":
        return model.predict_proba(rows, raw_score=True)
    odds = model.predict_proba(rows)
    return np.log(odds[:, 1:] / odds[:, :1])


@pytest.mark.parametrize("name", MODELS)
def test_against_a_background_by_the_definition(name: str) -> None:
    """Shapley values over all 32 coalitions of five columns, asked of the library itself."""
    model, background, rows = fitted(name), TRAIN.iloc[:12], TEST.iloc[:3]
    columns = list(TEST.columns)
    worth = {}
    for coalition in itertools.chain.from_iterable(itertools.combinations(range(5), k) for k in range(6)):
        asked = pd.concat([background] * len(rows), ignore_index=True)
        for column in coalition:
            asked[columns[column]] = np.repeat(rows[columns[column]].to_numpy(), len(background))
        worth[coalition] = margin(name, model, asked).reshape(len(rows), len(background), -1).mean(axis=1)
    expected = np.zeros((len(rows), 5, worth[()].shape[1]))
    for coalition, value in worth.items():
        for column in set(range(5)) - set(coalition):
            weight = math.factorial(len(coalition)) * math.factorial(4 - len(coalition)) / math.factorial(5)
            expected[:, column] += weight * (worth[tuple(sorted((*coalition, column)))] - value)
    explainer = eq.TreeExplainer(model, background)
    found = explainer.shap_values(rows)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)
    np.testing.assert_allclose(np.ravel(explainer.expected_value), worth[()][0], atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_attributions_add_up(name: str) -> None:
    model = fitted(name)
    explainer = eq.TreeExplainer(model)
    found = explainer.shap_values(TEST).sum(axis=1) + explainer.expected_value
    own = margin(name, model, TEST)
    np.testing.assert_allclose(found.reshape(own.shape), own, atol=1e-5)
    pairs = explainer.shap_interaction_values(TEST)
    np.testing.assert_allclose(pairs.sum(axis=2), explainer.shap_values(TEST), atol=1e-4)


def test_probabilities_are_explained_against_a_background() -> None:
    model = fitted("lightgbm")
    explainer = eq.TreeExplainer(model, TRAIN.iloc[:40], model_output="probability")
    found = explainer.shap_values(TEST).sum(axis=1) + explainer.expected_value
    np.testing.assert_allclose(found, model.predict_proba(TEST)[:, 1], atol=1e-9)
    with pytest.raises(eq.EquipoiseError, match="background"):
        eq.TreeExplainer(model, model_output="probability")


def test_matrices_and_columns_in_another_order() -> None:
    model = fitted("lightgbm")
    explainer = eq.TreeExplainer(model)
    expected = explainer.shap_values(TEST)
    np.testing.assert_allclose(explainer.shap_values(TEST.to_numpy()), expected)
    turned = TEST[TEST.columns[::-1]]
    np.testing.assert_allclose(explainer.shap_values(turned), expected[:, ::-1])
    assert list(explainer(turned).feature_names) == list(turned.columns)


def test_categories_are_one_column() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    train, test = data(800, with_names=True), data(30, with_names=True)
    model = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(train, truth(train, "two"))
    explainer = eq.TreeExplainer(model)
    assert explainer.shap_values(test).shape == (30, 7)
    found = explainer.shap_values(test).sum(axis=1) + explainer.expected_value
    np.testing.assert_allclose(found, model.predict_proba(test, raw_score=True), atol=1e-6)


def test_an_explanation_without_shap() -> None:
    values = np.arange(24.0).reshape(4, 3, 2)
    one = eq.Explanation(values, np.ones((4, 2)), np.zeros((4, 3)), ["a", "b", "c"])
    assert one.shape == (4, 3, 2)
    assert one[0].values.shape == (3, 2)
    assert one[:, :, 1].values.shape == (4, 3)
    assert one[:, 0:2].feature_names == ["a", "b"]


def test_what_has_no_trees_is_refused() -> None:
    model = LogisticRegression().fit(TRAIN, truth(TRAIN, "two"))
    with pytest.raises(eq.EquipoiseError, match="not read as trees") as raised:
        eq.TreeExplainer(model)
    assert raised.value.hint is not None
    with pytest.raises(eq.EquipoiseError, match="background"):
        eq.TreeExplainer(fitted("forest"), feature_perturbation="interventional")
    with pytest.raises(eq.EquipoiseError, match="not fitted"):
        eq.TreeExplainer(RandomForestClassifier())
    assert isinstance(TEST, pd.DataFrame)
