"""What a teacher decides about a draft: into the bank, away, or written again. Nothing else brings a draft to students.

Each decision is a compare-and-set on the draft's state, so of two teachers one decides.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Course, Generation, GenerationDraft, GradingRun, Question, User
from models.generation import ACCEPTED, DRAFT_TRANSITIONS, PENDING, REFUSED, REGENERATING, REJECTED, RUNNING_KEY
from question_types import type_of
from reasons import Code, Reason
from services import audit, changes, live, plain
from services.bank import questions
from services.bank.questions import Written
from services.errors import InvalidInput, NotFound, Refused
from services.generations import asking, documents, keys
from services.generations.terms import Terms

MAX_NOTE = 500


@dataclass(frozen=True)
class Edited:
    """A draft as its reviewer would rather have it."""

    slug: str
    written: Written


def find(generation: Generation, number: int) -> GenerationDraft:
    """Return a draft of a generation by its number; raise NotFound."""
    found = next((draft for draft in generation.drafts if draft.number == number), None)
    if found is None:
        raise NotFound
    return found


def accept(
    course: Course, draft: GenerationDraft, user: User, edited: Edited | None = None, *, now: datetime
) -> Question | None:
    """Put a draft into the bank, as it is or as it was edited: there it is a draft until somebody lets it be asked.

    None where an edit has changed what a lab runs of it: that is run first.
    """
    if edited is not None and _runs_first(draft, edited, user):
        return None
    _decide(draft, ACCEPTED, user, now)
    said = edited or Edited(draft.document["slug"], documents.written(draft.document))
    made = questions.create(course, _free(course, said.slug), said.written)
    draft.question_id = made.id
    _audit("draft.accepted", draft, question=made.id)
    db.session.flush()
    return made


def _runs_first(draft: GenerationDraft, edited: Edited, user: User) -> bool:
    """Take an edit over into the draft, and have its key run, where that isn't the one that a lab has run."""
    said = edited.written
    fields = type_of(said.kind).export(said.spec)
    document = {**draft.document, "slug": edited.slug, "kind": said.kind, "prompt": said.prompt, "fields": fields}
    document |= {
        "points": said.points,
        "feedback": said.feedback,
        "tags": list(said.tags),
        "difficulty": said.difficulty,
    }
    if not keys.has_key(document) or keys.key_of(document) == keys.key_of(draft.document):
        return False
    still = (GenerationDraft.id == draft.id, GenerationDraft.state == PENDING)
    if changes.one(GenerationDraft, *still, state=RUNNING_KEY, document=document) is None:
        raise Refused(Reason(Code.DRAFT_NOT_OPEN))
    keys.queue(draft, draft.generation, user)
    _audit("draft.edited", draft)
    return True


def _free(course: Course, slug: str) -> str:
    """Return the slug, with a number behind it where the bank has one like it: the model has chosen the name."""
    taken = set(db.session.scalars(select(Question.slug).where(Question.course_id == course.id)))
    return (
        slug
        if slug not in taken
        else next(name for number in range(2, len(taken) + 3) if (name := f"{slug}-{number}") not in taken)
    )


def reject(draft: GenerationDraft, user: User, note: str, *, now: datetime) -> None:
    """Put a draft away; `note` says why, for whoever improves the prompts."""
    note = _note(note)
    if not note:
        raise InvalidInput("reason", Reason(Code.REASON_MISSING))
    _decide(draft, REJECTED, user, now, note=note)
    _audit("draft.rejected", draft)


def regenerate(draft: GenerationDraft, user: User, note: str, terms: Terms, *, now: datetime) -> None:
    """Have another question written instead of a draft; `note` is what is to be different."""
    asking.require_possible(draft.generation.course, terms)
    _decide(draft, REGENERATING, user, now, note=_note(note), asked_again=GenerationDraft.asked_again + 1)
    asking.ask_again(draft.generation)
    _audit("draft.regenerated", draft)


def _audit(act: str, draft: GenerationDraft, **more: int) -> None:
    audit.note(act, draft.generation.course_id, generation=draft.generation_id, draft=draft.number, **more)


def could_not_run(draft: GenerationDraft) -> bool:
    """Say whether no lab has run a draft's key, and none will by itself: its run goes with the account that asked."""
    if draft.state == RUNNING_KEY:
        return db.session.scalar(select(GradingRun.id).where(GradingRun.draft_id == draft.id)) is None
    is_unrun = any(found["reason"]["code"] == Code.DRAFT_RUN_NOT for found in draft.findings)
    return draft.state == REFUSED and is_unrun


def run_again(draft: GenerationDraft, user: User) -> None:
    """Have the key of a draft run anew that couldn't be run."""
    still = (GenerationDraft.id == draft.id, GenerationDraft.state == draft.state)
    if not could_not_run(draft) or changes.one(GenerationDraft, *still, state=RUNNING_KEY) is None:
        raise Refused(Reason(Code.DRAFT_NOT_OPEN))
    keys.queue(draft, draft.generation, user)
    _audit("draft.run_again", draft)
    live.generation_changed(draft.generation_id)


def _note(note: str) -> str:
    return plain.bounded("reason", plain.sentence(note), MAX_NOTE)


def _decide(draft: GenerationDraft, state: str, user: User, now: datetime, **values: object) -> None:
    before = [old for old, following in DRAFT_TRANSITIONS.items() if state in following]
    still_open = (GenerationDraft.id == draft.id, GenerationDraft.state.in_(before))
    decided = {"state": state, "reviewer_id": user.id, "reviewed_at": now, **values}
    if changes.one(GenerationDraft, *still_open, **decided) is None:
        raise Refused(Reason(Code.DRAFT_NOT_OPEN))
    live.generation_changed(draft.generation_id)
