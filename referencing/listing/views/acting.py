"""One page per act of the life of a listing: it says what will happen, asks what is needed, does it once posted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.values import Link

if TYPE_CHECKING:
    from convergence.accounts.requests import SignedInRequest
    from convergence.ui.forms import DsfrForm


@dataclass(frozen=True, slots=True)
class Act:
    """`button` says the verb; `text` what happens, in one or two sentences; `done` what is said afterwards."""

    title: str
    text: str
    button: str
    done: str
    back: str
    crumbs: Sequence[Link]
    has_file: bool = False


def posted(request: SignedInRequest) -> QueryDict | None:
    """What binds a form: a post, even an empty one."""
    return request.POST if request.method == "POST" else None


def show_act(
    request: SignedInRequest,
    act: Act,
    form: DsfrForm,
    run: Callable[[dict[str, Any]], object],
    *,
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    """`blockers`: what already bars the act when the page opens. A refusal comes back as 422 with everything typed."""
    refused: list[Blocker] = []
    if request.method == "POST" and form.is_valid():
        try:
            run(form.cleaned_data)
        except TransitionRefused as refusal:
            anchors = {f"#id_{name}" for name in form.fields}
            refused = [each for each in refusal.blockers if each.anchor not in anchors]
            form.add_blockers(each for each in refusal.blockers if each.anchor in anchors)
        else:
            messages.success(request, act.done)
            return redirect(act.back)
    return render(
        request,
        "listing/act.html",
        {"act": act, "form": form, "blockers": refused or list(blockers), "is_refused": bool(refused)},
        status=422 if request.method == "POST" else 200,
    )
