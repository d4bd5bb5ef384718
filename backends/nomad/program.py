"""The program that runs in labs, as text: what `backends/inside` holds, packed into one argument.

It travels with the job, so a node needs only Python.
"""

import base64
import json
import zlib
from functools import cache
from pathlib import Path

INSIDE = Path(__file__).resolve().parents[1] / "inside"
PACKAGE = "backends.inside"
# In the order in which they import each other.
MODULES = ("wire", "screen", "student", "scripts", "entry", "vm", "vm_ports", "disk", "machine", "serving", "agent")
# Nomad reads ${...} in a job as its own: there is none in here.
_START = """import base64, json, sys, types, zlib
def make(name):
    module = sys.modules[name] = types.ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    return module
package = ""
for part in "%(package)s".split("."):
    package = (package + "." + part).strip(".")
    make(package).__path__ = []
packed = json.loads(zlib.decompress(base64.b64decode("%(packed)s")))
for name, source in packed["modules"]:
    exec(compile(source, name, "exec"), make("%(package)s." + name).__dict__)
sys.modules["%(package)s.agent"].main(packed["bridge"])
"""
# The agent leaves the bridge beside its sockets; it may still be starting.
BRIDGE = """import os, time
path = os.path.join(os.environ["NOMAD_ALLOC_DIR"], "yurt", "bridge.py")
for _ in range(500):
    if os.path.exists(path):
        break
    time.sleep(0.02)
exec(open(path).read())
"""


@cache
def agent() -> str:
    """Return the program of a lab's main task, for Python's exec."""
    sources = [(name, (INSIDE / f"{name}.py").read_text()) for name in MODULES]
    contents = {"modules": sources, "bridge": (INSIDE / "bridge.py").read_text()}
    packed = base64.b64encode(zlib.compress(json.dumps(contents).encode(), 9)).decode()
    return _START % {"package": PACKAGE, "packed": packed}
