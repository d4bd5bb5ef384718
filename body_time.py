"""How long the body of a request may take to arrive: the one rule of the front doors, the workers and the gateway.

A body that stops or trickles is given up when its time is over. The time grows with what came, so that a slow line has
enough of it for the biggest upload: 10 MB are there in time at 17 kB/s.
"""

# A phone may be without its network for a minute.
GRACE_S = 90.0
BYTES_A_SECOND = 10_000
# A door gives up a little later what it has begun to pass on: who reads the body is the one who can answer.
DOOR_GRACE_S = GRACE_S + 10
# The key of a WSGI environ whose body was given up.
LATE = "yurt.body_late"


def allowed_s(received: int) -> float:
    """Return how many seconds a body may have taken of which so many bytes came."""
    return GRACE_S + received / BYTES_A_SECOND
