"""Signatures and seals (PAdES, CMS), made by pyHanko; `verification` checks them.

A person signs with `sign_pdf`, the platform seals with `seal_pdf` and `seal_bytes`. Each signature of a PDF is an
incremental update without DocMDP lock: the next party signs the same file.
"""

import datetime as dt
import tempfile
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from . import authority, pdf
from .verification import SignatureCheck, Status, Verification, verify_bytes, verify_pdf
from .waiting import wait_for

__all__ = [
    "SignatureBox",
    "SignatureCheck",
    "SignatureFailed",
    "Status",
    "Verification",
    "seal_bytes",
    "seal_pdf",
    "sign_pdf",
    "verify_bytes",
    "verify_pdf",
]

SEAL_FIELD = "cachet"
TSA_TIMEOUT = 10  # seconds


class SignatureFailed(Exception):
    """A signature could not be made; the message is French and fit for people."""


@dataclass(frozen=True, slots=True)
class SignatureBox:
    """Where a signature shows, in points (1/72 inch) from the top left corner; pages count from 1, -1 is the last."""

    page: int = -1
    x: int = 51
    y: int = 600
    width: int = 213
    height: int = 79


def sign_pdf(
    document: bytes,
    *,
    signer_name: str,
    signer_email: str,
    reason: str,
    location: str,
    field_name: str,
    at: dt.datetime,
    box: SignatureBox | None = None,
) -> bytes:
    """Return the PDF with one more signature, by a person (PAdES B-B; B-T when `TSA_URL` is set).

    `field_name` must be free in the file; with a `box` the signature shows on the page. Raises SignatureFailed.
    """
    credential = authority.issue_signer(name=signer_name, email=signer_email)
    return _sign(
        document,
        credential=credential,
        field_name=field_name,
        name=signer_name,
        heading="Signé électroniquement par",
        reason=reason,
        at=at,
        box=box,
        contact_info=signer_email,
        location=location,
    )


def seal_pdf(
    document: bytes,
    *,
    reason: str,
    field_name: str = SEAL_FIELD,
    at: dt.datetime | None = None,
    box: SignatureBox | None = None,
) -> bytes:
    """Return the PDF with the platform's seal: who made the file and that it has not changed, never a consent."""
    credential = authority.get_seal()
    (name,) = credential.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[:1]
    return _sign(
        document,
        credential=credential,
        field_name=field_name,
        name=str(name.value),
        heading="Cachet électronique",
        reason=reason,
        at=at or timezone.now(),
        box=box,
    )


def seal_bytes(payload: bytes, *, at: dt.datetime | None = None) -> bytes:
    """Return the platform's detached seal of `payload`, as CMS in DER; `openssl cms -verify` reads it too."""
    signer = _signer(authority.get_seal())
    try:
        content = wait_for(
            signer.async_sign_general_data(
                payload,
                "sha256",
                detached=True,
                timestamper=_timestamper(),
                signed_attr_settings=PdfCMSSignedAttributes(signing_time=at or timezone.now()),
            )
        )
    except TimestampRequestError as error:
        raise SignatureFailed("Le service d’horodatage ne répond pas.") from error
    dumped: bytes = content.dump()
    return dumped


class _DatedSigner(signers.PdfSigner):
    """pyHanko's signer, with the date given by the caller instead of the clock."""

    def __init__(self, *args: Any, at: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = at

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        session.system_time = self._at
        return session


def _sign(
    document: bytes,
    *,
    credential: authority.Credential,
    field_name: str,
    name: str,
    heading: str,
    reason: str,
    at: dt.datetime,
    box: SignatureBox | None,
    contact_info: str | None = None,
    location: str | None = None,
) -> bytes:
    make = partial(
        _DatedSigner,
        signers.PdfSignatureMetadata(
            field_name=field_name,
            name=name,
            reason=reason,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            contact_info=contact_info,
            location=location,
        ),
        _signer(credential),
        timestamper=_timestamper(),
        at=at,
    )
    try:
        writer = IncrementalPdfFileWriter(BytesIO(document))
        if _is_taken(writer, field_name):
            raise SignatureFailed("Cette partie a déjà signé ce document.")
        if box is None:
            return _write(make(), writer)
        with tempfile.NamedTemporaryFile(suffix=".pdf") as stamp:
            stamp.write(_draw_stamp(box, heading=heading, name=name, reason=reason, at=at, signer=credential))
            stamp.flush()
            field = fields.SigFieldSpec(field_name, on_page=_page_index(box), box=_place(writer, box))
            return _write(make(stamp_style=_stamp_style(stamp.name), new_field_spec=field), writer)
    except TimestampRequestError as error:
        raise SignatureFailed("Le service d’horodatage ne répond pas.") from error
    except (SigningError, PdfError, ValueError, LookupError) as error:
        raise SignatureFailed("Ce document ne peut pas être signé : il n’est pas un PDF lisible.") from error


def _write(signer: signers.PdfSigner, writer: IncrementalPdfFileWriter) -> bytes:
    output: BytesIO = wait_for(signer.async_sign_pdf(writer))
    return output.getvalue()


def _is_taken(writer: IncrementalPdfFileWriter, field_name: str) -> bool:
    return any(name == field_name for name, *_ in fields.enumerate_sig_fields(writer.prev, filled_status=True))


def _signer(credential: authority.Credential) -> signers.SimpleSigner:
    store = SimpleCertificateStore()
    store.register_multiple(
        asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)) for certificate in credential.chain
    )
    key = credential.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(credential.certificate.public_bytes(Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def _timestamper() -> HTTPTimeStamper | None:
    return HTTPTimeStamper(settings.TSA_URL, timeout=TSA_TIMEOUT) if settings.TSA_URL else None


def _draw_stamp(
    box: SignatureBox, *, heading: str, name: str, reason: str, at: dt.datetime, signer: authority.Credential
) -> bytes:
    """Return a one-page PDF of the size of the box: WeasyPrint embeds the fonts, which PDF/A asks for."""
    html = render_to_string(
        "documents/signature_stamp.html",
        {
            "heading": heading,
            "name": name,
            "reason": reason,
            "at": at,
            "width": box.width,
            "height": box.height,
            "notice": authority.DEMO_MARK if authority.is_demo(signer.certificate) else "",
        },
    )
    return pdf.render_html(html, variant=None)


def _stamp_style(path: str) -> StaticStampStyle:
    layout = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MIN, y_align=AxisAlignment.ALIGN_MIN, margins=Margins.uniform(0)
    )
    return StaticStampStyle.from_pdf_file(path, border_width=0, background_layout=layout)


def _page_index(box: SignatureBox) -> int:
    return box.page - 1 if box.page > 0 else box.page


def _place(writer: IncrementalPdfFileWriter, box: SignatureBox) -> tuple[int, int, int, int]:
    """Return the rectangle of `box` in PDF coordinates, which count from the bottom left corner."""
    page = writer.prev.find_page_for_modification(_page_index(box))[0].get_object()
    while "/MediaBox" not in page:
        page = page["/Parent"]
    left, bottom, _, top = (float(edge) for edge in page["/MediaBox"])
    x, y = round(left + box.x), round(top - box.y - box.height)
    return x, max(y, round(bottom)), x + box.width, max(y, round(bottom)) + box.height
