"""The floor: a bare Django page with 40 rows, 3 queries and one template. Its p50 is the unit F of every web figure."""
