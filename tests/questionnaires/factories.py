"""Responses in the states that tests need, on a small grid; cheap enough for every test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from convergence.accounts.models import User
from convergence.products.models import Product
from questionnaires.access import AccessPolicy
from questionnaires.models import DefinitionVersion, Deposit, QuestionnaireResponse, Response
from questionnaires.services import (
    Change,
    SaveResult,
    deposit_evidence,
    import_definition,
    open_orientation,
    open_response,
    publish_definition,
    save_answers,
    validate,
)
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from tests.factories import DemarcheFactory, ProductFactory, UserFactory

GRIDS = Path(__file__).parent / "grids"
AT = datetime(2026, 3, 2, 13, 32, tzinfo=UTC)

#: Every mandatory question visible at first, answered without opening anything more.
QUIET = {"Q1": "non", "Q3": ["documents"], "Q6": "demo / mot de passe", "Q10": "non", "Q13": "non"}

FULL_ACCESS = AccessPolicy(owner_key="test:1", may_read=True, may_write=True, may_validate=True)

_pdf_numbers = count(1)


@cache
def grid_text(name: str = "answering") -> str:
    return (GRIDS / f"{name}.yaml").read_text(encoding="utf-8")


def make_definition(name: str = "answering") -> DefinitionVersion:
    """The published grid, loaded once per test."""
    DemarcheFactory()
    definition = import_definition(text=grid_text(name), actor=None)
    return definition if definition.published_at else publish_definition(definition=definition, actor=None, at=AT)


def make_response(*, is_open: bool = True) -> Response:
    """A response whose orientation is open, as after a validated convention; nothing is answered."""
    response = open_response(definition=make_definition())
    if is_open:
        open_orientation(response=response)
    return response


def make_enrolment(product: Product | None = None, *, is_open: bool = True, **fields: Any) -> Enrolment:
    """A product attached to the démarche, with its fiche; its questionnaires open, as after a validated convention."""
    product = product or ProductFactory(**fields)
    enrolment = Enrolment.objects.create(
        product=product,
        demarche=DemarcheFactory(),
        response=make_response(is_open=is_open),
        white_label=WhiteLabelRole.NONE,
        created_by=product.owner,
    )
    AdministrativeSheet.objects.create(enrolment=enrolment)
    enrolment.refresh_from_db(fields=["number"])
    return enrolment


def answer(
    response: Response,
    questionnaire: str = "orientation",
    values: Mapping[str, Any] | None = None,
    *,
    actor: User | None = None,
    access: AccessPolicy = FULL_ACCESS,
    **others: Any,
) -> SaveResult:
    """Save plain values without looking at versions: `answer(response, Q1="oui")`."""
    changes = {code: Change(value=value) for code, value in {**(values or {}), **others}.items()}
    return save_answers(
        response=response,
        questionnaire=questionnaire,
        changes=changes,
        actor=actor or UserFactory(),
        at=timezone.now(),
        access=access,
    )


def orient(response: Response, *, actor: User | None = None, confirmed: str = "", **answers: Any) -> Response:
    """Answer the orientation (quiet answers, changed by `answers`) and validate it."""
    actor = actor or UserFactory()
    answer(response, values={**QUIET, **answers}, actor=actor)
    validate(
        response=response,
        questionnaire="orientation",
        actor=actor,
        at=timezone.now(),
        access=FULL_ACCESS,
        confirmed_consequences=confirmed,
    )
    response.refresh_from_db()
    return response


def finish(response: Response, questionnaire: str, values: Mapping[str, Any] | None = None) -> QuestionnaireResponse:
    """Answer an evaluation questionnaire and validate it."""
    actor = UserFactory()
    if values:
        answer(response, questionnaire, values, actor=actor)
    validate(response=response, questionnaire=questionnaire, actor=actor, at=timezone.now(), access=FULL_ACCESS)
    return row(response, questionnaire)


def row(response: Response, questionnaire: str) -> QuestionnaireResponse:
    return QuestionnaireResponse.objects.get(response=response, code=questionnaire)


def states(response: Response) -> dict[str, str]:
    return dict(QuestionnaireResponse.objects.filter(response=response).values_list("code", "state"))


def pdf(name: str = "preuve.pdf", text: str = "Preuve") -> SimpleUploadedFile:
    """A small real PDF, of a content never seen before; `text` is what it says, without accents."""
    text = f"{text} {next(_pdf_numbers)}"
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    content = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return SimpleUploadedFile(name, content, "application/pdf")


def deposit(
    response: Response,
    criterion: str,
    evidence_type: str,
    *,
    upload: SimpleUploadedFile | None = None,
    actor: User | None = None,
    access: AccessPolicy = FULL_ACCESS,
) -> Deposit:
    return deposit_evidence(
        response=response,
        criterion=criterion,
        evidence_type=evidence_type,
        upload=upload or pdf(),
        actor=actor or UserFactory(),
        at=timezone.now(),
        access=access,
    )
