# A namespace for Yurt's labs: nomad namespace apply deploy/nomad/namespace.hcl, then NOMAD_NAMESPACE=labs; policy.hcl
# has the same name. Whoever may register jobs may run what the drivers allow, so only those of the templates are here.
name        = "labs"
description = "Labs of Yurt"

capabilities {
  enabled_task_drivers = ["exec", "qemu", "docker"]
}
