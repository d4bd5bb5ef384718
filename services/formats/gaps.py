"""Texts with blanks: what stands for one, and where the question ends and the text begins."""

import re

# What people see for a blank that isn't filled in within the text.
GAP = "\\_\\_\\_\\_\\_"


def parted(text: str, mark: re.Pattern[str]) -> tuple[str, str]:
    """Return the paragraphs before the one with the first blank, and the rest."""
    first = mark.search(text)
    cut = text.rfind("\n\n", 0, first.start()) if first else -1
    # A list or code is no place to cut: the text stays whole.
    if cut < 0 or text[:cut].count("```") % 2:
        return "", text
    return text[:cut].strip(), text[cut:].strip()
