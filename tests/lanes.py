"""Which worker takes which file of the suite next.

Tests at a browser keep processors busy; most that take long besides wait for clusters, labs and processes. So some
workers take files of browsers as long as there are any, and the others everything else: one kind is worked at while the
other one waits, and few workers start the site and the browser that these files share.
"""

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

BROWSERS = "tests/journey/"


class Lanes(LoadFileScheduling):
    """Files in their order, but each worker looks for its own kind first."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        wanted = self._is_for_browsers(node)
        own = next((file for file in self.workqueue if file.startswith(BROWSERS) == wanted), None)
        if own is not None:
            self.workqueue.move_to_end(own, last=False)
        super()._assign_work_unit(node)

    def _is_for_browsers(self, node: WorkerController) -> bool:
        """Say whether the worker is one of the first half, the smaller one of an odd number."""
        number = int(node.gateway.id.removeprefix("gw"))
        return number < len(self.nodes) // 2
