"""The toolbox's calls: a notebook of it needs its imports changed and nothing else."""

from __future__ import annotations

import os

import equipoise as eq
import numpy as np
import pandas as pd
import pytest
from equipoise.compat import (
    Cohort,
    CohortFilter,
    CohortFilterMethods,
    FeatureMetadata,
    RAIInsights,
    ResponsibleAIDashboard,
)
from lightgbm import LGBMClassifier, LGBMRegressor


def loans(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.normal(50, 15, n).round(1),
            "debt": rng.gamma(2, 5, n).round(1),
            "guarantor": rng.integers(0, 2, n),
            "home": pd.Categorical(rng.choice(["rent", "own"], n)),
            "number": np.arange(n),
        }
    )
    score = frame["income"] - 2 * frame["debt"] + 12 * frame["guarantor"] + rng.normal(0, 10, n)
    frame["repaid"] = (score > 35).astype(int)
    return frame


TRAIN, TEST = loans(1200, 1), loans(400, 2)
FEATURES = ["income", "debt", "guarantor", "home"]
MODEL = LGBMClassifier(n_estimators=20, verbose=-1).fit(TRAIN[FEATURES], TRAIN["repaid"])


def insights() -> RAIInsights:
    return RAIInsights(
        MODEL,
        TRAIN,
        TEST,
        "repaid",
        "classification",
        categorical_features=["home"],
        feature_metadata=FeatureMetadata(identity_feature_name="number"),
    )


def test_the_usual_notebook(tmp_path: object) -> None:
    rai = insights()
    rai.explainer.add()
    rai.error_analysis.add(max_depth=2, filter_features=["income", "home"])
    rai.counterfactual.add(total_CFs=2, desired_class="opposite", features_to_vary=["income", "debt"])
    rai.causal.add(treatment_features=["guarantor"])
    with pytest.raises(eq.EquipoiseError, match="compute"):
        rai.assessment  # noqa: B018
    assert rai.list()["explainer"]["is_computed"] is False
    rai.compute()
    assert rai.list()["explainer"]["is_computed"] is True
    explanation = rai.explainer.get()[0]
    assert explanation.get_ranked_global_names()[0] == "income"
    assert list(explanation.local_importance_values.columns) == FEATURES or set(
        explanation.local_importance_values.columns
    ) == set(FEATURES)
    assert len(explanation.local_importance_values) == len(TEST)
    assert {"tree", "heat_map"} <= set(rai.error_analysis.get()[0].tables)
    found = rai.counterfactual.get()[0]
    assert set(found.summary_importance) <= {"income", "debt"}
    assert len(found.to_dataframe()) > 0
    effects = rai.causal.get()[0].global_effects
    assert len(effects) == 1
    # A guarantor adds 12 to a score that spreads by some 30: the true effect lies well above nothing.
    assert effects["average_low"][0] > 0.05
    assert len(rai.causal.get()[0].policies) == 1
    assert (TEST["repaid"] == MODEL.predict(TEST[FEATURES])).mean() == pytest.approx(
        rai.assessment["performance.accuracy"].value
    )
    place = os.path.join(str(tmp_path), "rai")
    rai.save(place)
    assert RAIInsights.load(place).document == rai.assessment.document
    assert "<iframe" in ResponsibleAIDashboard(rai)._repr_html_()


def test_configurations_may_be_added_one_after_another() -> None:
    rai = insights()
    rai.error_analysis.add(max_depth=2)
    rai.error_analysis.add(max_depth=4, min_child_samples=5)
    rai.compute()
    shallow, deep = rai.error_analysis.get()
    assert len(shallow.table("tree")) < len(deep.table("tree"))
    rai.explainer.add()
    rai.compute()
    assert len(rai.explainer.get()) == 1
    assert len(rai.error_analysis.get()) == 2


def test_numbers_and_dropped_columns() -> None:
    train, test = TRAIN.drop(columns="repaid"), TEST.drop(columns="repaid")
    model = LGBMRegressor(n_estimators=10, verbose=-1).fit(train[["income", "guarantor"]], train["debt"])
    metadata = FeatureMetadata(dropped_features=["home", "number"])
    rai = RAIInsights(model, train, test, "debt", "regression", feature_metadata=metadata)
    with pytest.raises(eq.EquipoiseError, match="desired_range"):
        rai.counterfactual.add(total_CFs=2)
    rai.compute()
    assert rai.assessment.task == "regression"
    assert list(rai.get_test_data().columns) == ["income", "debt", "guarantor"]


def test_cohorts_of_the_dashboard() -> None:
    rai = insights()
    rai.compute()
    young = Cohort("poor renters")
    young.add_cohort_filter(CohortFilter(CohortFilterMethods.METHOD_LESS, [40], "income"))
    young.add_cohort_filter(CohortFilter(CohortFilterMethods.METHOD_INCLUDES, ["rent"], "home"))
    dashboard = ResponsibleAIDashboard(rai, cohort_list=[young])
    rows = (TEST["income"] < 40) & (TEST["home"] == "rent")
    estimate = dashboard.assessment["performance.accuracy{poor renters}"]
    assert estimate.n == rows.sum()
    assert estimate.value == pytest.approx((TEST["repaid"] == MODEL.predict(TEST[FEATURES]))[rows].mean())
    with pytest.raises(eq.EquipoiseError, match="near"):
        CohortFilter("near", [1], "income").predicate()


def test_classes_may_have_other_names_than_the_target() -> None:
    rai = RAIInsights(MODEL, TRAIN, TEST, "repaid", "classification", classes=["defaults", "repays"])
    rai.compute()
    assert rai.assessment.classes == ["defaults", "repays"]
    right = (TEST["repaid"] == MODEL.predict(TEST[FEATURES])).mean()
    assert rai.assessment["performance.accuracy"].value == pytest.approx(right)
    with pytest.raises(eq.EquipoiseError, match="`classes` names 3, but the target `repaid` has 2"):
        RAIInsights(MODEL, TRAIN, TEST, "repaid", "classification", classes=["a", "b", "c"]).compute()


def test_the_column_that_names_rows_may_be_one_that_the_model_reads() -> None:
    metadata = FeatureMetadata(identity_feature_name="income")
    rai = RAIInsights(MODEL, TRAIN, TEST, "repaid", "classification", feature_metadata=metadata)
    rai.compute()
    assert rai.assessment["performance.accuracy"].n == len(TEST)


def test_a_model_that_names_no_classes_is_one_of_the_targets_values() -> None:
    class Model:
        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            high = 0.8 * (rows["income"] > 55)
            return np.column_stack([0.1 + 0 * high, 0.9 - high, high])

        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            return self.predict_proba(rows).argmax(axis=1)

    train, test = (frame.assign(repaid=frame["guarantor"] + (frame["debt"] > 9)) for frame in (TRAIN, TEST))
    rai = RAIInsights(Model(), train, test, "repaid", "classification")
    rai.compute()
    assert rai.assessment.classes == ["0", "1", "2"]
    assert rai.assessment["performance.accuracy"].value == pytest.approx(
        (Model().predict(test) == test["repaid"]).mean()
    )


def test_effects_need_no_model() -> None:
    # `classes` mean nothing for numbers; the toolbox takes them.
    rai = RAIInsights(None, TRAIN, TEST, "debt", "regression", classes=["less", "more"])
    with pytest.raises(eq.EquipoiseError, match="there is none"):
        rai.explainer.add()
    rai.causal.add(treatment_features=["guarantor"])
    rai.compute()
    assert len(rai.causal.get()[0].global_effects) == 1
    rai.causal.add(treatment_features=["guarantor"], nuisance_model="AutoML", heterogeneity_model="forest")
    rai.compute()
    assert len(rai.causal.get()[1].local_effects) == 1


def test_what_is_refused() -> None:
    with pytest.raises(eq.EquipoiseError, match="no task"):
        RAIInsights(MODEL, TRAIN, TEST, "repaid", "forecast")
    with pytest.raises(eq.EquipoiseError, match="not a column of `train`"):
        RAIInsights(MODEL, TRAIN, TEST, "repayed", "classification")
    with pytest.raises(eq.EquipoiseError, match="different columns"):
        RAIInsights(MODEL, TRAIN, TEST.drop(columns="debt"), "repaid", "classification")
    with pytest.raises(eq.EquipoiseError, match="the nearest name is `home`"):
        RAIInsights(MODEL, TRAIN, TEST, "repaid", "classification", categorical_features=["hom"])
    rai = insights()
    with pytest.raises(eq.EquipoiseError, match="guarantors"):
        rai.causal.add(treatment_features=["guarantors"])
