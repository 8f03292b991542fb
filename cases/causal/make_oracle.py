"""Writes `cases/oracles/causal.json`: effects by other hands on simulated rows that any language makes bit for bit.

DoubleML and EconML give estimates and standard errors on fixed folds (row number modulo 5); the omitted-variable bounds
are derived here with numpy, because the standard errors of the libraries' bounds belong to the opposite sides
(`--bootstrap` resamples the rows and shows it).

    python cases/causal/make_oracle.py [--bootstrap]
"""

import argparse
import importlib.metadata
import json
import math
import pathlib
import warnings

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

warnings.filterwarnings("ignore")
K, N, P, SEED = 5, 1500, 8, 77
GOLDEN, STREAM = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(seed, stream, n):
    with np.errstate(over="ignore"):
        key = mix(mix(np.array([seed + 1], np.uint64) * GOLDEN) + np.array([stream + 1], np.uint64) * STREAM)
        return (mix(np.arange(1, n + 1, dtype=np.uint64) * GOLDEN + key) >> np.uint64(11)).astype(float) * 2.0**-53


def bell(seed, stream, n):
    total = uniform(seed, 1000 * stream, n)
    for k in range(1, 12):
        total = total + uniform(seed, 1000 * stream + k, n)
    return total - 6.0


def squash(x):
    return 0.5 * (1.0 + x / (1.0 + np.abs(x)))


def six(x):
    return np.rint(x * 1e6) / 1e6


def rows(kind, n=N, p=P, seed=SEED):
    x = []
    for j in range(p):
        e = bell(seed, 10 + j, n)
        x.append(six(e if j == 0 else 0.7 * x[-1] + math.sqrt(1 - 0.7 * 0.7) * e))
    g = squash(3.0 * x[0]) + 0.25 * x[2] + 0.3 * np.abs(x[4])
    if kind == "continuous":
        d = six(x[0] + 0.5 * (squash(4.0 * x[2]) - 0.5) + bell(seed, 1, n))
        effect = np.full(n, 0.5)
    else:
        chance = 0.05 + 0.9 * squash(0.8 * x[0] + 0.4 * x[2] - 0.3 * x[4])
        d = (uniform(seed, 3, n) < chance).astype(float)
        effect = 0.5 + 0.5 * x[1] + 0.5 * (x[3] > 0)
    return six(effect * d + g + bell(seed, 2, n)), d, np.column_stack(x)


def with_one(x):
    return np.column_stack([np.ones(len(x)), x])


def least_squares(x, y, new):
    return with_one(new) @ np.linalg.lstsq(with_one(x), y, rcond=None)[0]


def logistic(x, d, new):
    a, b = with_one(x), np.zeros(x.shape[1] + 1)
    for _ in range(50):
        p = 1 / (1 + np.exp(-a @ b))
        step = np.linalg.solve(a.T @ (a * (p * (1 - p))[:, None]), a.T @ (d - p))
        b += step
        if np.abs(step).max() < 1e-13:
            break
    return 1 / (1 + np.exp(-with_one(new) @ b))


def out_of_fold(fit, x, y, fold, arm=None):
    out = np.empty(len(y))
    for k in range(K):
        train = (fold != k) if arm is None else (fold != k) & arm
        out[fold == k] = fit(x[train], y[train], x[fold == k])
    return out


def bounds(theta, influence, errors, nu, psi_nu, c_y=0.04, c_d=0.03, level=0.95):
    """Both bounds with standard errors out of the influence of the bound itself, and the robustness values."""
    sigma = errors.mean()
    b = math.sqrt(sigma * nu)
    of_b = (sigma * psi_nu + nu * (errors - sigma)) / (2 * b)

    def at(c_y, c_d, sign):
        s = math.sqrt(c_y * c_d / (1 - c_d))
        here = theta + sign * s * b
        se = math.sqrt(((influence + sign * s * of_b) ** 2).mean() / len(influence))
        return [here, se, here + sign * norm.ppf(level) * se]

    sign = -1 if theta > 0 else 1
    root = lambda i: brentq(lambda r: at(r, r, sign)[i], 0, 0.9999, xtol=1e-15, rtol=1e-14)
    return {
        "lower": at(c_y, c_d, -1),
        "upper": at(c_y, c_d, 1),
        "rv": root(0),
        "rva": root(2),
        "sigma_squared": sigma,
        "nu_squared": nu,
    }


def continuous():
    from doubleml import DoubleMLData, DoubleMLPLIV, DoubleMLPLR
    from econml.dml import LinearDML
    from econml.inference import StatsModelsInference
    from sklearn.linear_model import LinearRegression

    y, d, x = rows("continuous")
    fold = np.arange(N) % K
    splits = [(np.where(fold != k)[0], np.where(fold == k)[0]) for k in range(K)]
    names = [f"x{j}" for j in range(P)]
    frame = pd.DataFrame({"y": y, "d": d, **dict(zip(names, x.T, strict=False))})
    out = {}
    for score, learners in (("partialling out", 2), ("IV-type", 3)):
        model = DoubleMLPLR(
            DoubleMLData(frame, "y", "d", names),
            *[LinearRegression()] * learners,
            n_folds=K,
            score=score,
            draw_sample_splitting=False,
        )
        model.set_sample_splitting([splits]).fit()
        out[score] = [float(model.coef[0]), float(model.se[0])]
    # An instrument that moves the treatment: the last covariate, which does nothing else.
    model = DoubleMLPLIV(
        DoubleMLData(frame.assign(z=frame.x7 + frame.d), "y", "d", names[:7], "z"),
        *[LinearRegression()] * 3,
        n_folds=K,
        draw_sample_splitting=False,
    )
    model.set_sample_splitting([splits]).fit()
    out["instrument"] = [float(model.coef[0]), float(model.se[0])]
    for covariance in ("nonrobust", "HC0", "HC1"):
        fit = LinearDML(model_y=LinearRegression(), model_t=LinearRegression(), cv=splits, random_state=0)
        fit.fit(y, d, X=x[:, [1, 3]], W=x[:, [0, 2, 4, 5, 6, 7]], inference=StatsModelsInference(cov_type=covariance))
        ate = fit.const_marginal_ate_inference(X=x[:, [1, 3]])
        out["linear_dml|" + covariance] = {
            "coefficients": [*map(float, fit.coef_.ravel()), float(np.ravel(fit.intercept_)[0])],
            "se": [
                *map(float, np.ravel(fit.coef__inference().stderr)),
                float(np.ravel(fit.intercept__inference().stderr)[0]),
            ],
            "ate": [float(np.ravel(ate.mean_point)[0]), float(np.ravel(ate.stderr_mean)[0])],
        }
    u, v = y - out_of_fold(least_squares, x, y, fold), d - out_of_fold(least_squares, x, d, fold)
    theta = (v @ u) / (v @ v)
    errors, nu = (u - theta * v) ** 2, 1 / (v * v).mean()
    influence = v * (u - theta * v) / (v * v).mean()
    out["bounds"] = bounds(theta, influence, errors, nu, nu - v * v * nu * nu)
    return out


def local(y, d, x, fold):
    """The effect on those whom an instrument of two levels moves, by DoubleML and by the formula."""
    from doubleml import DoubleMLData, DoubleMLIIVM
    from sklearn.base import ClassifierMixin
    from sklearn.linear_model import LinearRegression, LogisticRegression

    class LinearChance(ClassifierMixin, LinearRegression):
        """Least squares where the library wants a classifier."""

        def fit(self, x, y):
            self.classes_ = np.array([0.0, 1.0])
            return LinearRegression.fit(self, x, y)

        def predict_proba(self, x):
            p = LinearRegression.predict(self, x)
            return np.column_stack([1 - p, p])

    z = (x[:, 7] + 2.0 * d > 1.0).astype(float)
    seven = x[:, :7]
    names = [f"x{j}" for j in range(7)]
    frame = pd.DataFrame({"y": y, "d": d, "z": z, **dict(zip(names, seven.T, strict=False))})
    chance = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    model = DoubleMLIIVM(
        DoubleMLData(frame, "y", "d", names, "z"),
        LinearRegression(),
        chance,
        LinearChance(),
        n_folds=K,
        draw_sample_splitting=False,
    )
    model.set_sample_splitting([[(np.where(fold != k)[0], np.where(fold == k)[0]) for k in range(K)]]).fit()
    m = np.clip(out_of_fold(logistic, seven, z, fold), 0.01, 0.99)

    def moved(target):
        one, zero = (out_of_fold(least_squares, seven, target, fold, z == arm) for arm in (1, 0))
        return one - zero + z * (target - one) / m - (1 - z) * (target - zero) / (1 - m)

    b, a = moved(y), -moved(d)
    cells = np.cov(np.vstack([a, b]), ddof=0) / N
    q = norm.ppf(0.975) ** 2
    quadratic = [
        a.mean() ** 2 - q * cells[0, 0],
        2 * (a.mean() * b.mean() - q * cells[0, 1]),
        b.mean() ** 2 - q * cells[1, 1],
    ]
    first = -a
    return {
        "effect": [float(model.coef[0]), float(model.se[0])],
        "by_formula": float(-b.mean() / a.mean()),
        "first_stage_f": float(first.mean() ** 2 / (first.var() / N)),
        "anderson_rubin": sorted(map(float, np.roots(quadratic))),
    }


def binary():
    from doubleml import DoubleMLData, DoubleMLIRM
    from sklearn.linear_model import LinearRegression, LogisticRegression

    y, d, x = rows("binary")
    fold = np.arange(N) % K
    splits = [(np.where(fold != k)[0], np.where(fold == k)[0]) for k in range(K)]
    names = [f"x{j}" for j in range(P)]
    frame = pd.DataFrame({"y": y, "d": d, **dict(zip(names, x.T, strict=False))})
    out = {"local": local(y, d, x, fold)}
    for score, normalise in (("ATE", False), ("ATTE", False), ("ATE", True)):
        chance = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
        model = DoubleMLIRM(
            DoubleMLData(frame, "y", "d", names),
            LinearRegression(),
            chance,
            n_folds=K,
            score=score,
            normalize_ipw=normalise,
            draw_sample_splitting=False,
        )
        model.set_sample_splitting([splits]).fit()
        out[score + ("|normalised" if normalise else "")] = [float(model.coef[0]), float(model.se[0])]
    g0 = out_of_fold(least_squares, x, y, fold, d == 0)
    g1 = out_of_fold(least_squares, x, y, fold, d == 1)
    m = np.clip(out_of_fold(logistic, x, d, fold), 0.01, 0.99)
    for name, w, w_bar in (("ATE", np.ones(N), np.ones(N)), ("ATTE", d / d.mean(), m / d.mean())):
        psi_b = w * (g1 - g0) + w_bar * (d * (y - g1) / m - (1 - d) * (y - g0) / (1 - m))
        theta = psi_b.mean()
        alpha = w_bar * (d / m - (1 - d) / (1 - m))
        element = 2 * w * w_bar * (1 / m + 1 / (1 - m)) - alpha**2
        errors = (y - d * g1 - (1 - d) * g0) ** 2
        out["bounds|" + name] = bounds(theta, psi_b - w * theta, errors, element.mean(), element - element.mean())
    return out, (y, d, g0, g1, m)


def bootstrap(y, d, g0, g1, m, draws=20000):
    """Standard deviations of both bounds over resampled rows: they agree with `bounds|ATE` and not with the libraries."""
    rng = np.random.default_rng(0)
    psi = (g1 - g0) + d * (y - g1) / m - (1 - d) * (y - g0) / (1 - m)
    errors = (y - d * g1 - (1 - d) * g0) ** 2
    element = 2 * (1 / m + 1 / (1 - m)) - (d / m - (1 - d) / (1 - m)) ** 2
    s = math.sqrt(0.04 * 0.03 / 0.97)
    found = []
    for _ in range(draws):
        w = np.bincount(rng.integers(0, N, N), minlength=N) / N
        b = s * math.sqrt((w @ errors) * (w @ element))
        found.append((w @ psi - b, w @ psi + b))
    return dict(zip(("lower", "upper"), map(float, np.std(found, axis=0)), strict=False))


def formulas():
    """E-values and the robustness value of a least squares coefficient at round numbers."""

    def e_value(rr):
        rr = 1 / rr if rr < 1 else rr
        return rr + math.sqrt(rr * (rr - 1))

    estimate, se, df, sd = 0.8, 0.2, 120, 2.0
    f = estimate / se / math.sqrt(df)
    less = f - student.ppf(0.975, df - 1) / math.sqrt(df - 1)
    rv = lambda f: 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)
    return {
        "rv": rv(f),
        "rva": rv(less),
        "partial_r_squared": 16 / (16 + df),
        "e_value": [e_value(math.exp(0.91 * estimate / sd)), e_value(math.exp((0.91 * estimate - 1.78 * se) / sd))],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", action="store_true")
    two, parts = binary()
    if parser.parse_args().bootstrap:
        print(bootstrap(*parts))
    versions = {p: importlib.metadata.version(p) for p in ("DoubleML", "econml", "numpy", "scipy", "scikit-learn")}
    result = {
        "versions": versions,
        "rows": {"n": N, "p": P, "seed": SEED, "folds": K},
        "continuous": continuous(),
        "binary": two,
        "formulas": formulas(),
    }
    place = pathlib.Path(__file__).parent.parent / "oracles" / "causal.json"
    place.write_text(json.dumps(result, indent=1) + "\n")
