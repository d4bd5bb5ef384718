"""The part of a lab's definition that its machine is made of, and that a running machine can't take on later."""

import hashlib
import json
from typing import Any

import lab_definition
from models import Lab


def machine_of(lab: Lab) -> dict[str, Any]:
    """Return what a student's machine is made of, and a warm one alike."""
    return {**lab_definition.machine_of(lab), "setup_script": lab.setup_script}


def fingerprint(lab: Lab) -> str:
    """Return a digest of what a warm machine of the lab is made of; a machine with another digest is out of date."""
    facts = {**machine_of(lab), "max_life_minutes": lab.max_life_minutes}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
