"""Minima, maxima, differences and ratios of `MetricFrame` in every layout that fairlearn's own tests of them have: by hand, from
scikit-learn on each group, and the same in type, index and value as fairlearn gives."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as skm
from equipoise import metrics as ours

theirs = pytest.importorskip("fairlearn.metrics")

N = 900
RNG = np.random.default_rng(8)
TRUTH = RNG.integers(0, 2, N)
DECISION = np.where(RNG.random(N) < 0.7, TRUTH, 1 - TRUTH)
WEIGHT = RNG.integers(1, 5, N)
RUNS = {name: RNG.choice([f"{name}0", f"{name}1"], N) for name in "abcd"}
METRICS = {
    "recall": skm.recall_score,
    "precision": skm.precision_score,
    "accuracy": skm.accuracy_score,
    "balanced": skm.balanced_accuracy_score,
}
BOTH = {"recall": skm.recall_score, "precision": skm.precision_score}
SCALED = functools.partial(skm.confusion_matrix, normalize="all")

# metrics, number of sensitive features, number of control features
LAYOUTS: dict[str, tuple[Any, int, int]] = {
    **{f"{name} as a function": (metric, 1, 0) for name, metric in METRICS.items()},
    **{f"{name} in a dict": ({"any name": metric}, 1, 0) for name, metric in METRICS.items()},
    "two": (BOTH, 1, 0),
    "two, two features": (BOTH, 2, 0),
    **{f"{name} as a function within strata": (metric, 1, 1) for name, metric in METRICS.items()},
    **{f"{name} in a dict within strata": ({"any name": metric}, 1, 1) for name, metric in METRICS.items()},
    "two within strata": (BOTH, 1, 1),
    "function within two strata": (skm.recall_score, 1, 2),
    "two within two strata": (BOTH, 1, 2),
    "two features within two strata": (BOTH, 2, 2),
}
CALLS = [
    *itertools.product(["group_min", "group_max"], [None]),
    *itertools.product(["difference", "ratio"], ["between_groups", "to_overall", None]),
]


def frame_of(module: Any, metrics: Any, n_sensitive: int, n_control: int, **options: Any) -> Any:
    control = {name: RUNS[name] for name in "ab"[:n_control]}
    return module.MetricFrame(
        metrics=metrics,
        y_true=TRUTH,
        y_pred=DECISION,
        sensitive_features={name: RUNS[name] for name in "cd"[:n_sensitive]},
        control_features=pd.DataFrame(control) if control else None,
        **options,
    )


def asked(frame: Any, call: str, method: str | None, **options: Any) -> Any:
    return getattr(frame, call)(**options) if method is None else getattr(frame, call)(method=method, **options)


def by_hand(metric: Any, rows: np.ndarray, n_sensitive: int, call: str, method: str | None) -> float:
    """The aggregate of one metric over the groups of some rows."""
    over = metric(TRUTH[rows], DECISION[rows])
    places = [RUNS[name] for name in "cd"[:n_sensitive]]
    groups = [
        metric(TRUTH[kept], DECISION[kept])
        for levels in itertools.product(*(np.unique(p) for p in places))
        if (kept := rows & np.logical_and.reduce([p == level for p, level in zip(places, levels, strict=True)])).any()
    ]
    if call in ("group_min", "group_max"):
        return min(groups) if call == "group_min" else max(groups)
    if call == "difference":
        return max(groups) - min(groups) if method != "to_overall" else max(abs(g - over) for g in groups)
    if method != "to_overall":
        return min(groups) / max(groups)
    return min(min(g / over, over / g) for g in groups)


@pytest.mark.parametrize(("call", "method"), CALLS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_aggregate(layout: str, call: str, method: str | None) -> None:
    metrics, n_sensitive, n_control = LAYOUTS[layout]
    mine, other = (frame_of(module, metrics, n_sensitive, n_control) for module in (ours, theirs))
    assert mine.sensitive_levels == other.sensitive_levels == list("cd"[:n_sensitive])
    assert mine.control_levels == other.control_levels == (list("ab"[:n_control]) or None)
    found, expected = asked(mine, call, method), asked(other, call, method)
    assert type(found) is type(expected)
    named = metrics if isinstance(metrics, dict) else {None: metrics}
    strata = [RUNS[name] for name in "ab"[:n_control]]
    for levels in itertools.product(*(np.unique(s) for s in strata)):
        rows = np.logical_and.reduce(
            [s == level for s, level in zip(strata, levels, strict=True)] or [np.full(N, True)]
        )
        for name, metric in named.items():
            value = found
            if levels:
                value = value.loc[levels[0] if len(levels) == 1 else levels]
            if name is not None:
                value = value[name]
            assert value == pytest.approx(by_hand(metric, rows, n_sensitive, call, method), rel=1e-12)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, rtol=1e-12)


@pytest.mark.parametrize("call", ["group_min", "group_max", "difference", "ratio"])
@pytest.mark.parametrize("n_control", [0, 1])
@pytest.mark.parametrize(
    "metrics",
    [
        {"recall": skm.recall_score, "confusion": skm.confusion_matrix},
        {"confusion": skm.confusion_matrix, "recall": skm.recall_score},
        {"confusion": skm.confusion_matrix},
        {"confusion": skm.confusion_matrix, "scaled": SCALED},
        skm.confusion_matrix,
    ],
    ids=["beside", "before", "alone", "two", "function"],
)
def test_what_is_no_number(metrics: Any, n_control: int, call: str) -> None:
    """`raise` refuses, `coerce` leaves a gap, and other words are refused; without a word, minima and maxima refuse."""
    mine, other = (frame_of(module, metrics, 1, n_control) for module in (ours, theirs))
    for options in ({}, {"errors": "raise"}, {"errors": "coerce"}, {"errors": "WRONG"}):
        try:
            expected = getattr(other, call)(**options)
        except ValueError:
            with pytest.raises(ValueError):
                getattr(mine, call)(**options)
            assert options != {"errors": "coerce"}
            continue
        found = getattr(mine, call)(**options)
        assert type(found) is type(expected)
        if isinstance(expected, pd.Series | pd.DataFrame):
            assert found.equals(expected)
            missing = [c for c in ("confusion", "scaled") if isinstance(metrics, dict) and c in metrics]
            assert pd.isna(found[missing]).all(axis=None)
        else:
            assert pd.isna(found) and pd.isna(expected)


@pytest.mark.parametrize("n_control", [0, 1])
def test_a_ratio_over_nothing(n_control: int) -> None:
    nothing = lambda y_true, y_pred: 0.0
    for metrics in (nothing, {"nothing": nothing, "recall": skm.recall_score}):
        mine, other = (frame_of(module, metrics, 1, n_control) for module in (ours, theirs))
        for method in ("between_groups", "to_overall"):
            found, expected = mine.ratio(method=method), other.ratio(method=method)
            assert type(found) is type(expected)
            same = np.isclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-12, equal_nan=True)
            assert same.all()


@pytest.mark.parametrize("call", ["difference", "ratio"])
@pytest.mark.parametrize("method", ["", "between_group", "overall", 3])
def test_no_such_method(call: str, method: Any) -> None:
    for module in (theirs, ours):
        with pytest.raises(ValueError):
            getattr(frame_of(module, BOTH, 1, 0), call)(method=method)


def test_weights_go_to_each_metric_and_group() -> None:
    parameters = {name: {"sample_weight": WEIGHT} for name in BOTH}
    mine, other = (frame_of(module, BOTH, 2, 1, sample_params=parameters) for module in (ours, theirs))
    for call, method in CALLS:
        pd.testing.assert_frame_equal(asked(mine, call, method), asked(other, call, method), rtol=1e-12)
