"""QTI 1.2, QTI 2.1, cartridges and packages, Aiken and CSV, as the programs that write them do."""

from pathlib import Path

import pytest

from services import formats
from tests.formats.reads import read
from tests.formats.test_hostile import zipped
from tests.moving.test_imports import PNG

CANVAS = (Path(__file__).parent / "canvas.xml").read_text()


def test_a_quiz_of_canvas_is_read_kind_by_kind() -> None:
    found = read(CANVAS)

    kinds = {name: question.kind for name, question in found.questions.items()}
    assert found.format == "qti12"
    assert kinds == {
        "Which is even?": "single",
        "Multi": "multiple",
        "Num": "numeric",
        "Blanks": "blanks",
        "Match": "matching",
        "Calc": "formula",
        "Essay": "essay",
        "Short": "text",
        "TF": "truefalse",
    }
    assert found.codes() == ["move_kind_unknown"]
    assert {question.tags for question in found.questions.values()} == {("week-1-quiz",)}


def test_what_canvas_says_of_an_item_is_kept() -> None:
    found = read(CANVAS).questions

    even = found["Which is even?"]
    assert (even.prompt, even.points, even.feedback) == ("Which is **even**?", 2.0, "General")
    assert [choice["feedback"] for choice in even.spec["choices"]] == ["", "odd"]
    assert [choice["is_correct"] for choice in found["Multi"].spec["choices"]] == [True, False, True]
    assert found["Num"].spec == {"answer": "5", "tolerance": "0.1", "unit": ""}
    assert found["Blanks"].spec["blanks"] == {"1": ["red", "crimson"], "2": ["blue"]}
    assert found["Match"].spec["extra"] == ["moo"]
    assert (found["Calc"].prompt, found["Calc"].spec["answer"]) == ("What is {x} + {y}^2?", "x + y ^ 2")
    assert found["Short"].spec["accept"] == ["ls", "dir"]
    assert not found["TF"].spec["is_true"]


def test_a_cartridge_has_pictures_and_other_things_that_are_told() -> None:
    picture = '&lt;img src="%24IMS-CC-FILEBASE%24/My%20Pictures/dot.png" alt="dot"&gt;'
    manifest = (
        "<manifest><metadata><schema>IMS Common Cartridge</schema></metadata><resources>"
        '<resource type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="q/q.xml"/></resource>'
        '<resource type="imswl_xmlv1p1"><file href="l.xml"/></resource>'
        '<resource type="webcontent" href="web_resources/My Pictures/dot.png"/></resources></manifest>'
    )
    found = read(
        zipped(
            {
                "imsmanifest.xml": manifest,
                "q/q.xml": CANVAS.replace("Which is", f"{picture} Which is"),
                "l.xml": "<webLink/>",
                "web_resources/My Pictures/dot.png": PNG,
            }
        )
    )

    [path] = found.files
    assert found.format == "imscc"
    assert f"![dot]({path})" in found.questions["Which is even?"].prompt
    assert found.values("resource") == ["imswl: 1"]


def test_a_test_that_canvas_writes_twice_is_read_once() -> None:
    manifest = '<manifest xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"/>'
    found = read(
        zipped({"imsmanifest.xml": manifest, "a1/assessment_qti.xml": CANVAS, "non_cc_assessments/a1.xml.qti": CANVAS})
    )

    assert len(found.questions) == 9


def item(body: str, declared: str, rules: str = "", title: str = "Name") -> str:
    return (
        '<?xml version="1.0"?><assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="i1" '
        f'title="{title}">{declared}'
        f"<itemBody>{body}</itemBody>{rules}</assessmentItem>"
    )


def declared(cardinality: str, base: str, *correct: str, mapping: str = "", name: str = "RESPONSE") -> str:
    values = "".join(f"<value>{each}</value>" for each in correct)
    return (
        f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" baseType="{base}">'
        f"<correctResponse>{values}</correctResponse>{mapping}</responseDeclaration>"
    )


MATCH = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>'
MAP = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"/>'


def choices(most: int, *names: str) -> str:
    made = "".join(f'<simpleChoice identifier="{name}">text <em>{name}</em></simpleChoice>' for name in names)
    said = f'responseIdentifier="RESPONSE" maxChoices="{most}"'
    return f"<choiceInteraction {said}><prompt>Which?</prompt>{made}</choiceInteraction>"


def mapping(*entries: tuple[str, int], more: str = "") -> str:
    made = "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"{more}/>' for key, value in entries)
    return f'<mapping lowerBound="0">{made}</mapping>'


EQUAL = (
    '<responseProcessing><responseCondition><responseIf><equal toleranceMode="absolute" tolerance="0.1 0.1"/>'
    "</responseIf></responseCondition></responseProcessing>"
)
ORDER = '<simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice>'
GAPS = (
    '<gapText identifier="W">winter</gapText><gapText identifier="S">spring</gapText>'
    '<p>Now is the <gap identifier="G"/> of it.</p>'
)


def test_choices_of_qti_2_are_all_or_nothing_or_mapped() -> None:
    one = read(item(f"<p>Look.</p>{choices(1, 'A', 'B')}", declared("single", "identifier", "B"), MATCH)).only
    every = read(item(choices(0, "A", "B", "C"), declared("multiple", "identifier", "A", "B"), MATCH)).only
    said = declared("multiple", "identifier", "A", "B", mapping=mapping(("A", 1), ("B", 1), ("C", -1)))
    mapped = read(item(choices(0, "A", "B", "C"), said, MAP))

    assert one.prompt == "Look.\n\nWhich?"
    assert [choice["is_correct"] for choice in one.spec["choices"]] == [False, True]
    assert one.spec["choices"][0]["text"] == "text *A*"
    assert every.spec["scoring"] == "all"
    assert "scoring" not in mapped.only.spec
    assert mapped.lost == []


@pytest.mark.parametrize(
    ("body", "response", "rules", "kind", "spec"),
    [
        (
            '<p>Capital? <textEntryInteraction responseIdentifier="RESPONSE"/></p>',
            declared("single", "string", "Paris", mapping=mapping(("Paris", 1), more=' caseSensitive="false"')),
            MAP,
            "text",
            {"accept": ["Paris"], "is_case_sensitive": False},
        ),
        (
            '<p>Now is the <textEntryInteraction responseIdentifier="RESPONSE"/> of our discontent.</p>',
            declared("single", "string", "winter"),
            MATCH,
            "blanks",
            {"text": "Now is the {1} of our discontent.", "blanks": {"1": ["winter"]}, "is_case_sensitive": True},
        ),
        (
            '<p>Pi? <textEntryInteraction responseIdentifier="RESPONSE"/></p>',
            declared("single", "float", "3.14"),
            EQUAL,
            "numeric",
            {"answer": "3.14", "tolerance": "0.1", "unit": ""},
        ),
        (
            f'<p>Put</p><orderInteraction responseIdentifier="RESPONSE">{ORDER}</orderInteraction>',
            declared("ordered", "identifier", "B", "A"),
            MATCH,
            "ordering",
            {"items": ["b", "a"], "scoring": "all"},
        ),
        (
            '<p>Say</p><extendedTextInteraction responseIdentifier="RESPONSE"/>',
            declared("single", "string"),
            "",
            "essay",
            {},
        ),
        (
            f'<gapMatchInteraction responseIdentifier="RESPONSE">{GAPS}</gapMatchInteraction>',
            declared("multiple", "directedPair", "W G"),
            MATCH,
            "blanks",
            {"text": "Now is the {1} of it.", "blanks": {"1": ["winter"]}},
        ),
    ],
)
def test_interactions_of_qti_2_are_kinds(
    body: str, response: str, rules: str, kind: str, spec: dict[str, object]
) -> None:
    found = read(item(body, response, rules)).only

    assert (found.kind, found.spec) == (kind, spec)


def test_interactions_without_a_kind_stay_behind() -> None:
    found = read(item('<hotspotInteraction responseIdentifier="RESPONSE"/>', declared("single", "identifier", "A")))

    assert found.lost == [("Name", "question", "move_kind_unknown", {"kind": "hotspotInteraction"})]


def test_a_package_of_qti_2_has_its_keywords_and_pictures() -> None:
    body = (
        '<p>Look: <img src="../images/dot.png" alt="dot"/></p><extendedTextInteraction responseIdentifier="RESPONSE"/>'
    )
    manifest = (
        '<manifest><resources><resource type="imsqti_item_xmlv2p1" href="items/one.xml"><metadata><lom><general>'
        "<keyword><string>Light</string></keyword></general></lom></metadata></resource></resources></manifest>"
    )
    found = read(
        zipped(
            {
                "imsmanifest.xml": manifest,
                "items/one.xml": item(body, declared("single", "string")),
                "images/dot.png": PNG,
            }
        )
    )

    assert found.format == "qti21"
    assert found.only.tags == ("light",)
    assert len(found.files) == 1


def test_what_goes_out_as_qti_is_named_in_its_manifest() -> None:
    question = read("::Why:: Why? {=a ~b}").only

    data = formats.write("qti21", [question], {}).data

    archive = formats.zips.Archive(data)
    assert archive.paths("") == ["imsmanifest.xml", "why.xml"]
    assert b'href="why.xml"' in archive.read("imsmanifest.xml")


def test_aiken_has_choices_and_an_answer() -> None:
    found = read(
        "What is 2 + 2?\nA. 3\nB) 4\nANSWER: B\n\nWhich are even?\nA. 1\nB. 2\nC. 4\nANSWER: B, C\n\nOpen\nA. x\n"
    )

    assert found.format == "aiken"
    assert [question.kind for question in found.questions.values()] == ["single", "multiple"]
    assert [choice["is_correct"] for choice in found.questions["What is 2 + 2?"].spec["choices"]] == [False, True]
    assert found.codes() == ["move_answer_missing"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_has_a_question_in_each_line(mark: str) -> None:
    rows = [
        ["question", "a", "b", "c", "answer", "points", "tags", "notes"],
        ["Which?", "one", "two", "three", "b", "2", "x|y", ""],
        ["Which ones?", "one", "two", "three", "a c", "1", "", "look"],
        ["2 + 2?", "", "", "", "4|four", "", "", ""],
        ["Is it?", "", "", "", "TRUE", "", "", ""],
        ["Say why.", "", "", "", "", "", "", ""],
    ]

    found = read("\r\n".join(mark.join(row) for row in rows))

    assert found.format == "csv_table"
    assert [question.kind for question in found.questions.values()] == [
        *("single", "multiple", "text", "truefalse", "essay"),
    ]
    assert found.questions["Which?"].tags == ("x", "y")
    assert found.values("notes") == ["look"]
