"""What a visitor asks of the catalogue: read from an address, written in one, turned into words to look for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from convergence.ui.typography import PARIS

TEXT_LENGTH = 100
#: (code, label, from, below): bands of the écoscore; the last one is open.
ECOSCORES: list[tuple[str, str, Decimal, Decimal | None]] = [
    ("75", "75 et plus", Decimal(75), None),
    ("50", "De 50 à 75", Decimal(50), Decimal(75)),
    ("0", "Moins de 50", Decimal(0), Decimal(50)),
]
DATA = [
    ("oui", "Échange des données"),
    ("mesures", "Mesures de santé"),
    ("documents", "Documents"),
    ("agenda", "Agenda"),
    ("non", "N’échange aucune donnée"),
]
SORTS = [("nom", "Nom"), ("recents", "Les plus récents"), ("ecoscore", "Meilleur écoscore")]
#: Words that say nothing of a service.
_SMALL_WORDS = """a app appli application au aux avec ce ces dans de des du elle en et il je la le les leur ma mais mes moi mon ne nos
    notre nous on ou par pas pour qu que qui sa se service ses son sur ta te tes ton tu un une vos votre vous"""
_EMPTY_WORDS = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True, slots=True)
class CatalogueFilter:
    """Codes, all known; empty means any."""

    text: str = ""
    category: str = ""
    platform: str = ""
    price: str = ""
    data: str = ""
    ecoscore: str = ""
    sort: str = "nom"

    @property
    def is_empty(self) -> bool:
        return replace(self, sort="nom") == CatalogueFilter()

    def query(self, **changes: str) -> str:
        """`q=…&prix=…`, without what is empty; `changes` by field."""
        asked = replace(self, **changes)
        pairs = [(name, getattr(asked, field)) for field, name in NAMES.items()]
        return urlencode([(name, value) for name, value in pairs if value and (name, value) != ("tri", "nom")])


#: Field of the filter, parameter of the address.
NAMES = {
    "text": "q",
    "category": "categorie",
    "platform": "support",
    "price": "prix",
    "data": "donnees",
    "ecoscore": "ecoscore",
    "sort": "tri",
}


def read_filter(
    asked: Mapping[str, str],
    *,
    categories: Collection[str],
    platforms: Collection[str],
    prices: Collection[str],
) -> CatalogueFilter:
    """From an address; what is not known is dropped, so that an old link still opens."""
    known = {
        "category": categories,
        "platform": platforms,
        "price": prices,
        "data": [code for code, _ in DATA],
        "ecoscore": [code for code, *_ in ECOSCORES],
        "sort": [code for code, _ in SORTS],
    }
    chosen = {field: asked.get(NAMES[field], "") for field in known}
    valid = {field: value for field, value in chosen.items() if value in known[field]}
    text = " ".join(asked.get("q", "").replace("\x00", "").split())[:TEXT_LENGTH]
    return CatalogueFilter(text=text, **valid)


def exact_terms(words: Collection[str]) -> str:
    """A PostgreSQL query: every word begins one of the service’s; plurals and words that say nothing are forgiven.

    Empty when there is nothing to look for.
    """
    kept = [word for word in words if word not in _EMPTY_WORDS] or list(words)
    return " & ".join(f"{_singular(word)}:*" for word in kept)


def close_terms(words: Collection[str]) -> str:
    """A wider one, for when nothing was found: any word will do, and its end may be mistyped."""
    kept = [word for word in words if word not in _EMPTY_WORDS and len(word) > 2]
    return " | ".join(f"{word[: max(4, len(word) - 2)]}:*" for word in kept)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


def seconds_to_midnight(at: datetime) -> int:
    """Until the next day begins in Paris: a listing that ends today leaves the catalogue then (BR-172)."""
    local = at.astimezone(PARIS)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return max(1, int((midnight.replace(tzinfo=PARIS).timestamp()) - at.timestamp()))
