"""Minutes: completed by the secretary, signed by the chair, corrected by errata (A-29); attendance sheet and extracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.documents.pdf import Attachment, render_pdf
from convergence.documents.signatures import SignatureBox, SignatureFailed, seal_pdf, sign_pdf
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.services import keep_generated
from referencing.commission.models import AgendaPoint, CommissionSession, Erratum, Minutes
from referencing.commission.rules import can_run, is_president
from referencing.commission.selectors.minutes import (
    Reach,
    collect_minutes,
    find_sessions_with_minutes,
    load_reach,
    read_minutes,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from convergence.accounts.models import User
    from evidence.models import StoredFile

TEXT_MAX = 20_000
#: Name of the signature in the file.
CHAIR = "presidence"
LOCATION = "Convergence"
#: On the last page, which the template keeps for it.
SIGNATURE_BOX = SignatureBox(page=-1, x=51, y=190, width=260, height=79)


class StaleMinutes(Exception):
    """Somebody else wrote these minutes meanwhile (A-13); `minutes` is theirs, with `edited_by` loaded."""

    def __init__(self, minutes: Minutes) -> None:
        super().__init__(minutes.pk)
        self.minutes = minutes


def _lock_session(session_id: UUID, actor: User) -> CommissionSession:
    """Raises CommissionSession.DoesNotExist for whoever does not read its minutes."""
    sessions = CommissionSession.objects.visible_to(actor).filter(find_sessions_with_minutes(actor))
    session: CommissionSession = sessions.locked().select_related("chair").get(pk=session_id)
    return session


def _minutes_of(session: CommissionSession) -> Minutes:
    """The minutes, begun when first asked for; locked with their session."""
    minutes, _ = Minutes.objects.select_for_update(of=("self",)).get_or_create(session=session)
    minutes.session = session
    return minutes


@transaction.atomic
def begin_minutes(*, session_id: UUID, actor: User) -> Minutes:
    """The minutes of a session that was held, begun if nobody had. Raises CommissionSession.DoesNotExist."""
    return _minutes_of(_lock_session(session_id, actor))


@transaction.atomic
def write_minutes(*, session_id: UUID, texts: Mapping[str, Any], base_version: int, actor: User) -> Minutes:
    """Complete what the platform tells: `opening`, `closing`, and a text by id of point under `points`.

    Raises CommissionSession.DoesNotExist, PermissionDenied, StaleMinutes, or TransitionRefused.
    """
    session = _lock_session(session_id, actor)
    if not can_run(actor, session):
        raise PermissionDenied("write_minutes")
    minutes = _minutes_of(session)
    blockers = [SIGNED] if minutes.signed_at is not None else []
    known = {str(pk) for pk in session.points.values_list("pk", flat=True)}
    kept: dict[str, Any] = {
        "opening": _clean(texts.get("opening", "")),
        "closing": _clean(texts.get("closing", "")),
        # what was written on a point that its author may not know stays as it is
        "points": {
            **minutes.texts.get("points", {}),
            **{key: _clean(text) for key, text in texts.get("points", {}).items() if key in known},
        },
    }
    if any(len(text) > TEXT_MAX for text in (kept["opening"], kept["closing"], *kept["points"].values())):
        blockers.append(Blocker("too_long", f"Un texte compte plus de {TEXT_MAX} caractères : raccourcissez-le."))
    if blockers:
        raise TransitionRefused(blockers)
    if minutes.version != base_version:
        raise StaleMinutes(Minutes.objects.select_related("edited_by").get(pk=minutes.pk))
    if kept != minutes.texts:
        minutes.texts, minutes.version = kept, minutes.version + 1
        minutes.edited_at, minutes.edited_by = timezone.now(), actor
        minutes.save()
        record("minutes.write", subject=minutes, actor=actor, data={"version": minutes.version})
    return minutes


SIGNED = Blocker("signed", "Le procès-verbal est signé : il se corrige par un erratum.")


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def may_sign(user: User, session: CommissionSession, reach: Reach | None = None) -> bool:
    """Whoever chaired; when they may not know every point, the other co-president who may. `reach` is that of the user,
    when it was read already."""
    if not is_president(user, session):
        return False
    if user.pk == session.chair_id:
        return True
    chair = session.chair
    if chair is None or load_reach(session, chair).is_whole:
        return False
    return (reach or load_reach(session, user)).is_whole


@transaction.atomic
def sign_minutes(*, session_id: UUID, base_version: int, actor: User) -> Minutes:
    """Freeze the minutes as `base_version` shows them, signed by the chair and sealed by the platform (PAdES, PDF/A-3a).

    From then on only errata correct them. Raises CommissionSession.DoesNotExist, PermissionDenied, StaleMinutes, or
    TransitionRefused: session not closed, a point without an end.
    """
    session = _lock_session(session_id, actor)
    if not may_sign(actor, session):
        raise PermissionDenied("sign_minutes")
    minutes = _minutes_of(session)
    if minutes.signed_at is None and minutes.version != base_version:
        raise StaleMinutes(Minutes.objects.select_related("edited_by").get(pk=minutes.pk))
    now = timezone.now()
    workflow.fire(
        session,
        "approve_minutes",
        actor=actor,
        guard=lambda: [
            Blocker("pending", f"L’examen du point n° {point.position} n’est pas terminé.")
            for point in session.points.pending().in_order()
        ],
    )
    payload = canonical_json({**collect_minutes(session, minutes.texts), "signed_by": str(actor), "signed_at": now})
    name = f"pv-seance-{session.number}"
    minutes.payload, minutes.sha256 = payload, sha256_hex(payload)
    minutes.document = _keep_signed(
        "commission/minutes_pdf.html",
        {"content": read_minutes(payload), "sha256": minutes.sha256},
        payload=payload,
        name=name,
        reason=f"Procès-verbal de la séance n° {session.number}",
        actor=actor,
        at=now,
    )
    minutes.attendance_sheet = keep_generated(
        content=make_attendance_sheet(session, at=now), name=f"presence-seance-{session.number}.pdf", code="pdf"
    )
    minutes.signed_by, minutes.signed_at = actor, now
    minutes.save()
    record("minutes.sign", subject=minutes, actor=actor, data={"sha256": minutes.sha256})
    return minutes


@transaction.atomic
def add_erratum(*, session_id: UUID, text: str, point_id: UUID | None, actor: User) -> Erratum:
    """Correct signed minutes: a linked document, itself signed and sealed; the minutes stay as they are (A-29).

    `point_id`: the point that it is about, so that it is masked with it. Raises CommissionSession.DoesNotExist,
    AgendaPoint.DoesNotExist, PermissionDenied, or TransitionRefused.
    """
    session = _lock_session(session_id, actor)
    if not may_sign(actor, session):
        raise PermissionDenied("add_erratum")
    minutes = _minutes_of(session)
    point = AgendaPoint.objects.visible_to(actor).get(session=session, pk=point_id) if point_id else None
    blockers = []
    if minutes.signed_at is None:
        blockers.append(Blocker("not_signed", "Un erratum corrige un procès-verbal signé."))
    if not text.strip():
        blockers.append(Blocker("text", "Rédigez la rectification.", "#id_text"))
    if blockers:
        raise TransitionRefused(blockers)
    now = timezone.now()
    number = minutes.errata.count() + 1
    content = {
        "schema": 1,
        "session": {"number": session.number, "held_at": session.held_at},
        "minutes_sha256": minutes.sha256,
        "number": number,
        "point": point.position if point else None,
        "text": _clean(text),
        "signed_by": str(actor),
        "signed_at": now,
    }
    payload = canonical_json(content)
    erratum: Erratum = Erratum.objects.create(
        minutes=minutes,
        number=number,
        point=point,
        text=_clean(text),
        payload=payload,
        sha256=sha256_hex(payload),
        document=_keep_signed(
            "commission/erratum_pdf.html",
            {"content": content, "sha256": sha256_hex(payload)},
            payload=payload,
            name=f"pv-seance-{session.number}-erratum-{number}",
            reason=f"Erratum n° {number} au procès-verbal de la séance n° {session.number}",
            actor=actor,
            at=now,
        ),
        signed_by=actor,
        signed_at=now,
    )
    record("minutes.correct", subject=minutes, actor=actor, data={"number": number})
    return erratum


def _keep_signed(
    template: str, context: dict[str, Any], *, payload: bytes, name: str, reason: str, actor: User, at: datetime
) -> StoredFile:
    document = render_pdf(
        template,
        context,
        variant="pdf/a-3a",
        attachments=[
            Attachment(
                name=f"{name}.json",
                content=payload,
                mime="application/json",
                relationship="Source",
                description="Contenu du document, au format JSON canonique",
            )
        ],
        created_at=at,
    )
    try:
        signed = sign_pdf(
            document,
            signer_name=actor.get_full_name(),
            signer_email=actor.email,
            reason=reason,
            location=LOCATION,
            field_name=CHAIR,
            at=at,
            box=SIGNATURE_BOX,
        )
        sealed = seal_pdf(signed, reason=reason, at=at)
    except SignatureFailed as failure:
        raise TransitionRefused([Blocker("signature_failed", str(failure))]) from failure
    return keep_generated(content=sealed, name=f"{name}.pdf", code="pdf", actor=actor)


def make_attendance_sheet(session: CommissionSession, *, at: datetime) -> bytes:
    """Who came and when, who represented whom: a sealed PDF that tells of no file, nor of who was heard on one."""
    content = collect_minutes(session, {})
    content["guests"] = [each for each in content["guests"] if not each["point_id"]]
    document = render_pdf(
        "commission/attendance_pdf.html", {"content": content, "made_at": at}, variant="pdf/a-3a", created_at=at
    )
    return seal_pdf(document, reason=f"Feuille de présence de la séance n° {session.number}", at=at)


def make_extract(minutes: Minutes, content: Mapping[str, Any], *, at: datetime) -> bytes:
    """The minutes for somebody who may not know every point; sealed, not signed: it is not the document itself."""
    document = render_pdf(
        "commission/minutes_pdf.html",
        {"content": content, "sha256": minutes.sha256, "is_extract": True},
        variant="pdf/a-3a",
        created_at=at,
    )
    return seal_pdf(document, reason=f"Extrait du procès-verbal de la séance n° {minutes.session.number}", at=at)
