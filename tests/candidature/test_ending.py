import pytest
from django.core.exceptions import PermissionDenied

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.enums import CandidatureState, RequestKind, RequestState
from referencing.candidature.models import ComplementItem, ComplementRequest, NonConformity
from referencing.candidature.services import (
    find_blockers,
    lapse,
    open_request,
    save_item,
    send_formal_reminder,
    withdraw,
)
from tests.candidature.asking import LEVELS, ask, in_days, make_file, make_overdue, open_gap
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


def codes_of(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


def make_lapsable(**fields):
    """A file whose request went past its day, its formal reminder and its last delay."""
    candidature, editor, referent = make_file(**fields)
    request = make_overdue(ask(candidature, LEVELS), days=20)
    send_formal_reminder(request_id=request.pk, grace_until=in_days(5), actor=referent)
    ComplementRequest.objects.filter(pk=request.pk).update(grace_until=in_days(-1))
    return candidature, editor, referent


@pytest.mark.rule("A-16", "BR-116")
def test_a_file_lapses_after_the_last_delay(django_capture_on_commit_callbacks):
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, editor, referent = make_lapsable(experts={"interoperabilite": expert})
    open_gap(candidature)

    with django_capture_on_commit_callbacks(execute=True):
        lapse(candidature_id=candidature.pk, reason="Sans réponse depuis deux mois.", actor=referent)

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.ABANDONED
    assert ComplementRequest.objects.get().state == RequestState.ENDED
    assert ComplementItem.objects.get().closed_at is not None
    assert NonConformity.objects.get().closed_at is not None
    assert candidature.waiting_for == "nobody"
    assert AuditEntry.objects.filter(action="candidature.lapse").count() == 1
    told = Notification.objects.filter(content__contains="abandon")
    assert {row.recipient_id for row in told} >= {editor.pk, expert.pk}


@pytest.mark.rule("A-16")
def test_a_lapsed_file_frees_the_enrolment():
    candidature, _, referent = make_lapsable()
    lapse(candidature_id=candidature.pk, reason="Sans réponse.", actor=referent)

    assert "open_candidature" not in [
        blocker.code for blocker in find_blockers(candidature.enrolment, candidature.dossier)
    ]


@pytest.mark.rule("A-16")
def test_no_timer_lapses_a_file_and_no_day_alone_allows_it():
    candidature, _, referent = make_file()
    request = make_overdue(ask(candidature, LEVELS), days=90)

    with pytest.raises(TransitionRefused) as unwarned:
        lapse(candidature_id=candidature.pk, reason="", actor=referent)
    send_formal_reminder(request_id=request.pk, grace_until=in_days(3), actor=referent)
    with pytest.raises(TransitionRefused) as early:
        lapse(candidature_id=candidature.pk, reason="Sans réponse.", actor=referent)

    assert codes_of(unwarned) == ["no_formal_reminder", "reason"]
    assert codes_of(early) == ["grace"]
    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.EVALUATION


@pytest.mark.rule("A-16")
@pytest.mark.parametrize("role", [Role.SUPPORT, Role.EXPERT])
def test_only_the_listing_team_declares_a_lapse(role):
    person = make_agent(role, "interoperabilite" if role == Role.EXPERT else "")
    experts = {"interoperabilite": person} if role == Role.EXPERT else {}
    candidature, editor, _ = make_lapsable(experts=experts)

    for actor in (person, editor):
        with pytest.raises(PermissionDenied):
            lapse(candidature_id=candidature.pk, reason="Sans réponse.", actor=actor)


@pytest.mark.rule("A-16", "A-18")
def test_a_file_also_lapses_while_its_pieces_are_missing():
    candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
    candidature.enrolment.demarche.settings = {"instruction": {"checklist": [{"code": "convention", "label": "Oui"}]}}
    candidature.enrolment.demarche.save()
    referent = candidature.referent
    request = open_request(
        candidature_id=candidature.pk,
        kind=RequestKind.PIECES,
        items=[("convention", "Signez-la.")],
        text="",
        due_on=in_days(5),
        actor=referent,
    )
    make_overdue(request)
    send_formal_reminder(request_id=request.pk, grace_until=in_days(5), actor=referent)
    ComplementRequest.objects.update(grace_until=in_days(-1))

    lapse(candidature_id=candidature.pk, reason="Sans réponse.", actor=referent)

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.ABANDONED


@pytest.mark.parametrize("state", [CandidatureState.APPLIED, CandidatureState.READY_COMMISSION])
def test_a_file_in_another_state_does_not_lapse(state):
    candidature, _ = make_candidature(state, complete=False)

    with pytest.raises(TransitionRefused) as refusal:
        lapse(candidature_id=candidature.pk, reason="Sans réponse.", actor=make_agent(Role.LISTING_TEAM))

    assert codes_of(refusal) == ["wrong_state"]


@pytest.mark.rule("A-16", "BR-099")
def test_withdrawing_closes_what_was_asked():
    candidature, editor, _ = make_file()
    item = ask(candidature, LEVELS).items.get()
    open_gap(candidature)

    withdraw(candidature_id=candidature.pk, actor=editor, reason="Nous revoyons le produit.")

    assert ComplementRequest.objects.get().state == RequestState.ENDED
    assert NonConformity.objects.get().closed_at is not None
    with pytest.raises(TransitionRefused):
        save_item(item_id=item.pk, answer={}, comment="x", base_version=1, actor=editor)
