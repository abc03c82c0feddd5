import dataclasses

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.utils import timezone

from convergence.ui.values import Action, Badge
from evidence.scanners.embedded import EICAR
from evidence.values import DepositedFile, drop_zone
from tests.evidence import corpus
from tests.factories import UserFactory

pytestmark = pytest.mark.urls("tests.evidence.zone_page")

ZONE = drop_zone(id="z", label="Charte <éthique>", url="/zone/", formats=("pdf", "docx"), max_size_mb=50)


def render(**changes):
    return render_to_string(
        "evidence/_drop_zone.html", {"zone": dataclasses.replace(ZONE, **changes), "csrf_token": "jeton"}
    )


def test_the_zone_tells_its_limits_in_words_and_to_the_browser():
    html = render()

    assert "Formats acceptés\u00a0: PDF ou Word (.docx). Taille maximale\u00a0: 50\u00a0Mo." in html
    assert 'accept=".pdf,.docx"' in html
    assert 'data-max-bytes="52428800"' in html
    assert 'enctype="multipart/form-data"' in html
    assert "Charte &lt;éthique&gt;" in html
    assert "Aucun fichier déposé." in html
    assert "style=" not in html
    assert "<script" not in html


def test_errors_stand_next_to_the_field():
    html = render(errors=["Ce PDF est abîmé."])

    assert '<p class="fr-message fr-message--error">Ce PDF est abîmé.</p>' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="z-hint z-file-error"' in html


@pytest.mark.rule("BR-072")
def test_a_file_shows_its_state_and_its_cross_names_it():
    file = DepositedFile(
        name="<b>.pdf",
        size="2\u00a0Mo",
        state=Badge("Analysé, sain", "success"),
        deposited_at=timezone.now(),
        deposited_by="Camille Durand",
        download_url="/f/1",
        archive=Action("Archiver", "/f/1/archiver", hidden={"version": "3"}),
    )
    html = render(files=[file], archived_url="/archives")

    assert 'href="/f/1"' in html
    assert "Archiver\u00a0: &lt;b&gt;.pdf" in html
    assert 'name="version" value="3"' in html
    assert "Analysé, sain" in html
    assert "Voir les preuves archivées" in html


@pytest.mark.rule("BR-074")
def test_a_locked_zone_says_why_and_offers_no_form():
    html = render(locked="Ce dépôt est définitif.")

    assert "Ce dépôt est définitif." in html
    assert "<form" not in html


def test_without_scripts_a_refused_file_keeps_the_page_and_a_good_one_goes_through(
    client, db, django_capture_on_commit_callbacks
):
    client.force_login(UserFactory())
    refused = client.post("/zone/", {"file": SimpleUploadedFile("virus.png", corpus.image("png") + EICAR)})
    assert refused.status_code == 422
    assert "L’antivirus a reconnu un contenu dangereux" in refused.content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        accepted = client.post("/zone/", {"file": SimpleUploadedFile("charte.pdf", corpus.pdf())}, follow=True)
    html = accepted.content.decode()
    assert accepted.redirect_chain == [("/zone/", 302)]
    assert "charte.pdf" in html
    assert "Analysé, sain" in html


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestInChromium:
    @pytest.fixture
    def zone(self, page, live_server):
        from tests.plugins.browser import login

        login(page, live_server, UserFactory())
        page.goto(f"{live_server.url}/zone/")
        return page

    def drop(self, page, name, size):
        page.evaluate(
            """([name, text]) => {
                const data = new DataTransfer();
                data.items.add(new File([text], name));
                const form = document.querySelector("[data-drop-zone]");
                for (const kind of ["dragenter", "dragover", "drop"])
                    form.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
            }""",
            [name, "x" * size],
        )

    def test_a_dropped_file_is_sent_and_answered(self, zone):
        from playwright.sync_api import expect

        self.drop(zone, "charte.pdf", 10)

        expect(zone.locator(".fr-message--error")).to_contain_text("Le contenu du fichier n’est pas celui")

    def test_a_dropped_file_that_is_too_big_does_not_travel(self, zone):
        from playwright.sync_api import expect

        self.drop(zone, "charte.pdf", 2 << 20)

        expect(zone.locator(".fr-message--error")).to_contain_text("dépasse la limite de 1\u00a0Mo")

    @pytest.mark.parametrize("width", [1280, 320])
    def test_the_zone_is_accessible_and_fits(self, zone, width):
        from tests.plugins.browser import axe_violations

        zone.set_viewport_size({"width": width, "height": 800})
        zone.set_input_files(
            "input[type=file]", {"name": "charte.pdf", "mimeType": "application/pdf", "buffer": corpus.pdf()}
        )
        zone.get_by_role("button", name="Déposer le fichier").click()
        zone.get_by_role("link", name="charte.pdf").wait_for()

        assert axe_violations(zone) == []
        assert zone.evaluate("document.documentElement.scrollWidth <= innerWidth")
