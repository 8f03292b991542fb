"""What goes wrong, with a stable code and a hint how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._assessment import Assessment


class EquipoiseError(ValueError):
    """Something that the caller can put right.

    >>> import equipoise as eq
    >>> try:
    ...     eq.assess({"x": [1.0, 2.0], "y": [0, 1]}, model=lambda rows: rows["x"], target="z")
    ... except eq.EquipoiseError as error:
    ...     print(error.code, "-", error.message)
    column - column `z` is not in the data
    """

    def __init__(self, message: str, code: str = "data", hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\nhint: {hint}")
        self.message = message
        self.code = code
        """The same at every door: `spec`, `data`, `model`, `column`, `cohort`, `analysis`, `input`, `output`, …"""
        self.hint = hint

    def __reduce__(self) -> tuple[type[EquipoiseError], tuple[str, str, str | None]]:
        return type(self), (self.message, self.code, self.hint)


class UnknownNameError(EquipoiseError, KeyError):
    """A name that is not there, with the nearest ones."""

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run. `assessment` holds what was answered by then, if anything was."""

    code = "interrupted"

    def __init__(self, core: object = None) -> None:
        super().__init__("interrupted" if core is None else "interrupted; `assessment` holds what was answered by then")
        self.assessment: Assessment | None = None
        if core is not None:
            from ._assessment import Assessment

            self.assessment = Assessment(core)  # type: ignore[arg-type]


def unknown(what: str, name: str, known: Iterable[str], code: str = "input") -> UnknownNameError:
    """An error that names what is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        hint = "the nearest " + ("name is " if len(near) == 1 else "names are ") + ", ".join(f"`{n}`" for n in near)
    elif names:
        hint = "there are " + ", ".join(f"`{n}`" for n in names[:10]) + (", …" if len(names) > 10 else "")
    else:
        hint = "there are none"
    return UnknownNameError(f"{what} `{name}` is not there", code, hint)
