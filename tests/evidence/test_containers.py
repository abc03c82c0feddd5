import io

import pytest
import pyzipper
from django.db import ProgrammingError, transaction
from django.test import override_settings

from convergence.audit.models import AuditEntry
from evidence import services
from evidence.containers import AesZipBackend
from evidence.core.containers import README_NAME, Credentials, readme
from evidence.errors import FileWithheld, UploadRefused
from evidence.models import ContainerPassphrase, EncryptedContainer
from evidence.scanners.embedded import EICAR
from tests.evidence import corpus

KEY = "enrolment:1"


@pytest.fixture
def container(person):
    return services.prepare_container(owner_key=KEY, actor=person)


@pytest.fixture
def passphrase(container, person):
    return services.reveal_credentials(owner_key=KEY, actor=person).passphrase


@pytest.fixture
def deposit(upload, container, person, django_capture_on_commit_callbacks):
    def receive(content, name="conteneur.zip"):
        with django_capture_on_commit_callbacks(execute=True):
            stored = services.receive(
                upload=upload(name, content), allowed_formats=(), max_size_mb=50, encrypted_for=container, actor=person
            )
        stored.blob.refresh_from_db()
        return stored

    return receive


@pytest.fixture
def problems_of(deposit):
    def refuse(content, name="conteneur.zip"):
        with pytest.raises(UploadRefused) as refused:
            deposit(content, name)
        return [(problem.code, problem.message) for problem in refused.value.problems]

    return refuse


def test_the_container_is_an_aes_256_archive_with_instructions_in_french():
    made = AesZipBackend().make_container(Credentials("depot-1", corpus.PASSPHRASE, 1))

    with pyzipper.AESZipFile(io.BytesIO(made)) as archive:
        (entry,) = archive.infolist()
        assert entry.filename == README_NAME
        assert entry.flag_bits & 1
        assert entry.wz_aes_strength == 3
        text = archive.read(entry, pwd=corpus.PASSPHRASE.encode()).decode("utf-8-sig")
    assert "AES-256" in text
    assert "7-Zip" in text
    assert text == readme("depot-1")


@pytest.mark.rule("BR-077")
def test_credentials_are_shown_once_to_their_owner_only(container, person):
    shown = services.reveal_credentials(owner_key=KEY, actor=person)

    assert len(shown.passphrase.replace("-", "")) == 25
    assert services.reveal_credentials(owner_key=KEY, actor=person) is None
    with pytest.raises(EncryptedContainer.DoesNotExist):
        services.reveal_credentials(owner_key="enrolment:2", actor=person)
    other = services.prepare_container(owner_key="enrolment:2", actor=person)
    assert services.reveal_credentials(owner_key="enrolment:2", actor=person).passphrase != shown.passphrase
    assert other.user_name != container.user_name
    assert [row.action for row in AuditEntry.objects.about(container)] == [
        "encryptedcontainer.issue",
        "encryptedcontainer.reveal",
    ]


def test_preparing_twice_keeps_the_same_container_and_passphrase(container, person):
    assert services.prepare_container(owner_key=KEY, actor=person) == container
    assert ContainerPassphrase.objects.count() == 1


@pytest.mark.rule("BR-077")
def test_the_passphrase_is_encrypted_at_rest_and_absent_from_representations(container, person):
    shown = services.reveal_credentials(owner_key=KEY, actor=person)
    row = ContainerPassphrase.objects.get()

    assert shown.passphrase not in row.secret
    assert shown.passphrase not in repr(shown)
    assert all(shown.passphrase not in str(entry.data) for entry in AuditEntry.objects.all())


@pytest.mark.rule("BR-077")
def test_the_database_refuses_that_a_shown_passphrase_becomes_unshown_or_goes_away(container, passphrase):
    with pytest.raises(ProgrammingError), transaction.atomic():
        ContainerPassphrase.objects.update(shown_at=None)
    with pytest.raises(ProgrammingError), transaction.atomic():
        ContainerPassphrase.objects.update(generation=7)
    with pytest.raises(ProgrammingError), transaction.atomic():
        ContainerPassphrase.objects.all().delete()


@pytest.mark.rule("BR-077", "A-14")
def test_the_downloaded_container_opens_with_the_credentials_shown(container, passphrase):
    name, content = services.download_container(owner_key=KEY)

    assert name == f"conteneur-{container.user_name}.zip"
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        assert archive.read(README_NAME, pwd=passphrase.encode())


@pytest.mark.rule("BR-076")
def test_a_container_filled_with_the_passphrase_is_accepted_and_remembers_its_generation(deposit, passphrase):
    stored = deposit(corpus.container({"aipd.pdf": corpus.pdf(), "dossier/annexe.docx": b"x"}, passphrase=passphrase))

    assert stored.passphrase.generation == 1
    assert stored.blob.state == "clean"


@pytest.mark.rule("BR-076")
def test_what_is_not_the_container_is_refused(problems_of, passphrase):
    (problem,) = problems_of(corpus.pdf(), "aipd.pdf")
    assert problem[0] == "container_expected"
    assert "téléchargez-le" in problem[1]
    assert [code for code, _ in problems_of(corpus.pdf(), "aipd.zip")] == ["container_expected"]


@pytest.mark.rule("BR-076")
@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (
            lambda key: corpus.with_plain_entry(corpus.container({"a.pdf": b"a"}, passphrase=key), "clair.pdf", b"b"),
            "container_plain_entry",
            "«\u00a0clair.pdf\u00a0» n’est pas chiffré",
        ),
        (
            lambda key: corpus.zipcrypto("vieux.pdf", b"contenu", key),
            "container_zipcrypto_entry",
            "«\u00a0vieux.pdf\u00a0» est chiffré par ZipCrypto",
        ),
        (
            lambda key: corpus.container({"faible.pdf": b"a"}, passphrase=key, bits=128, readme=False),
            "container_weak_entry",
            "chiffré en AES-128",
        ),
        (
            lambda key: corpus.container({"autre.pdf": b"a"}, passphrase="une autre phrase"),
            "container_passphrase",
            "«\u00a0autre.pdf\u00a0» ne s’ouvre pas avec la phrase secrète",
        ),
        (lambda key: corpus.container({}, passphrase=key), "container_empty", "aucun de vos fichiers"),
        (lambda key: corpus.container({"../a.pdf": b"a"}, passphrase=key), "zip_slip", "sort de l’archive"),
        (
            lambda key: corpus.container({"zeros.txt": b"\0" * (80 << 20)}, passphrase=key),
            "zip_bomb",
            "démesuré",
        ),
        (lambda key: corpus.container({"a.pdf": b"a"}, passphrase=key)[:-40], "zip_malformed", "abîmée"),
        (lambda key: corpus.archive({"a.pdf": b"a"}), "container_plain_entry", "a.pdf"),
    ],
)
def test_a_deposit_that_is_not_really_encrypted_is_refused_naming_the_entry(problems_of, passphrase, make, code, words):
    problems = dict(problems_of(make(passphrase)))

    assert words in problems[code]


@pytest.mark.rule("BR-076")
def test_an_altered_entry_is_refused(problems_of, passphrase):
    content = bytearray(corpus.container({"a.bin": bytes(range(256)) * 8}, passphrase=passphrase, readme=False))
    content[200] ^= 1

    assert [code for code, _ in problems_of(bytes(content))] == ["container_altered"]


@pytest.mark.rule("BR-076")
def test_flags_that_lie_about_a_plain_entry_do_not_pass(problems_of, passphrase):
    """The directory says AES-256, the bytes are plain: only decrypting finds out."""
    honest = corpus.container({"a.pdf": b"en clair " * 20}, passphrase=passphrase, readme=False)
    start = honest.index(b"a.pdf") + len(b"a.pdf") + 11  # local name, then the 11 bytes of field 0x9901
    end = honest.index(b"PK\x01\x02")
    forged = honest[:start] + (b"en clair " * 20)[: end - start].ljust(end - start, b"x") + honest[end:]

    assert [code for code, _ in problems_of(forged)] in (["container_passphrase"], ["container_altered"])


@pytest.mark.rule("A-14")
def test_regenerated_credentials_open_new_deposits_and_old_ones_stay_readable(deposit, passphrase, person):
    before = deposit(corpus.container({"avant.pdf": corpus.pdf()}, passphrase=passphrase))
    services.regenerate_credentials(owner_key=KEY, actor=person)
    renewed = services.reveal_credentials(owner_key=KEY, actor=person)
    after = deposit(corpus.container({"apres.pdf": corpus.pdf()}, passphrase=renewed.passphrase))

    assert renewed.generation == 2
    assert (before.passphrase.generation, after.passphrase.generation) == (1, 2)
    for stored, name in ((before, "avant.pdf"), (after, "apres.pdf")):
        opened, content = services.open_container_entry(stored_file=stored, index=0, actor=person)
        assert opened == name
        assert content.startswith(b"%PDF-")


@pytest.mark.rule("A-14")
def test_experts_open_the_container_in_memory_and_each_opening_is_journalled(
    deposit, passphrase, person, storage_folder, settings
):
    stored = deposit(corpus.container({"aipd.pdf": corpus.pdf(2)}, passphrase=passphrase))
    files_before = sorted(storage_folder.rglob("*"))

    entries = services.list_container_entries(stored_file=stored, actor=person)
    page = services.render_container_page(stored_file=stored, index=0, page=1, width=320, actor=person)

    assert [(entry["index"], entry["name"]) for entry in entries] == [(0, "aipd.pdf")]
    assert page.startswith(b"\x89PNG")
    assert sorted(storage_folder.rglob("*")) == files_before
    assert not (settings.VAR_DIR / "rendered").exists()
    assert [row.action for row in AuditEntry.objects.about(stored)] == [
        "storedfile.list_container",
        "storedfile.render_container_page",
    ]


def test_an_entry_that_does_not_exist_is_told(deposit, passphrase, person):
    stored = deposit(corpus.container({"a.pdf": corpus.pdf()}, passphrase=passphrase))

    with pytest.raises(FileWithheld, match="n’existe pas dans le conteneur"):
        services.open_container_entry(stored_file=stored, index=3, actor=person)


def test_an_encrypted_file_is_scanned_once_decrypted(deposit, passphrase, person):
    stored = deposit(corpus.container({"sain.pdf": corpus.pdf(), "virus.txt": EICAR}, passphrase=passphrase))

    assert stored.blob.state == "infected"
    with pytest.raises(FileWithheld, match="contenu dangereux"):
        services.list_container_entries(stored_file=stored, actor=person)


@pytest.mark.rule("BR-076")
def test_zed_containers_are_opaque_and_off_by_default(problems_of, deposit, passphrase, settings):
    assert [code for code, _ in problems_of(b"\x01\x02opaque", "aipd.zed")] == ["container_expected"]

    with override_settings(CONVERGENCE=settings.CONVERGENCE | {"ACCEPT_ZED_CONTAINERS": True}):
        stored = deposit(b"\x01\x02opaque", "aipd.zed")
        assert stored.blob.format == "zed"
        assert stored.passphrase is None
        assert [code for code, _ in problems_of(corpus.pdf(), "aipd.zed")] == ["container_expected"]
