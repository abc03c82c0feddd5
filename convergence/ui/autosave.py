"""The server's side of autosave (the browser's side: `static/ui/autosave.js`): reading the request, shaping the answer."""

import json
from collections.abc import Mapping
from datetime import datetime

from django.http import HttpRequest, HttpResponse

from convergence.ui.typography import in_paris


def is_autosave(request: HttpRequest) -> bool:
    return request.headers.get("X-Autosave") == "1"


def changed_fields(request: HttpRequest) -> dict[str, list[str]]:
    """The fields that the browser says have changed, with all their values; none for an emptied group of boxes."""
    return {name: request.POST.getlist(name) for name in request.POST.getlist("_fields")}


def saved(*, at: datetime, versions: Mapping[str, object], html: str = "", status: int = 200) -> HttpResponse:
    """What was saved and when; `versions` maps the names of version inputs to their values now.

    `html` holds `hx-swap-oob` pieces. Status 409 with the two texts, 422 when an answer is refused.
    """
    response = HttpResponse(html, status=status)
    response["X-Autosave-Versions"] = json.dumps({name: str(value) for name, value in versions.items()})
    response["X-Saved-At"] = in_paris(at).strftime("%H:%M")
    return response
