import json

import pytest
from django.core.exceptions import PermissionDenied

from convergence.accounts.enums import MembershipType, Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.enums import CandidatureState, NonConformityState
from referencing.candidature.models import Candidature, NonConformity, ThemeReview
from referencing.candidature.services import (
    StaleBuffer,
    add_file,
    find_blocking,
    lift_non_conformity,
    maintain_non_conformity,
    open_non_conformity,
    reopen_non_conformity,
    save_reply,
    send_reply,
)
from referencing.candidature.services.conclusion import find_objections
from tests.candidature.asking import LEVELS, in_days, make_file, open_gap
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def file():
    return make_file()


def codes_of(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


def reply_to(gap, editor, text="Nous avons corrigé."):
    save_reply(non_conformity_id=gap.pk, text=text, base_version=gap.version, actor=editor)
    return send_reply(non_conformity_id=gap.pk, actor=editor)


@pytest.mark.rule("A-19")
def test_opening_leaves_the_file_in_evaluation_and_tells_the_editor(file, django_capture_on_commit_callbacks):
    candidature, editor, _ = file

    with django_capture_on_commit_callbacks(execute=True):
        gap = open_gap(candidature)

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.EVALUATION
    assert (gap.number, gap.theme, gap.state) == (1, "interoperabilite", NonConformityState.OPEN)
    assert gap.due_on == in_days(10)
    assert Notification.objects.filter(recipient=editor, content__contains="constat").exists()


def test_opening_says_every_reason_at_once(file):
    candidature, _, _ = file

    with pytest.raises(TransitionRefused) as refusal:
        open_gap(candidature, severity="grave", rationale=" ", due_on=in_days(0))
    with pytest.raises(TransitionRefused) as unknown:
        open_gap(candidature, "Z.9")

    assert codes_of(refusal) == ["severity", "rationale", "due_on"]
    assert codes_of(unknown) == ["unknown"]


@pytest.mark.parametrize("state", [CandidatureState.ADMISSIBILITY, CandidatureState.READY_COMMISSION])
def test_nothing_is_opened_outside_evaluation(state):
    candidature, _ = make_candidature(state, complete=False)

    with pytest.raises(TransitionRefused) as refusal:
        open_gap(candidature)

    assert codes_of(refusal) == ["wrong_state"]


@pytest.mark.rule("BR-112")
def test_an_expert_opens_and_decides_on_own_themes_only():
    expert, other = make_agent(Role.EXPERT, "interoperabilite"), make_agent(Role.EXPERT, "rgpd")
    candidature, _, _ = make_file(experts={"interoperabilite": expert})
    ThemeReview.objects.create(candidature=candidature, theme="rgpd", expert=other)

    gap = open_gap(candidature, actor=expert)

    with pytest.raises(PermissionDenied):
        open_gap(candidature, actor=other)
    for service, arguments in (
        (lift_non_conformity, {"note": "Réglé."}),
        (maintain_non_conformity, {"note": "Non réglé."}),
    ):
        with pytest.raises(PermissionDenied):
            service(non_conformity_id=gap.pk, actor=other, **arguments)
    assert NonConformity.objects.count() == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.TESTS, Role.CNAM])
def test_other_agents_open_nothing(file, role):
    candidature, _, _ = file

    with pytest.raises((PermissionDenied, Candidature.DoesNotExist)):
        open_gap(candidature, actor=make_agent(role))


def test_the_editor_neither_opens_nor_decides(file):
    candidature, editor, _ = file
    gap = open_gap(candidature)

    with pytest.raises(PermissionDenied):
        open_gap(candidature, actor=editor)
    with pytest.raises(PermissionDenied):
        lift_non_conformity(non_conformity_id=gap.pk, note="Réglé.", actor=editor)


@pytest.mark.rule("BR-114")
def test_a_reply_is_frozen_in_an_addendum(file, django_capture_on_commit_callbacks):
    candidature, editor, referent = file
    gap = open_gap(candidature)
    add_file(row_id=gap.pk, is_item=False, upload=pdf("correctif.pdf"), evidence_type="", actor=editor)

    with django_capture_on_commit_callbacks(execute=True):
        addendum = reply_to(gap, editor)

    (item,) = json.loads(bytes(addendum.payload))["items"]
    assert item["origin"] == {"kind": "non_conformity", "number": 1}
    assert (item["comment"], item["answer"]) == ("Nous avons corrigé.", None)
    criterion = find_criterion(load_criteria(candidature), LEVELS)
    assert [each.name for each in criterion.evidence] == ["correctif.pdf"]
    gap.refresh_from_db()
    assert (gap.state, gap.addendum, gap.replied_by) == (NonConformityState.ANSWERED, addendum, editor)
    assert Notification.objects.filter(recipient=referent, content__contains="Levez ou maintenez").exists()


def test_a_reply_needs_something_in_it_and_whoever_commits_the_organisation(file):
    candidature, editor, referent = file
    gap = open_gap(candidature)
    contributor = make_member(candidature.enrolment.product.organisation, MembershipType.SALARIE)

    with pytest.raises(TransitionRefused) as empty:
        send_reply(non_conformity_id=gap.pk, actor=editor)
    for person in (contributor, referent):
        with pytest.raises(PermissionDenied):
            send_reply(non_conformity_id=gap.pk, actor=person)
    with pytest.raises(PermissionDenied):
        save_reply(non_conformity_id=gap.pk, text="x", base_version=1, actor=referent)
    with pytest.raises(NonConformity.DoesNotExist):
        send_reply(non_conformity_id=gap.pk, actor=make_member(OrganisationFactory()))

    assert codes_of(empty) == ["empty_answer"]


@pytest.mark.rule("A-13")
def test_a_reply_over_a_newer_one_is_refused(file):
    candidature, editor, _ = file
    gap = open_gap(candidature)
    save_reply(non_conformity_id=gap.pk, text="Le sien", base_version=1, actor=editor)

    with pytest.raises(StaleBuffer) as stale:
        save_reply(non_conformity_id=gap.pk, text="Le mien", base_version=1, actor=editor)

    assert stale.value.row.reply == "Le sien"


def test_agents_do_not_read_a_reply_before_it_is_sent(file):
    candidature, editor, _ = file
    gap = open_gap(candidature)

    save_reply(non_conformity_id=gap.pk, text="Brouillon", base_version=1, actor=editor)
    gap.refresh_from_db()
    before = gap.sent_reply
    send_reply(non_conformity_id=gap.pk, actor=editor)
    gap.refresh_from_db()

    assert (before, gap.sent_reply) == ("", "Brouillon")


def test_an_observation_waits_for_no_answer(file):
    candidature, editor, _ = file

    gap = open_gap(candidature, severity="observation", due_on=None)

    candidature.refresh_from_db()
    assert gap.due_on is None
    assert candidature.waiting_for != "editor"
    with pytest.raises(TransitionRefused) as refusal:
        save_reply(non_conformity_id=gap.pk, text="x", base_version=1, actor=editor)
    assert codes_of(refusal) == ["observation"]
    assert find_blocking(candidature) == []


@pytest.mark.parametrize("decide", [lift_non_conformity, maintain_non_conformity])
def test_a_decision_says_why_and_is_made_once(file, decide):
    candidature, editor, referent = file
    gap = open_gap(candidature)
    reply_to(gap, editor)

    with pytest.raises(TransitionRefused) as silent:
        decide(non_conformity_id=gap.pk, note="", actor=referent)
    decided = decide(non_conformity_id=gap.pk, note="Vu.", actor=referent)
    with pytest.raises(TransitionRefused) as again:
        decide(non_conformity_id=gap.pk, note="Vu.", actor=referent)

    assert codes_of(silent) == ["note"]
    assert codes_of(again) == ["wrong_state"]
    assert (decided.decided_by, decided.decision_note) == (referent, "Vu.")


@pytest.mark.rule("A-19")
def test_a_reopened_gap_is_answered_anew_and_keeps_its_history(file):
    candidature, editor, referent = file
    gap = open_gap(candidature)
    add_file(row_id=gap.pk, is_item=False, upload=pdf(), evidence_type="", actor=editor)
    first = reply_to(gap, editor, "Première réponse")
    lift_non_conformity(non_conformity_id=gap.pk, note="Réglé.", actor=referent)

    with pytest.raises(TransitionRefused) as refusal:
        reopen_non_conformity(non_conformity_id=gap.pk, reason="", due_on=in_days(0), actor=referent)
    gap = reopen_non_conformity(
        non_conformity_id=gap.pk, reason="Le défaut est revenu.", due_on=in_days(5), actor=referent
    )
    gap.refresh_from_db()
    state_between = (gap.state, gap.reply, gap.addendum)
    second = reply_to(gap, editor, "Seconde réponse")

    assert codes_of(refusal) == ["note", "due_on"]
    assert state_between == (NonConformityState.OPEN, "", None)
    assert (first.files.count(), second.files.count()) == (1, 0)
    assert [first.number, second.number] == [1, 2]


@pytest.mark.rule("BR-115", "A-20")
def test_a_blocking_gap_bars_a_favourable_conclusion_until_lifted(file):
    candidature, editor, referent = file
    gap = open_gap(candidature)
    open_gap(candidature, severity="minor")

    blocking = [blocker.message for blocker in find_blocking(candidature)]
    reply_to(gap, editor)
    maintain_non_conformity(non_conformity_id=gap.pk, note="Toujours là.", actor=referent)
    maintained = [each.code for each in find_objections(candidature)]
    reopen_non_conformity(non_conformity_id=gap.pk, reason="Nouvelle preuve.", due_on=in_days(5), actor=referent)
    lift_non_conformity(non_conformity_id=gap.pk, note="Réglé.", actor=referent)

    assert len(blocking) == 1
    assert "n° 1 (majeure, critère A06.1.2)" in blocking[0].replace("\u00a0", " ")
    assert maintained == ["blocking_non_conformity"]
    assert find_blocking(candidature) == []


@pytest.mark.rule("BR-115")
def test_the_demarche_says_which_severities_block(file):
    candidature, _, _ = file
    open_gap(candidature, severity="minor")
    candidature.enrolment.demarche.settings = {"instruction": {"blocking_severities": ["major", "minor"]}}

    assert [blocker.code for blocker in find_blocking(candidature)] == ["blocking_non_conformity"]


def test_a_gap_opened_on_an_unknown_file_does_not_exist(file):
    with pytest.raises(Candidature.DoesNotExist):
        open_non_conformity(
            candidature_id="00000000-0000-4000-8000-000000000000",
            criterion=LEVELS,
            severity="major",
            rationale="x",
            due_on=in_days(5),
            actor=file[2],
        )
