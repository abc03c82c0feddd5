"""Files walked at random by the door through which states change, with the rows that the stages above leave."""

from __future__ import annotations

import uuid
from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from referencing.candidature.core.clock import add_business_days
from referencing.candidature.enums import CandidatureState as State
from referencing.candidature.enums import Proposal, StopReason
from referencing.candidature.models import Candidature, ClockStop
from referencing.commission.enums import OpinionKind, PointOutcome
from referencing.commission.models import AgendaPoint, CommissionSession, Opinion
from referencing.decision.enums import DecisionKind
from referencing.listing.models import Listing
from tests.factories import make_agent
from tests.trust.factories import make_decision

#: What may be fired from each state, and with which arguments beside `at`.
STEPS: dict[str, list[str]] = {
    State.APPLIED: ["take_charge", "cancel"],
    State.ADMISSIBILITY: ["declare_admissible", "declare_inadmissible", "withdraw"],
    State.EVALUATION: ["conclude", "conclude", "lapse", "pre_list", "withdraw"],
    State.READY_COMMISSION: ["reopen", "schedule"],
    State.SCHEDULED: ["postpone", "adjourn", "give_opinion"],
    State.OPINION: ["transmit", "re_examine"],
    State.MINISTER: ["approve", "refuse"],
    State.APPROVED: ["publish"],
}
WITHOUT_TIME = {"reopen", "schedule", "postpone", "adjourn", "give_opinion", "re_examine", "transmit", "approve"}


class Walker:
    """Takes one file a step further each time, with the rows that the stages above write beside the transition."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.agent = make_agent(Role.LISTING_TEAM)

    def step(self, file: Candidature, *, at: Any) -> bool:
        """False when the file has come to an end."""
        if not (names := STEPS.get(file.state)):
            return False
        name = self.random.choice(names)
        said: dict[str, Any] = {} if name in WITHOUT_TIME else {"at": at}
        if name == "take_charge":
            said["by"] = self.agent
        if name == "conclude":
            said["proposal"] = Proposal.FAVOURABLE
        if file.state == State.EVALUATION and self.random.random() < 0.5:
            ClockStop.objects.create(
                candidature=file, reason=StopReason.ANSWERS, started_at=at - timedelta(days=9), ended_at=at
            )
        if name == "give_opinion":
            self._opinion(file, at)
        if name in ("approve", "refuse"):
            kind = DecisionKind.LISTING if name == "approve" else DecisionKind.REFUSAL
            make_decision(number=str(uuid.uuid4())[:18], kind=kind, enrolment=file.enrolment, signed_at=at)
        workflow.fire(file, name, actor=None, **said)
        if name == "publish":
            day = timezone.localdate(at)
            Listing.objects.create(
                enrolment=file.enrolment,
                decision=file.decisions.get(),
                published_on=day,
                ends_on=add_business_days(day, 250),
            )
        return True

    def _opinion(self, file: Candidature, at: Any) -> None:
        session = CommissionSession.objects.create(held_at=at, place="Paris", created_by=self.agent)
        point = AgendaPoint.objects.create(
            session=session,
            candidature=file,
            position=1,
            outcome=PointOutcome.OPINION,
            added_by=self.agent,
            added_at=at,
            ended_at=at,
        )
        Opinion.objects.create(
            candidature=file,
            point=point,
            kind=self.random.choice(OpinionKind.values),
            payload=b"{}",
            sha256="0" * 64,
            seal=b"-",
            schema=1,
            given_at=at,
        )
