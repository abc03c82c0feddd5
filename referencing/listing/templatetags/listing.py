"""For pages of the stages below, which know nothing of the catalogue and yet stand on a listed product (BR-180)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django import template
from django.utils import timezone

from referencing.listing.selectors.publication import listed_since as find_listed_since

register = template.Library()


@register.simple_tag
def listed_since(enrolment_id: UUID) -> date | None:
    """Since when the service of an enrolment stands in the catalogue, for `{% listed_banner %}`; one query."""
    return find_listed_since([enrolment_id], on=timezone.localdate())
