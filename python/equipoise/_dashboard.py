"""The dashboard over an assessment of this session."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import webbrowser
from typing import TYPE_CHECKING

from ._errors import EquipoiseError

if TYPE_CHECKING:
    from ._assessment import Assessment


class Dashboard:
    """A server on this machine alone, in a process of its own. `url` holds a token: whoever knows it sees the assessment."""

    def __init__(self, assessment: Assessment, browser: bool = True) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="equipoise-")
        place = os.path.join(self._folder.name, "assessment")
        assessment.save(place)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "equipoise", "open", place, "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self.close)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url.startswith("http"):
            said = self._process.communicate(timeout=10)[1].strip()
            self.close()
            raise EquipoiseError(
                f"the dashboard did not start: {said}", "serve", "`to_html()` gives a page that needs no server"
            )
        if browser:
            webbrowser.open(self.url)

    def close(self) -> None:
        """Ends the server."""
        atexit.unregister(self.close)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._folder.cleanup()

    def __enter__(self) -> Dashboard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Dashboard({self.url})"
