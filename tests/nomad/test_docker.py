"""What containers promise beyond the contract of tests/backends, where the machine has a Docker."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from backends.base import LabSpec, StartFailed
from backends.nomad import NomadBackend
from tests.backends.conftest import nomad_settings, output, run, typed
from tests.nomad.agents import Cluster
from tests.nomad.containers import lab_image, require_docker

MakeLab = Callable[..., LabSpec]


@pytest.fixture
def backend(nomad: Cluster) -> Iterator[NomadBackend]:
    """Labs of an instance of the test's own."""
    require_docker(nomad)
    made = NomadBackend(nomad_settings(nomad, "exec"))
    yield made
    for job in made.observe():
        made.stop(job.job_id)
    made.close()


@pytest.fixture
def make_lab(backend: NomadBackend) -> MakeLab:
    """Start containers of bob's."""

    def make(**changes: object) -> LabSpec:
        digits = secrets.token_hex(4)
        values = {
            "job_id": f"lab-linux-box-bob-{digits}",
            "instance": backend.instance,
            "session_id": f"{digits}-0000-4000-8000-000000000000",
            "course": "linux",
            "lab": "box",
            "handle": "bob",
            "home_key": f"7-{digits}",
            "template": "docker",
            "image": lab_image(),
            **changes,
        }
        spec = LabSpec(**values)  # type: ignore[arg-type]
        backend.start(spec)
        return spec

    return make


def test_a_student_in_a_container_has_a_name_and_no_right_at_all(backend: NomadBackend, make_lab: MakeLab) -> None:
    rights = "grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | cut -f2"

    said = output(backend, make_lab(), f"whoami; id -gn; hostname; {rights}")

    assert said.split() == ["bob", "bob", "lab", "0" * 16, "0" * 16, "0" * 16, "1", "2"]


def test_a_container_lets_its_student_write_where_the_disk_is_watched_and_nowhere_else(
    backend: NomadBackend, make_lab: MakeLab
) -> None:
    places = r"find / \( -path /proc -o -path /sys -o -path /dev \) -prune -o -type d -writable -print"

    found = output(backend, make_lab(), f"{places} 2>/dev/null | sort || true")

    # The home stands in Nomad's folder of the task, too.
    assert found.split() == ["/home/bob", "/local/bob", "/tmp"]


def test_the_program_of_a_container_is_out_of_its_students_reach(backend: NomadBackend, make_lab: MakeLab) -> None:
    said = output(
        backend,
        make_lab(),
        "ls -d /alloc/yurt/* /secrets/* 2>&1 | grep -vc 'Permission denied\\|No such';"
        "kill -9 1 2>/dev/null && echo killed;"
        "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '^NOMAD'; true",
    )

    assert said.split() == ["0", "0"]


def test_a_container_has_the_network_only_if_it_asks(backend: NomadBackend, make_lab: MakeLab) -> None:
    count = "tail -n +3 /proc/net/dev | cut -d: -f1 | xargs"

    assert output(backend, make_lab(), count) == "lo\n"
    assert "eth0" in output(backend, make_lab(has_network=True), count)


def test_a_container_that_forks_without_end_stays_alone_with_it(backend: NomadBackend, make_lab: MakeLab) -> None:
    bomb, other = make_lab(), make_lab()

    run(backend, bomb, "bomb() { bomb | bomb & }; bomb; sleep 5", timeout_s=6)

    assert output(backend, other, "echo fine") == "fine\n"
    backend.stop(bomb.job_id)
    assert [job.job_id for job in backend.observe()] == [other.job_id]


def test_a_container_that_fills_its_disk_is_told_and_goes_on(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab(disk_mb=32)
    fill = "while :; do n=$((n + 1)); head -c 8M /dev/zero > $n.fill; sleep 0.2; done\r"

    said = typed(backend, lab, fill, "The disk is full: \\d+ of 32 MB")

    assert "remove something" in said
    assert "gone 3" in typed(backend, lab, "rm -f *.fill; echo gone $((1 + 2))\r", "gone 3")


def test_an_image_that_is_nowhere_ends_the_start_with_what_nomad_says(backend: NomadBackend, make_lab: MakeLab) -> None:
    with pytest.raises(StartFailed, match="(?i)image|pull"):
        make_lab(image="localhost:1/nowhere:1")

    assert backend.observe() == []
