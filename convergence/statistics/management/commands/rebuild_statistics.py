from typing import Any

from django.core.management.base import BaseCommand

from convergence.statistics.services import rebuild_statistics, refresh_statistics


class Command(BaseCommand):
    help = "Recompte toutes les statistiques, dit quels compteurs étaient faux et établit les chiffres du jour."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = rebuild_statistics()
        refresh_statistics()
        for each in differences:
            self.stdout.write(
                f"{each.cell.measure} {each.cell.code} {each.cell.month:%m/%Y} : {each.kept} → {each.counted}"
            )
        self.stdout.write(f"Compteurs corrigés : {len(differences)}")
