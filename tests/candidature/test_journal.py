"""BR-117: each change of state of the instruction writes one line of the journal, which nobody can change."""

import ast
import inspect
from datetime import date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.machines import list_machines
from convergence.audit.models import AuditEntry
from referencing.candidature.enums import CandidatureState, ProducerQuestionKind, RequestKind, Severity
from referencing.candidature.models import Candidature, CandidatureEvent, ComplementRequest, Discussion, NonConformity
from referencing.candidature.models.connection import TestCampaign as Campaign
from referencing.candidature.models.recovered import ProducerAnswer, ProducerQuestion
from referencing.candidature.services.journal import tell
from referencing.dossier.models import AddendumKind
from referencing.dossier.services import freeze_addendum
from referencing.enrolment.models import PreListing
from tests.candidature.factories import make_candidature

pytestmark = pytest.mark.rule("BR-117")

MACHINES = {machine.model: machine for machine in list_machines() if machine.model._meta.app_label == "candidature"}


def test_the_machines_of_the_instruction_are_all_proved():
    assert set(MACHINES) == {Candidature, *MAKERS}


def given(row, step, person):
    """Values for the parameters of a transition, by their annotation."""
    by_type = {"datetime": timezone.now(), "User": person, "str": "Motif", "date | None": timezone.localdate()}
    if isinstance(row, ProducerQuestion):
        by_type |= make_answered(row, person)
    named = {"proposal": "favourable"}
    return {
        name: named.get(name, by_type.get(parameter.annotation))
        for name, parameter in inspect.signature(step).parameters.items()
        if name != "self"
    }


def check_step(row, step, person):
    """Fire, then read the line; then try to rewrite it."""
    source = row.state
    values = given(row, getattr(type(row), step.name), person)
    assert None not in values.values(), f"{step.name} takes a parameter that this test does not know"
    workflow.fire(row, step.name, actor=None, reason="Parce que", **values)
    line = AuditEntry.objects.about(row).get()
    assert (line.action, line.source, line.target, line.reason) == (
        f"{row._meta.model_name}.{step.name}",
        source,
        step.target,
        "Parce que",
    )
    assert isinstance(line.at, datetime)
    for change in (lambda lines: lines.update(reason="Autre"), lambda lines: lines.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(AuditEntry.objects.filter(pk=line.pk))


@pytest.mark.django_db
@pytest.mark.parametrize("state", [state for state in CandidatureState if state != CandidatureState.NEW])
def test_each_transition_of_a_file_is_in_the_journal(state):
    candidature, _ = make_candidature(state, complete=False)
    for step in MACHINES[Candidature].steps:
        if state in step.sources:
            with transaction.atomic():
                check_step(Candidature.objects.get(pk=candidature.pk), step, candidature.applied_by)
                transaction.set_rollback(True)


def make_request(candidature, **state):
    return ComplementRequest(
        candidature=candidature,
        number=1,
        kind=RequestKind.CRITERIA,
        due_on=date(2026, 12, 1),
        requested_by=candidature.referent,
        requested_at=timezone.now(),
        **state,
    )


def make_gap(candidature, **state):
    return NonConformity(
        candidature=candidature,
        number=1,
        theme="interoperabilite",
        criterion="A06.1.2",
        title="Écart",
        severity=Severity.MAJOR,
        rationale="Constat",
        opened_by=candidature.referent,
        opened_at=timezone.now(),
        **state,
    )


def make_discussion(candidature, **state):
    return Discussion(
        candidature=candidature,
        theme="interoperabilite",
        criterion="A06.1.2",
        is_internal=False,
        opened_by=candidature.referent,
        opened_at=timezone.now(),
        last_message_at=timezone.now(),
        **state,
    )


def make_campaign(candidature, **state):
    return Campaign(
        candidature=candidature,
        number=1,
        opened_at=timezone.now(),
        opened_by=candidature.referent,
        moved_at=timezone.now(),
        unit_declared_at=timezone.now(),
        keys_sent_at=timezone.now(),
        keys_sent_by=candidature.referent,
        keys_sent_to="editeur@exemple.fr",
        keys_channel="mail",
        submitted_at=timezone.now(),
        submitted_by=candidature.applied_by,
        accepted_at=timezone.now(),
        modalities="En visioconférence",
        **state,
    )


def make_question(candidature, **state):
    pre_listing = PreListing.objects.create(
        enrolment=candidature.enrolment,
        dossier_id=candidature.dossier_id,
        pre_listed_by=candidature.referent,
        pre_listed_at=timezone.now(),
    )
    return ProducerQuestion(
        candidature=candidature,
        number=1,
        pre_listing=pre_listing,
        kind=ProducerQuestionKind.COMPLEMENT,
        theme="interoperabilite",
        criterion="A06.1.2",
        title="Question",
        text="Précisez",
        asked_by=candidature.referent,
        asked_at=timezone.now(),
        **state,
    )


def make_answered(question, person):
    """What the transitions of a question keep: the producer’s answer, its addendum, the distributor’s own request."""
    request = make_request(question.candidature)
    request.save()
    return {
        "ProducerAnswer": ProducerAnswer.objects.create(pre_listing=question.pre_listing, criterion=question.criterion),
        "Addendum": freeze_addendum(
            dossier=question.candidature.dossier,
            kind=AddendumKind.COMPLEMENT,
            content={"items": []},
            files=(),
            actor=person,
            at=timezone.now(),
        ),
        "ComplementRequest": request,
    }


MAKERS = {
    ComplementRequest: make_request,
    NonConformity: make_gap,
    Discussion: make_discussion,
    Campaign: make_campaign,
    ProducerQuestion: make_question,
}


@pytest.mark.django_db
@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model.__name__)
def test_each_transition_of_a_child_is_in_the_journal(model):
    candidature, _ = make_candidature(complete=False)
    proved = 0
    for step in MACHINES[model].steps:
        for source in step.sources:
            with transaction.atomic():
                row = MAKERS[model](candidature, state=source)
                row.save()
                check_step(row, step, candidature.applied_by)
                proved += 1
                transaction.set_rollback(True)
    assert proved >= len(MACHINES[model].steps)


@pytest.mark.django_db
def test_timeline_keeps_what_it_said():
    candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
    tell(candidature, "taken", actor=candidature.referent)

    for change in (lambda rows: rows.update(is_internal=True), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(CandidatureEvent.objects.all())

    assert CandidatureEvent.objects.count() == 1


#: Names of the code whose `refuse` is no transition: what a posting could not keep.
NO_ROWS = {"self", "saved"}


def test_no_state_of_the_instruction_is_written_past_the_journal():
    """No `update(state=…)`, and no transition called otherwise than by `workflow.fire`."""
    own = [machine for machine in MACHINES.values() if machine.model._meta.app_label == "candidature"]
    steps = {step.name for machine in own for step in machine.steps}
    wrong = []
    for path in (Path(settings.BASE_DIR) / "referencing" / "candidature").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        modules = {
            name.asname or name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names
        }
        for node in nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value
            writes = node.func.attr == "update" and any(word.arg == "state" for word in node.keywords)
            moves = node.func.attr in steps and isinstance(owner, ast.Name) and owner.id not in {*modules, *NO_ROWS}
            if writes or moves:
                wrong.append(f"{path.name}:{node.lineno} {ast.unparse(node)[:80]}")
    assert not wrong
