# A Nomad server for Yurt's labs: what matters for them.
data_dir  = "/opt/nomad/data"
bind_addr = "0.0.0.0"

server {
  enabled          = true
  bootstrap_expect = 1

  # Three stand the loss of one. Then each knows the others:
  # bootstrap_expect = 3
  # server_join {
  #   retry_join = ["nomad-1.example.org", "nomad-2.example.org", "nomad-3.example.org"]
  # }

  # Over networks that others share, gossip wants a key of its own: nomad operator gossip keyring generate
  # encrypt = "..."

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

  # Then nobody without a certificate reaches the API: Yurt needs NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY.
  # verify_https_client = true
}
