import datetime as dt
from pathlib import Path

import pytest

from convergence.documents import authority
from convergence.documents.pdf import render_html
from convergence.documents.signatures import SignatureBox, seal_pdf, sign_pdf

AT = dt.datetime(2024, 7, 8, 16, 27, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _authority(settings, demo_authority) -> None:
    settings.SIGNATURE_DIR = demo_authority
    settings.SEAL_PKCS12_PATH = settings.SIGNATURE_TRUST_PEM = settings.TSA_URL = ""


@pytest.fixture(scope="session")
def demo_authority(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="session")
def document() -> bytes:
    """A tagged PDF of two pages."""
    return render_html(
        "<!doctype html><html lang=fr><title>Convention</title><h1>Convention</h1><p>Page un.</p>"
        "<h2 class=page-break>Signatures</h2>"
    )


def sign(document: bytes, name: str = "Anne Étienne", field: str = "editeur", **options) -> bytes:
    values = {"reason": "Convention", "location": "Paris", "at": AT, "signer_email": "a@editeur.example", **options}
    return sign_pdf(document, signer_name=name, field_name=field, **values)


@pytest.fixture
def sealed(document) -> bytes:
    return seal_pdf(document, reason="Dossier figé", at=AT)


@pytest.fixture(scope="module")
def countersigned_by_three(document, demo_authority) -> bytes:
    """The convention with its three parties, each visible on the last page."""
    from django.test import override_settings

    with override_settings(SIGNATURE_DIR=demo_authority, SEAL_PKCS12_PATH="", SIGNATURE_TRUST_PEM="", TSA_URL=""):
        signed = sign(document, "Łukasz Nowak-d’Été", box=SignatureBox(page=-1, x=51, y=200))
        signed = sign(signed, "La ministre", "ministre", box=SignatureBox(page=2, x=51, y=300))
        return sign(signed, "La CNAM", "cnam", box=SignatureBox(page=2, x=51, y=400))


@pytest.fixture
def roots(tmp_path) -> Path:
    from cryptography.hazmat.primitives.serialization import Encoding

    path = tmp_path / "roots.pem"
    path.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.get_trusted_roots()))
    return path
