"""Formula: each attempt draws its own numbers, and the answer is computed from them."""

import re
from decimal import Decimal
from fractions import Fraction
from html import escape
from random import Random
from typing import Any

from pydantic import Field

from question_types import evaluating, numbers, raw, typed
from question_types.asked import Asked, Computed, Part
from question_types.base import NOTHING, WHOLE, Frozen, QuestionType, Spec
from reasons import N_
from services.errors import InvalidInput

MAX_LENGTH = 40
MAX_PARAMETERS = 10
MAX_VALUES = 10_000
# How many draws are tried when a question is read, beside the ends of all ranges.
TRIED = 200
USUAL_PERCENT = "1"
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,19}")
_SHOWN = re.compile(r"\{([a-zA-Z][a-zA-Z0-9_]{0,19})\}")
# The same in mathematics, where LaTeX has its braces escaped: each letter is an element of its own.
_SHOWN_IN_MATHEMATICS = re.compile(r"<mo[^<>]*>\{</mo>((?:<m[in]>[a-zA-Z0-9]+</m[in]>)+)<mo[^<>]*>\}</mo>")


class AskedParameter(Part):
    """A range of numbers, from which each attempt draws one."""

    name: str = Field(description="One word of letters; the prompt shows the number as {name}.")
    low: str
    high: str
    step: str


class AskedValue(Part):
    """A number that an example takes for a parameter."""

    name: str
    value: str


class AskedFormula(Asked):
    """Parameters, the formula of the answer, and an example that was worked out by itself."""

    parameters: list[AskedParameter] = Field(min_length=1, max_length=4)
    answer: str = Field(
        description="A formula in the parameters' names, with + - * / ^ ( ) and sqrt, sin, log and the like."
    )
    tolerance_percent: str = Field(description="How far an answer may be off, in per cent.")
    unit: str = Field(description="The unit, or an empty text.")
    example: list[AskedValue] = Field(description="A value for each parameter.")
    example_answer: str = Field(description="The answer for these values, worked out by hand.")

    def fields(self) -> dict[str, Any]:
        """Return them as authors write parameters, without the example."""
        ranges = {each.name: {"from": each.low, "to": each.high, "step": each.step} for each in self.parameters}
        own = {"answer": self.answer, "tolerance_percent": self.tolerance_percent, "unit": self.unit}
        return {"parameters": ranges, **own}

    def computed(self) -> Computed | None:
        """Compute the example by the formula; it agrees where the example would earn the marks."""
        spec, values = parse(self.fields()), {each.name: each.value for each in self.example}
        read = {name: numbers.read(value) for name, value in values.items()}
        known = {name: str(value) for name, value in read.items() if value is not None}
        if known.keys() != spec["parameters"].keys():
            return Computed(self.example_answer, None, agrees=False)
        made = evaluating.number(spec["answer"], known)
        if made is None:
            return Computed(self.example_answer, None, agrees=False)
        agrees = grade(spec, self.example_answer, {"values": known, "unit": ""}) == WHOLE
        return Computed(self.example_answer, evaluating.said(made), agrees)


def parse(written: dict[str, Any]) -> Spec:
    """Read parameters (ranges or lists of values), answer (a formula), its tolerance, and unit."""
    raw.only(written, "parameters", "answer", "tolerance", "tolerance_percent", "unit")
    given = written.get("parameters")
    if not isinstance(given, dict) or not 1 <= len(given) <= MAX_PARAMETERS:
        raise InvalidInput(
            "parameters", f"must have 1 to {MAX_PARAMETERS} parameters, each with from, to and step, or values"
        )
    parameters = {str(name): _parameter(str(name), value) for name, value in given.items()}
    formula = written.get("answer")
    if (
        isinstance(formula, bool)
        or not isinstance(formula, (str, int, float))
        or not 0 < len(str(formula)) <= evaluating.MAX_FORMULA
        or raw.UNKEPT.search(str(formula))
    ):
        raise InvalidInput("answer", f"must be a formula of at most {evaluating.MAX_FORMULA} characters")
    spec: Spec = {"parameters": parameters, "answer": str(formula).strip(), "unit": raw.text(written, "unit", "")}
    spec |= _tolerance(written)
    _try(spec)
    return spec


def _parameter(name: str, given: Any) -> dict[str, Any]:
    place = f"parameters.{name}"
    if not _NAME.fullmatch(name) or name in evaluating.CONSTANTS or name in evaluating.FUNCTIONS:
        raise InvalidInput(place, "must be named by letters, digits and _, and not as a constant or function is")
    if not isinstance(given, dict):
        raise InvalidInput(place, "must have from, to and step, or values")
    raw.only(given, "from", "to", "step", "values", inside=f"{place}.")
    if "values" in given:
        raw.only(given, "values", inside=f"{place}.")
        values = raw.listed(given, "values", 1, 100, inside=f"{place}.")
        return {"values": [numbers.say(number(f"{place}.values[{at}]", value)) for at, value in enumerate(values, 1)]}
    low, high = (number(f"{place}.{name}", given.get(name)) for name in ("from", "to"))
    step = number(f"{place}.step", given.get("step", 1))
    if high < low:
        raise InvalidInput(f"{place}.to", "must not be below from")
    if step <= 0 or (high - low) / step >= MAX_VALUES:
        raise InvalidInput(f"{place}.step", f"must be above zero, and leave at most {MAX_VALUES} values")
    return {"from": numbers.say(low), "to": numbers.say(high), "step": numbers.say(step)}


def number(field: str, value: Any) -> Decimal:
    """Return an author's number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InvalidInput(field, "must be a number")
    read = None if numbers.is_ambiguous(str(value)) else numbers.read(str(value))
    if read is None or abs(read.adjusted()) > 15:
        raise InvalidInput(field, "must be a number, with a decimal point where it needs one")
    return read


def _tolerance(written: dict[str, Any]) -> dict[str, str]:
    if "tolerance" in written and "tolerance_percent" in written:
        raise InvalidInput("tolerance_percent", "stands beside tolerance; give one of them")
    name = "tolerance" if "tolerance" in written else "tolerance_percent"
    allowed = number(name, written.get(name, USUAL_PERCENT))
    if allowed < 0:
        raise InvalidInput(name, "must not be below zero")
    return {name: numbers.say(allowed)}


def _try(spec: Spec) -> None:
    """Compute the answer of many variants: one that can't be asked is told to its author, not to a student."""
    try:
        evaluating.read(spec["answer"])
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise InvalidInput("answer", f"is no formula: {error}"[:300]) from error
    rng = Random(1)
    ends = [{name: side(parameter) for name, parameter in spec["parameters"].items()} for side in (_low, _high)]
    draws = [{name: draw(parameter, rng) for name, parameter in spec["parameters"].items()} for _ in range(TRIED)]
    for values in [*ends, *draws]:
        try:
            compute(spec, values)
        except evaluating.UNDEFINED as error:
            said = ", ".join(f"{name} = {value}" for name, value in values.items())
            raise InvalidInput("answer", f"can't be computed for {said}: {error}"[:300]) from error


def _low(parameter: dict[str, Any]) -> str:
    return str(parameter["values"][0] if "values" in parameter else parameter["from"])


def _high(parameter: dict[str, Any]) -> str:
    return str(parameter["values"][-1] if "values" in parameter else parameter["to"])


def draw(parameter: dict[str, Any], rng: Random) -> str:
    """Return one value of a parameter, as it is shown."""
    if "values" in parameter:
        return str(rng.choice(parameter["values"]))
    low, high, step = (Decimal(parameter[name]) for name in ("from", "to", "step"))
    return numbers.say(low + step * rng.randint(0, int((high - low) / step)))


def compute(spec: Spec, values: dict[str, str]) -> Fraction:
    """Return the answer for these values."""
    return evaluating.compute(spec["answer"], values)


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Draw the numbers; also where nothing is shuffled, each attempt has its own."""
    values = {name: draw(spec["parameters"][name], rng) for name in sorted(spec["parameters"])}
    return {"values": values, "unit": spec["unit"]}


def prompt(html: str, spec: Spec, frozen: Frozen) -> str:
    """Put the numbers where the question's text has their names in braces."""
    values = {name: escape(str(value)) for name, value in frozen.get("values", {}).items()}

    def number(found: re.Match[str]) -> str:
        name = re.sub(r"</?m[in]>", "", found[1])
        return f"<mn>{values[name]}</mn>" if name in values else found[0]

    html = _SHOWN_IN_MATHEMATICS.sub(number, html)
    return _SHOWN.sub(lambda found: values.get(found[1], found[0]), html)


def clean(spec: Spec, response: Any) -> str | None:
    """Accept a number as typed; the text is kept as the student wrote it."""
    if isinstance(response, (int, float)) and not isinstance(response, bool):
        response = str(response)
    written = typed.text(response, MAX_LENGTH)
    return None if written is None else written.strip()


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give everything within the tolerance around what these numbers make."""
    given = None if response is None else numbers.read(response)
    if given is None:
        return NOTHING
    right = compute(spec, frozen["values"])
    if "tolerance" in spec:
        allowed = Fraction(spec["tolerance"])
    else:
        allowed = abs(right) * Fraction(spec["tolerance_percent"]) / 100
    # The answer was computed in floating point: its last digits are none of the student's faults.
    return WHOLE if abs(Fraction(given) - right) <= allowed + abs(right) * Fraction(1, 10**12) else NOTHING


def reading(spec: Spec, response: Any) -> str | None:
    """Say which number is graded; an empty text for what isn't one."""
    if response is None:
        return None
    read = numbers.read(response)
    return "" if read is None else numbers.say(read)


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name the answer of this variant, to six figures, with its formula."""
    made = evaluating.said(compute(spec, frozen["values"]))
    solution = f"{made} {spec['unit']}".strip()
    return {"solution": solution, "formula": spec["answer"], "notes": {}}


def buckets(spec: Spec, response: Any) -> list[str]:
    """Count what is a number: each attempt has another answer, so the numbers say nothing together."""
    if response is None:
        return []
    return ["number" if numbers.read(response) is not None else "no number"]


TYPE = QuestionType(
    title=N_("Formula"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    asked=AskedFormula,
    fields=("parameters", "from", "to", "step", "values", "answer", "tolerance", "tolerance_percent", "unit"),
    freeze=freeze,
    variant=lambda frozen: frozen["values"],
    prompt=prompt,
    reading=reading,
    buckets=buckets,
)
