"""What the dashboard in a notebook asks of the session behind it. A browser does so in test_notebook.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import equipoise as eq
import numpy as np
import pandas as pd
import pytest
from equipoise import _equipoise
from equipoise._widget import Session

RNG = np.random.default_rng(5)
ROWS = pd.DataFrame({"age": RNG.integers(18, 80, 500), "sex": RNG.choice(["f", "m"], 500)})
ROWS["repaid"] = (ROWS["age"] + RNG.normal(0, 15, 500) > 45).astype(int)


def by_age(rows: pd.DataFrame) -> Any:
    return np.where(rows["age"] > 50, 0.9, 0.1)


def asked(session: Session, method: str, path: str, **body: Any) -> tuple[int, Any]:
    status, text = session.ask(method, f"/v1/{path}", json.dumps(body) if body else None)
    return status, json.loads(text) if text else None


def done(session: Session, path: str, **body: Any) -> Any:
    """The section that a question to an analysis gives, which may take several requests."""
    _, job = asked(session, "POST", f"assessments/0/{path}", **body)
    while job["status"] == "running":
        _, job = asked(session, "GET", f"jobs/{job['job']}")
    assert job["status"] == "done", job
    return job["section"]


def test_rows_and_analyses_of_a_model_in_memory() -> None:
    session = Session(eq.assess(ROWS, model=by_age, target="repaid", sensitive="sex", only=["performance", "fairness"]))
    (listed,) = asked(session, "GET", "assessments")[1]
    assert listed["live"] is True
    wrong = (by_age(ROWS) > 0.5) != ROWS["repaid"]
    young = ROWS["age"] < 30
    status, count = asked(session, "POST", "assessments/0/count", predicate="age < 30")
    assert (status, count["n"], count["n_wrong"]) == (200, young.sum(), (wrong & young).sum())
    _, page = asked(session, "GET", "assessments/0/rows?limit=3&columns=age,sex")
    assert [row[1:] for row in page["rows"]] == ROWS.loc[:2, ["age", "sex"]].values.tolist()
    _, said = asked(session, "POST", "assessments/0/predict", rows=[{"age": 60, "sex": "f"}])
    assert said["predictions"][0]["probability"] == pytest.approx([0.1, 0.9])
    # Which asks the model some thousand times, while the page asks how far it is.
    section = done(session, "sections?wait=0", analysis="explain", predicate="age < 30", params={"background": 20})
    largest = max(
        (e for e in section["estimates"] if e["id"].startswith("explain.mean_abs_attribution[")),
        key=lambda e: e["value"],
    )
    assert largest["id"] == "explain.mean_abs_attribution[age]"
    status, _ = asked(session, "POST", "assessments/0/cohorts", name="young", predicate="age < 30")
    assert status == 201
    assert [c["name"] for c in asked(session, "GET", "assessments/0/cohorts")[1]].count("young") == 1
    assert asked(session, "POST", "assessments/0/count", predicate="ages < 30")[0] == 422
    assert asked(session, "GET", "assessments/1/columns")[0] == 404


def test_a_model_that_raises_is_told_to_the_page() -> None:
    is_broken = False

    def model(rows: pd.DataFrame) -> Any:
        if is_broken:
            raise ZeroDivisionError("a fault of my own")
        return by_age(rows)

    session = Session(eq.assess(ROWS, model=model, target="repaid", only="performance"))
    assert asked(session, "GET", "assessments")[0] == 200
    is_broken = True
    status, problem = asked(session, "POST", "assessments/0/predict", rows=[{"age": 60, "sex": "f"}])
    assert status == 422
    assert "a fault of my own" in problem["error"]["message"]


def test_a_loaded_assessment_shows_what_it_holds(tmp_path: Any) -> None:
    eq.assess(ROWS, model=by_age, target="repaid", only="performance").save(tmp_path / "a")
    session = Session(eq.load(tmp_path / "a"))
    (listed,) = asked(session, "GET", "assessments")[1]
    assert listed["live"] is False
    assert asked(session, "GET", "assessments/0/document")[1]["task"] == "binary"
    assert asked(session, "POST", "assessments/0/count", predicate="age < 30")[0] == 409


def test_without_anywidget_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    a = eq.assess(ROWS, model=by_age, target="repaid", only="performance")
    with pytest.raises(eq.EquipoiseError, match="anywidget"):
        a.widget()


def test_the_widget_carries_requests() -> None:
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    a = eq.assess(ROWS, model=by_age, target="repaid", only="performance")
    if a._core.dashboard("x") is None:
        pytest.skip("the dashboard is not in this build")
    widget, sent = a.widget(height="500px"), []
    widget.send = sent.append
    widget._heard(None, {"view": "v", "id": "1", "method": "GET", "path": "/v1/assessments"}, [])
    widget._heard(None, {"view": "v", "id": "2", "method": "GET", "path": "/v1/jobs/7"}, [])
    assert [(m["view"], m["id"], m["status"]) for m in sent] == [("v", "1", 200), ("v", "2", 404)]
    assert widget.height == "500px"
    assert '"base":"parent:"' in widget._page


def test_the_widget_reaches_for_nothing_but_the_model_of_the_notebook() -> None:
    """Wherever anywidget works (VS Code, Colab and JupyterHub behind proxies, which no test runs), its messages are all that is
    needed: no address of the notebook, no port, nothing to load."""
    carrier = Path(eq.__file__).with_name("_widget.js").read_text(encoding="utf-8")
    code = "\n".join(line for line in carrier.splitlines() if not line.lstrip().startswith("//"))
    assert set(re.findall(r"\bmodel\.(\w+)", code)) == {"get", "send", "on", "off"}
    beyond = (
        r"\b(location|fetch|XMLHttpRequest|WebSocket|EventSource|import|require|open|parent|top|cookie|localStorage)\b"
    )
    assert re.findall(beyond, code) == []
    assert "http" not in code and "localhost" not in code
    page = _equipoise.framed_page()
    if page is None:
        pytest.skip("the dashboard is not in this build")
    assert '{"base":"parent:","token":""}' in page
    # Nothing is loaded: no element and no style with an address, no worker, no socket.
    assert re.findall(r"<(?:script|img|iframe|link|object|embed)\b[^>]*\b(?:src|href|data)=", page) == []
    assert re.findall(r"@import|url\((?![#`]*#)[^)]*\)", page) == []
    loads = r"\b(?:XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|Worker|serviceWorker)\b|\bimport\("
    assert re.findall(loads, page) == []
    assert re.findall(r"localhost|127\.0\.0\.1|\[::1\]", page) == []
    # Names of languages of markup, and where a library explains its errors, are no addresses that are asked.
    hosts = set(re.findall(r"https?://([\w.-]+)", page))
    assert hosts <= {"www.w3.org", "react.dev"}, hosts
    # Of its own address it changes what stands behind `#`, which a frame without an address has too, and nothing else.
    assert set(re.findall(r"\blocation\.(\w+)\s*=[^=]", page)) == {"hash"}
    assert re.findall(r"\blocation\s*=[^=]|\blocation\.(?:assign|replace|reload|host|hostname|port)\b", page) == []
