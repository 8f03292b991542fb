"""The package itself: what it costs to import, its examples, its command."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import equipoise
import pytest
from conftest import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


def test_import_costs_nothing() -> None:
    code = (
        "import time; t = time.perf_counter(); import equipoise; t = time.perf_counter() - t\n"
        "import sys; print(t, sorted({'numpy', 'pandas', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    seconds, loaded = run("-c", code).stdout.split(maxsplit=1)
    assert float(seconds) < 0.15
    assert loaded.strip() == "[]"


@pytest.mark.parametrize("module", [m.name for m in pkgutil.walk_packages(equipoise.__path__, "equipoise.")])
def test_examples_in_the_documentation(module: str) -> None:
    if module.endswith("__main__"):
        return
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0


def test_the_front_page_example() -> None:
    assert doctest.testmod(equipoise).attempted > 0
    assert doctest.testmod(equipoise).failed == 0


def test_every_name_is_there() -> None:
    for name in equipoise.__all__:
        assert getattr(equipoise, name) is not None
    with pytest.raises(AttributeError):
        equipoise.nothing  # noqa: B018


def test_the_command_comes_along() -> None:
    version = run("-m", "equipoise", "--version")
    assert version.returncode == 0
    assert version.stdout.split() == ["equipoise", equipoise.__version__]
    wrong = run("-m", "equipoise", "show", "nowhere")
    assert wrong.returncode == 2
    assert "nowhere" in wrong.stderr
