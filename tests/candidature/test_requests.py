import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.enums import CandidatureState, Holder, RequestKind, RequestState
from referencing.candidature.models import Candidature, ComplementItem, ComplementRequest, ThemeReview
from referencing.candidature.selectors.requests import items_of
from referencing.candidature.services import (
    StaleBuffer,
    add_file,
    ask_extension,
    decide_extension,
    give_verdict,
    open_request,
    remind,
    remove_file,
    save_item,
    send_answers,
    send_formal_reminder,
    withdraw_request,
)
from referencing.dossier.models import Addendum
from referencing.dossier.verification import verify_reference
from tests.candidature.asking import EVIDENCE, LEVELS, OTHER, ask, in_days, make_file, make_overdue, write
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db

CHECKLIST = {"instruction": {"checklist": [{"code": "convention", "label": "La convention est signée"}]}}


@pytest.fixture
def file():
    return make_file()


@pytest.fixture
def full():
    """With evidence; slower."""
    return make_file(complete=True)


def codes_of(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


# -- asking


@pytest.mark.rule("A-19")
def test_a_request_leaves_the_file_in_evaluation_and_gives_the_ball_back(file, django_capture_on_commit_callbacks):
    candidature, editor, _ = file

    with django_capture_on_commit_callbacks(execute=True):
        request = ask(candidature, LEVELS, OTHER)

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.EVALUATION
    assert [item.code for item in request.items.order_by("position")] == [LEVELS, OTHER]
    assert Notification.objects.filter(recipient=editor, content__contains="Répondez avant le").exists()
    assert candidature.events.filter(kind="request_sent", is_internal=False).count() == 1
    assert AuditEntry.objects.filter(action="complementrequest.request_sent").count() == 1


def test_the_editor_holds_the_ball_once_nothing_else_can_advance():
    candidature, _, _ = make_file()

    ask(candidature, LEVELS, OTHER)

    candidature.refresh_from_db()
    assert candidature.waiting_for == Holder.EDITOR
    assert candidature.due_on == in_days(10)


def test_asking_says_every_reason_at_once(file):
    candidature, _, referent = file
    ask(candidature, LEVELS)

    with pytest.raises(TransitionRefused) as refusal:
        open_request(
            candidature_id=candidature.pk,
            kind=RequestKind.CRITERIA,
            items=[(LEVELS, "Encore"), (OTHER, " "), ("Z.9", "Quoi ?")],
            text="",
            due_on=timezone.localdate(),
            actor=referent,
        )

    assert codes_of(refusal) == ["due_on", "already_asked", "question", "unknown"]
    assert ComplementRequest.objects.count() == 1


def test_a_request_without_item_is_refused(file):
    candidature, _, _ = file

    with pytest.raises(TransitionRefused) as refusal:
        ask(candidature)

    assert codes_of(refusal) == ["no_item"]


@pytest.mark.rule("A-18")
def test_pieces_are_asked_during_admissibility_and_criteria_during_evaluation():
    candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
    candidature.enrolment.demarche.settings = CHECKLIST
    candidature.enrolment.demarche.save()

    with pytest.raises(TransitionRefused) as refusal:
        ask(candidature, LEVELS)
    request = open_request(
        candidature_id=candidature.pk,
        kind=RequestKind.PIECES,
        items=[("convention", "Faites signer la convention.")],
        text="",
        due_on=in_days(5),
        actor=candidature.referent,
    )

    assert codes_of(refusal) == ["wrong_state"]
    assert request.items.get().title == "La convention est signée"
    candidature.refresh_from_db()
    assert candidature.waiting_for == Holder.EDITOR


@pytest.mark.parametrize(
    "state", [CandidatureState.APPLIED, CandidatureState.READY_COMMISSION, CandidatureState.WITHDRAWN]
)
def test_nothing_is_asked_in_another_state(state):
    candidature, _ = make_candidature(state, complete=False)

    with pytest.raises(TransitionRefused) as refusal:
        ask(candidature, LEVELS, actor=make_agent(Role.LISTING_TEAM))

    assert "wrong_state" in codes_of(refusal)


@pytest.mark.rule("BR-112")
def test_an_expert_asks_on_own_themes_only():
    expert, other = make_agent(Role.EXPERT, "interoperabilite"), make_agent(Role.EXPERT, "rgpd")
    candidature, _, _ = make_file(experts={"interoperabilite": expert})
    ThemeReview.objects.create(candidature=candidature, theme="rgpd", expert=other)

    ask(candidature, LEVELS, actor=expert)
    with pytest.raises(PermissionDenied):
        ask(candidature, OTHER, actor=other)
    with pytest.raises(PermissionDenied):
        open_request(
            candidature_id=candidature.pk,
            kind=RequestKind.PIECES,
            items=[("convention", "?")],
            text="",
            due_on=in_days(5),
            actor=expert,
        )

    assert ComplementItem.objects.count() == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.EXPERT, Role.TESTS, Role.CNAM])
def test_other_agents_ask_nothing(file, role):
    candidature, _, _ = file

    with pytest.raises((PermissionDenied, Candidature.DoesNotExist)):
        ask(candidature, LEVELS, actor=make_agent(role, "rgpd" if role == Role.EXPERT else ""))


def test_the_editor_asks_nothing(file):
    candidature, editor, _ = file

    with pytest.raises(PermissionDenied):
        ask(candidature, LEVELS, actor=editor)


def test_the_database_keeps_one_open_item_per_criterion(file):
    candidature, _, _ = file
    item = ask(candidature, LEVELS).items.get()
    other = ask(candidature, OTHER)

    with pytest.raises(IntegrityError), transaction.atomic():
        ComplementItem.objects.create(
            request=other, candidature=candidature, position=2, code=item.code, title="", question="?"
        )


# -- the buffer


@pytest.mark.rule("BR-113")
def test_only_what_is_asked_is_open(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    frozen = bytes(candidature.dossier.payload)

    write(request, LEVELS, actor=editor, level="3")
    with pytest.raises(TransitionRefused) as refusal:
        send_answers(request_id=request.pk, codes=[OTHER], actor=editor)
    with pytest.raises(Error), transaction.atomic():
        type(candidature.dossier).objects.filter(pk=candidature.dossier_id).update(payload=b"{}")

    assert codes_of(refusal) == ["unknown"]
    candidature.dossier.refresh_from_db()
    assert bytes(candidature.dossier.payload) == frozen
    assert find_criterion(load_criteria(candidature), OTHER).supplements == ()


@pytest.mark.rule("BR-113")
def test_a_buffer_closes_with_its_request(file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS)
    item = request.items.get()
    withdraw_request(request_id=request.pk, reason="Erreur de critère.", actor=referent)

    with pytest.raises(TransitionRefused) as refusal:
        save_item(item_id=item.pk, answer={}, comment="Trop tard", base_version=1, actor=editor)
    with pytest.raises(TransitionRefused):
        add_file(row_id=item.pk, is_item=True, upload=pdf(), evidence_type="", actor=editor)

    assert codes_of(refusal) == ["wrong_state"]


def test_agents_and_strangers_write_no_buffer(file):
    candidature, _, referent = file
    item = ask(candidature, LEVELS).items.get()
    stranger = make_member(OrganisationFactory())

    with pytest.raises(PermissionDenied):
        save_item(item_id=item.pk, answer={}, comment="x", base_version=1, actor=referent)
    with pytest.raises(PermissionDenied):
        add_file(row_id=item.pk, is_item=True, upload=pdf(), evidence_type="", actor=referent)
    with pytest.raises(ComplementItem.DoesNotExist):
        save_item(item_id=item.pk, answer={}, comment="x", base_version=1, actor=stranger)
    with pytest.raises(ComplementItem.DoesNotExist):
        add_file(row_id=item.pk, is_item=True, upload=pdf(), evidence_type="", actor=stranger)


@pytest.mark.rule("A-13")
def test_a_save_over_a_newer_version_is_refused_with_theirs(file):
    candidature, editor, _ = file
    colleague = make_member(candidature.enrolment.product.organisation, MembershipType.SALARIE)
    item = ask(candidature, LEVELS).items.get()
    save_item(item_id=item.pk, answer={}, comment="Le sien", base_version=1, actor=colleague)

    with pytest.raises(StaleBuffer) as stale:
        save_item(item_id=item.pk, answer={}, comment="Le mien", base_version=1, actor=editor)

    assert stale.value.row.comment == "Le sien"
    assert stale.value.row.edited_by == colleague


def test_an_unknown_level_is_refused_and_an_unchanged_one_keeps_its_version(file):
    candidature, editor, _ = file
    item = ask(candidature, LEVELS).items.get()

    with pytest.raises(TransitionRefused) as refusal:
        save_item(item_id=item.pk, answer={"level": "9"}, comment="", base_version=1, actor=editor)
    saved = save_item(item_id=item.pk, answer={"level": "3"}, comment="", base_version=1, actor=editor)
    again = save_item(item_id=item.pk, answer={"level": "3"}, comment="", base_version=2, actor=editor)

    assert codes_of(refusal) == ["level_not_offered"]
    assert (saved.version, again.version) == (2, 2)


def test_a_file_leaves_the_buffer_but_not_an_addendum(full):
    candidature, editor, _ = full
    request = ask(candidature, EVIDENCE, LEVELS)
    item = request.items.get(code=EVIDENCE)
    kept = add_file(row_id=item.pk, is_item=True, upload=pdf(), evidence_type="plan", actor=editor)
    dropped = add_file(row_id=item.pk, is_item=True, upload=pdf(), evidence_type="plan", actor=editor)

    remove_file(attachment_id=dropped.pk, actor=editor)
    addendum = send_answers(request_id=request.pk, codes=[EVIDENCE], actor=editor)
    with pytest.raises(TransitionRefused) as refusal:
        remove_file(attachment_id=kept.pk, actor=editor)

    assert [row.sha256 for row in addendum.files.all()] == [kept.file.blob.sha256]
    assert "already_sent" in codes_of(refusal)


def test_a_type_of_evidence_that_the_criterion_does_not_expect_is_refused(full):
    candidature, editor, _ = full
    item = ask(candidature, EVIDENCE).items.get()

    with pytest.raises(TransitionRefused) as refusal:
        add_file(row_id=item.pk, is_item=True, upload=pdf(), evidence_type="autre", actor=editor)

    assert codes_of(refusal) == ["evidence_type"]


# -- sending


@pytest.mark.rule("BR-114")
def test_sending_freezes_an_addendum_beside_the_dossier(file, django_capture_on_commit_callbacks):
    candidature, editor, referent = file
    before = bytes(candidature.dossier.payload)
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor, comment="Nous utilisons LOINC.", level="3")
    item = request.items.get()
    with django_capture_on_commit_callbacks(execute=True):
        add_file(row_id=item.pk, is_item=True, upload=pdf("loinc.pdf"), evidence_type="", actor=editor)

    with django_capture_on_commit_callbacks(execute=True):
        addendum = send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    candidature.dossier.refresh_from_db()
    assert bytes(candidature.dossier.payload) == before
    content = json.loads(bytes(addendum.payload))
    assert (content["dossier"], content["dossier_sha256"]) == (
        candidature.dossier.reference,
        candidature.dossier.sha256,
    )
    assert content["items"][0]["comment"] == "Nous utilisons LOINC."
    assert content["items"][0]["answer"] == {"level": "3"}
    assert verify_reference(addendum.reference).outcome == "intact"
    criterion = find_criterion(load_criteria(candidature), LEVELS)
    assert criterion.answer == {"level": "3"}
    assert [each.name for each in criterion.evidence] == ["loinc.pdf"]
    request.refresh_from_db()
    assert request.state == RequestState.ANSWERED
    assert Notification.objects.filter(recipient=referent, content__contains="Examinez la réponse").exists()


@pytest.mark.rule("BR-114", "A-19")
def test_answers_may_be_sent_in_parts(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS, OTHER)
    write(request, LEVELS, actor=editor)

    first = send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)
    request.refresh_from_db()
    state_between = request.state
    write(request, OTHER, actor=editor)
    second = send_answers(request_id=request.pk, codes=[OTHER], actor=editor)

    request.refresh_from_db()
    assert (state_between, request.state) == (RequestState.OPEN, RequestState.ANSWERED)
    assert [first.number, second.number] == [1, 2]
    assert [row["criterion"] for row in json.loads(bytes(second.payload))["items"]] == [OTHER]


def test_an_addendum_and_a_sent_answer_never_change(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor)
    addendum = send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    for change in (
        lambda: Addendum.objects.filter(pk=addendum.pk).update(payload=b"{}"),
        lambda: ComplementItem.objects.filter(request=request).update(comment="Autre"),
    ):
        with pytest.raises(Error), transaction.atomic():
            change()
    with pytest.raises(TransitionRefused) as refusal:
        send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    assert codes_of(refusal) == ["wrong_state"]


def test_nothing_empty_and_nothing_unscanned_is_sent(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS, OTHER)

    with pytest.raises(TransitionRefused) as nothing:
        send_answers(request_id=request.pk, codes=[], actor=editor)
    with pytest.raises(TransitionRefused) as empty:
        send_answers(request_id=request.pk, codes=[LEVELS, OTHER], actor=editor)

    assert codes_of(nothing) == ["no_item"]
    assert codes_of(empty) == ["empty_answer", "empty_answer"]
    assert not Addendum.objects.exists()


def test_a_file_that_the_antivirus_has_not_cleared_is_not_sent(full):
    candidature, editor, _ = full
    request = ask(candidature, EVIDENCE)
    attached = add_file(row_id=request.items.get().pk, is_item=True, upload=pdf(), evidence_type="plan", actor=editor)
    type(attached.file.blob).objects.filter(pk=attached.file.blob_id).update(state="pending")

    with pytest.raises(TransitionRefused) as refusal:
        send_answers(request_id=request.pk, codes=[EVIDENCE], actor=editor)

    assert codes_of(refusal) == ["unsafe_evidence"]


def test_whoever_commits_the_organisation_sends(file):
    candidature, _, _ = file
    contributor = make_member(candidature.enrolment.product.organisation, MembershipType.SALARIE)
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=contributor)

    with pytest.raises(PermissionDenied):
        send_answers(request_id=request.pk, codes=[LEVELS], actor=contributor)
    with pytest.raises(PermissionDenied):
        send_answers(request_id=request.pk, codes=[LEVELS], actor=candidature.referent)
    with pytest.raises(ComplementRequest.DoesNotExist):
        send_answers(request_id=request.pk, codes=[LEVELS], actor=make_member(OrganisationFactory()))


def test_the_expert_reads_the_question_and_what_was_sent_never_the_buffer(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor, comment="Brouillon secret", level="3")

    (before,) = items_of(candidature, LEVELS)
    send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)
    (after,) = items_of(candidature, LEVELS)

    assert (before.is_open, before.sent) == (True, None)
    assert "secret" not in repr(before.sent)
    assert after.sent.comment == "Brouillon secret"
    assert after.sent.answer == {"level": "3"}


def test_a_compliance_is_reached_once_its_evidence_is_added(full):
    candidature, editor, _ = full
    request = ask(candidature, EVIDENCE, LEVELS)
    write(request, EVIDENCE, actor=editor, compliance="non_conforme")
    write(request, LEVELS, actor=editor, level="1")

    send_answers(request_id=request.pk, codes=[EVIDENCE, LEVELS], actor=editor)

    criteria = load_criteria(candidature)
    assert not find_criterion(criteria, EVIDENCE).is_reached
    assert not find_criterion(criteria, LEVELS).is_reached


# -- the life of a request


def test_withdrawing_says_why_and_keeps_what_was_sent(file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS, OTHER)
    write(request, LEVELS, actor=editor)
    send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    with pytest.raises(TransitionRefused) as refusal:
        withdraw_request(request_id=request.pk, reason=" ", actor=referent)
    withdraw_request(request_id=request.pk, reason="Nous avons ce qu’il faut.", actor=referent)

    assert codes_of(refusal) == ["reason"]
    request.refresh_from_db()
    assert request.state == RequestState.WITHDRAWN
    assert request.items.filter(closed_at__isnull=False).count() == 1
    assert Addendum.objects.count() == 1
    ask(candidature, OTHER)


@pytest.mark.rule("BR-112")
def test_an_expert_leads_only_requests_on_own_themes():
    expert, other = make_agent(Role.EXPERT, "interoperabilite"), make_agent(Role.EXPERT, "rgpd")
    candidature, _, _ = make_file(experts={"interoperabilite": expert})
    ThemeReview.objects.create(candidature=candidature, theme="rgpd", expert=other)
    request = ask(candidature, LEVELS)

    for service, arguments in ((remind, {}), (withdraw_request, {"reason": "Erreur."})):
        with pytest.raises(PermissionDenied):
            service(request_id=request.pk, actor=other, **arguments)
    remind(request_id=request.pk, actor=expert)
    withdraw_request(request_id=request.pk, reason="Erreur.", actor=expert)

    request.refresh_from_db()
    assert request.state == RequestState.WITHDRAWN


def test_the_editor_neither_withdraws_nor_reminds(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)

    with pytest.raises(PermissionDenied):
        withdraw_request(request_id=request.pk, reason="Non.", actor=editor)
    with pytest.raises(PermissionDenied):
        remind(request_id=request.pk, actor=editor)


@pytest.mark.rule("BR-116")
def test_a_formal_reminder_follows_the_day_and_gives_a_last_one(file):
    candidature, _, referent = file
    request = ask(candidature, LEVELS)

    with pytest.raises(TransitionRefused) as early:
        send_formal_reminder(request_id=request.pk, grace_until=in_days(0), actor=referent)
    make_overdue(request)
    send_formal_reminder(request_id=request.pk, grace_until=in_days(10), actor=referent)
    with pytest.raises(TransitionRefused) as twice:
        send_formal_reminder(request_id=request.pk, grace_until=in_days(10), actor=referent)

    assert codes_of(early) == ["not_due", "grace_until"]
    assert codes_of(twice) == ["already"]
    request.refresh_from_db()
    assert (request.grace_until, request.formal_reminder_by) == (in_days(10), referent)


@pytest.mark.rule("A-16")
def test_only_the_listing_team_sends_a_formal_reminder():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, editor, _ = make_file(experts={"interoperabilite": expert})
    request = make_overdue(ask(candidature, LEVELS))

    for person in (expert, editor):
        with pytest.raises(PermissionDenied):
            send_formal_reminder(request_id=request.pk, grace_until=in_days(10), actor=person)


@pytest.mark.rule("A-19")
def test_more_time_is_asked_and_granted(file):
    candidature, editor, referent = file
    request = make_overdue(ask(candidature, LEVELS))
    send_formal_reminder(request_id=request.pk, grace_until=in_days(5), actor=referent)

    extension = ask_extension(request_id=request.pk, wanted_on=in_days(20), reason="Congés.", actor=editor)
    with pytest.raises(TransitionRefused) as twice:
        ask_extension(request_id=request.pk, wanted_on=in_days(25), reason="Congés.", actor=editor)
    decide_extension(request_id=request.pk, granted_on=in_days(15), answer="Entendu.", actor=referent)

    assert codes_of(twice) == ["pending"]
    request.refresh_from_db()
    extension.refresh_from_db()
    assert request.due_on == extension.granted_on == in_days(15)
    assert request.formal_reminder_at is None


@pytest.mark.rule("A-19")
def test_more_time_refused_says_why_and_changes_no_day(file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS)
    ask_extension(request_id=request.pk, wanted_on=in_days(20), reason="Congés.", actor=editor)

    with pytest.raises(TransitionRefused) as silent:
        decide_extension(request_id=request.pk, granted_on=None, answer="", actor=referent)
    decide_extension(request_id=request.pk, granted_on=None, answer="Le délai est déjà long.", actor=referent)
    with pytest.raises(TransitionRefused) as again:
        decide_extension(request_id=request.pk, granted_on=in_days(20), answer="", actor=referent)

    assert codes_of(silent) == ["answer"]
    assert codes_of(again) == ["nothing"]
    request.refresh_from_db()
    assert request.due_on == in_days(10)


def test_a_delay_needs_a_later_day_a_reason_and_the_right_person(file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS)
    contributor = make_member(candidature.enrolment.product.organisation, MembershipType.SALARIE)

    with pytest.raises(TransitionRefused) as refusal:
        ask_extension(request_id=request.pk, wanted_on=request.due_on, reason="", actor=editor)
    for person in (referent, contributor):
        with pytest.raises(PermissionDenied):
            ask_extension(request_id=request.pk, wanted_on=in_days(30), reason="Congés.", actor=person)
    with pytest.raises(PermissionDenied):
        decide_extension(request_id=request.pk, granted_on=in_days(30), answer="", actor=editor)

    assert codes_of(refusal) == ["wanted_on", "reason"]


def test_an_answered_request_is_neither_withdrawn_nor_extended(file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor)
    send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    for service, arguments in (
        (withdraw_request, {"reason": "Non.", "actor": referent}),
        (remind, {"actor": referent}),
        (send_formal_reminder, {"grace_until": in_days(5), "actor": referent}),
        (ask_extension, {"wanted_on": in_days(50), "reason": "Congés.", "actor": editor}),
    ):
        with pytest.raises(TransitionRefused) as refusal:
            service(request_id=request.pk, **arguments)
        assert "wrong_state" in codes_of(refusal)


def test_an_altered_addendum_is_found_out(file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor)
    addendum = send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE dossier_addendum SET payload = payload || ' '::bytea WHERE id = %s", [str(addendum.pk)])

    verdict = verify_reference(addendum.reference)

    assert verdict.outcome == "altered"
    assert verify_reference(f"{candidature.dossier.reference}-A9").outcome == "unreadable"


@pytest.mark.rule("A-19")
def test_an_answer_gives_the_ball_back_to_the_expert(django_capture_on_commit_callbacks):
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, editor, _ = make_file(experts={"interoperabilite": expert})
    first, second = ask(candidature, LEVELS), ask(candidature, OTHER)
    write(first, LEVELS, actor=editor)
    candidature.refresh_from_db()
    before = candidature.waiting_for

    with django_capture_on_commit_callbacks(execute=True):
        send_answers(request_id=first.pk, codes=[LEVELS], actor=editor)

    candidature.refresh_from_db()
    assert (before, candidature.waiting_for) == (Holder.EDITOR, Holder.EXPERTS)
    assert Notification.objects.filter(recipient=expert, content__contains="Examinez la réponse").exists()
    assert second.state == RequestState.OPEN


@pytest.mark.rule("A-19")
def test_a_verdict_given_before_an_answer_is_to_be_given_again():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, editor, _ = make_file(experts={"interoperabilite": expert})
    first, _ = ask(candidature, LEVELS), ask(candidature, OTHER)
    write(first, LEVELS, actor=editor)
    send_answers(request_id=first.pk, codes=[LEVELS], actor=editor)
    give_verdict(
        candidature_id=candidature.pk,
        criterion=LEVELS,
        outcome="non_compliant",
        text="Toujours pas.",
        note="",
        base_version=0,
        actor=expert,
    )
    candidature.refresh_from_db()
    judged = candidature.waiting_for
    again = ask(candidature, LEVELS)
    write(again, LEVELS, actor=editor)

    send_answers(request_id=again.pk, codes=[LEVELS], actor=editor)

    candidature.refresh_from_db()
    assert (judged, candidature.waiting_for) == (Holder.EDITOR, Holder.EXPERTS)
