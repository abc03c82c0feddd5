"""Sixty files under instruction at every state, brought there by the services that people use (fixtures/demo/candidatures.yaml).

They share the frozen answers of two products of the demo editor, under other names: an instruction reads nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import yaml
from django.db import transaction
from django.utils import timezone
from stdnum import luhn

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.enums import MembershipType
from convergence.accounts.models import Membership, Organisation, User
from convergence.audit import workflow
from convergence.documents.pdf import render_pdf
from convergence.documents.signatures import seal_bytes, sign_pdf
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.notifications.services import silence
from convergence.pages.demo_products import DEMARCHE, FIXTURES
from convergence.pages.demo_tests import run_demo_tests
from convergence.products.enums import Interest, ProductType
from convergence.products.models import Demarche
from convergence.products.services import create_product
from evidence.models import StoredFile
from evidence.services import keep_generated
from referencing.candidature import services
from referencing.candidature.content import load_criteria
from referencing.candidature.core.clock import add_business_days
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.enums import CampaignState, CheckResult, Outcome, Proposal, RequestKind, Severity
from referencing.candidature.models import Candidature, ComplementItem
from referencing.candidature.services.admission import (
    GivenAnswer,
    answer_checklist,
    declare_admissible,
    declare_inadmissible,
)
from referencing.candidature.services.answering import save_item, send_answers
from referencing.candidature.services.asking import open_request, send_formal_reminder
from referencing.candidature.services.assignment import assign_expert
from referencing.candidature.services.checklist import check_file
from referencing.candidature.services.conclusion import conclude
from referencing.candidature.services.ending import lapse
from referencing.candidature.services.non_conformities import open_non_conformity
from referencing.candidature.services.prelisting import pre_list
from referencing.candidature.services.reviewing import conclude_theme, give_verdict, give_visa, needs_visa
from referencing.convention.core import EDITOR
from referencing.convention.drafting import signature_box
from referencing.convention.enums import ConventionState, DataCategory
from referencing.convention.models import Convention
from referencing.dossier import core
from referencing.dossier.models import Dossier, DossierFile
from referencing.dossier.readers import read_payload
from referencing.dossier.services import next_number
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import Enrolment, PreListing, SheetVersion
from referencing.enrolment.services import attach_product

WORLD = FIXTURES / "demo" / "candidatures.yaml"
VERIFIERS = ("verificateur@gie.example", "verificateur2@gie.example")
EXPERTS = {
    "interoperabilite": "expert-interoperabilite@gie.example",
    "urbanisation": "expert-interoperabilite@gie.example",
    "maturite-securite": "expert-securite@gie.example",
    "securite-echanges": "expert-securite@gie.example",
    "ethique": "expert-ethique@gie.example",
    "rgpd": "expert-rgpd@gie.example",
}
#: What experts say, in turn.
REMARKS = {
    Outcome.COMPLIANT: "",
    Outcome.TO_COMPLETE: "Le document déposé ne montre pas la période demandée. Joignez la version complète.",
    Outcome.NON_COMPLIANT: "La preuve contredit la réponse : le dispositif décrit n’est pas encore en place.",
}
QUESTIONS = (
    "Joignez le rapport complet, annexes comprises.",
    "Précisez depuis quand ce dispositif est en place, et pour quels usagers.",
    "La date du document n’est pas lisible : déposez-le de nouveau.",
)


def create_demo_candidatures() -> None:
    """Create the files that are missing; running it again changes nothing. Nobody is told of them."""
    refuse_outside_demo()
    world = yaml.safe_load(WORLD.read_text(encoding="utf-8"))
    known = set(Organisation.objects.values_list("name", flat=True))
    if {each["name"] for each in world["organisations"]} <= known:
        return
    with silence(), transaction.atomic():
        for rank, each in enumerate(world["organisations"]):
            _make_bearer(rank, each)
        for state, files in world["candidatures"].items():
            for rank, file in enumerate(files):
                make_file(file, state=state, rank=rank)


def make_file(said: Mapping[str, Any], *, state: str, rank: int) -> Candidature:
    """A file of one of the organisations of the world, brought to `state`; `said` as in the fixture."""
    world = yaml.safe_load(WORLD.read_text(encoding="utf-8"))
    organisation = Organisation.objects.get(name=world["organisations"][said["organisation"]]["name"])
    manager = User.objects.get(memberships__organisation=organisation, memberships__type=MembershipType.MANDATAIRE)
    model = Dossier.objects.filter(enrolment__product__name=world["models"][said["model"]]).latest("number")
    file = _File(rank, said, state, organisation, manager, model, _convention_document())
    file.tell()
    return file.file


def pre_list_demo_file(candidature: Candidature, *, manager: User, verifier: User) -> PreListing:
    """Bring a file that was applied for by its own services to its pre-listing, today."""
    file = _File(
        0,
        {"days": 0},
        "pre_listed",
        candidature.enrolment.product.organisation,
        manager,
        candidature.dossier,
        _convention_document(),
    )
    file.today, file.verifier, file.file = timezone.now() + timedelta(minutes=5), verifier, candidature
    with silence(), transaction.atomic():
        file.bring()
    return PreListing.objects.select_related("enrolment__product__owner").get(dossier_id=candidature.dossier_id)


def _convention_document() -> StoredFile:
    """The same convention for all, signed by nobody real: what minister and Cnam countersign must be intact."""
    name = "convention-de-demonstration.pdf"
    if kept := StoredFile.objects.filter(name=name).first():
        return kept
    signed = sign_pdf(
        render_pdf("demo/convention_pdf.html", {}),
        signer_name="Représentante de démonstration",
        signer_email="representante@demonstration.example",
        reason="Signature de la convention de démonstration",
        location="France",
        field_name=EDITOR,
        at=timezone.now(),
        box=signature_box(EDITOR),
    )
    return keep_generated(content=signed, name=name, code="pdf")


def _make_bearer(rank: int, said: Mapping[str, Any]) -> None:
    siren = f"9012{rank:02d}45"
    siren += luhn.calc_check_digit(siren)
    siret = f"{siren}0001"
    organisation = Organisation.objects.create(
        name=said["name"],
        legal_form=said["legal_form"],
        siret=siret + luhn.calc_check_digit(siret),
        address="1 place de la République\n75011 Paris",
        verified_at=timezone.now(),
    )
    first, last = said["people"]
    manager = User.objects.create(email=f"mandataire{rank}@demonstration.example", first_name=first, last_name=last)
    manager.set_unusable_password()
    manager.save(update_fields=["password"])
    membership = Membership.objects.create(user=manager, organisation=organisation, type=MembershipType.MANDATAIRE)
    workflow.fire(membership, "accept", actor=None, at=timezone.now())


@contextmanager
def moment(at: datetime) -> Iterator[None]:
    """Services read the clock of Django: here it says another time, so that a world made now has a past."""
    with patch("django.utils.timezone.now", lambda: at):
        yield


@dataclass
class _File:
    """One file on its way to its state, day by day."""

    rank: int
    said: Mapping[str, Any]
    state: str
    organisation: Organisation
    manager: User
    model: Dossier
    document: StoredFile

    def tell(self) -> None:
        self.today = timezone.now()
        self.verifier = User.objects.get(email=VERIFIERS[self.rank % 2])
        with self._day(0):
            enrolment = self._attach()
            dossier = self._freeze(enrolment)
            self.file = services.apply(dossier_id=dossier.pk, actor=self.manager)
        self.bring()

    def bring(self) -> None:
        """From its application to its state."""
        getattr(self, f"_{self.state}")()

    def _day(self, after: int) -> Any:
        """`after` days after it applied, at most now."""
        return moment(min(self.today - timedelta(days=self.said["days"] - after), self.today - timedelta(minutes=5)))

    def _attach(self) -> Enrolment:
        now = timezone.now()
        product = create_product(
            organisation=self.organisation,
            values={
                "name": self.said["name"],
                "version": f"{1 + self.rank % 4}.{self.rank % 3}",
                "type": ProductType.SOCLE,
                "owner": self.manager,
                "description": "Un service de démonstration, inventé pour que les listes ressemblent à la vie.",
                "certifications": "",
                "interests": [Interest.MES],
            },
            actor=self.manager,
        )
        enrolment = attach_product(
            product_id=product.pk,
            demarche=Demarche.objects.get(slug=DEMARCHE),
            white_label=WhiteLabelRole.NONE,
            actor=self.manager,
        )
        if self.state == "pre_listed":
            Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.PRODUCER)
        sheet = enrolment.sheet
        sheet.organisation_name, sheet.legal_form = self.organisation.name, self.organisation.legal_form
        sheet.address, sheet.siret = self.organisation.address, self.organisation.siret or ""
        sheet.representative_first_name, sheet.representative_last_name = (
            self.manager.first_name,
            self.manager.last_name,
        )
        sheet.representative_function, sheet.representative_email = "Direction générale", self.manager.email
        workflow.fire(sheet, "submit", actor=self.manager, at=now)
        version = SheetVersion.objects.create(sheet=sheet, number=1, at=now, by=self.manager, values={})
        workflow.fire(sheet, "validate", actor=self.verifier, at=now)
        Convention.objects.create(
            enrolment=enrolment,
            sheet_version=version,
            state=ConventionState.VALIDATED,
            data_categories=[DataCategory.NONE],
            duration_months=36,
            withdrawal_terms="À tout moment.",
            signer_email=self.manager.email,
            document=self.document,
            signed_document=self.document,
            sent_at=now,
            signed_at=now,
            validated_at=now,
        )
        return enrolment

    def _freeze(self, enrolment: Enrolment) -> Dossier:
        """The model’s frozen answers under the name of this product."""
        now = timezone.now()
        number = next_number()
        product, model = enrolment.product, read_payload(self.model)
        reference = core.make_reference(number, now)
        content = {
            **model,
            "reference": reference,
            "frozen_at": now,
            "created_by": str(self.manager),
            "product": {**model["product"], "number": product.number, "name": product.name, "version": product.version},
            "organisation": {
                **model["organisation"],
                "name": self.organisation.name,
                "legal_form": self.organisation.legal_form,
                "siret": self.organisation.siret,
            },
            "enrolment": {**model["enrolment"], "number": enrolment.number, "label": enrolment.label},
        }
        payload = canonical_json(content)
        dossier = Dossier.objects.create(
            number=number,
            reference=reference,
            enrolment=enrolment,
            payload=payload,
            sha256=sha256_hex(payload),
            seal=seal_bytes(payload, at=now),
            schema=core.SCHEMA,
            is_complete=True,
            frozen_at=now,
            created_by=self.manager,
        )
        DossierFile.objects.bulk_create(
            DossierFile(
                dossier=dossier,
                **{
                    name: getattr(each, name)
                    for name in ("deposit_id", "criterion", "evidence_type", "name", "sha256", "size")
                },
            )
            for each in self.model.files.all()
        )
        return dossier

    # States, in the order of the street

    def _applied(self) -> None:
        """Waits to be taken in charge."""

    def _cancelled(self) -> None:
        with self._day(1):
            services.cancel(candidature_id=self.file.pk, actor=self.manager)

    def _take(self) -> None:
        with self._day(2):
            services.take_charge(candidature_id=self.file.pk, actor=self.verifier)

    def _check(self, *, lacking: int = 0) -> None:
        """Answer the lines that a person looks at; the last `lacking` of them are not met."""
        lines = [each.line.code for each in check_file(self.file) if not each.line.auto]
        kept = len(lines) - lacking
        answer_checklist(
            candidature_id=self.file.pk,
            answers={
                code: GivenAnswer(CheckResult.YES)
                if rank < kept
                else GivenAnswer(CheckResult.NO, "Le document annoncé ne s’ouvre pas.")
                for rank, code in enumerate(lines)
            },
            actor=self.verifier,
        )

    def _admissibility(self) -> None:
        self._take()
        pieces = self.said.get("pieces")
        if pieces is None:
            if self.rank % 2:
                with self._day(3):
                    self._check(lacking=1)
            return
        with self._day(5):
            self._check(lacking=2)
            self._ask(RequestKind.PIECES, ["preuves-lisibles", "compte-demonstration"], due=pieces)

    def _ask(self, kind: RequestKind, codes: Sequence[str], *, due: int, actor: User | None = None) -> Any:
        """`due`: days from today, negative when the day has passed."""
        due_on = timezone.localdate(self.today) + timedelta(days=due)
        asked_on = timezone.localdate()
        return open_request(
            candidature_id=self.file.pk,
            kind=kind,
            items=[(code, QUESTIONS[rank % len(QUESTIONS)]) for rank, code in enumerate(codes)],
            text="Nous avons besoin des éléments ci-dessous pour poursuivre.",
            due_on=max(due_on, add_business_days(asked_on, 1)),
            actor=actor or self.verifier,
        )

    def _inadmissible(self) -> None:
        self._take()
        with self._day(6):
            declare_inadmissible(
                candidature_id=self.file.pk,
                reasons=["hors-champ"],
                text="Le service présenté ne relève pas de la santé.",
                delegation="Délégation de démonstration du 2 janvier, article 3",
                remedies="Recours gracieux auprès de l’équipe de référencement dans les deux mois.",
                actor=self.verifier,
            )

    def _admit(self) -> None:
        self._take()
        with self._day(8):
            self._check()
            declare_admissible(candidature_id=self.file.pk, actor=self.verifier)
        chosen = self.said.get("experts", "all")
        if chosen == "none":
            return
        with self._day(9):
            for review in self.file.reviews.order_by("position")[: 2 if chosen == "some" else None]:
                assign_expert(
                    candidature_id=self.file.pk,
                    theme=review.theme,
                    expert_id=self._expert(review.theme).pk,
                    actor=self.verifier,
                )

    def _expert(self, theme: str) -> User:
        return User.objects.get(email=EXPERTS[theme])

    def _judge(self, criteria: Sequence[EffectiveCriterion], outcome: Outcome = Outcome.COMPLIANT) -> None:
        for each in criteria:
            give_verdict(
                candidature_id=self.file.pk,
                criterion=each.code,
                outcome=outcome,
                text=REMARKS[outcome],
                note="",
                base_version=0,
                actor=self._expert(each.theme),
            )

    def _evaluation(self) -> None:
        self._admit()
        criteria = load_criteria(self.file)
        wanted = self.said.get("verdicts", 0)
        judged = criteria if wanted == "all" else criteria[:wanted]
        rest = criteria[len(judged) :]
        with self._day(12):
            self._judge(judged)
        if "ask" in self.said or self.said.get("answered"):
            with self._day(14):
                self._judge(rest[:2], Outcome.TO_COMPLETE)
                request = self._ask(
                    RequestKind.CRITERIA, [each.code for each in rest[:2]], due=self.said.get("ask", 10)
                )
            if self.said.get("answered"):
                with self._day(20):
                    self._answer(request.pk)
        if severity := self.said.get("gap"):
            with self._day(15):
                self._judge(rest[:1], Outcome.NON_COMPLIANT)
                open_non_conformity(
                    candidature_id=self.file.pk,
                    criterion=rest[0].code,
                    severity=Severity(severity),
                    rationale="Le dispositif décrit n’est pas celui que montrent les copies d’écran.",
                    due_on=timezone.localdate(self.today) + timedelta(days=9) if severity != "observation" else None,
                    actor=self._expert(rest[0].theme),
                )
        self._test()
        if self.said.get("concluded"):
            self._conclude_themes()

    def _test(self) -> None:
        if tests := self.said.get("tests"):
            run_demo_tests(self.file, until=CampaignState(tests), manager=self.manager, day=self._day)

    def _answer(self, request_id: Any) -> None:
        items = list(ComplementItem.objects.filter(request=request_id))
        for item in items:
            save_item(
                item_id=item.pk,
                answer=None,
                comment="Le dispositif est en place depuis janvier pour tous les usagers.",
                base_version=item.version,
                actor=self.manager,
            )
        send_answers(request_id=request_id, codes=[item.code for item in items], actor=self.manager)

    def _finish_themes(self) -> None:
        self._admit()
        with self._day(15):
            self._judge(load_criteria(self.file))
        self._test()
        self._conclude_themes()
        self._read_again()

    def _conclude_themes(self) -> None:
        with self._day(33):
            for review in self.file.reviews.order_by("position"):
                conclude_theme(
                    candidature_id=self.file.pk,
                    theme=review.theme,
                    summary="Les preuves ont été examinées et répondent aux exigences.",
                    actor=self._expert(review.theme),
                )

    def _read_again(self) -> None:
        """The visa of each theme that the démarche has read twice, by the other verifier."""
        with self._day(34):
            for review in self.file.reviews.order_by("position"):
                if needs_visa(self.file, review):
                    other = User.objects.get(email=VERIFIERS[(self.rank + 1) % 2])
                    give_visa(candidature_id=self.file.pk, theme=review.theme, actor=other)

    def _ready_commission(self) -> None:
        self._finish_themes()
        favourable = self.said["proposal"] == Proposal.FAVOURABLE
        with self._day(34):
            conclude(
                candidature_id=self.file.pk,
                proposal=self.said["proposal"],
                text="Le service répond aux critères vérifiés ; rien ne s’oppose à son référencement."
                if favourable
                else "Le service répond aux critères, mais l’équipe doute de son utilité pour les usagers visés.",
                actor=self.verifier,
            )

    def _pre_listed(self) -> None:
        self._finish_themes()
        with self._day(35):
            pre_list(candidature_id=self.file.pk, expires_on=None, actor=self.verifier)

    def _withdrawn(self) -> None:
        self._admit()
        with self._day(17):
            services.withdraw(candidature_id=self.file.pk, reason="Le produit change de nom.", actor=self.manager)

    def _abandoned(self) -> None:
        self._take()
        with self._day(5):
            self._check(lacking=2)
            request = self._ask(RequestKind.PIECES, ["preuves-lisibles"], due=-self.said["days"] + 20)
        with self._day(35):
            grace = timezone.localdate() + timedelta(days=15)
            send_formal_reminder(request_id=request.pk, grace_until=grace, actor=self.verifier)
        with self._day(60):
            lapse(candidature_id=self.file.pk, reason="Aucune réponse malgré la mise en demeure.", actor=self.verifier)
