"""The whole way in a real Chromium: register, write with a mistake, mend, measure, take over into DEV.1.1."""

import os
import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from benchmarks.ecoscore import servers
from ecoscore.models import Result
from questionnaires.models import Answer, Deposit
from tests.ecoscore.factories import SCRIPT
from tests.factories import make_member
from tests.plugins.browser import login
from tests.questionnaires import factories
from tests.questionnaires.factories import make_enrolment, orient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINE = "            value: {type: number, label: Écoscore, unit: /100}\n"
EVIDENCE = "            evidence: [{code: rapport-ecoscore, label: Rapport, formats: [pdf]}]\n"
#: What a measure may take here, in a test that waits for the real bench.
MEASURED_MS = 240_000


@pytest.fixture
def enrolment(monkeypatch):
    text = factories.grid_text()
    monkeypatch.setattr(factories, "grid_text", lambda name="answering": text.replace(LINE, LINE + EVIDENCE))
    enrolment = make_enrolment()
    orient(enrolment.response)
    return enrolment


def slow_page(path: str) -> servers.Answer:
    """Four seconds of waiting: beside them, what a busy machine adds to a response is little."""
    return servers.Answer(servers.html("<h1>Bienvenue</h1>").body, delay_s=4 if path == "/" else 0)


quiet = pytest.mark.skipif(
    not os.environ.get("ECOSCORE_REAL_BENCH"),
    reason="four minutes of a quiet machine, else its final measure may be refused: `make bench-ecoscore` runs it",
)


@pytest.fixture(params=["invented", pytest.param("measured", marks=quiet)])
def origin(request, settings, monkeypatch):
    """The site of the application, before a bench that invents its figures, then before the real one."""
    if request.param == "invented":
        settings.ECOSCORE = settings.ECOSCORE | {"RUNNER": "tests.ecoscore.factories.quick_runner"}
        yield "https://carnet.example"
        return
    settings.ECOSCORE = settings.ECOSCORE | {
        "RUNNER": "ecoscore.bench.runner.measure",
        "PAUSE_MS": 500,
        "FINAL_PAUSE_MS": 500,
    }
    settings.ECOSCORE_ALLOW_PRIVATE = True
    monkeypatch.setattr("ecoscore.bench.chromium.SETTLE_S", 0.2)
    with servers.TruthServer(slow_page) as server:
        yield server.origin


def test_from_an_application_to_dev_1_1(page: Page, live_server, enrolment, origin, tmp_path):
    script = SCRIPT.replace("https://carnet.example", origin)
    page.set_default_timeout(MEASURED_MS)  # tests measure within the request: a click lasts as long
    login(page, live_server, make_member(enrolment.product.organisation))
    page.goto(live_server.url + reverse("pages:product_detail", args=[enrolment.product_id]))
    page.get_by_role("link", name="Écoscore", exact=True).click()
    page.get_by_role("link", name="Enregistrer une application").click()
    page.get_by_label("Nom de l’application").fill("Carnet")
    page.get_by_label("Adresse de la page d’accueil").fill(f"{origin}/")
    page.get_by_role("button", name="Enregistrer l’application").click()

    page.get_by_role("button", name="Vérifier l’environnement").click()
    expect(page.get_by_text("Environnement vérifié").first).to_be_visible(timeout=MEASURED_MS)

    page.get_by_role("link", name="Carnet", exact=True).click()
    page.get_by_role("link", name="Nouvelle mesure").click()
    page.get_by_label("Version de l’application à mesurer").fill("2.1")
    page.get_by_role("button", name="Créer la mesure").click()
    editor = page.get_by_role("textbox", name=re.compile("Scénario"))
    editor.fill(script.replace("waitUntilText", "waitUntilTxt"))
    page.get_by_role("button", name="Enregistrer et vérifier").click()
    expect(page.get_by_text("Enregistré comme brouillon")).to_be_visible()
    expect(page.get_by_text("E001").first).to_be_visible()
    editor.fill(script)
    page.get_by_role("button", name="Enregistrer et vérifier").click()
    expect(page.get_by_text("Le scénario est enregistré et vérifié.")).to_be_visible()

    page.get_by_role("button", name="Lancer une mesure intermédiaire").click()
    expect(page.get_by_text("Résultat intermédiaire").first).to_be_visible(timeout=MEASURED_MS)
    page.get_by_role("link", name="Lancer la mesure finale").click()
    # in a window, or on a page of its own where the click came before the scripts
    page.get_by_role("button", name="Lancer la mesure finale").click()
    expect(page.get_by_text("Finale", exact=True).first).to_be_visible(timeout=MEASURED_MS)
    result = Result.objects.final().get()
    page.get_by_role("link", name="Passage 2").click()
    expect(page.get_by_role("heading", name="Étapes les plus coûteuses")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le rapport (PDF)").click()
    download.value.save_as(tmp_path / "rapport.pdf")
    assert (tmp_path / "rapport.pdf").read_bytes().startswith(b"%PDF")

    page.goto(live_server.url + reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"]))
    page.get_by_role("link", name="Reprendre une mesure d’écoscore faite ici").click()
    page.get_by_text("Carnet, version 2.1", exact=True).click()
    page.get_by_role("button", name="Reprendre la mesure").click()
    expect(page.get_by_label("Écoscore (/100)")).to_have_value(str(result.ecoscore))
    answer = Answer.objects.get(response=enrolment.response, code="DEV.1.1")
    assert answer.value == {"compliance": "conforme", "number": str(result.ecoscore)}
    assert Deposit.objects.active().get(criterion="DEV.1.1").file.name.endswith(f"{result.sha256[:8]}.pdf")
