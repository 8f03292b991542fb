"""The tasks of `causal speed` in DoubleML, EconML and dowhy, on the same rows; CPU seconds of one thread.

OMP_NUM_THREADS=1 python benches/peers/causal.py [--rows 100000] [--skip forest,dowhy]
"""

import argparse
import importlib.util
import json
import pathlib
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
place = pathlib.Path(__file__).parents[2] / "cases" / "causal" / "make_oracle.py"
spec = importlib.util.spec_from_file_location("make_oracle", place)
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)


def timed(run, repeats=1):
    best, found = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        found = run()
        best = min(best, time.process_time() - start)
    return best, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--skip", default="")
    args = parser.parse_args()
    n, skip, out = args.rows, args.skip.split(","), {}
    names = [f"x{j}" for j in range(20)]
    fold = np.arange(n) % 5
    splits = [(np.where(fold != k)[0], np.where(fold == k)[0]) for k in range(5)]

    def put(name, run, repeats=1):
        if name.split("|")[0] in skip:
            return
        try:
            seconds, found = timed(run, repeats)
            out[name] = {"cpu_s": seconds, "found": found}
        except Exception as error:  # a peer that does not install or run is reported, not hidden
            out[name] = {"error": repr(error)[:200]}

    from sklearn.linear_model import LinearRegression, LogisticRegression

    sets = {}
    for kind in ("continuous", "binary"):
        y, d, x = oracle.rows(kind, n, 20, 4242)
        sets[kind] = (y, d, x, pd.DataFrame({"y": y, "d": d, **dict(zip(names, x.T, strict=False))}))

    def doubleml(kind):
        import doubleml

        data = doubleml.DoubleMLData(sets[kind][3], "y", "d", names)
        if kind == "continuous":
            model = doubleml.DoubleMLPLR(data, LinearRegression(), LinearRegression(), draw_sample_splitting=False)
        else:
            chance = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
            model = doubleml.DoubleMLIRM(data, LinearRegression(), chance, draw_sample_splitting=False)
        model.set_sample_splitting([splits]).fit()
        return [float(model.coef[0]), float(model.se[0])]

    def econml(kind):
        from econml.dml import LinearDML

        y, d, x, _ = sets[kind]
        chance = (
            LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
            if kind == "binary"
            else LinearRegression()
        )
        model = LinearDML(
            model_y=LinearRegression(), model_t=chance, discrete_treatment=kind == "binary", cv=splits, random_state=0
        )
        model.fit(y, d, W=x, inference="statsmodels")
        return float(np.ravel(model.const_marginal_ate())[0])

    def boosted():
        import doubleml
        from lightgbm import LGBMRegressor

        data = doubleml.DoubleMLData(sets["continuous"][3], "y", "d", names)
        learner = LGBMRegressor(n_estimators=200, num_leaves=15, learning_rate=0.1, n_jobs=1, verbose=-1)
        model = doubleml.DoubleMLPLR(data, learner, learner, draw_sample_splitting=False)
        model.set_sample_splitting([splits]).fit()
        return [float(model.coef[0]), float(model.se[0])]

    def forest():
        from econml.dml import CausalForestDML

        y, d, x, _ = sets["binary"]
        model = CausalForestDML(
            model_y=LinearRegression(),
            model_t=LogisticRegression(C=np.inf),
            discrete_treatment=True,
            n_estimators=100,
            cv=splits,
            random_state=0,
            n_jobs=1,
        )
        model.fit(y, d, X=x)
        effect = model.const_marginal_effect(x[:2000]).ravel()
        truth = 0.5 + 0.5 * x[:2000, 1] + 0.5 * (x[:2000, 3] > 0)
        return {"rmse": float(np.sqrt(np.mean((effect - truth) ** 2)))}

    def dowhy():
        import dowhy

        m = min(n, 10_000)
        model = dowhy.CausalModel(sets["continuous"][3].head(m), "d", "y", common_causes=names)
        found = model.identify_effect(proceed_when_unidentifiable=True)
        estimate = model.estimate_effect(found, method_name="backdoor.linear_regression")
        refutation = model.refute_estimate(
            found, estimate, method_name="placebo_treatment_refuter", num_simulations=100
        )
        return float(refutation.new_effect)

    for kind, name in (("continuous", "plr"), ("binary", "irm")):
        put(f"doubleml|{name}", lambda kind=kind: doubleml(kind), 2)
        put(f"econml|{name}", lambda kind=kind: econml(kind), 2)
    put("lightgbm|plr", boosted)
    put("forest|econml", forest)
    put("dowhy|placebo_100", dowhy)
    print(json.dumps({"rows": n, "tasks": out}, indent=1))


if __name__ == "__main__":
    main()
