"""A definition's defaults, bounds and meanings stand in `lab_definition`; whatever says them again says the same."""

import dataclasses
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import lab_definition
import lab_templates
from backends import LabSpec
from blueprints.labs.schemas import LabOut
from config import ROOT
from lab_definition import DEFAULTS, FIELDS, MACHINE, LabDefinition, Machine
from models import Lab
from services.archive.content import LabContent
from services.labs import definitions
from tests.factories import Cast

HCL = re.compile(r'^variable "(\w+)" \{\n  type += (\S+)\n  default += (.+)$', re.MULTILINE)
KINDS = {int: "number", bool: "bool", str: "string"}
# What whoever renders a job says beside its definition, and what is a template's own.
BESIDE = {
    "job_id",
    "instance",
    "session_id",
    "course",
    "lab",
    "user",
    "namespace",
    "region",
    "datacenters",
    "node_pool",
}
BESIDE |= {"driver", "max_life", "agent"}
# What a client of the API has no use for: how the machine is made and looked after.
NOT_SHOWN = {"image", "kernel", "initrd", "kernel_args", "memory_max_mb", "ports", "busy_cpu_percent", "save_limit_mb"}
OWN = {"docker": {"pids_limit"}, "qemu": {"accelerator"}}


def bounds(name: str) -> tuple[int, int]:
    """Return the lowest and the highest value of a number."""
    facts: dict[type, Any] = {type(fact): fact for fact in FIELDS[name].metadata}
    return facts[Ge].ge, facts[Le].le


def unit(name: str) -> str:
    """Return the unit of a number; "" of what has none."""
    extra = FIELDS[name].json_schema_extra
    return str(extra["x-unit"]) if isinstance(extra, dict) else ""


@pytest.mark.parametrize("name", lab_templates.TEMPLATES)
def test_every_template_declares_what_the_definition_gives_with_the_same_defaults(name: str) -> None:
    template = lab_templates.TEMPLATES[name]
    text = (ROOT / "nomad-jobs" / f"{name}.hcl").read_text()
    declared = {found[1]: (found[2], found[3]) for found in HCL.finditer(text)}

    assert len(declared) == len(re.findall("^variable ", text, re.MULTILINE))
    wanted = lab_definition.variables(template)
    assert set(declared) <= {*wanted, *BESIDE, *OWN.get(name, ())}
    for field in wanted:
        assert field in declared, (
            f"nomad-jobs/{name}.hcl declares no variable {field}; if its job has no use for it, "
            "name the field in leaves_out (or in another's own_fields) of lab_templates.py"
        )
        kind, default = declared[field]
        usual = getattr(DEFAULTS, field)
        assert kind == KINDS[type(usual)]
        # By hand, too, a template needs something to start from; of two such things, either will do.
        if template.starts_from != (field,):
            assert default == (f'"{usual}"' if isinstance(usual, str) else str(usual).lower()), field
    assert declared["max_life"] == ("string", f'"{DEFAULTS.max_life_minutes // 60}h"')


@pytest.mark.parametrize("name", lab_templates.TEMPLATES)
def test_a_template_names_fields_that_there_are(name: str) -> None:
    template = lab_templates.TEMPLATES[name]

    assert {*template.starts_from, *template.own_fields, *template.leaves_out} <= set(MACHINE)


def test_the_table_and_what_derives_from_the_definition_have_its_defaults() -> None:
    columns = {column.name: column for column in Lab.__table__.columns}
    usual = {name: columns[name].default.arg for name in FIELDS if name != "ports"}

    assert usual == {name: getattr(DEFAULTS, name) for name in FIELDS if name != "ports"}
    assert columns["ports"].default.is_callable and DEFAULTS.ports == ()
    for derived in (LabSpec, LabContent):
        defaults = {field.name: field.default for field in dataclasses.fields(derived)}
        assert {name: defaults[name] for name in MACHINE} == lab_definition.machine_of(DEFAULTS)
    assert LabSpec("job", "", "", "", "", "", "").max_life_s == DEFAULTS.max_life_minutes * 60


def test_a_definition_keeps_its_bounds() -> None:
    wrong: dict[str, Any] = {"template": "mainframe", "image": "${NOMAD_TOKEN}", "kernel": "k" * 201, "ports": (0, 80)}
    wrong |= {name: bounds(name)[1] + 1 for name in FIELDS if unit(name)}

    with pytest.raises(ValidationError) as refused:
        LabDefinition(**wrong)

    assert {fault["loc"][0] for fault in refused.value.errors()} == set(wrong)
    for name in FIELDS:
        if unit(name):
            low, high = bounds(name)
            assert low <= getattr(DEFAULTS, name) <= high


def test_a_specification_is_built_in_one_place_and_takes_the_whole_machine(cast: Cast) -> None:
    cast.lab.memory_mb, cast.lab.kernel_args = 333, "quiet"
    source = {str(path.relative_to(ROOT)): path.read_text() for path in _shipped()}

    assert [name for name, text in source.items() if re.search(r"\bLabSpec\((?!Machine)", text)] == [
        # One reads back what the other wrote.
        next(name for name in source if name.endswith("backends/local/jobs.py"))
    ]
    assert definitions.machine_of(cast.lab)["memory_mb"] == 333
    assert set(definitions.machine_of(cast.lab)) == {*MACHINE, "setup_script"}
    assert {field.name for field in dataclasses.fields(Machine)} <= {
        field.name for field in dataclasses.fields(LabSpec)
    }


def test_the_api_describes_a_lab_as_the_definition_does() -> None:
    shown = LabOut.model_json_schema()["properties"]

    assert {name for name in FIELDS if name not in shown} == NOT_SHOWN, (
        "a field is either in LabOut of blueprints/labs/schemas.py or in NOT_SHOWN of this test"
    )
    for name in FIELDS:
        if name in shown:
            assert shown[name]["description"] == FIELDS[name].description
            assert shown[name].get("x-unit", "") == unit(name)
    assert shown["memory_mb"]["x-unit"] == "MB"


@pytest.mark.parametrize("name", FIELDS)
def test_the_documentation_says_each_field_as_the_definition_does(name: str) -> None:
    row = _row(name)

    assert row in (ROOT / "docs/course-archive.md").read_text().splitlines(), f"docs/course-archive.md lacks: {row}"


def test_a_choice_is_told_by_its_words() -> None:
    field = FieldInfo(annotation=Literal["bash", "fish"], default=PydanticUndefined)

    assert _kind_and_default("shell", field, "bash") == ("`bash`, `fish`", "`bash`")


def _row(name: str) -> str:
    """Return the row of docs/course-archive.md about a field."""
    kind, default = _kind_and_default(name, FIELDS[name], getattr(DEFAULTS, name))
    return re.sub(" +", " ", f"| `{name}` | {kind} | {default} | {FIELDS[name].description} |")


def _kind_and_default(name: str, field: FieldInfo, usual: Any) -> tuple[str, str]:
    kind, default = "line", f"`{usual}`" if usual else ""
    if get_origin(field.annotation) is Literal:
        kind = ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    elif name == "template":
        kind = ", ".join(f"`{other}`" for other in lab_templates.TEMPLATES)
    elif name == "ports":
        kind, default = f"up to {lab_definition.MAX_PORTS} of 1 to {lab_definition.PORTS[1]:,}", "none"
    elif isinstance(usual, bool):
        kind, default = "flag", f"`{str(usual).lower()}`"
    elif isinstance(usual, int):
        low, high = bounds(name)
        kind, default = f"{low:,} to {high:,} {unit(name)}", f"{usual:,}"
    return kind, default


def _shipped() -> list[Path]:
    folders = ("backends", "blueprints", "cli", "gateway", "scheduler", "services")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
