"""A causal section as the toolbox's data."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from ._data import (
    CausalConfig,
    CausalData,
    CausalPolicy,
    CausalPolicyGains,
    CausalPolicyTreeInternal,
    CausalPolicyTreeLeaf,
)
from ._told import Answer, plain

if TYPE_CHECKING:
    from ._insights import RAIInsights

VERSION = "0.1.0"
"""Of the form, as the toolbox counts it."""

Tree = CausalPolicyTreeInternal | CausalPolicyTreeLeaf


def causal(answer: Answer, insights: RAIInsights) -> CausalData:
    """Effects with errors and tests, of all rows and of each, and policies."""
    outcome = insights.target_column
    table = answer.section.table("effects").to_pandas().to_dict("records")
    overall = [
        _effect(
            outcome,
            row["treatment"],
            row["contrast"],
            (row["average"], row["error"], row["average_low"], row["average_high"]),
        )
        for row in table
    ]
    treatments = [str(name) for name in answer.asked["treatment_features"]]
    local: list[list[dict[str, Any]]] = [[] for _ in range(len(insights.test))]
    # With more columns than rows no row has an effect of its own.
    has_rows = "individual_effects" in answer.assessment.artifacts
    for row in answer.assessment.artifact("individual_effects").to_dict("records") if has_rows else []:
        figures = (row["effect"], row["standard_error"], row["low"], row["high"])
        told = _effect(outcome, row["treatment"], row["contrast"], figures)
        local[int(row["row"])].append({"sample": int(row["row"]), **told})
    return CausalData(
        id=answer.id,
        version=VERSION,
        config=CausalConfig(treatments),
        global_effects=overall,
        local_effects=local,
        policies=[_policy(answer, insights, name, i) for i, name in enumerate(treatments)],
    )


def _effect(outcome: str, feature: Any, contrast: Any, figures: tuple[Any, Any, Any, Any]) -> dict[str, Any]:
    point, error, low, high = (plain(v) for v in figures)
    z = point / error if point is not None and error else None
    return {
        "outcome": outcome,
        "feature": str(feature),
        "feature_value": _value(str(contrast)),
        "point": point,
        "stderr": error,
        "zstat": z,
        # Of the normal distribution, both sides.
        "p_value": None if z is None else math.erfc(abs(z) / math.sqrt(2)),
        "ci_lower": low,
        "ci_upper": high,
    }


def _value(contrast: str) -> str:
    """`num` for one unit more, `bva` for `b` against `a`."""
    level, against, control = contrast.partition(" against ")
    return f"{level}v{control}" if against else "num"


def _policy(answer: Answer, insights: RAIInsights, name: str, place: int) -> CausalPolicy:
    section = answer.section
    start = f"causal.policy_gain_over_all[{name}="
    gains = {i[len(start) : -1]: plain(e.value) for i, e in section.estimates.items() if i.startswith(start)}
    control = next(iter(gains), "")
    # Of everybody treated alike against the control: the policy's gain over the control less its gain over that treatment.
    over_control = gains.get(control)
    treated = {
        level: None if over_control is None or gain is None else over_control - gain
        for level, gain in gains.items()
        if level != control
    }
    table = f"policy_{place}"
    return CausalPolicy(
        treatment_feature=name,
        control_treatment=control,
        local_policies=_local(answer, insights, name),
        policy_gains=CausalPolicyGains(over_control, treated),
        policy_tree=_tree(section.table(table).to_pandas(), name) if table in section.tables else None,
    )


def _local(answer: Answer, insights: RAIInsights, name: str) -> list[dict[str, Any]]:
    """For each row what to do, what that is worth, and the row; the largest gains first."""
    if "individual_policy" not in answer.assessment.artifacts:
        return []
    found = answer.assessment.artifact("individual_policy")
    found = found[found["treatment"].astype(str) == name].sort_values("gain_less_cost", ascending=False, kind="stable")
    features = [c for c in insights._feature_names() if c != name]
    rows = insights.test.reset_index(drop=True)
    told = []
    for one in found.to_dict("records"):
        row = rows.loc[int(one["row"])]
        told.append(
            {
                "index": int(one["row"]),
                "Treatment": _action(str(one["action"]), name),
                "Effect of treatment": plain(one["gain_less_cost"]),
                "Effect of treatment lower bound": plain(one["low"]),
                "Effect of treatment upper bound": plain(one["high"]),
                **{c: plain(row[c]) for c in features},
                "Current treatment": plain(row[name]),
            }
        )
    return told


def _action(action: str, name: str) -> str:
    return action.removeprefix(f"{name} = ")


def _tree(table: pd.DataFrame, name: str) -> Tree | None:
    nodes = {int(row["node"]): row for row in table.to_dict("records")}
    children: dict[int, list[int]] = {}
    for node, row in nodes.items():
        if not pd.isna(row["parent"]):
            children.setdefault(int(row["parent"]), []).append(node)

    def at(node: int) -> Tree:
        row, below = nodes[node], children.get(node, [])
        if len(below) != 2:
            return CausalPolicyTreeLeaf(int(row["n"]), _action(str(row["action"]), name))
        left, right = below
        feature, comparison, value = _question(str(nodes[right]["rule"]), str(nodes[right]["action"]))
        return CausalPolicyTreeInternal(feature, comparison, value, at(left), at(right))

    return at(min(nodes)) if nodes else None


def _question(rule: str, action: str) -> tuple[str, str, Any]:
    """The condition of the rows on the right, told apart from what is done with them."""
    condition = rule.removesuffix(f": {action}") if action else rule
    above = re.fullmatch(r"(.+) > ([-\u2212]?[0-9.,\u202fe+-]+)", condition)
    if above:
        return above[1], "gt", float(re.sub("[\u202f,]", "", above[2].replace("\u2212", "-")))
    feature, _, value = condition.partition(" = ")
    return feature, "eq", value
