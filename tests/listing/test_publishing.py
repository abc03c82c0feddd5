"""Publishing (T34): the conditions, one by one and together; the listing, its version, who is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pgtrigger
import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.enums import CampaignState, CandidatureState
from referencing.candidature.models import Candidature, CandidatureEvent
from referencing.commission.enums import OpinionKind, ReservationState
from referencing.commission.models import Opinion, Reservation
from referencing.commission.selectors.opinions import newest_opinion, open_suspensive
from referencing.commission.services.transmit import find_transmit_blockers
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from referencing.decision.enums import DecisionKind, DecisionState, Party
from referencing.decision.models import Decision
from referencing.decision.selectors import kinds_for
from referencing.decision.services.drafting import find_draft_blockers
from referencing.enrolment.enums import Cycle
from referencing.listing import services
from referencing.listing.enums import ListingState, PublicationState
from referencing.listing.models import CatalogueEntry, Listing, PublicationSheet, PublicationVersion
from referencing.listing.services.conditions import find_opinion_blockers
from referencing.listing.services.publishing import renewal_granted
from tests.candidature.campaigns import give_scope, make_ended
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.listing.factories import (
    countersign,
    decide,
    give_opinion,
    make_approved,
    make_listed,
    make_sheet,
    reserve,
    sign_annex,
)

pytestmark = pytest.mark.django_db

SCOPE = [{"api": "mesures", "direction": "ecriture", "purpose": "prevention", "data": ["Tension artérielle"]}]


@pytest.mark.rule("BR-161", "BR-170")
def test_publish_lists_the_service_for_one_year(django_capture_on_commit_callbacks: Any) -> None:
    candidature, manager = make_approved()
    verifier = make_agent(Role.LISTING_TEAM)

    with django_capture_on_commit_callbacks(execute=True):
        listing = services.publish(
            candidature_id=candidature.pk, actor=verifier, at=datetime(2028, 2, 29, 9, tzinfo=UTC)
        )

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.LISTED
    assert (listing.state, listing.published_on, listing.ends_on) == (
        ListingState.LISTED,
        date(2028, 2, 29),
        date(2029, 2, 28),
    )
    assert listing.decision == Decision.objects.get()
    assert CatalogueEntry.objects.get().is_listed
    assert CandidatureEvent.objects.filter(candidature=candidature, kind="published").exists()
    assert AuditEntry.objects.filter(action="candidature.publish", actor=verifier).count() == 1
    said = next(each for each in mail.outbox if manager.email in each.to)
    assert "votre service est référencé" in said.subject
    assert "28\u00a0février 2029" in said.body


def test_the_day_of_publication_is_that_of_paris() -> None:
    candidature, _ = make_approved()

    listing = services.publish(
        candidature_id=candidature.pk,
        actor=make_agent(Role.LISTING_TEAM),
        at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    )

    assert (listing.published_on, listing.ends_on) == (date(2027, 1, 1), date(2028, 1, 1))


def without_opinion(candidature: Candidature) -> None:
    """Nothing: the file was made without."""


def with_unfavourable(candidature: Candidature) -> None:
    give_opinion(candidature, OpinionKind.UNFAVOURABLE)


def with_open_reservation(candidature: Candidature) -> None:
    reserve(give_opinion(candidature, OpinionKind.WITH_SUSPENSIVE))


#: Each breaks one condition of a file that meets all; the code of the blocker.
BREAKS: dict[str, Callable[[Candidature], object]] = {
    "opinion": without_opinion,
    "reservation": with_open_reservation,
    "decision": lambda each: None,
    "notification": lambda each: decide(each, is_notified=False),
    "convention": lambda each: lose_convention(each),
    "convention_countersigned": lambda each: countersign(each, Party.MINISTER),
    "annex": lambda each: None,
    "sheet": lambda each: make_sheet(each.enrolment, PublicationState.SUBMITTED),
}


def make_lacking(code: str) -> Candidature:
    """A file that meets every condition but one."""
    candidature, _ = make_candidature(CandidatureState.APPROVED, complete=False)
    if code not in ("opinion", "reservation"):
        give_opinion(candidature)
    if code not in ("decision", "notification"):
        decide(candidature, scope=SCOPE if code == "annex" else [])
    if code != "sheet":
        make_sheet(candidature.enrolment)
    if not code.startswith("convention"):
        countersign(candidature)
    BREAKS[code](candidature)
    return candidature


def lose_convention(candidature: Candidature) -> None:
    """As if it had never been validated."""
    with pgtrigger.ignore("convention.Convention:convention_machine"):
        Convention.objects.filter(enrolment=candidature.enrolment).update(state=ConventionState.SIGNED)


@pytest.mark.rule("BR-161")
@pytest.mark.parametrize("code", list(BREAKS))
def test_publish_refuses_when_one_condition_is_missing(code: str) -> None:
    candidature = make_lacking(code)

    with pytest.raises(TransitionRefused) as refusal:
        services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    (blocker,) = refusal.value.blockers
    assert blocker.code == code
    assert blocker.anchor.startswith("/")
    assert not Listing.objects.exists()
    assert not CatalogueEntry.objects.exists()


@pytest.mark.rule("BR-161")
def test_publish_says_every_missing_condition_at_once() -> None:
    candidature, _ = make_candidature(CandidatureState.APPROVED, complete=False, has_exchange=True)
    lose_convention(candidature)

    with pytest.raises(TransitionRefused) as refusal:
        services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    codes = [each.code for each in refusal.value.blockers]
    assert codes == ["opinion", "tests_not_passed", "decision", "convention", "sheet"]


@pytest.mark.rule("BR-161", "BR-136")
def test_publish_needs_the_connection_tests_of_a_service_that_exchanges_data() -> None:
    tested = make_ended(CampaignState.FAILED)
    candidature = tested.candidature
    Candidature.objects.filter(pk=candidature.pk).update(has_exchange=True)
    give_opinion(candidature)
    decide(candidature)
    countersign(candidature)
    make_sheet(candidature.enrolment)
    move(candidature, CandidatureState.APPROVED)

    with pytest.raises(TransitionRefused) as refusal:
        services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    assert [each.code for each in refusal.value.blockers] == ["tests_not_passed"]


def move(candidature: Candidature, state: CandidatureState) -> None:
    with pgtrigger.ignore("candidature.Candidature:candidature_machine"):
        Candidature.objects.filter(pk=candidature.pk).update(
            state=state, concluded_at=timezone.now(), proposal="favourable"
        )


@pytest.mark.rule("BR-157")
def test_publish_refuses_after_an_unfavourable_opinion() -> None:
    candidature, _ = make_candidature(CandidatureState.APPROVED, complete=False)
    with_unfavourable(candidature)
    decide(candidature)
    countersign(candidature)
    make_sheet(candidature.enrolment)

    with pytest.raises(TransitionRefused) as refusal:
        services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    assert [each.code for each in refusal.value.blockers] == ["opinion"]


@pytest.mark.parametrize(
    "fields", [{"is_suspensive": False}, {"is_suspensive": True, "state": ReservationState.LIFTED}]
)
def test_a_reservation_that_suspends_nothing_bars_nothing(fields: dict[str, Any]) -> None:
    candidature, _ = make_approved()
    reserve(Opinion.objects.get(candidature=candidature), **fields)

    listing = services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    assert listing.state == ListingState.LISTED


@pytest.mark.parametrize("state", [DecisionState.ANNULLED, DecisionState.ABROGATED])
def test_a_decision_that_fell_is_no_decision(state: DecisionState) -> None:
    candidature, _ = make_candidature(CandidatureState.APPROVED, complete=False)
    give_opinion(candidature)
    decide(candidature, state=state)
    countersign(candidature)
    make_sheet(candidature.enrolment)

    with pytest.raises(TransitionRefused) as refusal:
        services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    assert [each.code for each in refusal.value.blockers] == ["decision"]


@pytest.mark.parametrize("state", [CandidatureState.MINISTER, CandidatureState.LISTED, CandidatureState.REFUSED])
def test_only_an_approved_file_is_published(state: CandidatureState) -> None:
    candidature, _ = make_candidature(state, complete=False)

    with pytest.raises(TransitionRefused) as refusal:
        services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    assert [each.code for each in refusal.value.blockers] == ["wrong_state"]


@pytest.mark.parametrize("role", [Role.SUPPORT])
def test_only_the_listing_team_publishes(role: Role) -> None:
    candidature, _ = make_approved()

    with pytest.raises(PermissionDenied):
        services.publish(candidature_id=candidature.pk, actor=make_agent(role))


def test_an_editor_does_not_publish() -> None:
    candidature, manager = make_approved()

    with pytest.raises(PermissionDenied):
        services.publish(candidature_id=candidature.pk, actor=manager)


@pytest.mark.rule("A-31")
def test_the_published_sheet_copies_the_table_of_the_decision() -> None:
    candidature, _ = make_candidature(CandidatureState.APPROVED, complete=False)
    # the editor asked for more than the minister authorised
    give_scope(candidature.dossier, [("mesures", "ecriture"), ("documents", "lecture")])
    give_opinion(candidature)
    decide(candidature, scope=SCOPE)
    countersign(candidature)
    sign_annex(candidature, SCOPE)
    make_sheet(candidature.enrolment)

    services.publish(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    frozen = json.loads(bytes(PublicationVersion.objects.get().payload))
    assert frozen["exchanges"] == [
        {
            "api": "mesures",
            "direction": "ecriture",
            "purpose": "prevention",
            "data": "Tension artérielle",
            "information": "Vous autorisez cet échange.",
        }
    ]
    entry = CatalogueEntry.objects.get()
    assert (entry.exchanges, entry.data) == (frozen["exchanges"], ["mesures"])


@pytest.mark.rule("A-31")
def test_new_exchanges_keep_the_listing_and_its_end() -> None:
    entry = make_listed(published_on=date(2026, 3, 1), ends_on=date(2099, 3, 1))
    first = Candidature.objects.get()
    second, _ = make_candidature(CandidatureState.APPROVED, complete=False, dossier=first.dossier)
    Candidature.objects.filter(pk=second.pk).update(cycle=Cycle.EXTENSION)
    give_opinion(second)
    decide(second, scope=SCOPE)
    countersign(second)
    sign_annex(second, SCOPE)

    listing = services.publish(candidature_id=second.pk, actor=make_agent(Role.LISTING_TEAM))

    assert listing.pk == entry.listing_id
    assert (listing.published_on, listing.ends_on) == (date(2026, 3, 1), date(2099, 3, 1))
    assert listing.decision.candidature == second
    assert CatalogueEntry.objects.get().data == ["mesures"]
    assert PublicationVersion.objects.count() == 2


def test_a_full_new_application_takes_the_place_of_the_former_listing() -> None:
    entry = make_listed()
    first = Candidature.objects.get()
    second, _ = make_candidature(CandidatureState.APPROVED, complete=False, dossier=first.dossier)
    give_opinion(second)
    decide(second)
    countersign(second)

    listing = services.publish(candidature_id=second.pk, actor=make_agent(Role.LISTING_TEAM))

    assert listing.pk != entry.listing_id
    assert Listing.objects.get(pk=entry.listing_id).state == ListingState.EXPIRED
    entry.refresh_from_db()
    assert (entry.listing, entry.is_listed) == (listing, True)


@pytest.mark.rule("A-31")
def test_a_renewal_keeps_the_texts_and_takes_the_exchanges_of_its_decision() -> None:
    entry = make_listed()
    first = Candidature.objects.get()
    second, _ = make_candidature(CandidatureState.LISTED, complete=False, dossier=first.dossier)
    decision = decide(second, kind=DecisionKind.RENEWAL, scope=SCOPE)
    PublicationSheet.objects.update(state=PublicationState.DRAFT, public_name="Pas encore accepté")

    Listing.objects.update(decision=decision)
    renewal = SimpleNamespace(listing=Listing.objects.get(), decision=decision, candidature=second)
    renewal_granted(renewal, actor=None, reason="")

    entry.refresh_from_db()
    assert (entry.name, entry.data, entry.decision_number) == ("Carnet de tension", ["mesures"], decision.number)
    assert entry.version.number == 2


def test_what_was_published_never_changes() -> None:
    make_listed()

    for change in (
        lambda rows: rows.update(number=9),
        lambda rows: rows.delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            change(PublicationVersion.objects.all())


def test_a_new_sheet_of_a_listed_service_is_public_once_accepted() -> None:
    entry = make_listed()
    verifier = make_agent(Role.LISTING_TEAM)
    candidature = Candidature.objects.get()
    manager = candidature.applied_by

    services.revise_sheet(enrolment_id=entry.pk, actor=manager)
    services.save_sheet(enrolment_id=entry.pk, values={"public_name": "Carnet de cœur"}, actor=manager)
    services.submit_sheet(enrolment_id=entry.pk, actor=manager)
    assert CatalogueEntry.objects.get().name == "Carnet de tension"

    services.accept_sheet(enrolment_id=entry.pk, actor=verifier)

    entry = CatalogueEntry.objects.get()
    assert (entry.name, entry.slug, entry.version.number) == ("Carnet de cœur", "carnet-de-coeur", 2)


# pages


@pytest.mark.parametrize("count", [1, 3])
def test_lists_of_the_team_ask_the_same_queries(client: Any, count: int, django_assert_num_queries: Any) -> None:
    for _ in range(count):
        make_approved()
        make_listed()
        make_sheet(make_candidature(complete=False)[0].enrolment, PublicationState.SUBMITTED)
    client.force_login(make_agent(Role.LISTING_TEAM))
    client.get(reverse("listing:listing_list"))

    with django_assert_num_queries(4):
        waiting = client.get(reverse("listing:publication_list"))
    with django_assert_num_queries(3):
        listed = client.get(reverse("listing:listing_list"))

    assert len(waiting.context["file_rows"]) == count
    assert len(waiting.context["sheet_rows"]) == count
    assert len(listed.context["rows"]) == count


def test_listings_are_filtered_by_state_end_and_text(client: Any) -> None:
    soon = make_listed(published_on=date(2020, 1, 1), ends_on=date.today())
    make_listed(state=ListingState.SUSPENDED, name="Pouls")
    client.force_login(make_agent(Role.AUDITOR))
    address = reverse("listing:listing_list")

    def numbers(query: str) -> list[str]:
        return [row.cells[0] for row in client.get(f"{address}?{query}").context["rows"]]

    assert numbers("etat=bientot") == [soon.enrolment.label]
    assert len(numbers("etat=suspended")) == 1
    assert len(numbers("etat=tous")) == 2
    assert len(numbers("etat=tous&q=pouls")) == 1
    assert numbers("etat=expired") == []


def test_the_page_says_what_is_missing_then_publishes(client: Any) -> None:
    candidature = make_lacking("notification")
    client.force_login(make_agent(Role.LISTING_TEAM))
    address = reverse("listing:candidature_publish", args=[candidature.pk])

    assert "n’est pas encore notifiée" in client.get(address).content.decode()
    assert client.post(address).status_code == 422

    decision = Decision.objects.get()
    Decision.objects.filter(pk=decision.pk).update(state=DecisionState.NOTIFIED, notified_at=decision.signed_at)
    asked = client.post(address)
    assert asked.status_code == 200
    assert "paraît tout de suite au catalogue public" in asked.content.decode()
    assert client.post(address, {"confirmed": "1"}).url == reverse("listing:listing_list")
    assert Listing.objects.count() == 1


@pytest.mark.rule("BR-180")
def test_the_editor_reads_since_when_the_product_is_listed(client: Any) -> None:
    entry = make_listed(published_on=date(2026, 6, 26), ends_on=date(2099, 6, 26))
    candidature = Candidature.objects.get()
    client.force_login(candidature.applied_by)
    pages = [
        reverse("pages:product_detail", args=[entry.enrolment.product_id]),
        reverse("pages:enrolment_detail", args=[entry.pk]),
        reverse("candidature:dossier_detail", args=[candidature.dossier_id]),
    ]

    for address in pages:
        page = client.get(address).content.decode()
        assert "Dossier référencé" in page, address
        assert "Félicitations ! Votre produit a été référencé le 26\u00a0juin 2026" in page, address


@pytest.mark.rule("BR-176")
@pytest.mark.parametrize("state", [ListingState.SUSPENDED, ListingState.EXPIRED])
def test_the_banner_leaves_with_the_listing(client: Any, state: ListingState) -> None:
    entry = make_listed(state=state)
    client.force_login(Candidature.objects.get().applied_by)

    page = client.get(reverse("pages:enrolment_detail", args=[entry.pk])).content.decode()

    assert "Félicitations" not in page


def test_the_home_of_the_enrolment_leads_to_the_sheet(client: Any) -> None:
    candidature, manager = make_candidature(complete=False)
    client.force_login(manager)

    page = client.get(reverse("pages:enrolment_detail", args=[candidature.enrolment_id])).content.decode()

    assert reverse("listing:publication_edit", args=[candidature.enrolment_id]) in page
    assert not PublicationSheet.objects.exists()


@pytest.mark.rule("BR-158", "A-30")
@pytest.mark.parametrize("state", ReservationState.values)
def test_commission_minister_and_publication_read_a_suspensive_reservation_alike(state: str) -> None:
    """Only lifting frees: a reservation closed because its file went another way bars at every stage, hence no file is
    approved that could never be published."""
    candidature, _ = make_candidature(CandidatureState.MINISTER, complete=False)
    opinion = give_opinion(candidature, OpinionKind.WITH_SUSPENSIVE)
    reserve(opinion, state=state, decided_at=timezone.now() if state in ("lifted", "closed") else None)
    is_free = state == ReservationState.LIFTED

    transmission = {each.code for each in find_transmit_blockers(candidature, today=timezone.localdate())}
    signature = {each.code for each in find_draft_blockers(candidature, newest_opinion(candidature), "listing")}
    publication = {each.code for each in find_opinion_blockers(candidature)}

    assert bool(open_suspensive(candidature)) is not is_free
    assert ("suspensive_open" in transmission) is not is_free
    assert signature == (set() if is_free else {"open_suspensive"})
    assert publication == (set() if is_free else {"reservation"})


@pytest.mark.rule("BR-158", "A-33")
def test_a_file_refused_for_its_reservation_is_not_approved_when_it_is_decided_again() -> None:
    """Its reservation was closed by the refusal, not lifted: another refusal, or another opinion."""
    ministry = make_agent(Role.MINISTRY)
    candidature, _ = make_candidature(CandidatureState.MINISTER, complete=False)
    reserve(give_opinion(candidature, OpinionKind.WITH_SUSPENSIVE))
    candidature = Candidature.objects.locked().get(pk=candidature.pk)
    workflow.fire(candidature, "refuse", actor=ministry, at=timezone.now())
    assert Reservation.objects.get().state == ReservationState.CLOSED
    workflow.fire(candidature, "reconsider", actor=ministry)

    assert kinds_for(candidature, newest_opinion(candidature)) == ("refusal",)

    workflow.fire(candidature, "refuse", actor=ministry, at=timezone.now())
    workflow.fire(candidature, "re_examine", actor=ministry)
    give_opinion(candidature, OpinionKind.FAVOURABLE)
    assert kinds_for(candidature, newest_opinion(candidature)) == ("listing", "refusal")
    assert find_opinion_blockers(candidature) == []
