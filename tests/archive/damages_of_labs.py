"""What can be wrong in a lab's folder: the change, and the fault that is told."""

from tests.archive.folders import COURSE, LAB, with_line

OF_LABS = {
    "check twice": (
        {
            LAB: COURSE[LAB] + "      - {slug: done, title: Again, script: checks/2.sh}\n",
            "basics/lab.lab/checks/2.sh": "true\n",
        },
        [f"{LAB}:14: steps[1].checks[2].slug: done is the slug of another check of this lab"],
    ),
    "script outside": (
        with_line(LAB, "script: checks/done.sh", "script: ../../../etc/passwd"),
        [f"{LAB}:11: steps[1].checks[1].script: must be a path below the lab's folder, such as steps/1-look.md"],
    ),
    "script missing": (
        {"basics/lab.lab/checks/done.sh": None},
        [f"{LAB}:11: steps[1].checks[1].script: there is no basics/lab.lab/checks/done.sh"],
    ),
    "step empty": (
        {"basics/lab.lab/steps/1-look.md": b"\xef\xbb\xbf\r\n"},
        [f"{LAB}:6: steps[1].file: basics/lab.lab/steps/1-look.md is empty"],
    ),
    "too many ports, and one that is none": (
        with_line(LAB, "title: A lab", "title: A lab\nports: [0, 2, 3, 4, 5, 6, 7, 8, 9]"),
        [f"{LAB}:2: ports: lists over 8 entries", f"{LAB}:2: ports[1]: must be a whole number from 1 to 65535"],
    ),
    "script empty": (
        {"basics/lab.lab/checks/done.sh": "\n"},
        [f"{LAB}:11: steps[1].checks[1].script: basics/lab.lab/checks/done.sh is empty"],
    ),
    "true for a number, and a text for true": (
        with_line(LAB, "points: 10", "points: true\n        timeout_s: 1.0")
        | with_line("course.yaml", "is_published: true", "is_published: 1"),
        [
            f"{LAB}:12: steps[1].checks[1].points: must be a whole number from 0 to 10000",
            f"{LAB}:13: steps[1].checks[1].timeout_s: must be a whole number from 1 to 300",
            "course.yaml:5: is_published: must be true or false",
        ],
    ),
    "step that is none, and a check that says too much": (
        {LAB: COURSE[LAB].replace("        points: 10", "        point: 10") + "  - rest\n"},
        [
            f"{LAB}:12: steps[1].checks[1].point: isn't a field here; it knows hint, points, script, slug, timeout_s, "
            "title",
            f"{LAB}:14: steps[2]: must be a list of `field: value`",
        ],
    ),
    "image of two lines": (
        with_line(LAB, "title: A lab", "title: A lab\nimage: |\n  one\n  two"),
        [f"{LAB}:2: image: must be a single line"],
    ),
    "setup under another name": (
        with_line(LAB, "setup: setup.sh", "setup: begin.sh"),
        [f"{LAB}:2: setup: must be setup.sh"],
    ),
    "unknown template": (
        with_line(LAB, "title: A lab", "title: A lab\ntemplate: mainframe\nmemory_mb: -1"),
        [
            f"{LAB}:2: template: must be one of exec, docker, qemu",
            f"{LAB}:3: memory_mb: must be a whole number from 16 to 1000000",
        ],
    ),
    "machine out of bounds": (
        with_line(
            LAB,
            "title: A lab",
            "title: A lab\nmemory_mb: 128\nmemory_max_mb: 64\nports: [80, 0, 80]\n"
            "busy_cpu_percent: 0\nsave_limit_mb: 2000",
        ),
        [
            f"{LAB}:3: memory_max_mb: must be at least memory_mb, 128",
            f"{LAB}:4: ports[2]: must be a whole number from 1 to 65535",
            f"{LAB}:4: ports[3]: names 80 again",
            f"{LAB}:5: busy_cpu_percent: must be a whole number from 1 to 1000",
            f"{LAB}:6: save_limit_mb: must be a whole number from 0 to 256",
        ],
    ),
    "ports not a list": (
        with_line(LAB, "title: A lab", "title: A lab\nports: 8000"),
        [f"{LAB}:2: ports: must be a list (lines that begin with -)"],
    ),
    "kernel of no machine": (
        with_line(LAB, "title: A lab", "title: A lab\nkernel: vmlinuz\ninitrd: initrd.gz"),
        [
            f"{LAB}:2: kernel: is for template: qemu only",
            f"{LAB}:3: initrd: is for template: qemu only",
        ],
    ),
    "container without an image": (
        with_line(LAB, "title: A lab", "title: A lab\nimage: ''\ntemplate: docker"),
        [f"{LAB}:2: image: is missing: a docker lab starts from an image"],
    ),
    "machine without an image": (
        with_line(LAB, "title: A lab", "title: A lab\ntemplate: qemu\nkernel_args: quiet"),
        [
            f"{LAB}:1: image: is missing: a qemu lab starts from an image or a kernel",
            f"{LAB}:3: kernel_args: needs a kernel beside it",
        ],
    ),
    "what Nomad would fill in": (
        with_line(LAB, "title: A lab", "title: A lab\ntemplate: qemu\nkernel: /vmlinuz\nkernel_args: a=${NOMAD_TOKEN}"),
        [f"{LAB}:4: kernel_args: must hold neither ${{ nor %{{"],
    ),
    "solution outside": (
        with_line(LAB, "solution: solutions/1-look.md", "solution: /etc/passwd"),
        [
            f"{LAB}:7: steps[1].solution: must be a path below the lab's folder, such as steps/1-look.md",
        ],
    ),
    "solution missing": (
        {"basics/lab.lab/solutions/1-look.md": None},
        [f"{LAB}:7: steps[1].solution: there is no basics/lab.lab/solutions/1-look.md"],
    ),
    "solution empty": (
        {"basics/lab.lab/solutions/1-look.md": "\n"},
        [f"{LAB}:7: steps[1].solution: basics/lab.lab/solutions/1-look.md is empty"],
    ),
    "solution that is another text": (
        with_line(LAB, "solution: solutions/1-look.md", "solution: steps/1-look.md")
        | {"basics/lab.lab/solutions/1-look.md": None},
        [f"{LAB}:7: steps[1].solution: steps/1-look.md is used twice"],
    ),
}
