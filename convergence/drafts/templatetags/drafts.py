from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def draft_attributes(key: str) -> SafeString:
    """Attributes of a form whose texts are kept while they are typed; `key` names the form for this person."""
    return format_html(
        'data-autosave-url="{}" data-autosave-form="{}" data-draft', reverse("drafts:draft_save", args=[key]), key
    )
