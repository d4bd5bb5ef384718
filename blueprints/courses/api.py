"""The JSON API of courses, lessons and enrolments."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access, limits
from blueprints.bearer import auth, me, scope, token
from blueprints.courses.schemas import (
    CompletionOut,
    CourseDetailOut,
    CourseOut,
    CoursesOut,
    EnrolmentIn,
    EnrolmentsOut,
    LessonOut,
    MembershipOut,
    RoleIn,
)
from blueprints.pages import now
from blueprints.schemas import PageQuery, responses
from extensions import db
from models import Course, Lesson
from services import policy
from services.accounts import profiles
from services.courses import catalogue, members, progress
from services.courses.outlines import activity, done_ids, outline
from services.errors import Forbidden
from services.labs import bulk

courses_api = APIBlueprint("courses_api", __name__, tag="Courses")


@courses_api.get("/courses")
@courses_api.auth_required(auth)
@courses_api.input(PageQuery, location="query")
@courses_api.output(CoursesOut)
@courses_api.doc(summary="List published courses", responses=responses(403, 422))
@scope("courses:read", heeds_course=True)
def list_courses(query_data: PageQuery) -> Any:
    """List the catalogue by title."""
    only_id = token().course_id
    page = catalogue.catalogue(page=query_data.page, per_page=query_data.per_page, only_id=only_id)
    return {"courses": page.rows, "page": page.number, "pages": page.pages, "total": page.total}


@courses_api.get("/courses/<slug>")
@courses_api.auth_required(auth)
@courses_api.output(CourseDetailOut)
@courses_api.doc(summary="Read a course with its outline", responses=responses(403, 404))
@scope("courses:read")
def read_course(slug: str) -> Any:
    """Give the course, its modules and activities, and what the caller has done."""
    course, role = access.course(slug, me())
    return _detail(course, role)


def _detail(course: Course, role: str | None) -> dict[str, Any]:
    done = done_ids(me().id, course)
    modules = [
        {
            "slug": section.slug,
            "title": section.title,
            "summary": section.summary,
            "activities": [
                {
                    "id": entry.id,
                    "slug": entry.slug,
                    "kind": entry.kind,
                    "title": entry.title,
                    "minutes": entry.minutes,
                    "count": entry.count,
                    "points": entry.points,
                    "is_done": entry.id in done,
                }
                for entry in section.activities
            ],
        }
        for section in outline(course).sections
    ]
    fields = CourseOut.model_validate(course).model_dump()
    return {**fields, "about_html": course.about_html, "role": role, "modules": modules}


@courses_api.get("/courses/<slug>/lessons/<lesson>")
@courses_api.auth_required(auth)
@courses_api.output(LessonOut)
@courses_api.doc(summary="Read a lesson", responses=responses(403, 404))
@scope("courses:read")
def read_lesson(slug: str, lesson: str) -> Any:
    """Give a lesson's Markdown and HTML."""
    course, _role = access.study(slug, me())
    chosen_lesson = activity(course, lesson, Lesson)
    names = ("id", "slug", "title", "body_md", "body_html", "minutes", "points")
    return {
        **{name: getattr(chosen_lesson, name) for name in names},
        "is_done": chosen_lesson.id in done_ids(me().id, course),
    }


@courses_api.post("/courses/<slug>/lessons/<lesson>/completion")
@courses_api.auth_required(auth)
@courses_api.output(CompletionOut)
@courses_api.doc(summary="Mark a lesson as done", responses=responses(403, 404))
@scope("courses:write")
def complete_lesson(slug: str, lesson: str) -> Any:
    """Note that the lesson is read; its points are earned once."""
    course, role = access.study(slug, me())
    if not policy.may_take_part(role):
        raise Forbidden
    chosen_lesson = activity(course, lesson, Lesson)
    is_new = progress.complete_lesson(me().id, chosen_lesson, now=now())
    db.session.commit()
    return {"is_done": True, "is_new": is_new}


@courses_api.get("/courses/<slug>/enrolments")
@courses_api.auth_required(auth)
@courses_api.input(PageQuery, location="query")
@courses_api.output(EnrolmentsOut)
@courses_api.doc(summary="List the people of a course", responses=responses(403, 404, 422))
@scope("people:read")
def list_enrolments(slug: str, query_data: PageQuery) -> Any:
    """For the course's staff."""
    course, _role = access.people(slug, me())
    page = members.people(course, query_data.page, query_data.per_page)
    rows = [
        {
            "user_id": enrolment.user_id,
            "email": enrolment.user.email,
            "display_name": enrolment.user.display_name,
            "role": enrolment.role,
            "enrolled_at": enrolment.enrolled_at,
            "points": points,
            "done": done,
        }
        for enrolment, points, done in page.rows
    ]
    return {"enrolments": rows, "page": page.number, "pages": page.pages, "total": page.total}


@courses_api.post("/courses/<slug>/enrolments")
@courses_api.auth_required(auth)
@courses_api.input(EnrolmentIn)
@courses_api.output(MembershipOut, status_code=201)
@courses_api.doc(summary="Enrol", responses=responses(403, 404, 409, 422))
@scope("people:write")
def create_enrolment(slug: str, json_data: EnrolmentIn) -> Any:
    """Enrol the caller, or as a teacher somebody else by their address."""
    course, role = access.course(slug, me())
    if json_data.email:
        if not policy.may_manage_people(me(), role):
            raise Forbidden
        user = profiles.find_by_email(json_data.email)
        members.set_role(course, user.id, json_data.role, now=now())
    else:
        user = me()
        if json_data.code:
            limits.spend("enrol_codes", user.id)
        members.enrol(user, course, json_data.code, now=now())
    db.session.commit()
    return {"course": slug, "user_id": user.id, "role": members.role_of(user.id, course)}


@courses_api.put("/courses/<slug>/enrolments/<int:user_id>")
@courses_api.auth_required(auth)
@courses_api.input(RoleIn)
@courses_api.output(MembershipOut)
@courses_api.doc(summary="Give somebody another role", responses=responses(403, 404, 409, 422))
@scope("people:write")
def change_enrolment(slug: str, user_id: int, json_data: RoleIn) -> Any:
    """For the course's teachers."""
    course = access.managed(slug, me())
    members.require_member(course, user_id)
    members.set_role(course, user_id, json_data.role, now=now())
    db.session.commit()
    return {"course": slug, "user_id": user_id, "role": json_data.role}


@courses_api.delete("/courses/<slug>/enrolments/<int:user_id>")
@courses_api.auth_required(auth)
@courses_api.output({}, status_code=204)
@courses_api.doc(summary="Take somebody out of a course", responses=responses(403, 404, 409))
@scope("people:write")
def delete_enrolment(slug: str, user_id: int) -> Any:
    """For the course's teachers; the person's work stays."""
    course = access.managed(slug, me())
    members.set_role(course, user_id, None, now=now())
    bulk.end_in_course(user_id, course, now())
    db.session.commit()
    return ""
