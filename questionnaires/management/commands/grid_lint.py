from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from questionnaires.core.cli import run_lint
from questionnaires.management.files import read_file, template_finder


class Command(BaseCommand):
    help = "Vérifie une grille (YAML ou Excel) avant sa publication ; code de sortie 1 si elle contient une erreur."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", dest="as_json", help="Affiche les anomalies en JSON.")

    def handle(self, *args: Any, file: Path, as_json: bool, **options: Any) -> None:
        outcome = run_lint(read_file(file), file.name, as_json=as_json, has_template=template_finder(file))
        self.stdout.write(outcome.text)
        sys.exit(outcome.exit_code)
