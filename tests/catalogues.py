"""A language that no site has: each word of a reason stands in it in angle brackets."""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from reasons import Code
from reasons.parts import TERMS, Counted


def bracketed(folder: Path, language: str = "de", *more: str) -> Path:
    """Write its catalogue, with `more` texts of others; return the folder of the translations."""
    made = Catalog(locale=language)
    for code in Code:
        words = code.words
        if isinstance(words, Counted):
            made.add((words.one, words.many), (f"<{words.one}>", f"<{words.many}>"))
        else:
            made.add(words, f"<{words}>", flags=["python-format"])
    for words in (*TERMS.values(), *more):
        made.add(words, f"<{words}>")
    place = folder / language / "LC_MESSAGES"
    place.mkdir(parents=True)
    data = BytesIO()
    write_mo(data, made)
    (place / "messages.mo").write_bytes(data.getvalue())
    return folder
