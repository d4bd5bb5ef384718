"""A kind's part of the page, in Chromium: what is entered there is the response, with scripts and without."""

import mimetypes
import random
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest
from playwright.sync_api import Page, Route

from config import ROOT
from services.quizzes.questions import KINDS, Kind, kind_of
from tests.browsers import browser, context, context_options, page, playwright
from tests.factories import RAW, RIGHT

__all__ = ["browser", "context", "context_options", "page", "playwright"]
ADDRESS = "http://fields.test/"
READ = """async () => {
    const { Field } = await import("/static/js/quiz-field.js");
    return new Field(document.querySelector("fieldset")).read();
}"""
SHOW = READ.replace("() =>", "(answer) =>").replace(".read()", ".show(answer)")
SENT = "() => new FormData(document.forms[0]).getAll('item-1')"


@pytest.fixture(params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a kind."""
    return str(request.param)


@pytest.fixture
def kind(name: str) -> Kind:
    """The kind."""
    return kind_of(name)


@pytest.fixture
def spec(kind: Kind, name: str) -> dict[str, Any]:
    """What an author asks."""
    return kind.parse(RAW[name])


@pytest.fixture
def form(page: Page, kind: Kind, name: str, spec: dict[str, Any]) -> Iterator[Page]:
    """A page with nothing but the kind's part of it, not answered yet."""
    html = f"<!doctype html><title>x</title><form><fieldset>{part(kind, name, spec)}</fieldset></form>"

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if path:
            route.fulfill(body=(ROOT / path).read_bytes(), content_type=mimetypes.guess_type(path)[0])
        else:
            route.fulfill(body=html, content_type="text/html")

    page.route(f"{ADDRESS}**", serve)
    page.goto(ADDRESS)
    yield page


def part(kind: Kind, name: str, spec: dict[str, Any]) -> str:
    """Return the HTML of a kind's part."""
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True)
    templates.globals["_"] = str
    templates.filters["inline"] = str
    item = {"position": 1, "response": None, "frozen": kind.freeze(spec, random.Random(1))}
    return templates.get_template(f"quizzes/kinds/{name}.html").render(item=item, is_result=False)


def enter(page: Page, answer: Any) -> None:
    """Answer as a person does: mark what is meant, or type it."""
    for value in answer if isinstance(answer, list) else [answer]:
        if page.locator("input:is([type=radio], [type=checkbox])").count():
            page.locator(f'input[value="{value}"]').click()
        else:
            page.locator("input").fill(value)


def test_every_kind_has_inputs_that_the_page_can_read(form: Page, kind: Kind, name: str) -> None:
    inputs = [
        (each.get_attribute("name"), each.evaluate("input => input.type")) for each in form.locator("input").all()
    ]

    named, types = {name for name, _type in inputs}, {type_ for _name, type_ in inputs}
    assert named == {"item-1"}, f"templates/quizzes/kinds/{name}.html: an input isn't named item-N"
    wanted = [{"checkbox"}] if kind.takes_several else [{"radio"}, {"text"}]
    assert types in wanted, f"templates/quizzes/kinds/{name}.html has inputs of {types}, and must have one of {wanted}"


def test_every_kind_is_read_as_it_was_entered(form: Page, kind: Kind, name: str, spec: dict[str, Any]) -> None:
    enter(form, RIGHT[name])

    by_script, by_form = form.evaluate(READ), kind.of_form(form.evaluate(SENT))

    assert kind.clean(spec, by_script) == kind.clean(spec, by_form) == kind.clean(spec, RIGHT[name])


def test_every_kind_shows_an_answer_of_another_tab(form: Page, kind: Kind, name: str, spec: dict[str, Any]) -> None:
    form.evaluate(SHOW, RIGHT[name])

    assert kind.clean(spec, form.evaluate(READ)) == kind.clean(spec, RIGHT[name])


def test_every_kind_holds_nothing_before_it_is_answered(form: Page, kind: Kind, spec: dict[str, Any]) -> None:
    assert kind.clean(spec, form.evaluate(READ)) is None
