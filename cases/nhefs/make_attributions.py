"""Writes `attributions.csv`: LightGBM's own Shapley values (`pred_contrib`) of the bundled sample's first test rows.

python cases/nhefs/make_attributions.py
"""

import pathlib

import lightgbm
import pandas as pd

HERE = pathlib.Path(__file__).parent
SAMPLE = HERE.parent.parent / "sample" / "nhefs"
N_ROWS = 60

booster = lightgbm.Booster(model_file=SAMPLE / "model.txt")
rows = pd.read_csv(SAMPLE / "test.csv").iloc[:N_ROWS]
names = booster.feature_name()
categories = iter(booster.pandas_categorical)
columns = {}
for name in names:
    values = rows[name]
    if values.dtype == object or str(values.dtype) in ("str", "string"):
        columns[name] = pd.Categorical(values, categories=next(categories))
    else:
        columns[name] = values.astype(float)
contributions = booster.predict(pd.DataFrame(columns), pred_contrib=True)
table = pd.DataFrame(contributions, columns=[*names, "base"])
table.insert(0, "row", range(N_ROWS))
table.to_csv(HERE / "attributions.csv", index=False, float_format="%.17g")
