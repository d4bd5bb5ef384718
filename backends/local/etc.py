"""The lab's own /etc: who the student is, how the shell looks, and the script with which the lab begins."""

import os
import shlex
import shutil
from pathlib import Path

from backends.base import LabSpec
from backends.local.holder import READY_FD, SAVED_FD
from backends.local.networks import AWAIT, RESOLVER

# What programs of the system look for there (awk and vi are links through alternatives), and nothing of this site.
FROM_HOST = (
    "alternatives",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "services",
    "protocols",
    "magic",
    "mime.types",
)
FOR_NETWORK = ("ssl/certs", "ca-certificates")
LINKS = {"os-release": "../usr/lib/os-release", "mtab": "/proc/self/mounts"}

BASHRC = r"""export PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LANG=C.UTF-8 PAGER=less LESS=-R
PS1='\[\e[1;32m\]\u@lab\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
alias ls='ls --color=auto' grep='grep --color=auto'
HISTSIZE=2000
shopt -s checkwinsize histappend
# A lab may end at any moment.
PROMPT_COMMAND='history -a'
[ -f ~/.bashrc ] && . ~/.bashrc
"""

SHELL = "bash --rcfile /etc/yurt.bashrc -i"
# `exit` gives a new shell, as logging in again would. A shell that can't stay (an `exit` in ~/.bashrc) is replaced by
# one without the student's files. Job control gives each shell the terminal, whatever the one before did to it.
INIT = r"""cd || exit 1
umask 022
%(limits)s
%(network)s
if [ -e /etc/yurt.saved ]; then
    tar -xzp --no-same-owner -f %(saved)s %(ready)s>&-
elif [ -e /etc/yurt.setup ]; then
    bash --noprofile --norc /etc/yurt.setup </dev/null %(ready)s>&-
fi
status=$?
if [ $status -ne 0 ]; then
    echo "failed $status" >&%(ready)s
    exit 1
fi
echo ready >&%(ready)s
exec %(ready)s>&- %(saved_fd)s<&-
%(said)s
set -m
trap : INT QUIT TSTP
quick=0
while true; do
    began=$SECONDS
    if [ $quick -lt 3 ]; then
        %(shell)s
    else
        echo "Your shell ended at once, three times: here is one without ~/.bashrc."
        bash --noprofile --norc -i
        quick=0
    fi
    if [ $((SECONDS - began)) -lt 2 ]; then
        quick=$((quick + 1))
        sleep 0.2
    else
        quick=0
    fi
done
"""


def write_etc(
    folder: Path, spec: LabSpec, *, home: str, uid: int, limits: str, is_new: bool, said: str = ""
) -> dict[str, str]:
    """Write the files of the lab's /etc anew, and return which of them goes where.

    `is_new` says that the home wants the setup, `said` is what its first shell says.
    """
    shutil.rmtree(folder, ignore_errors=True)
    files = {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n{spec.handle}:x:{uid}:{uid}::{home}:/bin/bash\n",
        "group": f"root:x:0:\n{spec.handle}:x:{uid}:\n",
        "hosts": "127.0.0.1 localhost lab\n::1 localhost lab\n",
        "hostname": "lab\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "yurt.bashrc": BASHRC,
        "yurt.init": init_script(limits, said=said, network=AWAIT if spec.has_network else ""),
    }
    contents = {name: text.encode() for name, text in files.items()}
    if is_new and spec.saved is not None:
        # The archive itself comes through a descriptor.
        contents["yurt.saved"] = b""
        (folder.parent / "saved").write_bytes(spec.saved)
    elif is_new and spec.setup_script.strip():
        contents["yurt.setup"] = spec.setup_script.encode()
    if spec.has_network:
        contents["resolv.conf"] = RESOLVER.encode()
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {f"/etc/{name}": str(folder / name) for name in contents}


def init_script(limits: str, shell: str = SHELL, *, said: str = "", saved: str = "", network: str = "") -> str:
    """Return the script that runs first, as the student; `saved` is where it finds its archive."""
    words = {
        "network": network,
        "said": f"echo {shlex.quote(said)}" if said else "",
        "saved": saved or f"- <&{SAVED_FD}",
    }
    return INIT % {"limits": limits, "ready": READY_FD, "saved_fd": SAVED_FD, "shell": shell, **words}


def from_host(spec: LabSpec) -> list[str]:
    """Return what is taken from the host's /etc, where it has it."""
    names = (*FROM_HOST, *(FOR_NETWORK if spec.has_network else ()))
    return [name for name in names if os.path.exists(f"/etc/{name}")]


def variables(spec: LabSpec, home: str) -> dict[str, str]:
    """Return the clean environment of everything in the lab."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
        "HOME": home,
        "USER": spec.handle,
        "LOGNAME": spec.handle,
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
