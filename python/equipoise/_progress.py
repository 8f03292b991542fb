"""How far a run is: a bar in a notebook, a line on a terminal, silence otherwise."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any

Tell = Callable[[str | None, float | None], None]


def progress_of(asked: bool | Tell | None) -> Tell | None:
    """What is told of a run."""
    if callable(asked):
        return asked
    if asked is False:
        return None
    if is_notebook():
        return Notebook()
    if asked or (sys.stderr is not None and sys.stderr.isatty()):
        return Line()
    return None


def is_notebook() -> bool:
    """Whether output goes to a cell of a notebook."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython else None
    return type(shell).__name__ in ("ZMQInteractiveShell", "Shell")


class Told:
    """What a run has told so far; subclasses draw it."""

    def __init__(self) -> None:
        self.says = ""
        self.share = 0.0
        self._drawn = 0.0

    def __call__(self, says: str | None, share: float | None) -> None:
        if says is not None:
            self.says, self.share = says, 0.0
        if share is not None:
            self.share = min(max(share, 0.0), 1.0)
        now = time.monotonic()
        if says is not None or now - self._drawn > 0.1:
            self._drawn = now
            self.draw()

    def draw(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """The run is over."""


class Line(Told):
    """One line on standard error, written over."""

    def draw(self) -> None:
        bar = "█" * round(self.share * 20)
        print(f"\r\x1b[2K{self.says[:70]:<70} {bar:<20}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


class Notebook(Told):
    """A bar in the output of a cell, which is cleared at the end."""

    def __init__(self) -> None:
        super().__init__()
        from IPython.display import HTML, display

        self._html = HTML
        self._handle: Any = display(HTML(""), display_id=True)

    def draw(self) -> None:
        text = html.escape(self.says)
        self._handle.update(
            self._html(
                f"<label>{text}<br><progress max='1' value='{self.share:.3f}' style='width:20em'></progress></label>"
            )
        )

    def close(self) -> None:
        self._handle.update(self._html(""))
