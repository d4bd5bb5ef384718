"""The page of a certificate, whatever a name is written in."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from models import utcnow
from services.certificates import drawing, fonts
from services.certificates.drawing import Words

NAMES = {
    "Latin": "Zoë Łukaszewska-Ẽnyi",
    "Greek": "Ωρίων Παπαδόπουλος",
    "Cyrillic": "Їжак Өмүрбек",
    "Arabic": "محمد علی",
    "Hebrew": "אברהם בן־דוד",
    "Devanagari": "क्षितिज शर्मा",
    "Bengali": "অরুণ",
    "Tamil": "தமிழ்",
    "Thai": "กำธร",
    "Georgian": "გიორგი",
    "Armenian": "Արամ",
    "Ethiopic": "አበበ",
    "Han, Hangul and Kana": "王小明 김한 さくら",
    "several": "Ann 王 علي",
}


def words(name: str) -> Words:
    return Words(
        heading="Certificate of completion",
        intro="This certifies that",
        name=name,
        done="has completed the course",
        course="The shell",
        issued="3 November 2026",
        site="Yurt",
        check="Whether it is valid is said at this address:",
        address="https://learn.example.org/certificates/4fXkq0mC2vT8",
    )


@pytest.mark.parametrize("script", NAMES)
def test_a_name_of_any_script_has_all_its_letters(script: str) -> None:
    assert fonts.missing(NAMES[script]) == set()


# A font of TrueType outlines, and the one whose outlines are of another kind.
@pytest.mark.parametrize("script", ["Arabic", "Han, Hangul and Kana"])
def test_a_font_is_cut_down_to_the_letters_of_a_name(script: str, tmp_path: Path) -> None:
    name = NAMES[script]
    cut = set[int]()
    for number, path in enumerate(fonts.used_by(name)):
        target = tmp_path / f"{number}.ttf"
        fonts.cut(path, name, drawing.BOLD, target)
        cut |= set(TTFont(target).getBestCmap())
        assert target.stat().st_size < 60_000

    assert {ord(letter) for letter in name} <= cut


def test_fonts_are_cut_for_every_letter_that_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(drawing._Page, "line", lambda _page, text, *_size, **_place: drawn.append(text))

    drawing.pdf(words("Ann"), made_at=utcnow())

    assert set("".join(drawn)) <= set("".join(words("Ann").texts))
    assert "Yurt · 3 November 2026" in drawn


def test_a_page_holds_names_of_several_scripts() -> None:
    page = drawing.pdf(words(NAMES["several"]), made_at=utcnow())

    assert page.startswith(b"%PDF-") and len(page) < 100_000
    assert page.count(b"/Type /Page\n") == 1


def test_a_long_name_and_a_letter_that_no_font_has_spoil_nothing() -> None:
    assert fonts.missing("Ann \U00013000") == {"\U00013000"}

    page = drawing.pdf(words("W" * 58 + " \U00013000"), made_at=utcnow())

    assert page.count(b"/Type /Page\n") == 1
