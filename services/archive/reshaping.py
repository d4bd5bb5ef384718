"""A course with one part put in, replaced or taken out: pure functions of its content."""

from collections.abc import Collection
from dataclasses import replace

from services.archive.content import ActivityContent, CourseContent, ModuleContent

Place = tuple[ModuleContent, ActivityContent]


def find(course: CourseContent, kind: str, slug: str) -> Place | None:
    """Return an activity with its module."""
    for module in course.modules:
        for activity in module.activities:
            if (activity.kind, activity.slug) == (kind, slug):
                return module, activity
    return None


def find_module(course: CourseContent, slug: str) -> ModuleContent | None:
    """Return a module."""
    return next((module for module in course.modules if module.slug == slug), None)


def with_activity(
    course: CourseContent, activity: ActivityContent, module_slug: str, position: int | None
) -> CourseContent:
    """Return the course with an activity at its place in a module, from 1.

    Without a position it stays where it is, or comes last where it is new there.
    """

    def changed(module: ModuleContent) -> ModuleContent:
        slugs = [each.slug for each in module.activities]
        others = [each for each in module.activities if each.slug != activity.slug]
        if module.slug != module_slug:
            return replace(module, activities=tuple(others))
        at = slugs.index(activity.slug) if activity.slug in slugs else len(others)
        at = at if position is None else min(position - 1, len(others))
        return replace(module, activities=(*others[:at], activity, *others[at:]))

    return replace(course, modules=tuple(map(changed, course.modules)))


def with_module(course: CourseContent, module: ModuleContent, position: int | None) -> CourseContent:
    """Return the course with a module at its place; activities that it names leave the others."""
    held = {activity.slug for activity in module.activities}
    slugs = [each.slug for each in course.modules]
    others = [
        replace(each, activities=tuple(activity for activity in each.activities if activity.slug not in held))
        for each in course.modules
        if each.slug != module.slug
    ]
    at = slugs.index(module.slug) if module.slug in slugs else len(others)
    at = at if position is None else min(position - 1, len(others))
    return replace(course, modules=(*others[:at], module, *others[at:]))


def without_module(course: CourseContent, slug: str) -> CourseContent:
    """Return the course without a module and its activities."""
    gone = find_module(course, slug)
    held = {activity.slug for activity in gone.activities} if gone else set()
    kept = replace(course, modules=tuple(each for each in course.modules if each.slug != slug))
    return _uncounted(kept, held)


def without_activity(course: CourseContent, slug: str) -> CourseContent:
    """Return the course without an activity."""
    modules = [
        replace(module, activities=tuple(each for each in module.activities if each.slug != slug))
        for module in course.modules
    ]
    return _uncounted(replace(course, modules=tuple(modules)), {slug})


def _uncounted(course: CourseContent, gone: Collection[str]) -> CourseContent:
    """Return the course whose grading scheme and certificate don't name what is gone; an export leaves it out, too."""
    grading = [
        replace(
            category,
            activities=tuple(slug for slug in category.activities if slug not in gone),
            extra_credit=tuple(slug for slug in category.extra_credit if slug not in gone),
        )
        for category in course.grading
    ]
    asked = course.certificate
    if asked:
        asked = replace(asked, leave_out=tuple(slug for slug in asked.leave_out if slug not in gone))
    return replace(course, grading=tuple(grading), certificate=asked)
