"""The languages that the site speaks, and which of them a reader gets. Owns nothing of their words."""

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

DEFAULT = "en"
SUPPORTED_LOCALES = [DEFAULT]


def best(accepted: LanguageAccept) -> str:
    """Return the language that suits a reader who accepts these."""
    return accepted.best_match(SUPPORTED_LOCALES) or DEFAULT


def best_of_header(accepted: str) -> str:
    """Return the language for the Accept-Language that a browser sent."""
    return best(parse_accept_header(accepted, LanguageAccept))
