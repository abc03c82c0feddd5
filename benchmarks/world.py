"""Rows that the measures need beside the demo world: enrolments whose convention is signed, on grids of a known size."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from tests.enrolment.answering.own_grid import wide_grid

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from convergence.products.models import Product
    from questionnaires.models import DefinitionVersion, Response
    from referencing.enrolment.models import Enrolment

EDITOR = "mandataire@editeur.example"
VERIFIER = "verificateur@gie.example"
DEMARCHE = "mesure"
WIDE = "interoperabilite"  # the code of the questionnaire of 150 criteria
CRITERIA, FILES = 150, 100


def publish_wide_grid() -> DefinitionVersion:
    """Our orientation and one questionnaire of 150 criteria with levels, the first 100 with an expected file."""
    from django.utils import timezone

    from convergence.products.models import Demarche, Parcours
    from questionnaires.services import import_definition, publish_definition

    demarche, _ = Demarche.objects.get_or_create(
        slug=DEMARCHE, defaults={"parcours": Parcours.objects.first(), "title": "Mesure", "summary": "Mesure."}
    )
    grid = yaml.safe_load(wide_grid(CRITERIA)) | {"demarche": demarche.slug, "version": "1"}
    grid["questionnaires"] = [each for each in grid["questionnaires"] if each["code"] == WIDE]
    criteria = [each for section in grid["questionnaires"][0]["sections"] for each in section["criteria"]]
    for number, criterion in enumerate(criteria):
        criterion["evidence"] = [{"code": "preuve", "label": "Preuve", "required": False}] if number < FILES else []
    definition = import_definition(text=yaml.safe_dump(grid, allow_unicode=True, sort_keys=False), actor=None)
    if not definition.published_at:
        publish_definition(definition=definition, actor=None, at=timezone.now())
    return definition


def make_enrolment(definition: DefinitionVersion) -> Enrolment:
    """A new product of the demo editor, attached, its convention validated, nothing answered."""
    from django.utils import timezone

    from evidence.services import keep_generated
    from questionnaires.services import open_orientation, open_response
    from referencing.convention.enums import ConventionState, DataCategory
    from referencing.convention.models import Convention
    from referencing.enrolment.enums import SheetState, WhiteLabelRole
    from referencing.enrolment.models import AdministrativeSheet, Enrolment, SheetVersion

    product = make_products(1)[0]
    enrolment = Enrolment.objects.create(
        product=product,
        demarche=definition.demarche,
        response=open_response(definition=definition),
        white_label=WhiteLabelRole.NONE,
        created_by=product.owner,
    )
    open_orientation(response=enrolment.response)
    now = timezone.now()
    sheet = AdministrativeSheet.objects.create(enrolment=enrolment, state=SheetState.VALIDATED)
    document = keep_generated(content=b"%PDF-1.7 convention", name="convention.pdf", code="pdf")
    Convention.objects.create(
        enrolment=enrolment,
        sheet_version=SheetVersion.objects.create(sheet=sheet, number=1, at=now, by=product.owner, values={}),
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
    return enrolment


def make_catalogue(count: int) -> User:
    """A mandataire of a new organisation with so many products."""
    from tests.factories import MembershipFactory, OrganisationFactory, make_siret

    siret = make_siret(time.time_ns() // 1000 % 10**6)
    manager = MembershipFactory(
        organisation=OrganisationFactory(siret=siret), user__email=f"mesure{siret}@editeur.example"
    ).user
    make_products(count, owner=manager)
    return manager


def make_products(count: int, *, owner: User | None = None) -> list[Product]:
    from convergence.products.enums import Interest, ProductType
    from convergence.products.models import Product

    owner = owner or get_editor()
    return Product.objects.bulk_create(
        Product(
            organisation=owner.memberships.get().organisation,
            name=f"Mesure {time.time_ns()} {rank}",
            version="1",
            type=ProductType.SOCLE,
            owner=owner,
            created_by=owner,
            description="Produit des mesures.",
            interests=[Interest.MES],
        )
        for rank in range(count)
    )


def make_queues(count: int) -> None:
    """So many products, fiches to examine, conventions to send, and notifications of the editor."""
    from django.utils import timezone

    from convergence.notifications.models import Notification
    from questionnaires.models import Response
    from referencing.convention.models import Convention
    from referencing.enrolment.enums import SheetState, WhiteLabelRole
    from referencing.enrolment.models import AdministrativeSheet, Enrolment, SheetVersion

    editor, now = get_editor(), timezone.now()
    definition = publish_wide_grid()
    products = make_products(count)
    responses = Response.objects.bulk_create(Response(definition=definition) for _ in products)
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            product=product,
            demarche=definition.demarche,
            response=response,
            white_label=WhiteLabelRole.NONE,
            created_by=editor,
        )
        for product, response in zip(products, responses, strict=True)
    )
    sheets = AdministrativeSheet.objects.bulk_create(
        AdministrativeSheet(enrolment=enrolment, state=SheetState.SUBMITTED, submitted_at=now)
        for enrolment in enrolments
    )
    versions = SheetVersion.objects.bulk_create(
        SheetVersion(sheet=sheet, number=1, at=now, by=editor, values={}) for sheet in sheets
    )
    Convention.objects.bulk_create(
        Convention(enrolment=version.sheet.enrolment, sheet_version=version) for version in versions
    )
    Notification.objects.bulk_create(
        Notification(recipient=editor, sender="Convergence", kind="Mesure", content="Une notification de mesure.")
        for _ in products
    )


def answer_orientation(response: Response) -> None:
    """Every question of the orientation, validated."""
    from questionnaires.core import QuestionType
    from questionnaires.models import ORIENTATION
    from questionnaires.services import load_grid

    sample: dict[QuestionType, object] = {
        QuestionType.BOOLEAN: "oui",
        QuestionType.URL: "https://exemple.fr",
        QuestionType.EMAIL: "aide@exemple.fr",
        QuestionType.NUMBER: 12,
        QuestionType.DATE: "2024-07-08",
    }
    values = {}
    for question in load_grid(response.definition).questions.values():
        value = sample.get(question.type, "Une réponse de mesure")
        if question.choices:
            given = [each for each in question.values if each != question.exclusive]
            value = given if question.type is QuestionType.MULTIPLE_CHOICE else given[0]
        values[question.code] = value
    save(response, ORIENTATION, values)
    finish(response, ORIENTATION)


def answer_criteria(response: Response) -> None:
    """The 150 criteria at their highest level, 100 files already hashed and found clean; not validated yet."""
    from django.utils import timezone

    from evidence.enums import ScanState
    from evidence.models import Blob, StoredFile
    from questionnaires.models import Deposit
    from questionnaires.services import load_grid

    grid, editor, now = load_grid(response.definition), get_editor(), timezone.now()
    save(response, WIDE, {code: {"level": each.levels[-1].level} for code, each in grid.criteria.items()})
    blobs = Blob.objects.bulk_create(
        Blob(
            sha256=f"{time.time_ns():056x}{rank:08x}",
            size=250_000,
            format="pdf",
            mime="application/pdf",
            pages=4,
            state=ScanState.CLEAN,
            requested_at=now,
            scanned_at=now,
        )
        for rank in range(FILES)
    )
    files = StoredFile.objects.bulk_create(
        StoredFile(blob=blob, name=f"preuve-{rank}.pdf", uploaded_by=editor, uploaded_at=now)
        for rank, blob in enumerate(blobs)
    )
    Deposit.objects.bulk_create(
        Deposit(
            response=response,
            criterion=criterion,
            evidence_type="preuve",
            file=file,
            deposited_by=editor,
            deposited_at=now,
        )
        for criterion, file in zip(grid.criteria, files, strict=False)
    )


def save(response: Response, questionnaire: str, values: Mapping[str, Any]) -> None:
    from questionnaires.services import Change, save_answers

    changes = {code: Change(value=value) for code, value in values.items()}
    saved = save_answers(response=response, questionnaire=questionnaire, changes=changes, **_by_editor())
    if saved.refused:
        raise RuntimeError(f"{questionnaire}: {saved.refused}")


def finish(response: Response, questionnaire: str) -> None:
    from questionnaires.services import validate

    validate(response=response, questionnaire=questionnaire, **_by_editor())


def get_editor() -> User:
    from convergence.accounts.models import User

    return User.objects.get(email=EDITOR)


def _by_editor() -> dict[str, Any]:
    from django.utils import timezone

    from questionnaires.access import AccessPolicy

    access = AccessPolicy(owner_key="bench", may_read=True, may_write=True, may_validate=True)
    return {"actor": get_editor(), "at": timezone.now(), "access": access}
