"""The definition of a lab: each field once, with its type, default, bounds, unit and meaning.

An archive says these fields, the table `labs` keeps them, a `LabSpec` hands those of the machine to a backend, the
templates of nomad-jobs/ declare them as variables, the API and docs/course-archive.md describe them. Code takes them
from here; files that can't (HCL, Markdown) are compared with this module by tests/labs/test_definition.py. Which
templates there are says `lab_templates`.
"""

from dataclasses import fields
from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

import lab_templates

MAX_LINE = 200
MAX_PORTS = 8
PORTS = (1, 65_535)


def _number(low: int, high: int, unit: str, meaning: str) -> Any:
    # What an OpenAPI document doesn't know, such as units, begins with x-.
    return Field(strict=True, ge=low, le=high, description=meaning, json_schema_extra={"x-unit": unit})


def _meaning(words: str) -> Any:
    return Field(description=words)


def _known(name: str) -> str:
    if name not in lab_templates.TEMPLATES:
        raise PydanticCustomError("choice", "must be one of {options}", {"options": ", ".join(lab_templates.TEMPLATES)})
    return name


def _literal(text: str) -> str:
    """Refuse what HCL and Nomad's clients would replace by values of their own."""
    if "\n" in text:
        raise PydanticCustomError("line", "must be a single line")
    if "${" in text or "%{" in text:
        raise PydanticCustomError("variables", "must hold neither ${ nor %{")
    return text


TemplateName = Annotated[str, AfterValidator(_known)]
Words = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(_literal)]
Port = Annotated[int, Field(strict=True, ge=PORTS[0], le=PORTS[1])]
Ports = Annotated[tuple[Port, ...], Field(max_length=MAX_PORTS)]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a machine is made of: the fields that one which runs can't take on later."""

    template: Annotated[TemplateName, _meaning("the kind of machine")] = lab_templates.USUAL
    image: Annotated[
        Words,
        _meaning("what a `docker` or `qemu` lab starts from; required for them, but for a VM with a `kernel`"),
    ] = ""
    cpu_mhz: Annotated[int, _number(20, 100_000, "MHz", "CPU that it has for itself")] = 200
    memory_mb: Annotated[
        int,
        _number(16, 1_000_000, "MB", "memory that it has for itself; on Nomad an empty `exec` lab needs 64 MB"),
    ] = 256
    memory_max_mb: Annotated[
        int,
        _number(0, 1_000_000, "MB", "what it may use where its node has room: `memory_mb` at least, or 0 for no more"),
    ] = 0
    disk_mb: Annotated[int, _number(16, 1_000_000, "MB", "disk that it may fill")] = 512
    has_network: Annotated[
        bool,
        Strict(),
        _meaning("whether it reaches the network; without Nomad, that needs slirp4netns and the device /dev/net/tun"),
    ] = False
    kernel: Annotated[Words, _meaning("`qemu` only: start this kernel without a boot loader")] = ""
    initrd: Annotated[Words, _meaning("`qemu` only, beside a `kernel`: its first file system")] = ""
    kernel_args: Annotated[Words, _meaning("`qemu` only, beside a `kernel`: what it is told")] = ""


@dataclass(frozen=True, kw_only=True)
class LabDefinition(Machine):
    """A lab as its teacher defines it, without its texts and scripts: the machine, and how long it stays."""

    ports: Annotated[Ports, _meaning("ports of web servers in the lab that its page shows")] = ()
    idle_minutes: Annotated[
        int,
        _number(
            *(1, 10_080, "minutes"),
            "stopped after so long without a keystroke, a check, a request to its web server, or work above "
            "`busy_cpu_percent`",
        ),
    ] = 120
    max_life_minutes: Annotated[int, _number(1, 43_200, "minutes", "stopped at that age")] = 480
    busy_cpu_percent: Annotated[
        int,
        _number(
            *(1, 1_000, "%"),
            "above so much of one core it is at work, although nobody types; on a machine that is full, programs that "
            "wait for a processor count as work, too",
        ),
    ] = 10
    save_limit_mb: Annotated[
        int,
        _number(0, 256, "MB", "at most so much of the home, packed, is saved before a stop; 0 saves nothing"),
    ] = 64


DEFAULTS = LabDefinition()
MACHINE = tuple(field.name for field in fields(Machine))
FIELDS: dict[str, FieldInfo] = vars(LabDefinition)["__pydantic_fields__"]


def machine_of(source: Any) -> dict[str, Any]:
    """Return a machine's fields of whatever has them: a definition, a row, an archive's lab."""
    return {name: getattr(source, name) for name in MACHINE}


def values_of(source: Any) -> dict[str, Any]:
    """Return a definition's fields of whatever has them; `ports` as a tuple, however they are kept."""
    return {**{name: getattr(source, name) for name in FIELDS}, "ports": tuple(source.ports)}


def described(name: str) -> Any:
    """Return a field for another pydantic model that shows this one: with its meaning and unit, and no default."""
    return Field(description=FIELDS[name].description, json_schema_extra=FIELDS[name].json_schema_extra)


def variables(template: lab_templates.Template) -> tuple[str, ...]:
    """Return the fields that the job of a template must declare as variables."""
    others = {name for other in lab_templates.TEMPLATES.values() for name in other.own_fields}
    left_out = {"template", *others.difference(template.own_fields), *template.leaves_out}
    return tuple(name for name in MACHINE if name not in left_out)
