"""A file taken by the services from its filing to the minister, as everybody concerned would: for tests of what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from referencing.candidature.models import Candidature
from referencing.candidature.services import take_charge
from referencing.candidature.services.admission import declare_admissible
from referencing.candidature.services.conclusion import conclude
from referencing.commission.core.opinion import NewReservation
from referencing.commission.enums import Mode, OpinionKind
from referencing.commission.models import AgendaPoint, CommissionSession, Term
from referencing.commission.services.agenda import add_files
from referencing.commission.services.linking import declare_links
from referencing.commission.services.opinions import give_opinion
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.sessions import Arrival, close_session, convoke, open_session, plan_session
from referencing.commission.services.voting import close_vote, open_vote, record_voices
from tests.candidature.factories import conclude_themes
from tests.commission.factories import make_commission
from tests.factories import make_agent


@dataclass
class Held:
    """The session that examined a file, and who ran it."""

    session: CommissionSession
    secretary: User
    members: dict[str, User]


def instruct(file: Candidature, team: User) -> None:
    """Taken in charge, admissible, every criterion judged, concluded."""
    take_charge(candidature_id=file.pk, actor=team)
    declare_admissible(candidature_id=file.pk, actor=team)
    conclude_themes(file, team)
    conclude(candidature_id=file.pk, proposal="favourable", text="Le service répond aux critères.", actor=team)


def convoke_on(file: Candidature, *, secretary: User, members: dict[str, User]) -> CommissionSession:
    """A session on the file alone, convoked in time; every member declared to have no link; its day has come."""
    now = timezone.now()
    session = plan_session(held_at=now + timedelta(days=12), place="Salle 1", remote_url="", actor=secretary, at=now)
    add_files(session_id=session.pk, candidature_ids=[file.pk], actor=secretary, at=now)
    convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=now)
    declare_free(session, *members.values())
    return pass_days(session)


def declare_free(session: CommissionSession, *people: User) -> None:
    points = list(session.points.pending().values_list("pk", flat=True))
    for person in people:
        declare_links(session_id=session.pk, conflicts={}, free=points, actor=person, at=timezone.now())


def pass_days(session: CommissionSession) -> CommissionSession:
    """The day of the session has come."""
    CommissionSession.objects.filter(pk=session.pk).update(held_at=timezone.now())
    return CommissionSession.objects.get(pk=session.pk)


def hold_session(
    file: Candidature, kind: OpinionKind = OpinionKind.FAVOURABLE, reservations: Sequence[NewReservation] = ()
) -> Held:
    """Nine members, all of one opinion, given on the spot; the session is closed."""
    secretary = make_agent(Role.SECRETARY)
    seated = {each.seat.code: each.person for each in Term.objects.select_related("seat", "person")}
    members = seated or make_commission()
    session = convoke_on(file, secretary=secretary, members=members)
    chair, point = members["dns"], AgendaPoint.objects.get(session=session)
    open_session(
        session_id=session.pk,
        chair_id=chair.pk,
        arrivals=[Arrival(code, person.pk, Mode.IN_PERSON) for code, person in members.items()],
        actor=chair,
        at=timezone.now(),
    )
    start_examination(point_id=point.pk, actor=chair)
    start_deliberation(point_id=point.pk, has_rapporteur_left=True, actor=chair)
    vote = open_vote(point_id=point.pk, is_secret=False, actor=chair)
    record_voices(vote_id=vote.pk, choices=dict.fromkeys(members, kind), actor=secretary)
    close_vote(vote_id=vote.pk, actor=chair)
    give_opinion(point_id=point.pk, reasons="Le service est utile.", reservations=reservations, actor=chair)
    close_session(session_id=session.pk, actor=secretary, at=timezone.now())
    return Held(session, secretary, members)
