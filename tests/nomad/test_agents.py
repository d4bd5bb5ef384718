"""The agents that tests stand on: they start, share, take faults, and leave nothing."""

from tests.nomad import remains
from tests.sites import until

SLEEP = """
job "sleeper" {
  type = "batch"
  group "lab" {
    task "lab" {
      driver = "exec"
      config {
        command = "/bin/bash"
        args    = ["-c", "exec sleep 600"]
      }
      resources {
        cpu    = 50
        memory = 32
      }
    }
  }
}
"""


def test_exec_starts_within_seconds_in_the_small_chroot(nomad):
    parsed = nomad.request("POST", "/v1/jobs/parse", {"JobHCL": SLEEP.replace("sleeper", "small-chroot")})

    nomad.request("POST", "/v1/jobs", {"Job": parsed})
    alloc_id = nomad.wait_running("small-chroot", 20)

    program = "import json, os, pty, socket, subprocess; print('python', os.getuid() != 0)"
    script = f'/usr/bin/python3 -I -S -c "{program}" && ls / | tar cf - --files-from /dev/null | gzip | wc -c'
    told = nomad.command("alloc", "exec", "-i=false", "-t=false", "-task", "lab", alloc_id, "/bin/bash", "-c", script)
    nomad.purge("small-chroot")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("python True\n")


def test_a_cluster_with_two_clients_tokens_and_certificates_takes_faults_and_leaves_nothing(make_nomad):
    cluster = make_nomad(clients=2, acl=True, tls=True, ttl_s=2)
    parsed = cluster.request("POST", "/v1/jobs/parse", {"JobHCL": SLEEP})
    cluster.request("POST", "/v1/jobs", {"Job": parsed})
    alloc_id = cluster.wait_running("sleeper", 20)

    cluster.server.kill()
    cluster.server.start(cluster.server)
    cluster.wait_ready()
    assert cluster.wait_running("sleeper") == alloc_id
    client = cluster.clients[0]
    client.kill()
    until(lambda: len(cluster.ready_nodes()) == 1, 30)
    client.start(cluster.server)
    cluster.wait_ready()

    # Where the client was the job's, Nomad has made another allocation.
    assert cluster.wait_running("sleeper")
    cluster.end()
    assert not cluster.folder.exists()
    assert remains.mounts_below(cluster.folder) == []
    assert remains.working_below(cluster.folder) == []
    assert remains.groups_of(cluster.folder) == []
