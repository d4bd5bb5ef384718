"""Every template of nomad-jobs/ by hand: it validates, and its job holds what operators rely on."""

import pytest

from config import ROOT
from lab_templates import TEMPLATES
from services.capacity.placement import needs_of

FOLDER = ROOT / "nomad-jobs"
LABS = sorted(TEMPLATES)


def parse(nomad, name: str, variables: str = "") -> dict:
    """Return the job that Nomad makes of a template."""
    body = {"JobHCL": (FOLDER / f"{name}.hcl").read_text(), "Variables": variables, "Canonicalize": True}
    return nomad.request("POST", "/v1/jobs/parse", body)


@pytest.mark.parametrize("name", [*LABS, "platform"])
def test_template_validates_without_any_variable(nomad, name):
    told = nomad.command("job", "validate", str(FOLDER / f"{name}.hcl"))

    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", LABS)
def test_a_lab_runs_once_and_says_whose_it_is(nomad, name):
    job = parse(nomad, name, 'job_id = "lab-a-b-bob-1"\ninstance = "school"\nuser = "bob"\nmax_life = "3h"')
    (group,) = job["TaskGroups"]

    assert (job["ID"], job["Type"], group["Name"]) == ("lab-a-b-bob-1", "batch", "lab")
    assert job["Meta"] == {
        "yurt_instance": "school",
        "yurt_session": "",
        "yurt_course": "",
        "yurt_lab": "",
        "yurt_user": "bob",
    }
    assert group["MaxRunDuration"] == 3 * 3600 * 10**9
    assert (group["RestartPolicy"]["Attempts"], group["ReschedulePolicy"]["Attempts"]) == (0, 0)
    assert group["Disconnect"]["Replace"] is False


@pytest.mark.parametrize("name", LABS)
def test_memory_has_a_ceiling_only_where_the_lab_asks_and_logs_stay_below_the_disk(nomad, name):
    plain = parse(nomad, name, "memory_mb = 300\ndisk_mb = 100")
    roomy = parse(nomad, name, "memory_mb = 300\nmemory_max_mb = 900")

    assert [_main(job)["Resources"]["MemoryMaxMB"] or 0 for job in (plain, roomy)] == [
        428 if name == "qemu" else 0,
        900,
    ]
    assert _main(plain)["Resources"]["MemoryMB"] == 300
    (group,) = plain["TaskGroups"]
    logs = [task["LogConfig"]["MaxFiles"] * task["LogConfig"]["MaxFileSizeMB"] for task in group["Tasks"]]
    assert sum(logs) < group["EphemeralDisk"]["SizeMB"] - 100 + 1


@pytest.mark.parametrize("memory_mb", [100, 300])
@pytest.mark.parametrize("name", LABS)
def test_a_lab_is_counted_as_what_its_job_asks_for(nomad, name, memory_mb):
    (group,) = parse(nomad, name, f"cpu_mhz = 400\nmemory_mb = {memory_mb}")["TaskGroups"]

    asked = [(task["Resources"]["CPU"], task["Resources"]["MemoryMB"]) for task in group["Tasks"]]

    needs = needs_of(400, memory_mb, name)
    assert (needs.cpu_mhz, needs.memory_mb) == tuple(map(sum, zip(*asked, strict=True)))


def test_a_container_has_the_rights_to_change_users_alone_and_no_network_unless_asked(nomad):
    config = _main(parse(nomad, "docker", "pids_limit = 77"))["Config"]

    assert (config["privileged"], config["readonly_rootfs"], config["init"]) == (False, True, True)
    assert (config["cap_drop"], config["security_opt"]) == (["all"], ["no-new-privileges"])
    assert (config["network_mode"], config["pids_limit"]) == ("none", 77)
    assert config["cap_add"] == ["chown", "dac_override", "fowner", "kill", "setgid", "setpcap", "setuid"]
    assert [mount["target"] for mount in config["mount"]] == ["/home", "/etc/passwd", "/etc/group", "/tmp"]
    assert "docker.sock" not in str(config)
    assert _main(parse(nomad, "docker", "has_network = true"))["Config"]["network_mode"] == "bridge"


def test_a_machine_gets_less_memory_than_its_task_and_no_network_unless_asked(nomad):
    plain = parse(nomad, "qemu", 'memory_mb = 300\nkernel = "/images/vmlinuz"')
    wired = parse(nomad, "qemu", 'has_network = true\nimage = "/images/debian.qcow2"')

    arguments = " ".join(_main(plain)["Config"]["args"])
    assert "-m 204M -snapshot" in arguments and "con.log,logappend=on" in arguments
    assert "-nic none" in arguments and "-kernel /images/vmlinuz" in arguments
    assert _main(plain)["Config"]["image_path"] == "/images/vmlinuz"
    assert plain["TaskGroups"][0]["Networks"] is None
    arguments = " ".join(_main(wired)["Config"]["args"])
    assert "-nic user" in arguments and "-kernel" not in arguments
    assert wired["TaskGroups"][0]["Networks"][0]["Mode"] == "bridge"


@pytest.mark.parametrize("path", ["/images/a,file=/etc/shadow", "/images/../etc/shadow", "images/a", "-x"])
def test_a_path_that_would_be_more_than_a_path_is_refused(nomad, path):
    for name in ("image", "kernel", "initrd"):
        told = nomad.command("job", "validate", "-var", f"{name}={path}", str(FOLDER / "qemu.hcl"))

        assert told.returncode != 0
        assert "absolute path" in told.stderr


def _main(job: dict) -> dict:
    return job["TaskGroups"][0]["Tasks"][0]
