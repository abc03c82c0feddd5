"""Giving files to people: listed line by line, refusals included, then done file by file; what somebody holds; workload."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role, Theme
from convergence.audit.models import AuditEntry
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.services import declare
from convergence.notifications.models import Notification
from referencing.candidature.core.moves import MAX_MOVES, REFERENT, Wanted
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.services.batch import apply_moves, list_held, plan_moves
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db
INTEROP = Theme.INTEROPERABILITE
ASSIGN = "candidature:candidature_assign"


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def make(state=CandidatureState.EVALUATION, **fields):
    return make_candidature(state, complete=False, **fields)[0]


def tie(person, organisation):
    line = InterestLine(name=organisation.name, nature=Nature.CAPITAL, organisation_id=organisation.pk)
    declare(person=person, lines=[line], at=timezone.now())


@pytest.fixture
def lead(client):
    agent = make_agent(Role.LISTING_TEAM)
    client.force_login(agent)
    return agent


@pytest.fixture
def colleague():
    return make_agent(Role.LISTING_TEAM)


def plan(actor, *wanted):
    return plan_moves(wanted, actor=actor, at=timezone.now())


def test_a_plan_says_who_holds_the_file_and_who_will(lead, colleague):
    taken, applied = make(referent=lead), make(CandidatureState.APPLIED)

    first, second = plan(lead, *(Wanted(each.pk, REFERENT, colleague.pk) for each in (taken, applied)))

    assert (first.before, first.after, first.is_possible, first.note) == (str(lead), str(colleague), True, "")
    assert (second.before, second.note) == ("", "La candidature sera prise en charge.")


@pytest.mark.rule("A-21")
def test_a_plan_lists_every_refusal(lead, colleague):
    closed, linked, fine = make(CandidatureState.WITHDRAWN), make(), make()
    tie(colleague, linked.enrolment.product.organisation)
    expert = make_agent(Role.EXPERT, Theme.RGPD)

    moves = plan(
        lead,
        Wanted(closed.pk, REFERENT, colleague.pk),
        Wanted(linked.pk, REFERENT, colleague.pk),
        Wanted(fine.pk, REFERENT, colleague.pk),
        Wanted(fine.pk, REFERENT, expert.pk),
        Wanted(fine.pk, INTEROP, expert.pk),
        Wanted(fine.pk, "inconnu", expert.pk),
        Wanted(make(CandidatureState.ADMISSIBILITY).pk, INTEROP, expert.pk),
    )

    assert [[each.code for each in move.blockers] for move in moves] == [
        ["wrong_state"],
        ["interests_conflict"],
        [],
        ["referent"],
        ["lacks_theme"],
        ["theme", "lacks_theme"],
        ["not_admissible", "lacks_theme"],
    ]


def test_a_plan_asks_about_each_person_once(lead, colleague, django_assert_max_num_queries):
    wanted = [Wanted(make().pk, REFERENT, colleague.pk) for _ in range(4)]
    with django_assert_max_num_queries(11):
        plan(lead, *wanted)


def test_what_was_confirmed_is_done_and_told_once(lead, colleague, django_capture_on_commit_callbacks):
    former = make_agent(Role.LISTING_TEAM)
    files = [make(referent=former), make(referent=former), make(CandidatureState.APPLIED)]
    moves = plan(lead, *(Wanted(each.pk, REFERENT, colleague.pk) for each in files))
    with django_capture_on_commit_callbacks(execute=True):
        result = apply_moves([move.wanted for move in moves], actor=lead)

    assert (len(result.done), len(result.refused)) == (3, 0)
    assert set(Candidature.objects.values_list("referent", flat=True)) == {colleague.pk}
    assert not Candidature.objects.filter(state=CandidatureState.APPLIED).exists()
    assert Notification.objects.filter(recipient=colleague).count() == 1
    assert "3 candidatures" in Notification.objects.get(recipient=colleague).content
    assert Notification.objects.filter(recipient=former).count() == 1
    assert AuditEntry.objects.filter(action="candidature.referent_changed").count() == 2


def test_a_file_that_changed_hands_meanwhile_is_left_alone(lead, colleague):
    first, second = make(referent=lead), make(referent=lead)
    moves = plan(lead, *(Wanted(each.pk, REFERENT, colleague.pk) for each in (first, second)))
    third = make_agent(Role.LISTING_TEAM)
    Candidature.objects.filter(pk=first.pk).update(referent=third)

    result = apply_moves([move.wanted for move in moves], actor=lead)

    assert [move.wanted.candidature_id for move in result.done] == [second.pk]
    assert [[each.code for each in move.blockers] for move in result.refused] == [["changed"]]
    first.refresh_from_db()
    assert first.referent == third


@pytest.mark.rule("BR-112")
def test_experts_receive_only_themes_that_they_hold(lead):
    expert = make_agent(Role.EXPERT, INTEROP)
    candidature = make()

    result = apply_moves([Wanted(candidature.pk, INTEROP, expert.pk)], actor=lead)

    assert len(result.done) == 1
    assert ThemeReview.objects.get(candidature=candidature, theme=INTEROP).expert == expert
    other = make_agent(Role.EXPERT, Theme.RGPD)
    refused = apply_moves([Wanted(candidature.pk, INTEROP, other.pk, expert.pk)], actor=lead).refused
    assert [each.code for each in refused[0].blockers] == ["lacks_theme"]


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.EXPERT, Role.TESTS])
def test_only_the_listing_team_gives_files(colleague, role):
    candidature = make()
    with pytest.raises(PermissionDenied):
        apply_moves(
            [Wanted(candidature.pk, REFERENT, colleague.pk)],
            actor=make_agent(role, INTEROP if role == Role.EXPERT else ""),
        )


class TestPages:
    def test_ticked_lines_are_listed_before_anything_changes(self, client, lead, colleague):
        movable, linked = make(referent=lead), make(referent=lead)
        tie(colleague, linked.enrolment.product.organisation)
        posted = {"c": [movable.pk, linked.pk], "cible": f"referent:{colleague.pk}", "filtre": "agent=moi"}

        response = client.post(reverse(ASSIGN), posted)

        page = text_of(response)
        assert movable.enrolment.label in page
        assert "1 ligne ne changera pas" in page
        assert "lien d’intérêts" in page
        assert set(Candidature.objects.values_list("referent", flat=True)) == {lead.pk}

        response = client.post(
            reverse(ASSIGN), {"confirmed": "1", "move": response.context["lines"], "filtre": "agent=moi"}
        )
        assert "agent=moi" in response.url
        movable.refresh_from_db()
        linked.refresh_from_db()
        assert (movable.referent, linked.referent) == (colleague, lead)

    def test_nothing_ticked_and_nobody_chosen_are_both_said(self, client, lead):
        response = client.post(reverse(ASSIGN), {"c": ["x", ""], "cible": "referent:nobody"})

        assert response.status_code == 422
        assert "Cochez au moins une candidature." in text_of(response)
        assert "Choisissez la personne" in text_of(response)

    def test_the_whole_list_of_a_filter_may_be_given(self, client, lead, colleague):
        make(referent=lead)
        make(referent=lead)
        make(CandidatureState.APPLIED)
        posted = {"tout": "1", "filtre": "etat=evaluation", "cible": f"referent:{colleague.pk}"}

        assert len(client.post(reverse(ASSIGN), posted).context["lines"]) == 2

    def test_a_batch_has_a_limit(self, client, lead, colleague, monkeypatch):
        monkeypatch.setattr("referencing.candidature.views.batch.MAX_MOVES", 1)
        posted = {"c": [make().pk, make().pk], "cible": f"referent:{colleague.pk}"}

        response = client.post(reverse(ASSIGN), posted)

        assert response.status_code == 422
        assert MAX_MOVES == 200

    def test_a_refusal_at_the_last_moment_is_said(self, client, lead, colleague):
        candidature = make(referent=lead)
        line = plan(lead, Wanted(candidature.pk, REFERENT, colleague.pk))[0].wanted.write()
        Candidature.objects.update(referent=make_agent(Role.LISTING_TEAM))

        response = client.post(reverse(ASSIGN), {"confirmed": "1", "move": [line]}, follow=True)

        assert "a changé de mains entre-temps" in text_of(response)


class TestHandover:
    def held_by(self, person):
        return {part: len(keys) for part, keys in list_held(person, actor=make_agent(Role.LISTING_TEAM)).items()}

    def test_what_somebody_holds_is_open_files_and_themes_to_conclude(self):
        person = make_agent(Role.LISTING_TEAM)
        make(referent=person, experts={INTEROP: person})
        make(CandidatureState.WITHDRAWN, referent=person)
        done = make(experts={INTEROP: person})
        ThemeReview.objects.filter(candidature=done, theme=INTEROP).update(
            concluded_at=timezone.now(), concluded_by=person
        )

        assert self.held_by(person) == {REFERENT: 1, INTEROP: 1}

    def test_everything_goes_to_a_successor_per_part(self, client, lead, colleague):
        expert, heir = make_agent(Role.EXPERT, INTEROP), make_agent(Role.EXPERT, INTEROP)
        first = make(referent=colleague, experts={INTEROP: expert})
        second = make(experts={INTEROP: expert})
        address = reverse("candidature:workload_handover", args=[expert.pk])
        assert "2 dossiers" in text_of(client.get(address))

        response = client.post(address, {INTEROP: heir.pk})
        assert len(response.context["lines"]) == 2
        client.post(address, {"confirmed": "1", "move": response.context["lines"]})

        reviews = ThemeReview.objects.filter(candidature__in=[first, second], theme=INTEROP)
        assert set(reviews.values_list("expert", flat=True)) == {heir.pk}
        assert Notification.objects.filter(recipient=heir).count() == 1
        assert Notification.objects.filter(recipient=expert).count() == 1

    def test_nobody_chosen_is_refused_and_another_s_theme_is_not_offered(self, client, lead):
        expert, other = make_agent(Role.EXPERT, INTEROP), make_agent(Role.EXPERT, Theme.RGPD)
        make(experts={INTEROP: expert})
        address = reverse("candidature:workload_handover", args=[expert.pk])

        assert client.post(address, {INTEROP: ""}).status_code == 422
        assert client.post(address, {INTEROP: other.pk}).status_code == 422

    def test_members_have_no_files_to_hand_over(self, client, lead):
        member = make().applied_by

        assert client.get(reverse("candidature:workload_handover", args=[member.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_workload_query_count_is_constant(client, lead, django_assert_num_queries, count):
    for _ in range(count):
        make(referent=make_agent(Role.LISTING_TEAM), experts={INTEROP: make_agent(Role.EXPERT, INTEROP)})
    address = reverse("candidature:workload_list")
    client.get(address)
    with django_assert_num_queries(4):
        response = client.get(address)

    assert len(response.context["expert_rows"]) == count


def test_workload_counts_by_state_and_late_ones(client, lead):
    expert = make_agent(Role.EXPERT, INTEROP)
    make(referent=lead, experts={INTEROP: expert})
    make(CandidatureState.ADMISSIBILITY, referent=lead)
    make(CandidatureState.WITHDRAWN, referent=lead)
    Candidature.objects.update(due_on=timezone.localdate() - timedelta(days=2))

    response = client.get(reverse("candidature:workload_list"))

    (row,) = [row for row in response.context["referent_rows"] if row.cells[0] == lead.get_full_name()]
    assert [getattr(cell, "label", cell) for cell in row.cells[1:6]] == ["", "1", "1", "", "2"]
    (expert_row,) = response.context["expert_rows"]
    assert [getattr(cell, "label", cell) for cell in expert_row.cells[2:4]] == ["1", "1"]
    assert client.get(row.cells[3].url).context["count"].startswith("1")


def test_support_reads_the_workload_and_hands_nothing_over(client):
    candidature = make()
    client.force_login(make_agent(Role.SUPPORT))

    page = client.get(reverse("candidature:workload_list"))
    assert "Tout confier" not in text_of(page)
    assert client.get(reverse("candidature:workload_handover", args=[candidature.referent_id])).status_code == 403


def test_who_left_the_team_with_files_is_still_listed(client, lead):
    former = make_agent(Role.LISTING_TEAM)
    make(referent=former)
    former.is_active = False
    former.save()

    names = [row.cells[0] for row in client.get(reverse("candidature:workload_list")).context["referent_rows"]]

    assert former.get_full_name() in names
