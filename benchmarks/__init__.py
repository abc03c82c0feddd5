"""Figures of the house: `make bench` runs them all, `python -m benchmarks.run P4` only some."""
