# What Yurt's token may do on a Nomad cluster: its labs in one namespace, and a look at the nodes. Nothing less works,
# and the suite tries each line (tests/nomad/test_policy.py).
#
#   nomad acl policy apply -description "Labs of Yurt" yurt deploy/nomad/policy.hcl
#   nomad acl token create -name yurt -policy yurt -type client

# NOMAD_NAMESPACE, which namespace.hcl makes.
namespace "labs" {
  capabilities = [
    "parse-job",    # render a template
    "register-job", # start a lab
    "list-jobs",    # compare what runs with what should
    "read-job",     # allocations, their use of CPU and memory, the stream of events
    "alloc-exec",   # terminals, checks, saved work
    "purge-job",    # end a lab and forget it

    # Add "alloc-node-exec" where labs run under raw_exec (LAB_EXEC_DRIVER), which keeps nothing apart.
    # Where the cluster doesn't know register-job and purge-job, "submit-job" is both.
  ]
}

# How many nodes there are, how big, and which of them are down or drained.
node {
  policy = "read"
}
