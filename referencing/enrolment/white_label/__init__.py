"""White label: a distributor’s product attached to the pre-listed solution of a producer (domain.md §1.8, A-23, A-26)."""
