"""Due days, clocks that stand still, and who is reminded (A-17, A-19, BR-116)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.notifications.models import Notification
from convergence.products.models import Demarche
from referencing.candidature.core.clock import Days, add_business_days, day_of
from referencing.candidature.enums import (
    CandidatureState,
    Holder,
    NonConformityState,
    RequestKind,
    RequestState,
    Severity,
    StopReason,
)
from referencing.candidature.models import (
    Candidature,
    CandidatureEvent,
    ClockStop,
    ComplementItem,
    ComplementRequest,
    NonConformity,
)
from referencing.candidature.selectors.deadlines import list_deadlines
from referencing.candidature.services import clocks, standing
from referencing.candidature.services.reminders import remind_deadlines
from referencing.candidature.views.clocks import clock_cards
from referencing.candidature.wording import Audience
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
DELAYS = {"instruction": {"delays": {"take_charge": 5, "admissibility": 10, "evaluation": 40}}}


def make_file(state=CandidatureState.ADMISSIBILITY, *, settings=DELAYS, since=None, **values):
    """A file whose phases all began at `since`, in a démarche with these settings."""
    candidature, manager = make_candidature(state, complete=False, **values)
    Demarche.objects.update(settings=settings)
    if since is not None:
        fields = [name for name in ("applied_at", "taken_at", "admissible_at") if getattr(candidature, name)]
        Candidature.objects.filter(pk=candidature.pk).update(**dict.fromkeys(fields, since))
    candidature = Candidature.objects.select_related(
        "enrolment__product__organisation", "enrolment__demarche", "dossier", "referent"
    ).get(pk=candidature.pk)
    standing.refresh(candidature)
    return candidature, manager


def ask(candidature, due_on, *, theme="", code="K1"):
    """An open request of one thing."""
    request = ComplementRequest.objects.create(
        candidature=candidature,
        number=candidature.requests.count() + 1,
        kind=RequestKind.PIECES if candidature.state == CandidatureState.ADMISSIBILITY else RequestKind.CRITERIA,
        due_on=due_on,
        requested_by=candidature.referent,
        requested_at=timezone.now(),
    )
    ComplementItem.objects.create(
        request=request, candidature=candidature, position=1, code=code, theme=theme, title="Extrait", question="?"
    )
    standing.refresh(candidature)
    return request


def withdraw(request):
    request.items.update(closed_at=timezone.now())
    ComplementRequest.objects.filter(pk=request.pk).update(state=RequestState.WITHDRAWN)
    standing.refresh(request.candidature)


def today():
    return day_of(timezone.now())


# Due days


@pytest.mark.rule("A-17")
@pytest.mark.parametrize(
    ("state", "days"),
    [
        (CandidatureState.APPLIED, 5),
        (CandidatureState.ADMISSIBILITY, 10),
        (CandidatureState.EVALUATION, 40),
    ],
)
def test_each_phase_has_its_internal_day(state, days):
    candidature, _ = make_file(state)

    assert candidature.due_on == add_business_days(today(), days)


@pytest.mark.rule("A-17")
def test_no_delay_is_invented():
    candidature, _ = make_file(settings={})

    assert candidature.due_on is None
    assert clocks.legal_clock(candidature, []) is None


@pytest.mark.rule("A-17")
def test_clocks_are_not_mixed():
    settings = {**DELAYS, "silence": {"days": 60, "regime": "rejection"}}
    candidature, _ = make_file(settings=settings)
    ask(candidature, today() + timedelta(days=5))
    stops = clocks.list_stops(candidature)

    legal, internal = clocks.legal_clock(candidature, stops), clocks.internal_clock(candidature, stops)

    assert (legal.days, legal.allowed_days, legal.due_on) == (Days.CALENDAR, 60, today() + timedelta(days=60))
    assert (internal.days, internal.due_on) == (Days.BUSINESS, None)


@pytest.mark.rule("A-17")
def test_missing_pieces_suspend_the_legal_clock_where_the_demarche_says_so():
    settings = {"silence": {"days": 60, "regime": "rejection", "stops_for_pieces": True}}
    candidature, _ = make_file(settings=settings)
    ask(candidature, today() + timedelta(days=5))

    assert clocks.legal_clock(candidature, clocks.list_stops(candidature)).due_on is None


@pytest.mark.rule("A-17", "A-19")
def test_editor_holds_the_ball_until_the_day_it_was_given():
    candidature, _ = make_file()
    until = today() + timedelta(days=9)

    request = ask(candidature, until)

    assert (candidature.waiting_for, candidature.due_on) == (Holder.EDITOR, until)
    withdraw(request)
    candidature.refresh_from_db()
    assert candidature.waiting_for == Holder.LISTING_TEAM
    assert candidature.due_on == add_business_days(today(), 10)


# The clock


@pytest.mark.rule("A-19")
def test_clock_stops_when_everything_waits_for_the_editor():
    candidature, _ = make_file()
    request = ask(candidature, today())
    stop = ClockStop.objects.get()
    assert (stop.reason, stop.ended_at) == (StopReason.PIECES, None)

    standing.refresh(candidature)
    assert ClockStop.objects.get().started_at == stop.started_at  # goes on, is not opened again

    withdraw(request)
    assert ClockStop.objects.get().ended_at is not None


@pytest.mark.rule("A-19")
def test_clock_runs_while_one_theme_can_advance():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, _ = make_file(CandidatureState.EVALUATION, experts={"interoperabilite": expert})

    ask(candidature, today(), theme="interoperabilite", code="unknown")

    assert candidature.waiting_for == Holder.EXPERTS
    assert not ClockStop.objects.exists()


@pytest.mark.rule("A-19")
def test_stopped_days_move_the_internal_day():
    began = datetime(2026, 3, 2, 9, tzinfo=PARIS)
    candidature, _ = make_file(since=began)
    assert candidature.due_on == date(2026, 3, 16)
    ClockStop.objects.create(
        candidature=candidature,
        started_at=began + timedelta(days=1),
        ended_at=began + timedelta(days=8),
        reason=StopReason.PIECES,
    )

    standing.refresh(candidature)

    assert candidature.due_on == date(2026, 3, 23)


@pytest.mark.rule("A-17")
def test_time_before_the_commission_is_nobodys_delay():
    candidature, _ = make_file(CandidatureState.READY_COMMISSION)

    assert candidature.due_on is None
    assert ClockStop.objects.get().reason == StopReason.CONCLUDED


@pytest.mark.rule("A-19")
def test_one_stop_is_open_at_a_time():
    candidature, _ = make_file()
    ClockStop.objects.create(candidature=candidature, started_at=timezone.now(), reason=StopReason.PIECES)

    with pytest.raises(IntegrityError, match="clock_stop_one_open"), transaction.atomic():
        ClockStop.objects.create(candidature=candidature, started_at=timezone.now(), reason=StopReason.ANSWERS)


def test_closed_stop_never_changes():
    candidature, _ = make_file()
    now = timezone.now()
    stop = ClockStop.objects.create(candidature=candidature, started_at=now, ended_at=now, reason=StopReason.PIECES)

    for change in (lambda: ClockStop.objects.update(ended_at=None), stop.delete):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            change()


def test_late_files_are_those_whose_day_is_over():
    candidature, _ = make_file(since=datetime(2026, 3, 2, 9, tzinfo=PARIS))

    assert not Candidature.objects.late(on=date(2026, 3, 16)).exists()
    assert Candidature.objects.late(on=date(2026, 3, 17)).get() == candidature


# Reminders


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def told():
    return [(each.recipient, each.content.partition(".")[0]) for each in Notification.objects.order_by("pk")]


@pytest.mark.rule("BR-116")
def test_referent_is_warned_then_reminded_once_each():
    candidature, _ = make_file(since=datetime(2026, 3, 2, 9, tzinfo=PARIS))  # until Monday 16 March

    days = [date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18)]
    sent = [remind_deadlines(at=noon(day)) for day in days]

    assert sent == [0, 1, 0, 1, 0]
    assert [person for person, _ in told()] == [candidature.referent, candidature.referent]
    assert "avant le" in told()[0][1]
    assert "a pris fin le" in told()[1][1]


@pytest.mark.rule("BR-116")
def test_experts_who_wait_for_nobody_are_reminded_and_others_are_not():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    make_agent(Role.EXPERT, "rgpd")
    make_file(
        CandidatureState.EVALUATION,
        since=datetime(2026, 1, 5, 9, tzinfo=PARIS),
        experts={"interoperabilite": expert},
    )

    assert remind_deadlines(at=noon(date(2026, 11, 20))) == 1
    assert [person for person, _ in told()] == [expert]


@pytest.mark.rule("BR-116")
def test_editor_is_reminded_of_a_late_request(django_capture_on_commit_callbacks):
    candidature, manager = make_file()
    request = ask(candidature, date(2026, 3, 16))

    with django_capture_on_commit_callbacks(execute=True):
        sent = [remind_deadlines(at=noon(date(2026, 3, day))) for day in (16, 17, 18)]

    assert sent == [1, 1, 0]
    assert [message.to for message in mail.outbox] == [[manager.email]] * 2
    assert "réponse attendue depuis le 16\N{NO-BREAK SPACE}mars 2026" in mail.outbox[1].subject
    request.refresh_from_db()
    assert request.reminded_at == noon(date(2026, 3, 17))
    event = CandidatureEvent.objects.get(kind="reminded")
    assert (event.actor, event.is_internal, event.data["what"]) == (None, False, "Demande n° 1")


@pytest.mark.rule("BR-116")
def test_more_time_brings_a_new_reminder():
    candidature, _ = make_file()
    request = ask(candidature, date(2026, 3, 16))
    remind_deadlines(at=noon(date(2026, 3, 17)))
    ComplementRequest.objects.filter(pk=request.pk).update(due_on=date(2026, 4, 15))

    assert remind_deadlines(at=noon(date(2026, 4, 1))) == 0
    assert remind_deadlines(at=noon(date(2026, 4, 16))) == 1


@pytest.mark.rule("BR-116")
def test_editor_is_reminded_of_a_late_non_conformity():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, manager = make_file(CandidatureState.EVALUATION, experts={"interoperabilite": expert}, settings={})
    NonConformity.objects.create(
        candidature=candidature,
        number=1,
        theme="interoperabilite",
        criterion="A",
        title="Écart",
        severity=Severity.MAJOR,
        state=NonConformityState.OPEN,
        rationale="…",
        due_on=date(2026, 3, 16),
        opened_by=expert,
        opened_at=timezone.now(),
    )

    assert remind_deadlines(at=noon(date(2026, 3, 17))) == 1
    assert [person for person, _ in told()] == [manager]


@pytest.mark.rule("BR-116")
def test_nobody_is_reminded_of_a_closed_file():
    candidature, _ = make_file()
    ask(candidature, date(2026, 3, 16))
    Candidature.objects.filter(pk=candidature.pk).update(state=CandidatureState.WITHDRAWN)

    assert remind_deadlines(at=noon(date(2026, 3, 17))) == 0


@pytest.mark.rule("A-17")
def test_referent_is_warned_fifteen_days_before_silence_has_an_effect():
    settings = {"silence": {"days": 60, "regime": "rejection"}}
    candidature, _ = make_file(settings=settings, since=datetime(2026, 3, 2, 9, tzinfo=PARIS))  # until 1 May

    sent = [remind_deadlines(at=noon(day)) for day in (date(2026, 4, 15), date(2026, 4, 16), date(2026, 4, 17))]

    assert sent == [0, 1, 0]
    assert [person for person, _ in told()] == [candidature.referent]
    assert "le silence vaut rejet" in told()[0][1]


def test_file_without_referent_is_everybodys():
    candidature, _ = make_file(since=datetime(2026, 3, 2, 9, tzinfo=PARIS))
    Candidature.objects.filter(pk=candidature.pk).update(referent=None)

    remind_deadlines(at=noon(date(2026, 3, 17)))

    assert candidature.referent in [person for person, _ in told()]


# What people are shown


def cards(candidature, audience, at):
    return {
        card.title: (
            str(card.badge.label).replace("\N{NO-BREAK SPACE}", " "),
            {item.label: item.value for item in card.items},
        )
        for card in clock_cards(candidature, audience=audience, at=at)
    }


@pytest.mark.rule("A-17")
def test_internal_clock_is_said_to_agents_and_not_to_the_editor(client):
    candidature, manager = make_file(since=datetime(2026, 3, 2, 9, tzinfo=PARIS))
    at = noon(date(2026, 3, 12))

    title, (badge, items) = next(iter(cards(candidature, Audience.AGENT, at).items()))

    assert (title, badge) == ("Délai interne", "Encore 2 jours ouvrés")
    assert items["Temps utilisé"] == "8\N{NO-BREAK SPACE}jours ouvrés sur 10"
    assert cards(candidature, Audience.EDITOR, at) == {}
    client.force_login(manager)
    page = client.get(reverse("candidature:candidature_detail", args=[candidature.pk])).content.decode()
    assert "Délai interne" not in page
    assert "16\N{NO-BREAK SPACE}mars 2026" not in page


@pytest.mark.rule("A-17")
@pytest.mark.parametrize(
    ("day", "badge"),
    [
        (date(2026, 3, 2), "Encore 10 jours ouvrés"),
        (date(2026, 3, 16), "Dernier jour"),
        (date(2026, 3, 17), "Dépassé de 1 jour ouvré"),
        (date(2026, 3, 21), "Dépassé de 4 jours ouvrés"),
    ],
)
def test_clock_says_how_much_is_left(day, badge):
    candidature, _ = make_file(since=datetime(2026, 3, 2, 9, tzinfo=PARIS))

    assert cards(candidature, Audience.AGENT, noon(day))["Délai interne"][0] == badge


@pytest.mark.rule("A-17", "A-19")
def test_stops_are_said_to_both_sides():
    candidature, _ = make_file()
    ask(candidature, today())
    at = timezone.now()

    badge, items = cards(candidature, Audience.AGENT, at)["Délai interne"]
    assert badge == "Suspendu, reste 10 jours ouvrés"
    assert "pièces attendues de l’éditeur" in items["Suspensions"][0]
    badge, items = cards(candidature, Audience.EDITOR, at)["En attente de vos réponses"]
    assert (badge, len(items["Périodes"])) == ("En cours", 1)


@pytest.mark.rule("A-17")
def test_legal_clock_is_said_to_both_sides():
    candidature, _ = make_file(
        settings={"silence": {"days": 60, "regime": "acceptance"}}, since=datetime(2026, 3, 2, 9, tzinfo=PARIS)
    )
    for audience in (Audience.AGENT, Audience.EDITOR):
        badge, items = cards(candidature, audience, noon(date(2026, 4, 29)))["Délai légal"]
        assert badge == "Encore 2 jours"
        assert "le silence vaut acceptation" in items["Échéance"]


def test_closed_file_has_no_clock():
    candidature, _ = make_file(CandidatureState.WITHDRAWN)

    assert cards(candidature, Audience.AGENT, timezone.now()) == {}


@pytest.mark.rule("A-17")
def test_deadlines_of_each_person():
    settings = {**DELAYS, "silence": {"days": 60, "regime": "rejection"}}
    candidature, manager = make_file(settings=settings, since=datetime(2026, 3, 2, 9, tzinfo=PARIS))
    product = candidature.enrolment.label

    assert [(each.day, each.title) for each in list_deadlines(candidature.referent)] == [
        (date(2026, 3, 16), f"Échéance interne – {product}"),
        (date(2026, 5, 1), f"Fin du délai légal – {product}"),
    ]
    assert list_deadlines(manager) == []
    assert list_deadlines(make_agent(Role.LISTING_TEAM)) == []

    ask(candidature, date(2026, 3, 20))

    assert [(each.day, each.title) for each in list_deadlines(candidature.referent)] == [
        (date(2026, 3, 20), f"Réponse attendue de l’éditeur – {product}"),
        (date(2026, 5, 1), f"Fin du délai légal – {product}"),
    ]
    assert [(each.day, each.title) for each in list_deadlines(manager)] == [
        (date(2026, 3, 20), f"Répondre à la demande n° 1 – {product}"),
    ]


def test_expert_has_the_days_of_own_files_until_own_theme_is_concluded():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, _ = make_file(CandidatureState.EVALUATION, experts={"interoperabilite": expert})

    assert [each.day for each in list_deadlines(expert)] == [candidature.due_on]
    candidature.reviews.update(concluded_at=timezone.now(), concluded_by=expert)
    assert list_deadlines(expert) == []


@pytest.mark.parametrize("count", [1, 3])
def test_deadlines_cost_the_same_for_one_file_and_for_three(django_assert_num_queries, count):
    referent = make_agent(Role.LISTING_TEAM)
    for _ in range(count):
        make_file(referent=referent, settings={**DELAYS, "silence": {"days": 60}})
    person = type(referent).objects.get(pk=referent.pk)

    with django_assert_num_queries(4):
        deadlines = list_deadlines(person)

    assert len(deadlines) == 2 * count
