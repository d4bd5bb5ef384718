"""Loads what a request is about, with the right to it: one function an object, for pages and API alike.

What somebody may not know of is NotFound; what they know of and may not do, Forbidden. `user` is who asks, None for a
visitor without an account.
"""

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext as _

from extensions import db
from models import Attempt, AttemptItem, Cohort, Course, CourseImport, Enrolment, Quiz, Regrade, User
from services import policy
from services.archive import imports
from services.courses import catalogue, cohorts, members
from services.courses.outlines import activity
from services.errors import Forbidden, NotFound
from services.quizzes import answer_rows, attempts, manual, starts
from services.quizzes.answer_rows import AnswerRow
from services.regrades import history


def course(slug: str, user: User | None) -> tuple[Course, str | None]:
    """Return a course and the person's role in it."""
    found_course, role = catalogue.find_with_role(slug, user.id if user else None)
    if not policy.may_see_course(user, found_course, role):
        raise NotFound
    return found_course, role


def _allowed(
    slug: str, user: User, may: Callable[[User, str | None], bool], why_not: str | None = None
) -> tuple[Course, str | None]:
    """Return a course and the person's role in it, where `may` of the policy says that the person may."""
    found_course, role = course(slug, user)
    if not may(user, role):
        raise Forbidden(why_not) if why_not else Forbidden
    return found_course, role


def study(slug: str, user: User | None) -> tuple[Course, str | None]:
    """Return a course that the person studies, and their role; others are told to enrol."""
    found_course, role = course(slug, user)
    if not policy.may_study(user, role):
        raise Forbidden(_("Enrol in this course first."))
    return found_course, role


def starting(slug: str, quiz_slug: str, user: User) -> tuple[Course, str | None, Quiz]:
    """Return a course and a quiz that the person may take, and their role; nobody else starts it for them meanwhile."""
    found_course, role, quiz = starts.take_turn(slug, quiz_slug, user.id)
    if not policy.may_see_course(user, found_course, role):
        raise NotFound
    if not policy.may_study(user, role):
        raise Forbidden(_("Enrol in this course first."))
    if not policy.may_take_part(role):
        raise Forbidden(_("Only people in the course take its quizzes."))
    if quiz is None:
        raise NotFound
    return found_course, role, quiz


def people(slug: str, user: User) -> tuple[Course, str | None]:
    """Return a course whose people the person may see: its staff; and their role."""
    return _allowed(slug, user, policy.may_see_people)


def pointed(slug: str, user_id: int, user: User) -> tuple[Course, Enrolment]:
    """Return a course, and the place in it of a person whose points `user` may see and add to."""
    found_course, _role = _allowed(slug, user, policy.may_give_points)
    return found_course, members.require_member(found_course, user_id)


def graded_student(slug: str, user_id: int, user: User) -> tuple[Course, User]:
    """Return a course and one of its students, whose grades its staff looks after."""
    found_course, _role = people(slug, user)
    enrolment = members.require_member(found_course, user_id)
    if enrolment.role != "student":
        raise NotFound
    return found_course, enrolment.user


def managed_place(slug: str, user_id: int, user: User) -> tuple[Course, Enrolment]:
    """Return a course whose people the person may change, and somebody's place in it."""
    found_course = managed(slug, user)
    return found_course, members.require_member(found_course, user_id)


def own_place(slug: str, user: User) -> tuple[Course, Enrolment]:
    """Return a course, and the person's own place in it as a student: to choose how they stand on its board."""
    found_course, role = study(slug, user)
    place = members.place_of(found_course, user) if role == "student" else None
    if place is None:
        raise Forbidden(_("Only students are ranked."))
    return found_course, place


def managed(slug: str, user: User) -> Course:
    """Return a course whose people the person may change: its teachers."""
    return _allowed(slug, user, policy.may_manage_people)[0]


def followed(slug: str, user: User) -> Course:
    """Return a course whose events the person may read: its staff."""
    return _allowed(slug, user, policy.may_follow)[0]


def hooked(slug: str, user: User) -> Course:
    """Return a course whose webhooks the person looks after: its staff."""
    return _allowed(slug, user, policy.may_have_webhooks)[0]


def audited(slug: str | None, user: User) -> Course | None:
    """Return the course whose audit log the person may read; without one it is the site's, and the result None."""
    found_course, role = course(slug, user) if slug is not None else (None, None)
    if not policy.may_read_audit_log(user, role):
        raise Forbidden
    return found_course


def connected(slug: str, user: User) -> Course:
    """Return a course that the person may connect with courses of learning platforms: its teachers."""
    return _allowed(slug, user, policy.may_connect_platforms)[0]


def site_runner(user: User) -> None:
    """Refuse whoever doesn't run the site."""
    if not policy.may_run_site(user):
        raise Forbidden


def edited_course(slug: str, user: User) -> Course:
    """Return a course whose content the person may change: its teachers."""
    return _allowed(slug, user, policy.may_edit_course, _("Only teachers change what a course holds."))[0]


def course_maker(user: User) -> None:
    """Refuse whoever may neither make courses nor change any."""
    if not policy.may_create_courses(user, teaches=members.teaches(user.id)):
        raise Forbidden(_("Only people who teach a course make others. An admin makes the first one."))


def agreed_import(import_id: int, user: User) -> CourseImport:
    """Return the person's own import, while they still may change its course, or make it."""
    row = imports.find(import_id, user.id)
    found = catalogue.look_for(row.slug) if row.slug else None
    if found is None:
        course_maker(user)
    elif not policy.may_edit_course(user, members.role_of(user.id, found)):
        raise Forbidden(_("Only teachers change what a course holds."))
    return row


def set_quiz(slug: str, quiz_slug: str, user: User) -> tuple[Course, Quiz]:
    """Return a course and a quiz of it whose settings the person may change."""
    found_course, _role = _allowed(slug, user, policy.may_set_quizzes)
    return found_course, activity(found_course, quiz_slug, Quiz)


def accommodated(slug: str, user_id: int, user: User) -> tuple[Course, Enrolment]:
    """Return a course and a student's place in it, for those who say what that student gets beyond the others."""
    found_course, _role = _allowed(slug, user, policy.may_accommodate)
    return found_course, members.require_member(found_course, user_id)


def accommodated_quiz(slug: str, quiz_slug: str, user: User) -> tuple[Course, Quiz]:
    """Return a course and a quiz of it, for those who say what students and cohorts get there."""
    found_course, _role = _allowed(slug, user, policy.may_accommodate)
    return found_course, activity(found_course, quiz_slug, Quiz)


def accommodated_cohort(slug: str, quiz_slug: str, cohort_id: int, user: User) -> tuple[Quiz, Cohort]:
    """Return a quiz and a cohort, for the same people."""
    found_course, found_quiz = accommodated_quiz(slug, quiz_slug, user)
    return found_quiz, cohorts.load(found_course, cohort_id)


def graded_quiz(slug: str, quiz_slug: str, user: User) -> tuple[Course, Quiz]:
    """Return a course and a quiz of it whose answers the person may grade."""
    found_course, _role = _allowed(slug, user, policy.may_grade)
    return found_course, activity(found_course, quiz_slug, Quiz)


def graded_answer(attempt_id: int, position: int, user: User) -> AttemptItem:
    """Return an answer that the person may grade, with its attempt; NotFound also where a machine graded it."""
    item = manual.load(attempt_id, position)
    role = members.role_of(user.id, item.attempt.quiz.course)
    if not policy.may_read_attempt(user, item.attempt, role):
        raise NotFound
    if not policy.may_grade(user, role):
        raise Forbidden
    if not manual.is_for_people(item):
        raise NotFound
    return item


def regraded_quiz(slug: str, quiz_slug: str, user: User) -> tuple[Course, Quiz]:
    """Return a course and a quiz of it whose questions the person may regrade."""
    found_course, _role = _allowed(slug, user, policy.may_regrade)
    return found_course, activity(found_course, quiz_slug, Quiz)


def regrade(regrade_id: int, user: User, *, is_to_decide: bool = False) -> tuple[Regrade, bool]:
    """Return a regrade, for the staff of its course, and whether the person may decide on it; others don't know of it.

    With is_to_decide it is Forbidden to those who may not.
    """
    found = history.find(regrade_id)
    role = members.role_of(user.id, found.quiz.course)
    if not policy.may_grade(user, role):
        raise NotFound
    may_decide = policy.may_regrade(user, role)
    if is_to_decide and not may_decide:
        raise Forbidden
    return found, may_decide


def bank(slug: str, user: User) -> tuple[Course, str | None]:
    """Return a course whose bank of questions the person may see: its staff; and their role."""
    return _allowed(slug, user, policy.may_see_bank)


def edited_bank(slug: str, user: User) -> Course:
    """Return a course whose bank of questions the person may change: its teachers."""
    return _allowed(slug, user, policy.may_edit_bank, _("Only teachers change the bank."))[0]


def generated(slug: str, user: User) -> Course:
    """Return a course in which the person may have a model write questions, and decides about them."""
    return _allowed(slug, user, policy.may_generate, _("Only teachers have questions written."))[0]


def asking_practice(slug: str, user: User) -> Course:
    """Return a course in which the person may ask for questions to practise."""
    found_course, role = study(slug, user)
    if not policy.may_ask_for_practice(found_course, role):
        raise Forbidden(_("This course doesn’t let its students ask for questions."))
    return found_course


def practised(slug: str, user: User) -> Course:
    """Return a course in which the person may practise: one that they are in."""
    found_course, role = study(slug, user)
    if not policy.may_take_part(role):
        raise Forbidden(_("Only people in the course practise."))
    return found_course


def offered_practice(slug: str, user: User) -> Course:
    """Return a course for those who say whether its people may practise."""
    return _allowed(slug, user, policy.may_offer_practice)[0]


def certified_course(slug: str, user: User) -> tuple[Course, bool]:
    """Return a course whose certificates the person may see, its staff, and whether they decide about them."""
    found_course, role = _allowed(slug, user, policy.may_see_certificates)
    return found_course, policy.may_decide_certificates(user, role)


def certifying_course(slug: str, user: User) -> Course:
    """Return a course for those who decide about its certificates."""
    found_course, may_decide = certified_course(slug, user)
    if not may_decide:
        raise Forbidden(_("Only teachers decide about certificates."))
    return found_course


def erasable(user_id: int, user: User) -> User:
    """Return an account that the person, who runs the site, may have erased."""
    site_runner(user)
    found = db.session.get(User, user_id) if user_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def board(slug: str, user: User) -> Course:
    """Return a course whose labs the person looks after: its staff's board of all labs."""
    return _allowed(slug, user, policy.may_see_labs_board)[0]


def attempt(attempt_id: int, user: User) -> Attempt:
    """Return the person's own attempt, with its questions and answers."""
    return _own_attempt(attempt_id, user, is_whole=True)[0]


def answerable_attempt(attempt_id: int, user: User, *, is_whole: bool = False) -> Attempt:
    """Return the person's own attempt, `is_whole` with its questions and answers, while they may still answer it.

    Someone who was taken out of the course no longer may.
    """
    attempt, role = _own_attempt(attempt_id, user, is_whole=is_whole)
    _require_part(role)
    return attempt


def _require_part(role: str | None) -> None:
    if not policy.may_take_part(role):
        raise Forbidden(_("You are no longer in this course. What you saved stays as it is."))


def answer_row(attempt_id: int, position: int, user: User, now: datetime) -> AnswerRow:
    """Return a question of the person's own attempt, locked, while they may still answer it."""
    user_id = user.id
    row = answer_rows.lock(attempt_id, position, user_id=user_id)
    if row.is_over(now):
        # The lock that it then takes can't be had while this one is held.
        db.session.rollback()
        row = answer_rows.lock(attempt_id, position, user_id=user_id, is_over=True)
    _require_part(row.role)
    return row


def paused_attempt(attempt_id: int, user: User) -> tuple[Attempt, bool]:
    """Return an attempt in which the person may begin and end breaks, and whether it is somebody else's.

    Its student may while they are in the course, and its staff for them.
    """
    attempt, role = attempts.load_as(attempt_id, user.id)
    if policy.owns_attempt(user, attempt):
        return answerable_attempt(attempt_id, user), False
    if not policy.may_accommodate(user, role):
        raise NotFound
    return attempt, True


def readable_attempt(attempt_id: int, user: User) -> tuple[Attempt, bool]:
    """Return an attempt with its answers, for its student and the course's staff; and whether these ask."""
    attempt, role = attempts.load_as(attempt_id, user.id, is_whole=True)
    if not policy.may_read_attempt(user, attempt, role):
        raise NotFound
    return attempt, policy.may_see_people(user, role)


def _own_attempt(attempt_id: int, user: User, *, is_whole: bool) -> tuple[Attempt, str | None]:
    attempt, role = attempts.load_as(attempt_id, user.id, is_whole=is_whole)
    if not policy.owns_attempt(user, attempt):
        raise NotFound
    return attempt, role
