"""The toolbox's cohorts as SQL predicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._errors import EquipoiseError


class CohortFilterMethods:
    """How a column is held against a value."""

    METHOD_EQUAL = "equal"
    METHOD_GREATER = "greater"
    METHOD_GREATER_AND_EQUAL = "greater and equal"
    METHOD_LESS = "less"
    METHOD_LESS_AND_EQUAL = "less and equal"
    METHOD_INCLUDES = "includes"
    METHOD_EXCLUDES = "excludes"
    METHOD_RANGE = "in the range of"


_SIGNS = {
    CohortFilterMethods.METHOD_EQUAL: "=",
    CohortFilterMethods.METHOD_GREATER: ">",
    CohortFilterMethods.METHOD_GREATER_AND_EQUAL: ">=",
    CohortFilterMethods.METHOD_LESS: "<",
    CohortFilterMethods.METHOD_LESS_AND_EQUAL: "<=",
}

_SPECIAL = {"Predicted Y": "_predicted", "True Y": "_true", "Index": "_index", "Error": "_error"}


@dataclass
class CohortFilter:
    """One condition."""

    method: str
    arg: list[Any]
    column: str

    def predicate(self) -> str:
        """As SQL.

        >>> CohortFilter("less", [30], "age").predicate()
        '"age" < 30'
        >>> CohortFilter("excludes", ["a", "o'b"], "city").predicate()
        '"city" NOT IN (\\'a\\', \\'o\\'\\'b\\')'
        """
        quoted = self.column.replace('"', '""')
        column = _SPECIAL.get(self.column, f'"{quoted}"')
        values = [_literal(v) for v in self.arg]
        if self.method in _SIGNS and values:
            return f"{column} {_SIGNS[self.method]} {values[0]}"
        if self.method == CohortFilterMethods.METHOD_INCLUDES:
            return f"{column} IN ({', '.join(values)})"
        if self.method == CohortFilterMethods.METHOD_EXCLUDES:
            return f"{column} NOT IN ({', '.join(values)})"
        if self.method == CohortFilterMethods.METHOD_RANGE and len(values) == 2:
            return f"{column} BETWEEN {values[0]} AND {values[1]}"
        raise EquipoiseError(
            f"a filter cannot use `{self.method}` with {len(values)} values",
            "cohort",
            "`CohortFilterMethods` lists the methods",
        )


@dataclass
class Cohort:
    """A named part of the rows: all of its filters hold."""

    name: str
    cohort_filter_list: list[CohortFilter] = field(default_factory=list)

    def add_cohort_filter(self, cohort_filter: CohortFilter) -> None:
        """Adds a condition."""
        self.cohort_filter_list.append(cohort_filter)

    def predicate(self) -> str:
        """As SQL."""
        return " AND ".join(f"({f.predicate()})" for f in self.cohort_filter_list) or "TRUE"


def _literal(value: Any) -> str:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("'", "''")
    return f"'{text}'"
