"""GDSL: the language in which an editor writes what a user does, checked before any bench runs it."""

from ecoscore.gdsl.checker import DEFAULT_VARIABLES, Checked, check, kind_of
from ecoscore.gdsl.commands import COMMANDS, Command, commands_of
from ecoscore.gdsl.plan import Diagnostic, Instruction, Plan, Platform, Step, StepKind
from ecoscore.gdsl.scanner import read

__all__ = [
    "COMMANDS",
    "DEFAULT_VARIABLES",
    "Checked",
    "Command",
    "Diagnostic",
    "Instruction",
    "Plan",
    "Platform",
    "Step",
    "StepKind",
    "check",
    "commands_of",
    "kind_of",
    "read",
]
