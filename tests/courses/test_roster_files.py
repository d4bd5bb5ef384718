"""Lists of a class as several school systems write them, and what is none."""

import pytest

from services.courses import roster_files
from services.courses.roster_files import Line
from services.errors import InvalidInput

ADA, BEN = Line(2, "ada@example.org"), Line(3, "ben@example.org")
LISTS = {
    "an address a line": "email\nada@example.org\nben@example.org\n",
    "Canvas' users": (
        "user_id,integration_id,login_id,password,first_name,last_name,full_name,sortable_name,email,status\n"
        '1,,ada,,Ada,A,"Ada A","A, Ada",ada@example.org,active\n2,,ben,,Ben,B,"Ben B","B, Ben",BEN@example.org,active\n'
        '3,,eve,,Eve,E,"Eve E","E, Eve",eve@example.org,deleted\n'
    ),
    "Moodle's participants": (
        "\ufeffFirst name,Last name,ID number,Email address\nAda,A,1,ada@example.org\nBen,B,2,ben@example.org\n"
    ),
    "Google's users": (
        "First Name [Required],Last Name [Required],Email Address [Required],Status [READ ONLY]\n"
        "Ada,A,ada@example.org,Active\nBen,B,ben@example.org,Active\nEve,E,eve@example.org,Suspended\n"
    ),
    "Blackboard's grade centre": (
        '"Last Name"\t"First Name"\t"Username"\nA\tAda\tada@example.org\nB\tBen\tben@example.org\n'
    ),
    "OneRoster's users": (
        "sourcedId,status,enabledUser,role,username,givenName,familyName,email\n"
        "1,active,true,student,ada,Ada,A,ada@example.org\n2,active,true,student,ben,Ben,B,ben@example.org\n"
        "3,tobedeleted,true,student,eve,Eve,E,eve@example.org\n"
    ),
    "a German school's": "Familienname;Vorname;E-Mail-Adresse\nÄpfel;Ada;ada@example.org\nBär;Ben;ben@example.org\n",
    "with empty lines": "\nemail\r\nada@example.org\r\n,,\r\nben@example.org",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_gives_its_people_whatever_wrote_it(name: str) -> None:
    lines = roster_files.read(LISTS[name].encode())

    assert [(line.email, line.role, line.fault) for line in lines] == [
        (line.email, line.role, None) for line in (ADA, BEN)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_is_read_in_the_letters_that_its_program_uses(encoding: str) -> None:
    lines = roster_files.read("email;Klasse\nada@example.org;Füchse\n".encode(encoding))

    assert lines == [Line(2, "ada@example.org", "student", "Füchse")]


@pytest.mark.parametrize(
    ("heading", "said", "role"),
    [
        ("role", "Student", "student"),
        ("role", "TaEnrollment", "assistant"),
        ("role1", "editingteacher", "teacher"),
        ("role1", "Non-editing teacher", "assistant"),
        ("Rolle", "Lehrer", "teacher"),
        ("role", "", "student"),
    ],
)
def test_roles_have_the_names_of_their_systems(heading: str, said: str, role: str) -> None:
    assert roster_files.read(f"email,{heading}\nada@example.org,{said}\n".encode())[0].role == role


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nobody,,", "roster_no_address"),
        ("ada@example.org,,", "roster_twice"),
        ("ADA@EXAMPLE.ORG ,,", "roster_twice"),
        ("ben@example.org,owner,", "roster_role_unknown"),
        ("ben@example.org,," + "x" * 61, "roster_group_long"),
    ],
)
def test_a_line_that_cant_be_used_says_why_and_the_others_are_read(line: str, code: str) -> None:
    lines = roster_files.read(f"email,role,group\nada@example.org,,\n{line}\neve@example.org,,\n".encode())

    assert [each.fault.code if each.fault else None for each in lines] == [None, code, None]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n,,\n", "file_empty"),
        (b"name,points\nAda,3\n", "roster_without_address"),
        (b"\xff\xfe\x00", "roster_no_text"),
        (b"email\n" + b"a@example.org\n" * 2_001, "roster_too_long"),
        (b"x" * (2**20 + 1), "file_too_large"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        roster_files.read(data)

    assert refusal.value.reason is not None
    assert refusal.value.reason.code == code
