"""What a machine is made of: the part of a lab's definition that a running machine can't take on later."""

import hashlib
import json
from typing import Any

import lab_definition
from models import Lab


def machine_of(lab: Lab) -> dict[str, Any]:
    """Return all that a student's machine and a warm one alike are made of."""
    return {**lab_definition.machine_of(lab), "setup_script": lab.setup_script}


def fingerprint(lab: Lab) -> str:
    """Return a digest of what a warm machine of the lab is made of; another one says that it is out of date."""
    facts = {**machine_of(lab), "max_life_minutes": lab.max_life_minutes}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
