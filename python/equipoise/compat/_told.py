"""Sections of an assessment as the toolbox's data: explanations, errors and counterfactuals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._assessment import Assessment, Section
from ._data import (
    CounterfactualData,
    ErrorAnalysisData,
    FeatureImportance,
    ModelExplanationData,
    PrecomputedExplanations,
)
from ._predicates import Clause, clauses_of

if TYPE_CHECKING:
    from ._insights import RAIInsights


@dataclass
class Answer:
    """The section that answers a configuration, with the assessment that it is part of."""

    section: Section
    assessment: Assessment
    asked: dict[str, Any]
    id: str


def plain(value: Any) -> Any:
    """A value as JSON has it: no NumPy numbers, None for what is missing."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value


def rows_as_lists(frame: pd.DataFrame) -> list[list[Any]]:
    """Row by row, each column's values in its own type."""
    columns = [[plain(v) for v in frame[name].tolist()] for name in frame.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(len(frame))]


def explanation(answer: Answer, insights: RAIInsights) -> ModelExplanationData:
    """Attributions are of margins, as everywhere here. Rows that a budget left out have none."""
    found = answer.assessment.artifact("attributions").set_index("row")
    found = found.reindex(range(len(insights.test)))
    features = insights._feature_names()
    is_asked = found.iloc[:, 0].notna().tolist()

    def scores(suffix: str, sign: float) -> list[list[float] | None]:
        # A column that the model does not read moves nothing.
        known = [c for c in features if f"{c}{suffix}" in found.columns]
        part = found[[f"{c}{suffix}" for c in known]].set_axis(known, axis=1).reindex(columns=features).fillna(0.0)
        return [row if kept else None for row, kept in zip((sign * part).to_numpy().tolist(), is_asked, strict=True)]

    base = {str(c): plain(found[c].dropna().iloc[0]) for c in found.columns if str(c).startswith("_base")}
    classes = answer.assessment.classes
    local: FeatureImportance
    if insights.task_type == "regression" or not classes:
        local = FeatureImportance(scores("", 1.0), base.get("_base"))
    elif "_base" in base:
        # The margin of the second of two classes is that of the first with the sign turned.
        local = FeatureImportance([scores("", -1.0), scores("", 1.0)], [-base["_base"], base["_base"]])
    else:
        local = FeatureImportance([scores(f"|{c}", 1.0) for c in classes], [base.get(f"_base|{c}") for c in classes])
    local.featureNames = features
    table = answer.section.table("importance").to_dict()
    sizes = dict(zip(table["feature"], table["mean_abs_attribution"], strict=True))
    sizes.update({name: 0.0 for name in features if name not in sizes})
    overall: dict[str, list[Any]] = {"scores": list(sizes.values()), "feature_list": list(sizes)}
    asked = answer.assessment.document["spec"].get("analyses", {}).get("explain", {})
    method = f"attributions.{asked.get('method') or 'auto'}"
    return ModelExplanationData(method, PrecomputedExplanations(local, overall))


_METRICS = {"regression": "Mean absolute error", "classification": "Error rate"}


def error_analysis(answer: Answer, insights: RAIInsights) -> ErrorAnalysisData:
    """The tree and the heat map. Sizes of nodes are those of the rows that the tree was not grown on."""
    metric = _METRICS[insights.task_type]
    nodes = _nodes(answer.section, metric) if "tree" in answer.section.tables else []
    features = insights._feature_names()
    importances = dict.fromkeys(features, 0.0)
    if "association" in answer.section.tables:
        table = answer.section.table("association").to_dict()
        importances.update(zip(table["feature"], table["information"], strict=True))
    asked = answer.asked
    filters = list(asked["filter_features"])[:2] if asked["filter_features"] else None
    has_matrix = filters is not None and "heat_map" in answer.section.tables
    root = nodes[0] if nodes else {"size": len(insights.test), "metricValue": None}
    share = 100 if insights.task_type == "classification" else 1
    value = root["metricValue"]
    return ErrorAnalysisData(
        maxDepth=asked["max_depth"],
        numLeaves=asked["num_leaves"],
        minChildSamples=asked["min_child_samples"],
        tree=nodes,
        matrix=_matrix(answer.section, metric, insights.task_type) if has_matrix else None,
        importances=[float(plain(importances[name]) or 0.0) for name in features],
        metric=metric,
        root_stats={
            "metricName": metric,
            "metricValue": None if value is None else value * share,
            "totalSize": root["size"],
            "errorCoverage": 100,
        },
        tree_features=features,
        matrix_features=filters,
    )


def _nodes(section: Section, metric: str) -> list[dict[str, Any]]:
    table = section.table("tree").to_pandas()
    clauses = {int(n): clauses_of(p) for n, p in zip(table["node"], table["predicate"], strict=True)}
    parents = {int(n): None if pd.isna(p) else int(p) for n, p in zip(table["node"], table["parent"], strict=True)}
    own = {n: _added(clauses[n], clauses[p]) if p is not None else None for n, p in parents.items()}
    # A node is called after the column that its children part by.
    names = {p: clause.column for n, p in parents.items() if p is not None and (clause := own[n]) is not None}
    made = []
    for row in table.to_dict("records"):
        node, parent = int(row["node"]), parents[int(row["node"])]
        clause, value = own[node], plain(row["value"])
        errors = plain(row["errors"])
        made.append(
            {
                "arg": None if clause is None else clause.argument,
                "badFeaturesRowCount": 0,
                "condition": None if parent is None else row["label"],
                "error": errors,
                "id": node,
                "method": None if clause is None else clause.method,
                "nodeIndex": node,
                "nodeName": names.get(node),
                "parentId": parent,
                "parentNodeName": None if parent is None else names.get(parent),
                "pathFromRoot": "" if parent is None else row["path"],
                "size": int(row["n"]),
                "sourceRowKeyHash": "hashkey",
                "success": int(row["n"]) - errors if metric == "Error rate" and errors is not None else None,
                "metricName": metric,
                "metricValue": value,
                "isErrorMetric": True,
            }
        )
    return made


def _added(clauses: Sequence[Clause], before: Sequence[Clause]) -> Clause | None:
    """What a node asks beyond its parent: the clause that the parent has not."""
    return next((clause for clause in reversed(clauses) if clause not in before), None)


def _matrix(section: Section, metric: str, task: str) -> dict[str, Any]:
    table = section.table("heat_map").to_pandas()
    has_two = "y" in table.columns
    rows = list(dict.fromkeys(table["y"])) if has_two else [None]
    columns = list(dict.fromkeys(table["x"]))
    cells = {(row.get("y"), row["x"]): row for row in table.to_dict("records")}

    def cell(row: Any, column: Any) -> dict[str, Any]:
        found = cells.get((row, column))
        n = 0 if found is None else int(found["n"])
        value = None if found is None else plain(found["value"])
        told: dict[str, Any] = {"count": n, "metricName": metric}
        if task == "classification":
            return {"falseCount": 0 if value is None else round(value * n), **told}
        return {"metricValue": value, **told}

    made: dict[str, Any] = {"matrix": [[cell(row, column) for column in columns] for row in rows]}
    if has_two:
        return {**made, "category1": _category(rows, table, 0), "category2": _category(columns, table, 1)}
    return {**made, "category1": _category(columns, table, 0)}


def _category(values: list[Any], table: pd.DataFrame, side: int) -> dict[str, Any]:
    """The bins of an axis, with the ends of those that are intervals; an open end is None."""
    axis = "x" if side or "y" not in table.columns else "y"
    ends: list[tuple[float | None, float | None]] = []
    for value in values:
        predicate = str(table.loc[table[axis] == value, "predicate"].iloc[0])
        clauses = clauses_of(predicate)
        columns = list(dict.fromkeys(clause.column for clause in clauses))
        own = [clause for clause in clauses if clause.column == columns[min(side, len(columns) - 1)]]
        low = next((c.argument for c in own if c.method == "greater"), None)
        high = next((c.argument for c in own if c.method == "less and equal"), None)
        ends.append((low, high))
    if all(end == (None, None) for end in ends):
        return {"values": values, "intervalMin": [], "intervalMax": []}
    return {"values": values, "intervalMin": [low for low, _ in ends], "intervalMax": [high for _, high in ends]}


def counterfactual(answer: Answer, insights: RAIInsights) -> CounterfactualData:
    """The counterfactuals of every row that was searched, in the columns' own types."""
    target, test = insights.target_column, insights.test
    features = insights._feature_names()
    found = answer.assessment.artifact("counterfactuals")
    predicted = answer.assessment.artifact("predictions").set_index("row")["_predicted"]
    rows = test[features].reset_index(drop=True)
    kept = [c for c in features if c in found.columns]
    # What the model does not read stays as it is.
    changed = rows.loc[found["row"].to_numpy()].reset_index(drop=True)
    for name in kept:
        changed[name] = _typed(found[name], test[name].dtype)
    changed[target] = _answers(found, answer.assessment, insights)
    by_row: dict[int, list[list[Any]]] = {}
    for place, values in zip(found["row"].tolist(), rows_as_lists(changed), strict=True):
        by_row.setdefault(int(place), []).append(values)
    asked = rows.assign(**{target: [insights._value_of_class(plain(v)) for v in predicted.reindex(range(len(rows)))]})
    tested = rows_as_lists(asked)
    summary = local = None
    if answer.asked["feature_importance"]:
        summary, local = _importance(answer.section, features, tested, by_row)
    return CounterfactualData(
        id=answer.id,
        cfs_list=[by_row.get(i) for i in range(len(rows))],
        feature_names=features,
        feature_names_including_target=[*features, target],
        summary_importance=summary,
        local_importance=local,
        model_type="regressor" if insights.task_type == "regression" else "classifier",
        desired_class=answer.asked["desired_class"],
        desired_range=answer.asked["desired_range"],
        test_data=[[row] for row in tested],
    )


def _typed(values: pd.Series[Any], dtype: Any) -> Any:
    """Whole numbers again where all are whole."""
    if pd.api.types.is_bool_dtype(dtype):
        return values.map({"true": True, "false": False})
    if pd.api.types.is_integer_dtype(dtype) and pd.api.types.is_numeric_dtype(values) and (values % 1 == 0).all():
        return values.astype("int64")
    return values


def _answers(found: pd.DataFrame, assessment: Assessment, insights: RAIInsights) -> list[Any]:
    classes = assessment.classes
    if insights.task_type == "regression" or not classes:
        return [plain(v) for v in found["answer"].tolist()]
    if "answer" in found.columns:
        threshold = assessment.document["spec"].get("threshold") or 0.5
        places = (found["answer"] >= threshold).astype(int).tolist()
    else:
        places = found[[f"answer_{i}" for i in range(len(classes))]].to_numpy().argmax(axis=1).tolist()
    return [insights._value_of_class(classes[int(place)]) for place in places]


def _importance(
    section: Section, features: list[str], tested: list[list[Any]], by_row: dict[int, list[list[Any]]]
) -> tuple[list[float], list[list[float]]]:
    """Shares of counterfactuals in which a feature changed: of all rows, and of each row."""
    overall: dict[str, Any] = {}
    if "importance" in section.tables:
        table = section.table("importance").to_dict()
        overall = dict(zip(table["feature"], table["changed_all"], strict=True))
    local = []
    for i, row in enumerate(tested):
        found = by_row.get(i, [])
        local.append([sum(one[j] != row[j] for one in found) / max(len(found), 1) for j in range(len(features))])
    return [float(overall.get(name) or 0.0) for name in features], local
