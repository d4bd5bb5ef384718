# A lab that is a virtual machine: its console is the screen, a port of its own runs Yurt's scripts, others lead to its
# web servers. What an image needs for that is in docs/vm-images.md; `deploy/vm/build` makes a small one.
#
# Yurt renders it once for each lab and gives every session's job its own ID and meta. By hand:
#   nomad job run -var kernel=/srv/yurt/images/vmlinuz -var initrd=/srv/yurt/images/initrd.gz nomad-jobs/qemu.hcl
#   nomad alloc exec -task lab <allocation> /bin/bash
# Nodes need QEMU, the images, and what the template exec needs: docs/operations.md.

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

variable "driver" {
  type        = string
  default     = "exec"
  description = "Of the task that holds the console: exec, or raw_exec."
}

variable "image" {
  type    = string
  default = ""
  validation {
    condition     = regex_replace(var.image, "^/[A-Za-z0-9._/-]+$", "") == "" && replace(var.image, "..", "") == var.image
    error_message = "Must be empty or an absolute path of letters, digits, dots, hyphens and slashes."
  }
}

variable "kernel" {
  type    = string
  default = ""
  validation {
    condition     = regex_replace(var.kernel, "^/[A-Za-z0-9._/-]+$", "") == "" && replace(var.kernel, "..", "") == var.kernel
    error_message = "Must be empty or an absolute path of letters, digits, dots, hyphens and slashes."
  }
}

variable "initrd" {
  type    = string
  default = ""
  validation {
    condition     = regex_replace(var.initrd, "^/[A-Za-z0-9._/-]+$", "") == "" && replace(var.initrd, "..", "") == var.initrd
    error_message = "Must be empty or an absolute path of letters, digits, dots, hyphens and slashes."
  }
}

variable "kernel_args" {
  type        = string
  default     = ""
  description = "Added to those that give the console."
  # Nomad's client reads what a driver is told once more, and would put its own values in.
  validation {
    condition     = replace(replace(var.kernel_args, "$${", ""), "%%{", "") == var.kernel_args
    error_message = "Must hold neither $${ nor %%{."
  }
}

variable "accelerator" {
  type        = string
  default     = "tcg"
  description = "tcg works everywhere; kvm is much faster, on nodes that have it."
}

variable "cpu_mhz" {
  type    = number
  default = 200
}

variable "memory_mb" {
  type        = number
  default     = 256
  description = "QEMU and the guest together: the guest has 96 MB less."
}

variable "memory_max_mb" {
  type        = number
  default     = 0
  description = "What QEMU may use where its node has room: 128 more than memory_mb, if this isn't more."
}

variable "disk_mb" {
  type    = number
  default = 512
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
  description = "The program that holds the console; Yurt's own. Without it the machine just waits."
}

locals {
  # QEMU itself needs room in the task's memory, or the kernel ends a guest that uses all of its own.
  guest_mb = max(64, var.memory_mb - 96)

  # The driver wants an image also where a kernel and an initrd are the whole system: the kernel is a disk then, too.
  image = var.image != "" ? var.image : var.kernel

  boot = var.kernel == "" ? [] : concat(
    ["-kernel", var.kernel, "-append", trimspace("console=ttyS0 quiet panic=1 ${var.kernel_args}")],
    var.initrd == "" ? [] : ["-initrd", var.initrd],
  )

  # Each carries a connection at a time to a web server in the guest.
  ports = flatten([for number in range(8) : [
    "-chardev", "socket,id=port${number},path=../alloc/port-${number}.sock,server=on,wait=off",
    "-device", "virtserialport,chardev=port${number},name=yurt.port.${number}",
  ]])
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
      size = var.disk_mb + 32
    }

    # The guest's way out begins in a network of the allocation's own: from there the node's loopback isn't in reach.
    dynamic "network" {
      for_each = var.has_network ? ["bridge"] : []
      content {
        mode = network.value
      }
    }

    # Its end is the lab's end.
    task "vm" {
      driver       = "qemu"
      leader       = true
      kill_timeout = "5s"

      # The task below is nobody too, and connects to the sockets.
      user = "nobody"

      constraint {
        attribute = "${attr.kernel.name}"
        value     = "linux"
      }

      config {
        image_path      = local.image
        drive_interface = "virtio"
        accelerator     = var.accelerator
        # Of two -m the later one counts. -snapshot writes what the guest changes to a file that ends with it, in TMPDIR.
        args = concat(
          ["-m", "${local.guest_mb}M", "-snapshot", "-monitor", "none"],
          # Here the task below asks how much the guest has written.
          ["-qmp", "unix:../alloc/qmp.sock,server=on,wait=off"],
          ["-nic", var.has_network ? "user,model=virtio-net-pci" : "none"],
          [
            "-chardev", "socket,id=con,path=../alloc/con.sock,server=on,wait=off,logfile=../alloc/con.log,logappend=on",
            "-serial", "chardev:con",
            "-chardev", "socket,id=ctl,path=../alloc/ctl.sock,server=on,wait=off",
            "-device", "virtio-serial",
            "-device", "virtserialport,chardev=ctl,name=yurt.control",
          ],
          local.ports,
          local.boot,
        )
      }

      env {
        TMPDIR = "${NOMAD_TASK_DIR}"
      }

      logs {
        max_files     = 2
        max_file_size = 2
      }

      resources {
        cpu    = var.cpu_mhz
        memory = max(128, var.memory_mb)
        # What QEMU translates for a guest without KVM grows with the programs that run in it.
        memory_max = max(var.memory_max_mb, max(128, var.memory_mb) + 128)
      }
    }

    task "lab" {
      driver       = var.driver
      kill_signal  = "SIGTERM"
      kill_timeout = "5s"

      config {
        command = "/usr/bin/python3"
        args    = ["-I", "-S", "-c", "import os, signal; exec(os.environ['YURT_AGENT'] or 'signal.pause()')"]
      }

      # In the environment, which students can't read: as an argument it would fill every list of processes.
      env {
        YURT_AGENT   = var.agent
        YURT_CONSOLE = "${NOMAD_ALLOC_DIR}/con.sock"
        YURT_CONTROL = "${NOMAD_ALLOC_DIR}/ctl.sock"
        YURT_MACHINE = "${NOMAD_ALLOC_DIR}/qmp.sock"
        YURT_PORTS   = "${NOMAD_ALLOC_DIR}/port-"
      }

      logs {
        max_files     = 2
        max_file_size = 2
      }

      # Saved work passes through it, and connections to the guest's web servers: each takes 7 MB while it stands.
      resources {
        cpu        = 50
        memory     = 128
        memory_max = 512
      }
    }
  }
}
