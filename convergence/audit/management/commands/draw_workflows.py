from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from convergence.audit.machines import list_files


class Command(BaseCommand):
    help = "Redessine docs/workflow/ d’après les machines à états du code."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs" / "workflow"
        folder.mkdir(parents=True, exist_ok=True)
        files = list_files()
        for old in {path.name for path in folder.iterdir()} - set(files):
            (folder / old).unlink()
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        self.stdout.write(f"{len(files)} fichiers écrits dans docs/workflow/.")
