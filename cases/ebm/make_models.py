"""Small explainable boosting machines of InterpretML, with its own answers to rows that hold missing and unknown values.

    python cases/ebm/make_models.py FOLDER

Written with interpret-core 0.7.8 on simulated rows. `rows.csv` holds inputs; `binary.csv`, `number.csv` and `several.csv` the
library's predictions (the probability of the second class, the number, the probability of each class).
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor


def rows(n, draw):
    frame = pd.DataFrame(
        {
            "age": draw.uniform(18, 80, n).round(),
            "hours": draw.normal(40, 9, n).round(1),
            "job": draw.choice(["clerk", "cook", "driver"], n),
            "home": draw.choice(["own", "rent"], n),
        }
    )
    frame.loc[draw.random(n) < 0.08, "hours"] = np.nan
    return frame


def main():
    folder, draw = Path(sys.argv[1]), np.random.default_rng(5)
    train, test = rows(600, draw), rows(60, draw)
    test.loc[0, "job"], test.loc[1, "home"] = "pilot", "boat"
    test.loc[2, ["age", "hours"]] = [-1e6, 1e6]
    test.loc[3, ["age", "hours"]] = np.nan
    together = (train.home == "rent") * (train.hours.fillna(30) - 40) / 5
    margin = (train.age - 45) / 15 + (train.job == "cook") * 1.2 + together
    noise = draw.logistic(size=len(train))
    options = dict(
        interactions=2, max_bins=12, max_interaction_bins=6, outer_bags=2, max_rounds=200, random_state=1, n_jobs=1
    )
    binary = ExplainableBoostingClassifier(**options).fit(train, np.where(margin + noise > 0, "yes", "no"))
    number = ExplainableBoostingRegressor(**options).fit(train, margin + noise)
    several = ExplainableBoostingClassifier(**{**options, "interactions": 0})
    several.fit(train, np.digitize(margin + noise, [-1, 1]))
    test.to_csv(folder / "rows.csv", index=False)
    answers = {
        "binary": binary.predict_proba(test)[:, 1:],
        "number": number.predict(test)[:, None],
        "several": several.predict_proba(test),
    }
    for (name, values), model in zip(answers.items(), (binary, number, several), strict=True):
        model.to_json(folder / f"{name}.json", detail="minimal", indent=None)
        text = json.dumps(json.loads((folder / f"{name}.json").read_text()), separators=(",", ":"))
        (folder / f"{name}.json").write_text(text + "\n")
        pd.DataFrame(values).to_csv(folder / f"{name}.csv", index=False, header=False)


if __name__ == "__main__":
    main()
