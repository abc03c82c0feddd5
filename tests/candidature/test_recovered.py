"""What agents read of a recovered answer, and what its distributor never does (BR-197, BR-198, A-24, A-25)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.interests.services import declare
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import format_date
from evidence.services import scan
from referencing.candidature.content import find_files, load_criteria, load_parts
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.enums import CandidatureState, Holder, ProducerQuestionKind, ProducerQuestionState
from referencing.candidature.models import (
    Candidature,
    ClockStop,
    ComplementRequest,
    NonConformity,
    ProducerAnswer,
    ProducerQuestion,
    RecoveredSupplement,
)
from referencing.candidature.services import (
    give_verdict,
    open_discussion,
    open_non_conformity,
    open_request,
    save_item,
    send_answers,
)
from referencing.candidature.services.conclusion import conclude, find_conclusion_blockers
from referencing.candidature.services.ending import close_children
from referencing.candidature.services.evidence import add_pin
from referencing.candidature.services.non_conformities import find_blocking
from referencing.candidature.services.recovered import (
    StaleAnswer,
    add_producer_file,
    ask_delay,
    ask_producer,
    choose_own_answer,
    decide_delay,
    lapse_question,
    lift_question,
    list_sharing,
    maintain_question,
    remind_producer,
    remove_producer_file,
    reopen_question,
    save_answer,
    send_answer,
    withdraw_question,
)
from referencing.candidature.services.reminders import remind_deadlines
from referencing.candidature.services.standing import load_standing
from referencing.candidature.versions import list_versions, load_version
from referencing.commission.models import AgendaPoint
from referencing.commission.services.reading import find_evidence, is_encrypted
from referencing.dossier.models import Addendum
from referencing.dossier.recovered import commit
from referencing.enrolment.inheritance import CONFIDENTIAL
from tests.candidature.asking import DOCUMENTS, EVIDENCE, LEVELS, OTHER, in_days, write
from tests.candidature.factories import conclude_themes
from tests.candidature.recovering import SECRET, ask, make_producer, make_recovered_file
from tests.factories import make_agent, make_member
from tests.interests.test_obstacles import link_with
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db


def write_answer(question, actor, *, comment="Notre réponse.", answer=None, base_version=1):
    return save_answer(
        pre_listing_id=question.pre_listing_id,
        criterion=question.criterion,
        answer=answer or {},
        comment=comment,
        base_version=base_version,
        actor=actor,
    )


def send(question, actor, *others):
    return send_answer(
        pre_listing_id=question.pre_listing_id,
        criterion=question.criterion,
        question_ids=[question.pk, *(each.pk for each in others)],
        actor=actor,
    )


# -- reading


@pytest.mark.rule("BR-197", "BR-198", "A-24")
def test_agents_read_what_the_distributor_does_not():
    candidature, _, _ = make_recovered_file(make_producer())

    masked = find_criterion(load_criteria(candidature), LEVELS)
    opened = find_criterion(load_criteria(candidature, opened=True), LEVELS)

    assert (masked.answer, masked.comment, masked.evidence, masked.is_reached) == (None, "", (), None)
    assert (opened.answer, opened.comment, opened.is_reached) == ({"level": "3"}, SECRET, True)
    assert opened.recovered == masked.recovered != None  # noqa: E711
    assert masked.content_sha256 != opened.content_sha256


@pytest.mark.rule("BR-197")
def test_what_was_read_for_agents_is_never_served_to_the_distributor():
    candidature, _, _ = make_recovered_file(make_producer())

    first = load_criteria(candidature, opened=True)
    masked = load_criteria(candidature)
    again = load_criteria(candidature, opened=True)

    assert SECRET not in repr(masked)
    assert first == again
    assert SECRET in repr(again)


def test_a_file_that_recovered_nothing_asks_no_query_more(django_assert_num_queries):
    candidature, _, _ = make_recovered_file(make_producer(), "no-such-criterion")

    with django_assert_num_queries(1):
        load_criteria(candidature, opened=True)


@pytest.mark.rule("BR-198")
def test_evidence_of_the_producer_opens_for_agents_alone():
    producer = make_producer(complete=True)
    candidature, _, _ = make_recovered_file(producer, EVIDENCE, complete=True)
    (evidence,) = find_criterion(load_criteria(candidature, opened=True), EVIDENCE).evidence

    assert evidence.sha256 in find_files(candidature, [evidence.sha256], opened=True)
    assert find_files(candidature, [evidence.sha256]) == {}


@pytest.mark.rule("BR-197", "BR-198")
def test_pages_of_the_file_for_both_sides(client):
    producer = make_producer(complete=True)
    candidature, editor, referent = make_recovered_file(producer, EVIDENCE, LEVELS, complete=True)
    (evidence,) = find_criterion(load_criteria(candidature, opened=True), EVIDENCE).evidence
    pages = [
        reverse("candidature:criterion_review", args=[candidature.pk, EVIDENCE]),
        reverse("candidature:criterion_review", args=[candidature.pk, LEVELS]),
        reverse("candidature:examination", args=[candidature.pk]),
        reverse("candidature:candidature_dossier", args=[candidature.pk]),
        reverse("candidature:candidature_changes", args=[candidature.pk]),
    ]

    client.force_login(referent)
    read = "".join(client.get(page).content.decode() for page in pages)
    original = reverse("candidature:evidence_original", args=[candidature.pk, evidence.sha256])
    image = reverse("candidature:evidence_page", args=[candidature.pk, evidence.sha256, 1])
    assert SECRET in read
    assert evidence.sha256 in read
    assert client.get(original).status_code == 200
    assert client.get(image).status_code == 200

    client.force_login(editor)
    read = "".join(client.get(page).content.decode() for page in pages)
    assert SECRET not in read
    assert evidence.sha256 not in read
    assert CONFIDENTIAL.capitalize() in read
    assert client.get(original).status_code == 404
    assert client.get(image).status_code == 404


@pytest.mark.rule("BR-197")
def test_versions_are_compared_for_agents_with_what_was_recovered():
    candidature, _, _ = make_recovered_file(make_producer())
    newest = list_versions(candidature.enrolment.product)[-1]

    assert SECRET in repr(load_version(newest, opened=True).criteria()[LEVELS])
    assert SECRET not in repr(load_version(newest).criteria()[LEVELS])


@pytest.mark.rule("A-25")
def test_pins_on_recovered_evidence_and_threads_stay_between_agents():
    producer = make_producer(complete=True)
    candidature, _, referent = make_recovered_file(producer, EVIDENCE, complete=True)
    (evidence,) = find_criterion(load_criteria(candidature, opened=True), EVIDENCE).evidence

    pin = add_pin(
        candidature_id=candidature.pk, criterion=EVIDENCE, sha256=evidence.sha256, entry=None, page=1, x=1, y=1,
        note="Ici.", is_internal=False, actor=referent,
    )  # fmt: skip

    assert pin.is_internal
    with pytest.raises(TransitionRefused, match="éditeur producteur"):
        open_discussion(
            candidature_id=candidature.pk, criterion=EVIDENCE, is_internal=False, text="Bonjour", actor=referent
        )


def test_the_report_of_the_instruction_says_what_was_recovered():
    candidature, _, referent = make_recovered_file(make_producer(), LEVELS)
    conclude_themes(candidature, referent)

    conclusion = conclude(candidature_id=candidature.pk, proposal="favourable", text="Rien à redire.", actor=referent)

    report = json.loads(bytes(conclusion.payload))
    rows = {row["code"]: row for theme in report["themes"] for row in theme["criteria"]}
    assert rows[LEVELS]["answer"].startswith("Maturité forte")
    assert rows[LEVELS]["recovered_from"]
    assert "recovered_from" not in rows[OTHER]


# -- asking


@pytest.mark.rule("A-25")
def test_the_producer_is_asked_and_the_distributor_reads_no_text(django_capture_on_commit_callbacks):
    producer = make_producer()
    candidature, editor, _ = make_recovered_file(producer)

    with django_capture_on_commit_callbacks(execute=True):
        question = ask(candidature)

    assert question.state == ProducerQuestionState.OPEN
    assert question.told_product == candidature.enrolment.product.name
    by_person = {message.to[0]: message.subject + message.body for message in mail.outbox}
    assert LEVELS in by_person[producer.manager.email]
    assert "éditeur producteur" in by_person[editor.email]
    assert all(SECRET not in text for text in by_person.values())
    assert ProducerQuestion.objects.visible_to(editor).count() == 0
    assert ProducerQuestion.objects.visible_to(producer.manager).count() == 1
    assert ProducerQuestion.objects.visible_to(make_agent(Role.LISTING_TEAM)).count() == 1


@pytest.mark.rule("A-25")
def test_a_request_to_the_editor_is_refused_on_a_recovered_criterion():
    candidature, _, referent = make_recovered_file(make_producer())

    with pytest.raises(TransitionRefused) as refused:
        open_request(
            candidature_id=candidature.pk, kind="criteria", items=[(LEVELS, "Pourquoi ?")], text="",
            due_on=in_days(5), actor=referent,
        )  # fmt: skip
    assert [each.code for each in refused.value.blockers] == ["recovered"]
    with pytest.raises(TransitionRefused) as refused:
        open_non_conformity(
            candidature_id=candidature.pk, criterion=LEVELS, severity="major", rationale="Non.", due_on=in_days(5),
            actor=referent,
        )  # fmt: skip
    assert [each.code for each in refused.value.blockers] == ["recovered"]
    assert not ComplementRequest.objects.exists()
    assert not NonConformity.objects.exists()


def test_every_reason_not_to_ask_at_once():
    candidature, _, referent = make_recovered_file(make_producer())

    with pytest.raises(TransitionRefused) as refused:
        ask_producer(
            candidature_id=candidature.pk, kind="non_conformity", criterion=OTHER, severity="", text=" ", due_on=None,
            actor=referent,
        )  # fmt: skip

    assert {each.code for each in refused.value.blockers} == {"severity", "text", "due_on", "not_recovered"}


def test_nothing_is_asked_twice_nor_outside_the_evaluation():
    candidature, _, _ = make_recovered_file(make_producer())
    ask(candidature)

    with pytest.raises(TransitionRefused, match="déjà interrogé"):
        ask(candidature)
    concluded, _, _ = make_recovered_file(make_producer(), state=CandidatureState.READY_COMMISSION)
    with pytest.raises(TransitionRefused, match="en cours d’évaluation"):
        ask(concluded)


@pytest.mark.rule("BR-112")
def test_an_expert_asks_on_own_themes_only():
    mine, other = make_agent(Role.EXPERT, "interoperabilite"), make_agent(Role.EXPERT, "ethique")
    candidature, editor, _ = make_recovered_file(make_producer(), experts={"interoperabilite": mine})

    with pytest.raises(Candidature.DoesNotExist):
        ask(candidature, actor=other)
    with pytest.raises(PermissionDenied):
        ask(candidature, actor=editor)
    assert ask(candidature, actor=mine).asked_by == mine


@pytest.mark.rule("A-25", "A-19")
def test_the_ball_is_with_the_producer_and_the_clock_stops():
    candidature, _, referent = make_recovered_file(make_producer(), LEVELS, OTHER)
    question = ask(candidature)
    assert load_standing(candidature).holder != Holder.PRODUCER  # the other criterion can advance

    other = ask(candidature, OTHER, due_on=in_days(20))

    candidature.refresh_from_db()
    assert candidature.waiting_for == Holder.PRODUCER
    assert candidature.due_on == question.due_on
    assert ClockStop.objects.filter(candidature=candidature, ended_at__isnull=True).count() == 1

    withdraw_question(question_id=question.pk, note="Erreur.", actor=referent)
    withdraw_question(question_id=other.pk, note="Erreur.", actor=referent)
    candidature.refresh_from_db()
    assert candidature.waiting_for == Holder.LISTING_TEAM
    assert not ClockStop.objects.filter(candidature=candidature, ended_at__isnull=True).exists()


# -- answering


@pytest.mark.rule("A-25", "A-24", "BR-114")
def test_one_answer_serves_every_file_concerned_masked_for_each_distributor(django_capture_on_commit_callbacks):
    producer = make_producer()
    first, first_editor, _ = make_recovered_file(producer)
    second, second_editor, _ = make_recovered_file(producer)
    left, _, _ = make_recovered_file(producer)
    agent = make_agent(Role.LISTING_TEAM)
    assert {each.pk for each in list_sharing(first, LEVELS, agent)} == {second.pk, left.pk}
    asked = ask_producer(
        candidature_id=first.pk, kind=ProducerQuestionKind.COMPLEMENT, criterion=LEVELS, severity="",
        text=f"Pourquoi {SECRET} ?", due_on=in_days(5), actor=agent, also=[second.pk, left.pk],
    )  # fmt: skip
    chosen = [each for each in asked if each.candidature_id != left.pk]
    (waiting,) = (each for each in asked if each.candidature_id == left.pk)
    write_answer(chosen[0], producer.manager, comment=f"Voici {SECRET}-2", answer={"level": "2"})

    with django_capture_on_commit_callbacks(execute=True):
        send(chosen[0], producer.manager, chosen[1])

    for candidature, editor in ((first, first_editor), (second, second_editor)):
        addendum = Addendum.objects.get(dossier=candidature.dossier)
        text = bytes(addendum.payload).decode()
        assert SECRET not in text
        assert str(producer.manager) not in text
        assert '"level"' not in text
        part = RecoveredSupplement.objects.get(addendum=addendum)
        assert commit(bytes(part.content), bytes(part.key)) == part.commitment
        assert json.loads(text)["items"][0]["recovered"]["commitment"] == part.commitment
        masked = find_criterion(load_criteria(candidature), LEVELS)
        opened = find_criterion(load_criteria(candidature, opened=True), LEVELS)
        assert masked.answer is None
        assert SECRET not in repr(masked)
        assert opened.answer == {"level": "2"}
        assert opened.supplements[0].comment == f"Voici {SECRET}-2"
        assert opened.supplements[0].from_producer
        assert all(SECRET not in each.body for each in mail.outbox if editor.email in each.to)
    assert Addendum.objects.filter(dossier=left.dossier).count() == 0
    waiting.refresh_from_db()
    assert waiting.state == ProducerQuestionState.OPEN
    keys = RecoveredSupplement.objects.values_list("key", flat=True)
    assert len({bytes(key) for key in keys}) == 2  # one key per item: equal answers do not show


@pytest.mark.rule("A-25", "BR-197", "BR-198")
def test_what_changed_says_that_the_producer_answered_and_to_agents_what(client):
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer)
    question = ask(candidature)
    write_answer(question, producer.manager, comment=f"Voici {SECRET}-2", answer={"level": "2"})
    send(question, producer.manager)
    address = reverse("candidature:candidature_changes", args=[candidature.pk])
    told = f"L’éditeur producteur a répondu le {format_date(timezone.localdate())} (réponse confidentielle)."

    client.force_login(editor)
    page = client.get(address, {"avant": candidature.dossier.reference})
    by_default = client.get(address)

    (block,) = page.context["blocks"]
    (change,) = block["changes"]
    assert (change["code"], change["what"]) == (LEVELS, "réponse de l’éditeur producteur")
    assert change["texts"] == [{"label": "Éditeur producteur", "before": "", "after": told}]
    assert change["files"] == []
    for each in (page, by_default):
        words = each.content.decode()
        assert "a répondu le" in words
        assert SECRET not in words
    client.force_login(referent)
    assert f"{SECRET}-2" in client.get(address).content.decode()


@pytest.mark.rule("A-13")
def test_a_stale_save_of_the_buffer_is_refused():
    producer = make_producer()
    question = ask(make_recovered_file(producer)[0])
    colleague = make_member(producer.pre_listing.enrolment.product.organisation)
    write_answer(question, colleague, comment="La mienne.")

    with pytest.raises(StaleAnswer) as stale:
        write_answer(question, producer.manager, comment="La sienne.")

    assert stale.value.row.comment == "La mienne."
    assert write_answer(question, producer.manager, comment="La sienne.", base_version=2).version == 3


def test_a_sent_answer_never_changes_and_an_empty_one_is_not_sent():
    producer = make_producer()
    question = ask(make_recovered_file(producer)[0])

    with pytest.raises(TransitionRefused, match="Répondez"):
        send(question, producer.manager)
    row = write_answer(question, producer.manager)
    with pytest.raises(TransitionRefused, match="au moins un dossier"):
        send_answer(pre_listing_id=question.pre_listing_id, criterion=LEVELS, question_ids=[], actor=producer.manager)
    send(question, producer.manager)

    with pytest.raises(Exception, match="Cannot update"):
        ProducerAnswer.objects.filter(pk=row.pk).update(comment="Autre")


@pytest.mark.rule("BR-197", "BR-198")
def test_a_file_of_the_producer_is_read_by_agents_alone():
    producer = make_producer()
    candidature, _, _ = make_recovered_file(producer)
    question = ask(candidature)
    where = {"pre_listing_id": question.pre_listing_id, "criterion": LEVELS, "actor": producer.manager}
    gone = add_producer_file(**where, upload=pdf("brouillon.pdf"), evidence_type="")
    remove_producer_file(file_id=gone.pk, actor=producer.manager)
    file = add_producer_file(**where, upload=pdf(f"{SECRET}.pdf"), evidence_type="")
    scan(blob_id=file.file.blob_id)

    send(question, producer.manager)

    sha256 = file.file.blob.sha256
    assert find_files(candidature, [sha256], opened=True)[sha256].pk == file.file_id
    assert find_files(candidature, [sha256]) == {}
    assert Addendum.objects.get(dossier=candidature.dossier).files.count() == 0
    assert sha256 in str(load_parts(candidature.dossier_id))


def test_a_wrong_type_of_evidence_is_refused():
    producer = make_producer()
    question = ask(make_recovered_file(producer)[0])

    with pytest.raises(TransitionRefused, match="pas attendu"):
        add_producer_file(
            pre_listing_id=question.pre_listing_id, criterion=LEVELS, upload=SimpleUploadedFile("a.pdf", b"x"),
            evidence_type="inconnu", actor=producer.manager,
        )  # fmt: skip


@pytest.mark.rule("A-25")
def test_strangers_and_the_distributor_have_no_buffer():
    producer = make_producer()
    candidature, editor, _ = make_recovered_file(producer)
    question = ask(candidature)

    for person in (editor, make_agent(Role.LISTING_TEAM), make_producer().manager):
        with pytest.raises(ProducerQuestion.DoesNotExist):
            write_answer(question, person)
        with pytest.raises(ProducerQuestion.DoesNotExist):
            send(question, person)
    assert not ProducerAnswer.objects.exists()


def test_a_contributor_prepares_and_does_not_send():
    producer = make_producer()
    question = ask(make_recovered_file(producer)[0])
    contributor = make_member(producer.pre_listing.enrolment.product.organisation, MembershipType.SALARIE)
    write_answer(question, contributor)

    with pytest.raises(PermissionDenied):
        send(question, contributor)


# -- delays, reminders, lapse


def test_more_time_is_asked_then_granted_or_refused():
    producer = make_producer()
    candidature, _, referent = make_recovered_file(producer)
    question = ask(candidature)
    ask_delay(question_id=question.pk, wanted_on=in_days(30), why="Congés.", actor=producer.manager)
    with pytest.raises(TransitionRefused, match="déjà"):
        ask_delay(question_id=question.pk, wanted_on=in_days(31), why="Encore.", actor=producer.manager)

    refused = decide_delay(question_id=question.pk, granted_on=None, note="Non.", actor=referent)
    assert refused.due_on == in_days(10)
    ask_delay(question_id=question.pk, wanted_on=in_days(30), why="Congés.", actor=producer.manager)
    granted = decide_delay(question_id=question.pk, granted_on=in_days(25), note="", actor=referent)

    assert granted.due_on == in_days(25)
    with pytest.raises(TransitionRefused, match="Aucune demande"):
        decide_delay(question_id=question.pk, granted_on=in_days(40), note="", actor=referent)


@pytest.mark.rule("A-16", "A-25")
def test_silence_of_the_producer_lapses_after_its_day_and_asks_the_distributor_itself():
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer)
    question = ask(candidature)
    with pytest.raises(TransitionRefused, match="pas passée"):
        lapse_question(question_id=question.pk, note="Rien reçu.", actor=referent)
    ProducerQuestion.objects.filter(pk=question.pk).update(due_on=in_days(-1))

    lapsed = lapse_question(question_id=question.pk, note="Rien reçu.", actor=referent)

    assert lapsed.state == ProducerQuestionState.LAPSED
    request = choose_own_answer(candidature_id=candidature.pk, criterion=LEVELS, actor=editor)
    assert SECRET not in request.items.get().question
    question.refresh_from_db()
    assert question.state == ProducerQuestionState.TAKEN_OVER


def test_the_beat_reminds_the_producer_once_and_nobody_else(django_capture_on_commit_callbacks):
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer, LEVELS, OTHER)
    question = ask(candidature)
    ask(candidature, OTHER, due_on=in_days(60))
    ProducerQuestion.objects.filter(pk=question.pk).update(due_on=in_days(-1))

    with django_capture_on_commit_callbacks(execute=True):
        remind_deadlines(at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        remind_deadlines(at=timezone.now())

    about = [each for each in mail.outbox if "était attendue" in each.subject]
    assert [each.to for each in about] == [[producer.manager.email]]
    question.refresh_from_db()
    assert question.reminded_at
    assert remind_producer(question_id=question.pk, actor=referent).reminded_at > question.reminded_at
    with pytest.raises(ProducerQuestion.DoesNotExist):
        remind_producer(question_id=question.pk, actor=editor)


# -- the distributor answers itself


@pytest.mark.rule("A-25")
def test_the_distributor_answers_itself_and_its_answer_stands():
    candidature, editor, referent = make_recovered_file(make_producer())
    ask(candidature)

    request = choose_own_answer(candidature_id=candidature.pk, criterion=LEVELS, actor=editor)
    write(request, LEVELS, actor=editor, comment="La nôtre.")
    with pytest.raises(TransitionRefused, match="remplace celle de l’éditeur producteur"):
        send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)
    request.refresh_from_db()
    item = request.items.get()
    save_item(item_id=item.pk, answer={"level": "1"}, comment="La nôtre.", base_version=item.version, actor=editor)
    send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    for opened in (False, True):
        own = find_criterion(load_criteria(candidature, opened=opened), LEVELS)
        assert (own.recovered, own.answer) == (None, {"level": "1"})
        assert SECRET not in repr(own)
    with pytest.raises(TransitionRefused, match="récupéré"):
        ask(candidature)
    assert open_request(
        candidature_id=candidature.pk, kind="criteria", items=[(LEVELS, "Et ?")], text="", due_on=in_days(5),
        actor=referent,
    ).pk  # fmt: skip


def test_only_the_distributor_answers_in_place_of_its_producer():
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer, LEVELS, OTHER)
    ask(candidature)

    with pytest.raises(PermissionDenied):
        choose_own_answer(candidature_id=candidature.pk, criterion=LEVELS, actor=referent)
    with pytest.raises(Candidature.DoesNotExist):
        choose_own_answer(candidature_id=candidature.pk, criterion=LEVELS, actor=producer.manager)
    with pytest.raises(ProducerQuestion.DoesNotExist):
        choose_own_answer(candidature_id=candidature.pk, criterion=OTHER, actor=editor)


# -- non-conformities


@pytest.mark.rule("A-25", "BR-115")
def test_a_gap_of_a_recovered_answer_bars_a_favourable_conclusion_until_lifted():
    producer = make_producer()
    candidature, _, referent = make_recovered_file(producer)
    gap = ask(candidature, kind=ProducerQuestionKind.NON_CONFORMITY, severity="major")
    assert [each.code for each in find_blocking(candidature)] == ["blocking_non_conformity"]
    write_answer(gap, producer.manager)
    send(gap, producer.manager)

    maintained = maintain_question(question_id=gap.pk, note="Insuffisant.", actor=referent)
    assert maintained.state == ProducerQuestionState.MAINTAINED
    reopened = reopen_question(question_id=gap.pk, note="Reprenez.", due_on=in_days(9), actor=referent)
    assert (reopened.state, reopened.answer_given) == (ProducerQuestionState.OPEN, None)
    lift_question(question_id=gap.pk, note="C’est bon.", actor=referent)

    assert find_blocking(candidature) == []


def test_a_complement_is_neither_lifted_nor_maintained_and_moves_say_why():
    candidature, _, referent = make_recovered_file(make_producer())
    question = ask(candidature)

    for move in (lift_question, maintain_question):
        with pytest.raises(TransitionRefused) as refused:
            move(question_id=question.pk, note=" ", actor=referent)
        assert {each.code for each in refused.value.blockers} == {"note", "not_a_gap"}


def test_an_observation_calls_for_no_answer():
    producer = make_producer()
    candidature, editor, _ = make_recovered_file(producer)
    question = ask(candidature, kind=ProducerQuestionKind.NON_CONFORMITY, severity="observation", due_on=None)

    assert question.due_on is None
    assert not question.waits
    with pytest.raises(ProducerQuestion.DoesNotExist):
        write_answer(question, producer.manager)
    with pytest.raises(ProducerQuestion.DoesNotExist):
        choose_own_answer(candidature_id=candidature.pk, criterion=LEVELS, actor=editor)


def test_an_open_question_keeps_the_instruction_from_being_concluded():
    candidature, _, _ = make_recovered_file(make_producer())
    ask(candidature)

    codes = {each.code for each in find_conclusion_blockers(candidature, "favourable")}

    assert "producer_question_open" in codes


def test_questions_end_with_the_file():
    candidature, _, referent = make_recovered_file(make_producer())
    question = ask(candidature)

    close_children(candidature=candidature, actor=referent, reason="Retirée")

    question.refresh_from_db()
    assert question.state == ProducerQuestionState.ENDED
    assert question.closed_at <= timezone.now() + timedelta(seconds=1)


# -- pages


def test_the_producer_answers_from_its_list_and_sees_which_files(client):
    producer = make_producer()
    first, first_editor, _ = make_recovered_file(producer)
    second, _, _ = make_recovered_file(producer)
    question, other = ask(first), ask(second)
    listing = reverse("candidature:producer_question_list")
    form = reverse("candidature:producer_answer_form", args=[question.pre_listing_id, LEVELS])
    sending = reverse("candidature:producer_answer_send", args=[question.pre_listing_id, LEVELS])
    client.force_login(producer.manager)

    page = client.get(listing).content.decode()
    assert first.enrolment.product.name in page
    assert second.enrolment.product.organisation.name in page
    posted = {f"{LEVELS}-version": "1", f"{LEVELS}-answer": "2", f"{LEVELS}-comment": "Voici.", "action": "send"}
    assert client.post(form, posted).url == sending
    assert client.post(form, posted).status_code == 409
    assert SECRET in client.get(form).content.decode()  # the question is the producer’s to read
    preview = client.get(sending).content.decode()
    assert str(question.pk) in preview
    assert str(other.pk) in preview
    assert client.post(sending, {}).status_code == 422
    assert client.post(sending, {"question": [str(question.pk), str(other.pk)]}).url == listing
    assert client.get(form).status_code == 404

    client.force_login(first_editor)
    for page in (form, sending):
        assert client.get(page).status_code == 404
    assert first.enrolment.product.name not in client.get(listing).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_producers_list_asks_as_much_for_one_as_for_three(client, django_assert_num_queries, count):
    producer = make_producer()
    for _ in range(count):
        ask(make_recovered_file(producer)[0])
    client.force_login(producer.manager)
    client.get(reverse("candidature:producer_question_list"))

    with django_assert_num_queries(4):
        client.get(reverse("candidature:producer_question_list"))


def test_an_agent_asks_from_the_criterion_and_follows_the_question(client):
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer)
    other, _, _ = make_recovered_file(producer)
    client.force_login(referent)
    criterion = reverse("candidature:criterion_review", args=[candidature.pk, LEVELS])
    create = reverse("candidature:producer_question_create", args=[candidature.pk, LEVELS])
    assert create in client.get(criterion).content.decode()
    assert other.enrolment.label in client.get(create).content.decode()

    refused = client.post(create, {"kind": "non_conformity", "text": "", "due_on": ""})
    sent = client.post(
        create,
        {
            "kind": "complement",
            "text": f"Pourquoi {SECRET} ?",
            "due_on": f"{in_days(5):%d/%m/%Y}",
            "also": [str(other.pk)],
        },
    )

    assert refused.status_code == 422
    assert ProducerQuestion.objects.count() == 2
    page = client.get(sent.url).content.decode()
    assert SECRET in page
    assert "Relancer l’éditeur producteur" in page
    remind = reverse("candidature:producer_remind", args=[candidature.pk, 1])
    assert client.get(remind).status_code == 200
    assert client.post(remind).url == sent.url
    act = reverse("candidature:producer_question_act", args=[candidature.pk, 1, "retirer"])
    assert client.post(act, {"note": ""}).status_code == 422
    assert client.post(act, {"note": "Inutile."}).url == sent.url

    client.force_login(editor)
    for address in (sent.url, create, act, remind):
        assert client.get(address).status_code in (403, 404)


@pytest.mark.rule("A-25", "BR-197")
def test_the_distributor_reads_a_code_a_title_and_a_day_and_may_answer_itself(client):
    candidature, editor, _ = make_recovered_file(make_producer())
    question = ask(candidature)
    client.force_login(editor)
    pages = [
        reverse("candidature:request_list", args=[candidature.pk]),
        reverse("candidature:criterion_review", args=[candidature.pk, LEVELS]),
        reverse("candidature:candidature_detail", args=[candidature.pk]),
        reverse("candidature:candidature_history", args=[candidature.pk]),
    ]

    for page in pages:
        text = client.get(page).content.decode()
        assert SECRET not in text
        assert "éditeur producteur" in text
    own = reverse("candidature:own_answer_choose", args=[candidature.pk, LEVELS])
    assert own in client.get(pages[0]).content.decode()
    assert "Répondre" in client.get(own).content.decode()
    assert client.post(own).url == reverse("candidature:request_detail", args=[candidature.pk, 1])
    assert client.post(own).status_code == 404
    question.refresh_from_db()
    assert question.state == ProducerQuestionState.TAKEN_OVER


@pytest.mark.rule("A-24", "BR-197")
def test_the_addendum_of_a_distributor_shows_a_commitment_and_no_answer(client):
    producer = make_producer()
    candidature, editor, referent = make_recovered_file(producer)
    question = ask(candidature)
    write_answer(question, producer.manager, comment=f"{SECRET}-9")
    send(question, producer.manager)
    part = RecoveredSupplement.objects.get()
    addresses = [
        reverse("candidature:addendum_detail", args=[candidature.pk, 1]),
        reverse("candidature:addendum_source", args=[candidature.pk, 1, "json"]),
    ]

    client.force_login(editor)
    for address in addresses:
        text = client.get(address).content.decode()
        assert SECRET not in text
        assert part.commitment in text
        assert str(producer.manager) not in text
    client.force_login(referent)
    assert (
        f"{SECRET}-9"
        in client.get(
            reverse("candidature:producer_question_detail", args=[candidature.pk, question.number])
        ).content.decode()
    )


def test_more_time_from_the_pages_of_both_sides(client):
    producer = make_producer()
    candidature, _, referent = make_recovered_file(producer)
    question = ask(candidature)
    delay = reverse("candidature:producer_delay_ask", args=[question.pk])
    decide = reverse("candidature:producer_delay_decide", args=[candidature.pk, question.number])
    client.force_login(producer.manager)
    assert client.post(delay, {"wanted_on": "", "reason": ""}).status_code == 422
    assert client.post(delay, {"wanted_on": f"{in_days(30):%d/%m/%Y}", "reason": "Congés."}).status_code == 302

    client.force_login(referent)
    assert client.post(decide, {"decision": "refuse", "answer": ""}).status_code == 422
    answer = {"decision": "grant", "granted_on": f"{in_days(20):%d/%m/%Y}", "answer": ""}
    assert client.post(decide, answer).status_code == 302

    question.refresh_from_db()
    assert (question.due_on, question.wanted_on) == (in_days(20), None)


@pytest.mark.rule("BR-198", "A-14")
def test_the_commission_reads_recovered_evidence_but_never_an_encrypted_container():
    producer = make_producer(complete=True)
    candidature, _, _ = make_recovered_file(producer, EVIDENCE, DOCUMENTS, complete=True)
    point = AgendaPoint(candidature=candidature)
    opened = {each.code: each for each in load_criteria(candidature, opened=True)}
    (proof,) = opened[EVIDENCE].evidence
    container = next(each for each in opened[DOCUMENTS].evidence if each.type == "aipd")

    assert not is_encrypted(find_evidence(point, proof.sha256))
    assert is_encrypted(find_evidence(point, container.sha256))
    assert find_evidence(point, "0" * 64) is None


@pytest.mark.rule("A-21")
def test_an_agent_tied_to_the_producer_reads_and_judges_none_of_its_answers(client):
    producer = make_producer()
    agent = make_agent(Role.LISTING_TEAM)
    candidature, _, _ = make_recovered_file(producer, LEVELS, referent=agent)
    ask(candidature, actor=make_agent(Role.LISTING_TEAM))
    name = producer.pre_listing.enrolment.product.organisation.name
    declare(person=agent, lines=[link_with(name)], at=timezone.now())
    agent = type(agent).objects.get(pk=agent.pk)

    client.force_login(agent)
    page = client.get(reverse("candidature:criterion_review", args=[candidature.pk, LEVELS])).content.decode()

    assert SECRET not in page
    assert CONFIDENTIAL.capitalize() in page
    assert ProducerQuestion.objects.visible_to(agent).count() == 0
    with pytest.raises(TransitionRefused, match="lien d’intérêts"):
        give_verdict(
            candidature_id=candidature.pk, criterion=LEVELS, outcome="compliant", text="", note="", base_version=0,
            actor=agent,
        )  # fmt: skip


def test_nothing_waits_for_the_producer_once_the_file_is_concluded(client):
    producer = make_producer()
    candidature, _, referent = make_recovered_file(producer)
    gap = ask(candidature, kind=ProducerQuestionKind.NON_CONFORMITY, severity="major")
    conclude_themes(candidature, referent)
    conclude(candidature_id=candidature.pk, proposal="unfavourable", text="Non tenu.", actor=referent)

    with pytest.raises(ProducerQuestion.DoesNotExist):
        write_answer(gap, producer.manager)
    client.force_login(producer.manager)
    page = client.get(reverse("candidature:producer_question_list")).content.decode()
    assert "Rien ne vous est demandé" in page
