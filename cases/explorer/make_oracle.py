#!/usr/bin/env python3
"""Profile, association, drift and suspects of Adult by pandas, SciPy and scikit-learn: aggregates only, never a row.

    python cases/explorer/make_oracle.py --shared ../shared

Adult has names with missing values, numbers full of zeros, a pair of columns that say the same (`education`,
`education_num`), copies, and a train and a test part. Predictions are those of `models/adult-lgbm`.
"""

import argparse
import json
import pathlib
import platform

import numpy as np
import pandas as pd
import pyarrow
import scipy
import sklearn
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import roc_auc_score

TARGET, POSITIVE = "income", ">50K"


def number(x):
    return None if x is None or not np.isfinite(x) else float(x)


def profile(column):
    out = {"n": len(column), "n_missing": int(column.isna().sum()), "distinct": int(column.nunique())}
    present = column.dropna()
    counts = present.value_counts()
    out["most_frequent_n"] = int(counts.iloc[0])
    wilson = stats.binomtest(out["n_missing"], out["n"]).proportion_ci(method="wilson")
    out["missing_wilson"] = [wilson.low, wilson.high]
    if pd.api.types.is_numeric_dtype(present):
        x = present.to_numpy(float)
        q = np.quantile(x, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
        reach = 1.5 * (q[2] - q[0])
        mad = 1.482602218505602 * np.quantile(np.abs(x - q[1]), 0.5, method="averaged_inverted_cdf")
        mean = stats.ttest_1samp(x, 0).confidence_interval()
        out |= {
            "mean": x.mean(),
            "mean_interval": [mean.low, mean.high],
            "sd": x.std(ddof=1),
            "skew": stats.skew(x),
            "min": x.min(),
            "q1": q[0],
            "median": q[1],
            "q3": q[2],
            "max": x.max(),
            "zeros": float((x == 0).mean()),
            "tukey_n": int(((x < q[0] - reach) | (x > q[2] + reach)).sum()),
            "far_n": int((np.abs(x - q[1]) > 3.5 * mad).sum()) if mad > 0 else None,
        }
    return out


def cramers_v(a, b):
    both = pd.DataFrame({"a": a, "b": b}).dropna()
    table = pd.crosstab(both.a, both.b).to_numpy()
    n, (r, c) = table.sum(), table.shape
    chi2, p, _, _ = stats.chi2_contingency(table, correction=False)
    phi2 = max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    rt, ct = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return {"value": np.sqrt(phi2 / (min(rt, ct) - 1)), "p": p, "n": int(n)}


def correlation_ratio(x, groups):
    both = pd.DataFrame({"x": x, "g": groups}).dropna()
    parts = [part.x.to_numpy(float) for _, part in both.groupby("g")]
    n, g = len(both), len(parts)
    within = sum(((part - part.mean()) ** 2).sum() for part in parts)
    total = ((both.x - both.x.mean()) ** 2).sum()
    epsilon2 = 1 - (within / (n - g)) / (total / (n - 1))
    return {"value": np.sqrt(max(0.0, epsilon2)), "p": stats.f_oneway(*parts).pvalue, "n": n}


def information(x, y):
    """Every row foretold by the others of its cell."""
    cells = x.astype(object).where(x.notna(), "(missing)")
    q = y.value_counts(normalize=True)
    n_cell = cells.map(cells.value_counts())
    n_same = pd.Series(list(zip(cells, y, strict=False)), index=y.index)
    n_same = n_same.map(n_same.value_counts())
    share = y.map(q).astype(float)
    gain = np.log(((n_same - 1 + share) / n_cell) / share)
    return float(gain.sum() / (-np.log(share)).sum())


def stability(train, test):
    raised = [(side + 0.5) / (side + 0.5).sum() for side in (test.astype(float), train.astype(float))]
    return float(((raised[0] - raised[1]) * np.log(raised[0] / raised[1])).sum())


def drift(train, test):
    if pd.api.types.is_numeric_dtype(test):
        return {"ks": stats.ks_2samp(test.dropna(), train.dropna(), method="asymp").statistic}
    values = [*sorted(set(train.dropna()) | set(test.dropna())), None]
    count = lambda side: np.array([side.isna().sum() if v is None else (side == v).sum() for v in values])
    a, b = count(test), count(train)
    keep = a + b > 0
    a, b = a[keep], b[keep]
    out = {"js": float(jensenshannon(a / a.sum(), b / b.sum()))}
    rare = (a + b) / (a + b).sum() * min(a.sum(), b.sum()) < 5
    if rare.any():
        a, b = (np.append(side[~rare], side[rare].sum()) for side in (a, b))
    out["p"] = float(stats.chi2_contingency(np.array([a, b]), correction=False).pvalue)
    out["psi"] = stability(b, a)
    return out


def doubtful(y, p):
    """Confident learning by its definition."""
    probability = np.column_stack([1 - p, p])
    thresholds = np.array([probability[y == k, k].mean() for k in (0, 1)])
    reached = np.where(probability >= thresholds, probability, -1.0)
    best = np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
    return [[int(((y == i) & (best == j)).sum()) for j in (0, 1)] for i in (0, 1)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--shared", type=pathlib.Path, required=True)
    shared = arguments.parse_args().shared
    train = pd.read_parquet(shared / "data/adult/train.parquet")
    test = pd.read_parquet(shared / "data/adult/test.parquet")
    for frame in (train, test):
        for column in frame.select_dtypes("category"):
            frame[column] = frame[column].astype(object)
    features = [c for c in test if c != TARGET]
    y = (test[TARGET] == POSITIVE).astype(int)
    predictions = pd.read_parquet(shared / "models/adult-lgbm.predictions.parquet").sort_values("row")
    numbers = [c for c in features if pd.api.types.is_numeric_dtype(test[c])]
    names = [c for c in features if c not in numbers]
    young = test.age < 30
    out = {
        "made_with": {m.__name__: m.__version__ for m in (np, pd, scipy, sklearn, pyarrow)}
        | {"python": platform.python_version()},
        "profile": {c: profile(test[c]) for c in test},
        "auc": {c: max(a := roc_auc_score(y, test[c]), 1 - a) for c in numbers},
        "information": {c: information(test[c], test[TARGET]) for c in names},
        "duplicates": int(test.duplicated(features).sum()),
        "contradicting": int((test.groupby(features, dropna=False)[TARGET].transform("nunique") > 1).sum()),
        "overlap": int(
            test[features]
            .merge(train[features].drop_duplicates(), how="left", on=features, indicator=True)
            ._merge.eq("both")
            .sum()
        ),
        "pearson": {
            f"{a},{b}": number(stats.pearsonr(test[a], test[b])[0])
            for a, b in [("age", "hours_per_week"), ("age", "education_num")]
        },
        "spearman": {
            f"{a},{b}": number(stats.spearmanr(test[a], test[b])[0])
            for a, b in [("age", "hours_per_week"), ("age", "education_num")]
        },
        "cramers_v": {
            f"{a},{b}": cramers_v(test[a], test[b]) for a, b in [("race", "sex"), ("workclass", "occupation")]
        },
        "correlation_ratio": {
            f"{a},{b}": correlation_ratio(test[a], test[b])
            for a, b in [("age", "sex"), ("hours_per_week", "occupation")]
        },
        "drift": {c: drift(train[c], test[c]) for c in features},
        "missing_together": float(np.corrcoef(test.workclass.isna(), test.occupation.isna())[0, 1]),
        "missing_target_difference": float(y[test.workclass.isna()].mean() - y[test.workclass.notna()].mean()),
        "doubtful": doubtful(y.to_numpy(), predictions.proba.to_numpy()),
        "young": {c: profile(test.loc[young, c]) for c in ["age", "hours_per_week"]},
    }
    text = json.dumps(out, indent=1, sort_keys=True) + "\n"
    (pathlib.Path(__file__).parent / "adult.json").write_text(text)


if __name__ == "__main__":
    main()
