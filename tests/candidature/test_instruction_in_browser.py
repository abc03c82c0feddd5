"""An instruction from « Prendre en charge » to its conclusion, clicked by everybody concerned (Chromium)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from convergence.accounts.enums import Role, Theme
from convergence.accounts.models import RoleAssignment, User
from convergence.products.models import Demarche
from referencing.candidature.enums import CampaignState, CandidatureState, NonConformityState, Severity
from referencing.candidature.models import Candidature, ComplementRequest, NonConformity, TestCampaign
from referencing.candidature.services.asking import open_request
from tests.candidature.campaigns import Tested, give_scope
from tests.candidature.factories import conclude_themes, make_candidature
from tests.candidature.test_keyboard import elsewhere
from tests.factories import make_agent
from tests.plugins.browser import login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Desk:
    """One person at a browser of their own, on one file."""

    page: Page
    root: str
    file: str

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.root}/candidatures/{self.file}/{path}")
        return self.page

    def press(self, label: str) -> None:
        """A button that posts; when it first asks, in a window or on a page, confirm."""
        self.page.get_by_role("button", name=label, exact=True).first.click()

    def press_and_confirm(self, label: str) -> None:
        """An action that first asks, in a window over the page."""
        self.page.get_by_role("link", name=label, exact=True).first.click()
        self.page.get_by_role("dialog").get_by_role("button", name=label, exact=True).click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()


@pytest.fixture
def sit(browser: Browser, live_server: Any, settings: Any, tmp_path: Any) -> Any:
    """`sit(person, file)`: a desk with its own session."""
    settings.SIGNATURE_DIR = str(tmp_path)
    contexts = []

    def make(person: User, file: Candidature) -> Desk:
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        login(page, live_server, person)
        return Desk(page, live_server.url, str(file.pk))

    yield make
    for context in contexts:
        context.close()


def load_settings() -> None:
    """The démarche as operators deliver it: checklist, reasons, delays."""
    call_command("load_parcours", verbosity=0)
    demarche = Demarche.objects.get(slug="referencement-guide")
    demarche.settings["instruction"]["second_reading"] = []
    demarche.settings["usable_now"] = ""  # the small grid does not ask it
    demarche.save()


def in_french(days: int) -> str:
    return f"{timezone.localdate() + timedelta(days=days):%d/%m/%Y}"


def state_of(file: Candidature) -> str:
    return str(elsewhere(lambda: Candidature.objects.get(pk=file.pk).state))


def make_expert(*themes: str) -> User:
    first, *others = themes
    expert = make_agent(Role.EXPERT, first)
    for theme in others:
        RoleAssignment.objects.create(user=expert, role=Role.EXPERT, theme=theme)
    return expert


@dataclass
class Cast:
    file: Candidature
    editor: User
    verifier: User
    first: User
    second: User
    tester: User
    lead: User


def make_cast(state: CandidatureState = CandidatureState.APPLIED, *, exchanges: bool = False) -> Cast:
    load_settings()
    verifier = make_agent(Role.LISTING_TEAM)
    file, editor = make_candidature(state, referent=verifier, has_exchange=exchanges, name="Carnet de suivi")
    organisation = file.enrolment.product.organisation
    organisation.verified_at = timezone.now()
    organisation.save()
    if exchanges:
        give_scope(file.dossier, [("mesures", "lecture")])
    return Cast(
        file,
        editor,
        verifier,
        first=make_expert(Theme.ETHIQUE, Theme.RGPD, Theme.SECURITE_ECHANGES),
        second=make_expert(Theme.INTEROPERABILITE, Theme.URBANISATION, Theme.SECURITE),
        tester=make_agent(Role.TESTS),
        lead=make_agent(Role.TESTS_LEAD),
    )


def test_from_taking_in_charge_to_a_favourable_conclusion(sit: Callable[..., Desk]):
    cast = elsewhere(lambda: make_cast(exchanges=True))
    team, editor = sit(cast.verifier, cast.file), sit(cast.editor, cast.file)

    # taken in charge; one line of the checklist is not met: a missing piece is asked first
    team.open()
    team.press_and_confirm("Prendre en charge")
    team.sees("Recevabilité en cours")
    page = team.open("recevabilite/")
    for answer in page.get_by_role("radio", name="Oui", exact=True).all():
        answer.check(force=True)
    team.press("Enregistrer les réponses")
    page = team.open("demandes/nouvelle/")
    page.get_by_label("Ajouter un point").select_option("preuves-lisibles")
    team.press("Ajouter ce point")
    page.locator("textarea[name^='question-']").first.fill("Déposez le rapport en entier.")
    page.get_by_label("Réponse attendue avant le").fill(in_french(9))
    team.press("Relire la demande")
    team.press("Envoyer la demande")
    team.sees("est envoyée à l’éditeur")

    # the editor answers, and the file is admissible
    answer_request(editor, "Voici la pièce demandée.")
    team.open("recevabilite/")
    team.press_and_confirm("Déclarer recevable")
    team.sees("Évaluation en cours")
    assert state_of(cast.file) == CandidatureState.EVALUATION

    # two experts
    page = team.open("experts/")
    for seat in page.locator("section.ui-criterion").all():
        chooser = seat.get_by_label("Expert")
        chooser.select_option(index=1)
    team.press("Enregistrer les désignations")
    first, second = sit(cast.first, cast.file), sit(cast.second, cast.file)
    asked = examine(first, asks=True)
    examine(second)

    # complements: the expert asks, the editor answers in part, asks for time, then completes
    page = first.open("demandes/nouvelle/")
    expect(page.locator("textarea[name^='question-']")).to_have_count(len(asked))  # « à compléter » is already chosen
    for box in page.locator("textarea[name^='question-']").all():
        box.fill("Joignez la version datée.")
    page.get_by_label("Réponse attendue avant le").fill(in_french(9))
    first.press("Relire la demande")
    first.press("Envoyer la demande")
    first.sees("est envoyée à l’éditeur")
    answer_request(editor, "Voici la première.", only=1)
    number = elsewhere(lambda: ComplementRequest.objects.get(candidature=cast.file, state="open").number)
    page = editor.open(f"demandes/{number}/delai/")
    page.get_by_label("Nouvelle date souhaitée").fill(in_french(20))
    page.get_by_label("Motif").fill("Le laboratoire répond la semaine prochaine.")
    page.locator("main form button[type=submit]").last.click()
    editor.sees("En attente de réponse")
    page = first.open(f"demandes/{number}/delai/repondre/")
    page.get_by_label("Accorder", exact=False).first.check(force=True)
    page.get_by_label("Délai accordé jusqu’au").fill(in_french(20))
    page.locator("main form button[type=submit]").last.click()
    answer_request(editor, "Voici la seconde.")

    # a non-conformity is answered and lifted
    code = asked[0]
    page = first.open(f"non-conformites/nouvelle/?critere={code}")
    page.locator("#id_criterion").select_option(code)
    page.get_by_role("radio", name=re.compile("^Majeure")).check(force=True)
    page.get_by_label("Constat").fill("La copie d’écran montre une autre version.")
    page.get_by_label("À traiter avant le").fill(in_french(9))
    page.locator("main form button[type=submit]").last.click()
    editor.open("non-conformites/1/").get_by_role("textbox", name="Votre réponse").fill(
        "La bonne version est jointe au dossier."
    )
    editor.press("Relire et envoyer")
    editor.press("Envoyer la réponse")
    page = first.open("non-conformites/1/")
    page.get_by_role("radio", name=re.compile("^Lever")).check(force=True)
    page.get_by_label("Motif, lu par l’éditeur").fill("Vérifié.")
    first.press("Enregistrer la décision")
    first.sees("Levée")

    # verdicts again on what changed, then the themes
    examine(first)
    for desk in (first, second):
        conclude_own_themes(desk)

    # tests of connection
    pass_tests(sit(cast.tester, cast.file), editor, cast)

    # conclusion
    page = team.open("conclusion/")
    page.get_by_text("Favorable", exact=True).click()
    page.get_by_label("Synthèse").fill("Le service répond aux critères vérifiés.")
    team.press("Conclure l’évaluation")
    team.press("Conclure l’évaluation")
    team.sees("Proposition : favorable")
    assert state_of(cast.file) == CandidatureState.READY_COMMISSION


def answer_request(editor: Desk, text: str, *, only: int = 0) -> None:
    """Write in the open request, all points or the first ones, and send."""
    number = elsewhere(lambda: ComplementRequest.objects.get(candidature=editor.file, state="open").number)
    page = editor.open(f"demandes/{number}/")
    boxes = page.get_by_role("textbox", name="Votre réponse").all()
    for box in boxes[: only or None]:
        box.fill(text)
    editor.press("Relire et envoyer")
    if only:
        for extra in page.get_by_role("checkbox").all()[only:]:
            if extra.is_checked():
                page.locator(f"label[for='{extra.get_attribute('id')}']").click()
    editor.press("Envoyer les réponses cochées")
    expect(page.get_by_text(re.compile("envoyée")).first).to_be_visible()


def examine(expert: Desk, *, asks: bool = False) -> list[str]:
    """Judge every criterion of one’s themes that waits; with `asks`, the first two are « à compléter ». Their codes."""
    page, asked = expert.page, []
    expert.open("examen/")
    while page.get_by_role("link", name=re.compile("^(Commencer|Continuer) l’examen")).count():
        page.get_by_role("link", name=re.compile("^(Commencer|Continuer) l’examen")).click()
        while page.locator("[data-verdict-form]").count():
            code = page.url.split("/examen/")[1].split("/")[0]
            if asks and len(asked) < 2:
                asked.append(code)
                page.get_by_role("radio", name="À compléter").check(force=True)
                page.get_by_label("Motif").fill("La preuve n’est pas datée.")
            else:
                page.get_by_role("radio", name="Conforme", exact=True).check(force=True)
            expert.press("Enregistrer et continuer")
            page.wait_for_load_state()
            if page.url.split("/examen/")[1].split("/")[0] in ("", code):
                break
        if asks:
            break
        expert.open("examen/")
    return asked


def conclude_own_themes(expert: Desk) -> None:
    page = expert.open("examen/")
    for link in [each.get_attribute("href") for each in page.get_by_role("link", name="Conclure le thème").all()]:
        page.goto(expert.root + str(link))
        expert.press("Conclure le thème")


def pass_tests(tester: Desk, editor: Desk, cast: Cast) -> None:
    """Keys, recette, raccordement, final workbook; the lines themselves are filled without clicking each."""
    campaign = elsewhere(lambda: TestCampaign.objects.with_file().get(candidature=cast.file))
    tested = Tested(campaign, cast.editor, cast.tester, cast.lead)
    page = tester.open("tests/")
    page.get_by_role("link", name=re.compile("Envoyer les clés")).click()
    page.get_by_label("Destinataire").fill("Camille Durand, directrice technique")
    page.locator("main fieldset label").first.click()
    page.get_by_label("Envoyées le").fill(in_french(0))
    page.locator("main form button[type=submit]").last.click()
    tester.sees("Clés et cahier envoyés")

    page = editor.open("tests/")
    page.get_by_role("link", name="Ouvrir le cahier de tests").click()
    page.get_by_role("radio", name="OK", exact=True).first.check(force=True)
    page.locator("main form button[type=submit][value=save]").last.click()
    page.wait_for_load_state()
    elsewhere(tested.fill_recette)
    editor.open("tests/")
    page.get_by_role("link", name="Ouvrir le cahier de tests").click()
    editor.press("Déposer le dossier de recette")
    page.locator("main form button[type=submit]").last.click()
    editor.sees("Recette en cours d’examen")

    page = tester.open("tests/")
    page.get_by_role("link", name="Ouvrir le cahier de tests").click()
    tester.press("Accepter le dossier de recette")
    page.locator("main form textarea").first.fill("Par visioconférence, avec un jeu de données fourni.")
    page.locator("main form button[type=submit]").last.click()
    page.get_by_role("link", name="Proposer un créneau").click()
    page.get_by_label("Date").fill(in_french(3))
    page.get_by_label("Heure de début").fill("10:00")
    page.get_by_label("Lieu ou adresse de visioconférence").fill("https://visio.example/1")
    page.locator("main form button[type=submit]").last.click()
    editor.open("tests/")
    editor.press("Réserver ce créneau")
    page = tester.open("tests/")
    page.get_by_role("link", name=re.compile("Commencer le raccordement")).click()
    page.locator("main form button[type=submit]").last.click()
    elsewhere(tested.fill_final)
    page = tester.open("tests/")
    page.get_by_role("link", name="Ouvrir le cahier de tests").click()
    tester.press("Valider la réussite des tests")
    page.locator("main form button[type=submit]").last.click()
    tester.sees("Tests réussis")
    assert elsewhere(lambda: TestCampaign.objects.get(pk=campaign.pk).state) == CampaignState.PASSED


def test_inadmissible(sit: Callable[..., Desk]):
    cast = elsewhere(lambda: make_cast(CandidatureState.ADMISSIBILITY))
    team, editor = sit(cast.verifier, cast.file), sit(cast.editor, cast.file)

    page = team.open("recevabilite/irrecevable/")
    page.get_by_text("Service hors du champ du catalogue").click()
    page.get_by_label("Motivation").fill("Le service s’adresse aux seuls professionnels.")
    page.get_by_label("Délégation de signature").fill("Délégation du 2 janvier, article 3")
    team.press("Déclarer irrecevable")
    team.press("Déclarer irrecevable")

    team.sees("Irrecevable")
    assert state_of(cast.file) == CandidatureState.INADMISSIBLE
    editor.open()
    editor.sees("Le service s’adresse aux seuls professionnels.")


def test_withdrawn_by_the_editor(sit: Callable[..., Desk]):
    cast = elsewhere(lambda: make_cast(CandidatureState.EVALUATION))
    editor = sit(cast.editor, cast.file)

    editor.open("retirer/")
    editor.press("Retirer la candidature")

    expect(editor.page.get_by_text("Votre candidature est retirée.")).to_be_visible()
    assert state_of(cast.file) == CandidatureState.WITHDRAWN


def test_lapsed_after_a_formal_reminder(sit: Callable[..., Desk]):
    def build() -> tuple[Cast, int]:
        cast = make_cast(CandidatureState.ADMISSIBILITY)
        today = timezone.localdate()
        request = open_request(
            candidature_id=cast.file.pk,
            kind="pieces",
            items=[("preuves-lisibles", "Déposez le rapport.")],
            text="",
            due_on=today + timedelta(days=5),
            actor=cast.verifier,
        )
        # the days pass: asked long ago, formally reminded, the last delay is over
        ComplementRequest.objects.filter(pk=request.pk).update(
            due_on=today - timedelta(days=40),
            formal_reminder_at=timezone.now() - timedelta(days=30),
            grace_until=today - timedelta(days=2),
        )
        return cast, request.number

    cast, _ = elsewhere(build)
    team = sit(cast.verifier, cast.file)

    page = team.open("abandon/")
    page.get_by_label("Motif").fill("Aucune réponse malgré la mise en demeure.")
    page.locator("main form button[type=submit]").last.click()

    team.open()
    team.sees("Abandonnée")
    assert state_of(cast.file) == CandidatureState.ABANDONED


def test_concluded_unfavourably_with_a_maintained_blocker(sit: Callable[..., Desk]):
    def build() -> Cast:
        cast = make_cast(CandidatureState.EVALUATION)
        NonConformity.objects.create(
            candidature=cast.file,
            number=1,
            theme="interoperabilite",
            criterion="A06.1.2",
            title="Critère",
            severity=Severity.MAJOR,
            state=NonConformityState.ANSWERED,
            rationale="Le format n’est pas celui du volet.",
            reply="Il le sera.",
            due_on=timezone.localdate(),
            opened_by=cast.verifier,
            opened_at=timezone.now(),
            replied_by=cast.editor,
            replied_at=timezone.now(),
        )
        conclude_themes(cast.file, cast.verifier)
        return cast

    cast = elsewhere(build)
    team = sit(cast.verifier, cast.file)

    page = team.open("non-conformites/1/")
    page.get_by_text("Maintenir", exact=False).first.click()
    page.get_by_label("Motif, lu par l’éditeur").fill("Une promesse ne suffit pas.")
    team.press("Enregistrer la décision")
    page = team.open("conclusion/")
    page.get_by_text("Favorable", exact=True).click()
    page.get_by_label("Synthèse").fill("Le format attendu manque.")
    team.press("Conclure l’évaluation")
    team.sees("non-conformité n° 1")  # a favourable conclusion is refused, and the text is kept
    expect(page.get_by_label("Synthèse")).to_have_value("Le format attendu manque.")
    page.get_by_text("Défavorable", exact=True).click()
    team.press("Conclure l’évaluation")
    team.press("Conclure l’évaluation")

    team.sees("Proposition : défavorable")
    assert state_of(cast.file) == CandidatureState.READY_COMMISSION
