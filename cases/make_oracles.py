"""Writes `cases/oracles/*.json`: the numbers that scikit-learn and fairlearn give on real data and real models.

    python cases/make_oracles.py --shared ../shared

The files hold aggregates only (no row of any data set), so they may be kept in the repository whatever the licence
of the data. Where fairlearn answers 0 for a rate over nothing, the oracle says null: that is this project's convention.
See `cases/README.md` for the layout.
"""

import argparse
import importlib.metadata
import itertools
import json
import math
import pathlib
import warnings

import numpy as np
import pandas as pd
from fairlearn import metrics as fair
from scipy import stats
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

HERE = pathlib.Path(__file__).parent
LABEL_SCORES = {
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "jaccard": sk.jaccard_score,
}
PACKAGES = ("scikit-learn", "fairlearn", "numpy", "pandas", "pyarrow", "scipy")


def binary_performance(y, d, p, w):
    """Every two-class metric of scikit-learn; `y` truth, `d` decision, `p` probability of class 1, `w` weights."""
    by = {"sample_weight": w}
    out = {
        "accuracy": sk.accuracy_score(y, d, **by),
        "zero_one_loss": sk.zero_one_loss(y, d, **by),
        "hamming_loss": sk.hamming_loss(y, d, **by),
        "balanced_accuracy": sk.balanced_accuracy_score(y, d, **by),
        "matthews_correlation": sk.matthews_corrcoef(y, d, **by),
        "cohen_kappa": sk.cohen_kappa_score(y, d, **by),
        "roc_auc": sk.roc_auc_score(y, p, **by),
        "average_precision": sk.average_precision_score(y, p, **by),
        "log_loss": sk.log_loss(y, np.column_stack([1 - p, p]), labels=[0, 1], **by),
        "brier_score": sk.brier_score_loss(y, p, **by),
        "d2_log_loss": sk.d2_log_loss_score(y, np.column_stack([1 - p, p]), labels=[0, 1], **by),
        "f2": sk.fbeta_score(y, d, beta=2, **by),
        "f0_5": sk.fbeta_score(y, d, beta=0.5, **by),
        "selection_rate": float(np.average(d, weights=w)),
        "base_rate": float(np.average(y, weights=w)),
        "mean_prediction": float(np.average(p, weights=w)),
    }
    for name, of in LABEL_SCORES.items():
        out[name] = of(y, d, average="binary", **by)
        for average in ("macro", "micro", "weighted"):
            out[f"{name}_{average}"] = of(y, d, average=average, **by)
    (tn, fp), (fn, tp) = sk.confusion_matrix(y, d, labels=[0, 1], **by).astype(float)
    out |= {
        "true_positive_rate": tp / (tp + fn),
        "false_positive_rate": fp / (fp + tn),
        "true_negative_rate": tn / (fp + tn),
        "false_negative_rate": fn / (tp + fn),
        "positive_predictive_value": tp / (tp + fp),
        "negative_predictive_value": tn / (tn + fn),
        "false_discovery_rate": fp / (tp + fp),
        "false_omission_rate": fn / (tn + fn),
        "positive_likelihood_ratio": (tp / (tp + fn)) / (fp / (fp + tn)),
        "negative_likelihood_ratio": (fn / (tp + fn)) / (tn / (fp + tn)),
    }
    return out, {"tn": tn, "fp": fp, "fn": fn, "tp": tp}


def thresholds(y, p, w):
    """Weighted counts when `p >= threshold` decides."""
    rows = []
    for t in np.arange(1, 10) / 10:
        (tn, fp), (fn, tp) = sk.confusion_matrix(y, p >= t, labels=[0, 1], sample_weight=w).astype(float)
        rows.append({"threshold": float(t), "tn": tn, "fp": fp, "fn": fn, "tp": tp})
    return rows


def reliability(y, p):
    """scikit-learn's calibration curve with ten bins, and the errors that follow from ten equal-width bins."""
    out = {}
    for strategy in ("uniform", "quantile"):
        observed, predicted = calibration_curve(y, p, n_bins=10, strategy=strategy)
        out[strategy] = {"observed": list(observed), "predicted": list(predicted)}
    # calibration_curve's own cut: searchsorted over the inner edges, so a bin holds its right edge.
    bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], p)
    gaps = [(np.sum(bins == b), abs(p[bins == b].mean() - y[bins == b].mean())) for b in np.unique(bins)]
    out["expected_calibration_error"] = float(sum(n * g for n, g in gaps) / len(y))
    out["maximum_calibration_error"] = float(max(g for _, g in gaps))
    return out


def multiclass_performance(y, d, p, w, labels):
    """Every metric of scikit-learn for several classes; `p` is `(n_rows, n_classes)`."""
    by = {"sample_weight": w}
    onehot = (y[:, None] == np.array(labels)[None, :]).astype(float)
    out = {
        "accuracy": sk.accuracy_score(y, d, **by),
        "zero_one_loss": sk.zero_one_loss(y, d, **by),
        "hamming_loss": sk.hamming_loss(y, d, **by),
        "balanced_accuracy": sk.balanced_accuracy_score(y, d, **by),
        "matthews_correlation": sk.matthews_corrcoef(y, d, **by),
        "cohen_kappa": sk.cohen_kappa_score(y, d, **by),
        "cohen_kappa_linear": sk.cohen_kappa_score(y, d, weights="linear", **by),
        "cohen_kappa_quadratic": sk.cohen_kappa_score(y, d, weights="quadratic", **by),
        "log_loss": sk.log_loss(y, p, labels=labels, **by),
        # The sum over classes of squared errors (Brier's own definition), not halved.
        "brier_score": float(np.average(((p - onehot) ** 2).sum(axis=1), weights=w)),
    }
    for name, of in LABEL_SCORES.items():
        for average in ("macro", "micro", "weighted"):
            out[f"{name}_{average}"] = of(y, d, labels=labels, average=average, zero_division=0, **by)
    for multi in ("ovr", "ovo"):
        for average in ("macro", "weighted"):
            # scikit-learn refuses weights for one-against-one.
            if multi == "ovr" or w is None:
                out[f"roc_auc_{multi}_{average}"] = sk.roc_auc_score(
                    y, p, multi_class=multi, average=average, labels=labels, **by
                )
    for average in ("macro", "micro", "weighted"):
        out[f"average_precision_{average}"] = sk.average_precision_score(onehot, p, average=average, **by)
    for k in (1, 2, 3, 5):
        out[f"top_{k}_accuracy"] = sk.top_k_accuracy_score(y, p, k=k, labels=labels, **by)
    precision, recall, f1, support = sk.precision_recall_fscore_support(y, d, labels=labels, zero_division=np.nan, **by)
    classes = [
        {
            "class": str(c),
            "precision": a,
            "recall": b,
            "f1": f,
            "support": float(s),
            "roc_auc": sk.roc_auc_score(onehot[:, i], p[:, i], **by),
            "average_precision": sk.average_precision_score(onehot[:, i], p[:, i], **by),
        }
        for i, (c, a, b, f, s) in enumerate(zip(labels, precision, recall, f1, support, strict=True))
    ]
    return out, classes, sk.confusion_matrix(y, d, labels=labels, **by).astype(float).tolist()


def regression_performance(y, d, w):
    """Every regression metric of scikit-learn that is defined for these values."""
    by = {"sample_weight": w}
    out = {
        "mean_absolute_error": sk.mean_absolute_error(y, d, **by),
        "mean_squared_error": sk.mean_squared_error(y, d, **by),
        "root_mean_squared_error": sk.root_mean_squared_error(y, d, **by),
        "median_absolute_error": sk.median_absolute_error(y, d, **by),
        "mean_absolute_percentage_error": sk.mean_absolute_percentage_error(y, d, **by) if (y != 0).all() else None,
        "r2": sk.r2_score(y, d, **by),
        "explained_variance": sk.explained_variance_score(y, d, **by),
        "mean_error": float(np.average(d - y, weights=w)),
        "mean_prediction": float(np.average(d, weights=w)),
        "mean_target": float(np.average(y, weights=w)),
        "d2_absolute_error": sk.d2_absolute_error_score(y, d, **by),
    }
    if w is None:
        out["max_error"] = sk.max_error(y, d)
        out["pearson_correlation"] = stats.pearsonr(y, d).statistic
        out["spearman_correlation"] = stats.spearmanr(y, d).statistic
    for alpha in (0.1, 0.5, 0.9):
        out[f"mean_pinball_loss_{alpha}"] = sk.mean_pinball_loss(y, d, alpha=alpha, **by)
    if (d > 0).all() and (y >= 0).all():
        out["mean_poisson_deviance"] = sk.mean_poisson_deviance(y, d, **by)
        out["d2_poisson"] = sk.d2_tweedie_score(y, d, power=1, **by)
        out["mean_squared_log_error"] = sk.mean_squared_log_error(y, d, **by)
        out["root_mean_squared_log_error"] = sk.root_mean_squared_log_error(y, d, **by)
        if (y > 0).all():
            out["mean_gamma_deviance"] = sk.mean_gamma_deviance(y, d, **by)
    return out


def only_where(defined, of):
    """`of`, but NaN where `defined(y, d, w)` is false: fairlearn and scikit-learn answer 0 there."""

    def metric(y_true, y_pred, sample_weight=None):
        y, d = np.asarray(y_true), np.asarray(y_pred)
        w = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        return of(y, d, sample_weight=w) if defined(y, d, w) else math.nan

    return metric


def two_class_log_loss(y, p, sample_weight):
    return sk.log_loss(y, np.column_stack([1 - p, p]), labels=[0, 1], sample_weight=sample_weight)


def macro_f1(y, d, sample_weight):
    return sk.f1_score(y, d, average="macro", sample_weight=sample_weight)


def has_positives(y, d, w):
    return w[y == 1].sum() > 0


def has_negatives(y, d, w):
    return w[y == 0].sum() > 0


def has_selected(y, d, w):
    return w[d == 1].sum() > 0


def always(y, d, w):
    return w.sum() > 0


BINARY_RATES = {
    "selection_rate": only_where(always, fair.selection_rate),
    "accuracy": only_where(always, sk.accuracy_score),
    "zero_one_loss": only_where(always, sk.zero_one_loss),
    "true_positive_rate": only_where(has_positives, fair.true_positive_rate),
    "false_negative_rate": only_where(has_positives, fair.false_negative_rate),
    "false_positive_rate": only_where(has_negatives, fair.false_positive_rate),
    "true_negative_rate": only_where(has_negatives, fair.true_negative_rate),
    "precision": only_where(has_selected, sk.precision_score),
    "balanced_accuracy": only_where(lambda *a: has_positives(*a) and has_negatives(*a), sk.balanced_accuracy_score),
    "f1": only_where(lambda *a: has_positives(*a) or has_selected(*a), sk.f1_score),
    "base_rate": only_where(always, lambda y, d, sample_weight: float(np.average(y, weights=sample_weight))),
}
BOTH = lambda y, d, w: has_positives(y, d, w) and has_negatives(y, d, w)
SCORE_RATES = {
    "roc_auc": only_where(BOTH, sk.roc_auc_score),
    "average_precision": only_where(has_positives, sk.average_precision_score),
    "brier_score": only_where(always, sk.brier_score_loss),
    "log_loss": only_where(always, two_class_log_loss),
    "mean_prediction": only_where(always, fair.mean_prediction),
}
REGRESSION_RATES = {
    "mean_absolute_error": only_where(always, sk.mean_absolute_error),
    "mean_squared_error": only_where(always, sk.mean_squared_error),
    "root_mean_squared_error": only_where(always, sk.root_mean_squared_error),
    "r2": only_where(lambda y, d, w: len(y) > 1, sk.r2_score),
    "mean_prediction": only_where(always, fair.mean_prediction),
    "mean_error": only_where(always, lambda y, d, sample_weight: float(np.average(d - y, weights=sample_weight))),
}
MULTICLASS_RATES = {
    "accuracy": only_where(always, sk.accuracy_score),
    "balanced_accuracy": only_where(always, sk.balanced_accuracy_score),
    "f1_macro": only_where(always, macro_f1),
}


def by_group(rates, y, d, sensitive, control, w):
    """One MetricFrame and all its aggregates, for each control stratum where there is a control."""
    params = None if w is None else {name: {"sample_weight": w} for name in rates}
    frame = fair.MetricFrame(
        metrics=rates, y_true=y, y_pred=d, sensitive_features=sensitive, control_features=control, sample_params=params
    )
    columns = ([] if control is None else list(control.columns)) + list(sensitive.columns)
    keys = sensitive if control is None else pd.concat([control, sensitive], axis=1)
    sizes = keys.groupby(columns, observed=True).size()
    groups = []
    for key, row in frame.by_group.iterrows():
        parts = key if isinstance(key, tuple) else (key,)
        n = int(sizes.get(key if len(columns) > 1 else parts[0], 0))
        if n:
            groups.append({"group": dict(zip(columns, map(str, parts), strict=True)), "n": n, "values": dict(row)})
    views = {
        "group_min": frame.group_min(),
        "group_max": frame.group_max(),
        "difference": frame.difference(method="between_groups"),
        "difference_to_overall": frame.difference(method="to_overall"),
        "ratio": frame.ratio(method="between_groups"),
        "ratio_to_overall": frame.ratio(method="to_overall"),
    }
    strata = [None] if control is None else list(frame.overall.index)
    out = {"sensitive": list(sensitive.columns), "control": [] if control is None else list(control.columns)}
    out |= {"weighted": w is not None, "groups": groups, "strata": []}
    for stratum in strata:
        pick = lambda t: t if stratum is None else t.loc[stratum]  # noqa: B023
        aggregates = {m: {name: pick(view)[m] for name, view in views.items()} for m in rates}
        entry = {"stratum": None, "overall": dict(pick(frame.overall)), "aggregates": aggregates}
        if stratum is not None:
            parts = stratum if isinstance(stratum, tuple) else (stratum,)
            entry["stratum"] = dict(zip(control.columns, map(str, parts), strict=True))
        if {"true_positive_rate", "false_positive_rate"} <= set(rates):
            tpr, fpr = aggregates["true_positive_rate"], aggregates["false_positive_rate"]
            entry["equalized_odds"] = {
                "difference": max(tpr["difference"], fpr["difference"]),
                "ratio": min(tpr["ratio"], fpr["ratio"]),
                "difference_mean": (tpr["difference"] + fpr["difference"]) / 2,
                "ratio_mean": (tpr["ratio"] + fpr["ratio"]) / 2,
                "difference_to_overall": max(tpr["difference_to_overall"], fpr["difference_to_overall"]),
                "ratio_to_overall": min(tpr["ratio_to_overall"], fpr["ratio_to_overall"]),
            }
            if control is None and all(g["values"][m] == g["values"][m] for g in groups for m in rates):
                named = fair.equalized_odds_difference(y, d, sensitive_features=sensitive, sample_weight=w)
                assert abs(named - entry["equalized_odds"]["difference"]) < 1e-12
        out["strata"].append(entry)
    return out


def intervals(y, d, sensitive):
    """Wilson intervals and Clopper-Pearson intervals by group at 95 %, and the chi-squared test, unweighted (scipy)."""
    rows = {}
    for key, idx in sensitive.groupby(sensitive.columns[0]).indices.items():
        k, n = int(d[idx].sum()), len(idx)
        ci = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
        rows[str(key)] = {"k": k, "n": n, "wilson": [ci.low, ci.high], "clopper_pearson": [exact.low, exact.high]}
    table = np.array([[r["k"], r["n"] - r["k"]] for r in rows.values()])
    test = stats.chi2_contingency(table, correction=False)
    return {
        "metric": "selection_rate",
        "sensitive": list(sensitive.columns),
        "groups": rows,
        "chi_squared": {"statistic": test.statistic, "degrees": int(test.dof), "p_value": test.pvalue},
    }


def clean(value):
    """JSON without NaN, with plain types and 17 significant digits."""
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [clean(v) for v in value]
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (np.integer, int)):
        return int(value)
    if isinstance(value, (np.floating, float)):
        return float(value) if math.isfinite(value) else None
    return value


def lines(value, indent=""):
    """JSON with one line for each object or list that holds only plain values."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(child, (dict, list)) for child in children):
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    deeper = indent + " "
    if isinstance(value, dict):
        body = [f"{deeper}{json.dumps(k)}:{lines(v, deeper)}" for k, v in value.items()]
        return "{\n" + ",\n".join(body) + "\n" + indent + "}"
    return "[\n" + ",\n".join(deeper + lines(v, deeper) for v in value) + "\n" + indent + "]"


def binary(rows, p, spec):
    y = (rows[spec["target"]].astype(str) == spec["positive"]).to_numpy().astype(int)
    threshold = spec.get("threshold", 0.5)
    d = (p >= threshold).astype(int)
    out = {"positive": spec["positive"], "threshold": threshold, "n_positive": int(y.sum()), "n_selected": int(d.sum())}
    weights = {"unweighted": None}
    if spec.get("weight"):
        weights["weighted"] = rows[spec["weight"]].to_numpy().astype(float)
    out["performance"], out["confusion"], out["thresholds"], out["fairness"] = {}, {}, {}, []
    for name, w in weights.items():
        out["performance"][name], out["confusion"][name] = binary_performance(y, d, p, w)
        out["thresholds"][name] = thresholds(y, p, w)
    out["calibration"] = reliability(y, p)
    for sensitive, control in spec["groupings"]:
        left = rows[list(sensitive)].astype(str)
        right = rows[list(control)].astype(str) if control else None
        for w in weights.values():
            if w is not None and list(sensitive) in spec.get("unweighted_only", []):
                continue
            decided = by_group(BINARY_RATES, y, d, left, right, w)
            scored = by_group(SCORE_RATES, y, p, left, right, w)
            for into, extra in zip(decided["groups"], scored["groups"], strict=True):
                into["values"] |= extra["values"]
            for into, extra in zip(decided["strata"], scored["strata"], strict=True):
                into["overall"] |= extra["overall"]
                into["aggregates"] |= extra["aggregates"]
            out["fairness"].append(decided)
    single = [s for s, c in spec["groupings"] if len(s) == 1 and not c]
    out["intervals"] = [intervals(y, d, rows[s].astype(str)) for s in single]
    return out


def multiclass(rows, p, spec):
    labels = sorted(rows[spec["target"]].unique())
    y = rows[spec["target"]].to_numpy()
    d = np.array(labels)[p.argmax(axis=1)]
    out = {"classes": [str(c) for c in labels], "performance": {}, "by_class": {}, "confusion": {}, "fairness": []}
    # There is no weight column, so rows weigh 1, 2, 3, 1, 2, 3, …: weight 2 must equal a row twice.
    weights = {"unweighted": None, "weighted": 1.0 + np.arange(len(y)) % 3}
    for name, w in weights.items():
        told = multiclass_performance(y, d, p, w, labels)
        out["performance"][name], out["by_class"][name], out["confusion"][name] = told
    group = pd.DataFrame({"row_mod_3": (np.arange(len(y)) % 3).astype(str)})
    out["fairness"].append(by_group(MULTICLASS_RATES, y, d, group, None, None))
    return out


def regression(rows, d, spec):
    y = rows[spec["target"]].to_numpy().astype(float)
    weights = {"unweighted": None}
    if spec.get("weight"):
        weights["weighted"] = rows[spec["weight"]].to_numpy().astype(float)
    out = {"performance": {name: regression_performance(y, d, w) for name, w in weights.items()}, "fairness": []}
    for sensitive, control in spec["groupings"]:
        right = rows[list(control)].astype(str) if control else None
        for w in weights.values():
            out["fairness"].append(by_group(REGRESSION_RATES, y, d, rows[list(sensitive)].astype(str), right, w))
    return out


def read(name, spec, shared):
    """The rows and what the model said of them."""
    if "rows" in spec:
        rows, told = pd.read_csv(HERE / spec["rows"]), pd.read_csv(HERE / spec["predictions"])
    else:
        rows = pd.read_parquet(shared / "data" / spec["set"] / "test.parquet")
        told = pd.read_parquet(shared / "models" / f"{name}.predictions.parquet").sort_values("row")
    if edges := spec.get("age_edges"):
        labels = [f"under {edges[0]}", *(f"{a} to under {b}" for a, b in itertools.pairwise(edges))]
        labels.append(f"{edges[-1]} and over")
        rows["age"] = pd.cut(rows["age"], [-np.inf, *edges, np.inf], right=False, labels=labels).astype(str)
    assert (told["row"].to_numpy() == np.arange(len(rows))).all(), f"{name}: predictions do not cover the rows"
    return rows, told


TASKS = {"binary": binary, "multiclass": multiclass, "regression": regression}
CASES = {
    "nhefs-lgbm": dict(
        set="nhefs",
        task="binary",
        target="death",
        positive="1",
        threshold=0.25,
        age_edges=[40, 55],
        rows="../sample/nhefs/test.csv",
        predictions="nhefs/predictions.csv",
        groupings=[
            (["sex"], []),
            (["race"], []),
            (["age"], []),
            (["sex", "race"], []),
            (["sex", "race", "age"], []),
            (["sex"], ["race"]),
            (["race"], ["age"]),
        ],
    ),
    "adult-lgbm": dict(
        set="adult",
        task="binary",
        target="income",
        positive=">50K",
        weight="fnlwgt",
        groupings=[(["sex"], []), (["race"], []), (["sex", "race"], []), (["sex"], ["race"])],
        unweighted_only=[["race"]],
    ),
    "compas-lgbm": dict(
        set="compas",
        task="binary",
        target="two_year_recid",
        positive="1",
        groupings=[(["sex"], []), (["race"], []), (["sex", "race"], []), (["race"], ["age_cat"])],
    ),
    "bank_marketing-xgb": dict(
        set="bank_marketing",
        task="binary",
        target="y",
        positive="yes",
        groupings=[(["marital"], [])],
    ),
    "digits-lgbm": dict(set="digits", task="multiclass", target="digit"),
    "california_housing-lgbm": dict(
        set="california_housing",
        task="regression",
        target="median_house_value",
        weight="households",
        groupings=[(["ocean_proximity"], [])],
    ),
    "bike_sharing-xgb_poisson": dict(
        set="bike_sharing",
        task="regression",
        target="cnt",
        groupings=[(["season"], []), (["season"], ["workingday"])],
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=pathlib.Path, help="folder that holds data/ and models/")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "oracles")
    parser.add_argument("--only", choices=sorted(CASES), action="append")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only or CASES:
        spec = CASES[name]
        if "rows" not in spec and args.shared is None:
            print(f"{name}: skipped, because --shared is not given")
            continue
        rows, told = read(name, spec, args.shared)
        columns = {"binary": ["proba"], "regression": ["prediction"]}.get(spec["task"])
        columns = columns or [c for c in told.columns if c.startswith("proba_")]
        p = told[columns].to_numpy(dtype=float)
        head = {
            "case": name,
            "made_with": {package: importlib.metadata.version(package) for package in PACKAGES},
            "data": {"set": spec["set"], "part": "test", "n_rows": len(rows)},
            "predictions": {"file": spec.get("predictions", f"{name}.predictions.parquet"), "columns": columns},
            "task": spec["task"],
            "target": spec["target"],
            "weight": spec.get("weight"),
        }
        body = TASKS[spec["task"]](rows, p if spec["task"] == "multiclass" else p[:, 0], spec)
        text = lines(clean(head | body)) + "\n"
        (args.out / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name}: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
