"""Who holds the ball of a file whose reservations are to be lifted."""

from __future__ import annotations

from referencing.candidature.enums import CandidatureState, Holder
from referencing.candidature.models import Candidature
from referencing.candidature.services.standing import hand_to
from referencing.commission.enums import ReservationState
from referencing.commission.models import Reservation


def hand_reservations(candidature: Candidature) -> None:
    """The editor until every suspensive reservation is answered, then the listing team. Others hold nobody’s ball: a file
    goes on with its other reservations open. The candidature is locked by the caller."""
    if candidature.state != CandidatureState.RESERVATIONS:
        return
    standing = list(Reservation.objects.filter(candidature=candidature).standing().suspensive().in_order())
    waiting = [each.due_on for each in standing if each.state == ReservationState.OPEN]
    if waiting:
        hand_to(candidature, Holder.EDITOR, due_on=min(waiting))
    else:
        hand_to(candidature, Holder.LISTING_TEAM, due_on=None)
