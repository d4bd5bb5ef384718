"""Markdown of authors -> HTML that may stand in a page under the strict CSP.

Owns the dialect (CommonMark, tables, strikethrough, definition lists, footnotes, callouts, mathematics in $`...`$ or in
a block of code whose language is math) and the sanitiser. Knows nothing of Flask or of models. Whatever goes in, what
comes out holds only the tags, attributes and classes listed here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from html import escape
from typing import Any
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

from services import markdown_rules, mathematics
from services.markdown_rules import CALLOUTS, ID_PREFIX

# Longer code is shown without colours: some lexers take more than linear time.
MAX_HIGHLIGHTED = 50_000

HEADINGS = [f"h{level}" for level in range(1, 7)]
TAGS = set(HEADINGS) | set(
    re.findall(
        r"\w+",
        """
        aside blockquote details div dd dl dt figcaption figure hr li ol p pre section summary ul
        caption table tbody td tfoot th thead tr
        a abbr b br code del em i img ins kbd mark q s samp small span strong sub sup u var
        """,
    )
)
TAGS |= mathematics.TAGS
# What isn't allowed loses its tags; these lose their text as well, which nobody was meant to read.
DROPPED = {"script", "style", "iframe", "object", "noscript", "template", "textarea", "title"}
ATTRIBUTES = {
    "*": {"class", "lang", "dir", "title"},
    "a": {"href", "id"},
    "abbr": {"title"},
    "details": {"open"},
    "div": {"tabindex"},
    "img": {"src", "alt", "width", "height"},
    "li": {"id"},
    "ol": {"start", "reversed"},
    "pre": {"tabindex"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    **{heading: {"id"} for heading in HEADINGS},
    **mathematics.ATTRIBUTES,
}
FOOTNOTES = {"footnote-ref", "footnotes", "footnotes-list", "footnote-item", "footnote-backref"}
HOOKS = {"highlight", "table-scroll", "callout", "callout-title", "align-left", "align-center", "align-right"}
CODE_CLASSES = {name for name in STANDARD_TYPES.values() if name}
CLASSES = {*HOOKS, *FOOTNOTES, *CODE_CLASSES, *(f"callout-{kind}" for kind in CALLOUTS)}
_LANGUAGE_CLASS = re.compile(r"language-[a-z0-9+-]{1,30}")
_HEADING_ID = re.compile(rf"{ID_PREFIX}[\w-]+")
# As the plugin names a footnote and what refers to it.
_FOOTNOTE_ID = re.compile(r"fn(ref)?[0-9]+(:[0-9]+)?")
# As the sanitiser writes it.
_IMAGE = re.compile(r'<img((?: [a-z]+="[^"]*")*)>')
_IMAGE_VALUE = re.compile(r' ([a-z]+)="([^"]*)"')
# Where HTML points at a file of the course; in Markdown the parser knows.
_HTML_FILE = re.compile(r"""\b(?:src|href)\s*=\s*["']?([^\s"'>]+)""", re.IGNORECASE)
# How many lines of each kind are kept as they were rendered, and how long a line may be.
KEPT, LONGEST = 2048, 300
_FORMATTER = HtmlFormatter(nowrap=True)


def render(text: str, *, base_url: str = "", sizes: Mapping[str, tuple[int, int]] | None = None) -> str:
    """Return `text` as sanitised HTML; `files/NAME` in images and links points below `base_url`.

    `sizes` are widths and heights of pictures by path: their images say it, so that nothing moves when they arrive.
    """
    html = _clean(_BLOCKS.render(text), base_url)
    return sized(html, base_url, sizes) if sizes else html


def sized(html: str, base_url: str, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return sanitised HTML whose images of files below `base_url` say how large they are."""
    return _IMAGE.sub(lambda image: _sized(image, base_url, sizes), html)


def _kept(render: Callable[[str], str]) -> Callable[[str], str]:
    """Keep what lines of usual length became: a page shows some ten, nearly always the same."""
    kept = lru_cache(maxsize=KEPT)(render)

    @wraps(render)
    def line(text: str) -> str:
        return kept(text) if len(text) <= LONGEST else render(text)

    return line


@_kept
def render_inline(text: str) -> str:
    """Return one line of Markdown (code, emphasis) as sanitised HTML without a paragraph around it."""
    return _clean(_INLINE.renderInline(text), "")


@_kept
def render_line(text: str) -> str:
    """Return one line of Markdown as `render_inline` does, with pictures: for the texts of questions."""
    return _clean(_LINE.renderInline(text), "")


@_kept
def plain(text: str) -> str:
    """Return one line of Markdown as plain text, without its marks: for titles of windows, attributes and mail. A
    picture is its description."""
    tokens = _LINE.parseInline(text)
    return "".join(token.content for inline in tokens for token in inline.children or [])


def files_of(text: str) -> list[tuple[str, int]]:
    """Return the course's files that the text points at, with their lines from 1. Paths in code don't count."""
    if "files" not in text and "&" not in text:  # an entity may stand for any letter
        return []
    files: list[tuple[str, int]] = []
    for token in _BLOCKS.parse(text):
        line = (token.map[0] if token.map else 0) + 1
        for part in [token, *(token.children or [])]:
            line += part.type in ("softbreak", "hardbreak")
            addresses = [str(part.attrGet(name) or "") for name in ("src", "href")]
            if part.type in ("html_inline", "html_block"):
                addresses += _HTML_FILE.findall(part.content)
            files += [(_path(address), line) for address in addresses if _path(address).startswith("files/")]
    return files


def paths_of(text: str) -> set[str]:
    """Return the paths of the course's files that the text points at."""
    if "files/" not in text:
        return set()
    return {unquote(path.partition("?")[0].partition("#")[0]) for path, _line in files_of(text)}


def _clean(html: str, base_url: str) -> str:
    def keep(tag: str, name: str, value: str) -> str | None:
        return _attribute(tag, name, value, base_url)

    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=DROPPED,
        attributes=ATTRIBUTES,
        attribute_filter=keep,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _attribute(tag: str, name: str, value: str, base_url: str) -> str | None:
    if name == "class":
        known = [part for part in value.split() if part in CLASSES or _LANGUAGE_CLASS.fullmatch(part)]
        return " ".join(known) or None
    if name == "id" and tag in ("a", "li"):
        return f"{ID_PREFIX}{value}" if _FOOTNOTE_ID.fullmatch(value) else None
    if name == "id":
        return value if _HEADING_ID.fullmatch(value) else None
    if name == "tabindex":
        return value if value == "0" else None
    if name == "src":
        return _below(base_url, value) if _is_file(value) else None
    if name == "href":
        return f"#{ID_PREFIX}{value[1:]}" if re.match("#.", value) else _below(base_url, value)
    return value


def _sized(image: re.Match[str], base_url: str, sizes: Mapping[str, tuple[int, int]]) -> str:
    values = dict(_IMAGE_VALUE.findall(image[1]))
    size = sizes.get(unquote(values.get("src", "").removeprefix(f"{base_url.rstrip('/')}/")))
    given = [values[name] for name in ("width", "height") if name in values]
    if size is None or len(given) == 2 or not all(re.fullmatch("[1-9][0-9]{0,4}", value) for value in given):
        return image[0]
    width, height = size
    if "width" in values:
        width, height = int(values["width"]), max(1, round(int(values["width"]) * height / width))
    elif "height" in values:
        width, height = max(1, round(int(values["height"]) * width / height)), int(values["height"])
    values |= {"width": str(width), "height": str(height)}
    written = (f' {name}="{value}"' for name, value in values.items())
    return f"<img{''.join(written)}>"


def _is_file(url: str) -> bool:
    # Only the course's own files: a foreign host would learn who reads the lesson, and any other path of the
    # site would be fetched with the reader's session.
    path = unquote(_path(url))
    return path.startswith("files/") and not re.search(r"[\x00-\x1f\\?#]|(^|/)\.\.?(/|$)", path)


def _path(url: str) -> str:
    return url.removeprefix("./")


def _below(base_url: str, url: str) -> str:
    return f"{base_url.rstrip('/')}/{_path(url)}" if base_url and _path(url).startswith("files/") else url


class _Renderer(RendererHTML):
    """The HTML of tokens that need more than their tag."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Colour a block of code by its language; an unknown one stays plain."""
        code, language = tokens[idx].content, (tokens[idx].info.split() or [""])[0].lower()
        if language == "math" and (made := mathematics.mathml(code, is_block=True)):
            return f'<div class="table-scroll" tabindex="0">{made}</div>\n'
        body, hook = escape(code), ""
        if re.fullmatch(r"[a-z0-9+-]{1,30}", language):
            hook = f' class="language-{language}"'
            body = _coloured(code, language) if len(code) <= MAX_HIGHLIGHTED else body
        return f'<pre class="highlight" tabindex="0"><code{hook}>{body}</code></pre>\n'

    code_block = fence

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Show code, or what stands between $` and `$ as mathematics."""
        made = mathematics.mathml(tokens[idx].content, is_block=False) if tokens[idx].meta.get("is_math") else None
        return made or super().code_inline(tokens, idx, options, env)

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a table in a box of its own, which scrolls on narrow screens (and by keyboard)."""
        return '<div class="table-scroll" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close the table and its box."""
        return "</table></div>\n"

    def blockquote_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a quote, or a callout with its title."""
        tag = self.renderToken(tokens, idx, options, env)
        title = tokens[idx].meta.get("title")
        return f'{tag}<p class="callout-title">{_INLINE.renderInline(title)}</p>\n' if title else tag


def _coloured(code: str, language: str) -> str:
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, _FORMATTER))


def _parser(preset: str, **options: Any) -> MarkdownIt:
    return MarkdownIt(preset, options, renderer_cls=_Renderer)


_BLOCKS = _parser("commonmark", html=True).enable(["table", "strikethrough"]).use(deflist_plugin).use(footnote_plugin)
_BLOCKS.core.ruler.after("block", "callouts", markdown_rules.callouts)
_BLOCKS.core.ruler.push("headings", markdown_rules.headings)
_BLOCKS.core.ruler.push("alignment", markdown_rules.alignment)
_INLINE = _parser("zero").enable(["backticks", "emphasis", "escape", "entity"])
_LINE = _parser("zero").enable(["backticks", "emphasis", "escape", "entity", "image"])
for _each in (_BLOCKS, _INLINE, _LINE):
    _each.core.ruler.push("mathematics", markdown_rules.mathematics)
