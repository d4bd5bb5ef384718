"""What a certificate asks, decided on data alone."""

from fractions import Fraction

import pytest

from services.archive.content import CertificateContent
from services.certificates.rules import decide
from services.gradebook.schemes import Category, Item, Scheme
from services.gradebook.sources import Cell

LESSONS = [Item(number, f"lesson-{number}", "lesson", "A lesson") for number in (1, 2, 3, 4)]
QUIZ, OTHER, LAB = Item(5, "quiz", "quiz", "Q"), Item(6, "other", "quiz", "O"), Item(7, "lab", "lab", "L", checks=2)
ITEMS = [*LESSONS, QUIZ, OTHER, LAB]
SCHEME = Scheme((Category("", Fraction(1), (QUIZ, OTHER, LAB)),))


def standing(rule: CertificateContent, **percents: int | None):
    """Decide for somebody with these scores: `i5=60` is 60 % of item 5, None an exemption."""
    cells = {
        int(name[1:]): Cell(is_exempt=True) if percent is None else Cell(Fraction(percent, 100))
        for name, percent in percents.items()
    }
    return decide(rule, ITEMS, SCHEME, cells)


@pytest.mark.parametrize(("percent", "is_earned"), [(75, True), (76, False)])
def test_so_many_lessons_are_to_be_read(percent: int, is_earned: bool) -> None:
    found = standing(CertificateContent(lessons_percent=percent), i1=100, i2=100, i3=100)

    assert found.is_earned is is_earned
    assert (found.criteria[0].done, found.criteria[0].total) == (3, 4)


def test_each_quiz_has_to_reach_the_mark() -> None:
    rule = CertificateContent(quiz_percent=60)

    assert not standing(rule, i5=100, i6=59).is_earned
    assert not standing(rule, i5=100).is_earned
    assert standing(rule, i5=60, i6=60).is_earned


def test_what_is_left_out_or_exempt_is_not_asked_for() -> None:
    assert standing(CertificateContent(quiz_percent=60, leave_out=("other",)), i5=60).is_earned
    assert standing(CertificateContent(quiz_percent=60), i5=60, i6=None).is_earned


def test_the_grade_counts_what_has_no_score_as_nothing() -> None:
    rule = CertificateContent(grade_percent=60)

    assert not standing(rule, i5=100).is_earned
    found = standing(rule, i5=100, i7=80)
    assert found.is_earned
    assert found.criteria[0].reached == Fraction(180, 300)


def test_all_that_is_asked_has_to_be_reached() -> None:
    rule = CertificateContent(lessons_percent=25, lab_percent=50)

    assert not standing(rule, i1=100).is_earned
    assert not standing(rule, i7=50).is_earned
    assert standing(rule, i1=100, i7=50).is_earned


def test_nobody_earns_a_certificate_of_nothing() -> None:
    rule = CertificateContent(lessons_percent=100, leave_out=tuple(item.slug for item in LESSONS))

    assert not standing(rule).is_earned
