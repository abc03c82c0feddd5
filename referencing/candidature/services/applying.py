from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker
from referencing.candidature import notices
from referencing.candidature.enums import CandidatureState, DocumentKind
from referencing.candidature.models import Candidature
from referencing.candidature.services import standing
from referencing.candidature.services.ending import close_children
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.issuing import issue
from referencing.candidature.services.journal import tell
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from referencing.dossier.core import answer_to, missing_any, unreached_obligations
from referencing.dossier.models import Dossier
from referencing.dossier.payload import list_standings, load_live
from referencing.dossier.readers import read_payload
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.models import Enrolment
from referencing.enrolment.white_label.blockers import find_white_label_blockers

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from convergence.products.models import Product


@transaction.atomic
def apply(*, dossier_id: UUID, actor: User) -> Candidature:
    """Apply with a frozen dossier, or refuse with every reason at once (T14, BR-095 to BR-098).

    The enrolment is locked, so that of two people who apply at once one wins (BR-097). Raises Dossier.DoesNotExist for
    a stranger’s dossier.
    """
    dossier: Dossier = Dossier.objects.visible_to(actor).get(pk=dossier_id)
    enrolment: Enrolment = Enrolment.objects.with_product().locked().get(pk=dossier.enrolment_id)
    settings = enrolment.demarche.settings
    content = read_payload(dossier)
    candidature: Candidature = Candidature(
        dossier=dossier,
        enrolment=enrolment,
        applied_by=actor,
        acknowledgement={
            "service": settings.get("service", ""),
            "contact": settings.get("contact", ""),
            "silence": settings.get("silence", {}).get("effect", ""),
        },
        cycle=enrolment.cycle,
        has_exchange=bool(content["has_exchange"]),
        organisation_name=content["organisation"]["name"],
        searchable=find_words(content, dossier.reference),
    )
    workflow.fire(
        candidature,
        "apply",
        actor=actor,
        guard=lambda: find_blockers(enrolment, dossier),
        data={"dossier": dossier.reference},
        at=timezone.now(),
    )
    tell(candidature, "applied", actor=actor, data={"dossier": dossier.reference})
    issue(candidature, DocumentKind.ACKNOWLEDGEMENT)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_received, candidature))
    return candidature


def find_words(content: dict[str, Any], reference: str) -> str:
    """Product, organisation, reference as frozen: what the queue is searched on, and sorted on by product."""
    return " ".join([content["enrolment"]["label"], content["organisation"]["name"], reference])


def find_blockers(enrolment: Enrolment, dossier: Dossier) -> list[Blocker]:
    """Every reason not to apply with this dossier now, each linked to what mends it."""
    content = read_payload(dossier)
    blockers = []
    if enrolment.state != EnrolmentState.ACTIVE:
        blockers.append(Blocker("closed", "Ce rattachement est clos."))
    if not Convention.objects.filter(enrolment=enrolment, state=ConventionState.VALIDATED).exists():
        blockers.append(
            Blocker(
                "convention",
                "La convention n’est pas validée.",
                reverse("convention:convention_detail", args=[enrolment.pk]),
            )
        )
    if Candidature.objects.open().filter(enrolment=enrolment).exists():
        blockers.append(
            Blocker(
                "open_candidature",
                "Une candidature est déjà en cours pour ce produit : annulez-la avant de candidater avec un autre dossier.",
                reverse("candidature:dossier_list", args=[enrolment.pk]),
            )
        )
    blockers += find_white_label_blockers(enrolment, on=timezone.localdate())
    blockers += _find_cycle_blockers(enrolment, dossier)
    if not dossier.is_complete:
        blockers += _missing_questionnaires(enrolment, content)
    settings = enrolment.demarche.settings
    usable = settings.get("usable_now", "")
    if usable and answer_to(content, usable) == "non":
        blockers.append(
            Blocker(
                "not_usable",
                "Votre service doit déjà être utilisable par les usagers à la date de la demande (questionnaire "
                "d’orientation, dernière question).",
                reverse("enrolment:orientation_detail", args=[enrolment.pk]),
            )
        )
    if settings.get("require_reached_to_apply", True):
        blockers += [
            Blocker("unreached", f"Critère obligatoire non atteint : {code} {title}.")
            for code, title in unreached_obligations(content)
        ]
    return blockers


def _find_cycle_blockers(enrolment: Enrolment, dossier: Dossier) -> list[Blocker]:
    """Each cycle (first listing, renewal, new exchange) has its own dossier, and gives one listing (OQ-12, BR-171, A-31)."""
    since = enrolment.cycle_started_at
    blockers = []
    if since is not None and dossier.frozen_at < since:
        blockers.append(
            Blocker(
                "earlier_cycle",
                "Ce dossier date d’avant le cycle en cours : validez de nouveau les questionnaires, puis générez un dossier.",
                reverse("enrolment:questionnaire_list", args=[enrolment.pk]),
            )
        )
    listed = Candidature.objects.filter(enrolment=enrolment, state=CandidatureState.LISTED, cycle=enrolment.cycle)
    if (listed.filter(applied_at__gte=since) if since else listed).exists():
        blockers.append(
            Blocker(
                "cycle_done",
                "Votre service est référencé : commencez son renouvellement, ou demandez un nouveau périmètre d’échange.",
            )
        )
    return blockers


def _missing_questionnaires(enrolment: Enrolment, content: dict[str, object]) -> list[Blocker]:
    """The dossier’s own gaps, by name (BR-095): what was applicable when it was frozen and is not in it."""
    present = {row["code"] for row in content["questionnaires"]} | {row["code"] for row in content["not_applicable"]}  # type: ignore[attr-defined]
    live = load_live(enrolment)
    ready = {each.code for each in missing_any(list_standings(live))} if live else set()
    blockers = []
    for questionnaire in live.grid.questionnaires if live else []:
        if questionnaire.code in present:
            continue
        message = f"Le dossier ne contient pas le questionnaire « {questionnaire.title} »"
        if questionnaire.code in ready:
            message += " : terminez-le, puis générez un nouveau dossier."
        else:
            message += ", terminé depuis : générez un nouveau dossier."
        blockers.append(
            Blocker(
                "questionnaire_missing",
                message,
                reverse("enrolment:questionnaire_form", args=[enrolment.pk, questionnaire.code]),
            )
        )
    return blockers


def find_transfer_blockers(product: Product) -> list[Blocker]:
    """A product does not change hands while one of its files is examined; see `enrolment.transfers`."""
    running = Candidature.objects.open().filter(enrolment__product=product).select_related("dossier").order_by("pk")
    return [
        Blocker(
            "open_candidature",
            f"La candidature {each.dossier.reference} est en cours : attendez sa fin, ou retirez-la.",
            reverse("candidature:candidature_detail", args=[each.pk]),
        )
        for each in running
    ]


@transaction.atomic
def cancel(*, candidature_id: UUID, actor: User) -> Candidature:
    """Cancel before anybody took it in charge; the enrolment may apply again (T15)."""
    candidature = lock_file(candidature_id, actor)
    workflow.fire(candidature, "cancel", actor=actor, at=timezone.now())
    tell(candidature, "cancelled", actor=actor)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_cancelled, candidature))
    return candidature


@transaction.atomic
def withdraw(*, candidature_id: UUID, actor: User, reason: str = "") -> Candidature:
    """Withdraw once it is being examined; those who work on it are told (BR-099, A-16)."""
    candidature = lock_file(candidature_id, actor)
    workflow.fire(candidature, "withdraw", actor=actor, reason=reason, at=timezone.now())
    close_children(candidature=candidature, actor=actor, reason=reason or "Candidature retirée par l’éditeur.")
    tell(candidature, "withdrawn", actor=actor, reason=reason)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_withdrawn, candidature))
    return candidature
