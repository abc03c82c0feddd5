"""Pure parts: word differences, radar geometry, Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergence.ui import diff, markdown, radar
from convergence.ui.values import Series


@given(st.text(max_size=200), st.text(max_size=200))
def test_pieces_join_back_to_both_texts(before, after):
    removed, added = diff.compare(before, after)
    assert "".join(piece.text for piece in removed) == before
    assert "".join(piece.text for piece in added) == after


def test_only_changed_words_are_marked():
    removed, added = diff.compare("chiffre les données.", "chiffre toutes les données.")
    assert [piece.text for piece in removed if piece.is_changed] == []
    assert "".join(piece.text for piece in added if piece.is_changed).strip() == "toutes"


def test_very_long_texts_are_shown_as_changed_without_matching():
    long = "mot " * 5000
    removed, added = diff.compare(long, long + "fin")
    assert [piece.is_changed for piece in (*removed, *added)] == [True, True]


def test_first_axis_points_up_and_axes_turn_clockwise():
    top, right, bottom, left = (radar.place(index, 4, 1) for index in range(4))
    assert (top.x, top.y) == (radar.CENTRE, radar.CENTRE - radar.RADIUS)
    assert (right.x, right.y) == (radar.CENTRE + radar.RADIUS, radar.CENTRE)
    assert bottom.y > top.y
    assert left.x < right.x


def test_values_are_clipped_to_the_rim():
    chart = radar.draw(["a", "b", "c"], [Series("s", [250, -5, 50])], maximum=100)
    over, under, half = chart.shapes[0].points
    assert over == radar.place(0, 3, 1)
    assert under == radar.place(1, 3, 0)
    assert half == radar.place(2, 3, 0.5)


def test_unknown_value_leaves_the_shape_open():
    whole, partial = radar.draw("abc", [Series("s", [1, 2, 3]), Series("t", [1, None, 3])], maximum=3).shapes
    assert whole.is_closed
    assert not partial.is_closed
    assert len(partial.points) == 2
    assert whole.mark != partial.mark


@pytest.mark.parametrize(
    ("axes", "series", "maximum"),
    [
        (["a", "b"], [], 1),
        (["a", "b", "c"], [Series("s", [1, 2])], 1),
        (["a", "b", "c"], [Series("s", [1, 2, 3])] * 3, 1),
        (["a", "b", "c"], [Series("s", [1, 2, 3])], 0),
    ],
)
def test_impossible_radars_are_refused(axes, series, maximum):
    with pytest.raises(ValueError):  # noqa: PT011 — one class of refusal, four causes
        radar.draw(axes, series, maximum=maximum)


def test_markdown_keeps_structure():
    html = markdown.to_html("Lire le [guide](https://exemple.fr).\n\n- **un**\n- deux")
    assert '<a href="https://exemple.fr" rel="noopener noreferrer">guide</a>' in html
    assert "<strong>un</strong>" in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        '<a href="data:text/html,x">x</a>',
        "![x](https://exemple.fr/pixel.png)",
    ],
)
def test_markdown_lets_nothing_active_through(hostile):
    html = markdown.to_html(hostile)
    for forbidden in ("<script", "<img", '<a href="javascript', '<a href="data'):
        assert forbidden not in html
