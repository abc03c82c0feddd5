"""What the owning stages call: they resolve their own row under `visible_to`, then pass an `AccessPolicy`."""

from questionnaires.grids import load_grid
from questionnaires.services.answers import (
    UNCHANGED,
    Change,
    SaveResult,
    StaleAnswer,
    read_secret,
    save_answers,
)
from questionnaires.services.cycles import ask_again
from questionnaires.services.definitions import (
    import_definition,
    latest_definition,
    publish_definition,
    retire_definition,
)
from questionnaires.services.deposits import (
    archive_deposit,
    confirm_deposit,
    container_file,
    deposit_evidence,
    is_container_shown,
    open_container,
    renew_container,
)
from questionnaires.services.locking import closed_reason
from questionnaires.services.orientation import Consequences, ConsequencesToConfirm, preview_consequences
from questionnaires.services.recovery import answer_itself, is_inheritable, recover
from questionnaires.services.responses import open_orientation, open_response
from questionnaires.services.reuse import Item, Reuse, StaleReuse, hand_over_answers, preview_reuse, reuse_answers
from questionnaires.services.specificity import set_specificities
from questionnaires.services.validation import ValidationRequest, request_validation, validate

__all__ = [
    "UNCHANGED",
    "Change",
    "Consequences",
    "ConsequencesToConfirm",
    "Item",
    "Reuse",
    "SaveResult",
    "StaleAnswer",
    "StaleReuse",
    "ValidationRequest",
    "answer_itself",
    "archive_deposit",
    "ask_again",
    "closed_reason",
    "confirm_deposit",
    "container_file",
    "deposit_evidence",
    "hand_over_answers",
    "import_definition",
    "is_container_shown",
    "is_inheritable",
    "latest_definition",
    "load_grid",
    "open_container",
    "open_orientation",
    "open_response",
    "preview_consequences",
    "preview_reuse",
    "publish_definition",
    "read_secret",
    "recover",
    "renew_container",
    "request_validation",
    "retire_definition",
    "reuse_answers",
    "save_answers",
    "set_specificities",
    "validate",
]
