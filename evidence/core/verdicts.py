"""What an antivirus says of a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state`: `clean`, `infected`, `error` (to be tried again) or `not_scanned` (too big); `detail` says why or what."""

    state: str
    detail: str = ""


CLEAN = Verdict("clean")


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of a whole from those of its parts: fail closed."""
    order = ("infected", "error", "not_scanned", "clean")
    return min(verdicts, key=lambda verdict: order.index(verdict.state), default=CLEAN)
