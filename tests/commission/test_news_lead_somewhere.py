"""Whatever is told to somebody on the way from the commission to the catalogue opens for that person."""

from __future__ import annotations

import pytest
from django.test import Client

from convergence.notifications.models import Notification
from tests.commission.test_conflict_is_tight import STEPS, convene, free_the_others, make_stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def test_every_notification_opens_for_its_recipient(django_capture_on_commit_callbacks):
    closed, opened = [], set()
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()
    with django_capture_on_commit_callbacks(execute=True):
        convene(stage)
        free_the_others(stage, stage.editor)
    for step in STEPS:
        with django_capture_on_commit_callbacks(execute=True):
            step(stage)
        for told in Notification.objects.exclude(pk__in=opened).select_related("recipient").order_by("pk"):
            opened.add(told.pk)
            client = Client()
            client.force_login(told.recipient)
            status = client.get(told.link, follow=True).status_code
            if status != 200:
                closed.append(f"{step.__name__}: {status} {told.link} for {told.recipient.email}: {told.content[:80]}")

    assert len(opened) > 30
    assert not closed, "\n".join(closed)
