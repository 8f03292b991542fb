"""The notebooks under `python/examples` run from top to bottom."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

EXAMPLES = sorted((ROOT / "python" / "examples").glob("*.ipynb"))
SHARED = Path(os.environ.get("EQUIPOISE_SHARED", ROOT.parent / "shared")) / "data"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    source = ["".join(c["source"]) for c in cells]
    if "EQUIPOISE_DATA" in source[0] and not SHARED.is_dir():
        pytest.skip(f"{path.name} reads data from {SHARED}, which is not there")
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("EQUIPOISE_DATA", str(SHARED))
    space: dict[str, Any] = {}
    for text in source:
        body = ast.parse(text).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec"), space)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), path.name, "eval"), space)
            # What a notebook would draw must be drawable.
            for method in ("_repr_html_", "_repr_svg_"):
                if hasattr(shown, method):
                    getattr(shown, method)()
            repr(shown)


def test_there_are_five() -> None:
    assert len(EXAMPLES) == 5
