"""What a file of questions would bring to a bank: new ones, those that are there already, and what can't be carried."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Course, CourseFile, Question, QuestionVersion
from reasons import Code, Reason
from services.archive import question_content
from services.archive.content import QuestionContent
from services.bank import named_files
from services.formats.base import Finding, Reading
from services.formats.settling import FILE as _FILE
from services.formats.settling import free_slug
from services.moving import sameness
from services.moving.sameness import Index

# A question comes in, is there, is nearly there (and comes in if that is asked for), or stays behind.
NEW, SAME, SIMILAR, LOST = "new", "same", "similar", "lost"
STATES = (NEW, SAME, SIMILAR, LOST)


@dataclass
class Entry:
    """A question of the file: `slug` is what it is to be called, `other` one of the bank that is the same or near."""

    number: int
    name: str
    state: str
    kind: str = ""
    slug: str = ""
    other: str = ""
    findings: list[Finding] = field(default_factory=list)
    content: QuestionContent | None = None

    def document(self) -> dict[str, Any]:
        """Return it as a row keeps it."""
        said = {name: getattr(self, name) for name in ("number", "name", "state", "kind", "slug", "other")}
        return said | {"findings": [document(finding) for finding in self.findings]}


@dataclass
class Plan:
    """What a file brings: its questions in their order, and the files that new ones show, by their paths."""

    entries: list[Entry]
    findings: list[Finding]
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Return a name of exactly this: whoever applies it says what they saw."""
        told = [[entry.number, entry.state, entry.slug, entry.other] for entry in self.entries]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def document(finding: Finding) -> dict[str, Any]:
    """Return a finding as a row keeps it."""
    return {"what": finding.what, "why": finding.why.as_json(), "is_whole": finding.is_whole}


def make(course: Course, reading: Reading) -> Plan:
    """Compare what was read with the course's bank, as it is now."""
    paths, digests, index, taken = _there(course)
    moved = _known_files(reading.files, digests)
    pictures = {**digests, **sameness.digests(reading.files)}
    entries: dict[int, Entry] = {}
    names: dict[int, str] = {}
    for finding in reading.findings:
        if finding.number:
            names.setdefault(finding.number, finding.name)
    for found in reading.found:
        content = _at(found.content, moved)
        entry = Entry(found.number, found.name, NEW, content.kind, content=content)
        entries[found.number] = entry
        lacking = sorted(named_files.paths_of(content) - paths - reading.files.keys())
        if lacking:
            entry.state = LOST
            why = Reason(Code.MOVE_FILE_MISSING, path=lacking[0][:200])
            entry.findings.append(Finding(found.number, found.name, "file", why, is_whole=True))
            continue
        like = sameness.likeness(content, pictures)
        other = index.keys.get(like.key)
        near = None if other else sameness.nearest(like, index)
        entry.state, entry.other = (SAME, other) if other else (SIMILAR, near) if near else (NEW, "")
        if entry.state != SAME:
            entry.slug = free_slug(content.slug, taken)
            entry.content = replace(content, slug=entry.slug)
            taken.add(entry.slug)
            index.add(entry.slug, like)
    for number, name in names.items():
        entries.setdefault(number, Entry(number, name, LOST))
    for finding in reading.findings:
        if finding.number:
            entries[finding.number].findings.append(finding)
    ordered = [entries[number] for number in sorted(entries)]
    files = {path: data for path, data in reading.files.items() if path not in moved}
    return Plan(ordered, [finding for finding in reading.findings if not finding.number], files)


def _there(course: Course) -> tuple[set[str], dict[str, str], Index, set[str]]:
    """Return the paths and digests of the course's files, its questions by what they are, and the slugs of its bank."""
    named = select(CourseFile.path, CourseFile.sha256).where(CourseFile.course_id == course.id)
    files = dict(db.session.execute(named).tuples().all())
    rows = db.session.execute(
        select(Question, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == Question.current_id)
        .where(Question.course_id == course.id, ~Question.is_archived)
        .order_by(Question.quiz_id.is_not(None), Question.id)
    ).tuples()
    index = Index(
        (question.slug, sameness.likeness(question_content(question, version), files)) for question, version in rows
    )
    in_bank = select(Question.slug).where(Question.course_id == course.id, Question.quiz_id.is_(None))
    return set(files), files, index, set(db.session.scalars(in_bank))


def _known_files(files: Mapping[str, bytes], digests: Mapping[str, str]) -> dict[str, str]:
    """Return the paths of files that the course has under another path, or the same."""
    there = {digest: path for path, digest in sorted(digests.items(), reverse=True)}
    return {path: there[digest] for path, digest in sameness.digests(files).items() if digest in there}


def _at(content: QuestionContent, moved: Mapping[str, str]) -> QuestionContent:
    """Return a question whose pictures are shown under the paths that the course has them by."""
    renamed = {old: new for old, new in moved.items() if old != new}
    if not renamed:
        return content

    def said(value: Any) -> Any:
        if isinstance(value, str):
            return _FILE.sub(lambda found: renamed.get(found[0], found[0]), value) if "files/" in value else value
        if isinstance(value, list):
            return [said(each) for each in value]
        return {name: said(each) for name, each in value.items()} if isinstance(value, dict) else value

    hints = tuple(replace(hint, text=said(hint.text)) for hint in content.hints)
    return replace(
        content, prompt=said(content.prompt), feedback=said(content.feedback), spec=said(content.spec), hints=hints
    )
