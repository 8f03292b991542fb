"""Responsible AI assessments of models and data, with an interval on every number.

    >>> import equipoise as eq
    >>> loans = {"income": [2.0, 3.5, 1.0, 4.0] * 25, "sex": ["f", "m", "f", "m"] * 25,
    ...          "repaid": [0, 1, 0, 1] * 24 + [1, 0, 1, 0]}
    >>> a = eq.assess(loans, model=lambda rows: rows["income"] > 3, target="repaid", sensitive=["sex"],
    ...               only=["performance", "fairness"])
    >>> round(a["performance.accuracy"].value, 2)
    0.96
    >>> round(a["fairness.selection_rate.difference[sex]"].value, 2)
    1.0

Everything is imported when it is first used, so that `import equipoise` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import compat, metrics
    from ._assess import analyses, assess, causal, counterfactuals, errors, explain, fairness
    from ._assessment import Assessment, Estimate, Note, Section, Svg, Table, check, compare, load
    from ._errors import EquipoiseError, Interrupted
    from ._tree_explainer import Explanation, TreeExplainer

_PLACES = {
    "Assessment": "_assessment",
    "Estimate": "_assessment",
    "Note": "_assessment",
    "Section": "_assessment",
    "Svg": "_assessment",
    "Table": "_assessment",
    "check": "_assessment",
    "compare": "_assessment",
    "load": "_assessment",
    "analyses": "_assess",
    "assess": "_assess",
    "causal": "_assess",
    "counterfactuals": "_assess",
    "errors": "_assess",
    "explain": "_assess",
    "fairness": "_assess",
    "EquipoiseError": "_errors",
    "Explanation": "_tree_explainer",
    "TreeExplainer": "_tree_explainer",
    "Interrupted": "_errors",
}

__all__ = [
    "Assessment",
    "EquipoiseError",
    "Estimate",
    "Explanation",
    "Interrupted",
    "Note",
    "Section",
    "Svg",
    "Table",
    "TreeExplainer",
    "analyses",
    "assess",
    "causal",
    "check",
    "compare",
    "compat",
    "counterfactuals",
    "errors",
    "explain",
    "fairness",
    "load",
    "metrics",
]


def __getattr__(name: str) -> Any:
    if name in ("compat", "metrics"):
        return importlib.import_module(f"{__name__}.{name}")
    if name == "__version__":
        return importlib.import_module(f"{__name__}._equipoise").__version__
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'equipoise' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
