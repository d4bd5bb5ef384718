"""Addresses in templates are those of Flask, whoever asked first."""

from typing import Any

import flask
import pytest
from werkzeug.routing import BuildError

CASES: list[tuple[str, dict[str, Any]]] = [
    ("courses.home", {}),
    ("courses.show", {"slug": "shell"}),
    ("courses.catalogue", {"page": 1}),
    ("courses.catalogue", {"page": True}),
    ("courses.catalogue", {"page": "1"}),
    ("courses.catalogue", {"q": "a&b", "page": 2}),
    ("courses.catalogue", {"q": "long" * 99}),
    ("courses.show", {"slug": "shell", "_anchor": "here"}),
    ("courses.show", {"slug": "shell", "_external": True}),
    ("static", {"filename": "css/base.css"}),
    (".home", {}),
]


@pytest.mark.parametrize(("endpoint", "values"), CASES)
@pytest.mark.parametrize("root", ["", "/school"])
def test_an_address_is_the_one_that_flask_makes(app: Any, endpoint: str, values: dict[str, Any], root: str) -> None:
    made = app.jinja_env.globals["url_for"]

    for base in ("http://one.example", f"http://two.example{root}"):
        with app.test_request_context("/courses/shell", base_url=base):
            assert [made(endpoint, **values), made(endpoint, **values)] == [flask.url_for(endpoint, **values)] * 2


def test_an_endpoint_that_is_not_there_is_an_error(app: Any) -> None:
    with app.test_request_context("/"), pytest.raises(BuildError):
        app.jinja_env.globals["url_for"]("courses.nothing")
