"""The server’s side of `{% draft_attributes %}`: the protocol is that of autosave (`docs/ui.md`)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.drafts.services import save_drafts
from convergence.ui import autosave
from convergence.ui.typography import NARROW_NBSP

TOO_LONG = f"Ce texte est trop long pour être enregistré{NARROW_NBSP}; raccourcissez-le."


@require_POST
@login_required
def draft_save(request: SignedInRequest, form: str) -> HttpResponse:
    """Keep what the person is typing in the form of that key."""
    now = timezone.now()
    texts = {name: "\n".join(values) for name, values in autosave.changed_fields(request).items()}
    refused = save_drafts(user=request.user, form=form[:200], texts=texts, at=now)
    if refused:
        return JsonResponse({"errors": {name: [TOO_LONG] for name in refused}}, status=422)
    return autosave.saved(at=now, versions={})
