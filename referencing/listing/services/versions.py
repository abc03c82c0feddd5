"""Versions of a listed service: declared by the editor; a major one updates the declaration of conformity (L4, BR-173)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products.services import record_version
from convergence.ui.typography import format_date
from referencing.decision.enums import DecisionKind
from referencing.dossier.readers import read_payload
from referencing.listing import life_notices as notices
from referencing.listing import rules
from referencing.listing.core.life import is_major
from referencing.listing.enums import Condition, ListingState, VersionChange, VersionState
from referencing.listing.models import Listing, VersionUpdate
from referencing.listing.services.rows import lock_again, lock_listing, tell_file
from referencing.listing.services.sanctions import propose

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

#: The version is in service and its declaration stands.
NAMING_STATES = [VersionState.RECORDED, VersionState.ACCEPTED]


@transaction.atomic
def declare_version(
    *,
    listing_id: UUID,
    version: str,
    released_on: date,
    summary: str,
    changes: Collection[str],
    actor: User,
    at: datetime | None = None,
) -> VersionUpdate:
    """Keep a new version; a major one opens an update of the declaration, due by a day (L4, OQ-14).

    Raises PermissionDenied, TransitionRefused with every reason, Listing.DoesNotExist.
    """
    now = at or timezone.now()
    listing = lock_listing(listing_id, actor)
    if not rules.can_describe(actor, listing):
        raise PermissionDenied("declare_version")
    version = version.strip()
    previous = current_version(listing)
    blockers = _find_declaration_blockers(listing, version, previous, changes)
    if released_on > timezone.localdate(now):
        blockers.append(Blocker("released_on", "Déclarez une version déjà mise en service.", "#id_released_on"))
    if not summary.strip():
        blockers.append(Blocker("summary", "Décrivez ce que cette version apporte.", "#id_summary"))
    if blockers:
        raise TransitionRefused(blockers)
    row: VersionUpdate = VersionUpdate.objects.create(
        listing=listing,
        version=version,
        previous=previous,
        released_on=released_on,
        summary=summary.strip(),
        changes=[each.value for each in VersionChange if each in changes],
        is_major=is_major(previous, version, changes),
        declared_by=actor,
        declared_at=now,
    )
    record("versionupdate.declare", subject=row, actor=actor, data={"version": version, "previous": previous})
    if row.is_major:
        due_on = timezone.localdate(now) + timedelta(days=settings.LISTING_LIFE["VERSION_UPDATE_DAYS"])
        workflow.fire(row, "require_update", actor=None, due_on=due_on)
        tell_file(listing, "version_major", actor=actor, version=version, due_on=due_on.isoformat())
    else:
        workflow.fire(row, "record_minor", actor=None)
        _name_product(row, "#id_version", actor=actor)
        tell_file(listing, "version_minor", actor=actor, version=version)
    transaction.on_commit(partial(notices.version_declared, row))
    return row


def current_version(listing: Listing) -> str:
    """The last one declared, or that of the dossier on which the service was listed."""
    last = listing.version_updates.order_by("-declared_at").values_list("version", flat=True).first()
    if last is not None:
        return last
    candidature = listing.decision.candidature
    if candidature is None:
        return str(listing.enrolment.product.version)
    return str(read_payload(candidature.dossier)["product"]["version"])


def _find_declaration_blockers(
    listing: Listing, version: str, previous: str, changes: Collection[str]
) -> list[Blocker]:
    blockers = []
    if listing.state not in (ListingState.LISTED, ListingState.SUSPENDED):
        blockers.append(Blocker("not_listed", "Ce service n’est plus référencé."))
    if not version:
        blockers.append(Blocker("version", "Indiquez le numéro de la version.", "#id_version"))
    elif version == previous or listing.version_updates.filter(version=version).exists():
        blockers.append(Blocker("version_known", f"La version {version} est déjà déclarée.", "#id_version"))
    if any(each not in VersionChange.values for each in changes):
        blockers.append(Blocker("changes", "Choisissez parmi les changements proposés.", "#id_changes"))
    return blockers


def list_criteria(listing: Listing) -> list[tuple[str, str]]:
    """(code, title) of the obligations that the frozen dossier declares met: what an update confirms again."""
    candidature = listing.decision.candidature
    if candidature is None:
        return []
    return [
        (criterion["code"], criterion["title"])
        for questionnaire in read_payload(candidature.dossier)["questionnaires"]
        for criterion in questionnaire["criteria"]
        if criterion["nature"] == "obligation"
    ]


@transaction.atomic
def submit_update(
    *, update_id: UUID, statement: str, confirmed: Collection[str], actor: User, at: datetime | None = None
) -> VersionUpdate:
    """Send the updated declaration: what changes, and every obligation confirmed again (BR-173)."""
    now = at or timezone.now()
    row = _lock(update_id, actor)
    criteria = list_criteria(row.listing)

    def guard() -> list[Blocker]:
        blockers = []
        if not statement.strip():
            blockers.append(
                Blocker("statement", "Dites ce qui change dans votre déclaration de conformité.", "#id_statement")
            )
        blockers += [
            Blocker(
                "not_confirmed",
                f"Confirmez le critère {code} {title} : un service qui ne le respecte plus ne peut rester référencé.",
                "#id_confirmed",
            )
            for code, title in criteria
            if code not in confirmed
        ]
        return blockers

    row.statement = statement.strip()
    row.confirmed = [code for code, _ in criteria if code in confirmed]
    workflow.fire(row, "submit", actor=actor, guard=guard, by=actor, at=now)
    tell_file(row.listing, "version_submitted", actor=actor, version=row.version)
    transaction.on_commit(partial(notices.version_submitted, row))
    return row


@transaction.atomic
def decide_update(
    *, update_id: UUID, is_accepted: bool, note: str, actor: User, at: datetime | None = None
) -> VersionUpdate:
    """Accept an update, or refuse it with its reason: formal notice is then proposed to the ministry (A-34)."""
    now = at or timezone.now()
    row = _lock(update_id, actor)
    why = note.strip()
    if is_accepted:
        workflow.fire(row, "accept", actor=actor, reason=why, by=actor, at=now)
        _name_product(row, "", actor=actor)
        tell_file(row.listing, "version_accepted", actor=actor, version=row.version)
    else:
        workflow.fire(
            row,
            "refuse",
            actor=actor,
            guard=lambda: [] if why else [Blocker("note", "Indiquez le motif : l’éditeur le lira.", "#id_note")],
            reason=why,
            by=actor,
            why=why,
            at=now,
        )
        tell_file(row.listing, "version_refused", actor=actor, reason=why, version=row.version)
        propose(
            listing=row.listing,
            kind=DecisionKind.FORMAL_NOTICE,
            condition=Condition.DECLARATION,
            facts=f"La mise à jour de la déclaration pour la version {row.version} est refusée. Motif : {why}",
            actor=actor,
            at=now,
        )
    transaction.on_commit(partial(notices.version_decided, row))
    return row


def _name_product(row: VersionUpdate, anchor: str, *, actor: User) -> None:
    """The product bears the version that stands: at once when it is minor, once its declaration is accepted when it is major.

    Of two updates decided out of order, the one declared last names it. Raises TransitionRefused.
    """
    later = VersionUpdate.objects.filter(
        listing=row.listing_id, declared_at__gt=row.declared_at, state__in=NAMING_STATES
    )
    if later.exists():
        return
    try:
        record_version(product=row.listing.enrolment.product, version=row.version, actor=actor)
    except ValidationError as error:
        raise TransitionRefused([Blocker("version_taken", message, anchor) for message in error.messages]) from error


def follow_overdue(*, at: datetime) -> int:
    """Once per update whose day is past: the editor is told, formal notice is proposed (A-34). Returns how many."""
    today, count = timezone.localdate(at), 0
    overdue = VersionUpdate.objects.overdue(on=today).filter(reminded_at__isnull=True).order_by("due_on", "pk")
    for pk in overdue.values_list("pk", flat=True):
        with transaction.atomic():
            listing = lock_again(VersionUpdate.objects.values_list("listing", flat=True).get(pk=pk))
            row = VersionUpdate.objects.overdue(on=today).filter(pk=pk, reminded_at__isnull=True).locked().first()
            if row is None:
                continue
            row.listing, row.reminded_at = listing, at
            row.save(update_fields=["reminded_at"])
            if row.state == VersionState.UPDATE_DUE and row.due_on is not None:
                propose(
                    listing=listing,
                    kind=DecisionKind.FORMAL_NOTICE,
                    condition=Condition.DECLARATION,
                    facts=f"La version majeure {row.version} est déclarée depuis le {format_date(row.declared_at)} ; la mise à "
                    f"jour de la déclaration, attendue avant le {format_date(row.due_on)}, n’est pas transmise.",
                    actor=None,
                    at=at,
                )
            transaction.on_commit(partial(notices.version_overdue, row))
            count += 1
    return count


def _lock(update_id: UUID, actor: User) -> VersionUpdate:
    """Listing first, then the version. Raises VersionUpdate.DoesNotExist for a stranger’s."""
    listing_id = VersionUpdate.objects.visible_to(actor).values_list("listing", flat=True).get(pk=update_id)
    listing = lock_again(listing_id)
    row: VersionUpdate = VersionUpdate.objects.locked().get(pk=update_id)
    row.listing = listing
    return row
