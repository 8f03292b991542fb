"""Effects with known answers: estimates of `equipoise.causal` beside the published ones.

python benches/known_effects.py DIR

DIR holds `lalonde` (nsw_dw, cps1_controls and psid1_controls as CSV) and `ihdp` (all replications as one Parquet file with
`replication`, `mu0` and `mu1`); NHEFS is in the repository. Prints a table in Markdown.
"""

import argparse
import pathlib

import equipoise as eq
import pandas as pd

ROOT = pathlib.Path(__file__).parents[1]
WHO = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
SMOKERS = ["sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71"]


def effect(rows, treatment, outcome, controls, model, of):
    """Estimate, limits of its 95 % interval, and rows."""
    # The causal analysis asks no model; a constant stands for the predictions that an assessment is about.
    rows = rows[[treatment, outcome, *controls]].assign(predicted=rows[outcome].mean())
    parameters = {"treatment_features": [treatment], "control_features": controls, "nuisance_model": model}
    found = eq.assess(
        rows, target=outcome, prediction="predicted", only="causal", analyses={"causal": parameters}, progress=False
    )
    found = found[f"causal.{of}[{treatment}=1]"]
    return found.value, *found.interval, found.n


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    lalonde = {
        name: pd.read_csv(folder / "lalonde" / f"{name}.csv") for name in ("nsw_dw", "cps1_controls", "psid1_controls")
    }
    experiment = lalonde["nsw_dw"]
    treated = experiment[experiment["treat"] == 1]
    smokers = pd.concat([pd.read_csv(ROOT / "sample" / "nhefs" / f"{part}.csv") for part in ("train", "test")])
    smokers = smokers[smokers["wt82_71"].notna()]
    asked = [
        (
            "NHEFS: quitting on weight, kg",
            smokers,
            "qsmk",
            "wt82_71",
            SMOKERS,
            "average_effect",
            "3.4 (2.4 to 4.5) by weighting, 3.5 (2.6 to 4.5) by standardisation",
        ),
        (
            "LaLonde, experiment: all",
            experiment,
            "treat",
            "re78",
            WHO,
            "average_effect",
            "1,794 (633) by the difference of means",
        ),
    ]
    for name, what in (("cps1_controls", "CPS-1"), ("psid1_controls", "PSID-1")):
        rows = pd.concat([treated, lalonde[name]])
        naive = treated["re78"].mean() - lalonde[name]["re78"].mean()
        published = f"1,794 in the experiment; difference of means here {naive:,.0f}"
        asked.append(
            (f"LaLonde, treated and {what}: those treated", rows, "treat", "re78", WHO, "effect_on_treated", published)
        )
    print("| question | published or true | `linear` | `automl` | rows |\n|---|---|--:|--:|--:|")
    for name, rows, treatment, outcome, controls, of, published in asked:
        cells = []
        for model in ("linear", "automl"):
            value, low, high, n = effect(rows, treatment, outcome, controls, model, of)
            digits = ",.2f" if abs(value) < 100 else ",.0f"
            cells.append(f"{value:{digits}} [{low:{digits}}, {high:{digits}}]")
        print(f"| {name} | {published} | {' | '.join(cells)} | {n:,} |", flush=True)
    children = pd.read_parquet(folder / "ihdp" / "data.parquet")
    controls = [f"x{j}" for j in range(1, 26)]
    for replication, rows in children.groupby("replication"):
        truth = (rows["mu1"] - rows["mu0"]).mean()
        cells = []
        for model in ("linear", "automl"):
            value, low, high, n = effect(rows, "treatment", "y_factual", controls, model, "average_effect")
            cells.append(f"{value:.2f} [{low:.2f}, {high:.2f}]")
        print(f"| IHDP, replication {replication} | {truth:.2f} | {' | '.join(cells)} | {n:,} |", flush=True)


if __name__ == "__main__":
    main()
