"""How each type looks: axe finds nothing, and nothing is wider than a phone; in the attempt and in the result."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import jinja2
import pytest
from playwright.sync_api import Page

from config import ROOT
from question_types import TYPES
from question_types.samples import samples_of
from services import markdown
from services.quizzes.reveal import EVERYTHING, NOTHING, Reveal
from tests.browsers import browser, context, context_options, page, playwright
from tests.journey.test_accessibility import faults

__all__ = ["browser", "context", "context_options", "page", "playwright"]
SHEETS = ("tokens", "base", "components", "prose", "pages")
LAYOUT = """<!doctype html><html lang="en"><head><title>Questions</title>
<meta name="viewport" content="width=device-width">
<style>{styles}</style></head><body><main class="page"><h1>Questions</h1>
<fieldset class="question card"><legend><span class="question-number">1</span></legend>
<div class="prose prose-plain" id="prompt-1"><p>What is it?</p></div>{part}</fieldset></main></body></html>"""


def templates() -> jinja2.Environment:
    """Return an environment with what types' templates use."""
    loader = jinja2.PrefixLoader({"question_types": jinja2.FileSystemLoader(ROOT / "question_types")})
    made = jinja2.Environment(loader=loader, autoescape=True, extensions=["jinja2.ext.i18n"])
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # of the extension
    made.filters.update(inline=lambda text: jinja2.filters.Markup(markdown.render_inline(text)), plain=markdown.plain)
    made.globals["read_as"] = lambda version, response: None
    made.globals["line"] = lambda text: jinja2.filters.Markup(markdown.render_line(text))
    made.globals["with_pictures"] = lambda html, _course: jinja2.filters.Markup(html)
    made.globals["picture_url"] = lambda _course, _path: picture("")
    made.globals["picture_size"] = lambda _course, _path: ""
    made.globals.update(course={"slug": "shell"}, attempt={"id": 1}, url_for=picture)
    return made


def picture(endpoint: str, *, slug: str = "", path: str = "", **_other: object) -> str:
    """Return a picture of the demo course, as an address that needs no site; of another page, some address."""
    if not path:
        return f"/{endpoint}"
    data = (ROOT / "courses" / "linux-from-the-shell" / "files" / path).read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"


def look(name: str, raw: dict[str, Any], answer: str, shown: Reveal = EVERYTHING) -> str:
    """Return a page with one question: not answered, or its result for an answer of the samples, as far as shown."""
    asked, samples = TYPES[name], samples_of(name)
    spec = json.loads(json.dumps(asked.parse(raw)))
    frozen = asked.freeze(spec, random.Random(1), True)
    response = asked.clean(spec, {"right": samples.right, "wrong": samples.wrong}.get(answer))
    is_result = bool(answer)
    is_correct = answer == "right" if shown.correctness else None
    item = {"position": 1, "response": response, "frozen": frozen, "is_correct": is_correct}
    item |= shown.of_solution(asked.explain(spec, response, frozen), response) if is_result else {}
    file = "result.html" if is_result and (ROOT / "question_types" / name / "result.html").exists() else "item.html"
    template = templates().get_template(f"question_types/{name}/{file}")
    sheets = [ROOT / "static" / "css" / f"{sheet}.css" for sheet in SHEETS]
    sheets += [ROOT / "question_types" / name / "item.css"]
    styles = "\n".join(sheet.read_text() for sheet in sheets if sheet.exists())
    part = template.render(item=item, is_result=is_result, shown=asked.show(spec, frozen))
    return LAYOUT.format(styles=styles, part=part)


@pytest.mark.parametrize("answer", ["", "right", "wrong"])
@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_for_everybody(page: Page, name: str, answer: str) -> None:
    page.set_content(look(name, dict(samples_of(name).raw), answer))

    assert faults(page) == []


@pytest.mark.parametrize("answer", ["", "wrong"])
@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_no_wider_than_a_phone(page: Page, name: str, answer: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.set_content(look(name, dict(samples_of(name).raw), answer))

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_question_of_the_samples_can_be_shown() -> None:
    for name in TYPES:
        for raw in samples_of(name).more:
            assert "What is it?" in look(name, dict(raw), ""), Path(name)


@pytest.mark.parametrize("name", TYPES)
def test_a_result_tells_no_more_than_is_shown(name: str) -> None:
    samples = samples_of(name)
    hidden = look(name, dict(samples.raw), "wrong", NOTHING).partition("</style>")[2]
    shown = look(name, dict(samples.raw), "wrong").partition("</style>")[2]

    for mark in ("choice-right", "choice-wrong", "badge-good", "badge-bad", "spot-area", "Right:", "model answer"):
        assert mark not in hidden
    assert hidden != shown
