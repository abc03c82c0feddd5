"""Values that every page may show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def brand(request: HttpRequest) -> dict[str, Any]:
    """The operator's names and contacts, and whether this is the demo."""
    return {"convergence": settings.CONVERGENCE}
