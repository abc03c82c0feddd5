"""Who may do what in the commission (domain.md §4); the same predicates drive button, view and service.

Reading is another matter: `visible_to` of the querysets, which also hides what a link of interest bars (A-28).
"""

from __future__ import annotations

from convergence.accounts.enums import Role
from convergence.accounts.rules import has_role, is_listing_team, is_secretary
from referencing.candidature import rules as candidature_rules

#: Plans sessions, convokes, keeps attendance, writes the minutes.
can_run = is_secretary
#: The same, or the co-president who chairs.
can_chair = candidature_rules.runs_commission
#: Looks at the commission’s work from the inside.
is_of_commission = has_role(Role.SECRETARY, Role.PRESIDENT, Role.MEMBER)
#: Prepares an opinion, and has a voice when nothing bars it (`core.quorum`).
is_voter = has_role(Role.PRESIDENT, Role.MEMBER)
#: Signs the minutes.
is_president = has_role(Role.PRESIDENT)
#: Answers a reservation: commits the editor’s organisation.
can_answer_reservation = candidature_rules.is_answering
#: Lifts a reservation, after the experts’ check (OQ-11).
can_lift = is_listing_team
