"""What a link of interest changes on the files (A-21), and the pages on which it is declared."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.models import InterestDeclaration
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature import tasks
from referencing.candidature.enums import CandidatureState, Outcome
from referencing.candidature.models import Candidature, CandidatureEvent, Verdict
from referencing.candidature.services import take_charge
from referencing.candidature.services.interests import declare_interests, files_named_by, find_obstacles
from tests.candidature.factories import make_candidature
from tests.factories import MembershipFactory, OrganisationFactory, make_agent, make_member

pytestmark = pytest.mark.django_db

LIST = reverse("candidature:interest_list")
DECLARE = reverse("candidature:interest_declare")


def link_with(organisation, **values):
    return InterestLine(name=organisation.name, nature=Nature.MANDATE, **values)


def organisation_of(candidature):
    return candidature.enrolment.product.organisation


def judge(candidature, by, **values):
    review = candidature.reviews.order_by("position").first()
    return Verdict.objects.create(
        candidature=candidature,
        theme=review.theme,
        criterion="X.1",
        outcome=Outcome.COMPLIANT,
        content_sha256="0" * 64,
        by=by,
        at=timezone.now(),
        **values,
    )


def declare(person, *organisations):
    return declare_interests(
        person=person, lines=[link_with(each) for each in organisations], has_none=not organisations, at=timezone.now()
    )


@pytest.mark.rule("A-21")
@pytest.mark.parametrize("role", [Role.LISTING_TEAM, Role.EXPERT, Role.TESTS])
def test_conflict_hides_the_file(role):
    person = make_agent(role, "interoperabilite" if role == Role.EXPERT else "")
    candidature, _ = make_candidature(experts={"interoperabilite": person}, complete=False, has_exchange=True)
    assert Candidature.objects.visible_to(person).get() == candidature

    declare(person, organisation_of(candidature))

    assert not Candidature.objects.visible_to(person).exists()


@pytest.mark.rule("A-21")
def test_conflict_hides_everything_of_the_organisation(client):
    candidature, _ = make_candidature(complete=False)
    person = candidature.referent
    client.force_login(person)
    addresses = [
        reverse("candidature:candidature_detail", args=[candidature.pk]),
        reverse("candidature:dossier_detail", args=[candidature.dossier_id]),
        reverse("pages:enrolment_detail", args=[candidature.enrolment_id]),
        reverse("convention:convention_detail", args=[candidature.enrolment_id]),
    ]
    assert {client.get(address).status_code for address in addresses} == {200}

    declare(person, organisation_of(candidature))

    assert {client.get(address).status_code for address in addresses} == {404}


@pytest.mark.rule("A-21")
def test_agent_who_is_a_member_keeps_the_editors_view_only():
    candidature, manager = make_candidature(complete=False)
    agent = make_agent(Role.LISTING_TEAM)
    MembershipFactory(user=agent, organisation=organisation_of(candidature))
    agent.forget_access()

    assert Candidature.objects.visible_to(agent).get() == candidature  # as any member of the organisation

    agent.memberships.get().delete()
    declare(agent, organisation_of(candidature))
    agent.forget_access()

    assert not Candidature.objects.visible_to(agent).exists()
    assert Candidature.objects.visible_to(manager).exists()


@pytest.mark.rule("A-21")
def test_late_declaration_withdraws_the_referent(django_capture_on_commit_callbacks):
    colleague, barred = make_agent(Role.LISTING_TEAM), make_agent(Role.LISTING_TEAM)
    candidature, _ = make_candidature(complete=False)
    referent = candidature.referent
    declare(barred, organisation_of(candidature))

    with django_capture_on_commit_callbacks(execute=True):
        declare(referent, organisation_of(candidature))

    candidature.refresh_from_db()
    assert candidature.referent is None
    told = Notification.objects.filter(kind="Liens d’intérêts")
    assert [each.recipient for each in told] == [colleague]
    assert "choisissez un nouveau référent" in told.get().content
    assert "Mandat" not in told.get().content
    event = CandidatureEvent.objects.get(kind="interest_declared")
    assert (event.actor, event.is_internal, event.data["was_referent"]) == (referent, True, True)


@pytest.mark.rule("A-21")
def test_late_declaration_withdraws_the_expert_and_flags_verdicts():
    expert, other = make_agent(Role.EXPERT, "interoperabilite"), make_agent(Role.EXPERT, "rgpd")
    candidature, _ = make_candidature(experts={"interoperabilite": expert, "rgpd": other})
    now = timezone.now()
    own = candidature.reviews.get(theme="interoperabilite")
    own.concluded_by, own.concluded_at = expert, now
    own.save()
    seconded = candidature.reviews.get(theme="rgpd")
    seconded.concluded_by, seconded.concluded_at, seconded.visa_by, seconded.visa_at = other, now, expert, now
    seconded.save()
    mine = judge(candidature, expert)

    declare(expert, organisation_of(candidature))

    own.refresh_from_db()
    seconded.refresh_from_db()
    mine.refresh_from_db()
    assert (own.expert, own.assigned_at, own.concluded_by, own.concluded_at) == (None, None, None, None)
    assert (seconded.expert, seconded.concluded_by, seconded.visa_by, seconded.visa_at) == (other, other, None, None)
    assert mine.needs_rereading
    assert CandidatureEvent.objects.get(kind="interest_declared").data["verdicts"] == 1


@pytest.mark.rule("A-21")
def test_concluded_instruction_is_flagged_and_stays_concluded():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, _ = make_candidature(
        CandidatureState.READY_COMMISSION, experts={"interoperabilite": expert}, complete=False
    )
    review = candidature.reviews.get(theme="interoperabilite")
    review.concluded_by, review.concluded_at = expert, timezone.now()
    review.save()
    verdict = judge(candidature, expert)

    declare(expert, organisation_of(candidature))

    review.refresh_from_db()
    verdict.refresh_from_db()
    assert (review.expert, review.concluded_by) == (None, expert)
    assert verdict.needs_rereading


def test_files_of_other_organisations_are_left_alone():
    candidature, _ = make_candidature(complete=False)
    referent = candidature.referent

    declare(referent, OrganisationFactory())

    candidature.refresh_from_db()
    assert candidature.referent == referent
    assert not CandidatureEvent.objects.filter(kind="interest_declared").exists()


@pytest.mark.rule("A-21")
def test_nobody_takes_charge_before_declaring():
    candidature, _ = make_candidature(CandidatureState.APPLIED, complete=False)
    agent = make_agent(Role.LISTING_TEAM, has_declared=False)

    with pytest.raises(TransitionRefused) as refusal:
        take_charge(candidature_id=candidature.pk, actor=agent)

    assert [(blocker.code, blocker.anchor) for blocker in refusal.value.blockers] == [("interests_missing", LIST)]
    declare(agent)
    take_charge(candidature_id=candidature.pk, actor=agent)


@pytest.mark.rule("A-21")
def test_nobody_takes_charge_of_a_file_that_a_link_bars():
    candidature, _ = make_candidature(CandidatureState.APPLIED, complete=False)
    agent = make_agent(Role.LISTING_TEAM)
    declare(agent, organisation_of(candidature))

    with pytest.raises(Candidature.DoesNotExist):
        take_charge(candidature_id=candidature.pk, actor=agent)
    assert [each.code for each in find_obstacles(candidature, person=agent, at=timezone.now())] == [
        "interests_conflict"
    ]


# Pages


def posted(*lines, situation="some", action="check"):
    data = {"situation": situation, "lines": str(max(1, len(lines))), "action": action}
    for number, line in enumerate(lines):
        for name in ("name", "nature", "detail", "since", "until"):
            data[f"lien-{number}-{name}"] = line.get(name, "")
    return data


@pytest.fixture
def agent(client):
    person = make_agent(Role.LISTING_TEAM, has_declared=False)
    client.force_login(person)
    return person


def test_page_says_what_is_missing(client, agent):
    response = client.get(LIST)

    assert "Sans déclaration, aucun dossier ne peut vous être confié." in response.content.decode()


@pytest.mark.rule("A-21")
def test_dashboard_asks_for_a_declaration_until_there_is_one(client, agent):
    dashboard = reverse("pages:dashboard")
    assert "Déclarez vos liens d’intérêts" in client.get(dashboard).content.decode()

    declare(agent)

    assert "Déclarez vos liens d’intérêts" not in client.get(dashboard).content.decode()


def test_lines_are_added_and_removed_without_scripts_and_nothing_is_lost(client, agent):
    first, second = {"name": "Éole Santé", "since": "31/2/2020"}, {"name": "Mistral"}

    added = client.post(DECLARE, posted(first, action="add"))
    removed = client.post(DECLARE, posted(first, second, action="remove-0"))

    assert [line.initial.get("name", "") for line in added.context["form"].lines] == ["Éole Santé", ""]
    assert "31/2/2020" in added.content.decode()
    assert added.context["errors"] == []
    assert [line.initial["name"] for line in removed.context["form"].lines] == ["Mistral"]
    assert not InterestDeclaration.objects.exists()


def test_errors_stand_beside_their_fields(client, agent):
    response = client.post(DECLARE, posted({"name": "Éole Santé", "since": "2/3/2024", "until": "1/3/2024"}))

    assert response.status_code == 422
    assert [(error.label, error.url) for error in response.context["errors"]] == [
        ("Choisissez la nature du lien.", "#id_lien-0-nature"),
        ("La fin du lien ne peut pas précéder son début.", "#id_lien-0-until"),
    ]
    assert "Éole Santé" in response.content.decode()


@pytest.mark.parametrize(
    ("lines", "situation", "message"),
    [
        ([], "some", "Décrivez au moins un lien"),
        ([{"name": "Éole Santé", "nature": "capital"}], "none", "Vous avez décrit des liens"),
        ([], "", "Choisissez si vous avez des liens d’intérêts."),
    ],
)
def test_answer_and_lines_agree(client, agent, lines, situation, message):
    response = client.post(DECLARE, posted(*lines, situation=situation))

    assert response.status_code == 422
    assert message in response.content.decode()


def test_recap_announces_the_files_that_will_be_left(client):
    candidature, _ = make_candidature(complete=False)
    client.force_login(candidature.referent)
    line = {"name": organisation_of(candidature).name.upper(), "nature": "employment"}

    recap = client.post(DECLARE, posted(line))

    assert "Vous quitterez 1\N{NO-BREAK SPACE}dossier en cours" in recap.content.decode()
    assert candidature.enrolment.label in recap.content.decode()
    assert InterestDeclaration.objects.filter(person=candidature.referent).count() == 1  # the one of the factory

    confirmed = client.post(DECLARE, {**dict(recap.context["hidden"]), "action": "confirm"})

    assert confirmed.url == LIST
    newest = InterestDeclaration.objects.filter(person=candidature.referent).newest_first().first()
    assert newest.interests.get().organisation == organisation_of(candidature)
    assert "Emploi" in client.get(LIST).content.decode()


def test_siret_names_the_organisation(client, agent):
    company = OrganisationFactory(name="Nom très long")
    line = {"name": f"{company.siret[:9]} {company.siret[9:]}", "nature": "relative"}

    client.post(DECLARE, posted(line, action="confirm"))

    assert InterestDeclaration.objects.get().interests.get().organisation == company
    unknown = client.post(DECLARE, posted({"name": "356 000 000 00048", "nature": "relative"}))
    assert "indiquez sa dénomination" in unknown.content.decode()


def test_new_declaration_starts_from_the_last_one(client, agent):
    declare(agent, OrganisationFactory(name="Éole Santé"))

    form = client.get(DECLARE).context["form"]

    assert form.situation.initial == {"situation": "some"}
    assert [line.initial["name"] for line in form.lines] == ["Éole Santé"]


def test_pages_are_for_agents(client):
    client.force_login(make_member(OrganisationFactory()))

    assert client.get(LIST).status_code == 403
    assert client.post(DECLARE, posted(situation="none", action="confirm")).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_whatever_the_history(client, agent, django_assert_num_queries, count):
    companies = [OrganisationFactory() for _ in range(count)]
    for days in range(count):
        declare_interests(
            person=agent,
            lines=[link_with(each) for each in companies],
            at=timezone.now() - timedelta(days=days + 1),
        )
    client.get(LIST)

    with django_assert_num_queries(5):
        response = client.get(LIST)

    assert len(response.context["rows"]) == count
    assert len(response.context["history"]) == count - 1


def test_files_named_are_those_of_the_person():
    candidature, _ = make_candidature(complete=False)
    line = link_with(organisation_of(candidature))

    assert list(files_named_by(candidature.referent, [line])) == [candidature]
    assert not files_named_by(make_agent(Role.LISTING_TEAM), [line]).exists()
    assert mail.outbox == []


@pytest.mark.rule("A-21")
def test_beat_reminds_with_the_address_of_the_page():
    expert = make_agent(Role.EXPERT, "rgpd", has_declared=False)
    declare_interests(person=expert, lines=[], has_none=True, at=timezone.now() - timedelta(days=364))

    tasks.remind_interests()

    assert [(each.recipient, each.link) for each in Notification.objects.all()] == [(expert, LIST)]


def test_beat_runs_tasks_that_exist():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {tasks.remind_interests.name, tasks.remind_deadlines.name} <= scheduled
