import stat
from multiprocessing import get_context

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from django.core.exceptions import ImproperlyConfigured

from convergence.documents import authority
from convergence.documents.signatures import seal_bytes, verify_bytes


def test_demo_authority_says_that_it_is_worth_nothing(settings, tmp_path):
    settings.SIGNATURE_DIR = tmp_path / "keys"
    seal = authority.get_seal()
    for certificate in (seal.certificate, *seal.chain):
        assert "DÉMONSTRATION — sans valeur" in certificate.subject.rfc4514_string()
        assert authority.is_demo(certificate)


def test_keys_are_readable_by_their_owner_only_and_kept(settings, tmp_path):
    settings.SIGNATURE_DIR = tmp_path / "keys"
    first = authority.get_seal().certificate
    assert authority.get_seal().certificate == first
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def _make(folder: str) -> int:
    from django.conf import settings

    if not settings.configured:
        settings.configure(SIGNATURE_DIR=folder, SEAL_PKCS12_PATH="")
    return authority.get_seal().chain[0].serial_number


def test_processes_that_start_together_share_one_authority(tmp_path):
    with get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_make, [str(tmp_path)] * 8, chunksize=1))) == 1
    assert [path.name for path in tmp_path.iterdir()] == [authority.AUTHORITY_FILE]


def test_each_signature_has_its_own_key():
    first, second = (authority.issue_signer(name="Anne", email="a@e.example") for _ in range(2))
    assert first.key.private_numbers() != second.key.private_numbers()
    names = first.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == ["a@e.example"]


@pytest.mark.parametrize("name", ["", "\x00", "x" * 300, "名前", "a,b=c+d\\e", "\u202eevil"])
def test_any_name_gets_a_certificate(name):
    certificate = authority.issue_signer(name=name, email="é@é.example").certificate
    assert len(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)) == 1


@pytest.fixture
def p12(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority._certify(name="Cachet réel", key=key, issuer=authority._demo()[0])
    chain = [authority._demo()[0].certificate]
    path = tmp_path / "seal.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"seal", key, certificate, chain, BestAvailableEncryption(b"s"))
    )
    return path


def test_seal_comes_from_the_pkcs12_of_the_settings(settings, p12, tmp_path):
    settings.SEAL_PKCS12_PATH, settings.SEAL_PKCS12_PASSWORD = str(p12), "s"
    settings.SIGNATURE_DIR = tmp_path / "another"
    (check,) = verify_bytes(b"x", seal_bytes(b"x")).signatures
    assert (check.signer, check.trusted) == ("Cachet réel", True)


@pytest.mark.parametrize("password", ["", "wrong"])
def test_wrong_password_is_said_once_and_clearly(settings, p12, password):
    settings.SEAL_PKCS12_PATH, settings.SEAL_PKCS12_PASSWORD = str(p12), password
    with pytest.raises(ImproperlyConfigured, match="SEAL_PKCS12_PATH"):
        authority.get_seal()


def test_roots_of_the_settings_are_believed(settings, roots, tmp_path):
    seal = seal_bytes(b"x")
    settings.SIGNATURE_DIR = tmp_path / "another"
    assert not verify_bytes(b"x", seal).signatures[0].trusted
    settings.SIGNATURE_TRUST_PEM = str(roots)
    assert verify_bytes(b"x", seal).signatures[0].trusted
