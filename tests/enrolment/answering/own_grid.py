"""Our own grid in tests: its worked example, and a questionnaire of any size made of its texts."""

from __future__ import annotations

import copy
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

GRIDS = Path(__file__).resolve().parents[3] / "fixtures" / "grids" / "referencement-guide"
GRID = GRIDS / "2024.12.yaml"


@cache
def guide_answers() -> dict[str, Any]:
    """The orientation of the worked example that opens every questionnaire."""
    examples = yaml.safe_load((GRIDS / "2024.12.examples.yaml").read_text(encoding="utf-8"))["examples"]
    words = {True: "oui", False: "non"}
    return {code: words[value] if isinstance(value, bool) else value for code, value in examples[0]["answers"].items()}


def wide_grid(count: int) -> str:
    """YAML of our grid where « interoperabilite » holds `count` criteria with levels, all shown whatever is answered."""
    grid = yaml.safe_load(GRID.read_text(encoding="utf-8"))
    leveled = [each for each in grid["questionnaires"] if each["kind"] == "levels"]
    texts = cycle([criterion for each in leveled for section in each["sections"] for criterion in section["criteria"]])
    criteria: list[dict[str, Any]] = []
    for number, text in enumerate(islice(texts, count), start=1):
        criterion = copy.deepcopy(text)
        criterion.pop("visible_when", None)
        criterion["code"] = f"W.{number:03d}"
        criteria.append(criterion)
    sections = [
        {"code": f"W.{start // 10}", "title": f"Section {start // 10 + 1}", "criteria": criteria[start : start + 10]}
        for start in range(0, count, 10)
    ]
    wide = next(each for each in leveled if each["code"] == "interoperabilite")
    wide["sections"] = sections
    wide.pop("applicable_when", None)
    grid["version"] = f"large-{count}"
    return yaml.safe_dump(grid, allow_unicode=True, sort_keys=False)
