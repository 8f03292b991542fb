"""What others need for a fairness table: CPU seconds on one thread, as JSON on standard output.

    python benches/peers/fairness.py --rows 1000000 --data DIR    # writes DIR/fairness.parquet, then measures
    cargo xtask bench fairness DIR/fairness.parquet               # ours, on the same file

Tasks:

    rates       8 metrics x 10 intersections of two coded columns that are in memory already
    bootstrap   percentile intervals of all of them and of their largest differences
    scores      roc_auc, average precision, log loss and Brier score of each intersection
    file        rates again, but from the Parquet file, whose group columns are strings

Every peer must give the same numbers as the first one before its time counts. NumPy, Polars and DuckDB are no fairness
libraries: they say how little time the counting itself can take. Each is given its best shape (one group-by over the
cells, then arithmetic on forty rows). Threads are limited to one; CPU time counts all threads of the process.
"""

# ruff: noqa: E402 — threads are limited before the libraries start them.
import argparse
import json
import os
import pathlib
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "1"

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from fairlearn import metrics as fair
from sklearn import metrics as sk

SEX = ["F", "M"]
RACE = ["asian", "black", "native", "other", "white"]
METRICS = [
    "n", "accuracy", "selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "precision",
    "balanced_accuracy",
]  # fmt: skip


def generate(n_rows, seed):
    """A table with known gaps: outcomes and scores depend on one number and on both groups."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(2, n_rows, p=[0.48, 0.52]).astype(np.int8)
    race = rng.choice(5, n_rows, p=[0.12, 0.2, 0.015, 0.065, 0.6]).astype(np.int8)
    shift = np.array([0.1, -0.3, -0.5, 0.0, 0.1])[race] + 0.3 * sex
    x = rng.normal(size=n_rows)
    squash = lambda z: 1 / (1 + np.exp(-z))
    y = (rng.random(n_rows) < squash(x + shift - 0.4)).astype(np.int8)
    # Rounded to two digits in a hundredth of the rows, so that ties occur.
    p = squash(0.9 * x + 1.3 * shift + rng.normal(0, 0.5, n_rows))
    p = np.where(rng.random(n_rows) < 0.01, np.round(p, 2), p).clip(1e-6, 1 - 1e-6)
    coded = lambda codes, names: pa.DictionaryArray.from_arrays(pa.array(codes), names)
    return pa.table(
        {
            "y_true": y,
            "y_pred": (p >= 0.5).astype(np.int8),
            "score": p,
            "weight": np.round(rng.uniform(0.25, 4.0, n_rows), 3),
            "sex": coded(sex, SEX),
            "race": coded(race, RACE),
        }
    )


def from_cells(c):
    """Counts `(…, truth, decision)` to the eight metrics; 0/0 is NaN."""
    tn, fp, fn, tp = (c[..., i, j].astype(float) for i in (0, 1) for j in (0, 1))
    n, p, q = tn + fp + fn + tp, tp + fn, fp + tn
    with np.errstate(all="ignore"):
        return np.stack(
            [n, (tp + tn) / n, (tp + fp) / n, tp / p, fp / q, fn / p, tp / (tp + fp), (tp / p + tn / q) / 2]
        )


class InMemory:
    """The columns in the shape that each peer likes best."""

    def __init__(self, table):
        self.y, self.d = (table[c].to_numpy() for c in ("y_true", "y_pred"))
        self.p = table["score"].to_numpy()
        indices = lambda c: table[c].combine_chunks().indices.to_numpy()
        self.sex, self.race = indices("sex"), indices("race")
        kinds = {"sex": pl.Enum(SEX), "race": pl.Enum(RACE)}
        self.frame = pl.from_arrow(table).with_columns(pl.col(c).cast(kind) for c, kind in kinds.items()).rechunk()
        self.duck = duckdb.connect()
        self.duck.execute("set threads = 1")
        for name, values in (("sexes", SEX), ("races", RACE)):
            self.duck.execute(f"create type {name} as enum ({', '.join(repr(v) for v in values)})")
        self.duck.register("source", table)
        self.duck.execute(
            "create table t as select y_true, y_pred, score, sex::sexes sex, race::races race from source"
        )
        self.groups = self.frame.select("sex", "race").to_pandas().astype(object)


def cells_of_rows(rows):
    """Rows `(sex, race, y, d, n)` to the array of counts."""
    cells = np.zeros((2, 5, 2, 2))
    for sex, race, y, d, n in rows:
        cells[SEX.index(sex), RACE.index(race), y, d] = n
    return cells


def numpy_cells(m):
    key = (m.sex * 5 + m.race) * 4 + m.y * 2 + m.d
    return np.bincount(key, minlength=40).reshape(2, 5, 2, 2)


def rates_numpy(m):
    return from_cells(numpy_cells(m))


def rates_polars(m):
    rows = m.frame.group_by("sex", "race", "y_true", "y_pred").len().rows()
    return from_cells(cells_of_rows(rows))


def rates_duckdb(m):
    rows = m.duck.execute("select sex, race, y_true, y_pred, count(*) from t group by all").fetchall()
    return from_cells(cells_of_rows(rows))


def metric_frame(m, **options):
    of = {
        "n": fair.count,
        "accuracy": sk.accuracy_score,
        "selection_rate": fair.selection_rate,
        "true_positive_rate": fair.true_positive_rate,
        "false_positive_rate": fair.false_positive_rate,
        "false_negative_rate": fair.false_negative_rate,
        "precision": sk.precision_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
    }
    return fair.MetricFrame(metrics=of, y_true=m.y, y_pred=m.d, sensitive_features=m.groups, **options)


def rates_fairlearn(m):
    by_group = metric_frame(m).by_group.astype(float)
    return np.stack([by_group[c].unstack().loc[SEX, RACE].to_numpy() for c in METRICS])


def bootstrap_numpy(m, n_draws):
    cells = numpy_cells(m)
    draws = np.random.default_rng(0).multinomial(len(m.y), cells.ravel() / len(m.y), size=n_draws)
    values = from_cells(draws.reshape(n_draws, 10, 2, 2))
    gaps = np.nanmax(values, axis=2) - np.nanmin(values, axis=2)
    ends = [0.025, 0.975]
    return np.nanquantile(values, ends, axis=1), np.nanquantile(gaps, ends, axis=1)


def bootstrap_fairlearn(m, n_draws):
    frame = metric_frame(m, n_boot=n_draws, ci_quantiles=[0.025, 0.975], random_state=0)
    return frame.by_group_ci, frame.difference_ci()


def scores_sklearn(m):
    """scikit-learn's four score metrics of each group: what `MetricFrame` calls too."""
    out = np.zeros((4, 2, 5))
    key = m.sex * 5 + m.race
    for g in range(10):
        y, p = m.y[key == g], m.p[key == g]
        told = sk.roc_auc_score(y, p), sk.average_precision_score(y, p), sk.log_loss(y, p), sk.brier_score_loss(y, p)
        out[:, g // 5, g % 5] = told
    return out


def scores_numpy(m):
    """The same by one sort of each group: the floor for anything that needs an order."""
    out = np.zeros((4, 2, 5))
    key = m.sex * 5 + m.race
    for g in range(10):
        y, p = m.y[key == g].astype(float), m.p[key == g]
        order = np.argsort(-p)
        sorted_p, sorted_y = p[order], y[order]
        last = np.append(np.flatnonzero(np.diff(sorted_p)), len(p) - 1)
        tp = np.cumsum(sorted_y)[last]
        fp = 1.0 + last - tp
        auc = np.trapezoid(np.append(0, tp), np.append(0, fp)) / (tp[-1] * fp[-1])
        ap = np.sum(np.diff(np.append(0, tp)) * tp / (tp + fp)) / tp[-1]
        loss = -np.mean(np.where(y == 1, np.log(p), np.log1p(-p)))
        out[:, g // 5, g % 5] = auc, ap, loss, np.mean((p - y) ** 2)
    return out


def file_polars(path):
    frame = pl.scan_parquet(path).select("sex", "race", "y_true", "y_pred")
    rows = frame.group_by("sex", "race", "y_true", "y_pred").len().collect(engine="streaming").rows()
    return from_cells(cells_of_rows(rows))


def file_duckdb(path):
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    query = "select sex, race, y_true, y_pred, count(*) from read_parquet(?) group by all"
    return from_cells(cells_of_rows(connection.execute(query, [str(path)]).fetchall()))


def file_pyarrow(path):
    """Decoding those columns and nothing else: the floor for reading."""
    return pq.ParquetFile(path).read(["sex", "race", "y_true", "y_pred"], use_threads=False).num_rows


def timed(of, repeat):
    """The answer, and the smallest CPU time of several runs."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        answer = of()
        best = min(best, time.process_time() - start)
    return answer, best


def measure(table, path, args):
    m = InMemory(table)
    out = {}
    expected, seconds = timed(lambda: rates_numpy(m), args.repeat)
    out["rates"] = {"numpy": seconds}
    for name, of, repeat in (
        ("polars", rates_polars, args.repeat),
        ("duckdb", rates_duckdb, args.repeat),
        ("fairlearn", rates_fairlearn, 1),
    ):
        answer, out["rates"][name] = timed(lambda of=of: of(m), repeat)
        np.testing.assert_allclose(answer, expected, rtol=1e-12, err_msg=name)
    _, seconds = timed(lambda: bootstrap_numpy(m, 1000), args.repeat)
    out["bootstrap_1000"] = {"numpy": seconds}
    _, seconds = timed(lambda: bootstrap_fairlearn(m, args.fairlearn_draws), 1)
    out["bootstrap_1000"]["fairlearn_scaled"] = seconds / args.fairlearn_draws * 1000
    truth, seconds = timed(lambda: scores_sklearn(m), 1)
    out["scores"] = {"scikit-learn": seconds}
    answer, out["scores"]["numpy"] = timed(lambda: scores_numpy(m), args.repeat)
    np.testing.assert_allclose(answer, truth, rtol=1e-9)
    out["file"] = {}
    for name, of in (("polars", file_polars), ("duckdb", file_duckdb)):
        answer, out["file"][name] = timed(lambda of=of: of(path), args.repeat)
        np.testing.assert_allclose(answer, expected, rtol=1e-12, err_msg=name)
    _, out["file"]["decoding_only"] = timed(lambda: file_pyarrow(path), args.repeat)
    keys = [f"{s},{r}" for s in SEX for r in RACE]
    names = [*METRICS, "roc_auc", "average_precision", "log_loss", "brier_score"]
    by_metric = zip(names, [*expected, *truth], strict=True)
    values = {name: dict(zip(keys, v.ravel().tolist(), strict=True)) for name, v in by_metric}
    return {"cpu_seconds": out, "values": values}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder for fairness.parquet")
    parser.add_argument("--repeat", type=int, default=5, help="runs of the fast peers; the best counts")
    parser.add_argument("--fairlearn-draws", type=int, default=5, help="replicates it draws, scaled to 1,000")
    parser.add_argument("--write-only", action="store_true", help="write the file and stop")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    args.data.mkdir(parents=True, exist_ok=True)
    path = args.data / "fairness.parquet"
    table = generate(args.rows, args.seed)
    pq.write_table(table, path, compression="zstd")
    print(f"wrote {path}: {args.rows} rows, {path.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    if not args.write_only:
        head = {"rows": args.rows, "seed": args.seed, "file": str(path)}
        print(json.dumps(head | measure(table, path, args), indent=1))


if __name__ == "__main__":
    main()
