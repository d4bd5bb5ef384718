"""What counts towards the grade of a course, and how much: its grading scheme (docs/course-archive.md, `grading`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from models import Course
from models.marks import exact
from services.courses.outlines import Entry, outline

# What counts where the author says nothing: lessons are read, not graded.
GRADED = ("quiz", "lab")


@dataclass(frozen=True)
class Item:
    """An activity that counts; `is_extra` adds to its category without being asked for. `checks` are a lab's."""

    id: int
    slug: str
    kind: str
    title: str
    is_extra: bool = False
    checks: int = 0


@dataclass(frozen=True)
class Category:
    """Activities that count alike, and their weight in the grade. One that `is_extra` adds to it at most its weight.

    `title` is the author's, and empty for the one category of a course without a scheme.
    """

    title: str
    weight: Fraction
    items: tuple[Item, ...]
    drop_lowest: int = 0
    is_extra: bool = False


@dataclass(frozen=True)
class Scheme:
    """The categories of a course, in their order."""

    categories: tuple[Category, ...]

    @property
    def items(self) -> Iterator[Item]:
        """Every activity that counts."""
        return (item for category in self.categories for item in category.items)

    def of_kind(self, kind: str) -> list[Item]:
        """Return the items of one kind."""
        return [item for item in self.items if item.kind == kind]


def scheme_of(course: Course) -> Scheme:
    """Return a course's scheme; without one of its own all quizzes and labs count alike.

    What can't be graded is left out: archived activities, quizzes without questions, labs without checks.
    """
    entries = {entry.slug: entry for entry in outline(course).entries if entry.kind == "lesson" or entry.count}
    if not course.grading:
        items = tuple(_item(entry) for entry in entries.values() if entry.kind in GRADED)
        return Scheme((Category("", Fraction(1), items),))
    return Scheme(
        tuple(
            Category(
                title=said["title"],
                weight=exact(said["weight"]),
                items=tuple(
                    _item(entries[slug], is_extra=slug in said["extra_credit"])
                    for slug in said["activities"]
                    if slug in entries
                ),
                drop_lowest=said["drop_lowest"],
                is_extra=said["is_extra"],
            )
            for said in course.grading
        )
    )


def _item(entry: Entry, *, is_extra: bool = False) -> Item:
    checks = entry.count if entry.kind == "lab" else 0
    return Item(entry.id, entry.slug, entry.kind, entry.title, is_extra, checks)
