"""The commission of the demo world: its nine seats, each with one of the demo’s people."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.models import User
from referencing.commission.models import Seat, Term
from referencing.commission.services.members import appoint

#: Who holds which seat, in the order of the seats.
PEOPLE = (
    "presidence-dns@commission.example",
    "presidence-cnam@commission.example",
    *(f"membre{number}@commission.example" for number in range(1, 8)),
)
#: Terms began a while ago, so that past sessions of the demo can be held.
AGE_DAYS = 380


def create_demo_commission() -> None:
    """Load the seats and give each to its person; running it again changes nothing."""
    refuse_outside_demo()
    call_command("load_commission", verbosity=0)
    started_on = timezone.localdate() - timedelta(days=AGE_DAYS)
    for seat, email in zip(Seat.objects.order_by("position"), PEOPLE, strict=True):
        if not Term.objects.filter(seat=seat).exists():
            appoint(
                seat_id=seat.pk,
                person=User.objects.get(email=email),
                started_on=started_on,
                act_reference="Arrêté de démonstration",
                actor=None,
            )
