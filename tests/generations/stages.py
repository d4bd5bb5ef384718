"""Generations as rows, for tests of pages and of the API that ask no model."""

from typing import Any

from extensions import db
from models import Course, Generation, GenerationCall, GenerationDraft, Lesson, User, utcnow
from reasons import Code, Reason
from services.generations.findings import confirms, warns

CHOICES = [
    {"text": "A pipe", "is_correct": True, "feedback": "It joins two programs."},
    {"text": "A tree", "is_correct": False, "feedback": "It holds files."},
    {"text": "A lamp", "is_correct": False, "feedback": "It gives light."},
]
DOCUMENT: dict[str, Any] = {
    "slug": "what-joins",
    "kind": "single",
    "prompt": "What joins two programs?",
    "points": 1,
    "feedback": "The output of one is the input of the other.",
    "tags": ["generated"],
    "difficulty": "easy",
    "fields": {"choices": CHOICES},
}


def add_generation(user: User, course: Course, lesson: Lesson, drafts: int = 1, **changes: Any) -> Generation:
    """Add a generation that is done, with drafts that wait for a review."""
    values = {"state": "done", "finished_at": utcnow(), "count": drafts, "wanted": drafts, **changes}
    made = Generation(
        course_id=course.id,
        user_id=user.id,
        lesson_ids=[lesson.id],
        kinds=["single"],
        language="en",
        prompt_version="v1",
        **values,
    )
    db.session.add(made)
    db.session.flush()
    call = GenerationCall(
        generation_id=made.id,
        course_id=course.id,
        user_id=user.id,
        number=1,
        piece="write:1.1",
        state="answered",
        model="small",
        tokens=1200,
        cost=800,
        tokens_in=1000,
        tokens_out=200,
        raw="{}",
        made_at=utcnow(),
        judged_at=utcnow(),
    )
    db.session.add(call)
    db.session.flush()
    found = [
        confirms(Reason(Code.DRAFT_SECOND_AGREES)),
        warns(Reason(Code.DRAFT_ARGUABLE, choice="A tree", said="a tree of processes joins them, too")),
    ]
    for number in range(1, drafts + 1):
        document = {**DOCUMENT, "slug": f"{DOCUMENT['slug']}-{number}"}
        cited = [{"lesson": lesson.id, "start": 0, "end": 10, "quote": lesson_quote(lesson)}]
        draft = GenerationDraft(
            generation_id=made.id,
            call_id=call.id,
            number=number,
            document=document,
            citations=cited,
            findings=found,
            state="pending",
        )
        db.session.add(draft)
    db.session.flush()
    return made


def lesson_quote(lesson: Lesson) -> str:
    """Return words of the lesson: as long as a citation has to be, where it is that long."""
    return lesson.body_html.replace("<p>", "").replace("</p>", "").strip()[:60]
