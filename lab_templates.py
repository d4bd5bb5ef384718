"""The templates of labs: the one list of them, with what each is made of.

A template is a row here and the file `nomad-jobs/<name>.hcl`. Archives, fit, placement, the commands and the local
backend all read this list, so a new kind of lab needs nothing else. Which variables its file must declare, and with
which defaults, follows from `lab_definition`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """A kind of machine.

    `starts_from` are the fields of a definition of which at least one must be there; `own_fields` are for this
    template alone, and `leaves_out` those that its job has no use for. A lab of it holds `beside_mhz` and `beside_mb`
    more than its definition says, for tasks that its job has beside the lab, and `least_mb` at least. `is_vm`: its
    machine has a kernel of its own. `is_local`: it also runs without a cluster.
    """

    name: str
    starts_from: tuple[str, ...] = ()
    own_fields: tuple[str, ...] = ()
    leaves_out: tuple[str, ...] = ()
    least_mb: int = 0
    beside_mhz: int = 0
    beside_mb: int = 0
    is_vm: bool = False
    is_local: bool = False


USUAL = "exec"
TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        # Its shell is a process of the node: it starts from no image, and the program in the lab keeps it from the
        # node's network unless the lab has one (backends/inside/), so the job has no use for either.
        Template(USUAL, leaves_out=("image", "has_network"), is_local=True),
        Template("docker", starts_from=("image",)),
        Template(
            "qemu",
            starts_from=("image", "kernel"),
            own_fields=("kernel", "initrd", "kernel_args"),
            # nomad-jobs/qemu.hcl: QEMU has this much memory at least, and a task beside it holds the console.
            least_mb=128,
            beside_mhz=50,
            beside_mb=128,
            is_vm=True,
        ),
    )
}


def find(name: str) -> Template:
    """Return the template of that name; of one that there isn't any more, a lab is counted as its definition says."""
    return TEMPLATES.get(name) or Template(name)


def runs_on(name: str, backend: str) -> bool:
    """Say whether labs of a template can run on a backend at all."""
    return name in TEMPLATES and (backend != "local" or TEMPLATES[name].is_local)
