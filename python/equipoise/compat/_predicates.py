"""Predicates of nodes and cells taken apart into conditions as the toolbox tells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clause:
    """One condition on one column. A tuple of names is told as a list."""

    column: str
    method: str
    value: Any
    with_missing: bool = False

    @property
    def argument(self) -> Any:
        """The value, or the list of names."""
        return list(self.value) if isinstance(self.value, tuple) else self.value


_CLAUSE = re.compile(r'"(?P<column>(?:[^"]|"")*)" (?P<rest>.*)', re.DOTALL)
_NAME = re.compile(r"'((?:[^']|'')*)'")


def clauses_of(predicate: str) -> list[Clause]:
    """The conditions that all hold.

    >>> [(c.column, c.method, c.argument) for c in clauses_of('"age" <= 30 and "city" in (\\'a and b\\', \\'c\\')')]
    [('age', 'less and equal', 30.0), ('city', 'includes', ['a and b', 'c'])]
    >>> clauses_of('("debt" > 9 or "debt" is null)')
    [Clause(column='debt', method='greater', value=9.0, with_missing=True)]
    """
    found = [_clause(part) for part in _parts(predicate, " and ")]
    return [clause for clause in found if clause is not None]


def _clause(text: str) -> Clause | None:
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        parts = [part for part in (_clause(p) for p in _parts(text[1:-1], " or ")) if part is not None]
        known = next((part for part in parts if part.value is not None), None)
        return None if known is None else Clause(known.column, known.method, known.value, with_missing=True)
    match = _CLAUSE.fullmatch(text)
    if match is None:
        return None
    column, rest = match["column"].replace('""', '"'), match["rest"]
    names = tuple(name.replace("''", "'") for name in _NAME.findall(rest))
    if rest == "is null":
        return Clause(column, "equal", None)
    if rest == "is not null":
        return Clause(column, "excludes", None)
    if rest.startswith("not in ") or rest.startswith(("<> ", "!= ")):
        return Clause(column, "excludes", names or (rest.split(" ", 1)[1],))
    if rest.startswith("in ") or (rest.startswith("= ") and names):
        return Clause(column, "includes", names)
    for sign, method in (("<= ", "less and equal"), ("> ", "greater"), (">= ", "greater and equal"), ("< ", "less")):
        if rest.startswith(sign):
            return Clause(column, method, _number(rest[len(sign) :]))
    return Clause(column, "equal", _number(rest.removeprefix("= ")))


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text.strip("'")


def _parts(text: str, between: str) -> list[str]:
    """Parts at words that stand outside of quotes and parentheses."""
    parts, start, depth, quote, i = [], 0, 0, "", 0
    while i < len(text):
        sign = text[i]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif depth == 0 and text.startswith(between, i):
            parts.append(text[start:i])
            i += len(between)
            start = i
            continue
        i += 1
    return [*parts, text[start:]]
