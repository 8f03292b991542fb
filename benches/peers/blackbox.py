"""Error of sampled Shapley values against model calls: Equipoise beside shap's KernelExplainer, on the same games.

    python benches/peers/blackbox.py SHARED BLACKBOX_BINARY [ROWS]

SHARED holds `data`. Three models (logistic regression, a small neural network, LightGBM) are trained on Adult's 14 columns
as numbers; a game is one test row against 100 background rows. All 2^14 coalitions of each game are asked once, so that the
exact values are known and both sides sample from the same table. One coalition costs as many model calls as there are background
rows. Prints error by number of coalitions and how many coalitions an error of 1 % takes (log-log interpolation).
"""

# ruff: noqa: E402, B023 — threads are limited before the libraries start them; what closes over a loop is called in it.

import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")
warnings.filterwarnings("ignore")

import itertools

import lightgbm
import numpy as np
import pandas as pd
import shap
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BUDGETS = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048]
BACKGROUND = 100


def as_numbers(data, like):
    columns = {}
    for name in like.columns.drop("income"):
        if pd.api.types.is_numeric_dtype(like[name]):
            columns[name] = data[name].astype("float64")
        else:
            levels = sorted(like[name].dropna().astype(str).unique())
            columns[name] = pd.Categorical(data[name].astype(str), categories=levels).codes.astype("float64")
    return pd.DataFrame(columns).fillna(-1).to_numpy()


def games(predict, rows, background):
    d = rows.shape[1]
    masks = ((np.arange(1 << d)[:, None] >> np.arange(d)) & 1).astype(bool)
    tables = np.empty((len(rows), 1 << d))
    for i, x in enumerate(rows):
        for start in range(0, 1 << d, 1024):
            some = masks[start : start + 1024]
            mixed = np.where(some[:, None, :], x, background[None]).reshape(-1, d)
            tables[i, start : start + 1024] = predict(mixed).reshape(len(some), -1).mean(1)
    return tables


def exact(table, d):
    size = np.array([bin(s).count("1") for s in range(1 << d)])
    weight = np.array([math.factorial(k) * math.factorial(d - k - 1) / math.factorial(d) for k in range(d)])
    places = np.arange(1 << d)
    out = []
    for i in range(d):
        without = places[(places >> i) & 1 == 0]
        out.append(np.dot(weight[size[without]], table[without | 1 << i] - table[without]))
    return np.array(out)


def kernel_shap(table, d, n):
    power = 1 << np.arange(d)
    ask = lambda z: table[(np.asarray(z) > 0.5).astype(int) @ power]
    explainer = shap.KernelExplainer(ask, np.zeros((1, d)))
    return explainer.shap_values(np.ones((1, d)), nsamples=n, l1_reg=0, silent=True)[0]


def at_one_percent(points):
    for (n0, e0), (n1, e1) in itertools.pairwise(points):
        if e0 > 0.01 >= e1:
            share = math.log(e0 / 0.01) / math.log(e0 / e1)
            return math.exp(math.log(n0) + share * math.log(n1 / n0))
    return points[0][0] if points[0][1] <= 0.01 else None


def main():
    shared, binary = Path(sys.argv[1]), sys.argv[2]
    n_rows = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    train = pd.read_parquet(shared / "data/adult/train.parquet")
    test = pd.read_parquet(shared / "data/adult/test.parquet")
    x, rows = as_numbers(train, train), as_numbers(test, train)[:n_rows]
    y = train["income"].astype(str).str.contains(">50").to_numpy().astype(int)
    background = x[np.random.default_rng(5).choice(len(x), BACKGROUND, replace=False)]
    d = x.shape[1]
    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "network": make_pipeline(StandardScaler(), MLPClassifier((64, 32), max_iter=12, random_state=0)),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=200, num_leaves=31, verbose=-1, n_jobs=1),
    }
    for name, model in models.items():
        model.fit(x, y)
        tables = games(lambda z: model.predict_proba(z)[:, 1], rows, background)
        truth = np.array([exact(t, d) for t in tables])
        scale = np.abs(truth).mean()
        with tempfile.NamedTemporaryFile() as file:
            file.write(tables.astype("<f8").tobytes())
            file.flush()
            told = subprocess.run(
                [binary, file.name, str(d), *map(str, BUDGETS)], check=True, capture_output=True, text=True
            )
        ours = [json.loads(line) for line in told.stdout.splitlines()]
        np.random.seed(0)  # noqa: NPY002 — the explainer draws from the global state
        theirs = []
        for n in BUDGETS:
            found = np.array([kernel_shap(t, d, n) for t in tables])
            theirs.append((n, float(np.abs(found - truth).mean() / scale)))
        for mine, (n, error) in zip(ours, theirs, strict=False):
            print(
                json.dumps(
                    {
                        "model": name,
                        "coalitions": n,
                        "equipoise": mine["relative_error"],
                        "coverage": mine["coverage"],
                        "shap": error,
                    }
                )
            )
        mine = at_one_percent([(o["coalitions"], o["relative_error"]) for o in ours])
        other = at_one_percent(theirs)
        print(
            json.dumps(
                {
                    "model": name,
                    "coalitions_at_1_percent": {"equipoise": mine, "shap": other},
                    "share": mine / other if mine and other else None,
                }
            )
        )


if __name__ == "__main__":
    main()
