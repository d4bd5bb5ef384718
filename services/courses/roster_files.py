"""Lists of a class as school systems write them: the addresses, roles and groups. Nothing is looked up."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.enrolment import ROLES
from reasons import Code, Reason
from services.accounts import addresses
from services.courses.cohorts import LONGEST_NAME
from services.errors import InvalidInput

MAX_SIZE = 1024 * 1024
MAX_PEOPLE = 2_000
# Headings without case, spaces and marks. The first that is there counts: an address before a login that may be one.
ADDRESS = (
    *("email", "emailaddress", "studentemail", "primaryemail", "useremail", "mail", "emailadresse", "courriel"),
    *("correoelectronico", "correo", "loginid", "sisloginid", "username", "userid"),
)
ROLE = ("role", "role1", "courserole", "type1", "rolle")
COHORT = ("cohort", "cohort1", "group", "group1", "section", "sectionname", "class", "classname", "klasse", "gruppe")
STATUS = ("status",)
GONE = {"deleted", "inactive", "tobedeleted", "suspended", "completed", "concluded", "dropped"}
# What systems call roles; in Moodle a teacher who doesn't edit is what we call an assistant, and so says `role1` there.
ROLE_OF = {
    **{name: name for name in ROLES},
    **dict.fromkeys(("learner", "studentenrollment", "schueler", "schuelerin", "s", ""), "student"),
    **dict.fromkeys(("ta", "taenrollment", "nonediting", "noneditingteacher", "tutor", "aide"), "assistant"),
    **dict.fromkeys(
        ("instructor", "editingteacher", "teacherenrollment", "lehrer", "lehrerin", "professor"), "teacher"
    ),
}


@dataclass(frozen=True)
class Line:
    """A line of a list, counted from 1 with the headings: whose it is; or `fault`, why it can't be."""

    number: int
    email: str = ""
    role: str = "student"
    cohort: str = ""
    fault: Reason | None = None


def read(data: bytes) -> list[Line]:
    """Return the people of a list; raise InvalidInput where it is none.

    Commas, semicolons or tabs between the columns; UTF-8, UTF-16 or Windows' Western European letters.
    """
    if len(data) > MAX_SIZE:
        raise InvalidInput("body", Reason(Code.FILE_TOO_LARGE, most_mb=MAX_SIZE // 2**20))
    rows = _rows(text_of(data))
    numbered = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    if not numbered:
        raise InvalidInput("body", Reason(Code.FILE_EMPTY))
    (_first, headings), *people = numbered
    columns = [re.sub(r"[^a-z0-9]", "", re.sub(r"\[.*?\]", "", name.casefold())) for name in headings]
    address = _column(columns, ADDRESS)
    if address is None:
        raise InvalidInput("body", Reason(Code.ROSTER_WITHOUT_ADDRESS))
    if len(people) > MAX_PEOPLE:
        raise InvalidInput("body", Reason(Code.ROSTER_TOO_LONG, most=MAX_PEOPLE))
    role, cohort, status = (_column(columns, names) for names in (ROLE, COHORT, STATUS))
    seen: dict[str, int] = {}
    lines = []
    for number, row in people:
        if _plain(_cell(row, status)) not in GONE:
            lines.append(_line(number, _cell(row, address), _cell(row, role), _cell(row, cohort), seen))
    return lines


def _line(number: int, address: str, role: str, cohort: str, seen: dict[str, int]) -> Line:
    try:
        email = addresses.normal(address)
    except InvalidInput:
        return Line(number, fault=Reason(Code.ROSTER_NO_ADDRESS, text=address[:80]))
    if email in seen:
        return Line(number, email, fault=Reason(Code.ROSTER_TWICE, line=seen[email]))
    seen[email] = number
    if _plain(role) not in ROLE_OF:
        return Line(number, email, fault=Reason(Code.ROSTER_ROLE_UNKNOWN, text=role[:80]))
    group = " ".join(cohort.replace("\x00", "").split())
    if len(group) > LONGEST_NAME:
        return Line(number, email, fault=Reason(Code.ROSTER_GROUP_LONG, most=LONGEST_NAME))
    return Line(number, email, ROLE_OF[_plain(role)], group)


def text_of(data: bytes) -> str:
    """Return the text of a list; raise InvalidInput where it is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("body", Reason(Code.ROSTER_NO_TEXT))


def _rows(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    heading = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidInput("body", Reason(Code.ROSTER_NO_TEXT)) from error


def _column(columns: Sequence[str], names: Sequence[str]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())
