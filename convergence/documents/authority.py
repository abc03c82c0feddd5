"""Keys: the platform's seal and the certificates of people who sign here.

Without settings, a demonstration authority is made on first use under `SIGNATURE_DIR`; its name says that it is worth
nothing. `SEAL_PKCS12_PATH` and `SEAL_PKCS12_PASSWORD` replace the seal by a real one; `SIGNATURE_TRUST_PEM` adds roots
that verification believes.
"""

import datetime as dt
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEMO_MARK = "DÉMONSTRATION — sans valeur"
AUTHORITY_NAME = f"Autorité Convergence ({DEMO_MARK})"
SEAL_NAME = f"Cachet Convergence ({DEMO_MARK})"
AUTHORITY_FILE = "authority.pem"

# Wide on purpose: the demo world signs conventions in the past, and they must still read well in years.
VALID_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
VALID_UNTIL = dt.datetime(2045, 1, 1, tzinfo=dt.UTC)

LONGEST_COMMON_NAME = 64  # ub-common-name, RFC 5280 appendix A.1


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate, its private key, and the certificates between it and its root (root included)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]


def get_seal() -> Credential:
    """Return the platform's seal: the `.p12` of the settings, else the demonstration one.

    Raises ImproperlyConfigured when the `.p12` cannot be read.
    """
    if path := settings.SEAL_PKCS12_PATH:
        return _load_p12(Path(path), settings.SEAL_PKCS12_PASSWORD)
    return _demo()[1]


def issue_signer(*, name: str, email: str) -> Credential:
    """Return a certificate for one signature of one person, issued by the local authority.

    The private key is new and lives only in memory: once the signature is made, nobody can sign in this name again.
    """
    authority = _demo()[0]
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certify(name=name, email=email, key=key, issuer=authority)
    return Credential(certificate, key, (authority.certificate,))


def get_trusted_roots() -> list[x509.Certificate]:
    """Return the roots that verification believes: local authority, chain of the seal, and `SIGNATURE_TRUST_PEM`."""
    roots = [_demo()[0].certificate]
    if settings.SEAL_PKCS12_PATH:
        seal = get_seal()
        roots += [each for each in (*seal.chain, seal.certificate) if each.issuer == each.subject]
    if path := settings.SIGNATURE_TRUST_PEM:
        roots += x509.load_pem_x509_certificates(Path(path).read_bytes())
    return roots


def is_demo(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is, or was issued by, a demonstration authority."""
    return DEMO_MARK in certificate.issuer.rfc4514_string()


def _load_p12(path: Path, password: str) -> Credential:
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(path.read_bytes(), password.encode() or None)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"SEAL_PKCS12_PATH: {path} cannot be read ({error})") from error
    if certificate is None or not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ImproperlyConfigured(f"SEAL_PKCS12_PATH: {path} holds no certificate with an RSA or elliptic curve key")
    return Credential(certificate, key, tuple(others))


def _demo() -> tuple[Credential, Credential]:
    """Return the demonstration authority and seal, made on first use.

    One file holds all four parts, so that it exists whole or not at all: of two processes that start together, the
    first to link its file wins and the other reads it.
    """
    folder = Path(settings.SIGNATURE_DIR)
    path = folder / AUTHORITY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _publish(_make_demo(), path)
    return _parse(path.read_bytes())


def _publish(content: bytes, path: Path) -> None:
    """Write `content` at `path` with mode 600, whole or not at all; leave a file that is already there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp gives mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)


def _make_demo() -> bytes:
    """Return authority certificate and key, then seal certificate and key, as PEM blocks in that order."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = Credential(_certify(name=AUTHORITY_NAME, key=authority_key, issuer=None), authority_key, ())
    seal_key = ec.generate_private_key(ec.SECP256R1())
    seal = _certify(name=SEAL_NAME, key=seal_key, issuer=authority)
    return b"".join(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for certificate, key in ((authority.certificate, authority_key), (seal, seal_key))
    )


def _parse(content: bytes) -> tuple[Credential, Credential]:
    end = b"-----END PRIVATE KEY-----\n"
    keys = [load_pem_private_key(block + end, None) for block in content.split(end)[:-1]]
    authority, seal = x509.load_pem_x509_certificates(content)
    authority_key, seal_key = (key for key in keys if isinstance(key, ec.EllipticCurvePrivateKey))
    return (
        Credential(authority, authority_key, ()),
        Credential(seal, seal_key, (authority,)),
    )


def _certify(
    *, name: str, key: ec.EllipticCurvePrivateKey, issuer: Credential | None, email: str = ""
) -> x509.Certificate:
    """Return a certificate for `key`, self-signed authority when `issuer` is None, signer otherwise."""
    common_name = "".join(each for each in name if each.isprintable())[:LONGEST_COMMON_NAME] or "?"
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, DEMO_MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), True)
        .add_extension(_usage(authority=issuer is None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key() if issuer else public), False
        )
    )
    if email.isascii() and "@" in email:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]), False)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
