"""What others need for error analysis: CPU seconds on one thread, as JSON on standard output.

    python benches/peers/errors.py --rows 1000000 --data DIR      # writes DIR/errors-1000000.parquet, then measures
    cargo xtask bench errors DIR/errors-1000000.parquet           # ours, on the same file

Tasks:

    tree        one LightGBM tree of depth 3 on the error of each row, and its nodes with their rows and errors
    heat_map    errors and rows by two columns: names, numbers cut by width, numbers cut by rank
    patterns    every conjunction with 1 % of the rows, whatever its length, with its divergence and t; contributions of the
                conditions to each and to all of them, and those that tell nothing new (DivExplorer)
    slices      the ten best conjunctions of up to three conditions with 1 % of the rows, by SliceLine's score

The Responsible AI Toolbox's `erroranalysis` needs Python 3.11 and old NumPy and pandas: in an environment that has it, it is
measured too (`toolbox_…`, once its data are prepared). What it does is also done with the libraries that it calls, LightGBM and
pandas, without its own overhead. `cube` is an exhaustive search in NumPy (a bincount for every subset of columns), which is far quicker than the
`sliceline` package and runs where that runs out of memory; `sliceline` and `divexplorer` are measured up to `--most-sliceline` rows, where they are installed.
"""

# ruff: noqa: E402 — threads are limited before the libraries start them.
import argparse
import importlib.util
import itertools
import json
import logging
import os
import pathlib
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import lightgbm as lgb
import numpy as np
import pandas as pd

LEVELS = [2, 3, 4, 5, 6, 7, 9, 12]
ALPHA, TOP, SUPPORT, BINS, TERMS = 0.95, 10, 0.01, 5, 3


def generate(n_rows, seed):
    """Eight columns of names, four of numbers, and errors that are frequent in three conjunctions and one range."""
    rng = np.random.default_rng(seed)
    table = {}
    for j, n in enumerate(LEVELS):
        share = np.arange(n, 0, -1) / np.arange(n, 0, -1).sum()
        table[f"c{j}"] = rng.choice(n, n_rows, p=share)
    for j in range(4):
        table[f"x{j}"] = np.round(rng.normal(size=n_rows) * (j + 1), 6)
    error = np.full(n_rows, 0.08)
    planted = [({"c0": 1, "c3": 2}, 0.42), ({"c1": 0, "c2": 3, "c5": 1}, 0.65), ({"c6": 4}, 0.22)]
    for condition, rate in planted:
        inside = np.all([table[c] == v for c, v in condition.items()], axis=0)
        error[inside] = np.maximum(error[inside], rate)
    error = np.where(table["x0"] > 1.5, np.maximum(error, 0.3), error)
    y = (rng.random(n_rows) < 0.45).astype(int)
    wrong = rng.random(n_rows) < error
    table["y_true"], table["y_pred"] = y, np.where(wrong, 1 - y, y)
    return pd.DataFrame(table)


def best_of(times, run):
    best, value = float("inf"), None
    for _ in range(times):
        before = time.process_time()
        value = run()
        best = min(best, time.process_time() - before)
    return best, value


def tree(x, wrong):
    """What `erroranalysis` computes: a tree, and for each of its nodes the rows and errors that reach it."""
    names = [c for c in x.columns if c[0] == "c"]
    model = lgb.LGBMClassifier(n_estimators=1, max_depth=3, num_leaves=31, min_child_samples=20, n_jobs=1, verbose=-1)
    model.fit(x, wrong, categorical_feature=names)
    leaf = model.booster_.predict(x, pred_leaf=True).ravel().astype(int)
    rows, errors = np.bincount(leaf), np.bincount(leaf, wrong)
    return sorted((int(n), int(e)) for n, e in zip(rows, errors, strict=True))


def toolbox(written):
    """`erroranalysis` itself: CPU seconds of its tree and of its three maps, and the rows of the tree's leaves."""
    from erroranalysis._internal.constants import ModelTask
    from erroranalysis._internal.error_analyzer import PredictionsAnalyzer

    x = written.drop(columns=["y_true", "y_pred"])
    names = [c for c in x.columns if c[0] == "c"]
    y, predicted = written.y_true.to_numpy(), written.y_pred.to_numpy()
    task = ModelTask.CLASSIFICATION
    analyzer = PredictionsAnalyzer(predicted, x, y, list(x.columns), names, model_task=task, metric=None)
    options = {"max_depth": 3, "num_leaves": 31, "min_child_samples": 20}
    grow = lambda: analyzer.compute_error_tree(list(x.columns), None, None, **options)
    times = {}
    times["toolbox_tree"], nodes = best_of(1, grow)
    maps = {"names": (["c0", "c3"], False), "width": (["x0", "x1"], False), "quantile": (["x0", "x1"], True)}
    for name, (columns, by_rank) in maps.items():
        draw = lambda c=columns, q=by_rank: analyzer.compute_matrix(c, None, None, quantile_binning=q, num_bins=8)
        times[f"toolbox_map_{name}"], _ = best_of(1, draw)
    inner = {node["parentId"] for node in nodes}
    return times, sorted(int(node["size"]) for node in nodes if node["id"] not in inner)


def heat_map(x, wrong, columns, cut):
    pair = [x[c] if cut is None else cut(x[c], 8) for c in columns]
    grouped = pd.Series(wrong).groupby([pair[0].to_numpy(), pair[1].to_numpy()], observed=False)
    return grouped.agg(["size", "sum"])["size"].to_numpy()


def coded(x):
    """Codes of conditions: names as they are, numbers in quantile bins that hold their upper edge."""
    cut = lambda v: np.searchsorted(np.quantile(v, np.linspace(0, 1, BINS + 1)[1:-1]), v, side="left")
    return pd.DataFrame({c: x[c] if c[0] == "c" else cut(x[c].to_numpy()) for c in x.columns})


def cube(codes, wrong):
    """Every conjunction by a bincount over mixed-radix keys; the best by score, with the number of all."""
    n, mean, found, family = len(wrong), wrong.mean(), [], 0
    columns = {c: codes[c].to_numpy().astype(np.int64) for c in codes}
    for size in range(1, TERMS + 1):
        for subset in itertools.combinations(columns, size):
            key, width = np.zeros(n, np.int64), 1
            for c in subset:
                levels = int(columns[c].max()) + 1
                key = key * levels + columns[c]
                width *= levels
            rows, errors = np.bincount(key, minlength=width), np.bincount(key, wrong, width)
            large = np.nonzero(rows >= SUPPORT * n)[0]
            family += len(large)
            s = ALPHA * (errors[large] / rows[large] / mean - 1) - (1 - ALPHA) * (n / rows[large] - 1)
            found += [(float(v), int(rows[k])) for v, k in zip(s, large, strict=True) if v > 0]
    return sorted(found, reverse=True)[:TOP], family


def sliceline(codes, wrong):
    from sliceline.slicefinder import Slicefinder

    finder = Slicefinder(alpha=ALPHA, k=TOP, max_l=TERMS, min_sup=SUPPORT, verbose=False)
    finder.fit(codes.to_numpy(), wrong.astype(float))
    return [(float(s["slice_score"]), int(s["slice_size"])) for s in finder.top_slices_statistics_]


def patterns(codes, wrong):
    """Frequent patterns; then what their conditions contribute. Times of both, the number of patterns, and some of them."""
    from divexplorer import DivergenceExplorer, DivergencePatternProcessor

    table = codes.astype(int).astype(str).assign(o=wrong.astype(float))
    before = time.process_time()
    found = DivergenceExplorer(table).get_pattern_divergence(min_support=SUPPORT, boolean_outcomes=["o"])
    mined = time.process_time() - before
    processor = DivergencePatternProcessor(found, "o")
    own = {s: processor.shapley_value(pattern=s) for s in found.itemset if len(s) > 0}
    kept = len(processor.redundancy_pruning(0.01))
    items = {next(iter(k)): v for k, v in processor.global_shapley_value().items()}
    explained = time.process_time() - before - mined
    listed = [
        {
            "items": sorted(s.itemset),
            "rows": int(s.support_count),
            "divergence": s.o_div,
            "t": s.o_t,
            "contributions": {next(iter(k)): v for k, v in own[s.itemset].items()},
        }
        for s in found.itertuples()
        if len(s.itemset) > 0
    ]
    return mined, explained, {"n": len(listed), "kept": kept, "all": listed, "items": items}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--most-sliceline", type=int, default=32_000)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    table = generate(options.rows, options.seed)
    options.data.mkdir(parents=True, exist_ok=True)
    path = options.data / f"errors-{options.rows}.parquet"
    written = table.copy()
    for j in range(len(LEVELS)):
        written[f"c{j}"] = "v" + written[f"c{j}"].astype(str).str.zfill(2)
    written.to_parquet(path)
    x, wrong = table.drop(columns=["y_true", "y_pred"]), (table.y_true != table.y_pred).to_numpy().astype(int)
    times, values = {}, {}
    times["tree"], values["leaves"] = best_of(3, lambda: tree(x, wrong))
    maps = {"names": (["c0", "c3"], None), "width": (["x0", "x1"], pd.cut), "quantile": (["x0", "x1"], pd.qcut)}
    for name, (columns, cut) in maps.items():
        times[f"heat_map_{name}"], cells = best_of(3, lambda c=columns, k=cut: heat_map(x, wrong, c, k))
        values[f"cells_{name}"] = [int(n) for n in cells]
    if importlib.util.find_spec("erroranalysis"):
        found, values["toolbox_leaves"] = toolbox(written)
        times |= found
    codes = coded(x)
    times["cube"], (values["cube_top"], values["family"]) = best_of(1, lambda: cube(codes, wrong))
    if options.rows <= options.most_sliceline and importlib.util.find_spec("sliceline"):
        sliceline(codes.head(500), wrong[:500])  # compiles its loops
        times["sliceline"], values["sliceline_top"] = best_of(1, lambda: sliceline(codes, wrong))
    if options.rows <= options.most_sliceline and importlib.util.find_spec("divexplorer"):
        times["patterns"], times["contributions"], values["patterns"] = patterns(codes, wrong)
    versions = {m.__name__: m.__version__ for m in (np, pd, lgb)}
    json.dump({"rows": options.rows, "cpu_secs": times, "values": values, "versions": versions}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
