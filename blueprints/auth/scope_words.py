"""What people call the parts of the API that a token may read or change."""

from typing import Any

from flask_babel import lazy_gettext as _

from services.accounts.scopes import ACTIONS, AREAS

AREA_WORDS = {
    "account": _("my account and its tokens"),
    "attempts": _("quizzes that I take"),
    "audit": _("the audit log"),
    "bank": _("the bank of questions"),
    "content": _("what courses hold, and their archives"),
    "courses": _("courses and lessons that I study"),
    "events": _("events and webhooks"),
    "generations": _("questions by a model"),
    "grades": _("grading, grades and analyses"),
    "labs": _("labs and their sessions"),
    "people": _("people, cohorts and accommodations"),
    "platforms": _("learning platforms, and their connections with courses"),
    "points": _("points and leaderboards"),
    "practice": _("practice"),
    "quizzes": _("settings of quizzes, and what they ask"),
    "users": _("accounts of the site, for administrators"),
}
ACTION_WORDS = {"read": _("read everything"), "write": _("change everything")}
PART_WORDS = {"read": _("read"), "write": _("change")}


def choices() -> list[tuple[str, Any]]:
    """Return what a token may be allowed in all of the API."""
    return [(action, ACTION_WORDS[action]) for action in ACTIONS]


def parts() -> list[tuple[str, Any]]:
    """Return what it may be allowed in a part of it."""
    return [
        (f"{area}:{action}", _("%(area)s: %(action)s", area=AREA_WORDS[area], action=PART_WORDS[action]))
        for area in AREAS
        for action in ACTIONS
    ]
