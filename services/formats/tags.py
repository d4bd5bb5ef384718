"""Categories of other programs <-> tags: each part of a nested category is one, the outermost first."""

import re

# What programs put around categories of their own accord: it says nothing of the questions.
_ABOVE = re.compile(r"\$(?:course|system|module|cat|coursecat)\d*\$", re.IGNORECASE)
_DEFAULT = re.compile(r"(top|default for .*|default)", re.IGNORECASE)
# A slash that belongs to a name is written twice.
_SLASH = re.compile(r"(?<!/)/(?!/)")


def of_category(path: str) -> list[str]:
    """Return the parts of a category's path; `//` is a slash within a name."""
    parts = [part.replace("//", "/").strip() for part in _SLASH.split(path)]
    return [part for part in parts if part and not _ABOVE.fullmatch(part) and not _DEFAULT.fullmatch(part)]
