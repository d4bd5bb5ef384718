"""Jobs of labs: rendered once for each definition by Nomad's own parser, then given each session's name and meta."""

import copy
import hashlib
import json
import re
import threading
from pathlib import Path
from typing import Any

import lab_templates
from backends.base import LabSpec, StartFailed
from backends.nomad import program, words
from backends.nomad.servers import Refused, Servers
from config import ROOT, Settings
from lab_definition import machine_of
from reasons import Code, Reason

FOLDER = ROOT / "nomad-jobs"
KEPT = 500
TASK_DRIVER = re.compile(r'^ +driver += +(?:"([a-z_]+)"|var[.]driver)', re.MULTILINE)
DECLARED = re.compile(r'^variable "([a-z_]+)"', re.MULTILINE)


class Jobs:
    """The job documents of one cluster."""

    def __init__(self, settings: Settings, servers: Servers) -> None:
        self._settings, self._servers = settings, servers
        self._rendered: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def render(self, spec: LabSpec) -> dict[str, Any]:
        """Return the job of a session, for Nomad's register API; raise StartFailed where the template has a fault."""
        job = copy.deepcopy(self._definition(spec))
        job["ID"] = job["Name"] = spec.job_id
        job["Meta"] = meta(spec)
        return job

    def drivers(self) -> dict[str, frozenset[str]]:
        """Return which drivers a node needs for each template."""
        own = self._settings.lab_exec_driver
        files = {name: FOLDER / f"{name}.hcl" for name in lab_templates.TEMPLATES}
        # A template without its file is left out: its labs run nowhere, all others do.
        texts = {name: file.read_text() for name, file in files.items() if file.is_file()}
        return {name: frozenset(driver or own for driver in TASK_DRIVER.findall(hcl)) for name, hcl in texts.items()}

    def _definition(self, spec: LabSpec) -> dict[str, Any]:
        template = FOLDER / f"{spec.template}.hcl"
        try:
            hcl = template.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise StartFailed(Reason(Code.TEMPLATE_MISSING, file=template.name)) from error
        except UnicodeDecodeError as error:
            raise StartFailed(Reason(Code.TEMPLATE_NOT_TEXT, file=template.name, said=str(error))) from error
        variables = self._variables(spec, set(DECLARED.findall(hcl)))
        key = hashlib.sha256(f"{hcl}\0{variables}".encode()).hexdigest()
        with self._lock:
            job = self._rendered.get(key)
        if job is None:
            job = self._parse(template, hcl, variables)
            with self._lock:
                if len(self._rendered) >= KEPT:
                    self._rendered.clear()
                self._rendered[key] = job
        return job

    def _variables(self, spec: LabSpec, declared: set[str]) -> str:
        settings = self._settings
        values: dict[str, Any] = {
            **machine_of(spec),
            "max_life_s": spec.max_life_s,
            "instance": settings.instance,
            "max_life": f"{spec.max_life_s}s",
            "namespace": settings.nomad_namespace,
            "datacenters": settings.lab_datacenters,
            "node_pool": settings.lab_node_pool,
            "driver": settings.lab_exec_driver,
            "agent": program.agent(),
        }
        if settings.nomad_region:
            values["region"] = settings.nomad_region
        # HCL reads JSON's literals, but not its pairs of surrogates; its templates begin with ${ and %{, which stand
        # for themselves when doubled.
        literals = (
            (name, json.dumps(value, ensure_ascii=False)) for name, value in sorted(values.items()) if name in declared
        )
        return "\n".join(f"{name} = {text.replace('${', '$${').replace('%{', '%%{')}" for name, text in literals)

    def _parse(self, template: Path, hcl: str, variables: str) -> dict[str, Any]:
        body = {"JobHCL": hcl, "Variables": variables, "Canonicalize": True}
        try:
            parsed = self._servers.call("post", "jobs/parse", json=body).json()
        except Refused as error:
            raise StartFailed(
                Reason(Code.TEMPLATE_REFUSED, file=template.name, said=words.refusal(error.text))
            ) from error
        job: dict[str, Any] = parsed
        if not self._settings.nomad_region:
            job["Region"] = None  # that of the server which takes it
        return job


def meta(spec: LabSpec) -> dict[str, str]:
    """Return what the job says of itself, for operators and for us."""
    return {
        "yurt_instance": spec.instance,
        "yurt_session": spec.session_id,
        "yurt_course": spec.course,
        "yurt_lab": spec.lab,
        "yurt_user": spec.handle,
    }
