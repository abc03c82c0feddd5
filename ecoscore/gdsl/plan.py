"""What a checked GDSL script means: steps and instructions, immutable (docs/ecoscore.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    WEB = "web"
    ANDROID = "android"


class StepKind(StrEnum):
    """By the prefix of the step’s name; REFERENCE and BACKGROUND are mandatory for a final measure."""

    REFERENCE = "REFERENCE"
    LOAD = "CHRGT"
    ACTION = "ACTION"
    SCROLL = "SCROLL"
    PAUSE = "PAUSE"
    BACKGROUND = "BACKGROUND"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to say of a line; `line` and `column` count from 1. Codes E… forbid a measure, W… do not."""

    line: int
    column: int
    code: str
    message: str
    suggestion: str = ""

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One command with its arguments, variables replaced; a `${SECRET_…}` stays as written until the bench types it."""

    line: int
    name: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What stands between measureStart and measureStop."""

    line: int
    name: str
    kind: StepKind
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A script without errors: measured steps and what is done between them, in order."""

    platform: Platform
    parts: tuple[Instruction | Step, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(part for part in self.parts if isinstance(part, Step))
