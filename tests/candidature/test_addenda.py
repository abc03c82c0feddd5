"""What an addendum holds, and what `effective_criteria` reads back of it."""

from hypothesis import given
from hypothesis import strategies as st

from referencing.candidature.core.addenda import (
    AddedFile,
    Reduction,
    Reply,
    complement_content,
    reduced_answers,
    reduction_content,
)
from referencing.candidature.core.criteria import effective_criteria

CRITERION = {
    "code": "A.1",
    "title": "Terminologies",
    "section": "A",
    "objective": "",
    "nature": "obligation",
    "levels": [{"level": "1", "text": "Une"}, {"level": "2", "text": "Deux"}],
    "acceptable": ["2"],
    "because": [],
    "value_label": "",
    "answer": {"level": "1"},
    "comment": "Au dossier",
    "is_reached": False,
    "evidence": [],
}
PAYLOAD = {
    "questionnaires": [
        {"code": "t", "title": "T", "kind": "levels", "criteria": [CRITERION, CRITERION | {"code": "A.2"}]}
    ]
}
FILE = AddedFile("preuve.pdf", "a" * 64, 12, deposit="x")


def reply(**changes):
    values = {
        "code": "A.1",
        "theme": "t",
        "title": "Terminologies",
        "origin": "request",
        "number": 1,
        "question": "Laquelle ?",
        "answer": {"level": "2"},
        "comment": "LOINC",
        "evidence": (FILE,),
        "is_reached": True,
    }
    return Reply(**(values | changes))


def test_an_answer_replaces_and_evidence_adds():
    first, second = effective_criteria(PAYLOAD, [complement_content([reply()]) | {"number": 1}])

    assert (first.answer, first.is_reached, first.comment) == ({"level": "2"}, True, "Au dossier")
    assert [each.name for each in first.evidence] == ["preuve.pdf"]
    assert first.supplements[0].comment == "LOINC"
    assert second.supplements == ()


def test_a_reply_without_level_leaves_the_answer_as_it_was():
    content = complement_content([reply(answer=None, is_reached=None, origin="non_conformity")])

    first, _ = effective_criteria(PAYLOAD, [content])

    assert (first.answer, first.is_reached) == ({"level": "1"}, False)
    assert "is_reached" not in content["items"][0]


def test_a_piece_of_the_checklist_changes_no_criterion():
    content = complement_content([reply(code="convention", theme="", answer=None, is_reached=None)])

    assert effective_criteria(PAYLOAD, [content]) == effective_criteria(PAYLOAD)


def test_what_is_given_up_leaves_the_file():
    reduction = Reduction(("mesures-lecture",), (), (("A.2", "Terminologies"),), (), ({"code": "Q13", "value": "non"},))

    content = reduction_content(reduction, reason="Plus tard.")

    assert [each.code for each in effective_criteria(PAYLOAD, [content])] == ["A.1"]
    assert (content["has_exchange"], content["removed"]) == (False, ["A.2"])


@given(
    chosen=st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, min_size=1),
    given_up=st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True),
)
def test_reducing_keeps_the_rest_and_closes_the_gate_with_the_last(chosen, given_up):
    answers = reduced_answers({"Q13": "oui", "Q14": chosen, "Q1": "x"}, given_up, question="Q14", gate="Q13")

    kept = [code for code in chosen if code not in given_up]
    assert answers.get("Q14", []) == kept
    assert answers["Q13"] == ("oui" if kept else "non")
    assert answers["Q1"] == "x"
