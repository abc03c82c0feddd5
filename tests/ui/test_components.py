"""Components show the values they are given, and escape whatever people typed."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import timezone

from convergence.kernel.errors import Blocker
from convergence.ui.chrome import Chrome, Person
from convergence.ui.templatetags import ui
from convergence.ui.values import (
    Action,
    Badge,
    Column,
    FilterTag,
    Item,
    Link,
    Page,
    Progress,
    Row,
    Series,
    Step,
    Tile,
    TimelineEntry,
)

HOSTILE = "<script>alert('x')</script>\"'&"
AT = datetime(2024, 7, 8, 16, 27, tzinfo=UTC)


def render(source: str, **values) -> str:
    return Template("{% load ui %}" + source).render(Context({"csrf_token": "token", **values}))


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


# Every component given hostile text wherever it takes text.
HOSTILE_CASES = {
    "state_badge": ("{% state_badge x %}", {"x": Badge(HOSTILE)}),
    "ball": ("{% ball x x %}", {"x": HOSTILE}),
    "breadcrumb": ("{% breadcrumb x x x '' %}", {"x": HOSTILE}),
    "blocker_list": ("{% blocker_list x title=t %}", {"x": [Blocker("c", HOSTILE, HOSTILE)], "t": HOSTILE}),
    "transition_button": ("{% transition_button x %}", {"x": Action(HOSTILE, HOSTILE, hidden={HOSTILE: HOSTILE})}),
    "confirmed_button": (
        "{% transition_button x %}",
        {"x": Action(HOSTILE, "/", confirm_url=HOSTILE, confirm_title=HOSTILE, confirm_text=HOSTILE)},
    ),
    "progress_panel": ("{% progress_panel x %}", {"x": Progress(HOSTILE, 1, 1, 2, HOSTILE, [Link(HOSTILE, HOSTILE)])}),
    "stepper": ("{% stepper x label=t %}", {"x": [Step(HOSTILE, "done", HOSTILE)], "t": HOSTILE}),
    "timeline": ("{% timeline x %}", {"x": [TimelineEntry(HOSTILE, "done", HOSTILE, HOSTILE, AT, HOSTILE, HOSTILE)]}),
    "tile": (
        "{% tile x %}",
        {"x": Tile(HOSTILE, HOSTILE, HOSTILE, HOSTILE, Badge(HOSTILE), HOSTILE, [HOSTILE], [Link(HOSTILE, HOSTILE)])},
    ),
    "empty_state": ("{% empty_state x x x x %}", {"x": HOSTILE}),
    "data_table": (
        "{% data_table c r x %}",
        {"c": [Column(HOSTILE, HOSTILE)], "r": [Row([HOSTILE], HOSTILE, HOSTILE)], "x": HOSTILE},
    ),
    "dense_table": (
        "{% data_table c r x pick='c' dense=True %}",
        {
            "c": [Column(HOSTILE, HOSTILE), HOSTILE],
            "r": [
                Row([HOSTILE, [HOSTILE]], HOSTILE, HOSTILE, HOSTILE, is_unread=True),
                Row([Link(HOSTILE, HOSTILE), Link(HOSTILE, HOSTILE)], HOSTILE, HOSTILE, HOSTILE),
            ],
            "x": HOSTILE,
        },
    ),
    "pagination": ("{% pagination x %}", {"x": Page(HOSTILE, HOSTILE, HOSTILE)}),
    "filter_tags": ("{% filter_tags x t t %}", {"x": [FilterTag(HOSTILE, HOSTILE)], "t": HOSTILE}),
    "definition_list": ("{% definition_list x title=t %}", {"x": [Item(HOSTILE, HOSTILE, HOSTILE)], "t": HOSTILE}),
    "diff_text": ("{% diff_text x y x x %}", {"x": HOSTILE, "y": HOSTILE + "y"}),
    "conflict": ("{% conflict x x x x a %}", {"x": HOSTILE, "a": AT}),
    "radar": ("{% radar x axes s unit=x id='r' %}", {"x": HOSTILE, "axes": [HOSTILE] * 3, "s": [Series(HOSTILE, [1, 2, 3])]}),
    "modal": ("{% modal 'm' x %}{{ x }}{% endmodal %}", {"x": HOSTILE}),
    "copy_button": ("{% copy_button x x %}", {"x": HOSTILE}),
    "autosave_status": ("{% autosave_status x %}", {"x": HOSTILE}),
    "filters": ("{{ x|nbsp }}{{ x|markdown }}", {"x": HOSTILE}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_CASES)
def test_hostile_text_is_escaped(name):
    source, values = HOSTILE_CASES[name]
    html = render(source, **values)
    assert "<script" not in html
    assert "alert(" in html  # the text is shown, not lost
    assert not re.search(r"""="[^"]*'x'""", html)  # and no quote ends an attribute early


def test_badge_says_its_state_with_tone_and_icon():
    html = render("{% state_badge 'À signer' tone='info' %}")
    assert text(html) == "À signer"
    assert "fr-badge--info" in html
    assert "fr-icon-info-fill" in html


def test_blockers_are_all_listed_and_linked():
    html = render("{% blocker_list x %}", x=[Blocker("a", "Un.", "#id_a"), Blocker("b", "Deux.")])
    assert 'href="#id_a"' in html
    assert text(html) == "Il reste à faire : Un. Deux."
    assert render("{% blocker_list x %}", x=[]).strip() == ""


def test_plain_action_posts_with_its_token_and_values():
    html = render("{% transition_button x %}", x=Action("Valider", "/go/", hidden={"version": "3"}))
    assert '<form method="post" action="/go/"' in html
    assert 'name="csrfmiddlewaretoken" value="token"' in html
    assert 'name="version" value="3"' in html


def test_confirmed_action_has_a_page_twin_and_a_modal_that_posts():
    action = Action("Transmettre la fiche", "/go/", confirm_url="/confirmer/", confirm_text="Elle partira.", key="k")
    html = render("{% transition_button x %}", x=action)
    assert 'href="/confirmer/" data-modal="modal-k"' in html
    assert '<dialog id="modal-k"' in html
    assert '<form method="post" action="/go/">' in html
    assert "Elle partira." in html


def test_progress_gives_percent_counter_and_remaining_anchors():
    html = render(
        "{% progress_panel x %}", x=Progress("Complétée à", 31, 3, 14, remaining=[Link("SIRET", "#id_siret")])
    )
    assert '<progress class="ui-progress__bar" value="31" max="100"' in html
    assert "3/14 questions obligatoires répondues" in text(html)
    assert 'href="#id_siret"' in html


def test_steps_say_their_state_in_words():
    html = render("{% stepper x %}", x=[Step("A", "done"), Step("B", "waiting"), Step("C", "upcoming")])
    assert text(html) == "Étape 1 A (complétée) Étape 2 B (en attente) Étape 3 C (à venir)"


def test_timeline_names_phase_actor_and_date():
    said = text(render("{% timeline x %}", x=[TimelineEntry("Convention", "done", "P3", "Éditeur", AT)]))
    assert said == "P3 Convention (complétée) Éditeur · 8 juillet 2024 à 18 h 27"


def test_table_labels_each_cell_for_cards_and_links_the_row():
    html = render(
        "{% data_table c r 'Produits' %}", c=["Produit", Column("Taille", numeric=True)], r=[Row(["A", 1234.5], "/a/")]
    )
    assert '<td data-label="Produit">' in html
    assert '<a class="ui-table__link" href="/a/">' in html
    assert "1\u202f234,5" in html


def test_links_do_not_nest_when_the_row_leads_where_its_first_cell_does():
    html = render("{% data_table c r 'x' %}", c=["Produit"], r=[Row([Link("Mon carnet", "/a/")], "/a/")])
    assert html.count("<a ") == 1
    assert "Mon carnet" in text(html)


def test_sorted_column_says_so():
    html = render("{% data_table c r 'x' %}", c=[Column("Nom", "/?tri=nom", "descending")], r=[])
    assert 'aria-sort="descending"' in html


def test_dense_table_lets_one_choose_rows_and_says_what_is_unread():
    rows = [Row(["A", 1], "/a/", "k1", detail="v1", is_unread=True), Row(["B", 2], "/b/", "k2")]
    html = render("{% data_table c r 'x' pick='c' dense=True %}", c=["Produit", "Taille"], r=rows)

    assert 'data-keyboard-list="page"' in html
    assert '<input type="checkbox" id="c-k1" name="c" value="k1">' in html
    assert "Sélectionner A" in text(html)
    assert "Non lue : A v1" in text(html)
    assert html.count("ui-table__row--unread") == 1
    assert html.count("<th ") == 3


def test_kept_part_is_rendered_once_for_its_values_with_the_token_of_each_page(monkeypatch):
    rendered = []
    monkeypatch.setattr(ui, "render_to_string", lambda *given: rendered.append(given) or render_to_string(*given))
    chrome = Chrome(HOSTILE, "", "/", person=Person("1", "Zoé"), logout_url="/sortir/", notifications_url="/n/")
    source = '{% kept "components/user_menu.html" chrome=chrome place="top" %}'

    first = render(source, chrome=chrome, csrf_token="jeton-1")
    second = render(source, chrome=replace(chrome), csrf_token='jeton-2"')
    third = render(source, chrome=replace(chrome, unread_count=3))

    assert len(rendered) == 2
    assert 'value="jeton-1"' in first
    assert 'value="jeton-2&quot;"' in second
    assert "jeton-1" not in second
    assert "3 non lues" in text(third)


def test_row_of_another_length_than_its_head_is_refused():
    with pytest.raises(ValueError, match="zip"):
        render("{% data_table c r 'x' %}", c=["A", "B"], r=[["seul"]])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "– Non renseigné"),
        ("", "– Non renseigné"),
        (True, "Oui"),
        (0, "0"),
        (1234, "1 234"),
        (AT.date(), "8 juillet 2024"),
        (["a", "b"], "a b"),
        (Link("lien", "/x/"), "lien"),
    ],
)
def test_cell_shows_values_as_people_read_them(value, shown):
    assert text(render("{% cell x %}", x=value)) == shown


def test_radar_points_keep_their_decimal_point_in_french():
    html = render("{% radar 't' axes s %}", axes=["a", "b", "c"], s=[Series("s", [33.3, 66.6, 10])])
    for points in re.findall(r'(?:points|cx|cy|x1|x2|y2|viewBox)="([^"]*)"', html):
        assert re.fullmatch(r"[-\d. ]+(,[-\d.]+)?([ ,][-\d.]+,[-\d.]+)*", points), points
    assert "33,3" in html  # the table speaks French


def test_radar_is_titled_described_and_tabulated():
    html = render("{% radar 'Maturité' axes s unit=' %' %}", axes=["a", "b", "c"], s=[Series("Validé", [1, None, 3])])
    assert '<title id="radar-title">Maturité</title>' in html
    assert '<desc id="radar-desc">' in html
    assert text(html).count("Non renseigné") == 1


def test_a_record_says_the_whole_moment():
    moment = datetime(2024, 7, 8, 16, 27, tzinfo=UTC)
    html = render("{% definition_list x %}", x=[Item("Proposé le", moment), ("Fin", "")])
    assert "Proposé le 8 juillet 2024 à 18 h 27 Fin Non renseigné" in text(html).replace("\u00a0", " ")
    assert "<time" not in html


def test_ago_keeps_the_full_date_for_tooltip_and_print():
    html = render("{{ x|ago }}", x=timezone.now() - timedelta(days=3))
    assert "il y a 3\u00a0jours</time>" in html
    assert re.search(r'title="[^"]+ à \d+\u00a0h\u00a0\d\d" data-full=', html)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 critère"), (1, "1 critère"), (2, "2 critères"), (1200, "1 200 critères")]
)
def test_zero_and_one_are_singular(count, words):
    assert text(render("{{ x|plural:'critère,critères' }}", x=count)) == words
