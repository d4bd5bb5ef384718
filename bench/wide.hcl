# A lab that is nothing but a job: a thousand of them fit on one machine. Only for `python -m bench labs`.

job "lab" {
  type        = "batch"
  datacenters = ["*"]

  group "lab" {
    max_run_duration = "8h"

    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    ephemeral_disk {
      size = 10
    }

    task "lab" {
      driver       = "mock_driver"
      kill_timeout = "1s"

      config {
        run_for = "8h"
      }

      # A process a task would be a thousand of them.
      logs {
        disabled      = true
        max_files     = 1
        max_file_size = 1
      }

      resources {
        cpu    = 10
        memory = 10
      }
    }
  }
}
