"""Scenarios of Killercoda: folders with an index.json, its texts and scripts (https://killercoda.com/creators)."""

import json
import posixpath
import re
from typing import Any

from reasons import Code, Reason
from services.archive.content import CheckContent, LabContent, StepContent, block_text
from services.archive.folder import Folder, is_inside
from services.archive.scenarios import base
from services.archive.scenarios.base import Carried

INDEX = "index.json"
MAX_SCENARIOS = 100
# What is read of each object; the rest is listed.
KNOWN = {"title", "description", "details", "backend"}
KNOWN_DETAILS = {"intro", "steps", "finish", "assets"}
KNOWN_STEP = {"title", "text", "verify", "solve", "background", "foreground", "code", "courseData"}
_BUTTONS = re.compile(r"\{\{\s*(?:exec|execute|copy|open)(?:\s+\w+)*\s*\}\}", re.IGNORECASE)
_PORT = re.compile(r"\[([^\]\n]*)\]\(\s*\{\{TRAFFIC_HOST\d+_(\d+)\}\}[^)\n]*\)|\{\{TRAFFIC_HOST\d+_(\d+)\}\}")
_SELECTOR = re.compile(r"\[([^\]\n]*)\]\(\s*\{\{TRAFFIC_\w+\}\}[^)\n]*\)|\{\{TRAFFIC_\w+\}\}")
_MODE = re.compile(r"[ugoa]*[+=][rwx]+|[0-7]{3,4}")


def read(folder: Folder, carried: Carried) -> None:
    """Read every scenario of a folder; each folder of scenarios is a module."""
    found = [path for path in folder.below("") if path.rpartition("/")[2] == INDEX]
    for path in found[:MAX_SCENARIOS]:
        said = _object(folder, path, carried)
        if said is not None:
            place = posixpath.dirname(path)
            module = posixpath.basename(posixpath.dirname(place))
            carried.labs.setdefault(module, []).append(_Scenario(folder, place, said, carried).lab())
    if len(found) > MAX_SCENARIOS:
        carried.note(INDEX, Reason(Code.MOVE_TOO_MANY, many=len(found), most=MAX_SCENARIOS))


def _object(folder: Folder, path: str, carried: Carried) -> dict[str, Any] | None:
    """Return what an index.json says; None for one that is no scenario's."""
    text = base.text_of(folder, path, path, carried)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        carried.note(path, Reason(Code.MOVE_UNREADABLE, said=str(error)[:200]))
        return None
    is_scenario = isinstance(said, dict) and "title" in said and ("details" in said or "backend" in said)
    return said if is_scenario else None


class _Scenario:
    """One scenario on its way to a lab."""

    def __init__(self, folder: Folder, place: str, said: dict[str, Any], carried: Carried) -> None:
        self._folder, self._place, self._said, self._carried = folder, place, said, carried
        self._name = place or INDEX
        self._slug = base.slug_of(posixpath.basename(place) or str(said.get("title", "")), carried.slugs())
        self._ports: list[int] = []
        self._steps: list[StepContent] = []
        self._scripts: list[str] = []
        self._solves: list[str] = []

    def lab(self) -> LabContent:
        """Return the lab."""
        details = self._part(self._said, "details")
        self._unknown(self._said, KNOWN, self._name)
        self._unknown(details, KNOWN_DETAILS, self._name)
        self._machine()
        intro, finish = self._part(details, "intro"), self._part(details, "finish")
        steps = details.get("steps")
        steps = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
        if intro:
            self._step(intro, "intro", "Introduction", is_first=True)
        for number, step in enumerate(steps[:40], start=1):
            self._step(step, f"step {number}", f"Step {number}", is_first=number == 1 and not intro)
        if finish:
            self._step(finish, "finish", "Finish")
        title = base.line_of(self._said.get("title"), self._slug)
        if not self._steps:
            self._steps.append(StepContent(title, "steps/1.md", block_text(title)))
        summary = base.line_of(self._said.get("description"), "")
        return LabContent(
            slug=self._slug,
            title=title,
            summary=summary,
            steps=tuple(self._steps),
            setup=self._setup(self._part(details, "assets")),
            solution=base.fitting(block_text("\n".join(self._solves)), self._name, "solve", self._carried),
            ports=tuple(self._ports[: base.MAX_PORTS]),
        )

    def _part(self, said: dict[str, Any], name: str) -> dict[str, Any]:
        part = said.get(name)
        return part if isinstance(part, dict) else {}

    def _unknown(self, said: dict[str, Any], known: set[str], where: str) -> None:
        for name in said:
            if name not in known:
                value = json.dumps(said[name], ensure_ascii=False)
                self._carried.note(where, Reason(Code.MOVE_NO_PLACE, value=f"{name}: {value}"[: base.MAX_LINE]))

    def _machine(self) -> None:
        backend = self._part(self._said, "backend")
        self._unknown(backend, {"imageid"}, self._name)
        image = base.line_of(backend.get("imageid"), "?")
        self._carried.note(self._name, Reason(Code.SCENARIO_IMAGE, image=image))

    def _step(self, said: dict[str, Any], name: str, title: str, *, is_first: bool = False) -> None:
        where = f"{self._name}, {name}"
        self._unknown(said, KNOWN_STEP, where)
        number = len(self._steps) + 1
        text = self._text(said, where)
        title = base.line_of(said.get("title"), base.line_of(base.heading_of(text), title))
        for kind in ("background", "foreground"):
            self._script(said, kind, where, is_first=is_first)
        verify = self._read(said, "verify", where)
        if solve := self._read(said, "solve", where):
            self._solves.append(solve)
        checks: tuple[CheckContent, ...] = ()
        if verify:
            file = f"checks/{number}.sh"
            checks = (CheckContent(f"step-{number}", title, file, verify, timeout_s=base.TIMEOUT_S),)
        self._steps.append(StepContent(title, f"steps/{number}.md", text or block_text(title), checks))

    def _path(self, said: dict[str, Any], kind: str, where: str) -> str:
        """Return the path of a file that a step names; empty where it names none in its folder."""
        named = said.get(kind)
        if not isinstance(named, str) or not named.strip():
            return ""
        path = posixpath.normpath(posixpath.join(self._place, named.strip().lstrip("/")))
        if is_inside(path):
            return path
        self._carried.note(where, Reason(Code.MOVE_FILE_MISSING, path=named[: base.MAX_LINE]))
        return ""

    def _read(self, said: dict[str, Any], kind: str, where: str) -> str:
        path = self._path(said, kind, where)
        text = base.text_of(self._folder, path, where, self._carried) if path else ""
        return base.fitting(text, where, path, self._carried)

    def _script(self, said: dict[str, Any], kind: str, where: str, *, is_first: bool) -> None:
        path = self._path(said, kind, where)
        text = base.text_of(self._folder, path, where, self._carried) if path else ""
        if not text:
            return
        if is_first:
            self._scripts.append(text)
            self._carried.note(where, Reason(Code.SCENARIO_SETUP, value=path))
        else:
            self._carried.note(where, Reason(Code.SCENARIO_LATE_SCRIPT, value=path))

    def _text(self, said: dict[str, Any], where: str) -> str:
        path = self._path(said, "text", where)
        text = base.text_of(self._folder, path, where, self._carried) if path else ""
        if buttons := len(_BUTTONS.findall(text)):
            self._carried.note(where, Reason(Code.SCENARIO_BUTTONS, count=buttons))
        text = _PORT.sub(lambda found: self._port(found, where), _BUTTONS.sub("", text))
        if _SELECTOR.search(text):
            self._carried.note(where, Reason(Code.MOVE_NO_PLACE, value="TRAFFIC_SELECTOR"))
            text = _SELECTOR.sub(lambda found: found[1] or "", text)
        near = [posixpath.dirname(path), self._place, posixpath.join(self._place, "assets"), ""]
        text = base.with_files(text, self._folder, near, self._slug, where, self._carried)
        return base.fitting(block_text(text), where, path, self._carried)

    def _port(self, found: re.Match[str], where: str) -> str:
        port = int((found[2] or found[3])[:6])
        if 1 <= port <= 65_535:
            self._ports += [port] if port not in self._ports else []
            self._carried.note(where, Reason(Code.SCENARIO_PORT, port=port))
        return f"{found[1]} ({port})" if found[1] else str(port)

    def _setup(self, assets: dict[str, Any]) -> str:
        lines = [self._assets(host, entries) for host, entries in assets.items() if isinstance(entries, list)]
        return base.fitting(block_text("\n".join([*lines, *self._scripts])), self._name, "setup.sh", self._carried)

    def _assets(self, host: str, entries: list[Any]) -> str:
        where, lines = f"{self._name}, assets", []
        if host != "host01":
            self._carried.note(where, Reason(Code.SCENARIO_MACHINES, value=host[: base.MAX_LINE]))
            return ""
        for entry in entries:
            if isinstance(entry, dict) and isinstance(entry.get("file"), str) and isinstance(entry.get("target"), str):
                lines += self._asset(entry["file"], entry["target"], str(entry.get("chmod", "")), where)
        return "".join(lines)

    def _asset(self, pattern: str, target: str, mode: str, where: str) -> list[str]:
        start = posixpath.join(self._place, "assets") + "/"
        like = _glob(pattern.lstrip("/"))
        paths = [path for path in self._folder.below(start) if like.fullmatch(path.removeprefix(start))]
        home = re.match(r"(?:~|/root|\$HOME)(?:/|$)", target)
        lines: list[str] = []
        if not paths:
            self._carried.note(where, Reason(Code.MOVE_FILE_MISSING, path=f"assets/{pattern}"[: base.MAX_LINE]))
        elif home is None:
            said = {"path": pattern[: base.MAX_LINE], "target": target[: base.MAX_LINE]}
            self._carried.note(where, Reason(Code.SCENARIO_ELSEWHERE, **said))
        for path in paths if home else []:
            data = self._folder.data(path) or b""
            place = posixpath.normpath(posixpath.join(target[home.end() :], path.removeprefix(start))) if home else ""
            written = base.writes_file(place, data, mode if _MODE.fullmatch(mode) else "")
            used = sum(map(len, [*self._scripts, *lines]))
            if len(written) + used > base.MAX_CARRIED or not is_inside(place):
                self._carried.note(where, Reason(Code.SCENARIO_TOO_LARGE, path=path))
            else:
                lines.append(written)
        self._scripts += lines
        return []


def _glob(pattern: str) -> re.Pattern[str]:
    """Return what a pattern with `*` and `**` matches."""
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern[:200])
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))
