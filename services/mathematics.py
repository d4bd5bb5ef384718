"""Mathematics of authors, as LaTeX -> MathML, which browsers show by themselves: no script, no font, nothing fetched.

Owns which elements and attributes of MathML may stand in a page. What it returns is not safe yet: the sanitiser of
`services/markdown.py` has the last word.
"""

import re

import structlog
from latex2mathml.converter import convert

log = structlog.get_logger("yurt.mathematics")

MAX_LENGTH = 4_000
MAX_DEPTH = 40
TAGS = set(
    re.findall(
        r"\w+",
        """
        math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom
        msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd
        """,
    )
)
ATTRIBUTES = {
    "math": {"display", "alttext"},
    "mi": {"mathvariant"},
    "mn": {"mathvariant"},
    "mo": {"stretchy", "fence", "separator", "form", "lspace", "rspace", "minsize", "maxsize", "movablelimits"},
    "mfrac": {"linethickness"},
    "mspace": {"width"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mtable": {"columnalign", "rowspacing", "columnspacing"},
    "mtd": {"columnalign"},
    "mstyle": {"displaystyle", "scriptlevel"},
}


def mathml(latex: str, *, is_block: bool) -> str | None:
    """Return LaTeX as a `math` element; None where it can't be read."""
    if not latex.strip() or len(latex) > MAX_LENGTH or _depth(latex) > MAX_DEPTH:
        return None
    try:
        made = convert(latex, display="block" if is_block else "inline")
    except Exception as error:  # noqa: BLE001  # the library raises what its parser stumbles on
        log.info("LaTeX not understood", error=type(error).__name__)
        return None
    return str(made)


def _depth(latex: str) -> int:
    """Return how deep brackets are nested."""
    depth = deepest = 0
    for character in latex:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    return deepest
