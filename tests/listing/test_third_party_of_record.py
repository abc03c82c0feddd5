"""The third party is the editor of record in the dossier, on the agenda and in the act (A-26)."""

import html

import pytest
from django.urls import reverse

from convergence.jobs.models import Job
from convergence.kernel.errors import TransitionRefused
from referencing.decision.acts import read_act
from referencing.decision.services import sign_decision
from referencing.dossier.outputs import make_pdf
from referencing.dossier.readers import read_payload
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment, SheetVersion
from tests.decision.factories import make_draft, make_signatory, today
from tests.dossier.factories import answer_core, make_signed_enrolment
from tests.dossier.white_label import answer_own, make_distributor, make_solution
from tests.platform.test_hostile_strings import pdf_text, squeeze

pytestmark = pytest.mark.django_db

HOSPITAL = "Hôpital de la Côte"


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def act_for_a_third_party(enrolment):
    """As if the enrolment had been made for the hospital, whose fiche was transmitted and validated."""
    Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.DISTRIBUTOR, is_on_behalf=True)
    AdministrativeSheet.objects.filter(enrolment=enrolment).update(organisation_name=HOSPITAL)
    sheet = AdministrativeSheet.objects.get(enrolment=enrolment)
    values = {"organisation_name": HOSPITAL, "legal_form": "public_hospital", "siret": "90134501700015"}
    SheetVersion.objects.create(
        sheet=sheet, number=sheet.versions.count() + 1, at=sheet.enrolment.created_at, by=sheet.enrolment.created_by,
        values=values,
    )  # fmt: skip
    return Enrolment.objects.with_product().get(pk=enrolment.pk)


@pytest.mark.rule("A-26")
def test_the_dossier_names_the_third_party_and_who_acts_for_it(client):
    enrolment, manager = make_distributor(make_solution())
    act_for_a_third_party(enrolment)
    answer_own(enrolment)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    content = read_payload(dossier)
    assert content["organisation"]["name"] == HOSPITAL
    assert content["organisation"]["siret"] == "90134501700015"
    assert content["distributor"] == {"name": enrolment.product.organisation.name}
    client.force_login(manager)
    page = html.unescape(client.get(reverse("candidature:dossier_detail", args=[dossier.pk])).content.decode())
    assert HOSPITAL in page
    assert "Évalué pour son compte par" in page
    pdf = pdf_text(make_pdf(Job(payload={"dossier": str(dossier.pk)}), lambda *_: None).content)
    assert squeeze(f"Évalué pour son compte par {enrolment.product.organisation.name}") in pdf


def test_other_dossiers_have_no_such_key():
    enrolment, manager = make_signed_enrolment()
    answer_core(enrolment)
    content = read_payload(generate_dossier(enrolment_id=enrolment.pk, actor=manager))
    assert "distributor" not in content
    assert content["organisation"]["name"] == enrolment.product.organisation.name


@pytest.mark.rule("A-26")
def test_the_act_is_addressed_to_the_third_party():
    decision, ministry, _ = make_draft()
    act_for_a_third_party(decision.enrolment)

    signed = sign_decision(decision_id=decision.pk, signatory=make_signatory(), signed_on=today(), actor=ministry)

    said = read_act(signed)["service"]["organisation"]
    assert said == f"{HOSPITAL}, représenté par {decision.enrolment.product.organisation.name} en vertu de son mandat"


@pytest.mark.rule("BR-201")
def test_a_distributor_that_waits_freezes_nothing():
    enrolment, manager = make_distributor(make_solution(), is_accepted=False)
    answer_core(enrolment)
    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert "attachment_pending" in [each.code for each in refusal.value.blockers]
