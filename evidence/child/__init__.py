"""What runs in the limited child process: `python -m evidence.child` (never imported by the web process).

Hostile files are opened here only. The child has no settings, no database address and no secret in its environment;
its memory, processor time and written files are limited by the system, and the parent kills it when time is up.
"""
