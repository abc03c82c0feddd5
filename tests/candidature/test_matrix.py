"""The workflow of a file as data: for each (state, person, action), allowed or not, asked of the real services (must-show 2).

Rows are T15–T24 and T35 as the amendments leave them, and what may be done to the children of a file. The connection tests
(X1–X9) have their own table in test_connection_campaigns.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role, Theme
from convergence.accounts.models import RoleAssignment, User
from convergence.kernel.errors import TransitionRefused
from convergence.products.models import Product
from referencing.candidature import services
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import CandidatureState as State
from referencing.candidature.enums import NonConformityState, Outcome, Proposal, RequestKind, Severity
from referencing.candidature.models import (
    Candidature,
    ComplementItem,
    ComplementRequest,
    NonConformity,
)
from referencing.candidature.services.admission import GivenAnswer, declare_admissible, declare_inadmissible
from referencing.candidature.services.answering import save_item, save_reply, send_answers, send_reply
from referencing.candidature.services.asking import (
    ask_extension,
    open_request,
    send_formal_reminder,
    withdraw_request,
)
from referencing.candidature.services.conclusion import conclude, reopen
from referencing.candidature.services.ending import lapse
from referencing.candidature.services.non_conformities import (
    lift_non_conformity,
    maintain_non_conformity,
    open_non_conformity,
    reopen_non_conformity,
)
from referencing.candidature.services.prelisting import pre_list
from referencing.candidature.services.reviewing import conclude_theme, give_verdict, reopen_theme
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import Enrolment
from tests.candidature.factories import conclude_themes, make_candidature
from tests.factories import DemarcheFactory, OrganisationFactory, make_agent, make_member

pytestmark = pytest.mark.django_db

THEME, CRITERION = "interoperabilite", "A06.1.2"
SETTINGS = {
    "instruction": {
        "checklist": [{"code": "description", "label": "Le produit est bien décrit", "missing_piece": "Décrivez-le."}],
        "reason_templates": {
            "inadmissible": [{"code": "hors-champ", "label": "Hors champ", "text": "Hors champ.", "ineligible": True}]
        },
        "blocking_severities": ["major"],
    }
}


@dataclass
class Scene:
    """One file, rolled back after each attempt."""

    file: Candidature
    manager: User
    verifier: User

    @property
    def today(self):
        return timezone.localdate()

    def request(self, *, is_late: bool = False, kind: str = "") -> ComplementRequest:
        """An open request of the kind that the state allows; `is_late`: after a formal reminder whose delay is over."""
        kind = kind or (RequestKind.PIECES if self.file.state == State.ADMISSIBILITY else RequestKind.CRITERIA)
        now = timezone.now()
        request = ComplementRequest.objects.create(
            candidature=self.file,
            number=1,
            kind=kind,
            due_on=self.today + timedelta(days=-20 if is_late else 9),
            requested_by=self.verifier,
            requested_at=now - timedelta(days=30),
            formal_reminder_at=now - timedelta(days=15) if is_late else None,
            grace_until=self.today - timedelta(days=2) if is_late else None,
        )
        code = "description" if kind == RequestKind.PIECES else CRITERION
        ComplementItem.objects.create(
            request=request,
            candidature=self.file,
            position=1,
            code=code,
            theme="" if kind == RequestKind.PIECES else THEME,
            title="Point",
            question="Précisez.",
            comment="Voici.",
        )
        return request

    def gap(self, state: str = NonConformityState.OPEN) -> NonConformity:
        return NonConformity.objects.create(
            candidature=self.file,
            number=1,
            theme=THEME,
            criterion=CRITERION,
            title="Critère",
            severity=Severity.MAJOR,
            state=state,
            rationale="Écart.",
            reply="Corrigé.",
            due_on=self.today + timedelta(days=9),
            opened_by=self.verifier,
            opened_at=timezone.now(),
        )

    def conclude_themes(self) -> None:
        conclude_themes(self.file, self.verifier)

    def judge(self) -> None:
        for each in load_criteria(self.file):
            if each.theme == THEME:
                give_verdict(
                    candidature_id=self.file.pk,
                    criterion=each.code,
                    outcome=Outcome.COMPLIANT,
                    text="",
                    note="",
                    base_version=0,
                    actor=self.verifier,
                )

    def make_producer(self) -> None:
        Enrolment.objects.filter(pk=self.file.enrolment_id).update(white_label=WhiteLabelRole.PRODUCER)
        self.conclude_themes()


Act = Callable[[Scene, User], Any]


@dataclass(frozen=True)
class Line:
    """Who may do it in which states; `act` prepares nothing, `prepare` sets the scene when the state allows it."""

    states: tuple[str, ...]
    people: tuple[str, ...]
    act: Act
    prepare: Callable[[Scene], Any] = lambda scene: None


TEAM = ("listing_team",)
JUDGES = ("listing_team", "expert")
EDITORS = ("responsable", "mandataire")
MEMBERS = ("contributeur", "valideur", "responsable", "mandataire")
INSTRUCTED = (State.ADMISSIBILITY, State.EVALUATION)


def by_pk(service: Callable[..., Any], **said: Any) -> Act:
    return lambda scene, actor: service(candidature_id=scene.file.pk, actor=actor, **said)


def on_request(service: Callable[..., Any], **said: Any) -> Act:
    return lambda scene, actor: service(request_id=scene.file.requests.get().pk, actor=actor, **said)


def on_gap(service: Callable[..., Any], **said: Any) -> Act:
    return lambda scene, actor: service(non_conformity_id=scene.file.non_conformities.get().pk, actor=actor, **said)


def tomorrow() -> Any:
    return timezone.localdate() + timedelta(days=9)


MATRIX: dict[str, Line] = {
    # T15, T16
    "cancel": Line((State.APPLIED,), EDITORS, by_pk(services.cancel)),
    "take_charge": Line((State.APPLIED,), TEAM, by_pk(services.take_charge)),
    # T17, T17b, T18
    "declare_admissible": Line(
        (State.ADMISSIBILITY,),
        TEAM,
        by_pk(declare_admissible),
        lambda scene: services.answer_checklist(
            candidature_id=scene.file.pk, answers={"description": GivenAnswer("yes")}, actor=scene.verifier
        ),
    ),
    "ask_pieces": Line(
        (State.ADMISSIBILITY,),
        TEAM,
        lambda scene, actor: open_request(
            candidature_id=scene.file.pk,
            kind=RequestKind.PIECES,
            items=[("description", "Décrivez-le.")],
            text="",
            due_on=tomorrow(),
            actor=actor,
        ),
    ),
    "declare_inadmissible": Line(
        (State.ADMISSIBILITY,),
        TEAM,
        by_pk(declare_inadmissible, reasons=["hors-champ"], text="Hors.", delegation="Article 3", remedies="Recours."),
    ),
    # T19, T20 and the life of a request
    "ask_complements": Line(
        (State.EVALUATION,),
        JUDGES,
        lambda scene, actor: open_request(
            candidature_id=scene.file.pk,
            kind=RequestKind.CRITERIA,
            items=[(CRITERION, "Précisez.")],
            text="",
            due_on=tomorrow(),
            actor=actor,
        ),
    ),
    "prepare_answer": Line(
        INSTRUCTED,
        MEMBERS,
        lambda scene, actor: save_item(
            item_id=ComplementItem.objects.get(candidature=scene.file).pk,
            answer=None,
            comment="Voici la suite.",
            base_version=1,
            actor=actor,
        ),
        lambda scene: scene.request(),
    ),
    "send_answers": Line(
        INSTRUCTED,
        EDITORS,
        lambda scene, actor: send_answers(
            request_id=scene.file.requests.get().pk,
            codes=[ComplementItem.objects.get(candidature=scene.file).code],
            actor=actor,
        ),
        lambda scene: scene.request(),
    ),
    "ask_extension": Line(
        INSTRUCTED,
        EDITORS,
        lambda scene, actor: ask_extension(
            request_id=scene.file.requests.get().pk,
            wanted_on=timezone.localdate() + timedelta(days=30),
            reason="Congés.",
            actor=actor,
        ),
        lambda scene: scene.request(),
    ),
    "withdraw_complements": Line(
        (State.EVALUATION,), JUDGES, on_request(withdraw_request, reason="Inutile."), lambda scene: scene.request()
    ),
    "withdraw_pieces": Line(
        (State.ADMISSIBILITY,), TEAM, on_request(withdraw_request, reason="Inutile."), lambda scene: scene.request()
    ),
    "formal_reminder": Line(
        INSTRUCTED,
        TEAM,
        lambda scene, actor: send_formal_reminder(
            request_id=scene.file.requests.get().pk, grace_until=tomorrow(), actor=actor
        ),
        lambda scene: ComplementRequest.objects.filter(pk=scene.request(is_late=True).pk).update(
            formal_reminder_at=None, grace_until=None
        ),
    ),
    # T21, T22
    "open_gap": Line(
        (State.EVALUATION,),
        JUDGES,
        lambda scene, actor: open_non_conformity(
            candidature_id=scene.file.pk,
            criterion=CRITERION,
            severity=Severity.MAJOR,
            rationale="Écart.",
            due_on=tomorrow(),
            actor=actor,
        ),
    ),
    "prepare_reply": Line(
        (State.EVALUATION,),
        MEMBERS,
        on_gap(save_reply, text="Corrigé depuis.", base_version=1),
        lambda scene: scene.gap(),
    ),
    "send_reply": Line((State.EVALUATION,), EDITORS, on_gap(send_reply), lambda scene: scene.gap()),
    "lift_gap": Line(
        (State.EVALUATION,),
        JUDGES,
        on_gap(lift_non_conformity, note="Vu."),
        lambda scene: scene.gap(NonConformityState.ANSWERED),
    ),
    "maintain_gap": Line(
        (State.EVALUATION,),
        JUDGES,
        on_gap(maintain_non_conformity, note="Insuffisant."),
        lambda scene: scene.gap(NonConformityState.ANSWERED),
    ),
    "reopen_gap": Line(
        (State.EVALUATION,),
        JUDGES,
        lambda scene, actor: reopen_non_conformity(
            non_conformity_id=scene.file.non_conformities.get().pk, reason="Doute.", due_on=tomorrow(), actor=actor
        ),
        lambda scene: scene.gap(NonConformityState.LIFTED),
    ),
    # verdicts and themes (BR-110, BR-112)
    "give_verdict": Line(
        (State.EVALUATION,),
        JUDGES,
        by_pk(give_verdict, criterion=CRITERION, outcome=Outcome.COMPLIANT, text="", note="", base_version=0),
    ),
    "conclude_theme": Line(
        (State.EVALUATION,),
        JUDGES,
        by_pk(conclude_theme, theme=THEME, summary="Vu."),
        lambda scene: scene.judge(),
    ),
    "reopen_theme": Line(
        (State.EVALUATION,),
        JUDGES,
        by_pk(reopen_theme, theme=THEME, reason="Doute."),
        lambda scene: scene.conclude_themes(),
    ),
    "take_back_theme": Line((State.EVALUATION,), TEAM, by_pk(services.assign_expert, theme=THEME, expert_id=None)),
    # T23, T24, T24c
    "pre_list": Line((State.EVALUATION,), TEAM, by_pk(pre_list, expires_on=None), lambda scene: scene.make_producer()),
    "conclude": Line(
        (State.EVALUATION,),
        TEAM,
        by_pk(conclude, proposal=Proposal.FAVOURABLE, text="Vu."),
        lambda scene: scene.conclude_themes(),
    ),
    "reopen": Line((State.READY_COMMISSION,), TEAM, by_pk(reopen, reason="Document oublié.")),
    # T35
    "withdraw": Line(
        (*INSTRUCTED, State.READY_COMMISSION, State.SCHEDULED, State.OPINION, State.RESERVATIONS, State.MINISTER),
        EDITORS,
        by_pk(services.withdraw),
    ),
    "lapse": Line(INSTRUCTED, TEAM, by_pk(lapse, reason="Sans réponse."), lambda scene: scene.request(is_late=True)),
}


@pytest.fixture
def people() -> dict[str, User]:
    """Everybody who may be met, but those of the file’s organisation."""
    expert = make_agent(Role.EXPERT, Theme.INTEROPERABILITE)
    for theme in Theme.values:
        RoleAssignment.objects.get_or_create(user=expert, role=Role.EXPERT, theme=theme)
    agents = {role.value: make_agent(role) for role in Role if role not in (Role.EXPERT, Role.LISTING_TEAM)}
    return {
        "listing_team": make_agent(Role.LISTING_TEAM),
        "expert": expert,
        "other_expert": make_agent(Role.EXPERT, Theme.INTEROPERABILITE),
        **agents,
        "stranger": make_member(OrganisationFactory()),
    }


STATES = [state for state in State if state != State.NEW]


@pytest.mark.rule("BR-112")
@pytest.mark.parametrize("state", STATES)
def test_each_action_is_for_its_people_in_its_states(state: State, people: dict[str, User]):
    DemarcheFactory(settings=SETTINGS)
    themes = dict.fromkeys(Theme.values, people["expert"])
    file, manager = make_candidature(state, complete=False, referent=people["listing_team"], experts=themes)
    organisation = file.enrolment.product.organisation
    everybody = people | {
        "mandataire": manager,
        "contributeur": make_member(organisation, MembershipType.SALARIE),
        "valideur": make_member(organisation, MembershipType.SALARIE, is_validator=True),
        "responsable": make_member(organisation, MembershipType.SALARIE),
    }
    Product.objects.filter(pk=file.enrolment.product_id).update(owner=everybody["responsable"])
    wrong = []
    for name, line in MATRIX.items():
        for who, person in everybody.items():
            expected = state in line.states and who in line.people
            if (found := attempt(line, Scene(file, manager, people["listing_team"]), person)) != expected:
                wrong.append(f"{state} – {who} – {name}: {'done' if found else 'refused'}")
    assert not wrong, "\n".join(wrong)


def attempt(line: Line, scene: Scene, person: User) -> bool:
    """Whether the action was done; everything is taken back."""
    file = scene.file
    person.forget_access()
    with transaction.atomic():
        scene.file = Candidature.objects.select_related("enrolment__demarche", "dossier").get(pk=file.pk)
        try:
            with transaction.atomic():
                if scene.file.state in line.states:
                    line.prepare(scene)
                line.act(scene, person)
            done = True
        except (TransitionRefused, PermissionDenied, ObjectDoesNotExist, services.UnknownCriterion):
            done = False
        transaction.set_rollback(True)
    return done


def test_every_state_has_a_way_out_or_is_an_end():
    """From each state that is not an end, an end is reached (must-show 2)."""
    ways = {
        state: {target for source, target in Candidature._meta.triggers[0].transitions if source == state}
        for state in State
    }
    ends = {state for state, targets in ways.items() if not targets}
    assert ends == {
        State.CANCELLED,
        State.WITHDRAWN,
        State.INADMISSIBLE,
        State.ABANDONED,
        State.PRE_LISTED,
    }
    for state in State:
        reached, todo = set(), {state}
        while todo:
            reached |= todo
            todo = {target for each in todo for target in ways[each]} - reached
        assert reached & ends, f"{state} has no way out"
