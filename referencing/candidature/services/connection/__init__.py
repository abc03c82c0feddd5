"""Connection tests (X1–X9): campaigns, their cahier, slots of raccordement, disputes."""
