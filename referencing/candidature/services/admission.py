"""Admissibility: answers to the checklist, « recevable » and « irrecevable » (T17, T18, A-01, A-18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.rules import is_listing_team
from convergence.audit import workflow
from convergence.documents.signatures import seal_bytes
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from referencing.candidature import notices
from referencing.candidature.core.checklist import CheckedLine, Result, failing, unanswered
from referencing.candidature.core.clock import day_of
from referencing.candidature.delays import instruction_settings
from referencing.candidature.enums import CandidatureState, CheckResult, DocumentKind, RequestKind, RequestState
from referencing.candidature.models import (
    AdmissibilityAct,
    AdmissibilityCheck,
    Candidature,
    ComplementRequest,
    Extension,
    ThemeReview,
)
from referencing.candidature.services import standing
from referencing.candidature.services.checklist import check_file
from referencing.candidature.services.connection.campaigns import open_campaign
from referencing.candidature.services.ending import close_children
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.interests import find_obstacles
from referencing.candidature.services.issuing import issue
from referencing.candidature.services.journal import tell
from referencing.dossier.readers import read_payload

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: Version of the form of an act’s payload.
ACT_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What an agent sends for one line. `result` empty takes the answer back; `version` is that of the row read, 0 for none."""

    result: str
    note: str = ""
    version: int = 0


class StaleAnswers(Exception):
    """A colleague answered lines meanwhile: `rows` by code as they stand, None for an answer taken back."""

    def __init__(self, rows: Mapping[str, AdmissibilityCheck | None]) -> None:
        self.rows = dict(rows)
        super().__init__(", ".join(self.rows))


@transaction.atomic
def answer_checklist(*, candidature_id: UUID, answers: Mapping[str, GivenAnswer], actor: User) -> list[str]:
    """Write what an agent answered, all or nothing; returns the codes that changed.

    A line that the platform found failing is overruled only with a note. Raises TransitionRefused with every reason,
    StaleAnswers, PermissionDenied, Candidature.DoesNotExist.
    """
    candidature = lock_file(candidature_id, actor)
    if not is_listing_team(actor, candidature):
        raise PermissionDenied("answer_checklist")
    rows = {row.code: row for row in AdmissibilityCheck.objects.filter(candidature=candidature).select_related("by")}
    changed = {code: given for code, given in answers.items() if _differs(rows.get(code), given)}
    if blockers := _find_answer_blockers(candidature, changed, actor):
        raise TransitionRefused(blockers)
    stale = {code: rows.get(code) for code, given in changed.items() if given.version != _version(rows.get(code))}
    if stale:
        raise StaleAnswers(stale)
    now = timezone.now()
    for code, given in changed.items():
        _write(candidature, rows.get(code), code, given, actor=actor, at=now)
    if changed:
        tell(
            candidature,
            "checklist_answered",
            actor=actor,
            internal=True,
            subject=candidature,
            data={"lines": {code: {"result": given.result, "note": given.note} for code, given in changed.items()}},
        )
        standing.refresh(candidature)
    return list(changed)


def _differs(row: AdmissibilityCheck | None, given: GivenAnswer) -> bool:
    """Taking back what was never answered, or sending again what is written, is no change."""
    return (given.result, given.note if given.result else "") != ((row.result, row.note) if row else ("", ""))


def _version(row: AdmissibilityCheck | None) -> int:
    return row.version if row else 0


def _find_answer_blockers(candidature: Candidature, changed: Mapping[str, GivenAnswer], actor: User) -> list[Blocker]:
    if candidature.state != CandidatureState.ADMISSIBILITY:
        return [Blocker("wrong_state", "La recevabilité de ce dossier n’est plus en cours d’examen.")]
    blockers = find_obstacles(candidature, person=actor, at=timezone.now())
    lines = {each.line.code: each for each in check_file(candidature)}
    for code, given in changed.items():
        checked = lines.get(code)
        if checked is None or given.result not in ("", *CheckResult.values):
            blockers.append(Blocker("unknown", f"La ligne « {code} » ne fait pas partie de la liste."))
        elif _overrules(checked, given.result) and not given.note.strip():
            blockers.append(
                Blocker(
                    "note_missing",
                    f"« {checked.line.label} » : le contrôle automatique dit non. Dites dans la note pourquoi vous passez "
                    "outre.",
                    f"#id_{code}-note",
                )
            )
    return blockers


def _overrules(checked: CheckedLine, result: str) -> bool:
    return checked.finding.result == Result.NO and result in (CheckResult.YES, CheckResult.NOT_APPLICABLE)


def _write(
    candidature: Candidature,
    row: AdmissibilityCheck | None,
    code: str,
    given: GivenAnswer,
    *,
    actor: User,
    at: datetime,
) -> None:
    if not given.result:
        if row:
            row.delete()
        return
    row = row or AdmissibilityCheck(candidature=candidature, code=code, version=0)
    row.result, row.note, row.by, row.at = given.result, given.note.strip(), actor, at
    row.version += 1
    row.save()


@transaction.atomic
def declare_admissible(*, candidature_id: UUID, actor: User) -> Candidature:
    """« Déclarer recevable » (T17): every theme of the frozen dossier awaits an expert, and the editor is told (BR-111).

    Refuses with every blocker at once.
    """
    candidature = lock_file(candidature_id, actor)
    workflow.fire(
        candidature,
        "declare_admissible",
        actor=actor,
        guard=lambda: [
            *find_obstacles(candidature, person=actor, at=timezone.now()),
            *find_admissible_blockers(candidature),
        ],
        at=timezone.now(),
    )
    ThemeReview.objects.bulk_create(
        ThemeReview(candidature=candidature, theme=questionnaire["code"], position=position)
        for position, questionnaire in enumerate(read_payload(candidature.dossier)["questionnaires"])
    )
    tell(candidature, "admissible", actor=actor)
    open_campaign(candidature, actor)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_admissible, candidature))
    return candidature


def find_admissible_blockers(candidature: Candidature, lines: Sequence[CheckedLine] | None = None) -> list[Blocker]:
    """Every reason not to declare the file admissible now, each with the place on the page that mends it."""
    lines = check_file(candidature) if lines is None else lines
    page = reverse("candidature:admissibility_detail", args=[candidature.pk])
    blockers = [
        Blocker("line_failing", f"« {each.line.label} » : la réponse est non.", f"{page}#ligne-{each.line.code}")
        for each in failing(lines)
    ]
    blockers += [
        Blocker("line_unanswered", f"« {each.line.label} » attend une réponse.", f"{page}#ligne-{each.line.code}")
        for each in unanswered(lines)
    ]
    blockers += [
        Blocker(
            "request_open",
            f"La demande de pièces n° {request.number} attend une réponse : attendez-la ou retirez-la.",
            f"{page}#demandes",
        )
        for request in pieces_requests(candidature)
        if request.state == RequestState.OPEN
    ]
    return blockers


def pieces_requests(candidature: Candidature) -> list[ComplementRequest]:
    """The requests of missing pieces that count: withdrawn ones ask nothing."""
    requests = ComplementRequest.objects.filter(candidature=candidature, kind=RequestKind.PIECES)
    return list(requests.exclude(state=RequestState.WITHDRAWN).order_by("number"))


@transaction.atomic
def declare_inadmissible(
    *, candidature_id: UUID, reasons: Sequence[str], text: str, delegation: str, remedies: str, actor: User
) -> AdmissibilityAct:
    """« Déclarer irrecevable » (T18), for the minister under a recorded delegation, with reasons and remedies (A-01).

    `reasons`: codes of the démarche’s templates; `text` says them of this file. Unless a reason makes the service
    ineligible, missing pieces were asked first and their day has passed, or what came is not enough (A-18). The
    enrolment is free again. Refuses with every blocker at once.
    """
    candidature = lock_file(candidature_id, actor)
    templates = reason_templates(candidature)
    chosen = [templates[code] for code in dict.fromkeys(reasons) if code in templates]
    now = timezone.now()
    workflow.fire(
        candidature,
        "declare_inadmissible",
        actor=actor,
        guard=lambda: [
            *find_obstacles(candidature, person=actor, at=timezone.now()),
            *_find_act_blockers(chosen, text=text, delegation=delegation, remedies=remedies),
            *find_inadmissible_blockers(candidature, is_ineligible=_is_ineligible(chosen), at=now),
        ],
        reason="\n".join([*(each["text"] for each in chosen), text.strip()]).strip(),
        data={"reasons": [each["code"] for each in chosen], "delegation": delegation.strip()},
        at=now,
    )
    close_children(candidature=candidature, actor=actor, reason="La candidature est déclarée irrecevable.")
    payload = canonical_json(
        _act_payload(candidature, chosen, text=text, delegation=delegation, remedies=remedies, by=str(actor), at=now)
    )
    act = AdmissibilityAct.objects.create(
        candidature=candidature,
        is_ineligible=_is_ineligible(chosen),
        delegation=delegation.strip(),
        payload=payload,
        sha256=sha256_hex(payload),
        seal=seal_bytes(payload, at=now),
        schema=ACT_SCHEMA,
        decided_by=actor,
        decided_at=now,
    )
    tell(candidature, "inadmissible", actor=actor, reason="\n".join(each["label"] for each in chosen))
    issue(candidature, DocumentKind.INADMISSIBILITY)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_inadmissible, candidature, act))
    return act


def reason_templates(candidature: Candidature) -> dict[str, dict[str, Any]]:
    """Reasons of « irrecevable » that the démarche offers, by code."""
    templates = instruction_settings(candidature).get("reason_templates", {}).get("inadmissible", [])
    return {row["code"]: row for row in templates}


def find_inadmissible_blockers(candidature: Candidature, *, is_ineligible: bool, at: datetime) -> list[Blocker]:
    """Why the file may not be declared inadmissible yet: the editor was not asked, or still has time (A-18)."""
    if is_ineligible:
        return []
    page = reverse("candidature:admissibility_detail", args=[candidature.pk])
    requests = pieces_requests(candidature)
    if not requests:
        return [
            Blocker(
                "pieces_not_asked",
                "Demandez d’abord à l’éditeur les pièces manquantes, en lui fixant une date, sauf si le service est "
                "inéligible.",
                reverse("candidature:request_create", args=[candidature.pk]),
            )
        ]
    blockers = []
    for request in requests:
        if request.state == RequestState.OPEN and request.due_on >= day_of(at):
            blockers.append(
                Blocker(
                    "pieces_pending",
                    f"La demande de pièces n° {request.number} laisse à l’éditeur jusqu’au {format_date(request.due_on)}.",
                    f"{page}#demandes",
                )
            )
        if Extension.objects.filter(request=request, decided_at__isnull=True).exists():
            blockers.append(
                Blocker(
                    "extension_pending",
                    f"L’éditeur demande un délai pour la demande n° {request.number} : répondez-lui d’abord.",
                    f"{page}#demandes",
                )
            )
    is_answered = all(request.state == RequestState.ANSWERED for request in requests)
    if is_answered and not failing(check_file(candidature)):
        blockers.append(
            Blocker(
                "pieces_sufficient",
                "L’éditeur a répondu et aucune ligne n’est à non : indiquez celle qui reste insuffisante.",
                f"{page}#liste",
            )
        )
    return blockers


def _find_act_blockers(
    chosen: Sequence[Mapping[str, Any]], *, text: str, delegation: str, remedies: str
) -> list[Blocker]:
    blockers = []
    if not chosen:
        blockers.append(Blocker("reasons", "Choisissez au moins un motif.", "#id_reasons"))
    if not text.strip():
        blockers.append(Blocker("text", "Motivez la décision pour ce dossier.", "#id_text"))
    if not delegation.strip():
        blockers.append(
            Blocker(
                "delegation", "Indiquez la délégation de signature en vertu de laquelle vous décidez.", "#id_delegation"
            )
        )
    if not remedies.strip():
        blockers.append(Blocker("remedies", "Indiquez les voies et délais de recours.", "#id_remedies"))
    return blockers


def _is_ineligible(chosen: Sequence[Mapping[str, Any]]) -> bool:
    return any(each.get("ineligible") for each in chosen)


def _act_payload(
    candidature: Candidature,
    chosen: Sequence[Mapping[str, Any]],
    *,
    text: str,
    delegation: str,
    remedies: str,
    by: str,
    at: datetime,
) -> dict[str, Any]:
    content = read_payload(candidature.dossier)
    settings = candidature.enrolment.demarche.settings
    return {
        "schema": ACT_SCHEMA,
        "kind": DocumentKind.INADMISSIBILITY,
        "dossier": candidature.dossier.reference,
        "dossier_sha256": candidature.dossier.sha256,
        "product": content["enrolment"]["label"],
        "organisation": content["organisation"],
        "demarche": content["enrolment"]["demarche_title"],
        "applied_at": candidature.applied_at,
        "requests": [
            {
                "number": request.number,
                "requested_at": request.requested_at,
                "due_on": request.due_on,
                "answered_at": request.answered_at,
            }
            for request in pieces_requests(candidature)
        ],
        "reasons": [{"code": each["code"], "text": each["text"]} for each in chosen],
        "text": text.strip(),
        "delegation": delegation.strip(),
        "remedies": remedies.strip(),
        "service": settings.get("service", ""),
        "contact": settings.get("contact", ""),
        "decided_by": by,
        "decided_at": at,
    }
