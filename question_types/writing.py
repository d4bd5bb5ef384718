"""What a person's short writing says, whatever phone, keyboard or office program it came through.

Owns which characters are invisible, and which typographic ones stand for plain ones. Knows nothing of questions.
"""

import re
import unicodedata

# Letters of no width, fillers and joiners that Unicode doesn't count as format characters.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0"
# Joiners mean something between letters of many scripts, and in emoji.
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SINGLE_QUOTES = re.compile("[\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\u2039\u203a]")
_DOUBLE_QUOTES = re.compile("[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u301d\u301e\u301f]")
_HYPHENS = re.compile("[\u2010\u2011\u2012\u2212\u2043\ufe58\ufe63\uff0d]")
# Phones and office programs write these for two hyphens as well as for one.
_LONG_DASHES = re.compile("[\u2013\u2014\u2015]")


def visible(written: str) -> str:
    """Return the text without what can't be seen and means nothing."""
    kept = []
    for at, character in enumerate(written):
        if character in _JOINERS:
            around = (written[at - 1 : at] if at else "", written[at + 1 : at + 2])
            if all(neighbour and ord(neighbour) > 0x2FF for neighbour in around):
                kept.append(character)
        elif character not in _FILLERS and unicodedata.category(character) != "Cf":
            kept.append(character)
    return _SELECTORS.sub("", "".join(kept))


def spaced(written: str) -> str:
    """Return the text in its compatible form (full-width letters, ligatures), with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", written).split())


def plain_hyphens(written: str) -> str:
    """Return the text with every dash and minus sign as a hyphen."""
    return _LONG_DASHES.sub("-", _HYPHENS.sub("-", written))


def readings(written: str, *, is_exact: bool) -> set[str]:
    """Return what the text may say: quotes and dashes as one types them, a long dash for one hyphen or for two.

    With `is_exact` typographic characters are what they are.
    """
    seen = visible(written)
    if not is_exact:
        # Before the compatible form, which takes some quotes apart.
        seen = _DOUBLE_QUOTES.sub('"', _SINGLE_QUOTES.sub("'", _HYPHENS.sub("-", seen)))
    folded = visible(spaced(seen))
    return {folded} if is_exact else {_LONG_DASHES.sub(dash, folded) for dash in ("-", "--")}
