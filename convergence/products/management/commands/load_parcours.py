from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand

from convergence.products.services import load_parcours


class Command(BaseCommand):
    help = "Crée ou met à jour les parcours et les démarches décrits dans fixtures/parcours.yaml."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "fixtures" / "parcours.yaml"
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        load_parcours(entries)
        if options["verbosity"]:
            self.stdout.write(f"{len(entries)} parcours à jour.")
