"""Who may do what with a convention (domain.md §4)."""

from convergence.accounts.rules import is_listing_team, is_ministry
from convergence.products import rules as product_rules

can_prepare = is_listing_team
can_validate = is_listing_team
#: Builds the annex once the file is decided, and sends it to the legal representative (A-04).
can_send_annex = is_listing_team | is_ministry
#: The editor, or a verifier whom the editor told (T06b, A-05).
can_change_representative = product_rules.can_commit | is_listing_team
