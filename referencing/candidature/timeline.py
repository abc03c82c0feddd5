"""The timeline of a file as one side reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from convergence.accounts.models import Membership
from referencing.candidature.models import Candidature, CandidatureEvent
from referencing.candidature.wording import EVENTS, Audience, list_details, say_event
from referencing.dossier.readers import read_payload

TEAM = "Équipe de référencement"


@dataclass(frozen=True, slots=True)
class Told:
    """One event in words. `who` is a person’s name, or the team’s: editors are told no agent’s name but the référent’s."""

    at: datetime
    who: str
    what: str
    criterion: str
    details: Sequence[tuple[str, str]]
    is_internal: bool


def theme_titles(candidature: Candidature) -> dict[str, str]:
    """By code, from the frozen dossier; needs it loaded."""
    return {row["code"]: row["title"] for row in read_payload(candidature.dossier)["questionnaires"]}


def list_events(
    candidature: Candidature, *, audience: Audience, limit: int | None = None, only_shared: bool = False
) -> list[Told]:
    """The newest first, in one query; needs the dossier and the product loaded. Internal events exist for agents alone;
    `only_shared`: not even for them."""
    members = Membership.objects.filter(
        user=OuterRef("actor"), organisation=candidature.enrolment.product.organisation_id
    )
    events = (
        CandidatureEvent.objects.filter(candidature=candidature)
        .select_related("actor")
        .annotate(is_by_member=Exists(members))
        .order_by("-at", "-id")
    )
    if only_shared:
        events = events.filter(is_internal=False)
    if audience is Audience.EDITOR:
        told = [kind for kind, words in EVENTS.items() if words.editor]
        events = events.filter(is_internal=False, kind__in=told)
    themes = theme_titles(candidature)
    return [
        Told(
            at=event.at,
            who=_name(
                event,
                is_named=audience is not Audience.EDITOR
                or event.is_by_member
                or event.actor_id == candidature.referent_id,
            ),
            what=say_event(event.kind, audience=audience),
            criterion=event.criterion,
            details=list_details(event.kind, event.data, audience=audience, themes=themes),
            is_internal=event.is_internal,
        )
        for event in events[:limit]
    ]


def _name(event: CandidatureEvent, *, is_named: bool) -> str:
    if event.actor is None:
        return "Convergence"
    return str(event.actor.get_full_name() or event.actor) if is_named else TEAM
