"""A white-label portal of the demo world: one producer pre-listed, two distributors (fixtures/demo/white_label.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.models import Organisation
from convergence.documents.pdf import render_pdf
from convergence.pages.demo_candidatures import pre_list_demo_file
from convergence.pages.demo_products import FIXTURES, Answering, Story, finish_jobs, read_example
from evidence.services import examine
from referencing.candidature.models import Candidature
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import Enrolment, PreListing
from referencing.enrolment.white_label.attachments import accept_attachment
from referencing.enrolment.white_label.mandates import FORMATS, MAX_SIZE_MB, deposit_mandate

WORLD = FIXTURES / "demo" / "white_label.yaml"


def create_demo_white_label() -> None:
    """Create what is missing of the portal and of its distributors; running it again changes nothing."""
    refuse_outside_demo()
    world = yaml.safe_load(WORLD.read_text(encoding="utf-8"))
    said = world["producer"]
    organisation = Organisation.objects.get(siret=said["organisation"])
    if organisation.products.filter(name=said["product"]["name"]).exists():
        return
    pre_listing = _pre_list(organisation, said)
    for distributor in world["distributors"]:
        _distribute(distributor, pre_listing, producer=said)


def _pre_list(organisation: Organisation, said: Mapping[str, Any]) -> PreListing:
    """The producer answers everything, applies, is examined and pre-listed, as its users would do."""
    product = said["product"]
    story = Story(organisation, {"comments": {}, "exchange": {}, **said}, product, read_example(product["example"]))
    story.tell()
    candidature = Candidature.objects.get(enrolment__product__name=product["name"])
    return pre_list_demo_file(candidature, manager=story.person("manager"), verifier=story.person("verifier"))


def _distribute(said: Mapping[str, Any], pre_listing: PreListing, *, producer: Mapping[str, Any]) -> None:
    """A distributor asks; one that is accepted signs for its third party, answers the orientation, and stops there."""
    organisation = Organisation.objects.get(siret=said["organisation"])
    third_party = said.get("third_party", "")
    product = {
        **said["product"],
        "white_label": WhiteLabelRole.DISTRIBUTOR,
        "solution": pre_listing.pk,
        "third_party": third_party,
        "stage": "to_send" if said["is_accepted"] else "draft",
    }
    sheet = said.get("sheet") or {**producer["sheet"], **_identity(organisation)}
    story = Story(organisation, {"comments": {}, "exchange": {}, **said, "sheet": sheet}, product, {})
    story.tell()
    finish_jobs()
    if not said["is_accepted"]:
        return
    enrolment = Enrolment.objects.get(product__organisation=organisation, product__name=product["name"])
    manager = story.person("manager")
    _give_mandate(enrolment, said)
    accept_attachment(request_id=enrolment.attachment_requests.get().pk, actor=pre_listing.enrolment.product.owner)
    story.conclude(enrolment.conventions.get(), story.person("verifier"))
    enrolment.response.refresh_from_db()
    Answering(enrolment, manager, {}).orient(read_example(product["example"]))


def _give_mandate(enrolment: Enrolment, said: Mapping[str, Any]) -> None:
    values = {
        "third_party": said["third_party"],
        "product": enrolment.product.label,
        "organisation": enrolment.product.organisation.name,
    }
    deposit_mandate(
        enrolment_id=enrolment.pk,
        examined=examine(
            upload=SimpleUploadedFile("mandat.pdf", render_pdf("demo/mandate_pdf.html", values), "application/pdf"),
            allowed_formats=FORMATS,
            max_size_mb=MAX_SIZE_MB,
        ),
        given_on=timezone.localdate() - timedelta(days=said["mandate_given_days_ago"]),
        ends_on=None,
        actor=enrolment.created_by,
    )
    finish_jobs()


def _identity(organisation: Organisation) -> dict[str, Any]:
    return {
        "organisation_name": organisation.name,
        "legal_form": organisation.legal_form,
        "address": organisation.address,
        "siret": organisation.siret,
        "rcs": "Marseille B 812 345 692",
        "website": "https://cigale.example",
        "representative_last_name": "Pastorelli",
        "representative_first_name": "Olivier",
        "representative_function": "Gérant",
        "representative_email": "mandataire@distributeur.example",
    }
