"""Giving files to people, one or many at once, and everything that somebody holds: always listed before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.models import User
from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.kernel.errors import Blocker
from convergence.ui.values import Column, Link, Row
from referencing.candidature.core.moves import MAX_MOVES, REFERENT, Move, Wanted, read_wanted
from referencing.candidature.core.queue import QueueFilter
from referencing.candidature.enums import INSTRUCTION_STATES, CandidatureState
from referencing.candidature.forms.batch import HandoverForm
from referencing.candidature.selectors.choices import load_choices
from referencing.candidature.selectors.queue import Reader, filter_queue
from referencing.candidature.selectors.workload import CELL_LIMIT, list_workloads
from referencing.candidature.services.batch import BatchResult, apply_moves, list_held, part_label, plan_moves
from referencing.candidature.views.queue import breadcrumbs, queue_address, read_filter, require_agent, require_team
from referencing.candidature.wording import say_state

MOVE_COLUMNS = ["Produit", "Structure", "Ce qui change", "Aujourd’hui", "Ensuite"]
#: Refusals of a batch that a message names one by one.
NAMED_REFUSALS = 10


@require_POST
@login_required
def candidature_assign(request: SignedInRequest) -> HttpResponse:
    """From the ticked lines and the chosen person to a list of what changes; then, confirmed, does it."""
    require_team(request)
    asked = read_filter(QueryDict(request.POST.get("filtre", "")))
    back = queue_address(asked)
    if "confirmed" in request.POST:
        return _finish(request, back)
    part, _, person = request.POST.get("cible", "").partition(":")
    chosen = _read_keys(request.POST.getlist("c"))
    if "tout" in request.POST:
        chosen = _list_filtered(request, asked)
    reasons = []
    if not chosen:
        reasons.append(Blocker("nothing", "Cochez au moins une candidature.", back))
    if not (target := _read_keys([person])):
        reasons.append(Blocker("nobody", "Choisissez la personne à qui confier la sélection.", back))
    if len(chosen) > MAX_MOVES:
        reasons.append(Blocker("too_many", f"Confiez {MAX_MOVES} candidatures au plus à la fois.", back))
    if reasons:
        return _confirm(request, [], back, reasons=reasons)
    return _confirm(request, [Wanted(key, part, target[0]) for key in chosen], back)


def _list_filtered(request: SignedInRequest, asked: QueueFilter) -> list[UUID]:
    """Every file that the filter keeps, one more than a batch may hold."""
    demarches = load_choices(request.user).demarche_keys
    keys: dict[UUID, None] = {}
    for branch in filter_queue(Reader.of(request.user), asked, today=timezone.localdate(), demarches=demarches):
        keys |= dict.fromkeys(branch.order_by("pk").values_list("pk", flat=True)[: MAX_MOVES + 1])
    return list(keys)


def _read_keys(texts: Iterable[str]) -> list[UUID]:
    keys: dict[UUID, None] = {}
    for text in texts:
        try:
            keys[UUID(text)] = None
        except ValueError:
            continue
    return list(keys)


def _confirm(
    request: SignedInRequest, wanted: Sequence[Wanted], back: str, *, reasons: Sequence[Blocker] = ()
) -> HttpResponse:
    moves = plan_moves(wanted, actor=request.user, at=timezone.now())
    possible = [move for move in moves if move.is_possible]
    refused = [move for move in moves if move.blockers]
    return render(
        request,
        "candidature/batch_confirm.html",
        {
            "columns": MOVE_COLUMNS,
            "possible": possible,
            "rows": [_row(move) for move in possible],
            "refused": [
                {"name": move.product, "part": move.part, "reasons": [each.message for each in move.blockers]}
                for move in refused
            ],
            "same": sum(1 for move in moves if move.is_same and not move.blockers),
            "reasons": reasons,
            "lines": [move.wanted.write() for move in possible],
            "receivers": sorted({move.after for move in possible}),
            "action_url": request.path,
            "back_url": back,
            "query": request.POST.get("filtre", ""),
        },
        status=422 if reasons else 200,
    )


def _row(move: Move) -> Row:
    what = f"{move.part}. {move.note}" if move.note else move.part
    return Row(
        cells=[
            Link(move.product, reverse("candidature:candidature_detail", args=[move.wanted.candidature_id])),
            move.organisation,
            what,
            move.before or "Personne",
            move.after,
        ]
    )


def _finish(request: SignedInRequest, back: str) -> HttpResponse:
    result = apply_moves(read_wanted(request.POST.getlist("move")), actor=request.user)
    _report(request, result)
    return redirect(back)


def _report(request: SignedInRequest, result: BatchResult) -> None:
    if count := len(result.done):
        people = ", ".join(sorted({move.after for move in result.done}))
        what = f"{count} attributions enregistrées" if count > 1 else "Une attribution enregistrée"
        messages.success(request, f"{what} : {people}. Les personnes concernées sont prévenues.")
    for move in result.refused[:NAMED_REFUSALS]:
        reasons = " ".join(each.message for each in move.blockers)
        messages.warning(request, f"{move.product} ({move.part}) n’a pas changé : {reasons}")
    if (more := len(result.refused) - NAMED_REFUSALS) > 0:
        messages.warning(request, f"{more} autres lignes n’ont pas changé, pour les mêmes sortes de raisons.")
    if not result.done and not result.refused:
        messages.info(request, "Rien n’a changé.")


@require_GET
@login_required
def workload_list(request: SignedInRequest) -> HttpResponse:
    """Who holds what: référents by state, experts by what is left to conclude, and what is late."""
    require_agent(request)
    if not request.user.access.reads_every_file:
        require_team(request)
    today = timezone.localdate()
    may_move = is_listing_team(request.user, None)
    referents, experts = list_workloads(request.user, today=today)
    states = [CandidatureState(state) for state in INSTRUCTION_STATES]

    def address(person: UUID, **more: object) -> str:
        return queue_address(QueueFilter(assignees=(str(person),), **more))  # type: ignore[arg-type]

    def figure(count: int, url: str) -> object:
        label = f"{CELL_LIMIT}+" if count > CELL_LIMIT else str(count)
        return Link(label, url) if count else ""

    def hand(person: UUID, held: int) -> object:
        return Link("Tout confier", reverse("candidature:workload_handover", args=[person])) if held else ""

    ways = [Column("Absence")] if may_move else []
    return render(
        request,
        "candidature/workload_list.html",
        {
            "crumbs": breadcrumbs("Charge de l’équipe"),
            "referent_columns": [
                "Référent",
                *(Column(say_state(state), numeric=True) for state in states),
                Column("En retard", numeric=True),
                *ways,
            ],
            "referent_rows": [
                Row(
                    cells=[
                        load.name,
                        *(
                            figure(count, address(load.person_id, states=(state,)))
                            for state, count in zip(states, load.counts, strict=True)
                        ),
                        figure(load.late, address(load.person_id, is_late=True)),
                        *([hand(load.person_id, sum(load.counts))] if may_move else []),
                    ]
                )
                for load in referents
            ],
            "expert_columns": [
                "Expert",
                "Thèmes",
                Column("À conclure", numeric=True),
                Column("En retard", numeric=True),
                *ways,
            ],
            "expert_rows": [
                Row(
                    cells=[
                        load.name,
                        ", ".join(part_label(theme) for theme in load.themes),
                        figure(load.counts[0], address(load.person_id, states=(CandidatureState.EVALUATION,))),
                        figure(load.late, address(load.person_id, is_late=True)),
                        *([hand(load.person_id, load.counts[0])] if may_move else []),
                    ]
                )
                for load in experts
            ],
            "unassigned_url": queue_address(QueueFilter(states=(CandidatureState.APPLIED,)), view="a-prendre"),
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def workload_handover(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Everything that somebody holds goes to others: a successor per part, the list of what changes, then done."""
    require_team(request)
    person = get_object_or_404(User.objects.filter(role_assignments__isnull=False).distinct(), pk=pk)
    page = reverse("candidature:workload_list")
    if "confirmed" in request.POST:
        return _finish(request, page)
    held = list_held(person, actor=request.user)
    choices = load_choices(request.user)
    successors = {REFERENT: choices.team, **choices.experts}
    form = HandoverForm(
        request.POST if request.method == "POST" else None,
        parts=[
            (part, part_label(part), len(keys), [pair for pair in successors.get(part, []) if pair[0] != str(pk)])
            for part, keys in held.items()
        ],
    )
    if request.method == "POST" and form.is_valid():
        wanted = [Wanted(key, part, UUID(to)) for part, to in form.successors().items() for key in held[part]]
        if len(wanted) > MAX_MOVES:
            messages.info(
                request,
                f"Voici les {MAX_MOVES} premières lignes sur {len(wanted)} : confirmez, puis recommencez pour la suite.",
            )
        return _confirm(request, wanted[:MAX_MOVES], reverse("candidature:workload_handover", args=[pk]))
    return render(
        request,
        "candidature/workload_handover.html",
        {
            "crumbs": [*breadcrumbs()[:1], Link("Charge de l’équipe", page), Link(str(person))],
            "person": person,
            "form": form,
            "held": held,
            "back_url": page,
        },
        status=422 if request.method == "POST" else 200,
    )
