"""The dashboard and the progress bar in a cell of JupyterLab and of Notebook 7, seen by a browser. Skipped, visibly, where what it needs is missing
(JupyterLab or Notebook, anywidget, Node, the driver of `web/`, Chromium), or where the dashboard is not in the build."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import equipoise as eq
import pytest
from conftest import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

SETUP = (
    "import equipoise as eq\n"
    "rows = {'x': [1.0, 2.0, 3.0, 4.0] * 30, 'sex': ['f', 'm'] * 60, 'y': [0, 1, 0, 1] * 30}\n"
    "a = eq.assess(rows, model=lambda r: r['x'] > 2, target='y', sensitive='sex', only=['performance', 'fairness'])\n"
)
SLOW = (
    "import time, numpy as np, equipoise as eq\n"
    "rng = np.random.default_rng(1)\n"
    "rows = {'x': rng.normal(size=400), 'z': rng.normal(size=400)}\n"
    "rows['y'] = (rows['x'] > 0).astype(int)\n"
    "def model(asked):\n"
    "    time.sleep(0.02)\n"
    "    return 1 / (1 + np.exp(-np.asarray(asked['x']) - np.asarray(asked['z'])))\n"
    "a = eq.assess(rows, model=model, target='y', only=['performance', 'explain'])\n"
    "print('the run is ' + 'over')"
)
CELLS = {"static": [SETUP + "a", "a.fairness.plot()"], "live": [SETUP + "a.widget()"], "progress": [SLOW]}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@pytest.mark.parametrize(
    ("server", "mode"), [(server, mode) for server in ("jupyterlab", "notebook") for mode in CELLS]
)
def test_the_dashboard_and_the_bar_work_in_a_cell(server: str, mode: str, tmp_path: Path) -> None:
    for what, found in {
        server: is_there(server),
        "anywidget": mode != "live" or is_there("anywidget"),
        "Node": shutil.which("node") is not None,
        "web/node_modules (make web)": (ROOT / "web" / "node_modules" / "playwright-core").is_dir(),
        "Chromium": Path(CHROMIUM).exists(),
    }.items():
        if not found:
            pytest.skip(f"{what} is not installed")
    small = eq.assess(
        {"x": [1, 2] * 20, "y": [0, 1] * 20}, prediction="x", target="y", classes=[0, 1, 2], only="performance"
    )
    if small._core.dashboard("x") is None:
        pytest.skip("the dashboard is not in this build")
    cells = [
        {"cell_type": "code", "id": f"c{i}", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate(CELLS[mode])
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "test.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    port = free_port()
    flags = [
        "--allow-root",
        "--no-browser",
        f"--port={port}",
        "--ServerApp.token=t",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    running = subprocess.Popen(
        [sys.executable, "-m", server, *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "JUPYTER_CONFIG_DIR": str(tmp_path / "config")},
    )
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token=t", timeout=2).close()
                break
            except OSError:
                time.sleep(0.5)
        page = "lab/tree" if server == "jupyterlab" else "notebooks"
        address = f"http://127.0.0.1:{port}/{page}/test.ipynb?token=t"
        script = str(ROOT / "python" / "tests" / "browser" / "notebook.mjs")
        seen = subprocess.run(
            ["node", script, address, mode, CHROMIUM], capture_output=True, text=True, timeout=300, check=False
        )
        assert seen.stdout.strip() == "seen", seen.stderr[-2000:]
    finally:
        running.terminate()
        running.wait(timeout=20)
