"""Asking for questions: what may be asked for, the row that a worker takes up, and what there is of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from babel import Locale, UnknownLocaleError
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from extensions import db
from models import Activity, Course, Generation, GenerationDraft, Lab, Lesson, User
from models.generation import GENERATION_DONE, GENERATION_FAILED, GENERATION_QUEUED, QUESTIONS, REFUSED, REPLACED
from models.question import DIFFICULTIES
from reasons import Code, Reason
from services import audit, changes, leases, live
from services.errors import InvalidInput, NotFound, Refused
from services.generations import answers, budgets, claims, estimates, material, prompts
from services.generations.budgets import Spender
from services.generations.estimates import Estimate
from services.generations.material import MAX_CHARACTERS, Material
from services.generations.terms import Terms

MOST = 20
# Programs are run in a lab.
CODE = "code"
MOST_LESSONS = 20
PER_PAGE = 25
MOST_FOR_PRACTICE, SHOWN_WISHES = 5, 10
PRACTICE_KINDS = ("single", "text", "truefalse")
# A generation with what pages and the API show of it.
WHOLE = (
    joinedload(Generation.user),
    joinedload(Generation.lab),
    selectinload(Generation.drafts).joinedload(GenerationDraft.reviewer),
    selectinload(Generation.calls),
)


@dataclass(frozen=True)
class Asked:
    """What is asked for: slugs of lessons, types, how many questions, how difficult, in which language; and the slug of
    the lab in which programs are run, which code needs."""

    lessons: tuple[str, ...]
    kinds: tuple[str, ...]
    count: int
    difficulty: str | None
    language: str
    lab: str | None = None


@dataclass(frozen=True)
class Slice:
    """A page of a course's generations, the newest first; `after` is where the next one begins."""

    rows: Sequence[Generation]
    after: int | None


def allow(course: Course, *, is_on: bool | None = None, students: bool | None = None) -> None:
    """Say whether teachers of a course may have a model write questions, and whether students may ask for some; None
    leaves it as it is."""
    before = course.allows_generation, course.students_may_ask
    course.allows_generation = before[0] if is_on is None else is_on
    course.students_may_ask = before[1] if students is None else students
    now_allowed = course.allows_generation, course.students_may_ask
    if now_allowed != before:
        audit.note("generation.allowed", course.id, teachers=now_allowed[0], students=now_allowed[1])


def wish(
    user: User,
    course: Course,
    lesson: str,
    count: int,
    terms: Terms,
    redis: Redis,
    *,
    key: str | None,
    now: datetime,
) -> Generation:
    """Ask, as a student, for a few questions of a lesson to practise, of kinds that a machine grades."""
    if not 1 <= count <= MOST_FOR_PRACTICE:
        raise InvalidInput("count", f"must be 1 to {MOST_FOR_PRACTICE}")
    asked = Asked((lesson,), PRACTICE_KINDS, count, None, course.language)
    return request(user, course, asked, terms, redis, key=key, now=now, for_practice=True)


def wishes(user: User, course: Course) -> Sequence[Generation]:
    """Return what somebody asked for to practise, the newest first."""
    mine = (Generation.user_id == user.id, Generation.course_id == course.id, Generation.for_practice)
    query = select(Generation).where(*mine).options(*WHOLE).order_by(Generation.id.desc()).limit(SHOWN_WISHES)
    return db.session.scalars(query).all()


def lessons_of(course: Course) -> Sequence[Lesson]:
    """Return the lessons that questions can be asked from, in the course's order."""
    query = select(Lesson).join(Activity.module).where(Lesson.course_id == course.id, ~Lesson.is_archived)
    return db.session.scalars(query.order_by("position", Lesson.position, Lesson.id)).unique().all()


def materials(course: Course, asked: Asked) -> list[Material]:
    """Return the text that would be sent; raise InvalidInput for what can't be asked for."""
    _require_sound(asked)
    query = select(Lesson).where(Lesson.course_id == course.id, ~Lesson.is_archived, Lesson.slug.in_(asked.lessons))
    found = {lesson.slug: lesson for lesson in db.session.scalars(query)}
    for slug in asked.lessons:
        if slug not in found:
            raise InvalidInput("lessons", Reason(Code.LESSON_UNKNOWN, slug=slug))
    texts = [material.of_lesson(found[slug]) for slug in asked.lessons]
    count = sum(len(each.text) for each in texts)
    if not count:
        raise InvalidInput("lessons", Reason(Code.LESSONS_GONE))
    if count > MAX_CHARACTERS:
        raise InvalidInput("lessons", Reason(Code.LESSONS_TOO_LONG, count=count, most=MAX_CHARACTERS))
    return texts


def labs_of(course: Course) -> Sequence[Lab]:
    """Return the labs in which programs can be run, in the course's order."""
    query = select(Lab).join(Activity.module).where(Lab.course_id == course.id, ~Lab.is_archived)
    return db.session.scalars(query.order_by("position", Lab.position, Lab.id)).unique().all()


def _lab(course: Course, asked: Asked) -> Lab | None:
    """Return the lab that programs are run in; None where nobody asks for programs."""
    if CODE not in asked.kinds:
        return None
    found = next((lab for lab in labs_of(course) if lab.slug == asked.lab), None)
    if found is None:
        raise InvalidInput("lab", Reason(Code.DRAFT_LAB_MISSING))
    return found


def _require_sound(asked: Asked) -> None:
    if not 1 <= len(asked.lessons) <= MOST_LESSONS or len(set(asked.lessons)) != len(asked.lessons):
        raise InvalidInput("lessons", f"must be 1 to {MOST_LESSONS} lessons, each once")
    known = answers.kinds()
    if not asked.kinds or not set(asked.kinds) <= set(known) or len(set(asked.kinds)) != len(asked.kinds):
        raise InvalidInput("kinds", f"must be some of {', '.join(known)}, each once")
    if not 1 <= asked.count <= MOST:
        raise InvalidInput("count", f"must be 1 to {MOST}")
    if asked.difficulty is not None and asked.difficulty not in DIFFICULTIES:
        raise InvalidInput("difficulty", f"must be one of {', '.join(DIFFICULTIES)}")
    try:
        Locale.parse(asked.language, sep="-")
    except (ValueError, TypeError, UnknownLocaleError) as error:
        raise InvalidInput("language", Reason(Code.LANGUAGE_UNKNOWN)) from error


def estimate(course: Course, asked: Asked, terms: Terms) -> Estimate:
    """Return what a request is likely to cost."""
    return estimates.of_request(materials(course, asked), asked.kinds, asked.count, terms)


def request(
    user: User,
    course: Course,
    asked: Asked,
    terms: Terms,
    redis: Redis,
    *,
    key: str | None,
    now: datetime,
    for_practice: bool = False,
) -> Generation:
    """Ask for questions; the same again, by its key, is the same generation. What is asked for practice is reviewed as
    all else, and then has the tag by which questions are practised."""
    if key is not None:
        before = db.session.scalar(select(Generation).where(Generation.user_id == user.id, Generation.key == key))
        if before is not None and before.course_id == course.id:
            return before
    require_possible(course, terms)
    texts = materials(course, asked)
    lab = _lab(course, asked)
    likely = estimates.of_request(texts, asked.kinds, asked.count, terms).likely
    budgets.lock()
    budgets.require(redis, Spender(user.id, course.id), terms, likely, now=now)
    generation = Generation(
        course_id=course.id,
        user_id=user.id,
        key=key,
        for_practice=for_practice,
        lesson_ids=[text.lesson_id for text in texts],
        kinds=list(asked.kinds),
        lab_id=lab.id if lab else None,
        count=asked.count,
        wanted=asked.count,
        difficulty=asked.difficulty,
        language=asked.language,
        prompt_version=prompts.CURRENT,
        requested_at=now,
    )
    db.session.add(generation)
    db.session.flush()
    if not for_practice:
        audit.note("generation.requested", course.id, generation=generation.id, count=asked.count)
    live.nudge(claims.TOPIC)
    return generation


def resume(generation: Generation, terms: Terms) -> Generation:
    """Ask for the questions that are missing: because a call failed, or drafts were refused. It may cost anew."""
    require_possible(generation.course, terms)
    if generation.state not in (GENERATION_DONE, GENERATION_FAILED):
        raise Refused(Reason(Code.GENERATION_NOT_OVER))
    missing = missing_of(generation)
    if not missing:
        raise Refused(Reason(Code.NOTHING_MISSING))
    asked = ask_again(generation, round=generation.round + 1, wanted=missing)
    audit.note("generation.resumed", generation.course_id, generation=generation.id, count=missing)
    return asked


def ask_again(generation: Generation, **values: int) -> Generation:
    """Let a worker take a closed generation up once more; one that is open goes on by itself."""
    is_closed = Generation.state.in_((GENERATION_DONE, GENERATION_FAILED))
    changed = {"state": GENERATION_QUEUED, "reason": None, "finished_at": None, "tries": 0, **leases.FREE, **values}
    moved = changes.one(Generation, Generation.id == generation.id, is_closed, **changed)
    if moved is None and values:
        raise Refused(Reason(Code.GENERATION_NOT_OVER))
    live.generation_changed(generation.id)
    live.nudge(claims.TOPIC)
    return generation


def missing_of(generation: Generation) -> int:
    """Return how many of the questions that were asked for there are no drafts of."""
    made = [draft for draft in generation.drafts if draft.state not in (REFUSED, REPLACED)]
    return max(0, generation.count - len(made))


def lessons_by_id(course: Course, generations: Sequence[Generation]) -> dict[int, Lesson]:
    """Return the lessons that generations were asked from, archived ones, too."""
    ids = {lesson_id for generation in generations for lesson_id in generation.lesson_ids}
    query = select(Lesson).where(Lesson.id.in_(ids), Lesson.course_id == course.id)
    return {lesson.id: lesson for lesson in db.session.scalars(query)} if ids else {}


def find(course: Course, generation_id: int) -> Generation:
    """Return a generation of the course with its drafts and calls; raise NotFound."""
    query = (
        select(Generation)
        .where(
            Generation.id == min(generation_id, 2**63 - 1),
            Generation.course_id == course.id,
            Generation.purpose == QUESTIONS,
        )
        .options(*WHOLE)
        .execution_options(populate_existing=True)
    )
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def page(course: Course, *, after: int | None = None, per_page: int = PER_PAGE) -> Slice:
    """Return generations of a course, the newest first, those before the one with the ID `after`."""
    query = (
        select(Generation)
        .where(Generation.course_id == course.id, Generation.purpose == QUESTIONS)
        .options(*WHOLE)
        .order_by(Generation.id.desc())
        .limit(per_page + 1)
    )
    if after is not None:
        query = query.where(Generation.id < min(after, 2**63 - 1))
    rows = db.session.scalars(query).all()
    return Slice(rows[:per_page], rows[per_page - 1].id if len(rows) > per_page else None)


def require_possible(course: Course, terms: Terms) -> None:
    """Raise Refused where the course may not have questions written, or no model can be asked."""
    if not terms.has_key:
        raise Refused(Reason(Code.MODEL_UNSET))
    if not course.allows_generation:
        raise Refused(Reason(Code.GENERATION_OFF))
