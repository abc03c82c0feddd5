"""The facts of the room at one instant, and their agreement with what each person may see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.services import declare
from referencing.commission.core.quorum import count_quorum
from referencing.commission.enums import Capacity, RecusalSource, SessionState
from referencing.commission.models import AgendaPoint, Attendance, Guest, Mandate, Recusal, Seat, Term
from referencing.commission.selectors.room import find_chair, list_outsiders, load_room, load_seats
from tests.commission.factories import CODES, clear, make_commission, make_session, seat_people
from tests.factories import MembershipFactory, make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def members():
    return make_commission()


@pytest.fixture
def session(members):
    return make_session(SessionState.OPEN, files=1, chair=members["dns"])


def point_of(session) -> AgendaPoint:
    return session.points.select_related("session").get()


def give(session, giver: str, holder: str, by) -> Mandate:
    return Mandate.objects.create(
        session=session,
        giver=Seat.objects.get(code=giver),
        holder=Seat.objects.get(code=holder),
        given_by=by,
        recorded_by=by,
        given_at=session.opened_at,
    )


def recuse(point, person) -> None:
    Recusal.objects.create(
        candidature=point.candidature, person=person, source=RecusalSource.DECLARED, declared_at=timezone.now()
    )


def count(session, *, at=None):
    seats = load_seats(point_of(session), at=at or timezone.now())
    assert [facts.seat for facts in seats] == CODES
    return count_quorum(seats, is_second_convocation=False)


@pytest.mark.rule("BR-151", "A-27")
def test_present_and_represented_seats_are_counted(session, members):
    seat_people(session, {code: members[code] for code in CODES[:4]})
    give(session, "siege-9", "dns", members["siege-9"])

    quorum = count(session)

    assert (quorum.present, quorum.represented) == (tuple(CODES[:4]), ("siege-9",))
    assert quorum.is_met


@pytest.mark.rule("BR-153", "A-27")
def test_recused_member_and_the_mandate_that_he_holds_are_not_counted(session, members):
    seat_people(session, {code: members[code] for code in CODES[:5]})
    give(session, "siege-9", "cnam", members["siege-9"])
    recuse(point_of(session), members["cnam"])

    quorum = count(session)

    assert quorum.counted == 4
    assert not quorum.is_met


@pytest.mark.rule("A-27")
def test_mandate_of_a_recused_giver_is_not_counted(session, members):
    seat_people(session, {code: members[code] for code in CODES[:4]})
    give(session, "siege-9", "cnam", members["siege-9"])
    recuse(point_of(session), members["siege-9"])

    assert count(session).represented == ()


@pytest.mark.rule("BR-159", "A-27")
def test_member_whose_term_does_not_cover_the_day_is_not_counted(session, members):
    seat_people(session, {code: members[code] for code in CODES[:5]})
    Term.objects.filter(person=members["siege-3"]).update(ends_on=timezone.localdate() - timedelta(days=1))

    assert "siege-3" not in count(session).present


@pytest.mark.rule("BR-159")
@pytest.mark.parametrize("has_old_one", [True, False])
def test_member_without_a_valid_declaration_is_not_counted(has_old_one):
    person = make_agent(Role.MEMBER, has_declared=False)
    if has_old_one:
        declare(person=person, lines=[], has_none=True, at=timezone.now() - timedelta(days=400))
    members = make_commission(siege_3=person)
    session = make_session(SessionState.OPEN, files=1, chair=members["dns"])
    seat_people(session, {code: members[code] for code in CODES[:5]})

    assert count(session).present == ("dns", "cnam", "siege-4", "siege-5")


@pytest.mark.rule("A-27")
def test_representative_of_an_ex_officio_seat_counts_for_it(session, members):
    person = make_agent(Role.PRESIDENT)
    day = timezone.localdate()
    Term.objects.create(
        seat=Seat.objects.get(code="dns"),
        person=person,
        capacity=Capacity.REPRESENTATIVE,
        started_on=day,
        ends_on=day,
    )
    recuse(point_of(session), members["dns"])
    seat_people(session, {"dns": person})

    assert count(session).present == ("dns",)


def test_arrivals_and_departures_count_at_their_instant(session, members):
    seat_people(session, {"dns": members["dns"]})
    leaves_at = timezone.now() + timedelta(minutes=1)
    Attendance.objects.update(left_at=leaves_at)

    assert count(session, at=leaves_at - timedelta(seconds=1)).present == ("dns",)
    assert count(session, at=leaves_at).present == ()
    assert count(session, at=session.opened_at - timedelta(minutes=1)).present == ()


@pytest.mark.rule("A-28")
def test_conflicts_counted_are_those_that_hide_the_file(session, members):
    """The SQL of pages and the count of the room say the same of everybody."""
    point = point_of(session)
    organisation = point.candidature.enrolment.product.organisation
    recuse(point, members["siege-3"])
    MembershipFactory(user=members["siege-4"], organisation=organisation)
    line = InterestLine(name=organisation.name.upper(), nature=Nature.EMPLOYMENT)
    declare(person=members["siege-5"], lines=[line], at=timezone.now())
    ended = InterestLine(
        name=organisation.name, nature=Nature.EMPLOYMENT, until=timezone.localdate() - timedelta(days=4000)
    )
    declare(person=members["siege-6"], lines=[ended], at=timezone.now())
    clear(session, *members.values())

    conflicts = load_room(session, [point], at=timezone.now()).conflicts

    for code, person in members.items():
        is_barred = conflicts.bars(point.candidature_id, person.pk)
        assert is_barred == (code in ("siege-3", "siege-4", "siege-5")), code
        assert AgendaPoint.objects.visible_to(person).filter(pk=point.pk).exists() != is_barred, code


@pytest.mark.rule("A-28")
def test_member_reads_no_file_before_declaring(session, members):
    person = members["siege-3"]
    assert AgendaPoint.objects.known_by_name_to(person).exists()
    assert not AgendaPoint.objects.visible_to(person).exists()

    clear(session, person)

    assert AgendaPoint.objects.visible_to(person).exists()


def test_other_co_president_chairs_a_point_from_which_the_chair_is_recused(session, members):
    seat_people(session, {code: members[code] for code in CODES[:3]})
    point = point_of(session)
    assert find_chair(point, at=timezone.now()) == members["dns"].pk

    recuse(point, members["dns"])
    assert find_chair(point, at=timezone.now()) == members["cnam"].pk

    recuse(point, members["cnam"])
    assert find_chair(point, at=timezone.now()) is None


@pytest.mark.rule("A-29")
def test_guests_in_the_room_are_those_of_the_point_and_those_of_the_session(session, members):
    point, now = point_of(session), timezone.now()
    inside = Guest.objects.create(session=session, name="Rapporteur", quality="Rapporteur", point=point, entered_at=now)
    Guest.objects.create(session=session, name="Sorti", quality="Invité", entered_at=session.opened_at, left_at=now)
    Guest.objects.create(session=session, name="Attendu", quality="Invité")

    assert list(list_outsiders(point, at=now)) == [inside]


@pytest.mark.parametrize("count", [1, 3])
def test_room_costs_the_same_for_one_point_and_for_three(members, count, django_assert_num_queries):
    session = make_session(SessionState.OPEN, files=count, chair=members["dns"])
    seat_people(session, {code: members[code] for code in CODES[:5]})
    points = list(session.points.in_order())

    with django_assert_num_queries(5):
        room = load_room(session, points, at=timezone.now())
        assert all(room.quorum(point).is_met for point in points)
