"""The table of authorised exchanges, copied from a frozen dossier and from what was given up since (A-31)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: What each interface carries, in the words of the convention.
DATA = {
    "appariement": "Identité et coordonnées",
    "mesures": "Mesures de santé",
    "documents": "Documents de santé",
    "agenda": "Rendez-vous et agenda",
}
#: What the annex of the convention says more than the decision.
DETAILS = ("necessity", "access", "retention", "security")


def build_scope(content: Mapping[str, Any], addenda: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One row per interface × direction of the frozen payload, without those that an addendum gave up.

    `content` and `addenda` are parsed payloads, addenda in order. Rows keep the order of the dossier.
    """
    given_up = {code for addendum in addenda for code in addendum.get("given_up", ())}
    rows = content.get("exchange_scope", []) if content.get("has_exchange") else []
    return [
        {
            "api": row["api"],
            "api_text": row["api_text"],
            "direction": row["direction"],
            "direction_text": row["direction_text"],
            "purpose": row["purpose"],
            "purpose_text": row["purpose_text"],
            "data": DATA.get(row["api"], row["api_text"]),
            **{key: row.get(key, "") for key in DETAILS},
        }
        for row in rows
        if f"{row['api']}-{row['direction']}" not in given_up
    ]
