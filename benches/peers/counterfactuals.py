"""Counterfactuals: Equipoise beside DiCE (`random`, `genetic`, `kdtree`) and NICE, on the same model and rows, on one thread.

    python benches/peers/counterfactuals.py SHARED COUNTERFACTUALS_BINARY [--rows 20] [--ours-rows 500] [--out found.json]

SHARED holds `data/adult` and `models/adult-lgbm.txt`: 100 trees of 31 leaves. Rows that are predicted below 0.5 are to be
predicted otherwise, four counterfactuals each. Distances are sums of changes in median absolute deviations (1 where that is
0), 1 for another category; every counterfactual is asked of LightGBM again before it counts.
"""

# ruff: noqa: E402 — threads are limited before the libraries start them.

import argparse
import contextlib
import io
import json
import os
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON"):
    os.environ[f"{name}_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import lightgbm as lgb
import numpy as np
import pandas as pd

TOTAL = 4


def table(frame, categories, path):
    """The file that the benchmark reads."""
    columns, parts = [], []
    for name in frame:
        if name in categories:
            codes = pd.Categorical(frame[name], categories=categories[name]).codes
            columns.append({"levels": categories[name]})
            parts.append(np.where(codes < 0, 2**32 - 1, codes).astype(np.uint32).tobytes())
        else:
            columns.append({"levels": None})
            parts.append(frame[name].to_numpy(np.float64).tobytes())
    header = json.dumps({"n_rows": len(frame), "columns": columns}).encode()
    path.write_bytes(header + b"\n" + b"".join(parts))


class Job:
    def __init__(self, shared):
        meta = json.loads((shared / "models" / "adult-lgbm.meta.json").read_text())
        self.features = [f["name"] for f in meta["features"]]
        self.categories = {f["name"]: f["categories"] for f in meta["features"] if f["type"] == "category"}
        self.numbers = [name for name in self.features if name not in self.categories]
        self.model = shared / "models" / "adult-lgbm.txt"
        self.booster = lgb.Booster(model_file=str(self.model))
        parts = [pd.read_parquet(shared / "data" / "adult" / f"{part}.parquet") for part in ("train", "test")]
        # DiCE takes no missing values, so neither side is given any.
        parts = [part[[*self.features, "income"]].dropna().reset_index(drop=True) for part in parts]
        self.truth = (parts[0]["income"] == ">50K").astype(int)
        self.train, self.test = (part[self.features] for part in parts)
        self.calls = 0
        middle = self.train[self.numbers].astype(float)
        mad = (middle - middle.median()).abs().median()
        self.mad = mad.where(mad > 0, 1.0)

    def probability(self, frame):
        self.calls += len(frame)
        frame = pd.DataFrame(frame, columns=self.features).copy()
        for name, levels in self.categories.items():
            frame[name] = pd.Categorical(frame[name].astype(str), categories=levels)
        for name in self.numbers:
            frame[name] = frame[name].astype(float)
        return self.booster.predict(frame, num_threads=1)

    def judged(self, query, found):
        """Validity, distances and numbers of changes of some counterfactuals of a row."""
        valid = self.probability(found) >= 0.5
        numbers = [abs(found[n].astype(float) - float(query[n])) / self.mad[n] for n in self.numbers]
        names = [(found[n].astype(str) != str(query[n])).astype(float) for n in self.categories]
        changed = sum((n > 0).astype(int) for n in numbers) + sum(names)
        return valid, np.asarray(sum(numbers) + sum(names)), np.asarray(changed)


def said(job, who, method, seconds, queries, sets, calls):
    """One line: time per counterfactual, validity, distance and sparsity of the cheapest and of all."""
    valid, best, every, fewest, changed, total = 0, [], [], [], [], 0
    for query, found in zip(queries, sets, strict=True):
        if not len(found):
            continue
        ok, distance, changes = job.judged(query, found)
        total, valid = total + len(found), valid + int(ok.sum())
        if ok.any():
            best.append(distance[ok].min())
            fewest.append(changes[ok].min())
            every.extend(distance[ok])
            changed.extend(changes[ok])
    line = {
        "who": who,
        "method": method,
        "rows": len(sets),
        "counterfactuals": total,
        "ms_each": 1e3 * seconds / max(valid, 1),
        "valid": valid / max(total, 1),
        "found_rows": len(best) / max(len(sets), 1),
        "distance_best": float(np.mean(best)) if best else None,
        "distance_median_best": float(np.median(best)) if best else None,
        "distance_all": float(np.mean(every)) if every else None,
        "changed_best": float(np.mean(fewest)) if fewest else None,
        "changed_all": float(np.mean(changed)) if changed else None,
        "calls_per_row": calls / max(len(sets), 1),
    }
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}), flush=True)
    return line


def ours(job, binary, folder, method, n, total=TOTAL, nodes=100_000, scale="mad"):
    command = [
        binary,
        job.model,
        folder / "train.bin",
        folder / "test.bin",
        method,
        str(total),
        str(n),
        str(nodes),
        scale,
    ]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def decoded(rows):
        frame = pd.DataFrame(rows, columns=job.features)
        for name, levels in job.categories.items():
            frame[name] = [levels[int(code)] for code in frame[name]]
        return frame

    queries = [decoded([row["query"]]).iloc[0] for row in report["rows"]]
    sets = [decoded([one["row"] for one in row["found"]]) if row["found"] else [] for row in report["rows"]]
    line = said(job, "equipoise", method, report["search"], queries, sets, sum(r["calls"] for r in report["rows"]))
    line["prepare"] = report["prepare"]
    first = [row["found"][0]["proof"] for row in report["rows"] if row["found"]]
    slow = sorted(row["seconds"] for row in report["rows"])
    line["proved"] = sum(p == 0.0 for p in first) / max(len(report["rows"]), 1)
    line["seconds_95"], line["seconds_max"] = slow[int(0.95 * (len(slow) - 1))], slow[-1]
    if method == "exact":
        print(
            f"  proved {line['proved']:.3f}; 95 % of rows within {line['seconds_95']:.3f} CPU seconds, all {slow[-1]:.3f}"
        )
    return line, queries


class DiceModel:
    """What DiCE needs of a model."""

    def __init__(self, job):
        self.job = job
        self.classes_ = np.array([0, 1])

    def predict_proba(self, frame):
        p = self.job.probability(frame)
        return np.c_[1 - p, p]

    def predict(self, frame):
        return (self.job.probability(frame) >= 0.5).astype(int)


def dice(job, method, queries, budget):
    import dice_ml

    frame = job.train.astype({name: str for name in job.categories}).assign(income=job.truth)
    data = dice_ml.Data(dataframe=frame, continuous_features=job.numbers, outcome_name="income")
    explainer = dice_ml.Dice(data, dice_ml.Model(model=DiceModel(job), backend="sklearn"), method=method)
    sets, seconds, job.calls = [], 0.0, 0
    for query in queries:
        row = pd.DataFrame([query]).astype({name: float for name in job.numbers}).reset_index(drop=True)
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            extra = {"random_seed": 7} if method == "random" else {}
            try:
                answer = explainer.generate_counterfactuals(row, total_CFs=TOTAL, desired_class="opposite", **extra)
                found = answer.cf_examples_list[0].final_cfs_df
            except Exception:
                found = None
        seconds += time.process_time() - start
        sets.append([] if found is None else found[job.features])
        if seconds > budget:
            break
    calls = job.calls
    return said(job, "dice-ml", method, seconds, queries[: len(sets)], sets, calls)


def nice(job, queries):
    """NICE with its proximity reward; nothing where it is not installed (`pip install --no-deps NICEx==0.2.3`)."""
    try:
        from nice import NICE
    except ImportError:
        return None
    columns = [*job.numbers, *job.categories]
    codes = {name: {level: code for code, level in enumerate(levels)} for name, levels in job.categories.items()}

    def encoded(frame):
        parts = [frame[n].map(codes[n]) if n in codes else frame[n] for n in columns]
        return np.column_stack([np.asarray(part, dtype=np.float64) for part in parts])

    def decoded(rows):
        frame = pd.DataFrame(rows, columns=columns)
        for name, levels in job.categories.items():
            frame[name] = [levels[int(code)] for code in frame[name]]
        return frame[job.features]

    def both(rows):
        p = job.probability(decoded(rows))
        return np.c_[1 - p, p]

    places = range(len(columns))
    explainer = NICE(
        X_train=encoded(job.train),
        predict_fn=both,
        y_train=job.truth.to_numpy(),
        cat_feat=[i for i in places if columns[i] in codes],
        num_feat=[i for i in places if columns[i] not in codes],
        optimization="proximity",
        justified_cf=True,
        distance_metric="HEOM",
        num_normalization="minmax",
    )
    sets, seconds, job.calls = [], 0.0, 0
    for query in queries:
        row = encoded(pd.DataFrame([query]))
        start = time.process_time()
        found = np.atleast_2d(np.asarray(explainer.explain(row), dtype=np.float64))
        seconds += time.process_time() - start
        sets.append(decoded(found))
    return said(job, "NICE", "proximity", seconds, queries, sets, job.calls)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path)
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--ours-rows", type=int, default=500)
    parser.add_argument("--budget", type=float, default=90.0, help="CPU seconds for each of DiCE's methods")
    parser.add_argument("--skip-dice", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    job, lines = Job(arguments.shared), []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        table(job.train, job.categories, folder / "train.bin")
        table(job.test, job.categories, folder / "test.bin")
        for method in ("random", "genetic", "kdtree"):
            line, queries = ours(job, arguments.binary, folder, method, arguments.rows)
            lines.append(line)
            if not arguments.skip_dice:
                peer = dice(job, method, queries, arguments.budget)
                lines.append(peer)
                print(f"  {method}: {peer['ms_each'] / line['ms_each']:,.0f} times faster", flush=True)
        for method in ("nearest", "growing_spheres", "exact"):
            lines.append(ours(job, arguments.binary, folder, method, arguments.ours_rows, 1)[0])
        if not arguments.skip_dice:
            # NICE minimises changes in ranges: here both do, and are measured so.
            low, high = job.train[job.numbers].min(), job.train[job.numbers].max()
            mad, job.mad = job.mad, (high - low).astype(float)
            line, queries = ours(job, arguments.binary, folder, "nearest", 100, 1, scale="range")
            peer = nice(job, queries)
            lines.extend([line, peer] if peer else [line])
            if peer:
                print(f"  nearest: {peer['ms_each'] / line['ms_each']:,.0f} times faster than NICE", flush=True)
            job.mad = mad
        lines.append(ours(job, arguments.binary, folder, "random", 5000)[0])
    if arguments.out:
        arguments.out.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
