"""The lint: what forbids publishing a grid (errors) and what deserves a second look (warnings)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .conditions import Atom, Operator, atoms, questions_named
from .findings import Finding, GridRefused, Severity
from .grid import LEVELS, Criterion, Grid, Kind, Questionnaire, QuestionType
from .loader import Loaded
from .places import condition_places, criteria_places, question_places
from .reachability import find_unreachable
from .values import OPERATORS, parse_constant

BLOCKING_ORIENTATION = frozenset({"G001", "G002", "G003", "G007", "G012", "G013"})
"""Errors that leave a grid without a meaning; the others only forbid publishing it."""


def lint(loaded: Loaded, *, has_template: Callable[[str], bool] = lambda template: False) -> tuple[Finding, ...]:
    """Every finding, in the order of the codes then of the file.

    A grid that the schema refuses shows its schema errors only; reachability (G004 to G006) is judged once names, types and
    cycles are right. `has_template` tells whether an evidence template can be found.
    """
    if loaded.grid is None:
        return loaded.findings
    grid = loaded.grid
    found = list(structural_findings(grid))
    if not found:
        found += find_unreachable(grid)
    for path, criterion, questionnaire in criteria_places(grid):
        found += _criterion_findings(path, criterion, questionnaire, has_template)
    located = [Finding(f.code, f.path, f.message, loaded.source.origin(f.path), f.severity) for f in found]
    return tuple(sorted(located, key=lambda finding: finding.code))


def require_orientable(loaded: Loaded) -> Grid:
    """The grid, if its questions and conditions have a meaning (no G001–G003, G007, G012, G013); else GridRefused."""
    grid = loaded.require()
    if found := list(structural_findings(grid)):
        raise GridRefused(Finding(f.code, f.path, f.message, loaded.source.origin(f.path), f.severity) for f in found)
    return grid


def structural_findings(grid: Grid) -> Iterator[Finding]:
    """G001, G002, G003, G007 and G012."""
    yield from _duplicates(grid)
    for path, question in question_places(grid):
        if question.exclusive is not None and question.exclusive not in question.values:
            message = f"Le choix exclusif « {question.exclusive} » n’est pas un choix de la question {question.code}."
            yield Finding("G012", f"{path}.exclusive", message)
    for path, condition, _ in condition_places(grid):
        for atom, inner in atoms(condition):
            yield from _atom_findings(grid, f"{path}{inner}", atom)
    yield from _cycles(grid)


# -- G001, G007


def _atom_findings(grid: Grid, path: str, atom: Atom) -> Iterator[Finding]:
    question = grid.questions.get(atom.question)
    if question is None:
        known = atom.question in grid.criteria or any(each.code == atom.question for each in grid.questionnaires)
        reason = "n’est pas une question d’orientation" if known else "n’existe pas"
        yield Finding("G001", path, f"La question « {atom.question} » {reason}.")
        return
    if atom.operator not in OPERATORS[question.type]:
        allowed = ", ".join(operator.value for operator in Operator if operator in OPERATORS[question.type])
        message = (
            f"« {atom.operator} » ne s’applique pas à la question {question.code}, de type {question.type}"
            f" ; opérateurs admis : {allowed}."
        )
        yield Finding("G007", path, message)
        return
    for value in atom.values:
        if parse_constant(question, value) is not None:
            continue
        if question.type in (QuestionType.NUMBER, QuestionType.DATE):
            expected = "un nombre" if question.type is QuestionType.NUMBER else "une date AAAA-MM-JJ"
            message = f"La question {question.code} attend {expected}, et non « {value} »."
            yield Finding("G007", path, message)
        else:
            choices = ", ".join(question.values)
            message = f"« {value} » n’est pas une réponse de la question {question.code} ; réponses : {choices}."
            yield Finding("G001", path, message)


# -- G002


def _duplicates(grid: Grid) -> Iterator[Finding]:
    shared: list[tuple[str, str]] = [(f"{path}.code", question.code) for path, question in question_places(grid)]
    shared += [(f"questionnaires[{i}].code", each.code) for i, each in enumerate(grid.questionnaires)]
    shared += [(f"{path}.code", criterion.code) for path, criterion, _ in criteria_places(grid)]
    yield from _repeated(shared)
    yield from _repeated([(f"orientation.sections[{i}].code", each.code) for i, each in enumerate(grid.orientation)])
    for i, questionnaire in enumerate(grid.questionnaires):
        sections = enumerate(questionnaire.sections)
        yield from _repeated([(f"questionnaires[{i}].sections[{j}].code", each.code) for j, each in sections])
    for path, question in question_places(grid):
        yield from _repeated([(f"{path}.choices[{i}].code", each.code) for i, each in enumerate(question.choices)])
    for path, criterion, _ in criteria_places(grid):
        yield from _repeated([(f"{path}.evidence[{i}].code", each.code) for i, each in enumerate(criterion.evidence)])


def _repeated(places: list[tuple[str, str]]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for path, code in places:
        if code in first:
            yield Finding("G002", path, f"Le code « {code} » est déjà pris par {first[code]}.")
        first.setdefault(code, path)


# -- G003


def _cycles(grid: Grid) -> Iterator[Finding]:
    """One finding for each cycle found by walking the questions in the order of the file."""
    places = {question.code: path for path, question in question_places(grid)}
    done: set[str] = set()

    def walk(code: str, trail: list[str]) -> Iterator[Finding]:
        if code in trail:
            cycle = [*trail[trail.index(code) :], code]
            message = f"Ces questions dépendent les unes des autres : {' → '.join(cycle)}."
            yield Finding("G003", f"{places[code]}.visible_when", message)
            return
        if code in done:
            return
        for named in questions_named(grid.questions[code].visible_when):
            if named in grid.questions:
                yield from walk(named, [*trail, code])
        done.add(code)

    for code in grid.questions:
        yield from walk(code, [])


# -- G008 to G011


def _criterion_findings(
    path: str, criterion: Criterion, questionnaire: Questionnaire, has_template: Callable[[str], bool]
) -> Iterator[Finding]:
    offered = [level.level for level in criterion.levels]
    for name in _ignored_fields(criterion, questionnaire.kind):
        message = f"« {name} » n’a pas de sens pour ce critère : ce qui est écrit est ignoré."
        yield Finding("G013", f"{path}.{name}", message, severity=Severity.WARNING)
    if questionnaire.kind is Kind.LEVELS:
        yield from _level_findings(path, criterion, offered)
    elif questionnaire.kind is Kind.DOCUMENTS and not criterion.evidence:
        message = f"Le critère {criterion.code} d’un questionnaire de documents n’attend aucune preuve : rien ne peut le satisfaire."
        yield Finding("G010", path, message)
    elif (
        questionnaire.kind is Kind.COMPLIANCE
        and criterion.is_obligation
        and not criterion.evidence
        and not criterion.value
    ):
        message = f"L’obligation {criterion.code} n’attend ni preuve ni valeur : rien ne peut la satisfaire."
        yield Finding("G010", path, message)
    for index, evidence in enumerate(criterion.evidence):
        place = f"{path}.evidence[{index}]"
        if not evidence.formats:
            yield Finding("G010", f"{place}.formats", f"La preuve « {evidence.code} » n’admet aucun format de fichier.")
        if evidence.template is not None and not has_template(evidence.template):
            yield Finding("G011", f"{place}.template", f"Le modèle « {evidence.template} » est introuvable.")


def _ignored_fields(criterion: Criterion, kind: Kind) -> list[str]:
    """Fields that are written where they mean nothing."""
    meaningless = {
        Kind.LEVELS: ["value"] if criterion.is_obligation else ["value", "acceptable"],
        Kind.COMPLIANCE: ["levels", "acceptable", "recommended"],
        Kind.DOCUMENTS: ["levels", "acceptable", "recommended", "value"],
    }
    return [name for name in meaningless[kind] if getattr(criterion, name)]


def _level_findings(path: str, criterion: Criterion, offered: list[str]) -> Iterator[Finding]:
    ranks = [LEVELS.index(level) for level in offered]
    if ranks != sorted(set(ranks)):
        message = f"Les niveaux du critère {criterion.code} sont répétés ou en désordre ({', '.join(offered)}) ; ordre : {', '.join(LEVELS)}."
        yield Finding("G009", f"{path}.levels", message)
    if criterion.is_obligation and not criterion.acceptable:
        yield Finding("G008", path, f"L’obligation {criterion.code} n’a aucun niveau acceptable.")
    for index, level in enumerate(criterion.acceptable):
        if criterion.is_obligation and level not in offered:
            message = f"Le niveau acceptable « {level} » n’est pas proposé par le critère {criterion.code}."
            yield Finding("G008", f"{path}.acceptable[{index}]", message)
    if criterion.recommended is not None and criterion.recommended not in offered:
        message = f"Le niveau recommandé « {criterion.recommended} » n’est pas proposé par le critère {criterion.code}."
        yield Finding("G008", f"{path}.recommended", message)
