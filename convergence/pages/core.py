"""Where an enrolment stands, computed and never stored: who has the ball, and the phases P1 to P12 (domain.md §3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Literal
from uuid import UUID


class Holder(Enum):
    """Who must act now, as pages name them."""

    EDITOR = "Vous"
    VERIFIERS = "Les vérificateurs"
    REPRESENTATIVE = "Le représentant légal"
    PRODUCER = "L’éditeur producteur"
    EXPERTS = "Les experts"
    TESTS = "L’équipe de tests"
    COMMISSION = "La commission"
    MINISTRY = "Le ministère"
    NOBODY = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the stages know of one enrolment, as plain values (states are their codes).

    `candidature`: state of the last one, open or ended. `has_newer_dossier`: a complete one was frozen after it.
    `is_new_cycle`: a renewal, a new exchange or a new application began since.
    `waiting_for`: who holds the ball of the instruction. `asked`: what waits for the editor’s answer, in words
    (« la demande de compléments »), and `due_on` the nearest day given for it.
    """

    enrolment: str
    sheet: str
    convention: str = ""
    orientation_done: bool = False
    all_done: bool = False
    has_complete_dossier: bool = False
    has_newer_dossier: bool = False
    candidature: str = ""
    candidature_id: UUID | None = None
    is_new_cycle: bool = False
    waiting_for: str = ""
    asked: tuple[str, ...] = ()
    due_on: date | None = None
    decision_id: UUID | None = None
    """An act of the minister that the editor has not opened yet: until then nothing says what it decides (A-32)."""
    publication: str = ""
    """State of the publication sheet, empty when there is none; `listing`: that of the newest listing."""
    listing: str = ""
    has_exchange: bool = False
    tests: str = ""
    """State of the newest campaign of connection tests, empty when there is none; `tests_at`: since when."""
    tests_at: datetime | None = None
    attached_at: datetime | None = None
    sheet_at: datetime | None = None
    convention_at: datetime | None = None
    applied_at: datetime | None = None
    taken_at: datetime | None = None
    admissible_at: datetime | None = None
    concluded_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ball:
    """`what` completes a sentence whose subject is `holder`; `target` names the page where to act, `until` the last day."""

    holder: Holder
    what: str
    target: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    code: str
    label: str
    state: Literal["done", "current", "waiting", "upcoming"]
    holder: Holder = Holder.NOBODY
    at: datetime | None = None


_SHEET_WITH_EDITOR = {"to_complete", "draft", "changes_requested"}
_COMMISSION = {"ready_commission", "scheduled", "opinion", "reservations"}
_DECIDED = {"approved", "listed", "refused", "rescinded"}
_OPEN = {"applied", "admissibility", "evaluation", *_COMMISSION, "minister", "approved"}
TESTS_PHASE = "P8"
_TESTS_ENDED = {"failed": "en échec", "cancelled": "campagne annulée"}
_TESTS_WITH_EDITOR = {"keys_sent", "e2e_running", "e2e_redo"}
_AGAIN = {
    "cancelled": "Votre candidature est annulée",
    "withdrawn": "Votre candidature est retirée",
    "inadmissible": "Votre candidature est irrecevable",
    "abandoned": "Votre candidature est close par abandon",
    "refused": "Le référencement de votre service est refusé",
    "rescinded": "La décision de référencement n’est plus en vigueur",
}


_COMMISSION_BALLS = {
    "ready_commission": Ball(Holder.COMMISSION, "examinera votre dossier", "candidature"),
    "scheduled": Ball(Holder.COMMISSION, "examinera votre dossier à sa prochaine séance", "candidature"),
    "opinion": Ball(Holder.COMMISSION, "a rendu son avis et le transmet au ministre", "candidature"),
    "reservations": Ball(Holder.VERIFIERS, "examinent vos réponses aux réserves", "candidature"),
    "minister": Ball(Holder.MINISTRY, "décide du référencement de votre service", "candidature"),
    "approved": Ball(Holder.VERIFIERS, "préparent la publication de votre service", "candidature"),
}
_SHEET_TO_WRITE = {"", "draft", "changes_requested"}
_LISTINGS = {
    "suspended": "Le référencement de votre service est suspendu.",
    "expired": "Le référencement de votre service a pris fin.",
    "withdrawn": "Le référencement de votre service est retiré.",
    "withdrawn_by_editor": "Vous avez retiré votre service du catalogue.",
}


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
    if facts.decision_id:
        return Ball(Holder.EDITOR, "devez prendre connaissance d’une décision du ministre", "decision")
    if facts.candidature in _OPEN:
        return _find_ball_of_instruction(facts)
    if facts.candidature == "listed" and not facts.has_newer_dossier and not facts.is_new_cycle:
        return Ball(Holder.NOBODY, _LISTINGS.get(facts.listing, "Votre service est référencé au catalogue."))
    if facts.candidature == "pre_listed":
        return Ball(Holder.NOBODY, "Votre solution est pré-référencée : des distributeurs peuvent s’y rattacher.")
    if not facts.orientation_done:
        return Ball(Holder.EDITOR, "devez répondre au questionnaire d’orientation", "questionnaires")
    if facts.candidature == "inadmissible" and not facts.has_newer_dossier:
        return Ball(
            Holder.EDITOR,
            "devez corriger ce qui a rendu votre candidature irrecevable, puis générer un nouveau dossier",
            "candidature",
        )
    if facts.has_complete_dossier:
        again = " de nouveau" if facts.candidature in _AGAIN else ""
        return Ball(Holder.EDITOR, f"pouvez candidater{again} avec votre dossier d’évaluation", "dossier")
    if facts.is_new_cycle and not facts.all_done:
        return Ball(Holder.EDITOR, "devez valider de nouveau vos questionnaires, puis candidater", "questionnaires")
    if facts.all_done:
        return Ball(Holder.EDITOR, "pouvez générer votre dossier d’évaluation, puis candidater", "dossier")
    return Ball(Holder.EDITOR, "devez répondre aux questionnaires d’évaluation", "questionnaires")


def _find_ball_of_instruction(facts: Facts) -> Ball:
    """What waits for the editor comes first, even while agents go on with the rest."""
    if facts.asked:
        return Ball(Holder.EDITOR, f"devez répondre à {' et à '.join(facts.asked)}", "candidature", facts.due_on)
    if facts.candidature == "applied":
        return Ball(Holder.VERIFIERS, "vont prendre en charge votre candidature", "candidature")
    if facts.candidature == "admissibility":
        return Ball(Holder.VERIFIERS, "examinent la recevabilité de votre candidature", "candidature")
    if facts.candidature == "reservations" and facts.waiting_for == "editor":
        return Ball(Holder.EDITOR, "devez lever les réserves de la commission", "candidature", facts.due_on)
    if facts.candidature == "approved" and facts.publication in _SHEET_TO_WRITE:
        verb = "corriger" if facts.publication == "changes_requested" else "compléter"
        return Ball(Holder.EDITOR, f"devez {verb} la fiche de publication, puis la soumettre", "publication")
    if facts.candidature in _COMMISSION_BALLS:
        return _COMMISSION_BALLS[facts.candidature]
    return {
        "editor": Ball(Holder.EDITOR, "devez avancer vos tests de connexion", "candidature", facts.due_on),
        "producer": Ball(
            Holder.PRODUCER, "doit répondre sur des réponses que vous avez récupérées", "candidature", facts.due_on
        ),
        "experts": Ball(Holder.EXPERTS, "évaluent votre dossier", "candidature"),
        "tests": Ball(Holder.TESTS, "suit vos tests de connexion", "candidature"),
    }.get(facts.waiting_for, Ball(Holder.VERIFIERS, "suivent l’évaluation de votre dossier", "candidature"))


def say_ended(facts: Facts) -> str:
    """How the last candidature ended, when the editor may apply again; empty otherwise."""
    return "" if facts.decision_id else _AGAIN.get(facts.candidature, "")


def list_phases(facts: Facts) -> list[Phase]:
    """The phases as one line of time; connection tests only when data is exchanged with Mon espace santé, and no
    commission for what is pre-listed (T23)."""
    ball = find_ball(facts)
    pre_listed = facts.candidature == "pre_listed"
    decided = facts.candidature in _DECIDED and not facts.decision_id
    advised = facts.candidature in _DECIDED or facts.candidature == "minister"
    evaluated = advised or facts.candidature in _COMMISSION or pre_listed
    applied = evaluated or facts.candidature in _OPEN
    admissible = evaluated or facts.candidature == "evaluation"
    done = [
        ("P1", "Produit et rattachement", True, facts.attached_at),
        ("P2", "Fiche administrative", facts.sheet == "validated", facts.sheet_at),
        ("P3", "Convention", facts.convention == "validated", facts.convention_at),
        ("P4", "Questionnaires et preuves", facts.convention == "validated" and (facts.all_done or applied), None),
        ("P5", "Dossier et candidature", applied, facts.applied_at),
        ("P6", "Recevabilité", admissible, facts.admissible_at or (facts.taken_at if applied else None)),
        ("P7", "Évaluation par les experts", evaluated, facts.concluded_at),
        *([(TESTS_PHASE, "Tests techniques", False, None)] if facts.has_exchange else []),
        *(
            [("P9", "Pré-référencement", True, facts.closed_at)]
            if pre_listed
            else [
                ("P9", "Avis de la commission", advised, None),
                ("P10", "Décision du ministre", decided, None),
                ("P11", "Publication au catalogue", facts.candidature == "listed", facts.closed_at),
                ("P12", "Vie du référencement", False, None),
            ]
        ),
    ]
    # the tests go on beside the evaluation, not after it (§3.1): they are never what the file waits for
    current = next((index for index, row in enumerate(done) if not row[2] and row[0] != TESTS_PHASE), len(done))
    phases = []
    for index, (code, label, is_done, at) in enumerate(done):
        if code == TESTS_PHASE:
            phases.append(_tests_phase(label, facts, is_begun=admissible, is_over=evaluated))
        elif is_done:
            phases.append(Phase(code, label, "done", at=at))
        elif index == current and ball.holder is not Holder.NOBODY:
            state: Literal["current", "waiting"] = "current" if ball.holder is Holder.EDITOR else "waiting"
            phases.append(Phase(code, label, state, ball.holder, at))
        else:
            phases.append(Phase(code, label, "upcoming"))
    return phases


def _tests_phase(label: str, facts: Facts, *, is_begun: bool, is_over: bool) -> Phase:
    """As the newest campaign says; `is_over` once the evaluation is concluded, which no live campaign allows (T24b)."""
    if facts.tests == "passed":
        return Phase(TESTS_PHASE, label, "done", at=facts.tests_at)
    if facts.tests in _TESTS_ENDED:
        label = f"{label} ({_TESTS_ENDED[facts.tests]})"
    if is_over or not is_begun:
        return Phase(TESTS_PHASE, label, "upcoming", at=facts.tests_at if is_over else None)
    if facts.tests in _TESTS_WITH_EDITOR:
        return Phase(TESTS_PHASE, label, "current", Holder.EDITOR, facts.tests_at)
    return Phase(TESTS_PHASE, label, "waiting", Holder.TESTS, facts.tests_at)
