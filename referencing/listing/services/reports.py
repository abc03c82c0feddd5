"""What visitors report from the public page of a service, and what the listing team makes of it (L5)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.listing import life_notices as notices
from referencing.listing import rules
from referencing.listing.enums import ReportKind, ReportOutcome
from referencing.listing.models import Listing, UserReport
from referencing.listing.services.audits import open_audit

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

TEXT_MIN, TEXT_MAX = 20, 4000
PERIOD = 3600  # seconds


class TooManyReports(Exception):
    """This address has sent enough for now."""


def throttle(address: str) -> None:
    """Count one more report of a network address. Raises TooManyReports past the hourly limit.

    Only a fingerprint is kept, in the shared cache, for an hour: reports themselves do not say where they came from.
    """
    key = f"user-report:{sha256(f'{settings.SECRET_KEY}:{address}'.encode()).hexdigest()[:32]}"
    sent = cache.get(key, 0)
    if sent >= settings.LISTING_LIFE["REPORTS_PER_HOUR"]:
        raise TooManyReports
    cache.set(key, sent + 1, PERIOD)


@transaction.atomic
def send_report(*, listing: Listing, kind: str, text: str, email: str = "", at: datetime | None = None) -> UserReport:
    """Keep what a visitor reports about a service of the catalogue; a given address gets a link to confirm it.

    Raises TransitionRefused with every reason. `listing` was found among the published ones.
    """
    now = at or timezone.now()
    said = text.strip()
    blockers = []
    if kind not in ReportKind.values:
        blockers.append(Blocker("kind", "Choisissez l’objet de votre signalement.", "#id_kind"))
    if len(said) < TEXT_MIN:
        blockers.append(
            Blocker("text", f"Décrivez ce que vous avez constaté, en {TEXT_MIN} caractères au moins.", "#id_text")
        )
    if len(said) > TEXT_MAX:
        blockers.append(Blocker("text", f"Raccourcissez votre texte à {TEXT_MAX} caractères.", "#id_text"))
    if blockers:
        raise TransitionRefused(blockers)
    token = secrets.token_urlsafe(24) if email else ""
    report = UserReport.objects.create(
        listing=listing, kind=kind, text=said, email=email, token_hash=hash_token(token) if token else "", sent_at=now
    )
    record("userreport.send", subject=report, actor=None, data={"kind": kind, "listing": str(listing.pk)})
    transaction.on_commit(partial(notices.report_received, report))
    if token:
        transaction.on_commit(partial(notices.report_to_confirm, report, token))
    return report


def forget_reporters(*, at: datetime) -> int:
    """Erase the addresses of reports settled for long: nobody is to be told of them any more. Returns how many."""
    limit = at - timedelta(days=settings.LISTING_LIFE["REPORTER_DAYS"])
    return UserReport.objects.filter(triaged_at__lt=limit).exclude(email="").update(email="")


def hash_token(token: str) -> str:
    return sha256(token.encode()).hexdigest()


@transaction.atomic
def confirm_report(*, token: str, at: datetime | None = None) -> UserReport | None:
    """The address is that of somebody who reads its mail; None for an unknown link. Confirming twice changes nothing."""
    report = UserReport.objects.select_for_update(of=("self",)).filter(token_hash=hash_token(token)).first()
    if report is not None and report.confirmed_at is None:
        report.confirmed_at = at or timezone.now()
        report.save(update_fields=["confirmed_at"])
    return report


@transaction.atomic
def triage_report(*, report_id: UUID, outcome: str, note: str, actor: User, at: datetime | None = None) -> UserReport:
    """Say what becomes of a report: no follow-up, settled with the editor, or an audit, which keeps the reporter unnamed.

    Raises PermissionDenied, TransitionRefused with every reason, UserReport.DoesNotExist.
    """
    now = at or timezone.now()
    if not rules.can_publish(actor):
        raise PermissionDenied("triage_report")
    report = UserReport.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=report_id)
    blockers = []
    if report.outcome:
        blockers.append(Blocker("triaged", "Ce signalement est déjà traité."))
    if outcome not in ReportOutcome.values:
        blockers.append(Blocker("outcome", "Choisissez la suite à donner.", "#id_outcome"))
    if not note.strip():
        blockers.append(Blocker("note", "Indiquez le motif.", "#id_note"))
    if blockers:
        raise TransitionRefused(blockers)
    if outcome == ReportOutcome.AUDIT:
        open_audit(listing_id=report.listing_id, motive=note, report=report, actor=actor, at=now)
    report.outcome, report.note, report.triaged_by, report.triaged_at = outcome, note.strip(), actor, now
    report.save(update_fields=["outcome", "note", "triaged_by", "triaged_at"])
    record("userreport.triage", subject=report, actor=actor, reason=note.strip(), data={"outcome": outcome})
    if report.confirmed_at is not None:
        transaction.on_commit(partial(notices.report_settled, report))
    return report
