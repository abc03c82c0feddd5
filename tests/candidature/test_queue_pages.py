"""The work queue as pages: who sees what, hostile addresses, pages without hole or repeat, views, unread, calendar."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role, Theme
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.services import declare
from referencing.candidature.core.queue import COLUMNS
from referencing.candidature.enums import CandidatureState, Holder
from referencing.candidature.models import CalendarFeed, Candidature, QueueHabit, QueueView
from referencing.candidature.selectors import queue
from referencing.candidature.services import tell
from referencing.candidature.services.calendar import close_feed, open_feed, write_token
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent

pytestmark = pytest.mark.django_db
QUEUE = "candidature:candidature_list"
INTEROP = Theme.INTEROPERABILITE


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def names(response):
    return [row.cells[0] for row in response.context["rows"]]


@pytest.fixture
def team(client):
    agent = make_agent(Role.LISTING_TEAM)
    client.force_login(agent)
    return agent


def put(name, *, due=None, state=CandidatureState.EVALUATION, **fields):
    """A file named `name`, due in `due` days."""
    shown = {key: fields.pop(key) for key in ("referent", "experts", "has_exchange") if key in fields}
    candidature, _ = make_candidature(state, complete=False, name=name, **shown, **fields)
    day = None if due is None else timezone.localdate() + timedelta(days=due)
    Candidature.objects.filter(pk=candidature.pk).update(due_on=day)
    candidature.refresh_from_db()
    return candidature


def fill(*dues):
    """Closed files of one product, due in so many days (None: no day): rows alone, enough for pages."""
    model = put("Modèle", state=CandidatureState.WITHDRAWN)
    names = [field.attname for field in Candidature._meta.concrete_fields if field.attname != "id"]
    values = {name: getattr(model, name) for name in names}
    Candidature.objects.filter(pk=model.pk).delete()
    days = [None if due is None else timezone.localdate() + timedelta(days=due) for due in dues]
    return [Candidature.objects.create(pk=uuid4(), **(values | {"due_on": day})) for day in days]


@pytest.mark.parametrize("count", [1, 3])
def test_queue_query_count_is_constant(client, team, django_assert_num_queries, count):
    for rank in range(count):
        put(f"Produit {rank}")
    address = reverse(QUEUE), {"col": COLUMNS, "vue": "en-cours"}
    client.get(*address)
    with django_assert_num_queries(4):
        response = client.get(*address)

    assert len(names(response)) == count


def test_the_oldest_due_comes_first_and_closed_files_stay_apart(client, team):
    put("Sans date")
    put("Tard", due=9)
    put("En retard", due=-4)
    put("Retirée", due=-9, state=CandidatureState.WITHDRAWN)

    assert names(client.get(reverse(QUEUE))) == ["En retard", "Tard", "Sans date"]
    assert names(client.get(reverse(QUEUE), {"retard": "1"})) == ["En retard"]
    assert "Retirée" in names(client.get(reverse(QUEUE), {"closes": "1"}))
    assert names(client.get(reverse(QUEUE), {"etat": "withdrawn"})) == ["Retirée"]
    assert "En retard de 4 jours" in text_of(client.get(reverse(QUEUE)))


def test_filters_take_several_values_and_narrow_each_other(client, team):
    colleague, expert = make_agent(Role.LISTING_TEAM), make_agent(Role.EXPERT, INTEROP)
    put("A moi", referent=team)
    put("A lui", referent=colleague, experts={INTEROP: expert})
    put("Déposée", state=CandidatureState.APPLIED)

    def found(**asked):
        return set(names(client.get(reverse(QUEUE), asked)))

    assert found(agent=["moi"]) == {"A moi"}
    assert found(agent=["moi", str(expert.pk)]) == {"A moi", "A lui"}
    assert found(agent=["personne"]) == {"Déposée"}
    assert found(etat=["applied", "evaluation"]) == {"A moi", "A lui", "Déposée"}
    assert found(attend=[Holder.EXPERTS]) == {"A lui"}
    assert found(theme=[INTEROP], agent=["moi"]) == {"A moi"}
    assert found(theme=[Theme.RGPD]) == set()
    assert found(demarche=["referencement-guide"]) == {"A moi", "A lui", "Déposée"}
    assert found(demarche=["autre"]) == set()


@pytest.mark.parametrize("asked", ["coeur", "CŒUR", "cœu pati", "hopital", "N0000", "v1.2"])
def test_search_forgives_accents_case_and_unfinished_words(client, team, asked):
    organisation = OrganisationFactory(name="Hôpital d’Évreux")
    wanted = put("Cœur du Patient", version="1.2", organisation=organisation)
    put("Autre produit", version="3")
    asked = wanted.dossier.reference[:8] if asked == "N0000" else asked

    assert names(client.get(reverse(QUEUE), {"q": asked})) == ["Cœur du Patient"]


def test_search_without_a_word_finds_nothing_and_offers_the_closed_files(client, team):
    put("Carnet", state=CandidatureState.WITHDRAWN)

    assert names(client.get(reverse(QUEUE), {"q": "' & | ! :*"})) == []
    response = client.get(reverse(QUEUE), {"q": "carnet"})
    assert names(response) == []
    assert names(client.get(response.context["wider_url"])) == ["Carnet"]


@pytest.mark.parametrize(
    "address",
    [
        "?page=%00",
        "?page=eyJhIjoxfQ:1:zzz",
        "?tri=-%27;--&tri=constructor",
        "?agent=00000000-0000-0000-0000-00000000000g&agent=%00&agent=" + "9" * 5000,
        "?q=" + "%F0%9F%A6%84" * 300,
        "?q=%00%27%22%3C" + "(" * 400,
        "?etat=new&etat=__class__&theme=%C3%A9&attend=nobody&closes=2&retard=oui",
        "?vue=-1&vue=99999999999999999999",
        "?col=id&col=payload&demarche=%2e%2e%2f",
        "?" + "&".join(f"agent={uuid4()}" for _ in range(300)),
    ],
)
def test_hostile_addresses_show_a_list(client, team, address):
    put("Carnet")

    assert client.get(reverse(QUEUE) + address).status_code == 200


def test_a_cursor_of_another_order_or_altered_begins_at_the_start(client, team, monkeypatch):
    monkeypatch.setattr(queue, "PAGE_SIZE", 1)
    put("A", due=1)
    put("B", due=2)
    following = client.get(reverse(QUEUE)).context["page"].next_url

    assert names(client.get(following)) == ["B"]
    assert names(client.get(following.replace("page=", "page=x"))) == ["A"]
    assert names(client.get(f"{following}&tri=-produit")) == ["B"], "the last product first, from the start"


class TestPages:
    ALL = {"closes": "1"}

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch):
        monkeypatch.setattr(queue, "PAGE_SIZE", 2)

    def keys(self, response):
        return [UUID(row.key) for row in response.context["rows"]]

    def walk(self, client, address):
        seen = []
        while address:
            response = client.get(address)
            seen += self.keys(response)
            address = response.context["page"].next_url
        return seen

    def test_every_order_shows_every_file_once(self, client, team):
        files = fill(3, 3, None, None, 1)
        for sort in ("echeance", "-echeance", "depot", "-depot", "produit", "-structure", "etat", "-activite"):
            seen = self.walk(client, f"{reverse(QUEUE)}?closes=1&tri={sort}")
            assert sorted(seen) == sorted(each.pk for each in files), sort

    def test_going_back_shows_the_same_pages(self, client, team):
        keys = [each.pk for each in fill(0, 1, 2, 3, 4)]
        first = client.get(reverse(QUEUE), self.ALL)
        second = client.get(first.context["page"].next_url)
        third = client.get(second.context["page"].next_url)

        assert [self.keys(each) for each in (first, second, third)] == [keys[:2], keys[2:4], keys[4:]]
        back = client.get(third.context["page"].previous_url)
        assert self.keys(back) == keys[2:4]
        start = client.get(back.context["page"].previous_url)
        assert self.keys(start) == keys[:2]
        assert not start.context["page"].previous_url

    def test_files_that_change_meanwhile_make_no_hole_and_no_repeat(self, client, team):
        files = fill(*range(6))
        first = client.get(reverse(QUEUE), self.ALL)
        # one that was shown goes to the end, one to come goes to the start: the next page goes on where it was
        Candidature.objects.filter(pk=files[0].pk).update(due_on=timezone.localdate() + timedelta(days=30))
        Candidature.objects.filter(pk=files[5].pk).update(due_on=timezone.localdate() - timedelta(days=30))

        assert self.keys(first) == [files[0].pk, files[1].pk]
        assert self.keys(client.get(first.context["page"].next_url)) == [files[2].pk, files[3].pk]

    def test_a_page_that_emptied_leads_back_to_the_start(self, client, team):
        files = fill(0, 1, 2)
        following = client.get(reverse(QUEUE), self.ALL).context["page"].next_url
        Candidature.objects.filter(pk=files[2].pk).update(due_on=timezone.localdate() - timedelta(days=1))

        response = client.get(following)

        assert self.keys(response) == []
        assert "Revenir au début" in text_of(response)

    def test_a_file_held_twice_by_one_person_stands_once(self, client, team):
        put("Deux fois", referent=team, experts={INTEROP: team})

        response = client.get(reverse(QUEUE), {"agent": "moi"})

        assert names(response) == ["Deux fois"]
        assert response.context["count"].startswith("1")


def test_count_stops_at_its_limit(client, team, monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 2)
    monkeypatch.setattr("referencing.candidature.views.queue.COUNT_LIMIT", 2)
    fill(1, 2, 3)

    assert client.get(reverse(QUEUE), {"closes": "1"}).context["count"].startswith("2+")


class TestWhoSeesWhat:
    def test_experts_see_the_files_that_they_were_given(self, client):
        expert = make_agent(Role.EXPERT, INTEROP)
        put("Confié", experts={INTEROP: expert})
        put("A un autre", experts={INTEROP: make_agent(Role.EXPERT, INTEROP)})
        client.force_login(expert)

        response = client.get(reverse(QUEUE))

        assert names(response) == ["Confié"]
        assert response.context["count"].startswith("1")
        assert "A un autre" not in text_of(client.get(reverse(QUEUE), {"q": "autre", "closes": "1"}))
        assert not response.context["may_assign"]

    def test_the_tests_team_sees_files_that_exchange_data(self, client):
        put("Échange", has_exchange=True)
        put("Sans échange")
        client.force_login(make_agent(Role.TESTS))

        assert names(client.get(reverse(QUEUE))) == ["Échange"]

    @pytest.mark.rule("A-21")
    def test_a_link_of_interest_takes_the_file_and_its_count_away(self, client, team):
        barred = put("Lié").enrolment.product.organisation
        put("Libre")
        line = InterestLine(name=barred.name, nature=Nature.EMPLOYMENT, organisation_id=barred.pk)
        declare(person=team, lines=[line], at=timezone.now())

        response = client.get(reverse(QUEUE), {"closes": "1"})

        assert names(response) == ["Libre"]
        assert response.context["count"].startswith("1")

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.LISTING_TEAM])
    def test_support_and_team_see_every_file(self, client, role):
        put("Carnet")
        client.force_login(make_agent(role))

        assert names(client.get(reverse(QUEUE))) == ["Carnet"]

    def test_members_do_not_enter(self, client):
        candidature = put("Carnet")
        client.force_login(candidature.applied_by)

        assert client.get(reverse(QUEUE)).status_code == 403


class TestUnread:
    def unread(self, client):
        return {row.cells[0] for row in client.get(reverse(QUEUE)).context["rows"] if row.is_unread}

    def test_what_happens_is_unread_until_the_file_is_opened(self, client, team):
        candidature = put("Carnet")
        assert self.unread(client) == set()
        tell(candidature, "taken", actor=None)
        assert self.unread(client) == {"Carnet"}

        client.get(reverse("candidature:candidature_detail", args=[candidature.pk]))

        assert self.unread(client) == set()
        client.force_login(make_agent(Role.LISTING_TEAM))
        tell(candidature, "taken", actor=None)
        assert self.unread(client) == {"Carnet"}

    def test_everything_is_marked_read_at_once(self, client, team):
        for name in ("A", "B"):
            tell(put(name), "taken", actor=None)
        assert self.unread(client) == {"A", "B"}

        response = client.post(reverse("candidature:queue_read"), {"filtre": "etat=evaluation"})

        assert "etat=evaluation" in response.url
        assert self.unread(client) == set()


class TestViews:
    CREATE = "candidature:queue_view_create"

    def save(self, client, query, **posted):
        return client.post(f"{reverse(self.CREATE)}?{query}", {"name": "À suivre", **posted})

    def test_a_view_keeps_filters_and_opens_the_queue(self, client, team):
        put("Déposée", state=CandidatureState.APPLIED)
        put("Évaluée")

        response = self.save(client, "etat=applied&tri=-depot&page=x&col=depot", is_default="on")

        view = QueueView.objects.get()
        assert (view.owner, view.is_shared) == (team, False)
        assert names(client.get(response.url)) == ["Déposée"]
        opened = client.get(reverse(QUEUE))
        assert opened.url == response.url, "the queue opens on it"
        assert len(names(client.get(reverse(QUEUE), {"vue": "en-cours"}))) == 2

    def test_a_name_is_needed_and_is_one_s_own(self, client, team):
        self.save(client, "")
        for posted in ({"name": " "}, {}):
            response = self.save(client, "etat=applied", **posted)
            assert response.status_code == 422
        assert "Vous avez déjà une vue de ce nom." in text_of(response)
        assert QueueView.objects.count() == 1

    def test_a_private_view_is_nobody_else_s(self, client, team):
        self.save(client, "")
        view = QueueView.objects.get()
        client.force_login(make_agent(Role.LISTING_TEAM))

        assert "À suivre" not in [tab["label"] for tab in client.get(reverse(QUEUE)).context["tabs"]]
        for name in ("queue_view_update", "queue_view_delete"):
            assert client.get(reverse(f"candidature:{name}", args=[view.pk])).status_code == 404
            assert client.post(reverse(f"candidature:{name}", args=[view.pk])).status_code == 404

    def test_a_shared_view_is_used_by_others_and_changed_by_its_owner_only(self, client, team):
        self.save(client, "etat=applied", is_shared="on")
        view = QueueView.objects.get()
        other = make_agent(Role.EXPERT, INTEROP)
        client.force_login(other)
        address = reverse("candidature:queue_view_update", args=[view.pk])

        assert "À suivre" in text_of(client.get(reverse(QUEUE)))
        client.post(f"{address}?maj=1&etat=evaluation", {"name": "Volée", "is_default": "on"})

        view.refresh_from_db()
        assert (view.name, view.query, view.is_shared) == ("À suivre", "etat=applied", True)
        assert QueueHabit.objects.get(person=other).default_view == view
        assert client.post(reverse("candidature:queue_view_delete", args=[view.pk])).status_code == 404

    def test_only_the_listing_team_shares(self, client):
        client.force_login(make_agent(Role.EXPERT, INTEROP))
        self.save(client, "", is_shared="on")

        assert not QueueView.objects.get().is_shared

    def test_the_owner_replaces_the_filters_then_deletes_the_view(self, client, team):
        self.save(client, "etat=applied", is_default="on")
        view = QueueView.objects.get()
        changed = client.get(reverse(QUEUE), {"vue": view.pk, "etat": "evaluation"})
        assert changed.context["is_changed"]

        client.post(changed.context["update_url"], {"name": "Évaluées", "is_default": "on"})
        view.refresh_from_db()
        assert (view.name, view.query) == ("Évaluées", "etat=evaluation")

        address = reverse("candidature:queue_view_delete", args=[view.pk])
        assert "Aucune candidature n’est modifiée" in text_of(client.get(address))
        client.post(address)
        assert not QueueView.objects.exists()
        assert client.get(reverse(QUEUE)).status_code == 200


class TestCalendar:
    def feed(self, client, person):
        return reverse("candidature:calendar_feed", args=[write_token(open_feed(person=person))])

    def test_a_program_reads_the_days_without_logging_in(self, client):
        agent = make_agent(Role.LISTING_TEAM)
        put("Carnet, suivi", due=3, referent=agent)
        put("A un autre", due=3)

        response = client.get(self.feed(client, agent))

        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        text = response.content.decode().replace("\r\n ", "")
        assert r"Carnet\, suivi" in text
        assert "A un autre" not in text
        assert text.count("BEGIN:VEVENT") == 1

    def test_an_address_that_is_changed_revoked_or_forged_gives_nothing(self, client):
        agent = make_agent(Role.LISTING_TEAM)
        first = self.feed(client, agent)
        second = self.feed(client, agent)

        assert client.get(first).status_code == 404
        assert client.get(second).status_code == 200
        assert client.get(second.replace("~", "~a")).status_code == 404
        close_feed(person=agent)
        assert client.get(second).status_code == 404

    def test_somebody_who_left_has_no_calendar(self, client):
        agent = make_agent(Role.LISTING_TEAM)
        address = self.feed(client, agent)
        agent.is_active = False
        agent.save()

        assert client.get(address).status_code == 404

    def test_the_page_makes_changes_and_revokes_the_address(self, client, team):
        page = reverse("candidature:calendar_detail")
        assert "Créer mon adresse" in text_of(client.get(page))
        client.post(page, {"action": "open"})
        feed = CalendarFeed.objects.get()
        assert write_token(feed) in text_of(client.get(page))

        client.post(page, {"action": "close"})

        assert not CalendarFeed.objects.exists()


def test_the_dashboard_counts_what_waits_and_leads_there(client, team):
    put("Déposée", state=CandidatureState.APPLIED)
    put("A moi", referent=team, due=-1)

    tiles = {label: (count, url) for label, count, url in client.get("/").context["counters"]}

    assert tiles["Candidatures à prendre en charge"][0] == "1"
    assert tiles["Candidatures en retard"][0] == "1"
    assert names(client.get(tiles["Candidatures en retard"][1])) == ["A moi"]
    assert names(client.get(tiles["Mes dossiers à faire avancer"][1])) == ["A moi"]


@pytest.mark.parametrize("count", [1, 3])
def test_dashboard_query_count_is_constant(client, team, django_assert_num_queries, count):
    for rank in range(count):
        put(f"P{rank}", referent=team)
    client.get("/")
    with django_assert_num_queries(7):
        client.get("/")


def test_a_full_page_asks_no_more_than_a_short_one(client, team):
    fill(*range(60))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(QUEUE), {"etat": "applied"})
    with CaptureQueriesContext(connection) as many:
        response = client.get(reverse(QUEUE), {"closes": "1"})

    assert len(names(response)) == queue.PAGE_SIZE
    assert len(many) == len(few)
