"""Questions of the bank as Hypothesis makes them: every kind that goes out, with texts full of what means something."""

from typing import Any

from hypothesis import strategies as st

from question_types import type_of
from services.archive.content import QuestionContent

# Letters, and what means something in Markdown, HTML, XML, GIFT or a cloze.
_LETTERS = "abc XYZ 1 2 äß 漢"
_MARKS = "*_[]{}<>&#~=:|-+.()!\"'/\\%;,?@^`"
WORDS = st.text(st.sampled_from(_LETTERS + _MARKS), min_size=1, max_size=16).map(lambda text: " ".join(text.split()))


def _is_plain(text: str) -> bool:
    """Whether a text is one that an author can mean: its words are seen, and none of it is a tag or a dangling mark."""
    return bool(text) and any(char.isalnum() for char in text)


def plain() -> Any:
    """Answers that students type: any words."""
    return WORDS.filter(_is_plain).filter(lambda text: text.strip() == text)


def escaped(text: str) -> str:
    """Return text as Markdown that shows it, as careful authors write it."""
    return "".join(f"\\{char}" if char in _MARKS else char for char in text)


def line() -> Any:
    """A line of Markdown: words, emphasis, code and mathematics."""
    word = st.sampled_from(["one", "two", "*three*", "`ls -a`", "$`x_1^2`$", "**four**", "5"])
    words = st.lists(word, min_size=1, max_size=3).map(" ".join)
    return st.one_of(plain().map(escaped), words)


def block() -> Any:
    """Markdown of several paragraphs, lists and code."""
    parts = st.one_of(
        line(),
        st.just("- one\n- two"),
        st.just("```sh\nls -a  | wc\n```"),
        st.just("| a | b |\n| --- | --- |\n| 1 | 2 |"),
    )
    return st.lists(parts, min_size=1, max_size=3).map("\n\n".join)


def lines(least: int, most: int) -> Any:
    """Lines that differ by what is seen of them."""
    return st.lists(
        line(), min_size=least, max_size=most, unique_by=lambda text: "".join(filter(str.isalnum, text.lower()))
    ).filter(lambda found: all(any(map(str.isalnum, text)) for text in found))


def answers(most: int = 3) -> Any:
    """Accepted answers that differ, whatever their case."""
    return st.lists(plain(), min_size=1, max_size=most, unique_by=str.casefold)


def _choices(many_right: Any, scoring: Any) -> Any:
    def made(found: tuple[list[str], int, str, str]) -> dict[str, Any]:
        texts, right, note, how = found
        right = min(right, len(texts))
        choices = [
            {"text": text, "is_correct": at < right, "feedback": note if at == 0 else ""}
            for at, text in enumerate(texts)
        ]
        return {"choices": choices, **({"scoring": how} if how else {})}

    return st.tuples(lines(2, 5), many_right, st.one_of(st.just(""), line()), scoring).map(made)


def _blanks(found: tuple[list[str], list[list[str]], str, str]) -> dict[str, Any]:
    words, accepted, text, end = found
    for number, _each in enumerate(accepted, start=1):
        text += f" {words[number % len(words)] if number > 1 else ''} {{{number}}}"
    return {
        "text": f"{text}{end}".strip(),
        "blanks": {str(number): each for number, each in enumerate(accepted, start=1)},
    }


def _pairs(found: tuple[list[str], list[str]]) -> dict[str, Any]:
    lefts, rights = found
    pairs = [{"left": left, "right": right} for left, right in zip(lefts, rights, strict=False)]
    extra = rights[len(lefts) :]
    return {"pairs": pairs, **({"extra": extra} if extra else {})}


_NUMBERS = st.decimals(-1000, 1000, places=3, allow_nan=False).map(lambda value: format(value.normalize(), "f"))
_STEPS = st.sampled_from(["0.01", "0.5", "1", "20"])
_NOTES = {"feedback_true": line(), "feedback_false": line()}
_UNITS = {"tolerance": _STEPS, "unit": st.sampled_from(["m", "km/h"])}
_STARTS, _ENDS = st.sampled_from(["Start of", ""]), st.sampled_from([" end", ".", ""])
_BETWEEN = st.lists(st.sampled_from(["of", "and", "the *good*", "`code`"]), min_size=1)
RAW: dict[str, Any] = {
    "single": _choices(st.just(1), st.just("")),
    "multiple": _choices(st.integers(1, 4), st.sampled_from(["", "all"])),
    "truefalse": st.fixed_dictionaries({"is_true": st.booleans()}, optional=_NOTES),
    "text": st.fixed_dictionaries({"accept": answers()}, optional={"is_case_sensitive": st.booleans()}),
    "numeric": st.fixed_dictionaries({"answer": _NUMBERS}, optional=_UNITS),
    "matching": st.tuples(lines(2, 4), lines(2, 6)).filter(lambda found: len(found[0]) <= len(found[1])).map(_pairs),
    "ordering": st.fixed_dictionaries(
        {"items": lines(2, 5)}, optional={"scoring": st.sampled_from(["all", "partial"])}
    ),
    "essay": st.fixed_dictionaries({}, optional={"model_answer": block()}),
    "blanks": st.tuples(_BETWEEN, st.lists(answers(2), min_size=1, max_size=3), _STARTS, _ENDS).map(_blanks),
    "formula": st.fixed_dictionaries(
        {
            "parameters": st.just({"a": {"from": 1, "to": 9}, "b": {"values": ["0.5", "2"]}}),
            "answer": st.sampled_from(["a + b", "a^b * 2", "sqrt(a) / (b + 1)", "a - (b - 1)", "pi * a % 3"]),
            "tolerance": st.sampled_from(["0.1", "2"]),
        }
    ),
}


def documents(kind: str) -> Any:
    """Questions of a kind."""

    def made(found: tuple[dict[str, Any], str, str]) -> QuestionContent:
        raw, prompt, feedback = found
        return QuestionContent("q-1", kind, prompt.strip(), type_of(kind).parse(raw), feedback=feedback.strip())

    return st.tuples(RAW[kind], block(), st.one_of(st.just(""), block())).map(made)
