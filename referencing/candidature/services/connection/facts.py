"""Rows as the pure core takes them."""

from __future__ import annotations

from referencing.candidature.core.workbook import Line
from referencing.candidature.models import TestLine


def facts_of(line: TestLine) -> Line:
    """Facts of a line that came `with_visuals`."""
    return Line(
        code=line.code,
        title=line.title,
        is_mandatory=line.is_mandatory,
        needs_visual=line.needs_visual,
        allows_not_applicable=line.allows_not_applicable,
        result=line.result,  # type: ignore[arg-type]  # a choice of the same values
        comment=line.comment,
        visuals=line.visual_count,  # type: ignore[attr-defined]
        final_result=line.final_result,  # type: ignore[arg-type]
        final_remark=line.final_remark,
    )


def line_anchor(code: str) -> str:
    """Fragment of a line in the page of the cahier."""
    return f"#line-{code}"
