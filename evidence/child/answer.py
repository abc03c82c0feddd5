"""What the child says."""

from dataclasses import dataclass, field
from typing import Any

Problem = dict[str, Any]  # {"code": …, details of its message}


@dataclass(slots=True)
class Answer:
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""


class Refused(Exception):
    """Looking further is impossible or unsafe."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.problem: Problem = {"code": code, **details}
