"""The way of a proposal in a real Chromium: asked for, sent without an account nor scripts, taken over."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from questionnaires.models import Answer, Deposit
from tests.plugins.browser import axe_violations, login
from tests.questionnaires.factories import pdf
from tests.teamwork.factories import ETHICS, LEVELS, mailed_token, make_team

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_host_proposes_an_answer_and_the_editor_takes_it_over(page: Page, browser: Browser, live_server):
    enrolment, manager, _ = make_team()
    login(page, live_server, manager)

    # the editor asks
    page.goto(live_server.url + reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"]))
    page.locator(f"a[href$='/criteres/{ETHICS}/equipe/']").click()
    page.get_by_role("link", name="Demander une proposition").click()
    page.get_by_label("Adresse e-mail").fill("jo@hebergeur.example")
    page.get_by_label("Message").fill("La déclaration est chez vous.")
    page.get_by_role("button", name="Envoyer le lien").click()
    expect(page.get_by_text("Le lien part par e-mail à jo@hebergeur.example.")).to_be_visible()
    assert axe_violations(page) == []

    # somebody without an account, nor scripts, answers
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    outside = context.new_page()
    outside.goto(f"{live_server.url}/proposer/{mailed_token()}/")
    expect(outside.get_by_role("heading", name=re.compile(ETHICS))).to_be_visible()
    expect(outside.get_by_text("La déclaration est chez vous.")).to_be_visible()
    outside.get_by_role("button", name="Envoyer ma proposition").click()
    expect(outside.get_by_text("Indiquez votre nom.").first).to_be_visible()
    outside.get_by_label("Votre nom").fill("Jo Martin")
    outside.get_by_label("Votre structure").fill("Hébergeur du Nord")
    outside.locator("label[for=id_compliance]").click()  # the design system lays the label over its button
    outside.get_by_label("Commentaire").fill("Déclaration de mars.")
    outside.get_by_label("Déclaration d’accessibilité").set_input_files(
        {"name": "declaration.pdf", "mimeType": "application/pdf", "buffer": pdf().read()}
    )
    outside.get_by_role("button", name="Envoyer ma proposition").click()
    expect(outside.get_by_text("Votre proposition est envoyée")).to_be_visible()
    assert {cookie["name"] for cookie in context.cookies()} <= {"csrftoken"}
    assert not Answer.objects.filter(code=ETHICS).exists()
    context.close()

    # the editor compares, then takes it over
    page.goto(live_server.url + reverse("enrolment:questionnaire_list", args=[enrolment.pk]))
    page.get_by_role("link", name="Propositions (1 à examiner)").click()
    page.get_by_role("link", name=re.compile(ETHICS)).first.click()
    expect(page.get_by_text("Déclaration de mars.").first).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Reprendre la proposition").click()
    expect(page.get_by_text("Réponse proposée par Jo Martin (Hébergeur du Nord)")).to_be_visible()
    assert Answer.objects.get(code=ETHICS).value == {"compliance": "conforme"}
    assert Deposit.objects.get().file.name == "declaration.pdf"


def test_two_colleagues_on_one_page_see_each_other(page: Page, browser: Browser, live_server):
    enrolment, manager, colleague = make_team()
    address = live_server.url + reverse("enrolment:questionnaire_form", args=[enrolment.pk, "interoperabilite"])
    login(page, live_server, manager)
    page.goto(address)
    expect(page.get_by_text("Terminologies").first).to_be_visible()
    other = browser.new_context(locale="fr-FR").new_page()
    login(other, live_server, colleague)

    with other.expect_response(re.compile("/presence/")):
        other.goto(address)

    expect(other.get_by_text(f"{manager} est aussi sur cette page.")).to_be_visible()
    assert LEVELS in other.content()
    other.context.close()
