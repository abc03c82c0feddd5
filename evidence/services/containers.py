"""Encrypted containers: prepared for one owner, opened in memory for those whom the caller has authorised."""

from __future__ import annotations

import secrets as random
from typing import Any

from django.db import transaction
from django.utils import timezone

from convergence.accounts.models import User
from convergence.audit.services import record
from convergence.kernel import secrets
from evidence import vault
from evidence.containers import AesZipBackend, new_passphrase
from evidence.core.containers import Credentials
from evidence.core.limits import RENDER_WIDTHS, SEARCH_QUERY
from evidence.core.messages import problem
from evidence.errors import FileWithheld
from evidence.inspection import Findings, inspect
from evidence.models import ContainerPassphrase, EncryptedContainer, StoredFile
from evidence.services.passphrases import field_keys, read_passphrase
from evidence.services.showing import withheld_reason
from evidence.values import TextSearch


@transaction.atomic
def prepare_container(*, owner_key: str, actor: User) -> EncryptedContainer:
    """The container of `owner_key`, made with its first passphrase if it has none yet."""
    container, created = EncryptedContainer.objects.get_or_create(
        owner_key=owner_key, defaults={"user_name": f"depot-{random.token_hex(4)}"}
    )
    if created:
        _issue(container, generation=1, actor=actor)
    return container


@transaction.atomic
def regenerate_credentials(*, owner_key: str, actor: User) -> EncryptedContainer:
    """Issue the next passphrase; earlier deposits stay readable with theirs (A-14). Raises DoesNotExist."""
    container = EncryptedContainer.objects.select_for_update().get(owner_key=owner_key)
    _issue(container, generation=_current(container).generation + 1, actor=actor)
    return container


def _issue(container: EncryptedContainer, *, generation: int, actor: User) -> None:
    ContainerPassphrase.objects.create(
        container=container,
        generation=generation,
        secret=secrets.encrypt(new_passphrase(), field_keys()),
        created_by=actor,
    )
    record("encryptedcontainer.issue", subject=container, actor=actor, data={"generation": generation})


def _current(container: EncryptedContainer) -> ContainerPassphrase:
    return container.passphrases.order_by("-generation")[0]


def _credentials(container: EncryptedContainer, row: ContainerPassphrase) -> Credentials:
    return Credentials(container.user_name, read_passphrase(row), row.generation)


@transaction.atomic
def reveal_credentials(*, owner_key: str, actor: User) -> Credentials | None:
    """The current credentials the first time, None ever after (BR-077): then they can only be regenerated.

    Raises DoesNotExist when no container was prepared for `owner_key`.
    """
    container = EncryptedContainer.objects.select_for_update().get(owner_key=owner_key)
    row = _current(container)
    if row.shown_at is not None:
        return None
    row.shown_at = timezone.now()
    row.save(update_fields=["shown_at"])
    record("encryptedcontainer.reveal", subject=container, actor=actor, data={"generation": row.generation})
    return _credentials(container, row)


def download_container(*, owner_key: str) -> tuple[str, bytes]:
    """Name and bytes of an empty container for the current passphrase. Raises DoesNotExist."""
    container = EncryptedContainer.objects.get(owner_key=owner_key)
    credentials = _credentials(container, _current(container))
    return f"conteneur-{container.user_name}.zip", AesZipBackend().make_container(credentials)


def list_container_entries(*, stored_file: StoredFile, actor: User) -> list[dict[str, Any]]:
    """`[{"index", "name", "size"}]` of a deposited container; journalled. Raises FileWithheld."""
    findings = _in_memory(stored_file, "list_container")
    record("storedfile.list_container", subject=stored_file, actor=actor)
    entries: list[dict[str, Any]] = findings.facts["entries"]
    return entries


def open_container_entry(*, stored_file: StoredFile, index: int, actor: User) -> tuple[str, bytes]:
    """Name and bytes of one entry, decrypted in memory and kept nowhere; each opening is journalled (A-14).

    Raises FileWithheld.
    """
    findings = _in_memory(stored_file, "open_container", index=index, passphrase=_opening(stored_file))
    name: str = findings.facts["name"]
    record("storedfile.open_container_entry", subject=stored_file, actor=actor, data={"index": index, "name": name})
    return name, findings.payload


def render_container_page(*, stored_file: StoredFile, index: int, page: int, width: int, actor: User) -> bytes:
    """One page of one entry as PNG: neither cached nor indexed, journalled (A-14). Raises FileWithheld."""
    width = next((known for known in RENDER_WIDTHS if known >= width), RENDER_WIDTHS[-1])
    findings = _in_memory(
        stored_file, "render_container", index=index, passphrase=_opening(stored_file), page=page, width=width
    )
    record("storedfile.render_container_page", subject=stored_file, actor=actor, data={"index": index, "page": page})
    return findings.payload


def search_container_entry(*, stored_file: StoredFile, index: int, query: str = "", actor: User) -> TextSearch:
    """How many pages one entry has and where `query` stands in it; nothing is kept, the opening is journalled (A-14).

    The words looked for are not written in the journal: they may tell what the document holds. Raises FileWithheld.
    """
    findings = _in_memory(
        stored_file,
        "search_container",
        index=index,
        passphrase=_opening(stored_file),
        query=query[:SEARCH_QUERY],
    )
    record("storedfile.open_container_entry", subject=stored_file, actor=actor, data={"index": index})
    return TextSearch.of(findings.facts)


def _opening(stored_file: StoredFile) -> str:
    if stored_file.passphrase is None:
        raise FileWithheld(problem("not_renderable"))
    return read_passphrase(stored_file.passphrase)


def _in_memory(stored_file: StoredFile, task: str, **request: Any) -> Findings:
    if reason := withheld_reason(stored_file):
        raise FileWithheld(reason)
    with vault.as_real_file(stored_file.blob) as file:
        findings = inspect(file, task=task, **request)
    if findings.problems:
        raise FileWithheld(findings.problems[0])
    return findings
