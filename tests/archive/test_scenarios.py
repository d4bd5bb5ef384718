"""Lab scenarios of other programs become labs: what is carried, and what is listed."""

import base64
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import Course, ImportBaseline, Lab, utcnow
from reasons import ENGLISH, Reason, text
from scheduler.ticks.imports import importer
from services.archive import imports, scenarios
from services.archive.content import LabContent
from services.archive.faults import Faults
from services.archive.scenarios.base import Carried
from services.archive.zips import ZipFolder
from tests.archive.zipped import packed as packed_course
from tests.archive.zipped import with_entry
from tests.factories import Cast
from tests.people import post, sign_in

INDEX: dict[str, Any] = {
    "title": "Files & folders",
    "description": "Make some.",
    "difficulty": "easy",
    "details": {
        "intro": {"text": "intro.md", "background": "back.sh", "foreground": "fore.sh"},
        "steps": [
            {"title": "Make one", "text": "step1/text.md", "verify": "step1/verify.sh", "solve": "step1/solve.sh"},
            {"text": "step2.md", "background": "late.sh", "verify": "none.sh"},
        ],
        "finish": {"text": "finish.md"},
        "assets": {
            "host01": [
                {"file": "**/*.txt", "target": "~/work", "chmod": "+x"},
                {"file": "conf.yaml", "target": "/etc/app"},
            ],
            "host02": [],
        },
    },
    "backend": {"imageid": "ubuntu"},
    "interface": {"layout": "ide"},
}
DOT = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>'
KILLERCODA: dict[str, str | bytes] = {
    "index.json": json.dumps(INDEX),
    "intro.md": "# Hello\n\nRun it:\n\n```bash\ntouch a\n```{{exec}}\n\n"
    "[the site]({{TRAFFIC_HOST1_8080}}/x) [more](./step2.md)\n",
    "step1/text.md": "Type `ls`{{copy}}. ![a dot](../dot.svg) ![far](https://a.example/b.png)\n\n```\n![kept](none.png)\n```\n",
    "step1/verify.sh": "#!/bin/bash\r\ntest -e a\r\n",
    "step1/solve.sh": "touch a\n",
    "step2.md": "## The second\n\nLook at ![](none.png)<img src='dot.svg' width='9'>.\n",
    "finish.md": "Done.\n",
    "back.sh": "mkdir made\n",
    "fore.sh": "echo ready\n",
    "late.sh": "echo late\n",
    "dot.svg": DOT,
    "assets/deep/note.txt": "it's here\n",
    "assets/conf.yaml": "a: 1\n",
}


def zipped(files: Mapping[str, str | bytes], below: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(below + name, content)
    return made.getvalue()


def carried(files: Mapping[str, str | bytes], below: str = "") -> Carried:
    return scenarios.read(ZipFolder(zipped(files, below), Faults(), mark=""))


def only(found: Carried) -> LabContent:
    ((lab,),) = found.labs.values()
    return lab


def told(found: Carried) -> list[str]:
    return [f"{each['where']}: {text(Reason.from_json(each['reason']), ENGLISH)}" for each in found.findings]


def test_a_scenario_becomes_a_lab_with_steps_checks_setup_and_solution() -> None:
    lab = only(carried(KILLERCODA, "files-and-folders/"))

    assert (lab.slug, lab.title, lab.summary, lab.ports) == ("files-folders", "Files & folders", "Make some.", (8080,))
    assert [step.title for step in lab.steps] == ["Hello", "Make one", "The second", "Finish"]
    assert [(check.slug, check.title, check.script) for check in lab.checks] == [
        ("step-2", "Make one", "#!/bin/bash\ntest -e a\n")
    ]
    assert lab.solution == "touch a\n"
    assert lab.setup.index("mkdir made") < lab.setup.index("echo ready") < lab.setup.index("base64 -d")


def test_texts_lose_what_a_click_did_and_keep_their_pictures() -> None:
    found = carried(KILLERCODA)
    lab = only(found)

    assert "```bash\ntouch a\n```\n" in lab.steps[0].body
    assert "the site (8080) more" in lab.steps[0].body
    assert "Type `ls`. ![a dot](files/files-folders/dot.svg) ![far](https://a.example/b.png)" in lab.steps[1].body
    assert "```\n![kept](none.png)\n```" in lab.steps[1].body
    assert "Look at ![](files/files-folders/dot.svg)." in lab.steps[2].body
    assert found.files["files/files-folders/dot.svg"].data == DOT


def test_all_that_is_not_carried_is_listed_item_by_item() -> None:
    assert told(carried(KILLERCODA)) == [
        'index.json: there is no place for it: difficulty: "easy"',
        'index.json: there is no place for it: interface: {"layout": "ide"}',
        "index.json: it ran on ubuntu there; here it gets a machine of the usual kind: its definition may name another",
        "index.json, intro: commands that a click ran or copied are read and typed here: 1",
        "index.json, intro: the link to port 8080 became a web panel of the lab",
        "index.json, intro: the link to ./step2.md leads out of the lab, and became text",
        "index.json, intro: back.sh sets the lab up now: it runs once, before the student comes, and not as root",
        "index.json, intro: fore.sh sets the lab up now: it runs once, before the student comes, and not as root",
        "index.json, step 1: commands that a click ran or copied are read and typed here: 1",
        "index.json, step 1: it stands on another site: https://a.example/b.png",
        "index.json, step 2: there is no file none.png",
        "index.json, step 2: late.sh runs there when a step begins: there is no such moment here, so it stays behind",
        "index.json, step 2: there is no file none.sh",
        "index.json, assets: conf.yaml lay in /etc/app, outside of the home, and stays behind",
        "index.json, assets: a lab has one machine here: host02 stays behind",
    ]


def test_what_the_setup_writes_is_what_the_assets_held(tmp_path: Path) -> None:
    setup = only(carried(KILLERCODA)).setup

    subprocess.run(
        ["bash", "-e"],
        input=setup.encode(),
        check=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )

    note = tmp_path / "work/deep/note.txt"
    assert note.read_text() == "it's here\n"
    assert note.stat().st_mode & 0o100
    assert (tmp_path / "made").is_dir()


def test_a_repository_of_scenarios_has_a_module_for_each_folder_of_them() -> None:
    small = json.dumps({"title": "Ubuntu", "backend": {"imageid": "ubuntu"}})
    found = carried(
        {"basics/one/index.json": small, "basics/two/index.json": small, "other/index.json": small}, "repo-main/"
    )

    assert {name: [lab.slug for lab in labs] for name, labs in found.labs.items()} == {
        "basics": ["one", "two"],
        "": ["other"],
    }
    assert [step.title for step in found.labs[""][0].steps] == ["Ubuntu"]


HOSTILE: dict[str, Mapping[str, str | bytes]] = {
    "paths that lead out": {
        "index.json": json.dumps(
            {
                "title": "x",
                "backend": {},
                "details": {
                    "steps": [{"text": "../../etc/passwd", "verify": "/../x.sh"}],
                    "assets": {
                        "host01": [{"file": "../*", "target": "~/../../etc"}, {"file": "*", "target": "~/../x"}]
                    },
                },
            }
        ),
        "assets/a": "x",
    },
    "shapes that are others": {
        "index.json": json.dumps({"title": ["x"], "backend": [], "details": {"steps": [3, {"text": 5}], "intro": "a"}})
    },
    "an active picture": {
        "index.json": json.dumps({"title": "x", "backend": {}, "details": {"intro": {"text": "a.md"}}}),
        "a.md": "![](a.svg) <img src='javascript:alert(1)'> ![](b.exe)",
        "a.svg": "<svg onload='alert(1)'/>",
        "b.exe": "MZ",
    },
    "no JSON": {"index.json": "{" * 50_000},
}


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_is_listed_and_gets_nowhere(files: Mapping[str, str | bytes]) -> None:
    found = carried(files)

    assert found.findings
    assert found.files == {}
    for labs in found.labs.values():
        for lab in labs:
            assert "etc" not in lab.setup
            assert "../" not in lab.setup
            assert "javascript" not in "".join(step.body for step in lab.steps)


def coded(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


SCENARIO: dict[str, Any] = {
    "apiVersion": "hobbyfarm.io/v1",
    "kind": "Scenario",
    "metadata": {"name": "first-steps"},
    "spec": {
        "name": coded("First steps"),
        "description": coded("Walk."),
        "keepalive_duration": "90m",
        "pauseable": True,
        "virtualmachines": [{"node1": "ubuntu-2204", "node2": "sles"}],
        "steps": [
            {
                "title": coded("Look"),
                "content": coded("Run\n\n```ctr:node1\nls\n```\n\nat ${vminfo:node1:public_ip}\n"),
            },
            {"title": "Plain words", "content": "```file:go:main.go:node1\npackage main\n```\n"},
        ],
        "vm_tasks": [
            {
                "vm_name": "node1",
                "tasks": [
                    {
                        "name": "home",
                        "description": "Make it's home",
                        "command": coded("cat made"),
                        "expected_output_value": "yes",
                        "return_type": "Return_Text",
                    },
                    {
                        "name": "gone",
                        "command": "test -e gone",
                        "expected_return_code": 1,
                        "return_type": "Return_Code",
                    },
                    {
                        "name": "like",
                        "command": "cat made",
                        "expected_output_value": "^y.s$",
                        "return_type": "Match_Regex",
                    },
                ],
            },
            {"vm_name": "node2", "tasks": [{"name": "other", "command": "true"}]},
        ],
    },
}


def test_a_scenario_of_hobbyfarm_becomes_a_lab_with_its_tasks_as_checks() -> None:
    found = carried({"all.yaml": yaml.safe_dump_all([{"kind": "Course"}, {"kind": "List", "items": [SCENARIO]}])})
    lab = only(found)

    assert (lab.slug, lab.title, lab.summary, lab.idle_minutes) == ("first-steps", "First steps", "Walk.", 90)
    assert [step.title for step in lab.steps] == ["Look", "Plain words", "Tasks"]
    assert "```bash\nls\n```" in lab.steps[0].body
    assert "`main.go`\n\n```go\npackage main" in lab.steps[1].body
    assert [check.title for check in lab.checks] == ["Make it's home", "gone", "like"]
    assert told(found) == [
        "First steps: there is no place for it: pauseable: True",
        "First steps, step 1: there is no place for it: ${vminfo:...}",
        "First steps, step 1: there is no place for it: ctr:node1",
        "First steps, step 2: there is no place for it: file:go:main.go:node1",
        "First steps: it ran on ubuntu-2204 there; here it gets a machine of the usual kind: its definition may name "
        "another",
        "First steps: a lab has one machine here: node2 (sles) stays behind",
        "First steps: a lab has one machine here: node2: other stays behind",
    ]


def test_checks_of_tasks_pass_and_fail_as_the_tasks_say(tmp_path: Path) -> None:
    scripts = [check.script for check in only(carried({"a.json": json.dumps(SCENARIO)})).checks]

    def statuses() -> list[int]:
        return [subprocess.run(["bash", "-c", script], check=False, cwd=tmp_path).returncode for script in scripts]

    before = statuses()
    (tmp_path / "made").write_text("yes\n")
    after = statuses()
    (tmp_path / "gone").touch()

    assert [bool(status) for status in before] == [True, False, True]
    assert after == [0, 0, 0]
    assert statuses()[1] != 0


def test_a_folder_of_markdown_is_read_in_the_order_of_its_weights() -> None:
    found = carried(
        {
            "scenario.yml": "name: By files\nid: by-files\nsteps: null\n",
            "content/b.md": '+++\ntitle = "First"\nweight = 1\n+++\nOne.\n',
            "content/a.md": '+++\ntitle = "Second"\nweight = 2\n+++\nTwo.\n',
        }
    )

    assert [(step.title, step.body) for step in only(found).steps] == [("First", "One.\n"), ("Second", "Two.\n")]


def test_aliases_that_unfold_without_end_are_refused() -> None:
    bomb = "kind: Scenario\na: &a [x, x]\nb: &b [*a, *a]\nspec: {steps: [*b, *b]}\n"

    assert told(carried({"bomb.yaml": bomb})) == ["bomb.yaml: can't be read: YAML aliases"]


@pytest.fixture
def alice(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client, "alice")
    return client


@pytest.fixture
def bring(app: Flask, alice: FlaskClient) -> Callable[..., str]:
    """Send a zip, let the scheduler read it, apply what it does, and return the page of what it would do."""
    work = importer(app.extensions["yurt_redis"], lambda: None)

    def send(data: bytes, **fields: str) -> str:
        sent = post(alice, "/course-imports", file=(io.BytesIO(data), "a.zip"), **fields)
        work()
        page = alice.get(sent.location).text
        if found := re.search(r'name="digest" value="([0-9a-f]+)"', page):
            post(alice, f"{sent.location}/apply", digest=found[1])
            work()
        return page

    return send


def test_scenarios_make_a_new_course_that_its_sender_teaches(bring: Callable[..., str]) -> None:
    page = bring(zipped(KILLERCODA))

    course = db.session.scalars(select(Course).where(Course.slug == "files-folders")).one()
    assert "late.sh runs there when a step begins" in page.replace("&#39;", "'")
    assert (course.is_published, course.enrolment) == (False, "closed")
    assert db.session.scalars(select(Lab.slug).where(Lab.course_id == course.id)).all() == ["files-folders"]


def test_labs_go_into_a_course_and_touch_nothing_else(bring: Callable[..., str], alice: FlaskClient) -> None:
    bring(packed_course())
    course = db.session.scalars(select(Course).where(Course.slug == "tiny")).one()
    base = db.session.get_one(ImportBaseline, course.id).parts
    page = bring(zipped(KILLERCODA), into="tiny")
    again = bring(zipped(KILLERCODA), into="tiny")

    labs = db.session.scalars(select(Lab.slug).where(Lab.course_id == course.id, ~Lab.is_archived)).all()
    assert sorted(labs) == ["files-folders", "lab"]
    assert "edited on the site" not in page
    assert "Out of sight" not in page
    assert "The course is what the file says already." in again
    assert db.session.get_one(ImportBaseline, course.id, populate_existing=True).parts == base


def test_labs_go_into_no_course_of_somebody_elses(bring: Callable[..., str], alice: FlaskClient, cast: Cast) -> None:
    assert (
        post(alice, "/course-imports", file=(io.BytesIO(zipped(KILLERCODA)), "a.zip"), into="none").status_code == 404
    )
    made = imports.ask(zipped(KILLERCODA), by_id=cast.bob.id, now=utcnow(), into="shell")
    db.session.flush()

    assert imports.go_on(made, now=utcnow()).state == "refused"


def test_a_zip_of_neither_kind_and_a_hostile_one_are_refused(bring: Callable[..., str]) -> None:
    assert "course.yaml" in bring(zipped({"a.txt": "x"}))
    assert "leads out of the course" in bring(with_entry("../index.json", zipped(KILLERCODA)))
