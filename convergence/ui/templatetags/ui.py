"""Tags and filters of every page: each component takes values and renders `templates/components/<name>.html`.

How to use them, with examples: `docs/ui.md`; every one in every state: the staff page `/ui/`.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from secrets import token_hex
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from convergence.kernel.errors import Blocker
from convergence.ui import diff, fields, markdown, radar, typography
from convergence.ui.values import Action, Badge, Column, FilterTag, Item, Link, Page, Progress, Row, Series, Step, Tile
from convergence.ui.values import TimelineEntry as Entry

register = template.Library()

TONE_ICONS = {"neutral": "", "info": "info-fill", "success": "success-fill", "warning": "warning-fill",
              "error": "error-fill", "new": "flashlight-fill"}  # fmt: skip
STEP_WORDS = {"done": "complétée", "current": "en cours", "waiting": "en attente", "upcoming": "à venir"}
STEP_ICONS = {"done": "checkbox-circle-fill", "current": "edit-circle-fill", "waiting": "time-line",
              "upcoming": "circle-line"}  # fmt: skip
EMPTY_CELL = format_html('<span aria-hidden="true">–</span><span class="fr-sr-only">{}</span>', "Non renseigné")
NUMBER = SafeString(' class="ui-table__number"')
ROW_STARTS = {  # whether it leads somewhere, whether it holds something unread
    (False, False): SafeString("<tr"),
    (False, True): SafeString('<tr class="ui-table__row--unread"'),
    (True, False): SafeString('<tr class="ui-table__row--link" data-row'),
    (True, True): SafeString('<tr class="ui-table__row--link ui-table__row--unread" data-row'),
}


#: Stands for the CSRF token in what is rendered for everybody; nobody can write it into a page.
TOKEN = token_hex()


@register.simple_tag(takes_context=True)
def kept(context: Context, template_name: str, **values: Hashable) -> SafeString:
    """`{% kept "components/header.html" chrome=chrome %}`: a part that comes back with every page and depends on few plain
    values, rendered once for each. It sees these values and `csrf_token`, nothing else of the page."""
    html, pattern = _render_kept(template_name, tuple(values.items()))
    return format_html(pattern, context["csrf_token"]) if pattern else html


@lru_cache(maxsize=512)
def _render_kept(template_name: str, values: tuple[tuple[str, Hashable], ...]) -> tuple[SafeString, str]:
    """The part; then, if it holds a token, what `format_html` makes it of again: braces doubled, `{0}` for the token.

    A page without form must not ask for its token: that would set a cookie, and nobody could keep the page.
    """
    html = render_to_string(template_name, {"csrf_token": TOKEN, **dict(values)})
    pattern = html.replace("{", "{{").replace("}", "}}").replace(TOKEN, "{0}") if TOKEN in html else ""
    return html, pattern


def _context(context: Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a component with a form needs from the page: its CSRF token, nothing else."""
    return {"csrf_token": context.get("csrf_token", ""), **values}


# --- states and actions -------------------------------------------------------------------------------------------


@register.inclusion_tag("components/listed_banner.html")
def listed_banner(on: date) -> dict[str, Any]:
    """« Dossier référencé », with the date of the listing (SC-20)."""
    return {"on": on}


@register.simple_tag
def state_badge(state: Badge | str, tone: str = "neutral", icon: str = "", small: bool = False) -> SafeString:
    if isinstance(state, Badge):
        return _render_badge(str(state.label), state.tone, state.icon, small)
    return _render_badge(str(state), tone, icon, small)


@lru_cache(maxsize=512)
def _render_badge(label: str, tone: str, icon: str, small: bool) -> SafeString:
    """States are few and stand on every line of every list."""
    values = {"label": label, "tone": tone, "icon": icon or TONE_ICONS[tone], "small": small}
    return render_to_string("components/state_badge.html", values)


@register.inclusion_tag("components/blocker_list.html")
def blocker_list(
    blockers: Iterable[Blocker], title: str = "Il reste à faire :", heading_level: int = 3
) -> dict[str, Any]:
    """Every reason at once, each linked to what mends it when something can."""
    reasons = [Link(label=blocker.message, url=blocker.anchor) for blocker in blockers]
    return {"reasons": reasons, "title": title, "heading_level": heading_level}


@register.inclusion_tag("components/transition_button.html", takes_context=True)
def transition_button(context: Context, action: Action) -> dict[str, Any]:
    key = action.key or slugify(action.url.replace("/", "-")) or slugify(action.label)
    return _context(context, {"action": action, "modal_id": f"modal-{key}"})


@register.inclusion_tag("components/ball.html")
def ball(who: str, what: str = "", until: date | None = None, mine: bool = False) -> dict[str, Any]:
    """The sentence that says who has the ball: « Vous » + « devez compléter la fiche » + date; `mine` marks it as yours."""
    day = timezone.localdate(until) if isinstance(until, datetime) else until
    is_past = day is not None and day < timezone.localdate()
    icon = "play-circle-fill" if mine else "time-line"
    return {"who": who, "what": what, "until": until, "is_past": is_past, "icon": icon}


@register.inclusion_tag("components/breadcrumb.html")
def breadcrumb(*pairs: Any) -> dict[str, Any]:
    """`{% breadcrumb "Vos produits" products_url product.name "" %}`: label and address in turn; or one list of Link."""
    if len(pairs) == 1 and not isinstance(pairs[0], str):
        return {"links": list(pairs[0])}
    labels, urls = pairs[0::2], [*pairs[1::2], ""]
    return {"links": [Link(str(label), str(url)) for label, url in zip(labels, urls, strict=False)]}


@register.inclusion_tag("components/copy_button.html")
def copy_button(text: str, label: str = "Copier") -> dict[str, Any]:
    return {"text": text, "label": label}


# --- forms --------------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm, *others: BaseForm, title: str = "") -> dict[str, Any]:
    """The summary on top of a refused form; several forms of one page share one summary."""
    errors = fields.summarise((form, *others))
    return {"errors": errors, "title": title or fields.summary_title(len(errors))}


@register.simple_tag
def field(bound: BoundField, hint: str = "", label: str = "", inline: bool = False) -> str:
    """Label, hint, control and error of one field in DSFR; hidden fields come out bare."""
    return fields.render(bound, hint=hint, label=label, inline=inline)


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: BaseForm, note: bool = True) -> dict[str, Any]:
    """All fields of a form in order, with the note on asterisks when one is mandatory."""
    required = any(bound.field.required for bound in form.visible_fields())
    return {"form": form, "note": note and required}


@register.inclusion_tag("components/required_note.html")
def required_note() -> dict[str, Any]:
    return {}


@register.inclusion_tag("components/autosave_status.html")
def autosave_status(text: str = "") -> dict[str, Any]:
    """The line where autosave says its state; put one inside the form that carries `data-autosave-url`."""
    return {"text": text}


# --- showing where one stands -------------------------------------------------------------------------------------


@register.inclusion_tag("components/progress_panel.html")
def progress_panel(progress: Progress, id: str = "progress", heading_level: int = 2) -> dict[str, Any]:
    return {"progress": progress, "id": id, "heading_level": heading_level, "left": progress.total - progress.done}


@register.inclusion_tag("components/stepper.html")
def stepper(steps: Sequence[Step], label: str = "Étapes") -> dict[str, Any]:
    rows = [
        {"step": step, "number": number, "word": STEP_WORDS[step.state], "icon": STEP_ICONS[step.state]}
        for number, step in enumerate(steps, start=1)
    ]
    return {"rows": rows, "label": label}


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Sequence[Entry], label: str = "Avancement") -> dict[str, Any]:
    rows = [{"entry": e, "word": STEP_WORDS[e.state], "icon": STEP_ICONS[e.state]} for e in entries]
    return {"rows": rows, "label": label}


@register.inclusion_tag("components/tile.html")
def tile(value: Tile, heading_level: int = 3) -> dict[str, Any]:
    return {"tile": value, "heading_level": heading_level}


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str, text: str = "", action_label: str = "", action_url: str = "", heading_level: int = 2
) -> dict[str, Any]:
    return {"title": title, "text": text, "action": Link(action_label, action_url), "heading_level": heading_level}


# --- lists --------------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/data_table.html")
def data_table(
    columns: Sequence[Column | str],
    rows: Sequence[Row | Sequence[Any]],
    caption: str,
    show_caption: bool = True,
    pick: str = "",
    dense: bool = False,
) -> dict[str, Any]:
    """A table that becomes cards under 768 px; `caption` names it (hidden from sight with `show_caption=False`).

    `pick` is the name of the boxes that choose rows, inside a form. `dense` is for a list where people spend their day:
    narrow lines, first cell on its own in a card, entered by the down arrow from anywhere on the page.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    body = _write_rows(heads, [row if isinstance(row, Row) else Row(cells=row) for row in rows], pick, dense)
    return {
        "columns": heads,
        "body": body,
        "caption": caption,
        "show_caption": show_caption,
        "pick": pick,
        "dense": dense,
    }


UNREAD = SafeString('<span class="ui-unread"><span class="fr-sr-only">Non lue :</span></span>')
MAIN = SafeString('<td class="ui-table__main">')
PICK = (
    '<td class="ui-table__tick"><div class="fr-checkbox-group fr-checkbox-group--sm">'
    '<input type="checkbox" id="{name}-{key}" name="{name}" value="{key}"><label class="fr-label" for="{name}-{key}">'
    '<span class="fr-sr-only">Sélectionner {label}</span></label></div></td>'
)


def _write_rows(columns: Sequence[Column], rows: Sequence[Row], pick: str, dense: bool) -> SafeString:
    """The lines of a table, written here for the same reason as cells: a list is mostly made of them."""
    starts = [format_html('<td data-label="{}"{}>', each.label, NUMBER if each.numeric else "") for each in columns]
    if dense and starts:
        starts[0] = MAIN
    line = "{}{}>{}" + "{}{}</td>" * len(starts) + "</tr>"
    return format_html_join("\n", line, (_write_row(row, starts, pick) for row in rows))


def _write_row(row: Row, starts: Sequence[SafeString], pick: str) -> list[str]:
    """Start of the line, its anchor, its box, then each cell with its start; text is escaped by whoever joins them."""
    values = [cell(value) for value in row.cells]
    box = ""
    if row.url and values:
        # the row's own link wraps the first cell, and links do not nest
        label = row.cells[0].label if isinstance(row.cells[0], Link) else values[0]
        values[0] = format_html('<a class="ui-table__link" href="{}">{}</a>', row.url, label)
        box = format_html(PICK, name=pick, key=row.key, label=label) if pick else ""
    if row.detail:
        values[0] = format_html('{}<span class="ui-table__detail">{}</span>', values[0], row.detail)
    if row.is_unread:
        values[0] = format_html("{}{}", UNREAD, values[0])
    anchor = format_html(' id="row-{}"', row.key) if row.key else ""
    cells = [each for pair in zip(starts, values, strict=True) for each in pair]
    return [ROW_STARTS[bool(row.url), row.is_unread], anchor, box, *cells]


@register.simple_tag
def cell(value: Any) -> str:
    """One value as people read it: badge, link, date, number, text, list of those; nothing shows as a dash.

    A list page is a thousand cells: they are written here, without a template each.
    """
    match value:
        case None | "":
            return EMPTY_CELL
        case str():
            return value
        case bool():
            return "Oui" if value else "Non"
        case datetime():
            return ago(value)
        case date():
            return fr_date(value)
        case int() | float() | Decimal():
            return fr_number(value)
        case Badge():
            return state_badge(value, small=True)
        case Link():
            return (
                format_html('<a class="fr-link" href="{}">{}</a>', value.url, value.label) if value.url else value.label
            )
        case list() | tuple():
            items = format_html_join("", "<li>{}</li>", ((cell(one),) for one in value))
            return format_html('<ul class="ui-cell-list">{}</ul>', items)
        case _:
            return str(value)


@register.inclusion_tag("components/pagination.html")
def pagination(page: Page, label: str = "Pagination") -> dict[str, Any]:
    return {"page": page, "label": label}


@register.inclusion_tag("components/filter_tags.html")
def filter_tags(tags: Sequence[FilterTag], clear_url: str = "", count: str = "") -> dict[str, Any]:
    return {"tags": tags, "clear_url": clear_url, "count": count}


@register.inclusion_tag("components/definition_list.html")
def definition_list(items: Sequence[Item | tuple[str, Any]], title: str = "", heading_level: int = 2) -> dict[str, Any]:
    """A record says the whole moment (« Proposé le 8 juillet 2024 à 18 h 27 »); only lists say « il y a 3 jours »."""
    rows = [item if isinstance(item, Item) else Item(*item) for item in items]
    rows = [replace(row, value=fr_datetime(row.value)) if isinstance(row.value, datetime) else row for row in rows]
    return {"items": rows, "title": title, "heading_level": heading_level}


# --- comparing and drawing ----------------------------------------------------------------------------------------


@register.inclusion_tag("components/diff_text.html")
def diff_text(before: str, after: str, before_label: str = "Avant", after_label: str = "Après") -> dict[str, Any]:
    removed, added = diff.compare(before, after)
    return {"removed": removed, "added": added, "before_label": before_label, "after_label": after_label,
            "is_same": before == after}  # fmt: skip


@register.inclusion_tag("components/conflict.html")
def conflict(label: str, theirs: str, mine: str, actor: str, at: datetime) -> dict[str, Any]:
    """A stale save: both texts, and the two ways out (autosave acts on the buttons; without scripts, send again)."""
    return {"label": label, "theirs": theirs, "mine": mine, "actor": actor, "at": at}


@register.inclusion_tag("components/radar.html", name="radar")
def radar_chart(
    title: str, axes: Sequence[str], series: Sequence[Series], maximum: float = 100, unit: str = "", id: str = "radar"
) -> dict[str, Any]:
    """Two series at most; the same figures follow in a table. `axes` needs three labels or more."""
    return {"chart": radar.draw(axes, series, maximum=maximum), "title": title, "axes": axes, "series": series,
            "table": radar.tabulate(axes, series), "maximum": maximum, "unit": unit, "id": id}  # fmt: skip


# --- modal --------------------------------------------------------------------------------------------------------


class ModalNode(template.Node):
    def __init__(self, nodelist: template.NodeList, id_: Any, title: Any, icon: Any) -> None:
        self.nodelist, self.id, self.title, self.icon = nodelist, id_, title, icon

    def render(self, context: Context) -> SafeString:
        values = {
            "id": self.id.resolve(context),
            "title": self.title.resolve(context),
            "icon": self.icon.resolve(context) if self.icon else "",
            "content": self.nodelist.render(context),
        }
        return render_to_string("components/modal.html", values)


@register.tag
def modal(parser: template.base.Parser, token: template.base.Token) -> ModalNode:
    """`{% modal "id" "Titre" %}…{% endmodal %}`: opened by a link `data-modal="id"` whose href is the page twin."""
    bits = token.split_contents()[1:]
    if len(bits) not in (2, 3):
        raise template.TemplateSyntaxError("modal takes an id, a title and perhaps an icon")
    expressions = [parser.compile_filter(bit) for bit in bits]
    nodelist = parser.parse(("endmodal",))
    parser.delete_first_token()
    return ModalNode(nodelist, expressions[0], expressions[1], expressions[2] if len(bits) == 3 else None)


# --- filters ------------------------------------------------------------------------------------------------------


@register.filter
def fr_date(value: date | None) -> str:
    return typography.format_date(value) if value else ""


@register.filter
def fr_datetime(value: datetime | None) -> str:
    return typography.format_datetime(value) if value else ""


@register.filter
def fr_time(value: datetime | None) -> str:
    return typography.format_time(value) if value else ""


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """« il y a 3 jours » in a `<time>` whose title (and print) holds the full date."""
    if not value:
        return ""
    local = typography.in_paris(value)
    full = typography.format_datetime(local)
    words = typography.format_ago(value, now=timezone.now())
    at = local.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}" data-full="{}">{}</time>', at, full, full, words)


@register.filter
def fr_number(value: int | float | Decimal | None, decimals: int | None = None) -> str:
    return "" if value is None or value == "" else typography.format_number(value, decimals)


@register.filter
def percent(value: int | float | Decimal | None, decimals: int = 0) -> str:
    return "" if value is None or value == "" else typography.format_percent(value, decimals)


@register.filter
def nbsp(value: str) -> str:
    return typography.join_no_break(str(value))


@register.filter(name="markdown")
def markdown_filter(value: str) -> SafeString:
    return markdown.to_html(str(value))


@register.filter
def plural(count: int, words: str) -> str:
    """`3|plural:"critère,critères"` → « 3 critères »; in French zero and one are singular."""
    singular, _, many = words.partition(",")
    return f"{typography.format_number(count)}{typography.NBSP}{singular if abs(count) < 2 else many}"
