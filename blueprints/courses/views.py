"""Pages of courses: home, catalogue, a course, its lessons and files, and enrolling."""

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField
from wtforms.validators import Length

from blueprints import access, kept_outline, kept_pages, limits, pages
from blueprints.courses.pictures import POLICY
from blueprints.pages import login_required, me, now, person
from extensions import db
from models import Course, Lesson
from services import markdown, policy
from services.certificates import issuing
from services.courses import catalogue as course_catalogue
from services.courses import files, members, progress
from services.courses.outlines import activity, done_ids, outline
from services.errors import InvalidInput, NotFound
from services.labs import bulk
from services.leaderboards import boards, entries, scopes

courses = Blueprint("courses", __name__)


class EnrolForm(FlaskForm):
    """The code that a teacher gives out."""

    code = StringField(lazy_gettext("Enrolment code"), validators=[Length(max=100)])
    submit = SubmitField(lazy_gettext("Enrol"))


@courses.get("/")
def home() -> ResponseReturnValue:
    """Where one was; for visitors, what there is."""
    user = person()
    if user is None:
        return render_template("courses/home.html", courses=course_catalogue.catalogue().rows, cards=[])
    made = progress.cards(user.id)
    kept_pages.keep(user, *(card.course for card in made))
    gives_any = any(card.course.certificate for card in made)
    codes = issuing.valid_codes(user.id) if gives_any else {}
    cards = [
        {
            "course": card.course,
            "certificate": codes.get(card.course.id),
            "role": card.role,
            "done": card.done,
            "total": card.total,
            "next": pages.link(card.course, card.next),
            "points": card.points,
        }
        for card in made
    ]
    return render_template("courses/home.html", cards=cards, courses=[])


@courses.get("/courses")
def catalogue() -> ResponseReturnValue:
    """Every published course."""
    query, user = request.args.get("q", ""), person()
    page = course_catalogue.catalogue(query, request.args.get("page", 1, int))
    roles = members.roles(user.id) if user else {}
    return render_template(
        "courses/catalogue.html",
        courses=page.rows,
        enrolled=roles,
        may_create=policy.may_create_courses(user, teaches="teacher" in roles.values()),
        query=query,
        page=page.number,
        pages=page.pages,
        total=page.total,
    )


@courses.get("/courses/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """A course's front page."""
    course, role = access.course(slug, person())
    if role is not None:
        is_ranked = role == "student" and scopes.frozen_at(course, now()) is None
        slot = {"name": "rank", "course_id": course.id} if is_ranked else None
        kept_pages.keep(person(), course, until=scopes.freezes(course), slot=slot)
    return _course_page(course, role, EnrolForm())


def _course_page(course: Course, role: str | None, form: EnrolForm, status: int = 200) -> ResponseReturnValue:
    user = person()
    plan = outline(course)
    done = done_ids(user.id if user else None, course)
    can_see_people = policy.may_see_people(user, role)
    own = boards.own(course, user, is_staff=can_see_people, now=now()) if role == "student" else None
    page = render_template(
        "courses/show.html",
        course=course,
        role=role,
        modules=kept_outline.modules(course, plan, done, is_open=bool(role) or can_see_people),
        done=len(done),
        total=len(plan.entries),
        next=pages.link(course, next((entry for entry in plan.entries if entry.id not in done), None)),
        certificate=issuing.valid_of(user.id, course) if user and role and course.certificate else None,
        points=entries.total(course, user.id) if user and role else 0,
        rank=own.rank if own else None,
        can_see_people=can_see_people,
        form=form,
    )
    return page, status


@courses.get("/courses/<slug>/enrol")
@login_required
def enrol_again(slug: str) -> ResponseReturnValue:
    """Lead back to the course: a wrong code's answer has this address, which may be opened again."""
    return redirect(url_for("courses.show", slug=slug))


@courses.post("/courses/<slug>/enrol")
@login_required
def enrol(slug: str) -> ResponseReturnValue:
    """Become a student."""
    course, role = access.course(slug, person())
    form = EnrolForm()
    if not form.validate():
        return _course_page(course, role, form, 422)
    if form.code.data:
        limits.spend("enrol_codes", me().id)
    try:
        members.enrol(me(), course, form.code.data, now=now())
    except InvalidInput as fault:
        form.code.errors = [fault.message]
        return _course_page(course, role, form, 422)
    db.session.commit()
    flash(_("Welcome to “%(title)s”.", title=markdown.plain(course.title)), "success")
    return redirect(url_for("courses.show", slug=slug))


@courses.route("/enrol", methods=["GET", "POST"])
@login_required
def enrol_by_code() -> ResponseReturnValue:
    """Enrol with a code alone."""
    form = EnrolForm()
    if form.validate_on_submit():
        limits.spend("enrol_codes", me().id)
        try:
            course = members.by_code(form.code.data or "")
            members.enrol(me(), course, form.code.data, now=now())
        except InvalidInput as fault:
            form.code.errors = [fault.message]
        else:
            db.session.commit()
            flash(_("Welcome to “%(title)s”.", title=markdown.plain(course.title)), "success")
            return redirect(url_for("courses.show", slug=course.slug))
    return render_template("courses/enrol.html", form=form), 422 if form.errors else 200


@courses.post("/courses/<slug>/leave")
@login_required
def leave(slug: str) -> ResponseReturnValue:
    """Stop being in the course."""
    course, _role = access.course(slug, person())
    members.leave(me(), course)
    bulk.end_in_course(me().id, course, now())
    db.session.commit()
    flash(_("You have left “%(title)s”. Your work is kept.", title=markdown.plain(course.title)), "success")
    return redirect(url_for("courses.home"))


@courses.get("/courses/<slug>/lessons/<lesson>")
@login_required
def lesson(slug: str, lesson: str) -> ResponseReturnValue:
    """Read a lesson."""
    course, role = access.study(slug, person())
    chosen_lesson, plan, done = activity(course, lesson, Lesson), outline(course), done_ids(me().id, course)
    before, after = plan.around(chosen_lesson.slug)
    kept_pages.keep(me(), course)
    return render_template(
        "courses/lesson.html",
        course=course,
        lesson=chosen_lesson,
        outline=kept_outline.beside(course, plan, done, chosen_lesson.id),
        is_done=chosen_lesson.id in done,
        done=len(done),
        total=len(plan.entries),
        previous=pages.link(course, before),
        next=pages.link(course, after),
        can_complete=policy.may_take_part(role),
    )


@courses.post("/courses/<slug>/lessons/<lesson>/complete")
@login_required
def complete(slug: str, lesson: str) -> ResponseReturnValue:
    """Mark a lesson as read, and go on to what follows."""
    course, role = access.study(slug, person())
    chosen_lesson = activity(course, lesson, Lesson)
    if not policy.may_take_part(role):
        abort(403)
    progress.complete_lesson(me().id, chosen_lesson, now=now())
    db.session.commit()
    _before, after = outline(course).around(chosen_lesson.slug)
    target = pages.link(course, after)
    return redirect(target["url"] if target else url_for("courses.show", slug=slug))


@courses.get("/courses/<slug>/files/<path:path>")
def file(slug: str, path: str) -> Response:
    """Serve a picture or another file of a course; what isn't a picture is downloaded."""
    course, role = access.course(slug, person())
    course_file = files.of_course(course, f"files/{path}")
    # What the course's front page shows is as public as the page.
    if not policy.may_read_files(person(), course, role) and not files.is_shown_in(course.about_html, course_file):
        raise NotFound
    if request.if_none_match.contains(course_file.sha256):
        return make_response("", 304)
    response = make_response(files.read(course_file.sha256))
    response.mimetype = course_file.content_type
    response.set_etag(course_file.sha256)
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["Content-Security-Policy"] = POLICY
    if course_file.content_type not in files.PICTURES:
        name = path.rsplit("/", 1)[-1].replace('"', "")
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
