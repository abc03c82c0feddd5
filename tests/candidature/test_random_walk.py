"""Random walks of a file against a model, roles included (R5): what the model allows is done, what it forbids is refused.

`WALK_STEPS` sets how many steps are walked; the default keeps the suite short, 10,000 is the figure to reach.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from convergence.accounts.enums import MembershipType, Role, Theme
from convergence.accounts.models import RoleAssignment, User
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.candidature import services
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.core.standing import find_standing
from referencing.candidature.enums import OPEN_STATES, WITHDRAWABLE_STATES, Outcome, Proposal, RequestKind, Severity
from referencing.candidature.enums import CandidatureState as State
from referencing.candidature.enums import NonConformityState as Gap
from referencing.candidature.models import Candidature, ComplementItem, ComplementRequest, NonConformity, Verdict
from referencing.candidature.services.admission import declare_admissible, declare_inadmissible
from referencing.candidature.services.answering import save_item, save_reply, send_answers, send_reply
from referencing.candidature.services.asking import open_request, withdraw_request
from referencing.candidature.services.conclusion import conclude, reopen
from referencing.candidature.services.non_conformities import (
    lift_non_conformity,
    maintain_non_conformity,
    open_non_conformity,
    reopen_non_conformity,
)
from referencing.candidature.services.reviewing import conclude_theme, give_verdict, reopen_theme
from referencing.candidature.services.standing import load_facts
from tests.candidature.factories import make_candidature
from tests.factories import DemarcheFactory, OrganisationFactory, make_agent, make_member

STEPS = int(os.environ.get("WALK_STEPS", "400"))
STEPS_PER_WALK = 50
REFUSALS = (TransitionRefused, PermissionDenied, ObjectDoesNotExist, services.UnknownCriterion)
SETTINGS = {
    "instruction": {
        "reason_templates": {
            "inadmissible": [{"code": "hors-champ", "label": "Hors champ", "text": "Hors champ.", "ineligible": True}]
        },
        "blocking_severities": ["major"],
    }
}
TEAM, EXPERT, EDITOR = "team", "expert", "editor"
PEOPLE = [TEAM, EXPERT, EDITOR, "other_expert", "contributor", "stranger", "support", "tests"]


@dataclass
class World:
    """Made once; every walk begins from it and is taken back."""

    file: Candidature
    people: dict[str, User]
    theme: str
    """The expert’s only theme."""
    themes: dict[str, list[str]]
    """Criteria by theme."""
    obligations: set[str]


def make_world() -> World:
    DemarcheFactory(settings=SETTINGS)
    expert, team = make_agent(Role.EXPERT, Theme.INTEROPERABILITE), make_agent(Role.LISTING_TEAM)
    file, editor = make_candidature(State.APPLIED, complete=False)
    organisation = file.enrolment.product.organisation
    themes: dict[str, list[str]] = {}
    for each in load_criteria(file):
        themes.setdefault(each.theme, []).append(each.code)
    RoleAssignment.objects.filter(user=expert).exclude(theme=Theme.INTEROPERABILITE).delete()
    return World(
        file=file,
        people={
            TEAM: team,
            EXPERT: expert,
            EDITOR: editor,
            "other_expert": make_agent(Role.EXPERT, Theme.INTEROPERABILITE),
            "contributor": make_member(organisation, MembershipType.SALARIE),
            "stranger": make_member(OrganisationFactory()),
            "support": make_agent(Role.SUPPORT),
            "tests": make_agent(Role.TESTS),
        },
        theme=Theme.INTEROPERABILITE.value,
        themes=themes,
        obligations={each.code for each in load_criteria(file) if each.nature == "obligation"},
    )


@dataclass
class Model:
    """What a file is, in plain values; no code of the platform decides here."""

    state: str = State.APPLIED
    has_expert: bool = False
    pieces: bool = False
    asked: dict[str, int] = field(default_factory=dict)
    """Criteria that wait for the editor, with the number of their request."""
    requests: int = 0
    gaps: dict[int, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    """Criteria whose content changed since their verdict."""
    concluded: set[str] = field(default_factory=set)
    moves: int = 0


def make_walk(world: World) -> type[RuleBasedStateMachine]:
    criteria = [code for codes in world.themes.values() for code in codes]
    theme_of = {code: theme for theme, codes in world.themes.items() for code in codes}
    who = st.sampled_from(PEOPLE)
    mostly_right = st.sampled_from([TEAM, TEAM, EXPERT, EDITOR, EDITOR, *PEOPLE])

    class Walk(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()
            self.block = transaction.atomic()
            self.block.__enter__()
            self.first = AuditEntry.objects.count()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

        def attempt(self, expected: bool, service: Any, **said: Any) -> bool:
            person = world.people[said.pop("by")]
            person.forget_access()
            try:
                with transaction.atomic():
                    service(actor=person, **said)
                done = True
            except REFUSALS:
                done = False
            assert done == expected, f"{service.__name__} by {person} in {self.model}: {'done' if done else 'refused'}"
            return done

        def judges(self, by: str, theme: str) -> bool:
            return by == TEAM or (by == EXPERT and self.model.has_expert and theme == world.theme)

        def in_evaluation(self) -> bool:
            return self.model.state == State.EVALUATION

        def end(self, state: str) -> None:
            self.model.state, self.model.pieces, self.model.asked = state, False, {}
            self.model.moves += 1

        def move(self, state: str) -> None:
            self.model.state = state
            self.model.moves += 1

        # the file

        @rule(by=who)
        def cancel(self, by: str) -> None:
            expected = self.model.state == State.APPLIED and by == EDITOR
            # left rarely, else most walks would be one step long
            if expected and self.model.moves == 0:
                return
            if self.attempt(expected, services.cancel, candidature_id=world.file.pk, by=by):
                self.end(State.CANCELLED)

        @rule(by=mostly_right)
        def take_charge(self, by: str) -> None:
            expected = self.model.state == State.APPLIED and by == TEAM
            if self.attempt(expected, services.take_charge, candidature_id=world.file.pk, by=by):
                self.move(State.ADMISSIBILITY)

        @rule(by=mostly_right)
        def declare_admissible(self, by: str) -> None:
            expected = self.model.state == State.ADMISSIBILITY and by == TEAM and not self.model.pieces
            if self.attempt(expected, declare_admissible, candidature_id=world.file.pk, by=by):
                self.move(State.EVALUATION)

        @rule(by=who, luck=st.integers(0, 9))
        def declare_inadmissible(self, by: str, luck: int) -> None:
            expected = self.model.state == State.ADMISSIBILITY and by == TEAM
            if expected and luck:
                return
            said = {"reasons": ["hors-champ"], "text": "Hors.", "delegation": "Article 3", "remedies": "Recours."}
            if self.attempt(expected, declare_inadmissible, candidature_id=world.file.pk, by=by, **said):
                self.end(State.INADMISSIBLE)

        @rule(by=who, luck=st.integers(0, 19))
        def withdraw(self, by: str, luck: int) -> None:
            expected = self.model.state in WITHDRAWABLE_STATES and by == EDITOR
            if expected and luck:
                return
            if self.attempt(expected, services.withdraw, candidature_id=world.file.pk, by=by):
                self.end(State.WITHDRAWN)

        @rule(by=mostly_right)
        def give_the_theme(self, by: str) -> None:
            expected = self.in_evaluation() and by == TEAM
            expert = world.people[EXPERT].pk
            if self.attempt(
                expected,
                services.assign_expert,
                candidature_id=world.file.pk,
                theme=world.theme,
                expert_id=expert,
                by=by,
            ):
                self.model.has_expert = True

        # verdicts and themes

        @rule(by=mostly_right, code=st.sampled_from(criteria), outcome=st.sampled_from(list(Outcome)))
        def give_verdict(self, by: str, code: str, outcome: Outcome) -> None:
            theme = theme_of[code]
            expected = self.in_evaluation() and self.judges(by, theme) and theme not in self.model.concluded
            row = Verdict.objects.filter(candidature=world.file, criterion=code).first()
            said = {"criterion": code, "outcome": outcome, "text": "Parce que.", "note": ""}
            if self.attempt(
                expected,
                give_verdict,
                candidature_id=world.file.pk,
                base_version=row.version if row else 0,
                by=by,
                **said,
            ):
                self.model.verdicts[code] = outcome
                self.model.stale.discard(code)

        @rule(by=mostly_right)
        def judge_the_rest(self, by: str) -> None:
            """One step that finishes what a long evaluation would: every theme that this person may judge."""
            for theme, codes in world.themes.items():
                for code in codes:
                    if self.model.verdicts.get(code) in (None, Outcome.TO_COMPLETE) or code in self.model.stale:
                        self.give_verdict(by, code, Outcome.COMPLIANT)
                self.conclude_theme(by, theme)

        def is_settled(self, code: str) -> bool:
            outcome = self.model.verdicts.get(code)
            return outcome is not None and outcome != Outcome.TO_COMPLETE and code not in self.model.stale

        @rule(by=mostly_right, theme=st.sampled_from(sorted(world.themes)))
        def conclude_theme(self, by: str, theme: str) -> None:
            expected = (
                self.in_evaluation()
                and self.judges(by, theme)
                and theme not in self.model.concluded
                and all(map(self.is_settled, world.themes[theme]))
            )
            if self.attempt(expected, conclude_theme, candidature_id=world.file.pk, theme=theme, summary="", by=by):
                self.model.concluded.add(theme)

        @rule(by=who, theme=st.sampled_from(sorted(world.themes)))
        def reopen_theme(self, by: str, theme: str) -> None:
            expected = self.in_evaluation() and self.judges(by, theme) and theme in self.model.concluded
            if self.attempt(expected, reopen_theme, candidature_id=world.file.pk, theme=theme, reason="Doute.", by=by):
                self.model.concluded.discard(theme)

        # requests

        @rule(by=mostly_right, code=st.sampled_from(criteria))
        def ask(self, by: str, code: str) -> None:
            expected = self.in_evaluation() and self.judges(by, theme_of[code]) and code not in self.model.asked
            said = {"kind": RequestKind.CRITERIA, "items": [(code, "Précisez.")], "text": "", "due_on": soon()}
            if self.attempt(expected, open_request, candidature_id=world.file.pk, by=by, **said):
                self.model.requests += 1
                self.model.asked[code] = self.model.requests

        def item_of(self, code: str) -> ComplementItem | None:
            return ComplementItem.objects.filter(
                candidature=world.file, code=code, answered_at=None, closed_at=None
            ).first()

        @rule(by=mostly_right, code=st.sampled_from(criteria))
        def answer(self, by: str, code: str) -> None:
            item = self.item_of(code)
            assert (item is not None) == (code in self.model.asked)
            if item is None:
                return
            may_write = by in (EDITOR, "contributor")
            self.attempt(
                may_write, save_item, item_id=item.pk, answer=None, comment="Voici.", base_version=item.version, by=by
            )
            expected = by == EDITOR
            if self.attempt(expected, send_answers, request_id=item.request_id, codes=[code], by=by):
                del self.model.asked[code]
                self.model.stale.add(code)

        @rule(by=mostly_right, code=st.sampled_from(criteria))
        def withdraw_request(self, by: str, code: str) -> None:
            item = self.item_of(code)
            if item is None:
                return
            expected = self.judges(by, theme_of[code])
            if self.attempt(expected, withdraw_request, request_id=item.request_id, reason="Inutile.", by=by):
                del self.model.asked[code]

        # non-conformities

        @rule(by=mostly_right, code=st.sampled_from(criteria))
        def open_gap(self, by: str, code: str) -> None:
            expected = self.in_evaluation() and self.judges(by, theme_of[code])
            said = {"criterion": code, "severity": Severity.MAJOR, "rationale": "Écart.", "due_on": soon()}
            if self.attempt(expected, open_non_conformity, candidature_id=world.file.pk, by=by, **said):
                self.model.gaps[len(self.model.gaps) + 1] = Gap.OPEN

        def gap(self, luck: int) -> NonConformity | None:
            """One of the gaps, chosen by `luck`."""
            if not self.model.gaps:
                return None
            number = sorted(self.model.gaps)[luck % len(self.model.gaps)]
            return NonConformity.objects.get(candidature=world.file, number=number)

        @rule(by=mostly_right, luck=st.integers(0, 9))
        def reply_to_gap(self, by: str, luck: int) -> None:
            if (gap := self.gap(luck)) is None:
                return
            is_open = self.in_evaluation() and self.model.gaps[gap.number] == Gap.OPEN
            may_write = is_open and by in (EDITOR, "contributor")
            self.attempt(
                may_write, save_reply, non_conformity_id=gap.pk, text="Corrigé.", base_version=gap.version, by=by
            )
            if self.attempt(is_open and by == EDITOR, send_reply, non_conformity_id=gap.pk, by=by):
                self.model.gaps[gap.number] = Gap.ANSWERED
                self.model.stale.add(gap.criterion)

        @rule(by=mostly_right, luck=st.integers(0, 9), lifts=st.booleans())
        def decide_gap(self, by: str, luck: int, lifts: bool) -> None:
            if (gap := self.gap(luck)) is None:
                return
            is_pending = self.in_evaluation() and self.model.gaps[gap.number] in (Gap.OPEN, Gap.ANSWERED)
            service = lift_non_conformity if lifts else maintain_non_conformity
            expected = is_pending and self.judges(by, gap.theme)
            if self.attempt(expected, service, non_conformity_id=gap.pk, note="Vu.", by=by):
                self.model.gaps[gap.number] = Gap.LIFTED if lifts else Gap.MAINTAINED

        @rule(by=mostly_right, luck=st.integers(0, 9))
        def reopen_gap(self, by: str, luck: int) -> None:
            if (gap := self.gap(luck)) is None:
                return
            is_decided = self.in_evaluation() and self.model.gaps[gap.number] in (Gap.LIFTED, Gap.MAINTAINED)
            expected = is_decided and self.judges(by, gap.theme)
            said = {"reason": "Doute.", "due_on": soon()}
            if self.attempt(expected, reopen_non_conformity, non_conformity_id=gap.pk, by=by, **said):
                self.model.gaps[gap.number] = Gap.OPEN

        # conclusion

        @rule(by=mostly_right, proposal=st.sampled_from(list(Proposal)))
        def conclude(self, by: str, proposal: Proposal) -> None:
            model = self.model
            is_finished = (
                self.in_evaluation()
                and model.concluded == set(world.themes)
                and all(map(self.is_settled, criteria))
                and not model.asked
            )
            has_objection = any(state != Gap.LIFTED for state in model.gaps.values()) or any(
                model.verdicts.get(code) in (Outcome.NON_COMPLIANT, Outcome.TO_COMPLETE) for code in world.obligations
            )
            expected = by == TEAM and is_finished and not (proposal == Proposal.FAVOURABLE and has_objection)
            if self.attempt(expected, conclude, candidature_id=world.file.pk, proposal=proposal, text="Vu.", by=by):
                self.move(State.READY_COMMISSION)

        @rule(by=mostly_right)
        def reopen(self, by: str) -> None:
            expected = model_is(self.model, State.READY_COMMISSION) and by == TEAM
            if self.attempt(expected, reopen, candidature_id=world.file.pk, reason="Oubli.", by=by):
                self.move(State.EVALUATION)

        @invariant()
        def database_says_the_same(self) -> None:
            file = Candidature.objects.select_related("enrolment__demarche", "dossier").get(pk=world.file.pk)
            assert file.state == self.model.state
            assert file.waiting_for == find_standing(load_facts(file)).holder
            assert (file.closed_at is not None) == (file.state not in OPEN_STATES)
            waiting = ComplementRequest.objects.filter(candidature=file, state="open").count()
            assert waiting == len(self.model.asked) + self.model.pieces
            fired = AuditEntry.objects.about(file).filter(action__in=MOVES).count()
            assert fired == self.model.moves
            for code in self.model.verdicts:
                judged = find_criterion(load_criteria(file), code)
                row = Verdict.objects.get(candidature=file, criterion=code)
                assert judged is not None
                assert (row.content_sha256 != judged.content_sha256) == (code in self.model.stale)

    return Walk


MOVES = [
    f"candidature.{name}"
    for name in (
        "cancel",
        "take_charge",
        "declare_admissible",
        "declare_inadmissible",
        "withdraw",
        "conclude",
        "reopen",
    )
]


def model_is(model: Model, state: str) -> bool:
    return model.state == state


def soon() -> Any:
    return timezone.localdate() + timedelta(days=9)


@pytest.mark.django_db
def test_random_walks_never_leave_the_model():
    walk = make_walk(make_world())

    run_state_machine_as_test(
        walk,
        settings=settings(
            max_examples=max(1, STEPS // STEPS_PER_WALK),
            stateful_step_count=STEPS_PER_WALK,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
