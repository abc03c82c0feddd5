#!/usr/bin/env python
"""Django's command line; settings default to development, with the embedded PostgreSQL when no DATABASE_URL is set."""

import contextlib
import os
import sys
from pathlib import Path

# They read files only: nobody should wait for a database to check a grid or a scenario.
WITHOUT_DATABASE = {"grid_lint", "grid_orient", "ecoscore_check"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "convergence.settings.dev")
    from django.core.management import execute_from_command_line

    with contextlib.ExitStack() as stack:
        settings = os.environ["DJANGO_SETTINGS_MODULE"]
        needs_database = WITHOUT_DATABASE.isdisjoint(sys.argv[1:2])
        if needs_database and not os.environ.get("DATABASE_URL") and settings.endswith((".dev", ".demo", ".test")):
            from convergence.embedded.postgres import Cluster

            name = os.environ.get("EMBEDDED_CLUSTER") or ("test" if settings.endswith(".test") else "main")
            stack.enter_context(Cluster(Path(__file__).resolve().parent / "var", name).lease())
        execute_from_command_line(sys.argv)
