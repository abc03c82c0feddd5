"""Products of the demo editor at every stage, brought there by the same services as the pages (fixtures/demo/products.yaml)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyzipper
import yaml
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.models import Organisation, User
from convergence.documents.pdf import render_pdf
from convergence.jobs.enums import JobState
from convergence.jobs.models import Job
from convergence.jobs.services import run
from convergence.notifications.models import DemoMail
from convergence.products.enums import Interest, ProductType
from convergence.products.models import Demarche
from convergence.products.services import create_product
from questionnaires.access import AccessPolicy
from questionnaires.core import Criterion, EvidenceType, Grid, Kind, Questionnaire, ValueType, parse_answers
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION
from questionnaires.services import (
    Change,
    confirm_deposit,
    deposit_evidence,
    renew_container,
    save_answers,
    set_specificities,
    validate,
)
from referencing.candidature.services import apply
from referencing.convention.models import Convention
from referencing.convention.services import (
    choose_terms,
    send_code,
    send_convention,
    sign,
    validate_convention,
    validate_sheet_and_prepare,
)
from referencing.dossier.services import generate_dossier
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.enums import Api, Direction, WhiteLabelRole
from referencing.enrolment.exchange import list_pairs, save_exchange_scope
from referencing.enrolment.models import Enrolment
from referencing.enrolment.services import attach_product, save_sheet, submit_sheet

FIXTURES = Path(settings.BASE_DIR) / "fixtures"
GRID = FIXTURES / "grids" / "referencement-guide" / "2024.12.yaml"
DEMARCHE = "referencement-guide"
#: Stages in the order of the street; a product is brought to its own and left there.
STAGES = ("draft", "submitted", "to_send", "answering", "ready", "applied")
LINK, CODE = re.compile(r"/signature/([\w-]+)/"), re.compile(r"\b(\d{6})\b")
ECOSCORE = "68.4"
JOB_SECONDS = 60


def load_parcours() -> None:
    """Pathways and procedures, as they are written today."""
    call_command("load_parcours", verbosity=0)


def publish_grid() -> None:
    """The grid in force; published once, it does not change any more."""
    call_command("grid_import", str(GRID), publish=True, verbosity=0)


def create_demo_products() -> None:
    """Create the products that are missing, each up to its stage; running it again changes nothing."""
    refuse_outside_demo()
    world = yaml.safe_load((FIXTURES / "demo" / "products.yaml").read_text(encoding="utf-8"))
    organisation = Organisation.objects.get(siret=world["organisation"])
    known = set(organisation.products.values_list("name", flat=True))
    for product in world["products"]:
        if product["name"] not in known:
            answers = read_example(product["example"]) if "example" in product else {}
            Story(organisation, world, product, answers).tell()


def read_example(name: str) -> dict[str, Any]:
    """The orientation of a worked example of the grid."""
    found = yaml.safe_load(GRID.with_suffix(".examples.yaml").read_text(encoding="utf-8"))["examples"]
    answers: dict[str, Any] = next(each["answers"] for each in found if each["name"] == name)
    return answers


@dataclass(slots=True)
class Story:
    """One product on its way down the street."""

    organisation: Organisation
    world: Mapping[str, Any]
    product: Mapping[str, Any]
    answers: Mapping[str, Any]

    def tell(self) -> None:
        manager, verifier = self.person("manager"), self.person("verifier")
        stage = STAGES.index(self.product["stage"])
        enrolment = self._attach(manager)
        self._fill_sheet(enrolment, manager)
        if stage >= STAGES.index("submitted"):
            submit_sheet(enrolment_id=enrolment.pk, actor=manager)
        if stage >= STAGES.index("to_send"):
            convention = validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
        if stage >= STAGES.index("answering"):
            self.conclude(convention, verifier)
            answering = Answering(enrolment, manager, self.world["comments"])
            answering.orient(self.answers)
            answering.answer(halfway=stage == STAGES.index("answering"))
        if stage >= STAGES.index("ready"):
            self._describe_exchange(enrolment, manager)
            finish_jobs()
            dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
        if stage >= STAGES.index("applied"):
            apply(dossier_id=dossier.pk, actor=manager)

    def person(self, part: str) -> User:
        return User.objects.get(email=self.world["people"][part])

    def _attach(self, manager: User) -> Enrolment:
        product = create_product(
            organisation=self.organisation,
            values={
                "name": self.product["name"],
                "version": self.product["version"],
                "type": ProductType.SOCLE,
                "owner": User.objects.get(email=self.product["owner"]),
                "description": self.product["description"],
                "certifications": self.product.get("certifications", ""),
                "interests": [Interest.MES],
            },
            actor=manager,
        )
        third_party = self.product.get("third_party", "")
        return attach_product(
            product_id=product.pk,
            demarche=Demarche.objects.get(slug=DEMARCHE),
            white_label=self.product.get("white_label", WhiteLabelRole.NONE),
            solution=self.product.get("solution"),
            is_on_behalf=bool(third_party),
            third_party=third_party,
            actor=manager,
        )

    def _fill_sheet(self, enrolment: Enrolment, manager: User) -> None:
        lacks = self.product.get("lacks", [])
        values = {field: "" if field in lacks else value for field, value in self.world["sheet"].items()}
        save_sheet(enrolment_id=enrolment.pk, values=values, base_version=enrolment.sheet.version, actor=manager)

    def conclude(self, convention: Convention, verifier: User) -> None:
        """Terms, sending, signature by link and code as the mails give them, validation."""
        terms = {key: self.product[key] for key in ("data_categories", "purposes")}
        choose_terms(convention_id=convention.pk, actor=verifier, **terms)
        send_convention(convention_id=convention.pk, actor=verifier)
        signer = self.world["sheet"]["representative_email"]
        token = read_in_mail(signer, convention.enrolment.label, LINK)
        send_code(token=token)
        sign(token=token, code=read_in_mail(signer, convention.enrolment.label, CODE))
        validate_convention(convention_id=convention.pk, actor=verifier)

    def _describe_exchange(self, enrolment: Enrolment, manager: User) -> None:
        if pairs := list_pairs(enrolment, self.answers):
            said = self.world["exchange"]
            values = [((Api(api), Direction(way)), said[f"{api}-{way}"]) for api, way in pairs]
            save_exchange_scope(enrolment_id=enrolment.pk, values=values, actor=manager)


class Answering:
    """The questionnaires of one enrolment, answered well."""

    def __init__(self, enrolment: Enrolment, actor: User, comments: Mapping[str, str]) -> None:
        self.enrolment, self.actor, self.comments = enrolment, actor, comments
        self.compiled = compiled_grid(enrolment.response.definition)
        self.access: AccessPolicy = policy_for(enrolment, actor)
        self.criteria: Mapping[str, tuple[str, ...]] = {}

    @property
    def grid(self) -> Grid:
        return self.compiled.grid

    def orient(self, answers: Mapping[str, Any]) -> None:
        self._save(ORIENTATION, {code: Change(value=value) for code, value in answers.items()})
        self._validate(ORIENTATION)
        self.criteria = self.compiled.evaluator.evaluate(parse_answers(self.grid, answers).answers).criteria

    def answer(self, *, halfway: bool) -> None:
        """Every applicable questionnaire."""
        for questionnaire in self.grid.questionnaires:
            self.answer_one(questionnaire, halfway=halfway)

    def answer_one(self, questionnaire: Questionnaire, *, halfway: bool) -> None:
        """`halfway` leaves the second half of its criteria unanswered, hence not validated."""
        codes = self.criteria.get(questionnaire.code, ())
        chosen = [self.grid.criteria[code] for code in (codes[: len(codes) // 2] if halfway else codes)]
        if questionnaire.kind is not Kind.DOCUMENTS and chosen:
            self._save(questionnaire.code, {each.code: self._best(questionnaire, each) for each in chosen})
        for criterion in chosen:
            for expected in criterion.evidence:
                if expected.required:
                    self._deposit(criterion, expected)
        if chosen and self.access.asks_specificity and questionnaire.inheritable:
            self._say_specific(questionnaire.code, chosen)
        if codes and not halfway:
            self._validate(questionnaire.code)

    def comment(self, questionnaire: str, comments: Mapping[str, str]) -> None:
        """Write on answers that were given."""
        self._save(questionnaire, {code: Change(comment=text) for code, text in comments.items()})

    def _say_specific(self, questionnaire: str, chosen: Sequence[Criterion]) -> None:
        """As the grid proposes (BR-202)."""
        set_specificities(
            response=self.enrolment.response,
            questionnaire=questionnaire,
            choices={each.code: each.specific_by_default for each in chosen},
            actor=self.actor,
            at=timezone.now(),
            access=self.access,
        )

    def _best(self, questionnaire: Questionnaire, criterion: Criterion) -> Change:
        value: dict[str, Any] = {"compliance": "conforme"}
        if questionnaire.kind is Kind.LEVELS:
            value = {"level": criterion.recommended or criterion.acceptable[-1]}
        elif criterion.value and criterion.value.type is ValueType.NUMBER:
            value["number"] = ECOSCORE
        return Change(value=value, comment=self.comments.get(criterion.code, ""))

    def write_evidence(self, criterion: Criterion, expected: EvidenceType) -> SimpleUploadedFile:
        """An invented PDF of what a criterion expects."""
        pdf = render_pdf(
            "demo/evidence_pdf.html",
            {
                "title": expected.label,
                "criterion": criterion,
                "product": self.enrolment.product.label,
                "organisation": self.enrolment.product.organisation.name,
            },
        )
        return SimpleUploadedFile(f"{expected.code}.pdf", pdf, "application/pdf")

    def _deposit(self, criterion: Criterion, expected: EvidenceType) -> None:
        upload = self.write_evidence(criterion, expected)
        if expected.encrypted:
            upload = self._enclose(upload)
        deposit = deposit_evidence(
            response=self.enrolment.response,
            criterion=criterion.code,
            evidence_type=expected.code,
            upload=upload,
            actor=self.actor,
            at=timezone.now(),
            access=self.access,
        )
        if expected.single_deposit:
            confirm_deposit(deposit=deposit, actor=self.actor, at=timezone.now(), access=self.access)

    def _enclose(self, file: SimpleUploadedFile) -> SimpleUploadedFile:
        """A container closed with the credentials that the platform gives."""
        credentials = renew_container(access=self.access, actor=self.actor)
        if credentials is None:
            raise RuntimeError("new credentials are always shown once")
        output = BytesIO()
        with pyzipper.AESZipFile(output, "w", encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(credentials.passphrase.encode())
            archive.writestr(str(file.name), file.read())
        name = str(file.name).replace(".pdf", ".zip")
        return SimpleUploadedFile(name, output.getvalue(), "application/zip")

    def _save(self, questionnaire: str, changes: Mapping[str, Change]) -> None:
        saved = save_answers(
            response=self.enrolment.response,
            questionnaire=questionnaire,
            changes=changes,
            actor=self.actor,
            at=timezone.now(),
            access=self.access,
        )
        if saved.refused:
            raise ValueError(f"{questionnaire}: {saved.refused}")

    def _validate(self, questionnaire: str) -> None:
        validate(
            response=self.enrolment.response,
            questionnaire=questionnaire,
            actor=self.actor,
            at=timezone.now(),
            access=self.access,
        )


def finish_jobs() -> None:
    """Mails delivered, deposits scanned: by this process, or by a worker that has taken the job first."""
    deadline = time.monotonic() + JOB_SECONDS
    while (jobs := Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING])).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("jobs of the demo world are not finished")
        for job in jobs.filter(state=JobState.QUEUED).order_by("created_at"):
            run(job_id=job.pk)
        time.sleep(0.05)


def read_in_mail(to: str, about: str, wanted: re.Pattern[str]) -> str:
    """What the addressee reads in the newest mail about a product, in the demo's mailbox."""
    finish_jobs()
    mail = DemoMail.objects.filter(to=to, subject__startswith=about).latest("pk")
    if found := wanted.search(mail.text):
        return found.group(1)
    raise LookupError(f"the last mail to {to} about {about} lacks {wanted.pattern}")
