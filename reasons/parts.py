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
    # Parts of a question that may not be carried from one program to another.
    "question": N_("question"),
    "text": N_("text"),
    "answer": N_("answer"),
    "answers": N_("answers"),
    "choices": N_("choices"),
    "feedback": N_("feedback"),
    "hints": N_("hints"),
    "price": N_("price of a hint"),
    "rubric": N_("rubric"),
    "picture": N_("picture"),
    "file": N_("file"),
    "link": N_("link"),
    "table": N_("table"),
    "media": N_("film or sound"),
    "credit": N_("partial credit"),
    "scoring": N_("scoring"),
    "penalty": N_("penalty for another try"),
    "order": N_("order of the choices"),
    "numbering": N_("numbering of the choices"),
    "points": N_("marks"),
    "tags": N_("tags"),
    "difficulty": N_("difficulty"),
    "case": N_("upper and lower case"),
    "pattern": N_("pattern"),
    "exact": N_("exact quotes and dashes"),
    "unit": N_("unit"),
    "figures": N_("significant figures"),
    "tolerance": N_("tolerance"),
    "formula": N_("formula"),
    "parameters": N_("parameters"),
    "extra": N_("further right sides"),
    "blanks": N_("blanks"),
    "words": N_("number of words"),
    "template": N_("template of the answer"),
    "state": N_("state"),
    "section": N_("section"),
    "resource": N_("other content"),
    "shuffle": N_("shuffling"),
    "user": N_("the person who asks"),
    "course": N_("the course"),
    "total": N_("the whole site"),
}
