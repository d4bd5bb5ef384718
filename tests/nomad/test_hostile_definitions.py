"""Definitions of labs that want to be more than data: what they say reaches the job as it is, or nobody."""

from pathlib import Path

import pytest

from backends.base import LabSpec, StartFailed
from backends.nomad import NomadBackend
from backends.nomad.jobs import FOLDER, Jobs

ODD = [
    'quiet" ] } job "other" { driver = "raw_exec',
    "a\\ b\\n c\\u0024{x} \\$ d",
    "<<EOF\nkernel\nEOF",
    "$$ {x} $ % %% { } # // /* */ é 日本 😀 \u202e",
    "',monitor=stdio",
]


@pytest.fixture
def jobs(backend: NomadBackend) -> Jobs:
    """What renders the backend's jobs."""
    return backend._jobs


def spec(**changes: object) -> LabSpec:
    """A lab whose template is a machine."""
    values = {
        "job_id": "lab-a-b-bob-00000000",
        "instance": "test",
        "session_id": "1",
        "course": "a",
        "lab": "b",
        "handle": "bob",
        "home_key": "1-1",
        "template": "qemu",
        "kernel": "/images/vmlinuz",
        **changes,
    }
    return LabSpec(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ODD)
def test_what_a_definition_says_is_one_argument(jobs: Jobs, text: str) -> None:
    (group,) = jobs.render(spec(kernel_args=text))["TaskGroups"]
    machine = next(task for task in group["Tasks"] if task["Name"] == "vm")

    arguments = machine["Config"]["args"]

    assert arguments[arguments.index("-append") + 1] == f"console=ttyS0 quiet panic=1 {text}".strip()
    assert [task["Driver"] for task in group["Tasks"]] == ["qemu", "exec"]


@pytest.mark.parametrize("text", ODD)
def test_an_image_is_a_name(jobs: Jobs, text: str) -> None:
    (group,) = jobs.render(spec(template="docker", kernel="", image=text))["TaskGroups"]
    (task,) = group["Tasks"]

    assert (task["Config"]["image"], task["Config"]["privileged"]) == (text, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel_args": "a=${NOMAD_TOKEN}"},
        {"kernel_args": "a=%{ if true }b%{ endif }"},
        {"kernel_args": "a=$${x}"},
        {"template": "docker", "kernel": "", "image": "registry/${NOMAD_SECRETS_DIR}"},
        {"image": "/images/../../etc/shadow"},
        {"image": "/images/disk.img,if=none,readonly=off"},
        {"image": "relative.img"},
        {"kernel": "/images/vmlinuz\n/etc/passwd"},
        {"initrd": "file:/etc/passwd"},
        {"initrd": "/a b"},
    ],
)
def test_what_would_be_more_than_data_never_starts(jobs: Jobs, changes: dict[str, str]) -> None:
    with pytest.raises(StartFailed, match="can't read"):
        jobs.render(spec(**changes))


@pytest.mark.parametrize(
    ("written", "said"),
    [(b'job "lab" { = }', "The cluster can't read exec.hcl: "), (b"# Schl\xfcssel", "exec.hcl isn't text in UTF-8: ")],
)
def test_a_template_that_an_operator_broke_is_the_reason_until_it_is_mended(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bytes, said: str
) -> None:
    sound = (FOLDER / "exec.hcl").read_bytes()
    monkeypatch.setattr("backends.nomad.jobs.FOLDER", tmp_path)
    (tmp_path / "exec.hcl").write_bytes(written)

    with pytest.raises(StartFailed) as caught:
        jobs.render(spec(template="exec"))
    (tmp_path / "exec.hcl").write_bytes(sound)

    assert str(caught.value).startswith(said)
    assert jobs.render(spec(template="exec"))["ID"] == "lab-a-b-bob-00000000"
