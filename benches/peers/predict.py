"""CPU time per prediction of 100,000 rows: Equipoise beside LightGBM and XGBoost, in one session, on one thread.

    python benches/peers/predict.py SHARED PREDICT_BINARY [ROWS]

SHARED holds `data` and `models`. Rows are drawn with replacement from the test part of each set. Each figure is
the best of several runs; the answers of both sides are compared before anything is printed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")

import lightgbm
import numpy as np
import pandas as pd
import xgboost

REPEATS = 7


def best(run):
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        answer = run()
        times.append(time.process_time() - start)
    return min(times), answer


def frame_of(shared, fixture, dataset, rows):
    meta = json.loads((shared / "models" / f"{fixture}.meta.json").read_text())
    inputs = shared / "models" / f"{fixture}.inputs.parquet"
    frame = pd.read_parquet(inputs if inputs.exists() else shared / "data" / dataset / "test.parquet")
    draw = np.random.default_rng(17).integers(0, len(frame), rows)
    frame = frame.iloc[draw].reset_index(drop=True)
    columns = {}
    for feature in meta["features"]:
        values = frame[feature["name"]]
        if feature["type"] == "category":
            columns[feature["name"]] = pd.Categorical(values, categories=feature["categories"])
        else:
            columns[feature["name"]] = values.astype(float)
    return pd.DataFrame(columns)


def write_table(frame, path):
    columns, parts = [], []
    for name in frame:
        values = frame[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            columns.append({"levels": [str(c) for c in values.cat.categories]})
            parts.append(values.cat.codes.to_numpy().astype(np.int32).tobytes())
        else:
            columns.append({"levels": None})
            parts.append(values.to_numpy(np.float64).tobytes())
    header = json.dumps({"n_rows": len(frame), "columns": columns}).encode()
    path.write_bytes(header + b"\n" + b"".join(parts))


def matrix(frame):
    """Codes as numbers: the work of turning a frame into a matrix is not counted against a peer."""
    out = np.empty((len(frame), frame.shape[1]))
    for i, name in enumerate(frame):
        values = frame[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes = values.cat.codes.to_numpy().astype(float)
            out[:, i] = np.where(codes < 0, np.nan, codes)
        else:
            out[:, i] = values
    return out


def peers(model, frame):
    if model.suffix == ".txt":
        booster = lightgbm.Booster(model_file=str(model))
        x = matrix(frame)
        # Without the category lists the booster takes codes, as in its C interface.
        plain = lightgbm.Booster(
            model_str=model.read_text().split("\npandas_categorical:")[0] + "\npandas_categorical:null\n"
        )
        yield "LightGBM predict, matrix", lambda: plain.predict(x, num_threads=1)
        yield "LightGBM predict, frame", lambda: booster.predict(frame, num_threads=1)
    else:
        booster = xgboost.Booster(model_file=str(model))
        booster.set_param({"nthread": 1})
        ready = xgboost.DMatrix(frame, enable_categorical=True, nthread=1)
        booster.predict(ready)

        # A matrix that was asked before answers from a cache unless the booster is new to it.
        def fresh():
            booster.reset() if hasattr(booster, "reset") else None
            return booster.predict(ready)

        yield "XGBoost predict, DMatrix ready", fresh
        yield (
            "XGBoost predict, DMatrix made",
            lambda: booster.predict(xgboost.DMatrix(frame, enable_categorical=True, nthread=1)),
        )
        if not any(isinstance(t, pd.CategoricalDtype) for t in frame.dtypes):
            x = matrix(frame)
            yield "XGBoost inplace_predict, matrix", lambda: booster.inplace_predict(x)
        else:
            yield "XGBoost inplace_predict, frame", lambda: booster.inplace_predict(frame)


def main():
    shared, binary = Path(sys.argv[1]), sys.argv[2]
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    print(f"{rows} rows, one thread; lightgbm {lightgbm.__version__}, xgboost {xgboost.__version__}")
    with tempfile.TemporaryDirectory() as directory:
        for fixture, ending, dataset in [
            ("adult-lgbm", "txt", "adult"),
            ("california_housing-lgbm", "txt", "california_housing"),
            ("bike_sharing-lgbm_poisson", "txt", "bike_sharing"),
            ("digits-lgbm", "txt", "digits"),
            ("adult-xgb", "json", "adult"),
            ("california_housing-xgb", "json", None),
            ("bike_sharing-xgb_poisson", "json", None),
            ("digits-xgb", "json", None),
        ]:
            model = shared / "models" / f"{fixture}.{ending}"
            frame = frame_of(shared, fixture, dataset, rows)
            table = Path(directory) / "table.bin"
            write_table(frame, table)
            answers = Path(directory) / "answers.bin"
            said = subprocess.run(
                [binary, model, table, answers, str(REPEATS)], capture_output=True, text=True, check=True
            )
            ours, found = float(said.stdout), np.fromfile(answers)
            print(f"{fixture}: Equipoise {ours * 1e3:.1f} ms")
            for name, run in peers(model, frame):
                seconds, answer = best(run)
                gap = np.abs(np.asarray(answer, dtype=np.float64).ravel() - found)
                if not (gap <= 1e-6 * np.maximum(np.abs(found), 1)).all():
                    sys.exit(f"{fixture}: {name} differs by up to {gap.max()}")
                print(f"  {name}: {seconds * 1e3:.1f} ms, ratio {seconds / ours:.2f}")


if __name__ == "__main__":
    main()
