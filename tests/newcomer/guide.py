"""Reads "Where to add" of docs/architecture.md: what a newcomer is told to touch."""

import re
from pathlib import Path

from config import ROOT

PAGE = Path("docs/architecture.md")
# A file or a folder of the checkout, as it stands in backticks.
PATH = re.compile(r"`([\w./<>-]+(?:\.(?:py|html|md|hcl|js|ts|css|yml|json|example|pot|po)|/))`|`(Makefile)`")


def section(title: str) -> str:
    """Return what the page has below a headline."""
    return (ROOT / PAGE).read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def entries() -> dict[str, str]:
    """Return the text of each entry, by its title: "A tick" and so on."""
    found = re.findall(r"^- \*\*(.+?):\*\* (.+?)(?=\n- \*\*|\Z)", section("Where to add"), re.MULTILINE | re.DOTALL)
    return {title: re.sub(r"\s+", " ", text) for title, text in found}


def paths(title: str, **names: str) -> set[str]:
    """Return the paths that an entry names; `names` stand for its placeholders: name="parcel" for `<name>`."""
    every = entries()
    assert title in every, f'{PAGE}, "Where to add", has no entry "{title}": it has {", ".join(every)}'
    return {_filled(path, names) for path in paths_in(every[title])}


def paths_in(text: str) -> set[str]:
    """Return the paths that a text names."""
    return {first or second for first, second in PATH.findall(text)}


def _filled(path: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        path = path.replace(f"<{name}>", value)
    return path
