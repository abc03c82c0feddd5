"""The work queue (BO-01): what a person may see, filtered, in order; its views; what is unread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.enums import Role, Theme
from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.database.keyset import Cursor, read_cursor
from convergence.ui.addresses import address_of_each
from convergence.ui.typography import NBSP, format_date, format_number
from convergence.ui.values import Action, Badge, Column, FilterTag, Link, Page, Row
from convergence.ui.views import render_confirmation
from referencing.candidature.core.moves import MAX_MOVES, REFERENT
from referencing.candidature.core.queue import (
    ME,
    NOBODY,
    SORTS,
    Choices,
    QueueFilter,
    list_parameters,
    parse_filter,
    say_due,
    sorted_by,
    without,
    write_filter,
)
from referencing.candidature.enums import OPEN_STATES, CandidatureState, Holder
from referencing.candidature.forms.queue import QueueViewForm
from referencing.candidature.models import QueueView
from referencing.candidature.selectors.choices import QueueChoices, load_choices
from referencing.candidature.selectors.queue import COUNT_LIMIT, QueuePage, read_page
from referencing.candidature.services.reading import delete_view, mark_all_read, save_view
from referencing.candidature.wording import state_badge

if TYPE_CHECKING:
    from convergence.accounts.models import User

CURSOR_SALT = "candidature.queue"
#: States that people filter on: nobody’s file is « en préparation » here.
LISTED_STATES = [state for state in CandidatureState if state != CandidatureState.NEW]
CODES = Choices(
    states=frozenset(LISTED_STATES),
    holders=frozenset(Holder.values),
    themes=frozenset(Theme.values),
)
STATES = [(state.value, str(state.label)) for state in LISTED_STATES]
THEMES = [(theme.value, str(theme.label)) for theme in Theme]
LABELS = {
    "produit": "Produit",
    "structure": "Structure",
    "reference": "Dossier",
    "etat": "État",
    "attend": "À qui d’agir",
    "echeance": "Échéance",
    "referent": "Référent",
    "experts": "Experts",
    "demarche": "Démarche",
    "depot": "Déposée",
    "activite": "Dernière activité",
}
#: What the list of orders offers, as the address says them.
SORT_CHOICES: tuple[tuple[str, str], ...] = (
    ("echeance", "Échéance la plus proche"),
    ("depot", "Dépôt le plus ancien"),
    ("-depot", "Dépôt le plus récent"),
    ("-activite", "Activité la plus récente"),
    ("produit", "Produit"),
    ("structure", "Structure"),
    ("etat", "État"),
)
SORTABLE = frozenset(SORTS)
#: Who acts, as the badge of a line says it.
HOLDERS = {
    Holder.EDITOR: "Éditeur",
    Holder.PRODUCER: "Producteur",
    Holder.LISTING_TEAM: "Équipe",
    Holder.EXPERTS: "Experts",
    Holder.TESTS: "Équipe de tests",
    Holder.COMMISSION: "Commission",
    Holder.MINISTRY: "Ministère",
    Holder.NOBODY: "",
}


@dataclass(frozen=True, slots=True)
class QuickView:
    """A tab that everybody has; `roles` says for whom it makes sense, empty for all."""

    key: str
    label: str
    filter: QueueFilter
    roles: tuple[Role, ...] = ()
    shortcut: str = ""


QUICK_VIEWS = (
    QuickView("en-cours", "En cours", QueueFilter()),
    QuickView(
        "a-prendre", "À prendre en charge", QueueFilter(states=(CandidatureState.APPLIED,)), (Role.LISTING_TEAM,)
    ),
    QuickView("mes-dossiers", "Mes dossiers", QueueFilter(assignees=(ME,)), (Role.LISTING_TEAM, Role.EXPERT)),
    QuickView("en-retard", "En retard", QueueFilter(is_late=True), shortcut="r"),
    QuickView("toutes", "Toutes", QueueFilter(with_closed=True)),
)


KEYS = (
    ("r", "Candidatures en retard, la plus ancienne en premier"),
    ("↓", "Entrer dans la liste, puis ligne suivante"),
    ("Entrée", "Ouvrir la candidature"),
    ("?", "Cette aide"),
)


def require_agent(request: SignedInRequest) -> None:
    """Back-office people; which files each of them sees is said by `visible_to`."""
    if not request.user.access.is_agent:
        raise PermissionDenied("agents")


def require_team(request: SignedInRequest) -> None:
    if not is_listing_team(request.user, None):
        raise PermissionDenied("listing_team")


def queue_address(asked: QueueFilter, *, view: str = "", page: str = "") -> str:
    """The page of the queue with this filter; `view` marks the tab that one came by, `page` where the list begins."""
    address = _write_address(asked, view)
    return f"{address}&{urlencode({'page': page})}" if page else address


@lru_cache(maxsize=1024)
def _write_address(asked: QueueFilter, view: str) -> str:
    """Each page holds some thirty of them, mostly the same for everybody."""
    parameters = [("vue", view), *list_parameters(asked)] if view else list_parameters(asked)
    return f"{reverse('candidature:candidature_list')}?{urlencode(parameters or [('vue', QUICK_VIEWS[0].key)])}"


def read_filter(parameters: QueryDict) -> QueueFilter:
    return parse_filter(dict(parameters.lists()), CODES)


@require_GET
@login_required
def candidature_list(request: SignedInRequest) -> HttpResponse:
    """The queue: a page of files, the filters that keep them, the views that name filters."""
    require_agent(request)
    choices = load_choices(request.user)
    if not request.GET and (opened := next((v for v in choices.views if v.pk == choices.default_view), None)):
        return redirect(f"{reverse('candidature:candidature_list')}?{saved_query(opened.pk, opened.query)}")
    asked = read_filter(request.GET)
    view = request.GET.get("vue", "")
    today = timezone.localdate()
    cursor = read_cursor(request.GET.get("page", ""), salt=CURSOR_SALT)
    found = read_page(request.user, asked, today=today, demarches=choices.demarche_keys, cursor=cursor)
    show = Shown(request.user, asked, today)
    is_team = is_listing_team(request.user, None)
    current = next((saved for saved in choices.views if str(saved.pk) == view), None)
    own = current if current and current.is_mine else None
    return render(
        request,
        "candidature/candidature_list.html",
        {
            "tabs": list(list_tabs(request.user, asked, view, choices)),
            "keys": KEYS,
            "view": view,
            "filters": list_filters(asked, choices, view=own.pk if own else None),
            "columns": show.columns(view),
            "rows": show.rows(found.slice.rows),
            "tags": [FilterTag(label, queue_address(less, view=view)) for label, less in list_tags(asked, choices)],
            "clear_url": queue_address(QueueFilter(sort=asked.sort, columns=asked.columns)),
            "count": (count := say_count(found.count)),
            "caption": f"Candidatures : {count}",
            "page": show.page(found, cursor, view),
            "is_empty_beyond": not found.slice.rows and found.count > 0,
            "first_url": queue_address(asked, view=view),
            "wider_url": "" if asked.with_closed or asked.states else queue_address(replace(asked, with_closed=True)),
            "is_filtering": asked.is_filtering,
            "save_url": f"{reverse('candidature:queue_view_create')}?{write_filter(asked)}",
            "current_view": current,
            "own_view": own,
            "is_changed": own is not None and write_filter(read_filter(QueryDict(own.query))) != write_filter(asked),
            "update_url": f"{reverse('candidature:queue_view_update', args=[own.pk])}?maj=1&{write_filter(asked)}"
            if own
            else "",
            "may_read_workload": request.user.access.reads_every_file,
            "may_assign": is_team,
            "pick": "c" if is_team else "",
            "targets": list_targets(choices) if is_team else (),
            "query": write_filter(asked),
            "batch_limit": MAX_MOVES,
            "is_batchable": len(found.slice.rows) < found.count <= MAX_MOVES,
        },
    )


def saved_query(pk: int, query: str) -> str:
    return f"vue={pk}&{query}" if query else f"vue={pk}"


def list_sorts(asked: QueueFilter) -> list[tuple[str, str, bool]]:
    """The orders offered, with the one applied, which may come from a header."""
    offered = SORT_CHOICES
    if asked.sort_token not in dict(SORT_CHOICES):
        offered = ((asked.sort_token, f"{LABELS[asked.sort]} (ordre inverse)"), *SORT_CHOICES)
    return [(token, label, token == asked.sort_token) for token, label in offered]


def say_count(count: int) -> str:
    """« 12 candidatures », « 1 000+ candidatures »."""
    if count > COUNT_LIMIT:
        return f"{format_number(COUNT_LIMIT)}+{NBSP}candidatures"
    return f"{format_number(count)}{NBSP}{'candidature' if count < 2 else 'candidatures'}"


def list_tabs(user: User, asked: QueueFilter, view: str, choices: QueueChoices) -> Iterator[dict[str, Any]]:
    """Quick views, then the person’s own and the shared ones; current while its filter is the one applied."""
    for quick in QUICK_VIEWS:
        if not quick.roles or user.access.has(*quick.roles):
            same = replace(quick.filter, columns=asked.columns, sort=asked.sort, is_descending=asked.is_descending)
            yield {
                "label": quick.label,
                "url": queue_address(quick.filter, view=quick.key),
                "is_current": same == asked and (not view.isdecimal()),
                "hint": "",
                "shortcut": quick.shortcut,
            }
    for saved in choices.views:
        yield {
            "label": saved.name,
            "url": f"{reverse('candidature:candidature_list')}?{saved_query(saved.pk, saved.query)}",
            "is_current": str(saved.pk) == view,
            "hint": "" if saved.is_mine else "vue partagée",
            "shortcut": "",
        }


Choice = tuple[str, str, bool]
"""What an address says, its label, whether it is chosen."""


@dataclass(frozen=True, slots=True)
class Group:
    """One filter as boxes; `name` is its name in the address."""

    name: str
    legend: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """The form above the list as one value, so that the same form is written once (`{% kept %}`)."""

    view: int | None
    text: str
    sorts: tuple[Choice, ...]
    groups: tuple[Group, ...]
    flags: tuple[Choice, ...]
    choosable: tuple[Choice, ...]
    applied: int


def list_filters(asked: QueueFilter, choices: QueueChoices, *, view: int | None) -> Filters:
    """Every filter with what it offers; `view` is the person’s own view that is open."""
    people = [(ME, "Moi"), (NOBODY, "Sans référent"), *choices.people]
    groups: list[tuple[str, str, tuple[str, ...], Sequence[tuple[str, str]]]] = [
        ("etat", "État", asked.states, STATES),
        ("attend", "À qui d’agir", asked.holders, [(str(code), label) for code, label in HOLDERS.items() if label]),
        ("agent", "Référent ou expert", asked.assignees, people),
        ("theme", "Thème", asked.themes, THEMES),
        ("demarche", "Démarche", asked.demarches, [(code, title) for code, (_, title) in choices.demarches.items()]),
    ]
    return Filters(
        view=view,
        text=asked.text,
        sorts=tuple(list_sorts(asked)),
        groups=tuple(
            Group(name, legend, tuple((value, label, value in chosen) for value, label in pairs))
            for name, legend, chosen, pairs in groups
            if pairs
        ),
        flags=(
            ("retard", "En retard", asked.is_late),
            ("closes", "Inclure les candidatures closes", asked.with_closed),
        ),
        choosable=tuple((code, LABELS[code], code in asked.columns) for code in LABELS if code != "produit"),
        applied=sum(1 for _ in list_tags(asked, choices)),
    )


def list_tags(asked: QueueFilter, choices: QueueChoices) -> Iterator[tuple[str, QueueFilter]]:
    """Each applied value in words, and the filter without it."""
    if asked.text:
        yield f"« {asked.text} »", without(asked, "text")
    people = {ME: "Moi", NOBODY: "Sans référent", **dict(choices.people)}
    titles = {code: title for code, (_, title) in choices.demarches.items()}
    words: list[tuple[str, str, Callable[[str], str]]] = [
        ("states", "", lambda code: str(CandidatureState(code).label)),
        ("holders", "Attend : ", lambda code: HOLDERS[Holder(code)] or "personne"),
        ("assignees", "", lambda code: people.get(code, "Personne inconnue")),
        ("themes", "Thème : ", lambda code: str(Theme(code).label)),
        ("demarches", "", lambda code: titles.get(code, code)),
    ]
    for field, prefix, say in words:
        for value in getattr(asked, field):
            yield f"{prefix}{say(value)}", without(asked, field, value)
    if asked.is_late:
        yield "En retard", without(asked, "is_late")
    if asked.with_closed:
        yield "Closes comprises", without(asked, "with_closed")


Target = tuple[str, tuple[tuple[str, str], ...]]
"""A legend with its people: value and name."""


def list_targets(choices: QueueChoices) -> tuple[Target, ...]:
    """To whom files may be given."""
    groups: list[Target] = [("Référent", tuple((f"{REFERENT}:{key}", name) for key, name in choices.team))]
    for theme, label in THEMES:
        experts = choices.experts.get(theme, ())
        groups.append((f"Expert – {label}", tuple((f"{theme}:{key}", name) for key, name in experts)))
    return tuple(group for group in groups if group[1])


@dataclass(frozen=True, slots=True)
class Shown:
    """How lines are shown to one person."""

    user: User
    asked: QueueFilter
    today: date

    def columns(self, view: str) -> list[Column]:
        codes = ("produit", *self.asked.columns)
        return [
            Column(
                LABELS[code],
                sort_url=queue_address(sorted_by(self.asked, code), view=view) if code in SORTABLE else "",
                direction=("descending" if self.asked.is_descending else "ascending")
                if code == self.asked.sort
                else "",
            )
            for code in codes
        ]

    def rows(self, found: Sequence[dict[str, Any]]) -> list[Row]:
        url = address_of_each("candidature:candidature_detail")
        return [self._row(row, url(row["pk"])) for row in found]

    def _row(self, row: dict[str, Any], url: str) -> Row:
        version = row["version"] if row["version"][:1] in "vV" else f"v{row['version']}"
        return Row(
            cells=[row["name"], *(CELLS[code](self, row) for code in self.asked.columns)],
            url=url,
            key=str(row["pk"]),
            detail=f"{version} – n°{NBSP}{row['number']}",
            is_unread=row["is_unread"],
        )

    def holder(self, row: dict[str, Any]) -> Badge | str:
        holder = Holder(row["waiting_for"])
        judges = {each["expert_id"] for each in row.get("reviews_data", ())}
        is_mine = (holder == Holder.LISTING_TEAM and row["referent_id"] == self.user.pk) or (
            holder == Holder.EXPERTS and str(self.user.pk) in judges
        )
        if is_mine:
            return Badge("À vous", tone="new")
        return Badge(HOLDERS[holder], tone="neutral") if HOLDERS[holder] else ""

    def due(self, row: dict[str, Any]) -> str:
        if row["due_on"] is None or row["state"] not in OPEN_STATES:
            return ""
        return write_due(row["due_on"], self.today)

    def page(self, found: QueuePage, cursor: Cursor | None, view: str) -> Page:
        def address(to: Cursor | None) -> str:
            return queue_address(self.asked, view=view, page=to.write(salt=CURSOR_SALT)) if to else ""

        return Page(previous_url=address(found.slice.previous), next_url=address(found.slice.next))


def write_review(review: dict[str, Any]) -> str:
    theme = dict(THEMES).get(review["theme"], review["theme"])
    return f"{theme}{NBSP}: {review['expert'].strip() or 'à désigner'}"


@lru_cache(maxsize=512)
def write_due(due_on: date, today: date) -> str:
    """« Dans 3 jours » with its day; many lines of a list share it."""
    full = format_date(due_on)
    return format_html(
        '<time datetime="{}" title="{}" data-full="{}" class="{}">{}</time>',
        due_on.isoformat(),
        full,
        full,
        "ui-late" if due_on < today else "",
        say_due(due_on, today=today),
    )


#: The value of each column that may be shown, beside the product.
CELLS: dict[str, Callable[[Shown, dict[str, Any]], Any]] = {
    "structure": lambda show, row: row["organisation"],
    "reference": lambda show, row: row["reference"],
    "etat": lambda show, row: state_badge(row["state"]),
    "attend": Shown.holder,
    "echeance": Shown.due,
    "referent": lambda show, row: row["referent_name"].strip(),
    "experts": lambda show, row: [write_review(each) for each in row.get("reviews_data", ())],
    "demarche": lambda show, row: row["demarche"],
    "depot": lambda show, row: row["applied_at"],
    "activite": lambda show, row: row["last_event_at"],
}


@require_POST
@login_required
def queue_read(request: SignedInRequest) -> HttpResponse:
    """« Tout marquer comme lu »."""
    require_agent(request)
    mark_all_read(person=request.user)
    messages.success(request, "Toutes les candidatures sont marquées comme lues.")
    return redirect(queue_address(read_filter(QueryDict(request.POST.get("filtre", "")))))


@require_http_methods(["GET", "POST"])
@login_required
def queue_view_create(request: SignedInRequest) -> HttpResponse:
    """Give a name to the filters that are applied."""
    require_agent(request)
    query = write_filter(read_filter(request.GET))
    return _edit_view(request, None, query)


@require_http_methods(["GET", "POST"])
@login_required
def queue_view_update(request: SignedInRequest, pk: int) -> HttpResponse:
    """Rename, share, replace the filters by those of the address, open the queue on it."""
    require_agent(request)
    view = get_object_or_404(QueueView.objects.visible_to(request.user), pk=pk)
    is_replacing = "maj" in request.GET
    return _edit_view(request, view, write_filter(read_filter(request.GET)) if is_replacing else view.query)


def _edit_view(request: SignedInRequest, view: QueueView | None, query: str) -> HttpResponse:
    person = request.user
    choices = load_choices(person)
    form = QueueViewForm(
        request.POST or None if request.method == "GET" else request.POST,
        person=person,
        view=view,
        is_default=view is not None and choices.default_view == view.pk,
    )
    if request.method == "POST" and form.is_valid():
        saved = save_view(view=view, person=person, query=query, **form.choices())
        messages.success(request, f"La vue « {saved.name} » est enregistrée.")
        return redirect(f"{reverse('candidature:candidature_list')}?{saved_query(saved.pk, saved.query)}")
    asked = read_filter(QueryDict(query))
    return render(
        request,
        "candidature/queue_view.html",
        {
            "form": form,
            "saved": view,
            "is_owner": view is None or view.owner_id == person.pk,
            "words": [label for label, _ in list_tags(asked, choices)] or ["Toutes les candidatures en cours"],
            "sort": next(label for _, label, is_chosen in list_sorts(asked) if is_chosen),
            "columns": [LABELS[code] for code in asked.columns],
            "back_url": queue_address(asked),
        },
        status=422 if request.method == "POST" else 200,
    )


@require_http_methods(["GET", "POST"])
@login_required
def queue_view_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """One’s own views only; a shared one disappears for everybody, and the page says so."""
    require_agent(request)
    view = get_object_or_404(QueueView, pk=pk, owner=request.user)
    if request.method == "POST":
        delete_view(view=view, person=request.user)
        messages.success(request, f"La vue « {view.name} » est supprimée.")
        return redirect(queue_address(QueueFilter()))
    action = Action(
        "Supprimer la vue",
        reverse("candidature:queue_view_delete", args=[pk]),
        confirm_title=f"Supprimer la vue « {view.name} »",
        confirm_text="Vos collègues ne la verront plus non plus. Aucune candidature n’est modifiée."
        if view.is_shared
        else "Aucune candidature n’est modifiée.",
    )
    return render_confirmation(request, action, cancel_url=reverse("candidature:queue_view_update", args=[pk]))


def breadcrumbs(*labels: str) -> list[Link]:
    return [Link("Candidatures", reverse("candidature:candidature_list")), *(Link(label) for label in labels)]
