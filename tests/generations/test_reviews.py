"""What a teacher decides: into the bank, away, or written again; and nothing else brings a draft to students."""

import pytest
from sqlalchemy import select

from extensions import db
from models import GenerationDraft, Question, utcnow
from services.errors import InvalidInput, Refused
from services.generations import asking, reviews
from services.generations.material import around, of_lesson
from tests.generations.conftest import Class, calls_of, codes, drafts_of
from tests.generations.loopback import Reply


def only_draft(room: Class, kind: str = "single") -> GenerationDraft:
    (draft,) = drafts_of(room.finish(room.ask(kind)))
    return draft


def accept(room: Class, draft: GenerationDraft) -> Question:
    return reviews.accept(room.course, draft, room.user, now=utcnow())


def test_an_accepted_draft_is_a_draft_of_the_bank(room: Class) -> None:
    draft = only_draft(room)

    made = accept(room, draft)

    assert (made.state, made.tags, made.difficulty) == ("draft", ["generated"], "easy")
    assert made.current is not None
    assert made.current.kind == "single"
    assert (draft.state, draft.question_id, draft.reviewer_id) == ("accepted", made.id, room.user.id)


def test_two_drafts_of_one_name_get_slugs_of_their_own(room: Class) -> None:
    drafts = drafts_of(room.finish(room.ask("text", count=2)))
    for draft in drafts:
        draft.document = {**draft.document, "slug": "the-same"}

    assert [accept(room, draft).slug for draft in drafts] == ["the-same", "the-same-2"]


def test_a_draft_is_decided_about_once(room: Class) -> None:
    draft = only_draft(room)
    reviews.reject(draft, room.user, "It asks for a word.", now=utcnow())

    with pytest.raises(Refused, match="decided"):
        accept(room, draft)

    assert (draft.state, draft.note) == ("rejected", "It asks for a word.")
    assert db.session.scalar(select(Question).where(Question.tags.contains(["generated"]))) is None


def test_a_rejection_says_why(room: Class) -> None:
    with pytest.raises(InvalidInput, match="must say why"):
        reviews.reject(only_draft(room), room.user, "  ", now=utcnow())


def test_what_the_checks_refused_cannot_be_accepted(room: Class) -> None:
    room.loopback.script = [Reply(change=lambda said: {"questions": [{**said["questions"][0], "citations": []}]})]
    draft = only_draft(room)

    with pytest.raises(Refused):
        accept(room, draft)

    assert draft.state == "refused"


@pytest.mark.parametrize("kind", ["text", "single"])
def test_a_draft_that_is_written_again_is_replaced_by_another_one(room: Class, kind: str) -> None:
    draft = only_draft(room, kind)
    reviews.regenerate(draft, room.user, "Ask about uniq.", room.terms, now=utcnow())
    db.session.commit()

    done = room.finish(draft.generation)

    old, new = drafts_of(done)
    assert (old.state, new.state, new.replaces_id) == ("replaced", "pending", old.id)
    said = room.loopback.requests[-1 if kind == "text" else -2]
    assert "Ask about uniq." in said["messages"][0]["content"]
    assert old.document["prompt"] in said["messages"][1]["content"]
    assert asking.missing_of(asking.find(room.course, done.id)) == 0


def test_a_draft_that_was_not_written_again_stays_and_says_why(room: Class) -> None:
    draft = only_draft(room, "text")
    reviews.regenerate(draft, room.user, "", room.terms, now=utcnow())
    db.session.commit()
    room.loopback.script = [Reply(text="sorry")]

    done = room.finish(draft.generation)

    (kept,) = drafts_of(done)
    assert (kept.state, codes(kept)) == ("pending", ["draft_not_rewritten"])
    reviews.regenerate(kept, room.user, "", room.terms, now=utcnow())
    db.session.commit()
    room.finish(done)
    assert [call.piece.partition(":")[0] for call in calls_of(done)] == ["write", "again", "again"]
    assert [each.state for each in drafts_of(done)] == ["replaced", "pending"]


def test_drafts_whose_second_reader_is_not_to_be_had_are_reviewed_all_the_same(room: Class) -> None:
    room.loopback.script = [Reply(), Reply(403)]

    failed = room.finish(room.ask("single"))

    assert failed.state == "failed"
    (draft,) = drafts_of(failed)
    assert (draft.state, codes(draft)) == ("pending", ["draft_unchecked"])


def test_a_course_that_does_not_allow_it_sends_nothing(room: Class) -> None:
    room.course.allows_generation = False

    with pytest.raises(Refused, match="allow it first"):
        room.ask("text")


def test_a_citation_is_shown_where_the_lesson_says_it_and_not_where_it_changed(room: Class) -> None:
    draft = only_draft(room)

    shown = around(of_lesson(room.lesson), draft.citations[0])
    room.lesson.body_html = "<p>Something else altogether.</p>"

    assert shown is not None
    assert (shown[0], shown[1]) == ("Pipes\n", draft.citations[0]["quote"])
    assert shown[2].startswith("\nsort puts lines")
    assert around(of_lesson(room.lesson), draft.citations[0]) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lessons": ("nowhere",)}, "lessons"),
        ({"lessons": ()}, "lessons"),
        ({"kinds": ("essay",)}, "kinds"),
        ({"kinds": ("text", "text")}, "kinds"),
        ({"count": 0}, "count"),
        ({"count": 21}, "count"),
        ({"difficulty": "mean"}, "difficulty"),
        ({"language": "klingon"}, "language"),
        ({"language": "../en"}, "language"),
    ],
)
def test_what_cannot_be_asked_for_names_its_field(room: Class, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        room.ask("text", **changes)

    assert refusal.value.field == field


def test_lessons_that_are_too_long_are_refused(room: Class) -> None:
    room.lesson.body_html = f"<p>{'word ' * 20_000}</p>"

    with pytest.raises(InvalidInput, match="60000 are the most"):
        room.ask("text")
