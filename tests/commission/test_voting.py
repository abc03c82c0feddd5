"""Examination of a point and its votes: who may, when, and what is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.commission.enums import RecusalSource, SessionState
from referencing.commission.models import (
    AgendaPoint,
    Attendance,
    Ballot,
    Guest,
    Mandate,
    Recusal,
    Seat,
    SecretBallot,
    Term,
    Vote,
)
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.voting import (
    cast,
    close_vote,
    decide_tie,
    open_vote,
    record_voices,
    void_vote,
)
from tests.commission.deliberation_factories import deliberate, make_sitting, make_vote, vote_for
from tests.commission.factories import CODES, add_point, clear, make_session
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


def codes_of(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


def refused(service, **arguments):
    with pytest.raises(TransitionRefused) as refusal:
        service(**arguments)
    return codes_of(refusal)


def give_mandate(sitting, giver, holder):
    return Mandate.objects.create(
        session=sitting.session,
        giver=Seat.objects.get(code=giver),
        holder=Seat.objects.get(code=holder),
        given_by=sitting.members[giver],
        recorded_by=sitting.secretary,
        given_at=sitting.session.opened_at,
    )


def recuse(sitting, code):
    return Recusal.objects.create(
        candidature=sitting.candidature,
        person=sitting.members[code],
        source=RecusalSource.DECLARED,
        declared_at=timezone.now(),
    )


# -- the examination


def test_a_point_is_called_once_and_alone():
    sitting = make_sitting()
    other = add_point(
        sitting.session,
        make_session(files=1).points.get().candidature,
        by=sitting.secretary,
        outcome="withdrawn",
        ended_at=timezone.now(),
    )
    AgendaPoint.objects.filter(pk=other.pk).update(outcome="withdrawn")
    start_examination(point_id=sitting.point.pk, actor=sitting.secretary)
    assert refused(start_examination, point_id=sitting.point.pk, actor=sitting.secretary) == ["examined"]
    assert refused(start_examination, point_id=other.pk, actor=sitting.secretary) == ["point_ended", "other_point"]


def test_nothing_is_examined_before_the_session_opens():
    sitting = make_sitting(state=SessionState.CONVOKED)
    assert refused(start_examination, point_id=sitting.point.pk, actor=sitting.secretary) == ["session_not_open"]


def test_a_member_does_not_run_the_examination():
    sitting = make_sitting()
    with pytest.raises(PermissionDenied):
        start_examination(point_id=sitting.point.pk, actor=sitting.members["siege-4"])


@pytest.mark.rule("A-29")
def test_guests_and_rapporteur_leave_before_the_deliberation():
    sitting = make_sitting()
    rapporteur = make_agent(Role.LISTING_TEAM)
    AgendaPoint.objects.filter(pk=sitting.point.pk).update(rapporteur=rapporteur)
    guest = Guest.objects.create(
        session=sitting.session, point=sitting.point, name="Zoé Martin", quality="experte", entered_at=timezone.now()
    )
    start_examination(point_id=sitting.point.pk, actor=sitting.chair)
    start = {"point_id": sitting.point.pk, "actor": sitting.chair}

    assert refused(start_deliberation, has_rapporteur_left=False, **start) == ["guest_inside", "rapporteur_inside"]

    guest.left_at = timezone.now()
    guest.save()
    assert start_deliberation(has_rapporteur_left=True, **start).deliberated_at is not None
    guest.left_at = None
    guest.save()
    assert refused(open_vote, point_id=sitting.point.pk, is_secret=False, actor=sitting.chair) == ["guest_inside"]


@pytest.mark.rule("A-29")
def test_a_rapporteur_has_no_voice():
    sitting = make_sitting()
    AgendaPoint.objects.filter(pk=sitting.point.pk).update(rapporteur=sitting.members["siege-5"])
    start_examination(point_id=sitting.point.pk, actor=sitting.chair)
    told = refused(start_deliberation, point_id=sitting.point.pk, has_rapporteur_left=True, actor=sitting.chair)
    assert told == ["rapporteur_sits"]


# -- opening


def test_no_vote_before_the_deliberation():
    sitting = make_sitting()
    start_examination(point_id=sitting.point.pk, actor=sitting.secretary)
    assert refused(open_vote, point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary) == [
        "not_deliberating"
    ]


@pytest.mark.rule("BR-151")
def test_four_members_cannot_vote_and_five_can():
    sitting = make_sitting(present=CODES[:4])
    deliberate(sitting)
    arguments = {"point_id": sitting.point.pk, "is_secret": False, "actor": sitting.secretary}
    assert refused(open_vote, **arguments) == ["no_quorum"]
    give_mandate(sitting, "siege-9", "dns")
    assert open_vote(**arguments).round == 1


@pytest.mark.rule("BR-152")
def test_after_a_second_convocation_three_members_vote():
    sitting = make_sitting(present=CODES[:3], is_second_convocation=True)
    vote = vote_for(sitting, "favourable")
    assert vote.result == "favourable"
    assert vote.quorum["is_second_convocation"] is True
    assert (vote.tally["voices"], vote.tally["needed"]) == (3, 2)


def test_one_vote_at_a_time():
    sitting = make_sitting()
    make_vote(sitting)
    assert refused(open_vote, point_id=sitting.point.pk, is_secret=True, actor=sitting.secretary) == ["vote_open"]


# -- casting


def test_a_member_casts_their_own_voice_once():
    sitting = make_sitting()
    vote = make_vote(sitting)
    member = sitting.members["siege-4"]
    ballot = cast(vote_id=vote.pk, seat="siege-4", choice="favourable", wants_dissent_noted=True, actor=member)
    assert (ballot.cast_by, ballot.choice, ballot.is_by_mandate, ballot.recorded_by) == (
        member,
        "favourable",
        False,
        None,
    )
    assert ballot.wants_dissent_noted
    again = refused(cast, vote_id=vote.pk, seat="siege-4", choice="unfavourable", actor=member)
    assert again == ["already_voted"]


def test_nobody_casts_the_voice_of_another():
    sitting = make_sitting()
    vote = make_vote(sitting)
    told = refused(cast, vote_id=vote.pk, seat="siege-5", choice="favourable", actor=sitting.members["siege-4"])
    assert told == ["no_voice"]
    told = refused(cast, vote_id=vote.pk, seat="siege-5", choice="favourable", actor=sitting.secretary)
    assert told == ["no_voice"]


@pytest.mark.rule("BR-154")
def test_a_mandate_is_a_second_voice_cast_apart():
    sitting = make_sitting(present=CODES[:8])
    give_mandate(sitting, "siege-9", "siege-4")
    vote = make_vote(sitting)
    holder = sitting.members["siege-4"]
    own = cast(vote_id=vote.pk, seat="siege-4", choice="favourable", actor=holder)
    given = cast(vote_id=vote.pk, seat="siege-9", choice="unfavourable", actor=holder)
    assert [own.is_by_mandate, given.is_by_mandate] == [False, True]
    assert given.cast_by == holder


@pytest.mark.rule("BR-153", "A-28")
def test_a_recused_member_has_no_voice_and_finds_no_vote():
    sitting = make_sitting()
    vote = make_vote(sitting)
    recuse(sitting, "siege-4")
    with pytest.raises(Vote.DoesNotExist):
        cast(vote_id=vote.pk, seat="siege-4", choice="favourable", actor=sitting.members["siege-4"])
    told = refused(record_voices, vote_id=vote.pk, choices={"siege-4": "favourable"}, actor=sitting.secretary)
    assert told == ["no_voice"]


@pytest.mark.rule("BR-153", "A-27")
def test_a_mandate_held_by_a_recused_member_lapses():
    sitting = make_sitting(present=CODES[:8])
    give_mandate(sitting, "siege-9", "siege-4")
    recuse(sitting, "siege-4")
    vote = make_vote(sitting)
    told = refused(record_voices, vote_id=vote.pk, choices={"siege-9": "favourable"}, actor=sitting.secretary)
    assert told == ["no_voice"]


@pytest.mark.rule("BR-159")
def test_a_member_whose_term_is_over_has_no_voice():
    sitting = make_sitting()
    Term.objects.filter(seat__code="siege-4").update(ended_on=timezone.localdate() - timezone.timedelta(days=1))
    vote = make_vote(sitting)
    told = refused(cast, vote_id=vote.pk, seat="siege-4", choice="favourable", actor=sitting.members["siege-4"])
    assert told == ["no_voice"]


def test_a_choice_that_is_not_put_to_the_vote_is_refused():
    sitting = make_sitting()
    vote = make_vote(sitting)
    told = refused(cast, vote_id=vote.pk, seat="dns", choice="peut-être", actor=sitting.chair)
    assert told == ["choice"]


def test_the_secretary_writes_down_a_show_of_hands():
    sitting = make_sitting()
    vote = make_vote(sitting)
    choices = dict.fromkeys(CODES, "favourable") | {"siege-9": "abstention"}
    ballots = record_voices(vote_id=vote.pk, choices=choices, dissents={"siege-9"}, actor=sitting.secretary)
    assert {ballot.recorded_by for ballot in ballots} == {sitting.secretary}
    assert Ballot.objects.get(vote=vote, seat__code="siege-9").wants_dissent_noted
    with pytest.raises(PermissionDenied):
        record_voices(vote_id=vote.pk, choices={"dns": "favourable"}, actor=sitting.chair)


# -- closing


def test_closing_freezes_quorum_tally_and_result():
    sitting = make_sitting(present=CODES[:8])
    give_mandate(sitting, "siege-9", "dns")
    vote = make_vote(sitting)
    choices = dict.fromkeys(CODES[:5], "favourable") | dict.fromkeys(CODES[5:8], "unfavourable")
    record_voices(vote_id=vote.pk, choices=choices, actor=sitting.secretary)

    closed = close_vote(vote_id=vote.pk, actor=sitting.chair)

    assert closed.result == "favourable"
    assert closed.quorum["present"] == CODES[:8]
    assert closed.quorum["represented"] == ["siege-9"]
    assert closed.quorum["presiding"] == str(sitting.chair.pk)
    assert closed.tally == {
        "counts": {"favourable": 5, "with_reservations": 0, "with_suspensive": 0, "unfavourable": 3},
        "abstentions": 0,
        "not_cast": 1,
        "voices": 9,
        "needed": 5,
        "ending": "decided",
        "leaders": ["favourable"],
    }
    closed.tally = {}
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        closed.save()
    assert refused(close_vote, vote_id=vote.pk, actor=sitting.chair) == ["vote_closed"]


def test_no_voice_enters_a_closed_vote_even_by_hand():
    sitting = make_sitting()
    vote = make_vote(sitting)
    record_voices(vote_id=vote.pk, choices=dict.fromkeys(CODES[:8], "favourable"), actor=sitting.secretary)
    close_vote(vote_id=vote.pk, actor=sitting.secretary)
    told = refused(cast, vote_id=vote.pk, seat="siege-9", choice="favourable", actor=sitting.members["siege-9"])
    assert told == ["vote_closed"]
    with pytest.raises(ProgrammingError, match="the vote is closed"), transaction.atomic():
        Ballot.objects.create(
            vote=vote,
            seat=Seat.objects.get(code="siege-9"),
            cast_by=sitting.members["siege-9"],
            choice="favourable",
            cast_at=timezone.now(),
        )
    with pytest.raises(ProgrammingError, match="the vote is closed"), transaction.atomic():
        SecretBallot.objects.create(vote=vote, choice="favourable")


def test_a_vote_without_any_voice_is_not_closed():
    sitting = make_sitting()
    vote = make_vote(sitting)
    assert refused(close_vote, vote_id=vote.pk, actor=sitting.secretary) == ["no_voice_cast"]


@pytest.mark.rule("BR-153")
def test_who_withdraws_after_voting_spoils_the_round():
    sitting = make_sitting()
    vote = make_vote(sitting)
    record_voices(vote_id=vote.pk, choices=dict.fromkeys(CODES, "favourable"), actor=sitting.secretary)
    recuse(sitting, "siege-4")
    assert refused(close_vote, vote_id=vote.pk, actor=sitting.secretary) == ["voice_barred"]
    assert refused(void_vote, vote_id=vote.pk, reason=" ", actor=sitting.secretary) == ["reason"]

    void_vote(vote_id=vote.pk, reason="Un membre s’est déporté.", actor=sitting.secretary)
    second = open_vote(point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary)

    assert (second.round, second.options) == (2, vote.options)


@pytest.mark.rule("BR-151")
def test_members_who_left_take_the_quorum_with_them():
    sitting = make_sitting(present=CODES[:5])
    vote = make_vote(sitting)
    cast(vote_id=vote.pk, seat="dns", choice="favourable", actor=sitting.chair)
    Attendance.objects.filter(seat__code="siege-5").update(left_at=timezone.now())
    assert refused(close_vote, vote_id=vote.pk, actor=sitting.secretary) == ["no_quorum"]


# -- rounds, ties


def hold(sitting, choices, *, is_secret=False):
    """One round in which each seat says its choice; secret ones from each device."""
    if is_secret:
        vote = open_vote(point_id=sitting.point.pk, is_secret=True, actor=sitting.secretary)
        for code, choice in choices.items():
            cast(vote_id=vote.pk, seat=code, choice=choice, actor=sitting.members[code])
    else:
        vote = open_vote(point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary)
        record_voices(vote_id=vote.pk, choices=choices, actor=sitting.secretary)
    return close_vote(vote_id=vote.pk, actor=sitting.secretary)


def split(codes, *groups):
    """{code: choice} for groups of (number, choice), in order of the seats."""
    choices, rest = {}, list(codes)
    for number, choice in groups:
        choices |= dict.fromkeys(rest[:number], choice)
        rest = rest[number:]
    return choices


@pytest.mark.rule("BR-155")
def test_without_a_majority_the_two_leading_opinions_are_voted_again():
    sitting = make_sitting()
    deliberate(sitting)
    first = hold(sitting, split(CODES, (4, "favourable"), (3, "with_reservations"), (2, "unfavourable")))
    assert (first.result, first.tally["ending"]) == ("", "another_round")

    second = open_vote(point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary)

    assert second.options == ["favourable", "with_reservations"]
    told = refused(record_voices, vote_id=second.pk, choices={"dns": "unfavourable"}, actor=sitting.secretary)
    assert told == ["choice"]
    record_voices(
        vote_id=second.pk, choices=split(CODES, (4, "favourable"), (5, "with_reservations")), actor=sitting.secretary
    )
    assert close_vote(vote_id=second.pk, actor=sitting.secretary).result == "with_reservations"
    assert refused(open_vote, point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary) == ["decided"]


@pytest.mark.rule("BR-155")
def test_on_a_tie_of_an_open_vote_the_voice_of_the_chair_decides():
    sitting = make_sitting(present=CODES[:8])
    deliberate(sitting)
    vote = hold(sitting, split(CODES, (4, "unfavourable"), (4, "favourable")))
    assert (vote.result, vote.has_casting_vote, vote.decided_by) == ("unfavourable", True, sitting.chair)


@pytest.mark.rule("BR-155")
def test_a_chair_who_abstained_is_asked_to_decide():
    sitting = make_sitting()
    deliberate(sitting)
    vote = hold(sitting, split(CODES, (1, "abstention"), (4, "favourable"), (4, "unfavourable")))
    assert (vote.result, vote.tally["ending"]) == ("", "tie")
    assert refused(open_vote, point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary) == ["tie"]
    assert refused(decide_tie, vote_id=vote.pk, choice="with_reservations", actor=sitting.chair) == ["choice"]
    with pytest.raises(PermissionDenied):
        decide_tie(vote_id=vote.pk, choice="favourable", actor=sitting.members["cnam"])

    decided = decide_tie(vote_id=vote.pk, choice="favourable", actor=sitting.chair)

    assert (decided.result, decided.has_casting_vote, decided.decided_by) == ("favourable", True, sitting.chair)
    assert refused(decide_tie, vote_id=vote.pk, choice="unfavourable", actor=sitting.chair) == ["no_tie"]


@pytest.mark.rule("BR-155")
def test_a_recused_chair_leaves_the_casting_vote_to_the_other_co_president():
    sitting = make_sitting(present=[*CODES[:8], "siege-9"])
    recuse(sitting, "dns")
    deliberate(sitting)
    vote = hold(sitting, split(CODES[1:], (4, "unfavourable"), (4, "favourable")))
    assert (vote.result, vote.decided_by) == ("unfavourable", sitting.members["cnam"])


@pytest.mark.rule("A-27")
def test_with_both_co_presidents_barred_a_tie_is_not_decided():
    sitting = make_sitting()
    recuse(sitting, "dns")
    recuse(sitting, "cnam")
    Attendance.objects.filter(seat__code="siege-9").update(left_at=timezone.now())
    deliberate(sitting)
    vote = hold(sitting, split(CODES[2:8], (3, "unfavourable"), (3, "favourable")))
    assert vote.result == ""
    told = refused(decide_tie, vote_id=vote.pk, choice="favourable", actor=sitting.secretary)
    assert told == ["no_presidency"]


# -- secrecy


def test_a_secret_vote_keeps_totals_only():
    sitting = make_sitting()
    deliberate(sitting)
    vote = hold(sitting, split(CODES, (6, "favourable"), (3, "unfavourable")), is_secret=True)
    assert vote.result == "favourable"
    assert vote.tally["counts"]["unfavourable"] == 3
    assert SecretBallot.objects.count() == 0
    assert set(Ballot.objects.values_list("choice", flat=True)) == {""}
    journal = AuditEntry.objects.filter(action__in=["vote.cast", "vote.open", "vote.close"])
    assert journal.count() == 11
    assert all("favourable" not in str(entry.data) for entry in journal)


def test_while_a_secret_vote_is_open_nothing_in_the_table_tells_who_said_what():
    sitting = make_sitting()
    vote = make_vote(sitting, is_secret=True)
    for code in CODES[:6]:
        choice = "favourable" if code == "dns" else "unfavourable"
        cast(vote_id=vote.pk, seat=code, choice=choice, actor=sitting.members[code])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'commission_secretballot'"
        )
        assert {name for (name,) in cursor.fetchall()} == {"id", "vote_id", "choice"}
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM commission_secretballot")
        assert cursor.fetchone() == (1,)
    assert SecretBallot.objects.filter(vote=vote, choice="favourable").count() == 1


def test_secret_voices_are_shuffled_whatever_the_order_of_voting(monkeypatch):
    """The first voice is found at every place of the table: seen over many votes, place tells nothing."""
    from referencing.commission.services import voting

    places = set()
    for _ in range(60):
        made = []
        monkeypatch.setattr(voting.SecretBallot.objects, "bulk_create", lambda rows, made=made: made.extend(rows))
        voting._shuffle_in(Vote(), ["favourable", *["unfavourable"] * 3])
        places.add([row.choice for row in made].index("favourable"))
    assert places == {0, 1, 2, 3}


def test_dissent_is_not_noted_in_a_secret_vote():
    sitting = make_sitting()
    vote = make_vote(sitting, is_secret=True)
    told = refused(
        cast, vote_id=vote.pk, seat="dns", choice="favourable", wants_dissent_noted=True, actor=sitting.chair
    )
    assert told == ["secret"]
    told = refused(record_voices, vote_id=vote.pk, choices={"dns": "favourable"}, actor=sitting.secretary)
    assert told == ["secret"]


def test_the_chair_decides_a_secret_tie_aloud():
    sitting = make_sitting(present=CODES[:8])
    deliberate(sitting)
    vote = hold(sitting, split(CODES, (4, "favourable"), (4, "unfavourable")), is_secret=True)
    assert vote.result == ""
    assert decide_tie(vote_id=vote.pk, choice="favourable", actor=sitting.secretary).decided_by == sitting.chair


# -- visibility


def test_a_stranger_finds_neither_point_nor_vote():
    sitting = make_sitting()
    vote = make_vote(sitting)
    clear(sitting.session)
    for stranger in (sitting.editor, make_agent(Role.LISTING_TEAM), make_agent(Role.MEMBER)):
        with pytest.raises(Vote.DoesNotExist):
            cast(vote_id=vote.pk, seat="dns", choice="favourable", actor=stranger)
        with pytest.raises(AgendaPoint.DoesNotExist):
            start_examination(point_id=sitting.point.pk, actor=stranger)


# -- races


@pytest.mark.django_db(transaction=True)
def test_one_of_fifty_casts_the_voice_of_a_seat():
    sitting = make_sitting()
    vote = make_vote(sitting)
    member = sitting.members["siege-4"]
    barrier = Barrier(50)

    def run(number):
        try:
            barrier.wait(timeout=60)
            cast(vote_id=vote.pk, seat="siege-4", choice="favourable", actor=member)
        except TransitionRefused as refusal:
            return refusal.blockers[0].code
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(run, range(50)))

    assert sorted(results) == sorted(["won", *["already_voted"] * 49])
    assert Ballot.objects.filter(vote=vote).count() == 1
    assert AuditEntry.objects.filter(action="vote.cast").count() == 1


@pytest.mark.django_db(transaction=True)
def test_every_secret_voice_counts_when_all_vote_at_once():
    sitting = make_sitting()
    vote = make_vote(sitting, is_secret=True)
    barrier = Barrier(9)

    def run(code):
        try:
            barrier.wait(timeout=60)
            cast(vote_id=vote.pk, seat=code, choice="favourable", actor=sitting.members[code])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(run, CODES))

    assert close_vote(vote_id=vote.pk, actor=sitting.secretary).tally["counts"]["favourable"] == 9
