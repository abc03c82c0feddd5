from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from questionnaires.core.cli import refuse, run_orient
from questionnaires.core.findings import AnswerError


class Command(BaseCommand):
    help = "Affiche, en JSON, ce que des réponses d’orientation décident ; code de sortie 2 si elles sont refusées."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--answers", type=Path, required=True, metavar="ANSWERS.json")

    def handle(self, *args: Any, file: Path, answers: Path, **options: Any) -> None:
        try:
            outcome = run_orient(file.read_bytes(), file.name, answers.read_bytes())
        except OSError as error:
            message = "Ce fichier est introuvable ou illisible."
            outcome = refuse([AnswerError("unreadable_file", str(error.filename), message)])
        self.stdout.write(outcome.text)
        sys.exit(outcome.exit_code)
