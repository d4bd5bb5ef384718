"""Templates as compiled code, kept beside them as Python keeps its own: web compiles all at its start, which was a
third of it.

What is kept holds for a template's text and path, the environment's options, and a version of Jinja. What filters of
ours do is asked at each page and never compiled in (tests/frame/test_compiled.py holds that), so a change of one
needs nothing here.
"""

import contextlib
import sys
from importlib.metadata import version
from pathlib import Path

from flask import Flask
from jinja2 import Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket

from config import ROOT

FOLDER = ROOT / "templates" / "__pycache__"
JINJA = version("jinja2")


def init_app(app: Flask) -> None:
    """Keep what is compiled, where that may be."""
    app.jinja_env.bytecode_cache = Compiled(FOLDER)


class Compiled(FileSystemBytecodeCache):
    """Compiled templates in a folder. One that can't be read is compiled; a folder that can't be written has none."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), "%s.pyc")

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """Tell templates apart by the options that they are compiled with, too."""
        options = (JINJA, environment.trim_blocks, environment.lstrip_blocks, sorted(environment.extensions))
        return super().get_bucket(environment, name, filename, f"{options}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what was kept, if it can be read."""
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, unless Python keeps nothing of its own."""
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)
