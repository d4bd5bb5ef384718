"""What a model drafts for one person: a comment for who grades an answer, a hint for a student whose check has failed.

Both are off unless the course turns them on, and of what a student wrote nothing is sent unless that student lets it
be. What is sent is made here, kept as it is, and is exactly what the call sends. Nothing of it is a grade: a comment is
text that a teacher may take into theirs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from redis import Redis
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Attempt, AttemptItem, CheckRun, Course, Generation, Lab, LabCheck, LabSession, ModelConsent, User
from models.generation import AIDS, COMMENT, HINT, OPEN_GENERATIONS
from reasons import Code, Reason
from services import audit, live
from services.errors import NotFound, Refused
from services.generations import aid_answers, budgets, claims, estimates, prompts, redaction
from services.generations.budgets import Spender
from services.generations.contract import Ask
from services.generations.prompts import Messages
from services.generations.terms import Terms

COMMENTED = ("essay",)
MOST_OUTPUT, MOST_ANSWER = 4_000, 20_000
SHOWN = 50


def allow(course: Course, *, comments: bool | None = None, hints: bool | None = None) -> None:
    """Turn drafts of comments, and hints, on or off in a course; None leaves it as it is."""
    before = course.drafts_comments, course.hints_by_model
    course.drafts_comments = course.drafts_comments if comments is None else comments
    course.hints_by_model = course.hints_by_model if hints is None else hints
    if before != (course.drafts_comments, course.hints_by_model):
        audit.note("model_aids.allowed", course.id, comments=course.drafts_comments, hints=course.hints_by_model)


def has_consent(user_id: int, course_id: int) -> bool:
    """Whether a student lets the model of a course read what they wrote there."""
    return db.session.get(ModelConsent, (course_id, user_id)) is not None


def consent(user: User, course: Course, *, is_given: bool, now: datetime) -> None:
    """Note that a student lets the model read what they wrote in a course, or no longer."""
    key = {"course_id": course.id, "user_id": user.id}
    if is_given:
        db.session.execute(insert(ModelConsent).values(**key, given_at=now).on_conflict_do_nothing())
    else:
        db.session.execute(delete(ModelConsent).filter_by(**key))


def comment_messages(item: AttemptItem) -> Messages:
    """Return what would be sent for a comment on an answer."""
    version, course = item.version, item.attempt.quiz.course
    looked_for = [version.spec.get("model_answer", ""), version.feedback_md]
    looked_for += [str(each["text"]) for each in version.rubric or []]
    answer = _without_names(str(item.response or ""), item.attempt.user, course)[:MOST_ANSWER]
    parts = {
        "QUESTION": version.prompt_md,
        "LOOKED FOR": "\n".join(each for each in looked_for if each),
        "ANSWER": answer,
    }
    return prompts.aid(prompts.CURRENT, COMMENT, parts, language=course.language)


def hint_messages(run: CheckRun) -> Messages:
    """Return what would be sent for a hint: the check's script isn't, it often is the solution."""
    check, course = run.check, run.session.course
    step = check.step
    output = _without_names(run.output[-MOST_OUTPUT:], run.session.user, course)
    parts = {
        "STEP": f"{step.title}\n{step.body_md}" if step else check.title,
        "CHECK": "\n".join(each for each in (check.title, check.hint_md) if each),
        "OUTPUT": output,
    }
    return prompts.aid(prompts.CURRENT, HINT, parts, language=course.language)


def _without_names(text: str, student: User, course: Course) -> str:
    return redaction.redacted(text, redaction.names_of(student, course))


def require_possible(purpose: str, course: Course, student_id: int, terms: Terms) -> None:
    """Raise Refused where the course hasn't turned it on, its student doesn't let it be sent, or no model is there."""
    if not terms.has_key:
        raise Refused(Reason(Code.MODEL_UNSET))
    if not (course.drafts_comments if purpose == COMMENT else course.hints_by_model):
        raise Refused(Reason(Code.AID_OFF))
    if not has_consent(student_id, course.id):
        raise Refused(Reason(Code.AID_NO_CONSENT))


def ask_comment(item: AttemptItem, user: User, terms: Terms, redis: Redis, *, now: datetime) -> Generation:
    """Have a comment on an answer drafted for who grades it."""
    course = item.attempt.quiz.course
    require_possible(COMMENT, course, item.attempt.user_id, terms)
    if item.version.kind not in COMMENTED or not item.response:
        raise Refused(Reason(Code.AID_NO_TEXT))
    about = {"attempt_id": item.attempt_id, "position": item.position}
    made = _ask(COMMENT, course, user, comment_messages(item), about, terms, redis, now)
    told = {"generation": made.id, "attempt": item.attempt_id, "position": item.position}
    audit.note("comment_draft.requested", course.id, person_id=item.attempt.user_id, **told)
    return made


def ask_hint(run: CheckRun, user: User, terms: Terms, redis: Redis, *, now: datetime) -> Generation:
    """Have a hint given to the student whose check has failed."""
    course = run.session.course
    require_possible(HINT, course, run.session.user_id, terms)
    if run.state != "failed":
        raise Refused(Reason(Code.AID_NOT_FAILED))
    about = {"session_id": run.session_id, "check_id": run.check_id}
    return _ask(HINT, course, user, hint_messages(run), about, terms, redis, now)


def _ask(
    purpose: str,
    course: Course,
    user: User,
    messages: Messages,
    about: Mapping[str, object],
    terms: Terms,
    redis: Redis,
    now: datetime,
) -> Generation:
    """Add the row that a worker takes up; where one of the same waits or is in hand, that is it."""
    budgets.lock()
    same = [Generation.purpose == purpose, Generation.state.in_(OPEN_GENERATIONS)]
    same += [getattr(Generation, name) == value for name, value in about.items()]
    if (open_one := db.session.scalar(select(Generation).where(*same))) is not None:
        return open_one
    ask = Ask(messages, aid_answers.Said, aid_answers.MOST_TOKENS, "")
    budgets.require(redis, Spender(user.id, course.id), terms, estimates.of_ask(ask, terms), now=now)
    made = Generation(
        course_id=course.id,
        user_id=user.id,
        purpose=purpose,
        messages=messages,
        lesson_ids=[],
        kinds=[],
        count=1,
        wanted=1,
        language=course.language,
        prompt_version=prompts.CURRENT,
        requested_at=now,
        **about,
    )
    db.session.add(made)
    db.session.flush()
    live.nudge(claims.TOPIC)
    return made


def comment_on(attempt_id: int, position: int) -> Generation | None:
    """Return the newest draft of a comment on an answer."""
    mine = (Generation.purpose == COMMENT, Generation.attempt_id == attempt_id, Generation.position == position)
    return db.session.scalar(select(Generation).where(*mine).order_by(Generation.id.desc()).limit(1))


def hint_for(run: CheckRun) -> Generation | None:
    """Return the newest hint for a check on the machine of a run."""
    mine = (Generation.purpose == HINT, Generation.session_id == run.session_id, Generation.check_id == run.check_id)
    return db.session.scalar(select(Generation).where(*mine).order_by(Generation.id.desc()).limit(1))


def last_run(user: User, lab: Lab, check_slug: str) -> CheckRun:
    """Return a person's newest run of a check of a lab; raise NotFound."""
    is_meant = (LabCheck.slug == check_slug, LabCheck.lab_id == lab.id, ~LabCheck.is_archived)
    query = select(CheckRun).join(CheckRun.check).join(CheckRun.session)
    query = query.where(*is_meant, LabSession.user_id == user.id).order_by(CheckRun.id.desc()).limit(1)
    run = db.session.scalar(query)
    if run is None:
        raise NotFound
    return run


def hindrance(generation: Generation) -> Reason | None:
    """Return why what was asked for mustn't be sent any more: it was turned off, or the consent was taken back."""
    course = db.session.get_one(Course, generation.course_id, populate_existing=True)
    if not (course.drafts_comments if generation.purpose == COMMENT else course.hints_by_model):
        return Reason(Code.AID_OFF)
    whose = select(Attempt.user_id).where(Attempt.id == generation.attempt_id)
    if generation.purpose == HINT:
        whose = select(LabSession.user_id).where(LabSession.id == generation.session_id)
    given = select(ModelConsent.user_id).where(ModelConsent.course_id == course.id, ModelConsent.user_id.in_(whose))
    return None if db.session.scalar(given) is not None else Reason(Code.AID_NO_CONSENT)


def of_course(course: Course, student_id: int | None = None) -> Sequence[Generation]:
    """Return what was drafted in a course, the newest first: all of it, or what was sent of a student's."""
    query = select(Generation).where(Generation.course_id == course.id, Generation.purpose.in_(AIDS))
    if student_id is not None:
        answers = select(Attempt.id).where(Attempt.user_id == student_id)
        labs = select(LabSession.id).where(LabSession.user_id == student_id)
        query = query.where(Generation.attempt_id.in_(answers) | Generation.session_id.in_(labs))
    return db.session.scalars(query.order_by(Generation.id.desc()).limit(SHOWN)).all()
