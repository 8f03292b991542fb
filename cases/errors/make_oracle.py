#!/usr/bin/env python3
"""Error analysis of the bundled sample by LightGBM, pandas, NumPy and the `sliceline` package: aggregates only.

    python cases/errors/make_oracle.py

The rows are the training rows of `sample/nhefs` and then the test rows; the prediction is that whoever is 60 or older dies
before 1992. `tree` is one LightGBM tree on the error of each row, over columns whose every value has at least three rows, so
that LightGBM's bins are the values themselves. `heat_maps` are cross tables of `pandas.cut` and `pandas.qcut`. `slices` are
all conjunctions of up to three conditions by NumPy, with SliceLine's score, Welch's z against the rows outside, and adjusted
p-values over all; `sliceline` is what the package finds among the same codes.
"""

import itertools
import json
import logging
import math
import pathlib
import platform

import lightgbm
import numpy as np
import pandas as pd
import sliceline
from sliceline.slicefinder import Slicefinder

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["sex", "race"]
TREE = [*NAMES, "active", "exercise", "school", "alcoholtype", "alcoholfreq", "hbp", "diabetes", "nerves"]
SLICED = ["sex", "race", "education", "age", "income", "smokeintensity", "exercise"]
ALPHA, K, MIN_ROWS, BINS = 0.95, 12, 30, 5


def rows():
    parts = [pd.read_csv(ROOT / "sample" / "nhefs" / f"{part}.csv") for part in ("train", "test")]
    table = pd.concat(parts, ignore_index=True)
    wrong = ((table.age >= 60).astype(int) != table.death).astype(int)
    return table, wrong.to_numpy()


def tree(table, wrong, depth):
    x = table[TREE].copy()
    for name in NAMES:
        x[name] = pd.Categorical(x[name]).codes
    assert x.notna().all().all() and all(x[c].value_counts().min() >= 3 for c in TREE)
    model = lightgbm.LGBMClassifier(
        n_estimators=1, max_depth=depth, num_leaves=31, min_child_samples=20, n_jobs=1, verbose=-1
    )
    model.fit(x, wrong, categorical_feature=NAMES)
    leaf = model.booster_.predict(x, pred_leaf=True).ravel().astype(int)
    leaves = zip(np.bincount(leaf), np.bincount(leaf, wrong), strict=True)
    return {"max_depth": depth, "leaves": sorted([int(n), int(e)] for n, e in leaves)}


def heat_map(table, wrong, first, second, cut):
    axes = [cut(table[c], 8) for c in (first, second)]
    cells = pd.DataFrame({"a": axes[0], "b": axes[1], "e": wrong}).groupby(["a", "b"], observed=False).e
    return {"columns": [first, second], "rows": cells.size().tolist(), "errors": cells.sum().tolist()}


def coded(table):
    """Codes from 0: names in order, numbers in quantile bins that hold their upper edge; a missing value is the last."""
    out = {}
    for c in SLICED:
        v = table[c]
        if v.dtype.kind in "ifu":
            known = v.dropna().to_numpy()
            edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
            few = np.unique(known)
            codes = np.searchsorted(few if len(few) <= BINS else edges, v.to_numpy(), side="left")
        else:
            codes = pd.Categorical(v).codes.astype(int)
        codes = np.where(v.isna(), -1, codes)
        out[c] = np.where(codes < 0, codes.max() + 1, codes)
    return pd.DataFrame(out)


def slices(codes, wrong):
    n, total = len(wrong), int(wrong.sum())
    found = []
    for size in (1, 2, 3):
        for subset in itertools.combinations(SLICED, size):
            for values, inside in codes.groupby(list(subset)).indices.items():
                if len(inside) < MIN_ROWS:
                    continue
                k, e = len(inside), int(wrong[inside].sum())
                m, rest = e / k, (total - e) / (n - k) if n > k else math.nan
                se = math.sqrt(m * (1 - m) / k + rest * (1 - rest) / (n - k)) if n > k else math.nan
                z = (m - rest) / se if se > 0 else math.nan
                values = values if isinstance(values, tuple) else (values,)
                found.append(
                    {
                        "slice": {c: int(v) for c, v in zip(subset, values, strict=True)},
                        "rows": k,
                        "errors": e,
                        "score": ALPHA * (m / (total / n) - 1) - (1 - ALPHA) * (n / k - 1),
                        "z": z,
                        "p": math.erfc(abs(z) / math.sqrt(2)),
                    }
                )
    assert all(math.isfinite(s["z"]) for s in found)
    family = len(found)
    penalty = sum(1 / i for i in range(1, family + 1))
    hochberg = yekutieli = 1.0
    for rank, s in sorted(enumerate(sorted(found, key=lambda s: s["p"]), 1), reverse=True, key=lambda pair: pair[0]):
        hochberg = min(hochberg, s["p"] * family / rank)
        yekutieli = min(yekutieli, s["p"] * family * penalty / rank)
        s["q_bh"], s["q_by"] = hochberg, yekutieli
    found.sort(key=lambda s: -s["score"])
    return {"family": family, "top": found[:K]}


def package(codes, wrong):
    finder = Slicefinder(alpha=ALPHA, k=K, max_l=3, min_sup=MIN_ROWS, verbose=False)
    finder.fit(codes.to_numpy(), wrong.astype(float))
    return [
        {"rows": int(s["slice_size"]), "errors": int(s["sum_slice_error"]), "score": float(s["slice_score"])}
        for s in finder.top_slices_statistics_
    ]


def main():
    logging.disable(logging.WARNING)
    table, wrong = rows()
    codes = coded(table)
    oracle = {
        "made_with": {
            "python": platform.python_version(),
            "lightgbm": lightgbm.__version__,
            "numpy": np.__version__,
            "pandas": pd.__version__,
            "sliceline": getattr(sliceline, "__version__", "0.3.0"),
        },
        "rows": len(wrong),
        "errors": int(wrong.sum()),
        "tree_columns": TREE,
        "trees": [tree(table, wrong, depth) for depth in (1, 2, 3, 5)],
        "heat_maps": {
            "equal_width": heat_map(table, wrong, "age", "wt71", pd.cut),
            "quantile": heat_map(table, wrong, "age", "wt71", pd.qcut),
        },
        "sliced_columns": SLICED,
        "slices": slices(codes, wrong),
        "sliceline": package(codes, wrong),
    }
    path = pathlib.Path(__file__).with_name("nhefs.json")
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in oracle.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
