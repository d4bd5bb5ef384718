"""The grading scheme of course.yaml -> categories. Each activity that they name must be there, and counts once."""

from services.archive.content import CategoryContent
from services.archive.documents import Document
from services.archive.shapes import CategoryEntry, CourseFile


def read_grading(document: Document[CourseFile], known: dict[str, str]) -> tuple[CategoryContent, ...]:
    """Return the categories; `known` are the slugs of the course's activities. Faults are noted in the document."""
    said = document.said.grading
    counted: set[str] = set()
    categories = tuple(_category(document, entry, place, known, counted) for place, entry in enumerate(said))
    if said and all(entry.is_extra for entry in said):
        document.fault("has extra categories alone: at least one must count as asked for", "grading")
    return categories


def _category(
    document: Document[CourseFile], entry: CategoryEntry, place: int, known: dict[str, str], counted: set[str]
) -> CategoryContent:
    for position, slug in enumerate(entry.activities):
        if slug not in known:
            document.fault(f"there is no activity {slug}", "grading", place, "activities", position)
        elif slug in counted:
            document.fault(f"{slug} counts already", "grading", place, "activities", position)
        counted.add(slug)
    for position, slug in enumerate(entry.extra_credit):
        if slug not in entry.activities:
            document.fault(f"{slug} isn't one of the activities", "grading", place, "extra_credit", position)
    if entry.extra_credit and set(entry.activities) <= set(entry.extra_credit):
        document.fault(
            "holds all of the activities: is_extra says that of a category", "grading", place, "extra_credit"
        )
    return CategoryContent(
        title=entry.title,
        weight=entry.weight,
        activities=tuple(entry.activities),
        drop_lowest=entry.drop_lowest,
        extra_credit=tuple(entry.extra_credit),
        is_extra=entry.is_extra,
    )
