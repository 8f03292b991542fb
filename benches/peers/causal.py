"""The tasks of `causal` in DoubleML, EconML, dml-rs and dowhy, on the same rows; CPU seconds of one thread.

OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python benches/peers/causal.py [--rows 100000] [--ours PROGRAM] [--skip forest,dowhy]

With `--ours` the program of `benches/src/bin/causal.rs` runs in the same run, and ratios are printed beside the times.
"""

import argparse
import importlib.util
import json
import pathlib
import subprocess
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
place = pathlib.Path(__file__).parents[2] / "cases" / "causal" / "make_oracle.py"
spec = importlib.util.spec_from_file_location("make_oracle", place)
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)

NAMES = [f"x{j}" for j in range(20)]
FEW = 10_000
# Our task and the peers that it is measured beside.
BESIDE = {
    "plr_ols": ["doubleml|plr", "econml|plr", "dml-rs|plr"],
    "irm_ols_logit": ["doubleml|irm", "econml|doubly_robust", "dml-rs|irm"],
    # EconML's linear final stage with a chance is this estimator, not the doubly robust one.
    "plr_ols_logit": ["econml|irm"],
    "plr_auto": ["lightgbm|plr"],
    "irm_auto": ["lightgbm|irm"],
    "each_of_21_treatments": ["analysis|treatment"],
    "forest_200_trees": ["forest|econml"],
    "forest_10000_200_trees": ["forest10000|econml"],
    "refuter_placebo_100": ["dowhy|placebo"],
    "refuter_random_cause_100": ["dowhy|random_cause"],
    "refuter_subset_100": ["dowhy|subset"],
    "refuter_bootstrap_100": ["dowhy|bootstrap"],
    "identify_20_causes": ["dowhy|identify"],
}


def timed(run, repeats=1):
    best, found = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        found = run()
        best = min(best, time.process_time() - start)
    return best, found


def splits_of(n):
    fold = np.arange(n) % 5
    return [(np.where(fold != k)[0], np.where(fold == k)[0]) for k in range(5)]


class Rows:
    """Simulated rows of both kinds."""

    def __init__(self, n):
        self.n, self.splits, self.sets = n, splits_of(n), {}
        for kind in ("continuous", "binary"):
            y, d, x = oracle.rows(kind, n, 20, 4242)
            columns = dict(zip(NAMES, x.T, strict=True))
            self.sets[kind] = (y, d, np.ascontiguousarray(x), pd.DataFrame({"y": y, "d": d, **columns}))


def logistic():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)


def doubleml(rows, kind, outcome, chance):
    import doubleml

    data = doubleml.DoubleMLData(rows.sets[kind][3], "y", "d", NAMES)
    model = doubleml.DoubleMLPLR if kind == "continuous" else doubleml.DoubleMLIRM
    model = model(data, outcome, chance, draw_sample_splitting=False)
    model.set_sample_splitting([rows.splits])
    model.fit(store_predictions=True)
    y, d = data.y, data.d
    said = {name: np.ravel(values) for name, values in model.predictions.items()}

    def explained(truth, values):
        return float(1 - np.mean((truth - values) ** 2) / np.var(truth))

    if kind == "continuous":
        quality = [explained(y, said["ml_l"]), explained(d, said["ml_m"])]
    else:
        quality = [explained(y[d == arm], said[f"ml_g{arm}"][d == arm]) for arm in (0, 1)]
        m = np.clip(said["ml_m"], 1e-9, 1 - 1e-9)
        quality.append(float(-np.mean(d * np.log(m) + (1 - d) * np.log(1 - m))))
    return {"effect": [float(model.coef[0]), float(model.se[0])], "quality": quality}


def econml(rows, kind):
    from econml.dml import LinearDML
    from sklearn.linear_model import LinearRegression

    y, d, x, _ = rows.sets[kind]
    discrete = kind == "binary"
    chance = logistic() if discrete else LinearRegression()
    model = LinearDML(
        model_y=LinearRegression(), model_t=chance, discrete_treatment=discrete, cv=rows.splits, random_state=0
    )
    model.fit(y, d, W=x, inference="statsmodels")
    return float(np.ravel(model.const_marginal_ate())[0])


def econml_doubly_robust(rows):
    """One regression of the outcome on covariates and treatment, where ours has one for each level."""
    from econml.dr import LinearDRLearner
    from sklearn.linear_model import LinearRegression

    y, d, x, _ = rows.sets["binary"]
    model = LinearDRLearner(
        model_propensity=logistic(),
        model_regression=LinearRegression(),
        min_propensity=0.01,
        cv=rows.splits,
        random_state=0,
    )
    model.fit(y, d, W=x, inference="statsmodels")
    return float(np.ravel(model.ate(T0=0, T1=1))[0])


def dml_rs(rows, kind):
    import dml_rs

    y, d, x, _ = rows.sets[kind]
    if kind == "continuous":
        model = dml_rs.PLR(dml_rs.Ols(), dml_rs.Ols(), n_folds=5)
    else:
        model = dml_rs.IRM(dml_rs.Ols(), dml_rs.LogisticRegression(C=1e12), n_folds=5, clipping_threshold=0.01)
    return [float(v) for v in model.fit(x, y, d, folds=rows.splits).summary.iloc[0][:2]]


def boosted(rows, kind):
    from lightgbm import LGBMClassifier, LGBMRegressor

    options = {"n_estimators": 200, "num_leaves": 15, "learning_rate": 0.1, "n_jobs": 1, "verbose": -1}
    outcome = LGBMRegressor(**options)
    return doubleml(rows, kind, outcome, LGBMClassifier(**options) if kind == "binary" else outcome)


def forest(rows):
    from econml.dml import CausalForestDML
    from sklearn.linear_model import LinearRegression, LogisticRegression

    y, d, x, _ = rows.sets["binary"]
    model = CausalForestDML(
        model_y=LinearRegression(),
        model_t=LogisticRegression(C=np.inf),
        discrete_treatment=True,
        n_estimators=100,
        cv=rows.splits,
        random_state=0,
        n_jobs=1,
    )
    model.fit(y, d, X=x)
    found = model.effect_inference(x[:2000])
    effect, error = np.ravel(found.point_estimate), np.ravel(found.stderr)
    truth = 0.5 + 0.5 * x[:2000, 1] + 0.5 * (x[:2000, 3] > 0)
    return {
        "rmse": float(np.sqrt(np.mean((effect - truth) ** 2))),
        "coverage": float(np.mean(np.abs(effect - truth) < 1.96 * error)),
    }


def analysis(rows):
    """What the toolbox calls, for two of 21 features."""
    from econml.solutions.causal_analysis import CausalAnalysis

    y, d, x, _ = rows.sets["continuous"]
    names = ["d", *NAMES]
    # Column names backed by Arrow break EconML 0.17.
    frame = pd.DataFrame(np.column_stack([d, x]), columns=pd.Index(names, dtype=object))
    model = CausalAnalysis(["d", "x0"], categorical=[], nuisance_models="linear", n_jobs=1, random_state=0)
    model.fit(frame, y)
    return float(model.global_causal_effect()["point"].iloc[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--ours")
    parser.add_argument("--skip", default="")
    args = parser.parse_args()
    skip, out = args.skip.split(","), {}

    def put(name, run, repeats=1, share=1):
        if name.split("|")[0] in skip:
            return None
        try:
            seconds, found = timed(run, repeats)
        except Exception as error:  # a peer that does not install or run is reported, not hidden
            out[name] = {"error": repr(error)[:200]}
            return None
        shown = found if isinstance(found, (float, list, dict)) else None
        out[name] = {"cpu_s": seconds / share, "found": shown}
        return found

    ours = {}
    if args.ours:
        answer = subprocess.run([args.ours, str(args.rows)], check=True, capture_output=True, text=True)
        ours = json.loads(answer.stdout)["tasks"]

    from sklearn.linear_model import LinearRegression

    rows = Rows(args.rows)
    for kind, name in (("continuous", "plr"), ("binary", "irm")):
        chance = LinearRegression() if kind == "continuous" else logistic()
        put(f"doubleml|{name}", lambda k=kind, c=chance: doubleml(rows, k, LinearRegression(), c), 3)
        put(f"econml|{name}", lambda k=kind: econml(rows, k), 3)
        put(f"dml-rs|{name}", lambda k=kind: dml_rs(rows, k), 5)
        put(f"lightgbm|{name}", lambda k=kind: boosted(rows, k))
    put("econml|doubly_robust", lambda: econml_doubly_robust(rows), 3)
    few = Rows(FEW)
    put("analysis|treatment", lambda: analysis(few), share=2)
    put("forest10000|econml", lambda: forest(few))
    if "dowhy" not in skip:
        import dowhy

        model = dowhy.CausalModel(few.sets["continuous"][3], "d", "y", common_causes=NAMES)
        found = put("dowhy|identify", lambda: model.identify_effect(proceed_when_unidentifiable=True))
        estimate = model.estimate_effect(found, method_name="backdoor.linear_regression")
        for name, method, more in (
            ("placebo", "placebo_treatment_refuter", {"placebo_type": "permute"}),
            ("random_cause", "random_common_cause", {}),
            ("subset", "data_subset_refuter", {"subset_fraction": 0.8}),
            ("bootstrap", "bootstrap_refuter", {}),
        ):
            put(
                f"dowhy|{name}",
                lambda method=method, more=more: float(
                    model.refute_estimate(found, estimate, method_name=method, num_simulations=100, **more).new_effect
                ),
            )
    put("forest|econml", lambda: forest(rows))
    ratios = {
        task: {
            peer: round(out[peer]["cpu_s"] / max(ours[task]["cpu_s"], 1e-9), 2)
            for peer in peers
            if "cpu_s" in out.get(peer, {})
        }
        for task, peers in BESIDE.items()
        if task in ours
    }
    print(json.dumps({"rows": args.rows, "ratios": ratios, "ours": ours, "peers": out}, indent=1))


if __name__ == "__main__":
    main()
