from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from referencing.teamwork.core import NOTHING, Scope, compare, nearest, read_scope

names = st.text("abcRGPD.1-", min_size=1, max_size=6)
scopes = st.one_of(
    st.builds(Scope, names),
    st.builds(Scope, names, section=names),
    st.builds(lambda questionnaire, criterion: Scope(questionnaire, criterion=criterion), names, names),
)


@given(scopes)
def test_a_part_reads_back_as_it_was_written(scope):
    assert read_scope(scope.write()) == scope


def test_what_was_never_written_is_no_part():
    assert [read_scope(text) for text in ("", "ethique", "a|b", "|a|b", "a|b|c|d")] == [None] * 5


def test_the_narrowest_part_answers():
    items = [
        (Scope("ethique"), "whole"),
        (Scope("ethique", criterion="E.1"), "one"),
        (Scope("ethique", "S"), "section"),
    ]

    def who(section: str, criterion: str, questionnaire: str = "ethique") -> str | None:
        found = nearest(items, questionnaire=questionnaire, section=section, criterion=criterion)
        return found[1] if found else None

    assert who("S", "E.1") == "one"
    assert who("S", "E.2") == "section"
    assert who("T", "E.3") == "whole"
    assert who("S", "E.1", "rgpd") is None


def file(deposit: str, name: str = "a.pdf") -> dict[str, str]:
    return {"deposit": deposit, "type": "plan", "name": name}


def test_compare_tells_answers_comments_and_evidence_apart():
    before = {
        "A": {"value": {"level": "1"}, "comment": "", "evidence": []},
        "B": {"value": None, "comment": "vieux", "evidence": [file("1")]},
        "C": {"value": {"level": "2"}, "comment": "", "evidence": []},
    }
    after = {
        "A": {"value": {"level": "2"}, "comment": "", "evidence": []},
        "B": {"value": None, "comment": "neuf", "evidence": [file("2")]},
        "C": {"value": {"level": "2"}, "comment": "", "evidence": []},
    }

    level, rest = compare(before, after)

    assert (level.code, level.changes_value, level.changes_comment, level.changes_evidence) == ("A", True, False, False)
    assert (rest.changes_value, rest.changes_comment) == (False, True)
    assert rest.added == rest.gone == (("plan", "a.pdf"),)  # another deposit of the same name is another file


def test_an_empty_answer_to_a_new_criterion_is_no_difference():
    assert compare({}, {"A": NOTHING}) == []
    (new,) = compare({}, {"A": {**NOTHING, "value": {"level": "1"}}})
    assert new.is_new


contents = st.dictionaries(
    names,
    st.fixed_dictionaries(
        {
            "value": st.none() | st.fixed_dictionaries({"level": st.sampled_from("0123")}),
            "comment": st.sampled_from(["", "un", "deux"]),
            "evidence": st.lists(st.sampled_from("abc").map(file), unique_by=lambda each: each["deposit"], max_size=3),
        }
    ),
    max_size=5,
)


@given(contents)
def test_nothing_differs_from_itself(content):
    assert compare(content, content) == []


@given(contents, contents)
def test_what_differs_one_way_differs_the_other(before, after):
    there, back = compare(before, after), compare(after, before)

    assert {each.code for each in there} == {each.code for each in back}
    assert {each.code: each.added for each in there} == {each.code: each.gone for each in back}
