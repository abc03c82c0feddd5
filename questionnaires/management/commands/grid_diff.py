from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from questionnaires.core.cli import run_diff
from questionnaires.management.versions import read_grid


class Command(BaseCommand):
    help = "Compare deux grilles et affiche ce qui est ajouté (+), retiré (-) ou modifié (~)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("before", metavar="A", help="Un fichier, ou DEMARCHE:VERSION.")
        parser.add_argument("after", metavar="B")

    def handle(self, *args: Any, before: str, after: str, **options: Any) -> None:
        outcome = run_diff(read_grid(before), read_grid(after))
        self.stdout.write(outcome.text)
        sys.exit(outcome.exit_code)
