"""Which backend a site's settings name, and that of labs that are thrown away.

Apart from the package's words, because the backends bring what they speak to their clusters with, which only processes
that run labs have a use for: the web workers never load it.
"""

from backends.base import Backend
from backends.local import LocalBackend
from backends.nomad import NomadBackend
from config import Settings


def make_backend(settings: Settings) -> Backend | None:
    """Build the backend that the settings name; None where labs are off."""
    if settings.lab_backend == "local":
        return LocalBackend(settings.var_dir.resolve())
    if settings.lab_backend == "nomad":
        return NomadBackend(settings)
    return None


def make_test_backend(settings: Settings) -> Backend | None:
    """Build a backend for labs that are thrown away: the site that runs beside it doesn't know of their jobs."""
    if settings.lab_backend == "local":
        return LocalBackend(settings.var_dir.resolve(), "lab-tests", keeps_homes=False)
    return make_backend(settings.model_copy(update={"instance": instance_of_tests(settings)}))


def instance_of_tests(settings: Settings) -> str:
    """Return whose the jobs of tests are. No site can be called so: its reconciler would stop them."""
    return f"{settings.instance}.test"
