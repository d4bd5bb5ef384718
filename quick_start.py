"""The start of a process, without the garbage collector: imported modules stay to the end, and the collector would
search all of them dozens of times, which is a fifth of a start's processor time.

A package whose modules are processes calls `begin` in its `__init__.py`, and each such module calls `end` when it has
imported all. Only the standard library is imported here.
"""

import gc
import sys


def begin() -> None:
    """Pause the collector if a process starts; an import of the package for its functions changes nothing."""
    # So it is only while `python -m` looks for its module: docs.python.org/3/using/cmdline.html#cmdoption-m
    if sys.argv[:1] == ["-m"]:
        gc.disable()


def end() -> None:
    """Let the collector go on, leaving out the objects that exist by now."""
    gc.freeze()
    gc.enable()
