"""The `equipoise` command, which the package carries along."""

from __future__ import annotations

import signal
import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process unless given) and returns its exit code.

    Help, the version and a wrong flag end the process, as the program itself does.
    """
    from . import _equipoise

    given = sys.argv[1:] if arguments is None else arguments
    before = None
    try:
        # Ctrl-C is the command's own affair: it keeps what was answered by then.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    except ValueError:
        pass  # Not the main thread, where signals are not ours to set.
    sys.stdout.flush()
    try:
        return _equipoise.command(["equipoise", *given])
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
