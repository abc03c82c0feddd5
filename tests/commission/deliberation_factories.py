"""Points under examination, votes, opinions and reservations in the state that a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.kernel.canonical import canonical_json
from evidence.services import keep_generated
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.conclusion import conclude
from referencing.commission.core.opinion import NewReservation, build_opinion
from referencing.commission.core.voting import OPINIONS
from referencing.commission.enums import OpinionKind, SessionState
from referencing.commission.models import (
    AgendaPoint,
    CommissionSession,
    Erratum,
    Minutes,
    Opinion,
    Reservation,
    ReservationAnswer,
    ReservationFile,
    Vote,
)
from referencing.commission.selectors.minutes import collect_minutes
from referencing.commission.services.opinions import give_opinion, load_titles
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.voting import close_vote, open_vote, record_voices
from tests.candidature.factories import conclude_themes, make_candidature
from tests.commission.factories import clear, make_commission, make_session, seat_people
from tests.factories import make_agent

#: Criterion of the small grid that reservations of tests are tied to.
CRITERION = "A06.1.2"


@dataclass
class Sitting:
    """An open session with one point: who runs it, who sits, by code of seat; the editor of the file."""

    session: CommissionSession
    point: AgendaPoint
    secretary: User
    members: dict[str, User]
    candidature: Candidature
    editor: User

    @property
    def chair(self) -> User:
        return self.members["dns"]


def make_sitting(
    *,
    present: Sequence[str] | None = None,
    state: SessionState = SessionState.OPEN,
    candidature: tuple[Candidature, User] | None = None,
    is_concluded: bool = False,
    is_second_convocation: bool = False,
    has_exchange: bool = False,
) -> Sitting:
    """The nine members, all in the room unless `present` says which, chaired by the first; nobody has a link.

    `is_concluded`: the file has a frozen conclusion, as real ones do.
    """
    file, editor = candidature or make_scheduled(is_concluded=is_concluded, has_exchange=has_exchange)
    members = make_commission()
    secretary = make_agent(Role.SECRETARY)
    session = make_session(
        state,
        secretary=secretary,
        files=[file],
        chair=members["dns"] if state == SessionState.OPEN else None,
        is_second_convocation=is_second_convocation,
    )
    clear(session, *members.values())
    if state == SessionState.OPEN:
        codes = list(members) if present is None else list(present)
        seat_people(session, {code: members[code] for code in codes})
    point = session.points.select_related("session", "candidature").get()
    return Sitting(session, point, secretary, members, file, editor)


def make_scheduled(*, is_concluded: bool = False, has_exchange: bool = False) -> tuple[Candidature, User]:
    if not is_concluded:
        return make_candidature(CandidatureState.SCHEDULED, complete=False, has_exchange=has_exchange)
    verifier = make_agent(Role.LISTING_TEAM)
    candidature, editor = make_candidature(CandidatureState.EVALUATION, referent=verifier)
    conclude_themes(candidature, verifier)
    conclude(
        candidature_id=candidature.pk,
        proposal="favourable",
        text="Le service respecte les critères obligatoires.",
        actor=verifier,
    )
    Candidature.objects.filter(pk=candidature.pk).update(state=CandidatureState.SCHEDULED)
    candidature = Candidature.objects.select_related("enrolment__product__organisation", "dossier").get(
        pk=candidature.pk
    )
    return candidature, editor


def deliberate(sitting: Sitting) -> AgendaPoint:
    """The point called, and the deliberation begun."""
    start_examination(point_id=sitting.point.pk, actor=sitting.secretary)
    point = start_deliberation(point_id=sitting.point.pk, has_rapporteur_left=True, actor=sitting.secretary)
    sitting.point = point
    return point


def make_vote(sitting: Sitting, *, is_secret: bool = False) -> Vote:
    deliberate(sitting)
    return open_vote(point_id=sitting.point.pk, is_secret=is_secret, actor=sitting.secretary)


def vote_for(sitting: Sitting, kind: OpinionKind | str) -> Vote:
    """Everybody in the room for one opinion, taken by a show of hands, and closed."""
    vote = make_vote(sitting)
    present = sitting.session.attendances.values_list("seat__code", flat=True)
    record_voices(vote_id=vote.pk, choices=dict.fromkeys(present, kind), actor=sitting.secretary)
    return close_vote(vote_id=vote.pk, actor=sitting.secretary)


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def reserve(
    *,
    is_suspensive: bool = True,
    text: str = "Publier la politique de sauvegarde.",
    days: int = 60,
    criterion: str = "",
) -> NewReservation:
    return NewReservation(
        text=text,
        is_suspensive=is_suspensive,
        criterion=criterion or CRITERION,
        expected="La politique publiée.",
        due_on=in_days(days),
    )


def give(sitting: Sitting, kind: OpinionKind | str, reservations: Sequence[NewReservation] | None = None) -> Opinion:
    """Vote for `kind`, then give the opinion; with its reservations, one of the right nature by default."""
    assert kind in OPINIONS
    vote_for(sitting, kind)
    if reservations is None:
        nature = {OpinionKind.WITH_SUSPENSIVE: True, OpinionKind.WITH_RESERVATIONS: False}
        reservations = [reserve(is_suspensive=nature[kind])] if kind in nature else []  # type: ignore[index]
    opinion = give_opinion(
        point_id=sitting.point.pk,
        reasons="Le service apporte un suivi utile aux patients.",
        reservations=reservations,
        actor=sitting.secretary,
    )
    sitting.candidature.refresh_from_db()
    return opinion


def known_criteria(candidature: Candidature) -> list[str]:
    return list(load_titles(candidature))


def make_reservation(point: AgendaPoint) -> Reservation:
    """A suspensive reservation of an opinion on the point, sent back after an answer with a file; rows only, no vote."""
    now = timezone.now()
    payload = canonical_json(
        build_opinion(
            kind=OpinionKind.WITH_SUSPENSIVE,
            kind_text=OpinionKind.WITH_SUSPENSIVE.label,
            reasons="Utile aux patients.",
            header={"session": {"number": point.session.number}, "dossier": point.candidature.dossier.reference},
            reservations=[reserve()],
            criteria={CRITERION: "Sauvegarde"},
            at=now,
        )
    )
    opinion = Opinion.objects.create(
        candidature=point.candidature,
        point=point,
        kind=OpinionKind.WITH_SUSPENSIVE,
        reasons="Utile aux patients.",
        payload=payload,
        schema=1,
        given_at=now,
    )
    told = reserve()
    reservation: Reservation = Reservation.objects.create(
        opinion=opinion,
        candidature=point.candidature,
        number=1,
        is_suspensive=True,
        criterion=told.criterion,
        text=told.text,
        expected=told.expected,
        due_on=told.due_on,
    )
    manager = point.candidature.applied_by
    answer = ReservationAnswer.objects.create(
        reservation=reservation, text="Voici.", answered_by=manager, answered_at=now
    )
    file = keep_generated(content=f"%PDF-1.7 {reservation.pk}".encode(), name="politique.pdf", code="pdf")
    ReservationFile.objects.create(reservation=reservation, answer=answer, file=file, added_by=manager, added_at=now)
    return reservation


def make_signed_minutes(session: CommissionSession, chair: User) -> Minutes:
    """Minutes and one erratum as rows, with documents that only look signed."""
    now = timezone.now()
    document = keep_generated(content=f"%PDF-1.7 {session.pk}".encode(), name="pv.pdf", code="pdf")
    minutes: Minutes = Minutes.objects.create(
        session=session,
        payload=canonical_json(collect_minutes(session, {})),
        sha256="0" * 64,
        document=document,
        signed_by=chair,
        signed_at=now,
    )
    Erratum.objects.create(
        minutes=minutes, number=1, text="Lire « six ».", document=document, signed_by=chair, signed_at=now
    )
    return minutes
