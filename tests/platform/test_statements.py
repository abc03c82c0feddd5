"""Statements written once: same rows as the ORM’s own, plan kept by the server, nothing of one request left in another."""

from datetime import datetime, timedelta

import pytest
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import CharField, DateTimeField, F, OuterRef, UUIDField, Value
from django.db.models.functions import Concat, JSONObject
from django.utils import timezone

from convergence.accounts.access import load_access, load_person
from convergence.accounts.backends import PersonBackend
from convergence.accounts.enums import MembershipType, Role
from convergence.accounts.models import RoleAssignment, User
from convergence.database.keyset import AnyOf
from convergence.database.statements import Slot, Statement, Statements
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, make_agent, make_member

pytestmark = pytest.mark.django_db
PERSON = Slot("person", UUIDField())
SINCE = Slot("since", DateTimeField())


def people(*columns):
    return User.objects.filter(pk=PERSON).values(*columns)


def test_rows_are_those_of_the_orm():
    person, _ = UserFactory(first_name="Zoé", last_name="O’Neil 100%"), UserFactory()
    statement = Statement(people("pk", "first_name", "date_joined").annotate(name=F("last_name")))

    (row,) = statement.read_by_name(person=person.pk)

    assert row == {"pk": person.pk, "first_name": "Zoé", "date_joined": person.date_joined, "name": "O’Neil 100%"}
    assert isinstance(row["date_joined"], datetime)
    assert row["date_joined"].tzinfo is not None


def test_values_that_are_no_slot_stand_in_the_text_whatever_they_hold():
    hostile = '100 %s ; DROP TABLE x; -- ’ " \\ %'
    statement = Statement(people("pk").annotate(said=Concat(Value(hostile), Value(""), output_field=CharField())))

    assert statement.read_by_name(person=UserFactory().pk)[0]["said"] == hostile
    assert statement.slots == ["person"]


def test_a_list_may_be_left_open():
    keys = [UserFactory().pk for _ in range(3)]
    rows = User.objects.filter(AnyOf(F("pk"), Slot("keys", UUIDField()))).order_by("pk").values_list("pk")
    statement = Statement(rows)

    assert statement.read(keys=keys[:2]) == [(key,) for key in sorted(keys[:2])]
    assert statement.read(keys=[]) == []


def test_values_are_converted_as_the_orm_does():
    agent = make_agent(Role.EXPERT, "rgpd")
    roles = RoleAssignment.objects.filter(user=OuterRef("pk")).values(data=JSONObject(role="role", theme="theme"))
    statement = Statement(people("pk").annotate(roles=ArraySubquery(roles)))

    assert statement.read_by_name(person=agent.pk)[0]["roles"] == [{"role": "expert", "theme": "rgpd"}]


def test_what_can_match_nothing_asks_nothing(django_assert_num_queries):
    statement = Statement(User.objects.filter(pk__in=[]).values("pk"))
    with django_assert_num_queries(0):
        assert statement.read() == []


def test_the_server_keeps_the_plan_and_a_rollback_loses_nothing():
    person = UserFactory()
    statement = Statement(people("pk", "email"))

    def prepared():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%$1%email%"])
            cursor.execute("SELECT statement FROM pg_prepared_statements")
            return [text for (text,) in cursor.fetchall() if '"accounts_user"."email"' in text and "$1" in text]

    for _ in range(3):
        assert statement.read(person=person.pk) == [(person.pk, person.email)]
    assert len(prepared()) == 1

    with transaction.atomic():
        statement.read(person=person.pk)
        transaction.set_rollback(True)
    assert statement.read(person=person.pk) == [(person.pk, person.email)]


def test_a_statement_is_written_once_for_its_key_and_the_oldest_leaves():
    written, known = [], Statements(limit=2)

    def write(key):
        written.append(key)
        return people("pk")

    for key in ("a", "a", "b", "a", "c", "b", "a"):
        known.get(key, lambda key=key: write(key))

    assert written == ["a", "b", "c", "a"]


def test_a_slot_without_a_value_is_an_error():
    with pytest.raises(KeyError):
        Statement(people("pk")).read()


def test_a_slot_serves_comparisons():
    person = UserFactory()
    statement = Statement(User.objects.filter(pk=PERSON, date_joined__gt=SINCE).values_list("pk"))
    now = timezone.now()

    assert statement.read(person=person.pk, since=now - timedelta(days=1)) == [(person.pk,)]
    assert statement.read(person=person.pk, since=now + timedelta(days=1)) == []


class TestPerson:
    """What every page begins with."""

    def test_a_person_comes_with_access_as_it_is_read_otherwise(self):
        for someone in (
            make_agent(Role.EXPERT, "rgpd"),
            make_agent(Role.LISTING_TEAM),
            make_member(OrganisationFactory(), MembershipType.MANDATAIRE),
            UserFactory(),
        ):
            found = load_person(User, someone.pk)

            assert found == someone
            assert found.get_full_name() == someone.get_full_name()
            assert found.__dict__["access"] == load_access(User.objects.get(pk=someone.pk))

    @pytest.mark.parametrize(("make", "queries"), [(lambda: make_agent(Role.LISTING_TEAM), 1), (make_member, 2)])
    def test_it_takes_one_query_and_one_more_for_a_member(self, make, queries, django_assert_num_queries):
        someone = make(OrganisationFactory()) if queries == 2 else make()
        MembershipFactory()
        with django_assert_num_queries(queries):
            found = load_person(User, someone.pk)
            assert found.access.is_agent == (queries == 1)

    def test_deactivated_and_unknown_people_are_nobody(self):
        someone = UserFactory(is_active=False)
        assert PersonBackend().get_user(someone.pk) is None
        assert PersonBackend().get_user(UserFactory.build().pk) is None
