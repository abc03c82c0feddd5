import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.listing.enums import AuditOrigin, ListingState, ReportOutcome
from referencing.listing.models import Audit, UserReport
from referencing.listing.services.reports import forget_reporters, send_report, triage_report
from tests.factories import make_agent
from tests.listing.life_factories import make_listing

pytestmark = pytest.mark.django_db

TEXT = "L’application affiche les mesures d’un autre usager."
POST = {"kind": "security", "text": TEXT, "email": "", "site": ""}


@pytest.fixture(autouse=True)
def _no_report_was_counted():
    cache.clear()


def form_url(listing):
    return reverse("listing:report_create", args=[listing.enrolment.number])


@pytest.fixture
def listing():
    return make_listing()[0]


@pytest.fixture
def team():
    return make_agent(Role.LISTING_TEAM)


def test_anybody_reports_without_account_and_the_team_is_told(
    client, listing, team, django_capture_on_commit_callbacks
):
    manager = listing.enrolment.candidatures.first().applied_by
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(form_url(listing), POST)

    assert (response.status_code, response.url) == (302, reverse("listing:report_sent"))
    assert (UserReport.objects.get().text, UserReport.objects.get().email) == (TEXT, "")
    assert Notification.objects.filter(recipient=team).count() == 1
    assert not Notification.objects.filter(recipient=manager).exists()
    assert not UserReport.objects.visible_to(manager).exists()


def test_a_given_address_is_confirmed_by_its_button_only(client, listing, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client.post(form_url(listing), {**POST, "email": "visiteur@exemple.fr"})
    link = re.search(r"/signalements/confirmer/[\w-]+/", mail.outbox[-1].body)[0]
    report = UserReport.objects.get()

    assert client.get(link).status_code == 200
    report.refresh_from_db()
    assert report.confirmed_at is None
    client.post(link)
    report.refresh_from_db()
    assert report.confirmed_at
    assert client.post("/signalements/confirmer/inconnu/").status_code == 404


def test_a_robot_is_thanked_and_forgotten(client, listing):
    response = client.post(form_url(listing), {**POST, "site": "https://spam.example"})
    assert response.status_code == 302
    assert not UserReport.objects.exists()


def test_too_many_from_one_address_wait_and_keep_their_text(client, listing, settings):
    settings.LISTING_LIFE = {**settings.LISTING_LIFE, "REPORTS_PER_HOUR": 2}
    answers = [client.post(form_url(listing), POST).status_code for _ in range(3)]
    elsewhere = client.post(form_url(listing), POST, REMOTE_ADDR="203.0.113.7")

    assert answers == [302, 302, 429]
    assert elsewhere.status_code == 302
    assert TEXT in client.post(form_url(listing), POST).content.decode()


def test_refused_forms_keep_what_was_typed(client, listing):
    response = client.post(form_url(listing), {**POST, "kind": "", "text": "Court"})
    assert response.status_code == 422
    assert "Court" in response.content.decode()
    assert client.post(form_url(listing), {**POST, "text": "x" * 70_000}).status_code == 413


@pytest.mark.rule("BR-177")
@pytest.mark.parametrize("state", [ListingState.SUSPENDED, ListingState.EXPIRED])
def test_only_a_service_of_the_catalogue_is_reported(client, state):
    listing, _ = make_listing(state=state)
    assert client.get(form_url(listing)).status_code == 404
    assert client.get(reverse("listing:report_create", args=[1])).status_code == 404


@pytest.mark.rule("L5")
def test_a_report_may_open_an_audit_and_its_editor_never_knows(client, listing, team):
    report = send_report(listing=listing, kind="security", text=TEXT)

    triage_report(report_id=report.pk, outcome=ReportOutcome.AUDIT, note="Fuite possible.", actor=team)

    audit = Audit.objects.get()
    assert (audit.origin, audit.user_report) == (AuditOrigin.REPORT, report)
    manager = listing.enrolment.candidatures.first().applied_by
    client.force_login(manager)
    assert "Fuite possible" not in client.get(reverse("listing:life_detail", args=[listing.pk])).content.decode()
    assert client.get(reverse("listing:audit_detail", args=[audit.pk])).status_code == 404
    assert client.get(reverse("listing:report_detail", args=[report.pk])).status_code == 403

    now = timezone.now()
    told = {"notified_at": now, "starts_on": now.date(), "plan": "Sur pièces.", "auditor": make_agent(Role.AUDITOR)}
    plan_file = listing.enrolment.conventions.get().document
    Audit.objects.filter(pk=audit.pk).update(state="notified", plan_file=plan_file, **told)
    for page in (reverse("listing:life_detail", args=[listing.pk]), reverse("listing:audit_detail", args=[audit.pk])):
        html = client.get(page).content.decode()
        assert "Annoncé" in html
        assert "Signalement" not in html
        assert "Fuite possible" not in html


def test_triage_says_why_and_only_once(listing, team):
    report = send_report(listing=listing, kind="fault", text=TEXT)
    with pytest.raises(TransitionRefused) as refused:
        triage_report(report_id=report.pk, outcome="autre", note=" ", actor=team)
    assert [each.code for each in refused.value.blockers] == ["outcome", "note"]
    with pytest.raises(PermissionDenied):
        triage_report(report_id=report.pk, outcome="dismissed", note="Rien.", actor=make_agent(Role.AUDITOR))

    triage_report(report_id=report.pk, outcome="dismissed", note="Non constaté.", actor=team)

    with pytest.raises(TransitionRefused) as refused:
        triage_report(report_id=report.pk, outcome="dismissed", note="Encore.", actor=team)
    assert [each.code for each in refused.value.blockers] == ["triaged"]


def test_a_confirmed_reporter_is_told_of_the_end(listing, team, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        report = send_report(listing=listing, kind="fault", text=TEXT, email="visiteur@exemple.fr")
    UserReport.objects.filter(pk=report.pk).update(confirmed_at=report.sent_at)

    with django_capture_on_commit_callbacks(execute=True):
        triage_report(report_id=report.pk, outcome="passed_on", note="Corrigé.", actor=team)

    assert mail.outbox[-1].to == ["visiteur@exemple.fr"]
    assert "traité" in mail.outbox[-1].subject


def test_addresses_are_forgotten_long_after(listing, team):
    report = send_report(listing=listing, kind="fault", text=TEXT, email="visiteur@exemple.fr")
    triage_report(report_id=report.pk, outcome="dismissed", note="Rien.", actor=team)
    now = timezone.now()

    assert [forget_reporters(at=now + timedelta(days=days)) for days in (179, 181, 182)] == [0, 1, 0]
    assert UserReport.objects.get().email == ""
