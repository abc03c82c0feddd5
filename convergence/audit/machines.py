"""The state machines as the code declares them, and a drawing of each: states are lines, transitions are arrows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from django.apps import apps
from django.db import models
from django_fsm import FSMField

ANY = "*"
ANY_OTHER = "+"


@dataclass(frozen=True, slots=True)
class Step:
    """One transition: its method, what its button says, the states it leaves, the state it reaches."""

    name: str
    label: str
    sources: Sequence[str]
    target: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine of one state column; `states` maps code to French label, in the order of the enumeration."""

    model: type[models.Model]
    field: FSMField
    states: dict[str, str]
    steps: Sequence[Step]

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)

    @property
    def initial(self) -> str:
        return str(self.field.default)

    def pairs(self) -> set[tuple[str, str]]:
        """Every change of state that some transition makes; staying where one is does not count."""
        return {(source, step.target) for step in self.steps for source in step.sources if source != step.target}


def list_machines() -> Iterator[Machine]:
    """One per protected state column, in alphabetical order of the models."""
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label_lower):
        for field in model._meta.get_fields():
            if isinstance(field, FSMField):
                yield read_machine(model, field)


def read_machine(model: type[models.Model], field: FSMField) -> Machine:
    states = {str(code): str(label) for code, label in field.choices or ()}
    sources: dict[str, list[str]] = {}
    declared = {}
    for transition in field.get_all_transitions(model):
        declared[transition.name] = transition
        sources.setdefault(transition.name, []).extend(_expand(str(transition.source), str(transition.target), states))
    steps = [
        Step(
            name,
            str((transition.custom or {}).get("label", "")),
            [state for state in states if state in sources[name]],
            str(transition.target),
        )
        for name, transition in declared.items()
    ]
    order = list(states)
    steps.sort(key=lambda step: (order.index(step.sources[0]), order.index(step.target), step.name))
    return Machine(model, field, states, steps)


def _expand(source: str, target: str, states: dict[str, str]) -> list[str]:
    if source == ANY:
        return list(states)
    if source == ANY_OTHER:
        return [state for state in states if state != target]
    return [source]


ROW, COLUMN, HEAD, LABELS, CHARACTER = 40, 56, 150, 24, 7.2


def draw(machine: Machine) -> str:
    """SVG: a line per state, an arrow per transition from the dots (where it starts) to its point (where it ends)."""
    rows = {state: HEAD + ROW // 2 + index * ROW for index, state in enumerate(machine.states)}
    left = LABELS + round(max(len(label) for label in machine.states.values()) * CHARACTER) + 24
    width = left + COLUMN * len(machine.steps) + 110
    height = HEAD + ROW * len(rows) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(machine.name)}">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        '<defs><marker id="point" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#000091"/></marker></defs>',
    ]
    for state, y in rows.items():
        weight = ' font-weight="bold"' if state == machine.initial else ""
        lines += [
            f'<text x="{LABELS}" y="{y + 4}" fill="#161616"{weight}>{escape(machine.states[state])}</text>',
            f'<line x1="{left}" y1="{y}" x2="{width - 100}" y2="{y}" stroke="#ccc" stroke-width="2"/>',
        ]
    for index, step in enumerate(machine.steps):
        x = left + COLUMN * index + COLUMN // 2
        lines.append(
            f'<text transform="translate({x + 4} {HEAD - 8}) rotate(-50)" fill="#000091">{escape(step.name)}</text>'
        )
        end = rows[step.target]
        for source in step.sources:
            start = rows[source]
            lines.append(f'<circle cx="{x}" cy="{start}" r="4" fill="#000091"/>')
            if start == end:  # may be done again without leaving the state
                lines.append(f'<circle cx="{x}" cy="{start}" r="8" fill="none" stroke="#000091"/>')
            else:
                near = end - 3 if start < end else end + 3
                lines.append(
                    f'<line x1="{x}" y1="{start}" x2="{x}" y2="{near}" stroke="#000091" stroke-width="1.5" '
                    'marker-end="url(#point)"/>'
                )
    return "\n".join([*lines, "</svg>", ""])


def describe(machine: Machine) -> str:
    """Markdown: the drawing, the states, the transitions."""
    verbose = str(machine.model._meta.verbose_name)
    lines = [
        f"# {machine.model.__name__} ({verbose})",
        "",
        "Generated by `manage.py draw_workflows`: change the code, then run it again.",
        "",
        f"![States of {machine.model.__name__}]({machine.name}.svg)",
        "",
        "| state | what people read |",
        "|---|---|",
        *(
            f"| `{code}`{' (first)' if code == machine.initial else ''} | {label} |"
            for code, label in machine.states.items()
        ),
        "",
        "| transition | button | from | to |",
        "|---|---|---|---|",
        *(
            f"| `{step.name}` | {step.label} | {', '.join(f'`{source}`' for source in step.sources)} | `{step.target}` |"
            for step in machine.steps
        ),
        "",
    ]
    return "\n".join(lines)


def list_files() -> dict[str, str]:
    """Name and content of every generated file of `docs/workflow/`."""
    files = {}
    for machine in list_machines():
        files[f"{machine.name}.svg"] = draw(machine)
        files[f"{machine.name}.md"] = describe(machine)
    return files
