"""What each exit of a pre-listing does to demands and to distributors that have frozen nothing (A-23, BR-203)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from convergence.audit.workflow import fire
from convergence.notifications.models import Notification
from questionnaires.models import Recovery
from referencing.enrolment.enums import AttachmentState
from referencing.enrolment.models import AttachmentRequest
from tests.enrolment.white_label.factories import make_attached, make_demand, make_pre_listing

pytestmark = pytest.mark.django_db

#: Each exit with what its transition takes.
EXITS = {
    "suspend": {"why": "Revue."},
    "replace": {"at": timezone.now()},
    "revoke": {"why": "Faille.", "at": timezone.now()},
    "withdraw": {"why": "Arrêt.", "at": timezone.now()},
    "expire": {"at": timezone.now() + timedelta(days=1)},
}
each_exit = pytest.mark.parametrize("exit_", EXITS)


@pytest.mark.rule("A-23", "BR-203")
@each_exit
def test_a_waiting_demand_is_cancelled_and_says_why(exit_, django_capture_on_commit_callbacks):
    pre_listing, _ = make_pre_listing()
    request, manager = make_demand(pre_listing)

    with django_capture_on_commit_callbacks(execute=True):
        fire(pre_listing, exit_, actor=None, **EXITS[exit_])

    request.refresh_from_db()
    assert (request.state, request.why) == (AttachmentState.CANCELLED, "La solution n’est plus pré-référencée.")
    assert "votre demande est annulée" in Notification.objects.get(recipient=manager).content


@pytest.mark.rule("A-23")
@each_exit
def test_an_unfrozen_distributor_answers_itself(exit_, django_capture_on_commit_callbacks):
    pre_listing, producer = make_pre_listing()
    request, manager = make_attached(pre_listing, producer)
    assert Recovery.objects.filter(response=request.enrolment.response_id).exists()

    with django_capture_on_commit_callbacks(execute=True):
        fire(pre_listing, exit_, actor=None, **EXITS[exit_])

    assert not Recovery.objects.filter(response=request.enrolment.response_id).exists()
    told = Notification.objects.filter(recipient=manager).latest("pk").content
    assert told.startswith("Répondez vous-même aux critères que vous récupériez")
    kept = AttachmentState.ACCEPTED if exit_ == "suspend" else AttachmentState.BROKEN
    assert AttachmentRequest.objects.get(pk=request.pk).state == kept


def test_a_suspension_that_is_lifted_serves_again(django_capture_on_commit_callbacks):
    pre_listing, producer = make_pre_listing()
    _, manager = make_attached(pre_listing, producer)
    fire(pre_listing, "suspend", actor=None, why="Revue.")

    with django_capture_on_commit_callbacks(execute=True):
        fire(pre_listing, "resume", actor=None)

    assert "de nouveau pré-référencée" in Notification.objects.filter(recipient=manager).latest("pk").content


@pytest.mark.rule("BR-203")
def test_demands_that_were_answered_stay_as_they_are():
    pre_listing, producer = make_pre_listing()
    request, _ = make_demand(pre_listing)
    fire(request, "refuse", actor=producer, by=producer, why="Non.", at=timezone.now())

    fire(pre_listing, "revoke", actor=None, **EXITS["revoke"])

    assert AttachmentRequest.objects.get(pk=request.pk).state == AttachmentState.REFUSED
