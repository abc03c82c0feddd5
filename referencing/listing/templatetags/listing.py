"""Tags of the catalogue, and one for pages of the stages below that stand on a listed product (BR-180)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from uuid import UUID

from django import template
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from referencing.listing.presenting import Card
from referencing.listing.selectors.publication import listed_since as find_listed_since

register = template.Library()
SELECTED = SafeString(" selected")


@register.simple_tag
def listed_since(enrolment_id: UUID) -> date | None:
    """Since when the service of an enrolment stands in the catalogue, for `{% listed_banner %}`; one query."""
    return find_listed_since([enrolment_id], on=timezone.localdate())


_CARD = """<li><article class="cat-card">
<img class="cat-logo" src="{}" alt="" width="64" height="64" loading="lazy">
<div class="cat-card__body">
<h3 class="cat-card__name"><a href="{}">{}</a></h3>
<p class="fr-text--sm ui-muted">{}</p>
<p>{}</p>
<p class="cat-card__facts">{}</p>
</div></article></li>"""


@register.simple_tag
def service_cards(cards: Sequence[Card]) -> SafeString:
    """The lines of the list, written at once: a template costs twice as much for the most read page of all."""
    return format_html_join(
        "\n",
        _CARD,
        (
            (
                card.logo_url,
                card.url,
                card.name,
                card.organisation,
                card.short_text,
                " · ".join(_facts(card)),
            )
            for card in cards
        ),
    )


def _facts(card: Card) -> Iterable[str]:
    yield from card.tags
    if card.has_exchange:
        yield "Échange des données avec Mon espace santé"
    if card.ecoscore:
        yield f"Écoscore {card.ecoscore}/100"


@register.simple_tag
@lru_cache(maxsize=200)
def choice_options(options: tuple[tuple[str, str], ...], chosen: str) -> SafeString:
    """The options of a select of the filter: the same few for every visitor."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SELECTED if value == chosen else "", label) for value, label in options),
    )
