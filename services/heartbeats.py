"""The key in Redis under which the scheduler tells when each of its ticks last ended: a hash, by tick, of seconds.

The scheduler writes it (scheduler/worker.py). /metrics and whoever waits for a start read it.
"""

HEARTBEATS = "yurt:heartbeats"
