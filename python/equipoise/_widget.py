"""The dashboard as a widget: JupyterLab, Notebook 7, VS Code and Colab show it, and the session behind it answers."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _equipoise
from ._errors import EquipoiseError

if TYPE_CHECKING:
    from ._assessment import Assessment

_MADE: list[type[Any]] = []


class Session:
    """Answers the requests of a page over an assessment: rows, cohorts, what-ifs and counterfactuals of data and model in memory.

    It is opened by the first request. What people add (cohorts, kept answers) lasts as long as this object.
    """

    def __init__(self, assessment: Assessment) -> None:
        self._assessment = assessment
        self._live: _equipoise.Live | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """The status and the body of an answer."""
        if self._live is None:
            self._live = self._opened()
        return self._live.ask(method, path, body)

    def _opened(self) -> _equipoise.Live:
        a = self._assessment
        self._folder = tempfile.TemporaryDirectory(prefix="equipoise-")
        place = os.path.join(self._folder.name, "assessment")
        a.save(place)
        test = a._rows.data if a._rows else None
        train = a._train.data if a._train else None
        return _equipoise.Live(a._core, place, test, train, a._model)


def is_there() -> bool:
    """Whether widgets can be shown: anywidget is installed, and the page is in this build."""
    return importlib.util.find_spec("anywidget") is not None and _equipoise.framed_page() is not None


def widget_of(assessment: Assessment, height: str) -> Any:
    """The widget over an assessment."""
    if importlib.util.find_spec("anywidget") is None:
        raise EquipoiseError(
            "the widget needs `anywidget`, which is not installed",
            "view",
            "`pip install 'equipoise[notebook]'`; without it, the assessment itself is shown in a cell too",
        )
    page = _equipoise.framed_page()
    if page is None:
        raise EquipoiseError("the dashboard is not in this build", "view", "`to_html()` gives the report")
    if not _MADE:
        _MADE.append(_made())
    # Links within the page must not lead to the notebook's address.
    page = page.replace("<head>", '<head><base href="about:srcdoc">', 1)
    return _MADE[0](Session(assessment), _page=page, height=height)


def _made() -> type[Any]:
    """The class, which needs a library that is imported when it is first used."""
    import anywidget
    import traitlets

    class Dashboard(anywidget.AnyWidget):  # type: ignore[misc]
        """The dashboard over an assessment of this session."""

        _esm = Path(__file__).with_name("_widget.js")
        _page = traitlets.Unicode().tag(sync=True)
        height = traitlets.Unicode("760px").tag(sync=True)

        def __init__(self, session: Session, **state: Any) -> None:
            super().__init__(**state)
            self._session = session
            self.on_msg(self._heard)

        def _heard(self, _: Any, asked: Any, __: Any) -> None:
            told = {"view": asked.get("view"), "id": asked.get("id")}
            try:
                status, body = self._session.ask(asked["method"], asked["path"], asked.get("body"))
            except EquipoiseError as error:
                status, body = 422, _problem(error.code, error.message, error.hint)
            except KeyboardInterrupt:
                status, body = 409, _problem("interrupted", "the answer was interrupted", "ask again")
            except Exception as error:
                status, body = 422, _problem("model", f"the model raised {type(error).__name__}: {error}", None)
            self.send({**told, "status": status, "body": body})

    return Dashboard


def _problem(code: str, message: str, hint: str | None) -> str:
    import json

    return json.dumps({"error": {"code": code, "message": message, "hint": hint}})
