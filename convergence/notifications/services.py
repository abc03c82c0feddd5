from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from convergence.jobs.models import Job
from convergence.jobs.registry import Report
from convergence.jobs.services import enqueue
from convergence.notifications.models import Notification

MAIL_JOB = "notifications.mail"

_is_silent: ContextVar[bool] = ContextVar("notifications_are_silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """Tell nobody meanwhile: for worlds made in bulk (demonstration, measures), never around a person’s action."""
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


@dataclass(frozen=True, slots=True)
class MailFile:
    """A small text joined to a mail: an appointment (`text/calendar`)."""

    name: str
    mime: str
    text: str


@transaction.atomic
def send(
    *,
    recipients: Iterable[AbstractBaseUser],
    kind: str,
    content: str,
    link: str = "",
    sender: str = "Convergence",
    product: str = "",
    subject: str = "",
    action: str = "",
    files: Sequence[MailFile] = (),
) -> None:
    """Tell people inside the platform and, when `subject` is given, by mail too.

    `link` is a path of this site; `action` words the mail's only link (« Répondre à la demande »); `content` is one
    short French text whose first sentence says what to do.
    """
    if _is_silent.get():
        return
    people = list({person.pk: person for person in recipients}.values())
    Notification.objects.bulk_create(
        Notification(recipient_id=person.pk, sender=sender, product=product, kind=kind, content=content, link=link)
        for person in people
    )
    if subject:
        full_subject = f"{product} – {subject}" if product else subject
        for person in people:
            send_mail(
                to=person.email,  # type: ignore[attr-defined]
                subject=full_subject,
                paragraphs=content.split("\n\n"),
                link=link,
                action=action,
                files=files,
            )


def send_mail(
    *,
    to: str,
    subject: str,
    paragraphs: Sequence[str],
    link: str = "",
    action: str = "",
    files: Sequence[MailFile] = (),
) -> None:
    """Mail one address after commit, by a job: a lost broker loses no mail. `link` is a path of this site."""
    if _is_silent.get():
        return
    context = {
        "subject": subject,
        "paragraphs": paragraphs,
        "url": f"{settings.SITE_URL}{link}" if link else "",
        "action": action or "Ouvrir dans Convergence",
        "brand": settings.CONVERGENCE,
    }
    enqueue(
        kind=MAIL_JOB,
        payload={
            "to": to,
            "subject": subject,
            "text": render_to_string("mails/message.txt", context),
            "html": render_to_string("mails/message.html", context),
            "files": [asdict(file) for file in files],
        },
    )


@transaction.atomic
def mark_read(*, notification_id: int, person: AbstractBaseUser) -> Notification:
    """Mark one of the person's own notifications as read; the first reading keeps its date."""
    notification = Notification.objects.visible_to(person).select_for_update().get(pk=notification_id)
    if notification.read_at is None:
        notification.read_at = timezone.now()
        notification.save(update_fields=["read_at"])
    return notification


def mark_all_read(*, person: AbstractBaseUser) -> int:
    """Mark all of the person's notifications as read. Returns how many were not."""
    return Notification.objects.visible_to(person).unread().update(read_at=timezone.now())


def deliver(job: Job, report: Report) -> None:
    """Job handler: send the mail, then forget its text (it may hold a one-time code)."""
    message = EmailMultiAlternatives(subject=job.payload["subject"], body=job.payload["text"], to=[job.payload["to"]])
    message.attach_alternative(job.payload["html"], "text/html")
    for file in job.payload.get("files", ()):
        message.attach(file["name"], file["text"], file["mime"])
    message.send()
    Job.objects.filter(pk=job.pk).update(payload={"to": job.payload["to"], "subject": job.payload["subject"]})
