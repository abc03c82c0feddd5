"""The criteria that experts read: pure."""

import copy

import pytest

from referencing.candidature.core.criteria import effective_criteria, find_criterion


def criterion(code, **fields):
    return {
        "code": code,
        "title": f"Critère {code}",
        "section": "S Section",
        "objective": "Protéger",
        "nature": "obligation",
        "levels": [{"level": "1", "text": "Un"}, {"level": "2", "text": "Deux"}],
        "acceptable": ["2"],
        "because": ["Q1"],
        "value_label": "",
        "answer": {"level": "1"},
        "comment": "",
        "is_reached": False,
        "evidence": [],
        **fields,
    }


def file(sha256="a" * 64, **fields):
    return {
        "deposit": "d1",
        "type": "preuve",
        "label": "Preuve",
        "name": "a.pdf",
        "sha256": sha256,
        "size": 3,
        **fields,
    }


def payload(*criteria, theme="securite"):
    return {"questionnaires": [{"code": theme, "title": "Sécurité", "kind": "levels", "criteria": list(criteria)}]}


def hash_of(content, *addenda):
    return effective_criteria(content, addenda)[0].content_sha256


def test_criteria_keep_the_order_of_the_grid_and_their_theme():
    found = effective_criteria(payload(criterion("B"), criterion("A")))

    assert [(each.code, each.theme, each.theme_title) for each in found] == [
        ("B", "securite", "Sécurité"),
        ("A", "securite", "Sécurité"),
    ]


@pytest.mark.rule("BR-114")
def test_addendum_replaces_the_answer_adds_evidence_and_leaves_the_payload_alone():
    content = payload(criterion("A", comment="D’abord", evidence=[file()]))
    kept = copy.deepcopy(content)
    item = {
        "criterion": "A",
        "answer": {"level": "2"},
        "comment": "Corrigé",
        "evidence": [file("b" * 64, name="b.pdf")],
    }

    (found,) = effective_criteria(content, [{"number": 1, "items": [item, {"criterion": "unknown"}, {"code": "kbis"}]}])

    assert (found.answer, found.comment, found.is_reached) == ({"level": "2"}, "D’abord", True)
    assert [(each.name, each.addendum) for each in found.evidence] == [("a.pdf", 0), ("b.pdf", 1)]
    assert [(each.number, each.comment) for each in found.supplements] == [(1, "Corrigé")]
    assert content == kept


def test_addenda_apply_in_turn():
    first = {"number": 1, "items": [{"criterion": "A", "answer": {"level": "2"}}]}
    second = {"number": 2, "items": [{"criterion": "A", "comment": "Voir la page 3"}]}

    (found,) = effective_criteria(payload(criterion("A")), [first, second])

    assert found.answer == {"level": "2"}
    assert [each.number for each in found.supplements] == [1, 2]


@pytest.mark.rule("A-19")
def test_scope_reduction_drops_the_criteria_that_are_given_up():
    found = effective_criteria(payload(criterion("A"), criterion("B")), [{"number": 1, "removed": ["B", "unknown"]}])

    assert [each.code for each in found] == ["A"]
    assert find_criterion(found, "B") is None
    assert find_criterion(found, "A") is found[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "Autre"},
        {"objective": "Autre"},
        {"levels": [{"level": "1", "text": "Un"}]},
        {"acceptable": ["1", "2"]},
        {"answer": {"level": "2"}},
        {"comment": "Une phrase"},
        {"evidence": [file()]},
    ],
)
def test_content_hash_changes_with_text_answer_and_evidence(changed):
    assert hash_of(payload(criterion("A"))) != hash_of(payload(criterion("A", **changed)))


def test_content_hash_ignores_names_dates_and_the_rest_of_the_dossier():
    one = payload(criterion("A", evidence=[file()]))
    other = payload(criterion("A", evidence=[file(name="copie.pdf", deposit="d2", size=3)]), criterion("B"))

    assert hash_of(one) == hash_of(other)


def test_content_hash_changes_with_an_addendum():
    content = payload(criterion("A"))

    assert hash_of(content) != hash_of(content, {"number": 1, "items": [{"criterion": "A", "comment": "Précision"}]})
    assert hash_of(content) == hash_of(content, {"number": 1, "items": [{"criterion": "B", "comment": "Précision"}]})
