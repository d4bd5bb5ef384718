"""The grade as a pure function: bounds, order, dropping, extra credit, exemption, and what is exact."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gradebook.grades import grade
from services.gradebook.schemes import Category, Item, Scheme

HALF = Fraction(1, 2)
shares = st.fractions(0, 1, max_denominator=60)


def category(*ids, weight=1, drop=0, extra=(), is_extra=False, title="A"):
    """A category of items with these ids."""
    items = tuple(Item(each, f"item-{each}", "quiz", f"Item {each}", is_extra=each in extra) for each in ids)
    return Category(title, Fraction(weight), items, drop, is_extra)


@st.composite
def books(draw, *, drop=3):
    """A scheme without extra credit, and what a student has earned and is exempt from."""
    sizes = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    ids = iter(range(1, 100))
    categories = [
        category(*(next(ids) for _ in range(size)), weight=draw(st.integers(1, 60)), drop=draw(st.integers(0, drop)))
        for size in sizes
    ]
    everything = [item.id for each in categories for item in each.items]
    earned = {each: draw(st.none() | shares) for each in everything}
    exempt = draw(st.sets(st.sampled_from(everything))) if everything else set()
    return Scheme(tuple(categories)), earned, exempt


@given(books())
def test_a_grade_without_extra_credit_is_from_0_to_1(book):
    found = grade(*book)

    for value in (found.so_far, found.total, *(part.share for part in found.parts)):
        assert value is None or 0 <= value <= 1


@given(books())
def test_what_is_missing_never_makes_the_total_better(book):
    scheme, earned, exempt = book
    without_drops = Scheme(tuple(category(*(i.id for i in c.items), weight=c.weight) for c in scheme.categories))

    found = grade(without_drops, earned, exempt)

    for so_far, total in zip(found.parts, found.total_parts, strict=True):
        assert so_far.share is None or so_far.share >= total.share


@given(books(drop=0), st.integers(1, 4))
def test_dropping_the_lowest_never_lowers_a_grade(book, drop):
    scheme, earned, exempt = book
    dropping = Scheme(tuple(category(*(i.id for i in c.items), weight=c.weight, drop=drop) for c in scheme.categories))

    before, after = grade(scheme, earned, exempt), grade(dropping, earned, exempt)

    assert (before.so_far is None) == (after.so_far is None)
    assert before.so_far is None or after.so_far >= before.so_far
    assert before.total is None or after.total >= before.total


@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_items_and_categories_doesnt_matter(book, rng):
    scheme, earned, exempt = book
    shuffled = [
        category(*rng.sample([i.id for i in c.items], len(c.items)), weight=c.weight, drop=c.drop_lowest)
        for c in scheme.categories
    ]
    rng.shuffle(shuffled)

    found = grade(Scheme(tuple(shuffled)), dict(reversed(earned.items())), exempt)

    assert (found.so_far, found.total) == (grade(*book).so_far, grade(*book).total)


@given(books(), shares)
def test_a_better_score_never_lowers_a_grade(book, better):
    scheme, earned, exempt = book
    for each, share in earned.items():
        if share is not None and better >= share:
            risen = grade(scheme, {**earned, each: better}, exempt)
            assert risen.so_far is None or risen.so_far >= grade(*book).so_far


def test_categories_count_by_their_weights():
    scheme = Scheme((category(1, 2, weight=40), category(3, weight=60)))

    found = grade(scheme, {1: Fraction(1), 2: HALF, 3: Fraction(1, 3)})

    assert [part.share for part in found.parts] == [Fraction(3, 4), Fraction(1, 3)]
    assert found.so_far == found.total == HALF


def test_what_has_no_score_yet_counts_in_the_total_alone():
    scheme = Scheme((category(1, 2, weight=40), category(3, weight=60)))

    found = grade(scheme, {1: HALF})

    assert (found.so_far, found.total) == (HALF, Fraction(1, 10))


def test_nothing_yet_is_no_grade_and_a_total_of_nothing():
    found = grade(Scheme((category(1, 2),)), {})

    assert (found.so_far, found.total) == (None, 0)
    assert grade(Scheme((category(),)), {}).total is None


def test_the_lowest_is_dropped_but_one_always_stays():
    scheme = Scheme((category(1, 2, 3, drop=2),))

    assert grade(scheme, {1: HALF, 2: Fraction(0), 3: Fraction(1)}).parts[0].dropped == {1, 2}
    assert grade(scheme, {1: HALF}).parts[0].dropped == frozenset()
    assert grade(scheme, {1: HALF}).total == HALF


def test_what_is_exempt_doesnt_count_and_isnt_dropped():
    scheme = Scheme((category(1, 2, 3, drop=1),))
    earned = {1: Fraction(0), 2: HALF, 3: Fraction(1)}

    found = grade(scheme, earned, exempt={1})

    assert found.total == 1
    assert found.parts[0].dropped == {2}
    assert grade(scheme, earned, exempt={1, 2, 3}).total is None


def test_an_exempt_category_leaves_its_weight_to_the_others():
    scheme = Scheme((category(1, weight=40), category(2, weight=60)))

    assert grade(scheme, {1: Fraction(0), 2: Fraction(1)}, exempt={1}).total == 1


def test_extra_credit_adds_to_its_category_and_is_never_asked_for():
    scheme = Scheme((category(1, 2, 3, extra={3}),))

    assert grade(scheme, {1: HALF, 2: HALF}).total == HALF
    assert grade(scheme, {1: HALF, 2: HALF, 3: HALF}).total == Fraction(3, 4)
    assert grade(scheme, {1: Fraction(1), 2: Fraction(1), 3: Fraction(1)}).total == Fraction(3, 2)
    assert grade(scheme, {3: Fraction(1)}).so_far is None


def test_an_extra_category_adds_its_weight_at_most():
    scheme = Scheme((category(1, weight=40), category(2, weight=60), category(3, weight=5, is_extra=True)))

    assert grade(scheme, {1: Fraction(1), 2: Fraction(1), 3: Fraction(1)}).total == Fraction(105, 100)
    assert grade(scheme, {1: HALF, 2: HALF}).total == HALF
    assert grade(scheme, {1: HALF, 3: Fraction(1)}).so_far == HALF + Fraction(5, 100)


@pytest.mark.parametrize("count", [3, 7])
def test_thirds_and_sevenths_are_exact(count):
    scheme = Scheme((category(*range(count)),))

    assert grade(scheme, {each: Fraction(1, count) for each in range(count)}).total == Fraction(1, count)
