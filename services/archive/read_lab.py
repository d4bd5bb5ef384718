"""A lab's folder -> a lab."""

import lab_templates
from lab_definition import values_of
from services.archive.content import CheckContent, LabContent, StepContent, block_text
from services.archive.documents import Document
from services.archive.folder import Folder, is_inside
from services.archive.shapes import MAX_BLOCK, SETUP, SOLUTION, CheckEntry, LabFile


def read_lab(document: Document[LabFile], folder: Folder, base: str, slug: str) -> LabContent:
    """Return the lab in the folder `base`; faults are noted in the document's list."""
    lab = document.said
    files = _Files(document, folder, base)
    slugs: set[str] = set()
    steps = []
    for index, step in enumerate(lab.steps):
        place = ("steps", index)
        file, body = files.read(step.file, *place, "file")
        checks = []
        for number, check in enumerate(step.checks):
            if check.slug in slugs:
                message = f"{check.slug} is the slug of another check of this lab"
                document.fault(message, *place, "checks", number, "slug")
            slugs |= {check.slug} - {""}
            checks.append(_check(check, *files.read(check.script, *place, "checks", number, "script")))
        solution_file, solution = files.read(step.solution, *place, "solution")
        steps.append(StepContent(step.title, file, body, tuple(checks), solution_file, solution))
    _check_machine(document)
    return LabContent(
        slug=slug,
        title=lab.title,
        summary=lab.summary,
        setup=files.script("setup", lab.setup),
        solution=files.script("solution", lab.solution),
        steps=tuple(steps),
        **values_of(lab),
    )


def _check(check: CheckEntry, file: str, script: str) -> CheckContent:
    return CheckContent(
        slug=check.slug,
        title=check.title,
        file=file,
        script=script,
        points=check.points,
        hint=check.hint,
        timeout_s=check.timeout_s,
    )


def _check_machine(document: Document[LabFile]) -> None:
    """Note what each value may be by itself, but not beside the others."""
    lab = document.said
    document.each("ports", lab.ports)
    if 0 < lab.memory_max_mb < lab.memory_mb:
        document.fault(f"must be at least memory_mb, {lab.memory_mb}", "memory_max_mb")
    template = lab_templates.find(lab.template)
    for other in lab_templates.TEMPLATES.values():
        for name in other.own_fields:
            if name not in template.own_fields and getattr(lab, name):
                document.fault(f"is for template: {other.name} only", name)
    if "kernel" in template.own_fields and not document.has("kernel"):
        for name in ("initrd", "kernel_args"):
            if getattr(lab, name):
                document.fault("needs a kernel beside it", name)
    # A text with a fault of its own reads as empty: one fault about it is enough.
    if template.starts_from and not any(map(document.has, template.starts_from)):
        first, *others = template.starts_from
        what = " or ".join(["an image" if first == "image" else f"a {first}", *(f"a {name}" for name in others)])
        document.fault(f"is missing: a {lab.template} lab starts from {what}", first)


class _Files:
    """The texts and scripts of a lab, each of which is used once."""

    def __init__(self, document: Document[LabFile], folder: Folder, base: str) -> None:
        self._document, self._folder, self._base = document, folder, base
        self._used = {SETUP, SOLUTION, "lab.yaml"}

    def read(self, path: str, *place: int | str) -> tuple[str, str]:
        """Return path and content of the file that a place of the document names; empty after noting why not."""
        message = ""
        if not path:
            return "", ""
        if not is_inside(path):
            message = "must be a path below the lab's folder, such as steps/1-look.md"
        elif path in self._used:
            message = f"{path} is used twice"
        elif self._base + path not in self._folder:
            message = f"there is no {self._base}{path}"
        if message:
            self._document.fault(message, *place)
            return "", ""
        self._used.add(path)
        return path, self._content(path, *place)

    def script(self, name: str, path: str) -> str:
        """Return the content of setup.sh or solution.sh; "" where the lab has none, or none that is sound."""
        if not path:
            return ""
        if self._base + path not in self._folder:
            self._document.fault(f"there is no {self._base}{path}", name)
            return ""
        return self._content(path, name)

    def _content(self, path: str, *place: int | str) -> str:
        text = self._folder.text(self._base + path)
        if text is None:
            return ""
        content = block_text(text)
        if not content:
            self._document.fault(f"{self._base}{path} is empty", *place)
        if len(content) > MAX_BLOCK:
            self._document.fault(f"{self._base}{path} is over {MAX_BLOCK} characters", *place)
        return content
