"""Two organisations with one object in every stage each, and one person per role: what the matrix asks about."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from convergence.accounts.enums import MembershipState, MembershipType, Role, Theme
from convergence.accounts.models import Invitation, Membership, Organisation, User
from convergence.accounts.services import invite
from convergence.jobs.enums import JobState
from convergence.jobs.models import Job
from convergence.kernel.canonical import canonical_json
from convergence.notifications.models import Notification
from convergence.products.models import Product
from ecoscore.services import ask_debug, check_environment, measure_next, publish_result
from ecoscore.services.bench import claim
from evidence.services import examine, keep_generated
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import CampaignState, CandidatureState, DocumentKind, LetterKind
from referencing.candidature.models import (
    Attachment,
    Candidature,
    Conclusion,
    IssuedDocument,
    Letter,
    ProducerQuestion,
    QueueView,
)
from referencing.candidature.services import add_file, add_pin, ask_extension, open_discussion, send_reply, take_charge
from referencing.candidature.services.connection.slots import propose_slot
from referencing.candidature.services.recovered import add_producer_file
from referencing.commission.core.voting import OPINIONS
from referencing.commission.enums import PointOutcome, RecusalSource, SessionState
from referencing.commission.models import (
    AgendaPoint,
    Convocation,
    ConvocationDocument,
    ConvocationReceipt,
    Guest,
    Mandate,
    Recusal,
    Seat,
    Term,
    Vote,
)
from referencing.convention import services as conventions
from referencing.decision.services import lodge_appeal, open_decision, prepare_annex, record_suit
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import ExceptionState, WhiteLabelRole
from referencing.enrolment.models import (
    Dissolution,
    Enrolment,
    OsException,
    OsExceptionFile,
    PreListing,
    ProductTransfer,
)
from referencing.enrolment.models import Mandate as ThirdPartyMandate
from referencing.enrolment.services import attach_product, save_sheet, submit_sheet
from referencing.listing.enums import PublicationState
from referencing.listing.models import Listing, ProducerReview
from referencing.teamwork.core import Scope
from referencing.teamwork.services import delegate, post_message
from tests.candidature.asking import LEVELS, ask, in_days, open_gap
from tests.candidature.campaigns import make_campaign, make_ended
from tests.candidature.factories import make_candidature
from tests.candidature.recovering import ask as ask_about
from tests.candidature.recovering import make_producer, make_recovered_file
from tests.commission.deliberation_factories import make_reservation, make_signed_minutes
from tests.commission.factories import clear, make_commission, make_session, seat_people
from tests.convention.factories import SHEET, TERMS, last_code, last_token
from tests.decision.factories import make_decidable, make_draft, make_signed
from tests.dossier.factories import answer_core, answer_everything, make_signed_enrolment
from tests.ecoscore.factories import (
    fake_runner,
    final_result,
    make_application,
    make_final,
    make_intermediate,
    make_measure,
)
from tests.enrolment.white_label.factories import make_attached, make_demand, make_pre_listing
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, UserFactory, make_agent, make_member
from tests.listing.factories import make_listed, make_sheet
from tests.listing.life_factories import add_life, freeze_draw
from tests.questionnaires.factories import deposit, make_definition, orient, pdf
from tests.teamwork.factories import make_link, make_proposal

#: Members of the organisation, by what they may do there.
MEMBERS = ("contributeur", "valideur", "responsable", "representant", "mandataire")
AGENTS = tuple(Role.values)


@dataclass
class Side:
    """One organisation, its people and, by name of stage, what an address needs to point at its objects."""

    organisation: Organisation
    people: dict[str, User]
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class World:
    own: Side
    foreign: Side
    people: dict[str, User | None]
    """Everybody who asks: `anonyme`, the members of `own`, `etranger` (mandataire of `foreign`), every agent."""


def build_world() -> World:
    call_command("load_parcours")
    make_definition()
    agents = {role: make_agent(Role(role), Theme.RGPD if role == Role.EXPERT else "") for role in AGENTS}
    make_commission(dns=agents[Role.PRESIDENT], siege_3=agents[Role.MEMBER])
    own, foreign = build_side(agents), build_side(agents)
    own.objects["draw"] = foreign.objects["draw"] = {"number": freeze_draw(agents[Role.AUDITOR]).number}
    people = {"anonyme": None, **own.people, "etranger": foreign.people["mandataire"], **agents}
    for person in people.values():
        if person is not None:
            give_personal_objects(person)
    return World(own, foreign, people)


def build_side(agents: dict[str, User]) -> Side:
    organisation = OrganisationFactory()
    people = {
        "contributeur": make_member(organisation, MembershipType.SALARIE),
        "valideur": make_member(organisation, MembershipType.SALARIE, is_validator=True),
        "responsable": make_member(organisation, MembershipType.SALARIE),
        "representant": make_member(organisation, MembershipType.REPRESENTANT),
        "mandataire": make_member(organisation, MembershipType.MANDATAIRE),
    }
    side = Side(organisation, people)
    side.objects |= {
        "parcours": {"slug": "mon-espace-sante"},
        "demarche": {"slug": "referencement-guide"},
        "product": {"pk": new_product(side).pk},
        "person": {"person_id": people["contributeur"].pk},
    }
    add_membership_objects(side)
    add_ecoscore(side)
    add_sheets_and_conventions(side, agents[Role.LISTING_TEAM])
    add_dossiers(side, agents[Role.LISTING_TEAM])
    add_white_label(side)
    add_tests(side)
    add_sessions(side, agents)
    add_deliberations(side, agents)
    add_decisions(side, agents[Role.MINISTRY])
    side.objects |= add_life(
        organisation=side.organisation,
        owner=side.people["responsable"],
        manager=side.people["mandataire"],
        agents=agents,
    )
    view = QueueView.objects.create(owner=agents[Role.LISTING_TEAM], name=f"Vue {organisation}", is_shared=True)
    side.objects |= {"queue_view": {"pk": view.pk}, "agent": {"pk": agents[Role.LISTING_TEAM].pk}}
    return side


def new_product(side: Side) -> Product:
    return ProductFactory(organisation=side.organisation, owner=side.people["responsable"])


def add_ecoscore(side: Side) -> None:
    """An application with a measure in each state that has pages of its own; one is on a bench of its own."""
    product = new_product(side)
    application = make_application(product)
    actor = application.created_by
    environment = check_environment(application_id=application.pk, actor=actor)
    measure_next(bench="banc", runner=fake_runner())
    final = make_final(application)
    published = make_final(application, measured_version="2.2")
    publish_result(measure_id=published.pk, actor=actor)
    busy = make_measure(application)
    ask_debug(measure_id=busy.pk, actor=actor)
    claim(bench=f"banc de {side.organisation}", at=timezone.now())
    side.objects |= {
        "measured_product": {"product": product.pk},
        "application": {"pk": application.pk},
        "measure_environment": {"pk": environment.pk},
        "measure_checked": {"pk": make_measure(application).pk},
        "measure_proved": {"pk": make_intermediate(application).pk},
        "measure_busy": {"pk": busy.pk},
        "measure_final": {"pk": final.pk},
        "measure_published": {"pk": published.pk},
        "ecoscore_result": {"pk": final_result(final).pk},
        "screenshot": {"pk": final.screenshots.order_by("series", "position")[0].pk},
    }


def add_membership_objects(side: Side) -> None:
    organisation = {"organisation_id": side.organisation.pk}
    asked = Membership.objects.create(
        user=UserFactory(), organisation=side.organisation, type=MembershipType.SALARIE, state=MembershipState.REQUESTED
    )
    member = side.people["contributeur"].memberships.get()
    run_and_commit(
        invite,
        organisation_id=side.organisation.pk,
        actor=side.people["mandataire"],
        email=f"invitation-{side.organisation.pk}@editeur.example",
        type=MembershipType.SALARIE,
    )
    invitation = Invitation.objects.get(organisation=side.organisation)
    token = re.search(r"/invitations/([\w-]+)/", mail.outbox[-1].body)[1]
    side.objects |= {
        "organisation": organisation,
        "membership": organisation | {"membership_id": member.pk},
        "membership_request": organisation | {"membership_id": asked.pk},
        "invitation": organisation | {"invitation_id": invitation.pk},
        "invitation_link": {"token": token},
    }


def new_enrolment(side: Side) -> Enrolment:
    manager = side.people["mandataire"]
    enrolment = attach_product(
        product_id=new_product(side).pk, demarche=DemarcheFactory(), white_label=WhiteLabelRole.NONE, actor=manager
    )
    values = {**SHEET, "representative_email": f"signataire{enrolment.number}@editeur.example"}
    save_sheet(enrolment_id=enrolment.pk, values=values, base_version=1, actor=manager)
    return enrolment


def add_sheets_and_conventions(side: Side, verifier: User) -> None:
    """The same way from the fiche to the signed convention, stopped at every stage."""
    stages = ("draft", "submitted", "to_send", "to_sign", "signed")
    for rank, stage in enumerate(stages):
        enrolment = new_enrolment(side)
        side.objects[stage] = {"pk": enrolment.pk}
        if rank >= 1:
            submit_sheet(enrolment_id=enrolment.pk, actor=side.people["mandataire"])
        if rank >= 2:
            convention = conventions.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
            conventions.choose_terms(convention_id=convention.pk, actor=verifier, **TERMS)
            side.objects[f"{stage}_convention"] = {"pk": convention.pk}
        if rank >= 3:
            signer = f"signataire{enrolment.number}@editeur.example"
            run_and_commit(conventions.send_convention, convention_id=convention.pk, actor=verifier)
            token = last_token(signer)
            side.objects[f"{stage}_link"] = {"token": token}
        if rank >= 4:
            run_and_commit(conventions.send_code, token=token)
            conventions.sign(token=token, code=last_code(signer))


def run_and_commit(action: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Run a service and what it leaves for the commit (mails, scans), inside the transaction of the world."""
    start = len(connection.run_on_commit)
    action(*args, **kwargs)
    while len(connection.run_on_commit) > start:
        _, callback, _ = connection.run_on_commit.pop(start)
        callback()


def add_team(side: Side, enrolment: Enrolment) -> None:
    """A part entrusted to a colleague, a conversation, a link and what came by another one."""
    manager, colleague = side.people["mandataire"], side.people["contributeur"]
    now = timezone.now()
    part = delegate(
        enrolment_id=enrolment.pk, scope=Scope("ethique"), assignee_id=colleague.pk, due_on=None, actor=manager, at=now
    )
    post_message(
        enrolment_id=enrolment.pk, criterion="DEV.1.2", text="Qui sait ?", mentioned=[], actor=colleague, at=now
    )
    link, token = make_link(enrolment, manager)
    proposal = make_proposal(make_link(enrolment, colleague)[1], uploads=[("plan", pdf())])
    key = {"pk": enrolment.pk}
    side.objects |= {
        "team_part": key | {"delegation": part.pk},
        "team_link": key | {"link": link.pk},
        "team_proposal": key | {"proposal": proposal.pk},
        "team_file": key | {"proposal": proposal.pk, "file": proposal.files.get().pk},
        "proposal_link": {"token": token},
    }


def add_dossiers(side: Side, verifier: User) -> None:
    """Questionnaires half answered; then a dossier, a candidature, a candidature taken in charge."""
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    manager = side.people["mandataire"]
    answering, _ = make_signed_enrolment(**fields)
    orient(answering.response, actor=manager)
    side.objects["answering"] = {"pk": answering.pk}
    add_team(side, answering)
    enrolment = {"pk": answering.pk}
    evidence = deposit(answering.response, "DEV.1.2", "declaration", actor=manager)
    single = deposit(answering.response, "RGPD.1", "questionnaire", actor=manager)
    side.objects |= {
        "evidence": enrolment | {"deposit": evidence.pk},
        "single_evidence": enrolment | {"deposit": single.pk},
    }
    exception = OsException.objects.create(
        enrolment=answering, criterion="DEV.1.2", system="ios", edited_by=manager, edited_at=timezone.now()
    )
    asked = OsException.objects.create(
        enrolment=answering,
        criterion="A06.1.2",
        system="ios",
        state=ExceptionState.ASKED,
        edited_by=manager,
        edited_at=timezone.now(),
    )
    file = keep_generated(content=f"%PDF-1.7 ios {answering.pk}".encode(), name="ios.pdf", code="pdf", actor=manager)
    added = OsExceptionFile.objects.create(
        exception=exception,
        evidence_type="declaration",
        file=file,
        deposited_by=manager,
        deposited_at=timezone.now(),
    )
    side.objects |= {
        "os_exception": {"pk": answering.pk, "exception": exception.pk},
        "os_exception_asked": {"exception": asked.pk},
        "os_exception_file": {"pk": answering.pk, "file": added.pk},
    }
    transfer = ProductTransfer.objects.create(
        product=new_product(side),
        recipient=OrganisationFactory(),
        told_product="Carnet",
        told_organisation=side.organisation.name,
        offered_by=manager,
        offered_at=timezone.now(),
        expires_on=timezone.localdate() + timedelta(days=30),
    )
    side.objects["transfer"] = {"transfer": transfer.pk}
    offered = ProductFactory()
    ProductTransfer.objects.create(
        product=offered,
        recipient=side.organisation,
        told_product=offered.label,
        told_organisation=offered.organisation.name,
        offered_by=offered.owner,
        offered_at=timezone.now(),
        expires_on=timezone.localdate() + timedelta(days=30),
    )
    for stage in ("ready", "applied", "taken"):
        enrolment, _ = make_signed_enrolment(**fields)
        run_and_commit(answer_everything if stage == "ready" else answer_core, enrolment)
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
        side.objects[stage] = {"pk": enrolment.pk}
        side.objects[f"{stage}_dossier"] = {"pk": dossier.pk}
        if stage == "ready":
            continue
        candidature = Candidature.objects.create(
            enrolment=enrolment,
            dossier=dossier,
            state=CandidatureState.APPLIED,
            applied_by=manager,
            applied_at=timezone.now(),
        )
        side.objects[f"{stage}_candidature"] = {"pk": candidature.pk}
        if stage == "taken":
            take_charge(candidature_id=candidature.pk, actor=verifier)
            receipt = keep_generated(content=f"%PDF-1.7 {candidature.pk}".encode(), name="accuse.pdf", code="pdf")
            IssuedDocument.objects.create(
                candidature=candidature, kind=DocumentKind.ACKNOWLEDGEMENT, file=receipt, made_at=timezone.now()
            )
    for state in (CandidatureState.EVALUATION, CandidatureState.READY_COMMISSION):
        is_examined = state == CandidatureState.EVALUATION
        candidature, _ = make_candidature(state, complete=is_examined, referent=verifier, **fields)
        side.objects[f"{state}_candidature"] = {"pk": candidature.pk}
        if is_examined:
            add_examination(side, candidature, verifier)
            add_requests(side, candidature, verifier)
            add_recovered(side, verifier)
    add_publication(side)
    add_letter(side, candidature, verifier)
    side.objects["conclusion"] = {"pk": candidature.pk, "number": add_conclusion(candidature, verifier).number}
    pre_listing = PreListing.objects.create(
        enrolment=candidature.enrolment,
        dossier_id=candidature.dossier_id,
        dossier_reference=candidature.dossier.reference,
        pre_listed_by=verifier,
        pre_listed_at=timezone.now(),
    )
    side.objects["pre_listing"] = {"pk": pre_listing.pk}


def add_white_label(side: Side) -> None:
    """A solution of the organisation with its distributors, and a product of it that is a distributor’s."""
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    solution, producer = make_pre_listing(**fields)
    waiting, _ = make_demand(solution)
    attached, _ = make_attached(solution, producer)
    elsewhere, _ = make_pre_listing()
    asked, _ = make_demand(elsewhere, third_party="Hôpital de la Côte", **fields)
    side.objects |= {
        "producing": {"pk": solution.enrolment_id},
        "demand": {"pk": waiting.pk},
        "attached": {"pk": attached.pk},
        "own_demand": {"pk": asked.pk},
        "distributing": {"pk": asked.enrolment_id},
        "dissolving": {"pk": attached.enrolment_id},
    }
    now = timezone.now()
    mandate = ThirdPartyMandate.objects.create(
        enrolment=asked.enrolment,
        file=keep_generated(content=f"%PDF-1.7 {asked.pk}".encode(), name="mandat.pdf", code="pdf"),
        given_on=now.date(),
        deposited_by=producer,
        deposited_at=now,
    )
    Dissolution.objects.create(
        enrolment=waiting.enrolment,
        editor="Éditeur dissous",
        dissolved_on=now.date(),
        evidence=keep_generated(content=f"%PDF-1.7 {waiting.pk}".encode(), name="dissolution.pdf", code="pdf"),
        recorded_by=producer,
        recorded_at=now,
    )
    review = ProducerReview.objects.create(
        listing=Listing.objects.get(enrolment__product__organisation=side.organisation),
        pre_listing=solution,
        opened_at=now,
        due_on=now.date(),
    )
    side.objects |= {
        "third_party_mandate": {"pk": asked.enrolment_id, "mandate": mandate.pk},
        "dissolved": {"pk": waiting.enrolment_id},
        "producer_review": {"pk": review.pk},
    }


def add_publication(side: Side) -> None:
    """A publication sheet that is written, one that is checked, and a service in the catalogue."""
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    for name, state in (("described", PublicationState.DRAFT), ("described_submitted", PublicationState.SUBMITTED)):
        candidature, _ = make_candidature(CandidatureState.APPROVED, complete=False, **fields)
        make_sheet(candidature.enrolment, state)
        side.objects[name] = {"pk": candidature.enrolment_id}
    entry = make_listed(**fields)
    side.objects |= {
        "approved": {"pk": candidature.pk},
        "service": {"slug": entry.slug, "number": entry.number},
        "service_number": {"number": entry.number},
        "service_logo": {"sha256": entry.logo},
    }


def add_tests(side: Side) -> None:
    """Connection tests of products that exchange data, stopped at each stage that has pages of its own."""
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    stages = {
        "opened": CampaignState.UNIT_SELF_CHECK,
        "running": CampaignState.E2E_RUNNING,
        "submitted": CampaignState.ACCEPTANCE_SUBMITTED,
        "planned": CampaignState.CONNECTION_PLANNED,
        "disputed": CampaignState.REMARK_DISPUTED,
    }
    tested = {stage: make_campaign(state, **fields) for stage, state in stages.items()}
    for stage, each in tested.items():
        side.objects[f"campaign_{stage}"] = {"pk": each.campaign.pk}
    running, planned, disputed = tested["running"], tested["planned"], tested["disputed"]
    running.fill_recette()
    running.campaign.lines.filter(code="APP-01").update(result="")
    disputed.campaign.lines.filter(code="APP-05").update(
        final_result="ko", final_remark="À revoir", final_by=disputed.coach
    )
    proposed = propose_slot(
        campaign_id=planned.campaign.pk,
        starts_at=timezone.now() + timedelta(days=3),
        minutes=60,
        place="https://visio.example/1",
        actor=planned.coach,
    )
    failed = make_ended(CampaignState.FAILED, **fields)
    side.objects |= {
        "tested": {"pk": running.candidature.pk},
        "failed_tests": {"pk": failed.candidature.pk},
        "test_file": {"pk": running.campaign.files.order_by("added_at", "pk")[0].pk},
        "proposed_slot": {"pk": proposed.pk},
        "booked_slot": {"pk": disputed.campaign.slots.get().pk},
        "dispute": {"pk": disputed.line("APP-03").disputes.get().pk},
    }


def add_sessions(side: Side, agents: dict[str, User]) -> None:
    """Sessions of the commission at each stage that has pages of its own, each with one file of the organisation."""
    secretary, president, member = (agents[role] for role in (Role.SECRETARY, Role.PRESIDENT, Role.MEMBER))
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    stages = {
        "planned": SessionState.PLANNED,
        "convoked": SessionState.CONVOKED,
        "open": SessionState.OPEN,
        "without_quorum": SessionState.WITHOUT_QUORUM,
    }
    sessions = {}
    for stage, state in stages.items():
        candidature, _ = make_candidature(CandidatureState.SCHEDULED, complete=False, **fields)
        sessions[stage] = make_session(state, secretary=secretary, files=[candidature], chair=president)
        clear(sessions[stage], president, member)
        side.objects[f"{stage}_point"] = {"pk": sessions[stage].points.get().pk}
    planned, convoked, opened = sessions["planned"], sessions["convoked"], sessions["open"]
    seat_people(opened, {"dns": president})
    convocation = Convocation.objects.create(
        session=convoked, kind="first", held_at=convoked.held_at, agenda=[], sent_by=secretary, sent_at=timezone.now()
    )
    file = keep_generated(content=f"%PDF-1.7 {convocation.pk}".encode(), name="convocation.pdf", code="pdf")
    ConvocationDocument.objects.create(convocation=convocation, file=file, made_at=timezone.now())
    seat, giver = Seat.objects.get(code="dns"), Seat.objects.get(code="siege-3")
    receipt = ConvocationReceipt.objects.create(
        convocation=convocation, seat=seat, person=president, received_at=timezone.now()
    )
    mandate = Mandate.objects.create(
        session=convoked, giver=giver, holder=seat, given_by=member, recorded_by=member, given_at=timezone.now()
    )
    recusal = Recusal.objects.create(
        candidature=convoked.points.get().candidature,
        person=Term.objects.get(seat__code="siege-4").person,
        source=RecusalSource.DECLARED,
        declared_at=timezone.now(),
    )
    guest = Guest.objects.create(session=opened, name="Me Roux", quality="Avocate")
    side.objects |= {
        "commission_seat": {"pk": seat.pk},
        "commission_term": {"pk": giver.terms.get().pk},
        "planned_session": {"pk": planned.pk},
        "convoked_session": {"pk": convoked.pk},
        "open_session": {"pk": opened.pk},
        "session_without_quorum": {"pk": sessions["without_quorum"].pk},
        "declared_recusal": {"pk": convoked.pk, "recusal": recusal.pk},
        "attendance": {"pk": opened.attendances.get().pk},
        "mandate": {"pk": mandate.pk},
        "guest": {"pk": guest.pk},
        "convocation": {"pk": convocation.pk},
        "receipt": {"pk": receipt.pk},
    }


def add_deliberations(side: Side, agents: dict[str, User]) -> None:
    """A vote that is open, one that is level, one that decided; an opinion with a reservation answered; signed minutes."""
    secretary, president, member = (agents[role] for role in (Role.SECRETARY, Role.PRESIDENT, Role.MEMBER))
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    now = timezone.now()

    def hold(state: SessionState, candidature_state: CandidatureState, **changes: Any) -> AgendaPoint:
        candidature, _ = make_candidature(candidature_state, complete=False, **fields)
        session = make_session(
            state, secretary=secretary, files=[candidature], chair=president, is_second_convocation=True
        )
        clear(session, president, member)
        session.points.update(examined_at=now, deliberated_at=now, **changes)
        return session.points.select_related("session", "candidature__dossier").get()

    for name, vote in (
        ("open_vote", {}),
        ("tied_vote", {"closed_at": now, "tally": {"ending": "tie", "leaders": ["favourable", "unfavourable"]}}),
        ("decided_vote", {"closed_at": now, "result": "favourable"}),
    ):
        point = hold(SessionState.OPEN, CandidatureState.SCHEDULED)
        seat_people(point.session, {"dns": president})
        made = Vote.objects.create(point=point, options=list(OPINIONS), opened_by=secretary, opened_at=now, **vote)
        side.objects[name] = {"pk": made.pk}
    side.objects["decided_point"] = {"pk": point.pk}
    point = hold(
        SessionState.MINUTES_APPROVED, CandidatureState.RESERVATIONS, outcome=PointOutcome.OPINION, ended_at=now
    )
    reservation = make_reservation(point)
    minutes = make_signed_minutes(point.session, president)
    side.objects |= {
        "opined": {"pk": point.candidature_id},
        "reservation": {"pk": reservation.pk},
        "reservation_file": {"pk": reservation.pk, "file": reservation.files.get().pk},
        "signed_session": {"pk": minutes.session_id},
    }


def add_decisions(side: Side, ministry: User) -> None:
    """A file to decide, a draft, an act that waits for its addressee, one that is contested; a convention to countersign."""
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    manager = side.people["mandataire"]
    candidature, _ = make_decidable(**fields)
    draft, _, _ = make_draft(actor=ministry, **fields)
    waiting, _, _ = make_signed(actor=ministry, pairs=[("mesures", "lecture")], **fields)
    notified, _, _ = make_signed("refusal", actor=ministry, **fields)
    open_decision(decision_id=notified.pk, actor=manager)
    appeal = lodge_appeal(
        decision_id=notified.pk,
        kind="gracious",
        text="Nous contestons.",
        upload=examine(upload=pdf(), allowed_formats=("pdf",), max_size_mb=20),
        actor=manager,
    )
    suit = record_suit(
        decision_id=notified.pk,
        court="Tribunal administratif",
        case_number=f"{side.organisation.pk}"[:8],
        claimant="L’éditeur",
        lodged_on=timezone.localdate(),
        actor=ministry,
    )
    convention = waiting.enrolment.conventions.get()
    annex = prepare_annex(convention_id=convention.pk, actor=ministry)
    enrolment = {"pk": waiting.enrolment_id}
    side.objects |= {
        "decidable": {"pk": candidature.pk},
        "session": {"pk": candidature.opinions.get().point.session_id},
        "draft_act": {"pk": draft.pk},
        "waiting_act": {"pk": waiting.pk},
        "notified_act": {"pk": notified.pk},
        "decided_file": {"pk": notified.candidature_id},
        "appeal": {"pk": appeal.pk},
        "suit": {"pk": suit.pk},
        "countersigned": enrolment,
        "annexed": enrolment | {"number": annex.number},
    }


def add_examination(side: Side, candidature: Candidature, verifier: User) -> None:
    """A shared thread and a shared pin on a criterion that has evidence."""
    file = {"pk": candidature.pk}
    criterion = "DEV.1.2"
    (evidence,) = next(each for each in load_criteria(candidature) if each.code == criterion).evidence
    about = {"candidature_id": candidature.pk, "criterion": criterion, "is_internal": False, "actor": verifier}
    thread = open_discussion(text="Quelle date ?", **about)
    pin = add_pin(sha256=evidence.sha256, entry=None, page=1, x=500, y=500, note="Ici", **about)
    side.objects |= {
        "examined": file | {"criterion": criterion},
        "thread": file | {"discussion": thread.pk},
        "pin": file | {"pin": pin.pk},
        "frozen_evidence": file | {"sha256": evidence.sha256},
        "own_thread": file | {"discussion": thread.pk},
        "frozen_page": file | {"sha256": evidence.sha256, "page": 1},
    }


def add_requests(side: Side, candidature: Candidature, verifier: User) -> None:
    """A request whose delay is discussed; one gap answered with a file, hence an addendum, and one that waits."""
    manager, file = side.people["mandataire"], {"pk": candidature.pk}
    request = ask(candidature, LEVELS, actor=verifier)
    ask_extension(request_id=request.pk, wanted_on=in_days(30), reason="Congés.", actor=manager)
    answered = open_gap(candidature, actor=verifier)
    joined = add_file(row_id=answered.pk, is_item=False, upload=pdf(), evidence_type="", actor=manager)
    addendum = send_reply(non_conformity_id=answered.pk, actor=manager)
    open_gap(candidature, actor=verifier)
    side.objects |= {
        "asked": file | {"number": request.number},
        "gap": file | {"number": 2},
        "answer_file": file | {"attachment": joined.pk},
        "addendum": file | {"number": addendum.number},
        "addendum_file": file | {"number": addendum.number, "file": addendum.files.get().pk},
    }


def add_recovered(side: Side, verifier: User) -> None:
    """A file of the side that recovers an answer of a foreign solution, about which its producer is asked; and a solution of
    the side, asked about by a foreign file."""
    fields = {"organisation": side.organisation, "owner": side.people["responsable"]}
    candidature, _, _ = make_recovered_file(make_producer(), product=fields, referent=verifier)
    question = ask_about(candidature)
    ProducerQuestion.objects.filter(pk=question.pk).update(wanted_on=in_days(30), wanted_why="Congés.")
    free, _, _ = make_recovered_file(make_producer(), product=fields, referent=verifier)
    solution = make_producer(**fields)
    theirs = ask_about(make_recovered_file(solution, referent=verifier)[0])
    here = {"pre_listing": solution.pre_listing.pk, "criterion": LEVELS}
    file = add_producer_file(
        pre_listing_id=solution.pre_listing.pk,
        criterion=LEVELS,
        upload=pdf(),
        evidence_type="",
        actor=side.people["mandataire"],
    )
    side.objects |= {
        "producer_question": {"pk": candidature.pk, "number": question.number},
        "recovered_criterion": {"pk": candidature.pk, "criterion": LEVELS},
        "recovered_unasked": {"pk": free.pk, "criterion": LEVELS},
        "solution_asked": here,
        "solution_file": {"pk": file.pk},
        "solution_delay": {"pk": theirs.pk},
    }


def add_letter(side: Side, candidature: Candidature, verifier: User) -> None:
    """A message that waits for an answer, with a file joined to it."""
    letter = Letter.objects.create(
        candidature=candidature,
        kind=LetterKind.MESSAGE,
        subject="Une précision",
        text="Pouvez-vous préciser ?",
        happened_at=timezone.now(),
        author=verifier,
        waits_for_answer=True,
        answer_by="editor",
    )
    file = keep_generated(content=f"%PDF-1.7 {letter.pk}".encode(), name="question.pdf", code="pdf")
    attachment = Attachment.objects.create(candidature=candidature, letter=letter, file=file, added_by=verifier)
    side.objects["letter"] = {"pk": candidature.pk, "letter": letter.pk}
    side.objects["letter_attachment"] = {"pk": candidature.pk, "attachment": attachment.pk}


def add_conclusion(candidature: Candidature, verifier: User) -> Conclusion:
    """What the page of a concluded file shows."""
    content = {"proposal_text": "Favorable", "text": "Vu.", "dossier": candidature.dossier.reference}
    lists = {key: [] for key in ("themes", "open_blockers", "non_conformities", "requests", "addenda")}
    return Conclusion.objects.create(
        candidature=candidature,
        number=1,
        proposal="favourable",
        payload=canonical_json({**content, **lists, "tests": None}),
        schema=1,
        concluded_by=verifier,
        concluded_at=timezone.now(),
    )


def give_personal_objects(person: User) -> None:
    """What belongs to one person only: confirmed address, second factor, notification, finished job."""
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    Authenticator.objects.create(
        user=person,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "Clé de bureau", "credential": make_credential(), "passwordless": False},
    )
    RecoveryCodes.activate(person)
    Notification.objects.create(recipient=person, sender="Équipe", kind="Information", content="Bonjour", link="/")
    Job.objects.create(
        kind="dossier.pdf",
        requester=person,
        state=JobState.DONE,
        output=SimpleUploadedFile("dossier.pdf", b"%PDF-1.7"),
        output_name="dossier.pdf",
        output_type="application/pdf",
    )


def make_credential() -> dict[str, Any]:
    """A security key as the browser hands it over at enrolment; nobody holds its private half."""
    public_key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    data = AuthenticatorData.create(
        sha256(b"testserver"), 0x41, 0, AttestedCredentialData.create(Aaguid.NONE, token_bytes(16), public_key)
    )
    attestation = AttestationObject.create("none", data, {})
    client = CollectedClientData.create("webauthn.create", b"challenge", "https://testserver")
    key = websafe_encode(data.credential_data.credential_id)
    return {
        "id": key,
        "rawId": key,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(attestation),
        },
    }


def personal_objects(person: User | None) -> dict[str, dict[str, Any]]:
    """As `Side.objects`, for what belongs to one person."""
    if person is None:
        return {"key": {"pk": 0}, "notification": {"notification_id": 0}, "job": {"pk": uuid4()}}
    return {
        "key": {"pk": Authenticator.objects.get(user=person, type=Authenticator.Type.WEBAUTHN).pk},
        "notification": {"notification_id": Notification.objects.filter(recipient=person).latest("pk").pk},
        "job": {"pk": Job.objects.filter(requester=person).latest("created_at").pk},
    }
