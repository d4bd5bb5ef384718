"""The formulas of item analysis, held against scipy's and numpy's."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analysis import formulas
from tests.analysis.classes import stats

shares = st.integers(0, 6).map(lambda sixths: sixths / 6)
scores = st.integers(0, 1_000).map(lambda marks: marks / 1_000)


@pytest.fixture(scope="module", autouse=True)
def scipy_is_there():
    """Import it before the first example, which hasn't got the second that it takes."""
    stats()


@given(st.lists(st.tuples(st.booleans(), scores), min_size=2, max_size=60))
def test_discrimination_of_right_and_wrong_is_the_point_biserial_correlation(pairs):
    right, rest = [float(answer) for answer, _ in pairs], [score for _, score in pairs]

    found = formulas.discrimination(right, rest)

    if len(set(right)) < 2 or len(set(rest)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(stats().pointbiserialr(right, rest).statistic, abs=1e-9)


@given(st.lists(st.tuples(shares, scores), min_size=2, max_size=60))
def test_discrimination_of_shares_is_pearsons_correlation(pairs):
    marks, rest = [mark for mark, _ in pairs], [score for _, score in pairs]

    found = formulas.discrimination(marks, rest)

    if len(set(marks)) < 2 or len(set(rest)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(stats().pearsonr(marks, rest).statistic, abs=1e-9)


@given(st.integers(2, 8).flatmap(lambda k: st.lists(st.lists(shares, min_size=k, max_size=k), min_size=2, max_size=40)))
def test_alpha_is_as_cronbach_defines_it(table):
    found = formulas.alpha(table)

    marks = numpy.array(table)
    k = marks.shape[1]
    if len(set(numpy.round(marks.sum(axis=1), 9))) < 2:
        assert found is None
    else:
        expected = k / (k - 1) * (1 - marks.var(axis=0, ddof=1).sum() / marks.sum(axis=1).var(ddof=1))
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_alpha_of_questions_that_say_the_same_is_one():
    assert formulas.alpha([[0, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 1]]) == pytest.approx(1)


def test_alpha_of_a_published_table():
    # KR-20, which alpha is for right and wrong: p q sums to 0.92 and the totals vary by 2 (over n) here.
    table = [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    by_hand = 4 / 3 * (1 - (0.16 + 0.24 + 0.24 + 0.16) / 2)

    assert formulas.alpha(table) == pytest.approx(by_hand)


@pytest.mark.parametrize("table", [[], [[1, 0]], [[1], [0]], [[1, 0], [0, 1]], [[1, 1], [1, 1]]])
def test_too_few_numbers_have_no_alpha(table):
    assert formulas.alpha(table) is None


def test_too_few_numbers_have_nothing_else():
    assert formulas.difficulty([]) is None
    assert formulas.median([]) is None
    assert formulas.discrimination([], []) is None
    assert formulas.discrimination([1.0], [0.5]) is None
    assert formulas.discrimination([1.0, 1.0], [0.5, 0.1]) is None
    assert formulas.discrimination([1.0, 0.0], [0.5, 0.5]) is None


def test_a_mark_without_its_score_is_a_mistake():
    with pytest.raises(ValueError, match="for each student"):
        formulas.discrimination([1.0, 0.0], [0.5])


@given(st.lists(shares, min_size=1, max_size=30))
def test_difficulty_is_the_mean_share(answers):
    assert formulas.difficulty(answers) == pytest.approx(numpy.mean(answers))
    assert 0 <= formulas.difficulty(answers) <= 1
    assert not math.isnan(formulas.median(answers))
