"""Archives, XML and texts of strangers: each refused with the name of what is wrong, and none breaks the reader."""

import io
import stat
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasons import Code
from services import formats
from services.errors import InvalidInput
from services.formats import zips

MEGABYTE = 1024 * 1024
ITEM = (
    '<assessmentItem identifier="i" title="T">'
    '<responseDeclaration identifier="R" cardinality="single" baseType="string"/>'
    '<itemBody><p>Why?</p><extendedTextInteraction responseIdentifier="R"/></itemBody></assessmentItem>'
)
MOODLE = (
    "<quiz><question type='essay'><name><text>E</text></name>"
    "<questiontext><text>{}</text></questiontext></question></quiz>"
)
QTI12 = "<presentation><material><mattext>a</mattext></material></presentation>"


def zipped(files: dict[str, bytes | str], **changes: Any) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in changes.get(name, {}).items():
                setattr(entry, attribute, value)
            archive.writestr(entry, data)
    return target.getvalue()


def refusal(data: bytes) -> tuple[str, dict[str, Any]]:
    with pytest.raises(InvalidInput) as caught:
        formats.read(data)
    assert caught.value.field == "file"
    assert caught.value.reason is not None
    return caught.value.reason.code, caught.value.reason.params


LINK = {"external_attr": (stat.S_IFLNK | 0o777) << 16}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped({"item.xml": ITEM, "../up.png": b"x"}), Code.IMPORT_ZIP_PATH),
        (zipped({"item.xml": ITEM, "/etc/passwd": b"x"}), Code.IMPORT_ZIP_PATH),
        (zipped({"item.xml": ITEM, "a\\..\\..\\b": b"x"}), Code.IMPORT_ZIP_PATH),
        (zipped({"item.xml": ITEM, "C:/b": b"x"}), Code.IMPORT_ZIP_PATH),
        (zipped({"item.xml": ITEM, "link": b"/etc/passwd"}, link=LINK), Code.IMPORT_ZIP_LINK),
        (zipped({"item.xml": ITEM, "big": bytes(10 * MEGABYTE + 1)}), Code.IMPORT_ZIP_FILE),
        (zipped({"item.xml": ITEM, **{f"{n}": bytes(9 * MEGABYTE) for n in range(6)}}), Code.IMPORT_ZIP_TOTAL),
        (zipped({"item.xml": ITEM, **{f"{n}": b"" for n in range(zips.MAX_FILES)}}), Code.IMPORT_ZIP_COUNT),
        (zipped({"item.xml": ITEM, "./item.xml": ITEM}), Code.IMPORT_ZIP_TWICE),
        (zipped({"item.xml": ITEM})[:-30], Code.IMPORT_ZIP),
        (zipped({"item.xml": ITEM})[:100], Code.IMPORT_ZIP),
        (b"PK\x03\x04", Code.IMPORT_ZIP),
        (zipped({"a.txt": b"nothing"}), Code.IMPORT_FORMAT_UNKNOWN),
    ],
)
def test_an_archive_that_is_not_what_it_should_be_is_refused_by_name(data: bytes, code: Code) -> None:
    assert refusal(data)[0] == code


def test_an_archive_whose_file_is_damaged_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bytearray(zipped({"item.xml": ITEM * 3}))
    whole[60:80] = b"\xff" * 20

    assert refusal(bytes(whole))[0] in (Code.IMPORT_ZIP, Code.IMPORT_FORMAT_UNKNOWN)


def test_an_encrypted_archive_is_refused() -> None:
    data = bytearray(zipped({"item.xml": ITEM}))
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1

    assert refusal(bytes(data)) == (Code.IMPORT_ZIP_ENCRYPTED, {"path": "item.xml"})


def test_an_archive_that_says_less_than_it_holds_is_refused() -> None:
    data = bytearray(zipped({"item.xml": ITEM, "x.xml": bytes(11 * MEGABYTE)}))
    begin = data.rindex(b"PK\x01\x02")
    data[begin + 24 : begin + 28] = (100).to_bytes(4, "little")

    assert refusal(bytes(data))[0] in (Code.IMPORT_ZIP, Code.IMPORT_ZIP_FILE, Code.IMPORT_FORMAT_UNKNOWN)


LAUGHS = '<!DOCTYPE quiz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "head",
    [
        LAUGHS,
        '<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE quiz [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]>',
        '<!DOCTYPE quiz PUBLIC "a" "b" [<!NOTATION n SYSTEM "c">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(head: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{head}{MOODLE.format("Why?")}'

    assert refusal(text.encode(encoding))[0] == Code.IMPORT_ENTITIES


def test_a_document_type_that_only_names_its_dtd_is_read_without_it() -> None:
    text = f'<!DOCTYPE quiz SYSTEM "http://127.0.0.1:9/none.dtd">{MOODLE.format("Why?")}'

    _name, reading = formats.read(text.encode())

    assert len(reading.found) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<quiz><question></quiz>", Code.IMPORT_XML),
        (MOODLE.format("x").encode()[:60], Code.IMPORT_XML),
        (b"<quiz>" + b"<a>" * 200 + b"</a>" * 200 + b"</quiz>", Code.IMPORT_DEEP),
        (b"<quiz>" + b"<a>" * 20_000, Code.IMPORT_XML),
        (b'<?xml version="1.0" encoding="none-such"?><quiz/>', Code.IMPORT_XML),
        (b"<quiz>&nbsp;</quiz>", Code.IMPORT_XML),
        (b'question,answer\n"open,1\n', Code.IMPORT_TABLE),
        (b"2 + 2? {=4}\n\n" * 1_001, Code.IMPORT_TOO_MANY),
    ],
)
def test_what_is_no_sound_file_is_refused_by_name(data: bytes, code: Code) -> None:
    assert refusal(data)[0] == code


@pytest.mark.parametrize("html", ["<div>" * 5_000, "<b>" * 200 + "x" + "</b>" * 200, "<table>" * 300, "&lt;ul>" * 400])
def test_html_that_is_nested_too_deep_leaves_its_question_behind(html: str) -> None:
    escaped = html.replace("&", "&amp;").replace("<", "&lt;")

    _name, reading = formats.read(MOODLE.format(escaped).encode())

    assert len(reading.found) + len([each for each in reading.findings if each.is_whole]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "&lt;script&gt;alert(1)&lt;/script&gt;Why?",
        "&lt;img src=x onerror=alert(1)&gt;Why?",
        "&lt;a href='javascript:alert(1)'&gt;Why?&lt;/a&gt;",
        "&lt;iframe src='http://evil.example'&gt;&lt;/iframe&gt;Why?",
        "&lt;img src='file:///etc/passwd'&gt;Why?",
    ],
)
def test_what_would_run_or_load_something_does_not_come_in(text: str) -> None:
    _name, reading = formats.read(MOODLE.format(text).encode())

    [found] = reading.found
    assert found.content.prompt == "Why?"
    assert reading.files == {}


def test_what_a_package_names_outside_of_itself_is_not_read() -> None:
    item = ITEM.replace("Why?", '<img src="../../etc/passwd" alt="a"/><img src="file:///etc/passwd" alt="b"/>Why?')

    _name, reading = formats.read(zipped({"a/item.xml": item}))

    assert reading.files == {}
    assert [each.what for each in reading.findings] == ["file", "file"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a {\n" + "\n" * MEGABYTE + "=b}", ["move_too_long"]),
        ("// x\n" * 200_000 + "a {=b}", []),
        ("a {" + "=b " * MEGABYTE + "}", ["move_too_long"]),
        ("a {" + "=b " * 600 + "}", ["move_too_many"]),
        (f"::{'a' * MEGABYTE}{{T}}", ["move_too_long"]),
        (MOODLE.format("&lt;b>x&lt;/b> " * 30_000), ["move_too_long"]),
        (MOODLE.format("&lt;b>x&lt;/b> " * 10_000), ["move_too_many"]),
        (MOODLE.format("&lt;b>x&lt;/b>" + "[\\(" * 5_000), []),
        (MOODLE.replace("essay", "cloze").format("{1:SA:" * 5_000), ["move_answer_missing"]),
        (MOODLE.format("*x* " * 20_000), ["move_too_long"]),
    ],
)
def test_a_text_without_end_costs_no_more_than_its_length(text: str, codes: list[str]) -> None:
    _name, reading = formats.read(text.encode())

    assert [each.why.code for each in reading.findings] == codes


def test_texts_that_are_larger_than_any_bank_are_refused() -> None:
    text = MOODLE.format("words and more words " * 2_000).removeprefix("<quiz>").removesuffix("</quiz>")

    assert refusal(f"<quiz>{text * 200}</quiz>".encode())[0] == Code.IMPORT_TEXTS


TEXTS = st.text(st.sampled_from("{}[]<>&#~=:%\\|*_`\"'/.$@ \nabcT1ANSWER"), max_size=120)
SEEDS = st.sampled_from(
    [
        MOODLE.format("Why {1:SA:=a~%50%b#c}?"),
        ITEM,
        "::A:: b {=c#d ~e}\n\n$CATEGORY: x\n\nf {#1:2}",
        "Q?\nA. x\nB. y\nANSWER: A\n",
        "question,right,wrong\na,b,c\n",
        f'<questestinterop><item title="x">{QTI12}</item></questestinterop>',
    ]
)
BOUNDED = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@BOUNDED
@given(data=st.one_of(st.binary(max_size=200), TEXTS.map(str.encode)), name=st.sampled_from(sorted(formats.readable())))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    _is_read_or_refused(data, name)


@BOUNDED
@given(seed=SEEDS, cut=st.integers(0, 400), put=TEXTS, is_zipped=st.booleans())
def test_files_that_were_damaged_are_read_or_refused(seed: str, cut: int, put: str, is_zipped: bool) -> None:
    text = (seed[:cut] + put + seed[cut + len(put) // 2 :]).encode()

    _is_read_or_refused(zipped({"imsmanifest.xml": "<manifest/>", "a.xml": text}) if is_zipped else text, "")


def _is_read_or_refused(data: bytes, name: str) -> None:
    try:
        _found, reading = formats.read(data, name)
    except InvalidInput as error:
        assert error.reason is not None
        return
    assert reading.found or reading.findings
