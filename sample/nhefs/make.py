"""Makes this sample from the causallib 0.10.0 wheel: `train.csv`, `test.csv` and `model.txt`; and, for tests,
LightGBM's own predictions in `cases/nhefs/predictions.csv`.

    python -m pip download --no-deps --dest target causallib==0.10.0
    python sample/nhefs/make.py target/causallib-0.10.0-py3-none-any.whl

The data are the source's text, cell by cell; only sex, race and education are written as words. With the packages of
`requirements.txt` the files come out byte for byte.
"""

import argparse
import csv
import hashlib
import io
import pathlib
import random
import sys
import zipfile

HERE = pathlib.Path(__file__).parent
PREDICTIONS = HERE.parent.parent / "cases" / "nhefs" / "predictions.csv"
WHEEL_SHA256 = "ebb0293ce633df7c667fa284706538c6c7e2c66376870d2c1325d0e1a4bbd76e"
SOURCE = "causallib/datasets/data/nhefs/NHEFS.csv"

WORDS = {
    "sex": {"0": "male", "1": "female"},
    "race": {"0": "white", "1": "black or other"},
    "education": {
        "1": "8th grade or less",
        "2": "high school dropout",
        "3": "high school",
        "4": "college dropout",
        "5": "college or more",
    },
}

# What was known about a person in 1971. Quitting (`qsmk`), blood pressure (1982), weight in 1982 and all that
# followed came later: a model that used them would look into the future.
FEATURES = [
    "age", "sex", "race", "education", "income", "marital", "ht", "wt71", "smokeintensity", "smokeyrs", "active",
    "exercise", "alcoholfreq", "asthma", "bronch", "diabetes", "hbp", "hf", "pepticulcer", "tumor", "weakheart",
    "cholesterol",
]  # fmt: skip
CATEGORICAL = ["sex", "race", "education"]
# More years lived, or smoked, never lower the risk that the model gives.
RISES_WITH = ["age", "smokeyrs", "smokeintensity"]


def read_source(wheel):
    """The header and the rows of the source, with words for the codes in `WORDS`."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        sys.exit(f"error: `{wheel}` is not the wheel of causallib 0.10.0: its SHA-256 is {digest}")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(SOURCE).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        for column, words in WORDS.items():
            row[column] = words[row[column]]
    return list(rows[0]), rows


def split(rows):
    """Three quarters to train on and one to test on, each with the same share of deaths; the order is kept."""
    draw = random.Random(0)
    test = set()
    for outcome in ("0", "1"):
        members = [i for i, row in enumerate(rows) if row["death"] == outcome]
        test.update(draw.sample(members, round(len(members) / 4)))
    return [r for i, r in enumerate(rows) if i not in test], [r for i, r in enumerate(rows) if i in test]


def write(name, header, rows):
    with open(HERE / name, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, header, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def frame(name):
    """The model's inputs and the target as LightGBM takes them: numbers, and words as categories in sorted order."""
    import pandas as pd

    data = pd.read_csv(HERE / name, dtype={c: "str" for c in CATEGORICAL})
    inputs = data[FEATURES].copy()
    for column in CATEGORICAL:
        inputs[column] = pd.Categorical(inputs[column], categories=sorted(WORDS[column].values()))
    numbers = [c for c in FEATURES if c not in CATEGORICAL]
    inputs[numbers] = inputs[numbers].astype("float64")
    return inputs, data["death"]


def train():
    """A small boosted-tree model of death by 1992, from what was known in 1971."""
    import lightgbm as lgb
    from sklearn import metrics

    inputs, target = frame("train.csv")
    params = {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 7,
        "min_data_in_leaf": 25,
        "lambda_l2": 5.0,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "monotone_constraints": [int(c in RISES_WITH) for c in FEATURES],
        "monotone_constraints_method": "basic",
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    model = lgb.train(params, lgb.Dataset(inputs, target), num_boost_round=60)
    text = model.model_to_string(num_iteration=-1)
    (HERE / "model.txt").write_text(text, encoding="utf-8", newline="\n")
    for name in ("train.csv", "test.csv"):
        inputs, target = frame(name)
        p = model.predict(inputs, num_threads=1)
        auc, loss = metrics.roc_auc_score(target, p), metrics.log_loss(target, p)
        if name == "test.csv":
            margin = model.predict(inputs, raw_score=True, num_threads=1)
            rows = [f"{i},{m!r},{q!r}" for i, (m, q) in enumerate(zip(margin.tolist(), p.tolist(), strict=True))]
            PREDICTIONS.parent.mkdir(parents=True, exist_ok=True)
            PREDICTIONS.write_text("\n".join(["row,margin,proba", *rows, ""]), encoding="utf-8")
        print(f"{name}: {len(p)} rows, {int(target.sum())} deaths, roc_auc {auc:.4f}, log_loss {loss:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=pathlib.Path, help="causallib-0.10.0-py3-none-any.whl")
    header, rows = read_source(parser.parse_args().wheel)
    to_train, to_test = split(rows)
    write("train.csv", header, to_train)
    write("test.csv", header, to_test)
    train()


if __name__ == "__main__":
    main()
