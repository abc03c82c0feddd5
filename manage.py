#!/usr/bin/env python
"""Django's command line; settings default to development, with the embedded PostgreSQL when no DATABASE_URL is set."""

import contextlib
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "convergence.settings.dev")
    from django.core.management import execute_from_command_line

    with contextlib.ExitStack() as stack:
        settings = os.environ["DJANGO_SETTINGS_MODULE"]
        if not os.environ.get("DATABASE_URL") and settings.endswith((".dev", ".demo", ".test")):
            from convergence.embedded.postgres import Cluster

            name = os.environ.get("EMBEDDED_CLUSTER") or ("test" if settings.endswith(".test") else "main")
            stack.enter_context(Cluster(Path(__file__).resolve().parent / "var", name).lease())
        execute_from_command_line(sys.argv)
