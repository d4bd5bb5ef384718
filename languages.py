"""The languages that the site speaks, and which of them a reader gets. Owns nothing of their words."""

import re

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

DEFAULT = "en"
SUPPORTED_LOCALES = [DEFAULT]


def best(accepted: LanguageAccept) -> str:
    """Return the language that suits a reader who accepts these: the first that the site speaks, in whatever region."""
    for tag, quality in accepted:
        if quality <= 0:
            continue
        for is_like in (_same_region, _same_language):
            for spoken in SUPPORTED_LOCALES:
                if is_like(tag, spoken):
                    return spoken
    return DEFAULT


def _same_region(tag: str, spoken: str) -> bool:
    return tag.replace("_", "-").lower() == spoken.replace("_", "-").lower()


def _same_language(tag: str, spoken: str) -> bool:
    return re.split("[-_]", tag.lower())[0] == re.split("[-_]", spoken.lower())[0]


def best_of_header(accepted: str) -> str:
    """Return the language for the Accept-Language that a browser sent."""
    return best(parse_accept_header(accepted, LanguageAccept))
