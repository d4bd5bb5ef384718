"""What an item of QTI 2 asks, by its interactions."""

import re
from fractions import Fraction
from typing import Any

from question_types.upload.kinds import KINDS as UPLOADED
from reasons import Code, Reason
from services.formats import building, hypertext, xml
from services.formats.base import Item, NotCarried
from services.formats.building import Option
from services.formats.gaps import GAP, parted
from services.formats.qti21.item import INLINE, MARK, Question, Response, shown
from services.formats.qti21.writing_kinds import BLANKS

_MARKED = re.compile("\ue000(\\d+)\ue001")


def read(question: Question, item: Item) -> None:
    """Read what is asked into the item; raise NotCarried for what has no form here."""
    asked = question.interactions
    names = [xml.name_of(each) for each in asked]
    if not asked:
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind="description"))
    if names == ["gapMatchInteraction"]:
        _gaps(question, item, asked[0])
    elif all(name in INLINE for name in names):
        _inline(question, item, asked)
    elif len(asked) == 1 and names[0] in _KINDS:
        item.prompt = question.block(question.html({}))
        _KINDS[names[0]](question, item, asked[0])
    else:
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=", ".join(dict.fromkeys(names))[:200]))


def _choice(question: Question, item: Item, asked: Any) -> None:
    response, choices = question.response(asked), xml.children(asked, "simpleChoice")
    is_single = response.cardinality == "single" or asked.get("maxChoices") == "1"
    if asked.get("shuffle") == "false" or any(each.get("fixed") == "true" for each in choices):
        question.notes.no_place("order", "shuffle: false" if asked.get("shuffle") == "false" else "fixed: true")
    credit = _credits(question, response, is_single=is_single)
    options = [
        Option(question.line(each, "feedbackInline"), credit(str(each.get("identifier"))), _note(question, each))
        for each in choices
    ]
    truth = {str(each.get("identifier")).lower() for each in choices}
    if is_single and truth == {"true", "false"}:
        right = [each for each in choices if credit(str(each.get("identifier"))) >= 1]
        if len(right) == 1 and {option.text.lower() for option in options} == {"true", "false"}:
            notes = {f"feedback_{option.text.lower()}": option.feedback for option in options if option.feedback}
            item.kind = "truefalse"
            item.fields = {"is_true": str(right[0].get("identifier")).lower() == "true", **notes}
            return
    if is_single:
        item.kind, item.fields = building.single(options, question.notes)
        return
    is_all = not (question.is_mapped and response.mapped)
    item.kind, item.fields = building.multiple(options, question.notes, is_all_or_nothing=is_all)


def _note(question: Question, choice: Any) -> str:
    found = [question.line(each) for each in xml.below(choice, "feedbackInline")]
    return " ".join(each for each in found if each)


def _credits(question: Question, response: Response, *, is_single: bool) -> Any:
    """Return a function from a value to the share of the marks that it earns."""
    if question.is_mapped and response.mapped:
        positive = [value for value in response.mapped.values() if value > 0]
        most = question.most or (max(positive, default=Fraction(0)) if is_single else sum(positive, Fraction(0)))
        most = most or Fraction(1)
        return lambda value: response.mapped.get(value, Fraction(0)) / most
    many = 1 if is_single else max(1, len(response.correct))
    wrong = Fraction(0) if is_single else Fraction(-1, many)
    return lambda value: Fraction(1, many) if value in response.correct else wrong


def _inline(question: Question, item: Item, asked: list[Any]) -> None:
    """Read what is typed or chosen in the text: one that ends it is a short text or a number, others are blanks."""
    html = question.html({each: MARK.format(number) for number, each in enumerate(asked, start=1)})
    made = question.block(html)
    first = question.response(asked[0])
    if len(asked) == 1 and xml.name_of(asked[0]) == "inlineChoiceInteraction":
        item.prompt = _MARKED.sub(GAP, made)
        credit = _credits(question, first, is_single=True)
        options = [
            Option(question.line(each), credit(str(each.get("identifier"))))
            for each in xml.children(asked[0], "inlineChoice")
        ]
        item.kind, item.fields = building.single(options, question.notes)
        return
    before, mark, after = made.partition(MARK.format(1))
    is_text = any(each.get("class") == BLANKS for each in asked[0].iterancestors())
    is_field = first.base in ("float", "integer") or not after.strip(" .?!:")
    if len(asked) == 1 and is_field and not is_text:
        item.prompt = before.strip() if not after.strip(" .?!:") else _MARKED.sub(GAP, made)
        if first.base in ("float", "integer"):
            _number(question, item, asked[0], first)
        else:
            item.kind, item.fields = _text(question, first)
        return
    blanks = {str(number): _accepted(question, each) for number, each in enumerate(asked, start=1)}
    is_sensitive = all(
        question.response(each).is_case_sensitive for each in asked if xml.name_of(each) == "textEntryInteraction"
    )
    _settle(
        question,
        item,
        made,
        blanks,
        is_case_sensitive=is_sensitive and not question.is_mapped or _all_said(question, asked),
    )
    if not question.is_mapped and len(asked) > 1 and question.response(asked[0]).mapped == {}:
        question.notes.changed("scoring", "all", "partial")


def _all_said(question: Question, asked: list[Any]) -> bool:
    """Whether each typed answer has a mapping that minds upper and lower case."""
    typed = [each for each in asked if xml.name_of(each) == "textEntryInteraction"]
    found = [question.response(each) for each in typed]
    return bool(found) and all(each.mapped and each.is_case_sensitive for each in found)


def _text(question: Question, response: Response) -> tuple[str, dict[str, Any]]:
    credit = _credits(question, response, is_single=True)
    texts = list(dict.fromkeys([*response.correct, *response.mapped]))
    options = [Option(text.replace("*", "\\*"), _worth(text, response, credit)) for text in texts]
    return building.text(options, question.notes, is_case_sensitive=response.is_case_sensitive)


def _worth(text: str, response: Response, credit: Any) -> Fraction:
    return Fraction(1) if text in response.correct else Fraction(credit(text))


def _number(question: Question, item: Item, asked: Any, response: Response) -> None:
    if not response.correct:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    item.kind, item.fields = "numeric", building.numeric(response.correct[0], "0")
    equal = next(iter(xml.below(question.element, "equal")), None)
    off = str(equal.get("tolerance") or "").split() if equal is not None else []
    if equal is not None and off and (read := building.number(off[-1])) is not None:
        if len(set(off)) > 1:
            question.notes.changed("tolerance", " ".join(off), off[-1])
        name = "tolerance_percent" if equal.get("toleranceMode") == "relative" else "tolerance"
        item.fields[name] = building.say(abs(read))
    unit = [xml.words(each) for each in question.body.iterdescendants() if each.get("class") == "unit"]
    if unit and unit[0]:
        item.fields["unit"] = unit[0]


def _accepted(question: Question, asked: Any) -> list[str]:
    """Return what fills a blank."""
    response = question.response(asked)
    if xml.name_of(asked) == "inlineChoiceInteraction":
        texts = {
            str(each.get("identifier")): hypertext.plain(shown(each)) for each in xml.children(asked, "inlineChoice")
        }
        for name, text in texts.items():
            if name not in response.correct:
                question.notes.no_place("choices", text)
        accepted = [texts[name] for name in response.correct if name in texts]
    else:
        best = max(response.mapped.values(), default=Fraction(0))
        accepted = [
            *response.correct,
            *(text for text, value in response.mapped.items() if value == best and value > 0),
        ]
        for text, value in response.mapped.items():
            if text not in accepted and value > 0:
                question.notes.changed("credit", f"{text}: {float(value):g}", "0 %")
    accepted = [text for text in dict.fromkeys(accepted) if text]
    if not accepted:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    return accepted


def _settle(
    question: Question, item: Item, text: str, blanks: dict[str, list[str]], *, is_case_sensitive: bool
) -> None:
    before, text = parted(text, _MARKED)
    item.kind = "blanks"
    item.prompt = before or hypertext.escape(item.name, is_at_start=True)
    item.fields = {"text": _MARKED.sub(lambda each: f"{{{each[1]}}}", text), "blanks": blanks}
    if is_case_sensitive:
        item.fields["is_case_sensitive"] = True


def _gaps(question: Question, item: Item, asked: Any) -> None:
    """Read words to drag into a text as blanks."""
    gaps = list(xml.below(asked, "gap"))
    words = {str(each.get("identifier")): hypertext.plain(shown(each)) for each in xml.children(asked, "gapText")}
    response = question.response(asked)
    right: dict[str, list[str]] = {}
    for pair in [*response.correct, *(pair for pair, value in response.mapped.items() if value > 0)]:
        word, _space, gap = pair.partition(" ")
        if words.get(word):
            right.setdefault(gap.strip(), []).append(words[word])
    names = [str(each.get("identifier")) for each in gaps]
    if not names or any(name not in right for name in names):
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    used = {word for each in right.values() for word in each}
    for word in words.values():
        if word and word not in used:
            question.notes.no_place("choices", word)
    made = question.block(question.html({each: MARK.format(number) for number, each in enumerate(gaps, start=1)}))
    blanks = {str(number): list(dict.fromkeys(right[name])) for number, name in enumerate(names, start=1)}
    _settle(question, item, made, blanks, is_case_sensitive=False)


def _match(question: Question, item: Item, asked: Any) -> None:
    sets = xml.children(asked, "simpleMatchSet")
    if len(sets) == 2:
        lefts, rights = (xml.children(each, "simpleAssociableChoice") for each in sets)
    else:
        lefts = rights = xml.children(asked, "simpleAssociableChoice")
    response = question.response(asked)
    texts = {str(each.get("identifier")): question.line(each) for each in (*lefts, *rights)}
    pairs: dict[str, str] = {}
    for said in response.correct or [pair for pair, value in response.mapped.items() if value > 0]:
        left, _space, right = said.partition(" ")
        if left in pairs:
            raise NotCarried("answers", Reason(Code.MOVE_NO_PLACE, value=said[:200]))
        pairs[left] = right.strip()
    wanted = [str(each.get("identifier")) for each in lefts if str(each.get("identifier")) in pairs]
    made = [{"left": texts[left], "right": texts.get(pairs[left], "")} for left in wanted]
    if len(sets) == 2:
        for each in lefts:
            if str(each.get("identifier")) not in pairs:
                question.notes.no_place("answers", texts[str(each.get("identifier"))])
    used = {*pairs.values(), *pairs}
    extra = [text for each in rights if (name := str(each.get("identifier"))) not in used and (text := texts[name])]
    extra = [text for text in dict.fromkeys(extra) if text not in {pair["right"] for pair in made}]
    item.kind, item.fields = "matching", {"pairs": made, **({"extra": extra} if extra else {})}
    if not question.is_mapped:
        question.notes.changed("scoring", "all", "partial")


def _order(question: Question, item: Item, asked: Any) -> None:
    texts = {str(each.get("identifier")): question.line(each) for each in xml.children(asked, "simpleChoice")}
    order = [name for name in question.response(asked).correct if name in texts]
    if len(order) != len(texts):
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    item.kind, item.fields = "ordering", {"items": [texts[name] for name in order]}
    if "scoring-partial" in item.tags:
        item.tags = [tag for tag in item.tags if tag != "scoring-partial"]
    else:
        item.fields["scoring"] = "all"


def _essay(question: Question, item: Item, asked: Any) -> None:
    item.kind, item.fields = "essay", _model(question)


def _upload(question: Question, item: Item, asked: Any) -> None:
    item.kind, item.fields = "upload", {"accept": list(UPLOADED), **_model(question)}


def _model(question: Question) -> dict[str, Any]:
    """Return the answer that is for scorers."""
    found = [each for each in xml.below(question.body, "rubricBlock") if "scorer" in str(each.get("view") or "")]
    said = question.block(shown(found[0])) if len(found) == 1 else ""
    return {"model_answer": said} if said else {}


_KINDS: dict[str, Any] = {
    "choiceInteraction": _choice,
    "matchInteraction": _match,
    "associateInteraction": _match,
    "orderInteraction": _order,
    "extendedTextInteraction": _essay,
    "uploadInteraction": _upload,
}
