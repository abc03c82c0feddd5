"""What the owning stage lets a person do with a response: this app knows neither products nor organisations."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied

from convergence.kernel.errors import Blocker, TransitionRefused


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Rights of one person on one response, decided by the stage that owns it.

    `locked_reason`: a French sentence when nobody may write at the moment (frozen enrolment), whatever their rights.
    `owner_key`: names the owner of encrypted containers (`enrolment:<uuid>`).
    `asks_specificity`: each criterion that others may inherit also asks whether it is specific to each of them (BR-202).
    """

    owner_key: str
    may_read: bool = False
    may_write: bool = False
    may_validate: bool = False
    locked_reason: str = ""
    asks_specificity: bool = False

    @property
    def can_write(self) -> bool:
        """Whether fields and buttons are shown as usable now."""
        return self.may_write and not self.locked_reason

    @property
    def can_validate(self) -> bool:
        return self.may_validate and not self.locked_reason

    def require_read(self) -> None:
        """Raises PermissionDenied."""
        if not self.may_read:
            raise PermissionDenied("read_response")

    def require_write(self) -> None:
        """Raises PermissionDenied, or TransitionRefused when the response is locked."""
        self._require(self.may_write, "write_response")

    def require_validate(self) -> None:
        """Raises PermissionDenied (BR-066), or TransitionRefused when the response is locked."""
        self._require(self.may_validate, "validate_response")

    def _require(self, right: bool, name: str) -> None:
        if not right:
            raise PermissionDenied(name)
        if self.locked_reason:
            raise TransitionRefused([Blocker("locked", self.locked_reason)])
