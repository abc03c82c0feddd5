from __future__ import annotations

from django.conf import settings
from django.db import models

from convergence.database.statements import Slot


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: models.Model | Slot) -> NotificationQuerySet:
        """A person sees own notifications."""
        return self.filter(recipient=user)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """What one person is told inside the platform (screen SC-21: Émetteur, Produit, Type, Contenu)."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    sender = models.CharField("émetteur", max_length=200)
    product = models.CharField("produit", max_length=250, blank=True)
    kind = models.CharField("type", max_length=100)
    content = models.TextField("contenu")
    link = models.CharField("lien", max_length=300, blank=True)
    created_at = models.DateTimeField("date de réception", auto_now_add=True)
    read_at = models.DateTimeField("lue le", null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = "notification"
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notification_newest"),
            models.Index(fields=["recipient"], condition=models.Q(read_at=None), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} – {self.content[:60]}"


class DemoMail(models.Model):
    """A mail that the demo would have sent; read in `/demo/mails/`. Empty outside demo settings."""

    to = models.CharField("à", max_length=254)
    subject = models.CharField("objet", max_length=300)
    text = models.TextField("texte")
    html = models.TextField("html", blank=True)
    sent_at = models.DateTimeField("envoyé le", auto_now_add=True)

    class Meta:
        verbose_name = "courriel de démonstration"

    def __str__(self) -> str:
        return f"{self.to} – {self.subject}"
