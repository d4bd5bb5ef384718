"""A kept form in words: fields with the labels, and choices with the texts, that their page shows."""

from flask_babel import gettext as _
from flask_wtf import FlaskForm

from blueprints.auth import kept_choices
from blueprints.kept_forms import KeptForm

# Fields that mean something to the page alone.
UNSHOWN = ("kept", "next", "key")


def shown(kept: KeptForm, form: FlaskForm | None) -> list[tuple[str, str]]:
    """Return what was filled in, as label and text; `form` is the form of that page, where it is one of ours."""
    texts_by_label: dict[str, list[str]] = {}
    choices = kept_choices.of(kept)
    for name, value in kept.fields:
        if value and name not in UNSHOWN:
            text = choices.get(name, {}).get(value) or _text(name, value, form)
            texts_by_label.setdefault(label(name, form), []).append(text)
    return [(name, ", ".join(texts)) for name, texts in texts_by_label.items()]


def label(name: str, form: FlaskForm | None = None) -> str:
    """Name a field of any form."""
    if form is not None and name in form:
        return str(form[name].label.text)
    labels = {
        "board": _("How you stand on the board"),
        "code": _("Enrolment code"),
        "display_name": _("Your name"),
        "email": _("Email address"),
        "end_tokens": _("Also end all API tokens"),
        "is_exempt": _("Exempt"),
        "lab": _("Lab"),
        "cohort": _("Cohort"),
        "minutes": _("Minutes"),
        "note": _("Note to the student"),
        "new_password": _("New password"),
        "new_password_confirm": _("Retype the new password"),
        "password": _("Password"),
        "password_confirm": _("Retype the password"),
        "points": _("Points to give"),
        "pseudonym": _("Pseudonym"),
        "reason": _("Reason"),
        "percent": _("Score in per cent"),
        "remember": _("Keep me signed in"),
        "role": _("Role"),
        "time_zone": _("Time zone"),
    }
    if name.startswith("item-"):
        return _("Question %(number)s", number=name.removeprefix("item-"))
    return labels.get(name) or name.replace("_", " ").capitalize()


def _text(name: str, value: str, form: FlaskForm | None) -> str:
    choices = getattr(form[name], "choices", None) if form is not None and name in form else None
    words = {str(key): str(text) for key, text in choices or ()}
    if name == "role":
        words = {"student": _("Student"), "assistant": _("Assistant"), "teacher": _("Teacher")}
    if name in ("end_tokens", "is_exempt", "remember"):
        return _("Yes")
    return words.get(value, value)
