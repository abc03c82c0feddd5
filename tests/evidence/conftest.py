import tempfile

import pytest

from evidence import services
from evidence.errors import UploadRefused
from evidence.inspection import inspect
from evidence.uploads import IncomingUpload
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def storage_folder(settings, tmp_path):
    """A private storage on disk for each test."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "private"), "file_permissions_mode": 0o600},
        }
    }
    settings.VAR_DIR = tmp_path / "var"
    return tmp_path / "private"


@pytest.fixture
def person(db):
    return UserFactory()


def uploaded(name: str, content: bytes) -> IncomingUpload:
    upload = IncomingUpload(name)
    upload.append(content)
    upload.complete()
    return upload


@pytest.fixture
def upload():
    return uploaded


@pytest.fixture
def refusal():
    """Codes and messages of the refusal of a file."""

    def refuse(
        name, content, *, formats=("pdf", "docx", "xlsx", "odt", "ods", "png", "jpg", "zip"), max_size_mb=50, **more
    ):
        with pytest.raises(UploadRefused) as refused:
            services.examine(upload=uploaded(name, content), allowed_formats=formats, max_size_mb=max_size_mb, **more)
        return {problem.code: problem.message for problem in refused.value.problems}

    return refuse


@pytest.fixture
def look():
    """Run the child on bytes."""

    def run(content: bytes, **request):
        with tempfile.TemporaryFile() as file:
            file.write(content)
            return inspect(file, **request)

    return run
