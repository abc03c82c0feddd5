"""From YAML text, or from plain lists and mappings, to a tree whose scalars are all strings and know their place.

YAML would read `04.03` as a number and `no` as false; here a scalar stays what was written until the schema types it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import yaml

from .findings import Finding

MAX_DEPTH = 120
MAX_NODES = 200_000
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "seq", "map")
}
_CONTROL = (
    {chr(code) for code in range(32)} - {"\t", "\n", "\r"}
    | {chr(code) for code in range(127, 160)}
    | {"\u2028", "\u2029"}
)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """One place of the file. At most one of `text`, `items`, `entries` is set.

    `is_null` marks a bare `null`, `~` or nothing at all: absent where a field is optional, what was written elsewhere.
    """

    path: str
    text: str | None = None
    is_null: bool = False
    items: list[Node] | None = None
    entries: dict[str, Node] | None = None


@dataclass(slots=True)
class Source:
    """A tree, the origin of each path in its file, and what could not be read (all G013)."""

    root: Node | None = None
    origins: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def origin(self, path: str) -> str:
        """Where `path` stands in the file: its own origin, or its nearest parent's."""
        while path:
            if path in self.origins:
                return self.origins[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.origins.get("", "")

    def refuse(self, path: str, message: str) -> None:
        self.findings.append(Finding("G013", path, message, self.origin(path)))


def read_yaml(text: str) -> Source:
    """Parse one YAML document; syntax errors, duplicate keys, foreign tags and endless aliases become findings."""
    source = Source()
    try:
        root = yaml.compose(text.removeprefix("\ufeff"), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        source.origins[""] = f"ligne {mark.line + 1}" if mark else ""
        source.refuse("", f"Ce fichier n’est pas un YAML lisible : {getattr(error, 'problem', None) or error}.")
        return source
    except RecursionError:
        source.refuse("", "Ce fichier YAML est trop imbriqué.")
        return source
    if root is None:
        source.refuse("", "Ce fichier est vide.")
        return source
    source.root = _Converter(source).from_yaml(root, "", 0)
    return source


def read_plain(content: object, origins: Mapping[str, str] | None = None) -> Source:
    """The same tree from plain mappings, lists and scalars (Excel, JSON, `canonical()`)."""
    source = Source(origins=dict(origins or {}))
    source.root = _Converter(source).from_plain(content, "", 0)
    return source


def child(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


class _Converter:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def from_yaml(self, node: yaml.Node, path: str, depth: int) -> Node:
        self.source.origins[path] = f"ligne {node.start_mark.line + 1}"
        if not self._fits(path, depth):
            return Node(path)
        if node.tag not in _PLAIN_TAGS:
            self.source.refuse(path, f"L’étiquette YAML « {node.tag} » n’est pas admise.")
            return Node(path)
        if isinstance(node, yaml.SequenceNode):
            return Node(
                path, items=[self.from_yaml(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
            )
        if isinstance(node, yaml.MappingNode):
            return Node(path, entries=self._entries(node, path, depth))
        if isinstance(node, yaml.ScalarNode) and not node.style and node.value in ("", "~", "null"):
            return Node(path, text=node.value or None, is_null=True)
        return Node(path, text=self._clean(node.value, path))

    def _entries(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key, value in node.value:
            line = f"ligne {key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                self.source.findings.append(Finding("G013", path, "Une clé doit être un mot.", line))
            elif key.value in entries:
                message = f"La clé « {key.value} » est écrite deux fois."
                self.source.findings.append(Finding("G013", child(path, key.value), message, line))
            else:
                entries[key.value] = self.from_yaml(value, child(path, key.value), depth + 1)
        return entries

    def from_plain(self, content: object, path: str, depth: int) -> Node:
        if not self._fits(path, depth):
            return Node(path)
        match content:
            case None:
                return Node(path, is_null=True)
            case bool():
                return Node(path, text="true" if content else "false")
            case str():
                return Node(path, text=self._clean(content, path))
            case int() | Decimal() | float():
                return Node(path, text=str(content))
            case Mapping():
                return Node(
                    path,
                    entries={str(k): self.from_plain(v, child(path, str(k)), depth + 1) for k, v in content.items()},
                )
            case list() | tuple():
                return Node(
                    path, items=[self.from_plain(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(content)]
                )
        self.source.refuse(path, "Cette valeur n’est ni un texte, ni une liste, ni un ensemble de clés.")
        return Node(path)

    def _fits(self, path: str, depth: int) -> bool:
        self.count += 1
        if depth > MAX_DEPTH:
            self.source.refuse(path, "Ce fichier est trop imbriqué.")
            return False
        if self.count == MAX_NODES:
            self.source.refuse(path, "Ce fichier contient trop d’éléments.")
        return self.count < MAX_NODES

    def _clean(self, text: str, path: str) -> str:
        if not _CONTROL.isdisjoint(text) or any("\ud800" <= c <= "\udfff" or c in "\ufffe\uffff" for c in text):
            self.source.refuse(path, "Ce texte contient un caractère de contrôle.")
        return text.replace("\r\n", "\n").replace("\r", "\n").strip()
