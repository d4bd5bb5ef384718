"""The start of a process, without the garbage collector: what is imported stays to the end, and the collector would
look through all of it dozens of times, which is a fifth of the processor's time that a start takes.

A package whose modules are processes calls `begin` in its `__init__.py`, and each such module calls `end` when it has
imported all. Only the standard library is imported here.
"""

import gc
import sys


def begin() -> None:
    """Pause the collector, where a process starts; whoever imports the package for its functions keeps theirs."""
    # So it is only while `python -m` looks for its module: docs.python.org/3/using/cmdline.html#cmdoption-m
    if sys.argv[:1] == ["-m"]:
        gc.disable()


def end() -> None:
    """Let the collector go on, and leave out what is there by now."""
    gc.freeze()
    gc.enable()
