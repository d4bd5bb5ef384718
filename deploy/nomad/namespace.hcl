# A namespace for Yurt's labs: nomad namespace apply deploy/nomad/namespace.hcl, then NOMAD_NAMESPACE=labs and that name
# in policy.hcl. Whoever may register jobs may run what the drivers allow, so only those of the templates are here.
name        = "labs"
description = "Labs of Yurt"

capabilities {
  enabled_task_drivers = ["exec", "qemu", "docker"]
}
