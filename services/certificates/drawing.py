"""A certificate as a PDF: one page, landscape A4, in the words that the caller gives."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from services.certificates import fonts

REGULAR, BOLD = 400, 650
WIDTH, HEIGHT, MARGIN = 297.0, 210.0, 24.0
INK, SOFT, ACCENT = (28, 32, 40), (90, 98, 112), (36, 94, 166)


@dataclass(frozen=True)
class Words:
    """What stands on a certificate, from top to bottom."""

    heading: str
    intro: str
    name: str
    done: str
    course: str
    issued: str
    site: str
    check: str
    address: str

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is drawn."""
        parts = (self.heading, self.intro, self.name, self.done, self.course)
        return (*parts, self.foot, self.check, self.address)

    @property
    def foot(self) -> str:
        """Who issued it, and when."""
        return f"{self.site} · {self.issued}"


def pdf(words: Words, *, made_at: datetime) -> bytes:
    """Return the page. The same words and time give the same bytes."""
    with tempfile.TemporaryDirectory(prefix="yurt-certificate-") as folder:
        page = _Page(words, Path(folder), made_at)
        page.line(words.heading, 30, BOLD, y=44, color=ACCENT)
        page.line(words.intro, 13, REGULAR, y=68, color=SOFT)
        page.line(words.name, 32, BOLD, y=78)
        page.line(words.done, 13, REGULAR, y=102, color=SOFT)
        page.line(words.course, 22, BOLD, y=112, lines=2)
        page.line(words.foot, 13, REGULAR, y=144)
        page.line(words.check, 10, REGULAR, y=166, color=SOFT)
        page.line(words.address, 10, REGULAR, y=172, color=ACCENT, link=words.address)
        return bytes(page.paper.output())


class _Page:
    """A sheet with its fonts: those that the words need, in two weights."""

    def __init__(self, words: Words, folder: Path, made_at: datetime) -> None:
        self.paper = FPDF(orientation="landscape", format="A4")
        self.paper.set_creation_date(made_at)
        self.paper.set_title(f"{words.heading}: {words.course}")
        self.paper.set_author(words.site)
        self.paper.set_auto_page_break(auto=False)
        self.paper.set_margins(MARGIN, MARGIN)
        self.paper.add_page()
        text = "".join(words.texts)
        self._families = [f"font{number}" for number, _path in enumerate(fonts.used_by(text))]
        for weight, style in ((REGULAR, ""), (BOLD, "B")):
            for family, path in zip(self._families, fonts.used_by(text), strict=True):
                target = folder / f"{family}{style}.ttf"
                fonts.cut(path, text, weight, target)
                self.paper.add_font(family, style, str(target))
        self.paper.set_fallback_fonts(self._families[1:], exact_match=True)
        self.paper.set_text_shaping(use_shaping_engine=True)
        self._frame()

    def line(
        self,
        text: str,
        size: float,
        weight: int,
        *,
        y: float,
        color: tuple[int, int, int] = INK,
        lines: int = 1,
        link: str = "",
    ) -> None:
        """Write a text in the middle, smaller where it is longer than its lines are."""
        width = WIDTH - 2 * MARGIN
        self.paper.set_text_color(*color)
        self.paper.set_font(self._families[0], "B" if weight == BOLD else "", size)
        while size > 7 and self.paper.get_string_width(text) > width * (lines if lines == 1 else lines * 0.9):
            size -= 1
            self.paper.set_font_size(size)
        self.paper.set_xy(MARGIN, y)
        if lines == 1:
            self.paper.cell(width, size * 0.5, text, align=Align.C, link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        else:
            self.paper.multi_cell(width, size * 0.5, text, align=Align.C)

    def _frame(self) -> None:
        self.paper.set_draw_color(*ACCENT)
        self.paper.set_line_width(1.2)
        self.paper.rect(10, 10, WIDTH - 20, HEIGHT - 20)
        self.paper.set_line_width(0.3)
        self.paper.rect(13, 13, WIDTH - 26, HEIGHT - 26)
