"""Sizes as people read them."""

from evidence.core.limits import MIB


def size_in_words(size: int) -> str:
    """« 812 Ko », « 1,5 Mo », « 50 Mo »; a Mo is 1,048,576 bytes, as file managers count."""
    if size < MIB:
        return f"{max(1, round(size / 1024))} Ko"
    return f"{size / MIB:.1f}".removesuffix(".0").replace(".", ",") + " Mo"
