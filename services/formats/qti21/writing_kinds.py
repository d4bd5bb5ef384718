"""What each kind of question is in QTI 2.1: its declarations, its interaction, and the rules that make its marks."""

from collections.abc import Callable
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Any

from services.formats import carrying, xml

if TYPE_CHECKING:
    from services.formats.qti21.writing import Item

# Says of a text with one blank at its end that it isn't a question with a field for its answer.
BLANKS = "blanks"
SCORE = '<setOutcomeValue identifier="SCORE">{}</setOutcomeValue>'
MAPPED = '<mapResponse identifier="{}"/>'
CHOSEN = (
    '<outcomeDeclaration identifier="CHOSEN" cardinality="{}" baseType="identifier"/>',
    '<setOutcomeValue identifier="CHOSEN"><variable identifier="RESPONSE"/></setOutcomeValue>',
)


def _text(text: str) -> str:
    return escape(xml.kept(text), quote=True)


def _declared(cardinality: str, base: str, correct: list[str], mapping: str = "", name: str = "RESPONSE") -> str:
    values = "".join(f"<value>{_text(value)}</value>" for value in correct)
    return (
        f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" baseType="{base}">'
        f"<correctResponse>{values}</correctResponse>{mapping}</responseDeclaration>"
    )


def _mapping(entries: list[tuple[str, Fraction]], attributes: str = "", each: str = "") -> str:
    made = "".join(
        f'<mapEntry mapKey="{_text(key)}" mappedValue="{float(value):.6g}"{each}/>' for key, value in entries
    )
    return f'<mapping{attributes} defaultValue="0">{made}</mapping>'


def _if_right(points: float) -> str:
    """Give everything for the right response, and nothing for any other."""
    condition = '<match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match>'
    value = f'<baseValue baseType="float">{points:g}</baseValue>'
    return f"<responseCondition><responseIf>{condition}{SCORE.format(value)}</responseIf></responseCondition>"


def _note(name: str, text: str) -> str:
    return f'<feedbackInline outcomeIdentifier="CHOSEN" identifier="{name}" showHide="show">{text}</feedbackInline>'


def _choices(item: "Item", *, is_single: bool) -> str:
    made = []
    for number, choice in enumerate(item.question.spec["choices"], start=1):
        note = ""
        if choice.get("feedback"):
            note = _note(f"c{number}", item.line(choice["feedback"]))
        made.append(f'<simpleChoice identifier="c{number}">{item.line(choice["text"])}{note}</simpleChoice>')
    if any(choice.get("feedback") for choice in item.question.spec["choices"]):
        item.outcomes.append(CHOSEN[0].format("single" if is_single else "multiple"))
        item.processing.append(CHOSEN[1])
    most = "1" if is_single else "0"
    return (
        f'<choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="{most}">'
        f"{''.join(made)}</choiceInteraction>"
    )


def _names(item: "Item") -> tuple[list[str], list[str]]:
    choices = item.question.spec["choices"]
    right = [f"c{number}" for number, choice in enumerate(choices, start=1) if choice["is_correct"]]
    return right, [f"c{number}" for number in range(1, len(choices) + 1) if f"c{number}" not in right]


def _single(item: "Item") -> None:
    right, _wrong = _names(item)
    item.declarations.append(_declared("single", "identifier", right))
    item.processing.append(_if_right(item.question.points))
    item.body = f"<div>{item.block(item.question.prompt)}</div>{_choices(item, is_single=True)}"


def _multiple(item: "Item") -> None:
    right, wrong = _names(item)
    if item.question.spec.get("scoring") == "all":
        item.declarations.append(_declared("multiple", "identifier", right))
        item.processing.append(_if_right(item.question.points))
    else:
        each = Fraction(str(item.question.points)) / len(right)
        entries = [(name, each) for name in right] + [(name, -each) for name in wrong]
        bounds = f' lowerBound="0" upperBound="{item.question.points:g}"'
        item.declarations.append(_declared("multiple", "identifier", right, _mapping(entries, bounds)))
        item.processing.append(SCORE.format(MAPPED.format("RESPONSE")))
    item.body = f"<div>{item.block(item.question.prompt)}</div>{_choices(item, is_single=False)}"


def _truth(item: "Item") -> None:
    spec = item.question.spec
    item.declarations.append(_declared("single", "identifier", ["true" if spec["is_true"] else "false"]))
    item.processing.append(_if_right(item.question.points))
    made, has_notes = [], False
    for name in ("true", "false"):
        note = ""
        if spec.get(f"feedback_{name}"):
            has_notes, note = True, _note(name, item.line(spec[f"feedback_{name}"]))
        made.append(f'<simpleChoice identifier="{name}">{name.capitalize()}{note}</simpleChoice>')
    if has_notes:
        item.outcomes.append(CHOSEN[0].format("single"))
        item.processing.append(CHOSEN[1])
    attributes = 'responseIdentifier="RESPONSE" shuffle="true" maxChoices="1"'
    interaction = f"<choiceInteraction {attributes}>{''.join(made)}</choiceInteraction>"
    item.body = f"<div>{item.block(item.question.prompt)}</div>{interaction}"


def _case(spec: dict[str, Any]) -> str:
    return f' caseSensitive="{"true" if spec.get("is_case_sensitive") else "false"}"'


def _short(item: "Item") -> None:
    spec = item.question.spec
    for pattern in spec.get("patterns", []):
        item.notes.no_place("pattern", pattern)
    if spec.get("exact"):
        item.notes.no_place("exact", "exact")
    points = Fraction(str(item.question.points))
    mapping = _mapping([(answer, points) for answer in spec["accept"]], each=_case(spec))
    item.declarations.append(_declared("single", "string", spec["accept"][:1], mapping))
    item.processing.append(SCORE.format(MAPPED.format("RESPONSE")))
    item.body = f"<div>{item.block(item.question.prompt)}</div><p>{_entry('RESPONSE')}</p>"


def _entry(name: str) -> str:
    return f'<textEntryInteraction responseIdentifier="{name}"/>'


def _number(item: "Item") -> None:
    spec = item.question.spec
    answer, _off = carrying.number(spec, item.notes, has_unit=True)
    if spec.get("asks_unit"):
        item.notes.no_place("unit", f"asks_unit: {spec['unit']}")
    mode = "relative" if "tolerance_percent" in spec else "absolute"
    off = spec.get("tolerance_percent", spec.get("tolerance", "0"))
    item.declarations.append(_declared("single", "float", [answer]))
    value = f'<baseValue baseType="float">{item.question.points:g}</baseValue>'
    equal = (
        f'<equal toleranceMode="{mode}" tolerance="{off} {off}">'
        '<variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></equal>'
    )
    item.processing.append(
        f"<responseCondition><responseIf>{equal}{SCORE.format(value)}</responseIf></responseCondition>"
    )
    unit = f' <span class="unit">{_text(spec["unit"])}</span>' if spec.get("unit") else ""
    item.body = f"<div>{item.block(item.question.prompt)}</div><p>{_entry('RESPONSE')}{unit}</p>"


def _matching(item: "Item") -> None:
    pairs, extra = item.question.spec["pairs"], item.question.spec.get("extra", [])
    rights = list(dict.fromkeys([*(pair["right"] for pair in pairs), *extra]))
    each = Fraction(str(item.question.points)) / len(pairs)
    right = [f"l{number} r{rights.index(pair['right']) + 1}" for number, pair in enumerate(pairs, start=1)]
    item.declarations.append(_declared("multiple", "directedPair", right, _mapping([(pair, each) for pair in right])))
    item.processing.append(SCORE.format(MAPPED.format("RESPONSE")))

    def side(letter: str, texts: list[str], most: int) -> str:
        name = "simpleAssociableChoice"
        made = "".join(
            f'<{name} identifier="{letter}{number}" matchMax="{most}">{item.line(text)}</{name}>'
            for number, text in enumerate(texts, start=1)
        )
        return f"<simpleMatchSet>{made}</simpleMatchSet>"

    sets = side("l", [pair["left"] for pair in pairs], 1) + side("r", rights, len(pairs))
    attributes = f'responseIdentifier="RESPONSE" shuffle="true" maxAssociations="{len(pairs)}"'
    interaction = f"<matchInteraction {attributes}>{sets}</matchInteraction>"
    item.body = f"<div>{item.block(item.question.prompt)}</div>{interaction}"


def _ordering(item: "Item") -> None:
    if item.question.spec.get("scoring") != "all":
        item.notes.changed("scoring", "partial", "all")
        item.tags.append("scoring-partial")
    texts = item.question.spec["items"]
    item.declarations.append(_declared("ordered", "identifier", [f"c{at}" for at in range(1, len(texts) + 1)]))
    item.processing.append(_if_right(item.question.points))
    made = "".join(
        f'<simpleChoice identifier="c{at}">{item.line(text)}</simpleChoice>' for at, text in enumerate(texts, 1)
    )
    item.body = (
        f"<div>{item.block(item.question.prompt)}</div>"
        f'<orderInteraction responseIdentifier="RESPONSE" shuffle="true">{made}</orderInteraction>'
    )


def _essay(item: "Item") -> None:
    for name in ("min_words", "max_words"):
        if name in item.question.spec:
            item.notes.no_place("words", f"{name}: {item.question.spec[name]}")
    item.declarations.append('<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="string"/>')
    item.body = f'{_asked(item)}<extendedTextInteraction responseIdentifier="RESPONSE"/>'


def _upload(item: "Item") -> None:
    spec = item.question.spec
    item.notes.no_place("file", f"{', '.join(spec['accept'])}: {spec['most']}")
    item.declarations.append('<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="file"/>')
    item.body = f'{_asked(item)}<uploadInteraction responseIdentifier="RESPONSE"/>'


def _asked(item: "Item") -> str:
    model = item.question.spec.get("model_answer", "")
    scorers = f'<rubricBlock view="scorer">{item.block(model)}</rubricBlock>' if model else ""
    return f"<div>{item.block(item.question.prompt)}</div>{scorers}"


def _blanks(item: "Item") -> None:
    spec, marks = item.question.spec, {}
    text = spec["text"]
    each = Fraction(str(item.question.points)) / len(spec["blanks"])
    names = sorted(spec["blanks"], key=lambda name: text.index(f"{{{name}}}"))
    for number, name in enumerate(names, start=1):
        marks[f"yurtblank{number}x"] = f"RESPONSE{number}"
        text = text.replace(f"{{{name}}}", f"yurtblank{number}x")
        accepted = spec["blanks"][name]
        mapping = _mapping([(answer, each) for answer in accepted], each=_case(spec))
        item.declarations.append(_declared("single", "string", accepted[:1], mapping, f"RESPONSE{number}"))
    made = item.block(text)
    for mark, name in marks.items():
        made = made.replace(mark, _entry(name))
    mapped = "".join(MAPPED.format(name) for name in marks.values())
    item.processing.append(SCORE.format(f"<sum>{mapped}</sum>"))
    item.body = f'<div>{item.block(item.question.prompt)}</div><div class="{BLANKS}">{made}</div>'


KINDS: dict[str, Callable[["Item"], None]] = {
    "single": _single,
    "multiple": _multiple,
    "truefalse": _truth,
    "text": _short,
    "numeric": _number,
    "matching": _matching,
    "ordering": _ordering,
    "essay": _essay,
    "upload": _upload,
    "blanks": _blanks,
}
