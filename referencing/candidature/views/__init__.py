"""Pages of the instruction, one module per topic."""
