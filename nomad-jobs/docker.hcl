# A lab that is a container: no privileges, no capabilities, a read-only system, a home on the allocation's disk.
#
# Yurt renders it once for each lab and gives every session's job its own ID and meta. By hand:
#   nomad job run -var image=python:3.13-slim nomad-jobs/docker.hcl
#   nomad alloc exec -task lab <allocation> /bin/bash
# The image needs bash and python3 (3.9 or newer) on its PATH: docs/operations.md.

variable "job_id" {
  type    = string
  default = "lab-by-hand"
}

variable "instance" {
  type    = string
  default = "by-hand"
}

variable "session_id" {
  type    = string
  default = ""
}

variable "course" {
  type    = string
  default = ""
}

variable "lab" {
  type    = string
  default = ""
}

variable "user" {
  type    = string
  default = ""
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
  type    = string
  default = "default"
}

variable "image" {
  type        = string
  default     = "python:3.13-slim"
  description = "Name a digest (image@sha256:...) where it must never change."
  # Nomad's client reads what a driver is told once more, and would put its own values in.
  validation {
    condition     = replace(replace(var.image, "$${", ""), "%%{", "") == var.image
    error_message = "Must hold neither $${ nor %%{."
  }
}

variable "cpu_mhz" {
  type    = number
  default = 200
}

variable "memory_mb" {
  type    = number
  default = 256
}

variable "memory_max_mb" {
  type        = number
  default     = 0
  description = "What it may use where its node has room; 0 is no more than memory_mb."
}

variable "disk_mb" {
  type    = number
  default = 512
}

variable "pids_limit" {
  type        = number
  default     = 384
  description = "Processes and threads in all. A student has 256 of them, so that a lab that forks without end can be stopped."
}

variable "max_life" {
  type    = string
  default = "8h"
}

variable "has_network" {
  type    = bool
  default = false
}

variable "agent" {
  type        = string
  default     = ""
  description = "The program that holds the shell; Yurt's own. Without it the machine just waits."
}

job "lab" {
  id          = var.job_id
  name        = var.job_id
  type        = "batch"
  namespace   = var.namespace
  region      = var.region
  datacenters = var.datacenters
  node_pool   = var.node_pool

  meta {
    yurt_instance = var.instance
    yurt_session  = var.session_id
    yurt_course   = var.course
    yurt_lab      = var.lab
    yurt_user     = var.user
  }

  group "lab" {
    # Ends it even if the platform is gone.
    max_run_duration = var.max_life

    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    # A node that comes back doesn't bring its labs back: their sessions have ended meanwhile.
    disconnect {
      lost_after = "30s"
      replace    = false
    }

    ephemeral_disk {
      size = var.disk_mb + 16
    }

    task "lab" {
      driver       = "docker"
      kill_signal  = "SIGTERM"
      kill_timeout = "5s"

      # Whoever the image says. This is the lab's program: it makes its student somebody else, without any right.
      user = "0:0"

      constraint {
        attribute = "${attr.kernel.name}"
        value     = "linux"
      }

      config {
        image   = var.image
        command = "python3"
        args    = ["-I", "-S", "-c", "import os, signal; exec(os.environ['YURT_AGENT'] or 'signal.pause()')"]

        # An image that is there is taken as it is; a big one that isn't may take its time.
        force_pull         = false
        image_pull_timeout = "5m"

        privileged      = false
        cap_drop        = ["all"]
        cap_add         = ["chown", "dac_override", "fowner", "kill", "setgid", "setpcap", "setuid"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true
        pids_limit      = var.pids_limit
        network_mode    = var.has_network ? "bridge" : "none"
        # Reaps what the lab leaves behind.
        init     = true
        hostname = "lab"

        mount {
          type   = "bind"
          source = "local"
          target = "/home"
        }

        # The system is read-only, and the student needs a name in it.
        mount {
          type   = "bind"
          source = "secrets/passwd"
          target = "/etc/passwd"
        }

        mount {
          type   = "bind"
          source = "secrets/group"
          target = "/etc/group"
        }

        mount {
          type   = "tmpfs"
          target = "/tmp"
          tmpfs_options {
            size = 67108864
            mode = 1023 # 1777 in octal
          }
        }
      }

      template {
        data        = "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        destination = "secrets/passwd"
      }

      template {
        data        = "root:x:0:\n"
        destination = "secrets/group"
      }

      # In the environment, as in the other templates: as an argument it would fill every list of processes.
      env {
        YURT_AGENT = var.agent
        # Docker keeps its network apart already, and lets nothing in the container do it again.
        YURT_NETWORK = "isolated"
      }

      logs {
        max_files     = 2
        max_file_size = 2
      }

      resources {
        cpu        = var.cpu_mhz
        memory     = var.memory_mb
        memory_max = var.memory_max_mb > var.memory_mb ? var.memory_max_mb : null
      }
    }
  }
}
