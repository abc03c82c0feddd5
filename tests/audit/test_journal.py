import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.models import AuditEntry
from convergence.jobs.models import Job
from convergence.kernel.errors import TransitionRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return Job.objects.create(kind="test")


def test_fire_writes_one_line_with_both_states(job):
    workflow.fire(job, "start", actor=None, at=timezone.now())

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.source, entry.target, entry.subject_id) == (
        "job.start",
        "queued",
        "running",
        str(job.pk),
    )


def test_fire_refuses_a_wrong_state_and_writes_nothing(job):
    with pytest.raises(TransitionRefused) as refusal:
        workflow.fire(job, "finish", actor=None, at=timezone.now())

    assert [blocker.code for blocker in refusal.value.blockers] == ["wrong_state"]
    assert not AuditEntry.objects.exists()


def test_database_refuses_a_state_change_outside_the_machine(job):
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="done")

    assert Job.objects.get(pk=job.pk).state == "queued"


@pytest.mark.rule("BR-117")
@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditEntry.objects.update(reason="autre"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE audit_auditentry"),
    ],
    ids=["update", "delete", "truncate"],
)
def test_database_refuses_any_change_of_the_journal(job, change):
    workflow.fire(job, "start", actor=None, at=timezone.now())

    with pytest.raises(DatabaseError), transaction.atomic():
        change()

    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_transactional_tests_start_with_an_empty_journal(turn):
    assert not AuditEntry.objects.exists()
    workflow.fire(Job.objects.create(kind="test"), "start", actor=None, at=timezone.now())
