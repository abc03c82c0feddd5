"""From the answers of a product to everything that they decide, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .compiler import Compiler, Explain, Facts, Test, sort_questions
from .conditions import Condition, is_written
from .grid import Grid
from .values import Answer

Because = tuple[str, ...]
_Rule = tuple[Test | None, Because | None, Explain | None]


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


_Entry = tuple[str, Test, Test | None, Because | None, Explain | None, "list[Octet]"]


class Evaluator:
    """A grid compiled once, then asked as often as one likes; safe to share between threads.

    Takes a grid without errors G001, G003 and G007, and answers that `parse_answers` accepted.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        compiler = Compiler(grid)
        ordered = sort_questions(grid.questions)
        in_file_order = ordered == list(grid.questions.values())
        self._rank = None if in_file_order else {code: rank for rank, code in enumerate(grid.questions)}
        self._questions = [
            (question.code, question.required, compiler.readers[question.code], *_rule(compiler, question.visible_when))
            for question in ordered
        ]
        self._questionnaires: list[_Entry] = []
        tests: dict[int, Test] = {}
        for each in grid.questionnaires:
            criteria = [(criterion.code, *_rule(compiler, criterion.visible_when)) for criterion in each.criteria()]
            first = 8 * sum(len(octets) for *_, octets in self._questionnaires)
            octets = [Octet(criteria[start : start + 8]) for start in range(0, len(criteria), 8)]
            tests |= {first + number: test or Test() for number, (_, test, *_) in enumerate(criteria)}
            is_false = compiler.false_test(each.applicable_when)
            self._questionnaires.append((each.code, is_false, *_rule(compiler, each.applicable_when), octets))
        self._exchange = compiler.true_test(grid.exchange_when), compiler.false_test(grid.exchange_when)
        self._size = sum(len(octets) for *_, octets in self._questionnaires)
        self._closed_at, self._opened_at = compiler.watch(tests)
        self._unless_opened = sum(1 << number for number, test in tests.items() if not test.some)
        self._checks = [(1 << number, test.check) for number, test in tests.items() if test.check is not None]
        self._everything = sum(1 << number for number in tests)

    def evaluate(self, answers: Mapping[str, Answer]) -> Evaluation:
        """Decide everything; a hidden question's answer is masked, as if it had not been given."""
        facts = 0
        visible: list[str] = []
        remaining: list[str] = []
        required = 0
        because: dict[str, Because] = {}
        for code, is_required, reader, test, fixed, explain in self._questions:
            if test is not None and not test(facts):
                facts |= reader.silent
                continue
            visible.append(code)
            if fixed is not None:
                because[code] = fixed
            elif explain is not None:
                because[code] = explain(facts)
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

        shown = self._shown(facts)
        start = 0
        applicable: dict[str, bool | None] = {}
        criteria: dict[str, tuple[str, ...]] = {}
        for code, is_false, test, fixed, explain, octets in self._questionnaires:
            stop = start + len(octets)
            own, start = shown[start:stop], stop
            if test is not None and not test(facts):
                applicable[code] = False if is_false(facts) else None
                criteria[code] = ()
                continue
            applicable[code] = True
            if fixed is not None:
                because[code] = fixed
            elif explain is not None:
                because[code] = explain(facts)
            codes: list[str] = []
            for bits, octet in zip(own, octets, strict=True):
                if bits:
                    some, reasons, undecided = octet.read(bits)
                    codes += some
                    because.update(reasons)
                    for criterion, explain in undecided:
                        because[criterion] = explain(facts)
            criteria[code] = tuple(codes)

        is_exchange, is_no_exchange = self._exchange
        exchange = None
        if self.grid.exchange_when is None or is_no_exchange(facts):
            exchange = False
        elif is_exchange(facts):
            exchange = True
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

    def _shown(self, facts: Facts) -> bytes:
        """One bit for each criterion whose own condition is true, eight to the byte."""
        opened = facts >> self._opened_at | self._unless_opened
        shown = self._everything & ~(facts >> self._closed_at) & opened
        for bit, check in self._checks:
            if shown & bit and not check(facts):
                shown ^= bit
        return shown.to_bytes(self._size, "little")


class Octet:
    """Eight criteria, whose codes and reasons are looked up together once their eight bits are known."""

    def __init__(self, criteria: list[tuple[str, Test | None, Because | None, Explain | None]]) -> None:
        self._criteria = criteria
        self._known: dict[int, tuple[list[str], dict[str, Because], list[tuple[str, Explain]]]] = {}

    def read(self, bits: int) -> tuple[list[str], dict[str, Because], list[tuple[str, Explain]]]:
        """Codes shown, their reasons in file order, and those whose reasons depend on the answers (a place is kept)."""
        if bits not in self._known:
            shown = [each for number, each in enumerate(self._criteria) if bits >> number & 1]
            reasons = {
                code: fixed or () for code, _, fixed, explain in shown if fixed is not None or explain is not None
            }
            undecided = [(code, explain) for code, _, _, explain in shown if explain is not None]
            self._known[bits] = [code for code, *_ in shown], reasons, undecided
        return self._known[bits]


def _rule(compiler: Compiler, condition: Condition | None) -> _Rule:
    """A condition for the loops above: its test (None: always), its explanation if it never changes, else its function."""
    if condition is None or not is_written(condition):
        return None, None, None
    fixed = compiler.fixed_because(condition)
    return compiler.true_test(condition), fixed, None if fixed is not None else compiler.explain(condition)
