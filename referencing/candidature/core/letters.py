"""Message templates of a démarche, filled for one file: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    code: str
    label: str
    subject: str
    text: str


def parse_templates(rows: Iterable[Mapping[str, Any]]) -> tuple[Template, ...]:
    """The templates of the démarche’s settings; `label` is what the list shows."""
    return tuple(Template(row["code"], row["label"], row["subject"], row["text"].strip()) for row in rows)


def fill(template: Template, values: Mapping[str, str]) -> Template:
    """Fields such as `{produit}` replaced; one that nobody knows stays as it is written, for its author to see."""

    def replaced(text: str) -> str:
        return _FIELD.sub(lambda found: values.get(found[1], found[0]), text)

    return Template(template.code, template.label, replaced(template.subject), replaced(template.text))
