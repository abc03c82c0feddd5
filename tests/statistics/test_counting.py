"""Counters equal a recount whatever the files do; a page reads one row."""

import statistics
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.statistics import services
from convergence.statistics.core import Cell, first_of_month
from convergence.statistics.models import (
    Contribution,
    PendingService,
    StatisticCounter,
    StatisticFact,
    StatisticSnapshot,
)
from referencing.candidature.core.clock import PARIS
from referencing.candidature.enums import CandidatureState as State
from referencing.candidature.models import Candidature
from referencing.commission.models import Opinion
from referencing.decision.models import Decision
from referencing.listing.enums import Category
from referencing.listing.models import CatalogueEntry, Listing
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.statistics.factories import Walker
from tests.trust.factories import make_decision, make_listing

pytestmark = pytest.mark.django_db


def recount() -> Counter:
    """Written apart from the code under test: straight from the tables of the stages."""
    cells: Counter = Counter()
    month = lambda at: first_of_month(at.astimezone(PARIS).date())  # noqa: E731
    for file in Candidature.objects.exclude(applied_at=None):
        cells[Cell("files", file.state, month(file.applied_at))] += 1
    for opinion in Opinion.objects.all():
        cells[Cell("opinions", opinion.kind, month(opinion.given_at))] += 1
    for decision in Decision.objects.exclude(signed_at=None):
        cells[Cell("decisions", decision.kind, first_of_month(decision.signed_on))] += 1
    for listing in Listing.objects.all():
        cells[Cell("listings", listing.state, first_of_month(listing.published_on))] += 1
    return cells


def counters() -> dict:
    """Categories are proved apart."""
    return {cell: value for cell, value in services.load_counters().items() if cell.measure != "categories"}


@pytest.mark.parametrize("seed", range(4))
def test_counters_equal_a_recount_on_random_walks(seed):
    random, walker = Random(seed), Walker(seed)
    files = [make_candidature(State.APPLIED, complete=False)[0] for _ in range(4)]
    now = timezone.now() - timedelta(days=200)
    Candidature.objects.update(applied_at=now)
    services.rebuild_statistics()

    for _ in range(40):
        now += timedelta(days=random.randrange(5))
        walker.step(random.choice(files), at=now)
        for file in files:
            file.refresh_from_db()
        if random.random() < 0.3:
            services.refresh_statistics()
            assert counters() == recount()
    services.refresh_statistics()

    assert counters() == recount()
    assert services.rebuild_statistics() == []
    assert counters() == recount()


def test_a_transition_only_marks_its_service():
    file, _ = make_candidature(State.APPLIED, complete=False)
    PendingService.objects.all().delete()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        workflow.fire(file, "take_charge", actor=None, by=make_agent(Role.LISTING_TEAM), at=timezone.now())

    written = [query["sql"] for query in queries if "statistics_" in query["sql"]]
    assert len(written) == 1
    assert written[0].startswith("INSERT INTO")
    assert not StatisticCounter.objects.exists()


def test_what_a_refused_transaction_did_is_not_counted():
    file, _ = make_candidature(State.APPLIED, complete=False)
    services.refresh_statistics()

    with transaction.atomic():
        workflow.fire(file, "cancel", actor=None, at=timezone.now())
        transaction.set_rollback(True)

    assert not PendingService.objects.exists()


def test_decisions_and_listings_are_followed():
    decision = make_decision(number="D-1")
    listing = make_listing(decision)
    services.rebuild_statistics()

    workflow.fire(listing, "expire", actor=None, at=timezone.now())
    workflow.fire(decision, "court_suspend", actor=None)

    assert PendingService.objects.filter(enrolment=decision.enrolment).count() == 2
    assert services.refresh_statistics() == 1
    assert counters() == recount()
    assert not PendingService.objects.exists()


def test_listed_services_are_counted_in_each_of_their_categories():
    listing = make_listing(make_decision(number="D-1"))
    (category,) = CatalogueEntry.objects.get(listing=listing).categories
    services.rebuild_statistics()
    services.refresh_statistics()

    shown = {
        each["code"]: each["valeur"] for each in StatisticSnapshot.objects.get().figures if each["jeu"] == "catalogue"
    }

    assert shown.pop("total") == 1
    assert {code for code, value in shown.items() if value} == {category}
    assert set(shown) == set(Category.values)


def test_counting_twice_changes_nothing():
    decision = make_decision(number="D-1")
    make_listing(decision)
    services.rebuild_statistics()
    before = counters()
    PendingService.objects.create(enrolment=decision.enrolment)
    PendingService.objects.create(enrolment=decision.enrolment)

    services.refresh_statistics()

    assert counters() == before == recount()


def test_a_rebuild_says_what_was_wrong_and_mends_it(capsys):
    make_decision(number="D-1")
    services.rebuild_statistics()
    right = counters()
    StatisticCounter.objects.filter(measure="files").update(value=40)
    ghost = Cell("opinions", "favourable", first_of_month(timezone.localdate()))
    StatisticCounter.objects.create(measure=ghost.measure, code=ghost.code, month=ghost.month, value=3)

    differences = services.rebuild_statistics()

    assert [(each.cell.measure, each.kept, each.counted) for each in differences] == [
        ("files", 40, 1), ("opinions", 3, 0),
    ]  # fmt: skip
    assert counters() == right
    call_command("rebuild_statistics")
    assert "Compteurs corrigés : 0" in capsys.readouterr().out


def test_a_rebuild_finds_durations_that_were_lost():
    now = timezone.now()
    make_candidature(State.EVALUATION, complete=False)
    Candidature.objects.update(applied_at=now - timedelta(days=30), taken_at=now - timedelta(days=20))
    services.rebuild_statistics()
    facts = set(StatisticFact.objects.values_list("candidature", "stage", "business_days", "stopped_days"))
    assert {stage for _, stage, *_ in facts} == {"take_charge", "admissibility"}
    StatisticFact.objects.all().delete()
    Contribution.objects.all().delete()

    services.rebuild_statistics()

    assert set(StatisticFact.objects.values_list("candidature", "stage", "business_days", "stopped_days")) == facts


@pytest.mark.parametrize("count", [1, 3])
def test_counting_costs_the_same_for_one_service_and_for_three(count, django_assert_num_queries):
    for _ in range(count):
        PendingService.objects.create(enrolment=make_candidature(State.EVALUATION, complete=False)[0].enrolment)

    with django_assert_num_queries(19):
        services._count_pending()


def make_facts(days: list[int], *, stage: str = "evaluation") -> None:
    file, _ = make_candidature(State.EVALUATION, complete=False)
    today = timezone.localdate()
    for rank, number in enumerate(days):
        other = file if rank == 0 else make_candidature(State.EVALUATION, complete=False)[0]
        StatisticFact.objects.create(
            candidature=other, stage=stage, started_on=today, ended_on=today, business_days=number, stopped_days=0
        )


def delays(stage: str = "evaluation", period: str = "12-derniers-mois") -> dict:
    figures = StatisticSnapshot.objects.get().figures
    return {
        each["indicateur"]: each["valeur"]
        for each in figures
        if (each["jeu"], each["code"], each["periode"]) == ("delais", stage, period)
    }


def test_quantiles_are_those_of_the_durations():
    days = [4, 9, 11, 12, 30, 41, 7]
    make_facts(days)

    services.refresh_statistics()

    expected = statistics.quantiles(days, n=20, method="inclusive")
    assert delays() == {
        "effectif": 7,
        "quartile_1": expected[4],
        "mediane": statistics.median(days),
        "quartile_3": expected[14],
        "decile_9": pytest.approx(expected[17]),
    }


def test_durations_of_fewer_than_five_files_are_not_told():
    make_facts([4, 9, 11, 12])

    services.refresh_statistics()

    assert set(delays().values()) == {None}
    assert delays("decision") == {
        "effectif": 0, "quartile_1": None, "mediane": None, "quartile_3": None, "decile_9": None,
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_the_public_page_reads_one_row(client, count, django_assert_num_queries):
    for _ in range(count):
        make_candidature(State.EVALUATION, complete=False)
    services.rebuild_statistics()
    services.refresh_statistics()

    with django_assert_num_queries(1):
        response = client.get(reverse("statistics:statistics_detail"))

    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=300"
    assert not response.cookies


def test_no_small_figure_reaches_the_page_nor_the_data(client):
    for _ in range(2):
        make_candidature(State.INADMISSIBLE, complete=False)
    services.rebuild_statistics()
    services.refresh_statistics()

    html = client.get(reverse("statistics:statistics_detail")).content.decode()
    data = client.get(reverse("statistics:statistics_export", args=["json"])).json()

    assert "n. c." in html
    files = [each for each in data["donnees"] if each["jeu"] == "candidatures"]
    assert files
    assert all(each["valeur"] is None or each["valeur"] == 0 or each["valeur"] >= 5 for each in files)
    assert [each["code"] for each in files if each["valeur"] is None] == ["instruction", "inadmissible"]


def test_csv_and_json_say_the_same_with_licence_and_dictionary(client):
    for _ in range(6):
        make_candidature(State.EVALUATION, complete=False)
    services.rebuild_statistics()
    services.refresh_statistics()

    table = client.get(reverse("statistics:statistics_export", args=["csv"]))
    data = client.get(reverse("statistics:statistics_export", args=["json"])).json()

    lines = [line.split(";") for line in table.content.decode().splitlines()]
    assert lines[0] == list(data["colonnes"])
    assert len(lines) - 1 == len(data["donnees"]) > 24
    assert [line[5] for line in lines[1:]] == [
        "" if each["valeur"] is None else str(each["valeur"]) for each in data["donnees"]
    ]
    year = str(timezone.localdate().year)
    assert ["candidatures", year, "instruction", "En instruction", "nombre", "6", "nombre"] in lines
    assert {each["jeu"] for each in data["donnees"]} <= set(data["jeux"])
    assert data["licence"]["nom"] == "Licence Ouverte 2.0"
    assert client.get(reverse("statistics:statistics_export", args=["xml"])).status_code == 404


def test_pages_and_data_stand_without_any_figure(client):
    html = client.get(reverse("statistics:statistics_detail")).content.decode()

    assert "Pas encore de chiffres" in html
    assert client.get(reverse("statistics:statistics_export", args=["csv"])).content.decode().count("\n") == 1
    assert client.get(reverse("statistics:statistics_export", args=["json"])).json()["donnees"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_costs_the_same_whatever_there_is(client, count, django_assert_num_queries):
    team = make_agent(Role.LISTING_TEAM)
    for _ in range(count):
        make_candidature(State.EVALUATION, complete=False, referent=make_agent(Role.LISTING_TEAM))
    services.refresh_statistics()
    client.force_login(team)

    with django_assert_num_queries(4):
        response = client.get(reverse("statistics:board_detail"))

    assert response.status_code == 200


def test_the_board_says_load_lateness_and_age(client):
    team, referent = make_agent(Role.LISTING_TEAM), make_agent(Role.LISTING_TEAM)
    now = timezone.now()
    files = [make_candidature(State.EVALUATION, complete=False, referent=referent)[0] for _ in range(3)]
    Candidature.objects.filter(pk=files[0].pk).update(
        applied_at=now - timedelta(days=45), due_on=timezone.localdate() - timedelta(days=1)
    )
    Candidature.objects.filter(pk=files[1].pk).update(applied_at=now - timedelta(days=400))
    services.refresh_statistics()
    client.force_login(team)

    board = StatisticSnapshot.objects.get().board
    html = client.get(reverse("statistics:board_detail")).content.decode()

    assert board["states"] == [{"code": "evaluation", "number": 3, "ages": [1, 1, 0, 1]}]
    assert sum(row["late"] for row in board["holders"]) == 1
    assert board["referents"] == [{"person": str(referent.pk), "number": 3, "late": 1}]
    assert "<strong>3</strong> candidatures ouvertes, dont <strong>1</strong> en retard" in html
    assert referent.get_full_name() in html


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.MEMBER, Role.SUPPORT])
def test_the_board_is_for_the_listing_team(client, role):
    client.force_login(make_agent(role))

    assert client.get(reverse("statistics:board_detail")).status_code == 403
