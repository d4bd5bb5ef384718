# Yurt itself on Nomad: the web processes (with front door and gateway) and the scheduler, from the image that the
# Dockerfile's stage `app` makes. PostgreSQL and Redis are elsewhere. docs/operations.md walks through it:
#
#   nomad var put nomad/jobs/yurt DATABASE_URL=... REDIS_URL=... SECRET_KEY=... NOMAD_TOKEN=... NOMAD_CA_PEM=@ca.pem
#   nomad job run -var image=registry.example.org/yurt:1 -var public_url=https://learn.example.org nomad-jobs/platform.hcl

variable "job_id" {
  type        = string
  default     = "yurt"
  description = "Also where its secrets are: nomad/jobs/<job_id>."
}

variable "instance" {
  type        = string
  default     = "yurt"
  description = "The name of this Yurt on the cluster: labs of another one are never touched."
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "region" {
  type    = string
  default = "global"
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

variable "node_pool" {
  type        = string
  default     = "default"
  description = "Of the platform; lab_node_pool is that of its labs."
}

variable "image" {
  type    = string
  default = "yurt-app"
}

variable "public_url" {
  type    = string
  default = "http://localhost:2026"
}

variable "trusted_hosts" {
  type        = string
  default     = ""
  description = "Further names of the site, separated by commas; all other hosts get 421."
}

variable "port" {
  type        = number
  default     = 2026
  description = "Of each node that runs web; a load balancer asks /readyz there."
}

variable "trusted_proxies" {
  type        = number
  default     = 2
  description = "The front door, and the load balancer before it."
}

variable "nomad_addr" {
  type        = string
  default     = ""
  description = "Addresses of servers, separated by commas; empty is no labs."
}

variable "lab_namespace" {
  type    = string
  default = "default"
}

variable "lab_node_pool" {
  type    = string
  default = "default"
}

variable "web_count" {
  type    = number
  default = 1
}

variable "scheduler_count" {
  type    = number
  default = 1
}

variable "web_concurrency" {
  type    = number
  default = 4
}

variable "web_memory_mb" {
  type    = number
  default = 1024
}

locals {
  environment = {
    PUBLIC_URL      = var.public_url
    TRUSTED_HOSTS   = var.trusted_hosts
    YURT_INSTANCE   = var.instance
    PORT            = "${var.port}"
    BIND            = "0.0.0.0"
    TRUSTED_PROXIES = "${var.trusted_proxies}"
    WEB_CONCURRENCY = "${var.web_concurrency}"
    LAB_BACKEND     = var.nomad_addr == "" ? "off" : "nomad"
    NOMAD_ADDR      = var.nomad_addr
    NOMAD_NAMESPACE = var.lab_namespace
    LAB_NODE_POOL   = var.lab_node_pool
    YURT_VAR        = "/alloc/data"
  }

  # Certificates in the variable, for a cluster with TLS, by the setting that names their file.
  certificates = {
    NOMAD_CACERT      = "NOMAD_CA_PEM"
    NOMAD_CLIENT_CERT = "NOMAD_CERT_PEM"
    NOMAD_CLIENT_KEY  = "NOMAD_KEY_PEM"
  }

  # Every other item of the variable becomes an environment variable, SECRET_KEY and DATABASE_URL among them.
  secrets = <<-EOF
    {{ with nomadVar "nomad/jobs/${var.job_id}" }}{{ range .Tuples }}
    {{ if not (.K | regexMatch "_PEM$") }}{{ .K }}={{ .V | toJSON }}{{ end }}
    %{for setting, item in local.certificates}
    {{ if eq .K "${item}" }}${setting}={{ env "NOMAD_SECRETS_DIR" }}/${item}{{ end }}
    %{endfor}
    {{ end }}{{ end }}
  EOF
}

job "yurt" {
  id          = var.job_id
  name        = var.job_id
  type        = "service"
  namespace   = var.namespace
  region      = var.region
  datacenters = var.datacenters
  node_pool   = var.node_pool

  # One after the other, and back to the version before where the new one doesn't come up.
  update {
    max_parallel      = 1
    min_healthy_time  = "10s"
    healthy_deadline  = "5m"
    progress_deadline = "10m"
    auto_revert       = true
  }

  group "web" {
    count = var.web_count

    # The load balancer looks away first.
    shutdown_delay = "12s"

    network {
      port "http" {
        static = var.port
        to     = var.port
      }
    }

    service {
      name     = "${var.job_id}-web"
      provider = "nomad"
      port     = "http"

      check {
        type     = "http"
        path     = "/readyz"
        interval = "10s"
        timeout  = "5s"
      }
    }

    ephemeral_disk {
      size = 300
    }

    # Migrations. Two at once take turns, and the second finds nothing to do.
    task "release" {
      driver = "docker"

      lifecycle {
        hook    = "prestart"
        sidecar = false
      }

      config {
        image           = var.image
        command         = "python"
        args            = ["-m", "cli.release"]
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        pids_limit      = 100
      }

      env = local.environment

      template {
        data        = local.secrets
        destination = "${NOMAD_SECRETS_DIR}/environment"
        env         = true
      }

      dynamic "template" {
        for_each = values(local.certificates)
        content {
          data        = "{{ with nomadVar \"nomad/jobs/${var.job_id}\" }}{{ index . \"${template.value}\" }}{{ end }}"
          destination = "secrets/${template.value}"
        }
      }

      logs {
        max_files     = 2
        max_file_size = 5
      }

      resources {
        cpu    = 200
        memory = 512
      }
    }

    task "web" {
      driver       = "docker"
      kill_timeout = "15s"

      config {
        image           = var.image
        command         = "python"
        args            = ["-m", "cli.web"]
        ports           = ["http"]
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        pids_limit      = 400

        # A terminal is a connection; thousands are open.
        ulimit {
          nofile = "65536:65536"
        }

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env = local.environment

      template {
        data        = local.secrets
        destination = "${NOMAD_SECRETS_DIR}/environment"
        env         = true
      }

      dynamic "template" {
        for_each = values(local.certificates)
        content {
          data        = "{{ with nomadVar \"nomad/jobs/${var.job_id}\" }}{{ index . \"${template.value}\" }}{{ end }}"
          destination = "secrets/${template.value}"
        }
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }

      resources {
        cpu        = 1000
        memory     = var.web_memory_mb
        memory_max = var.web_memory_mb * 2
      }
    }
  }

  group "scheduler" {
    count = var.scheduler_count

    ephemeral_disk {
      size = 300
    }

    task "scheduler" {
      driver = "docker"

      # It finishes the row in hand.
      kill_timeout = "30s"

      config {
        image           = var.image
        command         = "python"
        args            = ["-m", "scheduler"]
        # A process that hangs is killed from beside; nothing in a container can kill its first process.
        init            = true
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        pids_limit      = 200

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env = local.environment

      template {
        data        = local.secrets
        destination = "${NOMAD_SECRETS_DIR}/environment"
        env         = true
      }

      dynamic "template" {
        for_each = values(local.certificates)
        content {
          data        = "{{ with nomadVar \"nomad/jobs/${var.job_id}\" }}{{ index . \"${template.value}\" }}{{ end }}"
          destination = "secrets/${template.value}"
        }
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }

      resources {
        cpu        = 300
        memory     = 512
        memory_max = 1024
      }
    }
  }
}
