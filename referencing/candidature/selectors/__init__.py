"""Reads of the instruction that several pages share, each in a fixed number of queries."""
