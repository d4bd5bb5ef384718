"""Who may do what: predicates only. An anonymous visitor is None, and so is the role of someone not enrolled."""

from models import Attempt, Course, LabSave, LabSession, User

STAFF = ("assistant", "teacher")


def lacks_second_factor(user: User, whom: str, *, is_staff: bool) -> bool:
    """A site may ask it of nobody, its admins, everybody's teachers and assistants too, or everybody."""
    if whom == "nobody" or user.second_factor_at is not None:
        return False
    # Roles may have to be read: last of all.
    return whom == "everybody" or (whom == "staff" and is_staff) or user.is_admin


def may_see_course(user: User | None, course: Course, role: str | None) -> bool:
    """Everybody sees a published course; its staff and the admin see it before that."""
    return course.is_published or role in STAFF or _is_admin(user)


def may_read_files(user: User | None, course: Course, role: str | None) -> bool:
    """Files of an open course are everybody's, like the course; those of others belong to its lessons."""
    return course.enrolment == "open" or may_study(user, role)


def may_study(user: User | None, role: str | None) -> bool:
    """Lessons, quizzes, labs and the leaderboard are for people in the course, and the admin."""
    return role is not None or _is_admin(user)


def may_take_part(role: str | None) -> bool:
    """Attempts, labs and points belong to people in the course: also a teacher tries the quiz out."""
    return role is not None


def may_see_people(user: User | None, role: str | None) -> bool:
    """The list of people is the staff's."""
    return role in STAFF or _is_admin(user)


def may_manage_people(user: User | None, role: str | None) -> bool:
    """Only teachers and the admin change roles."""
    return role == "teacher" or _is_admin(user)


def may_edit_course(user: User | None, role: str | None) -> bool:
    """Teachers write what their course holds, and take it out as a folder; so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_create_courses(user: User | None, *, teaches: bool) -> bool:
    """Who teaches a course already makes others, and the admin makes the first one."""
    return teaches or _is_admin(user)


def may_set_quizzes(user: User | None, role: str | None) -> bool:
    """Teachers say when and how a quiz is taken, and so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_see_certificates(user: User | None, role: str | None) -> bool:
    """Who in a course has a certificate is seen by its staff."""
    return role in STAFF or _is_admin(user)


def may_decide_certificates(user: User | None, role: str | None) -> bool:
    """Teachers say what a certificate asks, revoke it and issue it again; so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_offer_practice(user: User | None, role: str | None) -> bool:
    """Teachers say whether a course's people may practise, and so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_give_points(user: User | None, role: str | None) -> bool:
    """The course's staff and the admin give points, with a reason."""
    return role in STAFF or _is_admin(user)


def may_audit(user: User | None) -> bool:
    """Whether totals are right is looked at by the admin."""
    return _is_admin(user)


def may_follow(user: User | None, role: str | None) -> bool:
    """What happens in a course is told to its staff and the admin: it has students' scores in it."""
    return role in STAFF or _is_admin(user)


def may_have_webhooks(user: User | None, role: str | None) -> bool:
    """Who may follow what happens in a course may have it sent somewhere, too."""
    return may_follow(user, role)


def may_read_audit_log(user: User | None, role: str | None) -> bool:
    """What was done with a right in a course is for its teachers; the whole log is for the admin."""
    return role == "teacher" or _is_admin(user)


def may_run_site(user: User | None) -> bool:
    """What is registered for the whole site, such as learning platforms, is the admin's."""
    return _is_admin(user)


def may_connect_platforms(user: User | None, role: str | None) -> bool:
    """Teachers say which course of a learning platform theirs is connected with, and so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_accommodate(user: User | None, role: str | None) -> bool:
    """The course's staff give students more time and attempts, and so does the admin."""
    return role in STAFF or _is_admin(user)


def may_grade(user: User | None, role: str | None) -> bool:
    """The course's staff grade what no machine can, and so does the admin."""
    return role in STAFF or _is_admin(user)


def may_regrade(user: User | None, role: str | None) -> bool:
    """Teachers decide what the answers of a whole class are worth, and so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_see_bank(user: User | None, role: str | None) -> bool:
    """The bank holds the solutions of all questions: it is the staff's."""
    return role in STAFF or _is_admin(user)


def may_edit_bank(user: User | None, role: str | None) -> bool:
    """Teachers write questions and decide which are ready, and so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_generate(user: User | None, role: str | None) -> bool:
    """Teachers have a model write questions, pay for it and review them; and so does the admin."""
    return role == "teacher" or _is_admin(user)


def may_ask_for_practice(course: Course, role: str | None) -> bool:
    """People in a course ask for questions to practise where it offers practice and lets them."""
    return role is not None and course.offers_practice and course.allows_generation and course.students_may_ask


def may_enrol(course: Course, code: str | None) -> bool:
    """An open course takes everybody, one with a code those who know it."""
    if course.enrolment == "code":
        return code is not None and code.strip().casefold() == (course.enrol_code or "").casefold()
    return course.enrolment == "open"


def owns_attempt(user: User | None, attempt: Attempt) -> bool:
    """Only its student answers an attempt and hands it in."""
    return user is not None and attempt.user_id == user.id


def may_read_attempt(user: User | None, attempt: Attempt, role: str | None) -> bool:
    """An attempt is read by its student, and by the course's staff; `role` is the reader's in its course."""
    return owns_attempt(user, attempt) or may_see_people(user, role)


def owns_lab(user: User | None, lab_session: LabSession) -> bool:
    """A lab is its student's alone."""
    return user is not None and lab_session.user_id == user.id


def may_see_timeline(user: User | None, lab_session: LabSession, role: str | None) -> bool:
    """What happened to a lab is for its student, the course's staff and the admin."""
    return owns_lab(user, lab_session) or may_help_in_lab(user, lab_session, role)


def owns_save(user: User | None, save: LabSave) -> bool:
    """Saved work is its student's alone."""
    return user is not None and save.user_id == user.id


def may_see_labs_board(user: User | None, role: str | None) -> bool:
    """The board of a course's labs, and what is done there for all of them, are the staff's."""
    return role in STAFF or _is_admin(user)


def may_help_in_lab(user: User | None, lab_session: LabSession, role: str | None) -> bool:
    """The course's staff and the admin help in others' labs; `role` is the helper's in the lab's course."""
    return user is not None and lab_session.user_id != user.id and (role in STAFF or _is_admin(user))


def may_plan_labs(user: User | None, role: str | None) -> bool:
    """Teachers decide how many machines wait for their class, and so does the admin."""
    return role == "teacher" or _is_admin(user)


def _is_admin(user: User | None) -> bool:
    return user is not None and user.is_admin
