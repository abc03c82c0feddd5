"""The two démarches of 2022 are finished by those who began them, and begun by nobody (BR-011)."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.products.models import Demarche
from questionnaires.services import import_definition, open_orientation, open_response, publish_definition
from referencing.candidature.enums import CandidatureState
from referencing.candidature.services import apply, take_charge
from referencing.convention import services as conventions
from referencing.convention.enums import ConventionState
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import EnrolmentState, WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from referencing.enrolment.services import attach_product, submit_sheet
from tests.convention.factories import SHEET, SIGNER, TERMS, last_code, last_token
from tests.dossier.factories import answer_everything
from tests.factories import ProductFactory, make_agent, make_member
from tests.questionnaires.factories import AT, grid_text

pytestmark = pytest.mark.django_db

LEGACY = ["referencement-sans-echange", "referencement-avec-echange"]


def make_legacy(slug: str) -> Enrolment:
    """An enrolment that was begun while its démarche was open, with the grid of that time."""
    call_command("load_parcours")
    demarche = Demarche.objects.get(slug=slug)
    text = grid_text().replace("demarche: referencement-guide", f"demarche: {slug}")
    definition = publish_definition(definition=import_definition(text=text, actor=None), actor=None, at=AT)
    product = ProductFactory()
    enrolment = Enrolment.objects.create(
        product=product,
        demarche=demarche,
        response=open_response(definition=definition),
        white_label=WhiteLabelRole.NONE,
        created_by=product.owner,
    )
    AdministrativeSheet.objects.create(enrolment=enrolment, **SHEET)
    enrolment.refresh_from_db(fields=["number"])
    return enrolment


@pytest.mark.rule("BR-011")
@pytest.mark.parametrize("slug", LEGACY)
def test_a_legacy_enrolment_goes_its_whole_way(
    slug: str, client: Client, django_capture_on_commit_callbacks: object
) -> None:
    enrolment = make_legacy(slug)
    editor, verifier = make_member(enrolment.product.organisation), make_agent(Role.LISTING_TEAM)

    submit_sheet(enrolment_id=enrolment.pk, actor=editor)
    convention = conventions.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
    conventions.choose_terms(convention_id=convention.pk, actor=verifier, **TERMS)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        conventions.send_convention(convention_id=convention.pk, actor=verifier)
    token = last_token(SIGNER)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        conventions.send_code(token=token)
    conventions.sign(token=token, code=last_code(SIGNER))
    conventions.validate_convention(convention_id=convention.pk, actor=verifier)
    convention.refresh_from_db()
    assert convention.state == ConventionState.VALIDATED

    open_orientation(response=enrolment.response)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer_everything(enrolment)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=editor)
    candidature = apply(dossier_id=dossier.pk, actor=editor)
    take_charge(candidature_id=candidature.pk, actor=verifier)

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.ADMISSIBILITY
    client.force_login(editor)
    page = client.get(reverse("pages:enrolment_detail", args=[enrolment.pk]))
    assert enrolment.demarche.title in page.content.decode()


@pytest.mark.rule("BR-011")
@pytest.mark.parametrize("slug", LEGACY)
def test_nobody_begins_a_legacy_demarche(slug: str, client: Client) -> None:
    call_command("load_parcours")
    demarche = Demarche.objects.get(slug=slug)
    product = ProductFactory()
    manager = make_member(product.organisation)

    with pytest.raises(TransitionRefused) as refusal:
        attach_product(product_id=product.pk, demarche=demarche, white_label=WhiteLabelRole.NONE, actor=manager)

    assert [each.code for each in refusal.value.blockers] == ["closed"]
    client.force_login(manager)
    offered = client.get(reverse("enrolment:demarche_choose", args=[product.pk])).content.decode()
    assert demarche.title not in offered
    assert not Enrolment.objects.filter(state=EnrolmentState.ACTIVE).exists()
