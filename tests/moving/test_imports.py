"""Files of questions into a bank: previewed, applied as a whole or not at all, and never twice."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from extensions import db
from models import Blob, Course, CourseFile, Question, QuestionImport
from reasons import Code
from services import archive, blobs, markdown
from services.archive.apply import apply as apply_course
from services.bank import questions
from services.errors import InvalidInput, NotFound, Refused
from services.moving import imports, plans
from tests.factories import Cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIFT = """\
$CATEGORY: $course$/top/Arithmetic/Sums

::Four:: 2 + 2? {=4 =four}

::Pick:: Which is even? {~%50%2 ~%50%4 ~%-50%3 ~%-50%5}

Just a description.
"""
MOODLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<quiz><question type="truefalse"><name><text>Dot</text></name>
<questiontext format="html"><text><![CDATA[<p>Is <img src="@@PLUGINFILE@@/a%20dot.png" alt="a dot"> red?</p>]]></text>
<file name="a dot.png" path="/" encoding="base64">{base64.b64encode(PNG).decode()}</file></questiontext>
<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer>
</question></quiz>""".encode()


def preview(course: Course, data: str | bytes, name: str = "a.txt", now: datetime = NOW) -> QuestionImport:
    sent = data.encode() if isinstance(data, str) else data
    return imports.preview(course, sent, name=name, by_id=None, now=now)


def bring(course: Course, data: str | bytes, **options: bool) -> QuestionImport:
    made = preview(course, data)
    return imports.apply(course, made.id, digest=made.digest, by_id=None, now=NOW, **options)


def in_bank(course: Course) -> dict[str, Question]:
    rows = db.session.scalars(select(Question).where(Question.course_id == course.id, Question.quiz_id.is_(None)))
    return {row.slug: row for row in rows}


def states(row: QuestionImport) -> list[str]:
    return [entry["state"] for entry in row.entries]


def test_a_preview_says_what_is_new_and_what_is_not_carried_and_changes_nothing(cast: Cast) -> None:
    before = in_bank(cast.course)

    made = preview(cast.course, GIFT)

    assert states(made) == ["new", "new", "lost"]
    assert made.entries[2]["findings"][0]["why"]["code"] == "move_kind_unknown"
    assert in_bank(cast.course) == before


def test_what_is_new_comes_in_as_drafts_with_the_tags_of_its_category(cast: Cast) -> None:
    bring(cast.course, GIFT)

    made = in_bank(cast.course)
    assert set(made) == {"four", "pick"}
    assert made["four"].state == "draft"
    assert made["four"].tags == ["arithmetic", "sums"]
    assert made["pick"].current is not None and made["pick"].current.kind == "multiple"


def test_the_same_file_again_adds_nothing(cast: Cast) -> None:
    bring(cast.course, GIFT)
    many = db.session.scalar(select(func.count()).select_from(Question))

    again = bring(cast.course, GIFT)

    assert states(again) == ["same", "same", "lost"]
    assert db.session.scalar(select(func.count()).select_from(Question)) == many


def test_a_question_that_is_in_the_file_twice_comes_in_once(cast: Cast) -> None:
    made = bring(cast.course, "2 + 2? {=4}\n\n::Again:: 2  + 2? {=4}\n")

    assert states(made) == ["new", "same"]
    assert made.entries[1]["other"] == made.entries[0]["slug"]


def test_what_is_nearly_in_the_bank_comes_in_only_if_that_is_asked_for(cast: Cast) -> None:
    bring(cast.course, "Which command lists the files of a folder on the screen? {=ls}")
    near = "Which command lists the files of a folder on the screen?? {=ls}"

    left = bring(cast.course, near)
    taken = bring(cast.course, near, adds_similar=True)

    assert (states(left), states(taken)) == (["similar"], ["new"])
    assert len(in_bank(cast.course)) == 2


def test_other_numbers_make_another_question_however_alike_the_words_are(cast: Cast) -> None:
    bring(cast.course, "How many bytes are there in 2 of those rather long kilobytes? {#2000}")

    made = preview(cast.course, "How many bytes are there in 3 of those rather long kilobytes? {#2000}")

    assert states(made) == ["new"]


def test_a_name_that_is_taken_gets_a_number(cast: Cast) -> None:
    bring(cast.course, "::Sum:: 2 + 2? {=4}")

    bring(cast.course, "::Sum:: What is a sum of money? {}")

    assert set(in_bank(cast.course)) == {"sum", "sum-2"}


def test_pictures_become_files_of_the_course_and_are_shown(cast: Cast) -> None:
    bring(cast.course, MOODLE)

    version = in_bank(cast.course)["dot"].current
    assert version is not None
    [path] = [path for path, _line in markdown.files_of(version.prompt_md)]
    file = db.session.get_one(CourseFile, (cast.course.id, path))
    assert db.session.get_one(Blob, file.sha256).data == PNG
    assert f'src="/courses/shell/{path}"' in version.prompt_html
    assert 'width="1"' in version.prompt_html


def test_pictures_of_what_is_there_already_do_not_come_in_again(cast: Cast) -> None:
    bring(cast.course, MOODLE)
    before = db.session.scalar(select(func.count()).select_from(CourseFile))

    again = bring(cast.course, MOODLE.replace(b"a%20dot", b"spot").replace(b"a dot.png", b"spot.png"))

    assert states(again) == ["same"]
    assert db.session.scalar(select(func.count()).select_from(CourseFile)) == before


def test_a_picture_that_the_course_has_is_shown_under_its_path_there(cast: Cast) -> None:
    db.session.add(
        CourseFile(course_id=cast.course.id, path="files/red.png", sha256=blobs.keep(PNG), content_type="image/png")
    )

    bring(cast.course, MOODLE)

    version = in_bank(cast.course)["dot"].current
    assert version is not None and "](files/red.png)" in version.prompt_md


def test_a_question_that_shows_a_file_that_is_nowhere_stays_behind(cast: Cast) -> None:
    made = preview(cast.course, "[markdown]Look: ![a map](files/none.png) {=there}")

    assert states(made) == ["lost"]
    assert made.entries[0]["findings"][0]["why"]["code"] == "move_file_missing"


def test_a_preview_is_applied_once(cast: Cast) -> None:
    made = preview(cast.course, GIFT)
    imports.apply(cast.course, made.id, digest=made.digest, by_id=None, now=NOW)

    with pytest.raises(Refused) as refusal:
        imports.apply(cast.course, made.id, digest=made.digest, by_id=None, now=NOW)

    assert refusal.value.reason.code == Code.IMPORT_APPLIED


def test_a_preview_is_refused_once_the_bank_says_otherwise(cast: Cast) -> None:
    made, digest = preview(cast.course, GIFT), ""
    digest = made.digest
    bring(cast.course, "::Four:: 2 + 2? {=4 =four}")

    with pytest.raises(Refused) as refusal:
        imports.apply(cast.course, made.id, digest=digest, by_id=None, now=NOW)

    assert refusal.value.reason.code == Code.IMPORT_STALE
    assert set(in_bank(cast.course)) == {"four"}


def test_a_preview_is_forgotten_after_a_day_and_an_import_is_not(cast: Cast) -> None:
    left = preview(cast.course, "2 + 2? {=4}").id
    kept = bring(cast.course, "3 + 3? {=6}").id

    preview(cast.course, GIFT, now=NOW + timedelta(days=2))

    ids = set(db.session.scalars(select(QuestionImport.id)))
    assert kept in ids
    assert left not in ids


def test_bytes_of_a_preview_stay_until_it_is_applied(cast: Cast) -> None:
    made = preview(cast.course, GIFT)
    sha256 = made.sha256 or ""

    kept = blobs.drop(sha256)
    imports.apply(cast.course, made.id, digest=made.digest, by_id=None, now=NOW)

    assert not kept
    assert blobs.drop(sha256)


def test_imports_are_of_their_course(cast: Cast) -> None:
    made = preview(cast.course, GIFT)
    other = Course(slug="other", title="Other")
    db.session.add(other)
    db.session.flush()

    with pytest.raises(NotFound):
        imports.find(other, made.id)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.FILE_EMPTY),
        (b"x" * (10 * 1024 * 1024 + 1), Code.FILE_TOO_LARGE),
        (b"nothing of the kind", Code.IMPORT_FORMAT_UNKNOWN),
        (b"\x89PNG\r\n\x1a\n", Code.IMPORT_FORMAT_UNKNOWN),
        (b"<quiz></quiz>", Code.IMPORT_NOTHING),
        (b"2 + 2?\x07 {=4}", Code.IMPORT_NOT_TEXT),
    ],
)
def test_a_file_that_is_not_taken_is_told_why(cast: Cast, data: bytes, code: Code) -> None:
    with pytest.raises(InvalidInput) as refusal:
        preview(cast.course, data)

    assert refusal.value.field == "file"
    assert refusal.value.reason is not None and refusal.value.reason.code == code


def test_what_came_in_goes_out_with_the_course_and_is_found_in_its_bank(cast: Cast) -> None:
    made = bring(cast.course, GIFT)

    content = archive.export.collect(cast.course)

    [file] = [file for file in content.bank if file.name == f"imported-{made.id}"]
    assert [question.slug for question in file.questions] == ["four", "pick"]
    assert questions.count(cast.course, questions.Filter(tag="sums")) == 2


def test_pictures_that_came_in_stay_when_the_folder_of_the_course_is_imported_again(cast: Cast) -> None:
    bring(cast.course, MOODLE)
    content = replace(archive.export.collect(cast.course), files=(), bank=())

    apply_course(content, now=NOW)

    version = in_bank(cast.course)["dot"].current
    assert version is not None
    [path] = [path for path, _line in markdown.files_of(version.prompt_md)]
    assert db.session.get(CourseFile, (cast.course.id, path)) is not None


def test_five_hundred_questions_come_in_within_seconds(cast: Cast) -> None:
    lines = [f"::Sum {n}:: What is {n} + {n}? {{={2 * n}#right ~{n}#wrong ~{3 * n}}}" for n in range(500)]
    begun = datetime.now(UTC)

    made = bring(cast.course, "\n\n".join(lines))

    assert states(made) == [plans.NEW] * 500
    assert datetime.now(UTC) - begun < timedelta(seconds=10)
