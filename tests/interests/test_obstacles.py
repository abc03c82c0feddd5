"""Who may not examine whose file (A-21)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import Organisation
from convergence.audit.models import AuditEntry
from convergence.interests.core import InterestLine, counts_from
from convergence.interests.enums import Nature
from convergence.interests.models import DeclaredInterest, InterestDeclaration
from convergence.interests.selectors import barred_organisations, conflicting_organisations
from convergence.interests.services import declare, find_obstacles, list_obstacles
from convergence.kernel.errors import TransitionRefused
from tests.factories import InterestDeclarationFactory, MembershipFactory, OrganisationFactory, make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert():
    return make_agent(Role.EXPERT, "rgpd", has_declared=False)


@pytest.fixture
def company():
    return OrganisationFactory(name="Éole Santé")


def link_with(name, **values):
    return InterestLine(name=name, nature=Nature.EMPLOYMENT, **values)


def codes(person, organisation, *, at=None):
    found = find_obstacles(person=person, organisation=organisation, at=at or timezone.now())
    return [blocker.code for blocker in found]


def barred(person):
    """As a subquery says it, and as it comes with the person."""
    person.forget_access()
    found = set(Organisation.objects.filter(pk__in=conflicting_organisations(person)))
    assert barred_organisations(person) == {each.pk for each in found}
    return found


@pytest.mark.rule("A-21")
def test_nobody_examines_before_declaring(expert, company):
    assert codes(expert, company) == ["interests_missing"]

    declare(person=expert, lines=[], has_none=True, at=timezone.now())

    assert codes(expert, company) == []


@pytest.mark.rule("A-21")
def test_declaration_is_valid_up_to_its_last_day_in_paris(expert, company):
    declared_at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # already 2 March in Paris
    declaration = declare(person=expert, lines=[], has_none=True, at=declared_at)

    assert declaration.expires_on == date(2027, 3, 2)
    assert codes(expert, company, at=datetime(2027, 3, 2, 22, 59, tzinfo=UTC)) == []
    assert codes(expert, company, at=datetime(2027, 3, 2, 23, 0, tzinfo=UTC)) == ["interests_outdated"]


@pytest.mark.rule("A-21")
@pytest.mark.parametrize("typed", ["Éole Santé", "EOLE SANTE", "éole sante"])
def test_declared_link_bars_whatever_the_accents(expert, company, typed):
    declare(person=expert, lines=[link_with(typed)], at=timezone.now())

    assert codes(expert, company) == ["interests_conflict"]
    assert barred(expert) == {company}
    assert DeclaredInterest.objects.get().organisation == company


@pytest.mark.rule("A-21")
def test_link_bars_an_organisation_that_registers_afterwards(expert):
    declare(person=expert, lines=[link_with("Zéphyr e-santé")], at=timezone.now())
    newcomer = OrganisationFactory(name="Zephyr E-Santé")

    assert codes(expert, newcomer) == ["interests_conflict"]
    assert barred(expert) == {newcomer}


@pytest.mark.rule("A-21")
def test_link_bars_an_organisation_that_changes_its_name(expert, company):
    declare(person=expert, lines=[link_with("Éole Santé")], at=timezone.now())
    Organisation.objects.filter(pk=company.pk).update(name="Mistral")
    company.refresh_from_db()

    assert codes(expert, company) == ["interests_conflict"]
    assert barred(expert) == {company}


@pytest.mark.rule("A-21")
def test_member_is_barred_without_having_declared_it(company):
    agent = make_agent(Role.LISTING_TEAM)
    MembershipFactory(user=agent, organisation=company)

    assert codes(agent, company) == ["interests_member"]
    assert barred(agent) == {company}


@pytest.mark.rule("A-21")
def test_newest_declaration_counts(expert, company):
    now = timezone.now()
    declare(person=expert, lines=[link_with("Éole Santé")], at=now - timedelta(days=2))
    declare(person=expert, lines=[link_with("Autre structure")], at=now - timedelta(days=1))

    assert codes(expert, company, at=now) == []
    assert codes(expert, company, at=now - timedelta(days=1, hours=1)) == ["interests_conflict"]
    assert barred(expert) == set()


def test_outdated_declaration_still_bars(expert, company):
    declare(person=expert, lines=[link_with("Éole Santé")], at=timezone.now() - timedelta(days=400))

    assert codes(expert, company) == ["interests_outdated", "interests_conflict"]
    assert barred(expert) == {company}


@pytest.mark.parametrize(("years", "expected"), [(4, ["interests_conflict"]), (6, [])])
def test_link_that_ended_bars_for_five_years(expert, company, years, expected):
    ended_on = timezone.localdate() - timedelta(days=365 * years)
    declare(person=expert, lines=[link_with("Éole Santé", until=ended_on)], at=timezone.now())

    assert codes(expert, company) == expected
    assert barred(expert) == ({company} if expected else set())


def test_look_back_from_a_leap_day():
    assert counts_from(date(2028, 2, 29), years=5) == date(2023, 2, 28)


def test_homonyms_both_bar_and_none_is_chosen(expert):
    twins = {OrganisationFactory(name="Jumeau"), OrganisationFactory(name="JUMEAU")}
    declare(person=expert, lines=[link_with("Jumeau")], at=timezone.now())

    assert DeclaredInterest.objects.get().organisation is None
    assert barred(expert) == twins


def test_obstacles_of_many_people_cost_two_queries(company, django_assert_num_queries):
    people = [make_agent(Role.EXPERT, "rgpd") for _ in range(3)]
    with django_assert_num_queries(2):
        found = list_obstacles(people=people, organisation=company, at=timezone.now())

    assert found == {person.pk: [] for person in people}


def test_conflicts_are_a_subquery(expert, company):
    declare(person=expert, lines=[link_with("Éole Santé")], at=timezone.now())
    other = OrganisationFactory()

    with CaptureQueriesContext(
        connection,
    ) as captured:
        visible = list(Organisation.objects.exclude(pk__in=conflicting_organisations(expert)))

    assert visible == [other]
    assert len(captured) == 1


@pytest.mark.rule("A-21")
def test_a_new_declaration_counts_at_once_for_a_person_already_loaded(expert, company):
    assert barred_organisations(expert) == set()

    declare(person=expert, lines=[link_with("Éole Santé")], at=timezone.now())

    assert barred_organisations(expert) == {company.pk}


@pytest.mark.parametrize(
    ("lines", "has_none", "code"), [([], False, "nothing"), ([link_with("Éole Santé")], True, "both")]
)
def test_declaration_says_something_and_not_its_contrary(expert, lines, has_none, code):
    with pytest.raises(TransitionRefused) as refusal:
        declare(person=expert, lines=lines, has_none=has_none, at=timezone.now())

    assert [blocker.code for blocker in refusal.value.blockers] == [code]
    assert not InterestDeclaration.objects.exists()


def test_editors_declare_nothing():
    with pytest.raises(PermissionDenied):
        declare(person=MembershipFactory().user, lines=[], has_none=True, at=timezone.now())


def test_journal_says_how_many_links_and_not_which(expert):
    declare(person=expert, lines=[link_with("Éole Santé"), link_with("Mistral")], at=timezone.now())

    entry = AuditEntry.objects.get(action="interestdeclaration.declare")
    assert entry.data == {"links": 2}


@pytest.mark.rule("A-21")
def test_declaration_never_changes(expert):
    declaration = declare(person=expert, lines=[link_with("Éole Santé")], at=timezone.now())
    for change in (
        lambda: InterestDeclaration.objects.filter(pk=declaration.pk).update(has_none=True),
        lambda: DeclaredInterest.objects.filter(declaration=declaration).update(name="Autre"),
        lambda: DeclaredInterest.objects.filter(declaration=declaration).delete(),
    ):
        with pytest.raises(DatabaseError, match=r"Cannot update or delete|permission denied"), transaction.atomic():
            change()


def test_declarations_of_others_are_not_visible(expert):
    InterestDeclarationFactory(person=expert)

    assert InterestDeclaration.objects.visible_to(expert).count() == 1
    assert not InterestDeclaration.objects.visible_to(make_agent(Role.ADMIN)).exists()
