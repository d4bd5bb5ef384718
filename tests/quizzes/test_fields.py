"""A type's part of the page, in Chromium: what is entered there is the response, with scripts and without."""

import json
import mimetypes
import random
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest
from markupsafe import Markup
from playwright.sync_api import Page, Route
from werkzeug.datastructures import MultiDict

from blueprints.quizzes.responses import form_of
from config import ROOT
from question_types import TYPES, QuestionType
from question_types.samples import Samples, samples_of
from tests.browsers import browser, context, context_options, page, playwright

__all__ = ["browser", "context", "context_options", "page", "playwright"]
ADDRESS = "http://fields.test/"
SCRIPT = "question-types/item.js"
START = """async () => {
    const { Field, scriptOf } = await import("/static/js/quiz-field.js");
    const box = document.querySelector("fieldset");
    window.changes = 0;
    box.addEventListener("input", () => { window.changes += 1; });
    window.field = new Field(box, await scriptOf(box));
}"""
SENT = "() => [...new FormData(document.forms[0])].map(([name, value]) => [name, String(value)])"


@pytest.fixture(params=TYPES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a type."""
    return str(request.param)


@pytest.fixture
def asked(name: str) -> QuestionType:
    """The type."""
    return TYPES[name]


@pytest.fixture
def samples(name: str) -> Samples:
    """Its samples."""
    return samples_of(name)


@pytest.fixture
def spec(asked: QuestionType, samples: Samples) -> dict[str, Any]:
    """What an author asks, as it is stored."""
    stored: dict[str, Any] = json.loads(json.dumps(asked.parse(dict(samples.raw))))
    return stored


@pytest.fixture
def form(page: Page, asked: QuestionType, name: str, spec: dict[str, Any]) -> Iterator[Page]:
    """A page with nothing but the type's part of it, not answered yet, its script started."""
    script = ROOT / "question_types" / name / "item.js"
    own = f'data-script="/{SCRIPT}"' if script.exists() else ""
    html = f"<!doctype html><title>x</title><form><fieldset {own}>{part(asked, name, spec)}</fieldset></form>"

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if path:
            file = script if path == SCRIPT else ROOT / path
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(path)[0])
        else:
            route.fulfill(body=html, content_type="text/html")

    page.route(f"{ADDRESS}**", serve)
    page.goto(ADDRESS)
    page.evaluate(START)
    yield page


def part(asked: QuestionType, name: str, spec: dict[str, Any]) -> str:
    """Return the HTML of a type's part."""
    loader = jinja2.PrefixLoader({"question_types": jinja2.FileSystemLoader(ROOT / "question_types")})
    templates = jinja2.Environment(loader=loader, autoescape=True, extensions=["jinja2.ext.i18n"])
    templates.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # of the extension
    templates.filters["inline"] = templates.filters["plain"] = str
    templates.globals.update(course={"slug": "shell"}, attempt={"id": 1}, url_for=lambda _endpoint, **_values: "data:,")
    templates.globals.update(line=str, with_pictures=lambda html, _course: Markup(html))
    templates.globals["picture_url"] = lambda _course, _path: "data:,"
    templates.globals["picture_size"] = lambda _course, _path: ""
    templates.globals["read_as"] = lambda version, response: None
    frozen = asked.freeze(spec, random.Random(1), True)
    item = {"position": 1, "response": None, "frozen": frozen}
    template = templates.get_template(f"question_types/{name}/item.html")
    return template.render(item=item, is_result=False, shown=asked.show(spec, frozen))


def enter(page: Page, samples: Samples) -> None:
    """Answer by the keyboard alone, as a person does: mark what is meant, or type it."""
    for selector, keys in samples.keys:
        page.locator(selector).focus()
        for key in keys.split():
            page.keyboard.press(key)
    if not samples.keys:
        values = samples.right if isinstance(samples.right, dict) else {"": samples.right}
        for name, value in values.items():
            for each in value if isinstance(value, list) else [value]:
                type_one(page, f"item-1.{name}" if name else "item-1", each)


def type_one(page: Page, name: str, value: str) -> None:
    """Enter one value into the inputs of a name."""
    inputs = page.locator(f'[name="{name}"]')
    kind = inputs.first.evaluate("input => input.type")
    if kind in ("radio", "checkbox"):
        page.locator(f'[name="{name}"][value="{value}"]').press("Space")
    elif kind == "select-one":
        page.locator(f'select[name="{name}"]').select_option(value)
    else:
        inputs.focus()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.insert_text(value)


def read(page: Page) -> Any:
    """Return what the page's script reads."""
    return page.evaluate("() => window.field.read()")


def test_every_input_is_named_by_its_question_or_has_a_script(form: Page, name: str) -> None:
    names = [each.get_attribute("name") or "" for each in form.locator("input, select, textarea").all()]
    has_script = (ROOT / "question_types" / name / "item.js").exists()

    for each in names:
        if not each and has_script:
            continue  # nobody sends it: it is the script's own
        assert each == "item-1" or each.startswith("item-1."), (
            f"question_types/{name}/item.html: an input is named {each!r}, not item-N or item-N.part"
        )
    assert names or has_script, f"question_types/{name}/item.html has no input, and there is no item.js"


def test_every_type_is_read_as_it_was_entered(
    form: Page, asked: QuestionType, samples: Samples, spec: dict[str, Any]
) -> None:
    if not samples.is_typed:
        return  # nobody enters it
    enter(form, samples)

    assert asked.clean(spec, read(form)) == asked.clean(spec, samples.right)
    assert form.evaluate("() => window.changes") > 0


def test_every_type_is_answered_without_scripts(
    form: Page, asked: QuestionType, samples: Samples, spec: dict[str, Any]
) -> None:
    if not samples.is_typed:
        return
    enter(form, samples)

    sent = form_of(MultiDict(form.evaluate(SENT)), 1)

    assert asked.clean(spec, asked.of_form(sent)) == asked.clean(spec, samples.right)


def test_every_type_shows_an_answer_of_another_tab(
    form: Page, asked: QuestionType, samples: Samples, spec: dict[str, Any]
) -> None:
    for answer in (samples.wrong, samples.right, *(response for response, _share in samples.partly)):
        form.evaluate("answer => window.field.show(answer)", answer)

        assert asked.clean(spec, read(form)) == asked.clean(spec, answer)
        assert form.evaluate("answer => window.field.wordsOf(answer)", answer)

    form.evaluate("() => window.field.show(null)")
    assert asked.clean(spec, read(form)) is None


def test_every_type_holds_nothing_before_it_is_answered(form: Page, asked: QuestionType, spec: dict[str, Any]) -> None:
    assert asked.clean(spec, read(form)) is None
    assert form.evaluate("() => window.field.isTouched()") is False
