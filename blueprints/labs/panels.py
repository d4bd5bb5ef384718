"""The panels on the machine's side of the lab page.

A panel is `templates/labs/_panel_<name>.html`, `static/js/panel-<name>.js`, and its line here; it has a tab where its
partial is there and it applies to the lab.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _

from models import Lab


@dataclass(frozen=True)
class Panel:
    """One tab: its name in file names, its title, and which labs have it."""

    name: str
    title: Any
    applies: Callable[[Lab], bool] = lambda _lab: True


PANELS = (
    Panel("terminal", _("Terminal")),
    Panel("files", _("Files")),
    Panel("web", _("Web"), lambda lab: bool(lab.ports)),
    Panel("timeline", _("Timeline")),
    Panel("help", _("Help")),
)


def of(lab: Lab) -> list[Panel]:
    """Return the panels of the lab's page, in their order."""
    return [panel for panel in PANELS if panel.name in _present() and panel.applies(lab)]


@cache
def _present() -> frozenset[str]:
    names = set(current_app.jinja_env.list_templates())
    return frozenset(panel.name for panel in PANELS if f"labs/_panel_{panel.name}.html" in names)
