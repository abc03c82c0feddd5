from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from convergence.accounts import demo
from convergence.interests.demo import declare_for_demo_people
from convergence.pages import demo_candidatures, demo_products, demo_sessions, demo_together, demo_white_label
from convergence.statistics.services import refresh_statistics
from ecoscore.demo import create_demo_measures
from referencing.commission.demo import create_demo_commission

#: What makes the demo world, in order; each step is idempotent.
STEPS: tuple[tuple[str, Callable[[], object]], ...] = (
    ("Personnes et structures", demo.create_demo_people),
    ("Déclarations d’intérêts", declare_for_demo_people),
    ("Membres de la commission", create_demo_commission),
    ("Parcours et démarches", demo_products.load_parcours),
    ("Grille", demo_products.publish_grid),
    ("Produits", demo_products.create_demo_products),
    ("Candidatures", demo_candidatures.create_demo_candidatures),
    ("Marque blanche", demo_white_label.create_demo_white_label),
    ("Travail à plusieurs", demo_together.create_demo_teamwork),
    ("Séances, décisions et catalogue", demo_sessions.create_demo_sessions),
    ("Écoscore", create_demo_measures),
    ("Statistiques", refresh_statistics),
)


class Command(BaseCommand):
    help = "Create what is missing of the demo world, then print its accounts. Refused outside demo and development."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo.refuse_outside_demo()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        for label, step in STEPS:
            self.stderr.write(f"{label}…")
            step()
        call_command("demo_accounts", "--without-codes", stdout=self.stdout)
