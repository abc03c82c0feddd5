import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from evidence import services
from evidence.core.limits import RENDER_PIXELS
from evidence.errors import FileWithheld
from tests.evidence import corpus


@pytest.fixture
def stored(upload, person, django_capture_on_commit_callbacks):
    def keep(name, content):
        with django_capture_on_commit_callbacks(execute=True):
            return services.receive(
                upload=upload(name, content),
                allowed_formats=("pdf", "png", "jpg", "docx", "zip"),
                max_size_mb=50,
                actor=person,
            )

    return keep


def test_an_original_is_an_attachment_that_no_browser_runs(stored):
    content = corpus.pdf()

    response = services.stream(stored('Étude "finale".pdf'.replace('"', ""), content))

    assert b"".join(response.streaming_content) == content
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%89tude%20finale.pdf"
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Length"] == str(len(content))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store, private"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


def test_a_plain_ascii_name_is_given_plainly(stored):
    assert services.stream(stored("preuve.pdf", corpus.pdf()))["Content-Disposition"] == (
        'attachment; filename="preuve.pdf"'
    )


def test_a_page_of_a_pdf_is_an_image_of_the_next_known_width_kept_by_hash(stored, settings, monkeypatch):
    file = stored("preuve.pdf", corpus.pdf(2))

    page = services.render_page(file, 1, width=700)

    assert Image.open(io.BytesIO(page)).width == 800
    (cached,) = [path for path in (settings.VAR_DIR / "rendered").rglob("*") if path.is_file()]
    assert cached.name == "1-800.png"
    assert file.blob.sha256 in cached.parts
    monkeypatch.setattr("evidence.services.showing.inspect", None)  # a second child would fail
    assert services.render_page(file, 1, width=800) == page


def test_a_photo_is_shown_upright_and_without_its_metadata(stored):
    output = io.BytesIO()
    photo = Image.new("RGB", (2000, 1000), "red")
    exif = Image.Exif()
    exif[0x010E] = "adresse privée"
    exif[0x0112] = 6  # lying on its side
    photo.save(output, "JPEG", exif=exif)

    shown = services.render_page(stored("photo.jpg", output.getvalue()), 0, width=320)

    image = Image.open(io.BytesIO(shown))
    assert (image.size, image.format) == ((320, 640), "PNG")
    assert b"adresse priv" not in shown


@pytest.mark.parametrize(
    ("name", "content", "page", "words"),
    [
        ("a.pdf", corpus.pdf, 5, "Cette page n’existe pas"),
        ("a.png", lambda: corpus.image("png"), 1, "Cette page n’existe pas"),
        ("a.docx", lambda: corpus.office("docx"), 0, "ne peut pas être affiché ici"),
    ],
)
def test_what_has_no_such_page_says_so(stored, name, content, page, words):
    with pytest.raises(FileWithheld, match=words):
        services.render_page(stored(name, content()), page, width=320)


def test_a_page_out_of_proportion_stays_within_the_pixels_allowed(look):
    import pikepdf

    document = pikepdf.new()
    document.add_blank_page(page_size=(3, 14_000))
    output = io.BytesIO()
    document.save(output)

    findings = look(output.getvalue(), task="render", format="pdf", page=0, width=1600)

    assert findings.problems == ()
    assert findings.facts["width"] * findings.facts["height"] <= RENDER_PIXELS * 1.01


def test_a_cache_that_cannot_be_written_does_not_hide_the_page(stored, settings, tmp_path):
    (tmp_path / "not-a-folder").write_text("")
    settings.VAR_DIR = tmp_path / "not-a-folder"

    assert services.render_page(stored("a.png", corpus.image("png")), 0, width=320).startswith(b"\x89PNG")


# -- uploads in pieces (P6)


def test_an_upload_cut_in_the_middle_goes_on_from_where_it_stopped(
    person, storage_folder, django_capture_on_commit_callbacks
):
    content = corpus.pdf(3)
    started = services.start_upload(name="preuve.pdf", size=len(content), max_size_mb=1, actor=person)
    send = {"upload_id": started.pk, "actor": person}

    assert services.received(**send) == 0
    assert services.append_chunk(offset=0, content=content[:100], **send) == 100
    assert services.append_chunk(offset=0, content=content[:100], **send) == 100  # the answer got lost, sent again
    with pytest.raises(services.WrongOffset) as wrong:
        services.append_chunk(offset=200, content=content[200:], **send)
    assert wrong.value.expected == services.received(**send) == 100
    services.append_chunk(offset=100, content=content[100:], **send)

    with django_capture_on_commit_callbacks(execute=True):
        whole = services.finish_upload(**send)
        stored = services.receive(upload=whole, allowed_formats=("pdf",), max_size_mb=1, actor=person)
    whole.close()

    assert services.read_bytes(stored) == content
    assert list((storage_folder / "incoming").iterdir()) == []


def test_an_upload_in_pieces_is_refused_before_its_first_byte_when_too_big_and_before_its_last_when_cut(person):
    from evidence.errors import UploadRefused

    with pytest.raises(UploadRefused, match="limite est de 1\u00a0Mo"):
        services.start_upload(name="a.pdf", size=2 << 20, max_size_mb=1, actor=person)
    with pytest.raises(UploadRefused, match="vide"):
        services.start_upload(name="a.pdf", size=0, max_size_mb=1, actor=person)
    started = services.start_upload(name="a.pdf", size=10, max_size_mb=1, actor=person)
    with pytest.raises(UploadRefused, match="en entier"):
        services.append_chunk(upload_id=started.pk, offset=0, content=b"x" * 11, actor=person)
    services.append_chunk(upload_id=started.pk, offset=0, content=b"x" * 9, actor=person)
    with pytest.raises(UploadRefused, match="en entier"):
        services.finish_upload(upload_id=started.pk, actor=person)


def test_an_upload_in_pieces_belongs_to_its_sender(person):
    from evidence.models import PartialUpload
    from tests.factories import UserFactory

    started = services.start_upload(name="a.pdf", size=10, max_size_mb=1, actor=person)

    with pytest.raises(PartialUpload.DoesNotExist):
        services.append_chunk(upload_id=started.pk, offset=0, content=b"x", actor=UserFactory())
    with pytest.raises(PartialUpload.DoesNotExist):
        services.received(upload_id=started.pk, actor=UserFactory())


def test_an_abandoned_upload_in_pieces_is_swept(person):
    from evidence import vault
    from evidence.models import PartialUpload

    started = services.start_upload(name="a.pdf", size=10, max_size_mb=1, actor=person)
    services.append_chunk(upload_id=started.pk, offset=0, content=b"x", actor=person)

    vault.sweep(at=timezone.now() + timedelta(hours=7))

    assert not PartialUpload.objects.exists()
    assert list(vault.incoming_folder().iterdir()) == []
