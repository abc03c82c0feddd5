import re

import pytest
from django.urls import reverse

from convergence.accounts.enums import MembershipType, Role
from evidence.models import StoredFile
from referencing.candidature.enums import CandidatureState, NonConformityState, Outcome, RequestState
from referencing.candidature.models import (
    Attachment,
    ComplementItem,
    ComplementRequest,
    Extension,
    NonConformity,
    Verdict,
)
from referencing.candidature.services import add_file, save_reply, send_answers, send_reply
from referencing.dossier.models import Addendum
from referencing.dossier.outputs import make_addendum_pdf, present_addendum
from tests.candidature.asking import LEVELS, OTHER, ask, in_days, make_file, make_overdue, open_gap, write
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def file():
    return make_file()


def text_of(response):
    """What one reads on the page, on one line."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"[\s\u202f\u00a0]+", " ", text)


def page(name, candidature, *arguments):
    return reverse(f"candidature:{name}", args=[candidature.pk, *arguments])


def posted(request, code, **values):
    """One item of a posting."""
    item = request.items.get(code=code)
    return {f"{code}-version": str(item.version), **{f"{code}-{name}": value for name, value in values.items()}}


# -- the tab


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("side", ["editor", "team"])
def test_the_tab_asks_as_much_for_one_as_for_three(client, file, django_assert_num_queries, count, side):
    candidature, editor, referent = file
    for code in [LEVELS] * count:
        request = ask(candidature, code)
        write(request, code, actor=editor)
        send_answers(request_id=request.pk, codes=[code], actor=editor)
        open_gap(candidature, code)
    client.force_login(editor if side == "editor" else referent)
    client.get(page("request_list", candidature))

    with django_assert_num_queries(8):
        response = client.get(page("request_list", candidature))

    assert len(response.context["requests"]) == len(response.context["gaps"]) == count


def test_strangers_see_nothing(client, file):
    candidature, _, _ = file
    ask(candidature, LEVELS)
    client.force_login(make_member(OrganisationFactory()))

    for name, arguments in (("request_list", []), ("request_detail", [1]), ("request_create", [])):
        assert client.get(page(name, candidature, *arguments)).status_code == 404


# -- composing


def test_criteria_to_complete_come_first_chosen(client, file):
    candidature, _, referent = file
    Verdict.objects.create(
        candidature=candidature,
        theme="interoperabilite",
        criterion=LEVELS,
        outcome=Outcome.TO_COMPLETE,
        text="Joignez la liste des terminologies.",
        content_sha256="0" * 64,
        by=referent,
        at=candidature.taken_at,
    )
    client.force_login(referent)

    response = client.get(page("request_create", candidature))

    assert response.context["form"].codes == [LEVELS]
    assert "Joignez la liste des terminologies." in text_of(response)


def test_composing_adds_removes_reads_again_and_sends(client, file):
    candidature, _, referent = file
    client.force_login(referent)
    address = page("request_create", candidature)
    typed = {"code": [LEVELS], f"question-{LEVELS}": "Quelle terminologie ?", "text": "Bonjour", "due_on": "1/1/2090"}

    added = client.post(address, typed | {"action": "add", "add": OTHER})
    removed = client.post(address, typed | {"code": [LEVELS, OTHER], "action": f"remove:{OTHER}"})
    recap = client.post(address, typed | {"action": "recap"})
    assert not ComplementRequest.objects.exists()
    sent = client.post(address, typed | {"action": "send", "due_on": "2090-01-01"})

    assert added.context["form"].codes == [LEVELS, OTHER]
    assert removed.context["form"].codes == [LEVELS]
    assert "Quelle terminologie ?" in text_of(added)
    assert "1er janvier 2090" in text_of(recap)
    assert sent.url == page("request_detail", candidature, 1)
    assert ComplementItem.objects.get().question == "Quelle terminologie ?"


def test_a_refused_request_keeps_what_was_typed(client, file):
    candidature, _, referent = file
    client.force_login(referent)

    response = client.post(
        page("request_create", candidature),
        {"code": [LEVELS], f"question-{LEVELS}": "", "text": "Bonjour", "due_on": "hier", "action": "recap"},
    )

    assert response.status_code == 422
    assert f"Indiquez ce qui est demandé sur {LEVELS}." in text_of(response)
    assert "Bonjour" in text_of(response)


@pytest.mark.rule("BR-112")
def test_an_expert_is_offered_own_criteria_only(client):
    expert = make_agent(Role.EXPERT, "rgpd")
    candidature, _, _ = make_file()
    candidature.reviews.create(theme="rgpd", expert=expert)
    client.force_login(expert)

    response = client.get(page("request_create", candidature))

    assert response.context["offered"] == []


def test_the_editor_does_not_compose(client, file):
    candidature, editor, _ = file
    client.force_login(editor)

    assert client.get(page("request_create", candidature)).status_code == 403
    assert client.get(page("non_conformity_create", candidature)).status_code == 403


# -- answering


@pytest.mark.rule("BR-113")
def test_the_editor_answers_what_is_asked_and_nothing_else(client, file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    client.force_login(editor)

    response = client.post(
        page("request_detail", candidature, 1),
        posted(request, LEVELS, answer="3", comment="Nous utilisons LOINC.")
        | {f"{OTHER}-version": "1", f"{OTHER}-comment": "Non demandé"},
    )

    assert response.url == page("request_detail", candidature, 1)
    item = ComplementItem.objects.get()
    assert (item.answer, item.comment, item.version) == ({"level": "3"}, "Nous utilisons LOINC.", 2)


def test_agents_do_not_read_the_buffer(client, file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor, comment="Brouillon confidentiel", level="3")
    joined = add_file(
        row_id=request.items.get().pk, is_item=True, upload=pdf("secret.pdf"), evidence_type="", actor=editor
    )
    client.force_login(referent)

    pages = [
        client.get(page("request_detail", candidature, 1)),
        client.get(page("request_list", candidature)),
        client.get(page("candidature_detail", candidature)),
        client.get(reverse("candidature:criterion_review", args=[candidature.pk, LEVELS])),
    ]

    for response in pages:
        assert response.status_code == 200
        assert "confidentiel" not in response.content.decode()
        assert "secret.pdf" not in response.content.decode()
    assert client.get(page("answer_file", candidature, joined.pk)).status_code == 404
    assert client.post(page("request_detail", candidature, 1), {}).status_code == 403


def test_a_file_is_joined_taken_out_and_downloaded(client, file, django_capture_on_commit_callbacks):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    client.force_login(editor)
    address = page("request_detail", candidature, 1)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            address,
            posted(request, LEVELS, comment="Texte") | {f"{LEVELS}-file-": pdf("preuve.pdf"), "action": "deposit:zone"},
        )
    joined = Attachment.objects.get()
    content = client.get(page("answer_file", candidature, joined.pk))
    removed = client.post(address, posted(request, LEVELS, comment="Texte") | {"action": f"remove:{joined.pk}"})

    assert content["Content-Disposition"].startswith("attachment")
    assert removed.status_code == 302
    assert not Attachment.objects.exists()
    assert ComplementItem.objects.get().comment == "Texte"


def test_a_refused_file_keeps_the_text_beside_the_reason(client, file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    client.force_login(editor)
    upload = pdf("programme.exe")

    response = client.post(
        page("request_detail", candidature, 1),
        posted(request, LEVELS, comment="Mon texte") | {f"{LEVELS}-file-": upload, "action": f"deposit:zone-{LEVELS}"},
    )

    assert response.status_code == 422
    assert "Mon texte" in text_of(response)
    assert ComplementItem.objects.get().comment == "Mon texte"
    assert not Attachment.objects.exists()


@pytest.mark.rule("A-13")
def test_two_colleagues_get_both_texts(client, file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    old = posted(request, LEVELS, comment="Mon texte")
    write(request, LEVELS, actor=editor, comment="Le sien")
    client.force_login(editor)

    whole = client.post(page("request_detail", candidature, 1), old)
    auto = client.post(
        page("request_save", candidature, 1),
        old | {"_fields": [f"{LEVELS}-comment"]},
        headers={"X-Autosave": "1"},
    )

    for response in (whole, auto):
        assert response.status_code == 409
        assert "sien" in text_of(response)
        assert "texte" in text_of(response)
    assert auto["X-Autosave-Versions"] == f'{{"{LEVELS}-version": "2"}}'


def test_autosave_writes_one_field_and_keeps_the_others(client, file):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor, comment="Texte", level="3")
    client.force_login(editor)
    version = request.items.get().version

    response = client.post(
        page("request_save", candidature, 1),
        {"_fields": [f"{LEVELS}-comment"], f"{LEVELS}-comment": "Autre texte", f"{LEVELS}-version": str(version)},
        headers={"X-Autosave": "1"},
    )

    assert response.json()["versions"] == {f"{LEVELS}-version": str(version + 1)}
    item = ComplementItem.objects.get()
    assert (item.answer, item.comment) == ({"level": "3"}, "Autre texte")


@pytest.mark.rule("BR-114")
def test_sending_asks_first_and_sends_the_ticked_answers(client, file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS, OTHER)
    write(request, LEVELS, actor=editor, comment="Nous utilisons LOINC.")
    client.force_login(editor)
    address = page("request_send", candidature, 1)

    asked = client.get(address)
    refused = client.post(address, {"code": [LEVELS, OTHER]})
    sent = client.post(address, {"code": [LEVELS]})

    assert [row["is_chosen"] for row in asked.context["rows"]] == [True, False]
    assert refused.status_code == 422
    assert sent.url == page("request_detail", candidature, 1)
    addendum = Addendum.objects.get()
    client.force_login(referent)
    assert "Nous utilisons LOINC." in text_of(client.get(page("request_detail", candidature, 1)))
    detail = client.get(page("addendum_detail", candidature, 1), {"verifier": "1"})
    assert "Cet additif est intact" in text_of(detail)
    assert "Nous utilisons LOINC." in text_of(detail)
    assert client.get(page("addendum_source", candidature, 1, "json")).content == bytes(addendum.payload)
    assert client.get(page("addendum_source", candidature, 1, "xml")).status_code == 404


def test_a_contributor_prepares_and_somebody_else_sends(client, file):
    candidature, _, _ = file
    request = ask(candidature, LEVELS)
    contributor = make_member(candidature.enrolment.product.organisation, MembershipType.SALARIE)
    client.force_login(contributor)

    saved = client.post(
        page("request_detail", candidature, 1), posted(request, LEVELS, comment="Texte") | {"action": "send"}
    )
    told = client.get(saved.url, follow=True)

    assert "le responsable du produit" in text_of(told)
    assert ComplementItem.objects.get().comment == "Texte"
    assert not Addendum.objects.exists()


def test_the_pdf_of_an_addendum_carries_its_content(client, file, settings, tmp_path):
    candidature, editor, _ = file
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor, comment="Nous utilisons LOINC.", level="3")
    addendum = send_answers(request_id=request.pk, codes=[LEVELS], actor=editor)

    class Asked:
        payload = {"addendum": str(addendum.pk)}

    output = make_addendum_pdf(Asked(), lambda percent, words: None)

    assert output.content[:5] == b"%PDF-"
    (item,) = present_addendum(addendum)["items"]
    assert item["answer_text"].startswith("Maturité forte")


# -- delays, withdrawal, lapse


def test_more_time_is_asked_and_granted_through_pages(client, file):
    candidature, editor, referent = file
    request = ask(candidature, LEVELS)
    client.force_login(editor)
    refused = client.post(page("extension_ask", candidature, 1), {"wanted_on": "1/1/2020", "reason": "Congés"})
    asked = client.post(page("extension_ask", candidature, 1), {"wanted_on": "1/1/2090", "reason": "Congés"})
    client.force_login(referent)
    silent = client.post(page("extension_decide", candidature, 1), {"decision": "refuse"})
    granted = client.post(page("extension_decide", candidature, 1), {"decision": "grant", "granted_on": "15/12/2089"})

    assert (refused.status_code, silent.status_code) == (422, 422)
    assert asked.url == granted.url == page("request_detail", candidature, 1)
    request.refresh_from_db()
    assert f"{request.due_on:%d/%m/%Y}" == "15/12/2089"
    assert Extension.objects.get().decided_by == referent


def test_withdrawing_reminding_and_the_formal_reminder_through_pages(client, file):
    candidature, editor, referent = file
    make_overdue(ask(candidature, LEVELS))
    client.force_login(referent)

    asked = client.get(page("request_remind", candidature, 1))
    client.post(page("request_remind", candidature, 1))
    early = client.post(page("request_formal_reminder", candidature, 1), {"grace_until": "1/1/2020"})
    client.post(page("request_formal_reminder", candidature, 1), {"grace_until": "1/1/2090"})
    lapse = client.post(page("candidature_lapse", candidature), {"reason": "Sans réponse."})
    silent = client.post(page("request_withdraw", candidature, 1), {"reason": ""})
    client.post(page("request_withdraw", candidature, 1), {"reason": "Erreur."})

    assert "Relancer" in text_of(asked)
    assert (early.status_code, lapse.status_code, silent.status_code) == (422, 422, 422)
    assert "jusqu’au 01/01/2090" in text_of(lapse)
    request = ComplementRequest.objects.get()
    assert request.reminded_at is not None
    assert request.state == RequestState.WITHDRAWN
    client.force_login(editor)
    assert client.post(page("request_withdraw", candidature, 1), {"reason": "Non."}).status_code == 403


@pytest.mark.rule("A-16")
def test_lapsing_through_the_page(client, file):
    candidature, _, referent = file
    make_overdue(ask(candidature, LEVELS))
    client.force_login(referent)
    client.post(page("request_formal_reminder", candidature, 1), {"grace_until": "1/1/2090"})
    ComplementRequest.objects.update(grace_until=in_days(-1))

    response = client.post(page("candidature_lapse", candidature), {"reason": "Sans réponse."})

    assert response.url == page("candidature_detail", candidature)
    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.ABANDONED


# -- non-conformities


def test_a_gap_is_opened_answered_and_lifted_through_pages(client, file):
    candidature, editor, referent = file
    client.force_login(referent)
    values = {"criterion": LEVELS, "severity": "major", "rationale": "Absent.", "due_on": "1/1/2090"}
    refused = client.post(page("non_conformity_create", candidature), values | {"rationale": "", "due_on": ""})
    opened = client.post(page("non_conformity_create", candidature), values)
    client.force_login(editor)
    address = page("non_conformity_detail", candidature, 1)
    saved = client.post(address, {"reply": "Corrigé.", "reply-version": "1", "action": "send"})
    client.force_login(referent)
    hidden = client.get(address)
    client.force_login(editor)
    sent = client.post(saved.url)
    client.force_login(referent)
    shown = client.get(address)
    silent = client.post(page("non_conformity_decide", candidature, 1), {"decision": "lift", "note": ""})
    client.post(page("non_conformity_decide", candidature, 1), {"decision": "lift", "note": "Vu."})
    client.post(
        page("non_conformity_decide", candidature, 1), {"decision": "reopen", "note": "Revu.", "due_on": "1/1/2090"}
    )

    assert refused.status_code == silent.status_code == 422
    assert opened.url == sent.url == address
    assert "Corrigé." not in text_of(hidden)
    assert "Corrigé." in text_of(shown)
    assert NonConformity.objects.get().state == NonConformityState.OPEN


def test_two_colleagues_reply_to_one_gap(client, file):
    candidature, editor, _ = file
    gap = open_gap(candidature)
    save_reply(non_conformity_id=gap.pk, text="Le sien", base_version=1, actor=editor)
    client.force_login(editor)

    whole = client.post(page("non_conformity_detail", candidature, 1), {"reply": "Le mien", "reply-version": "1"})
    auto = client.post(page("non_conformity_save", candidature, 1), {"reply": "Le mien", "reply-version": "1"})
    saved = client.post(page("non_conformity_save", candidature, 1), {"reply": "Le mien", "reply-version": "2"})

    assert (whole.status_code, auto.status_code, saved.status_code) == (409, 409, 200)


def test_agents_neither_reply_nor_send(client, file):
    candidature, editor, referent = file
    gap = open_gap(candidature)
    client.force_login(referent)

    for name in ("non_conformity_detail", "non_conformity_save", "non_conformity_send"):
        assert client.post(page(name, candidature, 1), {"reply": "x"}).status_code == 403
    client.force_login(editor)
    assert client.post(page("non_conformity_decide", candidature, 1), {}).status_code == 403
    save_reply(non_conformity_id=gap.pk, text="x", base_version=1, actor=editor)
    send_reply(non_conformity_id=gap.pk, actor=editor)


@pytest.mark.parametrize("count", [1, 2])
def test_a_request_asks_as_much_for_one_point_as_for_two(client, file, django_assert_num_queries, count):
    candidature, editor, _ = file
    ask(candidature, *[LEVELS, OTHER][:count])
    client.force_login(editor)
    client.get(page("request_detail", candidature, 1))

    with django_assert_num_queries(9):
        response = client.get(page("request_detail", candidature, 1))

    assert response.context["total"] == count


def test_an_agent_who_only_reads_finds_no_button(client, file):
    candidature, _, _ = file
    ask(candidature, LEVELS)
    client.force_login(make_agent(Role.SUPPORT))

    response = client.get(page("request_detail", candidature, 1))

    assert response.status_code == 200
    assert response.context["links"] == []
    assert not response.context["can_write"]


@pytest.mark.rule("A-14")
def test_an_encrypted_container_goes_to_those_who_may_open_it(client):
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, editor, referent = make_file(complete=True, experts={"interoperabilite": expert})
    container = StoredFile.objects.get(passphrase__isnull=False)
    gap = open_gap(candidature)
    joined = Attachment.objects.create(candidature=candidature, file=container, non_conformity=gap, added_by=editor)
    save_reply(non_conformity_id=gap.pk, text="x", base_version=1, actor=editor)
    sent = send_reply(non_conformity_id=gap.pk, actor=editor)

    pages = [
        page("answer_file", candidature, joined.pk),
        page("addendum_file", candidature, sent.number, sent.files.get().pk),
    ]

    for person, status in ((expert, 403), (referent, 200), (editor, 200)):
        client.force_login(person)
        assert [client.get(address).status_code for address in pages] == [status, status]
