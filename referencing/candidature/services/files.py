"""Finding a file to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from referencing.candidature.models import Candidature

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


def lock_file(candidature_id: UUID, actor: User) -> Candidature:
    """The file, locked first of all rows (children come after), with what services read of it.

    Raises Candidature.DoesNotExist for a stranger’s file.
    """
    candidature: Candidature = (
        Candidature.objects.visible_to(actor)
        .locked()
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")
        .get(pk=candidature_id)
    )
    return candidature
