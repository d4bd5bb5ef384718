"""What the words of reasons are made of: marked words, words that depend on a number, and kinds of parameters."""

from typing import NamedTuple


def N_(words: str) -> str:  # gettext's own name for it
    """Mark words for `make messages`."""
    return words


class Counted(NamedTuple):
    """Words that depend on a number, which is the parameter `of`."""

    of: str
    one: str
    many: str


def N_n(of: str, one: str, many: str) -> Counted:
    """Mark words for one and for many; `make messages` knows this name, too."""
    return Counted(of, one, many)


class Term(str):
    """A parameter that is a name of ours, such as `memory`, with words in `TERMS`; another name is shown as it is."""


class Nested:
    """A parameter that is a reason itself."""


class Several:
    """A parameter that is a list of reasons."""


# What a parameter that is a Term may be.
TERMS = {
    "memory": N_("memory"),
    "cpu": N_("CPU"),
    "cores": N_("CPU cores"),
    "disk": N_("disk"),
    "devices": N_("devices"),
    "ports": N_("ports"),
}
