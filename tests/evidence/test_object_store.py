"""The vault over an object store: moto's local server stands for S3."""

import tempfile
from datetime import timedelta

import boto3
import pytest
from django.db import transaction
from django.utils import timezone
from moto.server import ThreadedMotoServer

from evidence import services, vault
from evidence.models import Blob, StoredFile
from tests.evidence import corpus

PDF = corpus.pdf()


@pytest.fixture(scope="module")
def object_store():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(object_store, settings, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    options = {
        "bucket_name": "preuves",
        "endpoint_url": object_store,
        "region_name": "eu-west-3",
        "access_key": "test",
        "secret_key": "test",
        "default_acl": None,
        "file_overwrite": False,
    }
    client = boto3.client(
        "s3",
        endpoint_url=object_store,
        region_name="eu-west-3",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="preuves", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    }

    def keys():
        return [item["Key"] for item in client.list_objects_v2(Bucket="preuves").get("Contents", [])]

    yield keys
    for key in keys():
        client.delete_object(Bucket="preuves", Key=key)
    client.delete_bucket(Bucket="preuves")


def receive(upload, person, name="preuve.pdf"):
    sent = upload(name, PDF)
    try:
        return services.receive(upload=sent, allowed_formats=("pdf",), max_size_mb=1, actor=person)
    finally:
        sent.close()


def test_a_file_is_kept_by_content_and_served_and_shown(bucket, upload, person):
    stored, again = receive(upload, person), receive(upload, person, "encore.pdf")

    assert bucket() == [vault.key_of(stored.blob.sha256)]
    assert stored.blob == again.blob
    assert b"".join(services.stream(stored).streaming_content) == PDF
    assert services.render_page(stored, 0, width=320).startswith(b"\x89PNG")


def test_an_object_whose_row_was_rolled_back_is_swept_and_the_others_stay(bucket, upload, person):
    with transaction.atomic():
        receive(upload, person)
        transaction.set_rollback(True)
    assert len(bucket()) == 1
    assert Blob.objects.count() == StoredFile.objects.count() == 0

    assert vault.sweep(at=timezone.now()) == 0  # too young: its row may be about to commit
    assert vault.sweep(at=timezone.now() + timedelta(hours=7)) == 1
    assert bucket() == []

    stored = receive(upload, person)
    vault.sweep(at=timezone.now() + timedelta(hours=7))
    assert bucket() == [vault.key_of(stored.blob.sha256)]
