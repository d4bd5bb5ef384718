"""A lab's folder -> a lab."""

from services.archive.content import TEMPLATES, CheckContent, LabContent, StepContent, block_text
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
        template=fields.choice("template", TEMPLATES, "exec"),
        image=fields.text("image"),
        cpu_mhz=fields.integer("cpu_mhz", 200, 20, 100_000),
        memory_mb=fields.integer("memory_mb", 256, 16, 1_000_000),
        disk_mb=fields.integer("disk_mb", 512, 16, 1_000_000),
        has_network=fields.flag("has_network", False),
        idle_minutes=fields.integer("idle_minutes", 120, 1, 10_080),
        max_life_minutes=fields.integer("max_life_minutes", 480, 1, 43_200),
        setup=_script(fields, "setup", SETUP, folder, base),
        solution=_script(fields, "solution", SOLUTION, folder, base),
        steps=tuple(steps),
    )
    fields.close()
    return lab


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
    step = StepContent(title=fields.text("title", is_required=True), file=file, body=body, checks=tuple(checks))
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


def _file(fields: Fields, name: str, folder: Folder, base: str, seen: _Seen) -> tuple[str, str]:
    path = fields.text(name, is_required=True)
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
    if not content and path.endswith(".sh"):
        fields.fault(name, f"{path} is empty")
    if len(content) > MAX_BLOCK:
        fields.fault(name, f"{path} is over {MAX_BLOCK} characters")
    return content
