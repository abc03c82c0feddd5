"""Conditions compiled once.

Three values need no three-valued arithmetic: each atom owns two bits of one integer, « is true » and « is false »; neither
bit set is « unknown ». The answers of a product become that integer, the *facts*. `not` is pushed down to the atoms, where it
swaps the two bits, so that « this condition is true » is a plain `and`/`or` of bits, and « this condition is false » another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from .conditions import AllOf, AnyOf, Atom, Condition, Not, Operator, atoms, questions_named
from .grid import Grid, Question
from .values import Answer, predicate

Facts = int
Check = Callable[[Facts], bool]
Explain = Callable[[Facts], tuple[str, ...]]

MAX_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Test:
    """True when every bit of `need` is set, one of `some` at least (unless it is empty), and `check` agrees if there is one."""

    need: Facts = 0
    some: Facts = 0
    check: Check | None = None

    def __call__(self, facts: Facts) -> bool:
        return (
            facts & self.need == self.need
            and (not self.some or facts & self.some != 0)
            and (self.check is None or self.check(facts))
        )


NEVER = Test(check=lambda facts: False)


@dataclass(slots=True)
class Reader:
    """The facts that one question brings: `silent` when hidden or not answered, else one bit for each atom that names it.

    Only answers from a closed list are remembered: never a text, let alone a secret.
    """

    is_closed: bool
    silent: Facts = 0
    judges: list[tuple[Callable[[Answer], bool], Facts, Facts]] = field(default_factory=list)
    effects: list[tuple[Facts, Facts, Facts]] = field(default_factory=list)
    remembered: dict[Answer, Facts] = field(default_factory=dict)

    def __call__(self, answer: Answer) -> Facts:
        facts = self.remembered.get(answer)
        if facts is None:
            facts = 0
            for judge, when_true, when_false in self.judges:
                facts |= when_true if judge(answer) else when_false
            facts = self.with_effects(facts)
            if self.is_closed and len(self.remembered) < MAX_REMEMBERED:
                self.remembered[answer] = facts
        return facts

    def with_effects(self, facts: Facts) -> Facts:
        """Add the bits by which this question closes or opens criteria: see `Compiler.watch`."""
        for need, some, bits in self.effects:
            if facts & need != need or facts & some:
                facts |= bits
        return facts


class Compiler:
    """Compiles the conditions of one grid that has passed G001, G003 and G007."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.readers = {code: Reader(bool(question.values)) for code, question in grid.questions.items()}
        self._order = {code: 1 << index for index, code in enumerate(grid.questions)}
        self._bits: dict[Atom, tuple[Facts, Facts]] = {}
        self._names: dict[int, tuple[str, ...]] = {}

    def true_test(self, condition: Condition | None) -> Test:
        """Tells from the facts whether the condition is true."""
        return Test() if condition is None else self._test(condition, positive=True)

    def false_test(self, condition: Condition | None) -> Test:
        """Tells from the facts whether the condition is false (neither true nor false is unknown)."""
        return NEVER if condition is None else self._test(condition, positive=False)

    def _test(self, condition: Condition, *, positive: bool) -> Test:
        match condition:
            case Atom():
                return Test(self._literal(condition)[0 if positive else 1])
            case Not(part):
                return self._test(part, positive=not positive)
            case AllOf(parts) | AnyOf(parts):
                tests = [self._test(part, positive=positive) for part in parts]
                return _every(tests) if isinstance(condition, AllOf) == positive else _one(tests)

    def _literal(self, atom: Atom) -> tuple[Facts, Facts]:
        if atom not in self._bits:
            when_true = 1 << (2 * len(self._bits))
            self._bits[atom] = (when_true, when_true << 1)
            reader = self.readers[atom.question]
            reader.judges.append((predicate(atom, self.grid.questions[atom.question]), *self._bits[atom]))
            if atom.operator is Operator.ANSWERED:
                reader.silent |= when_true << 1
        return self._bits[atom]

    def watch(self, tests: Mapping[int, Test]) -> tuple[int, int]:
        """Have each question say by itself which criteria its answer closes, or opens; once every condition is compiled.

        `tests` go by criterion number. Gives the positions, in the facts, of the first « closed » and of the first « opened »
        bit: criterion `n` is closed when a bit that it needs is missing, opened when one of its `some` is there.
        """
        closed = 2 * len(self._bits)
        opened = closed + max(tests, default=0) + 1
        for reader in self.readers.values():
            own = _union(when_true | when_false for _, when_true, when_false in reader.judges)
            for number, test in tests.items():
                if need := test.need & own:
                    reader.effects.append((need, 0, 1 << closed + number))
                if some := test.some & own:
                    reader.effects.append((0, some, 1 << opened + number))
            reader.silent = reader.with_effects(reader.silent)
        return closed, opened

    # -- explanations: sets of questions, as bits in the order of the file

    def fixed_because(self, condition: Condition | None) -> tuple[str, ...] | None:
        """The questions that explain the condition whenever it is true; None when they depend on the answers."""
        if condition is None or _has_choice(condition):
            return None
        return self.names(self._named(condition))

    def explain(self, condition: Condition) -> Explain:
        """The questions named in the true branches, in file order; meaningful only when the condition is true."""
        branches = self._true_branches(condition)
        support = _union(_union(self._literal(atom)) for atom, _ in atoms(condition))
        remembered: dict[Facts, tuple[str, ...]] = {}

        def names(facts: Facts) -> tuple[str, ...]:
            facts &= support
            found = remembered.get(facts)
            if found is None:
                found = self.names(branches(facts))
                if len(remembered) < MAX_REMEMBERED:
                    remembered[facts] = found
            return found

        return names

    def _true_branches(self, condition: Condition) -> Callable[[Facts], int]:
        match condition:
            case Atom() | Not():
                mask = self._named(condition)
                return lambda facts: mask
            case AllOf(parts):
                explained = [self._true_branches(part) for part in parts]
                return lambda facts: _union(part(facts) for part in explained)
            case AnyOf(parts):
                branches = [(self.true_test(part), self._true_branches(part)) for part in parts]
                return lambda facts: _union(part(facts) for test, part in branches if test(facts))

    def names(self, mask: int) -> tuple[str, ...]:
        """Question codes of a set of bits, in the order of the file."""
        if mask not in self._names:
            self._names[mask] = tuple(code for code, bit in self._order.items() if bit & mask)
        return self._names[mask]

    def _named(self, condition: Condition) -> int:
        return _union(self._order[code] for code in questions_named(condition))


def sort_questions(questions: Mapping[str, Question]) -> list[Question]:
    """Questions, each after those that its condition names; the order of the file wherever it allows. No cycle (G003)."""
    ordered: dict[str, Question] = {}

    def place(question: Question) -> None:
        if question.code not in ordered:
            for code in questions_named(question.visible_when):
                place(questions[code])
            ordered[question.code] = question

    for question in questions.values():
        place(question)
    return list(ordered.values())


def _every(tests: list[Test]) -> Test:
    need = _union(test.need for test in tests)
    rest = [replace(test, need=0) for test in tests if test.some or test.check is not None]
    match rest:
        case []:
            return Test(need)
        case [test]:
            return replace(test, need=need)
    return Test(need, check=lambda facts: all(test(facts) for test in rest))


def _one(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if any(test == Test() for test in tests):
        return Test()
    if tests and all(_is_single(test) for test in tests):
        return Test(some=_union(test.need for test in tests))
    return Test(check=lambda facts: any(test(facts) for test in tests))


def _is_single(test: Test) -> bool:
    return test.need.bit_count() == 1 and not test.some and test.check is None


def _has_choice(condition: Condition) -> bool:
    match condition:
        case AnyOf():
            return True
        case AllOf(parts):
            return any(_has_choice(part) for part in parts)
    return False


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)
