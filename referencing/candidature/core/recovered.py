"""What a producer answers about a recovered criterion: masked for the distributor’s addendum, whole for the verifier (A-24)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergence.kernel.canonical import canonical_json
from referencing.candidature.core.addenda import Reply, complement_content
from referencing.candidature.core.criteria import Recovered

#: What a reply of this origin answers to: a question to the producer, by its number.
PRODUCER = "producer"


def verifier_part(reply: Reply) -> bytes:
    """The whole answer, question included, as canonical JSON: `answer`, `comment`, `evidence`, `is_reached`…"""
    return canonical_json(complement_content([reply])["items"][0])


def masked_item(reply: Reply, source: Recovered, *, commitment: str, method: str) -> Mapping[str, Any]:
    """The item of the distributor’s addendum: which criterion, from whom, and a commitment. Nothing asked, nothing answered."""
    return {
        "criterion": reply.code,
        "theme": reply.theme,
        "title": reply.title,
        "origin": {"kind": PRODUCER, "number": reply.number},
        "question": "",
        "answer": None,
        "comment": "",
        "evidence": [],
        "recovered": {
            "commitment": commitment,
            "method": method,
            "solution": source.solution,
            "producer": source.producer,
        },
    }
