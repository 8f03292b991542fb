#!/usr/bin/env python3
"""Data balance of Adult by pandas, NumPy and SciPy: aggregates only, never a row.

    python cases/balance/make_oracle.py --shared ../shared

Association measures are taken from a cross table by their definitions, φ as SciPy's Kendall tau of two 0/1 columns,
divergences by SciPy, standard errors by resampling the cells of the cross table.
"""

import argparse
import itertools
import json
import pathlib
import platform

import numpy as np
import pandas as pd
import pyarrow
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon

TARGET, POSITIVE, WEIGHT = "income", ">50K", "fnlwgt"
COLUMNS = ["sex", "race", "workclass", "education", "native_country"]
PAIRED = ["sex", "race", "workclass"]
REFERENCE = {"sex": {"Female": 0.51, "Male": 0.49}}
REPLICATES = 20_000


@np.errstate(divide="ignore", invalid="ignore")
def measures(p_fy, p_f, p_y):
    return {
        "statistical_parity": p_fy / p_f,
        "pointwise_mutual_information": np.log(p_fy / (p_f * p_y)),
        "sorensen_dice": 2 * p_fy / (p_f + p_y),
        "jaccard": p_fy / (p_f + p_y - p_fy),
        "log_likelihood_ratio": np.log(p_fy / p_y),
        "phi": (p_fy - p_f * p_y) / np.sqrt(p_f * (1 - p_f) * p_y * (1 - p_y)),
    }


def newcombe(x_a, n_a, x_b, n_b):
    def wilson(x, n):
        return stats.binomtest(x, n).proportion_ci(method="wilson")

    a, b = wilson(x_a, n_a), wilson(x_b, n_b)
    p, q = x_a / n_a, x_b / n_b
    low = p - q - np.sqrt((p - a.low) ** 2 + (b.high - q) ** 2)
    high = p - q + np.sqrt((a.high - p) ** 2 + (q - b.low) ** 2)
    return [low, high]


def test_of(x_a, n_a, x_b, n_b):
    table = np.array([[x_a, n_a - x_a], [x_b, n_b - x_b]])
    if stats.contingency.expected_freq(table).min() < 5:
        return "fisher_exact", stats.fisher_exact(table).pvalue
    return "two_proportion_z", stats.chi2_contingency(table, correction=False).pvalue


def pairs(frame, column):
    table = pd.crosstab(frame[column], frame[TARGET] == POSITIVE)
    n, y = len(frame), (frame[TARGET] == POSITIVE).mean()
    rng = np.random.default_rng(0)
    # Rows without a value belong to the whole: they are cells of the resampling too.
    rest = frame[frame[column].isna()]
    rest = [int((rest[TARGET] != POSITIVE).sum()), int((rest[TARGET] == POSITIVE).sum())]
    cells = np.concatenate([table.to_numpy().ravel(), rest])
    draws = rng.multinomial(n, cells / n, size=REPLICATES)
    p_y_of_draw = draws[:, 1::2].sum(axis=1) / n
    out = []
    for (i, a), (j, b) in itertools.combinations(enumerate(table.index), 2):
        (x_a, n_a), (x_b, n_b) = ((int(table.loc[v, True]), int(table.loc[v].sum())) for v in (a, b))
        entry = {"a": a, "b": b, "n_a": n_a, "n_b": n_b, "gap": {}, "standard_error": {}}
        of_a, of_b = measures(x_a / n, n_a / n, y), measures(x_b / n, n_b / n, y)
        for name in of_a:
            gap = of_a[name] - of_b[name] if np.isfinite([of_a[name], of_b[name]]).all() else np.nan
            entry["gap"][name] = float(gap) if np.isfinite(gap) else None
        if min(x_a, n_a - x_a, x_b, n_b - x_b) >= 200:
            drawn = [
                measures(draws[:, 2 * k + 1] / n, (draws[:, 2 * k] + draws[:, 2 * k + 1]) / n, p_y_of_draw)
                for k in (i, j)
            ]
            entry["standard_error"] = {m: float(np.std(drawn[0][m] - drawn[1][m])) for m in of_a}
        entry["newcombe"] = [float(x) for x in newcombe(x_a, n_a, x_b, n_b)]
        entry["test"], p = test_of(x_a, n_a, x_b, n_b)
        entry["p_value"] = float(p)
        out.append(entry)
    adjusted = stats.false_discovery_control([e["p_value"] for e in out])
    for entry, p in zip(out, adjusted, strict=True):
        entry["adjusted"] = float(p)
    return out


def distances(observed, reference):
    p, q = observed / observed.sum(), reference / reference.sum()
    with np.errstate(divide="ignore"):
        out = {
            "kl_divergence": stats.entropy(p, q),
            "jensen_shannon_distance": jensenshannon(p, q, base=np.e),
            "total_variation": 0.5 * np.abs(p - q).sum(),
            "infinity_norm": np.abs(p - q).max(),
            "cross_entropy": -(q[q > 0] * np.log(p[q > 0])).sum(),
        }
    return {name: float(x) if np.isfinite(x) else None for name, x in out.items()}


def inequality(counts, epsilon=1.0):
    b = counts / counts.mean()
    return {
        "atkinson_index": float(1 - stats.gmean(b)),
        "theil_l_index": float(-np.mean(np.log(b))) if (b > 0).all() else None,
        "theil_t_index": float(np.mean(stats.entropy(b / b.sum(), np.full(len(b), 1 / len(b))))),
    }


def part(frame, train):
    out = {"n": len(frame), "columns": {}}
    for column in COLUMNS:
        by = frame.groupby(column, dropna=False)
        weights = by[WEIGHT].sum()
        rate = lambda g: float(np.average(g[TARGET] == POSITIVE, weights=g[WEIGHT]))
        values = []
        for value, group in by:
            x, n = int((group[TARGET] == POSITIVE).sum()), len(group)
            ends = stats.binomtest(n, len(frame)).proportion_ci(method="wilson")
            values.append(
                {
                    "value": "(missing)" if pd.isna(value) else value,
                    "n": n,
                    "share": n / len(frame),
                    "share_wilson": [ends.low, ends.high],
                    "base_rate": x / n,
                    "weighted_share": float(group[WEIGHT].sum() / weights.sum()),
                    "weighted_base_rate": rate(group),
                }
            )
        entry = {"values": values}
        if column in PAIRED:
            entry["pairs"] = pairs(frame, column)
        counts = frame[column].value_counts()
        counts = counts[counts > 0]
        entry["uniform"] = distances(counts.to_numpy(float), np.ones(len(counts)))
        test = stats.chisquare(counts)
        entry["uniform"]["chi_squared"] = {"statistic": float(test.statistic), "p_value": float(test.pvalue)}
        if column in REFERENCE:
            wanted = np.array([REFERENCE[column][v] for v in counts.index])
            entry["reference"] = distances(counts.to_numpy(float), wanted)
            test = stats.chisquare(counts, wanted * counts.sum())
            entry["reference"]["chi_squared"] = {"statistic": float(test.statistic), "p_value": float(test.pvalue)}
        if train is not None:
            other = train[column].value_counts()
            index = counts.index.union(other.index)
            two = np.array([counts.reindex(index, fill_value=0), other.reindex(index, fill_value=0)], dtype=float)
            entry["train"] = distances(two[0], two[1])
            test = stats.chi2_contingency(two[:, two.sum(axis=0) > 0], correction=False)
            entry["train"]["chi_squared"] = {"statistic": float(test.statistic), "p_value": float(test.pvalue)}
        out["columns"][column] = entry
    combined = frame.groupby(["sex", "race"]).size()
    out["combinations"] = {
        "counts": {" ".join(k): int(v) for k, v in combined.items()},
        **inequality(combined.to_numpy(float)),
    }
    missing = frame["workclass"].isna().groupby(frame["sex"]).agg(["sum", "size"])
    (x_f, n_f), (x_m, n_m) = (tuple(int(v) for v in missing.loc[s]) for s in ("Female", "Male"))
    out["missing_workclass"] = {
        "Female": x_f / n_f,
        "Male": x_m / n_m,
        "newcombe": [float(x) for x in newcombe(x_f, n_f, x_m, n_m)],
        "p_value": float(test_of(x_f, n_f, x_m, n_m)[1]),
    }
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    folder = arguments.shared / "data" / "adult"
    test, train = (pd.read_parquet(folder / f"{name}.parquet") for name in ("test", "train"))
    versions = {
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "pyarrow": pyarrow.__version__,
        "scipy": scipy.__version__,
    }
    document = {
        "case": "adult-balance",
        "made_with": {"python": platform.python_version(), **versions},
        "target": TARGET,
        "positive": POSITIVE,
        "weight": WEIGHT,
        "reference": REFERENCE,
        "replicates": REPLICATES,
        "test": part(test, train),
        "train": part(train, None),
    }
    path = pathlib.Path(__file__).parent / "adult.json"
    path.write_text(json.dumps(document) + "\n")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
