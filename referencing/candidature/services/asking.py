"""What the instruction asks of the editor: requests, reminders, formal reminder, more time (T19, BR-116, A-18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.rules import is_listing_team
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import request_notices as notices
from referencing.candidature.content import list_recovered, load_criteria
from referencing.candidature.delays import instruction_settings
from referencing.candidature.enums import CandidatureState, RequestKind, RequestState
from referencing.candidature.models import Candidature, ComplementItem, ComplementRequest, Extension, NonConformity
from referencing.candidature.rules import can_answer, can_instruct, can_judge
from referencing.candidature.services import standing
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: State of the file in which each kind is asked (A-18, A-19).
STATE_OF_KIND = {
    RequestKind.PIECES: CandidatureState.ADMISSIBILITY,
    RequestKind.CRITERIA: CandidatureState.EVALUATION,
}
#: One request stays short enough to be read and answered.
ITEMS_MAX = 60


@transaction.atomic
def open_request(
    *, candidature_id: UUID, kind: str, items: Sequence[tuple[str, str]], text: str, due_on: date, actor: User
) -> ComplementRequest:
    """Ask the editor for missing pieces, or complements on criteria; each item is (code, question) (T19, A-18).

    An expert asks on own themes only (BR-112). Raises Candidature.DoesNotExist, PermissionDenied, or TransitionRefused
    with every reason: state, nothing asked, a code that the file does not have, an item already open, a day gone by.
    """
    candidature = lock_file(candidature_id, actor)
    now = timezone.now()
    if not can_instruct(actor, candidature) or (kind == RequestKind.PIECES and not is_listing_team(actor)):
        raise PermissionDenied("open_request")
    known = list_askable(candidature, kind)
    rows = [
        ComplementItem(
            candidature=candidature,
            position=position,
            code=code,
            theme=known[code][0],
            title=known[code][1],
            question=question.strip(),
        )
        for position, (code, question) in enumerate(items, start=1)
        if code in known
    ]
    if kind == RequestKind.CRITERIA and not all(can_judge(actor, row) for row in rows):
        raise PermissionDenied("open_request")
    blockers = _find_asking_blockers(candidature, kind, items, known, due_on, timezone.localdate(now))
    if blockers:
        raise TransitionRefused(blockers)
    request = ComplementRequest.objects.create(
        candidature=candidature,
        number=ComplementRequest.objects.filter(candidature=candidature).count() + 1,
        kind=kind,
        text=text.strip(),
        due_on=due_on,
        requested_by=actor,
        requested_at=now,
    )
    for row in rows:
        row.request = request
    ComplementItem.objects.bulk_create(rows)
    tell(
        candidature,
        "request_sent",
        actor=actor,
        subject=request,
        data={"number": request.number, "kind": kind, "criteria": [row.code for row in rows], "due_on": str(due_on)},
    )
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.request_sent, request))
    return request


def list_askable(candidature: Candidature, kind: str) -> dict[str, tuple[str, str]]:
    """(theme, title) by code of what may be asked: criteria as they stand, or lines of the checklist (theme empty)."""
    if kind == RequestKind.PIECES:
        return {line["code"]: ("", line["label"]) for line in instruction_settings(candidature).get("checklist", [])}
    return {each.code: (each.theme, each.title) for each in load_criteria(candidature)}


def list_open_codes(candidature: Candidature) -> set[str]:
    """Codes of the items that wait for the editor."""
    return set(
        ComplementItem.objects.filter(
            candidature=candidature, answered_at__isnull=True, closed_at__isnull=True
        ).values_list("code", flat=True)
    )


def _find_asking_blockers(
    candidature: Candidature,
    kind: str,
    items: Sequence[tuple[str, str]],
    known: dict[str, tuple[str, str]],
    due_on: date,
    today: date,
) -> list[Blocker]:
    blockers = []
    if kind not in RequestKind.values or candidature.state != STATE_OF_KIND[RequestKind(kind)]:
        blockers.append(Blocker("wrong_state", "Cette demande n’est pas possible dans l’état de la candidature."))
    if not items:
        blockers.append(Blocker("no_item", "Choisissez au moins un point à demander."))
    if len(items) > ITEMS_MAX:
        blockers.append(Blocker("too_many", f"Une demande porte sur {ITEMS_MAX} points au plus : faites-en deux."))
    if due_on <= today:
        blockers.append(Blocker("due_on", "Indiquez une date à venir.", "#id_due_on"))
    already = list_open_codes(candidature)
    recovered = list_recovered(candidature) if kind == RequestKind.CRITERIA else {}
    blockers += [asks_the_producer(candidature, code) for code, _ in items if code in recovered]
    seen: set[str] = set()
    for code, question in items:
        anchor = f"#id_question-{code}"
        if code not in known:
            blockers.append(Blocker("unknown", f"« {code} » n’est pas demandé dans cette candidature."))
        elif code in already or code in seen:
            blockers.append(Blocker("already_asked", f"Un complément est déjà demandé sur {code}.", anchor))
        elif not question.strip():
            blockers.append(Blocker("question", f"Indiquez ce qui est demandé sur {code}.", anchor))
        seen.add(code)
    return blockers


def asks_the_producer(candidature: Candidature, criterion: str) -> Blocker:
    """On a recovered answer the producer is asked, never its distributor, who must know nothing of it (A-25)."""
    return Blocker(
        "recovered",
        f"La réponse au critère {criterion} est récupérée : interrogez l’éditeur producteur.",
        reverse("candidature:producer_question_create", args=[candidature.pk, criterion]),
    )


def may_lead(user: User, request: ComplementRequest) -> bool:
    """Withdraws, reminds, answers on delays: the listing team, and an expert whose themes the whole request is on."""
    if is_listing_team(user):
        return True
    if request.kind != RequestKind.CRITERIA or not can_instruct(user, request):
        return False
    items = list(request.items.all())
    for item in items:
        item.candidature = request.candidature
    return all(can_judge(user, item) for item in items)


@transaction.atomic
def withdraw_request(*, request_id: UUID, reason: str, actor: User) -> ComplementRequest:
    """Take back what was asked and is not answered yet; answers already sent stay. Raises as `open_request`."""
    request = lock_request(request_id, actor)
    _require_lead(actor, request)
    now = timezone.now()
    why = reason.strip()
    workflow.fire(
        request,
        "withdraw",
        actor=actor,
        guard=lambda: [] if why else [Blocker("reason", "Indiquez le motif : l’éditeur le lira.", "#id_reason")],
        reason=why,
        why=why,
        at=now,
    )
    request.items.filter(answered_at__isnull=True).update(closed_at=now)
    tell(request.candidature, "request_withdrawn", actor=actor, reason=why, data={"number": request.number})
    standing.refresh(request.candidature)
    transaction.on_commit(partial(notices.request_withdrawn, request))
    return request


@transaction.atomic
def remind(*, request_id: UUID, actor: User) -> ComplementRequest:
    """Remind the editor of an open request, by hand; days that come or have passed are reminded by beat."""
    request = lock_request(request_id, actor)
    _require_lead(actor, request)
    _require_open(request)
    request.reminded_at = timezone.now()
    request.save(update_fields=["reminded_at"])
    tell(request.candidature, "request_reminded", actor=actor, subject=request, data={"number": request.number})
    transaction.on_commit(partial(notices.request_reminded, request))
    return request


@transaction.atomic
def send_formal_reminder(*, request_id: UUID, grace_until: date, actor: User) -> ComplementRequest:
    """« Mise en demeure »: a last delay once the day has passed; the file may lapse only after it (BR-116, A-16)."""
    request = lock_request(request_id, actor)
    if not is_listing_team(actor):
        raise PermissionDenied("send_formal_reminder")
    now = timezone.now()
    today = timezone.localdate(now)
    blockers = _closed(request)
    if request.due_on >= today:
        blockers.append(Blocker("not_due", f"L’échéance du {request.due_on:%d/%m/%Y} n’est pas passée."))
    if request.formal_reminder_at is not None:
        blockers.append(Blocker("already", "Cette demande a déjà fait l’objet d’une mise en demeure."))
    if grace_until <= today:
        blockers.append(Blocker("grace_until", "Indiquez un dernier délai à venir.", "#id_grace_until"))
    if blockers:
        raise TransitionRefused(blockers)
    request.formal_reminder_at, request.formal_reminder_by, request.grace_until = now, actor, grace_until
    request.reminded_at = now
    request.save(update_fields=["formal_reminder_at", "formal_reminder_by", "grace_until", "reminded_at"])
    tell(
        request.candidature,
        "formal_reminder_sent",
        actor=actor,
        subject=request,
        data={"number": request.number, "grace_until": str(grace_until)},
    )
    standing.refresh(request.candidature)
    transaction.on_commit(partial(notices.formal_reminder_sent, request))
    return request


@transaction.atomic
def ask_extension(*, request_id: UUID, wanted_on: date, reason: str, actor: User) -> Extension:
    """The editor asks for more time, and says why (A-19)."""
    request = lock_request(request_id, actor)
    if not can_answer(actor, request):
        raise PermissionDenied("ask_extension")
    now = timezone.now()
    blockers = _closed(request)
    if request.extensions.filter(decided_at__isnull=True).exists():
        blockers.append(Blocker("pending", "Une demande de délai attend déjà une réponse."))
    if wanted_on <= max(request.due_on, timezone.localdate(now)):
        blockers.append(
            Blocker("wanted_on", f"Indiquez une date après le {request.due_on:%d/%m/%Y}, à venir.", "#id_wanted_on")
        )
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez pourquoi vous avez besoin de temps.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    extension = Extension.objects.create(
        request=request, wanted_on=wanted_on, reason=reason.strip(), asked_by=actor, asked_at=now
    )
    tell(
        request.candidature,
        "extension_asked",
        actor=actor,
        subject=extension,
        reason=extension.reason,
        data={"number": request.number, "wanted_on": str(wanted_on)},
    )
    standing.refresh(request.candidature)
    transaction.on_commit(partial(notices.extension_asked, extension))
    return extension


@transaction.atomic
def decide_extension(*, request_id: UUID, granted_on: date | None, answer: str, actor: User) -> Extension:
    """Grant more time, perhaps until another day, or refuse it with a reason (`granted_on` None).

    A delay granted takes back the formal reminder: there is a new day to keep.
    """
    request = lock_request(request_id, actor)
    _require_lead(actor, request)
    now = timezone.now()
    extension = request.extensions.filter(decided_at__isnull=True).first()
    blockers = _closed(request)
    if extension is None:
        blockers.append(Blocker("nothing", "Aucune demande de délai n’attend de réponse."))
    if granted_on is not None and granted_on <= max(request.due_on, timezone.localdate(now)):
        blockers.append(
            Blocker("granted_on", f"Indiquez une date après le {request.due_on:%d/%m/%Y}, à venir.", "#id_granted_on")
        )
    if granted_on is None and not answer.strip():
        blockers.append(Blocker("answer", "Indiquez pourquoi le délai est refusé : l’éditeur le lira.", "#id_answer"))
    if blockers or extension is None:
        raise TransitionRefused(blockers)
    extension.granted_on, extension.answer = granted_on, answer.strip()
    extension.decided_by, extension.decided_at = actor, now
    extension.save()
    if granted_on is not None:
        request.due_on, request.reminded_at = granted_on, None
        request.formal_reminder_at, request.formal_reminder_by, request.grace_until = None, None, None
        request.save()
    extension.request = request
    tell(
        request.candidature,
        "extension_refused" if granted_on is None else "extension_granted",
        actor=actor,
        subject=extension,
        reason=extension.answer,
        data={"number": request.number, **({"due_on": str(granted_on)} if granted_on else {})},
    )
    standing.refresh(request.candidature)
    transaction.on_commit(partial(notices.extension_decided, extension))
    return extension


def lock_request(request_id: UUID, actor: User) -> ComplementRequest:
    """The request under the lock of its file, taken first. Raises ComplementRequest.DoesNotExist for a stranger’s."""
    found = ComplementRequest.objects.filter(pk=request_id).values_list("candidature_id", flat=True).first()
    try:
        if found is None:
            raise Candidature.DoesNotExist
        candidature = lock_file(found, actor)
    except Candidature.DoesNotExist as unknown:
        raise ComplementRequest.DoesNotExist from unknown
    request = ComplementRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    request.candidature = candidature
    return request


def _require_lead(actor: User, request: ComplementRequest) -> None:
    if not may_lead(actor, request):
        raise PermissionDenied("request")


def _closed(request: ComplementRequest) -> list[Blocker]:
    if request.state == RequestState.OPEN:
        return []
    return [Blocker("wrong_state", "Cette demande n’est plus en attente de réponse.")]


def _require_open(request: ComplementRequest) -> None:
    if blockers := _closed(request):
        raise TransitionRefused(blockers)


def record_buffer(row: ComplementItem | NonConformity, action: str, *, actor: User) -> None:
    """The journal says that a buffer was written, never what: it is the editor’s until sent."""
    record(f"{row._meta.model_name}.{action}", subject=row, actor=actor)
