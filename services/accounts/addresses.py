"""E-mail addresses in the one spelling that accounts are stored, found and limited by.

Everything that takes an address goes through here: forms, API, commands, and the keys of limits. Two spellings that
reach one account give one text, so that nobody gets a second account, or a second bucket of a limit, by writing an
address in another way.
"""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from services.errors import InvalidInput

# RFC 5321, 4.5.3.1 allows 254; NFKC may make 18 characters of one, so longer texts aren't looked at.
MAX_ADDRESS = 320
# White space, zero-width characters, marks of direction, the byte order mark.
AROUND = "[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"


def normal(address: str | None) -> str:
    """Return the address as accounts store it; raise InvalidInput where it isn't one.

    Unicode's NFKC (full-width and mathematical letters become plain ones), lower case, and the domain in ASCII (IDNA).
    Letters aren't folded further than to lower case: `groß@` and `gross@` are mailboxes of two people.
    """
    text = _bare(address) if isinstance(address, str) else ""
    if not text or len(text) > MAX_ADDRESS:
        raise InvalidInput("email", "This isn't an e-mail address.")
    try:
        # Deliverability would ask the DNS; `.test` and the like are what development and tests use.
        valid = validate_email(_folded(text), check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as error:
        raise InvalidInput("email", "This isn't an e-mail address.") from error
    return f"{valid.local_part}@{valid.ascii_domain}".lower()


def key(address: object) -> str:
    """Return what a limit counts an address by: its one spelling, or the folded text of what isn't an address."""
    text = address if isinstance(address, str) else ""
    try:
        return normal(text)
    except InvalidInput:
        folded = re.sub(r"\s+", "", _folded(_bare(text)[:MAX_ADDRESS]))
        return folded.encode(errors="replace").decode()


def _bare(text: str) -> str:
    """Take away the space and the invisible characters around a text, which come along when it is copied."""
    return re.sub(rf"^{AROUND}+|{AROUND}+$", "", text)


def _folded(text: str) -> str:
    # Lower case can undo a normal form, and the normal form can bring upper case: twice is stable.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text).lower()
    return unicodedata.normalize("NFKC", text)
