"""What the pages of the écoscore show in several places."""

from django import template
from django.urls import reverse

from convergence.ui.values import Link
from ecoscore.report import LIMITS

register = template.Library()

ABOUT = (("ecoscore:methodology", "La méthode, ses facteurs et ses limites"), ("ecoscore:faq", "Questions fréquentes"))


@register.simple_tag
def about_links() -> list[Link]:
    """Pages about the method."""
    return [Link(label, reverse(name)) for name, label in ABOUT]


@register.simple_tag
def report_limits() -> tuple[str, ...]:
    """What no measure of this kind knows."""
    return LIMITS
