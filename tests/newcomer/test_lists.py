"""What a newcomer must not forget: each list that has to name a new piece, and says which one it lacks.

None of these tests starts anything: the trials of the other modules run them on a changed copy of the checkout.
"""

import ast
import re
from pathlib import Path

import pytest

import lab_templates
from cli import messages
from config import ROOT
from tests.newcomer import guide

# A metric as it is made: prometheus_client's classes, and the families of a collector.
METRIC = re.compile(r'\b(?:Counter|Gauge|Histogram|Summary|\w+MetricFamily)\(\s*"(yurt_\w+)"')
# What the web processes count, they show themselves.
OF_THE_WEB = ("blueprints/", "extensions.py", "telemetry.py")
OWNERS = ("scheduler/ticks/measures.py", "gateway/measures.py")


@pytest.mark.parametrize("title", guide.entries())
def test_what_the_text_names_is_there(title: str) -> None:
    names = {"kind": "single", "type": "single", "name": "*", "method": "*", "domain": "*", "language": "*"}
    made = {"translations/messages.pot"}

    for path in guide.paths(title, **names) - made:
        assert any(ROOT.glob(path)) or "translations/" in path, f'"{title}" names {path}, and there is no such file'


def test_the_table_about_redis_names_files_that_are_there() -> None:
    table = guide.section("While Redis is gone")
    named = guide.paths_in(table)

    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_metric_is_told_to_who_is_asked() -> None:
    owned = tuple(prefix for owner in OWNERS for prefix in _owned(owner))
    places = {name: path for path in _shipped() for name in METRIC.findall(path.read_text())}

    for name, path in places.items():
        place = str(path.relative_to(ROOT))
        if not place.startswith(OF_THE_WEB):
            # services/, database/ and backends/ are counted by whichever process uses them.
            lists = [owner for owner in OWNERS if owner.split("/")[0] == place.split("/")[0]] or list(OWNERS)
            told = tuple(prefix for owner in lists for prefix in _owned(owner))
            assert name.startswith(told), f"{place} counts {name}, and OWNED of {' or '.join(lists)} has no such prefix"
    for prefix in owned:
        assert any(name.startswith(prefix) for name in places), f"OWNED has {prefix}, and nobody counts such a metric"


def test_every_tick_has_a_row() -> None:
    texts = {path.stem: path.read_text() for path in _python("scheduler/ticks")}

    for name in texts.keys() - {"__init__"}:
        # A module of another tick has no work of its own, and is imported by that one.
        users = (text for other, text in texts.items() if other not in (name, "__init__"))
        is_used = any(
            re.search(rf"^from scheduler\.ticks(\.{name} import|.* import .*\b{name}\b)", text, re.M) for text in users
        )
        has_row = re.search(rf"\b{name}\.\w+", texts["__init__"])
        assert has_row or is_used, f"scheduler/ticks/{name}.py has no row in make_ticks (scheduler/ticks/__init__.py)"


# The count of passwords, or one of the way's own.
COUNTED = re.compile(r'limits\.spend\("(sign_in_address|second_factor|passkeys|sign_on)"')


def test_every_way_to_sign_in_is_counted_and_can_be_found() -> None:
    page = (ROOT / "templates/security/login_user.html").read_text()
    mounted = (ROOT / "blueprints/__init__.py").read_text()

    for path in _python("blueprints/auth"):
        text, place = path.read_text(), path.relative_to(ROOT)
        # Who adds their first factor is signed in, and is again: all their other browsers aren't.
        if "login_user(" not in text or path.stem == "factors":
            continue
        name = re.search(r'Blueprint\("(\w+)"', text)
        assert name is not None and f"import {name[1]}\n" in mounted, f"{place} isn't mounted in blueprints/__init__.py"
        assert COUNTED.search(text), f"{place} signs people in, and counts no tries (limits.spend)"
        is_asked = ".active" in text or ".may_sign_in" in text
        assert is_asked, f"{place} signs in who may be locked out: login_user doesn't ask for user.active"
        # Whose address isn't confirmed has no factor yet; a passkey stands for both; the second step is it.
        has_both = name[1] in ("confirmation", "passkeys", "second")
        assert has_both or "second.begin(" in text, (
            f"{place} signs people in without their second factor (second.begin)"
        )
        # The link of a registration comes by mail, and to the second step leads the first.
        is_linked = f"url_for('{name[1]}." in page or name[1] in ("confirmation", "second")
        assert is_linked, f"templates/security/login_user.html has no link to {name[1]}"


def test_every_catalogue_has_every_string() -> None:
    assert messages.missing(ROOT) == {}, "run `make messages`"


def test_every_template_has_its_file_and_every_file_its_template() -> None:
    files = {path.stem for path in (ROOT / "nomad-jobs").glob("*.hcl") if "yurt_session" in path.read_text()}

    assert files == set(lab_templates.TEMPLATES), "lab_templates.py and nomad-jobs/ don't have the same templates"


def test_the_documents_name_every_template() -> None:
    row = re.search(r"^\| `template` \|([^|]*)\|([^|]*)\|", (ROOT / "docs/course-archive.md").read_text(), re.MULTILINE)
    assert row is not None

    named = re.findall(r"`([^`]+)`", row[1])
    assert named == list(lab_templates.TEMPLATES), "docs/course-archive.md doesn't name the templates in their order"
    assert row[2].strip(" `") == lab_templates.USUAL
    table = (ROOT / "docs/operations.md").read_text().partition("| template | on the node |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\s*\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(rows) == sorted(lab_templates.TEMPLATES), "docs/operations.md doesn't say what each needs on a node"


def _python(folder: str) -> list[Path]:
    return sorted((ROOT / folder).glob("*.py"))


def _shipped() -> list[Path]:
    folders = ("backends", "blueprints", "database", "gateway", "scheduler", "services")
    return [*ROOT.glob("*.py"), *(path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))]


def _owned(path: str) -> tuple[str, ...]:
    """Return the prefixes of OWNED in a module."""
    for statement in ast.parse((ROOT / path).read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "OWNED":
            return tuple(ast.literal_eval(statement.value))
    raise AssertionError(f"{path} has no OWNED")


def test_every_decision_has_a_number_of_its_own() -> None:
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    titles = {int(path.name[:4]): path.read_text().splitlines()[0] for path in files}

    assert len(titles) == len(files), "two decisions have one number: give the newer one the next"
    assert [number for number, title in titles.items() if not title.startswith(f"# {number}. ")] == []
