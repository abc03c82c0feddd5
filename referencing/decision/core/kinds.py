"""Which act of the minister an opinion allows, and what each remedy may do to an act (BR-157, A-01, A-30, A-33)."""

from __future__ import annotations

LISTING, REFUSAL, RENEWAL, ABROGATION = "listing", "refusal", "renewal", "abrogation"
UNFAVOURABLE = "unfavourable"
#: Acts against the interest of their addressee: they give reasons and name the remedies (L.211-2, R.421-5).
ADVERSE_KINDS = (REFUSAL, "formal_notice", "suspension", "withdrawal", ABROGATION)
#: Taken after the editor was heard, unless urgency (A-02, L.121-1).
HEARD_KINDS = ("suspension", "withdrawal", ABROGATION)
#: What a sanction takes away, the cancellation of the act gives back.
SANCTION_KINDS = ("formal_notice", "suspension", "withdrawal")

REJECTED, INSTRUCTION, COMMISSION, RECONSIDERED, CANCELLED = (
    "rejected",
    "instruction",
    "commission",
    "reconsidered",
    "cancelled",
)


def allowed_kinds(*, opinion: str, has_open_suspensive: bool, cycle: str) -> tuple[str, ...]:
    """Kinds that the minister may sign on a file, the usual one first; none without an opinion.

    `opinion`: code of the newest opinion, empty when there is none. An unfavourable opinion, or a suspensive reservation
    left open, leaves the refusal only.
    """
    if not opinion:
        return ()
    if opinion == UNFAVOURABLE or has_open_suspensive:
        return (REFUSAL,)
    return (RENEWAL if cycle == "renewal" else LISTING, REFUSAL)


def possible_outcomes(kind: str) -> tuple[str, ...]:
    """What the minister may answer to a remedy against an act of this kind."""
    if kind in (REFUSAL, ABROGATION):
        return (REJECTED, INSTRUCTION, COMMISSION, RECONSIDERED)
    if kind in SANCTION_KINDS:
        return (REJECTED, CANCELLED)
    return (REJECTED,)
