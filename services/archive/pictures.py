"""A look at SVG pictures before they are taken in.

A picture within a page runs nothing, and the site serves files under a policy that forbids scripts: this
check isn't what keeps readers safe, it tells the author early that a picture won't look as it does elsewhere.
"""

import re

from services.archive.faults import Faults

_ACTIVE = re.compile(
    rb"<\s*(?:\w+:)?(script|foreignObject|iframe|handler|animate|set)\b|<!(DOCTYPE|ENTITY)|\s(on[a-z]+)\s*=",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(rb"""(?:href|src)\s*=\s*["']\s*(?!#|["'])|@import|url\(\s*["']?(?!#)""", re.IGNORECASE)


def check(path: str, data: bytes, faults: Faults) -> None:
    """Note each thing in an SVG that runs or that loads something from elsewhere."""
    if not path.lower().endswith(".svg"):
        return
    if b"<svg" not in data[:1000].lower():
        faults.add(path, 1, "svg", "isn't an SVG picture")
    for pattern, message in (
        (_ACTIVE, "holds something active"),
        (_ELSEWHERE, "loads something from elsewhere"),
    ):
        for match in pattern.finditer(data):
            faults.add(path, data.count(b"\n", 0, match.start()) + 1, "svg", message)
