"""The schema: from a tree of strings to a `Grid`. Everything that does not fit is a G013, all of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from .conditions import AllOf, AnyOf, Atom, Condition, Not, Operator
from .findings import Finding, GridRefused
from .grid import (
    FORMATS,
    LEVELS,
    MAX_SIZE_MB,
    Choice,
    Criterion,
    EvidenceType,
    Grid,
    Kind,
    Level,
    Nature,
    Question,
    Questionnaire,
    QuestionType,
    Resource,
    Section,
    Value,
    ValueType,
)
from .source import Node, Source, child, read_plain, read_yaml

SCHEMA = "1"
MAX_QUESTIONS = 300
_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A grid and its places; `grid` is None when the schema refuses it, and `findings` then says why."""

    grid: Grid | None
    source: Source

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self.source.findings)

    def require(self) -> Grid:
        """The grid, or GridRefused with every schema error."""
        if self.grid is None:
            raise GridRefused(self.findings)
        return self.grid


def load_yaml(text: str) -> Loaded:
    """Read the text of a YAML file. Never raises: see `Loaded.findings`."""
    return load_source(read_yaml(text))


def load_plain(content: object, origins: Mapping[str, str] | None = None) -> Loaded:
    """Read plain mappings and lists, such as `canonical()` gives."""
    return load_source(read_plain(content, origins))


def load_source(source: Source) -> Loaded:
    grid = _Reader(source).grid(source.root) if source.root is not None else None
    return Loaded(None if source.findings else grid, source)


class _Fields:
    """The keys of one mapping. Reads note what they read; what nobody read is unknown."""

    def __init__(self, reader: _Reader, node: Node, known: str) -> None:
        self.reader = reader
        self.path = node.path
        self.entries: dict[str, Node] = {}
        if node.entries is None:
            reader.refuse(node.path, "Un ensemble de clés est attendu ici.")
            return
        names = known.split()
        for key, value in node.entries.items():
            if key in names:
                self.entries[key] = value
            else:
                reader.refuse(value.path, f"La clé « {key} » est inconnue ici ; clés admises : {', '.join(names)}.")

    def get(self, name: str) -> Node | None:
        node = self.entries.get(name)
        return None if node is None or node.is_null else node

    def has(self, name: str) -> bool:
        return self.get(name) is not None

    def refuse(self, name: str, message: str) -> None:
        self.reader.refuse(child(self.path, name), message)

    def text(self, name: str) -> str:
        """A required text."""
        node = self.entries.get(name)
        if node is None:
            self.refuse(name, f"La clé « {name} » manque.")
            return ""
        text = self.reader.scalar(node)
        if text == "" and (node.text is not None or node.is_null):
            self.refuse(name, f"La clé « {name} » est vide.")
        return text

    def optional(self, name: str) -> str | None:
        node = self.get(name)
        return None if node is None else self.reader.scalar(node) or None

    def flag(self, name: str, default: bool) -> bool:
        text = self.optional(name)
        if text is None:
            return default
        if text.lower() not in ("true", "false"):
            self.refuse(name, "true ou false est attendu.")
        return text.lower() == "true"

    def whole(self, name: str) -> int | None:
        text = self.optional(name)
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) == 0:
            self.refuse(name, "Un nombre entier, de 1 à 999999, est attendu.")
            return None
        return int(text)

    def word(self, name: str, words: type[_Word]) -> _Word:
        text = self.text(name)
        try:
            return words(text)
        except ValueError:
            if text:
                self.refuse(name, f"« {text} » n’est pas admis ; valeurs admises : {', '.join(words)}.")
            return next(iter(words))

    def items(self, name: str, build: Callable[[Node], _T], *, required: bool = False) -> tuple[_T, ...]:
        node = self.get(name)
        if node is None:
            if required:
                self.refuse(name, f"La liste « {name} » manque.")
            return ()
        if node.items is None:
            self.refuse(name, "Une liste est attendue ici.")
            return ()
        return tuple(build(item) for item in node.items)

    def condition(self, name: str) -> Condition | None:
        node = self.get(name)
        return None if node is None else self.reader.condition(node)


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source

    def refuse(self, path: str, message: str) -> None:
        self.source.refuse(path, message)

    def scalar(self, node: Node) -> str:
        if node.items is not None or node.entries is not None:
            self.refuse(node.path, "Un texte est attendu ici.")
            return ""
        return node.text or ""

    def word(self, node: Node) -> str:
        """An item of a list of words: it may not be empty."""
        text = self.scalar(node)
        if not text and node.items is None and node.entries is None:
            self.refuse(node.path, "Une valeur est attendue ici.")
        return text

    def level(self, node: Node) -> str:
        text = self.word(node)
        if text and text not in LEVELS:
            self.refuse(node.path, f"« {text} » n’est pas un niveau ; niveaux admis : {', '.join(LEVELS)}.")
        return text

    # -- conditions

    def condition(self, node: Node) -> Condition:
        if node.entries is None or len(node.entries) != 1:
            self.refuse(node.path, "Une condition est un ensemble d’une seule clé (equals, contains, in, answered, …).")
            return AllOf()
        ((key, inner),) = node.entries.items()
        match key:
            case "all":
                return AllOf(self._parts(inner))
            case "any":
                return AnyOf(self._parts(inner))
            case "not":
                return Not(self.condition(inner))
            case "answered":
                return Atom(Operator.ANSWERED, self.word(inner))
            case "equals" | "contains" | "in" | "greater_than" | "less_than":
                return self._atom(Operator(key), inner)
        self.refuse(inner.path, f"« {key} » n’est pas une condition.")
        return AllOf()

    def _parts(self, node: Node) -> tuple[Condition, ...]:
        if node.items is None:
            self.refuse(node.path, "Une liste de conditions est attendue ici.")
            return ()
        return tuple(self.condition(item) for item in node.items)

    def _atom(self, operator: Operator, node: Node) -> Atom:
        if node.items is None or len(node.items) != 2:
            self.refuse(
                node.path,
                f"« {operator} » attend une liste de deux éléments : la question, puis la valeur.",
            )
            return Atom(operator, "", ("",))
        question, value = node.items
        if operator is not Operator.IN:
            return Atom(operator, self.word(question), (self.word(value),))
        if value.items is None:
            self.refuse(value.path, "« in » attend une liste de valeurs.")
            return Atom(operator, self.word(question))
        return Atom(operator, self.word(question), tuple(self.word(item) for item in value.items))

    # -- orientation

    def choice(self, node: Node) -> Choice:
        fields = _Fields(self, node, "code label")
        return Choice(fields.text("code"), fields.text("label"))

    def resource(self, node: Node) -> Resource:
        fields = _Fields(self, node, "label url")
        resource = Resource(fields.text("label"), fields.text("url"))
        if resource.url and not re.match(r"https?://[^\s/]", resource.url):
            fields.refuse("url", "Une adresse commence par https://.")
        return resource

    def question(self, node: Node) -> Question:
        fields = _Fields(self, node, "code label help type choices exclusive required visible_when")
        question = Question(
            code=fields.text("code"),
            label=fields.text("label"),
            type=fields.word("type", QuestionType),
            help=fields.optional("help") or "",
            choices=fields.items("choices", self.choice),
            exclusive=fields.optional("exclusive"),
            required=fields.flag("required", True),
            visible_when=fields.condition("visible_when"),
        )
        has_choices = question.type in (QuestionType.SINGLE_CHOICE, QuestionType.MULTIPLE_CHOICE)
        if has_choices and not question.choices:
            fields.refuse("choices", "Une question à choix a au moins un choix.")
        if question.choices and not has_choices:
            fields.refuse("choices", "Seule une question à choix a des choix.")
        if question.exclusive and question.type is not QuestionType.MULTIPLE_CHOICE:
            fields.refuse("exclusive", "Seule une question à choix multiples a un choix exclusif.")
        return question

    def orientation_section(self, node: Node) -> Section:
        fields = _Fields(self, node, "code title introduction resources questions")
        return Section(
            code=fields.text("code"),
            title=fields.text("title"),
            introduction=fields.optional("introduction") or "",
            resources=fields.items("resources", self.resource),
            questions=fields.items("questions", self.question, required=True),
        )

    # -- evaluation

    def value(self, node: Node) -> Value:
        fields = _Fields(self, node, "type label unit")
        return Value(fields.word("type", ValueType), fields.text("label"), fields.optional("unit") or "")

    def criterion_level(self, node: Node) -> Level:
        fields = _Fields(self, node, "level text")
        level = fields.text("level")
        if level and level not in LEVELS:
            fields.refuse("level", f"« {level} » n’est pas un niveau ; niveaux admis : {', '.join(LEVELS)}.")
        return Level(level, fields.text("text"))

    def format(self, node: Node) -> str:
        text = self.word(node)
        if text and text not in FORMATS:
            self.refuse(
                node.path,
                f"« {text} » n’est pas un format admis ; formats admis : {', '.join(FORMATS)}.",
            )
        return text

    def evidence(self, node: Node) -> EvidenceType:
        names = "code label required single_deposit encrypted template formats max_size_mb max_age_days"
        fields = _Fields(self, node, names)
        return EvidenceType(
            code=fields.text("code"),
            label=fields.text("label"),
            required=fields.flag("required", True),
            single_deposit=fields.flag("single_deposit", False),
            encrypted=fields.flag("encrypted", False),
            template=fields.optional("template"),
            formats=fields.items("formats", self.format) if fields.has("formats") else FORMATS,
            max_size_mb=fields.whole("max_size_mb") or MAX_SIZE_MB,
            max_age_days=fields.whole("max_age_days"),
        )

    def criterion(self, node: Node, kind: Kind) -> Criterion:
        names = "code title objective nature visible_when levels acceptable recommended recommendation evidence value"
        fields = _Fields(self, node, f"{names} specific_by_default official")
        value = fields.get("value")
        criterion = Criterion(
            code=fields.text("code"),
            title=fields.text("title"),
            nature=fields.word("nature", Nature),
            objective=fields.optional("objective") or "",
            visible_when=fields.condition("visible_when"),
            levels=fields.items("levels", self.criterion_level),
            acceptable=fields.items("acceptable", self.level),
            recommended=fields.optional("recommended"),
            recommendation=fields.optional("recommendation") or "",
            evidence=fields.items("evidence", self.evidence),
            value=self.value(value) if value else None,
            specific_by_default=fields.flag("specific_by_default", False),
            official=fields.flag("official", False),
        )
        if kind is Kind.LEVELS and not criterion.levels:
            fields.refuse("levels", "Un critère à niveaux propose au moins un niveau.")
        return criterion

    def evaluation_section(self, node: Node, kind: Kind) -> Section:
        fields = _Fields(self, node, "code title introduction resources criteria")
        return Section(
            code=fields.text("code"),
            title=fields.text("title"),
            introduction=fields.optional("introduction") or "",
            resources=fields.items("resources", self.resource),
            criteria=fields.items("criteria", lambda item: self.criterion(item, kind), required=True),
        )

    def questionnaire(self, node: Node) -> Questionnaire:
        fields = _Fields(self, node, "code title kind inheritable core applicable_when sections")
        kind = fields.word("kind", Kind)
        return Questionnaire(
            code=fields.text("code"),
            title=fields.text("title"),
            kind=kind,
            inheritable=fields.flag("inheritable", False),
            core=fields.flag("core", False),
            applicable_when=fields.condition("applicable_when"),
            sections=fields.items("sections", lambda item: self.evaluation_section(item, kind), required=True),
        )

    # -- the whole

    def grid(self, node: Node) -> Grid:
        names = "schema demarche parcours version title effective_on exchange_when orientation questionnaires"
        fields = _Fields(self, node, names)
        if (schema := fields.text("schema")) not in ("", SCHEMA):
            fields.refuse("schema", f"Le schéma « {schema} » est inconnu ; seul le schéma {SCHEMA} est lu.")
        orientation = fields.get("orientation")
        if orientation is None:
            fields.refuse("orientation", "La clé « orientation » manque.")
            orientation = Node("orientation", entries={"title": Node("", text="-"), "sections": Node("", items=[])})
        within = _Fields(self, orientation, "title sections")
        grid = Grid(
            demarche=fields.text("demarche"),
            parcours=fields.text("parcours"),
            version=fields.text("version"),
            title=fields.text("title"),
            effective_on=self._date(fields, "effective_on"),
            orientation_title=within.text("title"),
            orientation=within.items("sections", self.orientation_section, required=True),
            questionnaires=fields.items("questionnaires", self.questionnaire),
            exchange_when=fields.condition("exchange_when"),
        )
        if sum(len(section.questions) for section in grid.orientation) > MAX_QUESTIONS:
            within.refuse("sections", f"L’orientation a plus de {MAX_QUESTIONS} questions.")
        return grid

    def _date(self, fields: _Fields, name: str) -> date:
        text = fields.text(name)
        if parsed := parse_date(text):
            return parsed
        if text:
            fields.refuse(name, "Une date s’écrit AAAA-MM-JJ.")
        return date.min


def parse_date(text: str) -> date | None:
    """A real calendar day written `2024-07-08`, or None."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
