"""Files of the questionnaires: deposits of the page's own form, refusals, archive, single deposits, container."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from evidence.enums import ScanState
from evidence.models import Blob
from evidence.scanners.embedded import EICAR
from questionnaires.models import Answer, Deposit
from questionnaires.services import confirm_deposit
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.models import Enrolment
from tests.enrolment.answering.containers import filled_container
from tests.evidence import corpus
from tests.factories import make_agent, make_member
from tests.questionnaires.factories import deposit, make_enrolment, orient, pdf, row

pytestmark = pytest.mark.django_db

DECLARATION = "field-DEV.1.2-evidence-declaration"
AIPD = "field-RGPD.1-evidence-aipd"
QUESTIONNAIRE = "field-RGPD.1-evidence-questionnaire"


@pytest.fixture
def enrolment(enrolment):
    orient(enrolment.response, Q13="oui", Q14="Lecture")
    return enrolment


def page(enrolment, code="ethique"):
    return reverse("enrolment:questionnaire_form", args=[enrolment.pk, code])


def send(client, enrolment, zone, upload, code="ethique", *, action=None, **typed):
    files = {f"{zone}-file": upload} if upload else {}
    return client.post(page(enrolment, code), {"action": action or f"deposit:{zone}", **typed, **files})


def evidence_url(enrolment, name, given):
    return reverse(f"enrolment:evidence_{name}", args=[enrolment.pk, given.pk])


def file(name, content):
    return SimpleUploadedFile(name, content, "application/octet-stream")


# -- deposit


@pytest.mark.rule("BR-070")
def test_a_deposit_without_scripts_keeps_what_was_typed_and_returns_to_its_zone(client, enrolment, editor):
    typed = {"DEV.1.2-version": "0", "DEV.1.2": "conforme", "DEV.1.2-comment": "Voir la déclaration"}

    response = send(client, enrolment, DECLARATION, pdf("déclaration.pdf"), **typed)

    assert response.url == f"{page(enrolment)}#{DECLARATION}"
    assert Deposit.objects.get().file.name == "déclaration.pdf"
    kept = Answer.objects.get(code="DEV.1.2")
    assert (kept.value, kept.comment) == ({"compliance": "conforme"}, "Voir la déclaration")
    html = client.get(page(enrolment)).content.decode()
    assert "déclaration.pdf" in html
    assert "Analysé, sain" in html


def test_any_button_deposits_the_chosen_files(client, enrolment, editor):
    assert send(client, enrolment, DECLARATION, pdf(), action="save").status_code == 302
    assert Deposit.objects.count() == 1


@pytest.mark.rule("BR-078")
@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (file("programme.pdf", corpus.windows_program()), "changer l’extension ne suffit pas"),
        (file("vide.pdf", b""), "Le fichier est vide."),
        (file("facture.pdf.exe", corpus.pdf()), "deux extensions"),
        (file("notes.docx", corpus.office("docx")), "Ce format n’est pas accepté ici."),
        (file("test.pdf", corpus.pdf_with_eicar()), "L’antivirus a reconnu un contenu dangereux"),
        (None, "Choisissez un fichier"),
    ],
    ids=["executable", "empty", "double-extension", "format", "eicar", "nothing"],
)
def test_a_refused_file_is_explained_beside_its_zone_and_nothing_typed_is_lost(client, enrolment, editor, upload, said):
    if upload:
        upload.seek(0)
    typed = {"DEV.1.2-version": "0", "DEV.1.2": "conforme", "DEV.1.2-comment": "Voir la déclaration"}

    response = send(client, enrolment, DECLARATION, upload, **typed)

    html = response.content.decode()
    assert response.status_code == 422
    summary, zone = html.split(f'id="{DECLARATION}"')
    assert said in summary
    assert f'href="#{DECLARATION}"' in summary
    assert said in zone.split("</section>")[0]
    assert "Voir la déclaration</textarea>" in html
    assert not Deposit.objects.exists()
    assert Answer.objects.get(code="DEV.1.2").comment == "Voir la déclaration"


@pytest.mark.rule("BR-078")
def test_a_file_over_the_limit_of_its_zone_is_refused_with_both_sizes(client, enrolment, editor):
    response = send(client, enrolment, DECLARATION, file("gros.pdf", corpus.pdf() + b"\n" * 51 * 1024 * 1024))
    assert response.status_code == 422
    assert "la limite est de 50" in response.content.decode()


def test_a_bare_virus_is_refused_too(client, enrolment, editor):
    response = send(client, enrolment, DECLARATION, file("eicar.pdf", EICAR))
    assert response.status_code == 422
    assert not Deposit.objects.exists()


def test_a_page_with_hundreds_of_empty_file_inputs_can_be_saved(client, enrolment, editor):
    boundary = "limite"
    part = '--{}\r\nContent-Disposition: form-data; name="{}"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n'
    body = "".join(part.format(boundary, f"field-X.{number}-file") for number in range(450)) + f"--{boundary}--\r\n"
    response = client.post(page(enrolment), body.encode(), content_type=f"multipart/form-data; boundary={boundary}")
    assert response.status_code == 302


# -- archive


@pytest.mark.rule("BR-072")
def test_the_cross_archives_at_once_when_another_file_stays(client, enrolment, editor):
    first = deposit(enrolment.response, "DEV.1.2", "declaration")
    deposit(enrolment.response, "DEV.1.2", "declaration")

    response = client.post(page(enrolment), {"action": f"archive:{first.pk}"})

    assert response.url == f"{page(enrolment)}#{DECLARATION}"
    first.refresh_from_db()
    assert first.archived_by == editor
    html = client.get(page(enrolment)).content.decode()
    assert html.count('value="archive:') == 1
    archived = client.get(reverse("enrolment:evidence_archived", args=[enrolment.pk, "DEV.1.2"])).content.decode()
    assert evidence_url(enrolment, "download", first) in archived
    assert f"par {editor}" in archived


@pytest.mark.rule("BR-072", "BR-073")
def test_the_cross_of_the_only_file_asks_first_and_saves_what_was_typed(client, enrolment, editor):
    only = deposit(enrolment.response, "DEV.1.2", "declaration")
    typed = {"DEV.1.2-version": "0", "DEV.1.2": "conforme", "DEV.1.2-comment": "À remplacer"}

    asked = client.post(page(enrolment), {"action": f"archive:{only.pk}", **typed})

    assert asked.url == evidence_url(enrolment, "archive", only)
    assert Answer.objects.get(code="DEV.1.2").comment == "À remplacer"
    assert "ne pourra pas être validé" in client.get(asked.url).content.decode()
    assert client.post(asked.url).url == f"{page(enrolment)}#{DECLARATION}"
    assert client.post(asked.url).status_code == 302  # twice changes nothing
    only.refresh_from_db()
    assert only.archived_at is not None
    assert row(enrolment.response, "ethique").answered == 0


def test_the_cross_of_an_unknown_file_changes_nothing(client, enrolment, editor):
    for target in ("", "pas-un-identifiant", "00000000-0000-0000-0000-000000000000"):
        assert client.post(page(enrolment), {"action": f"archive:{target}"}).url == page(enrolment)


# -- single deposit (SC-17)


@pytest.mark.rule("BR-074")
def test_a_single_deposit_is_confirmed_on_its_page_then_definitive(client, enrolment, editor):
    response = send(client, enrolment, QUESTIONNAIRE, pdf("rgpd.pdf"), "rgpd")
    given = Deposit.objects.get()
    confirm = evidence_url(enrolment, "confirm", given)
    assert response.url == confirm
    assert "à dépôt unique" in client.get(confirm).content.decode()
    waiting = client.get(page(enrolment, "rgpd")).content.decode()
    assert f'href="{confirm}"' in waiting
    assert row(enrolment.response, "rgpd").answered == 0

    client.post(confirm)

    html = client.get(page(enrolment, "rgpd")).content.decode()
    assert "Dépôt définitif" in html
    assert f"archive:{given.pk}" not in html
    assert f'name="{QUESTIONNAIRE}-file"' not in html
    client.post(page(enrolment, "rgpd"), {"action": f"archive:{given.pk}"})
    refused = client.post(evidence_url(enrolment, "archive", given), follow=True)
    assert "ne se retire ni ne se remplace" in refused.content.decode()
    assert send(client, enrolment, QUESTIONNAIRE, pdf(), "rgpd").status_code == 422
    assert Deposit.objects.active().get() == given


@pytest.mark.rule("BR-075")
def test_the_documents_page_counts_types_and_refuses_an_empty_zone(client, enrolment, editor):
    deposit(enrolment.response, "RGPD.1", "cgu")

    html = client.get(page(enrolment, "rgpd")).content.decode()
    refused = client.post(page(enrolment, "rgpd"), {"action": "validate"})

    assert "1/3 types de documents déposés" in html
    assert "[1/3] preuves ajoutées" in html
    assert refused.status_code == 422
    assert f'href="#{AIPD}"' in refused.content.decode()
    assert f'href="#{QUESTIONNAIRE}"' in refused.content.decode()


# -- encrypted container (A-14)


@pytest.mark.rule("BR-076")
@pytest.mark.parametrize("name", ["analyse.pdf", "archive.zip"])
def test_an_encrypted_zone_takes_nothing_but_its_container(client, enrolment, editor, name):
    content = corpus.pdf() if name.endswith("pdf") else corpus.archive({"analyse.txt": b"en clair"})
    response = send(client, enrolment, AIPD, file(name, content), "rgpd")
    assert response.status_code == 422
    assert not Deposit.objects.exists()


@pytest.mark.rule("A-14")
def test_a_container_with_a_plain_entry_is_refused_and_names_it(client, enrolment, editor):
    response = send(client, enrolment, AIPD, filled_container(enrolment, editor, plain=True), "rgpd")
    zone = response.content.decode().split(f'id="{AIPD}"')[1]
    assert response.status_code == 422
    assert "en-clair.txt\u00a0» n’est pas chiffré" in zone


@pytest.mark.rule("A-14")
def test_a_filled_container_is_taken_and_stays_readable_after_new_credentials(client, enrolment, editor):
    assert send(client, enrolment, AIPD, filled_container(enrolment, editor), "rgpd").status_code == 302
    given = Deposit.objects.get()
    client.post(reverse("enrolment:container_detail", args=[enrolment.pk]), {"action": "renew"})
    given.refresh_from_db()
    assert given.file.passphrase is not None
    assert given.file.passphrase.generation < 3


@pytest.mark.rule("BR-077", "A-14")
def test_credentials_show_once_then_can_only_be_renewed(client, enrolment, editor):
    address = reverse("enrolment:container_detail", args=[enrolment.pk])
    assert "Afficher les identifiants" in client.get(address).content.decode()

    first = client.post(address, {"action": "show"})
    secret = first.context["credentials"].passphrase
    assert secret in first.content.decode()
    assert "no-store" in first["Cache-Control"]
    again = client.post(address, {"action": "show"}, follow=True).content.decode()
    assert secret not in again
    assert "Régénérer les identifiants" in again

    renewed = client.post(address, {"action": "renew"}).context["credentials"].passphrase
    assert renewed != secret


@pytest.mark.rule("A-14")
def test_the_page_says_what_an_aes_zip_hides_and_what_opens_it(client, enrolment, editor):
    for address in (page(enrolment, "rgpd"), reverse("enrolment:container_detail", args=[enrolment.pk])):
        html = client.get(address).content.decode()
        assert "7-Zip" in html
        assert "cache le contenu" in html
        assert "pas leurs noms" in html
    form = client.get(page(enrolment, "rgpd")).content.decode()
    assert "Télécharger le conteneur chiffré" in form
    asked = client.post(page(enrolment, "rgpd"), {"action": "container"})
    assert asked.url == reverse("enrolment:container_detail", args=[enrolment.pk])
    downloaded = client.get(reverse("enrolment:container_download", args=[enrolment.pk]))
    assert downloaded["Content-Disposition"].startswith("attachment")
    assert downloaded.content.startswith(b"PK\x03\x04")


@pytest.mark.rule("BR-077")
def test_only_writers_of_the_enrolment_reach_its_container(client, enrolment):
    for name in ("container_detail", "container_download"):
        address = reverse(f"enrolment:{name}", args=[enrolment.pk])
        client.force_login(make_member(make_enrolment().product.organisation))
        assert client.get(address).status_code == 404
        client.force_login(make_agent(Role.LISTING_TEAM))
        assert client.get(address).status_code == 403


# -- who reads what


@pytest.fixture
def given(enrolment):
    return deposit(enrolment.response, "DEV.1.2", "declaration", upload=pdf("preuve été.pdf"))


def test_a_file_leaves_as_an_attachment_only_archived_or_not(client, enrolment, given, contributor):
    address = evidence_url(enrolment, "download", given)
    for _ in range(2):
        response = client.get(address)
        assert b"".join(response.streaming_content).startswith(b"%PDF-")
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        client.post(evidence_url(enrolment, "archive", given))
    given.refresh_from_db()
    assert given.archived_at is not None


def test_a_stranger_finds_no_file_and_nobody_reads_it_through_another_enrolment(client, enrolment, given):
    other = make_enrolment()
    stranger = make_member(other.product.organisation)
    client.force_login(stranger)
    for name in ("download", "archive", "confirm"):
        assert client.get(evidence_url(enrolment, name, given)).status_code == 404
        assert client.get(evidence_url(other, name, given)).status_code == 404
        assert client.post(evidence_url(other, name, given)).status_code in (404, 405)
    assert client.get(reverse("enrolment:evidence_archived", args=[enrolment.pk, "DEV.1.2"])).status_code == 404


def test_the_listing_team_reads_files_and_archives_none(client, enrolment, given):
    client.force_login(make_agent(Role.LISTING_TEAM))
    assert client.get(evidence_url(enrolment, "download", given)).status_code == 200
    assert client.post(evidence_url(enrolment, "archive", given)).status_code == 403
    given.refresh_from_db()
    assert given.archived_at is None


def test_a_frozen_enrolment_archives_and_confirms_nothing(client, enrolment, given, editor):
    Enrolment.objects.filter(pk=enrolment.pk).update(state=EnrolmentState.CLOSED)
    for name in ("archive", "confirm"):
        response = client.post(evidence_url(enrolment, name, given), follow=True)
        assert "ne changent plus" in response.content.decode()
    for name in ("container_detail", "container_download"):
        assert client.get(reverse(f"enrolment:{name}", args=[enrolment.pk])).status_code == 302


@pytest.mark.parametrize("state", [ScanState.PENDING, ScanState.INFECTED])
def test_a_file_held_back_by_the_antivirus_says_its_state(client, enrolment, editor, monkeypatch, state):
    monkeypatch.setattr("evidence.services.receiving.SCAN_INLINE_MAX", 0)  # the antivirus answers later
    given = deposit(enrolment.response, "DEV.1.2", "declaration", upload=pdf())
    if state == ScanState.INFECTED:
        Blob.objects.filter(pk=given.file.blob_id).update(
            state=ScanState.INFECTED, detail="Essai", scanned_at=timezone.now()
        )

    html = client.get(page(enrolment)).content.decode()
    response = client.get(evidence_url(enrolment, "download", given), follow=True)

    assert str(state.label) in html
    assert evidence_url(enrolment, "download", given) not in html
    assert "antivirus" in response.content.decode()


def test_a_template_downloads_and_an_unknown_one_is_not_found(client, enrolment, editor):
    def template(criterion, kind):
        return client.get(reverse("enrolment:evidence_template", args=[enrolment.pk, criterion, kind]))

    for criterion, kind in (("RGPD.1", "cgu"), ("RGPD.1", "inconnu"), ("INCONNU", "cgu")):
        assert template(criterion, kind).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_archived_list_query_count_is_constant(client, enrolment, editor, django_assert_num_queries, count):
    for _ in range(count):
        given = deposit(enrolment.response, "DEV.1.2", "plan")
        client.post(evidence_url(enrolment, "archive", given))
    with django_assert_num_queries(5):
        response = client.get(reverse("enrolment:evidence_archived", args=[enrolment.pk, "DEV.1.2"]))
    assert len(response.context["archived"]) == count


def test_confirming_twice_or_an_archived_file_is_harmless(client, enrolment, editor):
    given = deposit(enrolment.response, "RGPD.1", "questionnaire")
    access = policy_for(enrolment, editor)
    confirm_deposit(deposit=given, actor=editor, at=timezone.now(), access=access)
    assert client.get(evidence_url(enrolment, "confirm", given)).status_code == 302
    assert client.post(evidence_url(enrolment, "confirm", given)).status_code == 302
    assert Deposit.objects.get().confirmed_at is not None


def test_a_contributor_deposits_and_archives(client, enrolment):
    client.force_login(make_member(enrolment.product.organisation, MembershipType.SALARIE))
    assert send(client, enrolment, DECLARATION, pdf()).status_code == 302
    given = Deposit.objects.get()
    client.post(evidence_url(enrolment, "archive", given))
    given.refresh_from_db()
    assert given.archived_at is not None
