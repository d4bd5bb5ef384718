"""A newcomer adds a reason: its code, its words and its parameters are one member."""

from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, after

ENTRY = "A reason"
READ = {
    "backends/local/__init__.py",
    "backends/nomad/words.py",
    "models/lab_session.py",
    "models/reason_column.py",
    "reasons/words.py",
    "services/timelines.py",
    "tests/frame/test_reasons.py",
    "tests/labs/test_no_sentences.py",
    "tests/nomad/test_words.py",
}
BEFORE = '    CLUSTER_DOWN = "cluster_down", N_("the cluster doesn\'t answer")\n'
MEMBER = '    PARCEL_LATE = "parcel_late", N_("the parcel comes in %(wait_days)s days"), {"wait_days": int}\n'
CHECKS = ("tests/frame/test_reasons.py", "-k", "parameters_that_it_declares or once_it_was_stored or collected")


def added(member: str) -> dict[str, Step]:
    return {"reasons/codes.py": after(BEFORE, member)}


def test_the_text_names_every_step() -> None:
    assert guide.paths(ENTRY) == {"reasons/codes.py"} | READ


def test_a_reason_added_by_the_text_has_its_words_and_is_collected(checkout: Checkout) -> None:
    outcome = checkout.tried(added(MEMBER), *CHECKS)

    assert outcome.is_good, outcome.said


def test_words_with_a_parameter_that_is_not_declared_are_refused(checkout: Checkout) -> None:
    outcome = checkout.tried(added(MEMBER.replace('{"wait_days": int}', '{"days": int}')), *CHECKS)

    assert not outcome.is_good and "PARCEL_LATE" in outcome.said
