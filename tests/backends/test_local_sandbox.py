"""What a local lab can't do. Each proof runs as the student, and a control shows that it could have shown something."""

import io
import os
import socket
import tarfile
import threading

import pytest

from backends.base import StartFailed
from backends.local import networks, volumes
from config import ROOT
from tests.backends.conftest import output, run

# What an ID is shown as that means nobody in a user namespace (/proc/sys/kernel/overflowgid).
NOBODY = "65534"


@pytest.fixture
def lab(local, make_spec):
    """A running lab with small limits."""
    spec = make_spec(memory_mb=128, disk_mb=8)
    local.start(spec)
    return spec


def test_student_is_nobody_special(local, lab):
    uid, name, groups = output(local, lab, "id -u; id -un; id -G").splitlines()
    status = output(local, lab, "cat /proc/self/status")

    assert int(uid) >= 1000
    assert name == "bob"
    # Only root can take further groups away: those of an ordinary user who runs Yurt mean nobody in the lab.
    further = os.geteuid() != 0 and set(os.getgroups()) - {os.getegid()}
    assert set(groups.split()) == {uid, NOBODY} if further else groups == uid
    assert all(line.endswith("0" * 16) for line in status.splitlines() if line.startswith("Cap"))
    assert "NoNewPrivs:\t1" in status


def test_a_script_brings_nothing_of_the_platform_along(local, lab):
    held = output(local, lab, "for link in /proc/$$/fd/*; do readlink $link; done; :").splitlines()

    assert held
    assert [link for link in held if link.startswith(("user:", "mnt:", "net:", "pid:", "socket:", "anon_inode:"))] == []


def test_files_of_the_host_arent_there(local, lab, tmp_path):
    (tmp_path / "witness").write_text("host")
    folders = f"/root /var/lib /var/log /boot /srv /sys /mnt /media /opt {ROOT} {tmp_path} {local.store.folder}"

    there = output(local, lab, f"for path in {folders}; do [ -e $path ] && echo $path; done; ls /home /tmp; :")
    etc = output(local, lab, "cat /etc/passwd; ls /etc; cat /etc/shadow 2>&1 || :")

    assert there == "/home:\nbob\n\n/tmp:\n"
    assert len([line for line in etc.splitlines() if ":/" in line and "cat" not in line]) == 2
    assert "shadow\n" not in etc
    assert "No such file" in etc


def test_system_cant_be_written_to(local, lab):
    places = "/ /usr /usr/bin /bin /lib /etc /dev /run /var /home /proc/sys/kernel"
    tries = f"for place in {places}; do touch $place/x 2>/dev/null && echo $place; done; :"

    assert output(local, lab, tries) == ""
    assert output(local, lab, "touch ~/x /tmp/x /var/tmp/y /dev/shm/x && echo fine") == "fine\n"


def test_no_secret_of_the_platform_is_in_any_environment(local, make_spec, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "the-platforms-own-secret")
    spec = make_spec()
    local.start(spec)
    files = "/proc/[0-9]*/environ /proc/[0-9]*/cmdline"
    watch = f"for i in $(seq 400); do cat {files} 2>/dev/null; done | tr '\\0' '\\n' | sort -u"
    watching = []
    watcher = threading.Thread(target=lambda: watching.append(output(local, spec, watch)))

    # Scripts come in while the student reads what can be read of them.
    watcher.start()
    while watcher.is_alive():
        output(local, spec, ":")

    assert "HOME=/home/bob" in watching[0]
    assert "YURT_RUN" in watching[0]
    assert "secret" not in watching[0].lower()
    assert str(ROOT) not in watching[0]


def test_processes_of_the_host_arent_seen(local, lab):
    seen = output(local, lab, "ps -eo pid= | wc -l; hostname; ls /proc | grep -c '^[0-9]'")
    theirs = run(local, lab, f"kill -0 {os.getpid()}")

    assert int(seen.split()[0]) < 15
    assert "lab" in seen
    assert theirs.exit_code == 1


def test_network_is_none_unless_the_definition_allows_it(local, lab):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        alone = run(local, lab, reach("127.0.0.1", listener))

    assert alone.exit_code == 1
    assert run(local, lab, "[ -e /etc/resolv.conf ]").exit_code == 1
    assert output(local, lab, "cat /proc/net/dev | tail -n +3 | cut -d: -f1").split() == ["lo"]


def reach(host, listener):
    """Return a script that connects to a port of the machine that runs the platform."""
    return f"timeout 5 bash -c 'exec 3<>/dev/tcp/{host}/{listener.getsockname()[1]}' 2>/dev/null"


@pytest.mark.skipif(bool(networks.refusal()), reason=f"networks of labs are NOT TRIED: {networks.refusal()}")
def test_a_network_leads_out_and_not_to_what_listens_for_this_machine_alone(local, make_spec):
    # The setup has it already.
    connected = make_spec(has_network=True, setup_script="cat /proc/net/route > routes")
    local.start(connected)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        reached = [run(local, connected, reach(host, listener)).exit_code for host in ("127.0.0.1", "10.0.2.2")]

    assert reached == [1, 1]
    assert "tap0" in output(local, connected, "cat routes")
    assert output(local, connected, "cat /etc/resolv.conf") == "nameserver 10.0.2.3\n"


@pytest.mark.parametrize(("what", "words"), [("program", "apt-get install slirp4netns"), ("device", "No such file")])
def test_a_network_is_refused_where_it_would_be_the_machines_own(local, make_spec, monkeypatch, tmp_path, what, words):
    monkeypatch.setattr(networks, "program", lambda: None if what == "program" else "/usr/bin/slirp4netns")
    monkeypatch.setattr(networks, "DEVICE", tmp_path / "tun")

    with pytest.raises(StartFailed, match=words):
        local.start(make_spec(has_network=True))

    assert local.observe() == []


def test_nobody_in_a_lab_makes_a_namespace_to_be_root_in(local, lab):
    for flags in ("-U", "-Ur", "-Urn"):
        assert run(local, lab, f"unshare {flags} id -u").exit_code == 1
    assert output(local, lab, "id -u") != "0\n"


def test_no_path_of_the_site_is_seen_in_a_lab(local, make_spec, tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as saved:
        saved.add(__file__, "work")
    spec = make_spec(saved=archive.getvalue())
    local.start(spec)

    told = output(local, spec, "cat /proc/[0-9]*/cmdline /proc/self/mountinfo /proc/mounts /etc/yurt.init; ls ~")

    # Without a file system of its own, a home's path is seen in its mount.
    mounts = "\n".join(line for line in told.splitlines() if volumes.are_here() or "/home/bob" not in line)
    assert str(tmp_path) not in mounts
    assert str(ROOT) not in mounts
    assert "bwrap" in told
    assert told.endswith("work\n")


def test_fork_bomb_stays_in_its_lab(local, lab, make_spec):
    neighbour = make_spec()
    local.start(neighbour)

    # Counted from outside: the bombed lab has no process left to count with.
    bomb = run(local, lab, "bomb() { bomb | bomb & }; bomb; sleep 2", timeout_s=4, limit=1000)
    count = int(output(local, neighbour, "for i in $(seq 100); do sleep 60 & done; jobs -r | wc -l; kill $(jobs -p)"))

    assert bomb.exit_code is not None
    assert count == 100
    assert output(local, lab, "echo over it") == "over it\n"


def test_number_of_processes_is_bounded(local, lab):
    # Perl says at once that it can't fork; a shell tries for 15 s.
    many = r"""perl -e 'for (1..400) { my $child = fork; defined $child or last; $child or sleep 30, exit; $n++ }
        print "$n\n"'"""

    assert 100 < int(output(local, lab, many)) <= 256


def test_one_file_is_bounded(local, lab):
    result = run(local, lab, "head -c 20M /dev/zero > big; stat -c %s big")

    assert int(result.output.split()[-1]) == 8 * 1024 * 1024


def test_memory_is_bounded(local, lab):
    result = run(local, lab, "head -c 300M /dev/zero | tail -c 290M | wc -c")
    rooms = output(local, lab, "df --output=size -B1M /tmp /dev/shm | tail -n +2").split()

    assert b"exhausted" in result.output or b"allocate" in result.output or result.output.strip() == b"0"
    assert [int(room) for room in rooms] == [64, 16]


def test_no_core_dumps_and_less_important_than_the_platform(local, lab):
    assert output(local, lab, "ulimit -c").strip() == "0"
    assert int(output(local, lab, "cat /proc/2/oom_score_adj")) >= 500


def test_setuid_programs_give_nothing(local, lab):
    assert output(local, lab, "grep -w /usr /proc/mounts | cut -d' ' -f4 | tr , '\\n' | grep -x nosuid") == "nosuid\n"


def test_platform_in_a_folder_of_the_system_is_covered(local, make_spec, monkeypatch):
    monkeypatch.setattr("backends.local.sandbox.CHECKOUT", _inside_usr())
    spec = make_spec()

    local.start(spec)

    assert output(local, spec, "ls -A /usr/share/doc | wc -l") == "0\n"
    assert int(output(local, spec, "ls -A /usr/share | wc -l")) > 1


def _inside_usr():
    return ROOT.__class__("/usr/share/doc")
