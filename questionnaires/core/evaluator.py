"""From the answers of a product to everything that they decide, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .compiler import Check, Compiler, Explain, sort_questions
from .conditions import Condition, is_written
from .grid import Grid
from .values import Answer

Because = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a set of answers decides. Lists follow the order of the file.

    `applicable` is None for a questionnaire whose condition is not known yet; `criteria` has an entry, empty or not, for each
    questionnaire; `because` has one for each shown thing with a written condition. `exchange` is False without `exchange_when`.
    """

    visible: tuple[str, ...]
    required: int
    answered: int
    remaining: tuple[str, ...]
    applicable: Mapping[str, bool | None]
    criteria: Mapping[str, tuple[str, ...]]
    because: Mapping[str, Because]
    exchange: bool | None

    @property
    def is_complete(self) -> bool:
        return not self.remaining

    def is_open(self, questionnaire: str) -> bool:
        """Whether people have something to answer there: applicable, with at least one shown criterion (A-12)."""
        return bool(self.criteria[questionnaire])

    def as_json(self) -> dict[str, object]:
        """The answer of `grid_orient`, ready for `json.dumps`."""
        return {
            "questions": {
                "visible": list(self.visible),
                "required": self.required,
                "answered": self.answered,
                "remaining": list(self.remaining),
            },
            "questionnaires": {
                code: {"applicable": self.applicable[code] is True, "criteria": list(criteria)}
                for code, criteria in self.criteria.items()
            },
            "because": {code: list(questions) for code, questions in self.because.items()},
        }


class Evaluator:
    """A grid compiled once, then asked as often as one likes; safe to share between threads.

    Takes a grid without errors G001, G003 and G007, and answers that `parse_answers` accepted.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        compiler = Compiler(grid)
        ordered = sort_questions(grid.questions)
        self._rank = (
            None if ordered == list(grid.questions.values()) else {code: i for i, code in enumerate(grid.questions)}
        )
        self._names = compiler.names
        self._questions = [
            (question.code, question.required, compiler.readers[question.code], *_rule(compiler, question.visible_when))
            for question in ordered
        ]
        self._questionnaires = [
            (
                each.code,
                compiler.false_test(each.applicable_when),
                *_rule(compiler, each.applicable_when),
                [(criterion.code, *_rule(compiler, criterion.visible_when)) for criterion in each.criteria()],
            )
            for each in grid.questionnaires
        ]
        self._exchange = compiler.true_test(grid.exchange_when), compiler.false_test(grid.exchange_when)

    def evaluate(self, answers: Mapping[str, Answer]) -> Evaluation:
        """Decide everything; a hidden question's answer is masked, as if it had not been given."""
        facts = 0
        names = self._names
        visible: list[str] = []
        remaining: list[str] = []
        required = 0
        because: dict[str, Because] = {}
        for code, is_required, reader, need, check, fixed, explain in self._questions:
            if facts & need != need or (check is not None and not check(facts)):
                facts |= reader.silent
                continue
            visible.append(code)
            if fixed is not None:
                because[code] = fixed
            elif explain is not None:
                because[code] = names(explain(facts))
            required += is_required
            if code in answers:
                facts |= reader(answers[code])
            else:
                facts |= reader.silent
                if is_required:
                    remaining.append(code)
        if self._rank is not None:
            visible.sort(key=self._rank.__getitem__)
            remaining.sort(key=self._rank.__getitem__)
            because = {code: because[code] for code in visible if code in because}

        applicable: dict[str, bool | None] = {}
        criteria: dict[str, tuple[str, ...]] = {}
        for code, is_false, need, check, fixed, explain, entries in self._questionnaires:
            if facts & need != need or (check is not None and not check(facts)):
                applicable[code] = False if is_false(facts) else None
                criteria[code] = ()
                continue
            applicable[code] = True
            if fixed is not None:
                because[code] = fixed
            elif explain is not None:
                because[code] = names(explain(facts))
            shown: list[str] = []
            for criterion, need, check, fixed, explain in entries:
                if facts & need == need and (check is None or check(facts)):
                    shown.append(criterion)
                    if fixed is not None:
                        because[criterion] = fixed
                    elif explain is not None:
                        because[criterion] = names(explain(facts))
            criteria[code] = tuple(shown)

        is_exchange, is_no_exchange = self._exchange
        exchange = self.grid.exchange_when is not None and (
            is_exchange(facts) or (False if is_no_exchange(facts) else None)
        )
        return Evaluation(
            visible=tuple(visible),
            required=required,
            answered=required - len(remaining),
            remaining=tuple(remaining),
            applicable=applicable,
            criteria=criteria,
            because=because,
            exchange=exchange,
        )


def _rule(compiler: Compiler, condition: Condition | None) -> tuple[int, Check | None, Because | None, Explain | None]:
    """A condition, flat for the loops above: bits needed, further check, explanation if always the same, else its function."""
    test = compiler.true_test(condition)
    if not is_written(condition) or condition is None:
        return test.need, test.check, None, None
    fixed = compiler.fixed_because(condition)
    return test.need, test.check, fixed, None if fixed is not None else compiler.explain(condition)
