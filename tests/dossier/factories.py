"""Enrolments ready for a dossier: convention validated, questionnaires answered on the small grid."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import pyzipper
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from convergence.accounts.models import User
from evidence.services import keep_generated, scan
from questionnaires.services import confirm_deposit, renew_container
from referencing.convention.enums import ConventionState, DataCategory
from referencing.convention.models import Convention
from referencing.dossier.models import Dossier
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import SheetState
from referencing.enrolment.models import AdministrativeSheet, Enrolment, SheetVersion
from tests.factories import ProductFactory, make_member
from tests.questionnaires.factories import FULL_ACCESS, deposit, finish, make_enrolment, orient, pdf


def make_signed_enrolment(**fields: Any) -> tuple[Enrolment, User]:
    """An enrolment whose convention is validated, and a mandataire of its organisation."""
    product = ProductFactory(**fields)
    manager = make_member(product.organisation)
    enrolment = make_enrolment(product)
    now = timezone.now()
    product.organisation.verified_at = now  # as validating the fiche does
    product.organisation.save(update_fields=["verified_at"])
    AdministrativeSheet.objects.filter(enrolment=enrolment).delete()  # blank; its state moves only along its machine
    sheet = AdministrativeSheet.objects.create(
        enrolment=enrolment, state=SheetState.VALIDATED, organisation_name=product.organisation.name
    )
    version = SheetVersion.objects.create(sheet=sheet, number=1, at=now, by=manager, values={})
    document = keep_generated(content=f"%PDF-1.7 {enrolment.pk}".encode(), name="convention.pdf", code="pdf")
    Convention.objects.create(
        enrolment=enrolment,
        sheet_version=version,
        state=ConventionState.VALIDATED,
        data_categories=[DataCategory.NONE],
        duration_months=36,
        withdrawal_terms="À tout moment.",
        signer_email="camille@editeur.example",
        document=document,
        signed_document=document,
        sent_at=now,
        signed_at=now,
        validated_at=now,
    )
    return enrolment, manager


def answer_core(enrolment: Enrolment, *, level: str = "2", **answers: Any) -> None:
    """Orientation and the core questionnaires, validated (urbanisation has no criterion to show)."""
    orient(enrolment.response, **answers)
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": level}})


def answer_ethics(enrolment: Enrolment) -> None:
    deposit(enrolment.response, "DEV.1.2", "declaration")
    finish(
        enrolment.response,
        "ethique",
        {"DEV.1.1": {"compliance": "conforme", "number": Decimal("63.2")}, "DEV.1.2": {"compliance": "conforme"}},
    )


def answer_everything(enrolment: Enrolment, *, level: str = "2", **answers: Any) -> None:
    """Every applicable questionnaire validated, with all its evidence."""
    answer_core(enrolment, level=level, **answers)
    answer_ethics(enrolment)
    answer_rgpd(enrolment)


def answer_rgpd(enrolment: Enrolment) -> None:
    single = deposit(enrolment.response, "RGPD.1", "questionnaire")
    confirm_deposit(deposit=single, actor=single.deposited_by, at=timezone.now(), access=FULL_ACCESS)
    deposit(enrolment.response, "RGPD.1", "cgu")
    container = deposit(enrolment.response, "RGPD.1", "aipd", upload=make_container(single.deposited_by))
    scan(blob_id=container.file.blob_id)
    finish(enrolment.response, "rgpd")


def make_container(actor: User) -> SimpleUploadedFile:
    """A closed container with one document, made with the credentials that the platform gave."""
    credentials = renew_container(access=FULL_ACCESS, actor=actor)
    assert credentials is not None
    file = BytesIO()
    with pyzipper.AESZipFile(file, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(credentials.passphrase.encode())
        archive.writestr("aipd.pdf", pdf().read())
    return SimpleUploadedFile("aipd.zip", file.getvalue(), "application/zip")


def make_dossier(*, complete: bool = True, **fields: Any) -> tuple[Dossier, User]:
    enrolment, manager = make_signed_enrolment(**fields)
    if complete:
        answer_everything(enrolment)
    else:
        answer_core(enrolment)
    return generate_dossier(enrolment_id=enrolment.pk, actor=manager), manager
