from convergence.accounts.rules import has_role
from convergence.interests.enums import DECLARING_ROLES

#: Declares own links of interest, every year.
must_declare = has_role(*DECLARING_ROLES)
