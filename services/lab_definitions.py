"""What a machine is made of: the part of a lab's definition that a running machine can't take on later."""

import hashlib
import json
from typing import Any

from models import Lab

MACHINE = (
    *("template", "image", "cpu_mhz", "memory_mb", "memory_max_mb", "disk_mb", "has_network"),
    *("kernel", "initrd", "kernel_args", "setup_script"),
)


def machine_of(lab: Lab) -> dict[str, Any]:
    """Return what a specification takes from the lab's definition, for a student's machine and a warm one alike."""
    return {name: getattr(lab, name) for name in MACHINE}


def fingerprint(lab: Lab) -> str:
    """Return a digest of what a warm machine of the lab is made of; another one says that it is out of date."""
    facts = {**machine_of(lab), "max_life_minutes": lab.max_life_minutes}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
