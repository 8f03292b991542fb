"""CPU time of permutation importance and partial dependence: Equipoise on native trees beside scikit-learn, one thread.

    python benches/peers/shuffle.py SHARED SHUFFLE_BINARY [ROWS]

Both sides have the same LightGBM model (Adult, and California housing) and the same rows. scikit-learn asks the booster, as a
matrix of codes, so that encoding is not counted against it: `permutation_importance` (5 repeats, accuracy, the cheapest score)
and `partial_dependence` (20 places, average and individual lines, every numeric feature for Equipoise and every feature for
scikit-learn is asked at the same number of places). Equipoise's figure holds encoding and every shuffled or set prediction,
without the score.
"""

# ruff: noqa: E402, B023 — threads are limited before the libraries start them; what closes over a loop is called in it.

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")
warnings.filterwarnings("ignore")

import lightgbm
import numpy as np
from predict import frame_of, matrix, write_table
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance

REPEATS, GRID = 5, 20


class Asked(BaseEstimator):
    def __init__(self, booster):
        self.booster = booster
        self.fitted_ = True

    def fit(self, x, y):
        return self

    def raw(self, x):
        return self.booster.predict(np.asarray(x), num_threads=1)


class Classifier(ClassifierMixin, Asked):
    classes_ = np.array([0, 1])

    def predict(self, x):
        return (self.raw(x) > 0.5).astype(int)

    def predict_proba(self, x):
        p = self.raw(x)
        return np.c_[1 - p, p]


class Regressor(RegressorMixin, Asked):
    def predict(self, x):
        return self.raw(x)


def cpu(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def main():
    shared, binary = Path(sys.argv[1]), sys.argv[2]
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 4_000
    for fixture, dataset, wrap in [
        ("adult-lgbm", "adult", Classifier),
        ("california_housing-lgbm", "california_housing", Regressor),
    ]:
        path = shared / "models" / f"{fixture}.txt"
        frame = frame_of(shared, fixture, dataset, rows)
        x = matrix(frame)
        text = path.read_text().split("\npandas_categorical:")[0] + "\npandas_categorical:null\n"
        model = wrap(lightgbm.Booster(model_str=text))
        y = model.predict(x)
        with tempfile.TemporaryDirectory() as directory:
            table = Path(directory) / "table.bin"
            write_table(frame, table)
            said = subprocess.run(
                [binary, str(path), str(table), str(REPEATS), str(GRID)], capture_output=True, text=True, check=True
            )
        ours = json.loads(said.stdout)
        shuffled = cpu(lambda: permutation_importance(model, x, y, n_repeats=REPEATS, random_state=0))
        places = lambda: [
            partial_dependence(model, x, [j], grid_resolution=GRID, kind="both", percentiles=(0, 1))
            for j in range(x.shape[1])
        ]
        curves = cpu(places)
        print(
            json.dumps(
                {
                    "model": fixture,
                    "rows": rows,
                    "permutation_importance": {
                        "scikit-learn": shuffled,
                        "equipoise": ours["shuffled"],
                        "times": shuffled / ours["shuffled"],
                    },
                    "partial_dependence": {
                        "scikit-learn": curves,
                        "equipoise": ours["set"],
                        "times": curves / ours["set"],
                    },
                }
            )
        )


if __name__ == "__main__":
    main()
