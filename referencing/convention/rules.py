"""Who may do what with a convention (domain.md §4)."""

from convergence.accounts.rules import is_listing_team
from convergence.products import rules as product_rules

can_prepare = is_listing_team
can_validate = is_listing_team
#: The editor, or a verifier whom the editor told (T06b, A-05).
can_change_representative = product_rules.can_commit | is_listing_team
