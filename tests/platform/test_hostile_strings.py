"""Figure S4, in small: hostile strings typed by an editor, read back in pages, workbook, PDF and mails as plain text."""

from __future__ import annotations

import unicodedata
from html import escape
from io import BytesIO

import openpyxl
import pypdfium2
import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.jobs.models import Job
from convergence.products.models import Product
from questionnaires.services import Change, save_answers
from referencing.candidature.services import apply
from referencing.dossier.services import generate_dossier
from tests.dossier.factories import answer_everything, make_signed_enrolment
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, make_agent, make_member
from tests.questionnaires.factories import FULL_ACCESS, finish

pytestmark = pytest.mark.django_db

STRINGS = {
    "html": '<script>alert(1)</script>"><img src=x onerror=alert(1)>',
    "attribute": "' autofocus onfocus='alert(1)",
    "formula": '=HYPERLINK("http://x.invalid","cliquez")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "template": "{{ settings.SECRET_KEY }}{% load x %}",
    "right to left": "\u202eevil\u2066 كتاب",
    "emoji": "🎉 名前 e\u0301 ﷽",
}
hostile = pytest.mark.parametrize("text", STRINGS.values(), ids=list(STRINGS))


def shown(response) -> str:
    """A page, in which Django and Python write the same apostrophe in the same way."""
    assert response.status_code == 200
    return response.content.decode().replace("&quot;", "&#34;").replace("&#39;", "&#x27;")


def assert_plain(text: str, page: str) -> None:
    """The text stands in the page, and only as text."""
    assert escape(text).replace("&quot;", "&#34;") in page
    if escape(text) != text:
        assert text not in page


def squeeze(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return squeeze("".join(page.get_textpage().get_text_range() for page in document))


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)
    DemarcheFactory(settings={"contact": "referencement@operateur.example"})


def type_product(client, product: Product, **typed):
    values = {
        "name": product.name,
        "version": product.version,
        "type": product.type,
        "owner": str(product.owner_id),
        "description": product.description,
        "interests": product.interests,
    }
    return client.post(reverse("products:product_update", args=[product.pk]), values | typed)


@hostile
def test_product_and_organisation_are_shown_as_text(client, text):
    organisation = OrganisationFactory(name=text)
    manager = make_member(organisation)
    product = ProductFactory(organisation=organisation, owner=manager)
    client.force_login(manager)

    assert type_product(client, product, name=text, description=text, certifications=text).status_code == 302

    product.refresh_from_db()
    assert (product.name, product.description) == (text, text)
    for address in (
        reverse("products:product_list"),
        reverse("pages:product_detail", args=[product.pk]),
        reverse("products:product_update", args=[product.pk]),
        reverse("accounts:member_list", args=[organisation.pk]),
    ):
        assert_plain(text, shown(client.get(address)))
    if text.isascii():
        exported = client.get(reverse("pages:product_pdf", args=[product.pk]))
        assert squeeze(text) in pdf_text(exported.content)


@hostile
def test_dossier_and_its_exports_hold_the_text_to_the_letter(client, text, django_capture_on_commit_callbacks):
    enrolment, manager = make_signed_enrolment(organisation=OrganisationFactory(name=text), name=text, description=text)
    with django_capture_on_commit_callbacks(execute=True):
        answer_everything(enrolment)
    save_answers(
        response=enrolment.response,
        questionnaire="interoperabilite",
        changes={"A06.1.2": Change(comment=text)},
        actor=manager,
        at=timezone.now(),
        access=FULL_ACCESS,
    )
    finish(enrolment.response, "interoperabilite")
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    client.force_login(manager)

    assert_plain(text, shown(client.get(reverse("candidature:dossier_detail", args=[dossier.pk]))))
    results = reverse("enrolment:questionnaire_results", args=[enrolment.pk, "interoperabilite"])
    assert client.get(results).status_code == 200
    outputs = {}
    for form in ("xlsx", "pdf"):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("dossier:dossier_export", args=[dossier.pk, form]))
        outputs[form] = Job.objects.get(kind=f"dossier.{form}").output.read()
    cells = [
        cell for sheet in openpyxl.load_workbook(BytesIO(outputs["xlsx"])) for row in sheet.iter_rows() for cell in row
    ]
    assert [cell for cell in cells if cell.data_type == "f"] == []
    assert text in [cell.value for cell in cells]
    if text.isascii():
        assert squeeze(text) in pdf_text(outputs["pdf"])


@hostile
def test_mails_carry_the_text_as_text(text, django_capture_on_commit_callbacks):
    enrolment, manager = make_signed_enrolment(organisation=OrganisationFactory(name=text), name=text)
    make_agent(Role.LISTING_TEAM)
    with django_capture_on_commit_callbacks(execute=True):
        answer_everything(enrolment)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        apply(dossier_id=dossier.pk, actor=manager)

    named = [message for message in mail.outbox if text in message.body]
    assert named
    for message in named:
        assert "\n" not in message.subject
        for alternative in message.alternatives:
            page = alternative.content.replace("&quot;", "&#34;").replace("&#39;", "&#x27;")
            assert_plain(text, page)


def test_zero_byte_is_refused_and_the_rest_stays(client):
    product = ProductFactory()
    client.force_login(make_member(product.organisation))

    response = type_product(client, product, name="nul\x00", description="Un texte long à écrire.")

    assert response.status_code == 422
    assert "name" in response.context["form"].errors
    assert "Un texte long à écrire." in response.content.decode()


def test_very_long_text_is_refused_or_kept_whole(client):
    product = ProductFactory()
    manager = make_member(product.organisation)
    product.owner = manager
    product.save()
    client.force_login(manager)

    long_name = type_product(client, product, name="é" * 5000)
    long_text = type_product(client, product, description="é" * 3000)

    assert long_name.status_code == 422
    product.refresh_from_db()
    assert (long_text.status_code, len(product.description)) in {
        (302, 3000),
        (422, len("Un carnet de suivi pour les patients.")),
    }
