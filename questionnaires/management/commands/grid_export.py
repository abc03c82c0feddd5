from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from questionnaires.core import load_yaml, write_xlsx
from questionnaires.management.versions import find_version


class Command(BaseCommand):
    help = "Écrit une version de grille sur la sortie standard, en YAML (tel que chargé) ou en Excel."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("demarche", metavar="DEMARCHE")
        parser.add_argument("version", metavar="VERSION")
        parser.add_argument("--format", choices=["yaml", "xlsx"], default="yaml", dest="form")

    def handle(self, *args: Any, demarche: str, version: str, form: str, **options: Any) -> None:
        definition = find_version(f"{demarche}:{version}")
        if form == "yaml":
            self.stdout.write(definition.source, ending="")
            return
        output = getattr(self.stdout._out, "buffer", sys.stdout.buffer)
        output.write(write_xlsx(load_yaml(definition.source).require()))
