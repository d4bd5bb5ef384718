# A Nomad server for Yurt's labs: what matters for them. Three servers, bootstrap_expect = 3, stand the loss of one.
data_dir  = "/opt/nomad/data"
bind_addr = "0.0.0.0"

server {
  enabled          = true
  bootstrap_expect = 1

  # memory_max of a lab counts only with it. On a cluster that is there already:
  # nomad operator scheduler set-config -memory-oversubscription=true
  default_scheduler_config {
    memory_oversubscription_enabled = true
  }
}

acl {
  enabled = true
}

tls {
  http                   = true
  rpc                    = true
  ca_file                = "/etc/nomad.d/nomad-agent-ca.pem"
  cert_file              = "/etc/nomad.d/global-server-nomad.pem"
  key_file               = "/etc/nomad.d/global-server-nomad-key.pem"
  verify_server_hostname = true
}
