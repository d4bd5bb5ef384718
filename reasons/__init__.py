"""Reasons as facts: a code with parameters, and the one table of their words.

Rows, backends and services hold reasons; words are made of them at the edges alone, in the reader's language. Nothing
here knows the rest of the platform, so that everything may know of reasons.
"""

from reasons.codes import Code
from reasons.parts import N_
from reasons.reason import Reason, Undeclared
from reasons.words import ENGLISH, Catalogue, Translator, capitalised, listed, sentence, text

__all__ = [
    "ENGLISH",
    "Catalogue",
    "Code",
    "N_",
    "Reason",
    "Translator",
    "Undeclared",
    "capitalised",
    "listed",
    "sentence",
    "text",
]
