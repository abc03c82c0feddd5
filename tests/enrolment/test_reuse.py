"""Taking answers over from another product: shown before, nothing replaced, everything validated again."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.models import User
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from questionnaires.models import Answer, Deposit, Recovery
from questionnaires.services import Reuse, StaleReuse, import_definition, open_response
from questionnaires.services import reuse as reusing
from referencing.enrolment.models import Enrolment
from referencing.enrolment.reuse import preview, reusable_enrolments, take_answers_over
from tests.dossier.factories import answer_everything, make_signed_enrolment
from tests.factories import OrganisationFactory, make_member
from tests.questionnaires.factories import answer, deposit, grid_text, orient, states

pytestmark = pytest.mark.django_db


def make_pair() -> tuple[Enrolment, Enrolment, User]:
    """A product with everything answered, another one of the same organisation with nothing, and who answers."""
    source, manager = make_signed_enrolment()
    answer_everything(source)
    target, _ = make_signed_enrolment(organisation=source.product.organisation)
    return source, target, manager


def reasons(reuse: Reuse) -> dict[tuple[str, bool], str]:
    return {(item.code, bool(item.file)): item.why for item in reuse.left}


def test_the_preview_says_what_is_taken_and_what_is_left_and_why() -> None:
    source, target, _ = make_pair()

    shown = preview(enrolment=target, source=source)

    taken = [(item.questionnaire, item.code, bool(item.file)) for item in shown.taken]
    assert ("interoperabilite", "A06.1.2", False) in taken
    assert ("ethique", "DEV.1.2", True) in taken
    assert ("orientation", "Q1", False) in taken
    left = {(item.code, item.why) for item in shown.left}
    assert ("Q6", reusing.SECRET) in left
    assert ("RGPD.1", reusing.SINGLE) in left
    assert ("RGPD.1", reusing.ENCRYPTED) in left
    assert not Answer.objects.filter(response=target.response).exists()


def test_what_was_shown_is_taken_as_drafts_and_counted_when_the_orientation_opens_it() -> None:
    source, target, manager = make_pair()
    shown = preview(enrolment=target, source=source)

    taken = take_answers_over(enrolment=target, source=source, token=shown.token, actor=manager)

    assert taken == shown
    answers = {row.code: row for row in Answer.objects.filter(response=target.response)}
    assert answers["A06.1.2"].value == {"level": "2"}
    assert (answers["A06.1.2"].updated_by, answers["A06.1.2"].version) == (manager, 1)
    assert "Q6" not in answers
    assert states(target.response)["orientation"] == "draft"
    moved, former = (Deposit.objects.get(response=each.response, criterion="DEV.1.2") for each in (target, source))
    assert moved.file.blob == former.file.blob
    assert moved.file != former.file
    assert (moved.deposited_by, moved.deposited_at) == (manager, former.deposited_at)
    assert AuditEntry.objects.filter(action="enrolment.reuse", actor=manager).count() == 1

    answer(target.response, Q6="compte")
    orient(target.response)
    row = target.response.questionnaires.get(code="interoperabilite")
    assert row.answered == row.total > 0
    assert row.state == "to_complete"


def test_nothing_that_is_already_answered_is_replaced() -> None:
    source, target, manager = make_pair()
    orient(target.response, Q1="non")
    answer(target.response, "interoperabilite", {"A06.1.2": {"level": "0"}})
    deposit(target.response, "DEV.1.2", "declaration")

    shown = preview(enrolment=target, source=source)
    take_answers_over(enrolment=target, source=source, token=shown.token, actor=manager)

    assert reasons(shown)["A06.1.2", False] == reusing.ANSWERED
    assert reasons(shown)["DEV.1.2", True] == reusing.DEPOSITED
    assert Answer.objects.get(response=target.response, code="A06.1.2").value == {"level": "0"}
    assert Deposit.objects.filter(response=target.response, criterion="DEV.1.2").count() == 1
    assert states(target.response)["ethique"] == "draft"


def test_a_changed_text_is_left() -> None:
    source, target, _ = make_pair()
    text = grid_text().replace("title: Terminologies", "title: Terminologies de référence")
    text = text.replace('version: "essai"', 'version: "suivante"')
    definition = import_definition(text=text, actor=None)
    target.response = open_response(definition=definition)
    target.save(update_fields=["response"])

    shown = preview(enrolment=target, source=source)

    assert reasons(shown)["A06.1.2", False] == reusing.CHANGED


def test_recovered_answers_neither_leave_nor_are_overwritten() -> None:
    source, target, _ = make_pair()
    now = timezone.now()
    Recovery.objects.create(response=source.response, code="DEV.1.1", source=source.pk, recovered_at=now)
    Recovery.objects.create(response=target.response, code="A06.1.2", source=source.pk, recovered_at=now)

    shown = preview(enrolment=target, source=source)

    assert "DEV.1.1" not in {item.code for item in (*shown.taken, *shown.left)}
    assert reasons(shown)["A06.1.2", False] == reusing.RECOVERED


def test_a_preview_that_is_no_longer_true_is_shown_again() -> None:
    source, target, manager = make_pair()
    shown = preview(enrolment=target, source=source)
    answer(source.response, "interoperabilite", {"A06.1.2": {"level": "3"}})

    with pytest.raises(StaleReuse) as stale:
        take_answers_over(enrolment=target, source=source, token=shown.token, actor=manager)

    assert stale.value.preview.token != shown.token
    assert not Answer.objects.filter(response=target.response).exists()


def test_taking_twice_says_that_nothing_is_left_to_take() -> None:
    source, target, manager = make_pair()
    for expected in (True, False):
        shown = preview(enrolment=target, source=source)
        assert bool(shown.taken) is expected
        if expected:
            take_answers_over(enrolment=target, source=source, token=shown.token, actor=manager)
    with pytest.raises(TransitionRefused):
        take_answers_over(enrolment=target, source=source, token=shown.token, actor=manager)


def test_only_products_of_the_organisation_are_offered_and_only_its_members_take() -> None:
    source, target, manager = make_pair()
    foreign, _ = make_signed_enrolment()
    answer_everything(foreign)

    assert [each.pk for each in reusable_enrolments(target, manager)] == [source.pk]
    shown = preview(enrolment=target, source=source)
    with pytest.raises(PermissionDenied):
        take_answers_over(enrolment=target, source=source, token=shown.token, actor=make_member(OrganisationFactory()))


def test_the_pages_choose_show_and_take(client: Client) -> None:
    source, target, manager = make_pair()
    client.force_login(manager)
    address = reverse("enrolment:answers_reuse", args=[target.pk])

    assert source.label in client.get(address).content.decode()
    page = client.get(address, {"source": source.pk})
    assert "Ne sera pas repris" in page.content.decode()
    assert client.get(address, {"source": "x"}).status_code == 404
    stale = client.post(address, {"source": source.pk, "token": "autre"})
    assert stale.status_code == 409
    done = client.post(address, {"source": source.pk, "token": page.context["reuse"].token})

    assert done.headers["Location"] == reverse("enrolment:questionnaire_list", args=[target.pk])
    assert Answer.objects.filter(response=target.response, code="A06.1.2").exists()
    foreign, _ = make_signed_enrolment()
    assert client.get(address, {"source": foreign.pk}).status_code == 404
