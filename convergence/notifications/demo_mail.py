from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from convergence.notifications.models import DemoMail


class DemoMailBackend(BaseEmailBackend):
    """Keeps mails as rows, so that every path can be walked without a mail server (demo settings only)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        mails = [
            DemoMail(
                to=address,
                subject=str(message.subject),
                text=str(message.body),
                html=next(
                    (
                        str(part.content)
                        for part in getattr(message, "alternatives", [])
                        if part.mimetype == "text/html"
                    ),
                    "",
                ),
            )
            for message in email_messages
            for address in message.recipients()
        ]
        DemoMail.objects.bulk_create(mails)
        return len(email_messages)
