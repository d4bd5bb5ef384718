"""What is stored of a lab in words, in the reader's language: why there is no room, why it ended, why it isn't saved.

The scheduler writes such sentences in English, some with figures of the cluster in them. What isn't known here, such
as a sentence of the cluster's own, stays as it is.
"""

import re
from collections.abc import Callable

from flask_babel import gettext as _

Say = Callable[[re.Match[str]], str]


def said(text: str) -> str:
    """Say a stored sentence, or several between semicolons, in the reader's language."""
    if not text:
        return ""
    whole = _known(text)
    if whole is not None:
        return whole
    parts = text.split("; ")
    return "; ".join(_known(part) or part for part in parts)


def capitalised(text: str) -> str:
    """Say it as the beginning of a line."""
    words = said(text)
    return words[:1].upper() + words[1:]


def _known(text: str) -> str | None:
    for pattern, say in KNOWN:
        found = pattern.fullmatch(text)
        if found is not None:
            return say(found)
    return None


RESOURCES: dict[str, Callable[[], str]] = {
    "memory": lambda: _("memory"),
    "CPU": lambda: _("CPU"),
    "CPU cores": lambda: _("CPU cores"),
    "disk": lambda: _("disk"),
    "devices": lambda: _("devices"),
    "ports": lambda: _("ports"),
}


def _full(found: re.Match[str]) -> str:
    name = RESOURCES[found[1]]()
    return _("%(resource)s: %(count)s of %(total)s nodes full", resource=name, count=found[2], total=found[3])


SENTENCES: dict[str, Say] = {
    f"({'|'.join(RESOURCES)}): ([0-9]+) of ([0-9]+) nodes full": _full,
    "([0-9]+) of ([0-9]+) nodes lack the driver": lambda m: _(
        "%(count)s of %(total)s nodes lack the driver", count=m[1], total=m[2]
    ),
    "([0-9]+) of ([0-9]+) nodes lack the node pool": lambda m: _(
        "%(count)s of %(total)s nodes lack the node pool", count=m[1], total=m[2]
    ),
    "([0-9]+) of ([0-9]+) nodes lack the datacenter": lambda m: _(
        "%(count)s of %(total)s nodes lack the datacenter", count=m[1], total=m[2]
    ),
    r"([0-9]+) of ([0-9]+) nodes lack what it asks for \((.+)\)": lambda m: _(
        "%(count)s of %(total)s nodes lack what it asks for (%(what)s)", count=m[1], total=m[2], what=m[3]
    ),
    "the quota is used up: (.+)": lambda m: _("the quota is used up: %(what)s", what=m[1]),
    "no node is ready for labs": lambda _m: _("no node is ready for labs"),
    "no node is ready for labs in the node pool (.+)": lambda m: _(
        "no node is ready for labs in the node pool %(pool)s", pool=m[1]
    ),
    "none of ([0-9]+) nodes can take it": lambda m: _("none of %(total)s nodes can take it", total=m[1]),
    r"Labs are not set up here\.": lambda _m: _("Labs are not set up here."),
    r"No machine that there is can run labs of this kind\.": lambda _m: _(
        "No machine that there is can run labs of this kind."
    ),
    r"This lab needs a larger machine than there is\.": lambda _m: _("This lab needs a larger machine than there is."),
    "the cluster doesn't answer": lambda _m: _("the cluster doesn't answer"),
    r"The cluster doesn't answer\.": lambda _m: _("The cluster doesn't answer."),
    r"The machine (\S+) went away\.": lambda m: _("The machine %(node)s went away.", node=m[1]),
    r"The machine (\S+) was taken out of service\.": lambda m: _(
        "The machine %(node)s was taken out of service.", node=m[1]
    ),
    r"(\S+) is being taken out of service": lambda m: _("%(node)s is being taken out of service", node=m[1]),
    r"Its longest life is over\.": lambda _m: _("Its longest life is over."),
    r"The machine couldn't be started after several tries\. Try again later, or tell your teacher\.": lambda _m: _(
        "The machine couldn't be started after several tries. Try again later, or tell your teacher."
    ),
    r"The machine couldn't start: (.+)": lambda m: _("The machine couldn't start: %(why)s", why=m[1]),
    r"The machine is gone, and with it what was done since the last save\.": lambda _m: _(
        "The machine is gone, and with it what was done since the last save."
    ),
    r"The machine couldn't be reached\.": lambda _m: _("The machine couldn't be reached."),
    r"The machine couldn't pack the home\.": lambda _m: _("The machine couldn't pack the home."),
    r"It couldn't be stored\.": lambda _m: _("It couldn't be stored."),
    r"Packing the home took longer than ([0-9]+) seconds\.": lambda m: _(
        "Packing the home took longer than %(count)s seconds.", count=m[1]
    ),
    r"The home is larger than ([0-9]+) MB, packed\.": lambda m: _(
        "The home is larger than %(size)s MB, packed.", size=m[1]
    ),
    r"The home holds more than ([0-9]+) MB, unpacked\.": lambda m: _(
        "The home holds more than %(size)s MB, unpacked.", size=m[1]
    ),
    r"The home has more than ([0-9]+) files\.": lambda m: _("The home has more than %(count)s files.", count=m[1]),
    r"The archive of the home broke off\.": lambda _m: _("The archive of the home broke off."),
    r"The archive of the home is damaged\.": lambda _m: _("The archive of the home is damaged."),
}
KNOWN = [(re.compile(pattern, re.DOTALL), say) for pattern, say in SENTENCES.items()]
