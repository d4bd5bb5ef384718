"""How good a version of the prompts is: a model is asked of the repository's lessons, and the checks judge.

Nothing is kept. A lesson stands in `evaluation/`, with what is asked for at its head.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from models import GenerationDraft
from services import markdown
from services.generations import answers, checks, estimates, prompts, second
from services.generations.contract import Answer, Ask, CallFailed, Model
from services.generations.findings import is_refused
from services.generations.material import Material, text_of

# Where programs would be run: their keys are judged on a site alone.
LAB = "lab"
FOLDER = Path(__file__).parent / "evaluation"


@dataclass(frozen=True)
class Case:
    """A lesson, and what is asked of it."""

    name: str
    material: Material
    kinds: list[str]
    count: int
    language: str


@dataclass
class Outcome:
    """What came of a case: how many were written and are sound, how many the second reader answered alike, and why not.

    `failed` says that the model gave no answer that can be read.
    """

    name: str
    asked: int
    written: int = 0
    sound: int = 0
    with_choices: int = 0
    agreed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    failed: str = ""
    codes: Counter[str] = field(default_factory=Counter)


def cases() -> list[Case]:
    """Return the evaluation set, by name."""
    return [_case(path) for path in sorted(FOLDER.glob("*.md"))]


def _case(path: Path) -> Case:
    _before, head, body = path.read_text().split("---\n", 2)
    said = yaml.safe_load(head)
    title = body.strip().splitlines()[0].lstrip("# ")
    return Case(path.stem, Material(1, title, text_of(markdown.render(body))), **said)


def evaluate(model: Model, version: str) -> Iterator[Outcome]:
    """Ask for the questions of each case, and judge them."""
    for case in cases():
        outcome = Outcome(case.name, case.count)
        try:
            _evaluate(model, version, case, outcome)
        except CallFailed as error:
            outcome.failed = f"{type(error).__name__}, status {error.status}"
        except ValueError as error:
            outcome.failed = f"the answer {error}"
        yield outcome


def _evaluate(model: Model, version: str, case: Case, outcome: Outcome) -> None:
    mark = prompts.new_mark()
    told: dict[str, Any] = {"kinds": case.kinds, "difficulty": None, "language": case.language}
    messages = prompts.write(version, [case.material], mark=mark, count=case.count, **told)
    most = case.count * estimates.MOST_QUESTION_TOKENS
    said = _asked(model, Ask(messages, answers.questions_shape(case.kinds), most, f"evaluate-{mark}"), outcome)
    drafts, known = [], dict[str, str]()
    for number, read in enumerate(answers.read_questions(said.text, case.kinds, case.count), start=1):
        document, _spans, found = checks.judged(read, [case.material], known, LAB)
        known[f"{number}"] = checks.asked_text(document["kind"], document["prompt"], document["fields"])
        outcome.written += 1
        outcome.sound += not is_refused(found)
        outcome.codes.update(finding["reason"]["code"] for finding in found)
        if document["kind"] in prompts.CHOICES and not is_refused(found):
            drafts.append(GenerationDraft(id=number, document=document, findings=found))
    if drafts:
        _second(model, version, case, drafts, outcome)


def _second(model: Model, version: str, case: Case, drafts: list[GenerationDraft], outcome: Outcome) -> None:
    mark = prompts.new_mark()
    told = second.questions(drafts, mark)
    messages = prompts.check(version, [case.material], told, mark=mark, language=case.language)
    most = len(drafts) * estimates.MOST_SECOND_TOKENS
    said = _asked(model, Ask(messages, answers.SecondAnswers, most, f"evaluate-{mark}"), outcome)
    read = answers.read_second(said.text)
    for number, draft in enumerate(drafts, start=1):
        found = [finding["reason"]["code"] for finding in second.compared(second.choices_of(draft), read.get(number))]
        outcome.with_choices += 1
        outcome.agreed += "draft_second_agrees" in found
        outcome.codes.update(found)


def _asked(model: Model, ask: Ask, outcome: Outcome) -> Answer:
    said = model.ask(ask)
    outcome.tokens_in += said.tokens_in
    outcome.tokens_out += said.tokens_out
    return said
