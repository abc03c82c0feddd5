"""What a signed file is worth today: verified by pyHanko, answered in French words, never by an exception.

For files that the platform, its providers or its staff made. A file received from a stranger goes through the limited
child process of `evidence` first: reading any PDF may ask for a lot of memory.
"""

import datetime as dt
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from asn1crypto import cms, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    SignatureCoverageLevel,
    async_validate_detached_cms,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.status import (
    DocumentTimestampStatus,
    PdfSignatureStatus,
    StandardCMSSignatureStatus,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from . import authority
from .waiting import wait_for

DIGEST_MISMATCH = "L’empreinte du contenu ne correspond plus à celle qui a été signée."
SIGNATURE_INVALID = "La signature elle-même ne correspond pas au certificat qui l’accompagne."
COVERAGE_BROKEN = "La signature ne couvre pas tout ce qui la précède dans le fichier."
MODIFIED_AFTER = "Le contenu a été modifié après cette signature."
SIGNATURE_UNREADABLE = "La signature est illisible."
STRUCTURE_DAMAGED = "Le fichier porte une signature, mais sa structure est abîmée."
BYTES_APPENDED = "Des octets ont été ajoutés après la dernière signature."
NOT_A_PDF = "Le fichier n’est pas un PDF lisible."
NOT_A_SIGNATURE = "Le fichier de signature est illisible."

# What pyHanko, asn1crypto and cryptography are known to raise on bytes that are not what they should be.
MALFORMED = (
    PdfError,
    PathError,
    ValidationError,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    StopIteration,
    struct.error,
    zlib.error,
)

# A signature dictionary always stands in clear in the file, whatever became of the structure that leads to it.
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[")
_TRACES = re.compile(rb"/ByteRange\b|/Type\s*/(?:Sig|DocTimeStamp)\b|/SubFilter\s*/(?:ETSI\.|adbe\.)")


class Status(StrEnum):
    """What a file is worth as a whole."""

    INTACT = "intact"
    ALTERED = "altered"
    UNSIGNED = "unsigned"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """One signature of a file.

    `intact`: what it covers is what was signed, and nothing but further signatures was added. `trusted`: its
    certificate leads to a root that we believe. `is_demo`: that root is a demonstration authority. `problem` is a
    French sentence, empty when intact.
    """

    field: str
    signer: str
    issuer: str
    signed_at: dt.datetime | None
    intact: bool
    covers_whole_file: bool
    trusted: bool
    is_demo: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer of a verification; `reason` is a French sentence when `status` is not intact."""

    status: Status
    signatures: tuple[SignatureCheck, ...] = ()
    reason: str = ""

    @property
    def is_intact(self) -> bool:
        return self.status is Status.INTACT


def verify_pdf(pdf: bytes) -> Verification:
    """Verify every signature of a PDF.

    Intact means: each signature is, each was followed by signatures only, and the last one covers the file to its end.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf))
        embedded: list[EmbeddedPdfSignature] = list(reader.embedded_signatures)
    except MALFORMED:
        if _TRACES.search(pdf):
            return Verification(Status.ALTERED, reason=STRUCTURE_DAMAGED)
        return Verification(Status.UNREADABLE, reason=NOT_A_PDF)
    if not embedded and not _TRACES.search(pdf):
        return Verification(Status.UNSIGNED, reason="Le fichier ne porte aucune signature.")
    return _conclude([_check_embedded(each) for each in embedded], expected=len(_BYTE_RANGE.findall(pdf)))


def verify_bytes(payload: bytes, signature: bytes) -> Verification:
    """Verify a detached CMS signature (DER) of `payload`, as `seal_bytes` makes it."""
    context = _validation_context()
    try:
        content = cms.ContentInfo.load(signature, strict=True)
        signed_data = content["content"]
        if content["content_type"].native != "signed_data" or not signed_data["signer_infos"]:
            return Verification(Status.UNREADABLE, reason=NOT_A_SIGNATURE)
        status = wait_for(async_validate_detached_cms(payload, signed_data, signer_validation_context=context))
        check = _describe(field="", status=status, covers_whole_file=True, problem=_find_problem(status))
    except MALFORMED:
        return Verification(Status.UNREADABLE, reason=NOT_A_SIGNATURE)
    return Verification(Status.INTACT if check.intact else Status.ALTERED, (check,), check.problem)


def _conclude(checks: Sequence[SignatureCheck], *, expected: int) -> Verification:
    if len(checks) != expected:
        reason = STRUCTURE_DAMAGED
    elif damaged := next((check for check in checks if not check.intact), None):
        reason = damaged.problem
    elif not any(check.covers_whole_file for check in checks):
        reason = BYTES_APPENDED
    else:
        return Verification(Status.INTACT, tuple(checks))
    return Verification(Status.ALTERED, tuple(checks), reason)


def _check_embedded(embedded: EmbeddedPdfSignature) -> SignatureCheck:
    context = _validation_context()
    status: PdfSignatureStatus | DocumentTimestampStatus
    try:
        if embedded.sig_object_type == "/DocTimeStamp":
            status = wait_for(async_validate_pdf_timestamp(embedded, context))
        else:
            status = wait_for(async_validate_pdf_signature(embedded, context))
        return _describe(
            field=embedded.field_name,
            status=status,
            covers_whole_file=status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
            problem=_find_problem(status) or _find_change(status),
        )
    except MALFORMED:
        return SignatureCheck(
            field=str(embedded.field_name),
            signer="",
            issuer="",
            signed_at=None,
            intact=False,
            covers_whole_file=False,
            trusted=False,
            is_demo=False,
            problem=SIGNATURE_UNREADABLE,
        )


def _find_problem(status: Any) -> str:
    """Return what is wrong with the signature itself."""
    if not status.intact:
        return DIGEST_MISMATCH
    return "" if status.valid else SIGNATURE_INVALID


def _find_change(status: Any) -> str:
    """Return what happened to the PDF around and after a signature that is good in itself."""
    if status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return COVERAGE_BROKEN
    if status.modification_level > ModificationLevel.FORM_FILLING:
        return MODIFIED_AFTER
    return ""


def _describe(*, field: str, status: Any, covers_whole_file: bool, problem: str) -> SignatureCheck:
    certificate = status.signing_cert
    return SignatureCheck(
        field=field,
        signer=certificate.subject.native.get("common_name", certificate.subject.human_friendly),
        issuer=certificate.issuer.native.get("common_name", certificate.issuer.human_friendly),
        signed_at=_read_date(status),
        intact=not problem,
        covers_whole_file=covers_whole_file,
        trusted=status.trusted,
        is_demo=authority.DEMO_MARK in certificate.issuer.human_friendly,
        problem=problem,
    )


def _read_date(status: Any) -> dt.datetime | None:
    """Return the date of a time-stamping authority, else the one that the signer gave."""
    if not isinstance(status, StandardCMSSignatureStatus):
        timestamp: dt.datetime | None = status.timestamp
        return timestamp
    stamped = status.timestamp_validity
    return stamped.timestamp if stamped and stamped.valid and stamped.intact else status.signer_reported_dt


def _validation_context() -> ValidationContext:
    """Return a context that believes our roots and asks nothing of the network."""
    roots = [x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in authority.get_trusted_roots()]
    return ValidationContext(trust_roots=roots, allow_fetching=False)
