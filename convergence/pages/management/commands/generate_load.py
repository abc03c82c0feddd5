from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from psycopg.errors import UniqueViolation

from convergence.accounts.demo import refuse_outside_demo
from convergence.pages.load import Load, today
from referencing.dossier.models import Dossier


class Command(BaseCommand):
    help = "Add invented files under instruction, for measures. Refused outside demo and development; needs the demo world."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--candidatures", type=int, required=True, metavar="N")
        parser.add_argument("--seed", type=int, default=1, help="another seed adds other files")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_outside_demo()
            load = Load(seed=options["seed"], now=today())
        except (ImproperlyConfigured, Dossier.DoesNotExist) as error:
            raise CommandError(str(error)) from error
        began = time.monotonic()
        try:
            for written in load.write(options["candidatures"]):
                self.stderr.write(f"{written} / {options['candidatures']}, {time.monotonic() - began:.0f} s")
        except UniqueViolation as error:
            raise CommandError(f"Seed {options['seed']} is loaded already.") from error
