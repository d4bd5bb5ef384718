"""A newcomer adds a template of labs, made of the one for programs."""

import pytest

from config import ROOT
from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, after, new, without

ENTRY = "A template of labs"
STEPS: dict[str, Step] = {
    "nomad-jobs/jail.hcl": new((ROOT / "nomad-jobs/exec.hcl").read_text()),
    "lab_templates.py": after(
        "            is_vm=True,\n        ),\n", '        Template("jail", leaves_out=("image", "has_network")),\n'
    ),
    "docs/course-archive.md": after("| `template` | `exec`, `docker`, `qemu`", ", `jail`"),
    "docs/operations.md": after("   | `exec` | a root for labs (below) | `chroot_env` |\n", "   | `jail` | | |\n"),
}
READ = {
    "lab_definition.py",
    "backends/nomad/jobs.py",
    "tests/labs/test_definition.py",
    "tests/capacity/test_new_template.py",
    "tests/newcomer/test_lists.py",
    "tests/nomad/test_templates.py",
}
# What is said of a step that was left out.
SAID = {
    "nomad-jobs/jail.hcl": "lab_templates.py and nomad-jobs/ don't have the same templates",
    "lab_templates.py": "lab_templates.py and nomad-jobs/ don't have the same templates",
    "docs/course-archive.md": "docs/course-archive.md doesn't name the templates in their order",
    "docs/operations.md": "docs/operations.md doesn't say what each needs on a node",
}
LISTS = ("tests/newcomer/test_lists.py", "-k", "every_template")


def test_the_text_names_every_step() -> None:
    assert guide.paths(ENTRY, name="jail") == set(STEPS) | READ


def test_a_template_added_by_the_text_keeps_to_the_definition(checkout: Checkout) -> None:
    outcome = checkout.tried(
        STEPS, "tests/labs/test_definition.py", LISTS[0], "-k", "every_template or jail or documentation"
    )

    assert outcome.is_good, outcome.said


@pytest.mark.parametrize("left_out", STEPS)
def test_a_step_that_is_left_out_is_named(checkout: Checkout, left_out: str) -> None:
    outcome = checkout.tried(without(STEPS, left_out), *LISTS)

    assert not outcome.is_good
    assert SAID[left_out] in outcome.said


def test_a_field_that_the_file_leaves_out_is_named(checkout: Checkout) -> None:
    def forgetful(_before: str) -> str:
        text = (ROOT / "nomad-jobs/exec.hcl").read_text()
        return text.replace('variable "disk_mb" {\n  type    = number\n  default = 512\n}\n', "")

    outcome = checkout.tried(
        {**STEPS, "nomad-jobs/jail.hcl": forgetful}, "tests/labs/test_definition.py", "-k", "declares and jail"
    )

    assert not outcome.is_good
    assert "disk_mb" in outcome.said and "KeyError" not in outcome.said
