"""Scenarios of HobbyFarm: YAML or JSON of the kind Scenario with texts in base64, or a folder of Markdown with a
scenario.yml (https://hobbyfarm.github.io/docs).
"""

import base64
import binascii
import posixpath
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml

from lab_definition import DEFAULTS
from reasons import Code, Reason
from services.archive.content import CheckContent, LabContent, StepContent, block_text
from services.archive.faults import without_controls
from services.archive.folder import Folder
from services.archive.scenarios import base
from services.archive.scenarios.base import Carried

MAX_SCENARIOS = 100
KNOWN = {"id", "name", "description", "steps", "virtual_machines", "virtualmachines", "vm_tasks", "keepalive_duration"}
FOLDER = ("scenario.yml", "scenario.yaml")
_FENCE = re.compile(r"^([ \t]*)(```|~~~)(ctr|file|hidden|note|mermaid)(?::([^\n]*))?$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{vminfo:[^}\n]*\}")
_FRONT = re.compile(r"\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*\n?", re.DOTALL)
_DURATION = re.compile(r"(\d{1,5})([mh])")


def read(folder: Folder, carried: Carried) -> None:
    """Read every scenario of a folder into one module."""
    for path in folder.below(""):
        if path.rpartition("/")[2] in FOLDER:
            said = next(_documents(folder, path, carried), None)
            if isinstance(said, dict) and "kind" not in said:
                _add(_Scenario(said, path, carried).lab(_of_files(folder, path, carried)), carried)
                continue
        if path.endswith((".yml", ".yaml", ".json")):
            for document in _documents(folder, path, carried):
                for spec in _scenarios(document):
                    if len(carried.slugs()) < MAX_SCENARIOS:
                        _add(_Scenario(spec, path, carried).lab(_of_spec(spec)), carried)


def _add(lab: LabContent, carried: Carried) -> None:
    carried.labs.setdefault("", []).append(lab)


def _documents(folder: Folder, path: str, carried: Carried) -> Iterator[Any]:
    """Yield the documents of a file; YAML with aliases, by which a short text stands for an endless one, is refused."""
    text = base.text_of(folder, path, path, carried)
    if "Scenario" not in text and path.rpartition("/")[2] not in FOLDER:
        return
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            carried.note(path, Reason(Code.MOVE_UNREADABLE, said="YAML aliases"))
            return
        yield from list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        carried.note(path, Reason(Code.MOVE_UNREADABLE, said=" ".join(str(error).split())[:200]))


def _scenarios(document: Any) -> Iterator[dict[str, Any]]:
    items = document.get("items") if isinstance(document, dict) else None
    for each in items if isinstance(items, list) else [document]:
        if isinstance(each, dict) and each.get("kind") == "Scenario" and isinstance(each.get("spec"), dict):
            named = (each.get("metadata") or {}).get("name") if isinstance(each.get("metadata"), dict) else None
            yield {"id": named, **each["spec"]}


def _of_spec(spec: dict[str, Any]) -> list[tuple[str, str]]:
    steps = spec.get("steps")
    steps = steps if isinstance(steps, list) else []
    return [(_plain(step.get("title")), _plain(step.get("content"))) for step in steps if isinstance(step, dict)]


def _of_files(folder: Folder, path: str, carried: Carried) -> list[tuple[str, str]]:
    """Return the steps of a folder's content, by their weight."""
    start, steps = posixpath.join(posixpath.dirname(path), "content/"), []
    for file in folder.below(start):
        if not file.endswith(".md"):
            continue
        text, front = base.text_of(folder, file, file, carried), {}
        if found := _FRONT.match(text):
            text = text[found.end() :]
            try:
                front = tomllib.loads(found[1])
            except tomllib.TOMLDecodeError as error:
                carried.note(file, Reason(Code.MOVE_UNREADABLE, said=str(error)[:200]))
        weight = front.get("weight")
        steps.append((weight if isinstance(weight, int) else 0, file, str(front.get("title", "")), text))
    return [(title, text) for _weight, _file, title, text in sorted(steps)]


def _plain(value: Any) -> str:
    """Return a text that may be in base64: it is, if it is the base64 of a readable text."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    packed = "".join(value.split())
    try:
        text = base64.b64decode(packed, validate=True).decode()
    except (binascii.Error, ValueError):
        return value
    return text if packed and all(each.isprintable() or each.isspace() for each in text) else value


class _Scenario:
    """One scenario on its way to a lab."""

    def __init__(self, spec: dict[str, Any], path: str, carried: Carried) -> None:
        self._spec, self._carried = spec, carried
        self._title = base.line_of(_plain(spec.get("name")), path)
        self._slug = base.slug_of(str(spec.get("id") or self._title), carried.slugs())

    def lab(self, written: list[tuple[str, str]]) -> LabContent:
        """Return the lab with these steps, each a title and a text."""
        for name in self._spec:
            if name not in KNOWN and self._spec[name] not in (None, [], "", False):
                value = f"{name}: {self._spec[name]}"[: base.MAX_LINE]
                self._carried.note(self._title, Reason(Code.MOVE_NO_PLACE, value=value))
        steps = [self._step(number, *step) for number, step in enumerate(written[:49], start=1)]
        checks = self._checks(self._machine())
        if checks or not steps:
            number = len(steps) + 1
            tasks = "\n".join(f"- {check.title}" for check in checks)
            body = block_text(tasks or self._title)
            steps.append(StepContent("Tasks" if checks else self._title, f"steps/{number}.md", body, checks))
        return LabContent(
            slug=self._slug,
            title=self._title,
            summary=base.line_of(_plain(self._spec.get("description")), ""),
            steps=tuple(steps),
            idle_minutes=self._minutes() or DEFAULTS.idle_minutes,
        )

    def _step(self, number: int, title: str, text: str) -> StepContent:
        where = f"{self._title}, step {number}"
        title = base.line_of(title, base.line_of(base.heading_of(text), f"Step {number}"))
        if _VARIABLE.search(text):
            self._carried.note(where, Reason(Code.MOVE_NO_PLACE, value="${vminfo:...}"))
        text = _FENCE.sub(lambda found: self._fence(found, where), without_controls(text))
        body = base.fitting(block_text(text), where, title, self._carried)
        return StepContent(title, f"steps/{number}.md", body or block_text(title))

    def _fence(self, found: re.Match[str], where: str) -> str:
        """Return the first line of a block of code without what a click on it did."""
        space, marks, kind, rest = found[1], found[2], found[3], found[4] or ""
        if kind == "mermaid":
            return found[0]
        self._carried.note(where, Reason(Code.MOVE_NO_PLACE, value=f"{kind}:{rest}"[: base.MAX_LINE]))
        if kind == "file":
            language, _colon, name = rest.partition(":")
            return f"{space}`{name.partition(':')[0]}`\n\n{space}{marks}{language}" if name else f"{space}{marks}"
        return f"{space}{marks}bash" if kind == "ctr" else f"{space}{marks}"

    def _machine(self) -> str:
        """Return the name of the machine that the lab stands for: the first; the others are listed."""
        said = self._spec.get("virtual_machines") or self._spec.get("virtualmachines") or {}
        sets = said if isinstance(said, list) else [said]
        machines = {str(name): str(kind) for each in sets if isinstance(each, dict) for name, kind in each.items()}
        first = next(iter(machines), "")
        if first:
            self._carried.note(self._title, Reason(Code.SCENARIO_IMAGE, image=machines[first][: base.MAX_LINE]))
        for name, kind in list(machines.items())[1:]:
            value = f"{name} ({kind})"[: base.MAX_LINE]
            self._carried.note(self._title, Reason(Code.SCENARIO_MACHINES, value=value))
        return first

    def _checks(self, machine: str) -> tuple[CheckContent, ...]:
        checks: list[CheckContent] = []
        groups = self._spec.get("vm_tasks")
        for group in groups if isinstance(groups, list) else []:
            if not isinstance(group, dict):
                continue
            name, tasks = str(group.get("vm_name", "")), group.get("tasks")
            tasks = [task for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
            if machine and name != machine:
                said = ", ".join(str(task.get("name", "?")) for task in tasks)
                value = f"{name}: {said}"[: base.MAX_LINE]
                self._carried.note(self._title, Reason(Code.SCENARIO_MACHINES, value=value))
                continue
            for task in tasks[:50]:
                checks += self._check(task, len(checks) + 1)
        return tuple(checks)

    def _check(self, task: dict[str, Any], number: int) -> list[CheckContent]:
        title = base.line_of(_plain(task.get("description")) or _plain(task.get("name")), f"Task {number}")
        script = _script(task)
        if not script:
            self._carried.note(self._title, Reason(Code.MOVE_NO_PLACE, value=f"vm_tasks: {title}"[: base.MAX_LINE]))
            return []
        return [CheckContent(f"task-{number}", title, f"checks/{number}.sh", script, timeout_s=base.TIMEOUT_S)]

    def _minutes(self) -> int | None:
        found = _DURATION.fullmatch(str(self._spec.get("keepalive_duration", "")).strip())
        minutes = int(found[1]) * (60 if found[2] == "h" else 1) if found else 0
        return minutes if 1 <= minutes <= 10_080 else None


def _script(task: dict[str, Any]) -> str:
    """Return the script of a check that runs a task's command and looks at what it gives; empty without a command."""
    command, expected = _plain(task.get("command")).strip(), _plain(task.get("expected_output_value")).strip()
    if not command:
        return ""
    kind, code = str(task.get("return_type", "")).lower(), task.get("expected_return_code")
    lines = ["#!/bin/bash", f"output=$(bash -c {_quoted(command)} 2>/dev/null)", "status=$?"]
    if "text" not in kind and "regex" not in kind or "code" in kind:
        lines.append(f"[ $status -eq {code if isinstance(code, int) else 0} ] || exit 1")
    if "regex" in kind:
        lines.append(f"printf '%s' \"$output\" | grep -Pq -- {_quoted(expected)}")
    elif "text" in kind:
        lines.append(f'[ "$output" = {_quoted(expected)} ]')
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
