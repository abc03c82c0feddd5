"""Every state machine: the decorators, the trigger of the database and the drawings say the same."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path

import pgtrigger
import pytest
from django.conf import settings
from django.db import DatabaseError, models, transaction
from django.utils import timezone

from convergence.accounts.models import Membership
from convergence.audit.machines import Machine, list_files, list_machines
from convergence.jobs.models import Job
from evidence.models import Blob
from questionnaires.models import DefinitionVersion, QuestionnaireResponse
from referencing.candidature.models import Candidature, ComplementRequest, Discussion, NonConformity, TestCampaign
from referencing.commission.models import AgendaPoint, CommissionSession, Opinion, Reservation
from referencing.convention.models import Annex, Convention
from referencing.decision.models import Appeal, Decision, Suit
from referencing.dossier.services import generate_dossier
from referencing.enrolment.models import AdministrativeSheet, Enrolment, PreListing
from referencing.listing.models import Listing
from tests.dossier.factories import answer_core, make_signed_enrolment
from tests.factories import MembershipFactory

MACHINES = {machine.model._meta.label_lower: machine for machine in list_machines()}
each_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))


def triggers_of(machine: Machine) -> list[pgtrigger.FSM]:
    return [
        trigger
        for trigger in machine.model._meta.triggers
        if isinstance(trigger, pgtrigger.FSM) and trigger.field == machine.field.name
    ]


@each_machine
def test_decorators_and_trigger_allow_the_same(machine):
    (trigger,) = triggers_of(machine)

    allowed = {(str(source), str(target)) for source, target in trigger.transitions}

    assert allowed == machine.pairs()


@each_machine
def test_every_state_can_be_reached(machine):
    reached = {machine.initial}
    while found := {target for source, target in machine.pairs() if source in reached} - reached:
        reached |= found

    assert reached == set(machine.states)


@each_machine
def test_state_cannot_be_assigned(machine):
    row = machine.model()

    with pytest.raises(AttributeError):
        setattr(row, machine.field.name, next(state for state in machine.states if state != machine.initial))


def test_drawings_are_those_of_the_code():
    folder = Path(settings.BASE_DIR) / "docs" / "workflow"

    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    assert committed == list_files(), "run manage.py draw_workflows"


def make_rows() -> dict[type[models.Model], models.Model]:
    """One row per machine, complete enough for the checks of every state: only the trigger can refuse."""
    enrolment, manager = make_signed_enrolment()
    answer_core(enrolment)
    now = timezone.now()
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    candidature = Candidature.objects.create(
        enrolment=enrolment,
        dossier=dossier,
        applied_by=manager,
        applied_at=now,
        referent=manager,
        taken_at=now,
        admissible_at=now,
        concluded_at=now,
        proposal="favourable",
    )
    asked = {"candidature": candidature, "number": 1}
    request = ComplementRequest.objects.create(
        **asked, kind="criteria", due_on=now.date(), requested_by=manager, requested_at=now
    )
    gap = NonConformity.objects.create(**asked, theme="rgpd", severity="major", opened_by=manager, opened_at=now)
    discussion = Discussion.objects.create(
        candidature=candidature,
        theme="rgpd",
        criterion="RGPD.1",
        is_internal=True,
        opened_by=manager,
        opened_at=now,
        last_message_at=now,
    )
    campaign = TestCampaign.objects.create(
        **asked,
        opened_at=now,
        moved_at=now,
        opened_by=manager,
        keys_sent_at=now,
        keys_sent_by=manager,
        keys_sent_to="Camille",
        keys_channel="phone",
        closed_at=now,
        close_reason="Essai",
    )
    pre_listing = PreListing.objects.create(
        enrolment=enrolment, dossier_id=dossier.pk, pre_listed_by=manager, pre_listed_at=now
    )
    session = CommissionSession.objects.create(
        held_at=now, place="Salle 1", chair=manager, created_by=manager, opened_at=now
    )
    point = AgendaPoint.objects.create(
        session=session, candidature=candidature, position=1, added_by=manager, added_at=now
    )
    frozen = {"payload": b"{}", "sha256": "0", "seal": b"", "schema": 1}
    opinion = Opinion.objects.create(
        candidature=candidature, point=point, kind="with_suspensive", given_at=now, **frozen
    )
    reservation = Reservation.objects.create(
        opinion=opinion, candidature=candidature, number=1, is_suspensive=True, criterion="RGPD.1", text="À lever",
        due_on=now.date(),
    )  # fmt: skip
    decision = Decision.objects.create(
        kind="listing",
        enrolment=enrolment,
        candidature=candidature,
        number="D-2026-00001",
        signatory_name="Camille",
        drafted_by=manager,
        signed_by=manager,
        signed_at=now,
        signed_on=now.date(),
        sha256="0",
        document=enrolment.conventions.get().document,
        notified_at=now,
    )
    listing = Listing.objects.create(
        enrolment=enrolment, decision=decision, published_on=now.date(), ends_on=now.date() + timedelta(days=365)
    )
    Job.objects.create(kind="dossier.pdf", requester=manager)
    MembershipFactory(organisation=enrolment.product.organisation)
    response = enrolment.response
    convention = enrolment.conventions.get()
    annex = Annex.objects.create(
        convention=convention, number=1, scope=[], signed_document=convention.document, signed_at=now
    )
    appeal = Appeal.objects.create(
        decision=decision,
        kind="gracious",
        text="Non",
        lodged_by=manager,
        lodged_on=now.date(),
        recorded_at=now,
        is_interrupting=True,
        silence_on=now.date(),
        outcome="rejected",
        answer="Non",
        ended_on=now.date(),
        decided_at=now,
    )
    suit = Suit.objects.create(decision=decision, lodged_on=now.date(), recorded_by=manager, recorded_at=now)
    return {
        AdministrativeSheet: enrolment.sheet,
        Blob: Blob.objects.latest("pk"),
        Candidature: candidature,
        ComplementRequest: request,
        CommissionSession: session,
        Convention: enrolment.conventions.get(),
        Decision: decision,
        Annex: annex,
        Appeal: appeal,
        Suit: suit,
        DefinitionVersion: response.definition,
        Discussion: discussion,
        Enrolment: enrolment,
        Job: Job.objects.latest("created_at"),
        Listing: listing,
        Membership: Membership.objects.latest("pk"),
        NonConformity: gap,
        PreListing: pre_listing,
        QuestionnaireResponse: response.questionnaires.get(code="interoperabilite"),
        Reservation: reservation,
        TestCampaign: campaign,
    }


@pytest.mark.django_db
def test_database_refuses_every_forbidden_change():
    """Past services, models and `update_fields`: each pair of states that no transition joins."""
    rows = make_rows()
    assert set(rows) == {machine.model for machine in MACHINES.values()}
    for machine in MACHINES.values():
        name = machine.field.name
        same_row = machine.model._default_manager.filter(pk=rows[machine.model].pk)
        for source, target in product(machine.states, repeat=2):
            if source == target or (source, target) in machine.pairs():
                continue
            with pgtrigger.ignore():
                same_row.update(**{name: source})
            with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
                same_row.update(**{name: target})
