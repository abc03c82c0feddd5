import json
import re
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from referencing.dossier.verification import EXIT_CODES, verify_file, verify_reference

REFERENCE = re.compile(r"N\d{17,}(-A\d+)?")


class Command(BaseCommand):
    help = (
        "Vérifie un dossier d’évaluation ou un additif : par sa référence (contenu, preuves et cachet), ou par un fichier (le PDF "
        "scellé, ou le JSON à côté de son cachet .p7s), sans base de données. Code de sortie : 0 intact, 1 altéré, "
        "2 inconnu ou illisible."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="REFERENCE|FICHIER")
        parser.add_argument("--json", action="store_true", help="Écrit le verdict en JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        subject: str = options["subject"]
        verdict = verify_reference(subject) if REFERENCE.fullmatch(subject) else verify_file(Path(subject))
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_dict(), ensure_ascii=False))
        else:
            words = {"intact": "intact", "altered": "altéré", "unreadable": "inconnu ou illisible"}
            self.stdout.write(f"{verdict.subject} : {words[verdict.outcome]}")
            for problem in verdict.problems:
                self.stdout.write(f"- {problem}")
        sys.exit(EXIT_CODES[verdict.outcome])
