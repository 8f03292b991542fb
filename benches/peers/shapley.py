"""CPU time per exact Shapley value: Equipoise beside shap, LightGBM, XGBoost, WOODELF, shapiq and FastTreeSHAP, in one
session, on one thread.

    python benches/peers/shapley.py SHARED SHAPLEY_BINARY [--rows 10000] [--jobs path,interventional,...] [--out ratios.json]

SHARED holds `data/adult`, whose categories become codes in the order of their names. The models (LightGBM with 500
trees of 31 leaves, XGBoost with 500 trees of depth 6, a forest of 100 trees of any depth) are trained here. Peers that
are not installed are left out, and so are jobs that would take a peer too long: it is then given fewer rows, and rows
per second are compared. Values are compared before anything is printed; preparation is part of the time unless a line
says otherwise.
"""

# ruff: noqa: E402, B023 — threads are limited before the libraries start them; what closes over a loop is called in it.

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "RAYON"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd

CATEGORIES = ["workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country"]
DROPPED = ["fnlwgt"]


def timed(run, repeats):
    """The least CPU seconds, and the last answer."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            answer = run()
        best = min(best, time.process_time() - start)
    return best, answer


def adult(shared):
    """Train rows, test rows and labels, all numbers."""
    parts = [pd.read_parquet(shared / "data" / "adult" / f"{part}.parquet") for part in ("train", "test")]
    target = parts[0].columns[-1]
    frames, labels = [], []
    for part in parts:
        labels.append((part[target].astype(str) == sorted(parts[0][target].astype(str).unique())[-1]).astype(int))
        frames.append(part.drop(columns=[target, *[c for c in DROPPED if c in part]]))
    for column in frames[0]:
        if not pd.api.types.is_numeric_dtype(frames[0][column]):
            names = sorted(set(frames[0][column].dropna().astype(str)))
            codes = {name: code for code, name in enumerate(names)}
            for frame in frames:
                frame[column] = frame[column].astype(str).map(codes)
    train, test = (frame.astype("float32").astype("float64").fillna(-1.0) for frame in frames)
    return train, labels[0], test


def write_table(frame, path):
    header = json.dumps({"n_rows": len(frame), "columns": [{"levels": None}] * frame.shape[1]}).encode()
    path.write_bytes(header + b"\n" + b"".join(frame[c].to_numpy(np.float64).tobytes() for c in frame))


class Bench:
    def __init__(self, binary, folder, train, test):
        self.binary, self.folder, self.train, self.test = binary, folder, train, test
        self.found = []

    def ours(self, model, rows, job, precision, background=None, repeats=3):
        table, answers, reference = (self.folder / name for name in ("table.bin", "answers.bin", "background.bin"))
        write_table(rows, table)
        command = [self.binary, model, table, answers, job, precision, str(repeats)]
        if background is not None:
            write_table(background, reference)
            command.append(reference)
        said = subprocess.run(command, capture_output=True, text=True)
        if said.returncode:
            sys.exit(f"{command}: {said.stderr}")
        return json.loads(said.stdout), np.fromfile(answers)

    def line(self, job, model, who, n_rows, seconds, ours, gap=None):
        rate = n_rows / max(seconds, 1e-9)
        text = f"  {who}: {rate:,.0f} rows per CPU second ({n_rows} rows)"
        if ours:
            text += f", ratio {ours / rate:,.1f}"
        if gap is not None:
            text += f", differs by {gap:.1e} of the largest"
        print(text, flush=True)
        self.found.append({"job": job, "model": model, "who": who, "rows": n_rows, "rate": rate, "gap": gap})
        return rate

    def compare(self, job, name, model, rows, peers, background=None, precisions=("fast", "exact"), near=2e-5):
        """Ours in each precision, then every peer on as many rows as it is given."""
        print(
            f"{job}, {name}, {len(rows)} rows"
            + (f", {len(background)} background rows" if background is not None else "")
        )
        rate, exact = 0.0, None
        for precision in reversed(precisions):
            times, found = self.ours(model, rows, job, precision, background)
            found = found.reshape(len(rows), -1)
            exact = found if exact is None else exact
            gap = np.abs(found - exact).max() / np.abs(exact).max()
            seconds = sum(times.values())
            print(f"  seconds: {times}")
            rate = self.line(job, name, f"Equipoise, {precision}", len(rows), seconds, 0.0, gap)
        for who, n_rows, make in peers:
            try:
                seconds, answer = timed(make(rows.iloc[:n_rows]), 1 if len(rows) > 1000 else 2)
            except Exception as error:
                print(f"  {who}: {type(error).__name__}: {str(error)[:200]}")
                continue
            gap = None
            if answer is not None:
                answer = np.asarray(answer, dtype=np.float64).reshape(min(n_rows, len(rows)), -1)
                gap = np.abs(answer - exact[: len(answer)]).max() / np.abs(exact).max()
                if near and gap > near:
                    print(f"  {who} DIFFERS by {gap:.1e}")
            self.line(job, name, who, min(n_rows, len(rows)), seconds, rate, gap)


def shap_peer(model, background=None):
    import shap

    kind = "interventional" if background is not None else "tree_path_dependent"

    def make(rows):
        def run():
            data = None if background is None else background.to_numpy()
            explainer = shap.TreeExplainer(model, data, feature_perturbation=kind)
            explainer.model.model_type = "internal"
            values = explainer.shap_values(rows.to_numpy(), check_additivity=False)
            return values[..., 1] if values.ndim == 3 else values

        return run

    return make


def woodelf_peer(model, background=None, dtype="float64"):
    from woodelf import WoodelfExplainer

    def make(rows):
        data = None if background is None else background.astype(dtype)
        return lambda: WoodelfExplainer(model, data).shap_values(rows.astype(dtype), verbose=False)

    return make


def shapiq_peer(model, **options):
    import shapiq

    def make(rows):
        def run():
            explainer = shapiq.TreeExplainer(model, index="SV", max_order=1, **options)
            matrix, out = rows.to_numpy(), np.zeros(rows.shape)
            for i, row in enumerate(matrix):
                values = explainer.explain(row)
                for subset, place in values.interaction_lookup.items():
                    for j in subset:
                        out[i, j] += values.values[place] / len(subset)
            return out

        return run

    return make


def fasttreeshap_peer(model):
    import fasttreeshap

    def make(rows):
        return lambda: fasttreeshap.TreeExplainer(model, algorithm="v2", n_jobs=1).shap_values(
            rows.to_numpy(), check_additivity=False
        )

    return make


def installed(*peers):
    """Peers whose library is there."""
    out = []
    for who, n_rows, make in peers:
        try:
            out.append((who, n_rows, make()))
        except ImportError as error:
            print(f"  left out: {who} ({error})")
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path)
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--jobs", default="path,small,interventional,interactions,forest")
    parser.add_argument("--models", type=Path, help="keep the trained models here")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    import lightgbm
    import xgboost

    jobs = given.jobs.split(",")
    train, labels, test = adult(given.shared)
    draw = np.random.default_rng(17).integers(0, len(test), given.rows)
    rows = test.iloc[draw].reset_index(drop=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.models or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(given.binary, Path(scratch), train, test)
        light, extreme = folder / "lightgbm.txt", folder / "xgboost.json"
        if not light.exists():
            lightgbm.train(
                dict(objective="binary", num_leaves=31, learning_rate=0.05, verbosity=-1, num_threads=1, seed=1),
                lightgbm.Dataset(train, labels),
                500,
            ).save_model(light)
        if not extreme.exists():
            xgboost.train(
                dict(objective="binary:logistic", max_depth=6, eta=0.1, tree_method="hist", nthread=1, seed=1),
                xgboost.DMatrix(train, labels),
                500,
            ).save_model(extreme)
        lgb = lightgbm.Booster(model_file=light)
        xgb = xgboost.Booster(model_file=extreme)
        xgb.set_param({"nthread": 1})
        contributions = lambda rows: lambda: lgb.predict(rows.to_numpy(), pred_contrib=True, num_threads=1)[:, :-1]
        matrix = lambda rows: xgboost.DMatrix(rows, nthread=1)
        extreme_contributions = lambda rows: lambda: xgb.predict(matrix(rows), pred_contribs=True)[:, :-1]
        extreme_interactions = lambda rows: lambda: xgb.predict(matrix(rows), pred_interactions=True)[:, :-1, :-1]
        for job, n in (("path", given.rows), ("small", 1_000)):
            if job not in jobs:
                continue
            few = min(n, 1_000)
            bench.compare("path", "LightGBM 500 x 31 leaves", light, rows.iloc[:n], [
                ("LightGBM pred_contrib", few, contributions),
                *installed(
                    ("shap", few, lambda: shap_peer(lgb)),
                    ("FastTreeSHAP v2", n, lambda: fasttreeshap_peer(lgb)),
                    ("shapiq", 20, lambda: shapiq_peer(lgb)),
                    ("WOODELF", n, lambda: woodelf_peer(lgb)),
                ),
            ])  # fmt: skip
            bench.compare("path", "XGBoost 500 x depth 6", extreme, rows.iloc[:n], [
                ("XGBoost pred_contribs", few, extreme_contributions),
                *installed(
                    ("shap", few, lambda: shap_peer(xgb)),
                    ("FastTreeSHAP v2", n, lambda: fasttreeshap_peer(xgb)),
                    ("WOODELF", n, lambda: woodelf_peer(xgb, dtype="float32")),
                ),
            ])  # fmt: skip
        if "interventional" in jobs:
            for n_background in (100, len(train)):
                background = train.iloc[:n_background]
                peers = [("WOODELF", min(given.rows, 1_000), lambda: woodelf_peer(lgb, background))]
                if n_background == 100:
                    peers.append(("shap", 100, lambda: shap_peer(lgb, background)))
                bench.compare("interventional", "LightGBM 500 x 31 leaves", light, rows, installed(*peers), background)
        if "interactions" in jobs:
            few = rows.iloc[: min(given.rows, 2_000)]
            bench.compare("interactions", "XGBoost 500 x depth 6", extreme, few, [
                ("XGBoost pred_interactions", 300, extreme_interactions),
            ])  # fmt: skip
        if "forest" in jobs:
            from sklearn.ensemble import RandomForestClassifier

            forest, path = RandomForestClassifier(100, random_state=1, n_jobs=1), folder / "forest.onnx"
            forest.fit(train.to_numpy("float32"), labels)
            if not path.exists():
                from skl2onnx import to_onnx

                options = {"options": {id(forest): {"zipmap": False}}}
                path.write_bytes(to_onnx(forest, train.iloc[:1].to_numpy("float32"), **options).SerializeToString())
            # ONNX keeps no training weights: ours counts the training rows, the library its bootstrap samples, so that
            # the values are near each other and not equal.
            few = rows.iloc[: min(given.rows, 1_000)]
            bench.compare("path", "forest of 100, any depth", path, few, installed(
                ("shapiq", 20, lambda: shapiq_peer(forest, class_index=1)),
                ("shap", 20, lambda: shap_peer(forest)),
            ), train, near=None)  # fmt: skip
        if given.out:
            given.out.write_text(json.dumps(bench.found, indent=1))


if __name__ == "__main__":
    main()
