"""What each kind of question is in Moodle XML: a function adds its own parts, and returns tags that say the rest."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from reasons import Code, Reason
from services.archive.content import QuestionContent
from services.formats import building, carrying, formulas, xml
from services.formats.base import NotCarried
from services.formats.moodle_xml import blanks

if TYPE_CHECKING:
    from services.formats.moodle_xml.writing import Writer

# How many values of a wildcard Moodle keeps at most.
MAX_ITEMS = 100


def prompt(question: QuestionContent) -> str:
    """Return the text of a question, with embedded answers where it has blanks."""
    if question.kind != "blanks":
        return question.prompt
    text = question.spec["text"]
    for name, accepted in question.spec["blanks"].items():
        made = blanks.embedded(accepted, is_case_sensitive=question.spec.get("is_case_sensitive", False))
        text = text.replace(f"{{{name}}}", made)
    return f"{question.prompt}\n\n{text}"


def _single(writer: "Writer") -> None:
    writer.said("single", "true")
    writer.said("shuffleanswers", "true")
    writer.said("answernumbering", "abc")
    for choice in writer.question.spec["choices"]:
        _choice(writer, choice, "100" if choice["is_correct"] else "0")


def _multiple(writer: "Writer") -> list[str]:
    choices = writer.question.spec["choices"]
    writer.said("single", "false")
    writer.said("shuffleanswers", "true")
    writer.said("answernumbering", "abc")
    is_all = writer.question.spec.get("scoring") == "all"
    if is_all:
        writer.notes.changed("scoring", "all", "partial")
    each = Fraction(100, sum(choice["is_correct"] for choice in choices))
    wrong = "-100" if is_all else f"-{carrying.decimal(each)}"
    for choice in choices:
        _choice(writer, choice, carrying.decimal(each) if choice["is_correct"] else wrong)
    return ["scoring-all"] if is_all else []


def _choice(writer: "Writer", choice: dict[str, Any], fraction: str) -> None:
    answer = writer.text("answer", choice["text"], fraction=fraction)
    if choice.get("feedback"):
        writer.text("feedback", choice["feedback"], parent=answer)


def _truth(writer: "Writer") -> None:
    spec = writer.question.spec
    for said in ("true", "false"):
        answer = writer.plain("answer", said, fraction="100" if spec["is_true"] == (said == "true") else "0")
        if note := spec.get(f"feedback_{said}"):
            writer.text("feedback", note, parent=answer)


def _text(writer: "Writer") -> None:
    writer.said("usecase", "1" if writer.question.spec.get("is_case_sensitive") else "0")
    for answer in carrying.wildcards(writer.question.spec, writer.notes):
        writer.plain("answer", answer, fraction="100", format="moodle_auto_format")


def _number(writer: "Writer") -> None:
    spec = writer.question.spec
    answer, tolerance = carrying.number(spec, writer.notes, has_unit=True)
    xml.add(writer.plain("answer", answer, fraction="100"), "tolerance", tolerance)
    _unit(writer, is_asked=spec.get("asks_unit", False))


def _unit(writer: "Writer", *, is_asked: bool) -> None:
    if not (name := writer.question.spec.get("unit")):
        return
    unit = xml.add(xml.add(writer.element, "units"), "unit")
    xml.add(unit, "multiplier", "1")
    xml.add(unit, "unit_name", name)
    writer.said("unitgradingtype", "1" if is_asked else "0")
    writer.said("unitpenalty", "1.0000000")
    writer.said("showunits", "0")
    writer.said("unitsleft", "0")


def _matching(writer: "Writer") -> None:
    writer.said("shuffleanswers", "true")
    pairs = [(pair["left"], pair["right"]) for pair in writer.question.spec["pairs"]]
    pairs += [("", text) for text in writer.question.spec.get("extra", [])]
    for left, right in pairs:
        # Moodle shows right sides in lists to choose from, and so does Yurt: as text alone.
        subquestion = writer.text("subquestion", left)
        writer.plain("answer", carrying.plain(right, writer.notes), parent=subquestion, format="plain_text")


def _ordering(writer: "Writer") -> None:
    is_all = writer.question.spec.get("scoring") == "all"
    said = {"layouttype": "VERTICAL", "selecttype": "ALL", "selectcount": "0"}
    said |= {"gradingtype": "ALL_OR_NOTHING" if is_all else "LONGEST_ORDERED_SUBSET", "showgrading": "SHOW"}
    if not is_all:
        writer.notes.changed("scoring", "partial", "LONGEST_ORDERED_SUBSET")
    for name, value in said.items():
        writer.said(name, value)
    for number, text in enumerate(writer.question.spec["items"], start=1):
        writer.text("answer", text, fraction=str(number))


def _essay(writer: "Writer") -> None:
    spec = writer.question.spec
    writer.said("responseformat", "editor")
    writer.said("responserequired", "1")
    writer.said("attachments", "0")
    for ours, theirs in (("min_words", "minwordlimit"), ("max_words", "maxwordlimit")):
        if ours in spec:
            writer.said(theirs, spec[ours])
    writer.text("graderinfo", spec.get("model_answer", ""))


def _upload(writer: "Writer") -> None:
    spec = writer.question.spec
    writer.said("responseformat", "noinline")
    writer.said("responserequired", "0")
    writer.said("attachments", spec["most"])
    writer.said("attachmentsrequired", "1")
    writer.said("filetypeslist", ",".join(f".{ending}" for ending in spec["accept"]))
    writer.text("graderinfo", spec.get("model_answer", ""))


def _formula(writer: "Writer") -> None:
    spec = writer.question.spec
    try:
        formula = formulas.to_moodle(spec["answer"], set(spec["parameters"]))
    except ValueError as error:
        raise NotCarried("formula", Reason(Code.MOVE_UNREADABLE, said=str(error)[:200])) from error
    answer = writer.plain("answer", formula, fraction="100")
    is_nominal = "tolerance" in spec
    off = Decimal(spec["tolerance"]) if is_nominal else Decimal(spec["tolerance_percent"]) / 100
    xml.add(answer, "tolerance", building.say(off))
    xml.add(answer, "tolerancetype", "2" if is_nominal else "1")
    xml.add(answer, "correctanswerformat", "1")
    xml.add(answer, "correctanswerlength", "2")
    _unit(writer, is_asked=False)
    definitions = xml.add(writer.element, "dataset_definitions")
    values = {name: _values(name, parameter, writer) for name, parameter in sorted(spec["parameters"].items())}
    count = max(len(each) for each in values.values())
    for name, each in values.items():
        _definition(definitions, name, each, count)


def _values(name: str, parameter: dict[str, Any], writer: "Writer") -> list[str]:
    if "values" in parameter:
        return list(parameter["values"])
    low, high, step = (Decimal(parameter[end]) for end in ("from", "to", "step"))
    many = int((high - low) / step) + 1
    if many > MAX_ITEMS:
        writer.notes.changed("parameters", f"{name}: {many}", str(MAX_ITEMS))
    chosen = range(many) if many <= MAX_ITEMS else (at * (many - 1) // (MAX_ITEMS - 1) for at in range(MAX_ITEMS))
    return [building.say(low + step * at) for at in chosen]


def _definition(parent: Any, name: str, values: list[str], count: int) -> None:
    definition = xml.add(parent, "dataset_definition")
    places = max(max(0, -int(Decimal(value).as_tuple().exponent)) for value in values)
    said = {"status": "private", "name": name, "distribution": "uniform"}
    said |= {"minimum": min(values, key=Decimal), "maximum": max(values, key=Decimal), "decimals": str(places)}
    for part, value in said.items():
        xml.add(xml.add(definition, part), "text", value)
    xml.add(definition, "type", "calculated")
    xml.add(definition, "itemcount", str(count))
    items = xml.add(definition, "dataset_items")
    for number in range(1, count + 1):
        item = xml.add(items, "dataset_item")
        xml.add(item, "number", str(number))
        xml.add(item, "value", values[(number - 1) % len(values)])
    xml.add(definition, "number_of_items", str(count))


def _blanks(writer: "Writer") -> None:
    """The answers stand in the text."""


WriteKind = Callable[["Writer"], list[str] | None]
KINDS: dict[str, tuple[str, WriteKind]] = {
    "single": ("multichoice", _single),
    "multiple": ("multichoice", _multiple),
    "truefalse": ("truefalse", _truth),
    "text": ("shortanswer", _text),
    "numeric": ("numerical", _number),
    "matching": ("matching", _matching),
    "ordering": ("ordering", _ordering),
    "essay": ("essay", _essay),
    "upload": ("essay", _upload),
    "blanks": ("cloze", _blanks),
    "formula": ("calculated", _formula),
}
