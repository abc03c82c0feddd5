"""Whether a condition can be true, and whether it can be anything else: G004, G005, G006.

A depth-first search over sets of answers. Open domains are cut into classes that no condition can tell apart; a multiple
choice is decided one box at a time; a partial set of answers already bounds what a condition can become, which prunes almost
everything. The search counts its steps and says so when it gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import TypeVar

from .conditions import AllOf, AnyOf, Atom, Condition, Not, Operator, atoms, is_written, questions_named
from .findings import Finding, Severity
from .grid import Grid, Question, QuestionType
from .places import condition_places
from .sentences import notation
from .values import Answer, parse_constant, predicate

T = TypeVar("T")

TRUE, FALSE, UNKNOWN = 1, 2, 4
ANYTHING = TRUE | FALSE | UNKNOWN
MAX_STEPS = 5_000
MAX_DIGITS = 60

_SWAPPED = [mask & UNKNOWN | (mask & TRUE and FALSE) | (mask & FALSE and TRUE) for mask in range(ANYTHING + 1)]


class GaveUp(Exception):
    """The search used up its steps without an answer."""


def find_unreachable(grid: Grid, *, max_steps: int = MAX_STEPS) -> list[Finding]:
    """G004 to G006 for every written condition. The grid has no structural finding."""
    domains = Domains(grid)
    found = []
    for path, condition, gate in condition_places(grid):
        if is_written(condition) and (finding := _judge(domains, path, condition, gate, max_steps)):
            found.append(finding)
    return found


def _judge(domains: Domains, path: str, condition: Condition, gate: Condition | None, max_steps: int) -> Finding | None:
    own, gates, everyone = _parts(condition), _parts(gate), frozenset(domains.grid.questions)

    def holds(parts: Sequence[Condition], masked: frozenset[str]) -> bool:
        return Search(domains, masked, max_steps).reaches(AllOf(tuple(parts)), TRUE)

    code = "G004"
    try:
        if not holds(own, frozenset()):
            culprits = _smallest(own, lambda parts: not holds(parts, frozenset()))
            shown = _joined(culprits)
            return Finding(code, path, f"Cette condition ne peut jamais être vraie : {shown}.")
        code = "G005"
        if not holds([*own, *gates], everyone):
            masked = _closure(domains.grid, condition, gate)
            masked = _smallest(masked, lambda some: not holds([*own, *gates], frozenset(some)))
            own = _smallest(own, lambda parts: not holds([*parts, *gates], frozenset(masked)))
            gates = _smallest(gates, lambda parts: not holds([*own, *parts], frozenset(masked)))
            return Finding(code, path, _never_shown(domains.grid, own, gates, masked))
        code = "G006"
        if not Search(domains, everyone, max_steps).reaches(condition, FALSE | UNKNOWN):
            message = f"Toutes les réponses rendent cette condition vraie : {notation(condition)}."
            return Finding(code, path, message, severity=Severity.WARNING)
    except (GaveUp, RecursionError):
        doubt = {"G004": "puisse être vraie", "G005": "soit accessible", "G006": "ne soit pas toujours vraie"}[code]
        message = f"Non démontré : la recherche n’a pas pu établir que cette condition {doubt}."
        return Finding(code, path, message, severity=Severity.WARNING)
    return None


def _never_shown(grid: Grid, own: list[Condition], gates: list[Condition], masked: list[str]) -> str:
    reasons = [f"le questionnaire n’est applicable que si {_joined(gates)}"] if gates else []
    for code in masked:
        if (condition := grid.questions[code].visible_when) is not None:
            reasons.append(f"{code} n’est posée que si {notation(condition)}")
    needs = f"elle demande {_joined(own)}, mais " if own else ""
    return f"Cette condition, possible seule, n’est jamais vraie ici : {needs}{' ; '.join(reasons)}."


def _joined(parts: Sequence[Condition]) -> str:
    return notation(parts[0]) if len(parts) == 1 else " et ".join(notation(part, nested=True) for part in parts)


def _parts(condition: Condition | None) -> list[Condition]:
    """A condition as the parts that must all be true, nested `all` opened."""
    match condition:
        case None:
            return []
        case AllOf(parts):
            return [inner for part in parts for inner in _parts(part)]
    return [condition]


def _closure(grid: Grid, *conditions: Condition | None) -> list[str]:
    """The conditional questions that the conditions name, directly or through another one's visibility; file order."""
    reached: set[str] = set()
    waiting = [code for condition in conditions for code in questions_named(condition)]
    while waiting:
        code = waiting.pop()
        if code not in reached:
            reached.add(code)
            waiting += questions_named(grid.questions[code].visible_when)
    return [code for code, question in grid.questions.items() if code in reached and is_written(question.visible_when)]


def _smallest(items: Sequence[T], contradicts: Callable[[list[T]], bool]) -> list[T]:
    """Drop what the contradiction does not need, one item after the other."""
    kept = list(items)
    for item in items:
        if contradicts(without := [other for other in kept if other is not item]):
            kept = without
    return kept


# -- what a question can answer


@dataclass(frozen=True, slots=True)
class Boxes:
    """What is known of a multiple choice that is answered: boxes surely ticked, boxes surely not."""

    ticked: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()


Known = Answer | Boxes | None
"""What a search has decided for a question: an answer, some boxes, or None for « not answered »."""


class Domains:
    """For each question, one answer of every class that the conditions of the grid can tell apart."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.judges = {
            atom: predicate(atom, grid.questions[atom.question])
            for _, condition, _ in condition_places(grid)
            for atom, _ in atoms(condition)
        }
        self.classes = {code: self._classes(question) for code, question in grid.questions.items()}

    def _classes(self, question: Question) -> list[Answer]:
        judges = [(atom, judge) for atom, judge in self.judges.items() if atom.question == question.code]
        constants = {parse_constant(question, value) for atom, _ in judges for value in atom.values}
        by_outcome: dict[tuple[bool, ...], Answer] = {}
        for answer in _samples(question, constants):
            by_outcome.setdefault(tuple(judge(answer) for _, judge in judges), answer)
        return list(by_outcome.values())


def _samples(question: Question, constants: set[str | Decimal | date | None]) -> Iterator[Answer]:
    """Every value of a closed type; for an open one, each constant and one value below, between and above."""
    match question.type:
        case QuestionType.MULTIPLE_CHOICE:
            return
        case QuestionType.NUMBER:
            numbers = sorted(each for each in constants if isinstance(each, Decimal))
            if not numbers:
                yield Decimal(0)
                return
            with localcontext(prec=MAX_DIGITS):
                between = [(low + high) / 2 for low, high in pairwise(numbers)]
                yield from [numbers[0] - 1, *numbers, *between, numbers[-1] + 1]
        case QuestionType.DATE:
            days = {each.toordinal() for each in constants if isinstance(each, date)} or {1}
            around = {day + step for day in days for step in (-1, 0, 1)}
            yield from (date.fromordinal(day) for day in sorted(around) if 1 <= day <= date.max.toordinal())
        case _:
            yield from question.values or ("texte",)


# -- the search


@dataclass(slots=True)
class Search:
    """One search; the visibility of the questions in `masked` is taken into account, the others are always asked."""

    domains: Domains
    masked: frozenset[str]
    max_steps: int
    known: dict[str, Known] = field(default_factory=dict)
    visibilities: dict[str, int] = field(default_factory=dict)
    steps: int = 0

    def reaches(self, condition: Condition, goal: int) -> bool:
        """Whether some answers give the condition one of the outcomes of `goal`. Raises GaveUp."""
        self.visibilities.clear()
        outcomes = self._outcomes(condition)
        if not outcomes & goal:
            return False
        if not outcomes & ~goal:
            return True
        self.steps += 1
        if self.steps > self.max_steps:
            raise GaveUp
        code, options = self._next_decision(condition)
        before = dict(self.known)
        for option in options:
            self.known = {**before, code: option}
            if self.reaches(condition, goal):
                return True
        self.known = before
        return False

    def _outcomes(self, condition: Condition) -> int:
        """Every outcome that what is known leaves open, and perhaps more; exactly one once all is decided."""
        match condition:
            case Atom():
                return self._atom(condition)
            case Not(part):
                return _SWAPPED[self._outcomes(part)]
            case AllOf(parts):
                return _conjunction([self._outcomes(part) for part in parts])
            case AnyOf(parts):
                return _SWAPPED[_conjunction([_SWAPPED[self._outcomes(part)] for part in parts])]

    def _atom(self, atom: Atom) -> int:
        visible = self._visibility(atom.question)
        outcomes = self._answered_outcomes(atom) if visible & TRUE else 0
        if visible != TRUE:
            outcomes |= FALSE if atom.operator is Operator.ANSWERED else UNKNOWN
        return outcomes

    def _visibility(self, code: str) -> int:
        """Outcomes of a question's own condition, worked out once for each set of decisions."""
        condition = self.domains.grid.questions[code].visible_when
        if condition is None or code not in self.masked:
            return TRUE
        if code not in self.visibilities:
            self.visibilities[code] = self._outcomes(condition)
        return self.visibilities[code]

    def _answered_outcomes(self, atom: Atom) -> int:
        """Outcomes of an atom on a question that is asked."""
        silent = FALSE if atom.operator is Operator.ANSWERED else UNKNOWN
        question = self.domains.grid.questions[atom.question]
        if atom.question not in self.known:
            if question.type is QuestionType.MULTIPLE_CHOICE:
                return silent | self._boxes_outcomes(question, atom, Boxes())
            judge = self.domains.judges[atom]
            outcomes = silent
            for answer in self.domains.classes[atom.question]:
                outcomes |= TRUE if judge(answer) else FALSE
            return outcomes
        known = self.known[atom.question]
        if known is None:
            return silent
        if isinstance(known, Boxes):
            return self._boxes_outcomes(question, atom, known)
        return TRUE if self.domains.judges[atom](known) else FALSE

    def _boxes_outcomes(self, question: Question, atom: Atom, boxes: Boxes) -> int:
        if atom.operator is Operator.ANSWERED:
            return TRUE
        box = atom.values[0]
        free = _free(question, boxes)
        if box in boxes.ticked or (not boxes.ticked and free == {box}):
            return TRUE
        return TRUE | FALSE if box in free else FALSE

    def _next_decision(self, condition: Condition) -> tuple[str, list[Known]]:
        """The first thing, in the order that the condition was written, that is still open."""
        for atom, _ in atoms(condition):
            if self._atom(atom) in (TRUE, FALSE, UNKNOWN):
                continue
            visible = self._visibility(atom.question)
            if visible not in (TRUE, FALSE, UNKNOWN):
                return self._next_decision(self.domains.grid.questions[atom.question].visible_when or AllOf())
            return atom.question, self._options(atom)
        raise AssertionError("an open condition has an open atom")

    def _options(self, atom: Atom) -> list[Known]:
        question = self.domains.grid.questions[atom.question]
        if question.type is not QuestionType.MULTIPLE_CHOICE:
            return [*self.domains.classes[atom.question], None]
        known = self.known.get(atom.question)
        if not isinstance(known, Boxes):
            return [Boxes(), None]
        box = frozenset(atom.values)
        return [Boxes(known.ticked | box, known.empty), Boxes(known.ticked, known.empty | box)]


def _free(question: Question, boxes: Boxes) -> set[str]:
    """Boxes that may still be ticked, exclusivity included."""
    alone = {question.exclusive} if question.exclusive is not None else set()
    if boxes.ticked & alone:
        return set()
    return set(question.values) - boxes.empty - boxes.ticked - (alone if boxes.ticked else set())


def _conjunction(masks: list[int]) -> int:
    outcomes = 0
    if all(mask & TRUE for mask in masks):
        outcomes |= TRUE
    if any(mask & FALSE for mask in masks):
        outcomes |= FALSE
    if all(mask & (TRUE | UNKNOWN) for mask in masks) and any(mask & UNKNOWN for mask in masks):
        outcomes |= UNKNOWN
    return outcomes
