"""The pages of the OpenAPI document: whole, without a script, and without another host."""

import re

from flask.testing import FlaskClient

from tests.api.conftest import API


def test_the_pages_show_every_operation_and_every_shape(client: FlaskClient) -> None:
    document = client.get(f"{API}/openapi.json").get_json()
    index = client.get(f"{API}/docs").text
    sections = dict.fromkeys(re.findall(r'href="(/api/v1/docs/[a-z-]+)"', index))
    pages = {address: client.get(address).text for address in sections}

    ids = {found["operationId"] for path in document["paths"].values() for found in path.values()}
    shown = "".join(pages.values())
    assert len(pages) > 10
    assert {name for name in ids if f'id="{name}"' not in shown or f"#{name}" not in index} == set()
    assert {name for name in document["components"]["schemas"] if f'id="shape-{name}"' not in shown} == set()
    for text in pages.values():
        assert set(re.findall(r'href="#(shape-\w+)"', text)) <= set(re.findall(r'id="(shape-\w+)"', text))


def test_the_pages_ask_no_other_host(client: FlaskClient) -> None:
    for address in (f"{API}/docs", f"{API}/docs/labs"):
        answer = client.get(address)

        assert answer.status_code == 200
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


def test_a_section_that_is_not_there_is_not_found(client: FlaskClient) -> None:
    assert client.get(f"{API}/docs/nothing").status_code == 404
