"""Conditions in words."""

import pytest

from questionnaires.core import explain_condition, explain_display, parse_answers

from . import builders as b


def shown(condition: dict, answers: dict, *questions: dict) -> str:
    criterion = b.levels("C", visible_when=condition)
    grid = b.load(b.grid(*questions, questionnaires=[b.questionnaire("q", criterion)]))
    typed = parse_answers(grid, answers).answers
    evaluation = b.evaluate(grid, answers)
    return explain_display(grid, grid.criteria["C"].visible_when, evaluation.because.get("C", ()), typed)


@pytest.mark.rule("BR-046")
def test_the_display_condition_is_written_with_the_answer_that_decided():
    question = b.boolean("Q10", label="Le service échange-t-il des données ?")
    assert shown({"equals": ["Q10", "oui"]}, {"Q10": "oui"}, question) == (
        "Affiché parce que vous avez répondu « Oui » à la question 10 « Le service échange-t-il des données ? »."
    )


def test_several_answers_are_enumerated_with_their_labels():
    condition = {
        "all": [
            {"contains": ["Q3", "mesures"]},
            {"greater_than": ["Q5", 2]},
            {"answered": "Q6"},
            {"equals": ["QX", "non"]},
        ]
    }
    number = {"code": "Q5", "label": "Combien ?", "type": "number"}
    secret = {"code": "Q6", "label": "Compte ?", "type": "secret"}
    answers = {"Q3": ["mesures", "agenda"], "Q5": 2.5, "Q6": "mot-de-passe", "QX": "non"}
    sentence = shown(condition, answers, b.multiple("Q3"), number, secret, b.boolean("QX"))
    assert "« Mesures » et « Agenda » à la question 3" in sentence
    assert "« 2,5 » à la question 5" in sentence
    assert "vous avez répondu à la question 6" in sentence
    assert "« Non » à la question QX" in sentence
    assert "mot-de-passe" not in sentence


def test_an_answer_that_is_not_there_can_decide():
    sentence = shown({"not": {"answered": "Q1"}}, {}, b.boolean("Q1"))
    assert sentence == "Affiché parce que vous n’avez pas répondu à la question 1 « Question Q1 ? »."


def test_what_is_always_shown_says_so():
    assert shown({"all": []}, {}, b.boolean("Q1")) == "Affiché pour tous les services."


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (None, "dans tous les cas"),
        ({"equals": ["Q1", "oui"]}, "si la réponse à la question 1 « Question Q1 ? » est « Oui »"),
        ({"in": ["Q1", ["oui", "non"]]}, "si la réponse à la question 1 « Question Q1 ? » est « Oui » ou « Non »"),
        ({"not": {"answered": "Q1"}}, "si la question 1 « Question Q1 ? » n’a pas de réponse"),
        ({"less_than": ["Q5", "2024-07-08"]}, "si la réponse à la question 5 « Quand ? » est avant le « 08/07/2024 »"),
        (
            {
                "all": [
                    {"answered": "Q5"},
                    {"any": [{"contains": ["Q3", "agenda"]}, {"not": {"equals": ["Q1", "oui"]}}]},
                ]
            },
            "si la question 5 « Quand ? » a une réponse et (la réponse à la question 3 « Question Q3 ? » contient « Agenda » "
            "ou il est faux que la réponse à la question 1 « Question Q1 ? » est « Oui »)",
        ),
    ],
)
def test_conditions_are_said_in_words(condition, words):
    date = {"code": "Q5", "label": "Quand ?", "type": "date"}
    fields = {"visible_when": condition} if condition else {}
    questions = [b.boolean("Q1"), b.multiple("Q3"), date]
    grid = b.load(b.grid(*questions, questionnaires=[b.questionnaire("q", b.levels("C", **fields))]))
    assert explain_condition(grid, grid.criteria["C"].visible_when) == words
