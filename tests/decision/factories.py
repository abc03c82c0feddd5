"""Acts in the state that a test needs: opinions are written as the commission would, acts reached through the services."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pgtrigger
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.documents.pdf import render_html
from convergence.documents.signatures import sign_pdf
from evidence.services import keep_generated
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.models import AgendaPoint, CommissionSession, Opinion, Reservation
from referencing.convention.models import Convention
from referencing.decision.core.act import Signatory
from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision
from referencing.decision.services import draft_decision, open_decision, sign_decision
from tests.candidature.campaigns import give_scope
from tests.candidature.factories import make_candidature
from tests.convention.factories import OPTIONS
from tests.factories import make_agent

REMEDIES = "Vous pouvez former un recours dans les deux mois."
SETTINGS = {
    "decision": {
        "remedies": REMEDIES,
        "reasons": {"listing": "Le service remplit les conditions.", "refusal": "Une condition n’est pas remplie."},
    },
    "convention": OPTIONS,
}


def today() -> date:
    return timezone.localdate()


def make_signatory(**fields: Any) -> Signatory:
    values = {
        "name": "Claude Renard",
        "quality": "délégué au numérique en santé",
        "email": "claude.renard@ministere.example",
        "delegation": "Arrêté du 3 mars 2026, article 2",
        "delegation_from": today() - timedelta(days=600),
        "delegation_until": today() + timedelta(days=300),
    }
    return Signatory(**{**values, **fields})


def make_session(**fields: Any) -> CommissionSession:
    secretary = make_agent(Role.SECRETARY)
    return CommissionSession.objects.create(
        **{"held_at": timezone.now() - timedelta(days=5), "place": "Salle 1", "created_by": secretary, **fields}
    )


def give_opinion(
    candidature: Candidature,
    kind: str = "favourable",
    *,
    session: CommissionSession | None = None,
    reasons: str = "Vu.",
) -> Opinion:
    session = session or make_session()
    now = timezone.now()
    point = AgendaPoint.objects.create(
        session=session,
        candidature=candidature,
        position=session.points.count() + 1,
        product_name=candidature.enrolment.product.name,
        organisation_name=candidature.enrolment.product.organisation.name,
        outcome="opinion",
        added_by=session.created_by,
        added_at=now,
        ended_at=now,
    )
    return Opinion.objects.create(
        candidature=candidature,
        point=point,
        kind=kind,
        reasons=reasons,
        payload=b"{}",
        sha256="0",
        seal=b"",
        schema=1,
        given_at=now,
    )


def add_reservation(opinion: Opinion, *, is_suspensive: bool = True, **fields: Any) -> Reservation:
    values = {
        "opinion": opinion,
        "candidature": opinion.candidature,
        "number": opinion.reservations.count() + 1,
        "is_suspensive": is_suspensive,
        "criterion": "RGPD.1",
        "text": "Complétez l’analyse d’impact.",
        "due_on": today() + timedelta(days=30),
    }
    return Reservation.objects.create(**{**values, **fields})


def make_decidable(
    opinion: str = "favourable",
    *,
    pairs: list[tuple[str, str]] | None = None,
    session: CommissionSession | None = None,
    **fields: Any,
) -> tuple[Candidature, User]:
    """A file transmitted to the minister with an opinion, and a mandataire of its organisation."""
    candidature, manager = make_candidature(
        CandidatureState.MINISTER, complete=False, has_exchange=bool(pairs), **fields
    )
    demarche = candidature.enrolment.demarche
    demarche.settings = {**demarche.settings, **SETTINGS}
    demarche.save(update_fields=["settings"])
    if pairs:
        give_scope(candidature.dossier, pairs)
    give_opinion(candidature, opinion, session=session)
    return candidature, manager


def make_draft(
    kind: str = DecisionKind.LISTING, *, actor: User | None = None, **fields: Any
) -> tuple[Decision, User, User]:
    """A draft on a file, who drafted it, and a mandataire of the organisation."""
    actor = actor or make_agent(Role.MINISTRY)
    opinion = "unfavourable" if kind == DecisionKind.REFUSAL else "favourable"
    candidature, manager = make_decidable(opinion, **fields)
    decision = draft_decision(
        kind=kind, enrolment_id=candidature.enrolment_id, candidature_id=candidature.pk, actor=actor
    )
    return decision, actor, manager


def make_signed(kind: str = DecisionKind.LISTING, **fields: Any) -> tuple[Decision, User, User]:
    decision, actor, manager = make_draft(kind, **fields)
    signed = sign_decision(decision_id=decision.pk, signatory=make_signatory(), signed_on=today(), actor=actor)
    return signed, actor, manager


def make_notified(kind: str = DecisionKind.REFUSAL, **fields: Any) -> tuple[Decision, User, User]:
    decision, actor, manager = make_signed(kind, **fields)
    return open_decision(decision_id=decision.pk, actor=manager), actor, manager


def make_sanction(kind: str, *, about: Decision, actor: User, **terms: Any) -> Decision:
    """A draft about a listed service, with what A-02 asks of it."""
    values = {"condition_text": "Sécurité des échanges", "invited_on": today().isoformat(), **terms}
    return draft_decision(
        kind=kind,
        enrolment_id=about.enrolment_id,
        actor=actor,
        reasons="La condition n’est plus remplie.",
        terms={key: value for key, value in values.items() if value},
        about_id=about.pk,
    )


def sign_as_editor(convention: Convention, *, email: str = "camille@editeur.example") -> Convention:
    """Give the convention the file that its editor really signed: others sign the same file after it."""
    now = convention.signed_at
    signed = sign_pdf(
        render_html("<p>Convention</p>", variant=None, created_at=now),
        signer_name="Camille Durand",
        signer_email=email,
        reason="Essai",
        location="France",
        field_name="editeur",
        at=now,
    )
    stored = keep_generated(content=signed, name="convention.pdf", code="pdf")
    parties = [
        {"key": key, "name": key, "identity": "", "represented_by": "Camille"}
        for key in ("editeur", "ministre", "cnam")
    ]
    with pgtrigger.ignore("convention.Convention:convention_sent_is_fixed"):
        Convention.objects.filter(pk=convention.pk).update(
            signed_document=stored, signer_name="Camille Durand", parties=parties
        )
    return Convention.objects.select_related("enrolment").get(pk=convention.pk)
