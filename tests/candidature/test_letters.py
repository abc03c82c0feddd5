"""The correspondence of a file, both sides (A-22)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.drafts.services import save_drafts
from convergence.jobs.models import Job
from convergence.jobs.services import run
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.core.letters import Template, fill
from referencing.candidature.enums import CandidatureState, LetterKind, Side
from referencing.candidature.models import Attachment, Candidature, CandidatureEvent, Letter
from referencing.candidature.services.correspondence import add_note, mark_answered, send_message
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = [pytest.mark.django_db, pytest.mark.rule("A-22")]

EML = (
    b"From: =?utf-8?q?H=C3=A9l=C3=A8ne_Roy?= <h.roy@editeur.example>\r\n"
    b"Date: Tue, 3 Mar 2026 09:12:00 +0100\r\n"
    b"Subject: =?utf-8?q?R=C3=A9ponse_attendue?=\r\n"
    b"Message-ID: <1@editeur.example>\r\n\r\nBonjour\r\n"
)


@pytest.fixture
def file():
    return make_candidature(CandidatureState.ADMISSIBILITY, complete=False)


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def send(candidature, actor, **values):
    return send_message(
        candidature_id=candidature.pk, **{"subject": "Objet", "text": "Texte", "actor": actor, **values}
    )


def note(candidature, actor, **values):
    return add_note(
        candidature_id=candidature.pk,
        **{
            "kind": LetterKind.CALL,
            "subject": "Appel",
            "text": "Dit au téléphone",
            "happened_at": timezone.now() - timedelta(hours=1),
            "is_internal": False,
            "actor": actor,
            **values,
        },
    )


def sent_mails():
    for job in Job.objects.filter(kind="notifications.mail", state="queued"):
        run(job_id=job.pk)
    return mail.outbox


@pytest.mark.django_db(transaction=True)
def test_message_of_the_referent_reaches_the_editor_and_its_answer_comes_back(file):
    candidature, manager = file
    asked = send(candidature, candidature.referent, subject="Une précision", waits_for_answer=True)

    assert (asked.from_editor, asked.answer_by) == (False, Side.EDITOR)
    (mailed,) = sent_mails()
    assert mailed.to == [manager.email]
    assert "Répondez à ce message" in mailed.body
    assert Notification.objects.filter(recipient=manager, kind="Échange").count() == 1

    mail.outbox.clear()
    answer = send(candidature, manager, subject="Réponse", answers=asked.pk)

    asked.refresh_from_db()
    assert asked.answered_at is not None
    assert (answer.from_editor, answer.answer_by) == (True, "")
    (mailed,) = sent_mails()
    assert mailed.to == [candidature.referent.email]
    assert mailed.body.count("Lisez ce message") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("values", "mails", "told"),
    [
        ({"is_internal": True}, 0, 0),
        ({}, 0, 1),
        ({"answer_by": Side.EDITOR}, 1, 1),
        ({"answer_by": Side.TEAM}, 0, 1),
    ],
    ids=["internal", "shared", "shared, the editor answers", "shared, the team answers"],
)
def test_note_is_mailed_only_when_the_editor_has_something_to_do(file, values, mails, told):
    candidature, manager = file

    note(candidature, candidature.referent, **values)

    assert len(sent_mails()) == mails
    assert Notification.objects.filter(recipient=manager).count() == told


@pytest.mark.django_db(transaction=True)
def test_message_on_a_file_without_referent_reaches_the_whole_team():
    candidature, manager = make_candidature(CandidatureState.APPLIED, complete=False)
    team = {make_agent(Role.LISTING_TEAM).email for _ in range(2)}

    send(candidature, manager)

    assert {mailed.to[0] for mailed in sent_mails()} == team


@pytest.mark.parametrize("type", list(MembershipType))
def test_every_member_of_the_organisation_may_write(file, type):
    candidature, _ = file

    letter = send(candidature, make_member(candidature.enrolment.product.organisation, type))

    assert letter.from_editor


@pytest.mark.parametrize("act", [send, note], ids=["message", "note"])
def test_support_reads_and_does_not_write(file, act):
    with pytest.raises(PermissionDenied):
        act(file[0], make_agent(Role.SUPPORT))

    assert not Letter.objects.exists()


def test_members_write_no_note_and_settle_nothing(file):
    candidature, manager = file
    letter = send(candidature, candidature.referent, waits_for_answer=True)

    with pytest.raises(PermissionDenied):
        note(candidature, manager)
    with pytest.raises(PermissionDenied):
        mark_answered(candidature_id=candidature.pk, letter_id=letter.pk, actor=manager)


@pytest.mark.parametrize("person", ["stranger", "expert"])
def test_who_does_not_see_the_file_cannot_write(file, person):
    actor = make_member(OrganisationFactory()) if person == "stranger" else make_agent(Role.EXPERT, "ethique")

    with pytest.raises(Candidature.DoesNotExist):
        send(file[0], actor)


def test_expert_of_the_file_writes_for_the_team():
    expert = make_agent(Role.EXPERT, "interoperabilite")
    candidature, _ = make_candidature(experts={"interoperabilite": expert}, complete=False)

    assert not send(candidature, expert).from_editor


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"subject": " ", "text": ""}, ["subject", "text"]),
        ({"happened_at": timezone.now() + timedelta(days=2)}, ["future"]),
        ({"is_internal": True, "answer_by": Side.EDITOR}, ["answer_by"]),
        ({"kind": LetterKind.INCOMING_MAIL, "text": ""}, ["sender"]),
    ],
)
def test_note_is_refused_with_every_reason(file, values, codes):
    candidature, _ = file

    with pytest.raises(TransitionRefused) as refusal:
        note(candidature, candidature.referent, **values)

    assert [blocker.code for blocker in refusal.value.blockers] == codes


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(text="autre"),
        lambda rows: rows.update(is_internal=True),
        lambda rows: rows.update(answer_by=Side.TEAM),
        lambda rows: rows.delete(),
    ],
    ids=["text", "readers", "answer_by without waiting", "delete"],
)
def test_database_keeps_a_letter_as_it_was_sent(file, change):
    candidature, _ = file
    send(candidature, candidature.referent)

    with pytest.raises(DatabaseError), transaction.atomic():
        change(Letter.objects.all())

    assert Letter.objects.get().text == "Texte"


def test_each_letter_is_in_the_timeline_and_in_the_journal(file):
    candidature, _ = file
    letter = send(candidature, candidature.referent, waits_for_answer=True)
    note(candidature, candidature.referent, is_internal=True)
    mark_answered(candidature_id=candidature.pk, letter_id=letter.pk, actor=candidature.referent)
    mark_answered(candidature_id=candidature.pk, letter_id=letter.pk, actor=candidature.referent)

    assert list(CandidatureEvent.objects.order_by("pk").values_list("kind", "is_internal")) == [
        ("message_sent", False),
        ("call_noted", True),
        ("letter_answered", False),
    ]
    assert list(AuditEntry.objects.about(letter).values_list("action", flat=True)) == [
        "letter.message_sent",
        "letter.letter_answered",
    ]


class TestPages:
    def test_agent_writes_with_an_attachment_and_the_editor_opens_it(self, client, file):
        candidature, manager = file
        client.force_login(candidature.referent)
        address = reverse("candidature:letter_write", args=[candidature.pk])

        response = client.post(
            address, {"subject": "Pièce", "text": "Ci-joint", "attachments": [pdf(), pdf()]}, format="multipart"
        )

        assert response.url == reverse("candidature:letter_list", args=[candidature.pk])
        attachment = Attachment.objects.first()
        assert Attachment.objects.count() == 2
        client.force_login(manager)
        assert attachment.file.name in text_of(client.get(response.url))
        download = client.get(reverse("candidature:letter_attachment", args=[candidature.pk, attachment.pk]))
        assert b"".join(download.streaming_content).startswith(b"%PDF")
        client.force_login(make_member(OrganisationFactory()))
        assert client.get(download.request["PATH_INFO"]).status_code == 404

    def test_errors_stand_next_to_their_fields_and_the_text_stays(self, client, file):
        candidature, manager = file
        client.force_login(manager)

        response = client.post(
            reverse("candidature:letter_write", args=[candidature.pk]),
            {"text": "Un texte long", "attachments": [SimpleUploadedFile("a.exe", b"MZ"), pdf()]},
        )

        page = text_of(response)
        assert response.status_code == 422
        assert "Indiquez l’objet du message." in page
        assert "« a.exe » : Ce format n’est pas accepté ici." in page
        assert "Un texte long" in page
        assert not Letter.objects.exists()

    def test_draft_comes_back_and_is_forgotten_once_sent(self, client, file):
        candidature, manager = file
        client.force_login(manager)
        address = reverse("candidature:letter_write", args=[candidature.pk])
        key = f"letter-{candidature.pk}-message"
        save_drafts(user=manager, form=key, texts={"text": "Commencé hier"}, at=timezone.now())

        page = text_of(client.get(address))
        assert "Votre brouillon du" in page
        assert "Commencé hier" in page

        client.post(address, {"subject": "Objet", "text": "Fini"})
        assert "Commencé hier" not in text_of(client.get(address))

    def test_template_of_the_demarche_is_filled(self, client, file):
        candidature, manager = file
        demarche = candidature.enrolment.demarche
        demarche.settings["instruction"] = {
            "message_templates": {
                "letters": [
                    {"code": "a", "label": "Modèle A", "subject": "Sur {produit}", "text": "Dossier {reference}"}
                ]
            }
        }
        demarche.save()
        client.force_login(candidature.referent)
        address = reverse("candidature:letter_write", args=[candidature.pk])

        page = text_of(client.get(address, {"modele": "a"}))

        assert f"Sur {candidature.enrolment.product.name}" in page
        assert f"Dossier {candidature.dossier.reference}" in page
        client.force_login(manager)
        assert "Modèle A" not in text_of(client.get(address))

    def test_editor_answers_a_waiting_message_from_the_list(self, client, file):
        candidature, manager = file
        asked = send(candidature, candidature.referent, waits_for_answer=True)
        client.force_login(manager)
        page = text_of(client.get(reverse("candidature:letter_list", args=[candidature.pk])))
        address = f"{reverse('candidature:letter_write', args=[candidature.pk])}?reponse={asked.pk}"
        assert address in page
        assert "Attend votre réponse" in page

        assert "Réponse : Objet" in text_of(client.get(address))
        client.post(address, {"subject": "Réponse", "text": "Voici"})

        asked.refresh_from_db()
        assert asked.answered_at is not None

    @pytest.mark.parametrize("wanted", ["n’importe quoi", "d4292fc4-e1a5-42eb-980f-e90574228399"])
    def test_answering_what_is_unknown_writes_a_plain_message(self, client, file, wanted):
        candidature, manager = file
        client.force_login(manager)

        response = client.get(reverse("candidature:letter_write", args=[candidature.pk]), {"reponse": wanted})

        assert "Vous répondez à" not in text_of(response)

    def test_new_letters_are_marked_once(self, client, file):
        candidature, manager = file
        send(candidature, candidature.referent)
        client.force_login(manager)
        address = reverse("candidature:letter_list", args=[candidature.pk])

        assert "1 échange non lu" in text_of(client.get(address))
        assert "Nouveau" not in text_of(client.get(address))
        client.force_login(candidature.referent)
        assert "non lu" not in text_of(client.get(address))

    def test_search_forgives_accents_and_finds_in_texts(self, client, file):
        candidature, manager = file
        send(candidature, manager, subject="Échéance", text="La sécurité")
        send(candidature, manager, subject="Autre", text="Rien")
        client.force_login(manager)
        address = reverse("candidature:letter_list", args=[candidature.pk])

        for text, count in (("echeance", 1), ("SECURITE", 1), ("introuvable", 0)):
            assert len(client.get(address, {"q": text}).context["letters"]) == count

    def test_eml_says_by_itself_who_wrote_when_about_what(self, client, file):
        candidature, _ = file
        client.force_login(candidature.referent)

        response = client.post(
            reverse("candidature:letter_file_mail", args=[candidature.pk]),
            {"attachments": [SimpleUploadedFile("reponse.eml", EML)], "readers": "both", "answer_by": "team"},
        )

        assert response.status_code == 302, text_of(response)
        letter = Letter.objects.get()
        assert (letter.sender, letter.subject) == ("Hélène Roy <h.roy@editeur.example>", "Réponse attendue")
        assert letter.happened_at.isoformat() == "2026-03-03T08:12:00+00:00"
        assert letter.attachments.get().file.name == "reponse.eml"

    def test_typed_values_win_over_those_of_the_mail(self, client, file):
        candidature, _ = file
        client.force_login(candidature.referent)

        client.post(
            reverse("candidature:letter_file_mail", args=[candidature.pk]),
            {
                "attachments": [SimpleUploadedFile("a.eml", EML)],
                "sender": "Camille",
                "subject": "Autre objet",
                "happened_on": "2/3/2026",
                "readers": "agents",
            },
        )

        letter = Letter.objects.get()
        assert (letter.sender, letter.subject, letter.is_internal) == ("Camille", "Autre objet", True)
        assert timezone.localdate(letter.happened_at).isoformat() == "2026-03-02"

    def test_pdf_mail_asks_for_what_it_does_not_say(self, client, file):
        candidature, _ = file
        client.force_login(candidature.referent)

        response = client.post(
            reverse("candidature:letter_file_mail", args=[candidature.pk]),
            {"attachments": [pdf()], "readers": "agents"},
        )

        page = text_of(response)
        assert response.status_code == 422
        for words in ("l’expéditeur du courrier", "l’objet du courrier", "la date d’envoi du courrier"):
            assert f"Indiquez {words}." in page

    def test_internal_note_and_its_attachment_stay_between_agents(self, client, file):
        candidature, manager = file
        client.force_login(candidature.referent)
        client.post(
            reverse("candidature:letter_note", args=[candidature.pk]),
            {
                "kind": "call",
                "happened_on": timezone.localdate().strftime("%d/%m/%Y"),
                "subject": "Secret de couloir",
                "text": "Ne pas dire",
                "readers": "agents",
                "attachments": [pdf()],
            },
        )
        attachment = Attachment.objects.get()
        address = reverse("candidature:letter_list", args=[candidature.pk])
        assert "Secret de couloir" in text_of(client.get(address))

        client.force_login(manager)

        assert "Secret de couloir" not in text_of(client.get(address))
        assert not client.get(address, {"q": "couloir"}).context["letters"]
        download = reverse("candidature:letter_attachment", args=[candidature.pk, attachment.pk])
        assert client.get(download).status_code == 404
        settle = reverse("candidature:letter_settle", args=[candidature.pk, attachment.letter_id])
        assert client.post(settle).status_code == 403

    def test_agent_name_is_told_to_agents_and_the_referent_to_the_editor(self, client, file):
        candidature, manager = file
        colleague = make_agent(Role.LISTING_TEAM)
        send(candidature, colleague, subject="D’un collègue")
        send(candidature, candidature.referent, subject="Du référent")
        client.force_login(manager)

        page = text_of(client.get(reverse("candidature:letter_list", args=[candidature.pk])))

        assert colleague.get_full_name() not in page
        assert candidature.referent.get_full_name() in page

    @pytest.mark.parametrize("count", [1, 3])
    def test_list_query_count_is_constant(self, client, file, django_assert_num_queries, count):
        candidature, manager = file
        client.force_login(candidature.referent)
        for _ in range(count):
            client.post(
                reverse("candidature:letter_write", args=[candidature.pk]),
                {"subject": "Pièce", "text": "Ci-joint", "attachments": [pdf()]},
            )
        client.force_login(manager)
        address = reverse("candidature:letter_list", args=[candidature.pk])
        client.get(address)
        with django_assert_num_queries(7):
            response = client.get(address)

        assert len(response.context["letters"]) == count


def test_template_leaves_an_unknown_field_to_its_author():
    filled = fill(Template("a", "A", "{produit}", "{date} {inconnu} {0}"), {"produit": "Alpha", "date": "3 mars"})

    assert (filled.subject, filled.text) == ("Alpha", "3 mars {inconnu} {0}")
