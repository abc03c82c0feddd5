from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand

from referencing.commission.services.members import load_seats


class Command(BaseCommand):
    help = "Crée ou met à jour les neuf sièges de la commission décrits dans fixtures/commission.yaml."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "fixtures" / "commission.yaml"
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        load_seats(entries)
        if options["verbosity"]:
            self.stdout.write(f"{len(entries)} sièges à jour.")
