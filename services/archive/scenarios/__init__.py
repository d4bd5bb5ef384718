"""Lab scenarios of other programs, in: each a module of its own, and all become labs of a course."""

from dataclasses import replace

from reasons import Code, Reason
from services.archive.content import ActivityContent, CourseContent, LabContent, ModuleContent
from services.archive.folder import Folder
from services.archive.scenarios import hobbyfarm, killercoda
from services.archive.scenarios.base import Carried, line_of, slug_of

# The module of labs that lie in no folder of their own.
MODULE = "labs"


def read(folder: Folder) -> Carried:
    """Return what a folder's scenarios become; no labs where there are none."""
    carried = Carried()
    killercoda.read(folder, carried)
    if not carried.labs:
        hobbyfarm.read(folder, carried)
    return carried


def course_of(carried: Carried) -> CourseContent:
    """Return a new course of labs: hidden, and named after the first."""
    first = next(lab for labs in carried.labs.values() for lab in labs)
    empty = CourseContent(slug=first.slug, title=first.title, summary=first.summary, modules=(), enrolment="closed")
    return added(empty, carried)


def added(course: CourseContent, carried: Carried) -> CourseContent:
    """Return a course with labs in it: one that came in before is brought up to date, where it is now."""
    modules = {module.slug: module for module in course.modules}
    there = {activity.slug: module.slug for module in course.modules for activity in module.activities}
    kinds = {activity.slug: activity.kind for module in course.modules for activity in module.activities}
    for name, labs in carried.labs.items():
        title = line_of(name.replace("-", " ").replace("_", " ").strip().capitalize(), "Labs")
        slug = slug_of(name, otherwise=MODULE) if name else MODULE
        for lab in labs:
            if kinds.get(lab.slug, "lab") != "lab":
                carried.note(lab.slug, Reason(Code.SCENARIO_TAKEN, slug=lab.slug))
                continue
            place = there.get(lab.slug, slug)
            module = modules.setdefault(place, ModuleContent(slug=place, title=title, activities=()))
            modules[place] = replace(module, activities=_put(module.activities, lab))
    files = {file.path: file for file in course.files} | carried.files
    return replace(course, modules=tuple(modules.values()), files=tuple(files[path] for path in sorted(files)))


def _put(activities: tuple[ActivityContent, ...], lab: LabContent) -> tuple[ActivityContent, ...]:
    """Return activities with a lab in the place of the one with its name, or behind them."""
    kept = tuple(lab if each.slug == lab.slug else each for each in activities)
    return kept if lab in kept else (*kept, lab)
