# A Nomad client that Yurt's labs run on. It runs as root: the drivers make chroots, control groups and other users.
data_dir  = "/opt/nomad/data"
bind_addr = "0.0.0.0"

client {
  enabled   = true
  servers   = ["nomad-1.example.org:4647"]
  node_pool = "labs"

  # The root of labs of the template exec, and of the console's task of a machine. Each lab gets links to its files, so it
  # must be on the file system of data_dir; without this line Nomad takes the whole host, which takes ten times as long.
  chroot_env {
    "/opt/nomad/lab-root" = "/"
  }

  # What the node keeps for itself.
  reserved {
    cpu    = 500
    memory = 1024
    disk   = 10240
  }
}

# Only for trying out: a process on the node itself.
plugin "raw_exec" {
  config {
    enabled = false
  }
}

# Images of virtual machines, readable by nobody (the user), the same on every node.
plugin "qemu" {
  config {
    image_paths = ["/srv/yurt/images"]
  }
}

plugin "docker" {
  config {
    allow_privileged = false
    pids_limit       = 512

    volumes {
      enabled = false
    }
  }
}

acl {
  enabled = true
}

tls {
  http                   = true
  rpc                    = true
  ca_file                = "/etc/nomad.d/nomad-agent-ca.pem"
  cert_file              = "/etc/nomad.d/global-client-nomad.pem"
  key_file               = "/etc/nomad.d/global-client-nomad-key.pem"
  verify_server_hostname = true
}
