"""The rules that Yurt adds to Markdown's own: callouts, headings with ids, aligned cells, mathematics.

Each changes tokens. What comes out of them is sanitised afterwards (`markdown.py`), like everything else.
"""

import re
import unicodedata
from itertools import chain, count

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

CALLOUTS = ("note", "tip", "important", "warning", "caution")
# Ids of headings carry it, so that no heading takes an id that a page's script looks for.
ID_PREFIX = "h-"
_MARKER = re.compile(rf"\[!({'|'.join(CALLOUTS)})\][ \t]*([^\n]*)(?:\n|$)", re.IGNORECASE)


def callouts(state: StateCore) -> None:
    """Turn quotes that begin with a marker such as `[!NOTE]` into asides; text after it is their title."""
    kinds: list[str | None] = []
    for position, token in enumerate(state.tokens):
        if token.type == "blockquote_open":
            kinds.append(_open_callout(state.tokens, position))
        elif token.type == "blockquote_close" and kinds.pop():
            token.tag = "aside"


def _open_callout(tokens: list[Token], position: int) -> str | None:
    token, inline = tokens[position], tokens[position + 2 : position + 3]
    marker = _MARKER.match(inline[0].content) if inline and inline[0].type == "inline" else None
    if marker is None:
        return None
    kind = marker[1].lower()
    token.tag = "aside"
    token.attrSet("class", f"callout callout-{kind}")
    token.meta["title"] = marker[2].strip() or kind.capitalize()
    inline[0].content = inline[0].content[marker.end() :]
    if not inline[0].content:
        tokens[position + 1].hidden = tokens[position + 3].hidden = True
    return kind


def headings(state: StateCore) -> None:
    """Give headings ids; a `#` becomes `h2`, because the page's own title is its only `h1`."""
    taken: set[str] = set()
    for position, token in enumerate(state.tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        token.tag = "h2" if token.tag == "h1" else token.tag
        if token.type == "heading_open":
            token.attrSet("id", ID_PREFIX + _free(_slug(state.tokens[position + 1].content), taken))


def _free(slug: str, taken: set[str]) -> str:
    """Return the slug, or the first with a number that no heading before has: A, A, "A 2" are three."""
    name = next(name for name in chain([slug], (f"{slug}-{number}" for number in count(2))) if name not in taken)
    taken.add(name)
    return name


def _slug(title: str) -> str:
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", title).casefold())
    return "-".join(words) or "section"


def alignment(state: StateCore) -> None:
    """Replace the inline style of aligned cells, which the CSP forbids, with a class."""
    for token in state.tokens:
        style = token.attrs.pop("style", None) if token.type in ("th_open", "td_open") else None
        if style is not None:
            token.attrSet("class", f"align-{str(style).removeprefix('text-align:')}")


def mathematics(state: StateCore) -> None:
    """Mark code between dollar signs as mathematics, and take the signs away. Shells have dollar signs of their own."""
    for inline in state.tokens:
        children = inline.children or []
        for before, code, after in zip(children, children[1:], children[2:], strict=False):
            is_text = before.type == after.type == "text" and code.type == "code_inline"
            if is_text and before.content.endswith("$") and after.content.startswith("$"):
                before.content, after.content = before.content[:-1], after.content[1:]
                code.meta["is_math"] = True
