"""What a person may do with the answers of an enrolment (domain.md §4)."""

from __future__ import annotations

from convergence.accounts.models import User
from convergence.products import rules as product_rules
from questionnaires.access import AccessPolicy
from referencing.enrolment.enums import EnrolmentState, WhiteLabelRole
from referencing.enrolment.models import Enrolment

FROZEN = "Ce rattachement n’est plus en cours\u00a0: ses réponses se lisent mais ne changent plus."


def policy_for(enrolment: Enrolment, user: User) -> AccessPolicy:
    """Members write, those who commit the organisation and its valideurs validate (BR-066); a producer also says which
    criteria are specific (BR-202)."""
    is_member = product_rules.can_edit(user, enrolment)
    return AccessPolicy(
        owner_key=f"enrolment:{enrolment.pk}",
        may_read=is_member or user.access.reads_every_file,
        may_write=is_member,
        may_validate=product_rules.can_validate(user, enrolment),
        asks_specificity=enrolment.white_label == WhiteLabelRole.PRODUCER,
        locked_reason="" if enrolment.state == EnrolmentState.ACTIVE else FROZEN,
    )
