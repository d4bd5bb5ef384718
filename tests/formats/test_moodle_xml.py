"""Moodle XML: what Moodle's question bank exports, as its documentation has it."""

import base64

import pytest

from tests.formats.reads import Read, read
from tests.moving.test_imports import PNG

FILE = f'<file name="a b.png" path="/" encoding="base64">{base64.b64encode(PNG).decode()}</file>'


def one(kind: str, inside: str, text: str = "<p>Why?</p>", head: str = "") -> Read:
    """Read one question of a kind."""
    common = f'<name><text>Name</text></name><questiontext format="html"><text><![CDATA[{text}]]></text></questiontext>'
    return read(f'<quiz>{head}<question type="{kind}">{common}{inside}</question></quiz>')


def answer(text: str, fraction: object = 0, feedback: str = "", more: str = "") -> str:
    note = f'<feedback format="html"><text>{feedback}</text></feedback>' if feedback else ""
    return f'<answer fraction="{fraction}"><text>{text}</text>{note}{more}</answer>'


def test_a_choice_keeps_its_feedback_marks_and_names() -> None:
    found = one(
        "multichoice",
        "<single>true</single><defaultgrade>2.5000000</defaultgrade><idnumber>why-1</idnumber>"
        "<generalfeedback format='html'><text>&lt;p&gt;So.&lt;/p&gt;</text></generalfeedback>"
        "<tags><tag><text>Hard ones</text></tag><tag><text>difficulty-hard</text></tag></tags>"
        "<hint format='html'><text>Think</text></hint>" + answer("yes", 100, "good") + answer("no"),
    )

    question = found.only
    assert (question.kind, question.points, question.slug, question.feedback) == ("single", 2.5, "why-1", "So.")
    assert (question.tags, question.difficulty, question.hints[0].text) == (("hard-ones",), "hard", "Think")
    assert [choice["feedback"] for choice in question.spec["choices"]] == ["good", ""]
    assert found.lost == []


def test_what_has_no_place_is_told_item_by_item() -> None:
    found = one(
        "multichoice",
        "<single>true</single><penalty>0.3333333</penalty><shuffleanswers>false</shuffleanswers>"
        "<answernumbering>IIII</answernumbering><correctfeedback><text>Yes!</text></correctfeedback>"
        "<coderunnertype>python</coderunnertype><hidden>1</hidden>"
        + answer("yes", 100)
        + answer("half", 50)
        + answer("no"),
    )

    assert sorted(what for _name, what, _code, _params in found.lost) == [
        *("coderunnertype", "credit", "feedback", "numbering", "order", "penalty", "state"),
    ]
    assert found.values("penalty") == ["penalty: 0.3333333"]


@pytest.mark.parametrize(
    ("wrong", "told"), [(-50, []), (0, ["move_changed"]), (-100, ["move_changed"]), (-49.99999, [])]
)
def test_weights_of_several_right_choices_are_told_where_they_change(wrong: float, told: list[str]) -> None:
    found = one("multichoice", "<single>false</single>" + answer("a", 50) + answer("b", 50) + answer("c", wrong))

    assert found.only.kind == "multiple"
    assert found.codes("credit") == told


def test_all_or_nothing_is_kept() -> None:
    found = one("multichoiceset", answer("a", 100) + answer("b", 100) + answer("c"))

    assert found.only.spec["scoring"] == "all"


def test_short_answers_have_wildcards_and_case() -> None:
    found = one(
        "shortanswer", "<usecase>1</usecase>" + answer("a*b", 100) + answer("c\\*d", 100) + answer("*", 0, "no")
    )

    assert found.only.spec == {"accept": ["a b", "c*d"], "is_case_sensitive": True, "patterns": ["a.*b"]}
    assert found.values("feedback") == ["*: no"]


def test_numbers_have_tolerances_and_units() -> None:
    unit = "<units><unit><multiplier>1</multiplier><unit_name>{}</unit_name></unit></units>"
    shown = one("numerical", answer("9,81", 100, more="<tolerance>0.01</tolerance>") + unit.format("m/s^2"))
    asked = one(
        "numerical",
        answer("250", 100)
        + "<unitgradingtype>1</unitgradingtype><unitpenalty>1</unitpenalty><showunits>0</showunits>"
        + unit.format("m"),
    )

    assert shown.only.spec == {"answer": "9.81", "tolerance": "0.01", "unit": "m/s^2"}
    assert asked.only.spec["asks_unit"]
    assert shown.lost == asked.lost == []


def test_pairs_ordering_essays_and_uploads() -> None:
    pair = '<subquestion format="html"><text>{}</text><answer><text>{}</text></answer></subquestion>'
    pairs = one("matching", pair.format("cat", "meow") + pair.format("dog", "woof") + pair.format("", "moo"))
    order = one(
        "ordering",
        "<gradingtype>ALL_OR_NOTHING</gradingtype>" + answer("second", 2) + answer("first", 1) + answer("third", 3),
    )
    essay = one("essay", "<minwordlimit>50</minwordlimit><graderinfo format='html'><text>Look</text></graderinfo>")
    upload = one(
        "essay",
        "<responseformat>noinline</responseformat><attachments>2</attachments><filetypeslist>.pdf,.exe</filetypeslist>",
    )

    assert pairs.only.spec["extra"] == ["moo"]
    assert order.only.spec == {"items": ["first", "second", "third"], "scoring": "all"}
    assert essay.only.spec == {"min_words": 50, "model_answer": "Look"}
    assert upload.only.spec == {"accept": ["pdf"], "most": 2}
    assert upload.values("file") == ["exe"]


def test_embedded_answers_are_blanks() -> None:
    found = one(
        "cloze",
        "",
        "<p>Look at the map.</p><p>Berlin is in {1:SHORTANSWER:=Germany~=Deutschland~%50%Europe#nearly}, and has "
        "{2:NUMERICAL:=12:1} districts, in the {1:MC:~East~=North-East\\}}.</p>",
    )

    assert found.only.prompt == "Look at the map."
    assert found.only.spec["text"] == "Berlin is in {1}, and has {2} districts, in the {3}."
    assert found.only.spec["blanks"] == {"1": ["Germany", "Deutschland"], "2": ["12"], "3": ["North-East}"]}
    assert found.codes() == ["move_changed", "move_no_place", "move_changed", "move_no_place", "move_no_place"]


def test_one_embedded_choice_or_number_is_a_question_of_its_kind() -> None:
    choice = one("cloze", "", "The sky is {1:MULTICHOICE:=blue~green#no}.")
    number = one("cloze", "", "Half of ten is {1:NM:=5:0.1}.")

    assert (choice.only.kind, choice.only.prompt) == ("single", "The sky is \\_\\_\\_\\_\\_.")
    assert (number.only.kind, number.only.spec["tolerance"]) == ("numeric", "0.1")


def test_words_to_choose_are_blanks() -> None:
    words = "".join(f"<selectoption><text>{word}</text></selectoption>" for word in ("cat", "dog"))
    found = one("gapselect", words, "The [[2]] barks.")

    assert found.only.spec == {"text": "The {1} barks.", "blanks": {"1": ["dog"]}}
    assert found.values("choices") == ["cat"]


def test_calculated_questions_are_formulas_with_the_values_that_there_were() -> None:
    items = "".join(f"<dataset_item><number>{n}</number><value>{n}.5</value></dataset_item>" for n in (1, 2, 3))
    bounds = "".join(
        f"<{name}><text>{value}</text></{name}>" for name, value in (("minimum", 1), ("maximum", 9), ("decimals", 1))
    )
    wild = f"<dataset_definition><name><text>{{}}</text></name>{bounds}{{}}</dataset_definition>"
    wilds = wild.format("a", f"<dataset_items>{items}</dataset_items>") + wild.format("b", "")
    found = one(
        "calculated",
        answer("pow({a},2)+sqrt({b})*pi()", 100, more="<tolerance>0.05</tolerance><tolerancetype>1</tolerancetype>")
        + f"<dataset_definitions>{wilds}</dataset_definitions>",
        "<p>What do {a} and {b} make?</p>",
    )

    assert found.only.prompt == "What do {a} and {b} make?"
    assert found.only.spec == {
        "parameters": {"a": {"values": ["1.5", "2.5", "3.5"]}, "b": {"from": "1", "to": "9", "step": "0.1"}},
        "answer": "a ^ 2 + sqrt(b) * pi",
        "unit": "",
        "tolerance_percent": "5",
    }


def test_nested_categories_hold_until_the_next_one() -> None:
    head = '<question type="category"><category><text>$course$/top/Physics/Light // Sound</text></category></question>'

    assert one("essay", "", head=head).only.tags == ("physics", "light-sound")


def test_pictures_come_along_under_the_digest_of_their_content() -> None:
    text = (
        '<p><img src="@@PLUGINFILE@@/a%20b.png" alt="a red dot" width="20"></p>'
        '<p><img src="http://x.example/y.png" alt="y"></p>'
        f'<img src="data:image/png;base64,{base64.b64encode(PNG).decode()}">'
    )
    found = read(
        f'<quiz><question type="essay"><name><text>N</text></name><questiontext format="html"><text><![CDATA[{text}'
        f"]]></text>{FILE}</questiontext></question></quiz>"
    )

    named, embedded = sorted(found.files)
    assert named.startswith("files/a-b-") and embedded.startswith("files/picture-")
    assert f'<img src="{named}" alt="a red dot" width="20">' in found.only.prompt
    assert found.codes("picture") == ["move_elsewhere"]


@pytest.mark.parametrize("said", ["utf-8", "utf-16", "windows-1252", "iso-8859-1"])
def test_any_encoding_is_read(said: str) -> None:
    text = (
        '<?xml version="1.0" encoding="{}"?><quiz><question type="essay"><name><text>Größe</text></name>'
        "<questiontext><text>Wie groß?</text></questiontext></question></quiz>"
    )

    assert read(text.format(said).encode(said)).only.prompt == "Wie groß?"
    # Files that say UTF-8 and aren't.
    assert read(text.format("utf-8").encode("cp1252")).only.prompt == "Wie groß?"


def test_kinds_that_are_not_known_stay_behind_by_name() -> None:
    drag = '<question type="ddmarker"><name><text>Drag</text></name></question>'
    found = read(f'<quiz>{drag}<question type="description"/></quiz>')

    assert found.questions == {}
    assert [(name, params) for name, _what, _code, params in found.lost] == [
        ("Drag", {"kind": "ddmarker"}),
        ("2", {"kind": "description"}),
    ]
