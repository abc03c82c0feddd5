"""A product changes hands: to a colleague, to another organisation with both sides’ consent, never with its convention."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType
from convergence.accounts.models import User
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from convergence.products.models import Product
from convergence.ui.typography import format_date
from questionnaires.models import Answer
from referencing.candidature.enums import CandidatureState
from referencing.convention.models import Convention
from referencing.enrolment.enums import EnrolmentState, PreListingState, SheetState, TransferState
from referencing.enrolment.models import Enrolment, PreListing, ProductTransfer
from referencing.enrolment.tasks import follow_transfers
from referencing.enrolment.transfers import services
from tests.candidature.factories import make_candidature
from tests.dossier.factories import answer_core, make_signed_enrolment
from tests.factories import OrganisationFactory, ProductFactory, make_member
from tests.questionnaires.factories import states

pytestmark = pytest.mark.django_db


def make_two_sides() -> tuple[Enrolment, User, User]:
    """A product with answers, who commits its organisation, and who commits the one that takes over."""
    enrolment, manager = make_signed_enrolment()
    answer_core(enrolment)
    recipient = OrganisationFactory()
    return enrolment, manager, make_member(recipient)


def offer(enrolment: Enrolment, manager: User, successor: User, **fields: Any) -> ProductTransfer:
    organisation = successor.memberships.get().organisation
    return services.offer_product(
        product_id=enrolment.product_id,
        actor=manager,
        **{"identifier": organisation.siret, "message": "", **fields},
    )


def codes(refusal: Any) -> list[str]:
    return [each.code for each in refusal.value.blockers]


# -- to a colleague


def test_a_colleague_becomes_responsible_and_is_told(django_capture_on_commit_callbacks: Any) -> None:
    product = ProductFactory()
    manager = make_member(product.organisation)
    colleague = make_member(product.organisation, MembershipType.SALARIE)

    with django_capture_on_commit_callbacks(execute=True):
        services.hand_to_colleague(product_id=product.pk, colleague_id=colleague.pk, actor=manager)

    product.refresh_from_db()
    assert product.owner == colleague
    assert AuditEntry.objects.filter(action="product.hand_over", actor=manager).count() == 1
    assert any(colleague.email in each.to for each in mail.outbox)


def test_only_a_member_takes_it_and_only_who_commits_gives_it() -> None:
    product = ProductFactory()
    manager, stranger = make_member(product.organisation), make_member(OrganisationFactory())
    plain = make_member(product.organisation, MembershipType.SALARIE)

    with pytest.raises(TransitionRefused) as refusal:
        services.hand_to_colleague(product_id=product.pk, colleague_id=stranger.pk, actor=manager)
    assert codes(refusal) == ["colleague"]
    with pytest.raises(PermissionDenied):
        services.hand_to_colleague(product_id=product.pk, colleague_id=manager.pk, actor=plain)
    with pytest.raises(Product.DoesNotExist):
        services.hand_to_colleague(product_id=product.pk, colleague_id=manager.pk, actor=stranger)


# -- to another organisation


@pytest.mark.rule("A-26")
def test_the_successor_gets_the_answers_and_signs_a_convention_of_its_own() -> None:
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)

    services.accept_product(transfer_id=transfer.pk, actor=successor)

    transfer.refresh_from_db()
    enrolment.refresh_from_db()
    anew = Enrolment.objects.get(product=transfer.successor)
    assert (transfer.state, enrolment.state, anew.state) == (
        TransferState.ACCEPTED,
        EnrolmentState.CLOSED,
        EnrolmentState.ACTIVE,
    )
    assert transfer.successor.organisation == successor.memberships.get().organisation
    assert (transfer.successor.name, transfer.successor.owner) == (enrolment.product.name, successor)
    assert not Convention.objects.filter(enrolment=anew).exists()
    assert Convention.objects.filter(enrolment=enrolment).count() == 1
    assert anew.sheet.state == SheetState.TO_COMPLETE
    assert Answer.objects.get(response=anew.response, code="A06.1.2").value == {"level": "2"}
    assert set(states(anew.response).values()) == {"unavailable"}
    assert anew.response.questionnaires.get(code="orientation").answered > 0
    assert enrolment.product.organisation != transfer.successor.organisation


def test_both_sides_consent(django_capture_on_commit_callbacks: Any) -> None:
    enrolment, manager, successor = make_two_sides()
    plain = make_member(successor.memberships.get().organisation, MembershipType.SALARIE)
    own = make_member(enrolment.product.organisation, MembershipType.SALARIE)
    with pytest.raises(PermissionDenied):
        offer(enrolment, own, successor)
    with django_capture_on_commit_callbacks(execute=True):
        transfer = offer(enrolment, manager, successor, message="À bientôt.")
    assert any(successor.email in each.to and "À bientôt." in each.body for each in mail.outbox)

    for person in (manager, plain):
        with pytest.raises(PermissionDenied):
            services.accept_product(transfer_id=transfer.pk, actor=person)
    with pytest.raises(ProductTransfer.DoesNotExist):
        services.accept_product(transfer_id=transfer.pk, actor=make_member(OrganisationFactory()))
    assert Product.objects.filter(organisation=successor.memberships.get().organisation).count() == 0


def test_a_refusal_says_why_and_leaves_everything(django_capture_on_commit_callbacks: Any) -> None:
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)
    with pytest.raises(TransitionRefused) as refusal:
        services.refuse_product(transfer_id=transfer.pk, why=" ", actor=successor)
    assert codes(refusal) == ["why"]
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        services.refuse_product(transfer_id=transfer.pk, why="Pas maintenant.", actor=successor)

    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.ACTIVE
    assert any(manager.email in each.to and "Pas maintenant." in each.body for each in mail.outbox)
    with pytest.raises(TransitionRefused) as refusal:
        services.accept_product(transfer_id=transfer.pk, actor=successor)
    assert codes(refusal) == ["wrong_state"]
    assert offer(enrolment, manager, successor).state == TransferState.OFFERED


def test_an_offer_is_cancelled_by_the_side_that_made_it() -> None:
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)
    with pytest.raises(PermissionDenied):
        services.cancel_offer(transfer_id=transfer.pk, actor=successor)
    assert services.cancel_offer(transfer_id=transfer.pk, actor=manager).state == TransferState.CANCELLED


# -- an offer that nobody answers


def make_late(transfer: ProductTransfer) -> None:
    ProductTransfer.objects.filter(pk=transfer.pk).update(expires_on=timezone.localdate() - timedelta(days=1))


def last_told(person: User) -> str:
    return Notification.objects.filter(recipient=person).latest("pk").content


@pytest.mark.rule("A-26")
def test_an_offer_says_until_when_and_expires_once(django_capture_on_commit_callbacks: Any) -> None:
    enrolment, manager, successor = make_two_sides()
    with django_capture_on_commit_callbacks(execute=True):
        transfer = offer(enrolment, manager, successor)
    assert transfer.expires_on == timezone.localdate() + timedelta(days=30)
    until = f"avant le {format_date(transfer.expires_on)}"
    assert until in last_told(successor)
    assert any(successor.email in each.to and until in each.body for each in mail.outbox)
    last_day = timezone.now() + timedelta(days=30)
    assert services.expire_offers(at=last_day) == 0
    mail.outbox.clear()

    late = last_day + timedelta(days=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert [services.expire_offers(at=late), services.expire_offers(at=late)] == [1, 0]

    transfer.refresh_from_db()
    assert (transfer.state, transfer.ended_at, transfer.answered_at) == (TransferState.EXPIRED, late, None)
    line = AuditEntry.objects.get(action="producttransfer.expire")
    assert (line.subject_id, line.actor) == (str(transfer.pk), None)
    assert "sans réponse" in last_told(manager)
    assert "sans réponse" in last_told(successor)
    assert [manager.email] in [each.to for each in mail.outbox]
    assert [successor.email] not in [each.to for each in mail.outbox], "nothing to do: no mail"
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.ACTIVE


def test_the_days_to_answer_are_a_setting(settings: Any) -> None:
    settings.TRANSFERS = {"ANSWER_DAYS": 7}
    transfer = offer(*make_two_sides())
    assert transfer.expires_on == timezone.localdate() + timedelta(days=7)


def test_nothing_more_is_done_with_an_expired_offer_and_the_product_is_offered_again() -> None:
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)
    make_late(transfer)
    follow_transfers()

    moves: list[tuple[Any, dict[str, Any]]] = [
        (services.accept_product, {"actor": successor}),
        (services.refuse_product, {"actor": successor, "why": "Non."}),
        (services.cancel_offer, {"actor": manager}),
    ]
    for service, values in moves:
        with pytest.raises(TransitionRefused) as refusal:
            service(transfer_id=transfer.pk, **values)
        assert codes(refusal) == ["wrong_state"]
    again = offer(enrolment, manager, successor)
    assert (again.state, again.expires_on) == (TransferState.OFFERED, timezone.localdate() + timedelta(days=30))


@pytest.mark.parametrize("end", ["accept_product", "refuse_product", "cancel_offer"])
def test_what_was_answered_does_not_expire(end: str) -> None:
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)
    make_late(transfer)
    values: dict[str, Any] = {"why": "Non."} if end == "refuse_product" else {}
    getattr(services, end)(transfer_id=transfer.pk, actor=manager if end == "cancel_offer" else successor, **values)
    assert services.expire_offers(at=timezone.now()) == 0


@pytest.mark.parametrize("state", [TransferState.REFUSED, TransferState.CANCELLED, TransferState.EXPIRED])
def test_the_database_refuses_an_end_without_its_day(state: str) -> None:
    row = ProductTransfer.objects.filter(pk=offer(*make_two_sides()).pk)
    with pytest.raises(IntegrityError, match="transfer_state_has_its_day"):
        row.update(state=state, why="Non.")


def test_the_beat_expires_offers() -> None:
    assert follow_transfers.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


def test_the_pages_say_until_when_then_that_nobody_answered(client: Client) -> None:
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)
    detail = reverse("enrolment:transfer_detail", args=[transfer.pk])
    again = reverse("enrolment:product_transfer", args=[enrolment.product_id])
    for person in (manager, successor):
        client.force_login(person)
        assert f"avant le {format_date(transfer.expires_on)}" in client.get(detail).content.decode()
    client.force_login(manager)
    assert f"avant le {format_date(transfer.expires_on)}" in client.get(again).content.decode()
    make_late(transfer)
    follow_transfers()

    page = client.get(detail)
    words = page.content.decode()
    assert "Expirée" in words
    assert "restée sans réponse" in words
    assert again in words
    assert not page.context["may_cancel"]
    assert client.get(again).context["offered"] is None
    client.force_login(successor)
    page = client.get(detail)
    assert not page.context["may_answer"]
    assert again not in page.content.decode()
    assert client.post(detail, {"decision": "accept"}).status_code == 422


# -- refusals


def test_every_reason_not_to_offer_is_said_at_once() -> None:
    candidature, manager = make_candidature(CandidatureState.EVALUATION, complete=False)
    PreListing.objects.create(
        enrolment=candidature.enrolment,
        dossier_id=candidature.dossier_id,
        pre_listed_by=manager,
        pre_listed_at=timezone.now(),
        state=PreListingState.ACTIVE,
    )
    with pytest.raises(TransitionRefused) as refusal:
        services.offer_product(product_id=candidature.enrolment.product_id, identifier="000", message="", actor=manager)
    assert codes(refusal) == ["pre_listed", "open_candidature", "unknown"]


def test_a_file_that_began_after_the_offer_bars_the_acceptance() -> None:
    candidature, manager = make_candidature(CandidatureState.WITHDRAWN, complete=False)
    successor = make_member(OrganisationFactory())
    transfer = offer(candidature.enrolment, manager, successor)
    make_candidature(CandidatureState.EVALUATION, dossier=candidature.dossier)

    with pytest.raises(TransitionRefused) as refusal:
        services.accept_product(transfer_id=transfer.pk, actor=successor)

    assert codes(refusal) == ["open_candidature"]
    candidature.enrolment.refresh_from_db()
    assert candidature.enrolment.state == EnrolmentState.ACTIVE


def test_its_own_organisation_and_one_without_manager_are_refused() -> None:
    enrolment, manager, _ = make_two_sides()
    empty = OrganisationFactory()
    for identifier, expected in ((enrolment.product.organisation.siret, "same"), (empty.siret, "nobody")):
        with pytest.raises(TransitionRefused) as refusal:
            services.offer_product(product_id=enrolment.product_id, identifier=identifier, message="", actor=manager)
        assert codes(refusal) == [expected]


def test_a_name_that_the_successor_already_has_is_refused_whole() -> None:
    enrolment, manager, successor = make_two_sides()
    ProductFactory(
        organisation=successor.memberships.get().organisation,
        name=enrolment.product.name,
        version=enrolment.product.version,
    )
    transfer = offer(enrolment, manager, successor)
    with pytest.raises(TransitionRefused) as refusal:
        services.accept_product(transfer_id=transfer.pk, actor=successor)
    assert codes(refusal) == ["product"]
    transfer.refresh_from_db()
    assert transfer.state == TransferState.OFFERED


def test_the_pages_offer_and_accept(client: Client) -> None:
    enrolment, manager, successor = make_two_sides()
    client.force_login(manager)
    address = reverse("enrolment:product_transfer", args=[enrolment.product_id])
    assert client.get(address).status_code == 200
    assert client.post(address, {"target": "organisation", "identifier": ""}).status_code == 422
    unknown = client.post(address, {"target": "organisation", "identifier": "123", "message": "Bonjour"})
    assert unknown.status_code == 422
    assert "Bonjour" in unknown.content.decode()
    siret = successor.memberships.get().organisation.siret
    assert client.post(address, {"target": "organisation", "identifier": siret}).status_code == 302
    transfer = ProductTransfer.objects.get()
    detail = reverse("enrolment:transfer_detail", args=[transfer.pk])
    assert client.get(detail).context["may_cancel"]

    client.force_login(successor)
    page = client.get(detail).content.decode()
    assert enrolment.product.description not in page
    assert f'<a class="fr-breadcrumb__link" href="{reverse("products:product_list")}">' in page
    assert client.post(detail, {"decision": "refuse", "why": ""}).status_code == 422
    accepted = client.post(detail, {"decision": "accept"})
    transfer.refresh_from_db()
    assert accepted.headers["Location"] == reverse("pages:product_detail", args=[transfer.successor_id])
    assert client.get(reverse("pages:product_detail", args=[enrolment.product_id])).status_code == 404
