"""What a site lacks that its operator should know of: a line each in the log, at each start."""

import re

import structlog

from config import ROOT, Settings
from environment import is_loopback_url

VENDOR = ROOT / "static" / "vendor"
LISTED = re.compile(r'^ +"@?[^"]*/([^"/]+)",$', re.MULTILINE)

log = structlog.get_logger("yurt.start")


def cautions(settings: Settings) -> list[str]:
    """Return the lines; none for a demo on this machine, whose shortcuts are meant."""
    lines = []
    if missing := missing_files():
        lines.append(
            f"{len(missing)} files of the front-end packages are missing in static/vendor ({', '.join(missing)}): "
            "terminals stay empty. Run `npm ci --omit=dev && npm run vendor`, in the build of the image too."
        )
    if settings.is_demo:
        return lines
    if is_loopback_url(settings.public_url):
        lines.append(
            f"PUBLIC_URL is {settings.public_url}: links in mails lead to this machine alone, "
            "and cookies aren't secure. Set it to the address that people type."
        )
    elif not settings.is_https:
        lines.append(
            f"PUBLIC_URL is {settings.public_url}, without TLS: passwords and cookies cross the network in clear. "
            "Set it to an https:// address, with a proxy that has certificates in front."
        )
    if not settings.mail_url:
        lines.append(f"MAIL_URL isn't set: mails are written to {settings.var_dir / 'mail'}, and reach nobody.")
    return lines


def missing_files() -> list[str]:
    """Return the names that static/vendor.mjs copies and that aren't there."""
    names = LISTED.findall((ROOT / "static" / "vendor.mjs").read_text())
    return [name for name in names if not (VENDOR / name).is_file()]


def warn(settings: Settings) -> None:
    """Write the lines into the log."""
    for line in cautions(settings):
        log.warning(line)
