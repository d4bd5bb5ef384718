"""A lab without a sandbox, for systems that have no bubblewrap (macOS): a shell with a home of its own.

It keeps the contract, not the isolation: the student's shell can do what the account that runs Yurt can do. Whoever
sets LAB_LOCAL_ACCEPT_RISK there runs labs for themselves.
"""

import os
from pathlib import Path

from backends.base import LabSpec
from backends.local.etc import BASHRC, init_script, variables
from backends.local.holder import INIT_FD

# The report that bwrap gives elsewhere; $$ is the shell's process ID.
REPORT = f'echo "{{\\"child-pid\\": $$}}" >&{INIT_FD}; exec {INIT_FD}>&-\n'


def write_scripts(folder: Path, spec: LabSpec, *, is_new: bool) -> None:
    """Write what the lab begins with."""
    folder.mkdir(exist_ok=True)
    limits, shell = f"ulimit -c 0 -f {spec.disk_mb * 1024}", f"bash --rcfile '{folder}/bashrc' -i"
    script = REPORT + init_script(limits, shell, saved=f"'{folder}/saved' </dev/null")
    for name in ("setup", "saved"):
        script = script.replace(f"/etc/yurt.{name}", f"'{folder}/{name}'")
        (folder / name).unlink(missing_ok=True)
    (folder / "init").write_text(script)
    (folder / "bashrc").write_text(BASHRC.replace("ls --color=auto", "ls -G") + "PS1='" + prompt(spec) + "'\n")
    if is_new and spec.saved is not None:
        (folder / "saved").write_bytes(spec.saved)
    elif is_new and spec.setup_script.strip():
        (folder / "setup").write_text(spec.setup_script)


def prompt(spec: LabSpec) -> str:
    """Return a prompt that names the student, not the account."""
    return spec.handle + r"@lab:\w\$ "


def command(spec: LabSpec, *, home: Path, folder: Path) -> list[str]:
    """Return the command that runs the lab."""
    return [*clean(spec, home), "/bin/bash", "--noprofile", "--norc", str(folder / "init")]


def clean(spec: LabSpec, home: Path) -> list[str]:
    """Return what runs a command with nothing of our environment."""
    values = variables(spec, str(home))
    values["PATH"] += f":{os.defpath}:/opt/homebrew/bin"
    return ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in values.items())]
