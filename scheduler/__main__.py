"""`python -m scheduler`: the scheduler, and a parent that keeps it alive."""

import gc
import sys

from sqlalchemy.orm import configure_mappers

import quick_start
from config import Settings, settings_or_exit
from core import create_core
from scheduler import parent, process
from services import process_figures


def main(settings: Settings) -> int:
    """Read and build once what every copy needs, then keep one at work until SIGTERM."""
    app = create_core(settings, "scheduler")
    configure_mappers()
    process_figures.note(settings.metrics_dir, "scheduler.parent")
    # What is alive now lives as long as we do: the collector needn't touch, and so copy, its pages in the child.
    gc.collect()
    gc.freeze()
    return parent.keep(lambda ending: process.work(app, settings, ending))


if __name__ == "__main__":
    quick_start.end()
    sys.exit(main(settings_or_exit()))
