from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from ecoscore.gdsl import Checked, Diagnostic, Platform, check, read
from questionnaires.management.files import read_file


class Command(BaseCommand):
    help = "Vérifie un scénario GDSL (.testgb) ; code de sortie 1 s’il contient une erreur."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--platform", choices=[each.value for each in Platform], default=Platform.WEB.value)
        parser.add_argument(
            "--final", action="store_true", help="Refuse aussi un scénario sans ses étapes obligatoires (W101)."
        )
        parser.add_argument(
            "--allow-private", action="store_true", help="Accepte les adresses privées : un site sur cette machine."
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="Affiche les remarques en JSON.")

    def handle(
        self,
        *args: Any,
        file: Path,
        platform: str,
        final: bool,
        allow_private: bool,
        as_json: bool,
        **options: Any,
    ) -> None:
        text, unreadable = read(read_file(file))
        if unreadable is None:
            checked = check(text, Platform(platform), allow_private=allow_private, final=final)
        else:
            checked = Checked((unreadable,), None)
        if as_json:
            found = [asdict(each) for each in checked.diagnostics]
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join([*map(_line, checked.diagnostics), _summary(checked)]))
        is_refused = checked.errors or (final and checked.blockers)
        sys.exit(1 if is_refused else 0)


def _line(each: Diagnostic) -> str:
    suggestion = f" → {each.suggestion}" if each.suggestion else ""
    return f"{each.line}:{each.column} {each.code} {each.message}{suggestion}"


def _summary(checked: Checked) -> str:
    errors = len(checked.errors)
    warnings = len(checked.diagnostics) - errors
    if not checked.diagnostics:
        return "Aucune remarque."
    return f"Erreurs : {errors}, avertissements : {warnings}."
