"""The JSON API of a course itself and of its modules."""

from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.contents import documents
from blueprints.contents.rules import Answer, saw, sent, tagged, versioned
from blueprints.contents.schemas import (
    CourseDefinitionOut,
    CourseIn,
    ModuleIn,
    ModulePartOut,
    ModulePartsOut,
    NewCourseIn,
    NewModuleIn,
    RemovalQuery,
    RemovedOut,
)
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from services.archive import edits
from services.archive.edits import Draft

outline_api = APIBlueprint("outline_api", __name__, tag="Content")
COURSE = "/courses/<slug>/definition"
MODULES = "/courses/<slug>/modules"
MODULE = f"{MODULES}/<module>"


@outline_api.post("/courses")
@outline_api.auth_required(auth)
@outline_api.input(NewCourseIn)
@outline_api.output(CourseDefinitionOut, status_code=201)
@outline_api.doc(summary="Make a course", responses=responses(403, 422))
@scope("content:write")
def create_course(json_data: Any) -> Any:
    """Make a course that holds nothing yet, and teach it. For people who teach a course already, and admins."""
    access.course_maker(me())
    course = edits.create_course(json_data.slug, sent("modules"), by_id=me().id, now=now())
    found = edits.course_part(edits.read(course))
    address = url_for("outline_api.read_course_definition", slug=course.slug)
    answer = documents.course(found), 201, tagged(found.version, Location=address)
    db.session.commit()
    return answer


@outline_api.get(COURSE)
@outline_api.auth_required(auth)
@outline_api.output(CourseDefinitionOut)
@outline_api.doc(summary="Read a course as it is written", responses=responses(403, 404))
@scope("content:read")
def read_course_definition(slug: str) -> Any:
    """For its teachers: texts, who may enrol, the grading scheme, and its modules in order. The ETag is its version."""
    return _course(edits.read(access.edited_course(slug, me())))


@outline_api.put(COURSE)
@outline_api.auth_required(auth)
@outline_api.input(CourseIn)
@outline_api.output(CourseDefinitionOut)
@outline_api.doc(summary="Change a course", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def replace_course(slug: str, json_data: Any) -> Any:
    """Replace what it says, and put its modules in another order where `modules` names all of them."""
    answer = _course(edits.replace_course(access.edited_course(slug, me()), sent(), saw=saw, now=now()))
    db.session.commit()
    return answer


@outline_api.get(MODULES)
@outline_api.auth_required(auth)
@outline_api.output(ModulePartsOut)
@outline_api.doc(summary="List the modules of a course", responses=responses(403, 404))
@scope("content:read")
def list_modules(slug: str) -> Any:
    """For its teachers: the modules in order, with what they hold."""
    draft = edits.read(access.edited_course(slug, me()))
    found = (edits.module_part(draft, module.slug) for module in draft.content.modules)
    return {"modules": [documents.module(each) for each in found]}


@outline_api.post(MODULES)
@outline_api.auth_required(auth)
@outline_api.input(NewModuleIn)
@outline_api.output(ModulePartOut, status_code=201)
@outline_api.doc(summary="Write a module", responses=responses(403, 404, 409, 422))
@scope("content:write")
def create_module(slug: str, json_data: Any) -> Any:
    """Add a module. `activities` that it names come from the modules in which they are."""
    course = access.edited_course(slug, me())
    draft = edits.create_module(course, json_data.slug, sent(), position=json_data.position, now=now())
    body, status, headers = _module(draft, json_data.slug)
    headers["Location"] = url_for("outline_api.read_module", slug=slug, module=json_data.slug)
    answer = body, 201, headers
    db.session.commit()
    return answer


@outline_api.get(MODULE)
@outline_api.auth_required(auth)
@outline_api.output(ModulePartOut)
@outline_api.doc(summary="Read a module", responses=responses(403, 404))
@scope("content:read")
def read_module(slug: str, module: str) -> Any:
    """For the course's teachers. The ETag is its version."""
    return _module(edits.read(access.edited_course(slug, me())), module)


@outline_api.put(MODULE)
@outline_api.auth_required(auth)
@outline_api.input(ModuleIn)
@outline_api.output(ModulePartOut)
@outline_api.doc(summary="Change a module", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def replace_module(slug: str, module: str, json_data: Any) -> Any:
    """Replace what it says. `activities` are all of its own in their new order, and may be those of other modules."""
    course = access.edited_course(slug, me())
    draft = edits.replace_module(course, module, sent(), position=json_data.position, saw=saw, now=now())
    answer = _module(draft, module)
    db.session.commit()
    return answer


@outline_api.delete(MODULE)
@outline_api.auth_required(auth)
@outline_api.input(RemovalQuery, location="query")
@outline_api.output(RemovedOut)
@outline_api.doc(summary="Take a module out of the course", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def delete_module(slug: str, module: str, query_data: RemovalQuery) -> Any:
    """Put it out of sight with its activities. 409 with the reason `work_hangs_on_it`, which says how much:
    `?with_work=true` does it all the same; the work is kept."""
    course = access.edited_course(slug, me())
    done = edits.remove_module(course, module, saw=saw, with_work=query_data.with_work == "true", now=now())
    db.session.commit()
    return documents.removed(done)


def _course(draft: Draft) -> Answer:
    found = edits.course_part(draft)
    return documents.course(found), 200, tagged(found.version)


def _module(draft: Draft, slug: str) -> Answer:
    found = edits.module_part(draft, slug)
    return documents.module(found), 200, tagged(found.version)
