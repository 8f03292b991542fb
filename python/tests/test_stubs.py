"""The stub of the compiled part against the compiled part: every name, every parameter with its kind and default, and nothing else.

Types are the stub's own: `mypy --strict` holds the package to them, and what a compiled function hands out is checked where one call
tells it.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import equipoise as eq
import numpy as np
import pytest
from equipoise import _equipoise

STUB = ast.parse(Path(eq.__file__).with_name("_equipoise.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}

Parameter = tuple[str, str, Any]
"""A parameter's name, kind and default."""


def in_stub(node: ast.FunctionDef) -> list[Parameter]:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    kinds = ["POSITIONAL_ONLY"] * len(given.posonlyargs) + ["POSITIONAL_OR_KEYWORD"] * len(given.args)
    found = [
        (a.arg, kind, inspect.Parameter.empty if d is None else ast.literal_eval(d))
        for a, kind, d in zip(positional, kinds, defaults, strict=True)
    ]
    for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        found.append((a.arg, "KEYWORD_ONLY", inspect.Parameter.empty if d is None else ast.literal_eval(d)))
    return found


def compiled(function: Any) -> list[Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind.name, p.default) for p in parameters]


def kind_of(node: ast.FunctionDef) -> str:
    names = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
    return next(iter(names & {"staticmethod", "property", "classmethod"}), "method")


def public(owner: Any) -> set[str]:
    return {name for name in vars(owner) if not name.startswith("_")}


def test_the_stub_names_what_is_compiled() -> None:
    listed = {name for name in dir(_equipoise) if not name.startswith("_")}
    found = {name: getattr(_equipoise, name) for name in listed}
    assert {name for name, value in found.items() if inspect.isclass(value)} == set(CLASSES)
    assert {name for name, value in found.items() if not inspect.isclass(value)} == set(FUNCTIONS)
    assert isinstance(_equipoise.__version__, str)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function(name: str) -> None:
    node = FUNCTIONS[name]
    assert in_stub(node) == compiled(getattr(_equipoise, name))
    assert node.returns is not None
    assert all(a.annotation is not None for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])


@pytest.mark.parametrize("name", CLASSES)
def test_a_class(name: str) -> None:
    owner = getattr(_equipoise, name)
    members = {node.name: node for node in CLASSES[name].body if isinstance(node, ast.FunctionDef)}
    assert public(owner) == {member for member in members if not member.startswith("_")}
    # A class that Python cannot make has no `__init__` in the stub either.
    can_be_made = owner.__new__ is not object.__new__ and "__new__" in vars(owner)
    assert can_be_made == ("__init__" in members)
    for member, node in members.items():
        stubbed = in_stub(node)
        if member == "__init__":
            assert stubbed[1:] == compiled(owner), f"{name}.__init__"
            continue
        value, kind = vars(owner)[member], kind_of(node)
        if isinstance(value, staticmethod):
            assert (kind, stubbed) == ("staticmethod", compiled(getattr(owner, member))), f"{name}.{member}"
        elif inspect.isgetsetdescriptor(value):
            assert (kind, [p[0] for p in stubbed]) == ("property", ["self"]), f"{name}.{member}"
        else:
            assert kind == "method", f"{name}.{member}"
            assert stubbed[0][0] == "self"
            assert stubbed[1:] == compiled(value)[1:], f"{name}.{member}"
        assert node.returns is not None


def test_types_of_what_is_handed_out() -> None:
    rows = _equipoise.Data.from_columns([("x", "number", np.array([1.0, 2.0]), None)], 2)
    assert (rows.n_rows, rows.columns) == (2, ["x"])
    assert all(isinstance(word, str) for row in _equipoise.analyses() for word in row)
    group = np.array([0, 1], dtype=np.int32)
    counts = _equipoise.confusions(group, group, group, 2, 2)
    assert counts.dtype == np.float64
    assert _equipoise.codes_of_integers(np.array([5, 3, 5]), 10) is not None
    page = _equipoise.framed_page()
    assert page is None or page.startswith("<!doctype html>")
