"""`equipoise.metrics` against fairlearn itself: the same calls on the same rows, and what each refuses."""

from __future__ import annotations

import functools
import itertools
import warnings
from typing import Any

import equipoise as eq
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.metrics as skm
from equipoise import metrics as ours

theirs = pytest.importorskip("fairlearn.metrics")

RNG = np.random.default_rng(5)
N = 400
TRUTH = RNG.integers(0, 2, N)
DECISION = np.where(RNG.random(N) < 0.75, TRUTH, 1 - TRUTH)
THREE_TRUE, THREE = RNG.integers(0, 3, N), RNG.integers(0, 3, N)
NUMBER = RNG.normal(3, 2, N)
PREDICTED = NUMBER + RNG.normal(0.2, 1, N)
WEIGHT = RNG.random(N) + 0.1
SEX = RNG.choice(["f", "m"], N)
AGE = RNG.choice([20, 30, 40], N)
REGION = RNG.choice(["north", "south"], N)

FEATURES: dict[str, Any] = {
    "series": pd.Series(SEX, name="sex"),
    "nameless series": pd.Series(AGE),
    "categories": pd.Series(pd.Categorical(SEX, categories=["x", "m", "f"]), name="sex"),
    "list": SEX.tolist(),
    "array": AGE,
    "matrix": np.column_stack([SEX, REGION]),
    "frame": pd.DataFrame({"sex": SEX, "age": AGE}),
    "dict": {"sex": SEX, "region": REGION},
    "booleans": AGE > 25,
}

YES_NO = [
    "selection_rate",
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
    "count",
]
SKLEARN = ["accuracy_score", "zero_one_loss", "balanced_accuracy_score", "precision_score", "recall_score", "f1_score"]
NUMBERS = ["mean_absolute_error", "mean_squared_error", "r2_score", "root_mean_squared_error"]


def functions(module: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(module if hasattr(module, name) else skm, name) for name in names}


def same(found: Any, expected: Any, tolerance: float = 1e-9) -> None:
    """The same value, series or frame, with the same names and types of index."""
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, rtol=tolerance, atol=tolerance, check_dtype=False)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, rtol=tolerance, atol=tolerance, check_dtype=False)
    else:
        assert np.isscalar(found)
        assert found == pytest.approx(expected, rel=tolerance, abs=tolerance, nan_ok=True)


def all_the_same(a: Any, b: Any) -> None:
    """Everything that a MetricFrame can be asked."""
    same(a.overall, b.overall)
    same(a.by_group, b.by_group)
    assert a.sensitive_levels == b.sensitive_levels
    assert a.control_levels == b.control_levels
    for errors in ("raise", "coerce"):
        same(a.group_min(errors), b.group_min(errors))
        same(a.group_max(errors), b.group_max(errors))
        for method in ("between_groups", "to_overall"):
            same(a.difference(method, errors), b.difference(method, errors))
            same(a.ratio(method, errors), b.ratio(method, errors))


def both(names: list[str], y_true: Any, y_pred: Any, weights: Any = None, **options: Any) -> tuple[Any, Any]:
    made = []
    for module in (ours, theirs):
        chosen = functions(module, names)
        parameters = {n: {"sample_weight": weights} for n in chosen if n != "count"} if weights is not None else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.append(
                module.MetricFrame(metrics=chosen, y_true=y_true, y_pred=y_pred, sample_params=parameters, **options)
            )
    return made[0], made[1]


@pytest.mark.parametrize(
    ("features", "control", "weights"),
    [
        *((name, None, None) for name in FEATURES),
        ("series", None, WEIGHT),
        ("matrix", None, WEIGHT),
        ("list", "series", WEIGHT),
        ("categories", "series", None),
        ("frame", "dict", None),
    ],
)
def test_decisions(features: str, control: str | None, weights: Any) -> None:
    given = {"series": pd.Series(REGION, name="where"), "dict": {"where": REGION, "old": AGE > 30}, None: None}[control]
    a, b = both(
        YES_NO + SKLEARN, TRUTH, DECISION, weights, sensitive_features=FEATURES[features], control_features=given
    )
    all_the_same(a, b)


@pytest.mark.parametrize("weights", [None, WEIGHT], ids=["", "weights"])
@pytest.mark.parametrize("control", [None, REGION], ids=["", "control"])
def test_numbers_and_several_classes(weights: Any, control: Any) -> None:
    a, b = both(
        [*NUMBERS, "mean_prediction"], NUMBER, PREDICTED, weights, sensitive_features=SEX, control_features=control
    )
    all_the_same(a, b)
    names = ["accuracy_score", "balanced_accuracy_score", "zero_one_loss", "selection_rate"]
    a, b = both(names, THREE_TRUE, THREE, weights, sensitive_features=SEX, control_features=control)
    all_the_same(a, b)


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        (TRUTH.tolist(), DECISION.tolist()),
        (pd.Series(TRUTH, index=range(7, N + 7)), pd.Series(DECISION)),
        (TRUTH.reshape(-1, 1), pd.DataFrame({"d": DECISION})),
        (TRUTH == 1, DECISION == 1),
        (TRUTH.astype(float), DECISION.astype("int8")),
        (TRUTH * 2 - 1, DECISION * 2 - 1),
    ],
    ids=["lists", "series", "columns", "booleans", "doubles", "signs"],
)
def test_truth_and_predictions_of_any_kind(y_true: Any, y_pred: Any) -> None:
    a, b = both([*YES_NO, "accuracy_score", "recall_score"], y_true, y_pred, sensitive_features=SEX)
    all_the_same(a, b)


def test_a_polars_series_keeps_its_name() -> None:
    by = lambda features: ours.MetricFrame(
        metrics=ours.selection_rate, y_true=TRUTH, y_pred=pl.Series(DECISION), sensitive_features=features
    )
    same(by(pl.Series("sex", SEX)).by_group, by(pd.Series(SEX, name="sex")).by_group)


@pytest.mark.parametrize("name", [*YES_NO, *SKLEARN])
def test_one_function_gives_values_instead_of_frames(name: str) -> None:
    for control in (None, REGION):
        options = {"y_true": TRUTH, "y_pred": DECISION, "sensitive_features": {"sex": SEX}, "control_features": control}
        a = ours.MetricFrame(metrics=functions(ours, [name])[name], **options)
        b = theirs.MetricFrame(metrics=functions(theirs, [name])[name], **options)
        all_the_same(a, b)
    assert (
        ours.MetricFrame(metrics=ours.count, y_true=TRUTH, y_pred=DECISION, sensitive_features=SEX).by_group.dtype
        == int
    )


def test_empty_intersections_and_single_classes() -> None:
    # Nobody is old and of the north; in one group nobody is positive, in another everybody.
    region = np.where(AGE > 30, "south", REGION)
    truth = np.where(SEX == "f", 0, TRUTH)
    a, b = both(
        [*YES_NO, *SKLEARN], truth, DECISION, sensitive_features={"age": AGE, "region": region}, control_features=SEX
    )
    all_the_same(a, b)
    nan = ours.MetricFrame(
        metrics=ours.true_positive_rate, y_true=truth, y_pred=DECISION, sensitive_features=SEX, undefined="nan"
    )
    assert np.isnan(nan.by_group["f"])
    assert nan.by_group["m"] > 0


def test_functions_that_must_be_called() -> None:
    spread = lambda y_true, y_pred: float(np.quantile(y_pred, 0.9) - np.quantile(y_true, 0.1))
    chosen = {
        "spread": spread,
        "auc": skm.roc_auc_score,
        "precision": functools.partial(skm.precision_score, zero_division=1, average="macro"),
        "pairs": lambda y_true, y_pred: (len(y_true), float(y_pred.mean())),
    }
    for names in (["spread"], ["spread", "auc"], list(chosen)):
        options = {
            "metrics": {n: chosen[n] for n in names},
            "y_true": TRUTH,
            "y_pred": DECISION,
            "sensitive_features": {"sex": SEX, "age": AGE},
        }
        a, b = ours.MetricFrame(**options), theirs.MetricFrame(**options)
        if "pairs" not in names:
            all_the_same(a, b)
            continue
        assert a.by_group["pairs"].tolist() == b.by_group["pairs"].tolist()
        same(a.difference(), b.difference())
        for refused in (a.group_min, lambda a=a: a.difference(errors="raise")):
            with pytest.raises(ValueError):
                refused()


def test_parameters_that_are_bound() -> None:
    words, guesses = np.where(TRUTH == 1, "yes", "no"), np.where(DECISION == 1, "yes", "no")
    for name, keywords in itertools.product(
        ["selection_rate", "true_positive_rate", "precision_score", "f1_score"],
        [{"pos_label": "yes"}, {"pos_label": "no"}],
    ):
        options = {"y_true": words, "y_pred": guesses, "sensitive_features": SEX}
        a = ours.MetricFrame(metrics={name: functools.partial(functions(ours, [name])[name], **keywords)}, **options)
        b = theirs.MetricFrame(
            metrics={name: functools.partial(functions(theirs, [name])[name], **keywords)}, **options
        )
        all_the_same(a, b)


@pytest.mark.parametrize("method", ["between_groups", "to_overall"])
@pytest.mark.parametrize("weights", [None, WEIGHT], ids=["", "weights"])
def test_gaps_with_names(method: str, weights: Any) -> None:
    for gap, kind in itertools.product(
        ["demographic_parity", "equalized_odds", "equal_opportunity"], ["difference", "ratio"]
    ):
        options: dict[str, Any] = {"sensitive_features": AGE, "method": method, "sample_weight": weights}
        aggregates = ["worst_case", "mean"] if gap == "equalized_odds" else [None]
        for agg in aggregates:
            more = {} if agg is None else {"agg": agg}
            name = f"{gap}_{kind}"
            found = getattr(ours, name)(TRUTH, DECISION, **options, **more)
            assert found == pytest.approx(getattr(theirs, name)(TRUTH, DECISION, **options, **more), abs=1e-12)


def test_generated_functions() -> None:
    names = [
        n
        for n in theirs.__all__
        if n.rsplit("_", 1)[-1] in ("difference", "ratio", "min", "max") and not n.startswith("plot")
    ]
    assert len(names) > 25
    for name in names:
        is_number = any(word in name for word in ("error", "r2"))
        pair = (NUMBER, PREDICTED) if is_number else (TRUTH, PREDICTED) if "roc_auc" in name else (TRUTH, DECISION)
        if "log_loss" in name:
            pair = (TRUTH, np.clip(RNG.random(N), 0.01, 0.99))
        found = getattr(ours, name)(*pair, sensitive_features=SEX)
        assert found == pytest.approx(getattr(theirs, name)(*pair, sensitive_features=SEX), abs=1e-9), name
    assert set(theirs.__all__) <= set(dir(ours))


def test_derived_metrics() -> None:
    for module in (ours, theirs):
        made = module.make_derived_metric(metric=skm.fbeta_score, transform="difference")
        value = made(TRUTH, DECISION, sensitive_features=SEX, beta=0.5, sample_weight=WEIGHT, method="to_overall")
        if module is ours:
            expected = value
    assert value == pytest.approx(expected, abs=1e-12)
    with pytest.raises(eq.EquipoiseError, match="method"):
        ours.make_derived_metric(metric=lambda a, b, method: 0, transform="difference")
    with pytest.raises(eq.EquipoiseError, match="no transform"):
        ours.make_derived_metric(metric=skm.accuracy_score, transform="sum")


def test_single_rates() -> None:
    for name, (truth, decision) in itertools.product(
        YES_NO[:5], [(TRUTH, DECISION), ([0, 0], [0, 1]), ([1, 1], [0, 1]), ([1], [1]), ([-1, 1, 1], [1, 1, -1])]
    ):
        found = getattr(ours, name)(truth, decision)
        assert found == pytest.approx(getattr(theirs, name)(truth, decision)), name
    weighted = [m.true_positive_rate(TRUTH, DECISION, sample_weight=WEIGHT) for m in (ours, theirs)]
    assert weighted[0] == pytest.approx(weighted[1])
    assert ours.mean_prediction([0], [5.0]) == 5.0
    for module in (ours, theirs):
        with pytest.raises(ValueError):
            module.true_positive_rate(["a", "b"], ["a", "b"])
        with pytest.raises(ValueError):
            module.true_positive_rate([0, 1, 2], [0, 1, 2], pos_label=1)
        with pytest.raises(ValueError):
            module.selection_rate([], [])


def test_bootstrap_intervals_have_the_right_spread() -> None:
    chosen = functions(ours, ["selection_rate", "accuracy_score", "true_positive_rate"])
    options: dict[str, Any] = {
        "y_true": TRUTH,
        "y_pred": DECISION,
        "sensitive_features": {"sex": SEX},
        "ci_quantiles": [0.025, 0.5, 0.975],
        "random_state": 3,
    }
    a = ours.MetricFrame(metrics=chosen, n_boot=4000, **options)
    b = theirs.MetricFrame(metrics=functions(theirs, list(chosen)), n_boot=100, **options)
    for found, expected in [
        (a.overall_ci, b.overall_ci),
        (a.by_group_ci, b.by_group_ci),
        (a.group_min_ci(), b.group_min_ci()),
        (a.difference_ci("to_overall"), b.difference_ci("to_overall")),
        (a.ratio_ci(), b.ratio_ci()),
    ]:
        assert len(found) == 3
        for f, e in zip(found, expected, strict=True):
            same(f, e, tolerance=0.15)
    # Standard error of a share, as the formula has it.
    width = (a.overall_ci[2] - a.overall_ci[0])["selection_rate"] / (2 * 1.96)
    share = DECISION.mean()
    assert width == pytest.approx(np.sqrt(share * (1 - share) / N), rel=0.06)
    again = ours.MetricFrame(metrics=chosen, n_boot=4000, **options)
    same(again.by_group_ci[0], a.by_group_ci[0], tolerance=0)


def test_bootstrap_of_called_and_weighted_metrics() -> None:
    a = ours.MetricFrame(
        metrics=skm.accuracy_score,
        y_true=TRUTH,
        y_pred=DECISION,
        sensitive_features=SEX,
        sample_params={"sample_weight": WEIGHT},
        n_boot=50,
        ci_quantiles=[0.1, 0.9],
        random_state=np.random.RandomState(4),
    )
    assert a.overall_ci[0] < a.overall < a.overall_ci[1]
    assert (a.by_group_ci[0] <= a.by_group_ci[1]).all()
    assert a.n_boot == 50
    assert a.ci_quantiles == [0.1, 0.9]


def test_bootstrap_draws_the_rows_that_fairlearn_draws() -> None:
    def square(y_true: Any, y_pred: Any) -> float:
        return float(np.mean((np.asarray(y_true) - np.asarray(y_pred)) ** 2))

    options: dict[str, Any] = {
        "metrics": {"square": square, "n": lambda y_true, y_pred: len(y_true) / N},
        "y_true": TRUTH,
        "y_pred": DECISION,
        "sensitive_features": {"sex": SEX},
        "n_boot": 20,
        "ci_quantiles": [0.1, 0.5, 0.9],
        "random_state": 11,
    }
    a, b = ours.MetricFrame(**options), theirs.MetricFrame(**options)
    for found, expected in [(a.overall_ci, b.overall_ci), (a.by_group_ci, b.by_group_ci), (a.ratio_ci(), b.ratio_ci())]:
        for f, e in zip(found, expected, strict=True):
            same(f, e, tolerance=1e-12)


REFUSED: dict[str, dict[str, Any]] = {
    "lengths": {"y_pred": DECISION[1:]},
    "length of features": {"sensitive_features": SEX[1:]},
    "no function": {"metrics": None},
    "no functions": {"metrics": {"a": 3}},
    "missing group": {"sensitive_features": [None, *SEX[1:].tolist()]},
    "missing number": {"sensitive_features": np.where(np.arange(N) == 3, np.nan, 1.0)},
    "two of a name": {"sensitive_features": pd.Series(SEX, name="x"), "control_features": pd.Series(AGE, name="x")},
    "number as name": {"sensitive_features": pd.DataFrame({1: SEX})},
    "series with a number as name": {"sensitive_features": pd.Series(SEX, name=3)},
    "cube": {"sensitive_features": np.zeros((N, 2, 2))},
    "nested list": {"sensitive_features": [[s] for s in SEX]},
    "parameters no dict": {"sample_params": [1]},
    "parameters of nothing": {"metrics": {"a": skm.accuracy_score}, "sample_params": {"b": {}}},
    "n_boot alone": {"n_boot": 10},
    "quantiles alone": {"ci_quantiles": [0.1]},
    "quantile 0": {"n_boot": 10, "ci_quantiles": [0.0]},
    "no samples": {"n_boot": 0, "ci_quantiles": [0.5]},
    "odd seed": {"n_boot": 10, "ci_quantiles": [0.5], "random_state": "x"},
    "ragged dict": {"sensitive_features": {"a": SEX, "b": AGE[1:]}},
}


@pytest.mark.parametrize("what", REFUSED)
def test_both_refuse(what: str) -> None:
    options = {
        "metrics": skm.accuracy_score,
        "y_true": TRUTH,
        "y_pred": DECISION,
        "sensitive_features": SEX,
        **REFUSED[what],
    }
    for module in (theirs, ours):
        with pytest.raises(ValueError) as raised:
            module.MetricFrame(**options)
    assert isinstance(raised.value, eq.EquipoiseError)
    assert raised.value.hint


def test_both_refuse_unknown_words() -> None:
    for module in (theirs, ours):
        frame = module.MetricFrame(metrics=skm.accuracy_score, y_true=TRUTH, y_pred=DECISION, sensitive_features=SEX)
        for call in (
            lambda f: f.difference(method="x"),
            lambda f: f.ratio(errors="x"),
            lambda f: f.group_max(errors="x"),
            lambda f: f.overall_ci,
            lambda f: f.difference_ci(),
        ):
            with pytest.raises(ValueError):
                call(frame)


def test_charts() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = ours.plot_model_comparison(
        y_preds={"one": DECISION, "two": TRUTH},
        y_true=TRUTH,
        sensitive_features=SEX,
        x_axis_metric=skm.accuracy_score,
        y_axis_metric=ours.demographic_parity_difference,
        point_labels=True,
        legend=True,
    )
    assert ax.get_xlabel() == "Accuracy score"
    assert len(ax.collections) == 2
    ax = ours.plot_roc_curve_by_group(TRUTH, PREDICTED, sensitive_features=SEX)
    assert len(ax.lines) == 3
