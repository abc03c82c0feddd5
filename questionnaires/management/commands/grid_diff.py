from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from questionnaires.core.cli import run_diff
from questionnaires.management.files import read_file


class Command(BaseCommand):
    help = "Compare deux grilles et affiche ce qui est ajouté (+), retiré (-) ou modifié (~)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("before", type=Path, metavar="A")
        parser.add_argument("after", type=Path, metavar="B")

    def handle(self, *args: Any, before: Path, after: Path, **options: Any) -> None:
        outcome = run_diff((read_file(before), before.name), (read_file(after), after.name))
        self.stdout.write(outcome.text)
        sys.exit(outcome.exit_code)
