"""Votes of the commission: rounds, voices, casting vote (BR-151 to BR-156, A-27, A-29).

Who voted is kept (`Ballot`); what they said too when the vote is open. In a secret vote only totals remain: see
docs/commission.md for what that secret holds against, and what not. No choice ever stands in the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.commission.core.voting import ABSTENTION, OPINIONS, Ending, Round, count_round
from referencing.commission.models import AgendaPoint, Ballot, Seat, SecretBallot, Vote
from referencing.commission.rules import can_chair, can_run
from referencing.commission.selectors.deliberation import Bench, load_bench, newest_vote
from referencing.commission.selectors.room import chair_of, find_chair
from referencing.commission.services.points import find_closed, find_strangers, lock_point, lock_run_point

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from convergence.accounts.models import User

CLOSED = Blocker("vote_closed", "Ce scrutin est clos.")


@transaction.atomic
def open_vote(*, point_id: UUID, is_secret: bool, actor: User) -> Vote:
    """Open the next round; limited to the leading opinions of the one before, unless that one was void.

    Raises AgendaPoint.DoesNotExist, PermissionDenied, or TransitionRefused with every reason: deliberation not begun,
    somebody without a voice inside, no quorum on this file (BR-151) unless convoked a second time (BR-152).
    """
    point = lock_run_point(point_id, actor)
    bench = load_bench(point, at=timezone.now())
    previous = newest_vote(point)
    if blockers := find_opening_blockers(point, bench, previous):
        raise TransitionRefused(blockers)
    vote: Vote = Vote.objects.create(
        point=point,
        round=previous.round + 1 if previous else 1,
        is_secret=is_secret,
        options=_next_options(previous),
        opened_by=actor,
        opened_at=timezone.now(),
    )
    record("vote.open", subject=vote, actor=actor, data={"round": vote.round, "is_secret": is_secret})
    return vote


def find_opening_blockers(point: AgendaPoint, bench: Bench, previous: Vote | None) -> list[Blocker]:
    """Every reason not to open a round now."""
    if blockers := find_closed(point):
        return blockers
    if point.deliberated_at is None:
        blockers.append(Blocker("not_deliberating", "Commencez d’abord le délibéré."))
    blockers += find_strangers(point, bench)
    if previous is not None:
        if previous.closed_at is None:
            blockers.append(Blocker("vote_open", "Un scrutin est déjà ouvert sur ce point."))
        elif previous.result:
            blockers.append(Blocker("decided", "L’avis de la commission est déjà acquis sur ce point."))
        elif previous.tally.get("ending") == Ending.TIE.value:
            blockers.append(
                Blocker("tie", "Les voix sont à égalité : la présidence départage, ou le point est reporté.")
            )
    if not bench.quorum.is_met:
        counted, needed = bench.quorum.counted, bench.quorum.needed
        blockers.append(
            Blocker(
                "no_quorum",
                f"Le quorum n’est pas atteint sur ce dossier : {counted} membre{'s' if counted > 1 else ''} "
                f"présent{'s' if counted > 1 else ''} ou représenté{'s' if counted > 1 else ''}, {needed} nécessaires.",
            )
        )
    return blockers


def _next_options(previous: Vote | None) -> list[str]:
    if previous is None:
        return list(OPINIONS)
    return list(previous.tally.get("leaders") or previous.options)


@transaction.atomic
def cast(*, vote_id: UUID, seat: str, choice: str, wants_dissent_noted: bool = False, actor: User) -> Ballot:
    """Cast the voice of a seat from one’s own device: one’s own, or that of the seat whose mandate one holds, each apart.

    Raises Vote.DoesNotExist, or TransitionRefused: vote closed, no voice for that seat (recused, without term or
    declaration, absent: BR-153, BR-159), already cast, opinion not offered.
    """
    vote = _lock_vote(vote_id, actor)
    now = timezone.now()
    bench = load_bench(vote.point, at=now)
    blockers = _find_voice_blockers(vote, bench, {seat: choice})
    if not blockers and seat not in bench.voices_of(actor):
        blockers.append(_no_voice(seat))
    if wants_dissent_noted and vote.is_secret:
        blockers.append(Blocker("secret", "Un désaccord ne se mentionne pas dans un scrutin secret."))
    if blockers:
        raise TransitionRefused(blockers)
    dissents = {seat} if wants_dissent_noted else set()
    (ballot,) = _keep(vote, bench, {seat: choice}, dissents=dissents, recorded_by=None, at=now)
    record("vote.cast", subject=vote, actor=actor, data={"seat": seat, "is_by_mandate": ballot.is_by_mandate})
    return ballot


@transaction.atomic
def record_voices(
    *, vote_id: UUID, choices: Mapping[str, str], dissents: Collection[str] = (), actor: User
) -> list[Ballot]:
    """Write down the voices of an open vote taken by a show of hands: `choices` by seat, `dissents` to be mentioned.

    By the secretary. Raises Vote.DoesNotExist, PermissionDenied, or TransitionRefused; nothing is kept then.
    """
    vote = _lock_vote(vote_id, actor)
    if not can_run(actor, vote):
        raise PermissionDenied("record_voices")
    now = timezone.now()
    bench = load_bench(vote.point, at=now)
    blockers = _find_voice_blockers(vote, bench, choices)
    if vote.is_secret:
        blockers.append(Blocker("secret", "Dans un scrutin secret, chaque membre vote de son propre poste."))
    if not choices:
        blockers.append(Blocker("no_choice", "Indiquez au moins une voix."))
    if blockers:
        raise TransitionRefused(blockers)
    ballots = _keep(vote, bench, choices, dissents=dissents, recorded_by=actor, at=now)
    record("vote.record", subject=vote, actor=actor, data={"seats": sorted(choices)})
    return ballots


def _no_voice(seat: str) -> Blocker:
    return Blocker("no_voice", "Ce siège n’a pas de voix que vous puissiez exprimer sur ce dossier.", f"#id_{seat}")


def _find_voice_blockers(vote: Vote, bench: Bench, choices: Mapping[str, str]) -> list[Blocker]:
    if vote.closed_at is not None:
        return [CLOSED]
    if closed := find_closed(vote.point):
        return closed
    blockers = []
    cast_already = set(vote.ballots.values_list("seat__code", flat=True))
    for seat, choice in choices.items():
        if seat not in bench.voices:
            blockers.append(_no_voice(seat))
        elif seat in cast_already:
            blockers.append(Blocker("already_voted", "La voix de ce siège est déjà exprimée.", f"#id_{seat}"))
        if choice not in (*vote.options, ABSTENTION):
            blockers.append(Blocker("choice", "Choisissez un des avis mis aux voix, ou l’abstention.", f"#id_{seat}"))
    return blockers


def _keep(
    vote: Vote,
    bench: Bench,
    choices: Mapping[str, str],
    *,
    dissents: Collection[str],
    recorded_by: User | None,
    at: datetime,
) -> list[Ballot]:
    seats = {seat.code: seat for seat in Seat.objects.filter(code__in=choices)}
    ballots = Ballot.objects.bulk_create(
        Ballot(
            vote=vote,
            seat=seats[code],
            cast_by_id=bench.voices[code].person,
            is_by_mandate=bench.voices[code].is_by_mandate,
            recorded_by=recorded_by,
            choice="" if vote.is_secret else choice,
            wants_dissent_noted=code in dissents,
            cast_at=at,
        )
        for code, choice in choices.items()
    )
    if vote.is_secret:
        _shuffle_in(vote, list(choices.values()))
    return ballots


def _shuffle_in(vote: Vote, choices: Sequence[str]) -> None:
    """Write every secret voice of the round again, in a random order and in one transaction: rows, keys and transaction
    numbers say nothing of who added which."""
    voices = [*SecretBallot.objects.filter(vote=vote).order_by("pk").values_list("choice", flat=True), *choices]
    SystemRandom().shuffle(voices)
    SecretBallot.objects.filter(vote=vote).delete()
    SecretBallot.objects.bulk_create(SecretBallot(vote=vote, choice=choice) for choice in voices)


@transaction.atomic
def close_vote(*, vote_id: UUID, actor: User) -> Vote:
    """Count and freeze: quorum, totals, and the opinion when it has the majority (CRPA R.133-11).

    On a tie of an open vote, the voice of whoever presides decides at once when it is one of the two (BR-155); else they
    are asked (`decide_tie`). Raises Vote.DoesNotExist, PermissionDenied, or TransitionRefused.
    """
    vote = _lock_run_vote(vote_id, actor)
    now = timezone.now()
    bench = load_bench(vote.point, at=now)
    ballots = list(vote.ballots.select_related("seat").order_by("seat__position"))
    if blockers := _find_closing_blockers(vote, bench, ballots):
        raise TransitionRefused(blockers)
    counted = {*bench.voices, *(ballot.seat.code for ballot in ballots)}
    told = count_round(_read_choices(vote, ballots), voices=len(counted), options=vote.options)
    vote.closed_at = now
    vote.tally = _say_round(told)
    vote.result = told.result
    chair = chair_of(vote.point, bench.room)
    vote.quorum = _say_quorum(vote.point, bench, chair)
    if told.ending is Ending.TIE and (choice := _voice_of(chair, ballots)) in told.leaders:
        vote.result, vote.has_casting_vote, vote.decided_by_id = choice, True, chair
    if vote.is_secret:  # before the closing, after which the database lets no voice out
        SecretBallot.objects.filter(vote=vote).delete()
    vote.save()
    record("vote.close", subject=vote, actor=actor, data={"round": vote.round, "ending": told.ending.value})
    return vote


def _find_closing_blockers(vote: Vote, bench: Bench, ballots: Sequence[Ballot]) -> list[Blocker]:
    if vote.closed_at is not None:
        return [CLOSED]
    blockers = []
    barred = {facts.seat for facts in bench.seats if facts.holder is not None and facts.is_barred}
    givers = {facts.seat for facts in bench.seats if facts.giver_is_barred}
    recused = set(vote.point.candidature.recusals.values_list("person", flat=True))
    for ballot in ballots:
        if ballot.cast_by_id in recused or ballot.seat.code in (givers if ballot.is_by_mandate else barred):
            blockers.append(
                Blocker(
                    "voice_barred",
                    f"« {ballot.seat.title} » a voté, puis s’est déporté : annulez ce scrutin et votez de nouveau.",
                )
            )
    if not ballots:
        blockers.append(Blocker("no_voice_cast", "Aucune voix n’est exprimée."))
    counted = len({*bench.voices, *(ballot.seat.code for ballot in ballots)})
    if counted < bench.quorum.needed:
        blockers.append(Blocker("no_quorum", "Le quorum n’est plus atteint sur ce dossier : annulez ce scrutin."))
    return blockers


def _read_choices(vote: Vote, ballots: Sequence[Ballot]) -> list[str]:
    """Raises ValueError when secret voices and voters differ in number: neither can be counted."""
    if not vote.is_secret:
        return [ballot.choice for ballot in ballots]
    choices = list(SecretBallot.objects.filter(vote=vote).order_by("pk").values_list("choice", flat=True))
    if len(choices) != len(ballots):
        raise ValueError(f"vote {vote.pk}: {len(choices)} secret voices for {len(ballots)} voters")
    return choices


def _voice_of(chair: UUID | None, ballots: Sequence[Ballot]) -> str:
    own = (each for each in ballots if each.cast_by_id == chair and not each.is_by_mandate)
    return next((ballot.choice for ballot in own), "")


def _say_quorum(point: AgendaPoint, bench: Bench, chair: UUID | None) -> dict[str, Any]:
    quorum = bench.quorum
    return {
        "present": list(quorum.present),
        "represented": list(quorum.represented),
        "needed": quorum.needed,
        "denominator": quorum.denominator,
        "is_met": quorum.is_met,
        "is_second_convocation": point.is_second_convocation,
        "presiding": str(chair or ""),
    }


def _say_round(told: Round) -> dict[str, Any]:
    return {
        "counts": dict(told.counts),
        "abstentions": told.abstentions,
        "not_cast": told.not_cast,
        "voices": told.voices,
        "needed": told.needed,
        "ending": told.ending.value,
        "leaders": list(told.leaders),
    }


@transaction.atomic
def decide_tie(*, vote_id: UUID, choice: str, actor: User) -> Vote:
    """The casting vote of whoever presides on this point, said aloud even after a secret vote (BR-155, OQ-09).

    By that person, or by the secretary who writes it down. Raises Vote.DoesNotExist, PermissionDenied, or
    TransitionRefused: no tie, an opinion that is not one of the two, nobody who may preside (the point is postponed).
    """
    vote = _lock_vote(vote_id, actor)
    chair = find_chair(vote.point, at=timezone.now())
    if actor.pk != chair and not can_run(actor, vote):
        raise PermissionDenied("decide_tie")
    blockers = find_closed(vote.point)
    if vote.closed_at is None or vote.result or vote.tally.get("ending") != Ending.TIE.value:
        blockers.append(Blocker("no_tie", "Ce scrutin n’a pas à être départagé."))
    elif choice not in vote.tally["leaders"]:
        blockers.append(Blocker("choice", "Choisissez l’un des deux avis à égalité.", "#id_choice"))
    if chair is None:
        blockers.append(
            Blocker(
                "no_presidency", "Aucun des deux coprésidents ne peut départager sur ce dossier : reportez le point."
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    vote.result, vote.has_casting_vote, vote.decided_by_id = choice, True, chair
    vote.save(update_fields=["result", "has_casting_vote", "decided_by"])
    record("vote.decide", subject=vote, actor=actor, data={"result": choice})
    return vote


@transaction.atomic
def void_vote(*, vote_id: UUID, reason: str, actor: User) -> Vote:
    """Give up an open round that cannot be counted, with its reason; its voices count for nothing, another follows."""
    vote = _lock_run_vote(vote_id, actor)
    blockers = [CLOSED] if vote.closed_at is not None else []
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez pourquoi ce scrutin est annulé.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    SecretBallot.objects.filter(vote=vote).delete()
    vote.closed_at, vote.void_reason = timezone.now(), reason.strip()
    vote.save()
    record("vote.void", subject=vote, actor=actor, reason=vote.void_reason)
    return vote


def _lock_vote(vote_id: UUID, actor: User) -> Vote:
    """The vote, its point and file locked, whoever sees the point. Raises Vote.DoesNotExist."""
    found = Vote.objects.filter(pk=vote_id).values_list("point", flat=True).first()
    if found is None:
        raise Vote.DoesNotExist(vote_id)
    try:
        point = lock_point(found, actor)
    except AgendaPoint.DoesNotExist as hidden:
        raise Vote.DoesNotExist(vote_id) from hidden
    vote: Vote = Vote.objects.select_for_update().get(pk=vote_id)
    vote.point = point
    return vote


def _lock_run_vote(vote_id: UUID, actor: User) -> Vote:
    vote = _lock_vote(vote_id, actor)
    if not can_chair(actor, vote):
        raise PermissionDenied("run_vote")
    return vote
