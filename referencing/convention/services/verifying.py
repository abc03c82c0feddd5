"""What a signed convention is worth: before it is kept, before it is validated, and whenever somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convergence.documents.signatures import SignatureCheck, Status, verify_pdf
from convergence.kernel.canonical import sha256_hex
from evidence.services import read_bytes

if TYPE_CHECKING:
    from referencing.convention.models import Signable

NOT_THE_CONVENTION = "Le document signé n’est pas la convention envoyée."
FILE_MISSING = "Le fichier signé ne se trouve plus dans le stockage."
FILE_CHANGED = "L’empreinte du fichier n’est plus celle qui a été enregistrée à la signature."


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """The answer of a verification: every problem in French, none when the convention is intact."""

    problems: Sequence[str]
    signatures: Sequence[SignatureCheck]
    sha256: str

    @property
    def is_intact(self) -> bool:
        return not self.problems

    @property
    def is_demo(self) -> bool:
        return any(signature.is_demo for signature in self.signatures)


def find_problem(*, original: bytes, signed: bytes) -> str:
    """Why a document is not an intact signature of `original`, in French; empty when it is.

    A signature is an incremental update: what was sent must stand unchanged at the head of what comes back.
    """
    verification = verify_pdf(signed)
    if verification.status is not Status.INTACT:
        return verification.reason
    return "" if signed.startswith(original) else NOT_THE_CONVENTION


def examine_signature(signable: Signable) -> SignatureReport:
    """Read the stored files again and verify hash, signatures and content (must be signed)."""
    stored = signable.signed_document
    if stored is None or signable.document is None:
        raise ValueError("only a signed document can be examined")
    try:
        signed, original = read_bytes(stored), read_bytes(signable.document)
    except FileNotFoundError:
        return SignatureReport([FILE_MISSING], [], stored.blob.sha256)
    verification = verify_pdf(signed)
    problems = [] if sha256_hex(signed) == stored.blob.sha256 else [FILE_CHANGED]
    if verification.status is not Status.INTACT:
        problems.append(verification.reason)
    elif not signed.startswith(original):
        problems.append(NOT_THE_CONVENTION)
    return SignatureReport(problems, verification.signatures, stored.blob.sha256)
