"""Optional provider of company data: an API that answers like recherche-entreprises.api.gouv.fr. Off without address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
import structlog
from django.conf import settings

from convergence.accounts.enums import LegalForm

logger = structlog.get_logger(__name__)

TIMEOUT = (2, 3)  # seconds to connect, to answer: a form waits for it
MAX_BYTES = 200_000

#: First digits of the Insee legal category (« nature juridique »), the longest match wins.
_LEGAL_FORMS = {
    "1": LegalForm.SOLE_TRADER,
    "3": LegalForm.FOREIGN,
    "5": LegalForm.OTHER_COMPANY,
    "54": LegalForm.SARL,
    "55": LegalForm.SA,
    "56": LegalForm.SA,
    "57": LegalForm.SAS,
    "62": LegalForm.GROUPING,
    "7": LegalForm.PUBLIC_BODY,
    "7361": LegalForm.PUBLIC_HOSPITAL,
    "7364": LegalForm.PUBLIC_HOSPITAL,
    "7365": LegalForm.PUBLIC_HOSPITAL,
    "7366": LegalForm.PUBLIC_HOSPITAL,
    "7410": LegalForm.GROUPING,
    "82": LegalForm.MUTUAL,
    "92": LegalForm.ASSOCIATION,
    "93": LegalForm.FOUNDATION,
}


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    address: str
    legal_form: str  # a LegalForm value, or "" when the provider does not say


def is_enabled() -> bool:
    return bool(settings.COMPANY_LOOKUP_URL)


def look_up(siret: str) -> Company | None:
    """What the provider knows of a SIRET (14 digits); None when off, unknown, slow or broken: it never blocks."""
    if not is_enabled():
        return None
    try:
        response = requests.get(
            settings.COMPANY_LOOKUP_URL, params={"q": siret, "per_page": "1"}, timeout=TIMEOUT, allow_redirects=False
        )
        response.raise_for_status()
        if len(response.content) > MAX_BYTES:
            raise ValueError("answer too long")
        return _read(response.json())
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("company_lookup_failed", error=type(error).__name__)
        return None


def _read(answer: dict[str, Any]) -> Company | None:
    if not answer["results"]:
        return None
    result = answer["results"][0]
    category = str(result.get("nature_juridique") or "")
    matches = [length for length in range(len(category), 0, -1) if category[:length] in _LEGAL_FORMS]
    return Company(
        name=str(result["nom_complet"])[:200],
        address=str((result.get("siege") or {}).get("adresse") or ""),
        legal_form=_LEGAL_FORMS[category[: matches[0]]] if matches else "",
    )
