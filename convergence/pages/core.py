"""Where an enrolment stands, computed and never stored: who has the ball, and the phases P1 to P12 (domain.md §3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal


class Holder(Enum):
    """Who must act now, as pages name them."""

    EDITOR = "Vous"
    VERIFIERS = "Les vérificateurs"
    REPRESENTATIVE = "Le représentant légal"
    NOBODY = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the stages know of one enrolment, as plain values (states are their codes)."""

    enrolment: str
    sheet: str
    convention: str = ""
    orientation_done: bool = False
    all_done: bool = False
    has_complete_dossier: bool = False
    candidature: str = ""
    has_exchange: bool = False
    attached_at: datetime | None = None
    sheet_at: datetime | None = None
    convention_at: datetime | None = None
    applied_at: datetime | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ball:
    """`what` completes a sentence whose subject is `holder`; `target` names the page where to act."""

    holder: Holder
    what: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    code: str
    label: str
    state: Literal["done", "current", "waiting", "upcoming"]
    holder: Holder = Holder.NOBODY
    at: datetime | None = None


_SHEET_WITH_EDITOR = {"to_complete", "draft", "changes_requested"}


def find_ball(facts: Facts) -> Ball:
    """Who must do what now."""
    if facts.enrolment != "active":
        return Ball(Holder.NOBODY, "Ce rattachement est clos.")
    if facts.sheet in _SHEET_WITH_EDITOR:
        verb = "corriger" if facts.sheet == "changes_requested" else "compléter"
        return Ball(Holder.EDITOR, f"devez {verb} la fiche administrative, puis la transmettre", "sheet")
    if facts.sheet == "submitted":
        return Ball(Holder.VERIFIERS, "examinent votre fiche administrative", "sheet")
    if facts.convention in ("", "to_send"):
        return Ball(Holder.VERIFIERS, "préparent l’envoi de la convention", "convention")
    if facts.convention == "to_sign":
        return Ball(Holder.REPRESENTATIVE, "doit signer la convention avec le lien reçu par courriel", "convention")
    if facts.convention == "signed":
        return Ball(Holder.VERIFIERS, "valident la convention signée", "convention")
    if facts.candidature == "applied":
        return Ball(Holder.VERIFIERS, "vont prendre en charge votre candidature", "dossier")
    if facts.candidature == "admissibility":
        return Ball(Holder.VERIFIERS, "examinent la recevabilité de votre candidature", "dossier")
    if not facts.orientation_done:
        return Ball(Holder.EDITOR, "devez répondre au questionnaire d’orientation", "questionnaires")
    if facts.has_complete_dossier:
        return Ball(Holder.EDITOR, "pouvez candidater avec votre dossier d’évaluation", "dossier")
    if facts.all_done:
        return Ball(Holder.EDITOR, "pouvez générer votre dossier d’évaluation, puis candidater", "dossier")
    return Ball(Holder.EDITOR, "devez répondre aux questionnaires d’évaluation", "questionnaires")


def list_phases(facts: Facts) -> list[Phase]:
    """The phases as one line of time; connection tests only when data is exchanged with Mon espace santé."""
    ball = find_ball(facts)
    applied = facts.candidature in ("applied", "admissibility")
    done = [
        ("P1", "Produit et rattachement", True, facts.attached_at),
        ("P2", "Fiche administrative", facts.sheet == "validated", facts.sheet_at),
        ("P3", "Convention", facts.convention == "validated", facts.convention_at),
        ("P4", "Questionnaires et preuves", facts.convention == "validated" and (facts.all_done or applied), None),
        ("P5", "Dossier et candidature", applied, facts.applied_at),
        ("P6", "Recevabilité", False, facts.taken_at),
        ("P7", "Évaluation par les experts", False, None),
        *([("P8", "Tests techniques", False, None)] if facts.has_exchange else []),
        ("P9", "Avis de la commission", False, None),
        ("P10", "Décision du ministre", False, None),
        ("P11", "Publication au catalogue", False, None),
        ("P12", "Vie du référencement", False, None),
    ]
    current = next((index for index, row in enumerate(done) if not row[2]), len(done))
    phases = []
    for index, (code, label, is_done, at) in enumerate(done):
        if is_done:
            phases.append(Phase(code, label, "done", at=at))
        elif index == current and ball.holder is not Holder.NOBODY:
            state: Literal["current", "waiting"] = "current" if ball.holder is Holder.EDITOR else "waiting"
            phases.append(Phase(code, label, state, ball.holder, at))
        else:
            phases.append(Phase(code, label, "upcoming"))
    return phases
