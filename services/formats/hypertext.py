"""HTML of other programs -> the Markdown that Yurt renders: the same words, structure, pictures and mathematics.

Markdownify walks the HTML; what is here is Yurt's dialect (services/markdown.py), and escaping that touches only what
would mean something else, so that people can go on editing the text.
"""

import re
from collections.abc import Callable
from typing import Any

from bs4 import BeautifulSoup
from markdownify import BACKSLASH, MarkdownConverter

from reasons import Code, Reason
from services.formats.base import MAX_DEPTH, NotCarried, Notes

# What a picture's or a file's address becomes: its path in the course; None for what isn't there, which is noted then.
Place = Callable[[str], str | None]
_TAG = re.compile(r"<[a-zA-Z/!]")
_SPACES = re.compile(r"[\s\u00a0]+")
# Mathematics as filters of those programs find it in text.
# (bounded, so that many that aren't closed cost no more than their number).
_MATHEMATICS = re.compile(r"\\\((.{1,500}?)\\\)|\\\[(.{1,500}?)\\\]|\$\$(.{1,500}?)\$\$", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w])_|_(?![\w])|\*")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)")
_OPENS = re.compile(r"\[(?=[\^!])")
_CLOSES = ("](", "][", "]:")
_LINE_START = re.compile(r"\s*(#{1,6}(?=\s|$)|[-+>=~|:](?=\s|$)|[-=_]{2,}|>|\d{1,9}(?=[.)](?:\s|$)))")
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
# Tags that Markdown has no marks for, and that pages of Yurt show.
KEPT = ("sub", "sup", "u", "ins", "mark", "small", "kbd", "samp", "var", "abbr")
# How long the HTML of one text may be, beside pictures that stand in it.
MAX_HTML = 200_000
MAX_TAGS = 4_000
TAG_COSTS = 20
# What can't stand in one line.
BLOCKS = ("table", "ul", "ol", "pre", "blockquote", "dl", "hr")
LOST = ("video", "audio", "iframe", "object", "embed", "applet")


def _soup(html: str, notes: Notes | None = None) -> Any:
    """Return HTML as a tree, of a size that a text may have. Python's own parser loses an ampersand near the end."""
    tags = html.count("<")
    if len(html) > MAX_HTML:
        raise NotCarried("text", Reason(Code.MOVE_TOO_LONG, most=MAX_HTML))
    if tags > MAX_TAGS:
        raise NotCarried("text", Reason(Code.MOVE_TOO_MANY, many=tags, most=MAX_TAGS))
    if notes is not None:
        # A tag costs as much time as a line of words.
        notes.spend(len(html) + TAG_COSTS * tags)
    return BeautifulSoup(html, "lxml")


def block(html: str, notes: Notes, place: Place) -> str:
    """Return HTML as Markdown of any shape; what has no place there is noted."""
    if not _TAG.search(html) and "&" not in html:
        return _escaped_block(html)
    return _Converter(notes, place).convert(html).strip()


def line(html: str, notes: Notes, place: Place) -> str:
    """Return HTML as one line of Markdown, as choices are: with emphasis, code and pictures."""
    if not _TAG.search(html) and "&" not in html:
        return _escaped_block(html)
    soup = _soup(html, notes)
    if soup.find(BLOCKS):
        notes.say("text", Reason(Code.MOVE_ONE_LINE))
    made = _Line(notes, place).convert_soup(_shallow(soup))
    return _SPACES.sub(" ", made).strip()


def has_tags(text: str) -> bool:
    """Whether a text is HTML by its looks."""
    return bool(re.search(r"<[a-zA-Z/][^<>]*>", text))


def plain(html: str) -> str:
    """Return the words alone, in one line."""
    text = _soup(html).get_text() if _TAG.search(html) or "&" in html else html
    return _SPACES.sub(" ", text).strip()


def of_plain(text: str) -> str:
    """Return text that knows no mark-up as Markdown, its lines as they are."""
    lines = [_escaped_block(each) for each in text.strip().split("\n")]
    return re.sub(r"(?<=[^\n\\])\n(?=[^\n])", "\\\\\n", "\n".join(lines))


def _escaped_block(text: str) -> str:
    return escape(_SPACES.sub(" ", text).strip(), is_at_start=True)


def escape(text: str, *, is_at_start: bool = False, is_in_cell: bool = False) -> str:
    """Put a backslash before what would mean something in Markdown; mathematics is carried."""
    parts, at = [], 0
    for found in _MATHEMATICS.finditer(text):
        code = " ".join((found[1] or found[2] or found[3]).split())
        if "`" in code or not code:
            continue
        parts += [_escape(text[at : found.start()], is_in_cell), f"$`{code}`$"]
        at = found.end()
    parts.append(_escape(text[at:], is_in_cell))
    made = "".join(parts)
    start = _LINE_START.match(made) if is_at_start else None
    if start and made[start.start(1)] != "\\":
        cut = start.end(1) if start[1].isdecimal() else start.start(1)
        made = f"{made[:cut]}\\{made[cut:]}"
    return made


def _escape(text: str, is_in_cell: bool) -> str:
    text = _BACKSLASH.sub(r"\\\\", text)
    text = _EMPHASIS.sub(lambda found: f"\\{found[0]}", text).replace("`", "\\`").replace("~~", "\\~~")
    may_link = any(mark in text for mark in _CLOSES) or text.count("[") != text.count("]")
    text = _ENTITY.sub(r"\\&", text.replace("[", "\\[") if may_link else _OPENS.sub(r"\\[", text))
    text = re.sub(r"<(?=[a-zA-Z/!?])", r"\\<", text)
    return text.replace("|", "\\|") if is_in_cell else text


def _shallow(soup: Any) -> Any:
    """Refuse what is nested so deep that walking it would end the process's patience."""
    deepest, todo = 0, [(soup, 0)]
    while todo:
        node, depth = todo.pop()
        deepest = max(deepest, depth)
        todo += [(child, depth + 1) for child in getattr(node, "children", ())]
    if deepest > MAX_DEPTH:
        raise NotCarried("text", Reason(Code.IMPORT_DEEP, most=MAX_DEPTH))
    return soup


# Without types of its own: its methods are looked up by the names of tags.
_Markdownify: Any = MarkdownConverter


class _Converter(_Markdownify):
    """Markdownify in Yurt's dialect."""

    def __init__(self, notes: Notes, place: Place) -> None:
        super().__init__(
            heading_style="atx",
            bullets="-",
            newline_style=BACKSLASH,
            table_infer_header=True,
            wrap=True,
            wrap_width=None,
            keep_inline_images_in=["td", "th", "h1", "h2", "h3", "h4", "h5", "h6"],
            code_language_callback=_language,
        )
        self.notes, self.place = notes, place
        for tag in KEPT:
            self.convert_fn_cache[tag] = self._kept
        for tag in LOST:
            self.convert_fn_cache[tag] = self._lost
        # What a reader was never meant to see.
        for tag in ("script", "style", "head", "title", "template", "noscript"):
            self.convert_fn_cache[tag] = lambda _el, _text, parent_tags: ""

    def convert(self, html: str) -> str:
        made: str = self.convert_soup(_shallow(_soup(html, self.notes)))
        return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", made))

    def process_text(self, el: Any, parent_tags: Any = None) -> str:
        self._starts = el.previous_sibling is None or getattr(el.previous_sibling, "name", "") in ("br", *_BREAKING)
        return str(super().process_text(el, parent_tags))

    def escape(self, text: str, parent_tags: Any) -> str:
        is_in_cell = bool(parent_tags & {"td", "th"})
        return escape(text.replace("\u00a0", " "), is_at_start=self._starts, is_in_cell=is_in_cell)

    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        address = str(el.get("href") or "").strip()
        if re.match(r"(https?://|mailto:)[^\s<>]+$", address, re.IGNORECASE):
            made = address
        elif address and not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|#|//", address):
            made = self.place(address) or ""
        else:
            made = ""
        if address and not made:
            self.notes.no_place("link", address)
        if not made or not text.strip():
            return text
        return f"[{text.strip()}](<{made}>)" if re.search(r"[()\s]", made) else f"[{text.strip()}]({made})"

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        formula = str(el.get("data-equation-content") or "").strip()
        if formula and "`" not in formula:
            return f"$`{' '.join(formula.split())}`$"
        alt = _escape(_SPACES.sub(" ", str(el.get("alt") or "")).strip(), bool(parent_tags & {"td", "th"}))
        path = self.place(str(el.get("src") or "").strip())
        if path is None:
            return alt
        width = str(el.get("width") or "")
        if width.isdecimal() and self.has_tags:
            said = str(el.get("alt") or "").replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
            return f'<img src="{path}" alt="{_SPACES.sub(" ", said)}" width="{width}">'
        return f"![{alt}]({path})"

    def convert_table(self, el: Any, text: str, parent_tags: Any) -> str:
        if el.find(["td", "th"], attrs={"rowspan": re.compile("[2-9]")}):
            self.notes.no_place("table", "rowspan")
        return f"\n\n{text.strip()}\n\n"

    def convert_math(self, el: Any, text: str, parent_tags: Any) -> str:
        noted = el.find("annotation", attrs={"encoding": re.compile("tex", re.IGNORECASE)})
        code = " ".join(noted.get_text().split()) if noted else ""
        if code and "`" not in code:
            return f"$`{code}`$"
        return " ".join(str(el).split()) if self.has_tags else escape(_SPACES.sub(" ", el.get_text()))

    def convert_span(self, el: Any, text: str, parent_tags: Any) -> str:
        style = str(el.get("style") or "").replace(" ", "").lower()
        marks = ("**" if "font-weight:bold" in style else "") + ("*" if "font-style:italic" in style else "")
        if not marks or not text.strip():
            return text
        body, before, after = text.strip(), text[: text.find(text.strip())], text[text.rfind(text.strip()[-1]) + 1 :]
        return f"{before}{marks}{body}{marks[::-1]}{after}"

    has_tags = True

    def _kept(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"<{el.name}>{text}</{el.name}>" if text.strip() else text

    def _lost(self, el: Any, text: str, parent_tags: Any) -> str:
        source = el.get("src") or el.get("data") or (el.find("source") or {}).get("src") or el.name
        if el.name == "object" and (path := self.place(str(source))):
            return f"![{_escape(text.strip(), False)}]({path})"
        self.notes.no_place("media", source)
        return text


_BREAKING = ("p", "div", "ul", "ol", "li", "table", "pre", "blockquote", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "dl")


class _Line(_Converter):
    """The same for one line, which has no tags, lists or links."""

    has_tags = False

    def _kept(self, el: Any, text: str, parent_tags: Any) -> str:
        if el.name in ("kbd", "samp"):
            return str(self.convert_code(el, el.get_text(), parent_tags))
        table = {"sup": _RAISED, "sub": _LOWERED}.get(el.name)
        if table is None:
            return text
        said = text.strip()
        if said and all(ord(char) in table for char in said):
            return said.translate(table)
        self.notes.changed("text", f"<{el.name}>{said}</{el.name}>", said)
        return text

    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        if el.get("href"):
            self.notes.no_place("link", el.get("href"))
        return text

    def convert_br(self, el: Any, text: str, parent_tags: Any) -> str:
        return " "

    def convert_pre(self, el: Any, text: str, parent_tags: Any) -> str:
        return str(self.convert_code(el, " ".join(el.get_text().split()), set()))

    def convert_del(self, el: Any, text: str, parent_tags: Any) -> str:
        self.notes.changed("text", f"<{el.name}>{text}</{el.name}>", text)
        return text

    convert_s = convert_del
    convert_strike = convert_del

    def convert_li(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"{text.strip()} "

    def convert_td(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"{text.strip()} "

    convert_th = convert_td

    def convert_tr(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"{text.strip()} "

    def convert_blockquote(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"{text.strip()} "

    def convert_hN(self, n: int, el: Any, text: str, parent_tags: Any) -> str:  # its name there
        return f" {text.strip()} "

    def convert_hr(self, el: Any, text: str, parent_tags: Any) -> str:
        return " "


def _language(el: Any) -> str:
    code = el.find("code")
    names = [*(el.get("class") or []), *((code.get("class") or []) if code else [])]
    found = next((name for name in names if name.startswith("language-")), "")
    return found.removeprefix("language-") if re.fullmatch(r"language-[a-z0-9+-]{1,30}", found) else ""
