"""Translating in templates: a page does it some eighty times, so the catalogue is looked up once a request.

Flask-Babel looks it up anew each time, and Jinja's own wrapper calls twice more for each string.
"""

from typing import Any

from babel.support import NullTranslations
from flask import Flask, g
from flask_babel import get_domain  # type: ignore[attr-defined]  # its types leave it out
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


def init_app(app: Flask) -> None:
    """Give the templates their `_`, `gettext` and `ngettext`."""
    app.jinja_env.globals.update(_=gettext, gettext=gettext, ngettext=ngettext)


@pass_eval_context
def gettext(of: EvalContext, message: str, /, **variables: Any) -> str:
    """Translate; `%(name)s` stands for a variable, and `%%` for a percent sign."""
    return _filled(of, _catalogue().ugettext(message), variables)


@pass_eval_context
def ngettext(of: EvalContext, singular: str, plural: str, num: int, /, **variables: Any) -> str:
    """Translate by number."""
    variables.setdefault("num", num)
    return _filled(of, _catalogue().ungettext(singular, plural, num), variables)


def _filled(of: EvalContext, said: str, variables: dict[str, Any]) -> str:
    if of.autoescape:
        said = Markup(said)  # the words are ours; what is put in is escaped
    return said % variables if variables or "%" in said else said


def _catalogue() -> NullTranslations:
    known: NullTranslations | None = g.get("catalogue")
    if known is None:
        known = g.catalogue = get_domain().get_translations()
    return known
