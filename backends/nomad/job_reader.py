"""Reads the jobs and allocations of one instance from the cluster, as they are now."""

import json
from typing import Any

from backends.nomad import observe
from backends.nomad.servers import Refused, Servers


class JobReader:
    """Reads for one instance."""

    def __init__(self, servers: Servers, instance: str) -> None:
        self._servers, self._instance = servers, instance

    def job(self, job_id: str) -> dict[str, Any] | None:
        """Return the job, of any instance."""
        try:
            job: dict[str, Any] = self._servers.ask(lambda client: client.job.get_job(job_id))
        except Refused as error:
            if error.is_absence:
                return None
            raise
        return job

    def own(self, job_id: str) -> dict[str, Any] | None:
        """Return the job, if it is one of this instance."""
        job = self.job(job_id)
        return job if job is not None and observe.instance_of(job) == self._instance else None

    def every(self) -> list[dict[str, Any]]:
        """Return all jobs of this instance."""
        mine = json.dumps(self._instance)
        jobs: list[dict[str, Any]] = self._servers.call(
            "get", "jobs", meta="true", filter=f"Meta.yurt_instance == {mine}", timeout_s=30.0
        ).json()
        return jobs

    def allocs(self, job_id: str) -> list[dict[str, Any]]:
        """Return the job's allocations."""
        try:
            allocs: list[dict[str, Any]] = self._servers.ask(lambda client: client.job.get_allocations(job_id))
        except Refused as error:
            if error.is_absence:
                return []
            raise
        return allocs
