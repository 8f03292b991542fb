"""`get_data` of the managers: the toolbox's fields and keys, and values that are counted again by hand.

The keys are those that responsibleai 0.36.0 gives for a problem of the same shape.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from equipoise.compat import FeatureMetadata, RAIInsights
from equipoise.compat._data import CausalPolicyTreeInternal, CausalPolicyTreeLeaf
from lightgbm import LGBMClassifier, LGBMRegressor

NODE = (
    "arg badFeaturesRowCount condition error id method nodeIndex nodeName parentId parentNodeName pathFromRoot size "
    "sourceRowKeyHash success metricName metricValue isErrorMetric"
)
EFFECT = "outcome feature feature_value point stderr zstat p_value ci_lower ci_upper"
DATASET = (
    "task_type categorical_features class_names is_large_data_scenario use_entire_test_data tabular_dataset_metadata "
    "feature_metadata predicted_y features true_y feature_names target_column probability_y"
)
COUNTERFACTUAL = (
    "cfs_list feature_names feature_names_including_target summary_importance local_importance model_type desired_class "
    "desired_range id test_data"
)


def loans(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.normal(50, 15, n).round(1),
            "debt": rng.gamma(2, 5, n).round(1),
            "guarantor": rng.integers(0, 2, n),
            "home": pd.Categorical(rng.choice(["rent", "own"], n)),
            "job": pd.Categorical(rng.choice(["a", "b and c", "d'e"], n)),
            "number": np.arange(n),
        }
    )
    score = frame["income"] - 2 * frame["debt"] + rng.normal(0, 8, n)
    score += np.where(frame["home"] == "rent", 1, -1) * (frame["guarantor"] * 24 - 12)
    frame["repaid"] = np.where(score > 30, "yes", "no")
    flipped = (frame["job"] == "b and c") & (rng.random(n) < 0.4)
    frame["repaid"] = frame["repaid"].where(~flipped, np.where(frame["repaid"] == "yes", "no", "yes"))
    frame["amount"] = score.round(2)
    return frame


TRAIN, TEST = loans(1500, 1), loans(900, 2)
FEATURES = ["income", "debt", "guarantor", "home", "job"]
METADATA = FeatureMetadata(dropped_features=["number"])


@pytest.fixture(scope="module")
def classified() -> RAIInsights:
    train, test = TRAIN.drop(columns="amount"), TEST.drop(columns="amount")
    model = LGBMClassifier(n_estimators=20, verbose=-1).fit(train[FEATURES], train["repaid"])
    rai = RAIInsights(
        model, train, test, "repaid", "classification", categorical_features=["home", "job"], feature_metadata=METADATA
    )
    rai.explainer.add()
    rai.error_analysis.add(max_depth=3, filter_features=["income", "job"])
    rai.error_analysis.add(max_depth=2, filter_features=["debt"])
    rai.counterfactual.add(total_CFs=3, desired_class="opposite", features_to_vary=["income", "debt", "home"])
    rai.causal.add(treatment_features=["guarantor", "job"], random_state=3)
    rai.compute()
    return rai


def keys(value: Any) -> set[str]:
    return set(asdict(value)) if hasattr(value, "__dataclass_fields__") else set(value)


def test_the_fields_are_the_toolboxes(classified: RAIInsights) -> None:
    data = classified.get_data()
    assert keys(data) == {
        "dataset",
        "modelExplanationData",
        "errorAnalysisData",
        "causalAnalysisData",
        "counterfactualData",
    }
    assert keys(data.dataset) == set(DATASET.split())
    (explained,) = data.modelExplanationData
    assert keys(explained) == {"method", "precomputedExplanations"}
    assert keys(explained.precomputedExplanations) == {"localFeatureImportance", "globalFeatureImportance"}
    assert keys(explained.precomputedExplanations.globalFeatureImportance) == {"scores", "feature_list"}
    assert keys(explained.precomputedExplanations.localFeatureImportance) >= {"scores", "intercept"}
    errors, _ = data.errorAnalysisData
    assert keys(errors) >= set("maxDepth numLeaves minChildSamples tree matrix importances metric root_stats".split())
    assert all(keys(node) == set(NODE.split()) for node in errors.tree)
    assert keys(errors.root_stats) == {"metricName", "metricValue", "totalSize", "errorCoverage"}
    assert keys(errors.matrix) == {"matrix", "category1", "category2"}
    assert keys(errors.matrix["matrix"][0][0]) == {"falseCount", "count", "metricName"}
    assert keys(errors.matrix["category1"]) == {"values", "intervalMin", "intervalMax"}
    assert keys(data.counterfactualData[0]) == set(COUNTERFACTUAL.split())
    (effects,) = data.causalAnalysisData
    assert keys(effects) == {"id", "version", "config", "global_effects", "local_effects", "policies"}
    assert all(keys(effect) == set(EFFECT.split()) for effect in effects.global_effects)
    assert all(keys(effect) == {"sample", *EFFECT.split()} for row in effects.local_effects for effect in row)
    policy = effects.policies[0]
    assert keys(policy) == {
        "treatment_feature",
        "control_treatment",
        "local_policies",
        "policy_gains",
        "policy_tree",
    }
    assert keys(policy.policy_gains) == {"recommended_policy_gains", "treatment_gains"}
    told = "index Treatment|Effect of treatment|Effect of treatment lower bound|Effect of treatment upper bound"
    expected = {"index", "Treatment", *told.split("|")[1:], "Current treatment", *FEATURES} - {"guarantor"}
    assert keys(policy.local_policies[0]) == expected
    # As the toolbox serialises it: nothing but JSON.
    assert json.loads(json.dumps(asdict(data), allow_nan=False))["dataset"]["target_column"] == "repaid"


def test_what_was_added_is_listed_in_the_toolboxes_words(classified: RAIInsights) -> None:
    listed = classified.list()
    assert list(listed) == ["explainer", "error_analysis", "counterfactual", "causal"] == list(classified.get())
    assert all(listed[name]["manager_type"] == name and listed[name]["is_computed"] for name in listed)
    first, second = listed["error_analysis"]["reports"]
    assert first == {
        "max_depth": 3,
        "num_leaves": 31,
        "min_child_samples": 20,
        "filter_features": ["income", "job"],
        "is_computed": True,
    }
    assert second["max_depth"] == 2
    (asked,) = listed["counterfactual"]["counterfactuals"]
    assert asked["continuous_features"] == ["income", "debt", "guarantor"]
    assert (asked["method"], asked["total_CFs"], asked["desired_class"]) == ("random", 3, "opposite")
    (asked,) = listed["causal"]["causal_effects"]
    assert (asked["treatment_features"], asked["nuisance_model"], asked["alpha"]) == (
        ["guarantor", "job"],
        "linear",
        0.05,
    )


def test_the_dataset(classified: RAIInsights) -> None:
    data, model = classified.get_data().dataset, classified.model
    assert data.feature_names == FEATURES and data.class_names == ["no", "yes"]
    assert pd.DataFrame(data.features, columns=FEATURES)["job"].tolist() == TEST["job"].tolist()
    assert data.true_y == (TEST["repaid"] == "yes").astype(int).tolist()
    assert data.predicted_y == (model.predict(TEST[FEATURES]) == "yes").astype(int).tolist()
    np.testing.assert_allclose(data.probability_y, model.predict_proba(TEST[FEATURES]), atol=1e-6)
    ranges = {r["column_name"]: r for r in data.tabular_dataset_metadata.feature_ranges}
    assert ranges["guarantor"] == {"column_name": "guarantor", "range_type": "integer", "min_value": 0, "max_value": 1}
    assert ranges["job"]["unique_values"] == ["a", "b and c", "d'e"]


def test_attributions_add_up_to_the_margin_of_each_class(classified: RAIInsights) -> None:
    (explained,) = classified.explainer.get_data()
    local = explained.precomputedExplanations.localFeatureImportance
    scores = np.asarray(local.scores)
    assert scores.shape == (2, len(TEST), len(FEATURES))
    p = classified.model.predict_proba(TEST[FEATURES])[:, 1]
    margin = np.log(p / (1 - p))
    for side, sign in ((0, -1), (1, 1)):
        np.testing.assert_allclose(scores[side].sum(axis=1) + local.intercept[side], sign * margin, atol=1e-4)
    overall = explained.precomputedExplanations.globalFeatureImportance
    assert overall["scores"] == sorted(overall["scores"], reverse=True)
    means = dict(zip(FEATURES, np.abs(scores[1]).mean(axis=0), strict=True))
    np.testing.assert_allclose(overall["scores"], [means[name] for name in overall["feature_list"]], rtol=1e-4)


def kept_by(node: dict[str, Any], rows: pd.DataFrame) -> pd.Series[bool]:
    """The rows of a node by its own condition, as the toolbox's cohorts take `method` and `arg`."""
    column, argument = rows[node["parentNodeName"]], node["arg"]
    if node["method"] == "less and equal":
        return column <= argument
    if node["method"] == "greater":
        return column > argument
    assert node["method"] == "includes", node
    return column.isin(argument)


def test_nodes_are_conditions_on_the_rows(classified: RAIInsights) -> None:
    first, second = classified.error_analysis.get_data()
    nodes = {node["id"]: node for node in first.tree}
    assert len(nodes) > 4 and len(second.tree) < len(nodes)
    assert any(node["method"] == "includes" for node in nodes.values())
    wrong = classified.model.predict(TEST[FEATURES]) != TEST["repaid"]
    for node in nodes.values():
        kept, at = pd.Series(True, index=TEST.index), node
        while at["parentId"] is not None:
            assert nodes[at["parentId"]]["nodeName"] == at["parentNodeName"]
            kept &= kept_by(at, TEST)
            at = nodes[at["parentId"]]
        # The tree is judged by the half of the rows that it was not grown on.
        assert 0 < node["size"] <= kept.sum() and node["error"] <= (kept & wrong).sum()
        assert node["success"] + node["error"] == node["size"]
        assert node["metricValue"] == pytest.approx(node["error"] / node["size"])
        below = [child for child in nodes.values() if child["parentId"] == node["id"]]
        assert not below or sum(child["size"] for child in below) == node["size"]
        assert (node["nodeName"] is not None) == bool(below)
    assert first.root_stats["totalSize"] == nodes[0]["size"]
    assert first.root_stats["metricValue"] == pytest.approx(100 * nodes[0]["metricValue"])
    assert first.importances.index(max(first.importances)) == FEATURES.index("job")


def test_cells_are_counted(classified: RAIInsights) -> None:
    wrong = classified.model.predict(TEST[FEATURES]) != TEST["repaid"]
    two, one = (data.matrix for data in classified.error_analysis.get_data())
    income = two["category1"]
    assert two["category2"]["values"] == ["a", "b and c", "d'e"]
    for cells, low, high in zip(two["matrix"], income["intervalMin"], income["intervalMax"], strict=True):
        for cell, job in zip(cells, two["category2"]["values"], strict=True):
            kept = TEST["job"] == job
            kept &= (low is None) | (TEST["income"] > (low if low is not None else 0))
            kept &= (high is None) | (TEST["income"] <= (high if high is not None else 0))
            assert (cell["count"], cell["falseCount"]) == (kept.sum(), (kept & wrong).sum())
    assert sum(cell["count"] for cell in one["matrix"][0]) == len(TEST)
    assert "category2" not in one


def test_counterfactuals_of_every_row(classified: RAIInsights) -> None:
    (data,) = classified.counterfactual.get_data()
    model = classified.model
    assert len(data.cfs_list) == len(data.test_data) == len(TEST)
    predicted = model.predict(TEST[FEATURES])
    assert [row[0][-1] for row in data.test_data] == list(predicted)
    found = [(i, row) for i, rows in enumerate(data.cfs_list) for row in rows or []]
    assert len({i for i, _ in found}) > 0.9 * len(TEST)
    frame = pd.DataFrame([row for _, row in found], columns=data.feature_names_including_target)
    origin = TEST.iloc[[i for i, _ in found]]
    asked = frame[FEATURES].astype(TEST[FEATURES].dtypes.to_dict())
    said = model.predict(asked)
    assert (said == frame["repaid"]).all() and (said != predicted[[i for i, _ in found]]).all()
    assert (asked["guarantor"].to_numpy() == origin["guarantor"].to_numpy()).all()
    changed = np.array([frame[c].to_numpy() != origin[c].to_numpy() for c in FEATURES]).T
    first = np.flatnonzero([i == found[0][0] for i, _ in found])
    assert data.local_importance[found[0][0]] == pytest.approx(list(changed[first].mean(axis=0)))
    np.testing.assert_allclose(
        data.summary_importance,
        np.mean([data.local_importance[i] for i in sorted({i for i, _ in found})], axis=0),
        atol=1e-9,
    )


def test_effects_and_policies(classified: RAIInsights) -> None:
    (data,) = classified.causal.get_data()
    values = [(e["feature"], e["feature_value"]) for e in data.global_effects]
    assert values == [("guarantor", "1v0"), ("job", "b and cva"), ("job", "d'eva")]
    for effect in data.global_effects:
        assert effect["zstat"] == pytest.approx(effect["point"] / effect["stderr"])
        assert effect["ci_lower"] < effect["point"] < effect["ci_upper"]
        two_sided = 2 * (1 - 0.5 * (1 + math.erf(abs(effect["zstat"]) / math.sqrt(2))))
        assert effect["p_value"] == pytest.approx(two_sided, abs=1e-12)
    assert [len(row) for row in data.local_effects] == [3] * len(TEST)
    assert all(effect["sample"] == i for i, row in enumerate(data.local_effects) for effect in row)
    policy = data.policies[0]
    assert (policy.treatment_feature, policy.control_treatment) == ("guarantor", "0")
    assert [row["index"] for row in policy.local_policies] != sorted(row["index"] for row in policy.local_policies)
    assert {row["index"] for row in policy.local_policies} == set(range(len(TEST)))
    row = policy.local_policies[0]
    assert row["home"] == TEST["home"][row["index"]]
    assert row["Current treatment"] == TEST["guarantor"][row["index"]]
    # A guarantor helps those who rent and harms the others, by construction.
    by_home = pd.DataFrame(policy.local_policies).groupby("home")["Treatment"].agg(lambda t: t.mode()[0])
    assert by_home.to_dict() == {"rent": "1", "own": "0"}
    gains = policy.policy_gains
    assert gains.recommended_policy_gains > 0.05
    section = classified.causal.get()[0].section
    over_treated = section["causal.policy_gain_over_all[guarantor=1]"].value
    assert gains.treatment_gains == {"1": pytest.approx(gains.recommended_policy_gains - over_treated)}
    leaves: list[CausalPolicyTreeLeaf] = []
    seen: list[tuple[str, str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, CausalPolicyTreeLeaf):
            leaves.append(node)
            return
        assert isinstance(node, CausalPolicyTreeInternal) and not node.leaf
        seen.append((node.feature, node.right_comparison, node.comparison_value))
        walk(node.left)
        walk(node.right)

    walk(policy.policy_tree)
    assert sum(leaf.n_samples for leaf in leaves) == len(TRAIN) + len(TEST)
    assert {leaf.treatment for leaf in leaves} == {"0", "1"}
    assert all(comparison in ("eq", "gt") for _, comparison, _ in seen)
    assert ("home", "eq") in [question[:2] for question in seen]
    assert all(isinstance(value, float) for _, comparison, value in seen if comparison == "gt")


def test_numbers() -> None:
    train, test = (frame.drop(columns="repaid") for frame in (TRAIN, TEST))
    model = LGBMRegressor(n_estimators=20, verbose=-1).fit(train[FEATURES], train["amount"])
    rai = RAIInsights(
        model, train, test, "amount", "regression", categorical_features=["home", "job"], feature_metadata=METADATA
    )
    rai.explainer.add()
    rai.error_analysis.add(filter_features=["income", "home"])
    rai.counterfactual.add(total_CFs=2, desired_range=[40, 60], feature_importance=False)
    rai.causal.add(treatment_features=["income"])
    rai.compute()
    # What was computed afterwards stands in an assessment of its own.
    rai.counterfactual.add(total_CFs=1, desired_range=[0, 10])
    rai.compute()
    data = rai.get_data()
    assert data.dataset.class_names is None and data.dataset.probability_y is None
    np.testing.assert_allclose(data.dataset.predicted_y, model.predict(test[FEATURES]), rtol=1e-6)
    local = data.modelExplanationData[0].precomputedExplanations.localFeatureImportance
    scores = np.asarray(local.scores)
    np.testing.assert_allclose(scores.sum(axis=1) + local.intercept, model.predict(test[FEATURES]), atol=1e-4)
    errors = data.errorAnalysisData[0]
    assert errors.metric == "Mean absolute error" and keys(errors.matrix["matrix"][0][0]) == {
        "metricValue",
        "count",
        "metricName",
    }
    first, second = data.counterfactualData
    assert first.summary_importance is None and second.summary_importance is not None
    for one, low, high, total in ((first, 40, 60, 2), (second, 0, 10, 1)):
        rows = [row for rows in one.cfs_list for row in rows or []]
        assert max(len(rows or []) for rows in one.cfs_list) == total
        frame = pd.DataFrame(rows, columns=one.feature_names_including_target)
        said = model.predict(frame[FEATURES].astype(test[FEATURES].dtypes.to_dict()))
        assert ((said >= low) & (said <= high)).all()
        np.testing.assert_allclose(frame["amount"], said, rtol=1e-6)
    (effects,) = data.causalAnalysisData
    assert [e["feature_value"] for e in effects.global_effects] == ["num"]
    # One unit of income is one unit of the amount, by construction.
    assert effects.global_effects[0]["ci_lower"] < 1 < effects.global_effects[0]["ci_upper"]
    assert effects.policies[0].control_treatment == "leave income"


def test_rows_beyond_the_budget_have_no_attributions() -> None:
    class Model:
        classes_ = np.array(["no", "yes"])

        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            high = 1 / (1 + np.exp(-(rows["income"].astype(float) - 45) / 10))
            return np.column_stack([1 - high, high])

    rai = RAIInsights(
        Model(), TRAIN, TEST, "repaid", "classification", feature_metadata=FeatureMetadata(dropped_features=["amount"])
    )
    rai.explainer.add()
    rai.compute()
    local = rai.explainer.get_data()[0].precomputedExplanations.localFeatureImportance
    kept = [row for row in local.scores[1] if row is not None]
    assert len(local.scores[1]) == len(TEST) and len(kept) == 25
    assert all(row[1:] == pytest.approx([0.0] * (len(row) - 1), abs=1e-6) for row in kept)


def test_more_columns_than_rows_leave_no_row_an_effect_of_its_own() -> None:
    rng = np.random.default_rng(4)
    names = {f"name {i}": rng.choice([f"{i}-{j}" for j in range(15)], 160) for i in range(12)}
    frame = pd.DataFrame({"treated": rng.integers(0, 2, 160), **names})
    frame["amount"] = frame["treated"] + rng.normal(0, 0.2, 160)
    rai = RAIInsights(None, frame.head(80), frame.tail(80).reset_index(drop=True), "amount", "regression")
    rai.causal.add(treatment_features=["treated"])
    rai.compute()
    (data,) = rai.causal.get_data()
    assert data.global_effects[0]["ci_lower"] < 1 < data.global_effects[0]["ci_upper"]
    assert data.local_effects == [[]] * 80
    assert data.policies[0].local_policies == []
