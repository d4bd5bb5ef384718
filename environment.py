"""What stands in an environment variable, as it was meant: without the blanks and the quotes around it.

Standard library only: `make run` reads its port with it before anything is installed.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

# What a word processor or a web page puts around a copied line; a quote inside belongs to the value.
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“", "«": "»"}
# str.strip() knows the no-break space, and none of these: zero width, direction marks, byte order mark.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\ufeff"


def meant(text: str) -> str:
    """Return the value without what stands around it; empty means unset."""
    before = None
    while before != text:
        before, text = text, text.strip().strip(INVISIBLE)
    closing = QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing and len(text) > 1 and text[-1] == closing and closing not in inner and text[0] not in inner:
        return meant(inner)
    return text


def value(environ: Mapping[str, str], name: str, default: str = "") -> str:
    """Return what a variable means, or the default where it is unset or empty."""
    return meant(environ.get(name, "")) or default


def is_loopback_url(url: str) -> bool:
    """Say whether an address leads to the machine itself."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Say whether a host's name or address is the machine itself."""
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")
