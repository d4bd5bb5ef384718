"""The panels on the machine's side of the lab page.

A panel is `templates/labs/_panel_<name>.html`, `static/js/panel-<name>.js`, and its line here; it has a tab where it
applies to the lab.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _

from config import Settings
from models import Lab


@dataclass(frozen=True)
class Panel:
    """One tab: its name in file names, its title, and which labs have it."""

    name: str
    title: Any
    applies: Callable[[Lab], bool] = lambda _lab: True
    is_visit: bool = False

    @property
    def template(self) -> str:
        """What is in it."""
        return f"labs/{'_visit' if self.is_visit else '_panel'}_{self.name}.html"


def has_web(lab: Lab) -> bool:
    """Say whether the lab's page can show web servers of the lab."""
    return bool(lab.ports)


PANELS = (
    Panel("terminal", _("Terminal")),
    Panel("files", _("Files")),
    Panel("web", _("Web"), has_web),
    Panel("timeline", _("Timeline")),
    Panel("help", _("Help")),
)
# What somebody who looks in has of it: the terminal to read, and the same help.
OF_VISIT = (Panel("terminal", _("Terminal"), is_visit=True), PANELS[-1])


def of(lab: Lab, takes_part: bool) -> list[Panel]:
    """Return the panels of the lab's page, in their order; who isn't in the course has no machine to use them on."""
    return [panel for panel in PANELS if panel.applies(lab)] if takes_part else list(PANELS[:1])


def frames(lab: Lab, settings: Settings) -> str:
    """Return what the lab's page may frame: the pages of the lab's own web servers, where it has any."""
    if not has_web(lab):
        return ""
    return f"'self' {origin(settings, settings.lab_ports_host)}" if settings.lab_ports_host else "'self'"


def origin(settings: Settings, host: str) -> str:
    """Return the origin of a host of labs, on the site's own port where it names none."""
    parts = urlsplit(settings.public_url)
    return f"{parts.scheme}://{host}" if ":" in host or not parts.port else f"{parts.scheme}://{host}:{parts.port}"
