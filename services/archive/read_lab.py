"""A lab's folder -> a lab."""

from typing import Any

import lab_definition
import lab_templates
from services.archive.content import CheckContent, LabContent, StepContent, block_text
from services.archive.fields import MAX_BLOCK, Fields
from services.archive.folder import Folder, is_inside

MAX_STEPS = 50
MAX_CHECKS = 50
SETUP = "setup.sh"
SOLUTION = "solution.sh"


def read_lab(fields: Fields, folder: Folder, base: str, slug: str) -> LabContent:
    """Return the lab in the folder `base`; faults are noted in the fields' list."""
    seen = _Seen()
    steps = [
        _step(Fields(node, fields.file, fields.faults, f"steps[{position}]"), folder, base, seen)
        for position, node in enumerate(fields.items("steps", limit=MAX_STEPS), start=1)
    ]
    lab = LabContent(
        slug=slug,
        title=fields.text("title", is_required=True),
        summary=fields.text("summary", is_block=True),
        **_definition(fields),
        setup=_script(fields, "setup", SETUP, folder, base),
        solution=_script(fields, "solution", SOLUTION, folder, base),
        steps=tuple(steps),
    )
    _check_machine(fields, lab)
    fields.close()
    return lab


def _definition(fields: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, usual in lab_definition.values_of(lab_definition.DEFAULTS).items():
        if name == "template":
            values[name] = fields.choice(name, tuple(lab_templates.TEMPLATES), usual)
        elif name == "ports":
            low, high = lab_definition.PORTS
            values[name] = fields.integers(name, limit=lab_definition.MAX_PORTS, low=low, high=high)
        elif isinstance(usual, bool):
            values[name] = fields.flag(name, usual)
        elif isinstance(usual, int):
            values[name] = fields.integer(name, usual, *lab_definition.bounds(name))
        else:
            values[name] = fields.text(name)
    return values


def _check_machine(fields: Fields, lab: LabContent) -> None:
    """Note what each value may be by itself, but not beside the others."""
    if 0 < lab.memory_max_mb < lab.memory_mb:
        fields.fault("memory_max_mb", f"must be at least memory_mb, {lab.memory_mb}")
    template = lab_templates.find(lab.template)
    for other in lab_templates.TEMPLATES.values():
        for name in other.own_fields:
            if name not in template.own_fields and getattr(lab, name):
                fields.fault(name, f"is for template: {other.name} only")
    if "kernel" in template.own_fields and not lab.kernel:
        for name in ("initrd", "kernel_args"):
            if getattr(lab, name):
                fields.fault(name, "needs a kernel beside it")
    for name in ("image", "kernel", "initrd", "kernel_args"):
        if "${" in getattr(lab, name) or "%{" in getattr(lab, name):
            fields.fault(name, "must hold neither ${ nor %{")
    # A text with a fault of its own reads as empty: one fault about it is enough.
    if template.starts_from and not fields.has(*template.starts_from):
        first, *others = template.starts_from
        what = " or ".join(["an image" if first == "image" else f"a {first}", *(f"a {name}" for name in others)])
        fields.fault(first, f"is missing: a {lab.template} lab starts from {what}")


class _Seen:
    """Slugs of checks and paths that the lab has used."""

    def __init__(self) -> None:
        self.slugs: set[str] = set()
        self.files: set[str] = {SETUP, SOLUTION, "lab.yaml"}


def _step(fields: Fields, folder: Folder, base: str, seen: _Seen) -> StepContent:
    file, body = _file(fields, "file", folder, base, seen)
    checks = [
        _check(Fields(node, fields.file, fields.faults, f"{fields.path}.checks[{position}]"), folder, base, seen)
        for position, node in enumerate(fields.items("checks", limit=MAX_CHECKS, is_required=False), start=1)
    ]
    solution_file, solution = _file(fields, "solution", folder, base, seen, is_required=False)
    step = StepContent(
        title=fields.text("title", is_required=True),
        file=file,
        body=body,
        checks=tuple(checks),
        solution_file=solution_file,
        solution=solution,
    )
    fields.close()
    return step


def _check(fields: Fields, folder: Folder, base: str, seen: _Seen) -> CheckContent:
    slug = fields.slug()
    if slug in seen.slugs:
        fields.fault("slug", f"{slug} is the slug of another check of this lab")
    elif slug:
        seen.slugs.add(slug)
    file, script = _file(fields, "script", folder, base, seen)
    check = CheckContent(
        slug=slug,
        title=fields.text("title", is_required=True),
        file=file,
        script=script,
        points=fields.integer("points", 0, 0, 10_000),
        hint=fields.text("hint", is_block=True),
        timeout_s=fields.integer("timeout_s", 10, 1, 300),
    )
    fields.close()
    return check


def _file(
    fields: Fields, name: str, folder: Folder, base: str, seen: _Seen, *, is_required: bool = True
) -> tuple[str, str]:
    path = fields.text(name, is_required=is_required)
    if not path:
        return "", ""
    if not is_inside(path):
        fields.fault(name, "must be a path below the lab's folder, such as steps/1-look.md")
    elif path in seen.files:
        fields.fault(name, f"{path} is used twice")
    elif base + path not in folder:
        fields.fault(name, f"there is no {base}{path}")
    else:
        seen.files.add(path)
        return path, _content(fields, name, folder, base + path)
    return "", ""


def _script(fields: Fields, name: str, expected: str, folder: Folder, base: str) -> str:
    path = fields.text(name)
    if not path:
        return ""
    if path != expected:
        fields.fault(name, f"must be {expected}")
    elif base + path not in folder:
        fields.fault(name, f"there is no {base}{path}")
    else:
        return _content(fields, name, folder, base + path)
    return ""


def _content(fields: Fields, name: str, folder: Folder, path: str) -> str:
    text = folder.text(path)
    if text is None:
        return ""
    content = block_text(text)
    if not content:
        fields.fault(name, f"{path} is empty")
    if len(content) > MAX_BLOCK:
        fields.fault(name, f"{path} is over {MAX_BLOCK} characters")
    return content
