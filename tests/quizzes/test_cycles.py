"""Quizzes that wait for each other: found, named and refused, also where two are changed at once."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extensions import db
from models import Quiz
from reasons import Code, Reason
from services.quizzes import cycles, settings
from tests.factories import Cast, QuizFactory, add_question
from tests.quizzes.test_gate import NOW

slugs = st.sampled_from("abcdef")
graphs = st.dictionaries(slugs, st.lists(slugs, unique=True, max_size=3))


@pytest.fixture
def chain(cast: Cast) -> list[Quiz]:
    """Three quizzes; the second one needs the first, the third one the second and a lab's check."""
    made: list[Quiz] = [QuizFactory(module=cast.quiz.module, slug=slug) for slug in ("one", "two", "three")]
    for quiz in made:
        add_question(quiz, "single")
    made[1].requires = [{"quiz": "one", "percent": 50}]
    made[2].requires = [{"lab": "first-lab", "check": "check-1"}, {"quiz": "two"}]
    db.session.flush()
    return made


def test_a_circle_of_three_is_refused_by_its_names(cast: Cast, chain: list[Quiz]) -> None:
    wanted = [{"lesson": "first-words"}, {"quiz": "three"}]

    with pytest.raises(settings.Wrong) as refused:
        settings.change(chain[0].course, chain[0], {"requires": wanted}, by_id=cast.alice.id, now=NOW)

    fault = refused.value.faults[0]
    assert (fault.field, fault.why) == ("requires.1", Reason(Code.REQUIRES_CIRCLE, circle="one → three → two → one"))
    assert chain[0].requires == []


def test_what_only_leads_forward_is_saved(cast: Cast, chain: list[Quiz]) -> None:
    assert settings.change(
        chain[2].course, chain[2], {"requires": [{"quiz": "one"}, {"quiz": "two"}]}, by_id=cast.alice.id, now=NOW
    )


def test_an_archived_quiz_closes_no_circle(cast: Cast, chain: list[Quiz]) -> None:
    chain[1].is_archived = True
    db.session.flush()

    assert settings.change(chain[0].course, chain[0], {"requires": [{"quiz": "three"}]}, by_id=cast.alice.id, now=NOW)


@given(graphs, slugs, slugs)
def test_a_circle_that_is_named_is_one(needs: dict[str, list[str]], start: str, first: str) -> None:
    assume(first != start)

    path = cycles.back_to(start, first, needs)

    reachable, ahead = set(), [first]
    while ahead:
        for slug in needs.get(ahead.pop(), ()):
            if slug not in reachable:
                reachable.add(slug)
                ahead.append(slug)
    assert (path is not None) == (start in reachable)
    if path is not None:
        assert (path[:2], path[-1]) == ([start, first], start)
        assert all(later in needs[earlier] for earlier, later in pairwise(path[1:]))
