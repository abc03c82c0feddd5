"""A portal in white label, in Chromium: pre-listed, joined on behalf of a hospital, accepted, recovered (SC-07, SC-21, SC-22).

The producer is pre-listed by the real services; everything of the attachment is done in pages, the questions of SC-07 and the
answer of the producer also without scripts.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from convergence.accounts.models import User
from questionnaires.models import Recovery
from referencing.enrolment.enums import AttachmentState, WhiteLabelRole
from referencing.enrolment.models import AttachmentRequest, PreListing
from referencing.enrolment.services import attach_product
from tests.candidature.test_keyboard import elsewhere
from tests.dossier.white_label import Solution, make_solution
from tests.factories import OrganisationFactory, ProductFactory, make_member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSPITAL = "Hôpital de la Côte"


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def make_people() -> dict[str, Any]:
    """A pre-listed solution, and a distributor that has a product and nothing more."""
    solution: Solution = make_solution(comment="SECRET-DU-PRODUCTEUR")
    organisation = OrganisationFactory(name="Éditions Distribution")
    manager = make_member(organisation)
    product = ProductFactory(organisation=organisation, name="Mon hôpital", owner=manager)
    sessions = {}
    for name, person in (("producer", solution.manager), ("distributor", manager)):
        client = Client()
        client.force_login(person)
        sessions[name] = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    return {"solution": solution, "manager": manager, "product": product, "sessions": sessions}


def open_as(browser: Browser, live_server: Any, session: str, *, scripts: bool) -> Page:
    context = browser.new_context(locale="fr-FR", java_script_enabled=scripts, base_url=live_server.url)
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return context.new_page()


@pytest.mark.rule("BR-190", "BR-192", "BR-193", "BR-194", "A-26")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_portal_is_joined_for_a_hospital_accepted_and_recovered(browser, live_server, scripts):
    made = elsewhere(make_people)
    solution, product = made["solution"], made["product"]
    label = solution.enrolment.product.name
    attach = reverse("enrolment:product_attach", args=[product.pk, solution.enrolment.demarche.slug])

    distributor = open_as(browser, live_server, made["sessions"]["distributor"], scripts=scripts)
    distributor.goto(attach)
    expect(distributor.get_by_text("Sélectionner un produit")).not_to_be_visible()
    ask_for(distributor, label, solution.pre_listing)
    home = distributor.url

    producer = open_as(browser, live_server, made["sessions"]["producer"], scripts=scripts)
    accept(producer, "Éditions Distribution")
    producer.goto(reverse("enrolment:distributor_list", args=[solution.enrolment.pk]))
    expect(producer.get_by_role("row").filter(has_text=HOSPITAL)).to_contain_text("2 sur 2")

    distributor.goto(home)
    expect(distributor.locator("[data-attachment]")).to_contain_text("Votre rattachement est accepté")
    assert "SECRET-DU-PRODUCTEUR" not in distributor.content()
    assert elsewhere(what_was_kept) == (AttachmentState.ACCEPTED, HOSPITAL, ["A06.1.2", "DEV.1.2"])


def ask_for(page: Page, label: str, pre_listing: PreListing, *, third_party: str = HOSPITAL) -> None:
    """On the page that attaches a product: a portal of that solution, on behalf of a third party (SC-07)."""
    page.get_by_text("Je veux référencer un produit en marque blanche").click()
    page.get_by_text("Solution d’un éditeur distributeur", exact=True).click()
    page.get_by_label("Rechercher une solution").fill(label.upper())
    page.get_by_role("button", name="Rechercher", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="1 solution pré-référencée")).to_be_visible()
    page.get_by_label("Indiquez la solution de l’éditeur producteur").select_option(str(pre_listing.pk))
    page.get_by_role("group", name="pour le compte d’un tiers").get_by_text("Oui").click()
    page.get_by_label("Nom du tiers").fill(third_party)
    page.get_by_role("button", name="Valider").click()
    expect(page.locator("[data-attachment]")).to_contain_text("L’éditeur producteur est informé de votre demande")


def accept(page: Page, distributor: str, *, third_party: str = HOSPITAL) -> None:
    """In « Vos notifications », by the producer (SC-21)."""
    page.goto(reverse("notifications:notification_list"))
    row = page.get_by_role("row").filter(has_text="Solution marque blanche")
    expect(row).to_contain_text(distributor)
    expect(row).to_contain_text(third_party)
    row.get_by_role("link", name="Accepter").click()
    expect(page.get_by_text("restent confidentiels")).to_be_visible()
    page.get_by_role("button", name="Accepter").click()
    expect(page.get_by_text(f"{distributor} est rattaché à votre solution.")).to_be_visible()


def what_was_kept() -> tuple[str, str, list[str]]:
    request = AttachmentRequest.objects.select_related("enrolment__sheet").get()
    codes = Recovery.objects.filter(response=request.enrolment.response_id).values_list("code", flat=True)
    return request.state, request.enrolment.sheet.organisation_name, sorted(codes)


@pytest.mark.rule("BR-201")
def test_a_refusal_leads_to_the_nominal_case(browser, live_server):
    made = elsewhere(make_people)
    request = elsewhere(lambda: ask(made))
    producer = open_as(browser, live_server, made["sessions"]["producer"], scripts=True)
    producer.goto(reverse("enrolment:attachment_detail", args=[request.pk]))
    producer.get_by_role("link", name="Refuser").click()
    producer.get_by_role("button", name="Refuser la demande").click()
    expect(producer.get_by_role("alert")).to_contain_text("motif")
    producer.get_by_label("Motif").fill("Pas de contrat entre nous.")
    producer.get_by_role("button", name="Refuser la demande").click()
    expect(producer.get_by_text("La demande est refusée")).to_be_visible()

    distributor = open_as(browser, live_server, made["sessions"]["distributor"], scripts=True)
    distributor.goto(reverse("pages:enrolment_detail", args=[request.enrolment_id]))
    expect(distributor.locator("[data-attachment]")).to_contain_text("Pas de contrat entre nous.")
    distributor.get_by_role("link", name="Voir le rattachement").click()
    distributor.get_by_role("link", name="Passer au cas nominal").click()
    distributor.get_by_role("dialog").get_by_role("button", name="Passer au cas nominal").click()
    expect(distributor.get_by_text("Votre produit est évalué comme un produit unique.")).to_be_visible()


def ask(made: dict[str, Any]) -> AttachmentRequest:
    manager: User = made["manager"]
    enrolment = attach_product(
        product_id=made["product"].pk,
        demarche=made["solution"].enrolment.demarche,
        white_label=WhiteLabelRole.DISTRIBUTOR,
        solution=made["solution"].pre_listing.pk,
        is_on_behalf=False,
        actor=manager,
    )
    request: AttachmentRequest = enrolment.attachment_requests.get()
    return request
