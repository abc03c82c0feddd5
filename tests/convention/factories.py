"""Conventions in each state, reached through the services as people reach them."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from referencing.convention import services
from referencing.convention.enums import DataCategory
from referencing.convention.models import Convention
from referencing.enrolment.enums import Purpose
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from referencing.enrolment.services import submit_sheet
from tests.factories import DemarcheFactory, make_agent, make_member
from tests.questionnaires.factories import make_enrolment

OPTIONS = {
    "duration_months": 36,
    "withdrawal_terms": "L’éditeur peut se retirer à tout moment, avec un préavis d’un mois.",
    "link_days": 15,
}
SHEET = {
    "organisation_name": "Alizé Santé",
    "legal_form": "sas",
    "address": "12 rue des Lilas\n69003 Lyon",
    "rcs": "Lyon B 812 345 678",
    "siret": "73282932000074",
    "website": "https://alize.example",
    "phone": "+33123456789",
    "representative_last_name": "Étienne",
    "representative_first_name": "Anne",
    "representative_function": "Présidente",
    "representative_email": "Anne.Etienne@alize.example",
    "representative_phone": "+33123456780",
}
SIGNER = "anne.etienne@alize.example"
TERMS = {
    "data_categories": [DataCategory.MEASURES, DataCategory.DOCUMENTS],
    "purposes": [Purpose.PREVENTION, Purpose.CARE],
}


def make_submitted(**changes: Any) -> tuple[Enrolment, User]:
    """An enrolment whose fiche is transmitted, and the member who did it."""
    DemarcheFactory(settings={"convention": OPTIONS, "contact": "referencement@operateur.example"})
    enrolment = make_enrolment(is_open=False)
    editor = make_member(enrolment.product.organisation)
    AdministrativeSheet.objects.filter(enrolment=enrolment).update(**SHEET | changes)
    submit_sheet(enrolment_id=enrolment.pk, actor=editor)
    return enrolment, editor


def make_prepared(verifier: User | None = None) -> Convention:
    """Fiche validated, choices made: ready to be sent."""
    verifier = verifier or make_agent(Role.LISTING_TEAM)
    enrolment, _ = make_submitted()
    convention = services.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
    return services.choose_terms(convention_id=convention.pk, actor=verifier, **TERMS)


def make_sent(verifier: User | None = None) -> Convention:
    verifier = verifier or make_agent(Role.LISTING_TEAM)
    return services.send_convention(convention_id=make_prepared(verifier).pk, actor=verifier)


def last_token(to: str = SIGNER) -> str:
    """The token of the last link mailed to the signer."""
    bodies = [message.body for message in mail.outbox if message.to == [to]]
    return next(found[1] for body in reversed(bodies) if (found := re.search(r"/signature/([\w-]+)/", body)))


def last_code(to: str = SIGNER) -> str:
    bodies = [message.body for message in mail.outbox if message.to == [to]]
    return next(found[1] for body in reversed(bodies) if (found := re.search(r"\b(\d{6})\b", body)))
