"""Who may do what with a listed service (domain.md §4)."""

from __future__ import annotations

from convergence.accounts.enums import Role
from convergence.accounts.rules import has_role, is_listing_team, is_ministry
from convergence.products import rules as product_rules

#: Checks the publication sheet, publishes, receives user reports.
can_publish = is_listing_team
#: Suspends, withdraws, reinstates (A-02): the ministry only, by a decision.
can_sanction = is_ministry
#: Opens audits and reports on them.
can_audit = has_role(Role.AUDITOR)
#: Works on listings from the inside.
reads_listings = has_role(Role.LISTING_TEAM, Role.MINISTRY, Role.CNAM, Role.AUDITOR, Role.SUPPORT)
#: Reads what visitors report; the editor never does.
reads_reports = has_role(Role.LISTING_TEAM, Role.MINISTRY, Role.AUDITOR)
#: Fills the publication sheet, declares versions.
can_describe = product_rules.can_edit
#: Commits the organisation: withdraws its service, starts a renewal.
can_commit = product_rules.can_commit
