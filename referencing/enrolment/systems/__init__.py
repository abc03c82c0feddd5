"""Several operating systems: one product, one set of answers, and per criterion the answer that differs on one of them."""
