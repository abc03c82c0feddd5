"""What becomes of a listed service, year after year, seen by anybody in the public catalogue (Chromium).

Services do the steps, with time passed in; the public page says what came of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.ui.typography import format_date
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.applying import apply
from referencing.commission.services.transmit import transmit_file
from referencing.decision.models import Decision
from referencing.decision.services import (
    draft_decision,
    open_decision,
    record_ruling,
    record_suit,
    sign_decision,
)
from referencing.dossier.services import generate_dossier
from referencing.listing.core.terms import one_year_after, two_years_after
from referencing.listing.enums import AuditState, Condition, ListingState
from referencing.listing.models import Listing
from referencing.listing.services.audits import notify_audit, open_audit, start_audits
from referencing.listing.services.expiry import expire_listings
from referencing.listing.services.publishing import publish
from referencing.listing.services.renewal import open_renewals, start_renewal
from referencing.listing.services.sanctions import draft_measure, draft_relief, open_procedure
from tests.candidature.test_keyboard import elsewhere
from tests.commission.walking import hold_session, instruct
from tests.decision.factories import make_signatory, make_signed
from tests.dossier.factories import answer_everything
from tests.factories import make_agent
from tests.listing.factories import countersign, make_sheet
from tests.listing.life_factories import examined, noon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAME = "Carnet de tension"


@dataclass
class Service:
    """A service that was published by everybody concerned, and those people."""

    listing: Listing
    editor: User
    team: User
    ministry: User

    @property
    def number(self) -> int:
        return self.listing.enrolment.number


def make_service(*, published_on: date) -> Service:
    """Decided, notified, countersigned, published that day by the real services."""
    ministry, team = make_agent(Role.MINISTRY), make_agent(Role.LISTING_TEAM)
    decision, _, editor = make_signed(actor=ministry, name=NAME)
    open_decision(decision_id=decision.pk, actor=editor)
    file = Candidature.objects.get(pk=decision.candidature_id)
    countersign(file)
    make_sheet(file.enrolment, public_name=NAME)
    listing = publish(candidature_id=file.pk, actor=team, at=noon(published_on))
    return Service(Listing.objects.select_related("enrolment").get(pk=listing.pk), editor, team, ministry)


def renew_questionnaires(service: Service) -> Candidature:
    """The editor validates everything again, freezes a dossier and applies for the renewal."""
    answer_everything(service.listing.enrolment)
    dossier = generate_dossier(enrolment_id=service.listing.enrolment_id, actor=service.editor)
    return apply(dossier_id=dossier.pk, actor=service.editor)


def examine(file: Candidature, service: Service) -> None:
    """Instructed, examined by the commission, transmitted."""
    instruct(file, service.team)
    transmit_file(candidature_id=file.pk, actor=hold_session(file).secretary)


def decide(file: Candidature, kind: str, service: Service) -> Decision:
    decision = draft_decision(
        kind=kind,
        enrolment_id=file.enrolment_id,
        candidature_id=file.pk,
        reasons="Le service continue de remplir les conditions.",
        actor=service.ministry,
    )
    return sign(decision, service)


def sign(decision: Decision, service: Service) -> Decision:
    signed = sign_decision(
        decision_id=decision.pk,
        signatory=make_signatory(),
        signed_on=timezone.localdate(),
        actor=service.ministry,
    )
    return open_decision(decision_id=signed.pk, actor=service.editor)


@pytest.fixture
def anybody(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`anybody(is_listed=…)`: the catalogue, then the page of the service, as somebody finds them who never came before."""
    contexts = []

    def look(*, is_listed: bool) -> Page:
        cache.clear()
        context = browser.new_context(locale="fr-FR")
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{live_server.url}/catalogue/")
        expect(page.get_by_role("link", name=NAME)).to_have_count(1 if is_listed else 0)
        if is_listed:
            page.get_by_role("link", name=NAME).click()
            expect(page.get_by_role("heading", name=NAME, level=1)).to_be_visible()
        return page

    yield look
    for context in contexts:
        context.close()


@pytest.mark.rule("BR-170", "BR-171", "A-35")
def test_renewed_in_time_stands_two_years_more(anybody):
    today = timezone.localdate()
    published = today - timedelta(days=280)

    def build() -> tuple[Service, date]:
        service = make_service(published_on=published)
        end = one_year_after(published)
        assert open_renewals(at=noon(end - timedelta(days=121))) == 0
        assert open_renewals(at=noon(end - timedelta(days=120))) == 1
        start_renewal(listing_id=service.listing.pk, actor=service.editor)
        file = renew_questionnaires(service)
        examine(file, service)
        decide(file, "renewal", service)
        service.listing.refresh_from_db()
        assert Candidature.objects.get(pk=file.pk).state == CandidatureState.LISTED
        return service, end

    service, end = elsewhere(build)

    assert service.listing.ends_on == two_years_after(end)
    page = anybody(is_listed=True)
    expect(page.get_by_text(format_date(two_years_after(end))).first).to_be_visible()
    assert elsewhere(lambda: expire_listings(at=noon(end + timedelta(days=1)))) == 0


@pytest.mark.rule("BR-172", "A-35")
def test_renewed_late_leaves_the_catalogue_then_comes_back_for_two_years(anybody):
    today = timezone.localdate()
    published = today - timedelta(days=400)

    def build() -> tuple[Service, Candidature]:
        service = make_service(published_on=published)
        end = one_year_after(published)
        assert open_renewals(at=noon(end - timedelta(days=100))) == 1
        start_renewal(listing_id=service.listing.pk, actor=service.editor, at=noon(end - timedelta(days=90)))
        file = renew_questionnaires(service)
        examine(file, service)
        assert expire_listings(at=noon(end)) == 0
        assert expire_listings(at=noon(end + timedelta(days=1))) == 1
        return service, file

    service, file = elsewhere(build)
    anybody(is_listed=False)

    def republish() -> None:
        decide(file, "renewal", service)
        publish(candidature_id=file.pk, actor=service.team)
        service.listing.refresh_from_db()

    elsewhere(republish)

    assert (service.listing.state, service.listing.ends_on) == (ListingState.LISTED, two_years_after(today))
    page = anybody(is_listed=True)
    expect(page.get_by_text(format_date(two_years_after(today))).first).to_be_visible()


@pytest.mark.rule("BR-172")
def test_not_renewed_it_is_gone_the_day_after_its_end(anybody):
    published = timezone.localdate() - timedelta(days=366)

    service = elsewhere(lambda: make_service(published_on=published))
    elsewhere(lambda: expire_listings(at=timezone.now()))

    assert elsewhere(lambda: Listing.objects.get(pk=service.listing.pk).state) == ListingState.EXPIRED
    anybody(is_listed=False)


@pytest.mark.rule("BR-174", "BR-176", "A-02")
def test_suspended_in_the_middle_of_an_audit_then_reinstated(anybody):
    today = timezone.localdate()
    auditor = elsewhere(lambda: make_agent(Role.AUDITOR))

    def suspend() -> Service:
        service = make_service(published_on=today)
        audit = open_audit(listing_id=service.listing.pk, motive="Suivi", actor=auditor)
        notify_audit(
            audit_id=audit.pk,
            plan="Sécurité des échanges.",
            plan_file=[examined()],
            starts_on=today + timedelta(days=40),
            actor=auditor,
        )
        start_audits(at=noon(today + timedelta(days=40)))
        procedure = open_procedure(
            listing_id=service.listing.pk,
            kind="suspension",
            condition=Condition.CRITERIA,
            facts="Des données de santé sont publiques.",
            urgency="Des données de santé sont publiques.",
            actor=service.ministry,
        )
        sign(
            draft_measure(procedure_id=procedure.pk, reasons="Les faits sont graves.", actor=service.ministry), service
        )
        audit.refresh_from_db()
        service.listing.refresh_from_db()
        assert (service.listing.state, audit.state) == (ListingState.SUSPENDED, AuditState.RUNNING)
        return service

    service = elsewhere(suspend)
    anybody(is_listed=False)

    def reinstate() -> None:
        relief = draft_relief(
            listing_id=service.listing.pk,
            kind="reinstatement",
            reasons="Le chiffrement est rétabli.",
            actor=service.ministry,
        )
        sign(relief, service)
        service.listing.refresh_from_db()

    elsewhere(reinstate)

    assert service.listing.state == ListingState.LISTED
    anybody(is_listed=True)


@pytest.mark.rule("A-33")
def test_a_favourable_decision_annulled_by_a_court_leaves_the_catalogue(anybody):
    today = timezone.localdate()
    service = elsewhere(lambda: make_service(published_on=today))
    page = anybody(is_listed=True)
    address = page.url

    def annul() -> None:
        suit = record_suit(
            decision_id=service.listing.decision_id,
            court="Tribunal administratif",
            case_number="2600001",
            claimant="Un concurrent",
            lodged_on=today,
            actor=service.ministry,
        )
        record_ruling(
            suit_id=suit.pk, step="annul", ruling="La décision est annulée.", ruled_on=today, actor=service.ministry
        )

    elsewhere(annul)

    assert elsewhere(lambda: Listing.objects.get(pk=service.listing.pk).state) == ListingState.WITHDRAWN
    page = anybody(is_listed=False)
    page.goto(address)
    expect(page.get_by_role("heading", name=NAME, level=1)).to_have_count(0)
    number = elsewhere(lambda: Decision.objects.get(pk=service.listing.decision_id).number)
    page.goto(address.split("/catalogue/")[0] + f"/verifier/?reference={number}")
    expect(page.get_by_role("heading", name="Authentique, mais cette décision n’est plus en vigueur")).to_be_visible()
