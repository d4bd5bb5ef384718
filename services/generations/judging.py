"""What a call brought, turned into drafts in the transaction that marks the call as judged: once, whoever does it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from extensions import db
from models import Generation, GenerationCall, GenerationDraft, Lab, Question, QuestionVersion
from models.generation import (
    CALL_ANSWERED,
    CHECKING,
    COMMENT,
    PENDING,
    QUESTIONS,
    REFUSED,
    REGENERATING,
    REPLACED,
    RUNNING_KEY,
)
from reasons import Code, Reason
from services.generations import aid_answers, answers, checks, keys, plans, prompts, second
from services.generations.answers import Read
from services.generations.findings import is_refused, warns
from services.generations.material import Material
from services.practice import pool

UNDECIDED = (CHECKING, PENDING, REGENERATING, RUNNING_KEY)


def judge(generation: Generation, call: GenerationCall, materials: Sequence[Material], *, now: datetime) -> None:
    """Make drafts of what a call brought, or note what its second reader said."""
    kind, _colon, rest = call.piece.partition(":")
    if generation.purpose != QUESTIONS:
        _keep_text(generation, call)
    elif kind == "check":
        _check(generation, call, rest)
    elif kind == "again":
        _again(generation, call, materials, int(rest.partition(".")[0]))
    else:
        batch = int(rest.partition(".")[2]) - 1
        known = known_texts(generation.course_id)
        for read in _read(call, generation.kinds, plans.size_of(batch, generation.wanted)):
            _add(generation, call, read, materials, known)
    call.judged_at = now
    db.session.flush()


def _keep_text(generation: Generation, call: GenerationCall) -> None:
    """Keep a comment or a hint. One that names a grade is kept, too: its teacher is told."""
    if call.state != CALL_ANSWERED:
        return
    said, why = aid_answers.read(call.raw or "")
    call.reason = call.reason or why
    if said and call.reason is None:
        db.session.execute(update(Generation).where(Generation.id == generation.id).values(said=said))
        if generation.purpose == COMMENT and aid_answers.names_a_grade(said):
            call.reason = Reason(Code.AID_NAMES_GRADE)


def _read(call: GenerationCall, kinds: Sequence[str], most: int) -> list[Read]:
    """Return the questions of an answer; none, and why, where it can't be read."""
    if call.state != CALL_ANSWERED:
        return []
    try:
        read = answers.read_questions(call.raw or "", kinds, most)
    except ValueError:
        call.reason = call.reason or Reason(Code.MODEL_ANSWER_UNREADABLE)
        return []
    if not read:
        call.reason = Reason(Code.MODEL_ANSWER_UNREADABLE)
    return read


def _add(
    generation: Generation,
    call: GenerationCall,
    read: Read,
    materials: Sequence[Material],
    known: dict[str, str],
    replaces: GenerationDraft | None = None,
) -> None:
    """Make a draft of a question; what it asks is `known` to those after it."""
    document, spans, found = checks.judged(read, materials, known, _lab_of(generation))
    if generation.for_practice:
        document["tags"] = [*document["tags"], pool.TAG]
    state = REFUSED if is_refused(found) else CHECKING if document["kind"] in prompts.CHOICES else PENDING
    if state == PENDING and keys.has_key(document):
        state = RUNNING_KEY
    last = select(func.max(GenerationDraft.number)).where(GenerationDraft.generation_id == generation.id)
    draft = GenerationDraft(
        generation_id=generation.id,
        call_id=call.id,
        number=(db.session.scalar(last) or 0) + 1,
        document=document,
        citations=[span.kept() for span in spans],
        findings=found,
        state=state,
        replaces_id=replaces.id if replaces else None,
    )
    db.session.add(draft)
    db.session.flush()
    if state == RUNNING_KEY:
        keys.queue(draft, generation)
    if state in UNDECIDED:
        known[document["slug"]] = checks.asked_text(document["kind"], document["prompt"], document["fields"])


def _lab_of(generation: Generation) -> str:
    """Return the slug of the lab in which programs are run; empty where there is none."""
    return db.session.scalar(select(Lab.slug).where(Lab.id == generation.lab_id)) or ""


def _check(generation: Generation, call: GenerationCall, piece: str) -> None:
    query = (
        select(GenerationDraft)
        .join(GenerationCall, GenerationCall.id == GenerationDraft.call_id)
        .where(GenerationDraft.generation_id == generation.id, GenerationDraft.state == CHECKING)
        .where(GenerationCall.piece == piece)
        .order_by(GenerationDraft.number)
    )
    said: dict[int, answers.SecondAnswer] = {}
    if call.state == CALL_ANSWERED:
        try:
            said = answers.read_second(call.raw or "")
        except ValueError:
            call.reason = call.reason or Reason(Code.MODEL_ANSWER_UNREADABLE)
    second.note(list(db.session.scalars(query)), said)


def _again(generation: Generation, call: GenerationCall, materials: Sequence[Material], draft_id: int) -> None:
    draft = db.session.get_one(GenerationDraft, draft_id, with_for_update=True, populate_existing=True)
    if draft.state != REGENERATING:
        return
    read = _read(call, generation.kinds, 1)
    if read:
        _add(generation, call, read[0], materials, known_texts(generation.course_id), replaces=draft)
        draft.state = REPLACED
    else:
        give_back(draft, call.reason or Reason(Code.MODEL_ANSWER_UNREADABLE))


def give_back(draft: GenerationDraft, why: Reason) -> None:
    """Let a draft be what it was before it was to be written again."""
    draft.findings = [*draft.findings, warns(Reason(Code.DRAFT_NOT_REWRITTEN, reason=why))]
    draft.state = REFUSED if is_refused(draft.findings) else PENDING


def let_go(generation: Generation, why: Reason) -> None:
    """Let reviewers have what no further call will look at: its generation has failed."""
    query = select(GenerationDraft).where(GenerationDraft.generation_id == generation.id).with_for_update()
    for draft in db.session.scalars(query.execution_options(populate_existing=True)):
        if draft.state == CHECKING:
            second.note([draft], {})
        elif draft.state == REGENERATING:
            give_back(draft, why)
    unjudged = (GenerationCall.generation_id == generation.id, GenerationCall.judged_at.is_(None))
    db.session.execute(update(GenerationCall).where(*unjudged).values(judged_at=func.now()))


def known_texts(course_id: int) -> dict[str, str]:
    """Return what a course's questions ask, by name: of its bank, and of drafts that nobody has decided about."""
    banked = (
        select(Question.slug, QuestionVersion.kind, QuestionVersion.prompt_md, QuestionVersion.spec)
        .join(QuestionVersion, QuestionVersion.id == Question.current_id)
        .where(Question.course_id == course_id, ~Question.is_archived)
    )
    known = {slug: checks.asked_text(kind, prompt, spec) for slug, kind, prompt, spec in db.session.execute(banked)}
    drafted = (
        select(GenerationDraft.document)
        .join(Generation)
        .where(Generation.course_id == course_id, GenerationDraft.state.in_(UNDECIDED))
    )
    for document in db.session.scalars(drafted):
        known[document["slug"]] = checks.asked_text(document["kind"], document["prompt"], document["fields"])
    return known
