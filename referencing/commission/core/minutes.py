"""Minutes of a session as plain values: what is frozen, and what reaches somebody who may not know every point (A-28, A-29)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

#: Version of the frozen form.
SCHEMA = 1
#: What stands in an extract instead of a point.
MASKED = "masked"


def build_minutes(
    *,
    session: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    mandates: Sequence[Mapping[str, Any]],
    guests: Sequence[Mapping[str, Any]],
    points: Sequence[Mapping[str, Any]],
    texts: Mapping[str, Any],
) -> dict[str, Any]:
    """`points` each carry their `id`; `texts`: what the secretary wrote, `opening`, `closing`, and by id under `points`."""
    written = texts.get("points", {})
    return {
        "schema": SCHEMA,
        "session": dict(session),
        "members": [dict(each) for each in members],
        "mandates": [dict(each) for each in mandates],
        "guests": [dict(each) for each in guests],
        "opening": texts.get("opening", ""),
        "points": [{**each, "text": written.get(each["id"], "")} for each in points],
        "closing": texts.get("closing", ""),
    }


def mask_minutes(content: Mapping[str, Any], *, known: Collection[str]) -> dict[str, Any]:
    """The extract for somebody who may know the points of these ids only: of the others, their rank and nothing else.

    Guests heard on a masked point go with it: their names may tell whose file it is.
    """
    return {
        **content,
        "guests": [each for each in content["guests"] if not each["point_id"] or each["point_id"] in known],
        "points": [
            point if point["id"] in known else {"id": point["id"], "position": point["position"], MASKED: True}
            for point in content["points"]
        ],
    }
