"""Who decides (A-01, A-02): the ministry; everybody else reads."""

from __future__ import annotations

from convergence.accounts.enums import Role
from convergence.accounts.rules import has_role, is_ministry
from convergence.products import rules as product_rules

#: Drafts, gives visas, signs, notifies, answers remedies.
can_decide = is_ministry
#: Countersigns the convention for Cnam (A-03).
is_cnam = has_role(Role.CNAM)
#: Reads every decision.
reads_decisions = has_role(
    Role.MINISTRY, Role.CNAM, Role.LISTING_TEAM, Role.SECRETARY, Role.PRESIDENT, Role.AUDITOR, Role.SUPPORT
)
#: Prepares acts that follow the life of a listing; what follows an opinion, the ministry drafts alone.
can_propose = has_role(Role.MINISTRY, Role.LISTING_TEAM)
#: Takes note of a decision, lodges and withdraws a remedy: whoever commits the organisation.
can_commit = product_rules.can_commit
#: Countersign, each for its own party (A-03).
can_countersign = has_role(Role.MINISTRY, Role.CNAM)
