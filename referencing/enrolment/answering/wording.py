"""How criteria, levels and answers read to people: one place for the form, the results and the workbook."""

from __future__ import annotations

from collections.abc import Iterable

from convergence.ui.typography import NBSP, format_date, format_number
from convergence.ui.values import Badge
from questionnaires.core import Compliance, Criterion, CriterionAnswer, Kind

LEVELS = {
    "na": "Niveau non applicable",
    "0": "Maturité très faible",
    "1": "Maturité faible",
    "2": "Maturité moyenne",
    "3": "Maturité forte",
}
COMPLIANCES = {Compliance.CONFORME: "Conforme", Compliance.NON_CONFORME: "Non conforme"}
OBLIGATION, OPTION = Badge("Obligation", "info"), Badge("Option", "neutral")
NO_MINIMUM = "Aucun niveau minimum requis pour cette démarche"


def nature_badge(criterion: Criterion) -> Badge:
    return OBLIGATION if criterion.is_obligation else OPTION


def enumerate_words(words: Iterable[str], link: str = "ou") -> str:
    """« a, b ou c »."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} {link} {last}" if first else last


def expected_words(criterion: Criterion, kind: Kind) -> str:
    """What an obligation asks for; an option asks for nothing (BR-080)."""
    if not criterion.is_obligation:
        return NO_MINIMUM if kind is Kind.LEVELS else "Aucun minimum requis pour cette démarche"
    match kind:
        case Kind.LEVELS:
            return f"Niveaux acceptés{NBSP}: {enumerate_words(LEVELS[level] for level in criterion.acceptable)}"
        case Kind.COMPLIANCE:
            return f"Réponse attendue{NBSP}: {COMPLIANCES[Compliance.CONFORME]}"
    return "Toutes les preuves obligatoires sont attendues"


def answer_words(criterion: Criterion, answer: CriterionAnswer | None) -> str:
    """The answer in words, its value included; empty when there is none."""
    if answer is None:
        return ""
    words = LEVELS[answer.level] if answer.level else COMPLIANCES[answer.compliance] if answer.compliance else ""
    value = value_words(criterion, answer)
    return f"{words} ({value})" if words and value else words or value


def value_words(criterion: Criterion, answer: CriterionAnswer) -> str:
    """« 72,5 /100 »: the expected value with its unit."""
    if answer.value is None or criterion.value is None:
        return ""
    match criterion.value.type.value:
        case "number":
            text = format_number(answer.value)  # type: ignore[arg-type]
        case "date":
            text = format_date(answer.value)  # type: ignore[arg-type]
        case _:
            text = str(answer.value)
    return f"{text}{NBSP}{criterion.value.unit}".rstrip()
