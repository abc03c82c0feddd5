from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from convergence.kernel.errors import TransitionRefused
from questionnaires.core import GridRefused, to_yaml
from questionnaires.core.cli import load_bytes
from questionnaires.enums import DefinitionState
from questionnaires.management.files import read_file, template_finder
from questionnaires.models import DefinitionVersion
from questionnaires.services import import_definition, publish_definition


class Command(BaseCommand):
    help = "Charge une grille (YAML ou Excel) comme brouillon d’une nouvelle version ; --publish la publie aussitôt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--publish", action="store_true", help="Publie la version : elle ne changera plus.")

    @transaction.atomic
    def handle(self, *args: Any, file: Path, publish: bool, **options: Any) -> None:
        content = read_file(file)
        try:
            definition = self.load(content, file)
            if publish and definition.state == DefinitionState.DRAFT:
                definition = publish_definition(definition=definition, actor=None, at=timezone.now())
        except GridRefused as refusal:
            raise CommandError(
                "\n".join(f"{each.code} {each.place} : {each.message}" for each in refusal.findings)
            ) from refusal
        except TransitionRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        state = definition.get_state_display().lower()
        if options["verbosity"]:
            self.stdout.write(
                f"{definition.demarche.slug}:{definition.version} – {state}, empreinte {definition.sha256}."
            )

    def load(self, content: bytes, file: Path) -> DefinitionVersion:
        """YAML is kept as it was written, comments included; Excel becomes the canonical YAML."""
        grid = load_bytes(content, file.name).require()
        is_text = file.suffix.lower() != ".xlsx"
        text = content.decode("utf-8-sig") if is_text else to_yaml(grid)
        return import_definition(text=text, actor=None, has_template=template_finder(file))
