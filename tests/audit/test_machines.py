"""Every state machine: the decorators, the trigger of the database and the drawings say the same."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.db import DatabaseError, models, transaction
from django.utils import timezone
from django_fsm import can_proceed

from convergence.accounts.enums import Role
from convergence.accounts.models import Membership
from convergence.audit.machines import Machine, list_files, list_machines
from convergence.audit.workflow import is_allowed
from convergence.jobs.models import Job
from ecoscore.models import Measure
from evidence.models import Blob
from questionnaires.models import DefinitionVersion, QuestionnaireResponse
from referencing.candidature.models import (
    Candidature,
    ComplementRequest,
    Discussion,
    NonConformity,
    ProducerQuestion,
    TestCampaign,
)
from referencing.commission.models import AgendaPoint, CommissionSession, Opinion, Reservation
from referencing.convention.models import Annex, Convention
from referencing.decision.models import Appeal, Decision, Suit
from referencing.dossier.services import generate_dossier
from referencing.enrolment.models import (
    AdministrativeSheet,
    AttachmentRequest,
    Enrolment,
    OsException,
    PreListing,
    ProductTransfer,
)
from referencing.listing.models import Audit, Listing, PublicationSheet, Renewal, VersionUpdate
from tests.dossier.factories import answer_core, make_signed_enrolment
from tests.ecoscore.factories import make_application, make_measure
from tests.factories import MembershipFactory, OrganisationFactory, ProductFactory, make_agent
from tests.listing.factories import make_logo, make_sheet

EDITOR = "editor"
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
    question = ProducerQuestion.objects.create(
        **asked, pre_listing=pre_listing, kind="non_conformity", severity="major", theme="rgpd", criterion="RGPD.1",
        asked_by=manager, asked_at=now,
    )  # fmt: skip
    transfer = ProductTransfer.objects.create(
        product=enrolment.product,
        recipient=OrganisationFactory(),
        offered_by=manager,
        offered_at=now,
        expires_on=now.date(),
        why="Essai",
        successor=ProductFactory(),
        answered_by=manager,
        answered_at=now,
        ended_at=now,
    )
    exception = OsException.objects.create(
        enrolment=enrolment, criterion="A06.1.2", system="ios", edited_by=manager, edited_at=now
    )
    attachment = AttachmentRequest.objects.create(
        enrolment=enrolment,
        pre_listing=pre_listing,
        requested_by=manager,
        requested_at=now,
        expires_on=now.date(),
        why="Non.",
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
    file = make_logo()
    annex = Annex.objects.create(
        convention=enrolment.conventions.get(), number=1, scope=[], signed_document=file, signed_at=now
    )
    appeal = Appeal.objects.create(
        decision=decision,
        kind="gracious",
        text="Nous contestons.",
        lodged_by=manager,
        lodged_on=now.date(),
        recorded_at=now,
        is_interrupting=True,
        silence_on=now.date(),
        outcome="rejected",
        answer="Non.",
        ended_on=now.date(),
        decided_at=now,
    )
    suit = Suit.objects.create(
        decision=decision, court="Tribunal", case_number="1", claimant="L’éditeur", lodged_on=now.date(),
        recorded_by=manager, recorded_at=now,
    )  # fmt: skip
    renewal = Renewal.objects.create(listing=listing, opened_at=now, candidature=candidature)
    version = VersionUpdate.objects.create(
        listing=listing, version="2.0", released_on=now.date(), summary="Mieux.", is_major=True, due_on=now.date(),
        declared_by=manager, declared_at=now, submitted_at=now, statement="Voici.",
    )  # fmt: skip
    audit = Audit.objects.create(
        listing=listing,
        origin="choice",
        auditor=manager,
        planned_at=now,
        planned_by=manager,
        plan_file=file,
        notified_at=now,
        starts_on=now.date(),
        sha256="0",
        reported_at=now,
    )
    sheet = make_sheet(enrolment, state="draft", submitted_at=now, decision_reason="Précisez.")
    Job.objects.create(kind="dossier.pdf", requester=manager)
    MembershipFactory(organisation=enrolment.product.organisation)
    response = enrolment.response
    return {
        AdministrativeSheet: enrolment.sheet,
        Annex: annex,
        Appeal: appeal,
        AttachmentRequest: attachment,
        Audit: audit,
        Blob: Blob.objects.latest("pk"),
        Candidature: candidature,
        ComplementRequest: request,
        CommissionSession: session,
        Convention: enrolment.conventions.get(),
        Decision: decision,
        DefinitionVersion: response.definition,
        Discussion: discussion,
        Enrolment: enrolment,
        Job: Job.objects.latest("created_at"),
        Listing: listing,
        Measure: make_measure(make_application(enrolment.product)),
        Membership: Membership.objects.latest("pk"),
        OsException: exception,
        NonConformity: gap,
        PreListing: pre_listing,
        ProducerQuestion: question,
        ProductTransfer: transfer,
        PublicationSheet: sheet,
        QuestionnaireResponse: response.questionnaires.get(code="interoperabilite"),
        Renewal: renewal,
        Reservation: reservation,
        Suit: suit,
        TestCampaign: campaign,
        VersionUpdate: version,
    }


#: States in which a row may rest for ever, and why nothing more is due; every other one has a way out.
ENDS: dict[str, dict[str, str]] = {
    "accounts.membership": {
        "refused": "La personne peut demander de nouveau.",
        "ended": "Un nouveau rattachement est une nouvelle ligne.",
    },
    "candidature.candidature": {
        "pre_listed": "Le pré-référencement a sa propre vie.",
        "inadmissible": "L’éditeur candidate de nouveau avec un autre dossier.",
        "cancelled": "L’éditeur l’a annulée ; il candidate quand il veut.",
        "withdrawn": "L’éditeur l’a retirée ; il candidate quand il veut.",
        "abandoned": "Sans réponse après mise en demeure ; l’éditeur candidate de nouveau.",
    },
    "candidature.complementrequest": {
        "answered": "L’instruction continue.",
        "withdrawn": "Plus rien n’est demandé.",
        "ended": "Le dossier s’est terminé avant.",
    },
    "candidature.producerquestion": {
        "withdrawn": "Plus rien n’est demandé à l’éditeur producteur.",
        "taken_over": "Le distributeur répond lui-même à une demande ordinaire.",
        "ended": "Le dossier s’est terminé avant.",
    },
    "candidature.testcampaign": {
        "passed": "L’évaluation peut être conclue.",
        "failed": "Une autre campagne peut être ouverte.",
        "cancelled": "Une autre campagne peut être ouverte.",
    },
    "commission.commissionsession": {
        "minutes_approved": "Un procès-verbal signé se corrige par un erratum.",
        "cancelled": "Ses dossiers sont prêts pour une autre séance.",
    },
    "commission.reservation": {
        "lifted": "L’engagement est tenu.",
        "closed": "Le dossier s’est terminé, ou la commission l’a réexaminé.",
    },
    "convention.annex": {
        "signed": "Elle vaut tant que la convention vaut ; un périmètre plus large prend une autre annexe.",
        "revoked": "Une autre l’a remplacée.",
    },
    "convention.convention": {
        "validated": "Les questionnaires sont ouverts.",
        "revoked": "Une autre est préparée.",
    },
    "decision.appeal": {
        "rejected": "L’éditeur peut saisir le juge.",
        "granted": "La décision a été retirée.",
        "withdrawn": "L’éditeur y a renoncé.",
    },
    "decision.decision": {
        "annulled": "Elle est réputée n’avoir jamais existé ; le dossier a été repris.",
        "abrogated": "Elle ne vaut plus pour l’avenir.",
        "dropped": "Le projet n’a pas été signé ; un autre peut être préparé.",
    },
    "decision.suit": {
        "rejected": "Le juge a tranché.",
        "annulled": "Le juge a tranché ; la décision est annulée.",
        "ended": "Le juge n’a plus rien à trancher.",
    },
    "enrolment.administrativesheet": {"rejected": "Le rattachement est refusé avec elle."},
    "enrolment.attachmentrequest": {
        "refused": "Le distributeur choisit une autre solution, ou le cas nominal.",
        "cancelled": "Le distributeur choisit une autre solution, ou le cas nominal.",
        "expired": "Le distributeur demande de nouveau, ou choisit une autre solution.",
        "broken": "Le distributeur répond lui-même.",
    },
    "enrolment.enrolment": {
        "rejected": "Le produit peut être rattaché de nouveau.",
        "closed": "Le produit peut être rattaché de nouveau.",
    },
    "enrolment.osexception": {"dropped": "La réponse commune vaut de nouveau ; une autre peut être préparée."},
    "enrolment.prelisting": {
        "replaced": "Un autre l’a remplacé.",
        "revoked": "L’équipe y a mis fin.",
        "withdrawn": "L’éditeur y a mis fin.",
        "expired": "Sa durée est passée.",
    },
    "enrolment.producttransfer": {
        "accepted": "Le produit repris a sa propre vie.",
        "refused": "Il peut être proposé de nouveau.",
        "cancelled": "Il peut être proposé de nouveau.",
        "expired": "Il peut être proposé de nouveau.",
    },
    "evidence.blob": {"infected": "Ce contenu ne sera jamais lu."},
    "jobs.job": {"done": "Le résultat est là.", "cancelled": "La personne y a renoncé."},
    "listing.audit": {
        "favourable": "Le service reste au catalogue.",
        "unfavourable": "Une procédure de mise en demeure a pris la suite.",
        "cancelled": "Un autre audit peut être ouvert.",
    },
    "listing.listing": {"withdrawn_by_editor": "L’éditeur revient par une nouvelle candidature."},
    "listing.versionupdate": {
        "recorded": "Une version mineure n’appelle rien.",
        "accepted": "La déclaration est à jour.",
        "closed": "Le référencement s’est terminé avant.",
    },
    "questionnaires.definitionversion": {"retired": "Une version plus récente est publiée."},
}


@each_machine
def test_every_state_but_the_named_ends_has_a_way_out(machine):
    left = {source for source, _ in machine.pairs()}

    assert set(machine.states) - left == set(ENDS.get(machine.model._meta.label_lower, {}))


@each_machine
def test_no_circle_keeps_a_row_from_its_end(machine):
    """From each state some end can be reached, where the machine has one."""
    reached = set(ENDS.get(machine.model._meta.label_lower, {})) or set(machine.states)
    while found := {source for source, target in machine.pairs() if target in reached} - reached:
        reached |= found

    assert reached == set(machine.states)


#: Who gets a row of the last three stages out of each state: a role, the editor, a task of the beat, or a stage below.
WAYS_OUT: dict[type[models.Model], dict[str, tuple[str, str]]] = {
    CommissionSession: {
        "planned": ("convoke", Role.SECRETARY),
        "convoked": ("open", Role.PRESIDENT),
        "reconvoked": ("open", Role.PRESIDENT),
        "open": ("close", Role.SECRETARY),
        "without_quorum": ("convoke_again", Role.SECRETARY),
        "closed": ("approve_minutes", Role.PRESIDENT),
    },
    Reservation: {"open": ("answer", EDITOR), "answered": ("lift", Role.LISTING_TEAM)},
    Decision: {
        "draft": ("endorse", Role.MINISTRY),
        "endorsed": ("sign", Role.MINISTRY),
        "signed": ("notify", "decision.presume_notifications"),
        "notified": ("abrogate", Role.MINISTRY),
        "court_suspended": ("court_resume", Role.MINISTRY),
    },
    Appeal: {
        "new": ("lodge", EDITOR),
        "lodged": ("reject_silently", "decision.reject_silent_appeals"),
        "silently_rejected": ("grant", Role.MINISTRY),
    },
    Suit: {"pending": ("reject", Role.MINISTRY), "suspended": ("annul", Role.MINISTRY)},
    Listing: {
        "listed": ("expire", "listing.expire"),
        "suspended": ("expire", "listing.expire"),
        "expired": ("republish", Role.LISTING_TEAM),
        "withdrawn": ("republish", Role.LISTING_TEAM),
    },
    PublicationSheet: {
        "draft": ("submit", EDITOR),
        "submitted": ("accept", Role.LISTING_TEAM),
        "changes_requested": ("submit", EDITOR),
        "accepted": ("revise", EDITOR),
    },
    Renewal: {
        "open": ("start", EDITOR),
        "started": ("lapse", "listing.expire"),
        "in_review": ("grant", Role.MINISTRY),
        "to_republish": ("grant", Role.LISTING_TEAM),
        "granted": ("lapse", Role.MINISTRY),
        "refused": ("take_up", Role.MINISTRY),
        "lapsed": ("take_up", Role.MINISTRY),
    },
    VersionUpdate: {
        "declared": ("record_minor", EDITOR),
        "update_due": ("submit", EDITOR),
        "submitted": ("accept", Role.LISTING_TEAM),
        "refused": ("submit", EDITOR),
    },
    Audit: {
        "planned": ("notify", Role.AUDITOR),
        "notified": ("start", "listing.follow"),
        "running": ("report", Role.AUDITOR),
        "filed": ("report", Role.AUDITOR),
        "reported": ("clear", Role.AUDITOR),
    },
}


@pytest.mark.django_db
def test_somebody_gets_a_row_out_of_every_state_of_the_last_stages():
    """The role that is named may fire the transition in that very state, or the beat has the task."""
    rows = make_rows()
    manager = rows[Candidature].applied_by
    named = {who for ways in WAYS_OUT.values() for _, who in ways.values()}
    people: dict[str, Any] = {role: make_agent(role) for role in Role if role in named} | {EDITOR: manager}
    last = {
        machine.model
        for machine in MACHINES.values()
        if machine.model._meta.app_label in ("commission", "decision", "listing")
    }
    assert set(WAYS_OUT) == last
    beat = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    stuck = []
    for model, ways in WAYS_OUT.items():
        machine = MACHINES[model._meta.label_lower]
        assert set(ways) == set(machine.states) - set(ENDS.get(machine.model._meta.label_lower, {}))
        for state, (transition, who) in ways.items():
            with pgtrigger.ignore():
                model._default_manager.filter(pk=rows[model].pk).update(**{machine.field.name: state})
            row = model._default_manager.get(pk=rows[model].pk)
            if who in people:
                is_out = is_allowed(row, transition, people[who])
            else:
                is_out = who in beat and can_proceed(getattr(row, transition))
            if not is_out:
                stuck.append(f"{machine.name}.{transition} in {state} by {who}")

    assert not stuck


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
