"""Identifiers of French organisations."""

from stdnum.exceptions import ValidationError
from stdnum.fr import siret as french_siret


def parse_siret(text: str) -> str:
    """The 14 digits of a SIRET typed with any spaces or dots (BR-025).

    La Poste (SIREN 356000000) has its own checksum. Raises ValueError when there are not 14 digits or when they fail.
    """
    try:
        return str(french_siret.validate("".join(text.split()).replace(".", "")))
    except ValidationError as error:
        raise ValueError("not a SIRET") from error


def format_siret(siret: str) -> str:
    """« 123 456 789 00012 », with no-break spaces."""
    return str(french_siret.format(siret, separator="\u00a0"))
