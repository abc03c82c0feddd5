"""Grid versions: loaded, published, retired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.canonical import sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products.models import Demarche
from questionnaires.core import Finding, GridRefused, lint, load_yaml
from questionnaires.enums import DefinitionState
from questionnaires.grids import find_template
from questionnaires.models import DefinitionVersion


@transaction.atomic
def import_definition(
    *, text: str, actor: User | None, has_template: Callable[[str], bool] | None = None
) -> DefinitionVersion:
    """Load the YAML text of a grid as a draft; a draft of the same version is replaced, an identical one returned.

    `has_template` tells whether an evidence template exists; by default it is looked for beside the grids of the démarche.
    Raises GridRefused with every error of the lint, TransitionRefused when that version is published with another text.
    """
    loaded = load_yaml(text)
    grid = loaded.require()
    find = has_template or (lambda template: find_template(grid.demarche, template) is not None)
    if errors := [finding for finding in lint(loaded, has_template=find) if finding.is_error]:
        raise GridRefused(errors)
    demarche = Demarche.objects.filter(slug=grid.demarche).first()
    if demarche is None:
        message = f"La démarche « {grid.demarche} » n’existe pas sur cette plateforme."
        raise GridRefused([Finding("G013", "demarche", message, loaded.source.origin("demarche"))])
    sha256 = sha256_hex(text.encode())
    definition = DefinitionVersion.objects.select_for_update().filter(demarche=demarche, version=grid.version).first()
    if definition is None:
        definition = DefinitionVersion(demarche=demarche, version=grid.version)
    elif definition.sha256 == sha256:
        return definition
    elif definition.state != DefinitionState.DRAFT:
        message = f"La version {grid.version} est publiée et ne change plus : donnez un autre numéro à votre grille."
        raise TransitionRefused([Blocker("version_published", message)])
    definition.source, definition.sha256, definition.effective_on = text, sha256, grid.effective_on
    definition.save()
    record("definitionversion.import", subject=definition, actor=actor, data={"sha256": sha256})
    return definition


@transaction.atomic
def publish_definition(*, definition: DefinitionVersion, actor: User | None, at: datetime) -> DefinitionVersion:
    """Make a draft usable and immutable. Raises TransitionRefused when it is not a draft any more."""
    locked = DefinitionVersion.objects.select_for_update().get(pk=definition.pk)
    workflow.fire(locked, "publish", actor=actor, at=at)
    return locked


@transaction.atomic
def retire_definition(*, definition: DefinitionVersion, actor: User | None) -> DefinitionVersion:
    """No new response will use it; those that started with it keep it (OQ-25)."""
    locked = DefinitionVersion.objects.select_for_update().get(pk=definition.pk)
    workflow.fire(locked, "retire", actor=actor)
    return locked


def latest_definition(demarche: Demarche) -> DefinitionVersion | None:
    """The published version in force today: what a new response starts with; None when there is none."""
    published = DefinitionVersion.objects.filter(
        demarche=demarche, state=DefinitionState.PUBLISHED, effective_on__lte=timezone.localdate()
    )
    return published.defer("source").order_by("-effective_on", "-published_at").first()
