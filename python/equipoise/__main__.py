"""`python -m equipoise`: the command."""

from ._command import main

raise SystemExit(main())
