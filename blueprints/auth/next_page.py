"""Where people go after signing in: `next`, as long as it is a page of this site.

A `next` that leads elsewhere is taken out of the request before any form sees it. Flask-Security would call the form
wrong: a right password then looked like a wrong one, and counted as one.
"""

from flask import request
from flask_security.utils import validate_redirect_url
from werkzeug.datastructures import ImmutableMultiDict


def forget_where_it_leads_elsewhere() -> None:
    """Drop `next` from the address and the form of a request for an account's page; JSON is refused there."""
    if request.blueprint != "security":
        return
    for name in ("args", "form"):
        sent = getattr(request, name)
        if "next" in sent and not all(is_of_this_site(value) for value in sent.getlist("next")):
            kept = [(key, value) for key, value in sent.items(multi=True) if key != "next"]
            setattr(request, name, ImmutableMultiDict(kept))


def is_of_this_site(target: object) -> bool:
    """Whether an address, as it came from outside, leads to a page of this site, in every browser's reading."""
    if not isinstance(target, str):
        return False
    # Browsers take a backslash for a slash, and pass over tabs and line ends.
    plain = "".join(char for char in target if char > " ").replace("\\", "/")
    try:
        return not plain.startswith("//") and bool(validate_redirect_url(target))
    except ValueError:
        return False
