"""The cahier de tests of a démarche, read from `fixtures/connection_tests/`, and what a file exchanges."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from referencing.candidature.core.workbook import Catalogue, parse_catalogue
from referencing.candidature.models import Candidature
from referencing.dossier.models import Addendum, AddendumKind
from referencing.dossier.readers import parse_payload, read_payload

FOLDER = Path(settings.BASE_DIR) / "fixtures" / "connection_tests"


@lru_cache(maxsize=8)
def load_catalogue(demarche: str) -> Catalogue:
    """Raises FileNotFoundError for a démarche without cahier, CatalogueInvalid for a file that cannot serve."""
    return parse_catalogue(yaml.safe_load((FOLDER / f"{demarche}.yaml").read_text(encoding="utf-8")))


def read_scope(candidature: Candidature) -> list[dict[str, Any]]:
    """The frozen exchange scope, as reductions left it: one entry per interface and direction (BR-132)."""
    reductions = Addendum.objects.filter(dossier=candidature.dossier_id, kind=AddendumKind.SCOPE_REDUCTION)
    given_up = {code for each in reductions for code in parse_payload(bytes(each.payload))["given_up"]}
    return [
        {name: entry[name] for name in ("api", "api_text", "direction", "direction_text", "purpose_text")}
        for entry in read_payload(candidature.dossier)["exchange_scope"]
        if f"{entry['api']}-{entry['direction']}" not in given_up
    ]
