"""A client that is generated from the OpenAPI document: it is whole, and reads errors as well as answers."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tests.api.conftest import API, Program

NAME = "generated_yurt_client"
# The archive of a save is bytes; the generator knows bytes by this name only.
CONFIG = '{"content_type_overrides": {"application/gzip": "application/octet-stream"}}'


class InProcess(httpx.BaseTransport):
    """Brings the requests of a real client to the application of the test."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.client.open(
            request.url.raw_path.decode(),
            method=request.method,
            headers=[(name, value) for name, value in request.headers.items() if name != "host"],
            data=request.read(),
        )
        return httpx.Response(answer.status_code, headers=list(answer.headers), content=answer.data)


@pytest.fixture(scope="module")
def generated(bare_app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the client, generated once."""
    folder = tmp_path_factory.mktemp("client")
    with bare_app.app_context():
        document = bare_app.spec  # type: ignore[attr-defined]  # an APIFlask
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.json").write_text(CONFIG)
    programs = Path(sys.executable).parent
    done = subprocess.run(
        [
            *(programs / "openapi-python-client", "generate", "--fail-on-warning", "--meta", "none"),
            *("--path", "openapi.json", "--config", "config.json", "--output-path", NAME),
        ],
        cwd=folder,
        # It formats what it wrote with the ruff that it finds.
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def module(generated: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a part of the client: `module("models")`."""
    monkeypatch.syspath_prepend(str(generated))

    def load(part: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{part}")

    return load


@pytest.fixture
def connection(module: Any, bob: Program) -> Any:
    """The generated client as bob's program uses it."""
    made = module("client").AuthenticatedClient("http://localhost", bob.headers["Authorization"].split()[1])
    return made.set_httpx_client(
        httpx.Client(base_url="http://localhost", headers=bob.headers, transport=InProcess(bob.client))
    )


def test_the_document_is_valid(client: FlaskClient) -> None:
    validate(client.get(f"{API}/openapi.json").get_json())


def test_a_generated_client_reads_and_writes(module: Any, connection: Any) -> None:
    models = module("models")

    me = module("api.account.read_me").sync(client=connection)
    attempt = module("api.quizzes.start_attempt").sync("shell", "first-quiz", client=connection)
    receipt = module("api.quizzes.save_answer").sync(
        attempt.id, 1, client=connection, body=models.AnswerIn(revision=1, response=None)
    )

    assert me.email == "bob@example.org"
    assert isinstance(attempt, models.AttemptDetailOut)
    assert isinstance(
        module("api.quizzes.read_quiz").sync("shell", "first-quiz", client=connection), models.QuizDetailOut
    )
    assert receipt.revision == 1


def test_a_generated_client_reads_errors(module: Any, connection: Any) -> None:
    models = module("models")

    missing = module("api.courses.read_course").sync("no-such-course", client=connection)
    refused = module("api.courses.create_enrolment").sync(
        "shell", client=connection, body=models.EnrolmentIn(code="x" * 101)
    )
    forbidden = module("api.help_in_labs.stop_labs").sync("shell", client=connection, body=models.LabsIn())

    assert [type(found) for found in (missing, refused, forbidden)] == [models.Problem] * 3
    assert [found.status for found in (missing, refused, forbidden)] == [404, 422, 403]
    assert [fault.field for fault in refused.errors] == ["code"]
