"""The evaluation questionnaires of our own grid in a real Chromium."""

import os
from functools import cache
from pathlib import Path

import pytest
import yaml
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from questionnaires.services import (
    Change,
    import_definition,
    open_orientation,
    open_response,
    publish_definition,
    save_answers,
    validate,
)
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from tests.factories import DemarcheFactory, ProductFactory, make_member
from tests.plugins.browser import axe_violations, login
from tests.questionnaires.factories import FULL_ACCESS, deposit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GRIDS = Path(__file__).resolve().parents[3] / "fixtures" / "grids" / "referencement-guide"


@cache
def guide_answers():
    """The answers of the worked example that shows every questionnaire."""
    examples = yaml.safe_load((GRIDS / "2024.12.examples.yaml").read_text(encoding="utf-8"))["examples"]
    return {
        code: {True: "oui", False: "non"}.get(value, value) if isinstance(value, bool) else value
        for code, value in examples[0]["answers"].items()
    }


@pytest.fixture
def enrolment():
    DemarcheFactory()
    product = ProductFactory(name="Carnet de suivi")
    definition = import_definition(text=(GRIDS / "2024.12.yaml").read_text(encoding="utf-8"), actor=None)
    publish_definition(definition=definition, actor=None, at=timezone.now())
    response = open_response(definition=definition)
    open_orientation(response=response)
    enrolment = Enrolment.objects.create(
        product=product,
        demarche=definition.demarche,
        response=response,
        white_label=WhiteLabelRole.NONE,
        created_by=product.owner,
    )
    AdministrativeSheet.objects.get_or_create(enrolment=enrolment)
    save_answers(
        response=response,
        questionnaire="orientation",
        changes={code: Change(value=value) for code, value in guide_answers().items()},
        actor=product.owner,
        at=timezone.now(),
        access=FULL_ACCESS,
    )
    validate(response=response, questionnaire="orientation", actor=product.owner, at=timezone.now(), access=FULL_ACCESS)
    return enrolment


@pytest.fixture
def editor_page(page: Page, live_server, enrolment, console_errors) -> Page:
    page.set_default_timeout(10_000)
    login(page, live_server, make_member(enrolment.product.organisation))
    return page


def address(live_server, enrolment, code, name="questionnaire_form"):
    return live_server.url + reverse(f"enrolment:{name}", args=[enrolment.pk, code])


@pytest.mark.parametrize("code", ["interoperabilite", "ethique", "rgpd", "securite-echanges"])
def test_form_is_accessible_at_every_width(editor_page: Page, live_server, enrolment, code):
    if code == "ethique":
        deposit(enrolment.response, "QUA.1.1", "charte-editoriale")
    if code == "rgpd":
        deposit(enrolment.response, "RGPD.1", "cgu-mentions")
    for width in (1280, 390, 320):
        editor_page.set_viewport_size({"width": width, "height": 900})
        editor_page.goto(address(live_server, enrolment, code))
        editor_page.wait_for_function("!!window.dsfr")
        if folder := os.environ.get("SCREENSHOTS"):
            editor_page.screenshot(path=Path(folder) / f"{code}-{width}.png")
            editor_page.screenshot(path=Path(folder) / f"{code}-{width}-full.png", full_page=True)
        assert editor_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe_violations(editor_page) == []
